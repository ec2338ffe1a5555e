// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_pool.h"

#include "base/hp_crash.h"

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>
#include <rte_ring.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 8 // mbufs whose headers are on their way while one is looked at
#define NO_PAGES 63 // a shift that leaves nothing of an offset
#define POOL_FLAGS RTE_MEMPOOL_F_NO_SPREAD // channel padding would waste pages

static uint32_t object_bytes(const struct hp_pool_params *params, struct rte_mempool_objsz *sz)
{
	uint32_t elt = (uint32_t)sizeof(struct rte_mbuf) + params->data_room;

	return rte_mempool_calc_obj_size(elt, POOL_FLAGS, sz);
}

static uint64_t object_area(uint32_t n, uint32_t stride, bool pages, uint64_t page_size)
{
	uint64_t per_page = page_size / stride;

	if (!pages || per_page == 0)
		return (uint64_t)n * stride;
	return (n + per_page - 1) / per_page * page_size;
}

void hp_pool_bytes(
	const struct hp_pool_params *params, uint64_t page_size, struct hp_pool_bytes *bytes)
{
	struct rte_mempool_objsz sz;
	uint32_t stride = object_bytes(params, &sz);
	ssize_t ring = rte_ring_get_memsize(rte_align32pow2(params->n + 1));

	bytes->objects = object_area(params->n, stride, params->pages, page_size);
	bytes->control = sizeof(struct rte_mempool) + sizeof(struct rte_pktmbuf_pool_private) +
			 (ring > 0 ? (uint64_t)ring : 0);
	if (params->cache > 0)
		bytes->control += sizeof(struct rte_mempool_cache) * RTE_MAX_LCORE;
}

static int populate(struct hp_pool *pool, const struct hp_pool_params *params)
{
	uint64_t page = 0;
	uint64_t bytes;
	const struct rte_memzone *mz;
	int ret;

	if (params->pages) {
		ret = rte_mempool_get_page_size(pool->mp, &page);
		if (ret < 0)
			return ret;
	}
	bytes = object_area(pool->n, pool->stride, page != 0, page);
	mz = rte_memzone_reserve_aligned(params->name, bytes, params->socket_id,
		RTE_MEMZONE_SIZE_HINT_ONLY, page != 0 ? (unsigned int)page : RTE_CACHE_LINE_SIZE);
	if (mz == NULL)
		return -rte_errno;
	pool->memzone = mz;
	pool->base = (uintptr_t)mz->addr;
	pool->per_page = pool->n;
	pool->page_shift = NO_PAGES;
	if (page != 0) {
		pool->per_page = (uint32_t)(page / pool->stride);
		pool->page_shift = (uint32_t)__builtin_ctzll(page / RTE_CACHE_LINE_SIZE);
		ret = rte_mempool_populate_virt(pool->mp, mz->addr, bytes, page, NULL, NULL);
	} else {
		ret = rte_mempool_populate_iova(pool->mp, mz->addr, mz->iova, bytes, NULL, NULL);
	}
	if (ret < 0)
		return ret;
	return (uint32_t)ret < pool->n ? -ENOMEM : 0;
}

// Devices that use physical addresses: where each page is, in this process's own memory.
static int note_pages(struct hp_pool *pool)
{
	uint32_t n = (pool->n + pool->per_page - 1) / pool->per_page;

	if (rte_eal_iova_mode() == RTE_IOVA_VA)
		return 0;
	if (pool->page_shift == NO_PAGES)
		return -EINVAL; // not asked for, see struct hp_pool_params
	pool->page_iova = calloc(n, sizeof(*pool->page_iova));
	if (pool->page_iova == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = hp_pool_mbuf(pool, i * pool->per_page);

		pool->page_iova[i] = rte_mbuf_iova_get(m) - (uintptr_t)m->buf_addr;
	}
	return 0;
}

// The index arithmetic rests on how the mempool library lays objects out: see that it does.
static int check_layout(const struct hp_pool *pool)
{
	struct rte_mbuf *first = hp_pool_mbuf(pool, 0);
	struct rte_mbuf *last = hp_pool_mbuf(pool, pool->n - 1);

	if (first->pool != pool->mp || last->pool != pool->mp)
		return -EINVAL;
	for (uint32_t i = 0; i < pool->n; i++)
		if (hp_pool_index(pool, hp_pool_mbuf(pool, i)) != i ||
			hp_pool_mbuf(pool, i)->pool != pool->mp)
			return -EINVAL;
	return 0;
}

_Static_assert(HP_POOL_BUFFER % sizeof(hp_pool_vec) == 0 &&
		       offsetof(struct rte_mbuf, nb_segs) / sizeof(hp_pool_vec) ==
			       HP_POOL_STATE / sizeof(hp_pool_vec) &&
		       offsetof(struct rte_mbuf, ol_flags) / sizeof(hp_pool_vec) ==
			       HP_POOL_STATE / sizeof(hp_pool_vec) &&
		       offsetof(struct rte_mbuf, buf_len) / sizeof(hp_pool_vec) ==
			       HP_POOL_OWNER / sizeof(hp_pool_vec),
	"what is compared at once lies side by side");

