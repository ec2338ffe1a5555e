# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Captures of what workers poll by themselves: each packet once, whoever holds the queue; and whatever
# becomes of a worker or of a capture, the other one goes on.

group() { # OPTIONS...: workers and no traffic yet
	start_primary -- --port in=net_null0 --port out=net_null1 --total-num-mbufs 511 --mbuf-cache 128 \
		--workers 2 --auto-start=no "$@"
}
# As a process of a container of its own that has no hugepages.
capture() { # NAME OPTIONS...
	local name=$1
	shift
	spawn -m "umount -l '$T/huge'" "$name" "$HP_CAPTURE" --file-prefix "$P" --name "$name" "$@"
	wait_until 5 eval "is_over $name || has_taps $name"
}
has_taps() { [[ $(ctl_value "[.captures[] | select(.name == \"$1\") | .state] | join(\" \")" show captures) == ready* ]]; }
seen() { ctl_value ".captures[] | select(.tap == \"$1\") | .seen" show captures; }
captured() { ctl_value ".captures[] | select(.tap == \"$1\") | .captured" show captures; }
lost() { ctl_value '[.captures[].lost] | add' show captures; }
end_capture() { # NAME: by SIGINT, as people do
	signal "$1" INT
	assert_exit_code "$1" 0
}
# A moment's packets, of which no capture loses one, if its ring has room for them.
a_moment() { ctl start >/dev/null && ctl stop >/dev/null; }

port() { ctl_value ".ports[] | select(.name == \"$1\") | .$2" show ports; }
queue() { ctl_value ".queues[$1].$2" show workers; }
queues_of() { ctl_value "[.queues[] | select(.holder == \"$1\" and .state == \"held\")] | length" show workers; }
holds() { [ "$(queues_of "$1")" = "$2" ]; }

# tshark's own reading of a file: no word on standard error, exit code 0; then, what is in it.
read_file() { # FILE
	tshark -r "$1" -T fields -e frame.interface_name -e frame.comment >"$T/frames" 2>"$T/tshark.err" ||
		fail "tshark: $1: $(cat "$T/tshark.err")"
	[ "$(grep -vc 'Running as user' "$T/tshark.err")" = 0 ] || fail "tshark: $(cat "$T/tshark.err")"
}
in_file() { awk -F '\t' -v tap="$1" -v comment="${2:-}" '$1 == tap && $2 ~ comment' "$T/frames" | wc -l; }

# test
each_packet_of_a_worker_is_in_the_file_once() {
	local tap file=$T/out/all.pcapng want
	group
	start_worker w0 --function noisy --set reads=1000
	start_worker w1 --function noisy --set reads=1000
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	capture all -B 64 -i port:in -i port:out:tx -i queue:0 -i queue:1:rx -w "$file"
	a_moment
	wait_until 5 eval '[ "$(seen queue:0:rx)" = "$(queue 0 rx_packets)" ]'
	[ "$(port in rx_packets)" -gt 0 ] || fail 'no packet came'
	while read -r tap want; do
		assert_equal "$(seen "$tap")" "$want" "packets that $tap saw"
		assert_equal "$(captured "$tap")" "$want" "packets that $tap captured"
	done < <(counters)
	assert_equal "$(lost)" 0 'lost'
	counters >"$T/counters"
	end_capture all
	read_file "$file"
	while read -r tap want; do
		assert_equal "$(in_file "$tap")" "$want" "packets of $tap in the file"
	done <"$T/counters"
	assert_conservation
	stop_with_term w0
	stop_with_term w1
	assert_pools_full
	stop_with_term primary
}
counters() {
	echo "port:in:rx $(port in rx_packets)"
	echo "port:in:tx $(port in tx_packets)"
	echo "port:out:tx $(port out tx_packets)"
	echo "queue:0:rx $(queue 0 rx_packets)"
	echo "queue:1:rx $(queue 1 rx_packets)"
}

# test
a_tap_follows_its_queue_from_holder_to_holder() {
	local i file=$T/out/all.pcapng
	group --policy bypass
	capture all -B 16 -s 64 -i port:in:rx -i queue:1:tx -w "$file"
	a_moment # of the primary's lane
	start_worker w0 --function noisy --set reads=500
	wait_until 2 holds w0 2
	a_moment
	start_worker w1 --function noisy --set reads=500 # has not been there when the capture came
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	a_moment
	stop_with_term w0
	wait_until 2 holds w1 2
	a_moment
	for i in port:in:rx queue:1:tx; do
		wait_until 2 eval '[ $(($(captured '$i') + $(lost_of '$i'))) = "$(seen '$i')" ]'
	done
	assert_equal "$(seen port:in:rx)" "$(port in rx_packets)" 'packets that port:in:rx saw'
	assert_equal "$(seen queue:1:tx)" "$(queue 1 tx_packets)" 'packets that queue:1:tx saw'
	captured port:in:rx >"$T/in" && captured queue:1:tx >"$T/queue"
	end_capture all
	read_file "$file"
	assert_equal "$(in_file port:in:rx)" "$(cat "$T/in")" 'packets of port:in:rx in the file'
	assert_equal "$(in_file queue:1:tx)" "$(cat "$T/queue")" 'packets of queue:1:tx in the file'
	assert_conservation
	stop_with_term w1
	stop_with_term primary
}
lost_of() { ctl_value ".captures[] | select(.tap == \"$1\") | .lost" show captures; }

