// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Worker queues: queue q of every port that workers poll by themselves, with a pool of its own. One
// packet loop at a time holds a queue: a worker's or a lane's. It alone polls and transmits on it,
// allocates from its pool and frees to it. The primary grants queues; a holder that lives is told
// to let go and says when it has; what a dead one held is taken once its memory is gone.

#pragma once

#include "base/hp_verdict.h"
#include "group/hp_copy.h"
#include "group/hp_group.h"

#include <rte_mbuf.h>

#include <stdbool.h>
#include <stdint.h>

#define HP_WQ_NOBODY 0xffu // holder of a queue: nobody
#define HP_WQ_LANE 0x80u // this plus n: lane n of the primary; below: a member's slot
// Transmit queues of two workers are so far apart. A driver's queues may lie one behind the other
// in memory: two of net_null's share a cache line, into which each burst writes.
#define HP_WQ_TXQ_STEP 2
#define HP_WQ_NO_PAIR 0xffu // of a port that is none of the workers'
#define HP_WQ_DEAD 0xfeu // in place of whom a grant's queue was taken from: its holder had died

/** What a lane does with the packets of a queue that it holds. */
enum hp_wq_without {
	HP_WQ_PASS, // out by the pair
	HP_WQ_DROP, // drop as "absent"
	HP_WQ_LEAVE, // leave packets in the device
};

/** A port that workers poll. */
struct hp_wq_port {
	char device[64]; // DPDK's name
	uint16_t port_id;
	uint8_t pair; // port id that its packets leave by
};

/** How long nobody looked at a queue, in TSC cycles. The queue's holder: wo; primary: ro. */
struct hp_wq_gaps {
	_Atomic uint64_t takeover; // from a dead one's last look to the next one's first; last time
	_Atomic uint64_t takeover_max;
	_Atomic uint64_t takeovers; // how often that was
	_Atomic uint64_t handover_max; // the same between live ones
	_Atomic uint64_t max; // between any two looks
};

/** Who is to poll a queue. */
struct hp_wq {
	// primary's control thread: wo; everyone: ro
	// serial of the grant << 16 | whom it was taken from << 8 | holder
	_Atomic uint64_t grant __rte_cache_aligned;
	// who held it last: wo; primary: ro
	_Atomic uint64_t let_go __rte_cache_aligned; // serial of the grant that took it away
	_Atomic uint64_t worked_by; // .changes that the holder has heard of
	_Atomic uint64_t looked_tsc; // when it was looked at last
	struct hp_wq_gaps gaps;
};

/** What never changes. The primary keeps its own; everyone else works by a copy. */
struct hp_wq_conf {
	uint32_t n_queues;
	uint32_t n_ports; // that workers poll; 0: links are all that they have
	uint32_t txq_first; // transmit queue of worker queue 0; the next ones: HP_WQ_TXQ_STEP
	uint8_t pair[HP_PORTS_MAX]; // of each port of the workers, polled by them or not
	struct hp_wq_port ports[HP_PORTS_MAX];
	uint64_t pools[HP_WORKERS_MAX]; // address of each queue's struct rte_mempool
};

/** All that the primary says of worker queues. primary: wo; everyone: ro; but the second
 * line of .queues[]. */
struct hp_wq_shm {
	struct hp_wq_conf conf; // written before the first lease
	_Atomic uint64_t changes; // raised after grants or ports_off have changed
	_Atomic uint64_t ports_off; // bit a port id: nobody polls it or sends by it
	_Atomic uint32_t forwarding; // poll
	_Atomic uint32_t without; // enum hp_wq_without
	struct hp_wq queues[HP_WORKERS_MAX];
} __rte_cache_aligned;

/** Taps of captures, as who holds a queue sees them. Never changed once a loop has it. */
struct hp_wq_taps {
	uint64_t version;
	uint32_t n_taps; // 0: none is captured
	uint32_t first_ring; // of queue 0, in each guest's memory
	// Bit a tap each: copies of what is received and transmitted by a port, on a queue,
	// dropped.
	uint64_t port_rx[HP_PORTS_MAX], port_tx[HP_PORTS_MAX];
	uint64_t queue_rx[HP_WORKERS_MAX], queue_tx[HP_WORKERS_MAX];
	uint64_t drops[HP_DROP_COUNT];
	struct hp_copy_tap taps[HP_TAPS_MAX];
	char port_names[HP_PORTS_MAX][HP_NAME_MAX]; // for the comments of captures
};

