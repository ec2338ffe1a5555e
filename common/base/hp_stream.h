// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A ring of bytes with one writer and one reader that need not trust each other, in memory that two
// processes map. The bytes are mapped twice, one behind the other, so that whatever begins in the
// ring can be read and written in one piece. Each end keeps its own position in private memory and
// reads only the other's, with a bound: what a broken peer writes there costs packets of its own.
// No DPDK.

#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HP_STREAM_LINE 64 // bytes of a cache line: one writer each

/** The shared positions: bytes since the ring was made. They never wrap in practice. */
struct hp_stream_ctl {
	_Atomic uint64_t head __attribute__((aligned(HP_STREAM_LINE))); // writer: wo
	_Atomic uint64_t tail __attribute__((aligned(HP_STREAM_LINE))); // reader: wo
};

/** One end, in private memory. */
struct hp_stream {
	uint8_t *bytes; // 2 * size are mapped
	uint64_t size; // a power of two, whole pages
	uint64_t head, tail; // own position, and what was last seen of the other's
	struct hp_stream_ctl *ctl;
};

/**
 * Map @p size bytes of @p fd from @p off twice, side by side.
 * @return NULL with errno.
 */
uint8_t *hp_stream_map(int fd, uint64_t off, uint64_t size);

/** Take such a mapping away. NULL is fine. */
void hp_stream_unmap(uint8_t *bytes, uint64_t size);

/** Begin at an end of a new ring. */
static inline void hp_stream_open(
	struct hp_stream *stream, uint8_t *bytes, uint64_t size, struct hp_stream_ctl *ctl)
{
	*stream = (struct hp_stream){.bytes = bytes, .size = size, .ctl = ctl};
}

/**
 * Writer: where the next @p n bytes go, NULL if there is no room. Nobody sees them before
 * hp_stream_publish(); .head may be set back to where it was until then.
 */
static inline uint8_t *hp_stream_room(struct hp_stream *w, uint32_t n)
{
	if (w->head - w->tail + n > w->size) {
		uint64_t tail = atomic_load_explicit(&w->ctl->tail, memory_order_acquire);

		if (w->head - tail > w->size)
			return NULL; // it says that it has read what was never written
		w->tail = tail;
		if (w->head - tail + n > w->size)
			return NULL;
	}
	return w->bytes + (w->head & (w->size - 1));
}

/** Writer: let the reader see everything up to .head. */
static inline void hp_stream_publish(struct hp_stream *w)
{
	atomic_store_explicit(&w->ctl->head, w->head, memory_order_release);
}

/**
 * Reader: bytes that are there from hp_stream_at(). More than .size is a lie: read nothing then.
 */
static inline uint64_t hp_stream_pending(struct hp_stream *r)
{
	r->head = atomic_load_explicit(&r->ctl->head, memory_order_acquire);
	return r->head - r->tail;
}

/** Reader: the first byte that has not been read. */
static inline const uint8_t *hp_stream_at(const struct hp_stream *r)
{
	return r->bytes + (r->tail & (r->size - 1));
}

/** Reader: @p n bytes are done with; their place is free once hp_stream_release() has said so. */
static inline void hp_stream_skip(struct hp_stream *r, uint64_t n)
{
	r->tail += n;
}

static inline void hp_stream_release(struct hp_stream *r)
{
	atomic_store_explicit(&r->ctl->tail, r->tail, memory_order_release);
}
