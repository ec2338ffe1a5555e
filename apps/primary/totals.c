// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "totals.h"

#include "primary.h"

#include <string.h>

static void add_drops(uint64_t *sums, uint64_t *all, const _Atomic uint64_t *drops)
{
	for (unsigned int r = 0; r < HP_DROP_COUNT; r++) {
		uint64_t n = hp_counted(&drops[r]);

		sums[r] += n;
		*all += n;
	}
}

// Of that DPDK number, since the start of the group.
static void sum_port(
	const struct hp_primary *primary, uint16_t port_id, struct hp_port_totals *totals)
{
	memset(totals, 0, sizeof(*totals));
	for (uint32_t row = 0; row < primary->n_lanes + primary->group.hdr->n_wqs; row++) {
		const struct hp_port_counters *c =
			hp_group_port_counters(&primary->group, row, port_id);

		totals->rx_packets += hp_counted(&c->rx_packets);
		totals->rx_bytes += hp_counted(&c->rx_bytes);
		totals->tx_packets += hp_counted(&c->tx_packets);
		totals->tx_bytes += hp_counted(&c->tx_bytes);
		totals->buffered += hp_counted(&c->buffered);
		totals->copies += hp_counted(&c->copies);
		add_drops(totals->drops, &totals->dropped, c->drops);
	}
}

// Both are nothing but counters of 64 bits.
_Static_assert(sizeof(struct hp_port_totals) % sizeof(uint64_t) == 0, "see combine()");

static void combine(struct hp_port_totals *totals, const struct hp_port_totals *other, bool add)
{
	const uint64_t *from = (const uint64_t *)other;
	uint64_t *to = (uint64_t *)totals;

	for (size_t i = 0; i < sizeof(*totals) / sizeof(*to); i++)
		to[i] = add ? to[i] + from[i] : to[i] - from[i];
}

void hp_totals_port(const struct hp_primary *primary, uint32_t port, struct hp_port_totals *totals)
{
	sum_port(primary, primary->ports[port].port_id, totals);
	combine(totals, &primary->before[port], false);
}

void hp_totals_begin_port(struct hp_primary *primary, uint32_t port)
{
	sum_port(primary, primary->ports[port].port_id, &primary->before[port]);
}

void hp_totals_end_port(struct hp_primary *primary, uint32_t port)
{
	struct hp_port_totals totals;

	hp_totals_port(primary, port, &totals);
	combine(&primary->detached, &totals, true);
	memset(&primary->before[port], 0, sizeof(primary->before[port]));
}

void hp_totals_client(
	const struct hp_primary *primary, uint32_t client, struct hp_client_totals *totals)
{
	memset(totals, 0, sizeof(*totals));
	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		const struct hp_client_counters *c = primary->lanes[l].clients[client].count;

		totals->lent_packets += hp_counted(&c->lent_packets);
		totals->lent_bytes += hp_counted(&c->lent_bytes);
		totals->returned_packets += hp_counted(&c->returned_packets);
		totals->returned_bytes += hp_counted(&c->returned_bytes);
		totals->made_packets += hp_counted(&c->made_packets);
		totals->made_bytes += hp_counted(&c->made_bytes);
		totals->blanks += hp_counted(&c->blanks);
		totals->bypassed += hp_counted(&c->bypassed);
		totals->rejected += hp_counted(&c->rejected);
		totals->in_flight += hp_counted(&c->in_flight) + hp_counted(&c->shut_in);
		totals->held += hp_counted(&c->held);
		totals->copies += hp_counted(&c->copies);
		add_drops(totals->drops, &totals->dropped, c->drops);
	}
}
