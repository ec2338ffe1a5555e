// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The command line's socket: what peers send, leave undone and do not read.

#include "base/hp_ctl.h"
#include "hp_ctl_help.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void answers_are_framed_in_the_wanted_form(void **state)
{
	struct hp_ctl_fixture *f = *state;
	int fd = hp_ctl_dial(f);

	hp_ctl_start(f);
	hp_ctl_put(fd, "hugepod-ctl 1 text\nsay a b\n");
	hp_ctl_expect(fd, "0 10\nsaid: a b\n");
	hp_ctl_put(fd, "bad\n\nunknown\n");
	hp_ctl_expect(fd,
		"19 20\nerror: no such port\n0 0\n22 61\nerror: unknown command 'unknown'; "
		"'help' lists what there is\n");
	close(fd);
	fd = hp_ctl_dial(f);
	hp_ctl_put(fd, "hugepod-ctl 1 json\nsay x\nbad\n");
	hp_ctl_expect(fd, "0 12\n{\"said\":\"x\"}19 24\n{\"error\":\"no such port\"}");
	hp_ctl_put(fd, "quit\n");
	hp_ctl_expect(fd, "0 2\n{}");
	hp_ctl_expect_end(fd);
	close(fd);
}

static void a_peer_may_stop_sending_and_still_read(void **state)
{
	struct hp_ctl_fixture *f = *state;
	int fd = hp_ctl_dial(f);

	hp_ctl_start(f);
	hp_ctl_put(fd, "hugepod-ctl 1 text\nsay a\nsay b"); // no newline at the end
	shutdown(fd, SHUT_WR);
	hp_ctl_expect(fd, "0 8\nsaid: a\n0 8\nsaid: b\n");
	hp_ctl_expect_end(fd);
	close(fd);
}

static void greetings_and_lines_may_come_byte_by_byte(void **state)
{
	const char *text = "hugepod-ctl 1 text\nsay slow\n";
	struct hp_ctl_fixture *f = *state;
	int fd = hp_ctl_dial(f);

	hp_ctl_start(f);
	for (const char *c = text; *c != '\0'; c++) {
		const struct timespec step = {.tv_nsec = 200000};
		char one[2] = {*c, '\0'};

		hp_ctl_put(fd, one);
		nanosleep(&step, NULL);
	}
	hp_ctl_expect(fd, "0 11\nsaid: slow\n");
	close(fd);
}

static void garbage_is_refused_with_a_frame_and_others_are_served(void **state)
{
	static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n", "hugepod-ctl 2 text\n",
		"hugepod-ctl 1 xml\n", "hugepod-ctl 1 \n", "\n",
		"hugepod-ctl 1 texttexttexttexttexttext"};
	struct hp_ctl_fixture *f = *state;
	int good = hp_ctl_dial(f);

	hp_ctl_start(f);
	hp_ctl_put(good, "hugepod-ctl 1 text\n");
	for (size_t i = 0; i < HP_LEN(garbage); i++) {
		int fd = hp_ctl_dial(f);

		hp_ctl_put(fd, garbage[i]);
		hp_ctl_expect(fd, "71 "); // EPROTO
		close(fd);
	}
	hp_ctl_put(good, "say here\n");
	hp_ctl_expect(good, "0 11\nsaid: here\n");
	close(good);
}

static void lines_without_end_and_control_characters_are_refused(void **state)
{
	static char line[4 * HP_CLI_LINE_MAX];
	struct hp_ctl_fixture *f = *state;
	int fd = hp_ctl_dial(f);

	hp_ctl_start(f);
	hp_ctl_put(fd, "hugepod-ctl 1 text\n");
	assert_int_equal(send(fd, "say a\0b\n", 8, 0), 8);
	hp_ctl_expect(fd, "22 40\nerror: the line has a control character\n");
	memset(line, 'x', sizeof(line) - 1);
	hp_ctl_put(fd, line);
	hp_ctl_expect(fd, "22 46\nerror: the line has more than 2046 characters\n");
	hp_ctl_expect_end(fd);
	close(fd);
}

