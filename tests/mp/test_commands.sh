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

IN=$ROOT/tests/data/real.pcap
FRAMES=$(capinfos -rTm -c "$IN" | cut -d , -f 2)
start_wired() { # OPTIONS...: a file in, a file out
	start_primary -- --port "in=net_pcap0,rx_pcap=$IN" --port "out=net_pcap1,tx_pcap=$T/out/out.pcap" "$@"
}
all_sent() { [ "$(port_value out tx_packets)" = "$FRAMES" ]; }

# test
ports_are_wired_through_a_function_without_a_client() {
	start_wired --forward-mode mac --eth-peer 1,02:00:00:aa:bb:cc
	wait_until 5 all_sent
	assert_equal "$(ctl_value '.streams[0] | "\(.rx_port) \(.tx_port) \(.by)"' show config fwd)" 'in out mac'
	assert_conservation
	stop_with_term primary
	assert_equal "$(tcpdump -r "$T/out/out.pcap" -en 2>/dev/null | grep -c '> 02:00:00:aa:bb:cc')" "$FRAMES" 'to the peer'
}

# test
what_completion_proposes_is_taken_and_nothing_else_is() {
	start_primary -- --vdev net_ring0 --port b=net_ring1 --client fw --client gone --patch 'port:b>fw' \
		--spare-ports 8 --log-level error
	start_member fw
	PYTHONDONTWRITEBYTECODE=1 "$ROOT/tests/tools/walk.py" "$T/run/dpdk/$P/hp_ctl" "${SEED:-4}" "${COMMANDS:-1000}" >"$T/said" 2>&1 ||
		fail "$(tail -n 5 "$T/said")"
	[ "$(cut -d ' ' -f 1 "$T/said")" -ge 40 ] || fail "hardly any command: $(cat "$T/said")"
	stop_with_term fw
	stop_with_term primary
}

