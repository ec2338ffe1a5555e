// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the primary does for workers: which ports are theirs, who of them holds which queue. Control
// thread; no lane.

#pragma once

#include "base/hp_out.h"
#include "group/hp_pool.h"
#include "group/hp_wq.h"
#include "plan.h"

struct hp_lifelines;
struct hp_primary;
struct hp_timer;

/** Which ports of a configuration are the workers'. Indexes are those of hp_config.ports. */
struct hp_worker_ports {
	int8_t pair[HP_PORTS_MAX]; // -1: it is not theirs
	bool polled[HP_PORTS_MAX]; // by the workers themselves
	uint32_t n_polled;
};

/** A worker queue as the control thread knows it. */
struct hp_worker_queue {
	uint64_t serial; // of its last grant
	uint8_t holder; // HP_WQ_NOBODY, HP_WQ_LANE plus a lane, or a slot
	bool revoking; // the holder has been told to let go
	bool dead; // it was taken from a dead one
	int home; // client whose queue it is when it lives, -1: none's
	uint64_t handovers; // between live ones
	uint64_t takeovers; // from dead ones
	uint64_t
		heard_tsc; // from a dead holder's last look until its death was heard of, last time
};

struct hp_workers {
	struct hp_worker_ports ports;
	struct hp_wq_conf conf;
	struct hp_pool pools[HP_WORKERS_MAX];
	struct hp_worker_queue queues[HP_WORKERS_MAX];
	struct hp_wq_loop *loops; // [n_lanes]; NULL: no queues
	struct hp_timer *timer; // while somebody is to let go
	struct hp_lifelines *lifelines; // of those that may hold queues; NULL: the kernel has none
	uint64_t grant_us_max; // longest time from hearing of a death to the grants
	uint64_t died_packets;
	uint64_t gone; // bit a port id: a port of theirs that was detached
};

/** Sort out the ports of a configuration. Pure. */
void hp_worker_ports(struct hp_worker_ports *ports, const struct hp_config *conf);
/** True if queues are polled at all; else workers have links alone and there are no pools. */
bool hp_worker_pools_wanted(const struct hp_config *conf);

/** Make the pools; before ports are opened. 0, or -errno with @p err filled. */
int hp_workers_make_pools(struct hp_primary *primary, struct hp_err *err);
/** hp_port_open() of port @p i of the configuration, with queues for workers or without. */
int hp_workers_open_port(struct hp_primary *primary, uint32_t i, struct hp_err *err);
/** Once ports are open and lanes made: fill in what is shared. 0 or -ENOMEM. */
int hp_workers_open(struct hp_primary *primary);
void hp_workers_close(struct hp_primary *primary);

/** The port with that DPDK id is polled by workers: lanes leave it alone, so do patches. */
bool hp_workers_poll(const struct hp_primary *primary, uint16_t port_id);
/** How packets of a port get to the workers under this plan, if it is theirs and has no patch. */
void hp_workers_fill_port(const struct hp_primary *primary, struct hp_plan_port *port);
/** A new plan: say whether queues are polled, and what lanes do with theirs. */
void hp_workers_publish(const struct hp_primary *primary);

/** Tell all who hold queues which ports are out of use. */
void hp_workers_say_ports(const struct hp_primary *primary);
/** Have all of them heard it? *slot is one that has not, or HP_WQ_LANE plus a lane. */
bool hp_workers_heard(const struct hp_primary *primary, uint8_t *slot);

/** A port is detached: it is theirs no more, nor is whatever gets its number. */
void hp_workers_forget_port(struct hp_primary *primary, uint32_t port);

/** Share out the queues anew: somebody came, goes, hangs or runs again. */
void hp_workers_rebalance(struct hp_primary *primary);
/** A worker is ready: hear of its packet loop's end. */
void hp_workers_watch(struct hp_primary *primary, uint32_t slot);
/** It is gone; with HP_MEMBERS_MAX: all are, and so will be the shared memory. */
void hp_workers_unwatch(struct hp_primary *primary, uint32_t slot);
/** A member's packet loop has ended for good: mend the pools of its queues, count what it had, and
 * give them away. */
void hp_workers_died(struct hp_primary *primary, uint32_t slot);
/** How many queues a member has not let go of. */
uint32_t hp_workers_held(const struct hp_primary *primary, uint32_t slot);
/** The same over all members. */
uint32_t hp_workers_held_all(const struct hp_primary *primary);

/** Client record for a worker of that name, -ENOSPC. One that nobody has used for long goes. */
int hp_workers_name(struct hp_primary *primary, const char *name);
/** `show workers`. */
void hp_workers_show(const struct hp_primary *primary, struct hp_out *out);
