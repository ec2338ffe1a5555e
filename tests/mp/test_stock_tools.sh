# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# DPDK's own tools against hp-primary, as they come with Debian.

busy_primary() {
	start_primary -k -- --port in=net_null0 --port out=net_null1 --client fw --patch 'port:in>fw' \
		--patch 'fw>port:out' --total-num-mbufs 2047
	start_member fw --function io
}

# stock NAME COMMAND...: a tool of DPDK to its end, in our namespaces, as the group's user. They are
# secondaries that hugepod grants no lease, and take lcore ids of their own.
stock() {
	local name=$1 rc=0
	shift
	as_group timeout 20 "$@" >"$T/out/$name.out" 2>"$T/out/$name.err" </dev/null || rc=$?
	[ "$rc" = 0 ] || fail "$*: exit code $rc: $(tail -n 5 "$T/out/$name.err" "$T/out/$name.out")"
}

end() {
	assert_conservation
	stop_with_term fw
	stop_with_term primary
}

# test
proc_info_shows_statistics_of_our_ports() {
	busy_primary
	stock stats dpdk-proc-info --file-prefix "$P" --no-pci -- --stats
	assert_file_holds "$T/out/stats.out" 'NIC statistics for port 0'
	assert_file_holds "$T/out/stats.out" 'RX-packets: *[1-9]'
	stock xstats dpdk-proc-info --file-prefix "$P" --no-pci -- --xstats
	assert_file_holds "$T/out/xstats.out" 'rx_good_packets: *[1-9]'
	end
}

# test
proc_info_shows_our_rings_and_pools() {
	busy_primary
	stock mempool dpdk-proc-info --file-prefix "$P" --no-pci -- --show-mempool=hp_rx_0
	assert_file_holds "$T/out/mempool.out" 'MEMPOOL: hp_rx_0|mempool <hp_rx_0>|hp_rx_0'
	stock ring dpdk-proc-info --file-prefix "$P" --no-pci -- --show-ring
	stock memory dpdk-proc-info --file-prefix "$P" --no-pci -- -m
	assert_file_holds "$T/out/memory.out" 'hugepod_group'
	end
}

# test
dumpcap_captures_what_passes_a_port() {
	busy_primary
	# it writes as the group's user, into a directory that is that user's
	stock dumpcap dpdk-dumpcap --file-prefix "$P" -i net_null0 -c 100 -w "$T/out/cap.pcapng"
	[ "$(capinfos -rTm -c "$T/out/cap.pcapng" 2>/dev/null | cut -d , -f 2)" -ge 100 ] ||
		fail "captured: $(capinfos -c "$T/out/cap.pcapng" 2>&1)"
	end
}

# test
dumpcap_lists_our_ports() {
	busy_primary
	stock list dpdk-dumpcap --file-prefix "$P" -D
	assert_file_holds "$T/out/list.out" 'net_null0'
	end
}

telemetry() { as_group timeout 10 dpdk-telemetry.py -f "$P" <<<"$1"; }

# test
the_telemetry_client_talks_to_us() {
	busy_primary
	telemetry / >"$T/out/telemetry.out" 2>&1 || fail "telemetry: $(cat "$T/out/telemetry.out")"
	assert_file_holds "$T/out/telemetry.out" '/ethdev/stats'
	telemetry /ethdev/stats,0 >"$T/out/telemetry.out" 2>&1
	assert_file_holds "$T/out/telemetry.out" '"ipackets": [1-9]'
	telemetry /mempool/list >"$T/out/telemetry.out" 2>&1
	assert_file_holds "$T/out/telemetry.out" 'hp_rx_0'
	end
}

# test
a_dumpcap_that_ends_under_load_takes_no_lane_along() {
	busy_primary
	local i
	for i in 1 2 3; do
		spawn -k "end$i" dpdk-dumpcap --file-prefix "$P" -i net_null0 -i net_null1 -s 64 -w "$T/out/end.pcapng"
		wait_until 10 test -s "$T/out/end.pcapng"
		signal "end$i" INT
		exit_code_of "end$i" 10
		rm -f "$T/out/end.pcapng"
		is_running primary || fail "the primary is gone: $(tail -n 5 "$T/out/primary.err")"
	done
	end
}

# test
a_dumpcap_that_is_killed_under_load_does_not_stop_the_next() {
	busy_primary
	local i
	for i in 1 2; do
		spawn -k "dead$i" dpdk-dumpcap --file-prefix "$P" -i net_null0 -i net_null1 -w "$T/out/dead.pcapng"
		wait_until 10 test -s "$T/out/dead.pcapng"
		signal "dead$i" KILL
		assert_exit_code "dead$i" 137
		rm "$T/out/dead.pcapng"
		wait_until 10 nothing_of_dumpcap_is_left
	done
	stock dumpcap dpdk-dumpcap --file-prefix "$P" -i net_null0 -c 100 -w "$T/out/cap.pcapng"
	[ "$(capinfos -rTm -c "$T/out/cap.pcapng" 2>/dev/null | cut -d , -f 2)" -ge 100 ] ||
		fail "captured: $(capinfos -c "$T/out/cap.pcapng" 2>&1)"
	assert_file_holds "$T/out/primary.err" 'died: what it left is removed'
	end
}
nothing_of_dumpcap_is_left() {
	[ "$(grep -c 'died: what it left is removed' "$T/out/primary.err")" = "$i" ]
}

# test
a_pdump_that_is_killed_does_not_stop_the_next() {
	start_primary -k -- --port in=net_null0 --port out=net_null1 --patch 'port:in>port:out'
	local i
	for i in 1 2; do # with the same names of everything
		spawn -k "dead$i" dpdk-pdump --file-prefix "$P" --no-pci -- --pdump \
			"port=0,queue=*,rx-dev=$T/out/dead.pcap,ring-size=1024,total-num-mbufs=2047"
		wait_until 10 test -s "$T/out/dead.pcap"
		signal "dead$i" KILL
		assert_exit_code "dead$i" 137
		rm "$T/out/dead.pcap"
		wait_until 10 nothing_of_dumpcap_is_left
	done
	stock dumpcap dpdk-dumpcap --file-prefix "$P" -i net_null0 -c 100 -w "$T/out/cap.pcapng"
	[ "$(capinfos -rTm -c "$T/out/cap.pcapng" 2>/dev/null | cut -d , -f 2)" -ge 100 ] ||
		fail "captured: $(capinfos -c "$T/out/cap.pcapng" 2>&1)"
	assert_conservation
	stop_with_term primary
}

# test
a_stock_tool_that_is_killed_leaves_the_group_working() {
	busy_primary
	spawn -k dumpcap dpdk-dumpcap --file-prefix "$P" -i net_null0 -w "$T/out/cap.pcapng"
	wait_until 10 test -s "$T/out/cap.pcapng"
	signal dumpcap KILL
	assert_exit_code dumpcap 137
	local before
	before=$(ctl_value '[.ports[].tx_packets] | add' show ports)
	wait_until 5 eval '[ "$(ctl_value "[.ports[].tx_packets] | add" show ports)" -gt '"$before"' ]'
	stock stats dpdk-proc-info --file-prefix "$P" --no-pci -- --stats
	signal primary TERM
	exit_code_of fw 5
	assert_exit_code primary 0 5
	forgive_files # what dumpcap could not remove itself
}
