// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The client of the group's command line, and `hugepod ctl` and `hugepod probe` as programs,
// against a real server in a thread and against a listener that answers whatever a case says.

#include "base/hp_ctl.h"
#include "base/hp_loop.h"
#include "base/hp_paths.h"
#include "group/hp_cli.h"
#include "group/hp_ctl_server.h"
#include "hp_program.h"
#include "hp_test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct fixture {
	char base[64]; // as $RUNTIME_DIRECTORY
	char dir[128]; // base/dpdk/rte
	struct hp_loop *loop;
	struct hp_cli *cli;
	struct hp_ctl_server *server;
	pthread_t thread;
	// of the listener
	int listener;
	const char *answer; // what it sends to whoever connects
	uint64_t epoch; // of "ask"
};

// As hp-primary does it; member names say what is wrong with them.
static int ready(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *member = hp_cli_str(args, "member");
	struct fixture *f = ctx;
	const char *state = "ready";

	if (member != NULL && (strcmp(member, "absent") == 0 || strcmp(member, "stuck") == 0 ||
				      strcmp(member, "attaching") == 0))
		state = member;
	if (member == NULL || strcmp(member, "frozen") != 0)
		f->epoch++;
	hp_out_object(out, "ready");
	hp_out_str(out, "member", member);
	hp_out_str(out, "state", state);
	hp_out_bool(out, "ready", strcmp(state, "ready") == 0);
	hp_out_uint(out, "epoch", member != NULL && strcmp(member, "loopless") == 0 ? 0 : f->epoch);
	hp_out_end(out);
	return 0;
}

static int question(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *member = hp_cli_str(args, "member");

	if (member != NULL && strcmp(member, "fw") != 0)
		return hp_cli_fail(out, ENOENT, "no member '%s' has joined", member);
	hp_out_bool(out, "ready", true);
	return 0;
}

static int sleepy(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct timespec ts = {.tv_nsec = 300000000};

	nanosleep(&ts, NULL);
	return 0;
}

static const struct hp_cli_cmd commands[] = {
	{"show ready [<member>]", ready, "Test", "For probe."},
	{"ask [<member>]", question, "Test", "Is it?"},
	{"sleep", sleepy, "Test", "Be slow."},
	{NULL},
};
static const struct hp_cli_cmd *const tables[] = {commands, NULL};

static void make_dirs(struct fixture *f)
{
	char path[128];

	snprintf(f->base, sizeof(f->base), "/tmp/test_hp_ctl.XXXXXX");
	assert_non_null(mkdtemp(f->base));
	snprintf(path, sizeof(path), "%s/dpdk", f->base);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(f->dir, sizeof(f->dir), "%s/dpdk/rte", f->base);
	assert_int_equal(mkdir(f->dir, 0700), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->listener = -1;
	make_dirs(f);
	*state = f;
	return 0;
}

static void *run_loop(void *arg)
{
	struct fixture *f = arg;

	hp_loop_run(f->loop);
	return NULL;
}

static void start_server(struct fixture *f)
{
	struct hp_err err = {0};

	f->loop = hp_loop_new();
	f->cli = hp_cli_new(tables, f, &err);
	f->epoch = 1;
	f->server = hp_ctl_server_new(f->cli, f->loop, f->dir, "hp> ", &err);
	assert_non_null(f->server);
	assert_int_equal(pthread_create(&f->thread, NULL, run_loop, f), 0);
}

static void *answer_one(void *arg)
{
	struct fixture *f = arg;
	char buf[256];
	int fd = accept(f->listener, NULL, NULL);

	if (fd < 0)
		return NULL;
	assert_true(recv(fd, buf, sizeof(buf), 0) > 0);
	send(fd, f->answer, strlen(f->answer), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
	close(fd);
	return NULL;
}

static void start_listener(struct fixture *f)
{
	struct sockaddr_un addr;

	assert_int_equal(hp_paths_sockaddr(&addr, f->dir, HP_PATHS_CTL), 0);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(addr.sun_path);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(f->listener, 1), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, answer_one, f), 0);
}

