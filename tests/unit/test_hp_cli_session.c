// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Sessions of the command line on terminals, pipes and files.

#include "hp_ctl_help.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void on_end(void *arg, struct hp_cli_session *session)
{
	struct hp_ctl_fixture *f = arg;

	assert_ptr_equal(session, f->session);
	hp_cli_session_free(session);
	f->session = NULL;
	atomic_fetch_add(&f->ended, 1);
}

static void wait_ended(struct hp_ctl_fixture *f)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (int i = 0; i < HP_CTL_TIMEOUT_S * 1000 && atomic_load(&f->ended) == 0; i++)
		nanosleep(&step, NULL);
	assert_int_equal(atomic_load(&f->ended), 1);
}

static void start_session(
	struct hp_ctl_fixture *f, int in, int out, enum hp_cli_mode mode, bool ignore_eof_key)
{
	struct hp_cli_session_conf conf = {.fd_in = in,
		.fd_out = out,
		.mode = mode,
		.prompt = "hp> ",
		.ignore_eof_key = ignore_eof_key,
		.end = on_end,
		.arg = f};

	f->session = hp_cli_session_new(f->cli, f->loop, &conf);
	assert_non_null(f->session);
}

static void a_terminal_is_given_back_as_it_was(void **state)
{
	struct termios before, during, after;
	struct hp_ctl_fixture *f = *state;
	int master, slave;

	memset(&before, 0, sizeof(before)); // padding is compared, too
	memset(&after, 0, sizeof(after));
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &before);
	start_session(f, slave, slave, HP_CLI_EDIT, true);
	tcgetattr(slave, &during);
	assert_int_equal(during.c_lflag & (ICANON | ECHO), 0);
	assert_int_not_equal(during.c_lflag & ISIG, 0); // Ctrl-C stays a signal
	hp_ctl_start(f);
	assert_int_equal(write(master, "say x\r", 6), 6);
	hp_ctl_expect_somewhere(master, "said: x\r\nhp> ");
	assert_int_equal(write(master, "\004", 1), 1);
	hp_ctl_expect_somewhere(master, "does not end this process\r\nhp> ");
	assert_int_equal(write(master, "quit\r", 5), 5);
	wait_ended(f);
	tcgetattr(slave, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	// The terminal is not left non-blocking, which would hit whoever else uses it.
	assert_int_equal(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
	close(master);
	close(slave);
}

static void the_end_of_a_pipe_ends_the_session_after_its_last_line(void **state)
{
	struct hp_ctl_fixture *f = *state;
	int in[2], out[2];
	char buf[64];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	start_session(f, in[0], out[1], HP_CLI_PLAIN, false);
	assert_int_equal(write(in[1], "say a\nsay b", 11), 11);
	close(in[1]);
	hp_ctl_start(f);
	wait_ended(f);
	assert_int_equal(read(out[0], buf, sizeof(buf)), 16);
	assert_memory_equal(buf, "said: a\nsaid: b\n", 16);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

static void files_and_dev_null_are_read_although_they_cannot_be_polled(void **state)
{
	char path[] = "/tmp/test_hp_ctl_in.XXXXXX";
	struct hp_ctl_fixture *f = *state;
	int in = mkstemp(path), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(in >= 0 && null >= 0);
	unlink(path);
	assert_int_equal(write(in, "say from file\n", 14), 14);
	lseek(in, 0, SEEK_SET);
	start_session(f, in, null, HP_CLI_PLAIN, false);
	hp_ctl_start(f);
	wait_ended(f);
	hp_ctl_stop(f);
	assert_string_equal(f->said, "from file;");
	close(in);
	close(null);
}

static void a_reader_that_is_gone_is_no_signal(void **state)
{
	struct hp_ctl_fixture *f = *state;
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	close(out[0]);
	// A pipe without reader can't be opened anew; the session uses the one it was given.
	start_session(f, in[0], out[1], HP_CLI_PLAIN, false);
	hp_ctl_start(f);
	assert_int_equal(write(in[1], "say a\n", 6), 6);
	wait_ended(f);
	close(in[0]);
	close(in[1]);
	close(out[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hp_ctl_setup, hp_ctl_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_terminal_is_given_back_as_it_was),
		TEST(the_end_of_a_pipe_ends_the_session_after_its_last_line),
		TEST(files_and_dev_null_are_read_although_they_cannot_be_polled),
		TEST(a_reader_that_is_gone_is_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