/** One packet loop's end. Private to it. */
struct hp_wq_loop {
	struct hp_wq_conf conf;
	struct hp_wq_shm *shm;
	struct hp_port_counters *counters; // [n_queues][HP_PORTS_MAX]
	uint8_t self; // as a holder
	uint16_t burst;
	uint64_t seen; // .changes
	uint64_t off; // .ports_off
	uint32_t held; // bit a queue
	uint32_t fresh; // bit a queue: held, and not looked at yet
	uint32_t from_dead; // of these
	uint64_t looked_tsc[HP_WORKERS_MAX]; // of what is held
	uint64_t gap[HP_WORKERS_MAX]; // longest between two looks of this holder
	const struct hp_wq_taps *taps; // NULL: nothing is captured, which is one branch
	struct hp_copier *copier;
	const struct hp_clock *clock; // for time stamps
	/** NULL: pass packets on; a lane does what .without says. */
	void (*func)(void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n,
		uint64_t now);
	/** For a function that makes packets: how many it wants to make; NULL: it makes none. */
	uint16_t (*want)(void *state, uint16_t max, uint64_t now);
	void *state;
};

/** There is none in a group without --workers: .n_wqs is 0. */
static inline struct hp_wq_shm *hp_group_wq(const struct hp_group *group)
{
	return (struct hp_wq_shm *)hp_group_at(group, group->hdr->wq_off);
}

/** Counters of a port on a worker queue; its holder: wo. */
static inline struct hp_port_counters *hp_wq_counters(
	const struct hp_group *group, uint32_t queue, uint16_t port_id)
{
	return hp_group_port_counters(group, group->hdr->n_lanes + queue, port_id);
}

static inline uint8_t hp_wq_holder(uint64_t grant)
{
	return (uint8_t)grant;
}

static inline uint8_t hp_wq_taken_from(uint64_t grant)
{
	return (uint8_t)(grant >> 8);
}

/** Begin: holds nothing. @p conf is copied. The packet loop's thread, or before it runs. */
void hp_wq_open(struct hp_wq_loop *loop, const struct hp_group *group,
	const struct hp_wq_conf *conf, uint8_t self);

/** A turn behind hp_wq_turn(): polls what is held. Returns the packets that were received. */
uint32_t hp_wq_poll(struct hp_wq_loop *loop, uint64_t now);

/** Take what was granted, let go of what was taken away. */
void hp_wq_sync(struct hp_wq_loop *loop);

/**
 * One turn of the packet loop: see what has changed, poll what is held.
 * @param now
 *   rte_rdtsc(), for the function and for the time between two looks.
 * @return packets that were received.
 */
static inline uint32_t hp_wq_turn(struct hp_wq_loop *loop, uint64_t now)
{
	if (unlikely(atomic_load_explicit(&loop->shm->changes, memory_order_acquire) != loop->seen))
		hp_wq_sync(loop);
	return loop->held != 0 ? hp_wq_poll(loop, now) : 0;
}

/**
 * From now on copy for these taps; NULL, or without taps: for none. Called by the packet loop's
 * thread; what it worked by until then is not used any more. .copier and .clock have to be there.
 */
void hp_wq_use_taps(struct hp_wq_loop *loop, const struct hp_wq_taps *taps);

/**
 * Add a tap to a set that no loop has yet, if it has to do with worker queues. @p port: port id of
 * a port's tap, HP_PORTS_MAX or more: workers do not poll it.
 */
void hp_wq_add_tap(struct hp_wq_taps *taps, const struct hp_guest_tap *tap, uint8_t port,
	const struct hp_copy_tap *copy);

// For hp_wq.c and hp_wq_tap.c.

static inline bool hp_wq_tapped(const struct hp_wq_loop *loop)
{
	return HP_TAPS_BUILT && unlikely(loop->taps != NULL);
}

/** Be the writer of a queue's rings from now on, or no more. */
void hp_wq_tap_take(const struct hp_wq_loop *loop, uint32_t queue);
void hp_wq_tap_let_go(const struct hp_wq_loop *loop, uint32_t queue);

/** The hooks; hp_wq_tapped() comes first. */
void hp_wq_tap_received(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port,
	struct rte_mbuf *const *pkts, uint16_t n);
void hp_wq_tap_stage(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port,
	struct rte_mbuf *const *pkts, uint16_t n);
void hp_wq_tap_commit(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port, uint16_t sent);
void hp_wq_tap_drop(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port,
	unsigned int reason, struct rte_mbuf *const *pkts, uint16_t n);

/** Which devices a worker may poll in its own process, by devargs or device name. */
bool hp_wq_can_poll(const char *device);
