# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# End to end with the kernel: two hosts, network namespaces of their own, that reach each other through
# a group alone. ping, a DNS query, iperf3.

readonly NET_CAPS=,+net_admin,+net_raw
HOSTS=()

host() { # NUMBER: a network namespace; its process is HOSTS[NUMBER]
	unshare --net sleep 120 </dev/null &
	HOSTS[$1]=$!
	wait_until 5 eval '[ "$(readlink "/proc/${HOSTS['"$1"']}/ns/net")" != "$(readlink /proc/self/ns/net)" ]'
}
at() { local n=$1; shift; nsenter -t "${HOSTS[n]}" -n "$@"; }
# connect HOST DEVICE: of the primary's namespace, becomes the host's interface
connect() {
	nsenter -t "${INNER[primary]}" -n ip link set "$2" netns "${HOSTS[$1]}" name eth0
	# Nobody fills in a checksum that the sender left to a device.
	at "$1" ethtool -K eth0 tx off >/dev/null 2>&1 || true
	at "$1" ip addr add "10.9.0.$(($1 + 1))/24" dev eth0
	at "$1" ip link set lo up
	at "$1" ip link set eth0 up
}

talk_to_each_other() {
	local dns iperf # a function in the background would hide the PID: nsenter becomes the program
	wait_until 10 at 0 ping -c 1 -W 1 10.9.0.2
	at 0 ping -c 20 -i 0.01 -W 2 10.9.0.2 >"$T/out/ping" || fail "ping: $(cat "$T/out/ping")"
	assert_file_holds "$T/out/ping" ' 0% packet loss'

	nsenter -t "${HOSTS[1]}" -n dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
		--listen-address=10.9.0.2 --bind-interfaces --address=/hugepod.test/192.0.2.7 >"$T/out/dns" 2>&1 &
	dns=$!
	wait_until 5 at 0 dig +short +tries=1 +time=1 @10.9.0.2 hugepod.test
	assert_equal "$(at 0 dig +short +tries=2 +time=2 @10.9.0.2 hugepod.test)" 192.0.2.7 'answer of the DNS server'
	assert_equal "$(at 0 dig +tcp +short +tries=2 +time=2 @10.9.0.2 hugepod.test)" 192.0.2.7 'answer over TCP'
	kill "$dns"
	wait "$dns" || true

	at 1 iperf3 --server --one-off --bind 10.9.0.2 >"$T/out/iperf-server" 2>&1 &
	iperf=$!
	wait_until 5 at 1 sh -c 'ss -ltn | grep -q :5201'
	at 0 iperf3 --client 10.9.0.2 --time 1 --json >"$T/out/iperf" || fail "iperf3: $(tail -n 5 "$T/out/iperf")"
	wait "$iperf" || fail "iperf3's server: $(cat "$T/out/iperf-server")"
	[ "$(jq '.end.sum_received.bytes' "$T/out/iperf")" -gt 1000000 ] || fail "iperf3: $(jq .end.sum_received "$T/out/iperf")"
}

leave() { # MEMBER...
	local name pid
	for name in "$@"; do stop_with_term "$name"; done
	stop_with_term primary
	for pid in "${HOSTS[@]}"; do kill "$pid"; wait "$pid" || true; done
}

# test
two_hosts_talk_over_tap_devices_through_two_clients() {
	host 0
	host 1
	start_primary -c "$NET_CAPS" -- --port a=net_tap0 --port b=net_tap1 --total-num-mbufs 4095 \
		--client forth --client back --patch 'port:a>forth' --patch 'forth>port:b' --patch 'port:b>back' \
		--patch 'back>port:a'
	start_member forth --function csum
	start_member back --function io
	connect 0 dtap0
	connect 1 dtap1
	talk_to_each_other
	assert_conservation
	assert_equal "$(ctl_value '[.drops[] | select(.reason == "bad-csum") | .packets] | add // 0' show drops)" 0 'wrong checksums'
	leave forth back
}

# test
two_hosts_talk_over_packet_sockets_through_workers() {
	host 0
	host 1
	start_primary -c "$NET_CAPS" -m 'for i in 0 1; do
			ip link add in$i type veth peer name out$i; ip link set in$i up; done' -- \
		--port a=net_af_packet0,iface=in0 --port b=net_af_packet1,iface=in1 --total-num-mbufs 4095 --workers 2
	start_worker w0
	start_worker w1
	connect 0 out0
	connect 1 out1
	talk_to_each_other
	# Flows go on when their worker dies.
	signal w0 KILL
	assert_exit_code w0 137
	at 0 ping -c 5 -i 0.05 -W 2 10.9.0.2 >/dev/null || fail 'no ping after a death'
	signal w1 KILL
	assert_exit_code w1 137
	start_worker w2
	at 0 ping -c 5 -i 0.05 -W 2 10.9.0.2 >/dev/null || fail 'no ping through a new worker'
	assert_conservation
	leave w2
}
