// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Deaths that are heard of at once. A thread holds a word in shared memory; when it ends, by
// whatever, the kernel marks the word (it is the owner of a robust futex) and wakes who waits for
// that. From the mark on the thread runs no instruction of its program any more. A process's
// connections are closed only after its memory is unmapped, which takes milliseconds, and after its
// last thread has had a CPU to end on. A thread that is stopped holds on.

#pragma once

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HP_LIFELINES_MAX 64 // words that one watcher watches

struct hp_loop;

/** A thread's end. It has to outlive the thread, whose stack does not, or hp_lifeline_drop(). */
struct hp_lifeline {
	struct robust_list_head head;
	struct robust_list node;
	struct robust_list_head *before; // libc's
};

/**
 * Hold a word: it says who the calling thread is, until the kernel marks it. One a thread; as long
 * as it lasts the thread must hold no robust mutex of libc.
 * @return 0 or -errno.
 */
int hp_lifeline_hold(struct hp_lifeline *line, _Atomic uint32_t *word);

/**
 * Let go: the thread's end marks nothing. The word is not touched, it may be unmapped by now. A
 * line that is all zero holds nothing.
 */
void hp_lifeline_drop(struct hp_lifeline *line);

/** Has the thread that held this word ended? */
static inline bool hp_lifeline_is_cut(uint32_t word)
{
	return (word & FUTEX_OWNER_DIED) != 0;
}

/** Watches words with a thread of its own, which sleeps. */
struct hp_lifelines;

/** @p id: what hp_lifelines_watch() was given. It may call any of the functions below but free. */
typedef void (*hp_lifeline_cb)(void *arg, uint32_t id);

/**
 * Begin. Everything is called on the loop's thread, the callback too.
 * @return NULL with errno: ENOSYS or EPERM where the kernel has no futex_waitv (before 5.16), or a
 * seccomp profile forbids it.
 */
struct hp_lifelines *hp_lifelines_new(struct hp_loop *loop, hp_lifeline_cb cut, void *arg);

/** Call back once when the holder of @p word ends, or if it has. @p id < HP_LIFELINES_MAX. */
void hp_lifelines_watch(struct hp_lifelines *lines, uint32_t id, _Atomic uint32_t *word);
void hp_lifelines_forget(struct hp_lifelines *lines, uint32_t id); ///< one not watched is fine

/** End the thread. NULL is fine. */
void hp_lifelines_free(struct hp_lifelines *lines);
