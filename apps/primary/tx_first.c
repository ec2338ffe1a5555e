// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The first packets of a loop: ports that are wired to each other by a cable or by net_ring have
// nothing to forward until somebody sends. Control thread.

#include "primary.h"

#include <rte_ip.h>
#include <rte_udp.h>

#include <errno.h>
#include <string.h>

#define HEAD_BYTES (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr))
#define UDP_PORT 9 // discard
// Addresses that RFC 2544 keeps for measurements.
#define FROM_ADDR RTE_IPV4(198, 18, 0, 1)
#define TO_ADDR RTE_IPV4(198, 18, 0, 2)

static void fill_frame(uint8_t *frame, uint16_t length, uint16_t port_id)
{
	struct rte_ether_hdr ether = {
		.dst_addr = {{2, 0, 0, 0, 0, (uint8_t)port_id}},
		.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
	};
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(length - sizeof(ether))),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = rte_cpu_to_be_32(FROM_ADDR),
		.dst_addr = rte_cpu_to_be_32(TO_ADDR),
	};
	struct rte_udp_hdr udp = {
		.src_port = rte_cpu_to_be_16(UDP_PORT),
		.dst_port = rte_cpu_to_be_16(UDP_PORT),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(length - HEAD_BYTES)),
	};

	rte_eth_macaddr_get(port_id, &ether.src_addr);
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memset(frame, 0, length);
	memcpy(frame, &ether, sizeof(ether));
	memcpy(frame + sizeof(ether), &ip, sizeof(ip));
	memcpy(frame + HEAD_BYTES, &udp, sizeof(udp));
}

// By lane 0's pool, queue and counters: it does not run meanwhile. What is made counts as copies,
// so that the books balance.
static void send_burst(struct hp_primary *primary, const struct hp_port *port)
{
	struct hp_port_counters *count = primary->lanes[0].ports[port->port_id];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint16_t n = (uint16_t)primary->conf->burst;
	uint16_t length = (uint16_t)primary->conf->tx_length;
	uint16_t sent;

	if (rte_pktmbuf_alloc_bulk(primary->pools[0].mp, pkts, n) < 0)
		return;
	for (uint16_t i = 0; i < n; i++)
		fill_frame((uint8_t *)rte_pktmbuf_append(pkts[i], length), length, port->port_id);
	sent = rte_eth_tx_burst(port->port_id, 0, pkts, n);
	rte_pktmbuf_free_bulk(pkts + sent, (unsigned int)(n - sent));
	hp_count(&count->copies, sent);
	hp_count(&count->tx_packets, sent);
	hp_count(&count->tx_bytes, (uint64_t)sent * length);
}

int hp_primary_tx_first(struct hp_primary *primary, uint64_t bursts)
{
	int ret = bursts > 0 ? hp_primary_park(primary) : 0;

	if (ret < 0 || bursts == 0)
		return ret;
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		const struct hp_port *port = &primary->ports[i];

		if (!hp_port_is_there(port) || !port->started || port->withdrawn ||
			primary->plan->wiring->pair[port->port_id] < 0)
			continue;
		for (uint64_t b = 0; b < bursts; b++)
			send_burst(primary, port);
	}
	return hp_primary_unpark(primary);
}
