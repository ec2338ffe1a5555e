// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// From ready to the end: signals, and stopping in order. Members are quiet before ports stop.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_supervise.h"
#include "base/hp_time.h"
#include "primary.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("primary");

#define STOP_PERIOD_US 1000
#define MEMBERS_WITHIN_US 1000000 // with the drain's 500 ms below the 2 s that SIGTERM has

static uint64_t all_out(const struct hp_primary *primary)
{
	uint64_t n = 0;

	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		for (unsigned int i = 0; i < primary->group.hdr->max_clients; i++)
			n += hp_counted(&primary->lanes[l].clients[i].count->in_flight);
		for (unsigned int i = 0; i < HP_PORTS_MAX; i++)
			n += hp_counted(&primary->lanes[l].ports[i]->buffered);
	}
	return n + hp_workers_held_all(primary);
}

static void stop_tick(void *arg)
{
	struct hp_primary *primary = arg;
	uint64_t now = hp_now_us();

	if (primary->stop_phase == HP_STOP_DRAIN) {
		if (all_out(primary) > 0 && now < primary->stop_deadline_us)
			return;
		primary->stop_phase = HP_STOP_MEMBERS;
		primary->stop_deadline_us = now + MEMBERS_WITHIN_US;
		HP_CRASH_POINT(stop_drained);
		hp_leases_shutdown(primary->leases);
		HP_CRASH_POINT(stop_members_told);
	}
	if (primary->stop_phase == HP_STOP_MEMBERS) {
		if (hp_leases_count(primary->leases) > 0 && now < primary->stop_deadline_us)
			return;
		if (hp_leases_count(primary->leases) > 0)
			HP_LOG(WARNING, "%u members did not leave within %d ms",
				hp_leases_count(primary->leases), MEMBERS_WITHIN_US / 1000);
		primary->stop_phase = HP_STOP_DONE;
		HP_CRASH_POINT(stop_members_gone);
		hp_loop_stop(primary->loop);
	}
}

void hp_primary_stop(struct hp_primary *primary)
{
	if (primary->stop_phase != HP_STOP_NOT)
		return;
	HP_LOG(NOTICE, "stopping");
	HP_CRASH_POINT(stop_begin);
	hp_group_set_state(&primary->group, HP_GROUP_STOPPING);
	primary->forwarding = false;
	hp_primary_publish(primary);
	primary->stop_phase = HP_STOP_DRAIN;
	hp_workers_rebalance(primary);
	primary->stop_deadline_us = hp_now_us() + primary->conf->drain_us;
	primary->stop_timer = hp_loop_timer(primary->loop, 1, STOP_PERIOD_US, stop_tick, primary);
	if (primary->stop_timer == NULL)
		hp_loop_stop(primary->loop);
}

static void on_signal(void *arg, const struct signalfd_siginfo *info)
{
	struct hp_primary *primary = arg;

	if (info->ssi_signo != SIGTERM && info->ssi_signo != SIGINT)
		return;
	if (primary->stop_phase != HP_STOP_NOT && info->ssi_signo == SIGINT)
		hp_loop_stop(primary->loop); // a second Ctrl-C does not wait for the members
	hp_primary_stop(primary);
}

int hp_primary_run(struct hp_primary *primary, struct hp_err *err)
{
	int ret;

	ret = hp_loop_signals(primary->loop, on_signal, primary);
	if (ret == 0)
		ret = hp_primary_watch(primary);
	if (ret == 0)
		ret = hp_primary_watch_stock(primary);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret, "event loop: %s", strerror(-ret));
	hp_supervise_up();
	HP_LOG(NOTICE,
		"group '%s' is up after %" PRIu64 " ms: %u ports, %u lanes, generation %" PRIu64,
		primary->conf->file_prefix, (hp_now_us() - primary->started_us) / 1000,
		primary->n_ports, primary->n_lanes, primary->group.hdr->generation);
	ret = hp_loop_run(primary->loop);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret, "epoll: %s", strerror(-ret));
	return 0;
}
