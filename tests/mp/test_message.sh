# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# hp-message: to one, to several, to all; nobody who reads slowly, hangs or dies keeps anybody waiting;
# and every message is accounted for.

readonly EXIT_OTHER=1 EXIT_USAGE=64 EXIT_DATA=65
readonly LONGEST=1984 # bytes of a message

group() { start_primary -- --port in=net_null0 --total-num-mbufs 511 "$@"; }

# spawn_message NAME OPTIONS...: as a process of its own
spawn_message() {
	local name=$1
	shift
	is_built "$HP_MESSAGE"
	spawn "$name" "$HP_MESSAGE" --file-prefix "$P" --name "$name" "$@"
}

# The member's own process: PID 1 of its namespaces is a small parent of it.
process_of() {
	local pid=${INNER[$1]} child
	while child=$(child_of "$pid") && [ -n "$child" ]; do pid=$child; done
	echo "$pid"
}
freeze() { kill -STOP "$(process_of "$1")"; }
thaw() { kill -CONT "$(process_of "$1")"; }

receiver() { # NAME OPTIONS...
	spawn_message "$@" receive
	wait_until 10 member_is_ready_or_gone "$1"
	is_running "$1" || fail "$1 ended: $(cat "$T/out/$1.err")"
}

# message OPTIONS...: run to its end in the test's own namespaces; RC, $T/said.out, $T/said.err
message() {
	RC=0
	as_group timeout 30 "$HP_MESSAGE" --file-prefix "$P" "$@" >"$T/said.out" 2>"$T/said.err" || RC=$?
}

assert_said() { # CODE REGEX-OF-STDOUT
	[ "$RC" = "$1" ] || fail "exit code $RC, expected $1: $(cat "$T/said.out" "$T/said.err")"
	assert_file_holds "$T/said.out" "$2"
}

has_lines() { [ "$(wc -l <"$T/out/$1.out")" -ge "$2" ]; }

# sum FIELD...: over all rows of show messages
sum() {
	local fields
	fields=$(printf '.%s + ' "$@")
	ctl_value "[.messages[] | ${fields% + }] | add" show messages
}

# What was sent was received, is in a mailbox, or was not delivered for a reason; and what was not
# delivered by its sender's figures was missed by its receiver's, but where there was no receiver.
messages_add_up() {
	local table sent rest missed undelivered
	table=$(ctl show messages)
	sent=$(jq '[.messages[].sent] | add' <<<"$table")
	rest=$(jq '[.messages[] | .received + .waiting + .undelivered_full + .undelivered_no_member +
		.undelivered_gone] | add' <<<"$table")
	undelivered=$(jq '[.messages[] | .undelivered_full + .undelivered_gone] | add' <<<"$table")
	missed=$(jq '[.messages[] | .missed_full + .missed_gone] | add' <<<"$table")
	[ "$sent" = "$rest" ] && [ "$undelivered" = "$missed" ] || {
		echo "$table" >&2
		return 1
	}
}
assert_messages_add_up() { holds_within 5 messages_add_up || { messages_add_up || true; fail 'messages got lost'; }; }

# test
a_message_to_one_arrives_and_is_confirmed() {
	group
	receiver r
	message send r hello world
	assert_said 0 '^1 message to 1 member: 1 delivered, 0 not delivered$'
	assert_file_holds "$T/out/r.out" '^message-[0-9a-f]{8}: hello world$'
	assert_messages_add_up
	stop_with_term r
	stop_with_term primary
}

# test
the_primary_and_clients_log_and_confirm_texts() {
	group --client c
	start_member c --function io
	message send primary,c good morning
	assert_said 0 '^1 message to 2 members: 2 delivered, 0 not delivered$'
	wait_until 5 grep -q "message from 'message-[0-9a-f]*': good morning" "$T/out/primary.err"
	wait_until 5 grep -q "message from 'message-[0-9a-f]*': good morning" "$T/out/c.err"
	assert_messages_add_up
	stop_with_term c
	stop_with_term primary
}

# test
the_primary_sends_by_its_command_line() {
	group
	receiver r
	receiver s
	assert_equal "$(ctl_value '.message.delivered' message r one)" 1 'delivered to r'
	assert_equal "$(ctl_value '.message.delivered' message all both of you)" 2 'delivered to all'
	wait_until 5 has_lines r 2
	assert_equal "$(cat "$T/out/r.out")" $'primary: one\nprimary: both of you'
	assert_equal "$(cat "$T/out/s.out")" 'primary: both of you'
	! ctl message nobody x >"$T/said.out" 2>&1 || fail 'no error for a member that is none'
	assert_file_holds "$T/said.out" "no member 'nobody'"
	assert_messages_add_up
	stop_with_term r
	stop_with_term s
	stop_with_term primary
}

