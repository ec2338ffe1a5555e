// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// macswap: exchange source and destination MAC address.

#include "func/hp_func.h"
#include "func/hp_packet.h"

static void macswap_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++) {
		hp_packet_prefetch(pkts, n, i);
		if (hp_packet_has_ether(pkts[i]))
			hp_packet_swap_macs(pkts[i]);
		else
			verdicts[i] = hp_verdict_drop(HP_DROP_MALFORMED);
	}
}

static const struct hp_func macswap = {
	.name = "macswap",
	.summary = "exchange source and destination MAC address",
	.burst = macswap_burst,
};

HP_FUNC_REGISTER(macswap)
