// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_link.h"

#include <rte_ether.h>

#include <stdlib.h>

int hp_lender_init(struct hp_lender *lender, const struct hp_group *group)
{
	memset(lender, 0, sizeof(*lender));
	lender->out = calloc(group->hdr->window_max, sizeof(*lender->out));
	lender->hops = calloc(group->hdr->window_max, sizeof(*lender->hops));
	lender->segs = calloc(group->hdr->window_max, sizeof(*lender->segs));
	return lender->out != NULL && lender->hops != NULL && lender->segs != NULL ? 0 : -ENOMEM;
}

void hp_lender_fini(struct hp_lender *lender)
{
	free(lender->out);
	free(lender->hops);
	free(lender->segs);
	memset(lender, 0, sizeof(*lender));
}

void hp_lender_open(struct hp_lender *lender, const struct hp_group *group, uint32_t slot,
	uint32_t lane, uint32_t window)
{
	lender->shm = hp_group_link(group, slot, lane);
	lender->returns = hp_link_returns(lender->shm, group->hdr->window_max);
	lender->mask = group->hdr->window_max - 1;
	lender->mbuf_base = group->hdr->mbuf_base;
	lender->window = RTE_MIN(window, group->hdr->window_max);
	lender->lent = 0;
	lender->published = 0;
	lender->accepted = 0;
	lender->blanks = 0;
	lender->chains = 0;
	lender->read = 0;
	memset(&lender->rest, 0, sizeof(lender->rest));
	lender->live = true;
}

// One read of an entry: its writer may change it while we look.
static inline struct hp_return read_entry(const struct hp_return *shared)
{
	uint64_t raw = __atomic_load_n((const uint64_t *)shared, __ATOMIC_RELAXED);
	struct hp_return entry;

	memcpy(&entry, &raw, sizeof(entry));
	return entry;
}

// The next entry, unless there is none or it is a lie.
static int next_entry(struct hp_lender *lender)
{
	uint32_t written = atomic_load_explicit(&lender->shm->returned, memory_order_acquire);
	struct hp_return entry;

	if (written == lender->read)
		return -EAGAIN;
	if (HP_CONTRACT && unlikely(written - lender->read > hp_lender_out(lender)))
		return -EBADMSG; // each would be a packet or more
	entry = read_entry(&lender->returns[lender->read & lender->mask]);
	if (HP_CONTRACT && unlikely(entry.n == 0 || entry.n > hp_lender_out(lender) ||
				    entry.first != (uint16_t)lender->accepted ||
				    entry.verdict.kind > HP_VERDICT_UNUSED))
		return -EBADMSG;
	lender->read++;
	lender->rest = entry;
	return 0;
}

static inline struct rte_mbuf *mbuf_at(const struct hp_lender *lender, uint32_t at)
{
	uint64_t lines;

	if (HP_CONTRACT)
		return lender->out[at & lender->mask];
	lines = lender->shm->lends[at & lender->mask];
	return (struct rte_mbuf *)(lender->mbuf_base + lines * RTE_CACHE_LINE_SIZE);
}

// The headers of what comes next are on their way while these are looked at.
static inline void prefetch_next(const struct hp_lender *lender, uint32_t at)
{
	uintptr_t next = (uintptr_t)mbuf_at(lender, at);

	rte_prefetch0((const void *)next); // never faults, whatever is there
	rte_prefetch0((const void *)(next + RTE_CACHE_LINE_SIZE));
}

// A blank packet comes back as a frame, or unused; nothing else does. False if it is neither.
static bool accept_blank(
	struct hp_lender *lender, uint8_t kind, const struct rte_mbuf *m, struct hp_returned *out)
{
	if (kind == HP_VERDICT_UNUSED) {
		out->unused++;
	} else if (rte_pktmbuf_pkt_len(m) >= RTE_ETHER_HDR_LEN) {
		out->made++;
		out->made_bytes += rte_pktmbuf_pkt_len(m);
	} else {
		return false;
	}
	lender->blanks--;
	return true;
}

// Note what was accepted of the current entry, with its verdict.
static void note_accepted(struct hp_lender *lender, uint16_t n, struct hp_returned *out)
{
	const struct hp_verdict verdict = lender->rest.verdict;

	for (uint16_t i = 0; i < n; i++)
		out->verdicts[out->n + i] = verdict;
	if (verdict.kind != HP_VERDICT_NEXT)
		out->all_next = false;
	out->n = (uint16_t)(out->n + n);
	lender->accepted += n;
	lender->rest.n = (uint16_t)(lender->rest.n - n);
}

