// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Limits are found under version 1, version 2 and a hybrid, and what is hidden is said.

#include "base/hp_cgroup.h"
#include "hp_fixture.h"

#include <errno.h>

#define MIB (UINT64_C(1) << 20)
#define V2_MOUNT "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n"

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fixture_new(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_free(*state);
	free(*state);
	return 0;
}

static void machine(struct fixture *f, const char *cgroup, const char *mountinfo)
{
	fixture_write(f, "/proc/self/cgroup", cgroup);
	fixture_write(f, "/proc/self/mountinfo", mountinfo);
}

static void write_v2(struct fixture *f, const char *dir, const char *max, const char *current)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/hugetlb.2MB.max", dir);
	fixture_write(f, path, max);
	snprintf(path, sizeof(path), "%s/hugetlb.2MB.current", dir);
	fixture_write(f, path, current);
}

static void the_tightest_of_all_ancestors_wins(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;

	machine(f, "0::/kubepods/pod1/c1\n", V2_MOUNT);
	write_v2(f, "/sys/fs/cgroup/kubepods/pod1/c1", "67108864\n", "2097152\n");
	write_v2(f, "/sys/fs/cgroup/kubepods/pod1", "33554432\n", "4194304\n");
	write_v2(f, "/sys/fs/cgroup/kubepods", "max\n", "4194304\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_SEEN); // the mount's top has no cgroup.type
	assert_int_equal(h.limit, 32 * MIB);
	assert_int_equal(h.usage, 4 * MIB);
	assert_int_equal(h.left, 28 * MIB);
	assert_false(h.reservation);
	assert_string_equal(h.file, "/sys/fs/cgroup/kubepods/pod1/hugetlb.2MB.max");
}

static void a_reservation_limit_below_the_plain_one_wins(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;

	machine(f, "0::/a\n", V2_MOUNT);
	write_v2(f, "/sys/fs/cgroup/a", "67108864\n", "0\n");
	fixture_write(f, "/sys/fs/cgroup/a/hugetlb.2MB.rsvd.max", "67108864\n");
	fixture_write(f, "/sys/fs/cgroup/a/hugetlb.2MB.rsvd.current", "2097152\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.left, 62 * MIB);
	assert_true(h.reservation);
}

static void usage_above_the_limit_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;

	machine(f, "0::/a\n", V2_MOUNT);
	write_v2(f, "/sys/fs/cgroup/a", "2097152\n", "4194304\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.left, 0);
}

static void a_namespace_that_hides_the_pod_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;

	machine(f, "0::/\n", V2_MOUNT);
	fixture_write(f, "/sys/fs/cgroup/cgroup.type", "domain\n");
	write_v2(f, "/sys/fs/cgroup", "max\n", "0\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_HIDDEN);
	assert_int_equal(h.limit, UINT64_MAX);
	write_v2(f, "/sys/fs/cgroup", "10485760\n", "2097152\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_HIDDEN);
	assert_int_equal(h.left, 8 * MIB);
}

static void a_process_outside_of_its_namespace_sees_no_group_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;

	machine(f, "0::/../other\n", V2_MOUNT);
	write_v2(f, "/sys/fs/cgroup/other", "0\n", "0\n"); // of somebody else
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_HIDDEN);
	assert_int_equal(h.limit, UINT64_MAX);
}

static void version_1_has_its_own_names_and_no_max(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;
	const char *dir = "/sys/fs/cgroup/hugetlb/docker/c1";
	char path[PATH_MAX];

	machine(f, "5:hugetlb:/docker/c1\n4:memory:/m\n0::/x\n",
		"40 32 0:31 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n"
		"41 32 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	fixture_write(f, "/sys/fs/cgroup/hugetlb/cgroup.sane_behavior", "0\n");
	snprintf(path, sizeof(path), "%s/hugetlb.2MB.limit_in_bytes", dir);
	fixture_write(f, path, "9223372036852678656\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_SEEN);
	assert_int_equal(h.limit, UINT64_MAX);
	fixture_write(f, path, "16777216\n");
	snprintf(path, sizeof(path), "%s/hugetlb.2MB.usage_in_bytes", dir);
	fixture_write(f, path, "4194304\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.left, 12 * MIB);
	snprintf(path, sizeof(path), "%s/hugetlb.2MB.rsvd.limit_in_bytes", dir);
	fixture_write(f, path, "8388608\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.left, 8 * MIB);
	assert_true(h.reservation);
}

static void a_bind_mounted_group_of_version_1_is_found(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;

	// Docker without a cgroup namespace: the mount's root is the container's group.
	machine(f, "5:hugetlb:/docker/c1\n",
		"40 32 0:31 /docker/c1 /sys/fs/cgroup/hugetlb ro - cgroup cgroup rw,hugetlb\n");
	fixture_write(f, "/sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes", "4194304\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_HIDDEN);
	assert_int_equal(h.limit, 4 * MIB);
}

static void a_hybrid_takes_each_controller_from_where_it_is(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;
	struct hp_cgroup_memory m;
	struct hp_cgroup_cpu c;

	machine(f, "4:memory:/m/n\n2:cpu,cpuacct:/c\n0::/u\n",
		"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	write_v2(f, "/sys/fs/cgroup/unified/u", "6291456\n", "0\n");
	fixture_write(f, "/sys/fs/cgroup/memory/cgroup.sane_behavior", "0\n");
	fixture_write(f, "/sys/fs/cgroup/memory/m/n/memory.limit_in_bytes", "536870912\n");
	fixture_write(f, "/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "268435456\n");
	fixture_write(f, "/sys/fs/cgroup/memory/m/memory.usage_in_bytes", "1048576\n");
	fixture_write(f, "/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "50000\n");
	fixture_write(f, "/sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.limit, 6 * MIB);
	assert_int_equal(hp_cgroup_memory_read(&m, f->root), 0);
	assert_int_equal(m.limit, 256 * MIB);
	assert_int_equal(m.usage, MIB);
	assert_int_equal(hp_cgroup_cpu_read(&c, f->root), 0);
	assert_int_equal(c.quota_us, 50000);
	assert_int_equal(c.period_us, 100000);
}

static void the_smaller_cpu_quota_counts_whatever_its_period(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_cpu c;

	machine(f, "0::/a/b\n", V2_MOUNT);
	fixture_write(f, "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	assert_int_equal(hp_cgroup_cpu_read(&c, f->root), 0);
	assert_int_equal(c.quota_us, UINT64_MAX);
	fixture_write(f, "/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
	fixture_write(f, "/sys/fs/cgroup/a/cpu.max", "10000 10000\n");
	assert_int_equal(hp_cgroup_cpu_read(&c, f->root), 0);
	assert_int_equal(c.quota_us, 10000);
}

static void no_controller_is_no_limit(void **state)
{
	struct fixture *f = *state;
	struct hp_cgroup_hugetlb h;

	machine(f, "0::/a\n", V2_MOUNT);
	fixture_dirs(f, "/sys/fs/cgroup/a", true);
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_ABSENT);
	assert_int_equal(h.limit, UINT64_MAX);
	machine(f, "", "");
	assert_int_equal(hp_cgroup_hugetlb_read(&h, f->root, 2 * MIB), 0);
	assert_int_equal(h.state, HP_CGROUP_ABSENT);
	assert_int_equal(hp_cgroup_hugetlb_read(&h, "/nonexistent", 2 * MIB), -ENOENT);
}

static void page_sizes_are_named_as_the_controller_names_them(void **state)
{
	char text[24];

	assert_string_equal(hp_cgroup_size_name(text, sizeof(text), 2 * MIB), "2MB");
	assert_string_equal(hp_cgroup_size_name(text, sizeof(text), 1024 * MIB), "1GB");
	assert_string_equal(hp_cgroup_size_name(text, sizeof(text), 64 * 1024), "64KB");
	assert_string_equal(hp_cgroup_size_name(text, sizeof(text), 512 * MIB), "512MB");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_tightest_of_all_ancestors_wins),
		TEST(a_reservation_limit_below_the_plain_one_wins),
		TEST(usage_above_the_limit_leaves_nothing),
		TEST(a_namespace_that_hides_the_pod_is_noticed),
		TEST(a_process_outside_of_its_namespace_sees_no_group_of_its_own),
		TEST(version_1_has_its_own_names_and_no_max),
		TEST(a_bind_mounted_group_of_version_1_is_found),
		TEST(a_hybrid_takes_each_controller_from_where_it_is),
		TEST(the_smaller_cpu_quota_counts_whatever_its_period),
		TEST(no_controller_is_no_limit),
		TEST(page_sizes_are_named_as_the_controller_names_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
