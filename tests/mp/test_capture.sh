# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# hp-capture: what it writes is what passed, packet by packet; tshark reads all of it without a
# complaint; and whatever becomes of a capture, the traffic goes on. HP_CAPTURE_KILLS says how many
# captures are killed at random instants.

readonly PCAPDIFF=$BUILD/tests/tools/pcapdiff
readonly BADGUEST=$BUILD/tests/tools/badguest
readonly KILLS=${HP_CAPTURE_KILLS:-20}
IN=$ROOT/tests/data/real.pcap
FRAMES=$(capinfos -rTm -c "$IN" | cut -d , -f 2)

# Real traffic, once, when forwarding starts; the client says "next" of each frame.
once() { # [OPTIONS]
	start_primary -- --port "in=net_pcap0,rx_pcap=$IN" --port "out=net_pcap1,tx_pcap=$T/out/out.pcap" \
		--client fw --patch 'port:in>fw' --patch 'fw>port:out' --when-full wait \
		--auto-start=no "$@"
}
# 64-byte frames as fast as they go.
load() {
	start_primary -- --port in=net_null0 --port out=net_null1 --client fw --patch 'port:in>fw' \
		--patch 'fw>port:out' "$@"
	start_member fw --function io
}

# capture NAME OPTIONS...: as a process of a container of its own that has no hugepages.
capture() {
	local name=$1
	shift
	spawn -m "umount -l '$T/huge'" "$name" "$HP_CAPTURE" --file-prefix "$P" --name "$name" "$@"
	wait_until 5 capture_is_ready_or_gone "$name"
}
capture_is_ready_or_gone() { is_over "$1" || has_taps "$1"; }
has_taps() { [ "$(captures "$1" '.state')" != '' ] && [[ $(captures "$1" '.state') == ready* ]]; }
captures() { ctl_value "[.captures[] | select(.name == \"$1\") | $2] | map(tostring) | join(\" \")" show captures; }
end_capture() { # NAME: by SIGINT, as people do
	signal "$1" INT
	assert_exit_code "$1" 0
}

pass_all() {
	ctl start >/dev/null
	wait_until 10 all_are_out
}
all_are_out() {
	[ $(($(ctl_value '[.ports[].tx_packets] | add' show ports) + \
		$(ctl_value '[.drops[].packets] | add // 0' show drops))) -ge "$FRAMES" ]
}

# tshark's own reading of a file: no word on standard error, exit code 0.
reads_clean() {
	tshark -r "$1" -T fields -e frame.number >"$T/tshark.out" 2>"$T/tshark.err" ||
		fail "tshark: $1: $(cat "$T/tshark.err")"
	[ "$(grep -vc 'Running as user' "$T/tshark.err")" = 0 ] || fail "tshark: $(cat "$T/tshark.err")"
}
count() { capinfos -rTm -c "$1" | cut -d , -f 2; }

# of_tap FILE TAP OUT: the packets of one interface, as classic pcap
of_tap() { tshark -r "$1" -Y "frame.interface_name == \"$2\"" -F nsecpcap -w "$3" 2>/dev/null; }
same_frames() { "$PCAPDIFF" "$1" "$2" >"$T/diff" 2>&1 || fail "$3: $(head -c 1000 "$T/diff")"; }

end() {
	assert_conservation
	stop_with_term fw
	assert_pools_full
	stop_with_term primary
}

