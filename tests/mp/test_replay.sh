# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# hp-replay: what is in a file goes into the group, all of it, in order, when it is due; and whatever
# becomes of a replay, the traffic goes on.

readonly PCAPDIFF=$BUILD/tests/tools/pcapdiff
readonly BADGUEST=$BUILD/tests/tools/badguest
IN=$ROOT/tests/data/real.pcap
FRAMES=$(capinfos -rTm -c "$IN" | cut -d , -f 2)

group() { # [OPTIONS]: nothing comes in but what is replayed
	start_primary -- --port "in=net_ring0" --port "out=net_pcap1,tx_pcap=$T/out/out.pcap" \
		--client fw --patch 'port:in>fw' --patch 'fw>port:out' "$@"
}

# replay NAME OPTIONS...: in a container of its own that has no hugepages, to its end
replay() {
	local name=$1
	shift
	spawn -m "umount -l '$T/huge'" "$name" "$HP_REPLAY" --file-prefix "$P" --name "$name" "$@"
}
replayed() { ctl_value '[.replays[].packets] | add // 0' show replays; }

assert_out() { # FILE WHERE: the output is what FILE holds
	sleep 0.1
	"$PCAPDIFF" "$1" "$T/out/out.pcap" >"$T/diff" 2>&1 || fail "$2: $(head -c 1000 "$T/diff")"
}

end() {
	assert_conservation
	[ ! -v "OUTER[fw]" ] || stop_with_term fw
	assert_pools_full
	stop_with_term primary
}

# test
each_frame_arrives_wherever_it_is_put_in() {
	local point
	for point in port:out:tx port:in:rx link:fw:in link:fw:out 1; do
		group
		start_member fw --function io
		replay r -i "$point" -t "$IN"
		assert_exit_code r 0
		assert_file_holds "$T/out/r.err" "Packets sent: $FRAMES of $FRAMES,"
		assert_equal "$(replayed)" "$FRAMES" "$point"
		end
		assert_out "$IN" "$point"
	done
}

# test
loops_limits_and_filters_play_what_they_say() {
	group
	replay twice -i port:out -t -l 2 "$IN"
	assert_exit_code twice 0
	assert_equal "$(replayed)" $((2 * FRAMES)) '--loop 2'
	replay few -i port:out -t -l 0 -L 4000 -f 'tcp' "$IN"
	assert_exit_code few 0
	assert_equal "$(replayed)" $((2 * FRAMES + 4000)) '--limit'
	replay none -i port:out -t -l 0 -f 'udp port 1' "$IN"
	assert_exit_code none 0
	editcap -F pcapng "$IN" "$T/out/in.pcapng"
	replay ng -i port:out -t "$T/out/in.pcapng" "$IN"
	assert_exit_code ng 0
	assert_equal "$(replayed)" $((4 * FRAMES + 4000)) 'pcapng and pcap'
	gzip -k "$T/out/in.pcapng"
	replay gz -i port:out -t "$T/out/in.pcapng.gz"
	assert_exit_code gz 0
	assert_equal "$(replayed)" $((5 * FRAMES + 4000)) gzip
	end
}

# test
what_hp_capture_wrote_is_played_again() {
	group
	capture_of both -i port:out:tx -s 64 -i port:out:tx -w "$T/out/both.pcapng.gz"
	replay first -i port:out -t "$IN"
	assert_exit_code first 0
	signal both INT
	assert_exit_code both 0
	replay again -i port:out -t "$T/out/both.pcapng.gz" # of two lengths, compressed
	assert_exit_code again 0
	assert_file_holds "$T/out/again.err" "cut in the file, sent as they are there: $(tshark -r "$IN" \
		-Y 'frame.len > 64' 2>/dev/null | wc -l)\$"
	assert_equal "$(replayed)" $((3 * FRAMES)) 'packets of the file'
	# and while it is written
	as_group mkfifo "$T/out/fifo"
	start_member fw --function rxonly
	replay live -i link:fw:in -t "$T/out/fifo"
	capture_of cap -i port:out:tx -w "$T/out/fifo"
	replay more -i port:out:tx -t -L 100 "$IN"
	assert_exit_code more 0
	wait_until 5 eval '[ "$(replayed)" = $((3 * FRAMES + 200)) ]'
	signal live INT # the pipe has nothing now
	assert_exit_code live 0 2
	replay last -i port:out:tx -t -L 100 "$IN"
	assert_exit_code last 0
	assert_exit_code cap 1 # its reader has gone
	end
}
capture_of() { # NAME OPTIONS...
	spawn "$1" "$HP_CAPTURE" --file-prefix "$P" --name "$1" -q "${@:2}"
	wait_until 5 eval '[[ $(ctl_value "[.captures[] | select(.name == \"'"$1"'\") | .state] | join(\" \")" show captures) == ready* ]]'
}

