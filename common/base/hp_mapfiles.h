// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// EAL's memory files in a hugetlbfs ("<prefix>map_<n>"): which a live process holds, which a dead
// one left behind, and who the living are. Removes nothing. No DPDK.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HP_MAP_HOLDERS_MAX 8 // processes that are named

/** Files of one kind. */
struct hp_map_count {
	uint32_t stale; ///< locked by nobody and mapped by no process that can be seen
	uint32_t held; ///< locked or mapped
	uint32_t unknown; ///< this user may not open them
	uint64_t stale_bytes, held_bytes, unknown_bytes; ///< of hugepages that they pin
};

struct hp_map_holder {
	pid_t pid;
	char name[16]; ///< /proc/PID/comm, "" if it is gone
};

struct hp_map_files {
	struct hp_map_count own; ///< of the prefix that was asked for
	struct hp_map_count other; ///< of any other prefix
	uint32_t n_holders; ///< of own files, processes that this PID namespace shows
	struct hp_map_holder holder[HP_MAP_HOLDERS_MAX];
	bool more_holders; ///< than fit
	bool holders_hidden; ///< own files are held, but nobody that can be seen holds them
	bool dir_locked; ///< somebody holds flock(2) on the directory: rte_eal_init() would wait
	struct hp_map_holder dir_locker; ///< pid 0 if it cannot be seen
};

/**
 * Look through a huge-dir.
 *
 * A lock that nobody holds is taken and given back at once, the only way to see one that is held
 * in another PID namespace; EAL does the same at each start of a primary.
 *
 * @param root
 *   In front of /proc; @p dir stands as it is.
 * @return
 *   0, or -errno if the directory cannot be read.
 */
int hp_map_files_read(
	struct hp_map_files *out, const char *root, const char *dir, const char *prefix);
