// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Hugepages and hugetlbfs mounts are read as the kernel writes them.

#include "base/hp_file.h"
#include "base/hp_hugetlb.h"
#include "hp_fixture.h"

#include <errno.h>
#include <sys/sysmacros.h>

#define MIB (UINT64_C(1) << 20)

// Lines of real machines: a blank in a path, optional tags, a bind mount of a sub-folder.
static const char mountinfo[] =
	"22 27 0:20 / /proc rw,nosuid - proc proc rw\n"
	"42 27 0:39 / /dev/hugepages rw,relatime - hugetlbfs hugetlbfs rw,pagesize=2M\n"
	"43 27 0:40 / /mnt/huge\\0401G rw,relatime shared:5 master:2 - hugetlbfs none "
	"rw,uid=1001,gid=1002,mode=770,pagesize=1024M,size=4294967296,min_size=1073741824\n"
	"44 27 0:41 /pods/a /mnt/ro ro,relatime - hugetlbfs none rw,pagesize=2M\n"
	"45 27 0:42 / /mnt/ro2 rw - hugetlbfs none ro,pagesize=2048K\n"
	"46 27 0:43 / /tmp/hugetlbfs rw - tmpfs hugetlbfs rw\n"
	"47 27 0:44 / broken\n"
	"48 27 0:39 / /mnt/again rw,relatime - hugetlbfs hugetlbfs rw,pagesize=2M\n";

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fixture_new(f);
	fixture_write(f, "/proc/self/mountinfo", mountinfo);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_free(*state);
	free(*state);
	return 0;
}

static void mounts_are_read_with_their_options(void **state)
{
	struct fixture *f = *state;
	struct hp_huge_mounts m;

	assert_int_equal(hp_huge_mounts_read(&m, f->root), 0);
	assert_int_equal(m.n, 5);
	assert_string_equal(m.mount[0].path, "/dev/hugepages");
	assert_int_equal(m.mount[0].page_size, 2 * MIB);
	assert_int_equal(m.mount[0].size_limit, UINT64_MAX);
	assert_int_equal(m.mount[0].mode, 0755);
	assert_int_equal(m.mount[0].dev, makedev(0, 39));
	assert_string_equal(m.mount[1].path, "/mnt/huge 1G");
	assert_int_equal(m.mount[1].page_size, 1024 * MIB);
	assert_int_equal(m.mount[1].size_limit, 4096 * MIB);
	assert_int_equal(m.mount[1].min_size, 1024 * MIB);
	assert_int_equal(m.mount[1].uid, 1001);
	assert_int_equal(m.mount[1].gid, 1002);
	assert_int_equal(m.mount[1].mode, 0770);
	assert_false(m.mount[1].read_only);
	assert_true(m.mount[2].read_only);
	assert_true(m.mount[3].read_only);
	assert_int_equal(m.mount[3].page_size, 2 * MIB);
	assert_int_equal(m.mount[4].dev, m.mount[0].dev); // one superblock, mounted twice
	hp_huge_mounts_free(&m);
}

static void a_path_belongs_to_the_longest_mount_point_above_it(void **state)
{
	static const struct {
		const char *path, *mount;
	} cases[] = {
		{"/dev/hugepages", "/dev/hugepages"},
		{"/dev/hugepages/a/b", "/dev/hugepages"},
		{"/dev/hugepages2", NULL},
		{"/dev", NULL},
		{"/mnt/ro2/x", "/mnt/ro2"},
	};
	struct fixture *f = *state;
	struct hp_huge_mounts m;

	assert_int_equal(hp_huge_mounts_read(&m, f->root), 0);
	for (size_t i = 0; i < HP_LEN(cases); i++) {
		const struct hp_huge_mount *got = hp_huge_mounts_of(&m, cases[i].path);

		if (cases[i].mount == NULL)
			assert_null(got);
		else
			assert_string_equal(got->path, cases[i].mount);
	}
	hp_huge_mounts_free(&m);
}

static void pages_of(struct fixture *f, const char *dir, const char *total, const char *free_pages)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/nr_hugepages", dir);
	fixture_write(f, path, total);
	snprintf(path, sizeof(path), "%s/free_hugepages", dir);
	fixture_write(f, path, free_pages);
}

