// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A guest that says and offers anything, and scribbles over its memory whenever it likes, against
// the primary's and a worker's end of it: messages are refused or served, packets are copied with
// bounds, an honest guest is served, and when the connection ends everything is given back.
// Input: kind, then steps {what, n, n bytes}.

#include "../../apps/primary/primary.h"
#include "../../apps/worker/worker.h"
#include "base/hp_log.h"
#include "base/hp_pass.h"
#include "base/hp_pcapng.h"
#include "fuzz_bytes.h"
#include "fuzz_mbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define QUEUES 2
#define RINGS (1 + QUEUES)
#define RING HP_GUEST_RING_MIN
#define PKTS 8
#define TIMERS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// ---------------------------------------------------------------------- what is around the guests

static struct hp_primary primary;
static struct hp_worker_taps *worker;
static struct hp_wq_loop queues;
static hp_loop_fd_cb heard; // of the guest's connection
static void *heard_arg;

static struct hp_timer {
	hp_loop_timer_cb cb;
	void *arg;
} timers[TIMERS];

void hp_log(enum hp_log_level level, const char *module, const char *fmt, ...)
{
}

int hp_loop_add(struct hp_loop *loop, int fd, uint32_t events, hp_loop_fd_cb cb, void *arg)
{
	heard = cb;
	heard_arg = arg;
	return 0;
}

void hp_loop_del(struct hp_loop *loop, int fd)
{
	heard = NULL;
}

struct hp_timer *hp_loop_timer(
	struct hp_loop *loop, uint64_t first_us, uint64_t period_us, hp_loop_timer_cb cb, void *arg)
{
	for (unsigned int i = 0; i < TIMERS; i++)
		if (timers[i].cb == NULL) {
			timers[i] = (struct hp_timer){.cb = cb, .arg = arg};
			return &timers[i];
		}
	return NULL;
}

void hp_loop_timer_del(struct hp_timer *timer)
{
	if (timer != NULL)
		timer->cb = NULL;
}

int hp_primary_find_port(const struct hp_primary *p, const char *name)
{
	return strcmp(name, "in") == 0 ? 0 : strcmp(name, "out") == 0 ? 1 : -1;
}

int hp_primary_find_client(const struct hp_primary *p, const char *name)
{
	return strcmp(name, "fw") == 0 ? 0 : -1;
}

bool hp_workers_poll(const struct hp_primary *p, uint16_t port_id)
{
	return port_id == 1;
}

int hp_primary_publish(struct hp_primary *p)
{
	struct hp_plan *plan = calloc(1, sizeof(*plan));

	if (plan == NULL || hp_guests_fill_plan(p, plan) < 0) {
		free(plan);
		return -ENOMEM;
	}
	CHECK(plan->n_taps <= HP_TAPS_MAX && plan->wq_taps.n_taps <= plan->n_taps);
	free(p->plan);
	p->plan = plan;
	p->lanes[0].plan = plan;
	return 0;
}

const struct hp_lease *hp_leases_get(const struct hp_leases *leases, uint32_t slot)
{
	static const struct hp_lease lease = {.state = HP_LEASE_READY};

	return &lease;
}

void hp_lease_refuse_guest(int fd, uint32_t code, int exit_code, const char *text)
{
	CHECK(exit_code > 0 && exit_code < 128 && text[0] != '\0');
}

int hp_lease_tell(
	struct hp_leases *leases, uint32_t slot, const struct hp_wire_hdr *hdr, int passed)
{
	struct hp_err err = {0};

	CHECK(hp_wire_check((const union hp_wire_msg *)hdr, hdr->length, &err) == 0);
	hp_worker_taps_hear(worker, NULL, (const struct hp_wire_taps *)hdr, passed);
	return 0;
}

void hp_member_send(const struct hp_member *member, const struct hp_wire_hdr *hdr)
{
	hp_guests_worker_heard(&primary, 0, ((const struct hp_wire_tapped *)hdr)->serial);
}

// ------------------------------------------------------------------------------------- the guest

