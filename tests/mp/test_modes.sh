# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Forward modes beside testpmd's: the same frames go into both, and what comes out is compared byte by
# byte. docs/functions.md says where they differ, and why.

# mac is first: it names ports, and theirs have to be number 0 and 1 as ours.
readonly SAME_MODES='mac io macswap 5tswap noisy rxonly'
MODES="$SAME_MODES csum icmpecho"
SMALL=$ROOT/tests/data/small.pcap

# For each line "MODE DIRECTION FRAMES [behind-macs] [ipv4]" of a file: do both programs' files hold the same
# frames, behind the MAC addresses, or those that are ARP and IPv4? The last byte of net_pcap's own
# address counts ports. A file that is not there: nothing was sent. Prints the number of lines.
compare() {
	python3 - "$T" "$1" <<-'END'
		import os, re, struct, sys
		def frames(path, words):
		    data = open(path, "rb").read() if os.path.exists(path) else b""
		    at = 24
		    while at < len(data):
		        (size,) = struct.unpack_from("<I", data, at + 8)
		        frame = data[at + 16:at + 16 + size]
		        at += 16 + size
		        kind = frame[16:18] if frame[12:14] == b"\x81\x00" else frame[12:14]
		        if "ipv4" in words and kind not in (b"\x08\x00", b"\x08\x06"):
		            continue
		        frame = frame[12:] if "behind-macs" in words else frame
		        yield re.sub(b"\x02pcap.", b"\x02pcap", frame, flags=re.S)
		lines = open(sys.argv[2]).read().splitlines()
		for line in lines:
		    mode, way, number, *words = line.split()
		    theirs, ours = (list(frames(f"{sys.argv[1]}/{who}/{mode}.{way}", words))
		                    for who in ("theirs", "ours"))
		    same = sum(t == o for t, o in zip(theirs, ours))
		    if not len(theirs) == len(ours) == same == int(number):
		        sys.exit(f"mode {mode}: testpmd sends {len(theirs)} frames {way}, we {len(ours)}, "
		                 f"{same} are the same, expected {number}")
		print(len(lines))
	END
}

# without_fragments IN OUT [spoil]: frames that are no IPv4 fragment, in which testpmd takes payload for a
# header; spoil: the IPv4 header's checksum wrong in each third, that of UDP or TCP in each fifth.
without_fragments() {
	python3 - "$@" <<-'END'
		import struct, sys
		data = open(sys.argv[1], "rb").read()
		out, at, n = bytearray(data[:24]), 24, 0
		while at < len(data):
		    (size,) = struct.unpack_from("<I", data, at + 8)
		    record = bytearray(data[at:at + 16 + size])
		    at += 16 + size
		    frame = memoryview(record)[16:]
		    if bytes(frame[12:14]) == b"\x08\x00":
		        if frame[20] & 0x3f or frame[21]:
		            continue
		        n += 1
		        l4 = 14 + 4 * (frame[14] & 15) + {6: 16, 17: 6}.get(frame[23], 0)
		        if len(sys.argv) > 3 and n % 3 == 0:
		            frame[25] ^= 0x55
		        if len(sys.argv) > 3 and n % 5 == 0 and frame[23] in (6, 17) and l4 + 1 < len(frame):
		            frame[l4 + 1] ^= 0x55
		    out += record
		open(sys.argv[2], "wb").write(out)
	END
}

input_of() {
	case $1 in
	csum) echo "$T/out/spoilt.pcap" ;;
	icmpecho) echo "$T/out/whole.pcap" ;;
	*) echo "$SMALL" ;;
	esac
}
frames_in() { capinfos -rTm -c "$(input_of "$1")" | cut -d , -f 2; }

they_received() { # PORT FRAMES
	printf 'show port stats %d\n' "$1" >&5
	sleep 0.02
	grep -A 1 "statistics for port $1 " "$T/out/testpmd.out" | grep -q "RX-packets: $2 "
}

# All modes in one testpmd, each on a pair of ports of its own.
run_testpmd() {
	local mode pid n=0 vdevs=()
	command -v dpdk-testpmd >/dev/null || skip 'dpdk-testpmd is not installed'
	for mode in $MODES; do
		vdevs+=(--vdev "net_pcap$n,rx_pcap=$(input_of "$mode"),tx_pcap=$T/theirs/$mode.back"
			--vdev "net_pcap$((n + 1)),tx_pcap=$T/theirs/$mode.on")
		n=$((n + 2))
	done
	mkfifo "$T/commands"
	exec 5<>"$T/commands"
	RUNTIME_DIRECTORY=$T/theirs timeout 40 dpdk-testpmd -l 0-1 --no-huge --no-shconf --no-telemetry --no-pci \
		-m 128 "${vdevs[@]}" -- -i --no-flush-rx --total-num-mbufs=8192 \
		<"$T/commands" >"$T/out/testpmd.out" 2>"$T/out/testpmd.err" &
	pid=$!
	wait_until 10 grep -q 'testpmd>' "$T/out/testpmd.out"
	n=0
	for mode in $MODES; do
		printf 'set portlist %d,%d\nset fwd %s\nstart\n' "$n" $((n + 1)) "$mode" >&5
		wait_until 5 they_received "$n" "$(frames_in "$mode")"
		echo stop >&5
		n=$((n + 2))
	done
	echo quit >&5
	wait "$pid" || fail "testpmd: exit code $?"
	exec 5>&-
	rm -rf "$T/theirs/dpdk"
}

run_ours() { # MODE
	start_primary -- --vdev "net_pcap0,rx_pcap=$(input_of "$1"),tx_pcap=$T/ours/$1.back" \
		--vdev "net_pcap1,tx_pcap=$T/ours/$1.on" --forward-mode "$1"
	wait_until 5 eval '[ "$(ctl_value "[.ports[].rx_packets] | add" show ports)" = '"$(frames_in "$1")"' ]'
	assert_conservation
	stop_with_term primary
}

# test
each_forward_mode_sends_what_testpmds_sends() {
	local mode
	mkdir "$T/theirs" "$T/ours"
	chmod 0777 "$T/ours"
	without_fragments "$SMALL" "$T/out/whole.pcap"
	without_fragments "$ROOT/tests/data/real.pcap" "$T/out/spoilt.pcap" spoil
	run_testpmd
	for mode in $MODES; do run_ours "$mode"; done
	{
		for mode in $SAME_MODES; do
			echo "$mode on $([ "$mode" = rxonly ] && echo 0 || echo 100)"
			echo "$mode back 0"
		done
		echo "csum on $(frames_in csum) behind-macs" # testpmd's sets them as its mode mac
		echo 'icmpecho back 6 ipv4' # ours answers IPv6 as well
	} >"$T/comparisons"
	assert_equal "$(compare "$T/comparisons")" 14 'comparisons'
	! cmp -s "$T/ours/csum.on" "$T/out/spoilt.pcap" || fail 'no checksum was mended'
}
