// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod doctor: runs every check of common/base/hp_check.h over this machine or container.

#include "doctor.h"

#include "base/hp_yaml.h"
#include "hugepod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) .offset = offsetof(struct doctor_opts, field)

static const char *const roles[] = {"auto", "primary", "secondary", NULL};

// clang-format off
static const struct hp_opt opts[] = {
	{"role", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(role), .words = roles, .def = "auto",
	 .help = "What is to be started here; auto: a secondary where a primary lives, else a "
		 "primary."},
	{"config", 0, HP_OPT_STRING, HP_OPT_CLI, AT(config_path), .min = 1, .arg = "FILE",
	 .help = "YAML file of the group: what it asks for is checked against this machine."},
	{"file-prefix", 0, HP_OPT_STRING, HP_OPT_CLI, AT(file_prefix), .min = 1,
	 .max = HP_PREFIX_MAX - 1, .arg = "PREFIX", .check = hp_config_check_prefix, .help = "The group's name; default: the "
		 "configuration's, else rte."},
	{"runtime-dir", 0, HP_OPT_STRING, HP_OPT_CLI, AT(runtime_dir), .min = 1, .arg = "DIR",
	 .help = "Instead of $RUNTIME_DIRECTORY."},
	{"huge-dir", 0, HP_OPT_STRING, HP_OPT_CLI, AT(huge_dir), .min = 1, .arg = "DIR",
	 .help = "Where hugetlbfs should be mounted; default: the mount that would be chosen."},
	{"memory", 'm', HP_OPT_SIZE, HP_OPT_CLI, AT(memory), .max = UINT64_C(1) << 50,
	 .def = "0", .help = "Hugepage memory that the primary will take; 0: what the "
		 "configuration asks for."},
	{"page-size", 0, HP_OPT_SIZE, HP_OPT_CLI, AT(page_size), .max = UINT64_C(1) << 40,
	 .def = "0", .help = "Page size that it needs; 0: any."},
	{"lcores", 'l', HP_OPT_STRING, HP_OPT_CLI, AT(lcores), .min = 1, .arg = "LCORES",
	 .help = "EAL's lcores, as \"1-2\"."},
	{"allow", 'a', HP_OPT_LIST, HP_OPT_CLI, AT(allow), .min = 1, .arg = "DEVICE",
	 .help = "PCI device that the primary will open."},
	{"root", 0, HP_OPT_STRING, HP_OPT_CLI, AT(root), .min = 1, .arg = "DIR",
	 .help = "In front of /proc, /sys, /dev and all directories: where a node's root is "
		 "mounted in a debug container, as /host."},
	{"json", 0, HP_OPT_FLAG, HP_OPT_CLI, AT(json), .help = "Print JSON."},
	{"quiet", 'q', HP_OPT_FLAG, HP_OPT_CLI, AT(quiet),
	 .help = "Print warnings and failures only."},
	{"list", 0, HP_OPT_FLAG, HP_OPT_CLI, AT(list),
	 .help = "Print the table of checks as markdown, and end."},
	{NULL},
};
// clang-format on

const struct hp_opt_set doctor_opt_set = {
	.program = "hugepod doctor",
	.summary =
		"says what would stop a DPDK process here, and which line of a manifest mends it",
	.usage = "[OPTIONS]",
	.details =
		"hugepod doctor runs in a container or on a node, as root or not, and changes "
		"nothing. It looks at hugetlbfs mounts, pages, control groups, the runtime "
		"directory, the primary that may be running, CPUs and devices. Each check prints "
		"what was seen and, where something is wrong, what to do and the line of a pod's "
		"manifest that does it.\n\n"
		"hp-primary and the members run the checks that would stop them before EAL starts "
		"and print the same sentences.\n\n"
		"The exit code is 0 if no check failed, 1 if one did, 64 for a wrong command line, "
		"78 for a wrong configuration.",
	.opts = opts,
};

