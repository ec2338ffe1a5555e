# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash disable=SC2034
#
# A process dies at each of the points of common/base/hp_crash.h, once. The group forwards again
# without a hand, lost nothing, and ends as if nothing had been. Needs a build of its own, which
# scripts/test makes: meson setup build-crash -Dcrash_points=true.
#
# HP_CRASH_ONLY=NAME in the environment tries that point alone.

readonly RECOVER_S=3 # from a death until the group forwards again, on a machine that is ours
readonly TOKEN=$T/out/token
readonly KILLED=137 # a shell's word for SIGKILL

# points HOW: the names of those that are reached so
points() {
	tr -d '\\\n\t' <"$ROOT/common/base/hp_crash.h" |
		grep -oE 'X\([a-z_]+, *[a-z_]+, *"' | tr -d '",(' | awk -v how="$1" -v only="${HP_CRASH_ONLY:-}" '
		{ sub(/^X/, "", $1) }
		$2 == how && (only == "" || only == $1) { print $1 }'
}

# every_point HOW FUNCTION: a group of its own for each
every_point() {
	local point began build=$ROOT/build-crash
	[ -x "$build/apps/primary/hp-primary" ] ||
		skip 'build-crash is not there: meson setup build-crash -Dcrash_points=true && ninja -C build-crash'
	HP_PRIMARY=$build/apps/primary/hp-primary
	HP_CLIENT=$build/apps/client/hp-client
	HP_WORKER=$build/apps/worker/hp-worker
	HP_MESSAGE=$build/apps/message/hp-message
	HP_CAPTURE=$build/apps/capture/hp-capture
	HP_REPLAY=$build/apps/replay/hp-replay
	for point in $(points "$1"); do
		began=$(now_ms)
		POINT=$point
		PRIMARY_RESTARTS=0 C1_RESTARTS=0 OTHERS=''
		"$2"
		group_is_well_again
		tear_down
		printf '%-22s died, recovered after %4d ms, whole test %4d ms\n' "$point" "$RECOVERED_MS" \
			"$(($(now_ms) - began))"
	done
}

# at_point COMMAND...: what it starts is to die at the point, once the token is there
at_point() { HUGEPOD_CRASH_AT=$POINT:$TOKEN "$@"; }
arm() { : >"$TOKEN"; }
it_died() { [ ! -e "$TOKEN" ]; }
wait_for_death() { wait_until 5 it_died; DIED_MS=$(now_ms); }

primary() {
	spawn_primary -- --port in=net_null0 --port out=net_null1 --client c0 --client c1 --client c2 \
		--patch 'port:in>c0' --patch 'c0>c1' --patch 'c1>port:out' --total-num-mbufs 1023 \
		--respawn "$@"
}
member() { spawn_member "$1" --function io --respawn "${@:2}"; }
child_in() { child_of "${INNER[$1]}"; }

tx() { row_value "$(ctl show ports)" out tx_packets; }

# A machine that others keep busy too is that much slower: our own processes are a load of 2 a CPU.
recover_within() {
	awk -v s="$RECOVER_S" -v cpus="$(nproc)" '{
		busy = $1 / (2 * cpus)
		print s * (busy > 1 ? int(busy + 0.99) : 1) }' /proc/loadavg
}

