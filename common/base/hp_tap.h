// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Taps: points of the packets' way through a group, as users write them: "port:in:rx",
// "link:fw:out", "drop:acl". A capture copies packets there, a replay puts packets in there. Names
// alone; no DPDK.

#pragma once

#include "base/hp_config.h"
#include "base/hp_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HP_TAP_TEXT 64 // bytes with NUL of the longest tap as text
#define HP_TAP_ANY_REASON 255 // of a drop tap: all of them

enum hp_tap_kind {
	HP_TAP_PORT_RX, // received from a port
	HP_TAP_PORT_TX, // taken by a port for transmission
	HP_TAP_LINK_IN, // lent to a client
	HP_TAP_LINK_OUT, // handed back by a client
	HP_TAP_QUEUE_RX, // received from a worker queue of any port
	HP_TAP_QUEUE_TX, // transmitted on a worker queue of any port
	HP_TAP_DROP, // counted as dropped
	HP_TAP_KINDS,
};

struct hp_tap {
	uint8_t kind; // enum hp_tap_kind
	uint8_t reason; // of a drop tap: enum hp_drop_reason, or HP_TAP_ANY_REASON
	char name[HP_NAME_MAX]; // of the port or client; a worker queue's number
};

/**
 * Read a tap: port:NAME[:rx|:tx], link:NAME[:in|:out], queue:NUMBER[:rx|:tx], drop[:REASON].
 * Without a direction both are meant. Whether there is such a port or client is not looked at.
 * @param taps
 *   Gets one or two.
 * @return
 *   How many, or -EINVAL with @p err filled (HP_EXIT_USAGE).
 */
int hp_tap_parse(struct hp_tap taps[2], const char *text, struct hp_err *err);

/** True for both directions of a port. */
static inline bool hp_tap_is_port(const struct hp_tap *tap)
{
	return tap->kind == HP_TAP_PORT_RX || tap->kind == HP_TAP_PORT_TX;
}

/** True if @p text begins as a tap does, and not with a port's name alone. */
bool hp_tap_named(const char *text);

/** Number of a worker queue's tap, -1: it is none's, or no number below HP_WORKERS_MAX. */
int hp_tap_queue(const struct hp_tap *tap);

/** "port:in:rx". Returns @p buf. */
const char *hp_tap_text(char *buf, size_t size, const struct hp_tap *tap);

/** One sentence for people: "received by port in". Returns @p buf. */
const char *hp_tap_describe(char *buf, size_t size, const struct hp_tap *tap);
