// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The small parent: how soon it starts a dead child again. Each case runs in a process of its own,
// because a parent blocks signals and reaps whatever ends.

#include "base/hp_err.h"
#include "base/hp_log.h"
#include "base/hp_supervise.h"
#include "base/hp_time.h"
#include "hp_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEATHS 6 // pauses of 100, 200 and 400 ms if they count as failed starts
#define PAUSES_MS 700

static int comes_up_and_is_killed(void *arg, uint32_t restarts)
{
	(void)arg;
	if (restarts >= DEATHS)
		return HP_EXIT_OK;
	hp_supervise_up();
	raise(SIGKILL);
	return HP_EXIT_OTHER;
}

static int comes_up_and_loses_its_primary(void *arg, uint32_t restarts)
{
	(void)arg;
	hp_supervise_up();
	return restarts >= DEATHS ? HP_EXIT_OK : HP_EXIT_AGAIN;
}

static int is_killed_before_it_is_up(void *arg, uint32_t restarts)
{
	(void)arg;
	if (restarts < DEATHS)
		raise(SIGKILL);
	return HP_EXIT_OK;
}

static int comes_up_and_fails(void *arg, uint32_t restarts)
{
	(void)arg;
	hp_supervise_up();
	return restarts >= DEATHS ? HP_EXIT_OK : HP_EXIT_OTHER;
}

static int is_in_this_process(void *arg, uint32_t restarts)
{
	return *(const pid_t *)arg == getpid() && restarts == 2 ? HP_EXIT_OK : HP_EXIT_USAGE;
}

// What main() does again in a child that has run its program anew.
static int runs_anew(void *arg, uint32_t restarts)
{
	pid_t self = getpid();
	const struct hp_supervise sup = {
		.program = "anew", .respawn = true, .child = is_in_this_process, .arg = &self};

	(void)arg;
	return restarts < 2 ? HP_EXIT_AGAIN : hp_supervise_run(&sup);
}

// Milliseconds until the parent has ended, with code 0.
static uint64_t supervise(int (*child)(void *arg, uint32_t restarts))
{
	const struct hp_supervise sup = {.program = "test", .respawn = true, .child = child};
	uint64_t began = hp_now_us();
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(hp_supervise_run(&sup)); // lint: _exit: a forked child of a test
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return (hp_now_us() - began) / 1000;
}

static void who_was_well_is_started_at_once(void **state)
{
	(void)state;
	assert_in_range(supervise(comes_up_and_is_killed), 0, PAUSES_MS - 1);
	assert_in_range(supervise(comes_up_and_loses_its_primary), 0, PAUSES_MS - 1);
}

static void who_fails_waits_longer_each_time(void **state)
{
	(void)state;
	assert_in_range(supervise(is_killed_before_it_is_up), PAUSES_MS, 60000);
	assert_in_range(supervise(comes_up_and_fails), PAUSES_MS, 60000);
}

static void a_program_that_runs_anew_gets_no_other_parent(void **state)
{
	(void)state;
	supervise(runs_anew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_well_is_started_at_once),
		cmocka_unit_test(who_fails_waits_longer_each_time),
		cmocka_unit_test(a_program_that_runs_anew_gets_no_other_parent),
	};

	hp_log_setup("test", NULL, HP_LOG_TEXT, HP_LOG_ERR);
	return cmocka_run_group_tests_name("hp_supervise", tests, NULL, NULL);
}
