// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The lane's loop: poll the ports, collect from the members, flush.

#include "lane.h"

#include "base/hp_crash.h"
#include "func/hp_func.h"

#include <rte_ethdev.h>
#include <rte_lcore.h>

#include <stdlib.h>
#include <string.h>

// A port whose packets go nowhere is looked at now and then, so that they are counted as no-patch.
// A look each turn would cost as much as forwarding them.
#define TURNS_UNPATCHED 16

// Turns that a port waits for its next hop to have room for a burst. The driver's queue has more
// room than a link, and a packet that is received to be dropped costs as much as one that is
// forwarded.
#define TURNS_PATIENCE 8

#define FLUSH_MAX 4096 // packets of a queue; descriptors of the largest rings in use

int hp_lane_init(struct hp_lane *lane, uint32_t index, unsigned int lcore_id,
	const struct hp_group *group, struct hp_pool *pool, enum hp_idle idle)
{
	memset(lane, 0, sizeof(*lane));
	lane->index = index;
	lane->lcore_id = lcore_id;
	lane->group = group;
	lane->pool = pool;
	lane->mbuf_base = group->hdr->mbuf_base;
	lane->idle.mode = idle;
	lane->idle.bell = &lane->bell;
	for (uint16_t i = 0; i < HP_PORTS_MAX; i++)
		lane->ports[i] = hp_group_port_counters(group, index, i);
	for (uint32_t i = 0; i < group->hdr->max_clients; i++)
		lane->clients[i].count = hp_group_client_counters(group, index, i);
	for (uint32_t i = 0; i < group->hdr->max_members; i++)
		if (hp_lender_init(&lane->lenders[i], group) < 0)
			return -ENOMEM;
	return 0;
}

void hp_lane_fini(struct hp_lane *lane)
{
	for (unsigned int i = 0; i < HP_PORTS_MAX; i++)
		free(lane->tx[i].pkts);
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		free(lane->clients[i].held);
	for (unsigned int i = 0; i < HP_MEMBERS_MAX; i++)
		hp_lender_fini(&lane->lenders[i]);
	free(lane->copier);
}

// How many packets a port may take now: no more than there is room for, or none as long as it had
// better wait for room instead of receiving what would be dropped.
static uint16_t appetite(struct hp_lane *lane, const struct hp_plan_port *port)
{
	uint8_t *turns = &lane->patience[port->port_id];
	uint16_t burst = lane->plan->burst;
	uint16_t room;

	// With several destinations, waiting for the slowest would hold up the others.
	if (!port->wait && port->hop.n != 1)
		return burst;
	room = hp_lane_room(lane, &port->hop, lane->plan->take);
	if (port->wait) // a driver may take a packet first and then find no mbuf to put it into
		return hp_lane_free_mbufs(lane, room);
	if (room < burst && ++*turns <= TURNS_PATIENCE)
		return 0;
	*turns = 0;
	return RTE_MAX(room, burst);
}

static uint16_t poll_queue(struct hp_lane *lane, const struct hp_plan_port *port, uint16_t queue)
{
	struct hp_port_counters *count = lane->ports[port->port_id];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint16_t want = appetite(lane, port);
	struct hp_burst burst = {.pkts = pkts};

	if (want == 0)
		return 0;
	burst.n = rte_eth_rx_burst(port->port_id, queue, pkts, want);
	if (burst.n == 0)
		return 0;
	HP_CRASH_POINT(lane_received);
	if (port->stamp)
		for (uint16_t i = 0; i < burst.n; i++)
			pkts[i]->port = port->port_id;
	burst.bytes = hp_lane_bytes(pkts, burst.n);
	hp_count(&count->rx_packets, burst.n);
	hp_count(&count->rx_bytes, burst.bytes);
	if (hp_tapped(port->tap_rx))
		hp_lane_tap_copy(lane, port->tap_rx, pkts, burst.n, NULL);
	if (port->func != NULL)
		hp_lane_run(lane, port, count, &burst);
	else
		hp_lane_forward(lane, &port->hop, count->drops, &count->copies, &burst, 0);
	return burst.n;
}