static void end_listener(struct fixture *f)
{
	pthread_join(f->thread, NULL);
	close(f->listener);
	f->listener = -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[256];

	if (f->loop != NULL) {
		hp_loop_stop(f->loop);
		pthread_join(f->thread, NULL);
	}
	hp_ctl_server_free(f->server);
	hp_cli_free(f->cli);
	hp_loop_free(f->loop);
	snprintf(path, sizeof(path), "%s/%s", f->dir, HP_PATHS_CTL);
	unlink(path);
	rmdir(f->dir);
	snprintf(path, sizeof(path), "%s/dpdk", f->base);
	rmdir(path);
	rmdir(f->base);
	free(f);
	return 0;
}

static void questions_are_answered(void **state)
{
	struct hp_ctl_answer answer;
	struct fixture *f = *state;
	struct hp_err err = {0};
	int fd;

	start_server(f);
	fd = hp_ctl_open(f->dir, "json", 0, &err);
	assert_true(fd >= 0);
	assert_int_equal(hp_ctl_ask(fd, "ask", 1000000, &answer, &err), 0);
	assert_int_equal(answer.status, 0);
	assert_string_equal(answer.text, "{\"ready\":true}");
	assert_int_equal(answer.len, strlen(answer.text));
	free(answer.text);
	assert_int_equal(hp_ctl_ask(fd, "ask x", 1000000, &answer, &err), 0);
	assert_int_equal(answer.status, ENOENT);
	free(answer.text);
	assert_int_equal(hp_ctl_ask(fd, "sleep", 50000, &answer, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "has not answered within 50 ms"));
	assert_null(answer.text);
	close(fd);
}

static void what_is_no_answer_is_refused(void **state)
{
	static const struct {
		const char *answer;
		int ret;
	} cases[] = {
		{"", -EPIPE},
		{"0", -EPIPE},
		{"0 5\nabc", -EPIPE},
		{"\n", -EPROTO},
		{"0\n", -EPROTO},
		{"0 5 5\nabcde", -EPROTO},
		{"-1 5\nabcde", -EPROTO},
		{"0 0x5\nabcde", -EPROTO},
		{"0 16777217\n", -EPROTO},
		{"0 99999999999999999999\n", -EPROTO},
		{"HTTP/1.1 400 Bad Request\r\n", -EPROTO},
		{"00000000000000000000000000000000000000000000", -EPROTO},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct hp_ctl_answer answer;
		struct hp_err err = {0};
		int fd, ret;

		f->answer = cases[i].answer;
		start_listener(f);
		fd = hp_ctl_open(f->dir, "text", 0, &err);
		assert_true(fd >= 0);
		ret = hp_ctl_ask(fd, "x", 2000000, &answer, &err);
		if (ret != cases[i].ret)
			print_error("'%s': %d %s\n", cases[i].answer, ret, err.text);
		assert_int_equal(ret, cases[i].ret);
		assert_int_equal(err.exit_code, HP_EXIT_OTHER);
		assert_null(answer.text);
		close(fd);
		end_listener(f);
	}
}

static void a_primary_that_is_not_there_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct hp_err err = {0};
	struct timespec before, after;
	char missing[256];

	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(hp_ctl_open(f->dir, "text", 200000, &err), -ENOENT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000 +
			    (after.tv_nsec - before.tv_nsec) / 1000000 >=
		    200);
	assert_int_equal(err.exit_code, HP_EXIT_NO_PRIMARY);
	memset(&err, 0, sizeof(err));
	snprintf(missing, sizeof(missing), "%s/%0100d", f->dir, 0);
	assert_int_equal(hp_ctl_open(missing, "text", 0, &err), -ENAMETOOLONG);
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
}

static void ctl_runs_a_command_and_tells_by_its_exit_code(void **state)
{
	struct fixture *f = *state;
	const char *good[] = {"ctl", "--runtime-dir", f->base, "ask", "fw", NULL};
	const char *json[] = {"ctl", "--runtime-dir", f->base, "ask", "fw", "--json", NULL};
	const char *bad[] = {"ctl", "--runtime-dir", f->base, "--", "ask nobody", NULL};
	const char *usage[] = {"ctl", "--runtime-dri", f->base, "show", NULL};
	const char *two[] = {"ctl", "--runtime-dir", f->base, "show\nready", NULL};
	const char *prefix[] = {"ctl", "--file-prefix", "a/b", "show", NULL};
	struct hp_result r = hp_run_hugepod(good, "");

	assert_int_equal(r.code, HP_EXIT_NO_PRIMARY);
	assert_non_null(strstr(r.err, "hugepod ctl: no primary listens at /tmp/"));
	start_server(f);
	r = hp_run_hugepod(good, "");
	assert_int_equal(r.code, 0);
	assert_string_equal(r.out, "ready: yes\n");
	r = hp_run_hugepod(json, "");
	assert_int_equal(r.code, 0);
	assert_string_equal(r.out, "{\"ready\":true}\n");
	r = hp_run_hugepod(bad, "");
	assert_int_equal(r.code, HP_EXIT_OTHER);
	assert_string_equal(r.out, "");
	assert_string_equal(r.err, "error: no member 'nobody' has joined\n");
	assert_int_equal(hp_run_hugepod(usage, "").code, HP_EXIT_USAGE);
	assert_int_equal(hp_run_hugepod(two, "").code, HP_EXIT_USAGE);
	assert_int_equal(hp_run_hugepod(prefix, "").code, HP_EXIT_USAGE);
}

