// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the primary does when members come, leave, die, hang or lie. Control thread.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_time.h"
#include "primary.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

HP_LOG_TYPE("members");

#define DRAIN_PERIOD_US 1000 // how often a leaving member's loans are counted
#define DEAF_AFTER_US 200000 // after its eviction; a process that runs ends in microseconds
#define WATCH_PERIOD_US 10000 // how often lies are looked for, and epochs where they may be late

static int admit_worker(struct hp_primary *primary, const struct hp_wire_hello *hello,
	struct hp_wire_refuse *refuse)
{
	int ret = primary->conf->workers == 0 ? -ENOTSUP : hp_workers_name(primary, hello->name);

	if (ret >= 0)
		return 0;
	refuse->refusal = ret == -EEXIST ? HP_REFUSE_NAME_TAKEN : HP_REFUSE_FULL;
	refuse->exit_code = HP_EXIT_CONFIG;
	if (ret == -ENOTSUP)
		snprintf(refuse->text, sizeof(refuse->text),
			"this group has no queues for workers: start hp-primary with --workers N");
	else if (ret == -EEXIST)
		snprintf(refuse->text, sizeof(refuse->text),
			"'%s' is a client's name in this group: give this worker another --name",
			hello->name);
	else
		snprintf(refuse->text, sizeof(refuse->text),
			"no room for another worker '%s': at most %d live at a time, and they "
			"count "
			"among --max-clients",
			hello->name, HP_FANOUT_MAX - 1);
	return ret;
}

static int admit(void *arg, const struct hp_wire_hello *hello, struct hp_wire_refuse *refuse)
{
	struct hp_primary *primary = arg;
	bool all = strcmp(hello->name, HP_MAIL_ALL_NAME) == 0;

	if (all || strcmp(hello->name, HP_MAIL_PRIMARY_NAME) == 0) {
		refuse->refusal = HP_REFUSE_NAME_TAKEN;
		refuse->exit_code = HP_EXIT_CONFIG;
		snprintf(refuse->text, sizeof(refuse->text),
			"the name '%s' is kept for messages to %s: give this member another "
			"--name",
			hello->name, all ? "all members" : "the primary");
		return -EEXIST;
	}
	if (hp_primary_find_guest(primary, hello->name) != NULL) {
		refuse->refusal = HP_REFUSE_NAME_TAKEN;
		refuse->exit_code = HP_EXIT_CONFIG;
		snprintf(refuse->text, sizeof(refuse->text),
			"a capture or replay has the name '%s': give this member another --name",
			hello->name);
		return -EEXIST;
	}
	if (strcmp(hello->role, "worker") == 0)
		return admit_worker(primary, hello, refuse);
	if (strcmp(hello->role, "client") != 0)
		return 0;
	if (hp_primary_find_client(primary, hello->name) >= 0 ||
		hp_primary_add_client(primary, hello->name) >= 0)
		return 0;
	refuse->refusal = HP_REFUSE_FULL;
	refuse->exit_code = HP_EXIT_CONFIG;
	snprintf(refuse->text, sizeof(refuse->text),
		"no room for another client '%s': the group knows %" PRIu64
		" names, which is its --max-clients; raise that",
		hello->name, primary->conf->max_clients);
	return -ENOSPC;
}

static void ready(void *arg, uint32_t slot)
{
	const struct hp_lease *lease;
	struct hp_primary *primary = arg;
	struct hp_primary_slot *ps = &primary->slots[slot];
	int client;

	lease = hp_leases_get(primary->leases, slot);
	memset(ps, 0, sizeof(*ps));
	ps->epoch_us = hp_now_us();
	ps->mail = true;
	client = strcmp(lease->role, "client") == 0 || strcmp(lease->role, "worker") == 0
			 ? hp_primary_find_client(primary, lease->name)
			 : -1;
	if (client < 0) {
		// No client, or its name was removed after admit() had made it.
		hp_primary_publish(primary);
		return;
	}
	ps->has_client = true;
	ps->client = (uint8_t)client;
	ps->state = HP_SLOT_LENDING;
	ps->source = atomic_load(&hp_group_slot(&primary->group, slot)->source) != 0;
	primary->clients[client].slot = (int32_t)slot;
	primary->clients[client].stuck = false;
	primary->clients[client].joins++;
	HP_CRASH_POINT(ready_heard);
	if (primary->clients[client].worker)
		hp_workers_watch(primary, slot);
	hp_primary_publish(primary);
	hp_workers_rebalance(primary);
	hp_guests_worker_ready(primary, slot);
	HP_CRASH_POINT(ready_published);
}