// What the ports have received while nobody was forwarding. A port that never runs dry keeps its
// rest: no more is flushed than a queue may hold.
static void flush_ports(struct hp_lane *lane)
{
	uint32_t n_lanes = lane->group->hdr->n_lanes;
	struct rte_mbuf *pkts[HP_BURST_MAX];

	lane->flushed = lane->plan->flush;
	for (uint8_t i = 0; i < lane->n_polled; i++) {
		const struct hp_plan_port *port = &lane->plan->ports[lane->polled[i]];
		struct hp_port_counters *count = lane->ports[port->port_id];

		for (uint32_t q = hp_port_first_queue(port->port_id, lane->index, n_lanes);
			q < port->n_rxq; q += n_lanes) {
			uint16_t n = 1;

			for (uint32_t all = 0; n > 0 && all < FLUSH_MAX; all += n) {
				n = rte_eth_rx_burst(
					port->port_id, (uint16_t)q, pkts, lane->plan->burst);
				hp_count(&count->rx_packets, n);
				hp_count(&count->rx_bytes, hp_lane_bytes(pkts, n));
				hp_lane_drop(lane, count->drops, HP_DROP_FLUSHED, pkts, n);
			}
		}
	}
}

// How many of @p want mbufs may become new packets: half of the pool is there for others.
static uint32_t spare_mbufs(const struct hp_lane *lane, uint32_t want)
{
	uint32_t reserve = RTE_MIN(lane->pool->n / 2, (uint32_t)UINT16_MAX - HP_BURST_MAX);
	uint16_t n_free = hp_lane_free_mbufs(lane, (uint16_t)(reserve + want));

	return n_free > reserve ? RTE_MIN(want, n_free - reserve) : 0;
}

// Packets of a forward mode that makes them, out by the port's pair. They count as copies, so that
// what comes in and what goes out add up.
static __rte_noinline uint32_t make_packets(struct hp_lane *lane, const struct hp_plan_port *port)
{
	struct hp_port_counters *count = lane->ports[port->port_id];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	struct hp_burst burst = {.pkts = pkts};
	uint32_t want;

	want = spare_mbufs(lane, hp_lane_room(lane, &port->hop, lane->plan->burst));
	if (want > 0)
		want = port->func->want(port->states[lane->index], (uint16_t)want, rte_rdtsc());
	if (want == 0 || rte_pktmbuf_alloc_bulk(lane->pool->mp, pkts, want) < 0)
		return 0;
	for (uint32_t i = 0; i < want; i++)
		pkts[i]->port = port->port_id;
	burst.n = (uint16_t)want;
	hp_count(&count->copies, want);
	hp_lane_run(lane, port, count, &burst);
	return want;
}

static uint32_t poll_ports(struct hp_lane *lane)
{
	bool unpatched_too = hp_counted(&lane->turns) % TURNS_UNPATCHED == 0;
	uint32_t n_lanes = lane->group->hdr->n_lanes;
	uint32_t work = 0;

	for (uint8_t i = 0; i < lane->n_polled; i++) {
		const struct hp_plan_port *port = &lane->plan->ports[lane->polled[i]];
		uint32_t first = hp_port_first_queue(port->port_id, lane->index, n_lanes);

		if (port->hop.n == 0 && !unpatched_too)
			continue;
		for (uint32_t q = first; q < port->n_rxq; q += n_lanes)
			work += poll_queue(lane, port, (uint16_t)q);
		if (unlikely(port->func != NULL && port->func->want != NULL) && first < port->n_rxq)
			work += make_packets(lane, port);
	}
	return work;
}

static uint32_t collect(struct hp_lane *lane)
{
	uint32_t work = 0;

	// Downwards: a slot whose member has lied is taken off the list.
	for (uint32_t i = lane->n_active; i > 0; i--)
		work += hp_lane_collect(lane, lane->active[i - 1]);
	return work;
}

static void look_ahead(const struct hp_lane *lane)
{
	for (uint32_t i = 0; i < lane->n_active; i++)
		hp_lender_look_ahead(&lane->lenders[lane->active[i]]);
}

// Blank packets for a member that makes packets, as long as half of its window is there for what it
// is lent otherwise.
static void lend_blanks(struct hp_lane *lane, uint8_t slot)
{
	struct hp_lender *lender = &lane->lenders[slot];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint32_t want = lane->plan->burst;
	uint32_t most = lender->window / 2;

	want = RTE_MIN(want, hp_lender_room(lender));
	want = RTE_MIN(want, lender->blanks < most ? most - lender->blanks : 0);
	if (want > 0)
		want = spare_mbufs(lane, want);
	if (want == 0 || rte_pktmbuf_alloc_bulk(lane->pool->mp, pkts, want) < 0)
		return;
	for (uint32_t i = 0; i < want; i++)
		hp_lender_lend_blank(lender, lane->mbuf_base, pkts[i]);
}

