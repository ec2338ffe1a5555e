// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Who holds which worker queue. A queue passes from one to the other in two steps, told to let go
// and granted; from a dead one in one.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_time.h"
#include "primary.h"

#include <rte_cycles.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

HP_LOG_TYPE("workers");

#define LET_GO_PERIOD_US 200 // how often a holder is asked whether it has let go

/** Who may be given queues, and how many each has. */
struct shares {
	uint32_t n;
	uint8_t holder[HP_MEMBERS_MAX + HP_LANES_MAX];
	uint32_t count[HP_MEMBERS_MAX + HP_LANES_MAX];
	uint32_t pending; // queues that are to be given away soon
};

static bool may_hold(const struct hp_primary *primary, uint32_t slot)
{
	const struct hp_primary_slot *ps = &primary->slots[slot];
	const struct hp_client *client = &primary->clients[ps->client];

	return ps->has_client && !ps->ended && ps->state == HP_SLOT_LENDING && client->worker &&
	       client->slot == (int32_t)slot;
}

static void find_holders(const struct hp_primary *primary, struct shares *shares)
{
	memset(shares, 0, sizeof(*shares));
	if (primary->stop_phase != HP_STOP_NOT)
		return;
	for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++)
		if (may_hold(primary, slot) && !primary->clients[primary->slots[slot].client].stuck)
			shares->holder[shares->n++] = (uint8_t)slot;
	if (shares->n > 0 && !primary->conf->primary_worker)
		return;
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		shares->holder[shares->n++] = (uint8_t)(HP_WQ_LANE + l);
}

static int share_of(const struct shares *shares, uint8_t holder)
{
	for (uint32_t i = 0; i < shares->n; i++)
		if (shares->holder[i] == holder)
			return (int)i;
	return -1;
}

// Lanes hold queues, too.
static void say_changed(const struct hp_primary *primary)
{
	atomic_fetch_add_explicit(&hp_group_wq(&primary->group)->changes, 1, memory_order_release);
	hp_primary_ring(primary);
}

static void announce(struct hp_primary *primary, uint32_t q, uint8_t holder, uint8_t from)
{
	struct hp_wq_shm *shm = hp_group_wq(&primary->group);
	struct hp_worker_queue *queue = &primary->workers.queues[q];

	queue->serial++;
	atomic_store_explicit(&shm->queues[q].grant,
		queue->serial << 16 | (uint64_t)from << 8 | holder, memory_order_release);
	HP_CRASH_POINT(queue_announced);
	say_changed(primary);
}

static void grant(struct hp_primary *primary, uint32_t q, uint8_t holder)
{
	struct hp_worker_queue *queue = &primary->workers.queues[q];

	if (!queue->dead && holder < HP_WQ_LANE)
		queue->home = primary->slots[holder].client;
	queue->holder = holder;
	announce(primary, q, holder, queue->dead ? HP_WQ_DEAD : HP_WQ_NOBODY);
	queue->dead = false;
	HP_LOG(DEBUG, "queue %u is held by %s %u", q, holder >= HP_WQ_LANE ? "lane" : "slot",
		holder % HP_WQ_LANE);
}

static void take_away(struct hp_primary *primary, struct shares *shares, uint32_t q)
{
	struct hp_worker_queue *queue = &primary->workers.queues[q];
	int share = share_of(shares, queue->holder);

	if (share >= 0)
		shares->count[share]--;
	shares->pending++;
	queue->revoking = true;
	queue->handovers++;
	announce(primary, q, HP_WQ_NOBODY, queue->holder);
}

// Queues whose holder may hold none any more are taken away, others are counted. One that is stuck
// keeps its queues: nobody can tell where in them it stands.
static void count_shares(struct hp_primary *primary, struct shares *shares)
{
	struct hp_workers *workers = &primary->workers;

	for (uint32_t q = 0; q < workers->conf.n_queues; q++) {
		struct hp_worker_queue *queue = &workers->queues[q];
		int share = share_of(shares, queue->holder);
		bool stuck = queue->holder < HP_WQ_LANE && may_hold(primary, queue->holder);

		if (queue->revoking)
			shares->pending++;
		else if (share >= 0)
			shares->count[share]++;
		else if (queue->holder != HP_WQ_NOBODY &&
			 (!stuck || primary->stop_phase != HP_STOP_NOT))
			take_away(primary, shares, q);
	}
}

