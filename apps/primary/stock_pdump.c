// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a killed dpdk-pdump leaves: a pool, rings and net_pcap devices for each of its --pdump
// options, under the same names whoever runs it, so that there is one of them at a time, and the
// next one cannot start. Control thread.

#include "primary.h"

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <stdio.h>
#include <string.h>

#define PDUMP_MAX 54 // --pdump options that it takes at most

static struct rte_mempool *find_pool(unsigned int i)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "pdump_pool_%u", i);
	return rte_mempool_lookup(name);
}

bool hp_stock_pdump_is_there(void)
{
	return find_pool(0) != NULL; // is made first
}

// A user may have called a port so.
static bool is_ours(const struct hp_primary *primary, const char *device)
{
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]) &&
			strcmp(primary->ports[i].device, device) == 0)
			return true;
	return false;
}

static void free_direction(const struct hp_primary *primary, const char *direction, unsigned int i)
{
	char ring[RTE_RING_NAMESIZE], device[RTE_ETH_NAME_MAX_LEN];
	uint16_t port_id;

	snprintf(device, sizeof(device), "net_pcap_%s_%u", direction, i);
	if (!is_ours(primary, device) && rte_eth_dev_get_port_by_name(device, &port_id) == 0)
		rte_vdev_uninit(device); // in this process alone: nobody else has it any more
	snprintf(ring, sizeof(ring), "%s_ring_%u", direction, i);
	rte_ring_free(rte_ring_lookup(ring));
}

void hp_stock_free_pdump(const struct hp_primary *primary)
{
	for (unsigned int i = 0; i < PDUMP_MAX; i++) {
		struct rte_mempool *pool = find_pool(i);

		if (pool == NULL)
			return;
		free_direction(primary, "rx", i);
		free_direction(primary, "tx", i);
		hp_stock_free_pool(pool);
	}
}
