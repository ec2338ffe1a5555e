// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// From the command line of a network function to its packet loop, and back.

#include "nf/hp_nf.h"

#include "base/hp_log.h"
#include "base/hp_supervise.h"
#include "group/hp_fingerprint.h"

#include <rte_memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What a process of the program is started with. */
struct start {
	const struct hp_nf_program *program;
	const struct hp_nf_opts *opts;
};

static int take_part(struct hp_nf *nf, struct hp_err *err)
{
	const struct hp_nf_program *program = nf->program;
	int code;

	if (program->open != NULL && program->open(nf, err) < 0) {
		hp_member_end(nf->member);
		return err->exit_code;
	}
	snprintf(hp_group_slot(nf->group, nf->slot)->function, HP_NAME_MAX, "%s", nf->func->name);
	atomic_store(&hp_group_slot(nf->group, nf->slot)->source,
		nf->func->want != NULL && !program->own_pools);
	if (hp_member_ready(nf->member) == 0)
		hp_nf_loop(nf);
	code = hp_member_end(nf->member);
	if (program->close != NULL)
		program->close(nf);
	return code;
}

static void on_message(void *arg, struct hp_loop *loop, const union hp_wire_msg *msg, int passed)
{
	struct hp_nf *nf = arg;

	nf->program->message(nf, loop, msg, passed);
}

static int serve(
	struct hp_nf *nf, const struct hp_nf_opts *opts, uint32_t restarts, struct hp_err *err)
{
	struct hp_member_conf member_conf = opts->member;
	int code = 0;

	nf->desk = hp_mail_desk_new();
	if (nf->desk == NULL)
		return -hp_err_set(err, HP_EXIT_OTHER, HP_EXIT_OTHER, "out of memory");
	// Texts are shown by the control thread: the packet loop must not write to anything.
	member_conf.tick = hp_mail_desk_log;
	member_conf.tick_arg = nf->desk;
	member_conf.tick_us = HP_MAIL_DESK_PERIOD_US;
	if (nf->program->message != NULL) {
		member_conf.message = on_message;
		member_conf.message_arg = nf;
	}
	nf->member = hp_member_join(&member_conf, nf->program->role, false, restarts, err);
	if (nf->member == NULL) {
		code = err->exit_code;
	} else {
		nf->group = hp_member_group(nf->member);
		nf->slot = hp_member_slot(nf->member);
		code = take_part(nf, err);
		hp_mail_desk_log(nf->desk);
	}
	free(nf->desk);
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
static int run_function(
	struct hp_nf *nf, const struct hp_nf_opts *opts, uint32_t restarts, struct hp_err *err)
{
	const struct hp_func *func = nf->func;
	void *conf = NULL;
	int code;

	if (hp_func_conf_new(func, &opts->set, &conf, err) < 0)
		return err->exit_code;
	if (func->init != NULL && func->init(&nf->state, conf, SOCKET_ID_ANY, err) < 0) {
		code = err->exit_code;
	} else {
		code = serve(nf, opts, restarts, err);
		if (func->fini != NULL)
			func->fini(nf->state);
	}
	hp_func_conf_free(func, conf);
	return code;
}

static int run(void *arg, uint32_t restarts)
{
	const struct start *start = arg;
	struct hp_nf nf = {
		.program = start->program,
		.func = hp_func_find(start->opts->function),
	};
	struct hp_err err = {0};
	int code;

	code = nf.func != NULL ? run_function(&nf, start->opts, restarts, &err)
			       : unknown_function(start->opts->function, &err);
	if (err.text[0] != '\0' && code != HP_EXIT_OK && code != HP_CHILD_PID_TAKEN)
		fprintf(stderr, "%s: %s\n", start->program->name, err.text);
	return code;
}

int hp_nf_main(const struct hp_nf_program *program, int argc, char **argv)
{
	struct hp_nf_opts opts;
	struct hp_err err = {0};
	int code, ret, index = 0;

	memset(&opts, 0, sizeof(opts));
	ret = hp_opts_defaults(program->opts, &opts);
	if (ret == 0)
		ret = hp_opts_parse_argv(
			program->opts, &opts, argc, argv, NULL, &index, stdout, &err);
	if (ret == 0 && index < argc)
		ret = hp_err_set(&err, HP_EXIT_USAGE, EINVAL,
			"'%s' is no option: what a function is told goes into --set KEY=VALUE",
			argv[index]);
	if (ret != 0) {
		if (ret < 0)
			fprintf(stderr, "%s: %s\n", program->name, err.text);
		hp_opts_free(program->opts, &opts);
		return ret < 0 ? err.exit_code : HP_EXIT_OK;
	}
	hp_log_setup(program->name, opts.member.name, (enum hp_log_format)opts.member.log_format,
		(enum hp_log_level)opts.member.log_level);
	struct start start = {.program = program, .opts = &opts};
	struct hp_supervise sup = {
		.program = program->name,
		.respawn = opts.member.respawn,
		.prepare = hp_fingerprint_preload,
		.child = run,
		.arg = &start,
	};

	code = hp_supervise_run(&sup);
	hp_opts_free(program->opts, &opts);
	return code;
}
