// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_link.h"

#include <string.h>

void hp_lender_open(struct hp_lender *lender, const struct hp_group *group, uint32_t slot,
	uint32_t lane, uint32_t window)
{
	lender->shm = hp_group_link(group, slot, lane);
	lender->returns = hp_link_returns(lender->shm, group->hdr->window_max);
	lender->mask = group->hdr->window_max - 1;
	lender->window = RTE_MIN(window, group->hdr->window_max);
	lender->lent = 0;
	lender->returned = 0;
	lender->id = (uint16_t)(slot + 1);
	lender->live = true;
}

bool hp_lender_note_chain(struct hp_pool *pool, const struct rte_mbuf *m, uint32_t index)
{
	uint32_t at = index;

	if (m->nb_segs > UINT8_MAX)
		return false;
	for (const struct rte_mbuf *seg = m->next; seg != NULL; seg = seg->next) {
		uint32_t next = hp_pool_index(pool, seg);

		if (next == UINT32_MAX)
			return false;
		pool->next[at] = next;
		at = next;
	}
	pool->loans[index].segs = (uint8_t)m->nb_segs;
	return true;
}

// One read of an entry: its writer may change it while we look.
static inline struct hp_return read_entry(const struct hp_return *shared)
{
	uint64_t raw = __atomic_load_n((const uint64_t *)shared, __ATOMIC_RELAXED);
	struct hp_return entry;

	memcpy(&entry, &raw, sizeof(entry));
	return entry;
}

// Take over entries that name what was lent over this link, up to the first that does not. The
// headers are fetched meanwhile: they are looked at next.
static uint32_t accept_entries(struct hp_lender *lender, struct hp_pool *pool,
	struct rte_mbuf **pkts, uint32_t *indexes, struct hp_verdict *verdicts, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct hp_return entry =
			read_entry(&lender->returns[(lender->returned + i) & lender->mask]);

		if (unlikely(entry.index >= pool->n || entry.verdict.kind > HP_VERDICT_DROP ||
			     pool->loans[entry.index].link != lender->id))
			break;
		pool->loans[entry.index].link = 0; // a second one of the same number is a lie
		pkts[i] = hp_pool_mbuf(pool, entry.index);
		rte_prefetch0(pkts[i]);
		rte_prefetch0((const uint8_t *)pkts[i] + RTE_CACHE_LINE_SIZE);
		indexes[i] = entry.index;
		verdicts[i] = entry.verdict;
	}
	return i;
}

int hp_lender_collect(struct hp_lender *lender, struct hp_pool *pool, bool checked,
	struct rte_mbuf **pkts, uint32_t *indexes, struct hp_verdict *verdicts, uint16_t max,
	uint16_t *n_out)
{
	uint32_t pending = hp_lender_pending(lender);
	uint32_t n, good;

	*n_out = 0;
	if (pending == 0)
		return 0;
	if (unlikely(pending > hp_lender_out(lender)))
		return -EBADMSG;
	if (pending > max)
		pending = max;
	n = accept_entries(lender, pool, pkts, indexes, verdicts, pending);
	for (good = 0; checked && good < n; good++)
		if (unlikely(!hp_pool_check(pool, indexes[good])))
			break;
	if (!checked)
		good = n;
	for (uint32_t i = good; i < n; i++)
		pool->loans[indexes[i]].link = lender->id; // still out: reclaim finds it
	lender->returned += good;
	*n_out = (uint16_t)good;
	return good < pending ? -EBADMSG : 0;
}

uint32_t hp_lender_reclaim(struct hp_lender *lender, struct hp_pool *pool)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < pool->n; i++) {
		if (pool->loans[i].link != lender->id)
			continue;
		pool->loans[i].link = 0;
		hp_pool_repair(pool, i); // its last holder may have died in the middle of a write
		rte_pktmbuf_free(hp_pool_mbuf(pool, i));
		HP_CRASH_POINT(reclaim_middle);
		n++;
	}
	lender->live = false;
	lender->returned = lender->lent;
	return n;
}
