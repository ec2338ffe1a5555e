// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checksums over mbufs. DPDK's rte_raw_cksum() does the summing; its rte_raw_cksum_mbuf() is not
// used, because it loses the carry of a segment that begins at an odd offset.

#include "func/hp_cksum.h"

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <errno.h>

#define SUM_RIGHT 0xffff // what data sums up to with a right checksum in it

static uint16_t fold(uint32_t sum)
{
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

uint16_t hp_cksum_raw(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t sum = 0, done = 0, part;
	uint16_t seg;

	for (; m != NULL && done < len; m = m->next) {
		if (off >= rte_pktmbuf_data_len(m)) {
			off -= rte_pktmbuf_data_len(m);
			continue;
		}
		part = RTE_MIN(len - done, rte_pktmbuf_data_len(m) - off);
		seg = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, uint8_t *, off), part);
		// Bytes at odd places of the whole have changed places with those at even ones.
		sum = fold(sum + ((done & 1) != 0 ? rte_bswap16(seg) : seg));
		done += part;
		off = 0;
	}
	return (uint16_t)sum;
}

/** Offset of the checksum in a layer 4 header; -ENOENT for a protocol that is not ours to check. */
static int cksum_offset(const struct hp_packet *pkt)
{
	switch (pkt->proto) {
	case HP_IPPROTO_TCP:
		return offsetof(struct rte_tcp_hdr, cksum);
	case HP_IPPROTO_UDP:
		return offsetof(struct rte_udp_hdr, dgram_cksum);
	case HP_IPPROTO_ICMP:
		return pkt->ip_version == 4 ? (int)offsetof(struct rte_icmp_hdr, icmp_cksum)
					    : -ENOENT;
	case HP_IPPROTO_ICMPV6:
		return pkt->ip_version == 6 ? (int)offsetof(struct rte_icmp_hdr, icmp_cksum)
					    : -ENOENT;
	default:
		return -ENOENT;
	}
}

static uint16_t sum_pseudo_header(const struct hp_packet *pkt)
{
	size_t addr_len = pkt->ip_version == 4 ? sizeof(pkt->src.v4) : sizeof(pkt->src.v6);
	uint32_t sum;

	if (pkt->proto == HP_IPPROTO_ICMP) // the only one without
		return 0;
	sum = rte_raw_cksum(&pkt->src, addr_len);
	sum += rte_raw_cksum(&pkt->dst, addr_len);
	sum += rte_cpu_to_be_16(pkt->proto);
	sum += rte_cpu_to_be_16((uint16_t)(pkt->l4_len >> 16));
	sum += rte_cpu_to_be_16((uint16_t)pkt->l4_len);
	return fold(sum);
}

static uint16_t sum_l4(const struct rte_mbuf *m, const struct hp_packet *pkt)
{
	return fold((uint32_t)sum_pseudo_header(pkt) + hp_cksum_raw(m, pkt->l4_off, pkt->l4_len));
}

static bool ip_ok(const struct rte_mbuf *m, const struct hp_packet *pkt)
{
	if (pkt->ip_version != 4)
		return true;
	return hp_cksum_raw(m, pkt->l3_off, pkt->l4_off - pkt->l3_off) == SUM_RIGHT;
}

static bool l4_ok(const struct rte_mbuf *m, const struct hp_packet *pkt)
{
	int off = cksum_offset(pkt);
	const rte_be16_t *cksum;
	rte_be16_t buf;

	if (off < 0 || pkt->fragment || pkt->source_routed)
		return true;
	// The device has seen to the data and leaves an unfinished checksum in the packet, as
	// virtio does for packets that never were on a wire.
	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	if (pkt->proto == HP_IPPROTO_UDP) {
		cksum = rte_pktmbuf_read(m, pkt->l4_off + (uint32_t)off, sizeof(buf), &buf);
		memcpy(&buf, cksum, sizeof(buf));
		if (buf == 0)
			return pkt->ip_version == 4;
	}
	return sum_l4(m, pkt) == SUM_RIGHT;
}

bool hp_cksum_ok(const struct rte_mbuf *m, const struct hp_packet *pkt)
{
	return pkt->ip_version == 0 || (ip_ok(m, pkt) && l4_ok(m, pkt));
}

void hp_cksum_fix(struct rte_mbuf *m, const struct hp_packet *pkt)
{
	uint32_t off;
	uint16_t cksum = 0;

	if (pkt->ip_version == 0)
		return;
	if (!ip_ok(m, pkt)) {
		off = pkt->l3_off + offsetof(struct rte_ipv4_hdr, hdr_checksum);
		hp_packet_store(m, off, &cksum, sizeof(cksum));
		cksum = (uint16_t)~hp_cksum_raw(m, pkt->l3_off, pkt->l4_off - pkt->l3_off);
		hp_packet_store(m, off, &cksum, sizeof(cksum));
	}
	if (!l4_ok(m, pkt)) {
		off = pkt->l4_off + (uint32_t)cksum_offset(pkt);
		cksum = 0;
		hp_packet_store(m, off, &cksum, sizeof(cksum));
		cksum = (uint16_t)~sum_l4(m, pkt);
		// UDP writes the other zero, because 0 means that there is no checksum.
		if (cksum == 0 && pkt->proto == HP_IPPROTO_UDP)
			cksum = UINT16_MAX;
		hp_packet_store(m, off, &cksum, sizeof(cksum));
	}
}
