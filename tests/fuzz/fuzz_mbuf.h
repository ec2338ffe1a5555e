// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// An mbuf over fuzzer input without EAL: segments are heap blocks of exactly their bytes.

#pragma once

#include <rte_mbuf.h>

#include <stdlib.h>
#include <string.h>

static inline void fuzz_mbuf_free(struct rte_mbuf *m)
{
	struct rte_mbuf *next;

	for (; m != NULL; m = next) {
		next = m->next;
		free(m->buf_addr);
		free(m);
	}
}

/** @p seg: bytes of each segment but the last, 0 for one segment. NULL without memory. */
static inline struct rte_mbuf *fuzz_mbuf(const uint8_t *data, size_t len, size_t seg)
{
	struct rte_mbuf *head = NULL, **link = &head;
	size_t done = 0;

	if (seg == 0 || seg > len)
		seg = len;
	do {
		size_t part = RTE_MIN(seg, len - done);
		struct rte_mbuf *m = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*m));

		if (m == NULL)
			break;
		memset(m, 0, sizeof(*m));
		m->buf_addr = malloc(part);
		m->data_len = (uint16_t)part;
		if (part > 0)
			memcpy(m->buf_addr, data + done, part);
		*link = m;
		link = &m->next;
		head->nb_segs++;
		head->pkt_len += (uint32_t)part;
		done += part;
	} while (done < len);
	return head;
}
