// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-client: joins a group, runs one packet function behind a link.

#include "base/hp_log.h"
#include "base/hp_supervise.h"
#include "client.h"
#include "group/hp_fingerprint.h"

#include <rte_memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int serve(const struct hp_client_opts *opts, const struct hp_func *func, void *state,
	uint32_t restarts, struct hp_err *err)
{
	struct hp_member_conf member_conf = opts->member;
	struct hp_mail_desk *desk = hp_mail_desk_new();
	struct hp_member *member;
	int code;

	if (desk == NULL)
		return -hp_err_set(err, HP_EXIT_OTHER, HP_EXIT_OTHER, "out of memory");
	// Texts are shown by the control thread: the packet loop must not write to anything.
	member_conf.tick = hp_mail_desk_log;
	member_conf.tick_arg = desk;
	member_conf.tick_us = HP_MAIL_DESK_PERIOD_US;
	member = hp_member_join(&member_conf, "client", false, restarts, err);
	if (member == NULL) {
		free(desk);
		return err->exit_code;
	}
	snprintf(hp_group_slot(hp_member_group(member), hp_member_slot(member))->function,
		HP_NAME_MAX, "%s", func->name);
	if (hp_member_ready(member) == 0)
		hp_client_loop(member, func, state, desk);
	code = hp_member_end(member);
	hp_mail_desk_log(desk);
	free(desk);
	return code;
}

static int unknown_function(const char *name, struct hp_err *err)
{
	char names[512] = "";
	size_t used = 0;

	for (unsigned int i = 0; hp_func_get(i) != NULL && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			i > 0 ? ", " : "", hp_func_get(i)->name);
	hp_err_set(err, HP_EXIT_USAGE, EINVAL, "--function '%s': expected one of %s", name, names);
	return err->exit_code;
}

/** Settings are checked, and files read, before anyone waits for a primary. */
static int run_function(const struct hp_client_opts *opts, const struct hp_func *func,
	uint32_t restarts, struct hp_err *err)
{
	void *conf = NULL, *state = NULL;
	int code;

	if (hp_func_conf_new(func, &opts->set, &conf, err) < 0)
		return err->exit_code;
	if (func->init != NULL && func->init(&state, conf, SOCKET_ID_ANY, err) < 0) {
		code = err->exit_code;
	} else {
		code = serve(opts, func, state, restarts, err);
		if (func->fini != NULL)
			func->fini(state);
	}
	hp_func_conf_free(func, conf);
	return code;
}

static int run(void *arg, uint32_t restarts)
{
	const struct hp_client_opts *opts = arg;
	const struct hp_func *func = hp_func_find(opts->function);
	struct hp_err err = {0};
	int code;

	code = func != NULL ? run_function(opts, func, restarts, &err)
			    : unknown_function(opts->function, &err);
	if (err.text[0] != '\0' && code != HP_EXIT_OK && code != HP_CHILD_PID_TAKEN)
		fprintf(stderr, "hp-client: %s\n", err.text);
	return code;
}

int main(int argc, char **argv)
{
	struct hp_client_opts opts;
	struct hp_err err = {0};
	int code, ret, index = 0;

	memset(&opts, 0, sizeof(opts));
	ret = hp_opts_defaults(&hp_client_opts, &opts);
	if (ret == 0)
		ret = hp_opts_parse_argv(
			&hp_client_opts, &opts, argc, argv, NULL, &index, stdout, &err);
	if (ret == 0 && index < argc)
		ret = hp_err_set(&err, HP_EXIT_USAGE, EINVAL,
			"'%s' is no option: what a function is told goes into --set KEY=VALUE",
			argv[index]);
	if (ret != 0) {
		if (ret < 0)
			fprintf(stderr, "hp-client: %s\n", err.text);
		hp_opts_free(&hp_client_opts, &opts);
		return ret < 0 ? err.exit_code : HP_EXIT_OK;
	}
	hp_log_setup("hp-client", opts.member.name, (enum hp_log_format)opts.member.log_format,
		(enum hp_log_level)opts.member.log_level);
	struct hp_supervise sup = {
		.program = "hp-client",
		.respawn = opts.member.respawn,
		.prepare = hp_fingerprint_preload,
		.child = run,
		.arg = &opts,
	};

	code = hp_supervise_run(&sup);
	hp_opts_free(&hp_client_opts, &opts);
	return code;
}
