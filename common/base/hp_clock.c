// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_clock.h"

static void set_line(struct hp_clock *clock, uint64_t ticks, uint64_t ns, uint64_t slope)
{
	uint32_t turn = atomic_load_explicit(&clock->turn, memory_order_relaxed);

	atomic_store_explicit(&clock->turn, turn + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&clock->ticks0, ticks, memory_order_relaxed);
	atomic_store_explicit(&clock->ns0, ns, memory_order_relaxed);
	atomic_store_explicit(&clock->slope, slope, memory_order_relaxed);
	atomic_store_explicit(&clock->turn, turn + 2, memory_order_release);
}

static uint64_t slope_of(uint64_t ns, uint64_t ticks)
{
	return (uint64_t)(((unsigned __int128)ns << 32) / ticks);
}

void hp_clock_get(const struct hp_clock *clock, struct hp_clock_line *line)
{
	const memory_order any = memory_order_relaxed;

	*line = (struct hp_clock_line){
		.ticks0 = atomic_load_explicit(&clock->ticks0, any),
		.ns0 = atomic_load_explicit(&clock->ns0, any),
		.slope = atomic_load_explicit(&clock->slope, any),
		.first_ticks = clock->first_ticks,
		.first_ns = clock->first_ns,
	};
}

void hp_clock_set(struct hp_clock *clock, const struct hp_clock_line *line)
{
	clock->first_ticks = line->first_ticks;
	clock->first_ns = line->first_ns;
	set_line(clock, line->ticks0, line->ns0, line->slope);
}

void hp_clock_init(struct hp_clock *clock, uint64_t ticks, uint64_t ns, uint64_t hz)
{
	clock->first_ticks = ticks;
	clock->first_ns = ns;
	set_line(clock, ticks, ns, slope_of(1000000000ull, hz));
}

void hp_clock_adjust(struct hp_clock *clock, uint64_t ticks, uint64_t ns)
{
	uint64_t said = hp_clock_ns(clock, ticks);
	uint64_t elapsed = ticks - clock->first_ticks;
	uint64_t off = said > ns ? said - ns : ns - said;
	uint64_t hz, period;

	if (ticks <= clock->first_ticks || ns <= clock->first_ns || off > HP_CLOCK_JUMP_NS) {
		clock->first_ticks = ticks;
		clock->first_ns = ns;
		set_line(clock, ticks, ns,
			atomic_load_explicit(&clock->slope, memory_order_relaxed));
		return;
	}
	// The rate over everything so far, and what is off made good within the next period, but
	// never more than a tenth of the time: then it takes longer.
	hz = (uint64_t)((unsigned __int128)elapsed * 1000000000ull / (ns - clock->first_ns));
	if (hz == 0)
		return;
	if (off > HP_CLOCK_PERIOD_NS / 10)
		off = HP_CLOCK_PERIOD_NS / 10;
	period = said > ns ? HP_CLOCK_PERIOD_NS - off : HP_CLOCK_PERIOD_NS + off;
	set_line(clock, ticks, said,
		slope_of(period,
			(uint64_t)((unsigned __int128)hz * HP_CLOCK_PERIOD_NS / 1000000000ull)));
}
