// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_wallclock.h"

#include <rte_cycles.h>

#include <time.h>

#define READ_TRIES 8 // how often both clocks are read: the closest pair counts

// Both clocks at one moment: of several tries the one that took least.
static void read_clocks(uint64_t *ticks, uint64_t *ns)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < READ_TRIES; i++) {
		uint64_t before = rte_rdtsc(), after;
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		after = rte_rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		*ticks = before + least / 2;
		*ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
	}
}

void hp_wallclock_start(struct hp_clock *clock)
{
	uint64_t ticks = 0, ns = 0;

	read_clocks(&ticks, &ns);
	hp_clock_init(clock, ticks, ns, rte_get_tsc_hz());
}

void hp_wallclock_adjust(struct hp_clock *clock)
{
	uint64_t ticks = 0, ns = 0;

	read_clocks(&ticks, &ns);
	hp_clock_adjust(clock, ticks, ns);
}
