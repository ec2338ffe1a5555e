// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A primary that answers a guest with anything, against the guest's end: each answer is taken, or
// refused in words; names are resolved within what was said; counters are read as they come.
// Input: messages {type, n, n bytes that spoil it}, sent before the guest asks.

#include "base/hp_connect.h"
#include "base/hp_guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define EVENTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(union hp_wire_msg *msg, uint16_t type)
{
	memset(msg, 0, sizeof(*msg));
	if (hp_wire_size(type) == 0)
		return;
	hp_wire_init(&msg->hdr, type);
	if (type == HP_WIRE_WELCOME) {
		msg->welcome.n_lanes = 1;
		msg->welcome.n_queues = 2;
		msg->welcome.n_points = 2;
		memcpy(msg->welcome.points[0].name, "in", 3);
		memcpy(msg->welcome.points[0].device, "net_null0", 10);
		memcpy(msg->welcome.points[1].name, "fw", 3);
	} else if (type == HP_WIRE_REFUSE) {
		msg->refuse.exit_code = HP_EXIT_CONFIG;
		memcpy(msg->refuse.text, "no", 3);
	}
}

// What the input says, sent and ended: the guest never waits.
static void answer(int fd, const uint8_t *data, size_t size)
{
	union hp_wire_msg msg;

	while (size >= 4) {
		uint16_t type = data[0] % (HP_WIRE_TAPPED + 3);
		size_t off = (size_t)data[1] * 32, n = data[2], len;

		fill(&msg, type);
		len = hp_wire_size(type) > 0 ? hp_wire_size(type) : 1u + data[3];
		data += 4;
		size -= 4;
		n = n < size ? n : size;
		off %= len;
		n = n < len - off ? n : len - off;
		memcpy(msg.bytes + off, data, n);
		data += n;
		size -= n;
		if (send(fd, &msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
	}
	shutdown(fd, SHUT_WR);
}

static void check_err(int ret, const struct hp_err *err)
{
	// The primary went away: the caller's own words.
	CHECK(ret == 0 || ret == -EPIPE || (err->text[0] != '\0' && err->exit_code > 0));
}

static void resolve(const struct hp_guest *guest)
{
	static const char *const texts[] = {"port:in", "port:0:rx", "port:95", "link:fw",
		"queue:0:rx", "queue:15", "drop", "link:0"};
	struct hp_tap taps[2];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hp_err err = {0};
		int n = hp_tap_parse(taps, texts[i], &err);

		CHECK(n > 0);
		for (int k = 0; k < n; k++) {
			int ret = hp_guest_resolve(guest, &taps[k], &err);

			CHECK(ret == 0 || (ret == -ENOENT && err.text[0] != '\0'));
			CHECK(memchr(taps[k].name, '\0', sizeof(taps[k].name)) != NULL);
		}
	}
}

// As hp-capture does it, once it has said hello.
static void serve(struct hp_guest *guest)
{
	const struct hp_guest_filter all = {0};
	const struct hp_tap drop = {.kind = HP_TAP_DROP, .reason = HP_TAP_ANY_REASON};
	uint32_t n_rings = guest->welcome.n_lanes + guest->welcome.n_queues;
	struct hp_guest_sum sum;
	struct hp_err err = {0};
	int ret;

	CHECK(n_rings > 0 && n_rings <= HP_GUEST_RINGS_MAX);
	resolve(guest);
	// The most memory that it can be made to take is a matter of --buffer-size.
	CHECK(hp_guest_make(guest, n_rings < 2 ? n_rings : 2, HP_GUEST_RING_MIN, &err) == 0);
	CHECK(hp_guest_add_tap(guest, &drop, 64, &all, &err) == 0);
	ret = hp_guest_open(guest, &err);
	check_err(ret, &err);
	for (unsigned int i = 0; ret == 0 && i < EVENTS; i++) {
		enum hp_guest_event event = hp_guest_poll(guest, 0);

		if (event == HP_GUEST_EVICTED)
			CHECK(memchr(guest->why, '\0', sizeof(guest->why)) != NULL);
		if (event == HP_GUEST_LOST)
			break;
		hp_guest_count(guest, 0, &sum);
	}
	hp_guest_leave(guest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_guest guest = {.fd = -1, .mem_fd = -1, .signal_fd = -1};
	struct hp_wire_guest hello = {.name = "fuzz", .kind = HP_GUEST_CAPTURE, .pid = 1};
	struct hp_err err = {0};
	union hp_wire_msg msg;
	int fds[2], ret;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	answer(fds[1], data, size);
	guest.fd = fds[0];
	guest.kind = HP_GUEST_CAPTURE;
	hp_wire_init(&hello.hdr, HP_WIRE_GUEST);
	struct hp_connect c = {.fd = guest.fd, .signal_fd = -1};
	ret = hp_connect_ask(&c, &hello.hdr, HP_WIRE_WELCOME, &msg, &err);
	check_err(ret, &err);
	if (ret == 0) {
		guest.welcome = msg.welcome;
		serve(&guest);
	}
	hp_guest_close(&guest);
	close(fds[1]);
	return 0;
}
