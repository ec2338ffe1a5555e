// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a packet loop does in a turn without packets: spin, pause, or sleep longer and longer, so
// that a pod with half a CPU does not burn it. The only place where a packet loop enters the
// kernel. Packets come without a word, so a loop that could get some has to look for them; one that
// hears of all that is new by another thread of its process may sleep longer, until that thread
// rings its bell.

#pragma once

#include "base/hp_config.h"

#include <rte_pause.h>

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HP_IDLE_PAUSES 256 // turns that only pause: some 10 us, longer than a gap between bursts
#define HP_IDLE_SLEEP_MIN_NS 10000u
#define HP_IDLE_SLEEP_MAX_NS 500000u // bounds how late packets and messages are seen
#define HP_IDLE_LONG_MAX_NS 4000000u // of a loop that waits for its bell alone
// Sleeps in a row, some 3 s: who talks now and then does not wait for a long one.
#define HP_IDLE_LONG_AFTER 5000

struct hp_idle_state {
	enum hp_idle mode;
	bool waits; // set by the loop: all that it could find to do comes with the bell
	uint32_t empty; // turns without packets in a row
	uint32_t slept; // times in a row
	uint32_t sleep_ns; // the next sleep
	_Atomic uint32_t *bell; // other threads of this process: rw, loop: ro; NULL: there is none
	uint32_t heard; // what it said when the turn began
};

/** Begin, on the thread that runs the loop: its timers become exact. */
static inline void hp_idle_init(struct hp_idle_state *idle, enum hp_idle mode)
{
	idle->mode = mode;
	idle->waits = false;
	idle->empty = 0;
	idle->slept = 0;
	idle->sleep_ns = HP_IDLE_SLEEP_MIN_NS;
	idle->bell = NULL;
	idle->heard = 0;
	prctl(PR_SET_TIMERSLACK, 1); // the default of 50 us would be most of a short sleep
}

/** End a loop's sleep, or its next one. Any thread, after it has written what is new. */
static inline void hp_idle_ring(_Atomic uint32_t *bell)
{
	atomic_fetch_add_explicit(bell, 1, memory_order_release);
	syscall(SYS_futex, bell, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/** Begin a turn, before it looks for what is new: what comes later ends its sleep. */
static inline void hp_idle_listen(struct hp_idle_state *idle)
{
	idle->heard = atomic_load_explicit(idle->bell, memory_order_acquire);
}

/** True if a turn without work would sleep: then is the time to find out what .waits is. */
static inline bool hp_idle_would_sleep(const struct hp_idle_state *idle)
{
	return idle->mode == HP_IDLE_SLEEP && idle->empty >= HP_IDLE_PAUSES;
}

static inline void hp_idle_awake(struct hp_idle_state *idle)
{
	idle->empty = 0;
	idle->slept = 0;
	idle->sleep_ns = HP_IDLE_SLEEP_MIN_NS;
}

static inline void hp_idle_sleep(struct hp_idle_state *idle)
{
	uint32_t most = idle->waits && idle->slept > HP_IDLE_LONG_AFTER ? HP_IDLE_LONG_MAX_NS
									: HP_IDLE_SLEEP_MAX_NS;
	struct timespec ts = {.tv_nsec = (long)(idle->sleep_ns < most ? idle->sleep_ns : most)};

	idle->slept++;
	if (idle->sleep_ns < most)
		idle->sleep_ns *= 2;
	if (idle->bell == NULL)
		nanosleep(&ts, NULL);
	else if (syscall(SYS_futex, idle->bell, FUTEX_WAIT_PRIVATE, idle->heard, &ts, NULL, 0) ==
			 0 ||
		 errno == EAGAIN)
		hp_idle_awake(idle); // it rang, and may again
}

/** End a turn that had work, or none. */
static inline void hp_idle_turn(struct hp_idle_state *idle, bool work)
{
	if (work) {
		hp_idle_awake(idle);
	} else if (idle->mode == HP_IDLE_PAUSE ||
		   (idle->mode == HP_IDLE_SLEEP && idle->empty++ < HP_IDLE_PAUSES)) {
		rte_pause();
	} else if (idle->mode == HP_IDLE_SLEEP) {
		hp_idle_sleep(idle);
	}
}
