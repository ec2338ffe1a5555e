# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Each virtual device behind a group, through a primary with clients and through workers. Two ends that
# are joined by the device itself or by the kernel stand between a file that is read and one that is
# written: in > client > one end, the other end > client > out. Every frame has to come through.

readonly PCAPDIFF=$BUILD/tests/tools/pcapdiff
IN=$ROOT/tests/data/small.pcap
FRAMES=100
MBUFS=1023
readonly NET_CAPS=,+net_admin,+net_raw # what a pod's securityContext has to add for tap and af_packet
# The kernel's own packets (neighbour discovery) are none of ours.
QUIET='echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
VETH="$QUIET; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up"

tx_of() { ctl_value ".ports[] | select(.name == \"$1\") | .tx_packets" show ports; }
all_are_out() { [ "$(tx_of out)" -ge "$FRAMES" ]; }

# Buffers that stand in a device's ring are none that are missing: KEPT, where a device has one.
KEPT=0
pools_are_full() { [ "$(ctl_value '[.pools[].in_use] | add' show pools)" -le "$KEPT" ]; }

finish() { # MEMBER...
	local name
	wait_until 10 all_are_out
	assert_conservation
	for name in "$@"; do stop_with_term "$name"; done
	assert_pools_full
	stop_with_term primary
	"$PCAPDIFF" --transform io --any-order "$IN" "$T/out/out.pcap" >"$T/diff" 2>&1 ||
		fail "output: $(cat "$T/diff")"
}

# through [SPAWN-OPTIONS] -- END OTHER-END: devargs of the two
through() {
	local opts=()
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	local ports=(--port "in=net_pcap8,rx_pcap=$IN" --port "one=$2" --port "other=$3"
		--port "out=net_pcap9,tx_pcap=$T/out/out.pcap")
	local group=(--pdump=no --total-num-mbufs "$MBUFS" --auto-start=no)

	start_primary "${opts[@]}" -- "${ports[@]}" "${group[@]}" --client c0 --client c1 \
		--patch 'port:in>c0' --patch 'c0>port:one' --patch 'port:other>c1' --patch 'c1>port:out'
	start_member c0 --function macswap
	start_member c1 --function macswap
	begin
	finish c0 c1

	start_primary "${opts[@]}" -- "${ports[@]}" "${group[@]}" --workers 2
	assert_equal "$(ctl_value '[.ports[] | .way] | unique | join(" ")' show workers)" spread 'ways to the workers'
	start_worker w0 --function macswap
	start_worker w1 --function macswap
	begin
	finish w0 w1
}
# What has to happen once the devices are there.
begin() { sleep 0.2; ctl start >/dev/null; }

# test
net_null() {
	start_primary -- --vdev net_null0 --vdev net_null1 --total-num-mbufs 511 --mbuf-cache 128 \
		--client c0 --patch 'port:0>c0' --patch 'c0>port:1' --workers 1
	start_member c0 --function macswap
	wait_until 5 eval '[ "$(tx_of net_null1)" -gt 0 ]'
	assert_conservation
	stop_with_term c0
	stop_with_term primary
	start_primary -- --vdev net_null0 --vdev net_null1 --total-num-mbufs 511 --mbuf-cache 128 --workers 1
	assert_equal "$(ctl_value '[.ports[] | .way] | unique | join(" ")' show workers)" polled 'ways to the workers'
	start_worker w0 --function macswap
	wait_until 5 eval '[ "$(tx_of net_null0)" -gt 0 ] && [ "$(tx_of net_null1)" -gt 0 ]'
	assert_conservation
	stop_with_term w0
	assert_pools_full
	stop_with_term primary
}

# The ring that a packet is sent into is the one that it is received from.
# test
net_ring() {
	start_primary -- --port "in=net_pcap8,rx_pcap=$IN" --port ring=net_ring0 \
		--port "out=net_pcap9,tx_pcap=$T/out/out.pcap" --total-num-mbufs 1023 --auto-start=no \
		--client c0 --client c1 --patch 'port:in>c0' --patch 'c0>port:ring' --patch 'port:ring>c1' --patch 'c1>port:out'
	start_member c0 --function macswap
	start_member c1 --function macswap
	ctl start >/dev/null
	finish c0 c1
	start_primary -- --port "out=net_pcap8,rx_pcap=$IN,tx_pcap=$T/out/out.pcap" --port ring=net_ring0 \
		--total-num-mbufs 1023 --auto-start=no --workers 2
	start_worker w0 --function macswap
	start_worker w1 --function macswap
	ctl start >/dev/null
	finish w0 w1
}

# The kernel hands the driver fragments put together (PACKET_FANOUT_FLAG_DEFRAG): none of them here.
# test
net_af_packet() {
	tshark -r "$IN" -Y '!(ip.flags.mf == 1 || ip.frag_offset > 0)' -w "$T/out/whole.pcap" 2>/dev/null
	IN=$T/out/whole.pcap
	FRAMES=$(capinfos -rTm -c "$IN" | cut -d , -f 2)
	[ "$FRAMES" -gt 80 ] || fail "$FRAMES frames are left"
	through -c "$NET_CAPS" -m "$VETH" -- net_af_packet0,iface=v0 net_af_packet1,iface=v1
}

# test
net_tap() {
	MBUFS=2047 KEPT=1024 # 512 for each end
	begin() {
		in_net_of primary sh -c '
			tc qdisc replace dev dtap0 ingress
			tc filter add dev dtap0 parent ffff: protocol all u32 match u32 0 0 \
				action mirred egress redirect dev dtap1'
		ctl start >/dev/null
	}
	through -c "$NET_CAPS" -m "$QUIET" -- net_tap0 net_tap1
}
in_net_of() { local name=$1; shift; nsenter -t "${INNER[$name]}" -n "$@"; }

# test
net_memif() {
	through -- "net_memif0,role=server,id=0,socket=$T/run/memif.sock,socket-abstract=no" \
		"net_memif1,role=client,id=0,socket=$T/run/memif.sock,socket-abstract=no"
}

# test
virtio_user_with_vhost() {
	KEPT=512 # the receive ring, and what the transmit ring gives back with the next packets
	through -- "net_vhost0,iface=$T/run/vhost.sock" "net_virtio_user0,path=$T/run/vhost.sock"
}

# test
net_af_xdp() {
	MBUFS=8191 KEPT=8191 # its memory is the pool's; buffers come back in the kernel's own time
	through -c "$NET_CAPS,+bpf,+sys_admin,+ipc_lock" -m "$VETH" -- net_af_xdp0,iface=v0 net_af_xdp1,iface=v1
}
