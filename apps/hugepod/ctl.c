// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod ctl: the primary's command line from outside: one command, lines of standard input, or
// a terminal (ctl_tty.c).

#include "ctl.h"

#include "base/hp_config.h"
#include "base/hp_ctl.h"
#include "base/hp_paths.h"
#include "hugepod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) .offset = offsetof(struct ctl_opts, field)
#define LINE_MAX_LEN 2046 // characters of a command that the primary takes
#define US_PER_S UINT64_C(1000000)

struct ctl_opts {
	char *file_prefix;
	char *runtime_dir;
	bool json;
	uint64_t wait_us; // for the primary
	uint64_t timeout_us; // for one answer
};

// clang-format off
static const struct hp_opt opts[] = {
	{"file-prefix", 0, HP_OPT_STRING, HP_OPT_CLI, AT(file_prefix), .min = 1,
	 .max = HP_PREFIX_MAX - 1, .def = HP_PATHS_PREFIX_DEFAULT, .arg = "PREFIX",
	 .check = hp_config_check_prefix, .help = "The group's name."},
	{"runtime-dir", 0, HP_OPT_STRING, HP_OPT_CLI, AT(runtime_dir), .min = 1, .arg = "DIR",
	 .help = "Instead of $RUNTIME_DIRECTORY."},
	{"json", 0, HP_OPT_FLAG, HP_OPT_CLI, AT(json), .help = "Print answers as JSON, one a line."},
	{"wait-primary", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(wait_us), .max = 3600 * US_PER_S,
	 .def = "0", .help = "How long to wait for a primary that is not there yet."},
	{"timeout", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(timeout_us), .min = 1000,
	 .max = 3600 * US_PER_S, .def = "10s", .help = "How long to wait for one answer."},
	{NULL},
};
// clang-format on

static const struct hp_opt_set ctl_opt_set = {
	.program = "hugepod ctl",
	.summary = "runs commands of a group's primary",
	.usage = "[OPTIONS] [COMMAND...]",
	.details =
		"The words of COMMAND are one command of hp-primary's command line, as in "
		"\"hugepod ctl show port stats all\"; \"hugepod ctl help all\" lists them.\n\n"
		"Without a command and on a terminal, this is the primary's command line with "
		"history and completion; \"quit\", Ctrl-D, or Ctrl-C on an empty line leaves it. "
		"It works under kubectl exec -it as well. Where standard input is no terminal, "
		"each of its lines is a "
		"command.\n\n"
		"The exit code is 0, or 1 if a command failed.",
	.opts = opts,
};

// Answers go to stdout; what failed goes to stderr unless it is JSON that somebody parses.
static int print_answer(const struct ctl_opts *o, const struct hp_ctl_answer *answer)
{
	bool failed = answer->status != 0;
	FILE *file = failed && !o->json ? stderr : stdout;

	if (answer->len > 0) {
		fwrite(answer->text, 1, answer->len, file);
		if (answer->text[answer->len - 1] != '\n')
			fputc('\n', file);
	}
	fflush(file);
	return failed ? HP_EXIT_OTHER : HP_EXIT_OK;
}

static int run_command(int fd, const struct ctl_opts *o, const char *line, struct hp_err *err)
{
	struct hp_ctl_answer answer;
	int code;

	if (hp_ctl_ask_again(fd, line, o->timeout_us, &answer, err) < 0)
		return err->exit_code;
	code = print_answer(o, &answer);
	free(answer.text);
	return code;
}

// The words as one line; they are the primary's to judge, but one line they have to be.
static int join_words(char **words, int n, char *line, size_t size, struct hp_err *err)
{
	size_t len = 0;

	line[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (strpbrk(words[i], "\n\r") != NULL)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"a command is one line: run hugepod ctl once for each");
		len += (size_t)snprintf(
			line + len, size - len, "%s%s", i == 0 ? "" : " ", words[i]);
		if (len > LINE_MAX_LEN)
			return hp_err_set(err, HP_EXIT_USAGE, E2BIG,
				"the command has more than %d characters", LINE_MAX_LEN);
	}
	return 0;
}

static int run_lines(int fd, const struct ctl_opts *o, FILE *in, struct hp_err *err)
{
	int code = HP_EXIT_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (err->exit_code == 0 && (len = getline(&line, &size, in)) >= 0) {
		hp_ctl_show_nuls(line, (size_t)len);
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (line[strspn(line, " \t\r")] == '\0')
			continue;
		if (strlen(line) > LINE_MAX_LEN) {
			code = hp_err_set(err, HP_EXIT_USAGE, E2BIG,
				"a command has more than %d characters", LINE_MAX_LEN);
			break;
		}
		if (run_command(fd, o, line, err) != HP_EXIT_OK)
			code = HP_EXIT_OTHER;
	}
	free(line);
	return err->exit_code != 0 ? err->exit_code : code;
}

static int run(const void *given, int n_words, char **words, struct hp_err *err)
{
	const struct ctl_opts *o = given;
	bool terminal = n_words == 0 && !o->json && isatty(STDIN_FILENO);
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path) + HP_PREFIX_MAX + 4096];
	char line[LINE_MAX_LEN + 4096];
	int fd, code;

	if (n_words > 0 && join_words(words, n_words, line, sizeof(line), err) < 0)
		return err->exit_code;
	if (hp_paths_runtime_dir(dir, sizeof(dir), o->file_prefix, o->runtime_dir) < 0) {
		hp_err_set(err, HP_EXIT_CONFIG, EINVAL,
			"the runtime directory of --file-prefix %s has no usable name",
			o->file_prefix);
		return err->exit_code;
	}
	fd = hp_ctl_open(dir, terminal ? "tty" : o->json ? "json" : "text", o->wait_us, err);
	if (fd < 0)
		return err->exit_code;
	if (terminal)
		code = ctl_terminal(fd, err);
	else if (n_words > 0)
		code = run_command(fd, o, line, err);
	else
		code = run_lines(fd, o, stdin, err);
	close(fd);
	return code;
}

int hugepod_ctl_main(int argc, char **argv)
{
	struct ctl_opts o = {0};

	return hugepod_command(&ctl_opt_set, &o, run, argc, argv);
}
