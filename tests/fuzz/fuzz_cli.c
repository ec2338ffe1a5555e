// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The command line: each line of the input is run as text and as JSON, completed at its end, and
// fed to a session on a socket, with the greeting that the input begins with.

#include "base/hp_loop.h"
#include "group/hp_cli.h"
#include "group/hp_cli_priv.h"
#include "group/hp_cli_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTED_MAX 1000 // proposals of one completion; more would be endless

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int say(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	hp_out_str(out, "name", hp_cli_str(args, "name"));
	hp_out_uint(out, "n", hp_cli_uint(args, "n", 1));
	hp_out_int(out, "i", hp_cli_int(args, "i", -1));
	hp_out_str(out, "rest", hp_cli_str(args, "rest"));
	hp_out_str(out, "word", hp_cli_word(args, 1));
	return 0;
}

static const struct hp_cli_cmd commands[] = {
	{"show port (info|stats|summary) [<name>]", say, "Ports", "Show ports."},
	{"set <name> <n:uint16> [<i:int32>]", say, "Ports", "Set a value."},
	{"set all <n:uint64>", say, "Ports", "Set all."},
	{"plug <name> <list>", say, "Ports", "Plug a port into others."},
	{"echo <rest...>", say, "Other", "Say it."},
	{NULL},
};
static const struct hp_cli_cmd *const tables[] = {commands, NULL};

static const char *names(void *ctx, unsigned int i)
{
	static const char *const some[] = {"in", "inner", "out", NULL};

	return i < 3 ? some[i] : NULL;
}

static void run_and_complete(struct hp_cli *cli, const char *line)
{
	for (int format = HP_OUT_TEXT; format <= HP_OUT_JSON; format++) {
		struct hp_out *out = NULL;
		int ret = hp_cli_run(cli, line, format, &out);

		if (out == NULL || (ret < 0 && strstr(hp_out_text(out, NULL), "error") == NULL))
			abort(); // lint: abort: this is how a fuzzer is told
		hp_out_free(out);
	}
	for (int first = -1; first <= 0; first++) {
		char buf[256];
		int state = first, n = 0;

		while (hp_cli_complete(cli, line, buf, sizeof(buf), &state) == 1)
			if (n++ > LISTED_MAX)
				abort(); // lint: abort: this is how a fuzzer is told
	}
}

struct session {
	struct hp_loop *loop;
	bool over;
};

static void on_end(void *arg, struct hp_cli_session *session)
{
	struct session *s = arg;

	s->over = true;
	hp_loop_stop(s->loop);
}

// All bytes at once into a session of some mode; it has to end with its peer.
static void converse(struct hp_cli *cli, enum hp_cli_mode mode, const uint8_t *data, size_t size)
{
	struct session s = {.loop = hp_loop_new()};
	struct hp_cli_session_conf conf = {.mode = mode, .prompt = "> ", .end = on_end, .arg = &s};
	struct hp_cli_session *session;
	int fds[2];

	if (s.loop == NULL ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		abort(); // lint: abort: this is how a fuzzer is told
	conf.fd_in = conf.fd_out = fds[0];
	session = hp_cli_session_new(cli, s.loop, &conf);
	if (session == NULL || (size > 0 && send(fds[1], data, size, MSG_NOSIGNAL) < 0))
		abort(); // lint: abort: this is how a fuzzer is told
	close(fds[1]);
	if (!s.over)
		hp_loop_run(s.loop);
	hp_cli_session_free(session);
	close(fds[0]);
	hp_loop_free(s.loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hp_cli *cli; // built once: what is fuzzed are lines
	struct hp_err err = {0};
	char *text, *line, *next;

	if (cli == NULL) {
		cli = hp_cli_new(tables, NULL, &err);
		if (cli == NULL)
			abort(); // lint: abort: this is how a fuzzer is told
		hp_cli_complete_with(cli, "name", names);
		hp_cli_complete_list(cli, "list", names, 2, NULL);
	}
	if (size < 1 || size > 16384)
		return 0;
	converse(cli, data[0] % 3, data + 1, size - 1);
	text = strndup((const char *)data + 1, size - 1);
	if (text == NULL)
		abort(); // lint: abort: this is how a fuzzer is told
	next = text;
	while ((line = strsep(&next, "\n")) != NULL)
		run_and_complete(cli, line);
	free(text);
	return 0;
}
