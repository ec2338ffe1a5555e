// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// icmpecho: answer ARP requests, IPv6 neighbour solicitations and ICMP and ICMPv6 echo requests, on
// the port that they came from, whatever address they ask for. The request becomes the reply in
// place. Everything else is dropped, as in testpmd's mode of that name, or passed on.

#include "func/hp_cksum.h"
#include "func/hp_func.h"
#include "func/hp_packet.h"

#include <rte_arp.h>
#include <rte_ethdev.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include <errno.h>
#include <stdlib.h>

// 224.0.0.0: from here on groups, reserved addresses and at the end 255.255.255.255, for which
// DPDK's RTE_IPV4_BROADCAST is no help: it is 224.0.0.0.
#define IPV4_FIRST_GROUP 0xe0000000

#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129
#define ICMPV6_NEIGHBOUR_SOLICITATION 135
#define ICMPV6_NEIGHBOUR_ADVERTISEMENT 136
#define ND_SOLICITED_OVERRIDE 0x60 // flags of an advertisement: answer to one, replaces older ones
#define ND_OPT_SOURCE 1 // source link-layer address, in the request
#define ND_OPT_TARGET 2 // target link-layer address, in the reply

struct icmpecho_conf {
	int other; // 0: drop, 1: pass
};

/** Neighbour solicitation and advertisement with one link-layer address option (RFC 4861). */
struct nd_msg {
	uint8_t type, code;
	rte_be16_t cksum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
	uint8_t opt_type, opt_len; // opt_len in units of 8 bytes
	uint8_t opt_mac[RTE_ETHER_ADDR_LEN];
} __rte_packed;

static const char *const icmpecho_other[] = {"drop", "pass", NULL};

static const struct hp_opt icmpecho_opts[] = {
	{.name = "other",
		.type = HP_OPT_ENUM,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct icmpecho_conf, other),
		.def = "drop",
		.words = icmpecho_other,
		.arg = "WHAT",
		.help = "What becomes of packets that are no request: drop or pass."},
	{NULL},
};

static int icmpecho_init(void **state, const void *conf, int socket_id, struct hp_err *err)
{
	struct icmpecho_conf *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "function icmpecho: no memory");
	memcpy(copy, conf, sizeof(*copy));
	*state = copy;
	return 0;
}

/** The MAC address to answer with; false if the packet's port is gone. */
static bool port_mac(const struct rte_mbuf *m, struct rte_ether_addr *mac)
{
	return rte_eth_dev_is_valid_port(m->port) && rte_eth_macaddr_get(m->port, mac) == 0;
}

/** Send the frame back to its sender, from @p mac. */
static void turn_ether(struct rte_mbuf *m, const struct rte_ether_addr *mac)
{
	hp_packet_swap_macs(m);
	hp_packet_store(m, RTE_ETHER_ADDR_LEN, mac, sizeof(*mac));
}

static bool turn_arp(
	struct rte_mbuf *m, const struct hp_packet *pkt, const struct rte_ether_addr *mac)
{
	struct rte_arp_hdr arp;
	const void *p = rte_pktmbuf_read(m, pkt->l3_off, sizeof(arp), &arp);
	rte_be32_t asked;

	if (p == NULL)
		return false;
	memmove(&arp, p, sizeof(arp));
	if (arp.arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
		arp.arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		arp.arp_hlen != RTE_ETHER_ADDR_LEN || arp.arp_plen != sizeof(asked) ||
		arp.arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST))
		return false;
	// A probe or an announcement asks whether anyone else has the address: nobody has.
	asked = arp.arp_data.arp_tip;
	if (arp.arp_data.arp_sip == 0 || arp.arp_data.arp_sip == asked)
		return false;
	arp.arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp.arp_data.arp_tha = arp.arp_data.arp_sha;
	arp.arp_data.arp_tip = arp.arp_data.arp_sip;
	arp.arp_data.arp_sha = *mac;
	arp.arp_data.arp_sip = asked;
	hp_packet_store(m, pkt->l3_off, &arp, sizeof(arp));
	turn_ether(m, mac);
	return true;
}

/** Nobody answers for a group, and nobody answers one. */
static bool is_group(const struct hp_packet *pkt, const union hp_addr *addr)
{
	uint32_t v4;

	if (pkt->ip_version == 6)
		return addr->v6[0] == 0xff;
	v4 = rte_be_to_cpu_32(addr->v4);
	return v4 >= IPV4_FIRST_GROUP || v4 == RTE_IPV4_ANY;
}

