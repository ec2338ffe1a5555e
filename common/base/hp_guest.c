// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_guest.h"

#include "base/hp_cgroup.h"
#include "base/hp_connect.h"
#include "base/hp_crash.h"
#include "base/hp_pass.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define OWN_BYTES (4u << 20) // of memory that a guest needs besides its rings

int hp_guest_default_name(struct hp_guest_conf *conf, const char *base)
{
	uint32_t random = 0;

	if (conf->name != NULL)
		return 0;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random) ||
		asprintf(&conf->name, "%s-%08x", base, random) < 0)
		return -ENOMEM;
	return 0;
}

// Who started us may have closed some of them: nothing that we open may take their place, and
// reading or writing them is an error.
static void hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

static void block_signals(struct hp_guest *guest)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN); // a reader that goes is an error of write()
	guest->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int hp_guest_join(struct hp_guest *guest, const struct hp_guest_conf *conf, enum hp_guest_kind kind,
	struct hp_err *err)
{
	struct hp_connect c = {
		.name = conf->name,
		.file_prefix = conf->file_prefix,
		.runtime_base = conf->runtime_dir,
		.wait_us = conf->wait_primary_us,
	};
	struct hp_wire_guest hello;
	union hp_wire_msg msg;
	int ret;

	memset(guest, 0, sizeof(*guest));
	guest->fd = -1;
	guest->mem_fd = -1;
	guest->signal_fd = -1;
	guest->kind = kind;
	hold_standard_files();
	block_signals(guest);
	memset(&hello, 0, sizeof(hello));
	hp_wire_init(&hello.hdr, HP_WIRE_GUEST);
	hello.kind = kind;
	hello.pid = getpid();
	ret = hp_connect_open(&c, err);
	if (ret == 0)
		snprintf(hello.name, sizeof(hello.name), "%s", conf->name);
	while (ret == 0) {
		ret = hp_connect_wait(&c, err);
		if (ret == 0)
			ret = hp_connect_ask(&c, &hello.hdr, HP_WIRE_WELCOME, &msg, err);
		if (ret == 0)
			break;
		if (c.fd >= 0)
			close(c.fd);
		c.fd = -1;
		ret = ret == -EPIPE ? 0 : ret;
	}
	guest->fd = c.fd;
	if (ret == 0)
		guest->welcome = msg.welcome;
	HP_CRASH_POINT(guest_greeted);
	hp_connect_done(&c);
	return ret;
}

// By name, by number, by device; a port's name wins over another's number.
static int find_point(const struct hp_guest *guest, bool port, const char *name)
{
	const struct hp_wire_welcome *w = &guest->welcome;
	char *end;
	unsigned long n = strtoul(name, &end, 10);
	uint32_t ports = 0;

	for (uint32_t i = 0; i < w->n_points; i++) {
		bool is_port = w->points[i].device[0] != '\0';

		ports += is_port;
		if (is_port == port && (strcmp(w->points[i].name, name) == 0 ||
					       strcmp(w->points[i].device, name) == 0))
			return (int)i;
	}
	return port && *name != '\0' && *end == '\0' && n < ports ? (int)n : -1;
}

static int resolve_queue(const struct hp_guest *guest, const struct hp_tap *tap, struct hp_err *err)
{
	uint32_t n = guest->welcome.n_queues;
	char text[HP_TAP_TEXT];

	if (hp_tap_queue(tap) < (int)n)
		return 0;
	hp_tap_text(text, sizeof(text), tap);
	return n == 0 ? hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
				"tap '%s': the group has no queues that workers poll", text)
		      : hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
				"tap '%s': the group has worker queues 0 to %u", text, n - 1);
}

int hp_guest_resolve(const struct hp_guest *guest, struct hp_tap *tap, struct hp_err *err)
{
	bool port = hp_tap_is_port(tap);
	char text[HP_TAP_TEXT], names[512] = "";
	size_t used = 0;
	int i;

	if (tap->kind == HP_TAP_DROP)
		return 0;
	if (tap->kind == HP_TAP_QUEUE_RX || tap->kind == HP_TAP_QUEUE_TX)
		return resolve_queue(guest, tap, err);
	i = find_point(guest, port, tap->name);
	if (i >= 0) {
		memcpy(tap->name, guest->welcome.points[i].name, sizeof(tap->name));
		return 0;
	}
	for (uint32_t k = 0; k < guest->welcome.n_points && used < sizeof(names); k++)
		if ((guest->welcome.points[k].device[0] != '\0') == port)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
				used > 0 ? ", " : "", guest->welcome.points[k].name);
	return hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
		"tap '%s': the group has no %s '%s'; it has %s",
		hp_tap_text(text, sizeof(text), tap), port ? "port" : "client", tap->name,
		used > 0 ? names : "none");
}