# The right processes: the primary and c1 are as many starts old as they should be.
all_are_ready() {
	local group members rest name VALUE
	group=$(ctl show group) && members=$(ctl show members) || return 1
	[[ $group =~ \"restarts\":${PRIMARY_RESTARTS}[,}] ]] || return 1
	rest=$members
	for name in c0 c1 $OTHERS; do
		row_value "$members" "$name" state && [ "$VALUE" = ready ] || return 1
		rest=${rest/'"state":"ready"'/}
	done
	[[ $rest != *'"state":"ready"'* ]] || return 1 # somebody else
	[ "$C1_RESTARTS" -lt 0 ] || { row_value "$members" c1 restarts && [ "$VALUE" = "$C1_RESTARTS" ]; }
}
packets_move() {
	local before VALUE
	tx
	before=$VALUE
	sleep 0.01
	tx
	[ "$VALUE" -gt "$before" ]
}
is_well() { all_are_ready && packets_move; }

group_is_well_again() {
	wait_until_well "$(recover_within)"
	RECOVERED_MS=$(($(now_ms) - DIED_MS))
	assert_conservation
}
wait_until_well() {
	holds_within "$1" is_well ||
		fail "at point $POINT: not well within $1 s: $(ctl show group) $(ctl show members) $(tail -n 4 "$T"/out/*.err)"
}

tear_down() {
	local name
	ctl stop >/dev/null
	holds_within 3 pools_are_full || fail "at point $POINT: mbufs are missing: $(ctl show pools)"
	for name in "${!INNER[@]}"; do signal "$name" TERM; done
	for name in "${!INNER[@]}"; do
		exit_code_of "$name" 5
		[ "$RC" = 0 ] || [ "$RC" = 75 ] || fail "at point $POINT: $name ended with $RC"
	done
	holds_within 2 nothing_is_left || fail "at point $POINT: left behind: $(what_is_left)"
}

# A parent that is PID 1 takes its container with it: an orchestrator starts another one.
start_again_if_the_parent_died() { # NAME FUNCTION...
	[ "$POINT" != child_forked ] || return 1
	exit_code_of "$1" 3
	assert_equal "$RC" "$KILLED" "exit code of $1 at point $POINT"
	"${@:2}"
}

whole_group() { # with c1 or the primary at the point, whoever is named
	local who=$1
	shift
	case $who in
	primary) at_point primary "$@"; member c0; member c1 ;;
	c1) primary; member c0; at_point member c1 "$@" ;;
	esac
	wait_until_well 10
}

# ------------------------------------------------------------------------------------- how to get there

member_joins() { # [MEMBER that joins at the same time]
	primary
	member c0
	wait_until 10 member_is c0 ready
	arm
	at_point member c1
	C1_RESTARTS=1
	[ -z "${1:-}" ] || { OTHERS=" $1"; member "$1"; }
	wait_for_death
}
member_joins_beside_another() { member_joins c2; }

member_runs() {
	whole_group c1
	arm
	C1_RESTARTS=1
	wait_for_death
}

# A ping is a message to c1, and another one back.
ping_c1() {
	arm
	as_group "$HP_MESSAGE" --file-prefix "$P" --count 1 --timeout 300ms ping c1 >/dev/null 2>&1 || true
	wait_for_death
}
member_answers() { whole_group c1; ping_c1; C1_RESTARTS=1; }
primary_routes() { whole_group primary; ping_c1; PRIMARY_RESTARTS=1 C1_RESTARTS=-1; }

member_leaves() {
	whole_group c1
	arm
	signal c1 TERM
	wait_for_death
	assert_exit_code c1 "$KILLED"
	member c1
}

primary_dies_first() {
	kill -s KILL "$(child_in primary)"
	PRIMARY_RESTARTS=1
	C1_RESTARTS=-1 # exec, or once or twice by its parent, as the primary's start took
	wait_for_death
}
member_hears_of_a_death() { whole_group c1; arm; primary_dies_first; }
member_rejoins() { whole_group c1 --on-primary-loss=rejoin; arm; primary_dies_first; }

member_hears_of_the_end() {
	whole_group c1
	arm
	signal primary TERM
	wait_for_death
	assert_exit_code primary 0
	primary
	C1_RESTARTS=-1
}

parent_starts() {
	primary
	member c0
	wait_until 10 member_is c0 ready
	arm
	at_point member c1
	wait_for_death
	start_again_if_the_parent_died c1 member c1 || C1_RESTARTS=1 # it was the child
}
parent_of_primary_starts() {
	arm
	at_point primary
	member c0
	member c1
	wait_for_death
	start_again_if_the_parent_died primary primary || PRIMARY_RESTARTS=1
	C1_RESTARTS=-1
}
parent_reaps() {
	whole_group c1
	arm
	kill -s KILL "$(child_in c1)"
	wait_for_death
	start_again_if_the_parent_died c1 member c1 || fail 'the parent lives'
}

