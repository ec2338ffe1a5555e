// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Bringing a group up and taking it down. Each step of fini undoes one of init, whatever init got
// to.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_stale.h"
#include "base/hp_time.h"
#include "primary.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pdump.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("primary");

static int make_lanes(struct hp_primary *primary, struct hp_err *err)
{
	uintptr_t base = UINTPTR_MAX;
	unsigned int lcore = 0;
	uint32_t found = 0;
	int ret;

	ret = hp_primary_make_pools(primary, &base, err);
	if (ret == 0)
		ret = hp_workers_make_pools(primary, err);
	if (ret < 0)
		return ret;
	HP_CRASH_POINT(start_pools);
	ret = hp_group_create(&primary->group, primary->conf, base);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret, "the group's shared memory: %s",
			rte_strerror(-ret));
	HP_CRASH_POINT(start_group);
	primary->lanes = aligned_alloc(
		RTE_CACHE_LINE_SIZE, sizeof(*primary->lanes) * primary->conf->nb_cores);
	if (primary->lanes == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (found == primary->conf->nb_cores)
			break;
		ret = hp_lane_init(&primary->lanes[found], found, lcore, &primary->group,
			&primary->pools[found], (enum hp_idle)primary->conf->idle);
		primary->lanes[found].clock = &primary->clock;
		primary->n_lanes = ++found;
		if (ret < 0)
			return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	}
	if (found < primary->conf->nb_cores)
		return hp_err_set(err, HP_EXIT_CONFIG, EINVAL,
			"--nb-cores is %" PRIu64 ", but --lcores leaves %u besides the main lcore",
			primary->conf->nb_cores, found);
	if (hp_primary_open_mail(primary) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	return 0;
}

static int make_clients(struct hp_primary *primary, struct hp_err *err)
{
	const struct hp_config *conf = primary->conf;
	int ret = 0;

	for (uint32_t i = 0; i < conf->n_clients; i++) {
		int c = hp_primary_add_client(primary, conf->clients[i].name);

		if (c < 0)
			return hp_err_set(err, HP_EXIT_CONFIG, ENOSPC,
				"%u clients are configured, --max-clients is %" PRIu64,
				conf->n_clients, conf->max_clients);
		primary->clients[c].policy = conf->clients[i].policy;
		primary->clients[c].when_full = conf->clients[i].when_full;
		primary->clients[c].window = (uint32_t)conf->clients[i].window;
	}
	for (uint32_t i = 0; ret == 0 && i < conf->n_patches; i++) {
		const struct hp_patch_conf *p = &conf->patches[i];

		ret = hp_primary_patch(primary, p->from, (const char *const *)p->to.items, p->to.n,
			p->spread, err);
	}
	return ret;
}

static int launch(struct hp_primary *primary, struct hp_err *err)
{
	int ret;

	primary->forwarding = primary->conf->auto_start;
	primary->flush = primary->forwarding && !primary->conf->no_flush_rx;
	ret = hp_primary_start_clock(primary);
	if (ret == 0)
		ret = hp_primary_publish(primary);
	for (uint32_t l = 0; ret == 0 && l < primary->n_lanes; l++)
		ret = rte_eal_remote_launch(
			hp_lane_main, &primary->lanes[l], primary->lanes[l].lcore_id);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret, "forwarding cannot start: %s",
			rte_strerror(-ret));
	primary->lanes_run = true;
	hp_primary_guard_memory(primary);
	if (primary->forwarding && hp_primary_publish(primary) == 0) { // they have begun
		hp_primary_tx_first(primary, primary->conf->tx_first);
		primary->conf->tx_first = 0;
	}
	hp_group_set_state(&primary->group, HP_GROUP_RUNNING);
	return 0;
}

static int open_for_members(struct hp_primary *primary, struct hp_err *err)
{
	struct hp_lease_terms terms = {
		.base_virtaddr = primary->conf->base_virtaddr,
		.iova_va = primary->iova_va,
	};
	unsigned int lcore = 0;

	RTE_LCORE_FOREACH (lcore) {
		terms.dpdk_lcore_first = RTE_MAX(terms.dpdk_lcore_first, (uint64_t)lcore + 1);
	}
	snprintf(terms.huge_dir, sizeof(terms.huge_dir), "%s", primary->huge_dir);
	primary->leases = hp_leases_new(primary->loop, &primary->group, primary->runtime_dir,
		&terms, primary->fingerprint, &hp_primary_lease_events, primary, err);
	return primary->leases != NULL ? 0 : -EIO;
}

