// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod: finds the sub-command and hands over. The table is dispatch and help in one.

#include "base/hp_err.h"
#include "base/hp_opts.h"
#include "hugepod.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"ctl", hugepod_ctl_main, "runs commands of a group's primary"},
	{"doctor", hugepod_doctor_main,
		"says what would stop a DPDK process here, and what mends it"},
	{"lint", hugepod_lint_main, "says what is wrong with manifests, before a cluster does"},
	{"plan", hugepod_plan_main, "says where pods with hugepages go, and what stays Pending"},
	{"probe", hugepod_probe_main, "says whether a member is ready or alive, for pods"},
	{NULL, NULL, NULL},
};

static void usage(FILE *out)
{
	fprintf(out, "usage: hugepod COMMAND [OPTIONS]\n\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		fprintf(out, "  %-8s %s\n", c->name, c->summary);
	fprintf(out, "\n'hugepod COMMAND --help' says more.\n");
}

// The manual page of the program as a whole: the commands, each of which has a page of its own.
static int manual(void)
{
	static const struct hp_opt none[] = {{NULL}};
	struct hp_opt_set set = {.program = "hugepod",
		.summary = "doctor, planner and remote control of DPDK pods that share hugepages",
		.usage = "COMMAND [OPTIONS]",
		.opts = none};
	char *details = NULL;
	size_t len;
	FILE *text = open_memstream(&details, &len);

	if (text == NULL)
		return HP_EXIT_OTHER;
	fprintf(text, "None of the commands starts EAL. Each has a page hugepod-COMMAND(1).");
	for (const struct command *c = commands; c->name != NULL; c++)
		fprintf(text, "\n\n%s: %s.", c->name, c->summary);
	if (fclose(text) != 0)
		return HP_EXIT_OTHER;
	set.details = details;
	hp_opts_man(&set, stdout);
	free(details);
	return HP_EXIT_OK;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return HP_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return HP_EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("hugepod %s\n", HP_VERSION);
		return HP_EXIT_OK;
	}
	if (strcmp(argv[1], "--man") == 0)
		return manual();
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	fprintf(stderr, "hugepod: unknown command '%s': try 'hugepod --help'\n", argv[1]);
	return HP_EXIT_USAGE;
}