static void take_bits(struct hp_pool_bits *bits, const struct rte_mbuf *want,
	const struct rte_mbuf *mask, size_t at)
{
	memcpy(&bits->want, (const uint8_t *)want + at, sizeof(bits->want));
	memcpy(&bits->mask, (const uint8_t *)mask + at, sizeof(bits->mask));
}

// What each mbuf of the pool has in its header as long as nobody else refers to it.
static void note_header(struct hp_pool *pool)
{
	struct rte_mbuf want = {.nb_segs = 1, .buf_len = pool->room, .pool = pool->mp};
	struct rte_mbuf mask = {.buf_addr = (void *)UINTPTR_MAX,
		.nb_segs = UINT16_MAX,
		.buf_len = UINT16_MAX,
		.pool = (void *)UINTPTR_MAX};

	rte_mbuf_refcnt_set(&want, 1);
	rte_mbuf_refcnt_set(&mask, UINT16_MAX);
	mask.ol_flags = RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	take_bits(&pool->state, &want, &mask, HP_POOL_STATE);
	rte_mbuf_iova_set(&mask, UINT64_MAX);
	memcpy(&pool->buffer, (const uint8_t *)&mask + HP_POOL_BUFFER, sizeof(pool->buffer));
	take_bits(&pool->owner, &want, &mask, HP_POOL_OWNER);
}

int hp_pool_create(struct hp_pool *pool, const struct hp_pool_params *params, struct hp_err *err)
{
	struct rte_pktmbuf_pool_private priv = {
		.mbuf_data_room_size = (uint16_t)params->data_room,
	};
	uint32_t elt = (uint32_t)sizeof(struct rte_mbuf) + params->data_room;
	struct rte_mempool_objsz sz;
	char name[RTE_MEMPOOL_NAMESIZE];
	int ret;

	memset(pool, 0, sizeof(*pool));
	pool->n = params->n;
	pool->stride = object_bytes(params, &sz);
	pool->room = (uint16_t)params->data_room;
	pool->header = sz.header_size;
	// Exact as long as lines * (stride / 64) < 2^32; 2^26 objects are 160 GB of mbufs.
	pool->reciprocal = ((1ull << 32) + pool->stride / RTE_CACHE_LINE_SIZE - 1) /
			   (pool->stride / RTE_CACHE_LINE_SIZE);
	snprintf(name, sizeof(name), "%s", params->name);
	pool->mp = rte_mempool_create_empty(name, params->n, elt, params->cache, sizeof(priv),
		params->socket_id, POOL_FLAGS | (params->pages ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG));
	if (pool->mp == NULL) {
		ret = -rte_errno;
		goto err;
	}
	ret = rte_mempool_set_ops_byname(
		pool->mp, params->shared_tx ? "ring_mp_mc" : "ring_sp_sc", NULL);
	if (ret < 0)
		goto err;
	note_header(pool);
	rte_pktmbuf_pool_init(pool->mp, &priv);
	ret = populate(pool, params);
	if (ret < 0)
		goto err;
	rte_mempool_obj_iter(pool->mp, rte_pktmbuf_init, NULL);
	ret = check_layout(pool);
	if (ret == 0)
		ret = note_pages(pool);
	if (ret < 0)
		goto err;
	pool->next = calloc(pool->n, sizeof(*pool->next));
	if (pool->next == NULL) {
		ret = -ENOMEM;
		goto err;
	}
	return 0;
err:
	hp_pool_destroy(pool);
	return hp_err_set(err, HP_EXIT_OTHER, -ret,
		"pool %s: %u mbufs of %u bytes cannot be made: %s", params->name, params->n,
		params->data_room, rte_strerror(-ret));
}

void hp_pool_destroy(struct hp_pool *pool)
{
	rte_mempool_free(pool->mp);
	if (pool->memzone != NULL)
		rte_memzone_free(pool->memzone);
	free(pool->next);
	free(pool->page_iova);
	memset(pool, 0, sizeof(*pool));
}

uint32_t hp_pool_in_use(const struct hp_pool *pool)
{
	return rte_mempool_in_use_count(pool->mp);
}

bool hp_pool_note_chain(struct hp_pool *pool, const struct rte_mbuf *m)
{
	uint32_t at = hp_pool_index(pool, m);

	if (m->nb_segs > UINT8_MAX || at == UINT32_MAX)
		return false;
	for (const struct rte_mbuf *seg = m; seg != NULL; seg = seg->next) {
		uint32_t index = hp_pool_index(pool, seg);

		if (index == UINT32_MAX || !RTE_MBUF_DIRECT(seg) || rte_mbuf_refcnt_read(seg) != 1)
			return false;
		pool->next[at] = index;
		at = index;
	}
	return true;
}