// Accept packets of the current entry, at most as many; false if one's header is wrong. All that
// is out has one segment, and nothing is blank.
static bool accept_plain(struct hp_lender *lender, const struct hp_pool *pool, bool checked,
	uint16_t n, struct hp_returned *out)
{
	uint32_t at = lender->accepted & lender->mask;
	struct rte_mbuf **pkts = &out->pkts[out->n];
	uint16_t passed = 0;

	n = (uint16_t)RTE_MIN((uint32_t)n, lender->mask + 1 - at); // up to the ring's end
	if (HP_CONTRACT) {
		memcpy(pkts, &lender->out[at], n * sizeof(*pkts));
		memcpy(&out->hops[out->n], &lender->hops[at], n);
	} else {
		for (uint16_t i = 0; i < n; i++)
			pkts[i] = mbuf_at(lender, at + i);
		memset(&out->hops[out->n], 0, n);
	}
	if (HP_CONTRACT && checked) {
		passed = hp_pool_check_burst(pool, pkts, n, &out->bytes);
	} else {
		for (; passed < n; passed++) {
			prefetch_next(lender, at + passed + 8);
			out->bytes += rte_pktmbuf_pkt_len(pkts[passed]);
		}
	}
	note_accepted(lender, passed, out);
	return passed == n;
}

// The same for any packets.
static bool accept_any(struct hp_lender *lender, const struct hp_pool *pool, bool checked,
	uint16_t n, struct hp_returned *out)
{
	const uint8_t kind = lender->rest.verdict.kind;
	uint16_t i;

	for (i = 0; i < n; i++) {
		uint32_t at = (lender->accepted + i) & lender->mask;
		struct rte_mbuf *m = lender->out[at];

		prefetch_next(lender, at + 4);
		if (checked && unlikely(!hp_pool_check(pool, m, lender->segs[at])))
			break;
		out->hops[out->n + i] = lender->hops[at];
		if (lender->hops[at] == 0) {
			if (!accept_blank(lender, kind, m, out))
				break;
			out->hops[out->n + i] = 1;
		} else if (unlikely(kind == HP_VERDICT_UNUSED)) {
			break;
		}
		lender->chains -= lender->segs[at] != 1;
		out->pkts[out->n + i] = m;
		out->bytes += rte_pktmbuf_pkt_len(m);
	}
	note_accepted(lender, i, out);
	return i == n;
}

static inline bool accept_some(struct hp_lender *lender, const struct hp_pool *pool, bool checked,
	uint16_t n, struct hp_returned *out)
{
	if (!HP_CONTRACT || likely(lender->blanks == 0 && lender->chains == 0 &&
				    lender->rest.verdict.kind != HP_VERDICT_UNUSED))
		return accept_plain(lender, pool, checked, n, out);
	return accept_any(lender, pool, checked, n, out);
}

int hp_lender_collect(struct hp_lender *lender, const struct hp_pool *pool, bool checked,
	uint16_t max, struct hp_returned *out)
{
	int ret = 0;

	out->n = 0;
	out->bytes = 0;
	out->made_bytes = 0;
	out->made = 0;
	out->unused = 0;
	out->all_next = true;
	while (ret == 0 && out->n < max) {
		if (lender->rest.n == 0)
			ret = next_entry(lender);
		if (ret == 0 && !accept_some(lender, pool, checked,
					RTE_MIN(lender->rest.n, (uint16_t)(max - out->n)), out))
			ret = -EBADMSG;
	}
	return ret == -EAGAIN ? 0 : ret;
}

uint16_t hp_lender_take_back(struct hp_lender *lender, const struct hp_pool *pool,
	struct rte_mbuf **pkts, uint16_t max, uint16_t *n_blank)
{
	uint16_t n = 0;

	*n_blank = 0;
	if (!HP_CONTRACT)
		lender->accepted = lender->lent; // nobody knows where they are
	for (; lender->accepted != lender->lent && n < max; lender->accepted++) {
		struct rte_mbuf *m = lender->out[lender->accepted & lender->mask];
		uint8_t segs = lender->segs[lender->accepted & lender->mask];

		// Its last holder may have died in the middle of a write.
		if (!hp_pool_check(pool, m, segs))
			hp_pool_repair(pool, m, segs);
		pkts[n] = m;
		if (lender->hops[lender->accepted & lender->mask] == 0) {
			++*n_blank;
			lender->blanks--;
		} else {
			RTE_SWAP(pkts[n], pkts[n - *n_blank]);
		}
		n++;
		HP_CRASH_POINT(reclaim_middle);
	}
	lender->live = false;
	return n;
}

uint32_t hp_lender_reclaim(struct hp_lender *lender, const struct hp_pool *pool)
{
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint16_t n, n_blank;
	uint32_t all = 0;

	while ((n = hp_lender_take_back(lender, pool, pkts, HP_BURST_MAX, &n_blank)) > 0) {
		rte_pktmbuf_free_bulk(pkts, n);
		all += n;
	}
	return all;
}
