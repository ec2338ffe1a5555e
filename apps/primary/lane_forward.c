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

// Packets after which a member is told of them at once, not at the turn's end. Each telling takes
// a cache line away from the member, which polls it.
#define PUBLISH_AT 128

static inline void to_dest(struct hp_lane *lane, const struct hp_dest *dest,
	const struct hp_burst *burst, unsigned int depth)
{
	if (dest->kind == HP_DEST_PORT)
		hp_lane_to_port(lane, dest->id, burst);
	else
		hp_lane_to_client(lane, dest->id, burst, depth);
}

// One destination for each packet: sort them by it, then send each destination its share.
static void spread_each(struct hp_lane *lane, const struct hp_hop *hop,
	const struct hp_burst *burst, unsigned int depth)
{
	unsigned int n_choice = hop->n_live != 0 ? hop->n_live : hop->n;
	struct rte_mbuf *sorted[HP_BURST_MAX];
	uint8_t hops[HP_BURST_MAX];
	uint16_t counts[HP_FANOUT_MAX] = {0};
	uint16_t at[HP_FANOUT_MAX];
	uint8_t dest[HP_BURST_MAX];
	uint16_t start = 0;

	for (uint16_t i = 0; i < burst->n; i++) {
		if (hop->spread == HP_SPREAD_ROUND_ROBIN)
			dest[i] = hop->live[lane->round_robin++ % n_choice];
		else
			dest[i] = hop->bucket[hp_flow_hash(burst->pkts[i]) % HP_BUCKETS];
		counts[dest[i]]++;
	}
	for (uint8_t d = 0; d < hop->n; d++) {
		at[d] = start;
		start = (uint16_t)(start + counts[d]);
	}
	for (uint16_t i = 0; i < burst->n; i++) {
		uint16_t place = at[dest[i]]++;

		sorted[place] = burst->pkts[i];
		hops[place] = burst->hops != NULL ? burst->hops[i] : 0;
	}
	for (uint8_t d = 0; d < hop->n; d++) {
		uint16_t from = (uint16_t)(at[d] - counts[d]);
		struct hp_burst share = {
			.pkts = &sorted[from],
			.hops = &hops[from],
			.bytes = hp_lane_bytes(&sorted[from], counts[d]),
			.n = counts[d],
		};

		if (share.n > 0)
			to_dest(lane, &hop->dest[d], &share, depth);
	}
}

// A copy that could not be made is a drop; the packet itself goes on.
static void uncopied(struct hp_lane *lane, _Atomic uint64_t *drops, struct rte_mbuf *m)
{
	if (hp_tapped(lane->plan->tap_drops[HP_DROP_NO_MBUF]))
		hp_lane_tap_drop(lane, drops, HP_DROP_NO_MBUF, &m, 1);
	hp_count(&drops[HP_DROP_NO_MBUF], 1);
}

static void broadcast(struct hp_lane *lane, const struct hp_hop *hop, _Atomic uint64_t *drops,
	_Atomic uint64_t *copies, const struct hp_burst *burst, unsigned int depth)
{
	struct rte_mbuf *copy[HP_BURST_MAX];
	uint8_t hops[HP_BURST_MAX];

	for (uint8_t d = 1; d < hop->n; d++) {
		struct hp_burst made = {.pkts = copy, .hops = hops};

		for (uint16_t i = 0; i < burst->n; i++) {
			copy[made.n] =
				rte_pktmbuf_copy(burst->pkts[i], lane->pool->mp, 0, UINT32_MAX);
			hops[made.n] = burst->hops != NULL ? burst->hops[i] : 0;
			if (likely(copy[made.n] != NULL))
				made.n++;
			else
				uncopied(lane, drops, burst->pkts[i]);
		}
		made.bytes = hp_lane_bytes(copy, made.n);
		hp_count(copies, burst->n);
		if (made.n > 0)
			to_dest(lane, &hop->dest[d], &made, depth);
	}
	to_dest(lane, &hop->dest[0], burst, depth);
}

void hp_lane_forward(struct hp_lane *lane, const struct hp_hop *hop, _Atomic uint64_t *drops,
	_Atomic uint64_t *copies, const struct hp_burst *burst, unsigned int depth)
{
	if (likely(hop->n == 1))
		to_dest(lane, &hop->dest[0], burst, depth);
	else if (hop->n == 0)
		hp_lane_drop(lane, drops, HP_DROP_NO_PATCH, burst->pkts, burst->n);
	else if (hop->spread == HP_SPREAD_BROADCAST)
		broadcast(lane, hop, drops, copies, burst, depth);
	else
		spread_each(lane, hop, burst, depth);
}

