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

#define ICMPV4_ECHO_REQUEST 8 // RFC 792; the names of DPDK 22.11 are deprecated in 24.11
#define ICMPV4_ECHO_REPLY 0
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129
#define ICMPV6_NEIGHBOUR_SOLICITATION 135
#define ICMPV6_NEIGHBOUR_ADVERTISEMENT 136
#define ND_SOLICITED_OVERRIDE 0x60 // flags of an advertisement: answer to one, replaces older ones
#define ND_OPT_SOURCE 1 // source link-layer address, in the request
#define ND_OPT_TARGET 2 // target link-layer address, in the reply

struct icmpecho_conf {
	char *mac; // NULL: the port's
	int other; // 0: drop, 1: pass
};

struct icmpecho_state {
	struct rte_ether_addr mac;
	bool has_mac; // mac is set
	bool pass_other;
};

/** Neighbour solicitation and advertisement with one link-layer address option (RFC 4861). */
struct nd_msg {
	uint8_t type, code;
	rte_be16_t cksum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
	uint8_t opt_type, opt_len; // opt_len in units of 8 bytes
	uint8_t opt_mac[RTE_ETHER_ADDR_LEN];
} __attribute__((packed));

static const char *const icmpecho_other[] = {"drop", "pass", NULL};

static const struct hp_opt icmpecho_opts[] = {
	{.name = "mac",
		.type = HP_OPT_STRING,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct icmpecho_conf, mac),
		.max = RTE_ETHER_ADDR_FMT_SIZE - 1,
		.arg = "MAC",
		.help = "MAC address to name in answers to ARP and neighbour requests; default: "
			"the port's, or 02:68:70:00 and the port's number where the process has "
			"no ports attached."},
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
	const struct icmpecho_conf *c = conf;
	struct icmpecho_state *echo = calloc(1, sizeof(*echo));

	if (echo == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "function icmpecho: no memory");
	echo->has_mac = c->mac != NULL;
	echo->pass_other = c->other != 0;
	if (echo->has_mac && (rte_ether_unformat_addr(c->mac, &echo->mac) < 0 ||
				     rte_is_multicast_ether_addr(&echo->mac))) {
		free(echo);
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--set mac=%s: expected the MAC address of a host, like 02:00:00:00:00:01",
			c->mac);
	}
	*state = echo;
	return 0;
}

/** The address that is asked for: the one that the question was sent to, unless that is a group. */
static struct rte_ether_addr own_mac(const struct icmpecho_state *echo, const struct rte_mbuf *m)
{
	struct rte_ether_addr mac = {
		{0x02, 'h', 'p', 0, (uint8_t)(m->port >> 8), (uint8_t)m->port}};

	if (echo->has_mac)
		return echo->mac;
	if (!rte_is_multicast_ether_addr(rte_pktmbuf_mtod(m, struct rte_ether_addr *)))
		return *rte_pktmbuf_mtod(m, struct rte_ether_addr *);
	if (rte_eth_dev_is_valid_port(m->port))
		rte_eth_macaddr_get(m->port, &mac); // fails for no port that is valid
	return mac;
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
		return icmp[0] == ICMPV4_ECHO_REQUEST && icmp[1] == 0 &&
		       turn_echo(m, pkt, mac, ICMPV4_ECHO_REPLY);
	if (icmp[0] == ICMPV6_NEIGHBOUR_SOLICITATION)
		return turn_solicitation(m, pkt, mac);
	return icmp[0] == ICMPV6_ECHO_REQUEST && icmp[1] == 0 &&
	       turn_echo(m, pkt, mac, ICMPV6_ECHO_REPLY);
}

static struct hp_verdict icmpecho_packet(const struct icmpecho_state *echo, struct rte_mbuf *m)
{
	struct rte_ether_addr mac;
	struct hp_packet pkt;

	if (!hp_packet_has_ether(m) || hp_packet_parse(m, &pkt) < 0)
		return hp_verdict_drop(HP_DROP_MALFORMED);
	mac = own_mac(echo, m);
	if (turn_packet(m, &pkt, &mac))
		return (struct hp_verdict){.kind = HP_VERDICT_PORT, .port = m->port};
	if (echo->pass_other)
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
