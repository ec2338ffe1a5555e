// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Copies of packets for captures, made by whichever packet loop has the packets: a lane of the
// primary, a worker. Copies, because a capture never holds an mbuf: they go into rings of ordinary
// memory that the capture brought along (hp_guest_mem.h), and where a ring has no room the copy is
// lost, and counted. A ring has one writer at a time: what a writer publishes is whole, so that one
// that dies leaves nothing torn, and the next one goes on behind it. Off, a tap is one branch that
// is predicted; a build with -Dtaps=false has not even that, for comparison.

#pragma once

#include "base/hp_clock.h"
#include "base/hp_guest_shm.h"
#include "base/hp_verdict.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

#define HP_TAPS_MAX 64 // in a group: a bit each in the masks of a plan
#define HP_COPY_BURST_MAX (2 * HP_BURST_MAX) // packets: what a port's transmit buffer holds

/** Of one tap of a capture in one ring. The ring's writer: wo; the primary's control thread: ro. */
struct hp_copy_count {
	_Atomic uint64_t seen, captured, lost; // as in struct hp_guest_count
	uint32_t gap; // lost since the last one that was captured
	uint32_t staged_gap; // the same, with packets that are not committed yet
};

/** What the writer of a ring keeps of it, in its own memory. */
struct hp_copy_ring {
	struct hp_stream out;
	uint64_t start; // .out.head before what is staged
	uint32_t ends[HP_COPY_BURST_MAX]; // bytes staged with each packet
	struct hp_guest_count *shared; // [taps], the guest's view of .counts
	bool mine; // of a worker queue's ring: what is here goes on where the last writer ended
	struct hp_copy_count counts[HP_GUEST_TAPS_MAX];
} __rte_cache_aligned;

/** A tap as packet loops know it. */
struct hp_copy_tap {
	uint8_t kind; // enum hp_tap_kind
	uint8_t guest; // whose
	uint8_t iface; // number of the tap with its guest
	uint32_t snaplen;
	const void *filter; // struct bpf_insn [], validated; NULL: every packet
	struct hp_copy_ring *rings; // all of the guest's
};

/** What a packet loop needs for copying, besides. Private to it. */
struct hp_copier;

/** Where a burst's copies go. */
struct hp_copy {
	struct hp_copier *copier;
	const struct hp_copy_tap *taps; // [HP_TAPS_MAX]
	const struct hp_clock *clock;
	uint32_t ring; // of each guest
};

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

/** NULL: out of memory. free() takes it. Any thread. */
struct hp_copier *hp_copier_new(void);

/** Comment of the packets that follow, cut if it is long; "" for none. */
void hp_copy_comment(const struct hp_copy *copy, const char *text);

/**
 * Begin a burst for the taps of a mask: hp_copy_add() what may be captured, at most
 * HP_COPY_BURST_MAX packets, then hp_copy_commit(). No comment until one is set.
 */
void hp_copy_begin(const struct hp_copy *copy, uint64_t taps);

/** Copy packets @p from to @p n - 1 of the burst. Nobody sees them yet. */
void hp_copy_add(const struct hp_copy *copy, uint64_t taps, struct rte_mbuf *const *pkts,
	uint16_t from, uint16_t n);

/** Publish and count the first @p n packets of the burst; the others have never been there. */
void hp_copy_commit(const struct hp_copy *copy, uint64_t taps, uint16_t n);

/** All three, for packets without a comment. */
void hp_copy_burst(
	const struct hp_copy *copy, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n);

/**
 * Become the writer of a ring that somebody else has written: go on behind what he published. For
 * each tap that is to be copied there; rings that are .mine already are left alone.
 */
void hp_copy_resume(const struct hp_copy *copy, uint32_t n_taps);

/** Be its writer no more. */
void hp_copy_release(const struct hp_copy *copy, uint32_t n_taps);