bool hp_pool_check_chain(const struct hp_pool *pool, const struct rte_mbuf *m, uint8_t segs)
{
	uint32_t at = hp_pool_index(pool, m);
	uint32_t pkt_len = m->pkt_len;

	if (m->nb_segs != segs)
		return false;
	for (uint8_t i = 0; i < segs; i++) {
		const struct rte_mbuf *next = NULL;

		if (i + 1 < segs) {
			at = pool->next[at];
			next = hp_pool_mbuf(pool, at);
		}
		if (!hp_pool_check_segment(pool, m) || m->next != next || m->data_len > pkt_len)
			return false;
		pkt_len -= m->data_len;
		m = next;
	}
	return pkt_len == 0;
}

bool hp_pool_lendable_all(const struct hp_pool *pool, struct rte_mbuf *const *pkts, uint16_t n)
{
	const struct hp_pool_bits state = pool->state, owner = pool->owner;
	hp_pool_vec wrong = {0};

	for (uint16_t i = 0; i < n; i++)
		wrong |= hp_pool_wrong(pkts[i], HP_POOL_STATE, &state) |
			 hp_pool_wrong(pkts[i], HP_POOL_OWNER, &owner);
	return (wrong[0] | wrong[1]) == 0;
}

// One by one: to find the first that is wrong, and where an address says nothing of the IOVA.
static uint16_t check_each(
	const struct hp_pool *pool, struct rte_mbuf *const *pkts, uint16_t n, uint64_t *bytes)
{
	uint16_t i;

	for (i = 0; i < n && hp_pool_check(pool, pkts[i], 1); i++)
		*bytes += pkts[i]->pkt_len;
	return i;
}

static inline void prefetch_header(const struct rte_mbuf *m)
{
	rte_prefetch0(m);
	rte_prefetch0((const uint8_t *)m + RTE_CACHE_LINE_SIZE);
}

uint16_t hp_pool_check_burst(
	const struct hp_pool *pool, struct rte_mbuf *const *pkts, uint16_t n, uint64_t *bytes)
{
	const struct hp_pool_bits state = pool->state, owner = pool->owner;
	hp_pool_vec wrong = {0};
	uint64_t off = 0, sum = 0;

	if (unlikely(pool->page_iova != NULL))
		return check_each(pool, pkts, n, bytes);
	for (uint16_t i = 0; i < n && i < AHEAD; i++)
		prefetch_header(pkts[i]);
	// The same as in hp_pool_check(), and one branch for all: none ever fails, except of a
	// liar.
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = pkts[i];
		const struct hp_pool_bits buffer = {
			.want = {(uintptr_t)(m + 1), (uintptr_t)(m + 1)}, .mask = pool->buffer};
		uint32_t len = m->pkt_len;

		if (i + AHEAD < n)
			prefetch_header(pkts[i + AHEAD]);
		wrong |= hp_pool_wrong(m, HP_POOL_STATE, &state) |
			 hp_pool_wrong(m, HP_POOL_OWNER, &owner) |
			 hp_pool_wrong(m, HP_POOL_BUFFER, &buffer);
		off |= (uintptr_t)m->next | (len ^ m->data_len) |
		       (pool->room < (uint32_t)m->data_off + m->data_len);
		sum += len;
	}
	if (unlikely((off | wrong[0] | wrong[1]) != 0))
		return check_each(pool, pkts, n, bytes);
	*bytes += sum;
	return n;
}

void hp_pool_repair(const struct hp_pool *pool, struct rte_mbuf *m, uint8_t segs)
{
	uint32_t at = hp_pool_index(pool, m);

	for (uint8_t i = 0; i < segs; i++) {
		rte_pktmbuf_init(pool->mp, NULL, m, at);
		m->nb_segs = i == 0 ? segs : 1;
		if (i + 1 < segs) {
			at = pool->next[at];
			m->next = hp_pool_mbuf(pool, at);
		}
		m = m->next;
	}
}

void hp_pool_reset(const struct hp_pool *pool)
{
	struct rte_mempool *mp = pool->mp;

	for (unsigned int lcore = 0; lcore < RTE_MAX_LCORE; lcore++) {
		struct rte_mempool_cache *cache = rte_mempool_default_cache(mp, lcore);

		if (cache != NULL)
			cache->len = 0;
	}
	rte_ring_reset(mp->pool_data);
	for (uint32_t i = 0; i < pool->n; i++) {
		void *m = hp_pool_mbuf(pool, i);

		rte_pktmbuf_init(mp, NULL, m, i);
		rte_mempool_ops_enqueue_bulk(mp, &m, 1);
		HP_CRASH_POINT(repair_middle);
	}
}
