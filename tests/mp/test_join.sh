# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Joining: each member PID 1 of its own PID namespace, in another set of namespaces than the
# primary's, no root, no capability, told the file prefix and nothing else.

readonly MEMBERS=16

names() { printf 'm%02d\n' $(seq "$MEMBERS"); }

many_clients() {
	local name
	echo --port "$IDLE_PORT" --total-num-mbufs 1023 --max-members "$MEMBERS" --window 32
	for name in $(names); do echo --client "$name"; done
}

assert_all_are_members_with_lcores_of_their_own() {
	local n
	n=$(ctl_value '[.members[] | select(.state == "ready")] | length' show members)
	assert_equal "$n" "$MEMBERS" 'members'
	n=$(ctl_value '[.members[].lcores[]] | length' show members)
	assert_equal "$(ctl_value '[.members[].lcores[]] | unique | length' show members)" "$n" \
		'different lcore ids'
	n=$(ctl_value '[.members[].pid] | unique | length' show members)
	assert_equal "$n" "$MEMBERS" 'different PIDs in the group'
}

# test 120
sixteen_members_join_each_pid_1_of_its_own_namespace() {
	local name
	# shellcheck disable=SC2046 # words
	start_primary -- $(many_clients)
	for name in $(names); do
		spawn_member "$name" --function io
		assert_equal "$(awk '/^NSpid/ { print $NF }' "/proc/${INNER[$name]}/status")" 1 "PID of $name"
	done
	for name in $(names); do wait_until 30 member_is_ready_or_gone "$name"; done
	assert_all_are_members_with_lcores_of_their_own
	for name in $(names); do stop_with_term "$name" 10; done
	stop_with_term primary
}

# test 120
members_that_start_first_wait_for_their_primary() {
	local name
	for name in $(names); do spawn_member "$name" --function io; done
	sleep 0.5
	# shellcheck disable=SC2046 # words
	start_primary -- $(many_clients)
	for name in $(names); do wait_until 30 member_is_ready_or_gone "$name"; done
	assert_all_are_members_with_lcores_of_their_own
	for name in $(names); do stop_with_term "$name" 10; done
	stop_with_term primary
}

# test
members_come_and_go_and_their_places_are_free_again() {
	local round name
	start_primary -- --port "$IDLE_PORT" --client a --client b --max-members 2 --total-num-mbufs 511
	for round in $(seq 10); do
		for name in a b; do start_member "$name" --function io; done
		for name in a b; do stop_with_term "$name"; done
	done
	assert_equal "$(ctl_value '.members | length' show members)" 0 "members after $round rounds"
	stop_with_term primary
}

# test
a_killed_member_leaves_its_name_and_place_to_the_next() {
	local round
	start_primary -- --port "$IDLE_PORT" --client a --max-members 1 --total-num-mbufs 511
	for round in $(seq 5); do
		start_member a --function io
		signal a KILL
		assert_exit_code a 137
	done
	start_member a --function io
	stop_with_term a
	stop_with_term primary
}

# test
members_of_two_groups_do_not_meet() {
	start_primary -- --port "$IDLE_PORT" --client a --total-num-mbufs 511
	spawn other "$HP_PRIMARY" --file-prefix other --huge-dir "$T/huge" --port "$IDLE_PORT" \
		--client a --total-num-mbufs 511
	wait_until 10 as_group "$HUGEPOD" probe --file-prefix other ready
	start_member a --function io
	spawn a2 "$HP_CLIENT" --file-prefix other --name a --function io
	wait_until 10 eval '[ "$(as_group "$HUGEPOD" ctl --file-prefix other --json show members |
		jq "[.members[] | select(.state == \"ready\")] | length")" = 1 ]'
	stop_with_term primary
	assert_exit_code a 75
	is_running other && is_running a2 || fail 'the other group ended, too'
	stop_with_term a2
	stop_with_term other
}
