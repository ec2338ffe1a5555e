// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// From what the control thread knows to a plan that the lanes work by.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_time.h"
#include "primary.h"

#include <rte_mempool.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("plan");

#define APPLY_WITHIN_US 5000000 // a lane turns in microseconds unless its CPU is taken away

static void fill_ports(struct hp_primary *primary, struct hp_plan *plan)
{
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		const struct hp_port *port = &primary->ports[i];
		struct hp_plan_port *pp = &plan->ports[port->port_id];

		if (!port->started || port->withdrawn)
			continue;
		pp->used = true;
		pp->port_id = port->port_id;
		pp->n_rxq = port->n_rxq;
		pp->n_txq = port->n_txq;
		if (port->n_txq < primary->n_lanes)
			pp->tx_locks = primary->tx_locks[i];
		pp->hop = primary->port_hops[i];
		hp_workers_fill_port(primary, pp);
		hp_wiring_fill_port(plan->wiring, pp);
		// A packet left in a device costs no CPU, and nobody else waits behind it.
		pp->wait = port->when_full == HP_WHEN_FULL_WAIT ||
			   (port->when_full == HP_WHEN_FULL_AUTO && pp->hop.n == 1);
	}
}

static void fill_clients(const struct hp_primary *primary, struct hp_plan *plan)
{
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++) {
		const struct hp_client *client = &primary->clients[i];

		plan->clients[i] = (struct hp_plan_client){
			.used = client->used,
			.avoid = client->stuck,
			.policy = (uint8_t)client->policy,
			.wait = client->when_full == HP_WHEN_FULL_WAIT,
			.slot = client->used ? client->slot : -1,
			.window = client->window,
			.hop = client->hop,
		};
	}
	for (unsigned int i = 0; i < HP_MEMBERS_MAX; i++) {
		if (primary->slots[i].mail)
			plan->mail[i] = hp_leases_get(primary->leases, i)->incarnation;
		if (!primary->slots[i].has_client)
			continue;
		plan->slots[i].state = primary->slots[i].state;
		plan->slots[i].client = primary->slots[i].client;
		plan->slots[i].source = primary->slots[i].source;
		plan->slots[i].incarnation = hp_leases_get(primary->leases, i)->incarnation;
	}
}

// Buffers that lanes will want under this plan: packet loops do not allocate.
static int provide_buffers(struct hp_primary *primary, const struct hp_plan *plan)
{
	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		struct hp_lane *lane = &primary->lanes[l];

		for (unsigned int i = 0; i < HP_PORTS_MAX; i++) {
			if (!plan->ports[i].used || lane->tx[i].pkts != NULL)
				continue;
			lane->tx[i].pkts = calloc(HP_TX_BUFFER, sizeof(*lane->tx[i].pkts));
			if (lane->tx[i].pkts == NULL)
				return -ENOMEM;
		}
		for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++) {
			struct hp_lane_client *c = &lane->clients[i];

			if (!plan->clients[i].used || plan->clients[i].policy != HP_POLICY_HOLD ||
				c->held != NULL)
				continue;
			c->held = calloc(plan->clients[i].window, sizeof(*c->held));
			if (c->held == NULL)
				return -ENOMEM;
			c->held_size = plan->clients[i].window;
		}
	}
	return 0;
}

static bool all_applied(const struct hp_primary *primary, uint64_t version)
{
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		if (atomic_load_explicit(&primary->lanes[l].applied, memory_order_acquire) <
			version)
			return false;
	return true;
}

// Members find each other by this: nobody may be found before lane 0 knows the way, nor after.
static void announce(struct hp_primary *primary, bool mail)
{
	for (uint32_t i = 0; i < primary->group.hdr->max_members; i++) {
		struct hp_slot *slot = hp_group_slot(&primary->group, i);

		if (primary->slots[i].mail == mail)
			atomic_store_explicit(&slot->mail,
				mail ? hp_leases_get(primary->leases, i)->incarnation : 0,
				memory_order_release);
	}
}

static struct hp_wiring *wiring_of(const struct hp_plan *plan)
{
	return plan != NULL ? plan->wiring : NULL;
}

// A plan, and the wiring unless @p stays has it too.
static void free_plan(struct hp_plan *plan, const struct hp_plan *stays)
{
	if (wiring_of(plan) != wiring_of(stays))
		hp_wiring_free(wiring_of(plan));
	free(plan);
}

void hp_primary_free_plan(struct hp_primary *primary)
{
	free_plan(primary->plan, NULL);
	primary->plan = NULL;
}

int hp_primary_publish(struct hp_primary *primary)
{
	struct hp_plan *plan = calloc(1, sizeof(*plan));
	struct hp_err err = {0};
	uint64_t deadline;

	if (plan == NULL)
		return -ENOMEM;
	plan->wiring = hp_wiring_make(primary, wiring_of(primary->plan), &err);
	if (plan->wiring == NULL) {
		HP_LOG(ERR, "%s", err.text);
		free(plan);
		return -ENOMEM;
	}
	plan->flush = primary->flush;
	plan->version = ++primary->plan_version;
	plan->forwarding = primary->forwarding;
	plan->parked = primary->parked;
	plan->check_returns = primary->conf->check_returns;
	plan->burst = (uint16_t)primary->conf->burst;
	plan->take = hp_pool_take(plan->burst, (uint32_t)primary->conf->mbuf_cache);
	plan->hop_limit = (uint8_t)primary->conf->hop_limit;
	fill_ports(primary, plan);
	fill_clients(primary, plan);
	hp_plan_compile(plan);
	if (hp_guests_fill_plan(primary, plan) < 0 || provide_buffers(primary, plan) < 0) {
		free_plan(plan, primary->plan);
		return -ENOMEM;
	}
	hp_workers_publish(primary);
	announce(primary, false);
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		atomic_store_explicit(&primary->lanes[l].next_plan, plan, memory_order_release);
	hp_primary_ring(primary);
	HP_CRASH_POINT(plan_published);
	if (primary->lanes_run) {
		deadline = hp_now_us() + APPLY_WITHIN_US;
		while (!all_applied(primary, plan->version)) {
			if (hp_now_us() > deadline) {
				// The old plan is left to the lane that may still read it.
				HP_LOG(ERR,
					"a lane has not turned for %d s: its driver hangs or "
					"its CPU is taken away",
					APPLY_WITHIN_US / 1000000);
				primary->plan = plan;
				return -ETIMEDOUT;
			}
			usleep(20);
		}
	}
	announce(primary, true);
	free_plan(primary->plan, plan);
	primary->plan = plan;
	return 0;
}

int hp_primary_park(struct hp_primary *primary)
{
	int ret;

	primary->parked = true;
	ret = hp_primary_publish(primary);
	if (ret < 0) {
		primary->parked = false;
		hp_primary_publish(primary);
	}
	return ret;
}

int hp_primary_unpark(struct hp_primary *primary)
{
	// What the driver has freed into this thread's caches is the lanes' again.
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		rte_mempool_cache_flush(NULL, primary->pools[l].mp);
	primary->parked = false;
	return hp_primary_publish(primary);
}