// Who has fewest; but who was its holder before it died, if that leaves nobody with less than a
// whole share.
static uint32_t best_share(
	const struct hp_primary *primary, const struct shares *shares, uint32_t q)
{
	uint32_t n = primary->workers.conf.n_queues;
	uint32_t least = n / shares->n, most = (n + shares->n - 1) / shares->n;
	int home = primary->workers.queues[q].home;
	int at_home = -1;
	uint32_t best = 0;

	for (uint32_t i = 0; i < shares->n; i++) {
		if (shares->count[i] < shares->count[best])
			best = i;
		if (home >= 0 && shares->holder[i] < HP_WQ_LANE &&
			primary->slots[shares->holder[i]].client == (uint8_t)home)
			at_home = (int)i;
	}
	if (at_home < 0 || shares->count[at_home] >= most)
		return best;
	if (shares->count[at_home] >= least && shares->count[best] < least)
		return best;
	return (uint32_t)at_home;
}

static void give_away(struct hp_primary *primary, struct shares *shares)
{
	struct hp_workers *workers = &primary->workers;

	for (uint32_t q = 0; q < workers->conf.n_queues; q++) {
		uint32_t i;

		if (workers->queues[q].holder != HP_WQ_NOBODY)
			continue;
		i = best_share(primary, shares, q);
		grant(primary, q, shares->holder[i]);
		shares->count[i]++;
	}
}

// A queue of this holder, best one whose home is another's.
static int pick_queue(const struct hp_primary *primary, uint8_t holder)
{
	const struct hp_workers *workers = &primary->workers;
	int found = -1;

	for (uint32_t q = 0; q < workers->conf.n_queues; q++) {
		const struct hp_worker_queue *queue = &workers->queues[q];

		if (queue->holder != holder || queue->revoking)
			continue;
		found = (int)q;
		if (holder < HP_WQ_LANE && queue->home != primary->slots[holder].client)
			break;
	}
	return found;
}

// Who has more than a share gives a queue to who has less.
static void level(struct hp_primary *primary, struct shares *shares)
{
	uint32_t n = primary->workers.conf.n_queues;
	uint32_t least = n / shares->n, most = (n + shares->n - 1) / shares->n;
	uint32_t missing = 0;

	for (uint32_t i = 0; i < shares->n; i++)
		missing += shares->count[i] < least ? least - shares->count[i] : 0;
	for (uint32_t i = 0; i < shares->n; i++) {
		while (shares->count[i] > most ||
			(shares->count[i] > least && shares->pending < missing)) {
			int q = pick_queue(primary, shares->holder[i]);

			if (q < 0)
				break;
			take_away(primary, shares, (uint32_t)q);
		}
	}
}

void hp_workers_say_ports(const struct hp_primary *primary)
{
	struct hp_wq_shm *shm;
	uint64_t off = primary->workers.gone;

	if (primary->group.hdr->n_wqs == 0)
		return;
	shm = hp_group_wq(&primary->group);
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]) &&
			(!primary->ports[i].started || primary->ports[i].withdrawn))
			off |= UINT64_C(1) << primary->ports[i].port_id;
	if (atomic_exchange(&shm->ports_off, off) != off)
		say_changed(primary);
}

bool hp_workers_heard(const struct hp_primary *primary, uint8_t *slot)
{
	struct hp_wq_shm *shm;
	uint64_t changes;

	if (primary->workers.conf.n_queues == 0)
		return true;
	shm = hp_group_wq(&primary->group);
	changes = atomic_load(&shm->changes);
	for (uint32_t q = 0; q < primary->workers.conf.n_queues; q++) {
		const struct hp_worker_queue *queue = &primary->workers.queues[q];

		*slot = queue->holder;
		if (queue->holder == HP_WQ_NOBODY)
			continue;
		if (queue->revoking ? atomic_load_explicit(&shm->queues[q].let_go,
					      memory_order_acquire) != queue->serial
				    : atomic_load_explicit(&shm->queues[q].worked_by,
					      memory_order_acquire) < changes)
			return false;
	}
	return true;
}

static void let_go_tick(void *arg)
{
	struct hp_primary *primary = arg;
	struct hp_workers *workers = &primary->workers;
	struct hp_wq_shm *shm = hp_group_wq(&primary->group);
	bool again = false, freed = false;

	for (uint32_t q = 0; q < workers->conf.n_queues; q++) {
		struct hp_worker_queue *queue = &workers->queues[q];

		if (!queue->revoking)
			continue;
		if (atomic_load_explicit(&shm->queues[q].let_go, memory_order_acquire) ==
			queue->serial) {
			queue->holder = HP_WQ_NOBODY;
			queue->revoking = false;
			freed = true;
			HP_CRASH_POINT(queue_freed);
		} else {
			again = true;
		}
	}
	if (freed)
		hp_workers_rebalance(primary);
	else if (!again) {
		hp_loop_timer_del(workers->timer);
		workers->timer = NULL;
	}
}

