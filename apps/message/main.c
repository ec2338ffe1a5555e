// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-message: joins a group, sends, receives or measures, and leaves.

#include "base/hp_log.h"
#include "base/hp_supervise.h"
#include "base/hp_time.h"
#include "group/hp_fingerprint.h"
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVE_WITHIN_US 500000

// The primary sends us nothing more; what was waiting for an answer gets it before.
static void leave(struct hp_talk *talk)
{
	uint64_t deadline = hp_now_us() + LEAVE_WITHIN_US;

	hp_member_leave(talk->member);
	while (!hp_member_left(talk->member) && hp_now_us() < deadline) {
		hp_talk_wait(talk, 0);
		hp_idle_turn(&talk->idle, false);
	}
}

static int serve(const struct hp_message_opts *opts, uint32_t restarts, struct hp_err *err)
{
	struct hp_talk *talk = calloc(1, sizeof(*talk));
	struct hp_member *member;
	int code = HP_EXIT_OTHER;
	int end;

	if (talk == NULL)
		return -hp_err_set(err, HP_EXIT_OTHER, HP_EXIT_OTHER, "out of memory");
	member = hp_member_join(&opts->member, "message", false, restarts, err);
	if (member == NULL) {
		free(talk);
		return err->exit_code;
	}
	hp_talk_open(talk, opts, member);
	if (hp_member_ready(member) == 0)
		code = opts->mode->run(talk);
	fflush(stdout);
	leave(talk);
	end = hp_member_end(member);
	free(talk);
	return end != HP_EXIT_OK ? end : code;
}

static int run(void *arg, uint32_t restarts)
{
	struct hp_err err = {0};
	int code = serve(arg, restarts, &err);

	if (err.text[0] != '\0' && code != HP_EXIT_OK && code != HP_CHILD_PID_TAKEN)
		fprintf(stderr, "hp-message: %s\n", err.text);
	return code;
}

int main(int argc, char **argv)
{
	struct hp_opts_given given = {0};
	struct hp_message_opts opts;
	struct hp_err err = {0};
	int code, ret, index = 0;

	memset(&opts, 0, sizeof(opts));
	ret = hp_opts_defaults(&hp_message_opts, &opts);
	if (ret == 0)
		ret = hp_opts_parse_argv(
			&hp_message_opts, &opts, argc, argv, &given, &index, stdout, &err);
	if (ret == 0)
		ret = hp_message_words(&opts, argv + index, argc - index, &given, &err);
	if (ret != 0) {
		if (ret < 0)
			fprintf(stderr, "hp-message: %s\n", err.text);
		hp_opts_free(&hp_message_opts, &opts);
		return ret < 0 ? err.exit_code : HP_EXIT_OK;
	}
	hp_log_setup("hp-message", opts.member.name, (enum hp_log_format)opts.member.log_format,
		(enum hp_log_level)opts.member.log_level);
	struct hp_supervise sup = {
		.program = "hp-message",
		.respawn = opts.member.respawn,
		.prepare = hp_fingerprint_preload,
		.child = run,
		.arg = &opts,
	};

	code = hp_supervise_run(&sup);
	hp_opts_free(&hp_message_opts, &opts);
	return code;
}