# test
a_message_goes_to_several_and_says_who_did_not_get_it() {
	group
	receiver r
	receiver s
	receiver other
	message send r,s,r hi
	assert_said 0 '^1 message to 2 members: 2 delivered, 0 not delivered$'
	message --timeout 100ms send r,nobody hi again
	assert_said 1 '^1 message to 2 members: 1 delivered, 1 not delivered$'
	assert_file_holds "$T/said.err" "not delivered to 'nobody': there is no such member"
	wait_until 5 has_lines r 2
	assert_equal "$(cut -d : -f 2 "$T/out/r.out")" $' hi\n hi again'
	[ ! -s "$T/out/other.out" ] || fail "a third got it: $(cat "$T/out/other.out")"
	assert_messages_add_up
	for name in r s other; do stop_with_term "$name"; done
	stop_with_term primary
}

# test 120
a_broadcast_reaches_eight_members_and_the_primary() {
	local name
	group --client c1 --client c2
	for name in r1 r2 r3 r4 r5 r6; do receiver "$name"; done
	for name in c1 c2; do start_member "$name" --function io; done
	message --format json send all to everyone
	assert_said 0 '"delivered":9,"undelivered":0'
	assert_equal "$(jq -r '[.receivers[].name] | sort | join(" ")' "$T/said.out")" \
		'c1 c2 primary r1 r2 r3 r4 r5 r6'
	for name in r1 r2 r3 r4 r5 r6; do assert_file_holds "$T/out/$name.out" ': to everyone$'; done
	assert_messages_add_up
	for name in r1 r2 r3 r4 r5 r6 c1 c2; do stop_with_term "$name"; done
	stop_with_term primary
}

lines_of() { # N: of many lengths, with what shells and terminals find special
	awk -v n="$1" -v max="$LONGEST" 'BEGIN {
		for (i = 0; i < n; i++) {
			line = sprintf("%d \"quoted\" \\back $dollar %%s äöü\t", i)
			while (length(line) < (i * 37) % (max / 2)) line = line "x"
			print line
		}
	}'
}

# test
each_line_of_standard_input_arrives_once_and_in_order() {
	group
	receiver r --format json
	lines_of 500 >"$T/out/lines"
	RC=0
	as_group "$HP_MESSAGE" --file-prefix "$P" send r <"$T/out/lines" >"$T/said.out" 2>"$T/said.err" || RC=$?
	assert_said 0 '^500 messages to 1 member: 500 delivered, 0 not delivered$'
	wait_until 5 has_lines r 500
	jq -r .text "$T/out/r.out" | diff - "$T/out/lines" >"$T/diff" || fail "$(head -n 5 "$T/diff")"
	assert_messages_add_up
	stop_with_term r
	stop_with_term primary
}

# test
lines_of_files_arrive_and_one_that_is_too_long_is_named() {
	group
	receiver r
	printf 'a\n\nlast without an end' >"$T/out/one"
	{ head -c "$LONGEST" /dev/zero | tr '\0' y; echo; head -c $((LONGEST + 1)) /dev/zero | tr '\0' z; } >"$T/out/two"
	message --file "$T/out/one" --file "$T/out/two" send r
	assert_said $EXIT_DATA '^4 messages to 1 member: 4 delivered'
	assert_file_holds "$T/said.err" "two:2: the line is longer than $LONGEST bytes"
	wait_until 5 has_lines r 4
	assert_equal "$(cut -d : -f 2 "$T/out/r.out" | head -n 3)" $' a\n \n last without an end'
	message --file "$T/out/missing" send r
	assert_said $EXIT_OTHER '^0 messages'
	assert_file_holds "$T/said.err" 'missing: No such file'
	stop_with_term r
	stop_with_term primary
}

# test
receive_ends_after_its_count_and_leaves_the_rest_to_their_senders() {
	group
	receiver r --count 2
	printf 'one\ntwo\nthree\n' >"$T/out/lines"
	message --timeout 2s --file "$T/out/lines" send r
	assert_said 1 '^3 messages to 1 member: 2 delivered, 1 not delivered$'
	assert_exit_code r 0
	assert_equal "$(cut -d : -f 2 "$T/out/r.out")" $' one\n two'
	assert_messages_add_up
	spawn_message r --count 1 --timeout 200ms receive
	assert_exit_code r 1
	assert_file_holds "$T/out/r.err" '0 of 1 messages came in time'
	stop_with_term primary
}

