// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A link between one lane of the primary and one member: the lender's end and the borrower's.
//
// The lender writes what it lends into one ring. The borrower hands everything back through the
// other, in the order in which it got it, with a verdict; packets in a row with the same verdict
// are one entry. Which mbufs are out is written down in the lender's own memory, so an entry only
// has to say how many: an mbuf that was never lent, or was handed back before, cannot be named.
//
// The rings need no consumer counters, because at most `window` packets are out at a time and each
// ring has at least as many places:
//  - lend number k goes where k - window went. That one has come back, else window + 1 were out, so
//    the borrower had read it.
//  - return number r goes where r - window went. Each entry is a packet or more, so if that one
//    were not read yet, window + 1 packets would be out.
// A borrower that dies leaves at worst an unpublished entry.

#pragma once

#include "base/hp_crash.h"
#include "base/hp_verdict.h"
#include "group/hp_group.h"
#include "group/hp_pool.h"

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <errno.h>
#include <string.h>

// What the crash contract costs is measured against a build without (-Dcontract=false,
// scripts/bench contract): mbufs are found by what the shared ring says, nothing is written down,
// nothing checked.
#ifdef HP_WITHOUT_CONTRACT
#define HP_CONTRACT false
#else
#define HP_CONTRACT true
#endif

/** The borrower's end. One thread of the member. */
struct hp_link {
	struct hp_link_shm *shm;
	struct hp_return *returns;
	uintptr_t mbuf_base;
	uint32_t mask;
	uint32_t taken; // lends read
	uint32_t handed; // packets handed back
	uint32_t returned; // entries written
};

/** The lender's end. One lane of the primary. All of it is private. */
struct hp_lender {
	struct hp_link_shm *shm;
	const struct hp_return *returns;
	struct rte_mbuf **out; // [mask + 1] by number of the lend
	uint8_t *hops; // of the same: clients that each has been through, this one too; 0: blank
	uint8_t *segs; // of the same
	uintptr_t mbuf_base; // without the contract
	uint32_t mask;
	uint32_t window; // packets out at a time
	uint32_t lent; // packets
	uint32_t published; // packets that the borrower has been told of
	uint32_t accepted; // packets
	uint32_t blanks; // of those that are out
	uint32_t chains; // of those that are out, packets of several segments
	uint32_t read; // entries
	struct hp_return rest; // of the entry read last, what was not yet accepted
	bool live; // may be lent to
};

/** What hp_lender_collect() accepted. */
struct hp_returned {
	struct rte_mbuf *pkts[HP_BURST_MAX];
	struct hp_verdict verdicts[HP_BURST_MAX];
	uint8_t hops[HP_BURST_MAX];
	uint64_t bytes;
	uint64_t made_bytes; // of those that were lent blank and came back filled
	uint16_t n;
	uint16_t made; // the same
	uint16_t unused; // that were lent blank and came back so: HP_VERDICT_UNUSED
	bool all_next; // each verdict is HP_VERDICT_NEXT
};

static inline struct hp_return *hp_link_returns(struct hp_link_shm *shm, uint32_t window_max)
{
	return (struct hp_return *)(shm->lends + window_max);
}

/** Begin at the borrower's end. Member's packet loop, once a lane, after hp_group_attach(). */
static inline void hp_link_open(
	struct hp_link *link, const struct hp_group *group, uint32_t slot, uint32_t lane)
{
	memset(link, 0, sizeof(*link));
	link->shm = hp_group_link(group, slot, lane);
	link->returns = hp_link_returns(link->shm, group->hdr->window_max);
	link->mbuf_base = group->hdr->mbuf_base;
	link->mask = group->hdr->window_max - 1;
}

/** Packets that wait to be taken. */
static inline uint32_t hp_link_pending(const struct hp_link *link)
{
	return atomic_load_explicit(&link->shm->lent, memory_order_acquire) - link->taken;
}

