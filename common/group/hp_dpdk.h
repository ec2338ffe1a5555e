// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Differences between DPDK releases, 22.11 to 25.11: here and nowhere else.

#pragma once

#include <rte_version.h>

// rte_thread_create_control() replaced rte_ctrl_thread_create() in 23.11; hugepod starts its
// control threads with pthread_create() before EAL, which needs neither.

// The lock that secondaries take while they attach a port: first in the memzone of ethdev's data,
// since 23.07 in the memory configuration, behind the timer lock.
#if RTE_VERSION < RTE_VERSION_NUM(23, 7, 0, 0)
#define HP_DPDK_ETHDEV_LOCK_IN_MEMZONE 1
#else
#define HP_DPDK_ETHDEV_LOCK_IN_MEMZONE 0
#endif

// --socket-mem was renamed in 25.07 (the old name is kept); hugepod uses -m, which all have.

struct rte_bus;

/**
 * Take a bus off EAL's list, before rte_eal_init(). Exported by librte_eal in every release above,
 * but declared only in a header for driver authors that Debian does not ship.
 */
void rte_bus_unregister(struct rte_bus *bus);