// The client's name has no live process in this slot any more.
static void unbind(struct hp_primary *primary, uint32_t slot)
{
	struct hp_client *client = &primary->clients[primary->slots[slot].client];

	if (client->slot != (int32_t)slot)
		return;
	client->slot = -1;
	client->stuck = false;
}

uint32_t hp_primary_out(const struct hp_primary *primary, uint32_t slot)
{
	uint64_t n = 0;

	if (!primary->slots[slot].has_client)
		return 0;
	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		const struct hp_lane *lane = &primary->lanes[l];
		const struct hp_client_counters *c =
			lane->clients[primary->slots[slot].client].count;

		n += hp_counted(&c->in_flight) + hp_counted(&c->blanks);
	}
	return (uint32_t)n;
}

static void drain_tick(void *arg)
{
	struct hp_primary *primary = arg;
	bool again = false;

	for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++) {
		if (hp_leases_get(primary->leases, slot)->state != HP_LEASE_LEAVING)
			continue;
		if (hp_primary_out(primary, slot) == 0 && hp_workers_held(primary, slot) == 0) {
			hp_lease_let_go(primary->leases, slot);
			HP_CRASH_POINT(leaving_granted);
		}
		again = true; // until its connection is closed
	}
	if (!again) {
		hp_loop_timer_del(primary->drain_timer);
		primary->drain_timer = NULL;
	}
}

static void leaving(void *arg, uint32_t slot)
{
	struct hp_primary *primary = arg;

	if (!primary->slots[slot].has_client) {
		hp_lease_let_go(primary->leases, slot);
		return;
	}
	unbind(primary, slot);
	primary->slots[slot].state = HP_SLOT_DRAINING;
	HP_CRASH_POINT(leaving_heard);
	hp_workers_rebalance(primary);
	hp_primary_publish(primary);
	if (primary->drain_timer == NULL)
		primary->drain_timer =
			hp_loop_timer(primary->loop, 1, DRAIN_PERIOD_US, drain_tick, primary);
}

static void locks_tick(void *arg)
{
	struct hp_primary *primary = arg;
	bool again = false;

	if (hp_leases_attaching(primary->leases))
		return; // a live member may be the one that holds them
	hp_locks_watch(primary->locks, hp_now_us(), &again);
	if (!again) {
		hp_loop_timer_del(primary->locks_timer);
		primary->locks_timer = NULL;
	}
}

static void gone(void *arg, uint32_t slot, bool attached)
{
	struct hp_primary *primary = arg;
	struct hp_primary_slot *ps = &primary->slots[slot];
	uint64_t started = hp_now_us();
	uint64_t took;

	ps->mail = false;
	hp_workers_unwatch(primary, slot);
	if (ps->has_client) {
		unbind(primary, slot);
		ps->state = HP_SLOT_DEAD;
	}
	hp_workers_died(primary, slot);
	if (attached || ps->has_client) {
		HP_CRASH_POINT(gone_unpublished);
		hp_primary_publish(primary);
		took = hp_now_us() - started;
		if (took > primary->reclaim_us_max)
			primary->reclaim_us_max = took;
	}
	memset(ps, 0, sizeof(*ps));
	hp_lease_release(primary->leases, slot);
	HP_CRASH_POINT(gone_released);
	// Attached members take EAL's locks no more, but one look costs nothing.
	if (primary->locks != NULL && primary->locks_timer == NULL &&
		(!attached || hp_locks_taken(primary->locks)))
		primary->locks_timer = hp_loop_timer(
			primary->loop, HP_LOCKS_PERIOD_US, HP_LOCKS_PERIOD_US, locks_tick, primary);
}

const struct hp_lease_events hp_primary_lease_events = {
	.admit = admit,
	.guest = hp_primary_greet_guest,
	.tapped = hp_guests_worker_heard,
	.ready = ready,
	.leaving = leaving,
	.gone = gone,
};

void hp_primary_show_out(struct hp_primary *primary, uint32_t slot, const char *why)
{
	if (primary->slots[slot].has_client) {
		primary->slots[slot].state = HP_SLOT_CLOSED;
		unbind(primary, slot);
	}
	primary->slots[slot].mail = false;
	primary->evictions++;
	hp_primary_publish(primary);
	HP_CRASH_POINT(evict_unsent);
	hp_lease_evict(primary->leases, slot, why);
	HP_CRASH_POINT(evict_sent);
}