/** Take up to @p max packets, to be handed back with hp_link_return(), every one of them. */
static inline uint16_t hp_link_take(struct hp_link *link, struct rte_mbuf **pkts, uint16_t max)
{
	uint32_t n = hp_link_pending(link);

	if (n > max)
		n = max;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t lines = link->shm->lends[(link->taken + i) & link->mask];

		pkts[i] = (struct rte_mbuf *)(link->mbuf_base +
					      (uint64_t)lines * RTE_CACHE_LINE_SIZE);
	}
	link->taken += n;
	return (uint16_t)n;
}

static inline bool hp_verdict_same(const struct hp_verdict *a, const struct hp_verdict *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/**
 * Hand back the first @p n of the packets that were taken and not yet handed back; touch none of
 * them afterwards.
 * @param verdicts
 *   One a packet, in the order in which hp_link_take() gave them.
 */
static inline void hp_link_return(
	struct hp_link *link, const struct hp_verdict *verdicts, uint16_t n)
{
	uint16_t end;

	for (uint16_t i = 0; i < n; i = end) {
		struct hp_return *ret = &link->returns[link->returned & link->mask];

		for (end = (uint16_t)(i + 1); end < n; end++)
			if (!hp_verdict_same(&verdicts[i], &verdicts[end]))
				break;
		ret->first = (uint16_t)link->handed;
		ret->n = (uint16_t)(end - i);
		HP_CRASH_POINT(return_torn);
		ret->verdict = verdicts[i];
		link->handed += (uint32_t)(end - i);
		link->returned++;
	}
	HP_CRASH_POINT(return_unpublished);
	atomic_store_explicit(&link->shm->returned, link->returned, memory_order_release);
	HP_CRASH_POINT(return_published);
}

/**
 * Get the private memory of a lender, for any borrower that it will ever have. The control thread,
 * before the lane runs.
 * @return 0, -ENOMEM.
 */
int hp_lender_init(struct hp_lender *lender, const struct hp_group *group);

/** Free it. NULL-safe in its parts. */
void hp_lender_fini(struct hp_lender *lender);

/** Begin at the lender's end, for a new borrower: nothing is out. The lane's thread. */
void hp_lender_open(struct hp_lender *lender, const struct hp_group *group, uint32_t slot,
	uint32_t lane, uint32_t window);

/** Packets that are out. */
static inline uint32_t hp_lender_out(const struct hp_lender *lender)
{
	return lender->lent - lender->accepted;
}

/** How many more may be lent now. */
static inline uint32_t hp_lender_room(const struct hp_lender *lender)
{
	return lender->window - hp_lender_out(lender);
}

/**
 * Write one packet. There has to be room. The packet has to pass hp_pool_lendable(); the segments
 * of a chain were noted with hp_pool_note_chain().
 * @param hops
 *   Clients that it will have been through when it comes back.
 */
static inline void hp_lender_lend(
	struct hp_lender *lender, uintptr_t mbuf_base, struct rte_mbuf *m, uint8_t hops)
{
	uint32_t at = lender->lent++ & lender->mask;

	if (HP_CONTRACT) {
		lender->out[at] = m;
		lender->hops[at] = hops;
		lender->segs[at] = (uint8_t)m->nb_segs;
		lender->chains += m->nb_segs != 1;
	}
	lender->shm->lends[at] = (uint32_t)(((uintptr_t)m - mbuf_base) / RTE_CACHE_LINE_SIZE);
}

/**
 * Write packets of one segment. There has to be room, and they have to pass hp_pool_lendable().
 * @param hops
 *   Clients that each has been through; NULL: none.
 */
static inline void hp_lender_lend_burst(struct hp_lender *lender, uintptr_t mbuf_base,
	struct rte_mbuf *const *pkts, const uint8_t *hops, uint16_t n)
{
	uint32_t at = lender->lent & lender->mask;
	uint16_t n_now = (uint16_t)RTE_MIN((uint32_t)n, lender->mask + 1 - at);

	if (HP_CONTRACT) {
		memcpy(&lender->out[at], pkts, n_now * sizeof(*pkts));
		memset(&lender->segs[at], 1, n_now);
		memset(&lender->hops[at], 1, n_now);
		for (uint16_t i = 0; hops != NULL && i < n_now; i++)
			lender->hops[at + i] = (uint8_t)(hops[i] + 1);
	}
	for (uint16_t i = 0; i < n_now; i++)
		lender->shm->lends[at + i] =
			(uint32_t)(((uintptr_t)pkts[i] - mbuf_base) / RTE_CACHE_LINE_SIZE);
	lender->lent += n_now;
	if (n_now < n) // the ring's end lies between
		hp_lender_lend_burst(lender, mbuf_base, pkts + n_now,
			hops != NULL ? hops + n_now : NULL, (uint16_t)(n - n_now));
}

/**
 * Take the places for the @p n packets after the next @p n away from the borrower, which read them
 * a window ago: a store that waits for its line holds up all stores behind it.
 */
static inline void hp_lender_claim(const struct hp_lender *lender, uint16_t n)
{
	const uint32_t places = RTE_CACHE_LINE_SIZE / sizeof(lender->shm->lends[0]);

	for (uint32_t i = 0; i < n; i += places)
		__builtin_prefetch(
			&lender->shm->lends[(lender->lent + n + i) & lender->mask], 1, 3);
}

/** Write one blank packet, which the borrower may fill: it is empty, and has one segment. */
static inline void hp_lender_lend_blank(
	struct hp_lender *lender, uintptr_t mbuf_base, struct rte_mbuf *m)
{
	hp_lender_lend(lender, mbuf_base, m, 0);
	lender->blanks++;
}

/** Packets that the borrower has not been told of. */
static inline uint32_t hp_lender_unpublished(const struct hp_lender *lender)
{
	return lender->lent - lender->published;
}

/** Let the borrower see what was lent so far. */
static inline void hp_lender_publish(struct hp_lender *lender)
{
	lender->published = lender->lent;
	atomic_store_explicit(&lender->shm->lent, lender->lent, memory_order_release);
}

/**
 * Fetch what hp_lender_collect() reads first, for a collect that comes a little later: another CPU
 * has written it, and may be as far away as a burst takes.
 */
static inline void hp_lender_look_ahead(const struct hp_lender *lender)
{
	rte_prefetch0(&lender->shm->returned);
	rte_prefetch0(&lender->returns[lender->read & lender->mask]);
}

/** True if hp_lender_collect() has something to look at. */
static inline bool hp_lender_pending(const struct hp_lender *lender)
{
	return lender->rest.n != 0 ||
	       atomic_load_explicit(&lender->shm->returned, memory_order_acquire) != lender->read;
}

/**
 * Accept up to @p max packets.
 *
 * @param checked
 *   Check the headers of what comes back (hp_pool_check()).
 * @param out
 *   Filled with what was accepted, also on error.
 * @return
 *   0, or -EBADMSG: a counter, an entry or an mbuf's header is wrong. What it was about is not
 *   accepted; accept nothing more from this borrower.
 */
int hp_lender_collect(struct hp_lender *lender, const struct hp_pool *pool, bool checked,
	uint16_t max, struct hp_returned *out);

/**
 * Take back up to @p max of what is still out. Only when the borrower's memory is gone or it never
 * saw the link: the kernel closes its connection after that, SIGKILL included. What it was writing
 * when it died comes back empty.
 * @param n_blank
 *   How many of them were lent blank: they are the last ones.
 * @return how many packets are in @p pkts, to be freed; 0: nothing is out any more.
 */
uint16_t hp_lender_take_back(struct hp_lender *lender, const struct hp_pool *pool,
	struct rte_mbuf **pkts, uint16_t max, uint16_t *n_blank);

/** The same with everything, freed. Returns how many. */
uint32_t hp_lender_reclaim(struct hp_lender *lender, const struct hp_pool *pool);
