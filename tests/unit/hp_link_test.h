// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the unit tests of links share: one fixture, and both of its ends in few words.

#pragma once

#include "hp_link_fixture.h"
#include "hp_test.h"

#include <stdint.h>

static struct link_fixture f;

static inline int start(void **state)
{
	(void)state;
	return fixture_eal() && fixture_init(&f) ? 0 : -1;
}

static inline int reopen(void **state)
{
	(void)state;
	hp_lender_reclaim(&f.lender, &f.pool);
	fixture_open(&f);
	return hp_pool_in_use(&f.pool) == 0 ? 0 : -1;
}

static inline void lend(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_true(fixture_lend(&f, 60));
}

static struct rte_mbuf *pkts[FIXTURE_WINDOW]; // that take() got

static inline uint16_t take(uint16_t max)
{
	return hp_link_take(&f.link, pkts, max);
}

static inline void hand_back(struct hp_verdict verdict)
{
	hp_link_return(&f.link, &verdict, 1);
}
