// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// io: pass every packet on as it is. The cheapest function, and the one to measure links with.

#include "func/hp_func.h"

static void io_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	// All verdicts are "next" already.
}

static const struct hp_func io = {
	.name = "io",
	.summary = "pass packets on as they are",
	.burst = io_burst,
};

HP_FUNC_REGISTER(io)