# test
packets_go_when_they_are_due() {
	group
	local wrong
	# 400 packets at 1000 a second: 0.4 s, and the gaps are even
	spawn cap "$HP_CAPTURE" --file-prefix "$P" -q -i port:out:tx -w "$T/out/cap.pcapng"
	wait_until 5 eval '[ "$(ctl_value ".captures | length" show captures)" = 1 ]'
	replay even -i port:out -p 1000 -L 400 "$IN"
	assert_exit_code even 0
	signal cap INT
	assert_exit_code cap 0
	assert_file_holds "$T/out/even.err" 'late: [0-9]+, the latest by'
	wrong=$(tshark -r "$T/out/cap.pcapng" -T fields -e frame.time_relative 2>/dev/null |
		awk 'END { print ($1 > 0.35 && $1 < 0.8 && NR == 400) ? "" : NR " in " $1 " s" }')
	assert_equal "$wrong" '' 'packets at 1000 a second'
	# as recorded, ten times as fast: of the first half second 50 ms
	tshark -r "$IN" -Y 'frame.time_relative < 0.5' -F pcap -w "$T/out/half.pcap" 2>/dev/null
	local span began took
	span=$(tshark -r "$T/out/half.pcap" -T fields -e frame.time_relative 2>/dev/null | tail -n 1)
	began=$(now_ms)
	replay fast -i port:out -x 0.5 "$T/out/half.pcap"
	assert_exit_code fast 0
	took=$(($(now_ms) - began))
	awk -v took="$took" -v span="$span" 'BEGIN { exit !(took >= span * 2000) }' ||
		fail "half as fast as $span s took $took ms"
	end
}

# test
a_full_group_makes_packets_wait_and_loses_none() {
	group --when-full wait
	start_member fw --function io
	signal_all fw STOP
	replay r -i link:fw:in -t -B 1 "$IN"
	sleep 0.5
	is_running r || fail "it did not wait: $(cat "$T/out/r.err")"
	signal_all fw CONT
	assert_exit_code r 0
	end
	assert_out "$IN" 'after a wait'
}

# test
a_replay_that_dies_or_lies_harms_nobody() {
	group
	start_member fw --function io
	local i said
	for i in 1 2 3 4 5; do
		spawn -k "k$i" "$HP_REPLAY" --file-prefix "$P" -q -i port:in:rx -t -l 0 "$IN"
		sleep "0.$(printf %03d $((RANDOM % 120)))"
		signal "k$i" KILL
		assert_exit_code "k$i" 137
	done
	wait_until 5 eval '[ "$(ctl_value "[.members[] | select(.role == \"replay\")] | length" show members)" = 0 ]'
	said=$(as_group "$BADGUEST" replay-lies "$P" port:in:rx 2>&1) || fail "badguest: $said"
	[[ $said == *'what it wrote into its ring is no packet'* ]] || fail "badguest: $said"
	end
}

# test
what_cannot_be_played_is_told_in_one_line() {
	group
	head -c 1000 /dev/urandom >"$T/out/garbage"
	head -c 20000 "$IN" >"$T/out/cut.pcap"
	replay garbage -q "$T/out/garbage"
	assert_exit_code garbage 65
	assert_one_line_on_stderr garbage 'garbage: unknown file format'
	replay cut -q -t -i port:out "$T/out/cut.pcap"
	assert_exit_code cut 65
	assert_one_line_on_stderr cut 'cut.pcap: after [0-9]+ packets: truncated dump file'
	replay absent -q "$T/out/absent"
	assert_exit_code absent 65
	assert_one_line_on_stderr absent 'absent: No such file'
	replay nowhere -q -i link:nobody "$IN"
	assert_exit_code nowhere 78
	assert_one_line_on_stderr nowhere "no client 'nobody'"
	replay filter -q -f 'tcp prot' "$IN"
	assert_exit_code filter 64
	replay both -q -t -p 5 "$IN"
	assert_exit_code both 64
	end
}

# test
the_end_of_the_group_ends_a_replay() {
	group
	replay r -q -i port:out -p 100 -l 0 "$IN"
	wait_until 5 eval '[ "$(replayed)" -gt 0 ]'
	stop_with_term primary
	assert_exit_code r 75
	assert_file_holds "$T/out/r.err" 'the primary has shut down'
}
