// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "hp_ctl_help.h"

#include "base/hp_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int say(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_ctl_fixture *f = ctx;
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

int hp_ctl_setup(void **state)
{
	struct hp_ctl_fixture *f = calloc(1, sizeof(*f));
	struct hp_err err = {0};

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test_hp_ctl.XXXXXX");
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

void hp_ctl_start(struct hp_ctl_fixture *f)
{
	assert_int_equal(pthread_create(&f->thread, NULL, run_loop, f->loop), 0);
	f->running = true;
}

void hp_ctl_stop(struct hp_ctl_fixture *f)
{
	if (!f->running)
		return;
	hp_loop_stop(f->loop);
	pthread_join(f->thread, NULL);
	f->running = false;
}

int hp_ctl_teardown(void **state)
{
	struct hp_ctl_fixture *f = *state;

	hp_ctl_stop(f);
	hp_cli_session_free(f->session);
	hp_ctl_server_free(f->server);
	hp_loop_free(f->loop);
	hp_cli_free(f->cli);
	assert_int_equal(rmdir(f->dir), 0); // the socket is gone
	free(f);
	return 0;
}

int hp_ctl_dial(struct hp_ctl_fixture *f)
{
	struct timeval timeout = {.tv_sec = HP_CTL_TIMEOUT_S};
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(hp_paths_sockaddr(&addr, f->dir, HP_PATHS_CTL), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return fd;
}

void hp_ctl_put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void hp_ctl_expect(int fd, const char *want)
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

void hp_ctl_expect_end(int fd)
{
	char c;
	ssize_t n = read(fd, &c, 1);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

void hp_ctl_expect_somewhere(int fd, const char *want)
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
