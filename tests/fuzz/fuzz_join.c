// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Peers that come to the join socket, say anything in any order, and go: each is served, refused in
// words or shown out; no two members have a name, a PID or an lcore id in common; and when all have
// gone, everything is free and an honest member gets its lease.
// Input: steps {what, n, n bytes}.

#include "base/hp_log.h"
#include "base/hp_paths.h"
#include "fuzz_bytes.h"
#include "group/hp_lease.h"

#include <rte_version.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define PEERS 6
#define MEMBERS 4
#define WATCHED 128 // strangers, members, the socket itself
#define FINGERPRINT "fuzz\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// ---------------------------------------------------------------------------- what is around them

static struct watched {
	int fd; // 0: unused
	hp_loop_fd_cb cb;
	void *arg;
} watched[WATCHED];

static struct hp_timer {
	hp_loop_timer_cb cb;
	void *arg;
} timer;

static char dir[] = "/tmp/hp_fuzz.XXXXXX";
static struct hp_group group;
static struct hp_leases *leases;
static bool released_at_once; // what the dead had is back when they are gone
static uint32_t dead; // bit a slot that is to be released

void hp_log(enum hp_log_level level, const char *module, const char *fmt, ...)
{
}

int hp_loop_add(struct hp_loop *loop, int fd, uint32_t events, hp_loop_fd_cb cb, void *arg)
{
	for (unsigned int i = 0; i < WATCHED; i++)
		if (watched[i].fd == 0) {
			watched[i] = (struct watched){.fd = fd, .cb = cb, .arg = arg};
			return 0;
		}
	CHECK(!"as many descriptors as members and strangers");
	return -1;
}

void hp_loop_del(struct hp_loop *loop, int fd)
{
	for (unsigned int i = 0; i < WATCHED; i++)
		if (watched[i].fd == fd)
			watched[i].fd = 0;
}

struct hp_timer *hp_loop_timer(
	struct hp_loop *loop, uint64_t first_us, uint64_t period_us, hp_loop_timer_cb cb, void *arg)
{
	timer = (struct hp_timer){.cb = cb, .arg = arg};
	return &timer;
}

void hp_loop_timer_del(struct hp_timer *t)
{
}

bool hp_loop_stop_pending(void)
{
	return false;
}

// Each descriptor that has something to read, once.
static bool deliver_once(void)
{
	bool any = false;

	for (unsigned int i = 0; i < WATCHED; i++) {
		struct pollfd pfd = {.fd = watched[i].fd, .events = POLLIN};

		if (pfd.fd == 0 || poll(&pfd, 1, 0) <= 0)
			continue;
		any = true;
		watched[i].cb(watched[i].arg, pfd.fd, EPOLLIN);
	}
	return any;
}

static void deliver(void)
{
	for (unsigned int i = 0; i < 1000 && deliver_once(); i++)
		;
}

static void on_guest(void *arg, int fd, const struct hp_wire_guest *hello)
{
	CHECK(hp_wire_name_ok(hello->name));
	close(fd);
}

static void on_leaving(void *arg, uint32_t slot)
{
	hp_lease_let_go(leases, slot);
}

static void on_gone(void *arg, uint32_t slot, bool attached)
{
	CHECK(hp_leases_get(leases, slot)->state == HP_LEASE_RELEASING);
	if (released_at_once)
		hp_lease_release(leases, slot);
	else
		dead |= 1u << slot;
}

static const struct hp_lease_events events = {
	.guest = on_guest,
	.leaving = on_leaving,
	.gone = on_gone,
};

static void release_dead(void)
{
	for (uint32_t i = 0; i < MEMBERS; i++)
		if ((dead & 1u << i) != 0)
			hp_lease_release(leases, i);
	dead = 0;
}

static bool share_an_lcore(const struct hp_lease *a, const struct hp_lease *b)
{
	for (uint32_t i = 0; i < a->n_lcores; i++)
		for (uint32_t j = 0; j < b->n_lcores; j++)
			if (a->lcores[i] == b->lcores[j])
				return true;
	return false;
}

