// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Captures of a worker's queues. The control thread hears of them from the primary, maps their
// memory, and makes sets of taps that never change; the packet loop takes up the newest at its next
// turn. What it has worked by before is given back once it has, and then the primary hears of it.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "group/hp_wallclock.h"
#include "worker.h"

#include <rte_cycles.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

HP_LOG_TYPE("taps");

#define APPLIED_PERIOD_US 500 // how often it is looked whether the packet loop has turned

/** A capture whose memory is mapped. */
struct capture {
	bool used;
	uint64_t number; // the primary's
	uint64_t gone; // version of the set without it, 0: it is there
	uint32_t first_ring;
	struct hp_guest_mem mem;
	struct hp_copy_ring *rings;
	uint8_t ports[HP_GUEST_TAPS_MAX];
};

/** A set, and the one that was made before it. */
struct set {
	struct hp_wq_taps taps;
	struct set *older;
};

struct hp_worker_taps {
	// control thread
	struct hp_member *member;
	struct hp_loop *loop;
	struct hp_timer *timer; // while the packet loop has not taken up the newest set
	struct hp_timer *clock_timer; // while there are captures
	struct capture captures[2 * HP_GUESTS_MAX]; // as many may be going
	char port_names[HP_PORTS_MAX][HP_NAME_MAX];
	uint64_t heard; // serial of the last message, 0: it has been answered
	struct set *newest;
	struct hp_clock clock; // packet loop: ro

	struct hp_copier *copier; // packet loop's
	_Atomic(const struct hp_wq_taps *) next; // control thread: wo; packet loop: ro
	_Atomic uint64_t applied; // version of the set that it works by; packet loop: wo
};

