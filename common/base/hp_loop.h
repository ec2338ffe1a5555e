// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A small event loop on epoll: descriptors, timers and signals of one control thread.
// Callbacks run on the thread that calls hp_loop_run(). Nothing here is for packet loops.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>

struct hp_loop;
struct hp_timer;

typedef void (*hp_loop_fd_cb)(void *arg, int fd, uint32_t events); // EPOLLIN, EPOLLHUP, ...
typedef void (*hp_loop_timer_cb)(void *arg);
typedef void (*hp_loop_signal_cb)(void *arg, const struct signalfd_siginfo *info);

struct hp_loop *hp_loop_new(void); ///< NULL with errno
void hp_loop_free(struct hp_loop *loop); ///< NULL is fine; descriptors stay open

/** Watch @p fd; -errno. The callback may call hp_loop_del() for itself or for any other. */
int hp_loop_add(struct hp_loop *loop, int fd, uint32_t events, hp_loop_fd_cb cb, void *arg);
int hp_loop_mod(struct hp_loop *loop, int fd, uint32_t events);
void hp_loop_del(struct hp_loop *loop, int fd);

/** Call @p cb after @p first_us and then each @p period_us (0: once). NULL with errno. */
struct hp_timer *hp_loop_timer(struct hp_loop *loop, uint64_t first_us, uint64_t period_us,
	hp_loop_timer_cb cb, void *arg);
void hp_loop_timer_del(struct hp_timer *timer); ///< NULL is fine; allowed in its own callback

/** Block SIGINT, SIGTERM, SIGHUP, SIGCHLD for the calling thread and all it starts later. */
int hp_loop_block_signals(void);

/** Has SIGINT or SIGTERM come since they were blocked? For waits outside of a loop. */
bool hp_loop_stop_pending(void);

/** Deliver the signals blocked by hp_loop_block_signals() to @p cb. -errno. One loop a process. */
int hp_loop_signals(struct hp_loop *loop, hp_loop_signal_cb cb, void *arg);

/** Run until hp_loop_stop(). -errno if epoll fails. */
int hp_loop_run(struct hp_loop *loop);
/** Any thread, and signal-safe. */
void hp_loop_stop(struct hp_loop *loop);
