// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_lifeline.h"

#include "base/hp_loop.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RESTLESS_NS 1000000 // a word that somebody keeps changing must not cost a CPU

int hp_lifeline_hold(struct hp_lifeline *line, _Atomic uint32_t *word)
{
	size_t size;

	if (syscall(SYS_get_robust_list, 0, &line->before, &size) < 0)
		return -errno;
	// With the waiters' bit the kernel wakes whoever waits, asked by none.
	atomic_store(word, (uint32_t)syscall(SYS_gettid) | FUTEX_WAITERS);
	line->node.next = &line->head.list;
	line->head.list.next = &line->node;
	line->head.futex_offset = (long)((intptr_t)word - (intptr_t)&line->node);
	line->head.list_op_pending = NULL;
	return syscall(SYS_set_robust_list, &line->head, sizeof(line->head)) < 0 ? -errno : 0;
}

void hp_lifeline_drop(struct hp_lifeline *line)
{
	if (line->before == NULL)
		return; // it holds nothing
	line->head.list.next = &line->head.list;
	syscall(SYS_set_robust_list, line->before, sizeof(*line->before));
}

struct watched {
	_Atomic uint32_t *word; // NULL: none
	bool cut; // to be called back, or called back
	bool told;
};

struct hp_lifelines {
	struct hp_loop *loop;
	hp_lifeline_cb cb;
	void *arg;
	int event_fd; // the thread has seen one that is cut
	pthread_t thread;
	pthread_mutex_t lock; // of what follows
	bool stop;
	_Atomic uint32_t changed; // by the loop's thread; the other one waits for that too
	struct watched watched[HP_LIFELINES_MAX];
};

static long wait_for(struct futex_waitv *words, unsigned int n, const struct timespec *until)
{
	return syscall(SYS_futex_waitv, words, n, 0, until, CLOCK_MONOTONIC);
}

static struct futex_waitv waiter(_Atomic uint32_t *word, uint32_t value, uint32_t flags)
{
	return (struct futex_waitv){
		.val = value, .uaddr = (uintptr_t)word, .flags = FUTEX_32 | flags};
}

// What to wait for, as it is now. 0: no more. *cut: somebody is dead whom nobody knows of.
static unsigned int collect(struct hp_lifelines *lines, struct futex_waitv *words, bool *cut)
{
	unsigned int n = 0;

	pthread_mutex_lock(&lines->lock);
	*cut = false;
	if (!lines->stop)
		words[n++] =
			waiter(&lines->changed, atomic_load(&lines->changed), FUTEX_PRIVATE_FLAG);
	for (unsigned int i = 0; n > 0 && i < HP_LIFELINES_MAX; i++) {
		struct watched *w = &lines->watched[i];
		uint32_t value;

		if (w->word == NULL || w->cut)
			continue;
		value = atomic_load_explicit(w->word, memory_order_acquire);
		w->cut = hp_lifeline_is_cut(value);
		*cut = *cut || w->cut;
		if (!w->cut)
			words[n++] = waiter(w->word, value, 0);
	}
	pthread_mutex_unlock(&lines->lock);
	return n;
}

static void *watch(void *arg)
{
	struct futex_waitv words[HP_LIFELINES_MAX + 1];
	const struct timespec pause = {.tv_nsec = RESTLESS_NS};
	struct hp_lifelines *lines = arg;
	uint64_t one = 1;
	unsigned int n;
	bool cut;

	pthread_setname_np(pthread_self(), "hp-lifelines");
	while ((n = collect(lines, words, &cut)) > 0) {
		if (cut && write(lines->event_fd, &one, sizeof(one)) < 0)
			continue; // it counts already
		if (wait_for(words, n, NULL) < 0 && errno != EINTR)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static void on_cut(void *arg, int fd, uint32_t events)
{
	struct hp_lifelines *lines = arg;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	for (uint32_t i = 0; i < HP_LIFELINES_MAX; i++) {
		struct watched *w = &lines->watched[i];
		bool tell;

		pthread_mutex_lock(&lines->lock);
		tell = w->cut && !w->told;
		w->told = w->cut;
		pthread_mutex_unlock(&lines->lock);
		if (tell)
			lines->cb(lines->arg, i);
	}
}

static int begin(struct hp_lifelines *lines)
{
	struct futex_waitv probe = waiter(&lines->changed, 1, FUTEX_PRIVATE_FLAG);
	int ret;

	// The value differs, so that it does not wait.
	if (wait_for(&probe, 1, NULL) < 0 && errno != EAGAIN)
		return -errno;
	lines->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lines->event_fd < 0)
		return -errno;
	ret = hp_loop_add(lines->loop, lines->event_fd, EPOLLIN, on_cut, lines);
	if (ret < 0)
		goto err_close;
	ret = -pthread_create(&lines->thread, NULL, watch, lines);
	if (ret < 0)
		goto err_del;
	return 0;
err_del:
	hp_loop_del(lines->loop, lines->event_fd);
err_close:
	close(lines->event_fd);
	return ret;
}

struct hp_lifelines *hp_lifelines_new(struct hp_loop *loop, hp_lifeline_cb cut, void *arg)
{
	struct hp_lifelines *lines = calloc(1, sizeof(*lines));
	int ret;

	if (lines == NULL)
		return NULL;
	lines->loop = loop;
	lines->cb = cut;
	lines->arg = arg;
	pthread_mutex_init(&lines->lock, NULL);
	ret = begin(lines);
	if (ret < 0) {
		free(lines);
		errno = -ret;
		return NULL;
	}
	return lines;
}

static void set(struct hp_lifelines *lines, uint32_t id, _Atomic uint32_t *word)
{
	pthread_mutex_lock(&lines->lock);
	lines->watched[id] = (struct watched){.word = word};
	atomic_fetch_add(&lines->changed, 1);
	pthread_mutex_unlock(&lines->lock);
	syscall(SYS_futex, &lines->changed, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void hp_lifelines_watch(struct hp_lifelines *lines, uint32_t id, _Atomic uint32_t *word)
{
	set(lines, id, word);
}

void hp_lifelines_forget(struct hp_lifelines *lines, uint32_t id)
{
	if (lines->watched[id].word != NULL) // nobody else changes that
		set(lines, id, NULL);
}

void hp_lifelines_free(struct hp_lifelines *lines)
{
	if (lines == NULL)
		return;
	pthread_mutex_lock(&lines->lock);
	lines->stop = true;
	pthread_mutex_unlock(&lines->lock);
	set(lines, 0, NULL);
	pthread_join(lines->thread, NULL);
	hp_loop_del(lines->loop, lines->event_fd);
	close(lines->event_fd);
	pthread_mutex_destroy(&lines->lock);
	free(lines);
}