static void ctl_reads_commands_from_standard_input(void **state)
{
	struct fixture *f = *state;
	const char *text[] = {"ctl", "--runtime-dir", f->base, NULL};
	const char *json[] = {"ctl", "--runtime-dir", f->base, "--json", NULL};
	struct hp_result r;

	start_server(f);
	r = hp_run_hugepod(text, "ask\n\n# comment\nask fw");
	assert_int_equal(r.code, 0);
	assert_string_equal(r.out, "ready: yes\nready: yes\n");
	r = hp_run_hugepod(json, "ask x\nask\n");
	assert_int_equal(r.code, HP_EXIT_OTHER); // one failed
	assert_string_equal(r.out, "{\"error\":\"no member 'x' has joined\"}\n{\"ready\":true}\n");
	r = hp_run_hugepod(text, "");
	assert_int_equal(r.code, 0);
}

// Read on until @p want has come; false at the end.
static bool read_until(int fd, char *buf, size_t size, const char *want)
{
	size_t len = strlen(buf);

	while (strstr(buf, want) == NULL && len + 1 < size) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
		buf[len] = '\0';
	}
	return true;
}

// Ctrl-C gives up what is typed; where nothing is, it leaves, as "quit" does.
static void ctl_on_a_terminal_is_the_primarys_command_line(void **state)
{
	struct fixture *f = *state;

	start_server(f);
	for (int quit = 0; quit < 2; quit++) {
		char buf[4096] = "";
		int master, status;
		pid_t pid = forkpty(&master, NULL, NULL, NULL);

		if (pid == 0) {
			execl(HUGEPOD_PROGRAM, "hugepod", "ctl", "--runtime-dir", f->base, NULL);
			_exit(127); // lint: _exit: the child of a fork whose exec failed
		}
		assert_true(read_until(master, buf, sizeof(buf), "hp> "));
		assert_int_equal(write(master, "q\003as\tf\bfw\r", 10), 10);
		assert_true(read_until(master, buf, sizeof(buf), "ready: yes"));
		assert_int_equal(
			write(master, quit ? "quit\r" : "\003", quit ? 5 : 1), quit ? 5 : 1);
		assert_false(read_until(master, buf, sizeof(buf), "never"));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_non_null(strstr(buf, "hp> ask "));
		close(master);
	}
}

static void ctl_gives_the_terminal_back_when_a_signal_ends_it(void **state)
{
	struct termios before, after;
	struct fixture *f = *state;
	int master, slave, status;
	char c;
	pid_t pid;

	start_server(f);
	memset(&before, 0, sizeof(before)); // padding is compared, too
	memset(&after, 0, sizeof(after));
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &before);
	pid = fork();
	if (pid == 0) {
		dup2(slave, 0);
		dup2(slave, 1);
		execl(HUGEPOD_PROGRAM, "hugepod", "ctl", "--runtime-dir", f->base, NULL);
		_exit(127); // lint: _exit: the child of a fork whose exec failed
	}
	assert_int_equal(read(master, &c, 1), 1); // the prompt begins: it is raw now
	tcgetattr(slave, &after);
	assert_int_equal(after.c_lflag & (ICANON | ECHO | ISIG), 0);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == HP_EXIT_OTHER);
	tcgetattr(slave, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	close(master);
	close(slave);
}