# test
a_request_is_answered_refused_or_times_out() {
	group --client c
	receiver r --reply 'yes indeed'
	start_member c --function io
	message request r are you there
	assert_said 0 '^yes indeed$'
	wait_until 5 has_lines r 1
	assert_file_holds "$T/out/r.out" ': are you there$'
	for name in c primary; do
		message request "$name" and you
		[ "$RC" = 1 ] || fail "exit code $RC of a request to $name"
		assert_file_holds "$T/said.err" "request to '$name': it answers no requests"
	done
	freeze r
	message --timeout 200ms request r hello
	[ "$RC" = 1 ] || fail "exit code $RC of a request to a stopped member"
	assert_file_holds "$T/said.err" 'no reply in time'
	thaw r
	stop_with_term r
	stop_with_term c
	assert_messages_add_up
	stop_with_term primary
}

# test 120
a_stopped_receiver_costs_one_timeout_and_nobody_else_anything() {
	local began
	group
	receiver slow
	receiver quick
	freeze slow
	seq 200 >"$T/out/lines"
	began=$(now_ms)
	message --timeout 300ms --file "$T/out/lines" send slow,quick
	assert_said 1 '^200 messages to 2 members: 200 delivered, 200 not delivered$'
	[ $(($(now_ms) - began)) -lt 10000 ] || fail "took $(($(now_ms) - began)) ms"
	assert_file_holds "$T/said.err" "not delivered to 'slow': not confirmed within 300 ms"
	assert_equal "$(wc -l <"$T/out/quick.out")" 200 'lines of the quick one'
	# It gets what was for it when it goes on, and counts as before.
	thaw slow
	wait_until 5 has_lines slow 1
	message send slow hello again
	assert_said 0 '1 delivered'
	assert_messages_add_up
	stop_with_term slow
	stop_with_term quick
	stop_with_term primary
}

# test 120
a_stopped_receiver_whose_mailbox_is_full_loses_messages_and_says_why() {
	group
	receiver slow
	freeze slow
	# 1 KB each: some seven fit
	for _ in $(seq 12); do
		message --timeout 100ms send slow "$(printf '%01000d' 0)"
		[ "$RC" = 1 ] || fail "exit code $RC"
	done
	assert_file_holds "$T/said.err" "not delivered to 'slow': its mailbox is full"
	[ "$(ctl_value '.messages[] | select(.name == "slow") | .missed_full' show messages)" -gt 0 ] ||
		fail "nothing missed: $(ctl show messages)"
	assert_messages_add_up
	thaw slow
	wait_until 5 has_lines slow 7
	assert_messages_add_up
	stop_with_term slow
	stop_with_term primary
}

# test 120
a_killed_receiver_is_reported_at_once() {
	local began
	group
	receiver r
	freeze r
	spawn_message s --timeout 30s send r are you there
	wait_until 10 eval '[ "$(ctl_value ".messages[] | select(.name == \"r\") | .waiting" show messages)" = 1 ]'
	began=$(now_ms)
	signal r KILL
	assert_exit_code s 1 10
	[ $(($(now_ms) - began)) -lt 5000 ] || fail "took $(($(now_ms) - began)) ms"
	assert_file_holds "$T/out/s.err" "not delivered to 'r': it ended before it read the message"
	assert_exit_code r 137
	assert_messages_add_up
	stop_with_term primary
}

# test 120
senders_and_receivers_that_are_killed_harm_nobody() {
	local round name order
	group
	receiver good
	yes "$(printf '%0300d' 0)" | head -n 100000 >"$T/out/flood" || true
	for round in $(seq 4); do
		receiver victim
		spawn_message flood --file "$T/out/flood" send victim,good
		spawn_message pinger --count 1000000 --interval 0 ping victim
		wait_until 20 eval '[ "$(ctl_value ".messages[] | select(.name == \"flood\") | .sent" show messages)" -gt 20 ]'
		sleep "0.0$round"
		order=(victim flood pinger)
		[ $((round % 2)) = 0 ] || order=(flood pinger victim)
		for name in "${order[@]}"; do is_over "$name" || signal "$name" KILL; done
		for name in "${order[@]}"; do exit_code_of "$name" 10; done
		message send good "round $round"
		assert_said 0 '1 delivered'
		assert_messages_add_up
	done
	assert_equal "$(grep -c ': round ' "$T/out/good.out")" 4 'rounds that the good one saw'
	assert_equal "$(ctl_value '[.messages[].malformed] | add' show messages)" 0 'malformed'
	stop_with_term good
	stop_with_term primary
}

