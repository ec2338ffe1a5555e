# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Packets of real traffic through real clients: all of them come out, changed as the function says and
# in no other way; or they are counted as dropped, for a reason.

readonly PCAPDIFF=$BUILD/tests/tools/pcapdiff
IN=$ROOT/tests/data/real.pcap
FRAMES=$(capinfos -rTm -c "$IN" | cut -d , -f 2)

# group YAML-REST: ports in (waits) and out (a file), and what stands on standard input
group() {
	{
		cat <<-YAML
		total-num-mbufs: 1023
		ports:
		  - name: in
		    devargs: "net_pcap0,rx_pcap=$IN"
		    when-full: wait
		  - name: out
		    devargs: "net_pcap1,tx_pcap=$T/out/out.pcap"
		YAML
		cat
	} >"$T/group.yaml"
	start_primary -- --config "$T/group.yaml" "$@"
}

chain() { # POLICY
	group <<-YAML
	clients:
	  - {name: fw, policy: $1, when-full: wait}
	  - {name: mon, policy: $1, when-full: wait}
	patches:
	  - {from: "port:in", to: fw}
	  - {from: fw, to: mon}
	  - {from: mon, to: "port:out"}
	YAML
}

port_sum() { ctl_value "[.ports[] | select(.name == \"$1\") | .$2] | add // 0" show ports; }
drops_sum() { ctl_value '[.drops[].packets] | add // 0' show drops; }
all_are_through() { [ $(($(port_sum out tx_packets) + $(drops_sum))) -ge "${1:-$FRAMES}" ]; }

assert_output() { # TRANSFORM [OPTIONS]
	"$PCAPDIFF" --transform "$@" "$IN" "$T/out/out.pcap" >"$T/diff" 2>&1 ||
		fail "output: $(cat "$T/diff")"
}

end() {
	local name
	assert_conservation
	for name in "$@"; do stop_with_term "$name"; done
	assert_pools_full
	stop_with_term primary
}

# test
each_frame_comes_out_as_it_went_in_but_for_what_the_functions_do() {
	chain hold
	start_member fw --function macswap
	start_member mon --function io
	wait_until 20 all_are_through
	assert_equal "$(port_sum in rx_packets)" "$FRAMES" 'frames in'
	assert_equal "$(port_sum out tx_packets)" "$FRAMES" 'frames out'
	end fw mon
	assert_output macswap
}

# test
two_swaps_are_none() {
	chain hold
	start_member fw --function macswap
	start_member mon --function macswap
	wait_until 20 all_are_through
	end fw mon
	assert_output io
}

# test
clients_that_start_before_the_primary_get_every_frame() {
	spawn_member fw --function macswap
	spawn_member mon --function io
	chain hold
	wait_until 20 all_are_through
	end fw mon
	assert_output macswap
}

# test
the_function_mac_changes_the_addresses_and_nothing_else() {
	chain hold
	start_member fw --function mac --set src=02:00:00:00:00:01 --set dst=02:00:00:00:00:02
	start_member mon --function io
	wait_until 20 all_are_through
	end fw mon
	assert_output mac
}

# test
checksums_of_real_traffic_are_found_right() {
	chain hold
	start_member fw --function csum
	start_member mon --function io
	wait_until 20 all_are_through
	assert_equal "$(drops_sum)" 0 'drops'
	end fw mon
	assert_output io
}

# test
policy_bypass_goes_round_absent_clients() {
	chain bypass
	wait_until 20 all_are_through
	assert_equal "$(port_sum out tx_packets)" "$FRAMES" 'frames out'
	end
	assert_output io
}

# test
policy_drop_counts_each_frame_for_an_absent_client() {
	chain drop
	wait_until 20 all_are_through
	assert_equal "$(port_sum out tx_packets)" 0 'frames out'
	assert_equal "$(ctl_value '[.drops[] | select(.reason == "absent") | .packets] | add' show drops)" \
		"$FRAMES" 'drops for "absent"'
	end
}

# test
policy_hold_keeps_frames_until_the_client_comes() {
	chain hold
	sleep 1
	assert_equal "$(port_sum out tx_packets)" 0 'frames out before a client is there'
	assert_equal "$(drops_sum)" 0 'drops'
	start_member mon --function io
	start_member fw --function macswap
	wait_until 20 all_are_through
	end fw mon
	assert_output macswap
}

# Packets come once all clients are there: who is absent has no share.
spread_group() { # SPREAD
	group --auto-start=no <<-YAML
	clients:
	  - {name: w0, policy: hold, when-full: wait}
	  - {name: w1, policy: hold, when-full: wait}
	  - {name: w2, policy: hold, when-full: wait}
	patches:
	  - {from: "port:in", to: [w0, w1, w2], spread: $1}
	  - {from: w0, to: "port:out"}
	  - {from: w1, to: "port:out"}
	  - {from: w2, to: "port:out"}
	YAML
	start_member w0 --function io
	start_member w1 --function io
	start_member w2 --function io
	ctl start >/dev/null
}

