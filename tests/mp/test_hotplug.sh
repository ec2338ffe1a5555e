# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Ports that are attached and detached while packets flow.

readonly CYCLES=${HP_HOTPLUG_CYCLES:-30}

# Four clients share the flows of a port; each sends on to another.
group_of_four() { # OPTIONS...
	local c
	start_primary -- --port in=net_null0 --port out=net_null1 --client c0 --client c1 --client c2 \
		--client c3 --patch 'port:in>c0,c1,c2,c3:round-robin' --patch 'c0>port:out' --patch 'c1>port:out' \
		--patch 'c2>port:out' --patch 'c3>port:out' --total-num-mbufs 1023 "$@"
	for c in c0 c1 c2 c3; do start_member "$c" --function macswap; done
}

port_counter() { ctl_value ".ports[] | select(.name == \"$1\") | .$2" show ports; }
has_sent() { [ "$(port_counter "$1" tx_packets)" -gt 0 ]; }
has_received() { [ "$(port_counter "$1" rx_packets)" -gt 0 ]; }
is_gone() { [ -z "$(port_counter "$1" id)" ]; }

end_group() {
	local c
	assert_conservation
	for c in "$@"; do stop_with_term "$c"; done
	assert_conservation
	assert_pools_full
	stop_with_term primary
}

# each line is a command that has to succeed
ctl_lines() {
	printf '%s\n' "$@" | as_group "$HUGEPOD" ctl --file-prefix "$P" --json >"$T/answers" ||
		fail "$(cat "$T/answers")"
}

# attach DEVARGS NAME: joining members may be in the way for a moment
attach() { wait_until 5 ctl port attach "$1" "$2"; }
detach() { wait_until 5 ctl port detach "$1"; }

# test 1200
ports_come_and_go_under_traffic_and_nothing_is_lost() {
	local i
	group_of_four
	for ((i = 0; i < CYCLES; i++)); do
		ctl_lines 'port attach net_null7,size=64 more' 'patch set port:more c3' \
			'patch set c1 port:more'
		wait_until 5 has_sent more
		ctl_lines 'port detach more' 'patch set c1 port:out'
	done
	assert_equal "$(ctl_value .detached.ports show detached)" "$CYCLES" 'ports detached'
	[ "$(ctl_value '.detached.rx_packets' show detached)" -gt 0 ] || fail 'no traffic from it'
	end_group c0 c1 c2 c3
}

# test
a_member_that_is_killed_between_leaves_nothing_half_done() {
	group_of_four
	ctl_lines 'port attach net_null7,size=64 more' 'patch set c1 port:more' 'patch set port:more c2'
	signal c1 KILL
	signal c2 STOP
	detach more
	signal c2 KILL
	exit_code_of c1 5
	exit_code_of c2 5
	wait_until 5 is_gone more
	start_member c1
	attach net_null7,size=64 again
	ctl patch set c1 port:again >/dev/null
	wait_until 5 has_sent again
	assert_equal "$(ctl_value '.drops[] | select(.where == "port:again" and .reason == "no-port")' \
		show drops)" '' 'what was counted for the port that had its number before'
	end_group c0 c1 c3
}

# test
a_member_takes_commands_of_the_group_on_its_own_command_line() {
	local out
	start_primary -- --port in=net_null0 --port out=net_null1 --client c0 --patch 'port:in>c0' \
		--total-num-mbufs 1023
	mkfifo "$T/commands"
	chmod 0666 "$T/commands"
	exec 5<>"$T/commands"
	start_member -i "$T/commands" c0 --interactive
	out=$T/out/c0
	printf '%s\n' '# nothing' 'port attach net_null7 more' 'show ports' 'port attach' 'port det' >&5
	wait_until 5 grep -q 'net_null7' "$out.out"
	wait_until 5 grep -q "goes on with <devargs>" "$out.err"
	printf 'port detach more\nshow detached\n' >&5
	wait_until 5 grep -q 'ports: *1' "$out.out"
	wait_until 5 is_gone more
	printf 'set burst 8\0 and more\n' >&5
	wait_until 5 grep -q 'the line has a control character' "$out.err"
	printf 'quit\n' >&5
	assert_exit_code c0 0
	exec 5>&-
	# a file as standard input: its last line may lack the end
	printf 'set burst 9' >"$T/commands.txt"
	chmod 0644 "$T/commands.txt"
	start_member -i "$T/commands.txt" c0 --interactive
	wait_until 5 eval '[ "$(ctl_value .burst show config rxtx)" = 9 ]'
	stop_with_term c0
	stop_with_term primary
}

