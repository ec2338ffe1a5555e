// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a packet loop does in a turn without packets: spin, pause, or sleep longer and longer, so
// that a pod with half a CPU does not burn it. The only place where a packet loop enters the
// kernel.

#pragma once

#include "base/hp_config.h"

#include <rte_pause.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <time.h>

#define HP_IDLE_PAUSES 256 // turns that only pause: some 10 us, longer than a gap between bursts
#define HP_IDLE_SLEEP_MIN_NS 10000u
#define HP_IDLE_SLEEP_MAX_NS 500000u // bounds how late a lane hears of a member's death

struct hp_idle_state {
	enum hp_idle mode;
	uint32_t empty; // turns without packets in a row
	uint32_t sleep_ns; // the next sleep
};

/** Begin, on the thread that runs the loop: its timers become exact. */
static inline void hp_idle_init(struct hp_idle_state *idle, enum hp_idle mode)
{
	idle->mode = mode;
	idle->empty = 0;
	idle->sleep_ns = HP_IDLE_SLEEP_MIN_NS;
	prctl(PR_SET_TIMERSLACK, 1); // the default of 50 us would be most of a short sleep
}

/** End a turn that had work, or none. */
static inline void hp_idle_turn(struct hp_idle_state *idle, bool work)
{
	struct timespec ts = {0, 0};

	if (work) {
		idle->empty = 0;
		idle->sleep_ns = HP_IDLE_SLEEP_MIN_NS;
		return;
	}
	if (idle->mode == HP_IDLE_POLL)
		return;
	if (idle->mode == HP_IDLE_PAUSE || idle->empty++ < HP_IDLE_PAUSES) {
		rte_pause();
		return;
	}
	ts.tv_nsec = (long)idle->sleep_ns;
	nanosleep(&ts, NULL);
	if (idle->sleep_ns < HP_IDLE_SLEEP_MAX_NS)
		idle->sleep_ns *= 2;
	if (idle->sleep_ns > HP_IDLE_SLEEP_MAX_NS)
		idle->sleep_ns = HP_IDLE_SLEEP_MAX_NS;
}
