// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Nanoseconds of the wall clock from the CPU's cycle counter, for packet loops: a multiplication
// instead of a system call. A control thread compares the two clocks now and then; what they have
// drifted apart is made up for over the following period, so that time never goes back. Only a wall
// clock that was set anew makes a jump. No DPDK.

#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define HP_CLOCK_PERIOD_NS 1000000000ull // hp_clock_adjust() wants to be called that often
#define HP_CLOCK_JUMP_NS 100000000ull // a difference that is not drift: somebody set the clock

/** A line: ns = ns0 + (ticks - ticks0) * slope / 2^32. Control thread: wo; packet loops: ro. */
struct hp_clock {
	_Atomic uint32_t turn; // odd while the line changes
	_Atomic uint64_t ticks0, ns0, slope;

	// control thread alone
	uint64_t first_ticks, first_ns; // since the clock was last set
};

/** All of a clock, for another process that is to begin with the same. */
struct hp_clock_line {
	uint64_t ticks0, ns0, slope, first_ticks, first_ns;
};

/** The control thread's own. */
void hp_clock_get(const struct hp_clock *clock, struct hp_clock_line *line);
void hp_clock_set(struct hp_clock *clock, const struct hp_clock_line *line);

/** Begin. @p hz: ticks a second, roughly; the first adjustments make it exact. */
void hp_clock_init(struct hp_clock *clock, uint64_t ticks, uint64_t ns, uint64_t hz);

/** Both clocks at this moment, read as close to each other as can be. */
void hp_clock_adjust(struct hp_clock *clock, uint64_t ticks, uint64_t ns);

/** Nanoseconds since 1970. Any thread. */
static inline uint64_t hp_clock_ns(const struct hp_clock *clock, uint64_t ticks)
{
	uint64_t ticks0, ns0, slope;
	uint32_t turn;

	do {
		turn = atomic_load_explicit(&clock->turn, memory_order_acquire);
		ticks0 = atomic_load_explicit(&clock->ticks0, memory_order_relaxed);
		ns0 = atomic_load_explicit(&clock->ns0, memory_order_relaxed);
		slope = atomic_load_explicit(&clock->slope, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
	} while ((turn & 1) != 0 ||
		 turn != atomic_load_explicit(&clock->turn, memory_order_relaxed));
	// Another core's counter may be a little behind the one that the line was made with.
	if ((int64_t)(ticks - ticks0) < 0)
		return ns0;
	return ns0 + (uint64_t)(((unsigned __int128)(ticks - ticks0) * slope) >> 32);
}
