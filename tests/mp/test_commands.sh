# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# The command line of a group that forwards: ports that stop and start, statistics, and what a user of
# testpmd types.

port_value() { ctl_value ".ports[] | select(.name == \"$1\") | .$2" show ports; }
no_port() { ctl_value "[.drops[] | select(.where == \"port:$1\" and .reason == \"no-port\") | .packets] | add // 0" show drops; }
grows() { # COMMAND...
	local before
	before=$("$@")
	wait_until 3 eval "[ \"\$($*)\" -gt $before ]"
}
stands_still() { # COMMAND...
	local before
	before=$("$@")
	sleep 0.1
	assert_equal "$("$@")" "$before" "$*"
}
refuses() { # REGEX COMMAND...
	local rc=0 regex=$1
	shift
	ctl "$@" >"$T/refused" || rc=$?
	[ "$rc" != 0 ] || fail "$*: was not refused"
	assert_file_holds "$T/refused" "$regex"
}

# test
a_port_stops_and_starts_under_traffic_and_its_packets_are_counted() {
	start_primary -- --port a=net_null0 --port b=net_null1 --client fw --patch "port:a>fw" --patch "fw>port:b" \
		--patch "port:b>port:a" --nb-cores 2
	start_member fw
	grows port_value b tx_packets
	ctl port stop b
	assert_equal "$(port_value b started)" false
	grows no_port b
	stands_still port_value b tx_packets
	stands_still port_value b rx_packets
	assert_conservation
	ctl port start all
	grows port_value b tx_packets
	stands_still no_port b
	ctl port close 1
	grows no_port b
	refuses 'closed for good' port start b
	refuses 'no port .c.' port stop c
	assert_conservation
	stop_with_term fw
	assert_pools_full
	stop_with_term primary
}

worker_rx() { ctl_value "[.queues[] | select(.holder == \"$1\") | .rx_packets] | add // 0" show workers; }

# test
a_port_that_workers_poll_stops_when_all_of_them_have_let_go() {
	start_primary -- --port a=net_null0 --port b=net_null1 --workers 2 --total-num-mbufs 511 --mbuf-cache 128
	start_worker w0
	start_worker w1
	grows worker_rx w0
	grows worker_rx w1
	ctl port stop b
	stands_still port_value b rx_packets
	stands_still port_value b tx_packets
	grows no_port a
	ctl port start b
	grows port_value b rx_packets
	# one that hangs uses it still: refused, and nothing has changed
	signal_all w1 STOP
	refuses "worker 'w1'.*does not turn" port stop a
	assert_equal "$(port_value a started)" true
	grows port_value a rx_packets
	signal_all w1 CONT
	wait_until 3 ctl port stop a
	assert_conservation
	stop_with_term w0
	stop_with_term w1
	assert_pools_full
	stop_with_term primary
}
