// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Each check finds the one thing that it is for, and nothing else does: from facts in which all is
// well one thing is broken at a time.

#include "base/hp_check.h"
#include "hp_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static const char *const nics[] = {"0000:01:00.0"};

// A pod in which everything is right: 2 MiB pages, a limit, a shared runtime directory, a NIC.
static void make_good(struct hp_facts *f, struct hp_check_in *in)
{
	*in = (struct hp_check_in){
		.primary = true,
		.file_prefix = "g",
		.memory = 64 * MIB,
		.lcores = "1,2",
		.busy_lcores = 2,
		.pci = nics,
		.n_pci = 1,
		.base_virtaddr = 0x100000000000,
		.dpdk_version = 0x160b0b63,
	};
	memset(f, 0, sizeof(*f));
	f->uid = f->euid = f->egid = 1001;
	f->container = f->kubernetes = true;
	f->caps = UINT64_C(1) << 14 | UINT64_C(1) << 21; // IPC_LOCK, SYS_ADMIN
	f->page_size = 2 * MIB;
	f->pages.n = 1;
	f->pages.size[0] = (struct hp_huge_size){
		.bytes = 2 * MIB,
		.all = {.total = 512, .free = 512},
		.n_nodes = 2,
		.node = {{0, {.total = 256, .free = 256}}, {1, {.total = 256, .free = 256}}},
	};
	f->dir = (struct hp_huge_dir){.path = "/dev/hugepages",
		.is_dir = true,
		.hugetlbfs = true,
		.writable = true,
		.page_size = 2 * MIB,
		.size_limit = UINT64_MAX,
		.size_free = UINT64_MAX,
		.gid = 1001,
		.mode = 02775};
	snprintf(f->maps_dir, sizeof(f->maps_dir), "/dev/hugepages/g");
	f->hugetlb = (struct hp_cgroup_hugetlb){.state = HP_CGROUP_HIDDEN,
		.limit = 128 * MIB,
		.left = 128 * MIB,
		.file = "/sys/fs/cgroup/hugetlb.2MB.max"};
	f->run = (struct hp_facts_run){.env = "/run/hugepod",
		.path = "/run/hugepod/dpdk/g",
		.exists = true,
		.is_dir = true,
		.uid = 1001,
		.mode = 0700,
		.writable = true,
		.free_bytes = 64 * MIB,
		.socket_fits = true};
	CPU_SET(1, &f->cpus);
	CPU_SET(2, &f->cpus);
	f->n_cpus = 2;
	f->cpu_nodes = 1;
	f->cpu = (struct hp_cgroup_cpu){.quota_us = 200000, .period_us = 100000};
	f->memory = (struct hp_cgroup_memory){.limit = 256 * MIB, .usage = 8 * MIB};
	f->memlock = UINT64_MAX;
	f->nofile = f->nofile_hard = 1024;
	snprintf(f->kernel, sizeof(f->kernel), "6.12.0");
	f->kernel_major = 6;
	f->kernel_minor = 12;
	f->vfio_exists = f->vfio_accessible = true;
	f->iommu_groups = 1;
	f->n_pci = 1;
	f->pci[0] = (struct hp_facts_pci){.address = "0000:01:00.0",
		.exists = true,
		.driver = "vfio-pci",
		.group = 7,
		.group_accessible = true};
}

// The same pod's secondary while the primary lives.
static void make_secondary(struct hp_facts *f, struct hp_check_in *in)
{
	in->primary = false;
	f->run.config_exists = f->run.config_held = f->run.join_exists = true;
	f->run.config_pid = 1;
	f->run.config_magic = 19820526;
	f->run.config_version = in->dpdk_version;
	snprintf(f->run.huge_dir, sizeof(f->run.huge_dir), "/dev/hugepages");
	f->maps.own.held = 4;
	f->maps.own.held_bytes = 8 * MIB;
}

#define CASE(name, ...) \
	static void name(struct hp_facts *f, struct hp_check_in *in) \
	{ \
		__VA_ARGS__; \
	}

