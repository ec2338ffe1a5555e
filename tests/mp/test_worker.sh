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

worker_state() { ctl_value ".workers[] | select(.name == \"$1\") | .state" show workers; }
drops_for() { ctl_value "[.drops[] | select(.reason == \"$1\") | .packets] | add // 0" show drops; }
tx_of() { ctl_value ".ports[] | select(.name == \"$1\") | .tx_packets" show ports; }

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

# test 120
workers_forward_on_any_number_of_ports() {
	local n
	for n in 1 2 3; do
		null_ports "$n" --workers 2
		start_worker w0
		start_worker w1 --function macswap
		wait_until 2 holds w0 1
		wait_until 2 holds w1 1
		each_queue_is_polled
		# Wired in pairs, an odd last one with itself: what came in by one has gone out by the other.
		assert_equal "$(ctl_value '[.ports[].pair] | join(" ")' show workers)" \
			"$(echo 'net_null0;net_null1 net_null0;net_null1 net_null0 net_null2' | cut -d ';' -f "$n")" 'pairs'
		end w0 w1
		holds_within 2 nothing_is_left || fail "with $n ports: $(what_is_left)"
	done
}

# test 120
no_queue_is_left_unpolled_when_they_do_not_divide_evenly() {
	null_ports 2 --workers 4
	assert_equal "$(ctl_value '[.ports[] | "\(.functions) \(.entries)"] | unique | join(" ")' show port rss all)" \
		'ip,tcp,udp 32' 'what the devices hash, and the entries of their tables for each queue'
	each_queue_is_polled_by_nobody_but_is_counted
	start_worker w0
	wait_until 2 holds w0 4
	start_worker w1
	wait_until 2 eval 'holds w0 2 && holds w1 2'
	start_worker w2
	wait_until 2 eval 'holds w2 1 && [ "$(ctl_value "[.workers[].queues] | sort | join(\" \")" show workers)" = "1 1 2" ]'
	assert_queues_stay
	each_queue_is_polled
	start_worker w3
	start_worker w4 # has nothing to do until somebody goes
	wait_until 2 eval 'holds w0 1 && holds w1 1 && holds w2 1 && holds w3 1 && holds w4 0'
	stop_with_term w1
	wait_until 2 holds w4 1
	assert_queues_stay
	each_queue_is_polled
	end w0 w2 w3 w4
}
assert_queues_stay() {
	local before
	before=$(ctl_value '[.queues[].handovers] | add' show workers)
	sleep 0.1
	assert_equal "$(ctl_value '[.queues[].handovers] | add' show workers)" "$before" 'queues handed over'
}
# Without a worker the lanes have the queues, and policy drop.
each_queue_is_polled_by_nobody_but_is_counted() {
	each_queue_is_polled
	[ "$(drops_for absent)" -gt 0 ] || fail 'no drop is counted as absent'
	assert_equal "$(sum tx_packets)" 0 'packets out'
}

# test 120
a_killed_workers_queues_go_to_another_and_come_back_with_it() {
	null_ports 2 --workers 2
	start_worker w0
	start_worker w1
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	for _ in 1 2 3 4; do
		signal w0 KILL
		assert_exit_code w0 "$((128 + 9))"
		wait_until 2 holds w1 2
		each_queue_is_polled
		assert_conservation
		start_worker w0
		wait_until 2 eval 'holds w0 1 && holds w1 1'
	done
	assert_equal "$(ctl_value '[.queues[] | select(.takeovers == 4)] | length' show workers)" 1 \
		'queues that were taken over each time'
	# The holders wrote down how long nobody polled it; how long a killed process waits for a CPU to
	# end on is not ours to say. Granting does not wait for anybody.
	assert_equal "$(ctl_value '[.unpolled[] | select(.takeovers == 4 and .takeover_us_max > 0 and
		.us_max >= .takeover_us_max)] | length' show workers)" 1 'queues that stood and were taken over'
	[ "$(ctl_value .takeovers.grant_us_max show workers)" -lt 10000 ] ||
		fail "a queue was without a holder for $(ctl show workers)"
	signal w1 KILL
	assert_exit_code w1 "$((128 + 9))"
	signal w0 KILL
	assert_exit_code w0 "$((128 + 9))"
	wait_until 2 eval '[ "$(ctl_value ".members | length" show members)" = 0 ]'
	end
}