static int no_memory(uint64_t bytes, struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_OTHER, errno,
		"%" PRIu64 " bytes for the packets' ring: %s: lower --buffer-size", bytes,
		strerror(errno));
}

// A group takes so much from a guest; and a control group that is too small would end us without a
// word once we touch the memory.
static int check_room(
	uint64_t bytes, uint32_t n_rings, uint64_t ring_bytes, uint64_t head, struct hp_err *err)
{
	uint64_t limit = HP_GUEST_BYTES_MAX, fits = HP_GUEST_RING_MAX;
	struct hp_cgroup_memory group;
	char whose[PATH_MAX + 64] = "what a group takes of one guest";
	char instead[64] = "raise it";

	if (hp_cgroup_memory_read(&group, "") == 0 && group.limit < limit + OWN_BYTES) {
		limit = group.limit > OWN_BYTES ? group.limit - OWN_BYTES : 0;
		snprintf(whose, sizeof(whose), "the memory limit of %" PRIu64 " MiB in %s",
			group.limit >> 20, group.file);
	}
	if (bytes <= limit)
		return 0;
	while (fits >= 1u << 20 && head + n_rings * fits > limit)
		fits /= 2;
	if (fits >= 1u << 20)
		snprintf(instead, sizeof(instead), "--buffer-size %" PRIu64 " would", fits >> 20);
	return hp_err_set(err, HP_EXIT_CONFIG, ENOMEM,
		"%" PRIu32 " rings of %" PRIu64 " MiB do not fit into %.800s: %s", n_rings,
		ring_bytes >> 20, whose, instead);
}

