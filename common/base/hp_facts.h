// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What hugepod's checks look at, gathered once: the process, its limits, hugepages, the runtime
// directory, CPUs and devices. Filled from the machine, or by a test. Changes nothing. No DPDK.

#pragma once

#include "base/hp_cgroup.h"
#include "base/hp_hugetlb.h"
#include "base/hp_mapfiles.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HP_FACTS_PCI_MAX 32 // devices; RTE_MAX_ETHPORTS of Debian's builds

/** What the process that is about to start wants; all of it optional. */
struct hp_check_in {
	bool primary; ///< it will be the primary
	const char *root; ///< in front of /proc, /sys, /dev and the directories; NULL: ""
	const char *file_prefix; ///< NULL: EAL's default
	const char *runtime_base; ///< instead of $RUNTIME_DIRECTORY; NULL: the environment
	const char *huge_dir; ///< NULL: the mount that hp_huge_mounts_pick() chooses
	uint64_t page_size; ///< bytes; 0: that of the huge-dir
	uint64_t memory; ///< bytes of hugepages it will take; 0: not known
	const char *lcores; ///< EAL's --lcores or -l; NULL: not known
	uint32_t busy_lcores; ///< lcores that poll; 0: not known
	const char *const *pci; ///< addresses of devices that it will open, "0000:01:00.0"
	uint32_t n_pci;
	uint64_t base_virtaddr; ///< 0: not known
	bool iova_pa; ///< --iova-mode=pa
	uint32_t dpdk_version; ///< RTE_VERSION of the programs; 0: not known
	/** Other members may start at this moment: test no lock that they might want to take. A
	 * primary still looks at memory files, as nobody else makes any while there is none. */
	bool starting;
};

/** The group's runtime directory and what a running primary has put there. */
struct hp_facts_run {
	const char *env; ///< $RUNTIME_DIRECTORY or NULL
	char path[PATH_MAX];
	int path_error; ///< 0 or -errno of hp_paths_runtime_dir()
	bool exists;
	bool is_dir;
	uid_t uid;
	mode_t mode;
	bool writable; ///< it, or where it does not exist the nearest folder above it
	bool read_only; ///< the file system
	bool on_root_fs; ///< on the same file system as "/": not a volume
	uint64_t free_bytes; ///< of the file system
	char parent[PATH_MAX]; ///< nearest folder above that exists; "" if path exists
	bool socket_fits; ///< the join socket's path fits into an address

	bool config_exists; ///< EAL's shared configuration
	bool config_held; ///< a living primary holds its lock
	pid_t config_pid; ///< who; 0 if in another PID namespace
	uint32_t config_magic, config_version; ///< 0 if it cannot be read
	char huge_dir[PATH_MAX]; ///< the primary's, as it wrote it down; "" if unknown
	uint32_t pid_files; ///< files of members named by PID 1 that somebody holds
	bool join_exists; ///< the join socket
};

struct hp_facts_pci {
	char address[16];
	bool exists;
	char driver[32]; ///< "" if none is bound
	int32_t numa_node; ///< -1: none or unknown
	int32_t group; ///< IOMMU group, -1: none
	bool group_accessible; ///< /dev/vfio/GROUP can be opened for reading and writing
};

struct hp_facts {
	uid_t uid, euid;
	gid_t egid;
	bool container; ///< as far as one can tell from inside
	bool kubernetes;
	bool own_pid_ns, own_cgroup_ns, own_user_ns; ///< not the machine's first
	uint64_t caps; ///< effective capabilities, bit n is capability n

	struct hp_huge_pages pages;
	struct hp_huge_mounts mounts;
	struct hp_huge_dir dir; ///< the huge-dir; path "" if there is none to look at
	/** Where the group's files are: "DIR/PREFIX" if there is one, as hp-primary makes it, else
	 * DIR, which stock DPDK uses. */
	char maps_dir[PATH_MAX];
	uint64_t page_size; ///< bytes: asked for, else the directory's, else 0
	struct hp_cgroup_hugetlb hugetlb; ///< for page_size
	struct hp_map_files maps; ///< in maps_dir; all zero unless dir is a hugetlbfs
	struct hp_facts_run run;

	cpu_set_t cpus; ///< that this process may use
	uint32_t n_cpus;
	uint64_t cpu_nodes; ///< bit n: one of them is on NUMA node n
	struct hp_cgroup_cpu cpu;
	struct hp_cgroup_memory memory;
	char cpu_missing[128]; ///< CPU flags of x86-64-v2 that /proc/cpuinfo lacks, "" if none
	int mempolicy_error; ///< errno of get_mempolicy(2), 0 if it works
	uint64_t memlock, nofile; ///< bytes, descriptors; soft limits, UINT64_MAX: none
	uint64_t nofile_hard;
	uint32_t kernel_major, kernel_minor;
	char kernel[65];
	uint64_t aslr; ///< randomize_va_space
	bool base_taken; ///< something of this process is mapped where base_virtaddr starts

	bool vfio_exists, vfio_accessible; ///< /dev/vfio/vfio
	bool vfio_noiommu; ///< enable_unsafe_noiommu_mode
	uint32_t iommu_groups;
	uint32_t n_pci;
	struct hp_facts_pci pci[HP_FACTS_PCI_MAX];
};

/**
 * Gather everything. What cannot be read stays zero; a file that a container hides is no error.
 * Takes some milliseconds, most of them where a huge-dir holds many files.
 *
 * @return
 *   0 or -ENOMEM. Free with hp_facts_free() in both cases.
 */
int hp_facts_read(struct hp_facts *facts, const struct hp_check_in *in);
void hp_facts_free(struct hp_facts *facts);

/** Gather the part about the runtime directory. Part of hp_facts_read(). */
void hp_facts_run_read(struct hp_facts_run *run, const struct hp_check_in *in);
/** Gather what is about devices. Part of hp_facts_read(). */
void hp_facts_devices_read(struct hp_facts *facts, const struct hp_check_in *in);

/**
 * The CPUs that an --lcores or -l text names ("1,3-5", "0@(2-3),1@4", "(0-1)").
 *
 * @return
 *   How many, or -EINVAL if the text is none of EAL's.
 */
int hp_facts_lcores(cpu_set_t *cpus, const char *text);

/** Parse "0-3,8" as /sys and cpuset write it. The number of CPUs, or -EINVAL. */
int hp_facts_cpu_list(cpu_set_t *cpus, const char *text);
