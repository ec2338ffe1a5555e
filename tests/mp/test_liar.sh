# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# A member that lies, as a process (tests/tools/liar.c). HP_LIAR_SECONDS=600 makes it the long run of
# docs/crash-contract.md.

readonly LIAR=$BUILD/tests/tools/liar
readonly LIAR_SECONDS=${HP_LIAR_SECONDS:-3}
# On a busy machine two measurements of the same differ that much: in percent of the first.
readonly RATE_AT_LEAST=33

primary_and_honest_member() {
	is_built "$LIAR"
	start_primary -- --port in=net_null0 --port out=net_null1 --client liar --client honest \
		--patch 'port:in>honest' --patch 'honest>port:out' \
		--patch 'port:out>liar' --patch 'liar>port:in' --total-num-mbufs 1535
	start_member honest --function io --respawn
}

# In the group's memory lies can hurt its other members; then one is started anew.
honest_member_again() {
	if is_over honest; then
		exit_code_of honest 1
		start_member honest --function io --respawn
	fi
	wait_until 20 member_is honest ready
}

honest_packets() { ctl_value '.ports[] | select(.name == "out") | .tx_packets' show ports; }

# Packets that the honest member forwards in 200 ms, the best of five: others may have the CPU.
honest_rate() {
	local before n best=0
	for _ in 1 2 3 4 5; do
		before=$(honest_packets)
		sleep 0.2
		n=$(($(honest_packets) - before))
		[ "$n" -le "$best" ] || best=$n
	done
	echo "$best"
}

# honest_forwards_again RATE
honest_forwards_again() {
	local rate
	rate=$(honest_rate)
	[ $((rate * 100)) -ge $(($1 * RATE_AT_LEAST)) ]
}

# tell_lies AREAS [SEED]: the primary is the same process afterwards, and all is well.
tell_lies() {
	local generation rate
	primary_and_honest_member
	generation=$(ctl_value .group.generation show group)
	rate=$(honest_rate)
	spawn liar "$LIAR" --file-prefix "$P" --seconds "$LIAR_SECONDS" --seed "${2:-1}" --areas "$1"
	exit_code_of liar $((LIAR_SECONDS + 20))
	[ "$RC" = 0 ] || fail "the liar ended with $RC: $(cat "$T/out/liar.out") $(tail -n 5 "$T/out/liar.err")"
	cat "$T/out/liar.out"
	is_running primary || fail "the primary is gone: $(tail -n 5 "$T/out/primary.err")"
	assert_equal "$(ctl_value .group.generation show group)" "$generation" generation
	honest_member_again
	[ "$rate" -gt 0 ] || fail 'the honest member forwarded nothing before any lie'
	wait_until 20 honest_forwards_again "$rate"
	# Whose memory was scribbled over may have gone another way than by leaving.
	signal honest TERM
	exit_code_of honest 5
	wait_until 5 nobody_is_left
	assert_pools_full
	stop_with_term primary
}
nobody_is_left() { [ "$(ctl_value '.members | length' show members)" = 0 ]; }

# test 700
lies_told_through_a_link_end_the_liar_alone() { tell_lies link,lent; }

# Not of packets that were lent: a liar whose ring of lends another liar has scribbled over would
# scribble over packets of others, which is not covered (docs/crash-contract.md).
# test 700
lies_in_all_of_the_groups_memory_do_not_end_the_primary() {
	tell_lies link,mail,slot,group,wire
}