int hp_primary_init(
	struct hp_primary *primary, struct hp_config *conf, uint32_t restarts, struct hp_err *err)
{
	int ret;

	memset(primary, 0, sizeof(*primary));
	primary->conf = conf;
	primary->lock_fd = -1;
	primary->restarts = restarts;
	primary->started_us = hp_now_us();
	primary->nbport = HP_PORTS_MAX;
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		primary->clients[i].slot = -1;
	// A signal during the start is heard when the loop runs, so that nothing is left half made.
	hp_loop_block_signals();
	signal(SIGPIPE, SIG_IGN); // a driver's peer that goes (vhost) is an error of its write
	ret = hp_primary_take_place(primary, err);
	if (ret < 0)
		return ret;
	primary->loop = hp_loop_new();
	if (primary->loop == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, errno, "event loop: %s", strerror(errno));
	hp_fingerprint_preload();
	primary->fingerprint = hp_fingerprint_take();
	if (primary->fingerprint == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	ret = hp_primary_start_eal(primary, err);
	if (ret < 0)
		return ret;
	primary->locks = hp_locks_find(primary->runtime_dir);
	if (primary->locks == NULL)
		HP_LOG(WARNING,
			"EAL's shared locks were not found (%s): a member that dies while "
			"it attaches may leave one taken",
			strerror(errno));
	if (conf->pdump && rte_pdump_init() < 0)
		HP_LOG(WARNING, "packet dumps by DPDK's own tools will not work: %s",
			rte_strerror(rte_errno));
	ret = make_lanes(primary, err);
	if (ret == 0)
		ret = hp_primary_open_ports(primary, err);
	HP_CRASH_POINT(start_ports);
	if (ret == 0 && hp_workers_open(primary) < 0)
		ret = hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	if (ret == 0)
		ret = make_clients(primary, err);
	if (ret == 0)
		ret = launch(primary, err);
	HP_CRASH_POINT(start_lanes);
	if (ret == 0)
		ret = open_for_members(primary, err);
	if (ret == 0)
		ret = hp_primary_open_console(primary, err);
	HP_CRASH_POINT(start_up);
	return ret;
}

static void stop_lanes(struct hp_primary *primary)
{
	if (!primary->lanes_run)
		return;
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		atomic_store(&primary->lanes[l].stop, true);
	hp_primary_ring(primary);
	rte_eal_mp_wait_lcore();
	hp_primary_unguard_memory(primary);
	primary->lanes_run = false;
}

void hp_primary_fini(struct hp_primary *primary)
{
	hp_loop_timer_del(primary->watch_timer);
	hp_loop_timer_del(primary->locks_timer);
	hp_loop_timer_del(primary->drain_timer);
	hp_loop_timer_del(primary->stop_timer);
	hp_primary_unwatch_stock(primary);
	hp_workers_unwatch(primary, HP_MEMBERS_MAX);
	hp_primary_close_console(primary);
	stop_lanes(primary);
	HP_CRASH_POINT(stop_lanes);
	hp_primary_end_guests(primary);
	hp_leases_free(primary->leases);
	if (primary->eal_started)
		hp_stale_remove_peers(primary->runtime_dir);
	hp_primary_close_ports(primary);
	HP_CRASH_POINT(stop_ports);
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		hp_lane_fini(&primary->lanes[l]);
	if (primary->eal_started) {
		if (primary->conf->pdump)
			rte_pdump_uninit();
		hp_group_destroy(&primary->group);
		for (uint32_t l = 0; l < HP_LANES_MAX; l++)
			hp_pool_destroy(&primary->pools[l]);
		hp_workers_close(primary);
		HP_CRASH_POINT(stop_pools);
		if (!primary->eal_stays)
			rte_eal_cleanup();
		HP_CRASH_POINT(stop_eal);
	}
	hp_primary_close_mail(primary);
	free(primary->lanes);
	hp_primary_free_plan(primary);
	hp_locks_free(primary->locks);
	free(primary->fingerprint);
	hp_loop_free(primary->loop);
	// EAL leaves its files behind: they are this group's, and nobody else may hold the lock.
	if (primary->huge_dir_made) {
		hp_stale_remove_maps(primary->huge_dir, primary->conf->file_prefix);
		rmdir(primary->huge_dir);
	}
	HP_CRASH_POINT(stop_maps);
	if (primary->lock_held)
		hp_stale_remove_runtime(primary->runtime_dir, primary->eal_started);
	HP_CRASH_POINT(stop_files);
	if (primary->lock_fd >= 0)
		close(primary->lock_fd);
}