// Each breaks one thing.
CASE(b_no_mount, f->dir.path[0] = '\0'; f->dir.hugetlbfs = false)
CASE(b_missing_dir, f->dir.error = ENOENT; f->dir.hugetlbfs = false)
CASE(b_not_hugetlbfs, f->dir.hugetlbfs = false)
CASE(b_page_size, in->page_size = 1024 * MIB)
CASE(b_no_access, f->dir.writable = false)
CASE(b_read_only, f->dir.read_only = true; f->dir.writable = false)
CASE(b_mount_size, f->dir.size_limit = 32 * MIB; f->dir.size_free = 30 * MIB)
CASE(b_dir_lock, f->maps.dir_locked = true; f->maps.dir_locker.pid = 42)
CASE(b_stale, f->maps.own.stale = 3; f->maps.own.stale_bytes = 6 * MIB)
CASE(b_foreign_maps, f->maps.own.unknown = 2; f->maps.own.unknown_bytes = 4 * MIB)
CASE(b_held, f->maps.own.held = 1; f->maps.n_holders = 1; f->maps.holder[0].pid = 77)
CASE(b_held_hidden, f->maps.own.held = 1; f->maps.holders_hidden = true)
CASE(b_no_size, f->pages.n = 0)
CASE(b_none_reserved, f->pages.size[0].all = (struct hp_huge_count){0})
CASE(b_limit, f->hugetlb.limit = f->hugetlb.left = 32 * MIB)
CASE(b_limit_used, f->hugetlb.usage = 66 * MIB; f->hugetlb.left = 62 * MIB)
CASE(b_limit_zero, in->memory = 0; f->hugetlb.limit = f->hugetlb.left = 0)
CASE(b_pod_hidden, f->hugetlb.limit = f->hugetlb.left = UINT64_MAX)
CASE(b_none_free, f->pages.size[0].all.free = 31)
CASE(b_all_promised, f->pages.size[0].all.reserved = 500)
CASE(b_numa, f->pages.size[0].node[0].pages.free = 0)
CASE(b_surplus, f->pages.size[0].overcommit = 10)
CASE(b_memory, f->memory.usage = 250 * MIB)
CASE(b_files, f->nofile = 80)
CASE(b_memlock, f->caps = UINT64_C(1) << 21; f->memlock = 64 * 1024)
CASE(b_prefix, f->run.path_error = -EINVAL)
CASE(b_run_file, f->run.is_dir = false)
CASE(b_run_ro, f->run.read_only = true)
CASE(b_run_unmakable, f->run.exists = f->run.writable = false)
CASE(b_run_owner, f->run.uid = 0; f->run.writable = false)
CASE(b_run_mode, f->run.mode = 0500; f->run.writable = false)
CASE(b_run_private, f->run.on_root_fs = true)
CASE(b_run_full, f->run.free_bytes = MIB)
CASE(b_env, f->run.env = NULL)
CASE(b_socket, f->run.socket_fits = false)
CASE(b_two_primaries, f->run.config_held = true; f->run.config_pid = 5)
CASE(b_lcores_text, in->lcores = "1,x")
CASE(b_cpuset, in->lcores = "1,3-4")
CASE(b_share, in->busy_lcores = 3; f->cpu.quota_us = UINT64_MAX)
CASE(b_quota, f->cpu.quota_us = 150000)
CASE(b_flags, snprintf(f->cpu_missing, sizeof(f->cpu_missing), "sse4_2"))
CASE(b_seccomp, f->mempolicy_error = EPERM)
CASE(b_kernel, f->kernel_major = 4; f->kernel_minor = 13)
CASE(b_base, f->base_taken = true)
CASE(b_userns, f->own_user_ns = true)
CASE(b_no_device, f->pci[0].exists = false; f->pci[0].driver[0] = '\0')
CASE(b_driver, snprintf(f->pci[0].driver, sizeof(f->pci[0].driver), "ixgbe"))
CASE(b_vfio, f->vfio_exists = f->vfio_accessible = false)
CASE(b_vfio_group, f->pci[0].group_accessible = false)
CASE(b_iommu, f->iommu_groups = 0)
CASE(b_noiommu, f->iommu_groups = 0; f->vfio_noiommu = true)
CASE(b_device_numa, f->pci[0].numa_node = 1)
CASE(b_iova, in->iova_pa = true; f->caps &= ~(UINT64_C(1) << 21))

