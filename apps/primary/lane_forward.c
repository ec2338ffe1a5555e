// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// From a source to its destinations: spreads, lending, policies, transmitting. Packet loop: no
// system call, no allocation, no log.

#include "base/hp_crash.h"
#include "func/hp_flow.h"
#include "lane.h"

#include <rte_ethdev.h>
#include <rte_ring.h>

#include <string.h>

static inline void to_dest(struct hp_lane *lane, const struct hp_dest *dest, struct rte_mbuf **pkts,
	uint16_t n, bool fresh, unsigned int depth)
{
	if (dest->kind == HP_DEST_PORT)
		hp_lane_to_port(lane, dest->id, pkts, n);
	else
		hp_lane_to_client(lane, dest->id, pkts, n, fresh, depth);
}

// One destination for each packet: sort them by it, then send each destination its share.
static void spread_each(struct hp_lane *lane, const struct hp_hop *hop, struct rte_mbuf **pkts,
	uint16_t n, bool fresh, unsigned int depth)
{
	unsigned int n_choice = hop->n_live != 0 ? hop->n_live : hop->n;
	struct rte_mbuf *sorted[HP_BURST_MAX];
	uint16_t counts[HP_FANOUT_MAX] = {0};
	uint16_t at[HP_FANOUT_MAX];
	uint8_t dest[HP_BURST_MAX];
	uint16_t start = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (hop->spread == HP_SPREAD_ROUND_ROBIN)
			dest[i] = hop->live[lane->round_robin++ % n_choice];
		else
			dest[i] = hop->bucket[hp_flow_hash(pkts[i]) % HP_BUCKETS];
		counts[dest[i]]++;
	}
	for (uint8_t d = 0; d < hop->n; d++) {
		at[d] = start;
		start = (uint16_t)(start + counts[d]);
	}
	for (uint16_t i = 0; i < n; i++)
		sorted[at[dest[i]]++] = pkts[i];
	for (uint8_t d = 0; d < hop->n; d++)
		if (counts[d] > 0)
			to_dest(lane, &hop->dest[d], &sorted[at[d] - counts[d]], counts[d], fresh,
				depth);
}

static void broadcast(struct hp_lane *lane, const struct hp_hop *hop, _Atomic uint64_t *drops,
	_Atomic uint64_t *copies, struct rte_mbuf **pkts, uint16_t n, bool fresh,
	unsigned int depth)
{
	struct rte_mbuf *copy[HP_BURST_MAX];

	for (uint8_t d = 1; d < hop->n; d++) {
		uint16_t made = 0;

		for (uint16_t i = 0; i < n; i++) {
			copy[made] = rte_pktmbuf_copy(pkts[i], lane->pool->mp, 0, UINT32_MAX);
			if (copy[made] != NULL)
				made++;
		}
		hp_count(copies, n);
		if (made < n)
			hp_count(&drops[HP_DROP_NO_MBUF], (uint64_t)(n - made));
		if (made > 0)
			to_dest(lane, &hop->dest[d], copy, made, fresh, depth);
	}
	to_dest(lane, &hop->dest[0], pkts, n, fresh, depth);
}

void hp_lane_forward(struct hp_lane *lane, const struct hp_hop *hop, _Atomic uint64_t *drops,
	_Atomic uint64_t *copies, struct rte_mbuf **pkts, uint16_t n, bool fresh,
	unsigned int depth)
{
	if (likely(hop->n == 1))
		to_dest(lane, &hop->dest[0], pkts, n, fresh, depth);
	else if (hop->n == 0)
		hp_lane_drop(drops, HP_DROP_NO_PATCH, pkts, n);
	else if (hop->spread == HP_SPREAD_BROADCAST)
		broadcast(lane, hop, drops, copies, pkts, n, fresh, depth);
	else
		spread_each(lane, hop, pkts, n, fresh, depth);
}