static void a_peer_that_never_reads_is_bounded_and_others_are_served(void **state)
{
	struct hp_ctl_fixture *f = *state;
	struct timeval timeout = {.tv_usec = 200000};
	int deaf = hp_ctl_dial(f), good;

	hp_ctl_start(f);
	hp_ctl_put(deaf, "hugepod-ctl 1 text\n");
	setsockopt(deaf, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	// Commands are taken until the answers fill the socket; then none is read any more.
	for (unsigned int i = 0; i < 100000; i++)
		if (send(deaf, "big 100\n", 8, MSG_NOSIGNAL) != 8)
			break;
	good = hp_ctl_dial(f);
	hp_ctl_put(good, "hugepod-ctl 1 text\nsay here\n");
	hp_ctl_expect(good, "0 11\nsaid: here\n");
	close(good);
	close(deaf);
}

static void an_answer_beyond_the_bound_ends_the_session(void **state)
{
	struct hp_ctl_fixture *f = *state;
	int fd = hp_ctl_dial(f);

	hp_ctl_start(f);
	hp_ctl_put(fd, "hugepod-ctl 1 text\nbig 8192\n");
	hp_ctl_expect_end(fd);
	close(fd);
	fd = hp_ctl_dial(f);
	hp_ctl_put(fd, "hugepod-ctl 1 text\nbig 2000\n");
	hp_ctl_expect(fd, "0 2008000\n");
	for (size_t have = 0; have < 2008000;) {
		char buf[65536];
		ssize_t n = read(fd, buf, sizeof(buf));

		assert_true(n > 0);
		have += (size_t)n;
	}
	hp_ctl_put(fd, "say still\n");
	hp_ctl_expect(fd, "0 12\nsaid: still\n");
	close(fd);
}

static void a_flood_of_silent_peers_leaves_room_for_others(void **state)
{
	int silent[HP_CTL_PEERS_MAX * 2];
	struct hp_ctl_fixture *f = *state;
	int good;

	hp_ctl_start(f);
	for (size_t i = 0; i < HP_LEN(silent); i++) {
		silent[i] = hp_ctl_dial(f);
		if (i % 2 == 0)
			hp_ctl_put(silent[i], "hugepod-ctl 1 te"); // half a greeting
	}
	good = hp_ctl_dial(f);
	hp_ctl_put(good, "hugepod-ctl 1 text\nsay here\n");
	hp_ctl_expect(good, "0 11\nsaid: here\n");
	close(good);
	hp_ctl_expect_end(silent[0]); // the most silent one was cut off
	for (size_t i = 0; i < HP_LEN(silent); i++)
		close(silent[i]);
}

static void a_peer_that_does_not_greet_is_cut_off_in_time(void **state)
{
	struct hp_ctl_fixture *f = *state;
	int fd = hp_ctl_dial(f);

	hp_ctl_start(f);
	hp_ctl_put(fd, "hugepod");
	hp_ctl_expect_end(fd);
	close(fd);
}

static void a_terminal_over_the_socket_edits_and_completes(void **state)
{
	struct hp_ctl_fixture *f = *state;
	int fd = hp_ctl_dial(f);

	hp_ctl_start(f);
	hp_ctl_put(fd, "hugepod-ctl 1 tty\n");
	hp_ctl_expect(fd, "hp> ");
	hp_ctl_put(fd, "sa\t");
	hp_ctl_expect(fd, "say ");
	hp_ctl_put(fd, "hx\bi\r");
	hp_ctl_expect_somewhere(fd, "said: hi\nhp> ");
	hp_ctl_put(fd, "\033[A"); // the line before
	hp_ctl_expect_somewhere(fd, "say hi");
	hp_ctl_put(fd, "\r");
	hp_ctl_expect_somewhere(fd, "hp> ");
	hp_ctl_put(fd, "\003\004"); // Ctrl-C: a new line; Ctrl-D: good-bye
	hp_ctl_expect_somewhere(fd, "hp> \r\n");
	hp_ctl_expect_end(fd);
	close(fd);
	hp_ctl_stop(f);
	assert_string_equal(f->said, "hi;hi;");
}

static void a_second_server_takes_over_a_stale_socket(void **state)
{
	struct hp_ctl_fixture *f = *state;
	struct hp_err err = {0};
	struct hp_ctl_server *second = hp_ctl_server_new(f->cli, f->loop, f->dir, "new> ", &err);
	int fd;

	assert_non_null(second);
	fd = hp_ctl_dial(f);
	hp_ctl_start(f);
	hp_ctl_put(fd, "hugepod-ctl 1 tty\n");
	hp_ctl_expect(fd, "new> ");
	close(fd);
	hp_ctl_stop(f);
	hp_ctl_server_free(second);
	assert_null(hp_ctl_server_new(f->cli, f->loop, "/nonexistent", "x", &err));
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
	assert_non_null(strstr(err.text, "/nonexistent/hp_ctl: No such file"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hp_ctl_setup, hp_ctl_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_are_framed_in_the_wanted_form),
		TEST(a_peer_may_stop_sending_and_still_read),
		TEST(greetings_and_lines_may_come_byte_by_byte),
		TEST(garbage_is_refused_with_a_frame_and_others_are_served),
		TEST(lines_without_end_and_control_characters_are_refused),
		TEST(a_peer_that_never_reads_is_bounded_and_others_are_served),
		TEST(an_answer_beyond_the_bound_ends_the_session),
		TEST(a_flood_of_silent_peers_leaves_room_for_others),
		TEST(a_peer_that_does_not_greet_is_cut_off_in_time),
		TEST(a_terminal_over_the_socket_edits_and_completes),
		TEST(a_second_server_takes_over_a_stale_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