CASE(s_no_primary, f->run.config_held = false)
CASE(s_version, f->run.config_version = 0x180b0000)
CASE(s_other_path, snprintf(f->run.huge_dir, sizeof(f->run.huge_dir), "/mnt/huge"))
CASE(s_other_volume, f->maps.own.held = 0)
CASE(s_pid, f->run.pid_files = 4)

static const struct {
	const char *id;
	enum hp_check_state state;
	void (*breaks)(struct hp_facts *f, struct hp_check_in *in);
	const char *seen; // part of the sentence
} broken[] =
	{
		{"hugetlbfs-mounted", HP_CHECK_FAILURE, b_no_mount, "none can be used"},
		{"hugetlbfs-mounted", HP_CHECK_FAILURE, b_missing_dir, "No such file or directory"},
		{"hugetlbfs-mounted", HP_CHECK_FAILURE, b_not_hugetlbfs, "is not a hugetlbfs"},
		{"huge-dir-page-size", HP_CHECK_FAILURE, b_page_size,
			"pages of 2 MiB, asked for were 1 GiB"},
		{"huge-dir-access", HP_CHECK_FAILURE, b_no_access,
			"uid 1001 gid 1001 may not write"},
		{"huge-dir-read-only", HP_CHECK_FAILURE, b_read_only, "mounted read-only"},
		{"huge-dir-size", HP_CHECK_FAILURE, b_mount_size,
			"asked for are 64 MiB, the mount's size= is 32 MiB, 30 MiB of it are left"},
		{"huge-dir-lock", HP_CHECK_WARNING, b_dir_lock, "process 42"},
		{"stale-maps", HP_CHECK_WARNING, b_stale, "3 files gmap_*"},
		{"stale-maps", HP_CHECK_WARNING, b_foreign_maps,
			"belong to another user and pin 4 MiB"},
		{"map-holders", HP_CHECK_FAILURE, b_held, "process 77"},
		{"map-holders", HP_CHECK_FAILURE, b_held_hidden, "cannot be seen"},
		{"hugepages-reserved", HP_CHECK_FAILURE, b_no_size, "no hugepages of 2 MiB"},
		{"hugepages-reserved", HP_CHECK_FAILURE, b_none_reserved,
			"reserved no page of 2 MiB"},
		{"cgroup-hugetlb", HP_CHECK_FAILURE, b_limit,
			"asked for are 64 MiB of hugepages, the cgroup's limit is 32 MiB"},
		{"cgroup-hugetlb", HP_CHECK_FAILURE, b_limit_used,
			"limit is 128 MiB (/sys/fs/cgroup/hugetlb.2MB.max), used of it are 66 MiB, "
			"free on "
			"the node are 1 GiB"},
		{"cgroup-hugetlb", HP_CHECK_FAILURE, b_limit_zero, "limit is 0 bytes"},
		{"cgroup-above", HP_CHECK_WARNING, b_pod_hidden, "no hugepage limit of its own"},
		{"hugepages-free", HP_CHECK_FAILURE, b_none_free,
			"asked for are 64 MiB, that is 32 pages of 2 MiB, free on the node are 31 "
			"of 512"},
		{"hugepages-free", HP_CHECK_FAILURE, b_all_promised,
			"free on the node are 12 of 512"},
		{"hugepages-numa", HP_CHECK_WARNING, b_numa, "have 0 free pages, asked for are 32"},
		{"hugepages-surplus", HP_CHECK_WARNING, b_surplus, "lend 10 pages"},
		{"memory-limit", HP_CHECK_WARNING, b_memory, "limit is 256 MiB, about 6 MiB"},
		{"open-files", HP_CHECK_WARNING, b_files, "80 descriptors"},
		{"memlock", HP_CHECK_FAILURE, b_memlock, "64 KiB may be locked"},
		{"runtime-dir", HP_CHECK_FAILURE, b_prefix, "file prefix 'g'"},
		{"runtime-dir", HP_CHECK_FAILURE, b_run_file, "is not a directory"},
		{"runtime-dir", HP_CHECK_FAILURE, b_run_ro, "read-only file system"},
		{"runtime-dir", HP_CHECK_FAILURE, b_run_unmakable, "uid 1001 may not make it"},
		{"runtime-dir-owner", HP_CHECK_FAILURE, b_run_owner, "belongs to uid 0"},
		{"runtime-dir-owner", HP_CHECK_FAILURE, b_run_mode, "mode 0500"},
		{"runtime-dir-shared", HP_CHECK_WARNING, b_run_private, "own file system"},
		{"runtime-dir-space", HP_CHECK_WARNING, b_run_full, "1 MiB free"},
		{"runtime-env", HP_CHECK_WARNING, b_env, "RUNTIME_DIRECTORY is not set"},
		{"socket-path", HP_CHECK_FAILURE, b_socket, "holds 107"},
		{"primary", HP_CHECK_FAILURE, b_two_primaries, "lives: process 5"},
		{"cpuset", HP_CHECK_FAILURE, b_lcores_text, "none of EAL's"},
		{"cpuset", HP_CHECK_FAILURE, b_cpuset,
			"need CPUs 3-4, which are not of this process's: 1-2"},
		{"lcores-share", HP_CHECK_WARNING, b_share, "3 lcores poll on 2 CPUs"},
		{"cpu-quota", HP_CHECK_WARNING, b_quota, "quota is 1500m, 2 polling lcores"},
		{"cpu-flags", HP_CHECK_FAILURE, b_flags, "lacks sse4_2"},
		{"mempolicy", HP_CHECK_WARNING, b_seccomp, "Operation not permitted"},
		{"kernel", HP_CHECK_WARNING, b_kernel, "4.14"},
		{"base-virtaddr", HP_CHECK_WARNING, b_base, "0x100000000000"},
		{"user-namespace", HP_CHECK_WARNING, b_userns, "user namespace"},
		{"pci-device", HP_CHECK_FAILURE, b_no_device, "no PCI device 0000:01:00.0"},
		{"pci-device", HP_CHECK_FAILURE, b_driver, "bound to ixgbe"},
		{"vfio", HP_CHECK_FAILURE, b_vfio, "/dev/vfio/vfio does not exist"},
		{"vfio", HP_CHECK_FAILURE, b_vfio_group, "/dev/vfio/7"},
		{"iommu", HP_CHECK_FAILURE, b_iommu, "no IOMMU group"},
		{"iommu", HP_CHECK_WARNING, b_noiommu, "unsafe"},
		{"device-numa", HP_CHECK_WARNING, b_device_numa, "NUMA node 1"},
		{"iova-mode", HP_CHECK_FAILURE, b_iova, "SYS_ADMIN"},
},
  broken_secondary[] = {
	  {"primary", HP_CHECK_WARNING, s_no_primary, "only a dead one's files"},
	  {"dpdk-version", HP_CHECK_FAILURE, s_version, "DPDK 24.11.0, this build 22.11.11"},
	  {"same-huge-dir", HP_CHECK_FAILURE, s_other_path,
		  "is /mnt/huge, here it is /dev/hugepages/g"},
	  {"same-huge-dir", HP_CHECK_FAILURE, s_other_volume, "none of its files"},
	  {"pid-collision", HP_CHECK_WARNING, s_pid, "PID 1"},
};