// A fresh packet comes back from here as one that is not: it has to lose the hops that its mbuf has
// from the packet before.
static void hold(
	struct hp_lane *lane, uint8_t client, struct rte_mbuf **pkts, uint16_t n, bool fresh)
{
	struct hp_lane_client *c = &lane->clients[client];
	uint16_t i;

	for (i = 0; i < n && c->held_head - c->held_tail < c->held_size; i++) {
		uint32_t index = hp_pool_index(lane->pool, pkts[i]);

		if (fresh && likely(index != UINT32_MAX))
			lane->pool->loans[index].hops = 0;
		c->held[c->held_head++ & (c->held_size - 1)] = pkts[i];
	}
	atomic_store_explicit(&c->count->held, c->held_head - c->held_tail, memory_order_relaxed);
	if (i < n)
		hp_lane_drop(c->count->drops, HP_DROP_HOLD_FULL, pkts + i, (uint16_t)(n - i));
}

static void follow_policy(struct hp_lane *lane, uint8_t client, struct rte_mbuf **pkts, uint16_t n,
	bool fresh, unsigned int depth)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_client_counters *count = lane->clients[client].count;

	switch (pc->policy) {
	case HP_POLICY_BYPASS:
		if (depth >= lane->plan->hop_limit) {
			hp_lane_drop(count->drops, HP_DROP_LOOP, pkts, n);
			return;
		}
		hp_count(&count->bypassed, n);
		hp_lane_forward(
			lane, &pc->hop, count->drops, &count->copies, pkts, n, fresh, depth + 1);
		return;
	case HP_POLICY_HOLD:
		hold(lane, client, pkts, n, fresh);
		return;
	default:
		hp_lane_drop(count->drops, HP_DROP_ABSENT, pkts, n);
	}
}

// Lend one packet. False if it has been through too many clients or its chain cannot be recorded.
static inline bool lend(
	struct hp_lane *lane, struct hp_lender *lender, struct rte_mbuf *m, bool fresh)
{
	uint32_t index = hp_pool_index(lane->pool, m);
	uint8_t hops;

	if (unlikely(index == UINT32_MAX))
		return false;
	hops = fresh ? 0 : lane->pool->loans[index].hops;
	if (unlikely(hops >= lane->plan->hop_limit))
		return false;
	hp_lender_lend(lender, lane->pool, lane->mbuf_base, m, index, (uint8_t)(hops + 1));
	if (unlikely(m->nb_segs > 1) && !hp_lender_note_chain(lane->pool, m, index)) {
		lender->lent--;
		lane->pool->loans[index].link = 0;
		return false;
	}
	return true;
}

void hp_lane_to_client(struct hp_lane *lane, uint8_t client, struct rte_mbuf **pkts, uint16_t n,
	bool fresh, unsigned int depth)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_lane_client *c = &lane->clients[client];
	struct hp_lender *lender;
	uint64_t bytes = 0;
	uint16_t lent = 0;
	uint32_t room;

	if (unlikely(pc->slot < 0 || pc->avoid)) {
		follow_policy(lane, client, pkts, n, fresh, depth);
		return;
	}
	if (unlikely(c->held_head != c->held_tail)) {
		hold(lane, client, pkts, n, fresh); // behind those that wait already
		return;
	}
	lender = &lane->lenders[pc->slot];
	room = hp_lender_room(lender);
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(lent == room)) {
			hp_lane_drop(
				c->count->drops, HP_DROP_LINK_FULL, pkts + i, (uint16_t)(n - i));
			break;
		}
		bytes += rte_pktmbuf_pkt_len(pkts[i]);
		if (unlikely(!lend(lane, lender, pkts[i], fresh))) {
			bytes -= rte_pktmbuf_pkt_len(pkts[i]);
			hp_lane_drop(c->count->drops, HP_DROP_LOOP, &pkts[i], 1);
			continue;
		}
		lent++;
	}
	HP_CRASH_POINT(lend_unpublished);
	hp_lender_publish(lender);
	HP_CRASH_POINT(lend_published);
	hp_count(&c->count->lent_packets, lent);
	hp_count(&c->count->lent_bytes, bytes);
}

