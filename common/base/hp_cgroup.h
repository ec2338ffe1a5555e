// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the control groups of this process allow: hugetlb, memory and CPU, under version 1, version
// 2 and a hybrid of both. All ancestors that can be seen count; in a container the namespace hides
// those above, which is said and not guessed. Reads files only. No DPDK.

#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hp_cgroup_state {
	HP_CGROUP_ABSENT, ///< the controller is nowhere mounted or not enabled: nothing limits
	HP_CGROUP_SEEN, ///< limits were read, up to the machine's root
	HP_CGROUP_HIDDEN, ///< limits were read, but there are groups above that cannot be seen
};

/** The hugetlb limit of one page size that leaves the least room. */
struct hp_cgroup_hugetlb {
	enum hp_cgroup_state state;
	uint64_t limit; ///< bytes; UINT64_MAX: none in any group that can be seen
	uint64_t usage; ///< bytes charged to the group that has this limit
	uint64_t left; ///< bytes, limit - usage, never below 0; UINT64_MAX: no limit
	bool reservation; ///< it is the limit on reservations (rsvd): mmap fails, else a fault does
	char file[PATH_MAX]; ///< where the limit stands, "" if there is none
};

struct hp_cgroup_memory {
	enum hp_cgroup_state state;
	uint64_t limit, usage; ///< bytes; limit UINT64_MAX: none
	char file[PATH_MAX];
};

struct hp_cgroup_cpu {
	enum hp_cgroup_state state;
	uint64_t quota_us, period_us; ///< quota UINT64_MAX: none
	char file[PATH_MAX];
};

/**
 * The tightest hugetlb limit for pages of @p page_size bytes.
 *
 * @param root
 *   Put in front of every path; "" for the machine itself.
 * @return
 *   0, or -errno if /proc/self/cgroup or mountinfo cannot be read.
 */
int hp_cgroup_hugetlb_read(struct hp_cgroup_hugetlb *out, const char *root, uint64_t page_size);

int hp_cgroup_memory_read(struct hp_cgroup_memory *out, const char *root);
int hp_cgroup_cpu_read(struct hp_cgroup_cpu *out, const char *root);

/** "2MB", "1GB": the page size as the hugetlb controller writes it into its file names. */
const char *hp_cgroup_size_name(char *buf, size_t size, uint64_t page_size);
