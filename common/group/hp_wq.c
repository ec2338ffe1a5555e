// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The packet path of worker queues. No system call, no allocation, no log.

#include "group/hp_wq.h"

#include "base/hp_crash.h"
#include "group/hp_pool.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <string.h>

/** One queue in one turn. */
struct visit {
	struct hp_wq_loop *loop;
	struct hp_port_counters *counters; // [HP_PORTS_MAX], of the queue
	uint32_t queue;
	uint64_t now;
};

// Nobody waits behind a queue of one's own.
static uint16_t burst_of(uint32_t burst, const struct hp_wq_conf *conf)
{
	const struct rte_mempool *mp = (const struct rte_mempool *)(uintptr_t)conf->pools[0];

	return hp_pool_take(burst, mp != NULL ? mp->cache_size : 0);
}

void hp_wq_open(struct hp_wq_loop *loop, const struct hp_group *group,
	const struct hp_wq_conf *conf, uint8_t self)
{
	memset(loop, 0, sizeof(*loop));
	loop->conf = *conf;
	loop->shm = hp_group_wq(group);
	loop->counters = hp_wq_counters(group, 0, 0);
	loop->self = self;
	loop->burst = burst_of(group->hdr->burst, conf);
}

static void take(struct hp_wq_loop *loop, uint32_t q, uint64_t grant)
{
	uint32_t bit = 1u << q;

	if ((loop->held & bit) != 0)
		return;
	if (hp_wq_tapped(loop))
		hp_wq_tap_take(loop, q);
	loop->held |= bit;
	loop->fresh |= bit;
	if (hp_wq_taken_from(grant) == HP_WQ_DEAD)
		loop->from_dead |= bit;
	else
		loop->from_dead &= ~bit;
	loop->looked_tsc[q] = hp_counted(&loop->shm->queues[q].looked_tsc);
	loop->gap[q] = 0;
}

void hp_wq_sync(struct hp_wq_loop *loop)
{
	struct hp_wq_shm *shm = loop->shm;

	loop->seen = atomic_load_explicit(&shm->changes, memory_order_acquire);
	loop->off = atomic_load_explicit(&shm->ports_off, memory_order_acquire);
	for (uint32_t q = 0; q < loop->conf.n_queues; q++) {
		struct hp_wq *wq = &shm->queues[q];
		uint64_t grant = atomic_load_explicit(&wq->grant, memory_order_acquire);
		uint32_t bit = 1u << q;

		if (hp_wq_holder(grant) == loop->self) {
			take(loop, q, grant);
			HP_CRASH_POINT(queue_taken);
			atomic_store_explicit(&wq->worked_by, loop->seen, memory_order_release);
		} else if (hp_wq_taken_from(grant) == loop->self) {
			// What this thread's cache holds belongs to the next holder.
			if ((loop->held & bit) != 0)
				rte_mempool_cache_flush(
					NULL, (struct rte_mempool *)(uintptr_t)loop->conf.pools[q]);
			if (hp_wq_tapped(loop))
				hp_wq_tap_let_go(loop, q);
			loop->held &= ~bit;
			HP_CRASH_POINT(queue_flushed);
			atomic_store_explicit(&wq->let_go, grant >> 16, memory_order_release);
			HP_CRASH_POINT(queue_let_go);
		}
	}
}

static __rte_noinline void drop(const struct visit *visit, struct hp_port_counters *from,
	enum hp_drop_reason reason, struct rte_mbuf **pkts, uint16_t n)
{
	if (hp_wq_tapped(visit->loop))
		hp_wq_tap_drop(visit->loop, visit->queue, (uint16_t)(from - visit->counters),
			reason, pkts, n);
	rte_pktmbuf_free_bulk(pkts, n);
	hp_count(&from->drops[reason], n);
}

// Out by a port that workers poll, on the transmit queue that goes with the receive queue.
static __rte_always_inline void transmit(const struct visit *visit, struct hp_port_counters *from,
	uint8_t port, struct rte_mbuf **pkts, uint16_t n, uint64_t bytes)
{
	struct hp_port_counters *to = &visit->counters[port];
	uint16_t queue = (uint16_t)(visit->loop->conf.txq_first + visit->queue * HP_WQ_TXQ_STEP);
	uint16_t sent;

	HP_CRASH_POINT(queue_unsent);
	if (hp_wq_tapped(visit->loop))
		hp_wq_tap_stage(visit->loop, visit->queue, port, pkts, n);
	sent = rte_eth_tx_burst(port, queue, pkts, n);
	HP_CRASH_POINT(queue_sent);
	if (hp_wq_tapped(visit->loop))
		hp_wq_tap_commit(visit->loop, visit->queue, port, sent);
	for (uint16_t i = sent; i < n; i++)
		bytes -= rte_pktmbuf_pkt_len(pkts[i]);
	hp_count(&to->tx_packets, sent);
	hp_count(&to->tx_bytes, bytes);
	if (unlikely(sent < n))
		drop(visit, from, HP_DROP_TX_FULL, pkts + sent, (uint16_t)(n - sent));
}

