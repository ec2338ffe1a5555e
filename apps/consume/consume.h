// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The ways to hugepages that need no DPDK. One thread.

#pragma once

#include "base/hp_err.h"

#include <stddef.h>
#include <stdint.h>

/** A piece of memory, as the kernel says that it is. */
struct consume_piece {
	void *addr;
	size_t len; ///< bytes
	uint64_t page_size; ///< bytes, of the mapping: KernelPageSize of /proc/self/smaps
};

struct consume_way {
	const char *name;
	const char *what; ///< for people
	/** Get and touch @p len bytes of pages of @p page_size. 0, or -errno with @p err filled. */
	int (*get)(struct consume_piece *piece, size_t len, uint64_t page_size, const char *dir,
		struct hp_err *err);
};

/** All ways, up to one without a name. */
extern const struct consume_way consume_ways[];

/** Give it back. Memory of every way is unmapped alike; names are gone since it was got. */
void consume_put(struct consume_piece *piece);
