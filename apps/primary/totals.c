// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "totals.h"

#include <string.h>

static void add_drops(uint64_t *sums, uint64_t *all, const _Atomic uint64_t *drops)
{
	for (unsigned int r = 0; r < HP_DROP_COUNT; r++) {
		uint64_t n = hp_counted(&drops[r]);

		sums[r] += n;
		*all += n;
	}
}

void hp_totals_port(const struct hp_primary *primary, uint32_t port, struct hp_port_totals *totals)
{
	memset(totals, 0, sizeof(*totals));
	for (uint32_t row = 0; row < primary->n_lanes + primary->group.hdr->n_wqs; row++) {
		const struct hp_port_counters *c =
			hp_group_port_counters(&primary->group, row, primary->ports[port].port_id);

		totals->rx_packets += hp_counted(&c->rx_packets);
		totals->rx_bytes += hp_counted(&c->rx_bytes);
		totals->tx_packets += hp_counted(&c->tx_packets);
		totals->tx_bytes += hp_counted(&c->tx_bytes);
		totals->buffered += hp_counted(&c->buffered);
		totals->copies += hp_counted(&c->copies);
		add_drops(totals->drops, &totals->dropped, c->drops);
	}
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
		totals->bypassed += hp_counted(&c->bypassed);
		totals->rejected += hp_counted(&c->rejected);
		totals->in_flight += hp_counted(&c->in_flight) + hp_counted(&c->shut_in);
		totals->held += hp_counted(&c->held);
		totals->copies += hp_counted(&c->copies);
		add_drops(totals->drops, &totals->dropped, c->drops);
	}
}