static void everything_right_gives_no_warning_to_either_role(void **state)
{
	struct hp_check_in in;
	struct hp_finding found;
	struct hp_facts f;
	const struct hp_check *c;

	make_good(&f, &in);
	for (int role = 0; role < 2; role++) {
		for (unsigned int i = 0; (c = hp_check_get(i)) != NULL; i++) {
			hp_check_run(&found, c, &f, &in);
			if (found.state != HP_CHECK_OK && found.state != HP_CHECK_SKIPPED)
				fail_msg("%s: %s", found.id, found.seen);
			assert_true(found.seen[0] != '\0');
			assert_true(found.todo[0] == '\0');
		}
		make_secondary(&f, &in);
	}
}

// Runs @p id on broken facts; every other check that fails must be named in @p also.
static void expect(const char *id, enum hp_check_state want, const char *seen,
	const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_check *c = hp_check_find(id);
	struct hp_finding found;

	assert_non_null(c);
	hp_check_run(&found, c, f, in);
	if (found.state != want || strstr(found.seen, seen) == NULL)
		fail_msg("%s: %s: '%s' has no '%s'", id, hp_check_state_name(found.state),
			found.seen, seen);
	if (found.todo[0] == '\0')
		fail_msg("%s says not what to do", id);
}

static void each_broken_thing_is_named_with_what_to_do(void **state)
{
	struct hp_check_in in;
	struct hp_facts f;

	for (size_t i = 0; i < HP_LEN(broken); i++) {
		make_good(&f, &in);
		broken[i].breaks(&f, &in);
		expect(broken[i].id, broken[i].state, broken[i].seen, &f, &in);
	}
	for (size_t i = 0; i < HP_LEN(broken_secondary); i++) {
		make_good(&f, &in);
		make_secondary(&f, &in);
		broken_secondary[i].breaks(&f, &in);
		expect(broken_secondary[i].id, broken_secondary[i].state, broken_secondary[i].seen,
			&f, &in);
	}
}