# test
each_tap_has_every_frame_and_its_counters_say_so() {
	once
	start_member fw --function io
	capture all -i port:in:rx -i link:fw -i port:out:tx -i drop -w "$T/out/all.pcapng" \
		--capture-comment 'four places'
	pass_all
	local tap
	for tap in port:in:rx link:fw:in link:fw:out port:out:tx; do
		assert_equal "$(ctl_value ".captures[] | select(.tap == \"$tap\") | [.seen, .captured, .lost] |
			join(\" \")" show captures)" "$FRAMES $FRAMES 0" "$tap"
	done
	end_capture all
	reads_clean "$T/out/all.pcapng"
	for tap in port:in:rx link:fw:in link:fw:out port:out:tx; do
		of_tap "$T/out/all.pcapng" "$tap" "$T/out/tap.pcap"
		same_frames "$IN" "$T/out/tap.pcap" "$tap"
	done
	capinfos "$T/out/all.pcapng" >"$T/info" 2>&1
	assert_file_holds "$T/info" 'Capture comment: *four places'
	assert_file_holds "$T/info" 'Strict time order: *True'
	# directions, and what the client said
	assert_equal "$(tshark -r "$T/out/all.pcapng" -Y 'frame.comment == "verdict: next"' 2>/dev/null | wc -l)" \
		"$FRAMES" 'packets with a verdict'
	assert_equal "$(tshark -r "$T/out/all.pcapng" -Y 'frame.packet_flags_direction == 2' 2>/dev/null | wc -l)" \
		$((2 * FRAMES)) 'outbound packets'
	# time is the wall clock's
	local age
	age=$(tshark -r "$T/out/all.pcapng" -c 1 -T fields -e frame.time_epoch 2>/dev/null |
		awk -v now="$EPOCHREALTIME" '{ d = now - $1; print (d > 0 && d < 30) ? "fresh" : d }')
	assert_equal "$age" fresh 'age of the first packet'
	end
}

# test
filters_and_lengths_are_libpcaps() {
	local filters=('tcp port 80' 'vlan and ip6' 'icmp or icmp6' 'not ip and not ip6' 'ip[6:2] & 0x3fff != 0'
		'greater 1000' 'ether[0] & 1 != 0' 'udp and host 10.0.0.1' 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0'
		'ip6 protochain 6' 'len <= 60 or arp' 'ip broadcast or not ip')
	local lengths=(0 64 14 60 0 96 1 128 0 54 0 200)
	filters[2]="icmp or icmp6$(printf ' or \n\thost 192.0.2.%d' {0..255})" # 4,900 characters
	local even=() odd=() file i
	once
	start_member fw --function io
	for ((i = 0; i < ${#filters[@]}; i += 2)); do
		even+=(-i port:in:rx -f "${filters[i]}" -s "${lengths[i]}")
		odd+=(-i port:in:rx -f "${filters[i + 1]}" -s "${lengths[i + 1]}")
	done
	capture f0 "${even[@]}" -w "$T/out/f0.pcapng"
	capture f1 "${odd[@]}" -w "$T/out/f1.pcapng"
	pass_all
	for i in 0 1; do
		end_capture "f$i"
		reads_clean "$T/out/f$i.pcapng"
	done
	for i in "${!filters[@]}"; do
		file=$T/out/f$((i % 2)).pcapng
		tcpdump -r "$IN" -w "$T/out/want.pcap" "${filters[i]}" 2>/dev/null
		if [ "${lengths[i]}" != 0 ]; then
			editcap -F pcap -s "${lengths[i]}" "$T/out/want.pcap" "$T/out/cut.pcap"
			mv "$T/out/cut.pcap" "$T/out/want.pcap"
		fi
		tshark -r "$file" -Y "frame.interface_id == $((i / 2))" -F nsecpcap -w "$T/out/got.pcap" 2>/dev/null
		assert_equal "$(count "$T/out/got.pcap")" "$(count "$T/out/want.pcap")" "${filters[i]}"
		[ "$(count "$T/out/want.pcap")" = 0 ] ||
			same_frames "$T/out/want.pcap" "$T/out/got.pcap" "${filters[i]}, ${lengths[i]}"
	done
	end
}

# test
what_libpcap_refuses_is_refused_in_its_words() {
	local filter words
	for filter in 'tcp prot 80' 'host 300.1.1.1' 'ip[' 'vlan and and' inbound 'ifindex 1' 'wlan type mgt'; do
		words=$(tcpdump -r "$IN" "$filter" 2>&1 >/dev/null | sed -n 's/^tcpdump: //p' | tail -n 1) || true
		[ -n "$words" ] || fail "libpcap takes '$filter'"
		! as_group "$HP_CAPTURE" -i port:0 -f "$filter" 2>"$T/err" || fail "took '$filter'"
		grep -qF -- "$words" "$T/err" || fail "'$filter': $(cat "$T/err"), libpcap says: $words"
	done
}

# test
a_drop_says_why_and_where() {
	once --client gone --policy drop
	start_member fw --function acl --set 'default=deny'
	capture drops -i drop -w "$T/out/drops.pcapng"
	capture acl -i drop:acl -w "$T/out/acl.pcapng"
	capture other -i drop:absent -w "$T/out/absent.pcapng"
	pass_all
	for i in drops acl other; do end_capture "$i"; done
	reads_clean "$T/out/drops.pcapng"
	assert_equal "$(tshark -r "$T/out/drops.pcapng" -Y 'frame.comment == "drop: acl at link fw"' 2>/dev/null |
		wc -l)" "$(ctl_value '.drops[] | select(.reason == "acl") | .packets' show drops)" 'acl drops'
	assert_equal "$(count "$T/out/acl.pcapng")" "$(count "$T/out/drops.pcapng")" 'drop:acl'
	assert_equal "$(count "$T/out/absent.pcapng")" 0 'drop:absent'
	# and they are the frames that the rule is about
	tshark -r "$T/out/drops.pcapng" -F nsecpcap -w "$T/out/got.pcap" 2>/dev/null
	tcpdump -r "$IN" -w "$T/out/want.pcap" 'ip or ip6 or (vlan and (ip or ip6))' 2>/dev/null
	same_frames "$T/out/want.pcap" "$T/out/got.pcap" drop
	end
}

# test
packets_of_a_client_that_dies_are_captured_as_dropped() {
	load
	capture drops -i drop:member-died -w "$T/out/drops.pcapng"
	signal_all fw STOP
	wait_until 5 eval '[ "$(ctl_value "[.links[].in_flight] | add" show links)" -gt 0 ]'
	signal fw KILL
	exit_code_of fw 5
	wait_until 5 eval '[ "$(ctl_value "[.links[].died_packets] | add" show links)" -gt 0 ]'
	end_capture drops
	reads_clean "$T/out/drops.pcapng"
	assert_equal "$(tshark -r "$T/out/drops.pcapng" -Y 'frame.comment == "drop: member-died at link fw"' \
		2>/dev/null | wc -l)" "$(ctl_value '[.links[].died_packets] | add' show links)" 'died packets'
	assert_conservation
	assert_pools_full
	stop_with_term primary
}

# test
files_end_rotate_and_compress_as_dumpcap_does_it() {
	once
	start_member fw --function io
	capture ring -i port:in:rx -b packets:500 -b files:3 -w "$T/out/ring.pcapng"
	capture five -i port:in:rx -c 5 -w "$T/out/five.pcapng"
	capture kb -i port:in:rx -a filesize:100 -w "$T/out/kb.pcapng"
	capture classic -i port:in:rx -P -w "$T/out/classic.pcap"
	capture gzip -i port:in:rx -w "$T/out/all.pcapng.gz"
	capture most -i port:in:rx -b filesize:200 -a files:2 -w "$T/out/most.pcapng"
	pass_all
	for i in five kb most; do assert_exit_code "$i" 0; done
	for i in ring classic gzip; do end_capture "$i"; done
	assert_equal "$(count "$T/out/five.pcapng")" 5 '-c 5'
	assert_equal "$(count "$T/out/classic.pcap")" "$FRAMES" classic
	same_frames "$IN" "$T/out/classic.pcap" classic
	[ "$(stat -c %s "$T/out/kb.pcapng")" -ge 100000 ] && [ "$(stat -c %s "$T/out/kb.pcapng")" -lt 102500 ] ||
		fail "-a filesize:100: $(stat -c %s "$T/out/kb.pcapng") bytes"
	reads_clean "$T/out/all.pcapng.gz"
	[ "$(head -c 2 "$T/out/all.pcapng.gz" | od -An -tx1)" = ' 1f 8b' ] || fail 'no gzip'
	zcat "$T/out/all.pcapng.gz" >"$T/out/all.pcapng"
	tshark -r "$T/out/all.pcapng" -F nsecpcap -w "$T/out/got.pcap" 2>/dev/null
	same_frames "$IN" "$T/out/got.pcap" gzip
	local files=("$T"/out/ring_*.pcapng)
	assert_equal "${#files[@]}" 3 'files of the ring'
	assert_equal "$(count "${files[0]}") $(count "${files[1]}")" '500 500' 'packets of a file'
	assert_equal "$(count "${files[2]}")" $((FRAMES % 500)) 'packets of the last file'
	[[ ${files[2]} =~ /ring_0000[67]_[0-9]{14}\.pcapng$ ]] || fail "name: ${files[2]}"
	files=("$T"/out/most_*.pcapng)
	assert_equal "${#files[@]}" 2 '-a files:2'
	for i in "${files[@]}" "$T"/out/ring_*.pcapng; do reads_clean "$i"; done
	end
}

# test
what_cannot_be_written_is_one_line_and_what_was_stays_readable() {
	load
	mkdir "$T/out/small"
	mount -t tmpfs -o "size=3M,mode=0777" none "$T/out/small"
	spawn full "$HP_CAPTURE" --file-prefix "$P" -q -i port:in:rx -w "$T/out/small/full.pcapng"
	assert_exit_code full 1
	assert_one_line_on_stderr full 'full.pcapng: No space left on device'
	reads_clean "$T/out/small/full.pcapng"
	[ "$(count "$T/out/small/full.pcapng")" -gt 10000 ] || fail "$(count "$T/out/small/full.pcapng") packets"
	rm "$T/out/small/full.pcapng"
	mount -o remount,size=200K "$T/out/small" # equal frames become small
	spawn fullgz "$HP_CAPTURE" --file-prefix "$P" -q -i port:in:rx -w "$T/out/small/full.pcapng.gz"
	assert_exit_code fullgz 1
	assert_one_line_on_stderr fullgz 'full.pcapng.gz: No space left on device'
	reads_clean "$T/out/small/full.pcapng.gz"
	umount "$T/out/small"
	spawn nowhere "$HP_CAPTURE" --file-prefix "$P" -q -w "$T/out/no/such/file"
	assert_exit_code nowhere 1
	assert_one_line_on_stderr nowhere 'no/such/file: No such file'
	(as_group "$HP_CAPTURE" --file-prefix "$P" -q -w - 2>"$T/out/pipe.err" || echo $? >"$T/pipe.rc") |
		head -c 300000 >"$T/out/head.pcapng"
	assert_equal "$(cat "$T/pipe.rc")" 1 'exit code of a closed pipe'
	assert_equal "$(cat "$T/out/pipe.err")" 'hp-capture: standard output: its reader has closed it'
	[ "$(tshark -r "$T/out/head.pcapng" 2>/dev/null | wc -l)" -gt 1000 ] || fail 'nothing came through the pipe'
	as_group "$HP_CAPTURE" --file-prefix "$P" -c 1000 -i port:in:rx -w - 2>/dev/null | tshark -r - 2>/dev/null |
		wc -l >"$T/piped"
	assert_equal "$(cat "$T/piped")" 1000 'packets through a pipe'
	end
}

# test
a_pipe_whose_reader_sleeps_costs_copies_and_can_be_left() {
	local before reader
	load
	as_group mkfifo "$T/out/fifo" "$T/out/other" "$T/out/third"
	spawn early "$HP_CAPTURE" --file-prefix "$P" -q -i port:in:rx -w "$T/out/fifo"
	sleep 0.2
	signal early INT # nobody has opened the other end
	assert_exit_code early 1 2
	assert_one_line_on_stderr early 'out/fifo: nobody reads it'
	bash -c 'exec sleep 1000' <"$T/out/fifo" 3<>"$T/out/other" 4<>"$T/out/third" &
	reader=$!
	spawn asleep "$HP_CAPTURE" --file-prefix "$P" -q -i port:in:rx -B 1 -w "$T/out/fifo"
	spawn timed "$HP_CAPTURE" --file-prefix "$P" -q -i port:in:rx -B 1 -a duration:0.5 -w "$T/out/other"
	wait_until 5 eval '[ "$(ctl_value "[.captures[] | select(.lost > 1000)] | length" show captures)" = 2 ]'
	before=$(ctl_value '[.ports[].tx_packets] | add' show ports)
	wait_until 5 eval '[ "$(ctl_value "[.ports[].tx_packets] | add" show ports)" -gt '"$before"' ]'
	signal asleep TERM
	assert_exit_code asleep 1 4 # 2 s for the reader to wake up
	assert_one_line_on_stderr asleep 'out/fifo: its reader takes nothing'
	assert_exit_code timed 1 4
	# told twice: at once
	spawn twice "$HP_CAPTURE" --file-prefix "$P" -q -i port:in:rx -B 1 -w "$T/out/third"
	wait_until 5 eval '[ "$(ctl_value "[.captures[] | select(.lost > 1000)] | length" show captures)" = 1 ]'
	signal twice INT
	sleep 0.2
	signal twice INT
	assert_exit_code twice 1 1
	kill "$reader"
	wait_until 5 eval '[ "$(ctl_value ".captures | length" show captures)" = 0 ]'
	end
}

# test
a_capture_that_is_killed_costs_the_traffic_nothing() {
	load
	capture bystander -i port:out:tx -s 14 -B 1 -w /dev/null
	local i before file
	for ((i = 0; i < KILLS; i++)); do
		file=/dev/null # reading what was written takes longer than the rest
		[ $((i % 5)) != 0 ] || file=$T/out/killed.pcapng
		spawn -k "k$i" "$HP_CAPTURE" --file-prefix "$P" --name "k$i" -q -B 4 -i port:in:rx \
			-i link:fw -i port:out -f 'ip or not ip' -w "$file"
		sleep "0.$(printf %03d $((RANDOM % 80)))"
		signal "k$i" KILL
		assert_exit_code "k$i" 137
		[ "$file" = /dev/null ] || readable_to_the_last_block "$file"
		rm -f "$T/out/killed.pcapng"
	done
	wait_until 5 eval '[ "$(ctl_value ".captures | length" show captures)" = 1 ]'
	is_running bystander || fail 'the other capture is gone'
	before=$(ctl_value '[.ports[].tx_packets] | add' show ports)
	wait_until 5 eval '[ "$(ctl_value "[.ports[].tx_packets] | add" show ports)" -gt '"$before"' ]'
	end_capture bystander
	# nothing of them is left in the primary: no memory that is mapped, no descriptor
	! grep -q hugepod_guest "/proc/${INNER[primary]}/maps" || fail 'memory of a dead capture is mapped'
	! find "/proc/${INNER[primary]}/fd" -lname "*memfd*" | grep -q . || fail 'memory of a dead capture is open'
	end
}
readable_to_the_last_block() {
	[ -s "$1" ] || return 0 # killed before it had written anything
	capinfos -c "$1" >/dev/null 2>"$T/capinfos.err" || true
	[ ! -s "$T/capinfos.err" ] || grep -q 'cut short in the middle' "$T/capinfos.err" ||
		fail "killed: $(cat "$T/capinfos.err")"
}

# test
a_memory_limit_that_is_too_small_is_told_before_it_kills() {
	local top=/sys/fs/cgroup/memory file=memory.limit_in_bytes
	if [ ! -d "$top" ]; then
		top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts) file=memory.max
		grep -qw memory "$top/cgroup.subtree_control" || echo +memory >"$top/cgroup.subtree_control" ||
			skip "cannot enable the memory controller in $top"
	fi
	load
	mkdir "$top/$CGROUP_NAME" || skip "cannot make a cgroup in $top"
	echo 12M >"$top/$CGROUP_NAME/$file"
	# shellcheck disable=SC2034 # spawn does
	CGROUP=$top/$CGROUP_NAME
	spawn big "$HP_CAPTURE" --file-prefix "$P" -q -i drop -w /dev/null
	spawn fits "$HP_CAPTURE" --file-prefix "$P" -q -i drop -B 4 -a duration:0.2 -w /dev/null
	# shellcheck disable=SC2034
	CGROUP=
	assert_exit_code big 78
	assert_one_line_on_stderr big "1 rings of 16 MiB do not fit into the memory limit of 12 MiB in .*/$file: --buffer-size 4 would"
	assert_exit_code fits 0
	end
}

# test
a_capture_that_breaks_the_rules_is_refused_or_hurts_itself() {
	load
	local way said
	for way in no-seals holes hugetlb read-only a-file wrong-size ring-too-big many-rings many-taps bad-tap \
		bad-reason far-filter jumping-filter unknown-port; do
		said=$(as_group "$BADGUEST" "$way" "$P" port:in:rx 2>&1) || fail "$way: $said"
		[[ $said == 'the memory of a guest: '* || $said == *'the group has no such port'* ||
			$said == 'mmap: '* ]] || fail "$way: $said"
	done
	said=$(as_group "$BADGUEST" scribble "$P" port:in:rx) || fail "scribble: $said"
	assert_equal "$said" opened scribble
	is_running primary || fail "the primary is gone: $(tail -n 5 "$T/out/primary.err")"
	assert_equal "$(ctl_value '.captures | length' show captures)" 0 'captures that are left'
	end
}

# test
the_end_of_the_group_ends_a_capture_with_all_that_passed() {
	once
	start_member fw --function io
	capture one -i port:in:rx -w "$T/out/one.pcapng"
	pass_all
	stop_with_term primary
	assert_exit_code one 75
	assert_file_holds "$T/out/one.err" 'the primary has shut down'
	exit_code_of fw 5
	reads_clean "$T/out/one.pcapng"
	assert_equal "$(count "$T/out/one.pcapng")" "$FRAMES"
	once
	start_member fw --function io
	capture two -i port:in:rx -w "$T/out/two.pcapng"
	pass_all
	signal primary KILL
	exit_code_of primary 5
	assert_exit_code two 75
	exit_code_of fw 5
	reads_clean "$T/out/two.pcapng"
	assert_equal "$(count "$T/out/two.pcapng")" "$FRAMES" 'after SIGKILL of the primary'
	forgive_files
}

# test
several_lanes_come_out_in_order_of_time() {
	start_primary -- --nb-cores 2 --port in=net_null0 --port out=net_null1 --port in2=net_null2 \
		--patch 'port:in>port:out' --patch 'port:in2>port:out' --total-num-mbufs 4095
	capture both -i port:in:rx -i port:in2:rx -s 64 -a packets:20000 -w "$T/out/both.pcapng"
	assert_exit_code both 0 20
	reads_clean "$T/out/both.pcapng"
	assert_equal "$(count "$T/out/both.pcapng")" 20000
	stop_with_term primary
}

# test
names_places_and_wrong_options_are_told() {
	load
	assert_file_holds <(as_group "$HP_CAPTURE" --file-prefix "$P" -D) '^1\. port:in:rx .*net_null0'
	assert_file_holds <(as_group "$HP_CAPTURE" --file-prefix "$P" -D) 'link:fw:out'
	assert_file_holds <(as_group "$HP_CAPTURE" -L) EN10MB
	assert_file_holds <(as_group "$HP_CAPTURE" -i 0 -f arp -d) 'jeq.*0x806'
	capture same -i 0 -i net_null1 -w /dev/null
	assert_equal "$(captures same .tap)" 'port:in:rx port:in:tx port:out:rx port:out:tx'
	assert_equal "$(ctl_value '.members[] | select(.name == "same") | .role' show members)" capture
	local wrong
	while read -r wrong; do
		# shellcheck disable=SC2086 # words
		! as_group "$HP_CAPTURE" --file-prefix "$P" -q $wrong >"$T/said" 2>&1 || fail "took $wrong"
		assert_equal "$(wc -l <"$T/said")" 1 "lines for $wrong: $(cat "$T/said")"
	done <<-WRONG
	-i port:nowhere -w /dev/null
	-i link:nobody -w /dev/null
	-i drop:nothing -w /dev/null
	-i link: -w /dev/null
	-s 300000
	-a duration:0
	-b files:3
	-b packets:1 -w -
	--name same -w /dev/null
	--name fw -w /dev/null
	WRONG
	end_capture same
	end
}
