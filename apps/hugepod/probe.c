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
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AT(field) .offset = offsetof(struct probe_opts, field)
#define US_PER_S UINT64_C(1000000)
#define TURN_POLL_US 1000 // between two looks at a packet loop

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
	.details = "ready: the member has joined, is connected and has said that it is ready.\n\n"
		   "live: the primary answers, and the packet loop of the member (of the primary, "
		   "those of its lcores) moves on within the time-out. A member is live as well "
		   "where no primary listens: it waits for one, and to start it again would not "
		   "help.\n\n"
		   "The exit code is 0 for yes and 1 for no or no answer; one line says why.",
	.opts = opts,
};

// What `show ready` said; see apps/primary.
struct status {
	bool ready;
	char state[32];
	uint64_t epoch; // turns of the packet loop; 0: the member has none
};

// The answer is one flat JSON object of the primary's own making: finding the keys is enough.
static int parse_status(const char *json, struct status *status)
{
	static const char state_key[] = "\"state\":\"", epoch_key[] = "\"epoch\":";
	const char *state = strstr(json, state_key), *epoch = strstr(json, epoch_key);

	if (state == NULL || epoch == NULL)
		return -EPROTO;
	state += strlen(state_key);
	snprintf(status->state, sizeof(status->state), "%.*s", (int)strcspn(state, "\""), state);
	status->epoch = strtoull(epoch + strlen(epoch_key), NULL, 10);
	status->ready = strstr(json, "\"ready\":true") != NULL;
	return 0;
}

static int ask(int fd, const struct probe_opts *o, struct status *status, struct hp_err *err)
{
	struct hp_ctl_answer answer;
	char line[64];
	int ret;

	snprintf(line, sizeof(line), "show ready%s%s", o->member != NULL ? " " : "",
		o->member != NULL ? o->member : "");
	ret = hp_ctl_ask(fd, line, o->timeout_us, &answer, err);
	if (ret < 0)
		return ret;
	ret = answer.status == 0 ? parse_status(answer.text, status) : -EPROTO;
	if (ret < 0)
		hp_err_set(err, HP_EXIT_OTHER, -ret, "the primary says: %.200s", answer.text);
	free(answer.text);
	return ret;
}

// A live loop turns at least each 4 ms, also when it idles: HP_IDLE_LONG_MAX_NS.
static int wait_for_turn(int fd, const struct probe_opts *o, uint64_t first, struct hp_err *err)
{
	const struct timespec pause = {.tv_nsec = TURN_POLL_US * 1000};
	struct status status = {.epoch = first};

	for (uint64_t waited_us = 0; waited_us < o->timeout_us; waited_us += TURN_POLL_US) {
		int ret;

		nanosleep(&pause, NULL);
		ret = ask(fd, o, &status, err);
		if (ret < 0)
			return ret;
		if (status.epoch != first)
			return 0;
	}
	return hp_err_set(err, HP_EXIT_OTHER, ETIMEDOUT,
		"its packet loop stands still at turn %llu", (unsigned long long)first);
}

static bool is_gone(const struct status *status)
{
	static const char *const gone[] = {"absent", "free", "evicted", "releasing", "stuck", NULL};

	for (unsigned int i = 0; gone[i] != NULL; i++)
		if (strcmp(gone[i], status->state) == 0)
			return true;
	return false;
}

// 0 for yes; else @p err says why not.
static int decide(const struct probe_opts *o, bool live, struct hp_err *err)
{
	struct status status = {0};
	char dir[PATH_MAX];
	int fd, ret;

	if (hp_paths_runtime_dir(dir, sizeof(dir), o->file_prefix, o->runtime_dir) < 0)
		return hp_err_set(
			err, HP_EXIT_CONFIG, EINVAL, "the runtime directory has no usable name");
	fd = hp_ctl_open(dir, "json", 0, err);
	if (fd < 0)
		return live && o->member != NULL && err->exit_code == HP_EXIT_NO_PRIMARY ? 0 : fd;
	ret = ask(fd, o, &status, err);
	if (ret == 0 && (live ? is_gone(&status) : !status.ready))
		ret = hp_err_set(err, HP_EXIT_OTHER, EAGAIN, "its state is '%s'", status.state);
	if (ret == 0 && live && status.epoch != 0)
		ret = wait_for_turn(fd, o, status.epoch, err);
	close(fd);
	return ret;
}

static int run(const void *given, int n_words, char **words, struct hp_err *err)
{
	const struct probe_opts *o = given;
	bool known =
		n_words == 1 && (strcmp(words[0], "ready") == 0 || strcmp(words[0], "live") == 0);
	const char *who = o->member != NULL ? o->member : "primary";
	struct hp_err reason = {0};
	char quoted[HP_QUOTE_SIZE];

	if (!known) {
		hp_err_set(err, HP_EXIT_USAGE, EINVAL, "'%s': expected 'ready' or 'live'",
			hp_err_quote(
				quoted, sizeof(quoted), n_words > 0 ? words[n_words - 1] : ""));
		return HP_EXIT_USAGE;
	}
	if (decide(o, strcmp(words[0], "live") == 0, &reason) == 0) {
		printf("%s is %s%s\n", who, words[0],
			reason.exit_code != 0 ? ": it waits, for no primary listens" : "");
		return HP_EXIT_OK;
	}
	printf("%s is not %s: %s\n", who, words[0], reason.text);
	return HP_EXIT_OTHER;
}

int hugepod_probe_main(int argc, char **argv)
{
	struct probe_opts o = {0};

	return hugepod_command(&probe_opt_set, &o, run, argc, argv);
}
