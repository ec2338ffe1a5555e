// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What has to be equal in two processes that share DPDK memory, beyond the version: the table of
// mempool operations (a pool in shared memory names its operations by their place in it) and the
// DPDK libraries (each may want a list in shared memory that only the primary can make).
// Works before rte_eal_init(). Main thread.

#pragma once

#include "base/hp_err.h"

#include <stddef.h>
#include <stdint.h>

struct hp_fingerprint {
	uint64_t ops_hash;
	uint64_t libs_hash;
	char *text; // "op NAME" lines in table order, then "lib NAME" lines sorted; allocated
};

/**
 * Load the driver plugins that rte_eal_init() would load, in its order; it finds them loaded then.
 * Half of the time that a secondary takes to attach goes into this, and it may be spent before the
 * primary is there, or once in a parent for all its children. Does nothing in a static build.
 */
void hp_fingerprint_preload(void);

/** Take this process's fingerprint, after hp_fingerprint_preload(). 0 or -ENOMEM. */
int hp_fingerprint_take(struct hp_fingerprint *fp);

/**
 * Say in words how two fingerprints differ.
 * @param text
 *   Filled with e.g. "the primary has mempool operations 'bucket' at place 3, this process
 * 'stack'".
 */
void hp_fingerprint_diff(const char *primary, const char *member, char *text, size_t size);

void hp_fingerprint_free(struct hp_fingerprint *fp);