assert_summary() { # MAX-LOST, of $T/said.out as JSON
	jq -e '.sent == .answered + .lost and .min_us > 0 and .min_us <= .p50_us and
		.p50_us <= .p99_us and .p99_us <= .max_us' "$T/said.out" >/dev/null ||
		fail "summary: $(cat "$T/said.out")"
	[ "$(jq .lost "$T/said.out")" -le "$1" ] || fail "lost: $(cat "$T/said.out")"
}

# test 120
pings_to_the_primary_a_client_and_a_receiver_are_all_answered() {
	local name idle
	group --client c
	start_member c --function io
	receiver r
	for name in primary c r; do
		for idle in poll sleep; do
			message --format json --count 200 --interval 0 --idle "$idle" --size 1000 \
				--timeout 5s ping "$name"
			[ "$RC" = 0 ] || fail "exit code $RC: $(cat "$T/said.err")"
			assert_summary 0
			printf '%s, %s: %s\n' "$name" "$idle" "$(cat "$T/said.out")"
		done
	done
	message --count 3 --interval 1ms --size 0 --timeout 5s ping r
	assert_said 0 '^ping r: 0 bytes, 3 sent, 3 answered, 0 lost \(0.0 %\)$'
	assert_file_holds "$T/said.out" '^round trip in us: min [0-9.]+  p50 [0-9.]+  p99 [0-9.]+  max [0-9.]+$'
	assert_messages_add_up
	stop_with_term c
	stop_with_term r
	stop_with_term primary
}

# test 120
pings_that_get_no_answer_are_lost_and_the_exit_code_says_so() {
	group
	receiver r
	freeze r
	message --format json --count 3 --interval 1ms --timeout 50ms ping r
	[ "$RC" = 1 ] || fail "exit code $RC"
	assert_equal "$(jq -c '[.sent, .answered, .lost, .loss_percent + 0]' "$T/said.out")" '[3,0,3,100]'
	assert_file_holds "$T/said.err" "'r': 3 of 3 lost: it did not answer in time"
	thaw r
	message --timeout 100ms ping nobody
	[ "$RC" = 1 ] || fail "exit code $RC"
	assert_file_holds "$T/said.err" "no member 'nobody'"
	assert_messages_add_up
	stop_with_term r
	stop_with_term primary
}

# test
sigterm_ends_it_in_any_mode() {
	group
	receiver r
	mkfifo "$T/out/fifo"
	exec 7<>"$T/out/fifo"
	spawn -i "$T/out/fifo" piped "$HP_MESSAGE" --file-prefix "$P" --name piped send r
	spawn_message pinger --count 1000000 ping r
	for name in piped pinger; do wait_until 10 member_is_ready_or_gone "$name"; done
	stop_with_term piped
	stop_with_term pinger
	stop_with_term r
	exec 7>&-
	stop_with_term primary
}

# test
the_primarys_end_ends_it_with_75() {
	group
	receiver r
	receiver s
	stop_with_term primary
	assert_exit_code r 75
	assert_exit_code s 75
}

# test
the_names_that_messages_need_are_refused_to_members() {
	local name
	group
	for name in primary all; do
		message --name "$name" receive
		[ "$RC" = 78 ] || fail "exit code $RC for the name $name"
		assert_file_holds "$T/said.err" "the name '$name' is kept for messages to"
	done
	stop_with_term primary
}

# test
wrong_command_lines_are_refused() {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # words
		message $words
		[ "$RC" = $EXIT_USAGE ] || fail "'$words': exit code $RC: $(cat "$T/said.err")"
		assert_equal "$(grep -c . "$T/said.err")" 1 "lines on stderr for '$words'"
	done <<-TABLE

		shout a hello
		send
		send a,all hello
		send a,,b hello
		send A hello
		send $(printf 'x%.0s' $(seq 40)) hello
		ping
		ping a b
		ping all
		ping a,b
		receive a
		request a
		request all x
		send --count 3 a x
		receive --size 3
		ping --reply x a
		send --file f a text
		ping --count 0 a
		ping --size 1985 a
		ping --interval -1 a
		ping --idle fast a
	TABLE
}