int hp_guest_make(struct hp_guest *guest, uint32_t n_rings, uint64_t ring_bytes, struct hp_err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t off = (sizeof(*guest->shm) + page - 1) / page * page;
	void *shm;
	int ret;

	guest->bytes = off + n_rings * ring_bytes;
	ret = check_room(guest->bytes, n_rings, ring_bytes, off, err);
	if (ret < 0)
		return ret;
	guest->mem_fd = memfd_create("hugepod_guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	// All pages are ours, and there, before anybody else may touch them.
	if (guest->mem_fd < 0 || ftruncate(guest->mem_fd, (off_t)guest->bytes) < 0 ||
		fallocate(guest->mem_fd, 0, 0, (off_t)guest->bytes) < 0 ||
		fcntl(guest->mem_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return no_memory(guest->bytes, err);
	shm = mmap(NULL, off, PROT_READ | PROT_WRITE, MAP_SHARED, guest->mem_fd, 0);
	if (shm == MAP_FAILED)
		return no_memory(guest->bytes, err);
	guest->shm = shm;
	guest->shm->magic = HP_GUEST_MAGIC;
	guest->shm->version = HP_GUEST_VERSION;
	guest->shm->kind = (uint32_t)guest->kind;
	guest->shm->n_rings = n_rings;
	guest->shm->ring_bytes = ring_bytes;
	guest->shm->rings_off = off;
	for (uint32_t i = 0; i < n_rings; i++) {
		uint8_t *bytes = hp_stream_map(guest->mem_fd, off + i * ring_bytes, ring_bytes);

		if (bytes == NULL)
			return no_memory(guest->bytes, err);
		hp_stream_open(&guest->rings[i], bytes, ring_bytes, &guest->shm->rings[i]);
	}
	HP_CRASH_POINT(guest_made);
	return 0;
}

int hp_guest_add_tap(struct hp_guest *guest, const struct hp_tap *tap, uint32_t snaplen,
	const struct hp_guest_filter *filter, struct hp_err *err)
{
	struct hp_guest_shm *shm = guest->shm;
	uint32_t used = 0;

	if (shm->n_taps == HP_GUEST_TAPS_MAX)
		return hp_err_set(err, HP_EXIT_USAGE, ENOSPC,
			"more than %d taps: start another one", HP_GUEST_TAPS_MAX);
	if (shm->n_taps > 0)
		used = shm->taps[shm->n_taps - 1].filter + shm->taps[shm->n_taps - 1].n_insns;
	if (filter->n > HP_GUEST_FILTER_MAX || used + filter->n > HP_GUEST_INSNS_MAX)
		return hp_err_set(err, HP_EXIT_USAGE, ENOSPC,
			"the filter has %u instructions, at most %d each and %d together: make it "
			"simpler",
			filter->n, HP_GUEST_FILTER_MAX, HP_GUEST_INSNS_MAX);
	shm->taps[shm->n_taps++] = (struct hp_guest_tap){
		.tap = *tap,
		.snaplen = snaplen,
		.filter = used,
		.n_insns = filter->n,
	};
	if (filter->n > 0)
		memcpy(&shm->insns[used], filter->insns, filter->n * sizeof(shm->insns[0]));
	return 0;
}

int hp_guest_open(struct hp_guest *guest, struct hp_err *err)
{
	struct hp_wire_offer offer;
	struct hp_connect c = {.fd = guest->fd, .signal_fd = guest->signal_fd};
	union hp_wire_msg msg;
	int ret;

	memset(&offer, 0, sizeof(offer));
	hp_wire_init(&offer.hdr, HP_WIRE_OFFER);
	offer.bytes = guest->bytes;
	ret = hp_pass_send(guest->fd, &offer, sizeof(offer), guest->mem_fd, 0) < 0 ? -EPIPE : 0;
	HP_CRASH_POINT(guest_offered);
	if (ret == 0)
		ret = hp_connect_answer(&c, HP_WIRE_OPENED, &msg, err);
	HP_CRASH_POINT(guest_opened);
	if (ret == -EPIPE)
		hp_err_set(err, HP_EXIT_AGAIN, EPIPE, "the primary is gone");
	return ret;
}

static enum hp_guest_event read_message(struct hp_guest *guest)
{
	union hp_wire_msg msg;
	struct hp_err err = {0};
	ssize_t len = recv(guest->fd, &msg, sizeof(msg), MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return HP_GUEST_NOTHING;
	if (len <= 0)
		return HP_GUEST_LOST;
	if (hp_wire_check(&msg, (size_t)len, &err) < 0)
		return HP_GUEST_NOTHING;
	switch (msg.hdr.type) {
	case HP_WIRE_LEFT:
		return HP_GUEST_LEFT;
	case HP_WIRE_SHUTDOWN:
		return HP_GUEST_SHUTDOWN;
	case HP_WIRE_EVICT:
		memcpy(guest->why, msg.text.text, sizeof(guest->why));
		return HP_GUEST_EVICTED;
	default:
		return HP_GUEST_NOTHING;
	}
}

enum hp_guest_event hp_guest_poll(struct hp_guest *guest, int timeout_ms)
{
	struct pollfd fds[2] = {
		{.fd = guest->signal_fd, .events = POLLIN},
		{.fd = guest->fd, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	if (poll(fds, 2, timeout_ms) <= 0)
		return HP_GUEST_NOTHING;
	if (fds[0].revents != 0 && read(guest->signal_fd, &info, sizeof(info)) > 0)
		return HP_GUEST_SIGNAL;
	return fds[1].revents != 0 ? read_message(guest) : HP_GUEST_NOTHING;
}

void hp_guest_leave(struct hp_guest *guest)
{
	struct hp_wire_hdr hdr = {0};

	HP_CRASH_POINT(guest_leaving);
	hp_wire_init(&hdr, HP_WIRE_LEAVE);
	// An error is the primary's death, which hp_guest_poll() hears of.
	(void)!send(guest->fd, &hdr, sizeof(hdr), MSG_NOSIGNAL);
}

void hp_guest_count(const struct hp_guest *guest, uint32_t tap, struct hp_guest_sum *sum)
{
	*sum = (struct hp_guest_sum){0};
	for (uint32_t r = 0; r < guest->shm->n_rings; r++) {
		const struct hp_guest_count *count = &guest->shm->counts[r][tap];

		sum->seen += atomic_load_explicit(&count->seen, memory_order_relaxed);
		sum->captured += atomic_load_explicit(&count->captured, memory_order_relaxed);
		sum->lost += atomic_load_explicit(&count->lost, memory_order_relaxed);
	}
}

void hp_guest_disconnect(struct hp_guest *guest)
{
	if (guest->fd >= 0)
		close(guest->fd);
	guest->fd = -1;
}

void hp_guest_close(struct hp_guest *guest)
{
	hp_guest_disconnect(guest);
	if (guest->signal_fd >= 0)
		close(guest->signal_fd);
	for (unsigned int i = 0; i < HP_GUEST_RINGS_MAX; i++)
		hp_stream_unmap(guest->rings[i].bytes, guest->rings[i].size);
	if (guest->shm != NULL)
		munmap(guest->shm, guest->shm->rings_off);
	if (guest->mem_fd >= 0)
		close(guest->mem_fd);
	memset(guest, 0, sizeof(*guest));
	guest->fd = guest->mem_fd = guest->signal_fd = -1;
}