void hp_workers_rebalance(struct hp_primary *primary)
{
	struct hp_workers *workers = &primary->workers;
	struct shares shares;

	if (workers->conf.n_queues == 0)
		return;
	find_holders(primary, &shares);
	count_shares(primary, &shares);
	if (shares.n > 0) {
		give_away(primary, &shares);
		level(primary, &shares);
	}
	if (shares.pending > 0 && workers->timer == NULL)
		workers->timer = hp_loop_timer(
			primary->loop, LET_GO_PERIOD_US, LET_GO_PERIOD_US, let_go_tick, primary);
}

static uint64_t sum_drops(const struct hp_port_counters *c)
{
	uint64_t n = 0;

	for (unsigned int r = 0; r < HP_DROP_COUNT; r++)
		n += hp_counted(&c->drops[r]);
	return n;
}

// What a holder has received or made and neither sent nor dropped is lost with it. Each port's
// share is told by what left by its pair; the rest is the first port's.
static uint64_t count_died(struct hp_primary *primary, uint32_t q)
{
	const struct hp_wq_conf *conf = &primary->workers.conf;
	uint64_t missing[HP_PORTS_MAX] = {0};
	uint64_t in = 0, out = 0, died, rest;

	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct hp_wq_port *port = &conf->ports[i];
		const struct hp_port_counters *c =
			hp_wq_counters(&primary->group, q, port->port_id);
		uint64_t rx = hp_counted(&c->rx_packets) + hp_counted(&c->copies),
			 drops = sum_drops(c);
		uint64_t gone =
			drops +
			hp_counted(&hp_wq_counters(&primary->group, q, port->pair)->tx_packets);

		in += rx;
		out += drops + hp_counted(&c->tx_packets);
		missing[i] = rx > gone ? rx - gone : 0;
	}
	// More out than in, or more missing than there are mbufs, is what a liar wrote.
	died = in > out && in - out <= primary->workers.pools[q].n ? in - out : 0;
	rest = died;
	for (uint32_t i = conf->n_ports; i-- > 0;) {
		struct hp_port_counters *c =
			hp_wq_counters(&primary->group, q, conf->ports[i].port_id);
		uint64_t n = i == 0 ? rest : RTE_MIN(rest, missing[i]);

		hp_count(&c->drops[HP_DROP_MEMBER_DIED], n);
		rest -= n;
	}
	return died;
}

void hp_workers_died(struct hp_primary *primary, uint32_t slot)
{
	struct hp_workers *workers = &primary->workers;
	const struct hp_wq_shm *shm = hp_group_wq(&primary->group);
	uint64_t began = hp_now_us(), now = rte_rdtsc();
	uint32_t n = 0;

	for (uint32_t q = 0; q < workers->conf.n_queues; q++) {
		struct hp_worker_queue *queue = &workers->queues[q];

		if (queue->holder != slot)
			continue;
		queue->heard_tsc = now - RTE_MIN(now, hp_counted(&shm->queues[q].looked_tsc));
		HP_CRASH_POINT(repair_begin);
		workers->died_packets += count_died(primary, q);
		hp_pool_reset(&workers->pools[q]);
		HP_CRASH_POINT(repair_done);
		queue->holder = HP_WQ_NOBODY;
		queue->revoking = false;
		queue->dead = true;
		queue->takeovers++;
		n++;
	}
	if (n == 0)
		return;
	hp_workers_rebalance(primary);
	workers->grant_us_max = RTE_MAX(workers->grant_us_max, hp_now_us() - began);
}

uint32_t hp_workers_held(const struct hp_primary *primary, uint32_t slot)
{
	uint32_t n = 0;

	for (uint32_t q = 0; q < primary->workers.conf.n_queues; q++)
		n += primary->workers.queues[q].holder == slot;
	return n;
}

uint32_t hp_workers_held_all(const struct hp_primary *primary)
{
	uint32_t n = 0;

	for (uint32_t q = 0; q < primary->workers.conf.n_queues; q++)
		n += primary->workers.queues[q].holder < HP_WQ_LANE;
	return n;
}