static bool makes_packets(const struct hp_lane *lane, uint8_t slot)
{
	const struct hp_plan_slot *ps = &lane->plan->slots[slot];
	const struct hp_plan_client *pc = &lane->plan->clients[ps->client];

	return ps->source && ps->state == HP_SLOT_LENDING && lane->plan->forwarding &&
	       pc->slot == slot && !pc->avoid;
}

static uint32_t flush(struct hp_lane *lane)
{
	uint32_t waiting = 0;

	for (uint64_t left = lane->tx_waiting; left != 0; left &= left - 1) {
		uint8_t port = (uint8_t)__builtin_ctzll(left);

		hp_lane_flush_port(lane, port);
		waiting += lane->tx[port].n;
	}
	for (uint32_t i = 0; i < lane->n_active; i++) {
		uint8_t slot = lane->active[i];
		uint8_t client = lane->plan->slots[slot].client;
		struct hp_lane_client *c = &lane->clients[client];

		if (c->held_head != c->held_tail)
			hp_lane_flush_held(lane, client);
		if (unlikely(makes_packets(lane, slot)))
			lend_blanks(lane, slot);
		hp_lane_publish(lane, slot);
		hp_lane_count_out(lane, slot);
	}
	return waiting;
}

static void use_queue_taps(struct hp_lane *lane)
{
	if (lane->wq == NULL)
		return;
	lane->wq->copier = lane->copier;
	lane->wq->clock = lane->clock;
	hp_wq_use_taps(lane->wq, &lane->plan->wq_taps);
}

// True if there is nothing to find by looking: whatever is to be done next, the control thread will
// ring for. But for messages: those are looked for all the same, and seldom.
static bool only_waits(const struct hp_lane *lane)
{
	const struct hp_plan *plan = lane->plan;

	if (plan->forwarding && (lane->n_polled > 0 || plan->n_sources > 0))
		return false;
	if (lane->tx_waiting != 0 || (lane->wq != NULL && lane->wq->held != 0))
		return false;
	for (uint32_t i = 0; i < lane->n_active; i++)
		if (hp_lender_out(&lane->lenders[lane->active[i]]) > 0 ||
			plan->slots[lane->active[i]].source)
			return false;
	return true;
}

static void end_turn(struct hp_lane *lane, bool work)
{
	if (!work && hp_idle_would_sleep(&lane->idle))
		lane->idle.waits = only_waits(lane);
	hp_idle_turn(&lane->idle, work);
}

void hp_lane_turn(struct hp_lane *lane)
{
	const struct hp_plan *plan;
	uint32_t work = 0, messages = 0;

	hp_idle_listen(&lane->idle);
	plan = atomic_load_explicit(&lane->next_plan, memory_order_acquire);
	if (plan != lane->plan)
		hp_lane_apply(lane, plan);
	use_queue_taps(lane);
	if (unlikely(plan->parked)) {
		hp_count(&lane->turns, 1);
		end_turn(lane, false);
		return;
	}
	if (unlikely(plan->flush != lane->flushed) && plan->forwarding)
		flush_ports(lane);
	// What comes back makes room for what comes in.
	work += collect(lane);
	look_ahead(lane);
	if (plan->forwarding)
		work += poll_ports(lane);
	if (unlikely(plan->n_sources > 0) && plan->forwarding)
		work += hp_lane_replay(lane);
	if (lane->wq != NULL)
		work += hp_wq_turn(lane->wq, rte_rdtsc());
	flush(lane);
	if (lane->mail != NULL)
		messages = hp_mail_router_turn(lane->mail);
	HP_CRASH_POINT(lane_turn);
	hp_count(&lane->turns, 1);
	if (work > 0)
		hp_count(&lane->busy_turns, 1);
	end_turn(lane, work + messages > 0);
}

int hp_lane_main(void *arg)
{
	struct hp_lane *lane = arg;

	hp_idle_init(&lane->idle, lane->idle.mode);
	lane->idle.bell = &lane->bell;
	atomic_store(&lane->running, true);
	while (!atomic_load_explicit(&lane->stop, memory_order_relaxed))
		hp_lane_turn(lane);
	hp_lane_finish(lane);
	atomic_store(&lane->running, false);
	return 0;
}
