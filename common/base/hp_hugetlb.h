// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the kernel says of hugepages: pages by size and NUMA node, hugetlbfs mounts, and whether a
// directory is what EAL needs. Reads /proc and /sys, changes nothing. No DPDK.

#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HP_HUGE_SIZES_MAX 4 // arm64 has the most: 64 KiB, 2 MiB, 32 MiB, 1 GiB
#define HP_HUGE_NODES_MAX 32 // RTE_MAX_NUMA_NODES of DPDK's builds

/** Pages of one size. */
struct hp_huge_count {
	uint64_t total; ///< in the pool: nr_hugepages
	uint64_t free; ///< of these, not handed out
	uint64_t reserved; ///< of the free ones, promised to mappings; 0 for a NUMA node
	uint64_t surplus; ///< of total, above the pool by overcommit
};

struct hp_huge_size {
	uint64_t bytes; ///< of a page
	struct hp_huge_count all;
	uint64_t overcommit; ///< nr_overcommit_hugepages
	uint32_t n_nodes;
	struct {
		uint32_t id;
		struct hp_huge_count pages;
	} node[HP_HUGE_NODES_MAX];
};

/** All page sizes of the machine, the smallest first. In a container: the node's. */
struct hp_huge_pages {
	uint32_t n;
	struct hp_huge_size size[HP_HUGE_SIZES_MAX];
};

/** Read /sys/kernel/mm/hugepages and /sys/devices/system/node below @p root. 0 or -errno. */
int hp_huge_pages_read(struct hp_huge_pages *out, const char *root);

/** Pages of that size, or NULL. */
const struct hp_huge_size *hp_huge_pages_find(const struct hp_huge_pages *pages, uint64_t bytes);

/** Pages that nobody has and nobody was promised. */
uint64_t hp_huge_available(const struct hp_huge_count *count);

/** A hugetlbfs in this mount namespace. */
struct hp_huge_mount {
	char path[PATH_MAX];
	uint64_t page_size; ///< bytes
	uint64_t size_limit; ///< bytes, the size= option; UINT64_MAX: none
	uint64_t min_size; ///< bytes, min_size=; 0: none
	uid_t uid; ///< of its root when it was mounted
	gid_t gid;
	mode_t mode;
	dev_t dev; ///< equal for all mounts of one superblock
	bool read_only;
};

struct hp_huge_mounts {
	uint32_t n;
	struct hp_huge_mount *mount;
};

/** Read /proc/self/mountinfo below @p root. 0 or -errno; free with hp_huge_mounts_free(). */
int hp_huge_mounts_read(struct hp_huge_mounts *out, const char *root);
void hp_huge_mounts_free(struct hp_huge_mounts *mounts);

/** The mount that holds @p path: the longest mount point that is a folder of it; NULL if none. */
const struct hp_huge_mount *hp_huge_mounts_of(
	const struct hp_huge_mounts *mounts, const char *path);

/**
 * The mount to use when nobody named one: the first that is writable by its options and whose page
 * size is @p page_size, or, for 0, one that has pages in @p pages, the smallest size first.
 * NULL if there is none.
 */
const struct hp_huge_mount *hp_huge_mounts_pick(
	const struct hp_huge_mounts *mounts, const struct hp_huge_pages *pages, uint64_t page_size);

/** What a directory is, by stat and statfs and not by its name. */
struct hp_huge_dir {
	char path[PATH_MAX];
	int error; ///< errno of stat(2), 0 if it exists
	bool is_dir;
	bool hugetlbfs;
	bool read_only; ///< mounted so
	bool writable; ///< by this process, with its effective ids
	uint64_t page_size; ///< bytes, hugetlbfs only
	uint64_t size_limit; ///< bytes, the mount's size=; UINT64_MAX: none
	uint64_t size_free; ///< bytes left of size_limit; UINT64_MAX: no limit
	uid_t uid;
	gid_t gid;
	mode_t mode; ///< permission bits
	dev_t dev;
	ino_t ino;
};

/** Look at "@p root@p path". Always fills @p out; what cannot be seen is said in its error. */
void hp_huge_dir_look(struct hp_huge_dir *out, const char *root, const char *path);
