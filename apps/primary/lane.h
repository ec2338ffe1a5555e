// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A lane: one forwarding lcore of the primary with a pool, links and transmit buffers of its own.
// Lanes share nothing but a port's transmit queue where the device has too few. All of a lane's
// state is touched by its own thread alone, except what is marked.

#pragma once

#include "group/hp_idle.h"
#include "group/hp_link.h"
#include "group/hp_mail_router.h"
#include "group/hp_wq.h"
#include "plan.h"

#include <stdatomic.h>

#define HP_TX_BUFFER (2 * HP_BURST_MAX) // packets that wait for a port that is full

/** Packets on their way through a lane. */
struct hp_burst {
	struct rte_mbuf **pkts;
	const uint8_t *hops; // clients that each has been through; NULL: none
	uint64_t bytes; // of all of them
	uint16_t n;
};

/** A packet that is kept for a client. */
struct hp_held {
	struct rte_mbuf *m;
	uint8_t hops;
};

/** Transmit side of a port. */
struct hp_lane_tx {
	uint16_t n;
	struct rte_mbuf **pkts; // [HP_TX_BUFFER], allocated when the port is first used
};

/** A client as this lane sees it. */
struct hp_lane_client {
	struct hp_client_counters *count;
	struct hp_held *held; // ring of window entries, allocated when policy hold first needs it
	uint32_t held_size; // a power of two
	uint32_t held_head, held_tail;
};

struct hp_lane {
	uint32_t index;
	unsigned int lcore_id;
	const struct hp_group *group;
	struct hp_pool *pool;
	uintptr_t mbuf_base;
	const struct hp_plan *plan; // the one that this lane works by
	struct hp_mail_router *mail; // lane 0 alone, else NULL
	struct hp_wq_loop *wq; // worker queues that it holds now and then; NULL without --workers
	struct hp_idle_state idle;
	uint32_t round_robin;
	uint32_t flushed; // hp_plan.flush that has been done
	uint8_t patience[HP_PORTS_MAX]; // turns that a port has waited for room
	uint8_t polled[HP_PORTS_MAX]; // ports with a receive queue of this lane
	uint8_t n_polled;
	const struct hp_clock *clock; // for time stamps
	struct hp_copier *copier; // NULL until the first capture comes
	uint64_t tx_waiting; // bit a port: something is in its transmit buffer

	uint32_t n_active;
	uint8_t active[HP_MEMBERS_MAX]; // slots that are collected from
	struct hp_lender lenders[HP_MEMBERS_MAX];
	uint64_t incarnations[HP_MEMBERS_MAX]; // that the lenders are open for
	struct hp_lane_client clients[HP_CLIENTS_MAX];
	struct hp_lane_tx tx[HP_PORTS_MAX];
	struct hp_port_counters *ports[HP_PORTS_MAX];

	_Atomic(const struct hp_plan *) next_plan; // control thread: wo; lane: ro
	atomic_bool stop; // control thread: wo; lane: ro
	_Atomic uint32_t bell; // rung after these two have changed, and what .wq hears of
	_Atomic uint64_t applied __rte_cache_aligned; // version of the plan; lane: wo, control: ro
	atomic_bool running; // lane: wo; control: ro
	_Atomic uint32_t guests_lied; // bit a guest: lane sets, control clears
	_Atomic uint64_t lied; // bit a slot: lane sets, control clears
	_Atomic uint64_t turns; // of the loop; lane: wo
	_Atomic uint64_t busy_turns; // that had packets; lane: wo
};

/**
 * Make ready; called by the control thread before the lane runs.
 * @return 0, -ENOMEM; hp_lane_fini() is due in both cases.
 */
int hp_lane_init(struct hp_lane *lane, uint32_t index, unsigned int lcore_id,
	const struct hp_group *group, struct hp_pool *pool, enum hp_idle idle);

/** Free buffers. The lane does not run any more. */
void hp_lane_fini(struct hp_lane *lane);

/** The lane's loop, an lcore function. Ends after .stop, with nothing lent, held or buffered. */
int hp_lane_main(void *lane);

/** One turn of it. For hp_lane_main(), and to measure without a second thread. */
void hp_lane_turn(struct hp_lane *lane);

// For the files of the lane.

/** Take over a new plan: open, drain and reclaim links as it says (lane_plan.c). */
void hp_lane_apply(struct hp_lane *lane, const struct hp_plan *plan);

/** Pass a burst on to where a source's packets go. Takes ownership of the packets. */
void hp_lane_forward(struct hp_lane *lane, const struct hp_hop *hop, _Atomic uint64_t *drops,
	_Atomic uint64_t *copies, const struct hp_burst *burst, unsigned int depth);

/** Pass a port's packets through its function and on. Takes ownership of the packets. */
void hp_lane_run(struct hp_lane *lane, const struct hp_plan_port *port,
	struct hp_port_counters *count, const struct hp_burst *burst);

/** Lend a burst to a client, or follow its policy. Takes ownership of the packets. */
void hp_lane_to_client(
	struct hp_lane *lane, uint8_t client, const struct hp_burst *burst, unsigned int depth);

/** Transmit a burst. Takes ownership of the packets. */
void hp_lane_to_port(struct hp_lane *lane, uint8_t port, const struct hp_burst *burst);

/** Send what a port did not take before. */
void hp_lane_flush_port(struct hp_lane *lane, uint8_t port);

/** What was kept for a client meets the client's policy anew: it has changed. */
void hp_lane_release_held(struct hp_lane *lane, uint8_t client);

/** Drop what is still held or buffered, at the end of the loop. */
void hp_lane_finish(struct hp_lane *lane);

/** Lend what was kept for a client, as far as it goes. */
void hp_lane_flush_held(struct hp_lane *lane, uint8_t client);

/** Set the gauges of what is out to a member. */
void hp_lane_count_out(struct hp_lane *lane, uint8_t slot);

/** Let a member see what was lent to it. */
void hp_lane_publish(struct hp_lane *lane, uint8_t slot);

/** Collect from a member, up to a few bursts; returns how many packets. */
uint16_t hp_lane_collect(struct hp_lane *lane, uint8_t slot);

/** Take packets from the rings of replays; returns how many (lane_replay.c). */
uint32_t hp_lane_replay(struct hp_lane *lane);

/** How many packets of that source can be passed on without a drop. */
uint16_t hp_lane_room(const struct hp_lane *lane, const struct hp_hop *hop, uint16_t most);

/** Mbufs that a driver could take from the lane's pool, up to @p most. */
uint16_t hp_lane_free_mbufs(const struct hp_lane *lane, uint16_t most);

/** Bytes of packets; their first lines should be in the cache. */
static inline uint64_t hp_lane_bytes(struct rte_mbuf *const *pkts, uint16_t n)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++)
		bytes += rte_pktmbuf_pkt_len(pkts[i]);
	return bytes;
}

/** Free packets and count why, in @p drops. */
static inline void hp_lane_drop(struct hp_lane *lane, _Atomic uint64_t *drops,
	enum hp_drop_reason reason, struct rte_mbuf **pkts, uint16_t n)
{
	if (hp_tapped(lane->plan->tap_drops[reason]))
		hp_lane_tap_drop(lane, drops, reason, pkts, n);
	rte_pktmbuf_free_bulk(pkts, n);
	hp_count(&drops[reason], n);
}
