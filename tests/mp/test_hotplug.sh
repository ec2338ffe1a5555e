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