// Which checks speak up when that one thing is broken: itself, and nobody who looks elsewhere.
static void a_broken_thing_is_blamed_by_its_own_check_alone(void **state)
{
	// Things that are two problems at once.
	static const char *const allowed[][2] = {
		{"hugepages-reserved", "cgroup-hugetlb"}, // no pages: nothing to compare with
		{"cgroup-hugetlb", "cgroup-above"},
		{"huge-dir-page-size", "hugepages-reserved"},
		{"cpuset", "lcores-share"},
		{"runtime-dir-owner", "runtime-dir"},
		{"lcores-share", "cpu-quota"},
	};
	struct hp_check_in in;
	struct hp_finding found;
	struct hp_facts f;
	const struct hp_check *c;

	for (size_t i = 0; i < HP_LEN(broken); i++) {
		make_good(&f, &in);
		broken[i].breaks(&f, &in);
		for (unsigned int k = 0; (c = hp_check_get(k)) != NULL; k++) {
			bool fine = strcmp(c->id, broken[i].id) == 0;

			hp_check_run(&found, c, &f, &in);
			for (size_t a = 0; a < HP_LEN(allowed); a++)
				fine |= strcmp(broken[i].id, allowed[a][0]) == 0 &&
					strcmp(c->id, allowed[a][1]) == 0;
			if (!fine && (found.state == HP_CHECK_FAILURE ||
					     found.state == HP_CHECK_WARNING))
				fail_msg("%s broken (%zu), but %s says: %s", broken[i].id, i, c->id,
					found.seen);
		}
	}
}

static void every_check_has_a_case_that_breaks_it(void **state)
{
	const struct hp_check *c;
	unsigned int n = 0;

	for (; (c = hp_check_get(n)) != NULL; n++) {
		bool has = false;

		for (size_t i = 0; i < HP_LEN(broken); i++)
			has |= strcmp(broken[i].id, c->id) == 0;
		for (size_t i = 0; i < HP_LEN(broken_secondary); i++)
			has |= strcmp(broken_secondary[i].id, c->id) == 0;
		if (!has)
			fail_msg("no case breaks %s", c->id);
		assert_ptr_equal(hp_check_find(c->id), c); // names are unique
		assert_true(strlen(c->what) > 20);
	}
	assert_true(n >= 25);
}