static void probe_says_yes_or_no_in_one_line(void **state)
{
	struct fixture *f = *state;
	const char *ready_words[] = {"probe", "ready", "--runtime-dir", f->base, NULL};
	const char *frozen[] = {"probe", "live", "--runtime-dir", f->base, "--member", "frozen",
		"--timeout=100ms", NULL};
	static const struct {
		const char *what, *member, *want;
		int code;
	} cases[] = {
		{"ready", "fw", "fw is ready\n", 0},
		{"ready", "absent", "absent is not ready: its state is 'absent'\n", 1},
		{"ready", "attaching", "attaching is not ready: its state is 'attaching'\n", 1},
		{"ready", "stuck", "stuck is not ready: its state is 'stuck'\n", 1},
		{"ready", "frozen", "frozen is ready\n", 0},
		{"live", "fw", "fw is live\n", 0},
		{"live", "absent", "absent is not live: its state is 'absent'\n", 1},
		{"live", "attaching", "attaching is live\n", 0},
		{"live", "stuck", "stuck is not live: its state is 'stuck'\n", 1},
		{"live", "loopless", "loopless is live\n", 0},
	};
	const char *waits[] = {"probe", "live", "--runtime-dir", f->base, "--member", "fw", NULL};
	const char *wrong[] = {"probe", "alive", NULL}, *none[] = {"probe", NULL};
	struct hp_result r = hp_run_hugepod(ready_words, "");
	double best = 1e9;

	assert_int_equal(r.code, HP_EXIT_OTHER);
	assert_ptr_equal(strstr(r.out, "primary is not ready: no primary listens at "), r.out);
	// a member that waits for its primary is not to be killed for that, a primary is not there
	r = hp_run_hugepod(waits, "");
	assert_string_equal(r.out, "fw is live: it waits, for no primary listens\n");
	assert_int_equal(r.code, 0);
	waits[1] = "ready";
	assert_int_equal(hp_run_hugepod(waits, "").code, HP_EXIT_OTHER);
	waits[1] = "live";
	waits[4] = NULL;
	assert_int_equal(hp_run_hugepod(waits, "").code, HP_EXIT_OTHER);
	start_server(f);
	r = hp_run_hugepod(ready_words, "");
	assert_int_equal(r.code, 0);
	assert_string_equal(r.out, "primary is ready\n");
	for (size_t i = 0; i < HP_LEN(cases); i++) {
		const char *words[] = {"probe", cases[i].what, "--runtime-dir", f->base, "--member",
			cases[i].member, NULL};

		r = hp_run_hugepod(words, "");
		assert_string_equal(r.out, cases[i].want);
		assert_int_equal(r.code, cases[i].code);
	}
	r = hp_run_hugepod(frozen, "");
	assert_int_equal(r.code, HP_EXIT_OTHER);
	assert_ptr_equal(
		strstr(r.out, "frozen is not live: its packet loop stands still at turn "), r.out);
	assert_int_equal(hp_run_hugepod(wrong, "").code, HP_EXIT_USAGE);
	assert_int_equal(hp_run_hugepod(none, "").code, HP_EXIT_USAGE);
	// The best of some runs: what else the machine does is not the probe's fault.
	for (int i = 0; i < 20; i++) {
		r = hp_run_hugepod(ready_words, "");
		best = r.ms < best ? r.ms : best;
	}
	print_message("hugepod probe: %.2f ms\n", best);
	assert_true(best < PROBE_MS_MAX);
}

static void probe_does_not_wait_for_ever(void **state)
{
	struct fixture *f = *state;
	const char *words[] = {
		"probe", "live", "--runtime-dir", f->base, "--timeout", "50ms", NULL};
	struct sockaddr_un addr;
	struct hp_result r;

	assert_int_equal(hp_paths_sockaddr(&addr, f->dir, HP_PATHS_CTL), 0);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(f->listener, 1), 0); // connects, and nobody answers
	r = hp_run_hugepod(words, "");
	assert_int_equal(r.code, HP_EXIT_OTHER);
	assert_non_null(strstr(r.out, "has not answered within 50 ms"));
	assert_true(r.ms < 2000);
	close(f->listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions_are_answered),
		TEST(what_is_no_answer_is_refused),
		TEST(a_primary_that_is_not_there_is_waited_for),
		TEST(ctl_runs_a_command_and_tells_by_its_exit_code),
		TEST(ctl_reads_commands_from_standard_input),
		TEST(ctl_on_a_terminal_is_the_primarys_command_line),
		TEST(ctl_gives_the_terminal_back_when_a_signal_ends_it),
		TEST(probe_says_yes_or_no_in_one_line),
		TEST(probe_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