// @p pci: [HP_PORTS_MAX], room for the devices of the configuration.
static void fill_in(struct hp_check_in *in, const struct doctor_opts *o,
	const struct hp_config *conf, const char **pci)
{
	struct doctor_memory memory;

	in->root = o->root;
	in->file_prefix = o->file_prefix != NULL ? o->file_prefix : conf->file_prefix;
	in->runtime_base = o->runtime_dir != NULL ? o->runtime_dir : conf->runtime_dir;
	in->huge_dir = o->huge_dir != NULL ? o->huge_dir : conf->huge_dir;
	in->lcores = o->lcores != NULL ? o->lcores : conf->lcores;
	in->page_size = o->page_size;
	in->memory = o->memory;
	in->dpdk_version = HP_DPDK_VERSION;
	in->pci = (const char *const *)o->allow.items;
	in->n_pci = o->allow.n;
	// Without --allow: the configuration's ports that are real devices.
	for (uint32_t i = 0; o->allow.n == 0 && i < conf->n_ports; i++)
		if (!hp_config_is_vdev(conf->ports[i].devargs))
			pci[in->n_pci++] = conf->ports[i].devargs;
	if (o->allow.n == 0)
		in->pci = pci;
	if (o->config_path == NULL)
		return;
	if (in->memory == 0) {
		// What it takes at least: an estimate must not fail where the primary would start.
		doctor_memory_of(&memory, conf);
		in->memory = memory.least;
	}
	in->busy_lcores = conf->idle == HP_IDLE_SLEEP ? 0 : (uint32_t)conf->nb_cores;
	in->base_virtaddr = conf->base_virtaddr;
	in->iova_pa = conf->iova_mode == 2; // auto, va, pa
}

static int load_config(struct hp_config *conf, const struct doctor_opts *o, struct hp_err *err)
{
	struct hp_yaml_file *file;
	int ret;

	if (o->config_path == NULL)
		return 0;
	file = hp_yaml_load_path(o->config_path, NULL, err);
	if (file == NULL)
		return -EINVAL;
	if (hp_yaml_docs(file) != 1)
		ret = hp_err_set(err, HP_EXIT_CONFIG, EINVAL,
			"%s: expected one YAML document, found %u", o->config_path,
			hp_yaml_docs(file));
	else
		ret = hp_config_from_yaml(conf, hp_yaml_root(file, 0), o->config_path, err);
	hp_yaml_free(file);
	return ret;
}

static int run_checks(struct doctor_report *report, const struct hp_check_in *in)
{
	while (hp_check_get(report->n) != NULL)
		report->n++;
	report->finding = calloc(report->n, sizeof(*report->finding));
	if (report->finding == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < report->n; i++) {
		hp_check_run(&report->finding[i], hp_check_get(i), &report->facts, in);
		report->count[report->finding[i].state]++;
	}
	return 0;
}

static int examine(
	struct doctor_report *report, const struct doctor_opts *o, const struct hp_config *conf)
{
	struct hp_check_in in = {0};
	const char *pci[HP_PORTS_MAX];
	int ret;

	fill_in(&in, o, conf, pci);
	ret = hp_facts_read(&report->facts, &in);
	if (ret < 0)
		return ret;
	in.primary = o->role == DOCTOR_PRIMARY ||
		     (o->role == DOCTOR_AUTO && !report->facts.run.config_held);
	report->role = in.primary ? "primary" : "secondary";
	report->file_prefix = in.file_prefix;
	return run_checks(report, &in);
}

static int doctor(const struct doctor_opts *o, FILE *out, struct hp_err *err)
{
	struct doctor_report report = {0};
	struct hp_config conf = {0};
	int ret;

	ret = load_config(&conf, o, err);
	if (ret < 0)
		return err->exit_code;
	ret = examine(&report, o, &conf);
	if (ret == 0 && o->json)
		ret = doctor_print_json(out, &report);
	else if (ret == 0)
		doctor_print_text(out, &report, o->quiet);
	if (ret < 0)
		hp_err_set(err, HP_EXIT_OTHER, -ret, "%s", strerror(-ret));
	hp_facts_free(&report.facts);
	hp_config_free(&conf);
	if (ret < 0 || report.count[HP_CHECK_FAILURE] > 0)
		ret = HP_EXIT_OTHER;
	free(report.finding);
	return ret;
}

static int run(const void *given, int n_words, char **words, struct hp_err *err)
{
	const struct doctor_opts *o = given;

	if (n_words > 0) {
		hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"'%s': doctor takes options only, see 'hugepod doctor --help'", words[0]);
		return HP_EXIT_USAGE;
	}
	if (!o->list)
		return doctor(o, stdout, err);
	doctor_print_list(stdout);
	return HP_EXIT_OK;
}

int hugepod_doctor_main(int argc, char **argv)
{
	struct doctor_opts o = {0};

	return hugepod_command(&doctor_opt_set, &o, run, argc, argv);
}