# Somebody else keeps its connection open, as a child might that it forgot to close it in: the end of its
# packet loop is heard of all the same, and long before its memory is unmapped.
# test
a_killed_workers_queues_go_before_its_connection_closes() {
	null_ports 2 --workers 2
	start_worker w0
	start_worker w1
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	python3 - "$(child_of "${INNER[w0]}")" 3>"$T/held" <<-'END' &
		import ctypes, os, sys, time
		pid = int(sys.argv[1])
		pidfd = os.pidfd_open(pid)
		pidfd_getfd = 438
		for fd in os.listdir(f"/proc/{pid}/fd"):
		    if os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
		        if ctypes.CDLL(None).syscall(pidfd_getfd, pidfd, int(fd), 0) < 0:
		            sys.exit("pidfd_getfd")
		os.write(3, b"held")
		time.sleep(60)
	END
	local keeper=$!
	wait_until 5 test -s "$T/held"
	signal w0 KILL
	assert_exit_code w0 137
	wait_until 2 holds w1 2
	each_queue_is_polled
	[ "$(ctl_value '.members[] | select(.name == "w0") | .name' show members)" = w0 ] ||
		fail "its connection was to be open: $(ctl show members)"
	kill "$keeper"
	wait "$keeper" || true
	wait_until 2 eval '[ "$(worker_state w0)" = absent ]'
	start_worker w0
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	end w0 w1
}

# test
the_primary_takes_a_share_where_asked() {
	null_ports 2 --workers 4 --primary-worker --nb-cores 2
	flows # without any worker
	start_worker w0
	wait_until 2 eval '[ "$(queues_of w0)" -ge 1 ] && [ "$(queues_of "lane 0")" -ge 1 ] && [ "$(queues_of "lane 1")" -ge 1 ]'
	each_queue_is_polled
	assert_equal "$(drops_for absent)" 0 'drops'
	end w0
}

# test
without_a_worker_packets_meet_the_groups_policy() {
	null_ports 2 --workers 2 --policy bypass
	flows
	end
	null_ports 2 --workers 2 --policy hold
	sleep 0.2
	assert_equal "$(sum rx_packets)" 0 'packets in'
	start_worker w0
	flows
	signal w0 KILL
	assert_exit_code w0 "$((128 + 9))"
	end
}

# test
verdicts_of_functions_are_followed_on_queues_and_counted() {
	null_ports 2 --workers 2
	start_worker w0 --function rxonly
	start_worker w1 --function rate --set pps=1000
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	each_queue_is_polled
	wait_until 2 eval '[ "$(drops_for function)" -gt 0 ] && [ "$(drops_for rate)" -gt 0 ]'
	end w0 w1
}

made_by_queue() { ctl_value ".queues[$1].made_packets" show workers; }

# Out of its own queue's pool, in the middle of anything; what it receives it drops.
# test
a_worker_makes_packets_and_dies_and_the_books_are_whole() {
	local q n
	null_ports 2 --workers 2
	start_worker w0 --function flowgen
	start_worker w1
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	for _ in 1 2 3; do
		q=$(queue_of w0)
		n=$(made_by_queue "$q")
		wait_until 5 eval '[ "$(made_by_queue '"$q"')" -gt '"$((n + 1000))"' ]'
		assert_conservation
		signal w0 KILL
		assert_exit_code w0 137
		wait_until 2 holds w1 2
		assert_conservation
		start_worker w0 --function flowgen
		wait_until 5 holds w0 1
	done
	[ "$(drops_for function)" -gt 0 ] || fail 'what it receives is not dropped'
	q=$(queue_of w1)
	n=$(made_by_queue "$q")
	sleep 0.1
	assert_equal "$(made_by_queue "$q")" "$n" 'packets made on the queue of a worker that makes none'
	end w0 w1
}

# test
a_worker_that_makes_packets_keeps_to_its_pace_and_number() {
	null_ports 2 --workers 2
	start_worker w0 --function txonly --set count=5000
	wait_until 5 holds w0 2
	wait_until 5 eval '[ "$(ctl_value "[.queues[].made_packets] | add" show workers)" = 5000 ]'
	sleep 0.1
	assert_equal "$(ctl_value '[.queues[].made_packets] | add' show workers)" 5000 'packets made'
	end w0
	# Without queues there is nothing to make them from, and it says so.
	start_primary -- --vdev net_ring0 --vdev net_ring1 --workers 1 --total-num-mbufs 511
	spawn w0 "$HP_WORKER" --file-prefix "$P" --name w0 --function txonly
	assert_exit_code w0 78
	assert_one_line_on_stderr w0 'function txonly makes packets on queues'
	stop_with_term primary
}

# test
a_stopped_worker_keeps_its_queue_and_nobody_else_polls_it() {
	local before
	null_ports 2 --workers 2 --stuck-after 1s
	start_worker w0
	start_worker w1
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	signal_all w0 STOP
	wait_until 3 eval '[ "$(worker_state w0)" = stuck ]'
	assert_file_holds "$T/out/primary.err" "'w0' keeps its 1 worker queues"
	before=$(rx_of_queue "$(queue_of w0)")
	sleep 0.1
	assert_equal "$(rx_of_queue "$(queue_of w0)")" "$before" 'packets of its queue'
	holds w1 1 || fail 'the queue went to another while its holder lives'
	signal_all w0 CONT
	wait_until 3 eval '[ "$(worker_state w0)" = live ]'
	each_queue_is_polled
	end w0 w1
}
queue_of() { ctl_value ".queues[] | select(.holder == \"$1\") | .queue" show workers; }