# test
a_drop_in_a_worker_says_why_and_where() {
	local file=$T/out/drops.pcapng
	group
	start_worker w0 --function rxonly
	wait_until 2 holds w0 2
	capture drops -B 64 -s 64 -i drop -i drop:acl -w "$file"
	a_moment
	wait_until 2 eval '[ "$(seen drop)" = "$(drops)" ]'
	[ "$(drops)" -gt 0 ] || fail 'nothing was dropped'
	assert_equal "$(seen drop:acl)" 0 'packets that drop:acl saw'
	captured drop >"$T/want"
	end_capture drops
	read_file "$file"
	assert_equal "$(in_file drop '^drop: [a-z-]+ at port (in|out), queue [01]$')" \
		"$(cat "$T/want")" 'drops in the file'
	stop_with_term w0
	stop_with_term primary
}
drops() { ctl_value '[.drops[].packets] | add // 0' show drops; }

# test
a_worker_that_is_killed_leaves_a_whole_file() {
	local i file=$T/out/all.pcapng
	group
	start_worker w0 --function noisy --set reads=200 --respawn
	start_worker w1 --function noisy --set reads=200 --respawn
	capture all -i port:in -i queue:0 -i drop -s 64 -w "$file"
	ctl start >/dev/null
	for i in 1 2 3 4; do
		sleep "0.0$((RANDOM % 9))"
		kill -s KILL "$(child_of "${INNER[w$((i % 2))]}")"
		wait_until 5 eval 'holds w0 1 && holds w1 1'
	done
	ctl stop >/dev/null
	for i in port:in:rx port:in:tx queue:0:rx queue:0:tx; do
		[ "$(captured "$i")" -gt 0 ] || fail "$i saw nothing"
	done
	end_capture all
	# Millions: capinfos reads each block, tshark takes too long.
	capinfos -c "$file" >"$T/info" 2>"$T/capinfos.err"
	[ ! -s "$T/capinfos.err" ] || fail "capinfos: $(cat "$T/capinfos.err")"
	editcap -r "$file" "$T/out/first.pcapng" 1-20000 2>/dev/null
	read_file "$T/out/first.pcapng"
	assert_conservation
	stop_with_term w0
	stop_with_term w1
	assert_pools_full
	stop_with_term primary
}

# test
a_capture_that_is_killed_costs_the_workers_nothing() {
	local i before
	group
	start_worker w0 --function io
	start_worker w1 --function io
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	ctl start >/dev/null
	for ((i = 0; i < 8; i++)); do
		spawn -k "k$i" "$HP_CAPTURE" --file-prefix "$P" --name "k$i" -q -B 4 -i port:in -i queue:1 -i drop \
			-w /dev/null
		sleep "0.$(printf %03d $((RANDOM % 80)))"
		signal "k$i" KILL
		assert_exit_code "k$i" 137
	done
	wait_until 5 eval '[ "$(ctl_value ".captures | length" show captures)" = 0 ]'
	for i in 0 1; do
		before=$(queue "$i" rx_packets)
		wait_until 5 eval '[ "$(queue '"$i"' rx_packets)" -gt '"$before"' ]'
	done
	# nothing of them is left in a worker or in the primary: no memory that is mapped, no descriptor
	wait_until 2 no_memory_of_a_capture
	assert_conservation
	stop_with_term w0
	stop_with_term w1
	assert_pools_full
	stop_with_term primary
}
no_memory_of_a_capture() {
	local name
	for name in w0 w1 primary; do
		! grep -q hugepod_guest "/proc/${INNER[$name]}/maps" || return 1
		! find "/proc/${INNER[$name]}/fd" -lname '*hugepod_guest*' | grep -q . || return 1
	done
}

# test
a_worker_that_is_stopped_holds_up_no_capture() {
	local began
	group
	start_worker w0 --function io
	start_worker w1 --function io
	wait_until 2 eval 'holds w0 1 && holds w1 1'
	signal_all w0 STOP
	began=$(now_ms)
	capture all -i port:in:rx -w "$T/out/all.pcapng"
	end_capture all
	[ $(($(now_ms) - began)) -lt 8000 ] || fail "took $(($(now_ms) - began)) ms"
	signal_all w0 CONT
	wait_until 5 eval '[ "$(ctl_value ".workers[] | select(.name == \"w0\") | .state" show workers)" = live ]'
	capture again -i port:in:rx -B 64 -s 64 -w "$T/out/again.pcapng"
	a_moment
	wait_until 2 eval '[ "$(seen port:in:rx)" = "$(port in rx_packets)" ]'
	end_capture again
	stop_with_term w0
	stop_with_term w1
	stop_with_term primary
}

# test
queues_are_listed_and_wrong_ones_told() {
	local wrong
	group
	assert_file_holds <(as_group "$HP_CAPTURE" --file-prefix "$P" -D) '^[0-9]*\. queue:0:rx .received from worker queue 0'
	assert_file_holds <(as_group "$HP_CAPTURE" --file-prefix "$P" -D) 'queue:1:tx'
	while read -r wrong; do
		# shellcheck disable=SC2086 # words
		! as_group $wrong >"$T/said" 2>&1 || fail "took $wrong"
		assert_equal "$(wc -l <"$T/said")" 1 "lines for $wrong: $(cat "$T/said")"
	done <<-WRONG
	$HP_CAPTURE --file-prefix $P -i queue:2 -w /dev/null
	$HP_CAPTURE --file-prefix $P -i queue:01 -w /dev/null
	$HP_CAPTURE --file-prefix $P -i queue: -w /dev/null
	$HP_CAPTURE --file-prefix $P -i queue:0 -B 1024 -w /dev/null
	$HP_REPLAY --file-prefix $P -i queue:0 $ROOT/tests/data/small.pcap
	$HP_REPLAY --file-prefix $P -i port:in:tx $ROOT/tests/data/small.pcap
	WRONG
	stop_with_term primary
}
