// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Why a packet was dropped. One list for the command line, telemetry, captures and tests: a packet
// that is not forwarded has one of these reasons, counted where it happened.

#pragma once

#include <stdint.h>

// X(identifier, name, help). Order is part of the shared-memory layout: append, and raise
// HP_GROUP_VERSION. The ones from ACL on are verdicts of packet functions.
#define HP_DROP_REASONS(X) \
	X(NO_PATCH, "no-patch", "the patch table names no next hop") \
	X(ABSENT, "absent", "no live client behind the link, policy drop") \
	X(HOLD_FULL, "hold-full", "policy hold, and the held window is full") \
	X(LINK_FULL, "link-full", "the client is too slow: its window is full") \
	X(TX_FULL, "tx-full", "the port's transmit queue took no more") \
	X(NO_MBUF, "no-mbuf", "no mbuf left to copy a packet for a broadcast") \
	X(NO_PORT, "no-port", "a verdict named a port that is not there or is stopped") \
	X(MEMBER_DIED, "member-died", "the member that held the packet died") \
	X(LOOP, "loop", "more hops than the hop limit") \
	X(SHUTDOWN, "shutdown", "in flight when the group stopped") \
	X(ACL, "acl", "refused by an access rule") \
	X(RATE, "rate", "above the rate limit") \
	X(MALFORMED, "malformed", "headers cut short or lengths that contradict") \
	X(BAD_CSUM, "bad-csum", "a checksum is wrong") \
	X(FUNCTION, "function", "dropped by a packet function") \
	X(FLUSHED, "flushed", "received before forwarding started, with --no-flush-rx=no")

enum hp_drop_reason {
#define X(id, name, help) HP_DROP_##id,
	HP_DROP_REASONS(X)
#undef X
	HP_DROP_COUNT,
};

/** Name of a reason as users see it; "?" for a number that is none. */
const char *hp_drop_name(unsigned int reason);
/** One line of help for a reason. */
const char *hp_drop_help(unsigned int reason);