static bool is_off(const struct hp_wq_loop *loop, uint16_t port)
{
	return (loop->off >> port & 1) != 0;
}

static bool is_polled(const struct hp_wq_loop *loop, uint16_t port)
{
	for (uint32_t i = 0; i < loop->conf.n_ports; i++)
		if (loop->conf.ports[i].port_id == port)
			return !is_off(loop, port);
	return false;
}

// Out by the port's pair, unless that is out of use.
static void pass_on(const struct visit *visit, const struct hp_wq_port *port,
	struct hp_port_counters *from, struct rte_mbuf **pkts, uint16_t n, uint64_t bytes)
{
	if (unlikely(is_off(visit->loop, port->pair)))
		drop(visit, from, HP_DROP_NO_PORT, pkts, n);
	else
		transmit(visit, from, port->pair, pkts, n, bytes);
}

static __rte_noinline void one_verdict(const struct visit *visit, struct hp_port_counters *from,
	struct rte_mbuf *m, const struct hp_verdict *verdict)
{
	unsigned int reason = verdict->reason;

	if (verdict->kind == HP_VERDICT_PORT && is_polled(visit->loop, verdict->port)) {
		transmit(visit, from, (uint8_t)verdict->port, &m, 1, rte_pktmbuf_pkt_len(m));
		return;
	}
	if (verdict->kind == HP_VERDICT_PORT)
		reason = HP_DROP_NO_PORT;
	else if (reason >= HP_DROP_COUNT)
		reason = HP_DROP_FUNCTION;
	drop(visit, from, reason, &m, 1);
}

static __rte_noinline void process(const struct visit *visit, const struct hp_wq_port *port,
	struct hp_port_counters *from, struct rte_mbuf **pkts, uint16_t n)
{
	struct hp_verdict verdicts[HP_BURST_MAX];
	uint64_t bytes = 0;
	uint16_t n_next = 0;

	memset(verdicts, 0, n * sizeof(verdicts[0]));
	visit->loop->func(visit->loop->state, pkts, verdicts, n, visit->now);
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(verdicts[i].kind != HP_VERDICT_NEXT)) {
			one_verdict(visit, from, pkts[i], &verdicts[i]);
			continue;
		}
		bytes += rte_pktmbuf_pkt_len(pkts[i]);
		pkts[n_next++] = pkts[i];
	}
	if (n_next > 0)
		pass_on(visit, port, from, pkts, n_next, bytes);
}

// It is most of what a burst costs besides the driver: two instructions a packet, and four sums, so
// that none waits for the one before.
static __rte_always_inline uint32_t sum_bytes(struct rte_mbuf *const *pkts, uint16_t n)
{
	uint32_t sums[4] = {0}; // a burst has less than 2^32 bytes
	unsigned int i = 0;

	for (; i + 4 <= n; i += 4) {
		sums[0] += pkts[i]->pkt_len;
		sums[1] += pkts[i + 1]->pkt_len;
		sums[2] += pkts[i + 2]->pkt_len;
		sums[3] += pkts[i + 3]->pkt_len;
	}
	for (; i < n; i++)
		sums[0] += pkts[i]->pkt_len;
	return sums[0] + sums[1] + sums[2] + sums[3];
}

static __rte_always_inline uint16_t poll_port(
	const struct visit *visit, const struct hp_wq_port *port, uint32_t without)
{
	struct hp_port_counters *from = &visit->counters[port->port_id];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint64_t bytes;
	uint16_t n;

	n = rte_eth_rx_burst(port->port_id, (uint16_t)visit->queue, pkts, visit->loop->burst);
	if (n == 0)
		return 0;
	HP_CRASH_POINT(queue_polled);
	bytes = sum_bytes(pkts, n);
	hp_count(&from->rx_packets, n);
	hp_count(&from->rx_bytes, bytes);
	if (hp_wq_tapped(visit->loop))
		hp_wq_tap_received(visit->loop, visit->queue, port->port_id, pkts, n);
	if (visit->loop->func != NULL)
		process(visit, port, from, pkts, n);
	else if (without == HP_WQ_DROP)
		drop(visit, from, HP_DROP_ABSENT, pkts, n);
	else
		pass_on(visit, port, from, pkts, n, bytes);
	return n;
}

