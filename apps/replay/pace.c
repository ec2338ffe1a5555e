// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// When packets are due. Rates are counted from the start, so that being late once shifts nothing.

#include "replay.h"

#include <string.h>

#define NS 1000000000ull
#define FAR_NS (1ull << 62) // 146 years: later than any packet is waited for

void hp_pace_start(struct hp_pace *pace, const struct hp_replay_opts *opts, uint64_t now_ns)
{
	memset(pace, 0, sizeof(*pace));
	pace->opts = opts;
	pace->start_ns = now_ns;
}

static uint64_t scaled(uint64_t value, uint64_t times, uint64_t by)
{
	unsigned __int128 product = (unsigned __int128)value * times / by;

	return product < FAR_NS ? (uint64_t)product : FAR_NS;
}

uint64_t hp_pace_due(struct hp_pace *pace, uint64_t file_ns, uint32_t len, bool first)
{
	const struct hp_replay_opts *o = pace->opts;

	if (o->topspeed)
		return 0;
	if (o->pps != 0)
		pace->due_ns = scaled(pace->packets, NS, o->pps);
	else if (o->mbps != 0)
		pace->due_ns = scaled(pace->bytes, 8000, o->mbps);
	else if (!first && file_ns > pace->file_ns) // times that go back are due at once
		pace->due_ns += scaled(file_ns - pace->file_ns, 1000, o->speed);
	if (pace->due_ns > FAR_NS)
		pace->due_ns = FAR_NS;
	pace->file_ns = file_ns;
	pace->packets++;
	pace->bytes += len;
	return pace->start_ns + pace->due_ns;
}