void hp_lane_flush_held(struct hp_lane *lane, uint8_t client)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_lane_client *c = &lane->clients[client];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint32_t n = c->held_head - c->held_tail;
	uint32_t tail = c->held_tail;
	uint32_t room;

	if (pc->slot < 0 || pc->avoid)
		return;
	room = hp_lender_room(&lane->lenders[pc->slot]);
	n = RTE_MIN(RTE_MIN(n, room), (uint32_t)lane->plan->burst);
	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		pkts[i] = c->held[tail++ & (c->held_size - 1)];
	// to_client() would queue them behind the others: let it see the ring without them.
	tail = c->held_tail + n;
	c->held_tail = c->held_head;
	hp_lane_to_client(lane, client, pkts, (uint16_t)n, false, 0);
	c->held_tail = tail;
	atomic_store_explicit(&c->count->held, c->held_head - c->held_tail, memory_order_relaxed);
}

void hp_lane_release_held(struct hp_lane *lane, uint8_t client)
{
	struct hp_lane_client *c = &lane->clients[client];
	uint32_t n = c->held_head - c->held_tail;

	for (; n > 0; n--) {
		struct rte_mbuf *m = c->held[c->held_tail++ & (c->held_size - 1)];

		follow_policy(lane, client, &m, 1, false, 0);
	}
	atomic_store_explicit(&c->count->held, c->held_head - c->held_tail, memory_order_relaxed);
}

void hp_lane_finish(struct hp_lane *lane)
{
	for (uint32_t i = 0; i < lane->group->hdr->max_clients; i++) {
		struct hp_lane_client *c = &lane->clients[i];

		while (c->held_head != c->held_tail) {
			struct rte_mbuf *m = c->held[c->held_tail++ & (c->held_size - 1)];

			hp_lane_drop(c->count->drops, HP_DROP_SHUTDOWN, &m, 1);
		}
		atomic_store_explicit(&c->count->held, 0, memory_order_relaxed);
	}
	for (unsigned int i = 0; i < HP_PORTS_MAX; i++) {
		if (lane->tx[i].n == 0)
			continue;
		hp_lane_drop(
			lane->ports[i]->drops, HP_DROP_SHUTDOWN, lane->tx[i].pkts, lane->tx[i].n);
		lane->tx[i].n = 0;
		atomic_store_explicit(&lane->ports[i]->buffered, 0, memory_order_relaxed);
	}
}

static uint16_t transmit(
	struct hp_lane *lane, const struct hp_plan_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t queue = (uint16_t)(lane->index % port->n_txq);
	uint16_t sent;

	if (likely(port->tx_locks == NULL))
		return rte_eth_tx_burst(port->port_id, queue, pkts, n);
	rte_spinlock_lock(&port->tx_locks[queue]);
	sent = rte_eth_tx_burst(port->port_id, queue, pkts, n);
	rte_spinlock_unlock(&port->tx_locks[queue]);
	return sent;
}

static uint16_t transmit_counted(
	struct hp_lane *lane, const struct hp_plan_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct hp_port_counters *count = lane->ports[port->port_id];
	uint64_t bytes = 0;
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++)
		bytes += rte_pktmbuf_pkt_len(pkts[i]);
	sent = transmit(lane, port, pkts, n);
	for (uint16_t i = sent; i < n; i++)
		bytes -= rte_pktmbuf_pkt_len(pkts[i]);
	hp_count(&count->tx_packets, sent);
	hp_count(&count->tx_bytes, bytes);
	return sent;
}