# Not even a port: lists are empty, all of none is done, and each answer is JSON.
# test
a_group_without_ports_answers_every_question() {
	local command line
	start_primary -- --client fw --workers 1
	ctl help all | jq -r '.commands[].command' | grep -E '^(show|clear) ' >"$T/commands"
	while read -r line; do
		line=${line%% [*} # what may be left out
		line=${line//<ports>/all}
		for command in $(sed -nE 's/.*\((.*)\).*/\1/p' <<<"$line" | tr '|' ' ') ''; do
			[[ $line != *'('* ]] || [ -n "$command" ] || continue
			# shellcheck disable=SC2086 # words
			ctl ${line/(*)/$command} >"$T/answer" || fail "$line: $(cat "$T/answer")"
			jq -e . <"$T/answer" >/dev/null || fail "$line: no JSON: $(cat "$T/answer")"
		done
	done <"$T/commands"
	[ "$(grep -c . "$T/commands")" -ge 20 ] || fail "hardly any command: $(cat "$T/commands")"
	assert_equal "$(ctl show port info all)" '{"ports":[]}'
	ctl port stop all
	refuses 'there are no ports' set nbport 1
	stop_with_term primary
}

frames_out() { tcpdump -r "$T/out/out.pcap" -en 2>/dev/null; }

# test
addresses_lengths_and_ports_of_a_mode_are_changed_while_it_runs() {
	start_wired --forward-mode mac --auto-start=no
	ctl set eth-peer out 02:00:00:00:00:77
	ctl set txpkts 100,200
	ctl start tx_first 2
	wait_until 5 eval '[ "$(port_value out tx_packets)" = $((FRAMES + 64)) ]'
	ctl set eth-peer out 02:00:00:00:00:78
	ctl set txpkts 90
	ctl start tx_first 1
	wait_until 5 eval '[ "$(port_value out tx_packets)" = $((FRAMES + 96)) ]'
	ctl set portlist 0 # with itself: nothing goes out by the other
	ctl start tx_first 1
	assert_equal "$(port_value out tx_packets)" $((FRAMES + 96))
	assert_conservation
	stop_with_term primary
	assert_equal "$(frames_out | grep -c '> 02:00:00:00:00:77')" "$FRAMES" 'to the first peer'
	assert_equal "$(frames_out | grep -c ' length 300: 198.18.0.1')" 64 'of the first length'
	assert_equal "$(frames_out | grep -c ' length 90: 198.18.0.1')" 32 'of the second one'
	start_primary -- --port n=net_null0 --forward-mode txonly --txpkts 64,64
	grows port_value n tx_packets
	ctl stop
	assert_equal "$(port_value n tx_bytes)" $((128 * $(port_value n tx_packets))) 'bytes of frames that a mode makes'
	stop_with_term primary
}

streams() { ctl_value '[.streams[] | "\(.rx_port)>\(.tx_port)"] | join(" ")' show config fwd; }

# test
ports_are_wired_in_pairs_in_a_chain_or_each_with_itself() {
	local how
	for how in paired:'a>b b>a c>c' chained:'a>b b>c c>a' loop:'a>a b>b c>c'; do
		start_primary -- --port a=net_null0 --port b=net_null1 --port c=net_null2 --forward-mode io \
			--port-topology "${how%%:*}"
		assert_equal "$(streams)" "${how#*:}" "streams, ${how%%:*}"
		grows port_value c tx_packets
		[ "${how%%:*}" != chained ] || { ctl set portlist 0,2; assert_equal "$(streams)" 'a>c b>null c>a'; }
		assert_conservation
		stop_with_term primary
	done
}

# test
what_came_before_the_start_is_flushed_if_asked_for() {
	start_wired --forward-mode io --auto-start=no --no-flush-rx=no
	ctl start
	wait_until 5 eval '[ "$(port_value in rx_packets)" = '"$FRAMES"' ]'
	assert_equal "$(ctl_value '[.drops[] | select(.reason == "flushed") | .packets] | add' show drops)" "$FRAMES"
	assert_equal "$(port_value out tx_packets)" 0
	assert_conservation
	stop_with_term primary
}

# test
a_loop_begins_with_the_bursts_that_are_sent_first() {
	start_primary -- --vdev net_ring0 --vdev net_ring1 --forward-mode macswap --tx-first --burst 16 --portlist 0
	assert_equal "$(port_value net_ring0 copies)" 16
	grows port_value net_ring0 rx_packets
	assert_equal "$(port_value net_ring1 rx_packets)" 0
	assert_conservation
	ctl stop
	ctl start tx_first 3
	assert_equal "$(port_value net_ring0 copies)" $((16 + 48))
	ctl set fwd none
	wait_until 5 eval '[ "$(ctl_value "[.drops[] | select(.reason == \"no-patch\") | .packets] | add" show drops)" = 64 ]'
	refuses 'set fwd io' start tx_first
	ctl set fwd rxonly
	refuses '1 to 2' set nbport 3
	ctl set nbport 1
	assert_conservation
	assert_pools_full
	stop_with_term primary
}

# As an editor on another system may leave it: CRLF, tabs, comments, no newline at the end.
# test
a_file_of_commands_is_run_at_the_start_and_what_it_says_is_seen_at_once() {
	local rc=0
	printf '# first\r\n\r\n\t show\tconfig\tcores # why\t\r\nset burst 16' >"$T/run/commands"
	start_primary -- --port "$IDLE_PORT" --cmdline-file "$T/run/commands"
	assert_file_holds "$T/out/primary.out" '^  LANE  LCORE'
	assert_equal "$(ctl_value .burst show config rxtx)" 16
	rm "$T/run/commands"
	printf 'set burst 8\0\nset burst 4\n' | as_group "$HUGEPOD" ctl --file-prefix "$P" >"$T/said" 2>&1 || rc=$?
	assert_equal "$rc" 1 'exit code'
	assert_file_holds "$T/said" '^error: the line has a control character$'
	assert_equal "$(ctl_value .burst show config rxtx)" 4
	stop_with_term primary
	spawn_primary -- --port "$IDLE_PORT" --cmdline-file "$T/run"
	assert_exit_code primary 78
	assert_file_holds "$T/out/primary.err" "$T/run: Is a directory"
}

in_has_played() { [ "$(port_value in rx_packets)" = 100 ]; }

# test
# tests/data/commands.txt; TRANSCRIPT=--write has it written anew.
a_script_of_commands_good_and_bad_says_what_is_expected() {
	start_primary -- --port "$IDLE_PORT" --port b=net_ring0 --client fw --client mon --patch "port:in>fw" \
		--spare-ports 3 --log-level error
	wait_until 5 in_has_played
	"$ROOT/tests/tools/transcript.py" ${TRANSCRIPT:+"$TRANSCRIPT"} "$T/run/dpdk/$P/hp_ctl" \
		"$ROOT/tests/data/commands.txt" >"$T/said" 2>&1 || fail "$(head -c 4000 "$T/said")"
	assert_file_holds "$T/said" '^[34][0-9][0-9] commands$'
	assert_pools_full
	stop_with_term primary
}