static void look_for_lies(struct hp_primary *primary)
{
	uint64_t lied = 0;

	for (uint32_t l = 0; l < primary->n_lanes; l++)
		lied |= atomic_exchange(&primary->lanes[l].lied, 0);
	for (uint32_t slot = 0; lied != 0; slot++, lied >>= 1)
		if ((lied & 1) != 0 && primary->slots[slot].has_client)
			hp_primary_show_out(primary, slot,
				"it handed back what it had not been lent, or a packet whose "
				"header is broken");
}

static void look_for_bad_mail(struct hp_primary *primary)
{
	uint64_t lied = atomic_exchange(&primary->router->lied, 0);

	for (uint32_t slot = 0; lied != 0; slot++, lied >>= 1)
		if ((lied & 1) != 0 && primary->slots[slot].mail)
			hp_primary_show_out(
				primary, slot, "what it wrote into its mailbox is no message");
}

static void set_stuck(struct hp_primary *primary, uint32_t slot, bool stuck)
{
	struct hp_client *client = &primary->clients[primary->slots[slot].client];

	uint32_t queues = hp_workers_held(primary, slot);

	client->stuck = stuck;
	client->stuck_count += stuck;
	if (stuck)
		HP_LOG(WARNING,
			"member '%s' is stuck: its packet loop has not turned for %" PRIu64
			" ms; its link follows policy %s",
			client->name, primary->conf->stuck_after_us / 1000,
			hp_policy_names[client->policy]);
	else
		HP_LOG(NOTICE, "member '%s' runs again", client->name);
	if (stuck && queues > 0)
		HP_LOG(WARNING,
			"member '%s' keeps its %u worker queues as long as it lives, because it "
			"may run on in the middle of one; nobody polls them (--evict-stuck)",
			client->name, queues);
	hp_primary_publish(primary);
	hp_workers_rebalance(primary);
}

static void look_for_stuck(struct hp_primary *primary)
{
	uint64_t now = hp_now_us();

	for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++) {
		struct hp_primary_slot *ps = &primary->slots[slot];
		uint64_t epoch;
		bool stuck;

		if (!ps->has_client || ps->state != HP_SLOT_LENDING)
			continue;
		epoch = hp_counted(&hp_group_slot(&primary->group, slot)->epoch);
		if (epoch != ps->epoch) {
			ps->epoch = epoch;
			ps->epoch_us = now;
		}
		stuck = now - ps->epoch_us >= primary->conf->stuck_after_us;
		if (stuck == primary->clients[ps->client].stuck)
			continue;
		set_stuck(primary, slot, stuck);
		if (stuck && primary->conf->evict_stuck)
			hp_primary_show_out(primary, slot, "its packet loop hangs (--evict-stuck)");
	}
}

// One that is stopped does not hear that it has to go, and its queues cannot be had as long as it
// might run on in the middle of one. A lease goes only to processes of our uid.
static void end_deaf_holder(struct hp_primary *primary, uint32_t slot)
{
	const struct hp_lease *lease = hp_leases_get(primary->leases, slot);

	primary->slots[slot].deaf = true;
	if (lease->peer_pid > 0 && kill(lease->peer_pid, SIGKILL) == 0)
		return;
	HP_LOG(WARNING,
		"member '%s' holds %u worker queues, which nobody polls until it is dead: this "
		"process cannot see it (another PID namespace), end it from there",
		lease->name, hp_workers_held(primary, slot));
}

static void look_for_deaf_holders(struct hp_primary *primary)
{
	uint64_t now = hp_now_us();

	for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++) {
		const struct hp_lease *lease = hp_leases_get(primary->leases, slot);

		if (lease->state == HP_LEASE_EVICTED && !primary->slots[slot].deaf &&
			now - lease->since_us > DEAF_AFTER_US && hp_workers_held(primary, slot) > 0)
			end_deaf_holder(primary, slot);
	}
}

static void watch_tick(void *arg)
{
	struct hp_primary *primary = arg;

	look_for_lies(primary);
	look_for_bad_mail(primary);
	hp_primary_look_at_guests(primary);
	hp_guests_look_at_workers(primary);
	hp_primary_read_mail(primary);
	look_for_stuck(primary);
	look_for_deaf_holders(primary);
}

int hp_primary_watch(struct hp_primary *primary)
{
	primary->watch_timer =
		hp_loop_timer(primary->loop, WATCH_PERIOD_US, WATCH_PERIOD_US, watch_tick, primary);
	return primary->watch_timer != NULL ? 0 : -errno;
}
