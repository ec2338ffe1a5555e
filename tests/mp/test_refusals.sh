# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Each way in which a member or a primary is turned away: its exit code, and one sentence that says
# what to change. Whoever was there already goes on.

readonly EXIT_NO_PRIMARY=69 EXIT_PROTOCOL=76 EXIT_CONFIG=78
readonly KNOCK=$BUILD/tests/tools/knock
JOIN_SOCKET=$T/run/dpdk/$P/hp_join
DPDK="DPDK $(pkg-config --modversion libdpdk)"

one_port() {
	start_primary -- --port "$IDLE_PORT" --client a --client b --total-num-mbufs 511
}

# The group still works: a member can join and leave.
assert_group_serves() {
	start_member "${1:-a}" --function io
	stop_with_term "${1:-a}"
}

finish() { stop_with_term primary; }

# A refused member: exit code, one line.
refused_member() { # NAME CODE REGEX
	assert_exit_code "$1" "$2" 15
	assert_one_line_on_stderr "$1" "$3"
}

knock() { as_group "$KNOCK" "$JOIN_SOCKET" "$@"; }

# test
no_primary_within_the_wait_is_exit_code_69() {
	spawn_member a --wait-primary 300ms
	refused_member a $EXIT_NO_PRIMARY "no primary within 300 ms.*$T/run/dpdk/$P"
}

# test
a_runtime_directory_that_is_not_shared_is_named() {
	one_port
	spawn_member -m "mount -t tmpfs -o mode=0777 none $T/run" a --wait-primary 300ms
	refused_member a $EXIT_NO_PRIMARY "share its runtime directory"
	assert_group_serves
	finish
}

# test
a_runtime_directory_that_is_none_is_named() {
	local program
	for program in "$HP_CLIENT" "$BUILD/apps/capture/hp-capture"; do
		spawn a "$program" --file-prefix "$P" --runtime-dir /dev/null --wait-primary 300ms
		refused_member a $EXIT_CONFIG '/dev/null/dpdk/.*: Not a directory: expected .*--runtime-dir'
	done
}

# test
a_name_that_is_taken_is_refused() {
	one_port
	start_member a --function io
	spawn "second" "$HP_CLIENT" --file-prefix "$P" --name a --function io
	refused_member second $EXIT_CONFIG "'a' already.*--name"
	stop_with_term a
	finish
}

# test
another_uid_is_told_to_be_the_same() {
	one_port
	spawn_member -u 10002 a --function io --wait-primary 2s
	refused_member a $EXIT_CONFIG 'uid.*runAsUser'
	assert_group_serves
	finish
}

# test
another_dpdk_version_is_refused_with_both_versions() {
	one_port
	knock hello --dpdk 'DPDK 1.2.3' >"$T/answer"
	assert_file_holds "$T/answer" "^refused $EXIT_PROTOCOL .*DPDK 1.2.3.*$DPDK"
	assert_group_serves
	finish
}

# test
another_fingerprint_is_refused() {
	one_port
	knock hello --dpdk "$DPDK" --fingerprint $'op none\n' >"$T/answer"
	assert_file_holds "$T/answer" "^refused $EXIT_PROTOCOL "
	assert_group_serves
	finish
}

# test
another_protocol_version_is_refused() {
	one_port
	knock hello --version 999 >"$T/answer"
	assert_file_holds "$T/answer" "^refused $EXIT_PROTOCOL .*version"
	assert_group_serves
	finish
}

# test
a_huge_dir_at_another_path_is_named() {
	one_port
	spawn_member -m "mkdir -p $T/other && mount --move $T/huge $T/other 2>/dev/null ||
		{ mount --bind $T/huge $T/other && umount $T/huge; }" a --function io
	refused_member a $EXIT_CONFIG "$T/huge.*$T/other.*mountPath"
	assert_group_serves
	finish
}

# test
a_huge_dir_that_is_not_there_is_named() {
	one_port
	spawn_member -m "umount $T/huge" a --function io
	refused_member a $EXIT_CONFIG "$T/huge"
	assert_group_serves
	finish
}

