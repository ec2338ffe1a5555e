// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Sessions on terminals, pipes and sockets, and the server: what peers send, leave undone and do
// not read. The loop runs in a thread of its own, the tests are its peers.

#include "base/hp_loop.h"
#include "base/hp_paths.h"
#include "group/hp_cli.h"
#include "group/hp_cli_session.h"
#include "group/hp_ctl_server.h"
#include "hp_test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define READ_TIMEOUT_S 10 // far more than any answer takes

struct fixture {
	struct hp_loop *loop;
	struct hp_cli *cli;
	struct hp_ctl_server *server;
	struct hp_cli_session *session;
	pthread_t thread;
	bool running;
	char dir[64];
	atomic_uint ended; // sessions whose end was called
	char said[256]; // by the command "say"
};

static int say(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct fixture *f = ctx;
	size_t len = strlen(f->said);

	snprintf(f->said + len, sizeof(f->said) - len, "%s;", hp_cli_str(args, "text"));
	hp_out_str(out, "said", hp_cli_str(args, "text"));
	return 0;
}

static int big(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	uint64_t kib = hp_cli_uint(args, "kib", 0);

	for (uint64_t i = 0; i < kib; i++)
		hp_out_fmt(out, "k", "%01000d", 0);
	return 0;
}

static int bad(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	return hp_cli_fail(out, ENODEV, "no such port");
}

static const struct hp_cli_cmd commands[] = {
	{"say <text...>", say, "Test", "Say it."},
	{"big <kib:uint32>", big, "Test", "Say a lot."},
	{"bad", bad, "Test", "Fail."},
	{NULL},
};
static const struct hp_cli_cmd *const tables[] = {commands, NULL};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct hp_err err = {0};

	assert_non_null(f);
	strcpy(f->dir, "/tmp/test_hp_ctl.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->loop = hp_loop_new();
	f->cli = hp_cli_new(tables, f, &err);
	assert_non_null(f->loop);
	assert_non_null(f->cli);
	f->server = hp_ctl_server_new(f->cli, f->loop, f->dir, "hp> ", &err);
	assert_non_null(f->server);
	*state = f;
	return 0;
}

static void *run_loop(void *arg)
{
	hp_loop_run(arg);
	return NULL;
}

static void start(struct fixture *f)
{
	assert_int_equal(pthread_create(&f->thread, NULL, run_loop, f->loop), 0);
	f->running = true;
}

static void stop(struct fixture *f)
{
	if (!f->running)
		return;
	hp_loop_stop(f->loop);
	pthread_join(f->thread, NULL);
	f->running = false;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	stop(f);
	hp_cli_session_free(f->session);
	hp_ctl_server_free(f->server);
	hp_loop_free(f->loop);
	hp_cli_free(f->cli);
	assert_int_equal(rmdir(f->dir), 0); // the socket is gone
	free(f);
	return 0;
}

static void on_end(void *arg, struct hp_cli_session *session)
{
	struct fixture *f = arg;

	assert_ptr_equal(session, f->session);
	hp_cli_session_free(session);
	f->session = NULL;
	atomic_fetch_add(&f->ended, 1);
}

static void wait_ended(struct fixture *f)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (int i = 0; i < READ_TIMEOUT_S * 1000 && atomic_load(&f->ended) == 0; i++)
		nanosleep(&step, NULL);
	assert_int_equal(atomic_load(&f->ended), 1);
}

