// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a packet's headers say, checked against the bytes that are there: Ethernet, up to two VLAN
// tags, IPv4 with options, IPv6 with extension headers, fragments, TCP, UDP, SCTP, ICMP, ICMPv6.
// Reads the mbuf and nothing else; headers may lie across segments.

#pragma once

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HP_PACKET_TAGS_MAX 2 // VLAN tags; QinQ has two, and nobody routes behind a third
#define HP_PACKET_EXT_MAX 8 // IPv6 extension headers; RFC 8200 names six and no packet needs more

// IP protocol numbers that DPDK 22.11 has no name for, and the ones used together with them.
enum hp_ipproto {
	HP_IPPROTO_HOPOPTS = 0,
	HP_IPPROTO_ICMP = 1,
	HP_IPPROTO_TCP = 6,
	HP_IPPROTO_UDP = 17,
	HP_IPPROTO_ROUTING = 43,
	HP_IPPROTO_FRAGMENT = 44,
	HP_IPPROTO_AH = 51,
	HP_IPPROTO_ICMPV6 = 58,
	HP_IPPROTO_DSTOPTS = 60,
	HP_IPPROTO_SCTP = 132,
	HP_IPPROTO_MOBILITY = 135,
	HP_IPPROTO_HIP = 139,
	HP_IPPROTO_SHIM6 = 140,
};

/** An address as it stands in the packet, network order. */
union hp_addr {
	rte_be32_t v4;
	uint8_t v6[16];
};

/** Headers of one packet. Ports and addresses are in network order, all else in host order. */
struct hp_packet {
	uint16_t ether_type; ///< of what follows the tags; below 1536 an 802.3 length
	uint16_t vlan[HP_PACKET_TAGS_MAX]; ///< tag control information, outer first
	uint8_t n_tags;
	uint8_t ip_version; ///< 4 or 6; 0: no IP, and nothing below is set
	uint8_t proto; ///< IP protocol behind the IP header and its extension headers
	bool has_ports; ///< src_port and dst_port are set
	bool fragment; ///< part of a datagram: the same fields are set for all its parts
	bool first_fragment; ///< the part that begins with the layer 4 header
	bool source_routed; ///< dst is not the final destination (or src not the origin)
	uint16_t l3_off; ///< of the IP header, bytes from the packet's start
	uint16_t l4_off; ///< of what follows the IP header and its extension headers
	uint32_t
		l4_len; ///< bytes from l4_off to the end of the datagram or UDP message: no padding
	rte_be16_t src_port, dst_port;
	union hp_addr src, dst;
};

/**
 * Read the headers of a packet. Any thread.
 *
 * Every length is checked: a packet that parses has all the bytes that its headers promise, up to
 * l4_off + l4_len. A fragment's layer 4 header is not looked at, nor anything behind an IPv6
 * fragment header, so that all fragments of a datagram come out alike.
 *
 * @return
 *   0, also for what is no IP at all (ip_version 0); -EBADMSG for headers that are cut short or
 *   contradict each other or the packet's length: then *pkt is not to be used.
 */
int hp_packet_parse(const struct rte_mbuf *m, struct hp_packet *pkt);

/** Write @p len bytes at @p off, across segments if need be; they must lie inside the packet. */
void hp_packet_store(struct rte_mbuf *m, uint32_t off, const void *src, uint32_t len);

/** True if the Ethernet header is in the first segment, as whoever rewrites addresses needs. */
static inline bool hp_packet_has_ether(const struct rte_mbuf *m)
{
	return rte_pktmbuf_data_len(m) >= RTE_ETHER_HDR_LEN;
}

/** Exchange the MAC addresses of a packet for which hp_packet_has_ether() holds. */
static inline void hp_packet_swap_macs(struct rte_mbuf *m)
{
	uint8_t *dst = rte_pktmbuf_mtod(m, uint8_t *), *src = dst + RTE_ETHER_ADDR_LEN;
	uint8_t old_dst[RTE_ETHER_ADDR_LEN];

	memcpy(old_dst, dst, sizeof(old_dst));
	memmove(dst, src, sizeof(old_dst));
	memcpy(src, old_dst, sizeof(old_dst));
}

#define HP_PREFETCH_AHEAD 4 // packets; enough to hide a miss behind three packets' work

/**
 * Prefetch for a loop over a burst that is at packet @p i: the headers of a packet some steps
 * ahead, and the mbuf of one twice as far, without which the first would itself miss.
 */
static inline void hp_packet_prefetch(struct rte_mbuf *const *pkts, uint16_t n, uint16_t i)
{
	if (i + 2 * HP_PREFETCH_AHEAD < n)
		rte_prefetch0(pkts[i + 2 * HP_PREFETCH_AHEAD]);
	if (i + HP_PREFETCH_AHEAD < n)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i + HP_PREFETCH_AHEAD], void *));
}
