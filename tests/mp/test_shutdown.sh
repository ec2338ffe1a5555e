# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# The end: SIGTERM and SIGINT to anyone, in any order, under traffic. Within 2 s, and nothing stays.

readonly WITHIN_MS=2000

chain() {
	start_primary -- --port in=net_null0 --port out=net_null1 --client fw --client mon \
		--patch 'port:in>fw' --patch 'fw>mon' --patch 'mon>port:out'
	start_member fw --function macswap
	start_member mon --function io
	wait_until 10 traffic_flows
}

traffic_flows() { [ "$(ctl_value '[.ports[] | select(.name == "out") | .tx_packets] | add' show ports)" -gt 1000 ]; }

# all_end_within CODE-REGEX NAME...: from now
all_end() {
	local name began=$1
	shift
	for name in "$@"; do
		exit_code_of "$name" 5
		case $name in
		primary) [ "$RC" = 0 ] ;;
		# a member may hear of the primary's end before it gets its own signal
		*) [ "$RC" = 0 ] || [ "$RC" = 75 ] ;;
		esac || fail "$name ended with $RC: $(tail -n 3 "$T/out/$name.err")"
	done
	[ $(($(now_ms) - began)) -lt $WITHIN_MS ] || fail "took $(($(now_ms) - began)) ms"
}

order() { # SIGNAL NAMES...
	local name began signal=$1
	shift
	chain
	began=$(now_ms)
	for name in "$@"; do signal "$name" "$signal"; done
	all_end "$began" "$@"
}

# test
sigterm_members_first() { order TERM fw mon primary; }
# test
sigterm_primary_first() { order TERM primary fw mon; }
# test
sigterm_primary_in_the_middle() { order TERM mon primary fw; }
# test
sigint_to_all() { order INT fw primary mon; }

# test
sigterm_to_the_primary_alone_ends_its_members_with_75() {
	local began
	chain
	began=$(now_ms)
	signal primary TERM
	assert_exit_code primary 0
	assert_exit_code fw 75
	assert_exit_code mon 75
	[ $(($(now_ms) - began)) -lt $WITHIN_MS ] || fail "took $(($(now_ms) - began)) ms"
}

# test
a_member_that_leaves_does_not_end_the_others() {
	chain
	stop_with_term fw 2
	is_running primary && is_running mon || fail 'something else ended'
	start_member fw --function io
	signal fw INT
	assert_exit_code fw 0
	stop_with_term mon
	stop_with_term primary
}

# test
a_primary_without_standard_input_serves_on() {
	chain
	sleep 1 # standard input is /dev/null: end of file is not quit
	is_running primary || fail 'it ended'
	order_end
}
order_end() {
	local name
	for name in fw mon primary; do signal "$name" TERM; done
	all_end "$(now_ms)" fw mon primary
}

# As testpmd's: from a file or a pipe, too.
# test
quit_on_its_standard_input_ends_a_primary() {
	printf 'show config cores\nquit\nset burst 0\n' >"$T/run/commands"
	chmod 0644 "$T/run/commands"
	spawn_primary -i "$T/run/commands" -- --port "$IDLE_PORT" --interactive
	assert_exit_code primary 0
	assert_file_holds "$T/out/primary.out" '^  LANE  LCORE'
	grep -q error "$T/out/primary.out" && fail 'something was run after quit'
	# In a file of --cmdline-file it ends the file.
	start_primary -- --port "$IDLE_PORT" --cmdline-file "$T/run/commands"
	rm "$T/run/commands"
	stop_with_term primary
}

# test
sigterm_before_the_primary_is_there_ends_a_waiting_member() {
	spawn_member fw --function io
	sleep 0.5
	wait_until 5 ends_when_told fw
	assert_exit_code fw 0
}

ends_when_told() {
	local name
	for name in "$@"; do kill -s TERM "${INNER[$name]}" 2>/dev/null || true; done
	for name in "$@"; do is_over "$name" || return 1; done
}

# test
sigterm_at_any_moment_of_the_start_leaves_nothing() {
	local ms
	for ms in 000 010 020 040 060 080 100 150 200 300; do
		spawn_primary -- --port in=net_null0 --client fw --total-num-mbufs 511
		spawn_member fw --function io
		sleep "0.$ms"
		# the kernel keeps from PID 1 what it has no handler for yet, so once may be too early
		wait_until 5 ends_when_told fw primary
		exit_code_of fw 5
		exit_code_of primary 5
		[ "$RC" = 0 ] || [ "$RC" = 143 ] || fail "primary ended with $RC after $ms ms"
		[ -z "$(find "$T/run" "$T/huge" -mindepth 1 ! -type d -print -quit)" ] ||
			fail "after $ms ms: left $(find "$T/run" "$T/huge" -mindepth 1 ! -type d)"
	done
}
