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