lent_to() { ctl_value "[.links[] | select(.name == \"$1\" or .client == \"$1\") | .lent_packets] | add // 0" show links; }

# test
round_robin_gives_each_client_the_same() {
	local name
	spread_group round-robin
	wait_until 20 all_are_through
	for name in w0 w1 w2; do
		[ $(($(lent_to $name) * 3 - FRAMES)) -le $((FRAMES / 4)) ] &&
			[ $((FRAMES - $(lent_to $name) * 3)) -le $((FRAMES / 4)) ] ||
			fail "$name got $(lent_to $name) of $FRAMES"
	done
	end w0 w1 w2
	assert_output io --any-order
}

# test
a_spread_by_hash_uses_all_clients_and_loses_nothing() {
	local name
	spread_group hash
	wait_until 20 all_are_through
	for name in w0 w1 w2; do [ "$(lent_to $name)" -gt 0 ] || fail "$name got nothing"; done
	end w0 w1 w2
	assert_output io --any-order
}

# test
a_broadcast_gives_each_client_every_frame() {
	local name
	spread_group broadcast
	wait_until 20 all_are_through $((3 * FRAMES))
	for name in w0 w1 w2; do assert_equal "$(lent_to $name)" "$FRAMES" "frames for $name"; done
	assert_equal "$(port_sum out tx_packets)" $((3 * FRAMES)) 'frames out'
	end w0 w1 w2
}

# test
a_killed_client_loses_what_it_held_and_no_more() {
	local round
	start_primary -- --port in=net_null0 --port out=net_null1 --client fw --patch 'port:in>fw' \
		--patch 'fw>port:out' --total-num-mbufs 2047
	for round in 1 2 3 4 5; do
		start_member fw --function macswap
		wait_until 10 eval '[ "$(port_sum out tx_packets)" -gt '$((round * 1000))' ]'
		signal fw KILL
		assert_exit_code fw 137
		wait_until 5 no_members
		assert_conservation
	done
	end
}
no_members() { [ "$(ctl_value '.members | length' show members)" = 0 ]; }

# test
two_lanes_share_ports_of_a_single_queue() {
	local lane
	start_primary -- --nb-cores 2 --port a=net_null0 --port b=net_null1 --client fw \
		--patch 'port:a>fw' --patch 'port:b>fw' --patch 'fw>port:b' --total-num-mbufs 1023
	start_member fw --function macswap
	for lane in 0 1; do
		wait_until 10 eval '[ "$(ctl_value ".lanes['$lane'].busy_turns" show lanes)" -gt 100 ]'
	done
	signal fw KILL
	assert_exit_code fw 137
	wait_until 5 no_members
	start_member fw --function io
	assert_conservation
	end fw
}

# test
a_stopped_client_is_named_stuck_and_comes_back() {
	start_primary -- --port in=net_null0 --port out=net_null1 --client fw --patch 'port:in>fw' \
		--patch 'fw>port:out' --stuck-after 500ms
	start_member fw --function io
	wait_until 10 eval '[ "$(port_sum out tx_packets)" -gt 1000 ]'
	signal_all fw STOP
	wait_until 5 member_is fw stuck
	signal_all fw CONT
	wait_until 5 member_is fw ready
	local before
	before=$(port_sum out tx_packets)
	wait_until 5 eval '[ "$(port_sum out tx_packets)" -gt '"$before"' ]'
	end fw
}

# What the evicted one holds stays counted as in flight until it is dead, also beside its replacement.
# test
an_evicted_client_that_is_stopped_keeps_what_it_holds_in_the_books() {
	start_primary -- --port in=net_null0 --port out=net_null1 --client fw --patch 'port:in>fw' \
		--patch 'fw>port:out' --stuck-after 300ms --evict-stuck
	start_member fw --function io
	wait_until 10 eval '[ "$(port_sum out tx_packets)" -gt 1000 ]'
	signal_all fw STOP
	wait_until 5 member_is fw evicted
	spawn second "$HP_CLIENT" --file-prefix "$P" --name fw --function io
	local before
	before=$(port_sum out tx_packets)
	wait_until 10 eval '[ "$(port_sum out tx_packets)" -gt '"$before"' ]'
	ctl stop >/dev/null
	assert_conservation
	[ "$(ctl_value '.links[] | select(.name == "fw") | .in_flight' show links)" -gt 0 ] || fail 'nothing is held'
	signal_all fw KILL
	wait_until 5 eval '[ "$(ctl_value ".links[] | select(.name == \"fw\") | .died_packets" show links)" -gt 0 ]'
	assert_conservation
	exit_code_of fw 10
	end second
}
