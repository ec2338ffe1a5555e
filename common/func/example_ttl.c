// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// ttl: age packets as a router does. docs/writing-a-client.md walks through this file.

#include "func/hp_func.h"
#include "func/hp_packet.h"

#include <rte_ip.h>

/** Decrement TTL or hop limit; false if the packet has reached its end. */
static bool age(struct rte_mbuf *m, const struct hp_packet *pkt)
{
	uint32_t off =
		pkt->l3_off + (pkt->ip_version == 4 ? offsetof(struct rte_ipv4_hdr, time_to_live)
						    : offsetof(struct rte_ipv6_hdr, hop_limits));
	uint32_t cksum_off = pkt->l3_off + offsetof(struct rte_ipv4_hdr, hdr_checksum);
	uint8_t ttl = *(const uint8_t *)rte_pktmbuf_read(m, off, sizeof(ttl), &ttl);
	uint8_t buf[2];
	const uint8_t *old;
	uint32_t sum;

	if (ttl <= 1)
		return false;
	ttl--;
	hp_packet_store(m, off, &ttl, sizeof(ttl));
	if (pkt->ip_version == 6) // has no header checksum
		return true;
	// One less in the upper byte of a word: one more in the sum's complement (RFC 1624).
	old = rte_pktmbuf_read(m, cksum_off, sizeof(buf), buf);
	sum = (uint32_t)(old[0] << 8 | old[1]) + 0x100;
	sum = (sum & 0xffff) + (sum >> 16);
	hp_packet_store(m, cksum_off, &(rte_be16_t){rte_cpu_to_be_16(sum)}, sizeof(rte_be16_t));
	return true;
}

static void ttl_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	struct hp_packet pkt;

	for (uint16_t i = 0; i < n; i++) {
		hp_packet_prefetch(pkts, n, i);
		if (hp_packet_parse(pkts[i], &pkt) < 0)
			verdicts[i] = hp_verdict_drop(HP_DROP_MALFORMED);
		else if (pkt.ip_version != 0 && !age(pkts[i], &pkt))
			verdicts[i] = hp_verdict_drop(HP_DROP_FUNCTION);
	}
}

static const struct hp_func ttl = {
	.name = "ttl",
	.summary = "decrement TTL or hop limit, drop what has expired",
	.burst = ttl_burst,
};

HP_FUNC_REGISTER(ttl)
