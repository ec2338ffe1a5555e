// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Counters of all lanes, added up for whoever shows them.

#pragma once

#include "group/hp_group.h"

struct hp_primary;

struct hp_port_totals {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t buffered, copies, dropped;
	uint64_t drops[HP_DROPS_ROOM];
};

struct hp_client_totals {
	uint64_t lent_packets, lent_bytes, returned_packets, returned_bytes;
	uint64_t made_packets, made_bytes, blanks;
	uint64_t bypassed, rejected, in_flight, held, copies, dropped;
	uint64_t drops[HP_DROPS_ROOM];
};

/** @p port: index into primary->ports. Since it was attached. */
void hp_totals_port(const struct hp_primary *primary, uint32_t port, struct hp_port_totals *totals);
void hp_totals_client(
	const struct hp_primary *primary, uint32_t client, struct hp_client_totals *totals);

/** A port is about to be attached: what its number has counted before is not its own. */
void hp_totals_begin_port(struct hp_primary *primary, uint32_t port);
/** A port is detached: what it has counted is added to primary->detached. */
void hp_totals_end_port(struct hp_primary *primary, uint32_t port);
