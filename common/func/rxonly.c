// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// rxonly: receive and drop, as testpmd's mode of that name.

#include "func/hp_func.h"

static void rxonly_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = hp_verdict_drop(HP_DROP_FUNCTION);
}

static const struct hp_func rxonly = {
	.name = "rxonly",
	.summary = "drop every packet",
	.burst = rxonly_burst,
};

HP_FUNC_REGISTER(rxonly)
