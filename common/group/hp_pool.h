// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A pool of mbufs. One lane of the primary allocates from it and frees to it, nobody else: whoever
// dies can have torn nothing in it. An mbuf that leaves the lane is lent (hp_link.h); what is
// needed to see that it comes back as it went, and to mend it when its borrower is dead, lies in
// the owner's private memory, where no other process can touch it.

#pragma once

#include "base/hp_err.h"
#include "base/hp_verdict.h"

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t hp_pool_vec __attribute__((vector_size(16)));

/** What 16 bytes of an mbuf have to be. */
struct hp_pool_bits {
	hp_pool_vec want;
	hp_pool_vec mask; // the bits that count
};

// Where they are: address and IOVA of the buffer (where mbufs have one); references, segments and
// flags; the buffer's length and the pool.
#define HP_POOL_BUFFER offsetof(struct rte_mbuf, buf_addr)
#define HP_POOL_STATE RTE_ALIGN_FLOOR(offsetof(struct rte_mbuf, refcnt), sizeof(hp_pool_vec))
#define HP_POOL_OWNER RTE_ALIGN_FLOOR(offsetof(struct rte_mbuf, pool), sizeof(hp_pool_vec))

struct hp_pool {
	struct rte_mempool *mp;
	const void *memzone; // struct rte_memzone, of the objects
	uintptr_t base; // of the first object's header
	uint32_t n; // mbufs
	uint32_t stride; // bytes from one object to the next
	uint32_t header; // bytes in front of an mbuf
	uint32_t per_page; // objects of a page, where none may cross its end; else n
	uint32_t page_shift; // log2 of a page's cache lines; 63: no pages
	uint16_t room; // bytes of an mbuf's buffer
	hp_pool_vec buffer; // at HP_POOL_BUFFER, the bits of address and IOVA
	struct hp_pool_bits state; // at HP_POOL_STATE
	struct hp_pool_bits owner; // at HP_POOL_OWNER
	uint64_t reciprocal; // 2^32 / (stride / 64), rounded up
	uint64_t *page_iova; // what to add to an address of each page for its IOVA; NULL: nothing
	uint32_t *next; // [n] index of the following segment of a lent chain
};

struct hp_pool_params {
	const char *name;
	uint32_t n;
	uint32_t data_room; // bytes, headroom included
	uint32_t cache; // mbufs kept by each lcore, 0: none
	int socket_id;
	bool shared_tx; // several lcores may free to it: a transmit queue is shared
	bool pages; // objects must not cross pages: iova-mode pa
};

#define HP_POOL_BURSTS 4 // taken at a time where there are so many

/**
 * How many packets to take from a device's queue at a time: several bursts share what a look costs,
 * as long as the pool's cache has them at hand.
 * @param cache
 *   Mbufs in the cache of an lcore.
 */
static inline uint16_t hp_pool_take(uint32_t burst, uint32_t cache)
{
	return (uint16_t)RTE_MAX(
		burst, RTE_MIN(RTE_MIN(HP_POOL_BURSTS * burst, cache / 2), (uint32_t)HP_BURST_MAX));
}

/** Hugepage bytes that such a pool takes, and those of its parts. */
struct hp_pool_bytes {
	uint64_t objects;
	uint64_t control; // mempool header, caches, ring
};

void hp_pool_bytes(
	const struct hp_pool_params *params, uint64_t page_size, struct hp_pool_bytes *bytes);

/**
 * Make a pool. Primary, main thread, at start.
 * @return 0, -ENOMEM, -EINVAL, with @p err filled.
 */
int hp_pool_create(struct hp_pool *pool, const struct hp_pool_params *params, struct hp_err *err);

/** Free it. Everything has to be back. NULL-safe in its parts. */
void hp_pool_destroy(struct hp_pool *pool);

/** Mbufs that are neither in the pool nor in one of its caches. Any thread of the primary. */
uint32_t hp_pool_in_use(const struct hp_pool *pool);

/** The n-th mbuf. @p index has to be below pool->n. */
static inline struct rte_mbuf *hp_pool_mbuf(const struct hp_pool *pool, uint32_t index)
{
	uint64_t off;

	if (likely(pool->page_shift == 63))
		off = (uint64_t)index * pool->stride;
	else
		off = ((uint64_t)(index / pool->per_page) << (pool->page_shift + 6)) +
		      (uint64_t)(index % pool->per_page) * pool->stride;
	return (struct rte_mbuf *)(pool->base + off + pool->header);
}

/**
 * Number of an mbuf, UINT32_MAX if it is none of this pool. A multiplication instead of a division:
 * exact, because a pool has fewer than 2^26 cache lines a stride (see hp_pool_create()).
 */
