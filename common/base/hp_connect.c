// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_connect.h"

#include "base/hp_crash.h"
#include "base/hp_paths.h"
#include "base/hp_supervise.h"
#include "base/hp_time.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_EVERY_MS 5 // short: it is part of every blackout
#define DENIED_MS 2000 // after which a permission that is denied stays so
#define ANSWER_WITHIN_US 60000000 // others attach first, one at a time

// Sleep, but not through a SIGTERM. True if one came.
static bool interrupted(const struct hp_connect *c, int fd, int timeout_ms)
{
	struct pollfd fds[2] = {
		{.fd = c->signal_fd, .events = POLLIN},
		{.fd = fd, .events = POLLIN},
	};

	if (poll(fds, 2, timeout_ms) <= 0)
		return false;
	return fds[0].revents != 0;
}

static int no_primary(const struct hp_connect *c, int cause, struct hp_err *err)
{
	char seen[HP_WIRE_PATH];
	struct stat st;

	if (cause == EACCES) {
		// The directory itself may be out of sight: the nearest one that is not.
		snprintf(seen, sizeof(seen), "%s", c->runtime_dir);
		while (stat(seen, &st) < 0 && strrchr(seen, '/') > seen)
			*strrchr(seen, '/') = '\0';
		return hp_err_set(err, HP_EXIT_CONFIG, EACCES,
			"%s: permission denied: %s belongs to uid %u, this process is uid %u: give "
			"both the same uid (runAsUser)",
			c->addr.sun_path, seen, (unsigned int)st.st_uid, (unsigned int)geteuid());
	}
	if (stat(c->runtime_dir, &st) < 0)
		return hp_err_set(err, HP_EXIT_NO_PRIMARY, ENOENT,
			"no primary within %" PRIu64 " ms: there is no directory %s: start "
			"hp-primary with this --file-prefix, and share its runtime directory with "
			"this container (same volume, same mountPath, same $RUNTIME_DIRECTORY)",
			c->wait_us / 1000, c->runtime_dir);
	return hp_err_set(err, HP_EXIT_NO_PRIMARY, ENOENT,
		"no primary within %" PRIu64
		" ms: nobody listens on %s: is hp-primary running with "
		"--file-prefix %s?",
		c->wait_us / 1000, c->addr.sun_path, c->file_prefix);
}

static int connect_once(struct hp_connect *c)
{
	int ret = 0;

	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	if (connect(c->fd, (const struct sockaddr *)&c->addr, sizeof(c->addr)) < 0) {
		ret = -errno;
		close(c->fd);
		c->fd = -1;
	}
	return ret;
}

static int stopped(struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_OK, EINTR, "stopped by a signal");
}

// A directory may get its owner while we look at it, but no primary mends another uid.
int hp_connect_wait(struct hp_connect *c, struct hp_err *err)
{
	for (unsigned int denied_ms = 0;;) {
		int ret = connect_once(c);

		if (ret == 0)
			return 0;
		if (ret != -ENOENT && ret != -ECONNREFUSED && ret != -EACCES && ret != -EAGAIN)
			return hp_err_set(err, HP_EXIT_CONFIG, -ret,
				"%s: %s: expected the socket of hp-primary there: give the "
				"directory in front of dpdk/%s with --runtime-dir or "
				"$RUNTIME_DIRECTORY",
				c->addr.sun_path, strerror(-ret), c->file_prefix);
		denied_ms = ret == -EACCES ? denied_ms + CONNECT_EVERY_MS : 0;
		if (hp_now_us() >= c->until_us || denied_ms > DENIED_MS)
			return no_primary(c, -ret, err);
		if (interrupted(c, -1, CONNECT_EVERY_MS))
			return stopped(err);
	}
}

// What came instead of what we wanted?
static int refused(const union hp_wire_msg *msg, struct hp_err *err)
{
	switch (msg->hdr.type) {
	case HP_WIRE_PID_TAKEN:
		return hp_err_set(err, HP_CHILD_PID_TAKEN, EEXIST,
			"another process of the group has PID %d", (int)getpid());
	case HP_WIRE_REFUSE:
		return hp_err_set(
			err, (int)msg->refuse.exit_code, ECONNREFUSED, "%s", msg->refuse.text);
	case HP_WIRE_SHUTDOWN:
		return hp_err_set(err, HP_EXIT_AGAIN, ESHUTDOWN, "the primary is shutting down");
	default:
		return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
			"message type %u is no answer here", msg->hdr.type);
	}
}

int hp_connect_answer(
	struct hp_connect *c, uint16_t want, union hp_wire_msg *msg, struct hp_err *err)
{
	uint64_t until_us = hp_now_us() + ANSWER_WITHIN_US;

	for (;;) {
		ssize_t len = recv(c->fd, msg, sizeof(*msg), MSG_DONTWAIT);

		if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (hp_now_us() >= until_us)
				return hp_err_set(err, HP_EXIT_NO_PRIMARY, ETIMEDOUT,
					"the primary on %s does not answer: is it stopped?",
					c->addr.sun_path);
			if (interrupted(c, c->fd, 100))
				return stopped(err);
			continue;
		}
		if (len <= 0)
			return -EPIPE;
		if (hp_wire_check(msg, (size_t)len, err) < 0)
			return -EBADMSG;
		if (msg->hdr.type != want)
			return refused(msg, err);
		HP_CRASH_POINT(join_leased);
		return 0;
	}
}

int hp_connect_ask(struct hp_connect *c, const struct hp_wire_hdr *hello, uint16_t want,
	union hp_wire_msg *msg, struct hp_err *err)
{
	if (send(c->fd, hello, hello->length, MSG_NOSIGNAL) < 0)
		return -EPIPE;
	HP_CRASH_POINT(join_hello_sent);
	return hp_connect_answer(c, want, msg, err);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int hp_connect_open(struct hp_connect *c, struct hp_err *err)
{
	c->fd = -1;
	c->signal_fd = -1;
	c->until_us = hp_now_us() + c->wait_us;
	if (!hp_wire_name_ok(c->name))
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--name '%s': expected 1 to %d of [a-z0-9._-], a letter or digit first",
			c->name, HP_NAME_MAX - 1);
	if (hp_paths_runtime_dir(
		    c->runtime_dir, sizeof(c->runtime_dir), c->file_prefix, c->runtime_base) < 0 ||
		hp_paths_sockaddr(&c->addr, c->runtime_dir, HP_PATHS_JOIN) < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, ENAMETOOLONG,
			"the runtime directory of --file-prefix '%s' has no usable name or one "
			"that is too long for a socket",
			c->file_prefix);
	c->signal_fd = open_signals();
	return 0;
}

void hp_connect_done(struct hp_connect *c)
{
	if (c->signal_fd >= 0)
		close(c->signal_fd);
	c->signal_fd = -1;
}
