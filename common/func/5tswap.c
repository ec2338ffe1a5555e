// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// 5tswap: exchange the two ends of a packet in every layer: MAC addresses, IP addresses, TCP and
// UDP ports, as testpmd's mode of that name. No checksum changes by it: a sum does not mind the
// order. SCTP's checksum is no sum, so SCTP keeps its ports.

#include "func/hp_func.h"
#include "func/hp_packet.h"

#include <rte_ip.h>

/** Exchange @p len bytes at @p off with those that follow them. */
static void swap_pair(struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint8_t buf[2 * sizeof(union hp_addr)], swapped[sizeof(buf)];
	const uint8_t *pair = rte_pktmbuf_read(m, off, 2 * len, buf);

	if (pair == NULL)
		return;
	memcpy(swapped, pair + len, len);
	memcpy(swapped + len, pair, len);
	hp_packet_store(m, off, swapped, 2 * len);
}

/** True where src and dst port stand at l4_off. The first fragment has them and has to be turned
 * like the rest of its datagram. */
static bool ports_to_swap(const struct hp_packet *pkt)
{
	if (pkt->proto != HP_IPPROTO_TCP && pkt->proto != HP_IPPROTO_UDP)
		return false;
	return pkt->l4_len >= 2 * sizeof(rte_be16_t) && (!pkt->fragment || pkt->first_fragment);
}

static void swap_packet(struct rte_mbuf *m)
{
	struct hp_packet pkt;

	hp_packet_swap_macs(m);
	if (hp_packet_parse(m, &pkt) < 0 || pkt.ip_version == 0)
		return;
	if (pkt.ip_version == 4)
		swap_pair(m, pkt.l3_off + offsetof(struct rte_ipv4_hdr, src_addr),
			sizeof(pkt.src.v4));
	else
		swap_pair(m, pkt.l3_off + offsetof(struct rte_ipv6_hdr, src_addr),
			sizeof(pkt.src.v6));
	if (ports_to_swap(&pkt))
		swap_pair(m, pkt.l4_off, sizeof(rte_be16_t));
}

static void fivetswap_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++) {
		hp_packet_prefetch(pkts, n, i);
		if (hp_packet_has_ether(pkts[i]))
			swap_packet(pkts[i]);
		else
			verdicts[i] = hp_verdict_drop(HP_DROP_MALFORMED);
	}
}

static const struct hp_func fivetswap = {
	.name = "5tswap",
	.summary = "exchange MAC addresses, IP addresses and ports",
	.burst = fivetswap_burst,
};

HP_FUNC_REGISTER(fivetswap)
