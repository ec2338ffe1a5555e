// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Taps of a lane: copies of packets for captures (hp_copy.h), and packets of replays.

#pragma once

#include "base/hp_drop.h"
#include "group/hp_copy.h"

#include <stdint.h>

struct hp_lane;
struct hp_lender;
struct rte_mbuf;

/** What the lane of a replay keeps, in the primary's own memory. */
struct hp_replay_lane {
	struct hp_stream in;
	struct hp_guest_count *shared; // the guest's view
	_Atomic uint64_t packets, bytes; // taken out of the ring
	_Atomic uint64_t copies; // made for a broadcast
	_Atomic uint64_t drops[HP_DROP_COUNT];
} __rte_cache_aligned;

struct hp_hop;

/** A replay as a plan knows it. */
struct hp_plan_source {
	struct hp_replay_lane *replay;
	const struct hp_hop *hop; // where its packets go; in the same plan
	uint32_t lane; // that serves it
	uint8_t guest; // whose
	char name[HP_NAME_MAX];
};

/**
 * Copy a burst. @p verdicts: NULL, or what its client said of each packet.
 * For the hooks below: hp_tapped() comes first.
 */
void hp_lane_tap_copy(struct hp_lane *lane, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n,
	const struct hp_verdict *verdicts);

/** Copy what is dropped; @p drops tells where. */
void hp_lane_tap_drop(struct hp_lane *lane, const _Atomic uint64_t *drops, unsigned int reason,
	struct rte_mbuf *const *pkts, uint16_t n);

/** Copy what was lent from number @p from on and is not yet published. */
void hp_lane_tap_lent(
	struct hp_lane *lane, uint64_t taps, const struct hp_lender *lender, uint32_t from);

/** Copy packets that a driver may take; hp_lane_tap_commit() says how many of them it took. */
void hp_lane_tap_stage(
	struct hp_lane *lane, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n);
void hp_lane_tap_commit(struct hp_lane *lane, uint64_t taps, uint16_t n);