# test
what_cannot_be_attached_leaves_nothing_and_the_answer_says_why() {
	local i
	start_primary -- --port in=net_null0 --total-num-mbufs 1023 --spare-ports 31
	refused 'net_null0' 'there is a port .net_null0. already|there is a device .net_null0. already' port attach net_null0 other
	refused 'already' "there is a port 'in' already" port attach net_null5 in
	refused 'no driver' "device 'net_nonsense0' cannot be made: there is no driver of that name" port attach net_nonsense0
	refused 'bad devargs' "cannot be made: its driver refuses these arguments" port attach net_pcap5,nonsense=1
	refused 'a key without a value' "its driver refuses these arguments" port attach net_null5,size
	refused 'nothing' "goes on with <devargs>" port attach ''
	refused 'arguments alone' "expected a device as" port attach ,size=64
	refused 'no UTF-8' "expected a device as" port attach $'net_null\xff\xfe'
	refused 'a long word' 'a word has more than 1023 characters' port attach "net_null5,size=$(printf '6%.0s' {1..1024})"
	refused '4 KiB' 'more than 2046 characters' port attach "net_null5,size=$(printf '6%.0s' {1..4096})"
	ctl port attach "net_pcap5,rx_pcap=$(printf '/%.0s' {1..500})$ROOT/tests/data/small.pcap" long >/dev/null ||
		fail 'a path of 500 characters'
	ctl port detach long
	refused 'no file' "cannot be made" port attach "net_pcap5,rx_pcap=$T/none.pcap"
	refused 'PCI' 'no virtual device' port attach 0000:01:00.0
	refused 'name' 'port name .UP.: expected' port attach net_null5 UP
	refused 'no port' "there is no port 'nobody'" port detach nobody
	for ((i = 1; i < 32; i++)); do printf 'port attach net_null%d\n' "$i"; done |
		as_group "$HUGEPOD" ctl --file-prefix "$P" >"$T/filled" || fail "$(cat "$T/filled")"
	refused 'too many' 'there are 32 ports already' port attach net_null32
	assert_equal "$(ctl_value '.ports | length' show ports)" 32 ports
	for ((i = 1; i < 32; i++)); do printf 'port detach net_null%d\n' "$i"; done |
		as_group "$HUGEPOD" ctl --file-prefix "$P" >"$T/emptied" || fail "$(cat "$T/emptied")"
	assert_equal "$(ctl_value '.ports | length' show ports)" 1 ports
	end_group
}
refused() { # WHAT REGEX COMMAND...
	local said
	! said=$(ctl "${@:3}" 2>&1) || fail "$1 was attached: $said"
	grep -qE "$2" <<<"$said" || fail "$1: $said"
}

# test
a_group_without_memory_for_another_port_says_so_and_forwards_on() {
	start_primary -- --port in=net_null0 --total-num-mbufs 1023 --patch 'port:in>port:in'
	for ((i = 1; i < 32; i++)); do ctl port attach "net_null$i" >/dev/null 2>&1 || break; done
	[ "$i" -lt 32 ] || fail 'there was room for all'
	refused 'one too many' 'no room for another port: start hp-primary with --spare-ports' \
		port attach net_null31
	ctl port detach net_null1 >/dev/null
	ctl port attach net_null31 >/dev/null
	end_group
}

# test
a_ring_and_a_capture_file_come_and_go() {
	group_of_four
	ctl_lines "port attach net_pcap0,rx_pcap=$ROOT/tests/data/small.pcap,tx_pcap=$T/run/out.pcap file" \
		'port attach net_ring0 ring' 'patch set c1 port:ring' 'patch set port:ring port:file' \
		'patch set port:file c2'
	wait_until 5 has_sent file
	wait_until 5 has_received file
	detach ring
	detach file
	ctl patch set c1 port:out >/dev/null
	end_group c0 c1 c2 c3
	[ "$(tcpdump -r "$T/run/out.pcap" 2>/dev/null | wc -l)" -gt 0 ] || fail 'nothing is in the capture file'
	rm "$T/run/out.pcap"
}

# test
a_port_that_workers_poll_goes_when_each_of_them_has_let_it_go() {
	start_primary -- --vdev net_null0 --vdev net_null1 --workers 2 --total-num-mbufs 511 --mbuf-cache 128
	start_worker w0
	start_worker w1 --function macswap
	wait_until 5 has_sent net_null1
	wait_until 5 both_hold_a_queue
	signal_all w1 STOP
	refused 'a port that a stopped worker polls' "worker 'w1' uses it and does not turn" \
		port detach net_null1
	is_gone net_null1 && fail 'it is gone'
	signal_all w1 CONT
	detach net_null1
	ctl port attach net_null5 other >/dev/null # has the number of the one that went
	ctl patch set port:other port:other >/dev/null
	wait_until 5 has_sent other
	start_worker w2
	end_group w0 w1 w2
}
both_hold_a_queue() {
	[ "$(ctl_value '[.queues[] | select(.state == "held") | .holder] | unique | length' show workers)" = 2 ]
}

# test
a_tap_device_comes_and_goes_and_members_join_between() {
	# 256 mbufs in the hands of c0 at most, 512 in the tap's descriptors.
	start_primary -c ,+net_admin,+net_raw -- --port in=net_null0 --client c0 --client c1 \
		--patch 'port:in>c0' --total-num-mbufs 1023 --window 256
	spawn_member c0
	attach net_tap0,iface=dtap0 kernel
	ctl_lines 'patch set c0 port:kernel' 'patch set port:kernel c1'
	wait_until 5 has_sent kernel
	spawn_member c1
	detach kernel
	wait_until 10 member_is_ready_or_gone c1
	attach net_tap0,iface=dtap0 again
	detach again
	end_group c0 c1
}