static int dial(struct fixture *f)
{
	struct timeval timeout = {.tv_sec = READ_TIMEOUT_S};
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(hp_paths_sockaddr(&addr, f->dir, HP_PATHS_CTL), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return fd;
}

static void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

// Exactly these bytes come next.
static void expect(int fd, const char *want)
{
	size_t len = strlen(want), have = 0;
	char buf[4096];

	assert_true(len < sizeof(buf));
	while (have < len) {
		ssize_t n = read(fd, buf + have, len - have);

		if (n <= 0)
			print_error("got '%.*s', wanted '%s'\n", (int)have, buf, want);
		assert_true(n > 0);
		have += (size_t)n;
	}
	buf[len] = '\0';
	assert_string_equal(buf, want);
}

static void expect_end(int fd)
{
	char c;
	ssize_t n = read(fd, &c, 1);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

// Read until a text has come by.
static void expect_somewhere(int fd, const char *want)
{
	char buf[8192];
	size_t have = 0;

	buf[0] = '\0';
	while (strstr(buf, want) == NULL) {
		ssize_t n = read(fd, buf + have, sizeof(buf) - 1 - have);

		if (n <= 0)
			print_error("got '%s', wanted '%s'\n", buf, want);
		assert_true(n > 0);
		have += (size_t)n;
		buf[have] = '\0';
	}
}

static void answers_are_framed_in_the_wanted_form(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);

	start(f);
	put(fd, "hugepod-ctl 1 text\nsay a b\n");
	expect(fd, "0 10\nsaid: a b\n");
	put(fd, "bad\n\nunknown\n");
	expect(fd, "19 20\nerror: no such port\n0 0\n22 61\nerror: unknown command 'unknown'; "
		   "'help' lists what there is\n");
	close(fd);
	fd = dial(f);
	put(fd, "hugepod-ctl 1 json\nsay x\nbad\n");
	expect(fd, "0 12\n{\"said\":\"x\"}19 24\n{\"error\":\"no such port\"}");
	put(fd, "quit\n");
	expect(fd, "0 2\n{}");
	expect_end(fd);
	close(fd);
}

static void a_peer_may_stop_sending_and_still_read(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);

	start(f);
	put(fd, "hugepod-ctl 1 text\nsay a\nsay b"); // no newline at the end
	shutdown(fd, SHUT_WR);
	expect(fd, "0 8\nsaid: a\n0 8\nsaid: b\n");
	expect_end(fd);
	close(fd);
}

static void greetings_and_lines_may_come_byte_by_byte(void **state)
{
	const char *text = "hugepod-ctl 1 text\nsay slow\n";
	struct fixture *f = *state;
	int fd = dial(f);

	start(f);
	for (const char *c = text; *c != '\0'; c++) {
		const struct timespec step = {.tv_nsec = 200000};
		char one[2] = {*c, '\0'};

		put(fd, one);
		nanosleep(&step, NULL);
	}
	expect(fd, "0 11\nsaid: slow\n");
	close(fd);
}

static void garbage_is_refused_with_a_frame_and_others_are_served(void **state)
{
	static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n", "hugepod-ctl 2 text\n",
		"hugepod-ctl 1 xml\n", "hugepod-ctl 1 \n", "\n",
		"hugepod-ctl 1 texttexttexttexttexttext"};
	struct fixture *f = *state;
	int good = dial(f);

	start(f);
	put(good, "hugepod-ctl 1 text\n");
	for (size_t i = 0; i < HP_LEN(garbage); i++) {
		int fd = dial(f);

		put(fd, garbage[i]);
		expect(fd, "71 "); // EPROTO
		close(fd);
	}
	put(good, "say here\n");
	expect(good, "0 11\nsaid: here\n");
	close(good);
}

static void lines_without_end_and_control_characters_are_refused(void **state)
{
	static char line[4 * HP_CLI_LINE_MAX];
	struct fixture *f = *state;
	int fd = dial(f);

	start(f);
	put(fd, "hugepod-ctl 1 text\n");
	assert_int_equal(send(fd, "say a\0b\n", 8, 0), 8);
	expect(fd, "22 40\nerror: the line has a control character\n");
	memset(line, 'x', sizeof(line) - 1);
	put(fd, line);
	expect(fd, "22 46\nerror: the line has more than 2046 characters\n");
	expect_end(fd);
	close(fd);
}

static void a_peer_that_never_reads_is_bounded_and_others_are_served(void **state)
{
	struct fixture *f = *state;
	struct timeval timeout = {.tv_usec = 200000};
	int deaf = dial(f), good;

	start(f);
	put(deaf, "hugepod-ctl 1 text\n");
	setsockopt(deaf, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	// Commands are taken until the answers fill the socket; then none is read any more.
	for (unsigned int i = 0; i < 100000; i++)
		if (send(deaf, "big 100\n", 8, MSG_NOSIGNAL) != 8)
			break;
	good = dial(f);
	put(good, "hugepod-ctl 1 text\nsay here\n");
	expect(good, "0 11\nsaid: here\n");
	close(good);
	close(deaf);
}

static void an_answer_beyond_the_bound_ends_the_session(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);

	start(f);
	put(fd, "hugepod-ctl 1 text\nbig 8192\n");
	expect_end(fd);
	close(fd);
	fd = dial(f);
	put(fd, "hugepod-ctl 1 text\nbig 2000\n");
	expect(fd, "0 2008000\n");
	for (size_t have = 0; have < 2008000;) {
		char buf[65536];
		ssize_t n = read(fd, buf, sizeof(buf));

		assert_true(n > 0);
		have += (size_t)n;
	}
	put(fd, "say still\n");
	expect(fd, "0 12\nsaid: still\n");
	close(fd);
}