static void pages_are_counted_by_size_and_numa_node(void **state)
{
	struct fixture *f = *state;
	struct hp_huge_pages p;

	pages_of(f, "/sys/kernel/mm/hugepages/hugepages-1048576kB", "2\n", "1\n");
	pages_of(f, "/sys/kernel/mm/hugepages/hugepages-2048kB", "512\n", "500\n");
	fixture_write(f, "/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "20\n");
	fixture_write(f, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages", "7");
	pages_of(f, "/sys/devices/system/node/node0/hugepages/hugepages-2048kB", "256\n", "256\n");
	pages_of(f, "/sys/devices/system/node/node1/hugepages/hugepages-2048kB", "256\n", "244\n");
	fixture_write(f, "/sys/devices/system/node/node_list", "");

	assert_int_equal(hp_huge_pages_read(&p, f->root), 0);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.size[0].bytes, 2 * MIB); // the smallest first
	assert_int_equal(p.size[0].all.total, 512);
	assert_int_equal(hp_huge_available(&p.size[0].all), 480);
	assert_int_equal(p.size[0].overcommit, 7);
	assert_int_equal(p.size[0].n_nodes, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(
			p.size[0].node[i].pages.free, p.size[0].node[i].id == 1 ? 244 : 256);
	assert_int_equal(hp_huge_pages_find(&p, 1024 * MIB)->all.total, 2);
	assert_null(hp_huge_pages_find(&p, 4 * MIB));
}

static void promised_pages_are_not_available(void **state)
{
	assert_int_equal(hp_huge_available(&(struct hp_huge_count){.free = 5, .reserved = 5}), 0);
	assert_int_equal(hp_huge_available(&(struct hp_huge_count){.free = 5, .reserved = 9}), 0);
}

static void the_mount_picked_is_writable_and_has_pages(void **state)
{
	struct fixture *f = *state;
	struct hp_huge_pages p = {
		.n = 2, .size = {{.bytes = 2 * MIB}, {.bytes = 1024 * MIB, .all = {.total = 1}}}};
	struct hp_huge_mounts m;

	assert_int_equal(hp_huge_mounts_read(&m, f->root), 0);
	assert_string_equal(hp_huge_mounts_pick(&m, &p, 0)->path, "/mnt/huge 1G");
	assert_string_equal(hp_huge_mounts_pick(&m, &p, 2 * MIB)->path, "/dev/hugepages");
	p.size[0].all.total = 1;
	assert_string_equal(hp_huge_mounts_pick(&m, &p, 0)->path, "/dev/hugepages");
	assert_null(hp_huge_mounts_pick(&m, &p, 4 * MIB));
	hp_huge_mounts_free(&m);
}

static void a_folder_of_that_name_is_no_hugetlbfs(void **state)
{
	struct fixture *f = *state;
	struct hp_huge_dir d;

	fixture_dirs(f, "/dev/hugepages", true);
	hp_huge_dir_look(&d, f->root, "/dev/hugepages");
	assert_int_equal(d.error, 0);
	assert_true(d.is_dir);
	assert_false(d.hugetlbfs);
	hp_huge_dir_look(&d, f->root, "/dev/nothing");
	assert_int_equal(d.error, ENOENT);
}

static void a_machine_without_these_files_is_an_error_and_no_crash(void **state)
{
	struct hp_huge_pages p;
	struct hp_huge_mounts m;

	assert_int_equal(hp_huge_pages_read(&p, "/nonexistent"), -ENOENT);
	assert_int_equal(hp_huge_mounts_read(&m, "/nonexistent"), -ENOENT);
	assert_null(hp_huge_mounts_of(&m, "/"));
}

static void sizes_are_written_exactly(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 bytes"},
		{1, "1 byte"},
		{1023, "1023 bytes"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{2 * MIB, "2 MiB"},
		{MIB + 1, "1048577 bytes"},
		{3 * 512 * MIB, "1.5 GiB"},
		{1025 * MIB, "1025 MiB"},
		{UINT64_C(1) << 40, "1 TiB"},
	};
	char text[32];

	for (size_t i = 0; i < HP_LEN(cases); i++)
		assert_string_equal(
			hp_file_size_text(text, sizeof(text), cases[i].bytes), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			mounts_are_read_with_their_options, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_path_belongs_to_the_longest_mount_point_above_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pages_are_counted_by_size_and_numa_node, setup, teardown),
		cmocka_unit_test(promised_pages_are_not_available),
		cmocka_unit_test_setup_teardown(
			the_mount_picked_is_writable_and_has_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_folder_of_that_name_is_no_hugetlbfs, setup, teardown),
		cmocka_unit_test(a_machine_without_these_files_is_an_error_and_no_crash),
		cmocka_unit_test(sizes_are_written_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