static void set_held(struct hp_lane_client *c)
{
	atomic_store_explicit(&c->count->held, c->held_head - c->held_tail, memory_order_relaxed);
}

static void hold(struct hp_lane *lane, uint8_t client, const struct hp_burst *burst)
{
	struct hp_lane_client *c = &lane->clients[client];
	uint16_t i;

	for (i = 0; i < burst->n && c->held_head - c->held_tail < c->held_size; i++)
		c->held[c->held_head++ & (c->held_size - 1)] = (struct hp_held){
			.m = burst->pkts[i],
			.hops = burst->hops != NULL ? burst->hops[i] : 0,
		};
	set_held(c);
	if (i < burst->n)
		hp_lane_drop(lane, c->count->drops, HP_DROP_HOLD_FULL, burst->pkts + i,
			(uint16_t)(burst->n - i));
}

static void follow_policy(
	struct hp_lane *lane, uint8_t client, const struct hp_burst *burst, unsigned int depth)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_client_counters *count = lane->clients[client].count;

	switch (pc->policy) {
	case HP_POLICY_BYPASS:
		if (depth >= lane->plan->hop_limit) {
			hp_lane_drop(lane, count->drops, HP_DROP_LOOP, burst->pkts, burst->n);
			return;
		}
		hp_count(&count->bypassed, burst->n);
		hp_lane_forward(lane, &pc->hop, count->drops, &count->copies, burst, depth + 1);
		return;
	case HP_POLICY_HOLD:
		hold(lane, client, burst);
		return;
	default:
		hp_lane_drop(lane, count->drops, HP_DROP_ABSENT, burst->pkts, burst->n);
	}
}

// A packet that cannot be lent as it is: its copy, or NULL without memory for one.
static struct rte_mbuf *make_lendable(struct hp_pool *pool, struct rte_mbuf *m)
{
	struct rte_mbuf *copy;

	if (m->nb_segs > 1 && hp_pool_note_chain(pool, m))
		return m;
	copy = rte_pktmbuf_copy(m, pool->mp, 0, UINT32_MAX);
	if (copy != NULL && copy->nb_segs > 1 && !hp_pool_note_chain(pool, copy)) {
		rte_pktmbuf_free(copy);
		copy = NULL;
	}
	if (copy != NULL)
		rte_pktmbuf_free(m);
	return copy;
}

// Lend one packet; its length in bytes, 0 if it was dropped.
static uint32_t lend(struct hp_lane *lane, struct hp_lender *lender,
	struct hp_client_counters *count, struct rte_mbuf *m, uint8_t hops)
{
	struct rte_mbuf *own = m;

	if (unlikely(hops >= lane->plan->hop_limit)) {
		hp_lane_drop(lane, count->drops, HP_DROP_LOOP, &m, 1);
		return 0;
	}
	if (unlikely(!hp_pool_lendable(lane->pool, m))) {
		own = make_lendable(lane->pool, m);
		if (own == NULL) {
			hp_lane_drop(lane, count->drops, HP_DROP_NO_MBUF, &m, 1);
			return 0;
		}
	}
	hp_lender_lend(lender, lane->mbuf_base, own, (uint8_t)(hops + 1));
	return rte_pktmbuf_pkt_len(own);
}

// One test for all: nearly always each can be lent as it is.
static bool all_lendable(const struct hp_lane *lane, const struct hp_burst *burst, uint16_t n)
{
	bool near = true;

	for (uint16_t i = 0; burst->hops != NULL && i < n; i++)
		near &= burst->hops[i] < lane->plan->hop_limit;
	return near && hp_pool_lendable_all(lane->pool, burst->pkts, n);
}

