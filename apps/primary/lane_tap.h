// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Taps of a lane: copies of packets for captures. Copies, because a capture never holds an mbuf:
// they go into rings of ordinary memory that the capture brought along, and where a ring has no
// room the copy is lost, and counted. Off, a tap is one branch that is predicted; a build with
// -Dtaps=false has not even that, for comparison.

#pragma once

#include "base/hp_clock.h"
#include "base/hp_guest_shm.h"
#include "base/hp_verdict.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include <stdbool.h>
#include <stdint.h>

struct hp_lane;
struct hp_lender;
struct rte_mbuf;

#define HP_TAPS_MAX 64 // in a group: a bit each in the masks of a plan
#define HP_TAP_BURST_MAX (2 * HP_BURST_MAX) // packets: what a port's transmit buffer holds

/** Of one tap of a capture on one lane. Lane: wo; control thread: ro. */
struct hp_tap_count {
	_Atomic uint64_t seen, captured, lost; // as in struct hp_guest_count
	uint32_t gap; // lost since the last one that was captured
	uint32_t staged_gap; // the same, with packets that are not committed yet
};

/** What a lane keeps of a capture, in the primary's own memory. */
struct hp_capture_lane {
	struct hp_stream out;
	uint64_t start; // .out.head before what is staged
	uint32_t ends[HP_TAP_BURST_MAX]; // bytes staged with each packet
	struct hp_guest_count *shared; // [taps], the guest's view of .counts
	struct hp_tap_count counts[HP_GUEST_TAPS_MAX];
} __rte_cache_aligned;

/** A tap as a plan knows it. */
struct hp_plan_tap {
	uint8_t kind; // enum hp_tap_kind
	uint8_t guest; // whose
	uint8_t iface; // number of the tap with its guest
	uint32_t snaplen;
	const void *filter; // struct bpf_insn [], validated; NULL: every packet
	struct hp_capture_lane *lanes; // [n_lanes]
};

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

/** What a lane needs for copying; made when the first capture comes. */
struct hp_lane_tap;

struct hp_lane_tap *hp_lane_tap_new(void);

#ifdef HP_TAPS_OFF
#define HP_TAPS_BUILT 0
#else
#define HP_TAPS_BUILT 1
#endif

/** True if a capture wants packets of this point. */
static inline bool hp_tapped(uint64_t taps)
{
	return HP_TAPS_BUILT && unlikely(taps != 0);
}

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
