// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A link between one lane of the primary and one member: the lender's end and the borrower's.
//
// The lender writes what it lends into one ring, the borrower hands everything back through the
// other, in any order, with a verdict. The rings need no consumer counters, because at most
// `window` mbufs are out at a time and each ring has at least as many places:
//  - lend number k goes where k - window went. That one has come back (else window + 1 were out),
//  so
//    the borrower had read it.
//  - return number r goes where r - window went. The borrower has r + 1 lends or more, so the
//  lender
//    had accepted at least r + 1 - window returns when it lent them.
// A borrower that dies leaves at worst an unpublished entry. Its mbufs are found by the loan
// records of the pool, which lie in the lender's own memory.

#pragma once

#include "base/hp_crash.h"
#include "base/hp_verdict.h"
#include "group/hp_group.h"
#include "group/hp_pool.h"

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <errno.h>

/** The borrower's end. One thread of the member. */
struct hp_link {
	struct hp_link_shm *shm;
	struct hp_return *returns;
	uintptr_t mbuf_base;
	uint32_t mask;
	uint32_t taken; // lends read
	uint32_t returned; // entries written
};

/** The lender's end. One lane of the primary. All of it is private. */
struct hp_lender {
	struct hp_link_shm *shm;
	const struct hp_return *returns;
	uint32_t mask;
	uint32_t window; // mbufs out at a time
	uint32_t lent; // entries written
	uint32_t returned; // entries accepted
	uint16_t id; // of its loans, never 0
	bool live; // may be lent to
};

static inline struct hp_return *hp_link_returns(struct hp_link_shm *shm, uint32_t window_max)
{
	return (struct hp_return *)(shm->lends + window_max);
}

/** Begin at the borrower's end. Member's packet loop, once a lane, after hp_group_attach(). */
static inline void hp_link_open(
	struct hp_link *link, const struct hp_group *group, uint32_t slot, uint32_t lane)
{
	link->shm = hp_group_link(group, slot, lane);
	link->returns = hp_link_returns(link->shm, group->hdr->window_max);
	link->mbuf_base = group->hdr->mbuf_base;
	link->mask = group->hdr->window_max - 1;
	link->taken = 0;
	link->returned = 0;
}

/** Packets that wait to be taken. */
static inline uint32_t hp_link_pending(const struct hp_link *link)
{
	return atomic_load_explicit(&link->shm->lent, memory_order_acquire) - link->taken;
}

/**
 * Take up to @p max packets, to be handed back with hp_link_return(), every one of them.
 * @param indexes
 *   Set to what names each packet when it goes back.
 */
static inline uint16_t hp_link_take(
	struct hp_link *link, struct rte_mbuf **pkts, uint32_t *indexes, uint16_t max)
{
	uint32_t n = hp_link_pending(link);

	if (n > max)
		n = max;
	for (uint32_t i = 0; i < n; i++) {
		const struct hp_lend *lend = &link->shm->lends[(link->taken + i) & link->mask];

		indexes[i] = lend->index;
		pkts[i] = (struct rte_mbuf *)(link->mbuf_base +
					      (uint64_t)lend->offset * RTE_CACHE_LINE_SIZE);
	}
	link->taken += n;
	return (uint16_t)n;
}

/** Hand packets back. Touch none of them afterwards. */
static inline void hp_link_return(struct hp_link *link, const uint32_t *indexes,
	const struct hp_verdict *verdicts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct hp_return *ret = &link->returns[(link->returned + i) & link->mask];

		ret->index = indexes[i];
		HP_CRASH_POINT(return_torn);
		ret->verdict = verdicts[i];
	}
	link->returned += n;
	HP_CRASH_POINT(return_unpublished);
	atomic_store_explicit(&link->shm->returned, link->returned, memory_order_release);
	HP_CRASH_POINT(return_published);
}

/** Begin at the lender's end, for a new borrower: nothing is out. The lane's thread. */
void hp_lender_open(struct hp_lender *lender, const struct hp_group *group, uint32_t slot,
	uint32_t lane, uint32_t window);

/** Mbufs that are out. */
static inline uint32_t hp_lender_out(const struct hp_lender *lender)
{
	return lender->lent - lender->returned;
}

/** How many more may be lent now. */
static inline uint32_t hp_lender_room(const struct hp_lender *lender)
{
	return lender->window - hp_lender_out(lender);
}

/** Record and write one packet; @p index is its number in the pool. There has to be room. */
static inline void hp_lender_lend(struct hp_lender *lender, struct hp_pool *pool,
	uintptr_t mbuf_base, struct rte_mbuf *m, uint32_t index, uint8_t hops)
{
	struct hp_lend *lend = &lender->shm->lends[lender->lent & lender->mask];

	pool->loans[index] = (struct hp_loan){.link = lender->id, .hops = hops, .segs = 1};
	lend->index = index;
	lend->offset = (uint32_t)(((uintptr_t)m - mbuf_base) / RTE_CACHE_LINE_SIZE);
	lender->lent++;
}

/**
 * Remember the segments of a packet that has several, after hp_lender_lend().
 * @return false if a segment is not of this pool: lend a copy instead.
 */
bool hp_lender_note_chain(struct hp_pool *pool, const struct rte_mbuf *m, uint32_t index);

/** Let the borrower see what was lent so far. */
static inline void hp_lender_publish(struct hp_lender *lender)
{
	atomic_store_explicit(&lender->shm->lent, lender->lent, memory_order_release);
}

/** Entries that the borrower handed back; more than hp_lender_out() is a lie. */
static inline uint32_t hp_lender_pending(const struct hp_lender *lender)
{
	return atomic_load_explicit(&lender->shm->returned, memory_order_acquire) -
	       lender->returned;
}

/**
 * Accept up to @p max packets.
 *
 * @param checked
 *   Check the headers of what comes back (hp_pool_check()). That it was lent over this link and not
 *   handed back before is checked always.
 * @param n_out
 *   Set to how many were accepted, also on error.
 * @return
 *   0, or -EBADMSG: an entry, a counter or an mbuf's header is wrong. That entry is not accepted;
 *   accept nothing more from this borrower.
 */
int hp_lender_collect(struct hp_lender *lender, struct hp_pool *pool, bool checked,
	struct rte_mbuf **pkts, uint32_t *indexes, struct hp_verdict *verdicts, uint16_t max,
	uint16_t *n_out);

/**
 * Take back everything that is still out. Only when the borrower's memory is gone or it never saw
 * the link: the kernel closes its connection after that, SIGKILL included.
 * @return how many packets were freed.
 */
uint32_t hp_lender_reclaim(struct hp_lender *lender, struct hp_pool *pool);
