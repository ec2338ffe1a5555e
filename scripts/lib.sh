# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash disable=SC2034
#
# What the scripts share: messages, the repository's root, where hugepages are. Sourced, runs nothing.

HP_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HP_HUGEPAGES=/sys/kernel/mm/hugepages/hugepages-2048kB

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
	warn "$*"
	exit 1
}

# step TITLE LOG COMMAND...: run it with its output in LOG, print how long it took; the log's end if
# it fails. HP_VERBOSE=1 shows the output as it comes.
step() {
	local title=$1 log=$2 began=$EPOCHREALTIME rc=0
	shift 2
	[ -t 1 ] && [ -z "${HP_VERBOSE:-}" ] && printf '%-46s ...\r' "$title"
	if [ -n "${HP_VERBOSE:-}" ]; then
		"$@" 2>&1 | tee "$log" || rc=${PIPESTATUS[0]}
	else
		"$@" >"$log" 2>&1 || rc=$?
	fi
	if [ "$rc" = 0 ]; then
		printf '%-46s ok      %6.1f s\n' "$title" "$(seconds_since "$began")"
	else
		printf '%-46s FAILED  %6.1f s (exit code %d, %s)\n' "$title" \
			"$(seconds_since "$began")" "$rc" "$log"
		[ -n "${HP_VERBOSE:-}" ] || tail -n 40 "$log" | sed 's/^/    /'
	fi
	return "$rc"
}

seconds_since() {
	awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

# Mount points of hugetlbfs with 2M pages that this mount namespace sees, one a line.
hugetlbfs_mounts() {
	awk '$3 == "hugetlbfs" && $4 ~ /pagesize=2M/ { print $2 }' /proc/mounts
}

# remove_cgroup NAME: of scripts/lib-group.sh; fails if processes are still in it.
remove_cgroup() {
	local path
	for path in /sys/fs/cgroup/*/"$1" /sys/fs/cgroup/"$1"; do
		[ -d "$path" ] || continue
		# a killed PID namespace takes a moment to die
		for _ in $(seq 50); do rmdir "$path" 2>/dev/null && break; sleep 0.1; done
		[ ! -d "$path" ] || return 1
	done
}