struct hp_worker_taps *hp_worker_taps_new(struct hp_member *member)
{
	struct hp_worker_taps *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->member = member;
	t->copier = hp_copier_new();
	if (t->copier == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

static void free_capture(struct capture *c)
{
	hp_guest_mem_free(&c->mem);
	free(c->rings);
	memset(c, 0, sizeof(*c));
}

static void free_sets(struct set *set)
{
	while (set != NULL) {
		struct set *older = set->older;

		free(set);
		set = older;
	}
}

void hp_worker_taps_free(struct hp_worker_taps *t)
{
	if (t == NULL)
		return;
	for (unsigned int i = 0; i < RTE_DIM(t->captures); i++)
		free_capture(&t->captures[i]);
	free_sets(t->newest);
	free(t->copier);
	free(t);
}

void hp_worker_taps_take_up(struct hp_worker_taps *t, struct hp_wq_loop *loop)
{
	const struct hp_wq_taps *next = atomic_load_explicit(&t->next, memory_order_acquire);

	loop->copier = t->copier;
	loop->clock = &t->clock;
	hp_wq_use_taps(loop, next);
	HP_CRASH_POINT(taps_taken_up);
	atomic_store_explicit(&t->applied, next->version, memory_order_release);
}

bool hp_worker_taps_waiting(const struct hp_worker_taps *t)
{
	const struct hp_wq_taps *next = atomic_load_explicit(&t->next, memory_order_acquire);

	return next != NULL &&
	       next->version != atomic_load_explicit(&t->applied, memory_order_relaxed);
}

// The packet loop has turned: what it worked by before is nobody's.
static void on_applied(struct hp_worker_taps *t, uint64_t version)
{
	struct hp_wire_tapped msg;
	bool any = false;

	free_sets(t->newest->older);
	t->newest->older = NULL;
	for (unsigned int i = 0; i < RTE_DIM(t->captures); i++) {
		struct capture *c = &t->captures[i];

		if (c->used && c->gone != 0 && c->gone <= version)
			free_capture(c);
		any |= c->used;
	}
	if (!any) {
		hp_loop_timer_del(t->clock_timer);
		t->clock_timer = NULL;
	}
	memset(&msg, 0, sizeof(msg));
	hp_wire_init(&msg.hdr, HP_WIRE_TAPPED);
	msg.serial = t->heard;
	hp_member_send(t->member, &msg.hdr);
}

static void look(void *arg)
{
	struct hp_worker_taps *t = arg;
	uint64_t version = atomic_load_explicit(&t->applied, memory_order_acquire);

	if (version != t->newest->taps.version)
		return;
	hp_loop_timer_del(t->timer);
	t->timer = NULL;
	on_applied(t, version);
}

static void clock_tick(void *arg)
{
	struct hp_worker_taps *t = arg;

	hp_wallclock_adjust(&t->clock);
}

// The lanes' line, so that a file has one time; from then on both follow the wall clock.
static void start_clock(struct hp_worker_taps *t, const struct hp_wire_taps *msg)
{
	if (t->clock_timer != NULL)
		return;
	hp_clock_set(&t->clock, &msg->clock);
	t->clock_timer = hp_loop_timer(
		t->loop, HP_CLOCK_PERIOD_NS / 1000, HP_CLOCK_PERIOD_NS / 1000, clock_tick, t);
}

static void add_capture(struct hp_worker_taps *t, const struct hp_wire_taps *msg, int fd)
{
	const struct hp_guest_mem_terms terms = {
		.bytes = msg->bytes,
		.kind = HP_GUEST_CAPTURE,
		.n_rings = msg->n_rings,
		.first_ring = msg->first_ring,
	};
	struct capture *c = NULL;
	struct hp_err err = {0};

	for (unsigned int i = 0; c == NULL && i < RTE_DIM(t->captures); i++)
		if (!t->captures[i].used)
			c = &t->captures[i];
	if (c == NULL) {
		HP_LOG(WARNING, "more captures than there may be");
		return;
	}
	c->used = true;
	c->number = msg->capture;
	c->first_ring = msg->first_ring;
	memcpy(c->ports, msg->ports, sizeof(c->ports));
	// The capture can have written nonsense there since the primary has looked at it.
	if (hp_guest_mem_take(&c->mem, fd, &terms, &err) == 0)
		c->rings = hp_guest_mem_rings(&c->mem);
	if (c->rings == NULL) {
		HP_LOG(WARNING, "a capture is not served here: %s", err.text);
		free_capture(c);
	}
}

static void end_captures(struct hp_worker_taps *t, uint64_t number, uint64_t version)
{
	for (unsigned int i = 0; i < RTE_DIM(t->captures); i++)
		if (t->captures[i].used && t->captures[i].gone == 0 &&
			(number == 0 || t->captures[i].number == number))
			t->captures[i].gone = version;
}

static void add_taps(struct hp_wq_taps *taps, const struct capture *c, unsigned int guest)
{
	taps->first_ring = c->first_ring;
	for (uint32_t i = 0; i < c->mem.n_taps; i++) {
		const struct hp_guest_tap *tap = &c->mem.taps[i];
		const struct hp_copy_tap copy = {
			.kind = tap->tap.kind,
			.guest = (uint8_t)guest,
			.iface = (uint8_t)i,
			.snaplen = tap->snaplen,
			.filter = tap->n_insns > 0 ? &c->mem.insns[tap->filter] : NULL,
			.rings = c->rings,
		};

		hp_wq_add_tap(taps, tap, c->ports[i], &copy);
	}
}

// NULL: out of memory; the packet loop goes on with what it has.
static struct set *make_set(const struct hp_worker_taps *t, uint64_t version)
{
	struct set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->taps.version = version;
	memcpy(set->taps.port_names, t->port_names, sizeof(t->port_names));
	for (unsigned int i = 0; i < RTE_DIM(t->captures); i++)
		if (t->captures[i].used && t->captures[i].gone == 0)
			add_taps(&set->taps, &t->captures[i], i);
	return set;
}

void hp_worker_taps_hear(
	struct hp_worker_taps *t, struct hp_loop *loop, const struct hp_wire_taps *msg, int fd)
{
	uint64_t version = t->newest != NULL ? t->newest->taps.version + 1 : 1;
	struct set *set;

	HP_CRASH_POINT(taps_heard);
	t->loop = loop;
	t->heard = msg->serial;
	memcpy(t->port_names, msg->names, sizeof(t->port_names));
	if (msg->bytes == 0) {
		end_captures(t, msg->capture, version);
	} else if (fd >= 0) {
		start_clock(t, msg);
		add_capture(t, msg, fd);
	}
	HP_CRASH_POINT(taps_mapped);
	set = make_set(t, version);
	if (set == NULL) {
		HP_LOG(ERR, "out of memory: captures are not served here");
		return;
	}
	set->older = t->newest;
	t->newest = set;
	atomic_store_explicit(&t->next, &set->taps, memory_order_release);
	if (t->timer == NULL)
		t->timer = hp_loop_timer(loop, 1, APPLIED_PERIOD_US, look, t);
}
