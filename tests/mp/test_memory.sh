# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# What --dry-run says is what the group then takes, to the page; and only the primary pays.

planned_pages() { # OPTIONS...
	as_group "$HP_PRIMARY" --dry-run --file-prefix "$P" --huge-dir "$T/huge" "$@" >"$T/plan" 2>"$T/said" ||
		fail "--dry-run: $(cat "$T/said")"
	awk '/^hugepages taken/ { print $4 }' "$T/plan"
}

takes_what_it_planned() { # OPTIONS...
	local pages
	pages=$(planned_pages "$@")
	assert_equal "$(find "$T/run" "$T/huge" -mindepth 1 | wc -l)" 0 'files of a dry run'
	start_primary -- "$@"
	start_member fw --function io
	assert_equal "$(pages_in_use)" "$pages" "pages of $*"
	assert_equal "$(hugetlb_bytes)" $((pages << 21)) 'bytes charged'
	assert_equal "$(ctl_value .hugepages.pages show memory)" "$pages" 'pages in "show memory"'
	assert_equal "$(ctl_value '.hugepages.bytes' show memory)" $((pages << 21)) 'bytes in "show memory"'
	[ "$(ctl_value '.hugepages.heap_used_bytes' show memory)" -le $((pages << 21)) ] || fail 'more used than there is'
	stop_with_term fw
	stop_with_term primary
	wait_until 5 eval '[ "$(pages_in_use)" = 0 ]'
}

# test
a_dry_run_says_what_the_group_then_takes() {
	with_hugetlb_limit $((1 << 30))
	local two=(--port in=net_null0 --port out=net_null1 --client fw)
	takes_what_it_planned "${two[@]}"
	takes_what_it_planned "${two[@]}" --total-num-mbufs 511
	takes_what_it_planned "${two[@]}" --total-num-mbufs 8191
	takes_what_it_planned "${two[@]}" --total-num-mbufs 8191 --mbuf-size 9728
	takes_what_it_planned "${two[@]}" --nb-cores 2
	takes_what_it_planned "${two[@]}" --max-members 64 --window 4096
	takes_what_it_planned --port in=net_null0 --client fw --total-num-mbufs 384 --max-members 1
}

# test
the_default_group_runs_under_10_mib() {
	with_hugetlb_limit $((10 << 20))
	takes_what_it_planned --port in=net_null0 --port out=net_null1 --client fw
}

# test
one_page_less_than_planned_is_refused_before_anything_is_touched() {
	local pages
	pages=$(planned_pages --port in=net_null0 --client fw --total-num-mbufs 4095)
	with_hugetlb_limit $(((pages - 1) << 21))
	spawn_primary -- --port in=net_null0 --client fw --total-num-mbufs 4095
	assert_exit_code primary 78
	assert_one_line_on_stderr primary 'limit'
	assert_equal "$(hugetlb_bytes)" 0 'bytes charged'
	rm -f "$T/run/dpdk/$P/hp_lock"
}

# test
the_memory_limit_option_is_kept() {
	spawn_primary -- --port in=net_null0 --client fw --total-num-mbufs 8191 --memory-limit 8MiB
	assert_exit_code primary 78
	assert_one_line_on_stderr primary '8388608|8 MiB'
}