static void pages_of_dead_processes_count_as_free(void **state)
{
	struct hp_check_in in;
	struct hp_finding found;
	struct hp_facts f;

	make_good(&f, &in);
	f.pages.size[0].all.free = 0;
	f.hugetlb.usage = 128 * MIB;
	f.hugetlb.left = 0;
	f.maps.own.stale = 32;
	f.maps.own.stale_bytes = 64 * MIB;
	hp_check_run(&found, hp_check_find("hugepages-free"), &f, &in);
	assert_int_equal(found.state, HP_CHECK_OK);
	hp_check_run(&found, hp_check_find("cgroup-hugetlb"), &f, &in);
	assert_int_equal(found.state, HP_CHECK_OK);
	f.maps.own.stale_bytes -= 2 * MIB;
	hp_check_run(&found, hp_check_find("hugepages-free"), &f, &in);
	assert_int_equal(found.state, HP_CHECK_FAILURE);
	hp_check_run(&found, hp_check_find("cgroup-hugetlb"), &f, &in);
	assert_int_equal(found.state, HP_CHECK_FAILURE);
}

static void the_manifest_line_carries_the_pages_that_are_needed(void **state)
{
	struct hp_check_in in;
	struct hp_finding found;
	struct hp_facts f;

	make_good(&f, &in);
	in.memory = 65 * MIB;
	f.hugetlb.limit = f.hugetlb.left = 2 * MIB;
	hp_check_run(&found, hp_check_find("cgroup-hugetlb"), &f, &in);
	assert_non_null(strstr(found.manifest, "hugepages-2Mi: 66Mi"));
}

static void a_start_is_refused_with_the_first_failure_and_exit_code_78(void **state)
{
	struct hp_check_in in = {.primary = true,
		.file_prefix = "a/b",
		.huge_dir = "/nowhere/at/all",
		.runtime_base = "/tmp"};
	struct hp_err err = {0};

	assert_int_equal(hp_check_start(&in, &err), -EINVAL);
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
	assert_non_null(strstr(err.text, "hugetlbfs-mounted: huge-dir /nowhere/at/all: No such"));
	assert_non_null(strstr(err.text, "mount a hugetlbfs there"));
}

static void lcore_texts_of_eal_are_understood(void **state)
{
	static const struct {
		const char *text;
		int n;
		int first, last;
	} cases[] = {
		{"1", 1, 1, 1},
		{"1,3-5", 4, 1, 5},
		{"0@(2-3),1@4", 3, 2, 4},
		{"(0-1)", 2, 0, 1},
		{"(0,2)@(4,6),3", 3, 3, 6},
		{"", -EINVAL, 0, 0},
		{"1,", -EINVAL, 0, 0},
		{"3-1", -EINVAL, 0, 0},
		{"(1", -EINVAL, 0, 0},
		{"1)", -EINVAL, 0, 0},
		{"0@", -EINVAL, 0, 0},
		{"99999999999", -EINVAL, 0, 0},
		{"-1", -EINVAL, 0, 0},
	};
	cpu_set_t set;

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		assert_int_equal(hp_facts_lcores(&set, cases[i].text), cases[i].n);
		if (cases[i].n > 0)
			assert_true(
				CPU_ISSET(cases[i].first, &set) && CPU_ISSET(cases[i].last, &set));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_right_gives_no_warning_to_either_role),
		cmocka_unit_test(each_broken_thing_is_named_with_what_to_do),
		cmocka_unit_test(a_broken_thing_is_blamed_by_its_own_check_alone),
		cmocka_unit_test(every_check_has_a_case_that_breaks_it),
		cmocka_unit_test(pages_of_dead_processes_count_as_free),
		cmocka_unit_test(the_manifest_line_carries_the_pages_that_are_needed),
		cmocka_unit_test(a_start_is_refused_with_the_first_failure_and_exit_code_78),
		cmocka_unit_test(lcore_texts_of_eal_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
