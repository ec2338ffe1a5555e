// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a client says of a packet when it hands it back. Shared by packet functions and links.

#pragma once

#include "base/hp_drop.h"

#include <stdint.h>

#define HP_BURST_MAX 512 // packets; testpmd's MAX_PKT_BURST, so that --burst means the same

enum hp_verdict_kind {
	HP_VERDICT_NEXT, ///< on to the next hop of the patch table
	HP_VERDICT_PORT, ///< out by .port, whatever the patch table says
	HP_VERDICT_DROP, ///< drop it, for .reason
	HP_VERDICT_UNUSED, ///< a blank packet that was lent to be filled, and was not
};

/** What is to become of a packet. All zero is "on to the next hop". */
struct hp_verdict {
	uint8_t kind; ///< enum hp_verdict_kind
	uint8_t reason; ///< enum hp_drop_reason, with HP_VERDICT_DROP
	uint16_t port; ///< DPDK port id, with HP_VERDICT_PORT
};

/** Verdict: drop it for @p reason. */
static inline struct hp_verdict hp_verdict_drop(enum hp_drop_reason reason)
{
	return (struct hp_verdict){.kind = HP_VERDICT_DROP, .reason = (uint8_t)reason};
}
