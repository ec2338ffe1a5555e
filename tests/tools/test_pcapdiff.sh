#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
#
# test_pcapdiff.sh PCAPDIFF CAPTURE: that the checker sees what it has to see.

set -euo pipefail
pcapdiff=$1 capture=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# expect CODE REGEX ARGUMENTS...
expect() {
	local rc=0 said
	said=$("$pcapdiff" "${@:3}" 2>&1) || rc=$?
	[ "$rc" = "$1" ] || { echo "pcapdiff ${*:3}: exit code $rc, expected $1: $said"; exit 1; }
	grep -qE "$2" <<<"$said" || { echo "pcapdiff ${*:3}: said '$said', expected /$2/"; exit 1; }
}

# change OFFSET BYTES: a copy with other bytes at an offset of the file
change() {
	cp "$capture" "$tmp/changed.pcap"
	printf '%b' "$2" | dd of="$tmp/changed.pcap" bs=1 seek="$1" conv=notrunc status=none
}

n=100 # frames in small.pcap
readonly FILE_HEADER=24 FRAME_HEADER=16 # octets, see pcap-savefile(5)
readonly FIRST_FRAME=$((FILE_HEADER + FRAME_HEADER))

expect 0 "$n frames, all as expected" "$capture" "$capture"
expect 0 "$n frames, all as expected" --any-order "$capture" "$capture"
expect 1 'frame 1 of the first and 1 of the second differ: octet 0 ' --transform macswap "$capture" "$capture"

change $((FIRST_FRAME + 20)) '\0377'
expect 1 'frame 1 .* octet 20 is 0xff, expected 0x' "$capture" "$tmp/changed.pcap"
expect 1 'octet 20 is' --transform mac "$capture" "$tmp/changed.pcap"
expect 1 'octet 20 is' --any-order "$capture" "$tmp/changed.pcap"

change "$FIRST_FRAME" '\01\02\03'
expect 1 'octet 0 is 0x01' "$capture" "$tmp/changed.pcap"
expect 0 'all as expected' --transform mac "$capture" "$tmp/changed.pcap"

# the length on the wire counts, too
change $((FILE_HEADER + 12)) '\0\020'
expect 1 'octets of 4096, expected' "$capture" "$tmp/changed.pcap"

# swapping twice is where it began: swap by hand, in the first frame of a one-frame file
size=$((FIRST_FRAME + $(od -An -tu4 -j $((FILE_HEADER + 8)) -N 4 "$capture")))
head -c "$size" "$capture" >"$tmp/one.pcap"
{
	head -c "$FIRST_FRAME" "$tmp/one.pcap"
	dd if="$tmp/one.pcap" bs=1 skip=$((FIRST_FRAME + 6)) count=6 status=none
	dd if="$tmp/one.pcap" bs=1 skip="$FIRST_FRAME" count=6 status=none
	tail -c +$((FIRST_FRAME + 13)) "$tmp/one.pcap"
} >"$tmp/swapped.pcap"
expect 0 '1 frames, all as expected' --transform macswap "$tmp/one.pcap" "$tmp/swapped.pcap"
expect 1 'differ' --transform io "$tmp/one.pcap" "$tmp/swapped.pcap"

# missing frames, another order, files that are none
expect 1 "has $n frames, .* has 1" "$capture" "$tmp/one.pcap"
{
	head -c "$FILE_HEADER" "$capture"
	tail -c +$((size + 1)) "$capture"
	tail -c +$((FILE_HEADER + 1)) "$tmp/one.pcap"
} >"$tmp/turned.pcap"
expect 1 'frame 1 of the first and 1 of the second differ' "$capture" "$tmp/turned.pcap"
expect 0 "$n frames" --any-order "$capture" "$tmp/turned.pcap"
head -c $((size - 1)) "$capture" >"$tmp/cut.pcap"
expect 2 'frame 1' "$capture" "$tmp/cut.pcap"
expect 2 'nowhere' "$capture" "$tmp/nowhere.pcap"
expect 2 '^usage' --transform nonsense "$capture" "$capture"
expect 2 '^usage' "$capture"
