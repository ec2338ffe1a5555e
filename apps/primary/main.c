// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-primary: owns EAL memory, pools, ports and links, grants leases, forwards.

#include "base/hp_hugetlb.h"
#include "base/hp_log.h"
#include "base/hp_supervise.h"
#include "commands.h"
#include "group/hp_fingerprint.h"
#include "primary.h"

#include <stdio.h>

static int run(void *arg, uint32_t restarts)
{
	static struct hp_primary primary; // large, and one a process
	struct hp_config *conf = arg;
	struct hp_err err = {0};

	if (hp_primary_init(&primary, conf, restarts, &err) == 0)
		hp_primary_run(&primary, &err);
	hp_primary_fini(&primary);
	if (err.exit_code != HP_EXIT_OK)
		fprintf(stderr, "hp-primary: %s\n", err.text);
	return err.exit_code;
}

static int dry_run(const struct hp_config *conf)
{
	struct hp_memory memory;
	struct hp_huge_dir dir = {.page_size = 0};

	if (conf->huge_dir != NULL)
		hp_huge_dir_look(&dir, "", conf->huge_dir);
	hp_memory_plan(&memory, conf, dir.page_size != 0 ? dir.page_size : 2u << 20);
	hp_memory_print(&memory, stdout);
	return HP_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct hp_config conf;
	struct hp_err err = {0};
	int code, ret;

	ret = hp_config_load(&conf, argc, argv, stdout, &err);
	if (ret < 0)
		fprintf(stderr, "hp-primary: %s\n", err.text);
	if (ret != 0)
		return ret < 0 ? err.exit_code : HP_EXIT_OK;
	if (conf.list_commands) {
		hp_cli_markdown(hp_primary_commands, stdout);
		hp_config_free(&conf);
		return HP_EXIT_OK;
	}
	hp_log_setup("hp-primary", conf.file_prefix, (enum hp_log_format)conf.log_format,
		(enum hp_log_level)conf.log_level);
	if (conf.dry_run) {
		code = dry_run(&conf);
	} else {
		struct hp_supervise sup = {
			.program = "hp-primary",
			.respawn = conf.respawn,
			.prepare = hp_fingerprint_preload,
			.child = run,
			.arg = &conf,
		};

		code = hp_supervise_run(&sup);
	}
	hp_config_free(&conf);
	return code;
}
