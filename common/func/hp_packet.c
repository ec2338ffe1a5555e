// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The parser. Each layer reads its header with rte_pktmbuf_read(), which hands out a pointer into
// the first segment (nearly always) or a copy, and NULL where the packet is too short.

#include "func/hp_packet.h"

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <errno.h>
#include <string.h>

#define IPV4_OPT_LSRR 131 // loose source and record route
#define IPV4_OPT_SSRR 137 // strict source and record route
#define IPV6_HOME_ADDRESS 201 // destination option of RFC 6275

/** What all IPv6 extension headers but the fragment header begin with. */
struct ipv6_ext {
	uint8_t next;
	uint8_t len; // units of 8 bytes behind the first 8; AH: of 4 bytes behind the first 8
	uint8_t type; // routing header: its type
	uint8_t segments_left; // routing header
} __attribute__((packed));

struct ipv6_frag {
	uint8_t next;
	uint8_t reserved;
	rte_be16_t
		offset_flags; // 13 bits of offset in units of 8 bytes, 2 reserved, more fragments
	rte_be32_t id;
} __attribute__((packed));

#define IPV6_FRAG_OFFSET 0xfff8 // of offset_flags; already in bytes
#define IPV6_FRAG_MORE 0x0001

static int parse_tcp(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	struct rte_tcp_hdr buf;
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_read(m, pkt->l4_off, sizeof(buf), &buf);
	uint32_t len;

	if (tcp == NULL || pkt->l4_len < sizeof(buf))
		return -EBADMSG;
	len = (tcp->data_off >> 4) * 4;
	if (len < sizeof(buf) || len > pkt->l4_len)
		return -EBADMSG;
	pkt->src_port = tcp->src_port;
	pkt->dst_port = tcp->dst_port;
	pkt->has_ports = true;
	return 0;
}

static int parse_udp(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	struct rte_udp_hdr buf;
	const struct rte_udp_hdr *udp = rte_pktmbuf_read(m, pkt->l4_off, sizeof(buf), &buf);
	uint32_t len;

	if (udp == NULL || pkt->l4_len < sizeof(buf))
		return -EBADMSG;
	len = rte_be_to_cpu_16(udp->dgram_len);
	if (len < sizeof(buf) || len > pkt->l4_len)
		return -EBADMSG;
	pkt->l4_len = len;
	pkt->src_port = udp->src_port;
	pkt->dst_port = udp->dst_port;
	pkt->has_ports = true;
	return 0;
}

static int parse_sctp(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	rte_be16_t buf[6]; // the common header: ports, verification tag, checksum
	const void *sctp = rte_pktmbuf_read(m, pkt->l4_off, sizeof(buf), buf);

	if (sctp == NULL || pkt->l4_len < sizeof(buf))
		return -EBADMSG;
	memcpy(buf, sctp, sizeof(buf));
	pkt->src_port = buf[0];
	pkt->dst_port = buf[1];
	pkt->has_ports = true;
	return 0;
}

static int parse_l4(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	switch (pkt->proto) {
	case HP_IPPROTO_TCP:
		return parse_tcp(m, pkt);
	case HP_IPPROTO_UDP:
		return parse_udp(m, pkt);
	case HP_IPPROTO_SCTP:
		return parse_sctp(m, pkt);
	case HP_IPPROTO_ICMP:
	case HP_IPPROTO_ICMPV6:
		return pkt->l4_len < sizeof(struct rte_icmp_hdr) ? -EBADMSG : 0;
	default:
		return 0;
	}
}

/** Walk the IPv4 options; a source route that is not used up makes dst an intermediate stop. */
static int parse_ipv4_options(const struct rte_mbuf *m, struct hp_packet *pkt, uint32_t len)
{
	uint8_t buf[40]; // the most that a 4-bit header length leaves for options
	const uint8_t *opt = rte_pktmbuf_read(m, pkt->l3_off + 20, len, buf);
	uint32_t i = 0;

	if (opt == NULL)
		return -EBADMSG;
	while (i < len && opt[i] != 0) { // 0 ends the list
		if (opt[i] == 1) { // no operation, one byte
			i++;
			continue;
		}
		if (len - i < 2 || opt[i + 1] < 2 || opt[i + 1] > len - i)
			return -EBADMSG;
		// Third byte: pointer, counted from 1; past the end when the route is used up.
		if ((opt[i] == IPV4_OPT_LSRR || opt[i] == IPV4_OPT_SSRR) &&
			(opt[i + 1] < 3 || opt[i + 2] <= opt[i + 1]))
			pkt->source_routed = true;
		i += opt[i + 1];
	}
	return 0;
}

