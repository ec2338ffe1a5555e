# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# The vocabulary of the tests, on top of scripts/lib-group.sh. tests/mp/run sources it and a topic's
# file, and calls one test function in namespaces of its own; see tests/mp/README.md. Everything below
# $T is the test's; ROOT is the repository.

# shellcheck source=scripts/lib-group.sh
. "${ROOT:?}/scripts/lib-group.sh"

# ---------------------------------------------------------------------------------------- verdicts

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	local i
	for ((i = 1; i < ${#FUNCNAME[@]} - 1; i++)); do
		printf '  at %s:%d in %s\n' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i - 1]}" \
			"${FUNCNAME[i]}" >&2
	done
	exit 1
}

# The machine lacks what the test needs. With CI=true that is a failure, see tests/mp/run.
skip() {
	printf '%s\n' "$*" >"$T/skipped"
	exit 77
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

assert_equal() { [ "$1" = "$2" ] || fail "${3:-values}: got '$1', expected '$2'"; }
assert_file_holds() { grep -qE -- "$2" "$1" || fail "$1 does not hold /$2/: $(head -c 2000 "$1")"; }

# assert_exit_code NAME CODE [SECONDS]
assert_exit_code() {
	exit_code_of "$1" "${3:-10}"
	[ "$RC" = "$2" ] || fail "$1 ended with exit code $RC, expected $2: $(tail -n 5 "$T/out/$1.err")"
}

# assert_one_line_on_stderr NAME REGEX: exactly one line, and it says that. Log lines count as well.
assert_one_line_on_stderr() {
	local n
	n=$(grep -c . "$T/out/$1.err" || true)
	[ "$n" = 1 ] || fail "$1 wrote $n lines on stderr, expected one: $(cat "$T/out/$1.err")"
	assert_file_holds "$T/out/$1.err" "$2"
}

stop_with_term() { # NAME [SECONDS]
	signal "$1" TERM
	assert_exit_code "$1" 0 "${2:-5}"
}

# ------------------------------------------------------------------------------------------ the end

# What must hold after every test: nothing runs, nothing is left in memory or in a directory. What has
# just been told to end gets a moment.
assert_nothing_left() {
	local left
	holds_within 2 nothing_is_left || {
		left=$(what_is_left)
		[ -z "$left" ] || fail "left behind: $left"
	}
}
nothing_is_left() { [ -z "$(what_is_left)" ]; }

what_is_left() {
	local pid name
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		# this shell, its parent that asks, and what dies while we look are no remains
		[ "$pid" = $$ ] || [ "$(ppid_of "$pid")" = "$BASHPID" ] || [ "$pid" = "$BASHPID" ] ||
			is_zombie "$pid" || [ ! -d "/proc/$pid" ] ||
			printf '\n  process %s: %s' "$pid" "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
	done
	for name in "${!OUTER[@]}"; do printf '\n  %s was started and never ended' "$name"; done
	while read -r name; do printf '\n  %s' "$name"; done < <(find "$T/huge" "$T/run" -mindepth 1 ! -type d)
	[ "$(pages_in_use)" = 0 ] || printf '\n  %s hugepages without a file' "$(pages_in_use)"
	if [ -n "$CGROUP" ] && [ "$(hugetlb_bytes)" != 0 ]; then
		printf '\n  %s bytes of hugepages charged to the cgroup' "$(hugetlb_bytes)"
	fi
}
ppid_of() { awk '/^PPid:/ { print $2 }' "/proc/$1/status" 2>/dev/null; }

# For a test that kills what cannot clean up any more: the rest is known and taken away by hand.
forgive_files() { find "$T/huge" "$T/run" -mindepth 1 -delete; }

# ---------------------------------------------------------------------------------------- the group

# member_is NAME STATE
member_is() {
	local VALUE
	row_value "$(ctl show members)" "$1" state && [ "$VALUE" = "$2" ]
}

# In = out + drops by reason + in flight: for the group, and for each link. Ports are not polled
# meanwhile, because counters that move cannot be added up.
assert_conservation() {
	ctl stop >/dev/null
	holds_within 5 conservation_holds || fail "packets got lost or multiplied: $(conservation)"
	ctl start >/dev/null
}

# What does not add up, in words; nothing if all is well.
conservation() {
	jq -rn --argjson p "$(ctl show ports)" --argjson l "$(ctl show links)" \
		--argjson d "$(ctl show detached)" --argjson r "$(ctl show replays)" '
		def sum(f): [f] | add // 0;
		[$p.ports[], $d.detached] as $ports |
		{ in: (sum($ports[] | .rx_packets + .copies) + sum($l.links[] | .copies + .made_packets) +
			sum($r.replays[] | .packets + .copies)),
		  out: sum($ports[].tx_packets),
		  dropped: (sum($ports[].dropped) + sum($l.links[].dropped) +
			sum($r.replays[].dropped)),
		  waiting: (sum($p.ports[].buffered) + sum($l.links[] | .in_flight + .held)) } as $g |
		(if $g.in == $g.out + $g.dropped + $g.waiting then empty
			else "group: \($g)" end),
		($l.links[] | if .lent_packets + .made_packets == .returned_packets + .in_flight + .died_packets
			then empty else "link \(.name): lent \(.lent_packets), returned " +
			"\(.returned_packets), in flight \(.in_flight), died \(.died_packets)" end)'
}
conservation_holds() { local said; said=$(conservation) && [ -z "$said" ]; }

# Once no member is left: every packet buffer is back in its pool.
assert_pools_full() {
	ctl stop >/dev/null
	holds_within 5 pools_are_full || fail "packet buffers are missing: $(ctl show pools)"
}
pools_are_full() {
	local pools
	pools=$(ctl show pools)
	[[ $pools == *'"in_use":0,'* && ! $pools =~ \"in_use\":[^0] ]]
}
