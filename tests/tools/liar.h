// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// One life of a liar. For the files of the tool.

#pragma once

#include "group/hp_link.h"
#include "group/hp_member.h"

#include <stdbool.h>
#include <stdint.h>

#define LIAR_TAKE 64 // packets
#define LIAR_AREAS 7

struct life {
	struct hp_member *member;
	const struct hp_group *group;
	uint32_t slot;
	uint64_t seed;
	uint64_t lies;
	struct hp_link links[HP_LANES_MAX];
	const struct rte_memzone *pools[HP_LANES_MAX];
	uint16_t room; // bytes of an mbuf's buffer
	bool honest; // has so far handed back what it had, and read what it was lent
	int wire; // the connection to the primary, -1 if it was not found
};

struct liar_area {
	const char *name;
	void (*lie)(struct life *l);
};

/** What it may write to; the last one is "wild". */
extern const struct liar_area liar_areas[LIAR_AREAS];

/** A random number; the life's seed moves on. */
uint64_t liar_draw(struct life *l);

static inline bool liar_one_in(struct life *l, uint64_t n)
{
	return liar_draw(l) % n == 0;
}