primary_starts() {
	arm
	at_point primary
	member c0
	member c1
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

primary_runs() {
	whole_group primary
	arm
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

primary_loses_a_member() { # [MEMBER that joins meanwhile]
	whole_group primary
	arm
	kill -s KILL "$(child_in c1)"
	[ -z "${1:-}" ] || { OTHERS=" $1"; member "$1"; }
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}
primary_loses_a_member_beside_another() { primary_loses_a_member c2; }

primary_loses_a_member_with_packets() {
	whole_group primary
	kill -s STOP "$(child_in c1)"
	sleep 0.02
	arm
	kill -s KILL "$(child_in c1)"
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

primary_lets_a_member_go() {
	whole_group primary
	arm
	signal c1 TERM
	wait_for_death
	exit_code_of c1 5
	member c1
	PRIMARY_RESTARTS=1
}

primary_evicts() {
	local stopped
	whole_group primary --stuck-after 300ms --evict-stuck
	arm
	stopped=$(child_in c1)
	kill -s STOP "$stopped"
	wait_for_death
	kill -s CONT "$stopped"
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

primary_ends() {
	whole_group primary
	arm
	signal primary TERM
	wait_for_death
	assert_exit_code primary "$KILLED"
	primary
	C1_RESTARTS=-1
}

# The same group with workers, which have three queues of two ports. Who comes first has them all.
worker_primary() {
	spawn_primary -- --port in=net_null0 --port out=net_null1 --workers 3 --total-num-mbufs 511 \
		--mbuf-cache 128 --respawn
}
worker() { spawn "$1" "$HP_WORKER" --file-prefix "$P" --name "$1" --function io --respawn; }
worker_group() { # with c1 or the primary at the point, whoever is named
	case $1 in
	primary) at_point worker_primary; worker c0; worker c1 ;;
	c1) worker_primary; worker c0; at_point worker c1 ;;
	esac
	wait_until_well 10
}

worker_joins() {
	worker_primary
	worker c0
	wait_until 10 member_is c0 ready
	arm
	at_point worker c1
	C1_RESTARTS=1
	wait_for_death
}

worker_runs() {
	worker_group c1
	arm
	C1_RESTARTS=1
	wait_for_death
}

worker_shares() {
	worker_primary
	at_point worker c1
	wait_until 10 member_is c1 ready
	arm
	worker c0
	C1_RESTARTS=1
	wait_for_death
}

primary_shares_out() {
	at_point worker_primary
	worker c1
	wait_until 10 member_is c1 ready
	arm
	worker c0
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

primary_repairs() {
	worker_group primary
	arm
	kill -s KILL "$(child_in c1)"
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

# Captures and replays. Another one does what the dead one did.
capture() { spawn k "$HP_CAPTURE" --file-prefix "$P" --name k -q -B 1 -i port:in:rx -w /dev/null; }
replay() { spawn k "$HP_REPLAY" --file-prefix "$P" --name k -q -i port:in:rx -l 0 -p 1000 "$ROOT/tests/data/real.pcap"; }
guest_group() { primary; member c0; member c1; wait_until_well 10; }
guest_dies() { # COMMAND...: what it was
	wait_for_death
	assert_exit_code k "$KILLED"
	"$@"
	OTHERS=' k'
}

guest_captures() { guest_group; arm; at_point capture; guest_dies capture; }
guest_replays() { guest_group; arm; at_point replay; guest_dies replay; }
guest_leaves() {
	guest_group
	at_point capture
	wait_until 10 member_is k ready
	arm
	signal k INT
	guest_dies capture
}

worker_is_captured() {
	worker_group c1
	arm
	capture
	C1_RESTARTS=1 OTHERS=' k'
	wait_for_death
}

primary_serves_a_capture() {
	worker_group primary
	arm
	capture
	wait_for_death
	exit_code_of k 5
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

primary_attaches() {
	whole_group primary
	arm
	ctl port attach net_null7 more >/dev/null 2>&1 || true # nobody answers any more
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

primary_detaches() {
	whole_group primary
	ctl port attach net_null7 more >/dev/null
	arm
	ctl port detach more >/dev/null 2>&1 || true
	wait_for_death
	PRIMARY_RESTARTS=1 C1_RESTARTS=-1
}

# ------------------------------------------------------------------------------------------- the tests

# test 300
a_member_dies_while_it_joins() { every_point member_join member_joins; }
# test 300
a_member_dies_while_it_joins_beside_another() { every_point member_join member_joins_beside_another; }
# test 150
a_member_dies_inside_eal() { every_point both_start member_joins; }
# test 150
a_member_dies_inside_eal_beside_another() { every_point both_start member_joins_beside_another; }
# test 150
a_member_dies_in_its_packet_loop() { every_point member_run member_runs; }
# test 150
a_worker_dies_while_it_joins() { every_point worker_join worker_joins; }
# test 150
a_worker_dies_with_packets() { every_point worker_run worker_runs; }
# test 150
a_worker_dies_while_it_gives_up_a_queue() { every_point worker_share worker_shares; }
# test 150
a_primary_dies_while_it_shares_out_queues() { every_point primary_share primary_shares_out; }
# test 150
a_primary_dies_while_it_mends_a_pool() { every_point primary_repair primary_repairs; }
# test 150
a_capture_dies() { every_point guest_capture guest_captures; }
# test 150
a_capture_dies_while_it_leaves() { every_point guest_leave guest_leaves; }
# test 150
a_replay_dies() { every_point guest_replay guest_replays; }
# test 150
a_worker_dies_while_it_is_captured() { every_point worker_tapped worker_is_captured; }
# test 150
a_primary_dies_while_a_capture_comes() { every_point primary_guest primary_serves_a_capture; }
# test 150
a_member_dies_with_a_message() { every_point both_mail member_answers; }
# test 150
a_member_dies_before_it_rings_for_a_message() { every_point member_mail member_answers; }
# test 150
a_primary_dies_with_a_message() { every_point both_mail primary_routes; }
# test 150
a_primary_dies_between_two_mailboxes() { every_point primary_mail primary_routes; }
# test 150
a_member_dies_while_it_leaves() { every_point member_leave member_leaves; }
# test 150
a_member_dies_when_it_hears_of_the_primarys_death() { every_point member_loss member_hears_of_a_death; }
# test 150
a_member_dies_before_it_rejoins() { every_point member_rejoin member_rejoins; }
# test 150
a_member_dies_when_it_hears_of_the_primarys_end() { every_point member_shutdown member_hears_of_the_end; }
# test 150
a_parent_of_a_member_dies_at_its_start() { every_point parent_start parent_starts; }
# test 300
a_parent_of_the_primary_dies_at_its_start() { every_point parent_start parent_of_primary_starts; }
# test 150
a_parent_dies_between_two_children() { every_point parent_reap parent_reaps; }
# test 300
a_primary_dies_while_it_starts() { every_point primary_start primary_starts; }
# test 300
a_primary_dies_inside_eal() { every_point both_start primary_starts; }
# test 150
a_primary_dies_while_it_forwards() { every_point primary_run primary_runs; }
# test 300
a_primary_dies_while_a_member_is_replaced() { every_point primary_rejoin primary_loses_a_member; }
# test 300
a_primary_dies_while_a_member_is_replaced_beside_another() {
	every_point primary_rejoin primary_loses_a_member_beside_another
}
# test 150
a_primary_dies_while_it_takes_packets_back() {
	every_point primary_reclaim primary_loses_a_member_with_packets
}
# test 150
a_primary_dies_while_a_member_leaves() { every_point primary_leave primary_lets_a_member_go; }
# test 150
a_primary_dies_while_it_evicts() { every_point primary_evict primary_evicts; }
# test 150
a_primary_dies_while_it_attaches_a_port() { every_point primary_attach primary_attaches; }
# test 150
a_primary_dies_while_it_detaches_a_port() { every_point primary_detach primary_detaches; }
# test 300
a_primary_dies_while_it_ends() { every_point primary_stop primary_ends; }

# test
each_point_is_tried_and_none_is_in_a_normal_build() {
	local how n=0 all
	while read -r how; do
		n=$((n + $(points "$how" | wc -l)))
	done < <(sed -n 's/.*every_point \([a-z]*_[a-z]*\) .*/\1/p' \
		"$ROOT/tests/mp/test_crash_points.sh" | sort -u)
	all=$(grep -rhoE 'HP_CRASH_POINT\([a-z_]+\);' "$ROOT/common" "$ROOT/apps" | sort -u | wc -l)
	assert_equal "$n" "$all" 'points that are tried, of those in the code'
	[ "$n" -ge 40 ] || fail "only $n points"
	# shellcheck disable=SC2153 # it is the normal build
	! grep -q HUGEPOD_CRASH_AT "$BUILD/apps/primary/hp-primary" "$BUILD/apps/client/hp-client" ||
		fail 'a normal build has crash points'
}

# test
the_page_about_crash_points_is_that_of_the_list() {
	"$ROOT/scripts/gen-crash-points" >"$T/page"
	diff "$ROOT/docs/crash-points.md" "$T/page" >&2 || fail 'run scripts/gen-crash-points >docs/crash-points.md'
}
