// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A port of the group: made, set up and started by the primary's main thread, polled by its lanes.

#pragma once

#include "base/hp_config.h"
#include "base/hp_err.h"
#include "group/hp_pool.h"
#include "group/hp_rss.h"

#include <rte_ethdev.h>

#include <stdbool.h>
#include <stdint.h>

struct hp_port {
	char name[HP_NAME_MAX]; // the user's
	char device[RTE_ETH_NAME_MAX_LEN]; // DPDK's
	uint16_t port_id;
	uint16_t n_rxq, n_txq;
	uint16_t n_rxd, n_txd; // descriptors of each queue
	bool started;
	bool closed; // DPDK has it no more
	bool withdrawn; // started, but no plan uses it, see hp_primary_withdraw_port()
	int when_full; // enum hp_when_full
	struct hp_rss rss; // how the device shares packets out to its receive queues
};

/** False for a place in a list of ports whose port was detached. */
static inline bool hp_port_is_there(const struct hp_port *port)
{
	return port->name[0] != '\0';
}

/** Lane that polls a receive queue: queues of a port, and ports of one queue, go round the lanes.
 */
static inline uint32_t hp_port_lane(uint16_t port_id, uint32_t queue, uint32_t n_lanes)
{
	return (port_id + queue) % n_lanes;
}

/** The first queue of a port that a lane polls; the next ones are n_lanes apart. */
static inline uint32_t hp_port_first_queue(uint16_t port_id, uint32_t lane, uint32_t n_lanes)
{
	return (lane + n_lanes - port_id % n_lanes) % n_lanes;
}

/**
 * Probe the device, set up one receive queue a lane as far as it has them, the same for transmit
 * queues, with RSS over them where the device has it, and start it.
 *
 * @param pools
 *   [n_lanes]; a receive queue gets its mbufs from the pool of the lane that hp_port_lane() says,
 *   which has to poll it.
 * @return
 *   0, or -errno with @p err filled: which port, which step, what to do.
 */
int hp_port_open(struct hp_port *port, const struct hp_port_conf *conf, const struct hp_pool *pools,
	uint32_t n_lanes, struct hp_err *err);

/**
 * The same for a port that workers poll: @p n_workers receive queues, queue q with the pool
 * worker_pools[q]; transmit queues for the lanes first, then for the workers.
 */
int hp_port_open_for_workers(struct hp_port *port, const struct hp_port_conf *conf,
	const struct hp_pool *worker_pools, uint32_t n_workers, uint32_t n_lanes,
	struct hp_err *err);

/** Why a device could not be made, of what EAL and drivers return for it. */
const char *hp_port_device_error(int ret);

/** Start or stop the device. No lane may use it. 0, or the driver's -errno. */
int hp_port_start(struct hp_port *port);
int hp_port_stop(struct hp_port *port);

/** Stop and close it. No lane may poll it any more. */
void hp_port_close(struct hp_port *port);

/**
 * Whether the device's driver leaves something on EAL's interrupt thread when it is closed, so that
 * EAL's memory must not be taken away while the process lives: no rte_eal_cleanup().
 */
bool hp_port_outlives_close(const char *device);
