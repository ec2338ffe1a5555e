// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Ports that are wired to each other (--forward-mode): what one receives goes through a packet
// function and out by its pair, in the lane itself, without a client.

#pragma once

#include "func/hp_func.h"
#include "group/hp_group.h"

#include <stdbool.h>
#include <stdint.h>

struct hp_primary;
struct hp_plan_port;

/** Never changed once it is made; it lives as long as the plans that point to it. */
struct hp_wiring {
	const struct hp_func *func; // NULL: nothing is wired
	uint32_t changes; // primary.wiring_changes that it was made after
	int8_t pair[HP_PORTS_MAX]; // where a port's packets go, by DPDK's id; -1: it is not wired
	void *conf[HP_PORTS_MAX]; // func's, of a port
	void *states[HP_PORTS_MAX][HP_LANES_MAX]; // func's, of a port in a lane
};

/**
 * What the options, the patches and the ports say now. @p current is returned if nothing changes.
 * NULL with @p err filled: no memory, or the function refuses.
 */
struct hp_wiring *hp_wiring_make(
	const struct hp_primary *primary, struct hp_wiring *current, struct hp_err *err);
/** NULL is fine. No lane works by it. */
void hp_wiring_free(struct hp_wiring *wiring);
/** Fill in a port of a plan. */
void hp_wiring_fill_port(const struct hp_wiring *wiring, struct hp_plan_port *port);
