# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Workers: queues of their own, flows that are spread over them, and what becomes of both when a worker
# comes, leaves, dies, hangs.

queues_of() { ctl_value "[.queues[] | select(.holder == \"$1\" and .state == \"held\")] | length" show workers; }
holds() { [ "$(queues_of "$1")" = "$2" ]; }
rx_of_queue() { ctl_value ".queues[$1].rx_packets" show workers; }
sum() { ctl_value "[.ports[].$1] | add" show ports; }
flows() { local now; now=$(sum tx_packets); wait_until 5 eval '[ "$(sum tx_packets)" -gt '"$now"' ]'; }

# Each queue is polled by somebody: its counter moves.
each_queue_is_polled() {
	local q n
	n=$(ctl_value '.queues | length' show workers)
	for ((q = 0; q < n; q++)); do
		local before
		before=$(rx_of_queue "$q")
		wait_until 2 eval '[ "$(rx_of_queue '"$q"')" -gt '"$before"' ]'
	done
}

null_ports() { # N OPTIONS...
	local ports=() i
	for ((i = 0; i < $1; i++)); do ports+=(--vdev "net_null$i"); done
	shift
	start_primary -- "${ports[@]}" --total-num-mbufs 511 --mbuf-cache 128 "$@"
}

end() { # WORKER...
	local name
	assert_conservation
	for name in "$@"; do stop_with_term "$name"; done
	assert_conservation
	assert_pools_full
	stop_with_term primary
}

# test
two_workers_hold_a_queue_each_and_lose_nothing() {
	null_ports 2 --workers 2
	start_worker w0
	wait_until 2 holds w0 2
	start_worker w1 --function macswap
	wait_until 2 holds w0 1
	wait_until 2 holds w1 1
	each_queue_is_polled
	end w0 w1
}