static bool has_its_name(const struct hp_lease *m)
{
	return m->state >= HP_LEASE_WAITING && m->state <= HP_LEASE_LEAVING;
}

static void check_members(void)
{
	unsigned int attaching = 0;

	for (uint32_t i = 0; i < MEMBERS; i++) {
		const struct hp_lease *a = hp_leases_get(leases, i);

		attaching += a->state == HP_LEASE_ATTACHING;
		for (uint32_t j = 0; j < i && a->state != HP_LEASE_FREE; j++) {
			const struct hp_lease *b = hp_leases_get(leases, j);

			if (b->state == HP_LEASE_FREE)
				continue;
			CHECK(a->pid != b->pid && !share_an_lcore(a, b));
			CHECK(!has_its_name(a) || !has_its_name(b) ||
				strcmp(a->name, b->name) != 0);
		}
	}
	CHECK(attaching <= 1);
}

// -------------------------------------------------------------------------------------- the peers

struct peer {
	int fd; // -1: none
	bool leased;
};

static void come(struct peer *p)
{
	struct sockaddr_un addr;

	if (p->fd >= 0)
		return;
	p->leased = false;
	p->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK(p->fd >= 0 && hp_paths_sockaddr(&addr, dir, HP_PATHS_JOIN) == 0);
	CHECK(connect(p->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
}

static void go(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void make_hello(union hp_wire_msg *msg, const char *name, int32_t pid, uint32_t n_lcores)
{
	struct hp_wire_hello *hello = &msg->hello;

	memset(hello, 0, sizeof(*hello));
	hp_wire_init(&hello->hdr, HP_WIRE_HELLO);
	memcpy(hello->name, name, strlen(name));
	memcpy(hello->role, "client", 6);
	memcpy(hello->dpdk, rte_version(), strlen(rte_version()));
	memcpy(hello->fingerprint, FINGERPRINT, sizeof(FINGERPRINT));
	hello->pid = pid;
	hello->n_lcores = n_lcores;
}

static void say(const struct peer *p, const union hp_wire_msg *msg, size_t size)
{
	if (p->fd >= 0)
		send(p->fd, msg, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void say_hello(const struct peer *p, struct bytes *b)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	union hp_wire_msg msg;

	make_hello(&msg, names[draw(b, 5)], (int32_t)(1000000 + draw(b, 6)), 1 + draw(b, 16));
	say(p, &msg, sizeof(msg.hello));
}

// A message of any type, with bytes of the input somewhere in it, and sometimes of another size.
static void say_anything(const struct peer *p, struct bytes *b)
{
	union hp_wire_msg msg;
	uint16_t type = (uint16_t)draw(b, HP_WIRE_TAPPED + 3);
	size_t size = hp_wire_size(type), off;

	memset(&msg, 0, sizeof(msg));
	if (type == HP_WIRE_HELLO)
		make_hello(&msg, "x", 1000010, 1);
	else if (size > 0)
		hp_wire_init(&msg.hdr, type);
	if (size == 0 || draw(b, 8) == 0)
		size = 1 + draw(b, sizeof(msg));
	off = draw(b, (uint32_t)size);
	memcpy(msg.bytes + off, b->at, b->left < size - off ? b->left : size - off);
	say(p, &msg, size);
}

static void say_type(const struct peer *p, uint16_t type)
{
	union hp_wire_msg msg;

	memset(&msg.hdr, 0, sizeof(msg.hdr));
	hp_wire_init(&msg.hdr, type);
	say(p, &msg, msg.hdr.length);
}

// What the primary says is what a member takes.
static void hear(struct peer *p)
{
	union hp_wire_msg msg;
	struct hp_err err = {0};
	ssize_t len;

	while (p->fd >= 0 && (len = recv(p->fd, &msg, sizeof(msg), MSG_DONTWAIT)) > 0) {
		CHECK(hp_wire_check(&msg, (size_t)len, &err) == 0);
		CHECK(msg.hdr.type != HP_WIRE_LEASE || msg.lease.slot < MEMBERS);
		p->leased |= msg.hdr.type == HP_WIRE_LEASE;
	}
}

static void step(struct peer *peers, uint8_t what, struct bytes *b)
{
	struct peer *p = &peers[what / 10 % PEERS];

	switch (what % 10) {
	case 0:
		come(p);
		break;
	case 1:
		come(p);
		say_hello(p, b);
		break;
	case 2:
		say_anything(p, b);
		break;
	case 3:
		say_type(p, HP_WIRE_READY);
		break;
	case 4:
		say_type(p, HP_WIRE_LEAVE);
		break;
	case 5:
		go(p);
		break;
	case 6:
		release_dead();
		break;
	case 7:
		hp_lease_evict(leases, draw(b, MEMBERS), "the input says so");
		break;
	case 8:
		timer.cb(timer.arg);
		break;
	default:
		if (draw(b, 2) == 0)
			deliver_once();
		else
			deliver();
		hear(p);
	}
	check_members();
}

// ------------------------------------------------------------------------------------------- both

static void remove_dir(void)
{
	char path[sizeof(dir) + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, HP_PATHS_MEMBERS);
	unlink(path);
	rmdir(dir);
}

static void set_up(void)
{
	struct hp_config conf = {.nb_cores = 1, .max_members = MEMBERS, .max_clients = 1};
	size_t bytes;
	void *shm;

	if (group.shm != NULL)
		return;
	CHECK(mkdtemp(dir) != NULL);
	atexit(remove_dir);
	conf.window = 64;
	conf.burst = 32;
	bytes = RTE_ALIGN_CEIL(hp_group_bytes(&conf), (uint64_t)RTE_CACHE_LINE_SIZE);
	shm = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	CHECK(shm != NULL);
	memset(shm, 0, bytes);
	hp_group_lay_out(shm, &conf);
	hp_group_open(&group, shm);
}

static void begin(struct peer *peers)
{
	const struct hp_lease_terms terms = {.huge_dir = "/", .iova_va = true};
	struct hp_err err = {0};

	set_up();
	dead = 0;
	leases = hp_leases_new(NULL, &group, dir, &terms, FINGERPRINT, &events, NULL, &err);
	CHECK(leases != NULL);
	for (unsigned int i = 0; i < PEERS; i++)
		peers[i].fd = -1;
}

static void an_honest_member_joins(struct peer *p)
{
	union hp_wire_msg msg;

	come(p);
	make_hello(&msg, "honest", 1000020, HP_WIRE_LCORES);
	say(p, &msg, sizeof(msg.hello));
	deliver();
	hear(p);
	CHECK(p->leased && hp_leases_count(leases) == 1);
	go(p);
	deliver();
	release_dead();
}

static void end(struct peer *peers)
{
	for (unsigned int i = 0; i < PEERS; i++)
		go(&peers[i]);
	deliver();
	release_dead();
	for (uint32_t i = 0; i < MEMBERS; i++)
		CHECK(hp_leases_get(leases, i)->state == HP_LEASE_FREE);
	an_honest_member_joins(&peers[0]);
	hp_leases_free(leases);
	for (unsigned int i = 0; i < WATCHED; i++)
		CHECK(watched[i].fd == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer peers[PEERS];

	if (size == 0)
		return 0;
	released_at_once = data[0] % 2 == 0;
	begin(peers);
	for (data++, size--; size >= 2;) {
		struct bytes b = {.at = data + 2, .left = RTE_MIN((size_t)data[1], size - 2)};
		uint8_t what = data[0];

		size -= 2 + b.left;
		data += 2 + b.left;
		step(peers, what, &b);
	}
	end(peers);
	return 0;
}
