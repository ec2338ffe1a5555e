# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# The crash contract in short: scripts/soak with a few kills. docs/crash-contract.md has the long ones.

soak() {
	python3 "$ROOT/scripts/soak" --build "$BUILD" --pause 0.05 --seed 1 "$@" >"$T/out/soak.out" 2>"$T/out/soak.err" ||
		fail "soak $*: $(cat "$T/out/soak.out" "$T/out/soak.err")"
	assert_file_holds "$T/out/soak.out" '^kills=[1-9][0-9]* lost_mbufs=0 hung=0 bystanders_crashed=0 broken_links=0 left_behind=0 '
}

# test 120
clients_killed_at_random_lose_nothing() { soak --kills 25 --victim client --clients 4 --patience 15; }

# test 120
workers_killed_at_random_lose_nothing() { soak --kills 20 --victim worker --clients 3 --patience 15; }

# test 120
captures_killed_at_random_cost_nobody_anything() {
	soak --kills 8 --victim worker-capture --clients 2 --life 0.1 --patience 15
	assert_file_holds "$T/out/soak.out" ' taps_left=0 unreadable=0 taps_on=[1-9]'
}

# test 120
a_killed_primary_is_replaced_under_the_same_limit() { soak --kills 4 --victim primary --clients 2 --patience 20; }

# test 120
members_join_the_next_primary_by_themselves() {
	soak --kills 4 --victim primary --clients 2 --mode rejoin --patience 20
}

# test 120
everybody_comes_back_under_a_parent_of_its_own() {
	soak --kills 6 --victim any --clients 2 --mode respawn --patience 20
}

# test 120
a_member_killed_while_it_joins_holds_nobody_up() {
	soak --scenario kill-joining --rounds 4 --clients 3 --patience 15
}

# test 120
everything_killed_at_once_comes_back() { soak --scenario kill-all --rounds 2 --clients 3 --patience 20; }

# test 120
everything_ended_at_once_leaves_nothing_behind() {
	soak --scenario term-all --rounds 3 --clients 3 --patience 20
}
