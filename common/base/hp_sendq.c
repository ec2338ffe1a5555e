// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_sendq.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GROW_MIN 4096 // bytes; smaller steps would only cost calls to realloc

size_t hp_sendq_pending(const struct hp_sendq *q)
{
	return q->len - q->head;
}

int hp_sendq_add(struct hp_sendq *q, const void *data, size_t len)
{
	size_t pending = hp_sendq_pending(q), size = q->size;
	char *grown;

	if (q->max != 0 && (len > q->max || pending > q->max - len))
		return -ENOBUFS;
	if (len == 0)
		return 0;
	if (q->head > 0) {
		memmove(q->data, q->data + q->head, pending);
		q->head = 0;
		q->len = pending;
	}
	while (size < pending + len)
		size = size == 0 ? GROW_MIN : size * 2;
	if (size > q->size) {
		grown = realloc(q->data, size);
		if (grown == NULL)
			return -ENOMEM;
		q->data = grown;
		q->size = size;
	}
	memcpy(q->data + pending, data, len);
	q->len = pending + len;
	return 0;
}

// write(2), but a reader that is gone is EPIPE and not a signal that ends the process.
static ssize_t write_quietly(int fd, const void *data, size_t len)
{
	const struct timespec now = {0};
	sigset_t pipe, old, pending;
	bool was_pending;
	ssize_t ret;
	int saved;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	ret = write(fd, data, len);
	saved = errno;
	if (ret < 0 && saved == EPIPE && !was_pending)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return ret;
}

int hp_sendq_flush(struct hp_sendq *q, int fd)
{
	while (hp_sendq_pending(q) > 0) {
		const char *data = q->data + q->head;
		ssize_t sent = send(fd, data, hp_sendq_pending(q), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == ENOTSOCK)
			sent = write_quietly(fd, data, hp_sendq_pending(q));
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN))
			return 1;
		if (sent < 0)
			return -errno;
		q->head += (size_t)sent;
	}
	return 0;
}

void hp_sendq_free(struct hp_sendq *q)
{
	free(q->data);
	q->data = NULL;
	q->head = q->len = q->size = 0;
}
