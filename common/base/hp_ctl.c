// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_ctl.h"

#include "base/hp_paths.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RETRY_NS 20000000 // between two attempts to connect; a primary takes about 0.2 s to start
#define HEAD_MAX 32 // bytes of "STATUS LENGTH\n"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

// EAGAIN: the server's backlog is full, which passes.
static int try_connect(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static int connect_within(const struct sockaddr_un *addr, uint64_t wait_us)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};
	uint64_t end = now_us() + wait_us;

	for (;;) {
		int fd = try_connect(addr);

		if (fd != -ENOENT && fd != -ECONNREFUSED && fd != -EAGAIN && fd != -ENOTDIR)
			return fd;
		if (now_us() >= end)
			return fd;
		nanosleep(&pause, NULL);
	}
}

// Wait until @p fd can do what @p events say; -ETIMEDOUT.
static int wait_for(int fd, short events, uint64_t end)
{
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = events};
		uint64_t now = now_us();
		int ret;

		if (now >= end)
			return -ETIMEDOUT;
		ret = poll(&pfd, 1, (int)((end - now) / 1000) + 1);
		if (ret > 0)
			return 0;
		if (ret < 0 && errno != EINTR)
			return -errno;
	}
}

static int send_all(int fd, const char *data, size_t len, uint64_t end)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			data += sent;
			len -= (size_t)sent;
		} else if (sent < 0 && errno == EAGAIN) {
			int ret = wait_for(fd, POLLOUT, end);

			if (ret < 0)
				return ret;
		} else if (sent < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

static int recv_all(int fd, char *data, size_t len, uint64_t end)
{
	while (len > 0) {
		ssize_t got;
		int ret = wait_for(fd, POLLIN, end);

		if (ret < 0)
			return ret;
		got = recv(fd, data, len, MSG_DONTWAIT);
		if (got == 0)
			return -EPIPE;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got > 0) {
			data += got;
			len -= (size_t)got;
		}
	}
	return 0;
}

int hp_ctl_open(const char *runtime_dir, const char *mode, uint64_t wait_us, struct hp_err *err)
{
	struct sockaddr_un addr;
	char hello[64];
	int fd, ret;

	if (hp_paths_sockaddr(&addr, runtime_dir, HP_PATHS_CTL) < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, ENAMETOOLONG,
			"%s/" HP_PATHS_CTL ": a socket's path has at most 107 characters: choose a "
			"shorter --runtime-dir",
			runtime_dir);
	fd = connect_within(&addr, wait_us);
	if (fd == -EACCES || fd == -EPERM)
		return hp_err_set(err, HP_EXIT_CONFIG, -fd,
			"%s: permission denied: run as the user of the group's primary",
			addr.sun_path);
	if (fd < 0)
		return hp_err_set(err, HP_EXIT_NO_PRIMARY, -fd,
			"no primary listens at %s (%s): start hp-primary with this --file-prefix "
			"and runtime directory, or wait for it with --wait-primary",
			addr.sun_path, strerror(-fd));
	snprintf(hello, sizeof(hello), HP_CTL_HELLO "%s\n", mode);
	ret = send_all(fd, hello, strlen(hello), now_us() + 1000000);
	if (ret < 0) {
		close(fd);
		return hp_err_set(err, HP_EXIT_NO_PRIMARY, -ret,
			"%s: the primary is going away: %s", addr.sun_path, strerror(-ret));
	}
	return fd;
}

// "STATUS LENGTH\n", byte by byte: what follows is not ours yet.
static int recv_head(int fd, uint64_t end, int *status, size_t *len)
{
	char head[HEAD_MAX] = "";
	unsigned long long length;
	size_t n = 0;
	int used = 0;

	do {
		int ret = recv_all(fd, &head[n], 1, end);

		if (ret < 0)
			return ret;
	} while (head[n] != '\n' && ++n < sizeof(head) - 1);
	head[n] = '\0';
	if (strspn(head, "0123456789 ") != n ||
		sscanf(head, "%9d %9llu%n", status, &length, &used) != 2 || head[used] != '\0' ||
		length > HP_CTL_ANSWER_MAX)
		return -EPROTO;
	*len = (size_t)length;
	return 0;
}

int hp_ctl_ask(int fd, const char *line, uint64_t timeout_us, struct hp_ctl_answer *answer,
	struct hp_err *err)
{
	uint64_t end = now_us() + timeout_us;
	int ret;

	answer->text = NULL;
	ret = send_all(fd, line, strlen(line), end);
	if (ret == 0)
		ret = send_all(fd, "\n", 1, end);
	if (ret == 0)
		ret = recv_head(fd, end, &answer->status, &answer->len);
	if (ret == 0) {
		answer->text = malloc(answer->len + 1);
		ret = answer->text != NULL ? recv_all(fd, answer->text, answer->len, end) : -ENOMEM;
	}
	if (ret == 0) {
		answer->text[answer->len] = '\0';
		return 0;
	}
	free(answer->text);
	answer->text = NULL;
	if (ret == -ETIMEDOUT)
		return hp_err_set(err, HP_EXIT_OTHER, ETIMEDOUT,
			"the primary has not answered within %llu ms: is it stopped or overloaded?",
			(unsigned long long)(timeout_us / 1000));
	if (ret == -ENOMEM)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	if (ret == -EPROTO)
		return hp_err_set(err, HP_EXIT_OTHER, EPROTO,
			"what listens there does not speak \"" HP_CTL_HELLO "\"");
	return hp_err_set(err, HP_EXIT_OTHER, EPIPE, "the primary has closed the connection");
}

int hp_ctl_ask_again(int fd, const char *line, uint64_t timeout_us, struct hp_ctl_answer *answer,
	struct hp_err *err)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};
	uint64_t end = now_us() + timeout_us;

	for (;;) {
		int ret = hp_ctl_ask(fd, line, timeout_us, answer, err);

		if (ret < 0 || answer->status != EAGAIN || now_us() + RETRY_NS / 1000 >= end)
			return ret;
		free(answer->text);
		nanosleep(&pause, NULL);
	}
}