# test
another_hugetlbfs_at_the_same_path_is_named() {
	one_port
	spawn_member -m "mount -t hugetlbfs -o pagesize=2M,mode=0777 none $T/huge" a --function io
	refused_member a $EXIT_CONFIG "$T/huge"
	assert_group_serves
	finish
}

# test
a_read_only_huge_dir_is_named() {
	one_port
	spawn_member -m "mount -o remount,bind,ro $T/huge $T/huge || mount --bind -o ro $T/huge $T/huge" \
		a --function io
	refused_member a $EXIT_CONFIG "$T/huge.*(writable|readOnly)"
	assert_group_serves
	finish
}

# test
an_eal_option_that_conflicts_with_the_lease_names_both_values() {
	one_port
	local option
	for option in "--huge-dir=/nowhere" --iova-mode=pa --base-virtaddr=0x1000000 \
		--eal=proc-type=primary --eal=no-huge --eal=in-memory --eal=in-mem --eal=legacy-mem; do
		spawn_member a --function io "$option"
		refused_member a $EXIT_CONFIG "$(sed 's/^--\(eal=\)\?//;s/=.*//' <<<"$option")"
	done
	# what agrees is no conflict
	start_member a --function io "--huge-dir=$T/huge"
	stop_with_term a
	finish
}

# test
a_group_that_is_full_says_which_number_to_raise() {
	start_primary -- --port "$IDLE_PORT" --client a --client b --client c --max-members 2 \
		--total-num-mbufs 511
	start_member a --function io
	start_member b --function io
	spawn_member c --function io
	refused_member c $EXIT_CONFIG '2 members.*--max-members'
	stop_with_term a
	assert_group_serves c
	stop_with_term b
	finish
}

# test
a_second_primary_is_refused_while_the_first_serves() {
	one_port
	spawn second "$HP_PRIMARY" --file-prefix "$P" --huge-dir "$T/huge" --port "$IDLE_PORT"
	refused_member second $EXIT_CONFIG "$P"
	assert_group_serves
	finish
}

# test
a_hugepage_limit_that_is_too_small_is_refused_with_the_numbers_before_a_page_is_touched() {
	with_hugetlb_limit $((4 << 20))
	spawn_primary -- --port "$IDLE_PORT" --total-num-mbufs 65535
	refused_member primary $EXIT_CONFIG '4194304|4 MiB|4\.0 MiB'
	assert_equal "$(hugetlb_bytes)" 0 'bytes charged'
}

# test
garbage_and_half_messages_are_answered_and_hurt_nobody() {
	one_port
	start_member b --function io
	local i
	for i in 1 2 3 4 5 6 7 8; do
		knock garbage >"$T/answer" || true
		assert_file_holds "$T/answer" '^(refused|closed)'
		knock half >"$T/answer" || true
		assert_file_holds "$T/answer" '^(refused|closed)'
	done
	assert_group_serves a
	is_running b || fail 'a member that was there has gone'
	stop_with_term b
	finish
}

# test
silence_on_the_socket_is_ended_and_holds_nobody_up() {
	one_port
	local i pids=() began
	for i in $(seq 40); do
		knock silence >"$T/silent.$i" 2>&1 &
		pids+=($!)
	done
	sleep 0.2
	began=$(now_ms)
	start_member a --function io
	[ $(($(now_ms) - began)) -lt 5000 ] || fail "a join took $(($(now_ms) - began)) ms meanwhile"
	stop_with_term a
	for i in "${pids[@]}"; do wait "$i" || true; done
	assert_file_holds "$T/silent.1" '^(refused|closed)'
	finish
}

# test
a_flood_on_the_socket_does_not_keep_members_out() {
	one_port
	knock flood --n 2000 >"$T/flood" 2>&1 &
	local flood=$!
	start_member a --function io
	stop_with_term a
	wait "$flood" || fail "the flood: $(cat "$T/flood")"
	assert_group_serves b
	finish
}

# test
a_member_that_hangs_while_it_attaches_holds_nobody_up_for_long() {
	one_port
	# a lease cannot be had without the right fingerprint: a real member, stopped, does
	spawn_member b --function io
	signal_all b STOP
	start_member a --function io
	signal b KILL
	assert_exit_code b 137
	stop_with_term a
	assert_group_serves b
	finish
}