struct guest {
	int fd;
	uint32_t kind;
	struct hp_guest_shm *shm; // of its last offer
	uint8_t *rings;
	bool honest; // nothing was spoilt since the offer
	bool opened;
	struct rte_mbuf *pkts[PKTS];
};

static bool spoil(struct bytes *b, void *at, size_t size)
{
	size_t off = draw(b, (uint32_t)size), n = RTE_MIN(b->left, size - off);

	if (n == 0 || memcmp((uint8_t *)at + off, b->at, n) == 0)
		return false;
	memcpy((uint8_t *)at + off, b->at, n);
	b->left = 0;
	return true;
}

static void listen_to_primary(struct guest *g)
{
	union hp_wire_msg msg;
	struct hp_err err = {0};
	ssize_t len;

	while ((len = recv(g->fd, &msg, sizeof(msg), MSG_DONTWAIT)) > 0) {
		CHECK(hp_wire_check(&msg, (size_t)len, &err) == 0);
		g->opened |= msg.hdr.type == HP_WIRE_OPENED;
	}
}

static void deliver(struct guest *g)
{
	if (heard != NULL)
		heard(heard_arg, primary.guests[0].fd, 0);
	listen_to_primary(g);
}

static void forget_memory(struct guest *g)
{
	if (g->shm != NULL)
		munmap(g->shm, g->shm->rings_off);
	g->shm = NULL;
}

static void fill_memory(struct guest *g, struct bytes *b, uint64_t off, uint32_t n_rings)
{
	static const struct hp_guest_tap taps[] = {
		{.tap = {.kind = HP_TAP_PORT_RX, .name = "in"}, .snaplen = 262144},
		{.tap = {.kind = HP_TAP_PORT_TX, .name = "out"}, .snaplen = 64},
		{.tap = {.kind = HP_TAP_QUEUE_RX, .name = "1"}, .snaplen = 14},
		{.tap = {.kind = HP_TAP_LINK_OUT, .name = "fw"}, .snaplen = 1},
		{.tap = {.kind = HP_TAP_DROP, .reason = HP_TAP_ANY_REASON}, .snaplen = 96},
	};
	struct hp_guest_shm *shm = g->shm;

	shm->magic = HP_GUEST_MAGIC;
	shm->version = HP_GUEST_VERSION;
	shm->kind = g->kind;
	shm->n_rings = n_rings;
	shm->n_taps = g->kind == HP_GUEST_CAPTURE ? 1 + draw(b, RTE_DIM(taps)) : 1;
	shm->ring_bytes = RING;
	shm->rings_off = off;
	memcpy(shm->taps, taps, sizeof(taps));
}

