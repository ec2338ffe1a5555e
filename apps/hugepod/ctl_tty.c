// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The terminal of hugepod ctl: keys go to the primary as they are typed; line editing is done
// there. Ctrl-C gives up what is typed, and leaves where nothing is.

#include "base/hp_loop.h"
#include "base/hp_sendq.h"
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define CHUNK 4096 // bytes moved at a time
#define CTRL_C 3

struct terminal {
	struct hp_loop *loop;
	int fd; // of the primary
	struct hp_sendq keys; // typed and not sent
	bool typed; // on this line, as far as we know: what Backspace took away counts
	int code;
};

static void stop(struct terminal *t, int code)
{
	t->code = code;
	hp_loop_stop(t->loop);
}

// The terminal may be slow: we wait for it, nobody else does.
static bool show(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t written = write(STDOUT_FILENO, data, len);

		if (written < 0 && errno == EAGAIN) {
			struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};

			if (poll(&room, 1, -1) < 0 && errno != EINTR)
				return false;
		} else if (written < 0 && errno != EINTR) {
			return false;
		}
		if (written > 0) {
			data += written;
			len -= (size_t)written;
		}
	}
	return true;
}

// Is there a Ctrl-C on an empty line?
static bool leaves(struct terminal *t, const char *keys, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (keys[i] == CTRL_C && !t->typed)
			return true;
		t->typed = keys[i] != CTRL_C && keys[i] != '\r' && keys[i] != '\n';
	}
	return false;
}

static void on_keys(void *arg, int fd, uint32_t events)
{
	struct terminal *t = arg;
	char buf[CHUNK];
	ssize_t len = read(fd, buf, sizeof(buf));

	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (len <= 0) {
		hp_loop_del(t->loop, fd);
		shutdown(t->fd, SHUT_WR); // answers still come
		return;
	}
	if (leaves(t, buf, (size_t)len)) {
		show("\r\n", 2);
		stop(t, HP_EXIT_OK);
		return;
	}
	// A primary that reads nothing for 64 KiB of typing is not worth more memory.
	if (hp_sendq_add(&t->keys, buf, (size_t)len) < 0 || hp_sendq_flush(&t->keys, t->fd) < 0)
		stop(t, HP_EXIT_OTHER);
	else if (hp_sendq_pending(&t->keys) > 0)
		hp_loop_mod(t->loop, t->fd, EPOLLIN | EPOLLOUT);
}

static void on_primary(void *arg, int fd, uint32_t events)
{
	struct terminal *t = arg;
	char buf[CHUNK];
	ssize_t len;

	if ((events & EPOLLOUT) != 0 && hp_sendq_flush(&t->keys, fd) == 0)
		hp_loop_mod(t->loop, fd, EPOLLIN);
	if ((events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (len <= 0 || !show(buf, (size_t)len))
		stop(t, HP_EXIT_OK); // "quit", Ctrl-D, or the primary has ended
}

static void on_signal(void *arg, const struct signalfd_siginfo *info)
{
	if (info->ssi_signo != SIGCHLD)
		stop(arg, HP_EXIT_OTHER);
}

static int pass_bytes(struct terminal *t, struct hp_err *err)
{
	int ret;

	t->loop = hp_loop_new();
	if (t->loop == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, errno, "epoll: %s", strerror(errno));
	ret = hp_loop_block_signals();
	if (ret == 0)
		ret = hp_loop_signals(t->loop, on_signal, t);
	if (ret == 0)
		ret = hp_loop_add(t->loop, t->fd, EPOLLIN, on_primary, t);
	if (ret == 0)
		ret = hp_loop_add(t->loop, STDIN_FILENO, EPOLLIN, on_keys, t);
	if (ret == 0)
		ret = hp_loop_run(t->loop);
	if (ret < 0)
		hp_err_set(err, HP_EXIT_OTHER, -ret, "event loop: %s", strerror(-ret));
	hp_loop_free(t->loop);
	return ret;
}

int ctl_terminal(int fd, struct hp_err *err)
{
	struct terminal t = {.fd = fd, .keys.max = 64u << 10};
	struct termios before, raw;

	if (tcgetattr(STDIN_FILENO, &before) < 0) {
		hp_err_set(err, HP_EXIT_OTHER, errno, "the terminal: %s", strerror(errno));
		return HP_EXIT_OTHER;
	}
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)IXON; // Ctrl-S is a key
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0) {
		hp_err_set(err, HP_EXIT_OTHER, errno, "the terminal: %s", strerror(errno));
		return HP_EXIT_OTHER;
	}
	if (pass_bytes(&t, err) < 0)
		t.code = HP_EXIT_OTHER;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	hp_sendq_free(&t.keys);
	return t.code;
}
