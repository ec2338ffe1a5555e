// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "hp_conf_help.h"

#include "base/hp_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int hp_conf_from_yaml(struct hp_config *conf, const char *text, struct hp_err *err)
{
	struct hp_yaml_file *file;
	int ret;

	memset(err, 0, sizeof(*err));
	file = hp_yaml_load("t.yaml", text, strlen(text), NULL, err);
	assert_non_null(file);
	ret = hp_config_from_yaml(conf, hp_yaml_root(file, 0), "t.yaml", err);
	hp_yaml_free(file);
	return ret;
}

int hp_conf_from_args(struct hp_config *conf, const char *const *args, struct hp_err *err)
{
	char *argv[16] = {strdup("hp-primary")};
	int argc = 1, ret;

	memset(err, 0, sizeof(*err));
	for (; args[argc - 1] != NULL; argc++)
		argv[argc] = strdup(args[argc - 1]);
	char *order[16];
	memcpy(order, argv, sizeof(order));
	ret = hp_config_load(conf, argc, order, stdout, err);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return ret;
}

void hp_conf_args_are_refused(const char *const *args, const char *want)
{
	struct hp_config conf;
	struct hp_err err;
	int ret = hp_conf_from_args(&conf, args, &err);

	if (ret != -EINVAL || err.exit_code != HP_EXIT_USAGE || strstr(err.text, want) == NULL)
		print_error("%s %.60s: %d, exit %d, '%s'; wanted '%s'\n", args[0],
			args[1] != NULL ? args[1] : "", ret, err.exit_code, err.text, want);
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(err.exit_code, HP_EXIT_USAGE);
	assert_non_null(strstr(err.text, want));
	assert_null(conf.ports);
	assert_null(conf.file_prefix);
}

void hp_conf_yaml_is_refused(const char *text, const char *want)
{
	struct hp_config conf;
	struct hp_err err;
	int ret = hp_conf_from_yaml(&conf, text, &err);

	if (ret != -EINVAL || err.exit_code != HP_EXIT_CONFIG || strstr(err.text, want) == NULL)
		print_error("%.200s\n: %d, exit %d, '%s'; wanted '%s'\n", text, ret, err.exit_code,
			err.text, want);
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
	assert_non_null(strstr(err.text, want));
	assert_null(conf.ports);
}
