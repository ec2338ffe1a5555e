// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_PER_WAIT 32

struct watch {
	struct watch *next;
	int fd;
	hp_loop_fd_cb cb; // NULL: deleted, freed after the current round of events
	void *arg;
};

struct hp_timer {
	struct hp_loop *loop;
	int fd;
	bool once;
	hp_loop_timer_cb cb;
	void *arg;
};

struct hp_loop {
	int epoll_fd;
	int wake_fd;
	int signal_fd;
	atomic_bool stop;
	struct watch *watches;
	bool garbage; // some watch has cb NULL
	hp_loop_signal_cb signal_cb;
	void *signal_arg;
};

static void drain_wake(void *arg, int fd, uint32_t events)
{
	uint64_t n;

	(void)arg;
	(void)events;
	if (read(fd, &n, sizeof(n)) < 0)
		return; // nothing to drain
}

struct hp_loop *hp_loop_new(void)
{
	struct hp_loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	loop->signal_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
		hp_loop_add(loop, loop->wake_fd, EPOLLIN, drain_wake, NULL) < 0) {
		hp_loop_free(loop);
		return NULL;
	}
	return loop;
}

static void collect_garbage(struct hp_loop *loop, bool all)
{
	struct watch **link = &loop->watches;

	while (*link != NULL) {
		struct watch *w = *link;

		if (!all && w->cb != NULL) {
			link = &w->next;
			continue;
		}
		*link = w->next;
		free(w);
	}
	loop->garbage = false;
}

void hp_loop_free(struct hp_loop *loop)
{
	if (loop == NULL)
		return;
	collect_garbage(loop, true);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	free(loop);
}

static struct watch *find(struct hp_loop *loop, int fd)
{
	for (struct watch *w = loop->watches; w != NULL; w = w->next)
		if (w->fd == fd && w->cb != NULL)
			return w;
	return NULL;
}

int hp_loop_add(struct hp_loop *loop, int fd, uint32_t events, hp_loop_fd_cb cb, void *arg)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct epoll_event ev = {.events = events, .data.ptr = w};

	if (w == NULL)
		return -ENOMEM;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int ret = -errno;

		free(w);
		return ret;
	}
	w->fd = fd;
	w->cb = cb;
	w->arg = arg;
	w->next = loop->watches;
	loop->watches = w;
	return 0;
}

int hp_loop_mod(struct hp_loop *loop, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = find(loop, fd)};

	if (ev.data.ptr == NULL)
		return -ENOENT;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &ev) < 0 ? -errno : 0;
}

void hp_loop_del(struct hp_loop *loop, int fd)
{
	struct watch *w = find(loop, fd);

	if (w == NULL)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	w->cb = NULL; // events already fetched for it are skipped
	loop->garbage = true;
}

static void timer_event(void *arg, int fd, uint32_t events)
{
	struct hp_timer *timer = arg;
	hp_loop_timer_cb cb = timer->cb;
	void *cb_arg = timer->arg;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	if (timer->once)
		hp_loop_del(timer->loop, fd);
	cb(cb_arg); // may free the timer
}

struct hp_timer *hp_loop_timer(
	struct hp_loop *loop, uint64_t first_us, uint64_t period_us, hp_loop_timer_cb cb, void *arg)
{
	struct itimerspec spec = {
		.it_value = {(time_t)(first_us / 1000000), (long)(first_us % 1000000) * 1000},
		.it_interval = {(time_t)(period_us / 1000000), (long)(period_us % 1000000) * 1000},
	};
	struct hp_timer *timer = calloc(1, sizeof(*timer));
	int ret;

	if (timer == NULL)
		return NULL;
	if (first_us == 0)
		spec.it_value.tv_nsec = 1; // 0 would disarm it
	timer->loop = loop;
	timer->once = period_us == 0;
	timer->cb = cb;
	timer->arg = arg;
	timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer->fd < 0)
		goto err;
	if (timerfd_settime(timer->fd, 0, &spec, NULL) < 0)
		goto err;
	ret = hp_loop_add(loop, timer->fd, EPOLLIN, timer_event, timer);
	if (ret < 0) {
		errno = -ret;
		goto err;
	}
	return timer;
err:
	ret = errno;
	if (timer->fd >= 0)
		close(timer->fd);
	free(timer);
	errno = ret;
	return NULL;
}

void hp_loop_timer_del(struct hp_timer *timer)
{
	if (timer == NULL)
		return;
	hp_loop_del(timer->loop, timer->fd);
	close(timer->fd);
	free(timer);
}

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

int hp_loop_block_signals(void)
{
	sigset_t set;

	signal_set(&set);
	return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool hp_loop_stop_pending(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT));
}

static void signal_event(void *arg, int fd, uint32_t events)
{
	struct hp_loop *loop = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->signal_cb(loop->signal_arg, &info);
}

int hp_loop_signals(struct hp_loop *loop, hp_loop_signal_cb cb, void *arg)
{
	sigset_t set;

	signal_set(&set);
	loop->signal_cb = cb;
	loop->signal_arg = arg;
	loop->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signal_fd < 0)
		return -errno;
	return hp_loop_add(loop, loop->signal_fd, EPOLLIN, signal_event, loop);
}

int hp_loop_run(struct hp_loop *loop)
{
	struct epoll_event events[EVENTS_PER_WAIT];

	while (!atomic_load_explicit(&loop->stop, memory_order_acquire)) {
		int n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_WAIT, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct watch *w = events[i].data.ptr;

			if (w->cb != NULL)
				w->cb(w->arg, w->fd, events[i].events);
		}
		if (loop->garbage)
			collect_garbage(loop, false);
	}
	return 0;
}

void hp_loop_stop(struct hp_loop *loop)
{
	uint64_t one = 1;
	ssize_t ret;

	atomic_store_explicit(&loop->stop, true, memory_order_release);
	ret = write(loop->wake_fd, &one, sizeof(one));
	(void)ret; // it can only fail because the counter is not zero, which wakes as well
}
