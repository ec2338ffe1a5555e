// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What has to be equal in two processes that share DPDK memory, beyond the version: the table of
// mempool operations (a pool in shared memory names its operations by their place in it) and the
// DPDK libraries (each may want a list in shared memory that only the primary can make).
// Works before rte_eal_init(). Main thread.

#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * Load the driver plugins that rte_eal_init() would load, in its order; it finds them loaded then.
 * Half of the time that a secondary takes to attach goes into this, and it may be spent before the
 * primary is there, or once in a parent for all its children. Does nothing in a static build.
 */
void hp_fingerprint_preload(void);

/**
 * Take this process's fingerprint, after hp_fingerprint_preload(): lines "op NAME" in the order of
 * the table, then lines "lib NAME", sorted. NULL if there is no memory; to be freed.
 */
char *hp_fingerprint_take(void);

/**
 * May a process with the one attach to a primary with the other? It may if the tables are equal and
 * the primary has every library that the member has: each may want a list in shared memory, and
 * only the primary can make one.
 *
 * @param text
 *   Filled with the first difference in words if not, e.g. "this process has library
 *   'librte_acl.so.23', the primary has not".
 */
bool hp_fingerprint_fits(const char *primary, const char *member, char *text, size_t size);