static int parse_ipv4(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	struct rte_ipv4_hdr buf;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_read(m, pkt->l3_off, sizeof(buf), &buf);
	uint32_t ihl, total, frag;

	if (ip == NULL || ip->version_ihl >> 4 != 4)
		return -EBADMSG;
	ihl = (ip->version_ihl & 0xf) * 4;
	total = rte_be_to_cpu_16(ip->total_length);
	if (ihl < sizeof(buf) || total < ihl || total > rte_pktmbuf_pkt_len(m) - pkt->l3_off)
		return -EBADMSG;
	pkt->ip_version = 4;
	pkt->proto = ip->next_proto_id;
	pkt->src.v4 = ip->src_addr;
	pkt->dst.v4 = ip->dst_addr;
	pkt->l4_off = pkt->l3_off + ihl;
	pkt->l4_len = total - ihl;
	frag = rte_be_to_cpu_16(ip->fragment_offset);
	if (ihl > sizeof(buf) && parse_ipv4_options(m, pkt, ihl - sizeof(buf)) < 0)
		return -EBADMSG;
	if ((frag & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) == 0)
		return parse_l4(m, pkt);

	frag = (frag & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS;
	if (frag + total > UINT16_MAX) // would end behind the largest datagram
		return -EBADMSG;
	pkt->fragment = true;
	pkt->first_fragment = frag == 0;
	return 0;
}

/** A home address option puts another source into the pseudo header than the one in the packet. */
static bool has_home_address(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint8_t buf[2];
	const uint8_t *opt;
	uint32_t i = 2; // behind next header and length

	while (i < len) {
		opt = rte_pktmbuf_read(m, off + i, 1, buf);
		if (opt == NULL)
			return false;
		if (opt[0] == IPV6_HOME_ADDRESS)
			return true;
		if (opt[0] == 0) { // Pad1
			i++;
			continue;
		}
		opt = rte_pktmbuf_read(m, off + i, sizeof(buf), buf);
		if (opt == NULL)
			return false;
		i += 2 + opt[1];
	}
	return false;
}

static int parse_ipv6_frag(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	struct ipv6_frag buf;
	const struct ipv6_frag *frag = rte_pktmbuf_read(m, pkt->l4_off, sizeof(buf), &buf);
	uint32_t bits;

	if (frag == NULL || pkt->l4_len < sizeof(buf))
		return -EBADMSG;
	bits = rte_be_to_cpu_16(frag->offset_flags);
	pkt->proto = frag->next;
	pkt->l4_off += sizeof(buf);
	pkt->l4_len -= sizeof(buf);
	// An atomic fragment (RFC 6946) is a whole datagram.
	if ((bits & (IPV6_FRAG_OFFSET | IPV6_FRAG_MORE)) == 0)
		return 0;
	bits &= IPV6_FRAG_OFFSET;
	if (bits + pkt->l4_len > UINT16_MAX)
		return -EBADMSG;
	pkt->fragment = true;
	pkt->first_fragment = bits == 0;
	return 0;
}

static int parse_ipv6_ext(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	struct ipv6_ext buf;
	const struct ipv6_ext *ext = rte_pktmbuf_read(m, pkt->l4_off, sizeof(buf), &buf);
	uint32_t len;

	if (ext == NULL)
		return -EBADMSG;
	len = pkt->proto == HP_IPPROTO_AH ? (ext->len + 2) * 4 : (ext->len + 1) * 8;
	if (len > pkt->l4_len)
		return -EBADMSG;
	if (pkt->proto == HP_IPPROTO_ROUTING && ext->segments_left > 0)
		pkt->source_routed = true;
	if (pkt->proto == HP_IPPROTO_DSTOPTS && has_home_address(m, pkt->l4_off, len))
		pkt->source_routed = true;
	pkt->proto = ext->next;
	pkt->l4_off += len;
	pkt->l4_len -= len;
	return 0;
}

/** 0: @p pkt->proto is no extension header; 1: one was skipped; -EBADMSG. */
static int skip_ipv6_ext(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	int ret;

	switch (pkt->proto) {
	case HP_IPPROTO_FRAGMENT:
		ret = parse_ipv6_frag(m, pkt);
		break;
	case HP_IPPROTO_HOPOPTS:
	case HP_IPPROTO_ROUTING:
	case HP_IPPROTO_AH:
	case HP_IPPROTO_DSTOPTS:
	case HP_IPPROTO_MOBILITY:
	case HP_IPPROTO_HIP:
	case HP_IPPROTO_SHIM6:
		ret = parse_ipv6_ext(m, pkt);
		break;
	default:
		return 0;
	}
	return ret < 0 ? ret : 1;
}

static int parse_ipv6(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	struct rte_ipv6_hdr buf;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_read(m, pkt->l3_off, sizeof(buf), &buf);
	unsigned int n = 0;
	int ret;

	if (ip == NULL || rte_be_to_cpu_32(ip->vtc_flow) >> 28 != 6)
		return -EBADMSG;
	pkt->ip_version = 6;
	pkt->proto = ip->proto;
	memcpy(pkt->src.v6, &ip->src_addr, sizeof(pkt->src.v6));
	memcpy(pkt->dst.v6, &ip->dst_addr, sizeof(pkt->dst.v6));
	pkt->l4_off = pkt->l3_off + sizeof(buf);
	pkt->l4_len = rte_be_to_cpu_16(ip->payload_len);
	if (pkt->l4_len > rte_pktmbuf_pkt_len(m) - pkt->l4_off)
		return -EBADMSG;
	while ((ret = skip_ipv6_ext(m, pkt)) > 0 && !pkt->fragment) {
		if (++n > HP_PACKET_EXT_MAX)
			return -EBADMSG;
	}
	if (ret < 0)
		return ret;
	return pkt->fragment ? 0 : parse_l4(m, pkt);
}

static bool is_tag(uint16_t ether_type)
{
	return ether_type == RTE_ETHER_TYPE_VLAN || ether_type == RTE_ETHER_TYPE_QINQ ||
	       ether_type == RTE_ETHER_TYPE_QINQ1;
}

/** Set ether_type, tags and l3_off. */
static int parse_ether(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	rte_be16_t buf[2];
	const void *p = rte_pktmbuf_read(m, 2 * RTE_ETHER_ADDR_LEN, sizeof(buf[0]), buf);

	if (p == NULL)
		return -EBADMSG;
	memcpy(buf, p, sizeof(buf[0]));
	pkt->ether_type = rte_be_to_cpu_16(buf[0]);
	pkt->l3_off = RTE_ETHER_HDR_LEN;
	while (is_tag(pkt->ether_type)) {
		// Further tags would hide a packet from whoever reads no further than this.
		p = rte_pktmbuf_read(m, pkt->l3_off, sizeof(buf), buf);
		if (p == NULL || pkt->n_tags == HP_PACKET_TAGS_MAX)
			return -EBADMSG;
		memcpy(buf, p, sizeof(buf));
		pkt->vlan[pkt->n_tags++] = rte_be_to_cpu_16(buf[0]);
		pkt->ether_type = rte_be_to_cpu_16(buf[1]);
		pkt->l3_off += sizeof(buf);
	}
	return 0;
}

int hp_packet_parse(const struct rte_mbuf *m, struct hp_packet *pkt)
{
	// The addresses are left as they are: each IP version fills its own.
	memset(pkt, 0, offsetof(struct hp_packet, src));
	if (parse_ether(m, pkt) < 0)
		return -EBADMSG;
	if (pkt->ether_type == RTE_ETHER_TYPE_IPV4)
		return parse_ipv4(m, pkt);
	if (pkt->ether_type == RTE_ETHER_TYPE_IPV6)
		return parse_ipv6(m, pkt);
	return 0;
}

void hp_packet_store(struct rte_mbuf *m, uint32_t off, const void *src, uint32_t len)
{
	const uint8_t *from = src;
	uint32_t part;

	for (; m != NULL && len > 0; m = m->next) {
		if (off >= rte_pktmbuf_data_len(m)) {
			off -= rte_pktmbuf_data_len(m);
			continue;
		}
		part = RTE_MIN(len, rte_pktmbuf_data_len(m) - off);
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, off), from, part);
		from += part;
		len -= part;
		off = 0;
	}
}