static void swap_addresses(struct rte_mbuf *m, const struct hp_packet *pkt)
{
	size_t len = pkt->ip_version == 4 ? sizeof(pkt->src.v4) : sizeof(pkt->src.v6);
	uint32_t off =
		pkt->l3_off + (pkt->ip_version == 4 ? offsetof(struct rte_ipv4_hdr, src_addr)
						    : offsetof(struct rte_ipv6_hdr, src_addr));

	hp_packet_store(m, off, &pkt->dst, (uint32_t)len);
	hp_packet_store(m, off + (uint32_t)len, &pkt->src, (uint32_t)len);
}

static bool turn_echo(struct rte_mbuf *m, const struct hp_packet *pkt,
	const struct rte_ether_addr *mac, uint8_t reply)
{
	if (is_group(pkt, &pkt->dst) || is_group(pkt, &pkt->src) || !hp_cksum_ok(m, pkt))
		return false;
	swap_addresses(m, pkt);
	hp_packet_store(m, pkt->l4_off, &reply, sizeof(reply));
	hp_cksum_fix(m, pkt);
	turn_ether(m, mac);
	return true;
}

/** Only a solicitation with a source address option has room for the answer. */
static bool turn_solicitation(
	struct rte_mbuf *m, struct hp_packet *pkt, const struct rte_ether_addr *mac)
{
	struct nd_msg nd;
	const void *p = rte_pktmbuf_read(m, pkt->l4_off, sizeof(nd), &nd);

	if (p == NULL || pkt->l4_len != sizeof(nd) || is_group(pkt, &pkt->src) ||
		!hp_cksum_ok(m, pkt))
		return false;
	memmove(&nd, p, sizeof(nd));
	if (nd.code != 0 || nd.opt_type != ND_OPT_SOURCE || nd.opt_len != 1 || nd.target[0] == 0xff)
		return false;
	nd.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT;
	nd.flags = ND_SOLICITED_OVERRIDE;
	nd.opt_type = ND_OPT_TARGET;
	memcpy(nd.opt_mac, mac, sizeof(nd.opt_mac));
	// The request went to a group; the answer comes from the address that was asked for.
	memcpy(pkt->dst.v6, nd.target, sizeof(nd.target));
	swap_addresses(m, pkt);
	hp_packet_store(m, pkt->l4_off, &nd, sizeof(nd));
	hp_cksum_fix(m, pkt);
	turn_ether(m, mac);
	return true;
}

/** Make the reply out of a request; false if the packet is none. */
static bool turn_packet(struct rte_mbuf *m, struct hp_packet *pkt, const struct rte_ether_addr *mac)
{
	uint8_t buf[2];
	const uint8_t *icmp;

	if (pkt->ether_type == RTE_ETHER_TYPE_ARP)
		return turn_arp(m, pkt, mac);
	if (pkt->ip_version == 0 || pkt->fragment || pkt->source_routed ||
		pkt->proto != (pkt->ip_version == 4 ? HP_IPPROTO_ICMP : HP_IPPROTO_ICMPV6))
		return false;
	icmp = rte_pktmbuf_read(m, pkt->l4_off, sizeof(buf), buf);
	if (icmp == NULL)
		return false;
	if (pkt->ip_version == 4)
		return icmp[0] == RTE_IP_ICMP_ECHO_REQUEST && icmp[1] == 0 &&
		       turn_echo(m, pkt, mac, RTE_IP_ICMP_ECHO_REPLY);
	if (icmp[0] == ICMPV6_NEIGHBOUR_SOLICITATION)
		return turn_solicitation(m, pkt, mac);
	return icmp[0] == ICMPV6_ECHO_REQUEST && icmp[1] == 0 &&
	       turn_echo(m, pkt, mac, ICMPV6_ECHO_REPLY);
}

static struct hp_verdict icmpecho_packet(const struct icmpecho_conf *conf, struct rte_mbuf *m)
{
	struct rte_ether_addr mac;
	struct hp_packet pkt;

	if (!hp_packet_has_ether(m) || hp_packet_parse(m, &pkt) < 0)
		return hp_verdict_drop(HP_DROP_MALFORMED);
	if (!port_mac(m, &mac))
		return hp_verdict_drop(HP_DROP_NO_PORT);
	if (turn_packet(m, &pkt, &mac))
		return (struct hp_verdict){.kind = HP_VERDICT_PORT, .port = m->port};
	if (conf->other != 0)
		return (struct hp_verdict){.kind = HP_VERDICT_NEXT};
	return hp_verdict_drop(HP_DROP_FUNCTION);
}

static void icmpecho_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++) {
		hp_packet_prefetch(pkts, n, i);
		verdicts[i] = icmpecho_packet(state, pkts[i]);
	}
}

static const struct hp_func icmpecho = {
	.name = "icmpecho",
	.summary = "answer ARP, neighbour and echo requests on the port they came from",
	.opts = icmpecho_opts,
	.conf_size = sizeof(struct icmpecho_conf),
	.init = icmpecho_init,
	.fini = free,
	.burst = icmpecho_burst,
};

HP_FUNC_REGISTER(icmpecho)