static void lend_burst(struct hp_lane *lane, uint8_t client, const struct hp_burst *burst)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_client_counters *count = lane->clients[client].count;
	struct hp_lender *lender = &lane->lenders[pc->slot];
	uint32_t before = lender->lent;
	uint64_t bytes = burst->bytes;
	uint32_t room = hp_lender_room(lender);
	uint16_t n = burst->n;

	if (unlikely(n > room)) {
		n = (uint16_t)room;
		bytes -= hp_lane_bytes(burst->pkts + n, (uint16_t)(burst->n - n));
		hp_lane_drop(lane, count->drops, HP_DROP_LINK_FULL, burst->pkts + n,
			(uint16_t)(burst->n - n));
	}
	if (likely(all_lendable(lane, burst, n))) {
		hp_lender_lend_burst(lender, lane->mbuf_base, burst->pkts, burst->hops, n);
		hp_lender_claim(lender, n);
	} else {
		bytes = 0;
		for (uint16_t i = 0; i < n; i++)
			bytes += lend(lane, lender, count, burst->pkts[i],
				burst->hops != NULL ? burst->hops[i] : 0);
	}
	if (hp_tapped(pc->tap_in))
		hp_lane_tap_lent(lane, pc->tap_in, lender, before);
	hp_count(&count->lent_packets, lender->lent - before);
	hp_count(&count->lent_bytes, bytes);
}

void hp_lane_count_out(struct hp_lane *lane, uint8_t slot)
{
	struct hp_client_counters *count = lane->clients[lane->plan->slots[slot].client].count;
	const struct hp_lender *lender = &lane->lenders[slot];

	atomic_store_explicit(
		&count->in_flight, hp_lender_out(lender) - lender->blanks, memory_order_relaxed);
	atomic_store_explicit(&count->blanks, lender->blanks, memory_order_relaxed);
}

void hp_lane_publish(struct hp_lane *lane, uint8_t slot)
{
	struct hp_lender *lender = &lane->lenders[slot];

	if (hp_lender_unpublished(lender) == 0)
		return;
	HP_CRASH_POINT(lend_unpublished);
	hp_lender_publish(lender);
	HP_CRASH_POINT(lend_published);
}

void hp_lane_to_client(
	struct hp_lane *lane, uint8_t client, const struct hp_burst *burst, unsigned int depth)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_lane_client *c = &lane->clients[client];

	if (unlikely(pc->slot < 0 || pc->avoid))
		follow_policy(lane, client, burst, depth);
	else if (unlikely(c->held_head != c->held_tail))
		hold(lane, client, burst); // behind those that wait already
	else
		lend_burst(lane, client, burst);
	if (pc->slot >= 0 && hp_lender_unpublished(&lane->lenders[pc->slot]) >= PUBLISH_AT)
		hp_lane_publish(lane, (uint8_t)pc->slot);
}

void hp_lane_flush_held(struct hp_lane *lane, uint8_t client)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_lane_client *c = &lane->clients[client];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint8_t hops[HP_BURST_MAX];
	struct hp_burst burst = {.pkts = pkts, .hops = hops};
	uint32_t n = c->held_head - c->held_tail;
	uint32_t room;

	if (pc->slot < 0 || pc->avoid)
		return;
	room = hp_lender_room(&lane->lenders[pc->slot]);
	n = RTE_MIN(RTE_MIN(n, room), (uint32_t)lane->plan->burst);
	if (n == 0)
		return;
	for (; burst.n < n; burst.n++) {
		const struct hp_held *held = &c->held[c->held_tail++ & (c->held_size - 1)];

		pkts[burst.n] = held->m;
		hops[burst.n] = held->hops;
	}
	burst.bytes = hp_lane_bytes(pkts, burst.n);
	lend_burst(lane, client, &burst);
	set_held(c);
}

void hp_lane_release_held(struct hp_lane *lane, uint8_t client)
{
	struct hp_lane_client *c = &lane->clients[client];
	uint32_t n = c->held_head - c->held_tail;

	for (; n > 0; n--) {
		struct hp_held *held = &c->held[c->held_tail++ & (c->held_size - 1)];
		struct rte_mbuf *m = held->m;
		uint8_t hops = held->hops;
		struct hp_burst burst = {
			.pkts = &m, .hops = &hops, .bytes = rte_pktmbuf_pkt_len(m), .n = 1};

		follow_policy(lane, client, &burst, 0);
	}
	set_held(c);
}

