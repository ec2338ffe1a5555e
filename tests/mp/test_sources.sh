# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Members that make packets: the primary lends them blank ones.

link_value() { ctl_value ".links[] | select(.name == \"$1\") | .$2" show links; }
has_made() { [ "$(link_value "$1" made_packets)" -ge "$2" ]; }
sent() { ctl_value '.ports[] | select(.name == "out") | .tx_packets' show ports; }
has_sent_all() { [ "$(sent)" = "$1" ]; }

end_with() { # MEMBER...
	local c
	assert_conservation
	for c in "$@"; do stop_with_term "$c"; done
	assert_conservation
	assert_pools_full
	stop_with_term primary
}

# test
made_packets_arrive_each_once_with_right_checksums() {
	local out=$T/run/out.pcap
	start_primary -- --port "out=net_pcap0,tx_pcap=$out" --client gen --client fw --patch 'gen>fw' \
		--patch 'fw>port:out' --total-num-mbufs 1023
	start_member fw
	start_member gen --function flowgen --set count=1000 --set flows=16 --set length=101
	wait_until 10 has_sent_all 1000
	assert_equal "$(link_value gen made_packets)" 1000 'packets made'
	end_with gen fw
	tshark -r "$out" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -T fields -e frame.len \
		-e ip.checksum.status -e udp.checksum.status -e ip.dst -e udp.payload >"$T/seen" 2>"$T/tshark"
	assert_equal "$(cut -f 1-3 "$T/seen" | sort -u)" $'101\t1\t1' 'lengths and checksum states'
	assert_equal "$(cut -f 4 "$T/seen" | sort -u | wc -l)" 16 flows
	assert_equal "$(cut -f 5 "$T/seen" | cut -c 1-16 | sort | uniq -d | wc -l)" 0 'packets that came twice'
	assert_equal "$(tail -n 1 "$T/seen" | cut -f 5 | cut -c 1-16)" 00000000000003e7 'the last serial number'
	rm "$out"
}

# The primary makes packets itself, as testpmd does in these modes: out of each port's pair.
# test
forward_modes_make_packets_too() {
	local out=$T/run/out.pcap n
	start_primary -- --port in=net_null0,no-rx=1 --port "out=net_pcap0,tx_pcap=$out" --forward-mode flowgen \
		--total-num-mbufs 1023 --nb-cores 2
	wait_until 5 eval '[ "$(sent)" -gt 4000 ]'
	ctl set fwd rxonly >/dev/null
	assert_conservation
	n=$(sent)
	sleep 0.1
	assert_equal "$(sent)" "$n" 'packets sent by mode rxonly'
	ctl set fwd txonly >/dev/null
	wait_until 5 eval '[ "$(sent)" -gt '"$((n + 1000))"' ]'
	assert_conservation
	assert_pools_full
	stop_with_term primary
	# Two lanes go through all flows, each by itself: 4000 packets have all of one lane's at least.
	tshark -r "$out" -c 4000 -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -T fields -e frame.len \
		-e ip.checksum.status -e udp.checksum.status -e ip.dst >"$T/seen" 2>"$T/tshark"
	assert_equal "$(cut -f 1-3 "$T/seen" | sort -u)" $'64\t1\t1' 'lengths and checksum states'
	assert_equal "$(cut -f 4 "$T/seen" | sort -u | wc -l)" 1024 flows
	rm "$out"
}

# test
a_source_keeps_to_its_pace() {
	local began n
	start_primary -- --port out=net_null0 --client gen --patch 'gen>port:out' --total-num-mbufs 1023
	start_member gen --function txonly --set pps=5000
	wait_until 5 has_made gen 1000
	began=$(now_ms)
	n=$(link_value gen made_packets)
	sleep 1
	n=$(($(link_value gen made_packets) - n))
	began=$(($(now_ms) - began))
	# what a bucket holds may come at once after a pause
	[ "$n" -le $((5 * began + 600)) ] || fail "$n packets in $began ms at 5000 a second"
	end_with gen
}

# test
a_killed_source_leaves_the_books_whole_and_others_their_packets() {
	local c
	start_primary -- --port in=net_null0 --port out=net_null1 --client gen --client other --client fw \
		--patch 'port:in>fw' --patch 'fw>port:out' --patch 'gen>fw' --patch 'other>port:out' \
		--total-num-mbufs 2047
	start_member fw
	start_member other --function txonly
	for c in 1 2 3; do
		start_member gen --function flowgen
		wait_until 5 has_made gen $((c * 1000))
		signal gen KILL
		exit_code_of gen 5
		assert_conservation
	done
	before=$(link_value fw returned_packets)
	wait_until 5 eval '[ "$(link_value fw returned_packets)" -gt '"$before"' ]'
	end_with fw other
}