// Packets of a function that makes them, out of the queue's own pool. They count as copies.
static __rte_noinline uint16_t make_packets(
	const struct visit *visit, const struct hp_wq_port *port)
{
	struct hp_port_counters *from = &visit->counters[port->port_id];
	struct rte_mempool *mp =
		(struct rte_mempool *)(uintptr_t)visit->loop->conf.pools[visit->queue];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint16_t n;

	n = visit->loop->want(visit->loop->state, visit->loop->burst, visit->now);
	if (n == 0 || rte_pktmbuf_alloc_bulk(mp, pkts, n) < 0)
		return 0;
	for (uint16_t i = 0; i < n; i++)
		pkts[i]->port = port->port_id;
	hp_count(&from->copies, n);
	HP_CRASH_POINT(queue_polled);
	process(visit, port, from, pkts, n);
	return n;
}

static void raise_to(_Atomic uint64_t *max, uint64_t value)
{
	if (value > hp_counted(max))
		atomic_store_explicit(max, value, memory_order_relaxed);
}

// The longest time between two looks so far, or the first look of a new holder.
static __rte_noinline void note_gap(struct hp_wq_loop *loop, uint32_t q, uint64_t gap)
{
	struct hp_wq_gaps *gaps = &loop->shm->queues[q].gaps;
	uint32_t bit = 1u << q;

	if ((loop->fresh & bit) != 0) // the turn began before the grant was seen
		gap = rte_rdtsc() - loop->looked_tsc[q];
	if ((int64_t)gap < 0)
		gap = 0; // another CPU's TSC was some cycles ahead
	if ((loop->fresh & bit) == 0) {
		loop->gap[q] = gap;
	} else {
		loop->fresh &= ~bit;
		if (loop->looked_tsc[q] == 0)
			return; // nobody had it before
		if ((loop->from_dead & bit) != 0) {
			atomic_store_explicit(&gaps->takeover, gap, memory_order_relaxed);
			raise_to(&gaps->takeover_max, gap);
			hp_count(&gaps->takeovers, 1);
		} else {
			raise_to(&gaps->handover_max, gap);
		}
	}
	raise_to(&gaps->max, gap);
}

static __rte_always_inline void look(struct hp_wq_loop *loop, uint32_t q, uint64_t now)
{
	uint64_t gap = now - loop->looked_tsc[q];

	if (unlikely(gap > loop->gap[q] || (loop->fresh >> q & 1) != 0))
		note_gap(loop, q, gap);
	loop->looked_tsc[q] = now;
	atomic_store_explicit(&loop->shm->queues[q].looked_tsc, now, memory_order_relaxed);
}

static __rte_always_inline uint32_t serve_port(
	const struct visit *visit, const struct hp_wq_port *port, uint32_t without)
{
	uint32_t n = poll_port(visit, port, without);

	return unlikely(visit->loop->want != NULL) ? n + make_packets(visit, port) : n;
}

uint32_t hp_wq_poll(struct hp_wq_loop *loop, uint64_t now)
{
	struct hp_wq_shm *shm = loop->shm;
	uint32_t without = HP_WQ_PASS;
	uint32_t work = 0;

	if (loop->self >= HP_WQ_LANE)
		without = atomic_load_explicit(&shm->without, memory_order_relaxed);
	for (uint32_t left = loop->held; left != 0; left &= left - 1)
		look(loop, (uint32_t)__builtin_ctz(left), now);
	if (!atomic_load_explicit(&shm->forwarding, memory_order_relaxed) || without == HP_WQ_LEAVE)
		return 0;
	for (uint32_t left = loop->held; left != 0; left &= left - 1) {
		uint32_t q = (uint32_t)__builtin_ctz(left);
		struct visit visit = {
			.loop = loop,
			.counters = loop->counters + (size_t)q * HP_PORTS_MAX,
			.queue = q,
			.now = now,
		};

		for (uint32_t i = 0; i < loop->conf.n_ports; i++)
			if (likely(!is_off(loop, loop->conf.ports[i].port_id)))
				work += serve_port(&visit, &loop->conf.ports[i], without);
	}
	return work;
}

// A worker may poll a device whose driver needs nothing in a secondary but its functions, keeps
// nothing on a queue that a killed process could leave half done, and whose queues each carry
// traffic of their own. Of the drivers that hugepod is tested with that is one: net_null. The
// others open their file or socket again in a secondary (net_pcap truncates it), ask the primary
// for descriptors over a channel of EAL's that a killed process can hold up (net_tap, net_af_xdp,
// net_memif), have no packet functions there (net_af_packet), or share a ring that a killed process
// leaves torn (net_ring, virtio-user).
static const char *const pollable[] = {"net_null", "eth_null"};

bool hp_wq_can_poll(const char *device)
{
	for (unsigned int i = 0; i < sizeof(pollable) / sizeof(pollable[0]); i++)
		if (strncmp(device, pollable[i], strlen(pollable[i])) == 0)
			return true;
	return false;
}
