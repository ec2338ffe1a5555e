// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Symmetry comes from putting the two ends in order before hashing, not from XOR of the two: XOR
// would give all flows inside a subnet that differ in both ends alike the same hash.

#include "func/hp_flow.h"

#include <rte_ether.h>
#include <rte_hash_crc.h>

#include <string.h>

// Start values, so that a protocol number of one kind of packet is none of another kind.
enum {
	SEED_IP = 0x1000,
	SEED_FRAGMENT = 0x2000,
	SEED_ETHER = 0x3000,
};

static uint32_t hash_pair(uint64_t a, uint64_t b, uint32_t seed)
{
	uint32_t hash = rte_hash_crc_8byte(RTE_MIN(a, b), seed);

	return rte_hash_crc_8byte(RTE_MAX(a, b), hash);
}

static uint32_t hash_ipv6(const struct hp_packet *pkt, uint32_t seed)
{
	int order = memcmp(pkt->src.v6, pkt->dst.v6, sizeof(pkt->src.v6));
	bool swap = order > 0 || (order == 0 && pkt->src_port > pkt->dst_port);
	const union hp_addr *lo = swap ? &pkt->dst : &pkt->src;
	const union hp_addr *hi = swap ? &pkt->src : &pkt->dst;
	rte_be16_t lo_port = swap ? pkt->dst_port : pkt->src_port;
	rte_be16_t hi_port = swap ? pkt->src_port : pkt->dst_port;
	uint64_t words[4];
	uint32_t hash = rte_hash_crc_4byte((uint32_t)lo_port << 16 | hi_port, seed);

	memcpy(&words[0], lo->v6, sizeof(lo->v6));
	memcpy(&words[2], hi->v6, sizeof(hi->v6));
	for (unsigned int i = 0; i < RTE_DIM(words); i++)
		hash = rte_hash_crc_8byte(words[i], hash);
	return hash;
}

uint32_t hp_flow_hash_packet(const struct hp_packet *pkt)
{
	uint32_t seed = pkt->fragment ? SEED_FRAGMENT : SEED_IP + pkt->proto;

	// Where there are no ports, both are 0.
	if (pkt->ip_version == 6)
		return hash_ipv6(pkt, seed);
	return hash_pair((uint64_t)pkt->src.v4 << 16 | pkt->src_port,
		(uint64_t)pkt->dst.v4 << 16 | pkt->dst_port, seed);
}

static uint32_t hash_ether(const struct rte_mbuf *m)
{
	uint8_t buf[2 * RTE_ETHER_ADDR_LEN];
	const uint8_t *macs = rte_pktmbuf_read(m, 0, sizeof(buf), buf);
	uint64_t a = 0, b = 0;

	if (macs == NULL)
		return 0;
	memcpy(&a, macs, RTE_ETHER_ADDR_LEN);
	memcpy(&b, macs + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	return hash_pair(a, b, SEED_ETHER);
}

uint32_t hp_flow_hash(const struct rte_mbuf *m)
{
	struct hp_packet pkt;

	if (hp_packet_parse(m, &pkt) < 0 || pkt.ip_version == 0)
		return hash_ether(m);
	return hp_flow_hash_packet(&pkt);
}