static void offer(struct guest *g, struct bytes *b)
{
	uint64_t off = RTE_ALIGN_CEIL(sizeof(struct hp_guest_shm), 4096);
	uint32_t n_rings = g->kind == HP_GUEST_CAPTURE ? RINGS : 1;
	bool first = primary.guests[0].state == HP_GUEST_GREETED;
	struct hp_wire_offer msg = {.bytes = off + n_rings * RING};
	uint32_t how = draw(b, 16);
	int fd = memfd_create("fuzz_guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK(fd >= 0 && ftruncate(fd, (off_t)msg.bytes) == 0);
	if (how != 1)
		CHECK(fallocate(fd, 0, 0, (off_t)msg.bytes) == 0);
	if (how != 2)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | (how == 3 ? 0 : F_SEAL_SEAL));
	forget_memory(g);
	g->shm = mmap(NULL, off, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(g->shm != MAP_FAILED);
	fill_memory(g, b, off, n_rings);
	g->honest = how == 0;
	g->opened = false;
	if (how >= 8) // the header, and the first taps
		spoil(b, g->shm, 512);
	if (how == 4)
		msg.bytes += draw(b, 65536);
	hp_wire_init(&msg.hdr, HP_WIRE_OFFER);
	hp_pass_send(g->fd, &msg, sizeof(msg), how == 5 ? -1 : fd, MSG_DONTWAIT);
	g->shm->rings_off = off; // ours to unmap by
	close(fd);
	deliver(g);
	for (unsigned int i = 0; i < TIMERS; i++) // the worker turns
		if (hp_worker_taps_waiting(worker))
			hp_worker_taps_take_up(worker, &queues);
	for (unsigned int i = 0; i < TIMERS; i++)
		if (timers[i].cb != NULL)
			timers[i].cb(timers[i].arg);
	listen_to_primary(g);
	CHECK(!first || !g->honest || g->opened);
}

static void say(struct guest *g, struct bytes *b)
{
	union hp_wire_msg msg;
	uint16_t type = (uint16_t)draw(b, HP_WIRE_TAPPED + 3);

	memset(&msg, 0, sizeof(msg));
	if (hp_wire_size(type) > 0)
		hp_wire_init(&msg.hdr, type);
	spoil(b, &msg, 96);
	if (hp_wire_size(type) > 0)
		send(g->fd, &msg, hp_wire_size(type), MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		send(g->fd, &msg, 1 + draw(b, 64), MSG_DONTWAIT | MSG_NOSIGNAL);
	deliver(g);
}

// ------------------------------------------------------------------------------ the packet loops

static void copy_in_lane(struct guest *g, struct bytes *b)
{
	uint64_t taps = primary.plan->n_taps < 64 ? (1ull << primary.plan->n_taps) - 1 : ~0ull;
	struct hp_copy copy = {
		.copier = primary.lanes[0].copier,
		.taps = primary.plan->taps,
		.clock = &primary.clock,
	};

	if (taps != 0)
		hp_copy_burst(&copy, taps, g->pkts, (uint16_t)(1 + draw(b, PKTS)));
}

static void copy_in_worker(struct guest *g, struct bytes *b)
{
	uint32_t queue = draw(b, QUEUES), n = 1 + draw(b, PKTS), sent = draw(b, n + 1);

	if (hp_worker_taps_waiting(worker))
		hp_worker_taps_take_up(worker, &queues);
	if (queues.taps == NULL)
		return;
	switch (draw(b, 4)) {
	case 0: // the queue has another holder in between
		hp_wq_tap_let_go(&queues, queue);
		hp_wq_tap_take(&queues, queue);
		break;
	case 1:
		hp_wq_tap_drop(&queues, queue, 1, draw(b, HP_DROP_COUNT), g->pkts, (uint16_t)n);
		break;
	case 2:
		hp_wq_tap_stage(&queues, queue, 1, g->pkts, (uint16_t)n);
		hp_wq_tap_commit(&queues, queue, 1, (uint16_t)sent);
		break;
	default:
		hp_wq_tap_received(&queues, queue, 1, g->pkts, (uint16_t)n);
	}
}

// An honest guest finds whole blocks, and gives their room back.
static void read_ring(struct guest *g, uint32_t r)
{
	const struct hp_primary_guest *pg = &primary.guests[0];
	struct hp_stream_ctl *ctl = &g->shm->rings[r];
	uint64_t at = atomic_load(&ctl->tail), head = atomic_load(&ctl->head);

	if (g->honest && pg->state == HP_GUEST_OPEN) {
		CHECK(head - at <= RING);
		while (at < head) {
			struct hp_pcapng_epb epb;

			memcpy(&epb, pg->mem.rings[r] + (at & (RING - 1)), sizeof(epb));
			CHECK(epb.type == HP_PCAPNG_EPB && epb.length % 4 == 0 &&
				epb.length >= sizeof(epb) + 4 && epb.length <= head - at &&
				epb.iface < pg->mem.n_taps && epb.caplen <= epb.len);
			at += epb.length;
		}
	}
	atomic_store(&ctl->tail, head);
}

static void scribble(struct guest *g, struct bytes *b)
{
	switch (draw(b, 3)) {
	case 0:
		g->honest &= !spoil(b, g->shm->rings, sizeof(g->shm->rings[0]) * RINGS);
		break;
	case 1:
		g->honest &= !spoil(b, g->shm->counts, sizeof(g->shm->counts[0]) * RINGS);
		break;
	default:
		g->honest &= !spoil(b, g->shm->taps, sizeof(g->shm->taps));
	}
}

static void step(struct guest *g, uint8_t what, struct bytes *b)
{
	switch (what % 8) {
	case 0:
		say(g, b);
		break;
	case 1:
	case 2:
		offer(g, b);
		break;
	case 3:
		copy_in_lane(g, b);
		break;
	case 4:
		copy_in_worker(g, b);
		break;
	case 5:
		if (g->shm != NULL)
			scribble(g, b);
		break;
	case 6:
		for (uint32_t r = 0; g->shm != NULL && g->kind == HP_GUEST_CAPTURE && r < RINGS;
			r++)
			read_ring(g, r);
		break;
	default:
		hp_primary_look_at_guests(&primary);
		hp_guests_look_at_workers(&primary);
		listen_to_primary(g);
	}
}

static void begin(struct guest *g, uint32_t kind)
{
	static const uint8_t packet[300] = {0xff, 0xff, 0xff};
	struct hp_wire_guest hello = {.name = "fuzz", .kind = kind, .pid = 1};
	int fds[2];

	memset(g, 0, sizeof(*g));
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	g->fd = fds[0];
	g->kind = kind;
	for (unsigned int i = 0; i < PKTS; i++) {
		g->pkts[i] = fuzz_mbuf(packet, 1 + i * 40, i % 3 == 2 ? 17 : 0);
		CHECK(g->pkts[i] != NULL);
	}
	memset(&queues, 0, sizeof(queues));
	queues.conf.n_queues = QUEUES;
	queues.held = (1u << QUEUES) - 1;
	worker = hp_worker_taps_new(NULL);
	CHECK(worker != NULL && hp_primary_publish(&primary) == 0);
	hp_primary_greet_guest(&primary, fds[1], &hello);
	listen_to_primary(g);
}

// The connection ends: the lanes have no taps, the worker gives all memory back.
static void end(struct guest *g)
{
	close(g->fd);
	g->fd = -1;
	while (heard != NULL)
		heard(heard_arg, primary.guests[0].fd, 0);
	CHECK(primary.guests[0].state == HP_GUEST_ABSENT && primary.guests[0].mem.shm == NULL);
	CHECK(primary.plan->n_taps == 0 && primary.plan->n_sources == 0);
	if (hp_worker_taps_waiting(worker))
		hp_worker_taps_take_up(worker, &queues);
	CHECK(queues.taps == NULL);
	for (unsigned int i = 0; i < TIMERS; i++)
		if (timers[i].cb != NULL)
			timers[i].cb(timers[i].arg);
	for (unsigned int i = 0; i < TIMERS; i++)
		CHECK(timers[i].cb == NULL);
	hp_worker_taps_free(worker);
	forget_memory(g);
	for (unsigned int i = 0; i < PKTS; i++)
		fuzz_mbuf_free(g->pkts[i]);
}

static void set_up(void)
{
	static struct hp_group_hdr hdr = {.max_members = 1, .generation = 1};
	static struct hp_lane lane;

	if (primary.lanes != NULL)
		return;
	primary.group.hdr = &hdr;
	primary.lanes = &lane;
	primary.n_lanes = 1;
	primary.slots[0].has_client = true;
	primary.clients[0].worker = true;
	primary.workers.conf.n_queues = QUEUES;
	hp_clock_init(&primary.clock, 1, 1, 1000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest g;

	if (size == 0)
		return 0;
	set_up();
	begin(&g, data[0] % 4 == 0 ? HP_GUEST_REPLAY : HP_GUEST_CAPTURE);
	for (data++, size--; size >= 2;) {
		struct bytes b = {.at = data + 2, .left = RTE_MIN((size_t)data[1], size - 2)};
		uint8_t what = data[0];

		size -= 2 + b.left;
		data += 2 + b.left;
		step(&g, what, &b);
	}
	end(&g);
	return 0;
}
