// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod probe: what a kubelet runs. Asks the primary, prints one line, and is done in
// milliseconds.

#include "base/hp_config.h"
#include "base/hp_ctl.h"
#include "base/hp_paths.h"
#include "hugepod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) .offset = offsetof(struct probe_opts, field)
#define US_PER_S UINT64_C(1000000)

struct probe_opts {
	char *file_prefix;
	char *runtime_dir;
	char *member;
	uint64_t timeout_us;
};

// clang-format off
static const struct hp_opt opts[] = {
	{"file-prefix", 0, HP_OPT_STRING, HP_OPT_CLI, AT(file_prefix), .min = 1,
	 .max = HP_PREFIX_MAX - 1, .def = HP_PATHS_PREFIX_DEFAULT, .arg = "PREFIX",
	 .check = hp_config_check_prefix, .help = "The group's name."},
	{"runtime-dir", 0, HP_OPT_STRING, HP_OPT_CLI, AT(runtime_dir), .min = 1, .arg = "DIR",
	 .help = "Instead of $RUNTIME_DIRECTORY."},
	{"member", 0, HP_OPT_STRING, HP_OPT_CLI, AT(member), .min = 1, .arg = "NAME",
	 .check = hp_config_check_name,
	 .help = "The member that is asked about; default: the primary."},
	{"timeout", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(timeout_us), .min = 1000,
	 .max = 60 * US_PER_S, .def = "1s", .help = "How long to wait for the answer."},
	{NULL},
};
// clang-format on

static const struct hp_opt_set probe_opt_set = {
	.program = "hugepod probe",
	.summary = "says whether a member of a group is ready or alive, for a pod's probes",
	.usage = "(ready|live) [OPTIONS]",
	.details = "ready: the member has joined, is connected, and its packet loop runs.\n\n"
		   "live: the primary answers, and the packet loop of the member has moved on "
		   "since the last look.\n\n"
		   "The exit code is 0 for yes and 1 for no or no answer; one line says why.",
	.opts = opts,
};

// Does the primary say yes? The one line to print goes into @p text.
static bool ask(const struct probe_opts *o, const char *what, char *text, size_t size)
{
	char dir[4096], line[64];
	struct hp_ctl_answer answer;
	struct hp_err err = {0};
	const char *said;
	bool yes;
	int fd;

	snprintf(line, sizeof(line), "show %s%s%s", what, o->member != NULL ? " " : "",
		o->member != NULL ? o->member : "");
	if (hp_paths_runtime_dir(dir, sizeof(dir), o->file_prefix, o->runtime_dir) < 0) {
		snprintf(text, size, "the runtime directory has no usable name");
		return false;
	}
	fd = hp_ctl_open(dir, "text", 0, &err);
	if (fd < 0 || hp_ctl_ask(fd, line, o->timeout_us, &answer, &err) < 0) {
		if (fd >= 0)
			close(fd);
		snprintf(text, size, "%s", err.text);
		return false;
	}
	close(fd);
	yes = answer.status == 0;
	said = strncmp(answer.text, "error: ", 7) == 0 ? answer.text + 7 : answer.text;
	snprintf(text, size, "%.*s", (int)strcspn(said, "\n"), said);
	free(answer.text);
	return yes;
}

static int run(const struct probe_opts *o, int n_words, char **words, struct hp_err *err)
{
	bool known =
		n_words == 1 && (strcmp(words[0], "ready") == 0 || strcmp(words[0], "live") == 0);
	const char *who = o->member != NULL ? o->member : "primary";
	char text[1024], quoted[HP_QUOTE_SIZE];
	bool yes;

	if (!known) {
		hp_err_set(err, HP_EXIT_USAGE, EINVAL, "'%s': expected 'ready' or 'live'",
			hp_err_quote(
				quoted, sizeof(quoted), n_words > 0 ? words[n_words - 1] : ""));
		return HP_EXIT_USAGE;
	}
	yes = ask(o, words[0], text, sizeof(text));
	if (yes)
		printf("%s is %s\n", who, words[0]);
	else
		printf("%s is not %s: %s\n", who, words[0], text);
	return yes ? HP_EXIT_OK : HP_EXIT_OTHER;
}

int hugepod_probe_main(int argc, char **argv)
{
	struct probe_opts o;
	struct hp_err err = {0};
	int words = 0, ret, code = HP_EXIT_OTHER;

	if (hp_opts_defaults(&probe_opt_set, &o) < 0) {
		fprintf(stderr, "hugepod probe: out of memory\n");
		return HP_EXIT_OTHER;
	}
	ret = hp_opts_parse_argv(&probe_opt_set, &o, argc, argv, NULL, &words, stdout, &err);
	if (ret == 1)
		code = HP_EXIT_OK;
	else if (ret == 0)
		code = run(&o, argc - words, argv + words, &err);
	if (err.exit_code != 0) {
		fprintf(stderr, "hugepod probe: %s\n", err.text);
		code = err.exit_code;
	}
	hp_opts_free(&probe_opt_set, &o);
	return code;
}
