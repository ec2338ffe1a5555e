// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Files of the living and of the dead are told apart, on a plain folder: locks work there too.

#include "base/hp_mapfiles.h"
#include "hp_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fixture_new(f);
	fixture_write(f, "/gmap_0", "dead");
	fixture_write(f, "/gmap_1", "dead");
	fixture_write(f, "/gmap_2", "dead");
	fixture_write(f, "/g2map_0", "another group");
	fixture_write(f, "/gmap_x", "no number: not of EAL's making under this prefix");
	fixture_write(f, "/unrelated", "");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fixture_free(*state);
	free(*state);
	return 0;
}

static int open_in(struct fixture *f, const char *name)
{
	char full[PATH_MAX];
	int fd = open(fixture_path(f, name, full), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void unlocked_files_are_stale_and_prefixes_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct hp_map_files m;

	assert_int_equal(hp_map_files_read(&m, "", f->root, "g"), 0);
	assert_int_equal(m.own.stale, 3);
	assert_int_equal(m.own.held, 0);
	assert_int_equal(m.other.stale, 2);
	assert_true(m.own.stale_bytes > 0);
	assert_false(m.dir_locked);
	assert_false(m.holders_hidden);
}

// A child that holds a lock, or a mapping without one, until it is told to go.
static pid_t start_holder(struct fixture *f, const char *name, bool lock)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open_in(f, name);

		if (lock)
			flock(fd, LOCK_SH);
		else if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED)
			close(fd);
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void the_process_that_holds_a_lock_is_named(void **state)
{
	struct fixture *f = *state;
	struct hp_map_files m;
	pid_t pid = start_holder(f, "/gmap_1", true);

	assert_int_equal(hp_map_files_read(&m, "", f->root, "g"), 0);
	end_holder(pid);
	assert_int_equal(m.own.held, 1);
	assert_int_equal(m.own.stale, 2);
	assert_int_equal(m.n_holders, 1);
	assert_int_equal(m.holder[0].pid, pid);
	assert_string_equal(m.holder[0].name, "test_hp_mapfile"); // comm holds 15 bytes
	assert_int_equal(hp_map_files_read(&m, "", f->root, "g"), 0);
	assert_int_equal(m.own.stale, 3);
}

static void a_mapping_without_a_lock_is_held_too(void **state)
{
	struct fixture *f = *state;
	struct hp_map_files m;
	pid_t pid = start_holder(f, "/gmap_2", false);

	assert_int_equal(hp_map_files_read(&m, "", f->root, "g"), 0);
	end_holder(pid);
	assert_int_equal(m.own.held, 1);
	assert_int_equal(m.own.stale, 2);
	assert_int_equal(m.n_holders, 1);
	assert_int_equal(m.holder[0].pid, pid);
}

static void holders_of_another_pid_namespace_are_called_hidden(void **state)
{
	struct fixture *f = *state;
	struct hp_map_files m;
	pid_t pid = start_holder(f, "/gmap_1", true);

	// A root without /proc: nobody can be named, as in a container that is not theirs.
	assert_int_equal(hp_map_files_read(&m, "/nonexistent", f->root, "g"), 0);
	end_holder(pid);
	assert_int_equal(m.own.held, 1);
	assert_int_equal(m.n_holders, 0);
	assert_true(m.holders_hidden);
}

static void a_locked_directory_is_noticed_with_its_holder(void **state)
{
	struct fixture *f = *state;
	struct hp_map_files m;
	pid_t pid = start_holder(f, "/", true);

	assert_int_equal(hp_map_files_read(&m, "", f->root, "g"), 0);
	end_holder(pid);
	assert_true(m.dir_locked);
	assert_int_equal(m.dir_locker.pid, pid);
}

static void a_directory_that_is_gone_is_an_error(void **state)
{
	struct hp_map_files m;

	assert_int_equal(hp_map_files_read(&m, "", "/nonexistent", "g"), -ENOENT);
}

static void nothing_is_removed_or_left_locked(void **state)
{
	struct fixture *f = *state;
	struct hp_map_files m;
	int fd = open_in(f, "/gmap_0");

	assert_int_equal(hp_map_files_read(&m, "", f->root, "g"), 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
	fd = open_in(f, "/gmap_1");
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unlocked_files_are_stale_and_prefixes_are_told_apart),
		TEST(the_process_that_holds_a_lock_is_named),
		TEST(a_mapping_without_a_lock_is_held_too),
		TEST(holders_of_another_pid_namespace_are_called_hidden),
		TEST(a_locked_directory_is_noticed_with_its_holder),
		cmocka_unit_test(a_directory_that_is_gone_is_an_error),
		TEST(nothing_is_removed_or_left_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