# One that is to be evicted does not hear of it while it is stopped: the primary ends it, if it sees it.
# test
a_stopped_worker_that_is_evicted_gives_its_queue_up() {
	start_primary -k -- --vdev net_null0 --vdev net_null1 --workers 2 --total-num-mbufs 511 \
		--mbuf-cache 128 --stuck-after 1500ms --evict-stuck # a busy machine starves a loop for long
	spawn -k w0 "$HP_WORKER" --file-prefix "$P" --name w0
	start_worker w1
	wait_until 5 eval 'holds w0 1 && holds w1 1'
	kill -s STOP "${INNER[w0]}"
	wait_until 6 holds w1 2
	assert_exit_code w0 137
	# One that runs ends by itself, and says why.
	start_worker w0
	wait_until 2 holds w0 1
	ctl evict w0 >/dev/null
	wait_until 2 holds w1 2
	assert_exit_code w0 1
	assert_file_holds "$T/out/w0.err" 'evicted by the primary'
	each_queue_is_polled
	end w1
}

# test
workers_and_clients_share_a_group() {
	start_primary -- --port a=net_null0 --port b=net_null1 --port c=net_null2 --port 'd=net_null3;worker=no' \
		--total-num-mbufs 511 --mbuf-cache 128 --workers 1 --client fw --patch 'port:c>fw' --patch 'fw>port:d'
	start_worker w0
	start_member fw --function macswap
	wait_until 5 eval '[ "$(tx_of a)" -gt 0 ] && [ "$(tx_of b)" -gt 0 ] && [ "$(tx_of d)" -gt 0 ]'
	assert_equal "$(ctl_value '[.ports[] | "\(.name)>\(.pair)"] | join(" ")' show workers)" 'a>b b>a' 'the workers ports'
	end w0 fw
}

# test
a_worker_is_refused_where_nobody_asked_for_workers() {
	start_primary -- --vdev net_null0
	spawn w0 "$HP_WORKER" --file-prefix "$P" --name w0
	assert_exit_code w0 78
	assert_one_line_on_stderr w0 'start hp-primary with --workers N'
	stop_with_term primary
	start_primary -- --vdev net_null0 --workers 1 --client fw
	spawn w0 "$HP_WORKER" --file-prefix "$P" --name fw
	assert_exit_code w0 78
	assert_one_line_on_stderr w0 "'fw' is a client's name"
	stop_with_term primary
}

# Files are opened by the primary alone: a worker that joined would truncate the output.
spread_group() { # OPTIONS...
	start_primary -- --port "in=net_pcap0,rx_pcap=$REAL;when-full=wait" \
		--port "out=net_pcap1,tx_pcap=$T/out/out.pcap" --workers 2 --total-num-mbufs 1023 --auto-start=no "$@"
}
readonly REAL=$ROOT/tests/data/real.pcap
FRAMES=$(capinfos -rTm -c "$REAL" | cut -d , -f 2)
all_are_through() { [ $(($(tx_of out) + $(ctl_value '[.drops[].packets] | add // 0' show drops))) -ge "$FRAMES" ]; }

# Source addresses tell which worker had a packet; both directions of a flow are one's.
# test
a_flow_stays_with_one_worker() {
	spread_group
	start_worker w0 --function mac --set src=02:00:00:00:00:01
	start_worker w1 --function mac --set src=02:00:00:00:00:02
	ctl start >/dev/null
	wait_until 20 all_are_through
	assert_equal "$(tx_of out)" "$FRAMES" 'frames out'
	end w0 w1
	tshark -r "$T/out/out.pcap" -o tcp.desegment_tcp_streams:FALSE -Y '(tcp or udp) and not icmp and not (ip.frag_offset > 0) and not ip.flags.mf == 1' \
		-T fields -e eth.src -e tcp.stream -e udp.stream 2>/dev/null >"$T/flows"
	assert_equal "$(cut -f 1 "$T/flows" | sort -u | grep -c .)" 2 'workers that had packets'
	assert_equal "$(sort -u "$T/flows" | cut -f 2- | sort | uniq -d | wc -l)" 0 'flows that two workers had'
}

# test
spread_flows_of_a_dead_worker_go_to_the_other() {
	spread_group
	start_worker w0 --function macswap
	start_worker w1 --function macswap
	signal w0 KILL
	assert_exit_code w0 137
	wait_until 2 eval '[ "$(worker_state w0)" = absent ]'
	ctl start >/dev/null
	wait_until 20 all_are_through
	assert_equal "$(tx_of out)" "$FRAMES" 'frames out'
	end w1
	"$BUILD/tests/tools/pcapdiff" --transform macswap --any-order "$REAL" "$T/out/out.pcap" >"$T/diff" 2>&1 ||
		fail "output: $(cat "$T/diff")"
}
