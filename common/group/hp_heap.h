// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A member takes nothing from the shared heap.
//
// EAL gives each secondary its tables of services from the heap in shared memory (156 KiB with DPDK
// 22.11) and drivers put their per-process data there. A secondary that is killed never gives it
// back: in a group of 10 MiB the fiftieth crash would be the last. What a member allocates is its
// own business alone, so here it comes from the member's own memory, and dies with it.

#pragma once

/**
 * From now on rte_malloc() and its kin give this process private memory. Members, before
 * rte_eal_init(), main thread; there is no way back. hp_heap.c defines those functions in the
 * program itself, where the dynamic linker finds them before librte_eal's. A member must not make
 * rings, pools, hashes, ACL contexts or anything else that DPDK links into a list in shared memory.
 */
void hp_heap_use_private(void);
