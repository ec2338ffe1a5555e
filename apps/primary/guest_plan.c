// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// From guests to a plan, and what they have counted. Control thread.

#include "guests.h"
#include "primary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_mask(const struct hp_primary *primary, struct hp_plan *plan,
	const struct hp_tap *tap, uint64_t bit)
{
	int i;

	switch (tap->kind) {
	case HP_TAP_PORT_RX:
	case HP_TAP_PORT_TX:
		i = hp_primary_find_port(primary, tap->name);
		if (i < 0)
			return; // detached: its tap works again when it is back
		i = primary->ports[i].port_id;
		if (tap->kind == HP_TAP_PORT_RX)
			plan->ports[i].tap_rx |= bit;
		else
			plan->ports[i].tap_tx |= bit;
		return;
	case HP_TAP_LINK_IN:
	case HP_TAP_LINK_OUT:
		i = hp_primary_find_client(primary, tap->name);
		if (i < 0)
			return;
		if (tap->kind == HP_TAP_LINK_IN)
			plan->clients[i].tap_in |= bit;
		else
			plan->clients[i].tap_out |= bit;
		return;
	case HP_TAP_QUEUE_RX:
	case HP_TAP_QUEUE_TX:
		return; // hp_wq_add_tap()
	default:
		for (unsigned int r = 0; r < HP_DROP_COUNT; r++)
			if (tap->reason == HP_TAP_ANY_REASON || tap->reason == r)
				plan->tap_drops[r] |= bit;
	}
}

uint8_t hp_guest_worker_port(const struct hp_primary *primary, const struct hp_tap *tap)
{
	int i = hp_tap_is_port(tap) ? hp_primary_find_port(primary, tap->name) : -1;

	if (i < 0 || !hp_workers_poll(primary, primary->ports[i].port_id))
		return HP_WIRE_NO_PORT;
	return (uint8_t)primary->ports[i].port_id;
}

static void add_taps(const struct hp_primary *primary, struct hp_plan *plan,
	const struct hp_primary_guest *guest)
{
	for (uint32_t i = 0; i < guest->mem.n_taps && plan->n_taps < HP_TAPS_MAX; i++) {
		const struct hp_guest_tap *tap = &guest->mem.taps[i];

		plan->taps[plan->n_taps] = (struct hp_copy_tap){
			.kind = tap->tap.kind,
			.guest = (uint8_t)(guest - primary->guests),
			.iface = (uint8_t)i,
			.snaplen = tap->snaplen,
			.filter = tap->n_insns > 0 ? &guest->mem.insns[tap->filter] : NULL,
			.rings = guest->rings,
		};
		set_mask(primary, plan, &tap->tap, 1ull << plan->n_taps);
		hp_wq_add_tap(&plan->wq_taps, tap, hp_guest_worker_port(primary, &tap->tap),
			&plan->taps[plan->n_taps]);
		plan->n_taps++;
	}
}

static void fill_names(const struct hp_primary *primary, struct hp_plan *plan)
{
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]))
			snprintf(plan->port_names[primary->ports[i].port_id], HP_NAME_MAX, "%s",
				primary->ports[i].name);
	memcpy(plan->wq_taps.port_names, plan->port_names, sizeof(plan->port_names));
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		snprintf(plan->client_names[i], HP_NAME_MAX, "%s", primary->clients[i].name);
}

// Where packets of a replay go: what follows a port or client, or that port or client itself.
static const struct hp_hop *source_hop(
	const struct hp_primary *primary, struct hp_plan *plan, const struct hp_tap *tap)
{
	struct hp_hop *own = &plan->source_hops[plan->n_sources];
	bool port = tap->kind == HP_TAP_PORT_RX || tap->kind == HP_TAP_PORT_TX;
	int i = port ? hp_primary_find_port(primary, tap->name)
		     : hp_primary_find_client(primary, tap->name);

	if (i < 0)
		return own; // gone: no-patch
	if (port)
		i = primary->ports[i].port_id;
	if (tap->kind == HP_TAP_PORT_RX)
		return &plan->ports[i].hop;
	if (tap->kind == HP_TAP_LINK_OUT)
		return &plan->clients[i].hop;
	own->n = 1;
	own->dest[0] = (struct hp_dest){
		.kind = port ? HP_DEST_PORT : HP_DEST_CLIENT,
		.id = (uint8_t)i,
	};
	return own;
}

static void add_source(const struct hp_primary *primary, struct hp_plan *plan,
	const struct hp_primary_guest *guest)
{
	struct hp_plan_source *source = &plan->sources[plan->n_sources];

	source->replay = guest->replay;
	source->hop = source_hop(primary, plan, &guest->mem.taps[0].tap);
	source->guest = (uint8_t)(guest - primary->guests);
	source->lane = source->guest % primary->n_lanes;
	memcpy(source->name, guest->name, sizeof(source->name));
	plan->n_sources++;
}

int hp_guests_fill_plan(struct hp_primary *primary, struct hp_plan *plan)
{
	fill_names(primary, plan);
	plan->wq_taps.first_ring = primary->n_lanes;
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++) {
		if (primary->guests[i].state != HP_GUEST_OPEN)
			continue;
		if (primary->guests[i].kind == HP_GUEST_CAPTURE)
			add_taps(primary, plan, &primary->guests[i]);
		else
			add_source(primary, plan, &primary->guests[i]);
	}
	for (uint32_t l = 0; plan->n_taps > 0 && l < primary->n_lanes; l++) {
		struct hp_lane *lane = &primary->lanes[l];

		if (lane->copier == NULL)
			lane->copier = hp_copier_new();
		if (lane->copier == NULL)
			return -ENOMEM;
	}
	return 0;
}

void hp_guest_totals(const struct hp_primary *primary, const struct hp_primary_guest *guest,
	uint32_t tap, struct hp_guest_totals *totals)
{
	*totals = (struct hp_guest_totals){0};
	for (uint32_t l = 0; guest->rings != NULL && l < primary->n_lanes; l++) {
		const struct hp_copy_count *count = &guest->rings[l].counts[tap];

		totals->seen += hp_counted(&count->seen);
		totals->captured += hp_counted(&count->captured);
		totals->lost += hp_counted(&count->lost);
	}
	// Of queues the guest's view alone is the same in every process.
	for (uint32_t r = primary->n_lanes; guest->rings != NULL && r < guest->mem.n_rings; r++) {
		const struct hp_guest_count *count = &guest->mem.shm->counts[r][tap];

		totals->seen += hp_counted(&count->seen);
		totals->captured += hp_counted(&count->captured);
		totals->lost += hp_counted(&count->lost);
	}
}

void hp_replay_totals(const struct hp_primary_guest *guest, struct hp_replay_totals *totals)
{
	const struct hp_replay_lane *replay = guest->replay;

	totals->packets += hp_counted(&replay->packets);
	totals->bytes += hp_counted(&replay->bytes);
	totals->copies += hp_counted(&replay->copies);
	for (unsigned int r = 0; r < HP_DROP_COUNT; r++) {
		totals->drops[r] += hp_counted(&replay->drops[r]);
		totals->dropped += hp_counted(&replay->drops[r]);
	}
}