void hp_lane_to_port(struct hp_lane *lane, uint8_t id, struct rte_mbuf **pkts, uint16_t n)
{
	const struct hp_plan_port *port = &lane->plan->ports[id];
	struct hp_port_counters *count = lane->ports[id];
	struct hp_lane_tx *tx = &lane->tx[id];
	uint16_t sent = 0;
	uint16_t kept;

	if (unlikely(!port->used)) {
		hp_lane_drop(count->drops, HP_DROP_NO_PORT, pkts, n);
		return;
	}
	if (unlikely(tx->n > 0))
		hp_lane_flush_port(lane, id);
	if (likely(tx->n == 0))
		sent = transmit_counted(lane, port, pkts, n);
	if (likely(sent == n))
		return;
	kept = (uint16_t)RTE_MIN(n - sent, HP_TX_BUFFER - tx->n);
	memcpy(&tx->pkts[tx->n], &pkts[sent], kept * sizeof(*pkts));
	tx->n = (uint16_t)(tx->n + kept);
	sent = (uint16_t)(sent + kept);
	if (sent < n)
		hp_lane_drop(count->drops, HP_DROP_TX_FULL, pkts + sent, (uint16_t)(n - sent));
	atomic_store_explicit(&count->buffered, tx->n, memory_order_relaxed);
}

void hp_lane_flush_port(struct hp_lane *lane, uint8_t id)
{
	const struct hp_plan_port *port = &lane->plan->ports[id];
	struct hp_port_counters *count = lane->ports[id];
	struct hp_lane_tx *tx = &lane->tx[id];
	uint16_t sent;

	if (!port->used) {
		hp_lane_drop(count->drops, HP_DROP_NO_PORT, tx->pkts, tx->n);
		tx->n = 0;
	} else {
		sent = transmit_counted(lane, port, tx->pkts, tx->n);
		tx->n = (uint16_t)(tx->n - sent);
		memmove(tx->pkts, tx->pkts + sent, tx->n * sizeof(*tx->pkts));
	}
	atomic_store_explicit(&count->buffered, tx->n, memory_order_relaxed);
}

static uint16_t room_of(const struct hp_lane *lane, const struct hp_dest *dest)
{
	const struct hp_plan_client *pc = &lane->plan->clients[dest->id];
	const struct hp_lane_client *c = &lane->clients[dest->id];

	if (dest->kind == HP_DEST_PORT)
		return (uint16_t)(HP_TX_BUFFER - lane->tx[dest->id].n);
	if (pc->slot >= 0 && !pc->avoid && c->held_head == c->held_tail)
		return (uint16_t)RTE_MIN(
			hp_lender_room(&lane->lenders[pc->slot]), (uint32_t)UINT16_MAX);
	if (c->held_head != c->held_tail || pc->policy == HP_POLICY_HOLD)
		return (uint16_t)RTE_MIN(
			c->held_size - (c->held_head - c->held_tail), (uint32_t)UINT16_MAX);
	return UINT16_MAX; // its policy takes any number
}

uint16_t hp_lane_free_mbufs(const struct hp_lane *lane, uint16_t most)
{
	struct rte_mempool *mp = lane->pool->mp;
	struct rte_mempool_cache *cache = rte_mempool_default_cache(mp, lane->lcore_id);
	// hp_pool_create() chose ring operations; rte_mempool_avail_count() would walk 128 caches.
	uint32_t n = rte_ring_count(mp->pool_data);

	if (cache != NULL)
		n += cache->len;
	return (uint16_t)RTE_MIN(n, (uint32_t)most);
}

uint16_t hp_lane_room(const struct hp_lane *lane, const struct hp_hop *hop, uint16_t most)
{
	for (uint8_t i = 0; i < hop->n; i++)
		most = RTE_MIN(most, room_of(lane, &hop->dest[i]));
	if (hop->spread == HP_SPREAD_BROADCAST && hop->n > 1) // each packet, and its copies
		most = hp_lane_free_mbufs(lane, (uint16_t)(most * hop->n)) / hop->n;
	return most;
}
