# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# The harness itself, shown with DPDK's own programs: that it sees what it has to see.

testpmd_primary() {
	spawn stock dpdk-testpmd --no-pci --file-prefix "$P" --huge-dir "$T/huge" -m 64 \
		--vdev net_null0 --lcores '(0-1)@0' -- --stats-period 1 --no-mlockall \
		--total-num-mbufs 2048
	wait_until 20 grep -q 'Press enter\|Port statistics' "$T/out/stock.out"
}

# test
a_stock_primary_runs_without_root_and_capabilities_as_pid_1() {
	testpmd_primary
	assert_equal "$(awk '/^NSpid/ { print $NF }' "/proc/${INNER[stock]}/status")" 1 'its own PID'
	assert_equal "$(awk '/^Uid/ { print $2 }' "/proc/${INNER[stock]}/status")" \
		"$UID_OF_GROUP" 'its user'
	assert_equal "$(awk '/^CapBnd/ { print $2 }' "/proc/${INNER[stock]}/status")" \
		0000000000000000 'its capabilities'
	[ "$(pages_in_use)" -gt 0 ] || fail 'it uses no page of the test'
	stop_with_term stock
	forgive_files
}

# test
a_process_that_is_left_is_found() {
	spawn forgotten sleep 1000
	(assert_nothing_left) 2>"$T/said" && fail 'not found'
	assert_file_holds "$T/said" 'sleep 1000'
	assert_file_holds "$T/said" 'forgotten was started and never ended'
	signal forgotten KILL
	assert_exit_code forgotten 137
}

# test
a_file_and_a_hugepage_that_are_left_are_found() {
	testpmd_primary
	signal stock KILL
	assert_exit_code stock 137
	(assert_nothing_left) 2>"$T/said" && fail 'not found'
	assert_file_holds "$T/said" '/huge/.*map_'
	assert_file_holds "$T/said" '/run/dpdk/mp/config'
	assert_file_holds "$T/said" 'hugepages without a file'
	forgive_files
}

# test
the_hugetlb_limit_binds_what_spawn_starts() {
	with_hugetlb_limit $((10 << 20))
	spawn stock dpdk-testpmd --no-pci --file-prefix "$P" --huge-dir "$T/huge" -m 64 \
		--vdev net_null0 --lcores '(0-1)@0' -- --total-num-mbufs 2048
	exit_code_of stock 20
	[ "$RC" != 0 ] || fail 'testpmd got 64 MiB under a limit of 10 MiB'
	forgive_files
	assert_equal "$(hugetlb_bytes)" 0 'bytes charged'
}

# test
a_failed_assertion_says_where() {
	(assert_equal 1 2 'the number') 2>"$T/said" && fail 'it passed'
	assert_file_holds "$T/said" "the number: got '1', expected '2'"
	assert_file_holds "$T/said" 'test_harness.sh:[0-9]+ in a_failed_assertion_says_where'
}