static void a_flood_of_silent_peers_leaves_room_for_others(void **state)
{
	int silent[HP_CTL_PEERS_MAX * 2];
	struct fixture *f = *state;
	int good;

	start(f);
	for (size_t i = 0; i < HP_LEN(silent); i++) {
		silent[i] = dial(f);
		if (i % 2 == 0)
			put(silent[i], "hugepod-ctl 1 te"); // half a greeting
	}
	good = dial(f);
	put(good, "hugepod-ctl 1 text\nsay here\n");
	expect(good, "0 11\nsaid: here\n");
	close(good);
	expect_end(silent[0]); // the most silent one was cut off
	for (size_t i = 0; i < HP_LEN(silent); i++)
		close(silent[i]);
}

static void a_peer_that_does_not_greet_is_cut_off_in_time(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);

	start(f);
	put(fd, "hugepod");
	expect_end(fd);
	close(fd);
}

static void a_terminal_over_the_socket_edits_and_completes(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);

	start(f);
	put(fd, "hugepod-ctl 1 tty\n");
	expect(fd, "hp> ");
	put(fd, "sa\t");
	expect(fd, "say ");
	put(fd, "hx\bi\r");
	expect_somewhere(fd, "said: hi\nhp> ");
	put(fd, "\033[A"); // the line before
	expect_somewhere(fd, "say hi");
	put(fd, "\r");
	expect_somewhere(fd, "hp> ");
	put(fd, "\003\004"); // Ctrl-C: a new line; Ctrl-D: good-bye
	expect_somewhere(fd, "hp> \r\n");
	expect_end(fd);
	close(fd);
	stop(f);
	assert_string_equal(f->said, "hi;hi;");
}

static void a_second_server_takes_over_a_stale_socket(void **state)
{
	struct fixture *f = *state;
	struct hp_err err = {0};
	struct hp_ctl_server *second = hp_ctl_server_new(f->cli, f->loop, f->dir, "new> ", &err);
	int fd;

	assert_non_null(second);
	fd = dial(f);
	start(f);
	put(fd, "hugepod-ctl 1 tty\n");
	expect(fd, "new> ");
	close(fd);
	stop(f);
	hp_ctl_server_free(second);
	assert_null(hp_ctl_server_new(f->cli, f->loop, "/nonexistent", "x", &err));
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
	assert_non_null(strstr(err.text, "/nonexistent/hp_ctl: No such file"));
}

static void start_session(
	struct fixture *f, int in, int out, enum hp_cli_mode mode, bool ignore_eof_key)
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
	struct fixture *f = *state;
	int master, slave;

	memset(&before, 0, sizeof(before)); // padding is compared, too
	memset(&after, 0, sizeof(after));
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &before);
	start_session(f, slave, slave, HP_CLI_EDIT, true);
	tcgetattr(slave, &during);
	assert_int_equal(during.c_lflag & (ICANON | ECHO), 0);
	assert_int_not_equal(during.c_lflag & ISIG, 0); // Ctrl-C stays a signal
	start(f);
	assert_int_equal(write(master, "say x\r", 6), 6);
	expect_somewhere(master, "said: x\r\nhp> ");
	assert_int_equal(write(master, "\004", 1), 1);
	expect_somewhere(master, "does not end this process\r\nhp> ");
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
	struct fixture *f = *state;
	int in[2], out[2];
	char buf[64];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	start_session(f, in[0], out[1], HP_CLI_PLAIN, false);
	assert_int_equal(write(in[1], "say a\nsay b", 11), 11);
	close(in[1]);
	start(f);
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
	struct fixture *f = *state;
	int in = mkstemp(path), null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(in >= 0 && null >= 0);
	unlink(path);
	assert_int_equal(write(in, "say from file\n", 14), 14);
	lseek(in, 0, SEEK_SET);
	start_session(f, in, null, HP_CLI_PLAIN, false);
	start(f);
	wait_ended(f);
	stop(f);
	assert_string_equal(f->said, "from file;");
	close(in);
	close(null);
}

static void a_reader_that_is_gone_is_no_signal(void **state)
{
	struct fixture *f = *state;
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	close(out[0]);
	// A pipe without reader can't be opened anew; the session uses the one it was given.
	start_session(f, in[0], out[1], HP_CLI_PLAIN, false);
	start(f);
	assert_int_equal(write(in[1], "say a\n", 6), 6);
	wait_ended(f);
	close(in[0]);
	close(in[1]);
	close(out[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(a_terminal_is_given_back_as_it_was),
		TEST(the_end_of_a_pipe_ends_the_session_after_its_last_line),
		TEST(files_and_dev_null_are_read_although_they_cannot_be_polled),
		TEST(a_reader_that_is_gone_is_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