void hp_lane_finish(struct hp_lane *lane)
{
	for (uint32_t i = 0; i < lane->group->hdr->max_clients; i++) {
		struct hp_lane_client *c = &lane->clients[i];

		while (c->held_head != c->held_tail) {
			struct rte_mbuf *m = c->held[c->held_tail++ & (c->held_size - 1)].m;

			hp_lane_drop(lane, c->count->drops, HP_DROP_SHUTDOWN, &m, 1);
		}
		set_held(c);
	}
	for (unsigned int i = 0; i < HP_PORTS_MAX; i++) {
		if (lane->tx[i].n == 0)
			continue;
		hp_lane_drop(lane, lane->ports[i]->drops, HP_DROP_SHUTDOWN, lane->tx[i].pkts,
			lane->tx[i].n);
		lane->tx[i].n = 0;
		atomic_store_explicit(&lane->ports[i]->buffered, 0, memory_order_relaxed);
	}
	lane->tx_waiting = 0;
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

// A driver may have freed what it took: copies come first, and those of packets that it did not
// take are taken back.
static __rte_noinline uint16_t transmit_tapped(
	struct hp_lane *lane, const struct hp_plan_port *port, const struct hp_burst *burst)
{
	uint16_t sent;

	hp_lane_tap_stage(lane, port->tap_tx, burst->pkts, burst->n);
	sent = transmit(lane, port, burst->pkts, burst->n);
	hp_lane_tap_commit(lane, port->tap_tx, sent);
	return sent;
}

static uint16_t transmit_counted(
	struct hp_lane *lane, const struct hp_plan_port *port, const struct hp_burst *burst)
{
	struct hp_port_counters *count = lane->ports[port->port_id];
	uint64_t bytes = burst->bytes;
	uint16_t sent;

	if (hp_tapped(port->tap_tx))
		sent = transmit_tapped(lane, port, burst);
	else
		sent = transmit(lane, port, burst->pkts, burst->n);
	if (unlikely(sent < burst->n))
		bytes -= hp_lane_bytes(burst->pkts + sent, (uint16_t)(burst->n - sent));
	hp_count(&count->tx_packets, sent);
	hp_count(&count->tx_bytes, bytes);
	return sent;
}

static void set_buffered(struct hp_lane *lane, uint8_t id)
{
	uint16_t n = lane->tx[id].n;

	if (n > 0)
		lane->tx_waiting |= 1ull << id;
	else
		lane->tx_waiting &= ~(1ull << id);
	atomic_store_explicit(&lane->ports[id]->buffered, n, memory_order_relaxed);
}

void hp_lane_to_port(struct hp_lane *lane, uint8_t id, const struct hp_burst *burst)
{
	const struct hp_plan_port *port = &lane->plan->ports[id];
	struct hp_port_counters *count = lane->ports[id];
	struct hp_lane_tx *tx = &lane->tx[id];
	uint16_t sent = 0;
	uint16_t kept;

	if (unlikely(!port->used)) {
		hp_lane_drop(lane, count->drops, HP_DROP_NO_PORT, burst->pkts, burst->n);
		return;
	}
	if (unlikely(tx->n > 0))
		hp_lane_flush_port(lane, id);
	if (likely(tx->n == 0))
		sent = transmit_counted(lane, port, burst);
	if (likely(sent == burst->n))
		return;
	kept = (uint16_t)RTE_MIN(burst->n - sent, HP_TX_BUFFER - tx->n);
	memcpy(&tx->pkts[tx->n], &burst->pkts[sent], kept * sizeof(*burst->pkts));
	tx->n = (uint16_t)(tx->n + kept);
	sent = (uint16_t)(sent + kept);
	if (sent < burst->n)
		hp_lane_drop(lane, count->drops, HP_DROP_TX_FULL, burst->pkts + sent,
			(uint16_t)(burst->n - sent));
	set_buffered(lane, id);
}

void hp_lane_flush_port(struct hp_lane *lane, uint8_t id)
{
	const struct hp_plan_port *port = &lane->plan->ports[id];
	struct hp_port_counters *count = lane->ports[id];
	struct hp_lane_tx *tx = &lane->tx[id];
	uint16_t sent;

	if (!port->used) {
		hp_lane_drop(lane, count->drops, HP_DROP_NO_PORT, tx->pkts, tx->n);
		tx->n = 0;
	} else {
		struct hp_burst burst = {
			.pkts = tx->pkts, .bytes = hp_lane_bytes(tx->pkts, tx->n), .n = tx->n};

		sent = transmit_counted(lane, port, &burst);
		tx->n = (uint16_t)(tx->n - sent);
		memmove(tx->pkts, tx->pkts + sent, tx->n * sizeof(*tx->pkts));
	}
	set_buffered(lane, id);
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
