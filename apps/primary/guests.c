// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Guests come, hand over their memory, and go. Control thread. What lanes use of a guest is given
// back only after every lane works by a plan that does not know it.

#include "guests.h"

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_pass.h"
#include "base/hp_time.h"
#include "group/hp_wallclock.h"
#include "primary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

HP_LOG_TYPE("guests");

static void send_hdr(int fd, uint16_t type)
{
	struct hp_wire_hdr hdr = {0};

	hp_wire_init(&hdr, type);
	if (send(fd, &hdr, sizeof(hdr), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		HP_LOG(DEBUG, "send: %s", strerror(errno)); // its death is heard of by the loop
}

static void send_text(int fd, uint16_t type, const char *text)
{
	struct hp_wire_text msg = {0};

	hp_wire_init(&msg.hdr, type);
	snprintf(msg.text, sizeof(msg.text), "%s", text);
	if (send(fd, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		HP_LOG(DEBUG, "send: %s", strerror(errno));
}

static void close_fd(struct hp_primary_guest *guest)
{
	if (guest->fd < 0)
		return;
	hp_loop_del(guest->primary->loop, guest->fd);
	close(guest->fd);
	guest->fd = -1;
}

// Its taps leave the plan. False: a lane does not turn, and may still write to its memory.
static bool take_out(struct hp_primary_guest *guest)
{
	guest->state = HP_GUEST_LEAVING;
	return hp_primary_publish(guest->primary) == 0;
}

static void forget(struct hp_primary_guest *guest)
{
	bool was_open = guest->state == HP_GUEST_OPEN;

	HP_LOG(INFO, "guest '%s' is gone", guest->name);
	close_fd(guest);
	if (guest->mem_fd >= 0)
		hp_guest_tell_workers(guest, 0);
	if (was_open && !take_out(guest)) {
		guest->state = HP_GUEST_STRANDED;
		return;
	}
	if (guest->replay != NULL)
		hp_replay_totals(guest, &guest->primary->replayed);
	hp_guest_free(guest);
	guest->state = HP_GUEST_ABSENT;
}

static void greet(struct hp_primary_guest *guest)
{
	const struct hp_primary *primary = guest->primary;
	struct hp_wire_welcome msg;

	memset(&msg, 0, sizeof(msg));
	hp_wire_init(&msg.hdr, HP_WIRE_WELCOME);
	msg.generation = primary->group.hdr->generation;
	msg.n_lanes = primary->n_lanes;
	msg.n_queues = primary->workers.conf.n_queues;
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		struct hp_wire_point *point = &msg.points[msg.n_points];

		if (!hp_port_is_there(&primary->ports[i]))
			continue;
		msg.n_points++;
		snprintf(point->name, sizeof(point->name), "%s", primary->ports[i].name);
		snprintf(point->device, sizeof(point->device), "%.*s", HP_NAME_MAX - 1,
			primary->ports[i].device);
	}
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		if (primary->clients[i].used)
			snprintf(msg.points[msg.n_points++].name, HP_NAME_MAX, "%s",
				primary->clients[i].name);
	if (send(guest->fd, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		HP_LOG(DEBUG, "send: %s", strerror(errno));
}

static int make_replay(struct hp_primary_guest *guest, struct hp_err *err)
{
	struct hp_replay_lane *replay = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*replay));

	guest->replay = replay;
	if (replay == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	memset(replay, 0, sizeof(*replay));
	hp_stream_open(
		&replay->in, guest->mem.rings[0], guest->mem.ring_bytes, &guest->mem.shm->rings[0]);
	replay->shared = guest->mem.shm->counts[0];
	return 0;
}

// What workers poll by themselves goes out by them alone.
static bool is_polled_by_workers(const struct hp_primary *primary, const struct hp_tap *tap)
{
	int i = hp_tap_is_port(tap) ? hp_primary_find_port(primary, tap->name) : -1;

	return i >= 0 && hp_workers_poll(primary, primary->ports[i].port_id);
}

// Packets can be put in there.
static bool is_entrance(
	const struct hp_primary *primary, const struct hp_tap *tap, struct hp_err *err)
{
	char text[HP_TAP_TEXT];

	hp_tap_text(text, sizeof(text), tap);
	if (tap->kind == HP_TAP_DROP || hp_tap_queue(tap) >= 0)
		hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"'%s' is no place to replay to: expected a port or link", text);
	else if (is_polled_by_workers(primary, tap))
		hp_err_set(err, HP_EXIT_CONFIG, ENOTSUP,
			"'%s': workers poll that port themselves, packets of the primary do not "
			"get there: give the port worker=no to replay to it",
			text);
	else
		return true;
	return false;
}

static bool is_there(const struct hp_primary *primary, const struct hp_tap *tap)
{
	if (tap->kind == HP_TAP_DROP)
		return true;
	if (hp_tap_is_port(tap))
		return hp_primary_find_port(primary, tap->name) >= 0;
	if (tap->kind == HP_TAP_LINK_IN || tap->kind == HP_TAP_LINK_OUT)
		return hp_primary_find_client(primary, tap->name) >= 0;
	return hp_tap_queue(tap) >= 0 &&
	       (uint32_t)hp_tap_queue(tap) < primary->workers.conf.n_queues;
}

static bool names_known(const struct hp_primary_guest *guest, struct hp_err *err)
{
	for (uint32_t i = 0; i < guest->mem.n_taps; i++) {
		const struct hp_tap *tap = &guest->mem.taps[i].tap;
		char text[HP_TAP_TEXT];

		if (guest->kind == HP_GUEST_REPLAY && !is_entrance(guest->primary, tap, err))
			return false;
		if (is_there(guest->primary, tap))
			continue;
		hp_err_set(err, HP_EXIT_CONFIG, ENOENT, "tap '%s': the group has no such %s",
			hp_tap_text(text, sizeof(text), tap),
			hp_tap_is_port(tap) ? "port" : "client or worker queue");
		return false;
	}
	return true;
}

static uint32_t taps_in_use(const struct hp_primary *primary)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++)
		if (primary->guests[i].state == HP_GUEST_OPEN &&
			primary->guests[i].kind == HP_GUEST_CAPTURE)
			n += primary->guests[i].mem.n_taps;
	return n;
}

static int take_memory(
	struct hp_primary_guest *guest, int mem_fd, uint64_t bytes, struct hp_err *err)
{
	const struct hp_primary *primary = guest->primary;
	const struct hp_guest_mem_terms terms = {
		.bytes = bytes,
		.kind = guest->kind,
		.n_rings = guest->kind == HP_GUEST_CAPTURE
				   ? primary->n_lanes + primary->workers.conf.n_queues
				   : 1,
	};
	int ret = hp_guest_mem_take(&guest->mem, mem_fd, &terms, err);

	if (ret < 0)
		return ret;
	if (guest->kind == HP_GUEST_REPLAY)
		return make_replay(guest, err);
	guest->bytes = bytes;
	guest->rings = hp_guest_mem_rings(&guest->mem);
	guest->mem_fd = fcntl(mem_fd, F_DUPFD_CLOEXEC, 0);
	if (guest->rings == NULL || guest->mem_fd < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory or descriptors");
	return 0;
}

static void open_guest(struct hp_primary_guest *guest, int mem_fd, uint64_t bytes)
{
	struct hp_primary *primary = guest->primary;
	struct hp_err err = {0};
	int ret;

	ret = take_memory(guest, mem_fd, bytes, &err);
	HP_CRASH_POINT(guest_mapped);
	if (ret == 0 && !names_known(guest, &err))
		ret = -ENOENT;
	if (ret == 0 && taps_in_use(primary) + guest->mem.n_taps > HP_TAPS_MAX)
		ret = hp_err_set(&err, HP_EXIT_CONFIG, ENOSPC,
			"the group has %u taps that are captured, at most %d: end a capture",
			taps_in_use(primary), HP_TAPS_MAX);
	if (ret == 0) {
		guest->state = HP_GUEST_OPEN;
		guest->since_us = hp_now_us();
		ret = hp_primary_publish(primary);
		if (ret < 0)
			hp_err_set(&err, HP_EXIT_OTHER, -ret, "no lane takes the taps: %s",
				strerror(-ret));
	}
	if (ret < 0) {
		hp_lease_refuse_guest(guest->fd, HP_REFUSE_MALFORMED, err.exit_code, err.text);
		forget(guest);
		return;
	}
	HP_LOG(INFO, "guest '%s' has %u taps", guest->name, guest->mem.n_taps);
	HP_CRASH_POINT(guest_planned);
	hp_guest_tell_workers(guest, HP_WIRE_OPENED);
	HP_CRASH_POINT(guest_told);
}

void hp_guest_answer(struct hp_primary_guest *guest)
{
	if (guest->answer != 0)
		send_hdr(guest->fd, guest->answer);
	guest->answer = 0;
}

void hp_guest_free(struct hp_primary_guest *guest)
{
	hp_guest_mem_free(&guest->mem);
	free(guest->rings);
	free(guest->replay);
	guest->rings = NULL;
	guest->replay = NULL;
	if (guest->mem_fd >= 0)
		close(guest->mem_fd);
	guest->mem_fd = -1;
}

static void evict(struct hp_primary_guest *guest, const char *why)
{
	HP_LOG(WARNING, "guest '%s' is evicted: %s", guest->name, why);
	send_text(guest->fd, HP_WIRE_EVICT, why);
	forget(guest);
}

static void on_message(struct hp_primary_guest *guest, const union hp_wire_msg *msg, int mem_fd)
{
	if (msg->hdr.type == HP_WIRE_OFFER && guest->state == HP_GUEST_GREETED && mem_fd >= 0) {
		open_guest(guest, mem_fd, msg->offer.bytes);
	} else if (msg->hdr.type == HP_WIRE_LEAVE && guest->state == HP_GUEST_OPEN) {
		if (take_out(guest))
			hp_guest_tell_workers(guest, HP_WIRE_LEFT);
		else
			guest->state = HP_GUEST_OPEN; // tried again when it is gone
	} else {
		evict(guest, "it said what does not belong there");
	}
}

void hp_primary_look_at_guests(struct hp_primary *primary)
{
	uint32_t lied = 0;

	for (uint32_t l = 0; l < primary->n_lanes; l++)
		lied |= atomic_load_explicit(&primary->lanes[l].guests_lied, memory_order_acquire);
	for (unsigned int i = 0; lied != 0 && i < HP_GUESTS_MAX; i++)
		if ((lied >> i & 1) != 0 && primary->guests[i].state == HP_GUEST_OPEN)
			evict(&primary->guests[i], "what it wrote into its ring is no packet");
	// Nobody is served in that place now, so that no lane looks at these.
	for (uint32_t l = 0; lied != 0 && l < primary->n_lanes; l++)
		atomic_store_explicit(&primary->lanes[l].guests_lied, 0, memory_order_release);
}

static void guest_event(void *arg, int fd, uint32_t events)
{
	struct hp_primary_guest *guest = arg;
	struct hp_err why = {0};
	union hp_wire_msg msg;
	int passed;
	ssize_t len = hp_pass_receive(fd, &msg, sizeof(msg), &passed, MSG_DONTWAIT);

	(void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0)
		forget(guest);
	else if (hp_wire_check(&msg, (size_t)len, &why) < 0)
		evict(guest, why.text);
	else
		on_message(guest, &msg, passed);
	if (passed >= 0)
		close(passed);
}

// A place; one whose memory a lane could not let go of is tried again first.
static struct hp_primary_guest *free_place(struct hp_primary *primary)
{
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++) {
		struct hp_primary_guest *guest = &primary->guests[i];

		if (guest->state == HP_GUEST_STRANDED && hp_primary_publish(primary) == 0) {
			hp_guest_free(guest);
			guest->state = HP_GUEST_ABSENT;
		}
		if (guest->state == HP_GUEST_ABSENT)
			return guest;
	}
	return NULL;
}

void hp_primary_greet_guest(void *arg, int fd, const struct hp_wire_guest *hello)
{
	struct hp_primary *primary = arg;
	struct hp_primary_guest *guest = free_place(primary);
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	char text[HP_WIRE_TEXT];

	if (guest == NULL || hp_primary_find_guest(primary, hello->name) != NULL) {
		if (guest == NULL)
			snprintf(text, sizeof(text),
				"the group has %d captures and replays, its most: end one",
				HP_GUESTS_MAX);
		else
			snprintf(text, sizeof(text),
				"the group has a guest '%s' already: choose another --name",
				hello->name);
		hp_lease_refuse_guest(fd, HP_REFUSE_FULL, HP_EXIT_CONFIG, text);
		close(fd);
		return;
	}
	memset(guest, 0, sizeof(*guest));
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	guest->primary = primary;
	guest->fd = fd;
	guest->mem_fd = -1;
	guest->kind = hello->kind;
	guest->pid = hello->pid;
	guest->peer_pid = cred.pid;
	guest->since_us = hp_now_us();
	memcpy(guest->name, hello->name, sizeof(guest->name));
	if (hp_loop_add(primary->loop, fd, EPOLLIN, guest_event, guest) < 0) {
		close(fd);
		return;
	}
	guest->state = HP_GUEST_GREETED;
	greet(guest);
}

const struct hp_primary_guest *hp_primary_find_guest(
	const struct hp_primary *primary, const char *name)
{
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++)
		if (primary->guests[i].fd >= 0 && primary->guests[i].state != HP_GUEST_ABSENT &&
			strcmp(primary->guests[i].name, name) == 0)
			return &primary->guests[i];
	return NULL;
}

void hp_primary_end_guests(struct hp_primary *primary)
{
	hp_loop_timer_del(primary->clock_timer);
	primary->clock_timer = NULL;
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++) {
		struct hp_primary_guest *guest = &primary->guests[i];

		if (guest->state == HP_GUEST_ABSENT)
			continue;
		if (guest->fd >= 0)
			send_text(guest->fd, HP_WIRE_SHUTDOWN, "the primary shuts down");
		close_fd(guest);
		hp_guest_free(guest);
		guest->state = HP_GUEST_ABSENT;
	}
}

static void clock_tick(void *arg)
{
	struct hp_primary *primary = arg;

	hp_wallclock_adjust(&primary->clock);
}

int hp_primary_start_clock(struct hp_primary *primary)
{
	hp_wallclock_start(&primary->clock);
	primary->clock_timer = hp_loop_timer(primary->loop, HP_CLOCK_PERIOD_NS / 1000,
		HP_CLOCK_PERIOD_NS / 1000, clock_tick, primary);
	return primary->clock_timer != NULL ? 0 : -ENOMEM;
}
