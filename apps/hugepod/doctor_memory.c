// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a configuration asks for, without DPDK.

#include "doctor.h"

#define LINE UINT64_C(64) // bytes of a cache line: what objects of a pool are padded to
#define MBUF_HEAD UINT64_C(128) // sizeof(struct rte_mbuf)
#define OBJECT_HEAD UINT64_C(64) // a pool's header in front of each object
#define POOL_FIXED (UINT64_C(1040) << 10) // a pool's own structures, its lcore caches
#define RING_HEAD UINT64_C(384) // struct rte_ring
#define GROUP_FIXED (UINT64_C(3) << 19) // EAL's heap, the group's table, ports
#define PDUMP (UINT64_C(4) << 20) // counters of rte_pdump: two lines for any queue of any port
#define GRAIN (UINT64_C(2) << 20) // EAL takes whole pages

static uint64_t up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

// A ring has room for a power of two of pointers, one more than it is asked to hold.
static uint64_t ring_bytes(uint64_t items)
{
	uint64_t room = 1;

	while (room < items + 1)
		room *= 2;
	return RING_HEAD + room * sizeof(void *);
}

void doctor_memory_of(struct doctor_memory *out, const struct hp_config *conf)
{
	uint64_t object = up(conf->mbuf_size + MBUF_HEAD, LINE) + OBJECT_HEAD;
	uint64_t pool =
		conf->total_num_mbufs * object + ring_bytes(conf->total_num_mbufs) + POOL_FIXED;
	uint64_t pools = conf->nb_cores * pool, links = 0;

	for (uint32_t i = 0; i < conf->n_clients; i++)
		links += 2 * conf->nb_cores * ring_bytes(conf->clients[i].window);
	if (conf->pdump)
		pools += PDUMP;
	out->least = up(pools, GRAIN);
	out->most = up(pools + links + GROUP_FIXED, GRAIN);
}
