// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The locks that EAL keeps in shared memory. A secondary that is killed while it attaches can leave
// one of them taken for ever: the memory lock is held for reading during most of rte_eal_init().
// The primary watches them after a death and opens those that nobody can be holding any more.
// Primary's control thread only.

#pragma once

#include "base/hp_err.h"

#include <stdbool.h>
#include <stdint.h>

struct hp_locks;

/**
 * Find the locks, right after rte_eal_init(), before any secondary can be there.
 * @return NULL with errno: ENOENT (the memory configuration is not mapped from a file), ENOMEM,
 *   ENOTSUP (not laid out as any DPDK release that is known: crashes of attaching members are not
 *   repaired then).
 */
struct hp_locks *hp_locks_find(const char *runtime_dir);

void hp_locks_free(struct hp_locks *locks);

/** How many are watched. */
unsigned int hp_locks_count(const struct hp_locks *locks);

/** True if any is taken at this moment. */
bool hp_locks_taken(const struct hp_locks *locks);

/**
 * Look again. Call it every HP_LOCKS_PERIOD_US after a member died in the middle of attaching,
 * while no other member attaches; a lock that has not changed for HP_LOCKS_STALE_US is opened.
 * @return
 *   how many were opened now; @p again tells whether one is still taken.
 */
unsigned int hp_locks_watch(struct hp_locks *locks, uint64_t now_us, bool *again);

#define HP_LOCKS_PERIOD_US 10000
// EAL holds the memory lock for some 10 ms while it maps pages; a live holder shows a change by
// then.
#define HP_LOCKS_STALE_US 250000
