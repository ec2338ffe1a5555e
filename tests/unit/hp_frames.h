// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Frames for tests: a capture read into memory, and mbufs without EAL whose segments are heap
// blocks of exactly the bytes that they hold, so that AddressSanitizer sees any read past them.

#pragma once

#include <rte_mbuf.h>

#include <stddef.h>
#include <stdint.h>

struct frame {
	uint8_t *data;
	uint32_t len;
};

struct frames {
	struct frame *items;
	size_t n;
};

/** Read tests/data/NAME; the test fails if that is not possible. */
struct frames frames_load(const char *name);
void frames_free(struct frames *frames);

/**
 * An mbuf over copies of @p len bytes.
 * @param seg
 *   Bytes of each segment but the last; 0: all in one.
 */
struct rte_mbuf *frame_mbuf(const uint8_t *data, uint32_t len, uint32_t seg);
/** The same in two segments, the first of @p first bytes. */
struct rte_mbuf *frame_mbuf_split(const uint8_t *data, uint32_t len, uint32_t first);
void frame_mbuf_free(struct rte_mbuf *m);
/** Copy the packet's bytes to @p buf, which has room for them; gives their number. */
uint32_t frame_bytes(const struct rte_mbuf *m, uint8_t *buf);
