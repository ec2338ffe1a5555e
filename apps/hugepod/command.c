// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "hugepod.h"

#include <stdio.h>

int hugepod_command(
	const struct hp_opt_set *set, void *opts, hugepod_run run, int argc, char **argv)
{
	struct hp_err err = {0};
	int words = argc, code = HP_EXIT_OK;
	int ret = hp_opts_defaults(set, opts);

	if (ret < 0)
		hp_err_set(&err, HP_EXIT_OTHER, -ret, "out of memory");
	else
		ret = hp_opts_parse_argv(set, opts, argc, argv, NULL, &words, stdout, &err);
	if (ret == 0)
		code = run(opts, argc - words, argv + words, &err);
	else if (ret < 0)
		code = HP_EXIT_OTHER;
	if (err.exit_code != HP_EXIT_OK) {
		fprintf(stderr, "%s: %s\n", set->program, err.text);
		code = err.exit_code;
	}
	hp_opts_free(set, opts);
	return code;
}
