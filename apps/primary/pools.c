// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The primary's pools: what it asks of them is the same for --dry-run and for making them.

#include "primary.h"

#include <rte_memzone.h>

#include <stdio.h>

void hp_primary_pool_params(struct hp_pool_params *params, const struct hp_config *conf,
	uint32_t lane, char *name, size_t name_size)
{
	snprintf(name, name_size, "hp_rx_%u", lane);
	*params = (struct hp_pool_params){
		.name = name,
		.n = (uint32_t)conf->total_num_mbufs,
		.data_room = (uint32_t)conf->mbuf_size,
		.cache = (uint32_t)conf->mbuf_cache,
		.socket_id = SOCKET_ID_ANY,
		.shared_tx = conf->nb_cores > 1,
		.pages = conf->iova_mode == 2,
	};
}

void hp_primary_worker_pool_params(struct hp_pool_params *params, const struct hp_config *conf,
	uint32_t queue, char *name, size_t name_size)
{
	hp_primary_pool_params(params, conf, queue, name, name_size);
	snprintf(name, name_size, "hp_wq_%u", queue);
	params->shared_tx = false; // one holder at a time
}

int hp_primary_make_pools(struct hp_primary *primary, uintptr_t *base, struct hp_err *err)
{
	char name[RTE_MEMZONE_NAMESIZE];
	int ret = 0;

	*base = UINTPTR_MAX;
	for (uint32_t l = 0; ret == 0 && l < primary->conf->nb_cores; l++) {
		struct hp_pool_params params;

		hp_primary_pool_params(&params, primary->conf, l, name, sizeof(name));
		params.pages = !primary->iova_va;
		ret = hp_pool_create(&primary->pools[l], &params, err);
		*base = RTE_MIN(*base, primary->pools[l].base);
	}
	return ret;
}