static inline uint32_t hp_pool_index(const struct hp_pool *pool, const struct rte_mbuf *m)
{
	uint64_t line = ((uintptr_t)m - pool->header - pool->base) / RTE_CACHE_LINE_SIZE;
	uint64_t page = line >> pool->page_shift;
	uint64_t rest = pool->page_shift == 63 ? line : line & ((1ull << pool->page_shift) - 1);
	uint64_t index = page * pool->per_page + ((rest * pool->reciprocal) >> 32);

	if (unlikely(index >= pool->n || hp_pool_mbuf(pool, (uint32_t)index) != m))
		return UINT32_MAX;
	return (uint32_t)index;
}

/** The bits of an mbuf that are other than they have to be. */
static inline hp_pool_vec hp_pool_wrong(
	const struct rte_mbuf *m, size_t at, const struct hp_pool_bits *bits)
{
	hp_pool_vec have;

	memcpy(&have, (const uint8_t *)m + at, sizeof(have));
	return (have ^ bits->want) & bits->mask;
}

/**
 * True if a packet may be lent as it is: each byte lies in mbufs of this pool, which nobody else
 * refers to. A driver that hands out buffers of its own (zero-copy memif) or another pool's mbufs
 * (net_ring) gives packets that are not. A chain passes only if it is noted, see below.
 */
static inline bool hp_pool_lendable(const struct hp_pool *pool, const struct rte_mbuf *m)
{
	hp_pool_vec wrong = hp_pool_wrong(m, HP_POOL_STATE, &pool->state) |
			    hp_pool_wrong(m, HP_POOL_OWNER, &pool->owner);

	return (wrong[0] | wrong[1]) == 0;
}

/** hp_pool_lendable() of each. */
bool hp_pool_lendable_all(const struct hp_pool *pool, struct rte_mbuf *const *pkts, uint16_t n);

/**
 * Make the pool whole again after the one process that used it has died: every mbuf is free. None
 * may be anywhere else, as in a device's ring. Whoever takes the pool over.
 */
void hp_pool_reset(const struct hp_pool *pool);

/**
 * Remember the segments of a packet that has several, before it is lent.
 * @return false if it has too many, or one that is not hp_pool_lendable(): lend a copy instead.
 */
bool hp_pool_note_chain(struct hp_pool *pool, const struct rte_mbuf *m);

/** hp_pool_check() for a packet of several segments. */
bool hp_pool_check_chain(const struct hp_pool *pool, const struct rte_mbuf *m, uint8_t segs);

/** The address that a device uses for an mbuf's buffer. A wrong one lets it write anywhere. */
static inline rte_iova_t hp_pool_iova(const struct hp_pool *pool, const struct rte_mbuf *m)
{
	uint64_t iova = (uintptr_t)(m + 1);

	if (unlikely(pool->page_iova != NULL))
		iova += pool->page_iova[((uintptr_t)m - pool->base) >> (pool->page_shift + 6)];
	return iova;
}

/** One segment of hp_pool_check(); its place in the packet apart. */
static inline bool hp_pool_check_segment(const struct hp_pool *pool, const struct rte_mbuf *m)
{
	// One test of all that has to be equal: none of it ever differs, except for a liar.
	uint64_t off = ((uintptr_t)m->pool ^ (uintptr_t)pool->mp) |
		       ((uintptr_t)m->buf_addr ^ (uintptr_t)(m + 1)) |
		       (rte_mbuf_iova_get(m) ^ hp_pool_iova(pool, m)) |
		       (uint64_t)(m->buf_len ^ pool->room) |
		       (uint64_t)(rte_mbuf_refcnt_read(m) ^ 1) |
		       (m->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL));

	return off == 0 && (uint32_t)m->data_off + m->data_len <= pool->room;
}

/**
 * True if an mbuf that came back is as it has to be: its own buffer, its pool, one reference, data
 * within the buffer, the @p segs segments that it was lent with. What a member scribbled anywhere
 * else in it cannot hurt the primary.
 */
static inline bool hp_pool_check(const struct hp_pool *pool, const struct rte_mbuf *m, uint8_t segs)
{
	uint64_t off = (uint64_t)(m->nb_segs ^ 1) | (uintptr_t)m->next |
		       (uint64_t)(m->pkt_len ^ m->data_len);

	if (unlikely(segs != 1))
		return hp_pool_check_chain(pool, m, segs);
	return off == 0 && hp_pool_check_segment(pool, m);
}

/**
 * hp_pool_check() for packets of one segment each.
 * @param bytes
 *   Gets the length of those that passed, added.
 * @return how many passed before the first that did not.
 */
uint16_t hp_pool_check_burst(
	const struct hp_pool *pool, struct rte_mbuf *const *pkts, uint16_t n, uint64_t *bytes);

/**
 * Put the header of a packet that was lent with @p segs segments in order; its data is void then.
 */
void hp_pool_repair(const struct hp_pool *pool, struct rte_mbuf *m, uint8_t segs);
