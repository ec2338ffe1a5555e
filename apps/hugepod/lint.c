// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod lint: the command line, and the files and folders that it names.

#include "lint.h"

#include "base/hp_opts.h"
#include "hugepod.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#define OLDEST_MINOR 22 // several page sizes in a pod are final since then
#define FIX_PASSES 20 // each uncovers what the one before hid
#define NEWEST_MINOR 36 // whose rules these are

struct lint_opts {
	int format; // enum lint_format
	char *k8s;
	int runtime;
	char *levels;
	int pss;
	char *explain;
	bool fix;
	bool list;
};

#define AT(field) .offset = offsetof(struct lint_opts, field)

static const char *const formats[] = {"text", "json", "sarif", "github", NULL};
static const char *const runtimes[] = {"containerd", "crio", NULL};
static const char *const profiles[] = {"namespace", "none", "baseline", "restricted", NULL};

static const char *check_version(const char *text)
{
	char *end = NULL;
	const bool dotted = strncmp(text, "1.", 2) == 0;
	const long minor = dotted ? strtol(text + 2, &end, 10) : 0;

	if (minor < OLDEST_MINOR || minor > NEWEST_MINOR || (*end != '\0' && *end != '.'))
		return "expected 1.22 to 1.36";
	return NULL;
}

// clang-format off
static const struct hp_opt opts[] = {
	{"format", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(format), .words = formats, .def = "text",
	 .help = "How findings are printed."},
	{"level", 0, HP_OPT_STRING, HP_OPT_CLI, AT(levels), .min = 1, .arg = "LEVELS",
	 .def = "api,mount,schedule,policy,runtime,advice",
	 .help = "Which levels are looked at, with commas between them."},
	{"k8s", 0, HP_OPT_STRING, HP_OPT_CLI, AT(k8s), .min = 1, .arg = "1.NN", .def = "1.36",
	 .check = check_version, .help = "Version of the cluster. Level api is always that of 1.36; "
		 "advice names what an older cluster does not have."},
	{"runtime", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(runtime), .words = runtimes, .def = "containerd",
	 .help = "Container runtime of the nodes."},
	{"pss", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(pss), .words = profiles, .def = "namespace",
	 .help = "Pod Security profile; namespace: what the labels of a Namespace among the files "
		 "enforce."},
	{"fix", 0, HP_OPT_FLAG, HP_OPT_CLI, AT(fix),
	 .help = "Write the safe fixes into the files. For standard input the fixed text is printed, "
		 "and the findings go to standard error."},
	{"explain", 0, HP_OPT_STRING, HP_OPT_CLI, AT(explain), .min = 1, .arg = "RULE",
	 .help = "Say why a rule is there and what to write instead, and end."},
	{"list", 0, HP_OPT_FLAG, HP_OPT_CLI, AT(list),
	 .help = "Print the table of rules as markdown, and end."},
	{NULL},
};
// clang-format on

const struct hp_opt_set lint_opt_set = {
	.program = "hugepod lint",
	.summary = "says what the API server, the kubelet, the scheduler and DPDK would say of a "
		   "manifest",
	.usage = "[OPTIONS] FILE|DIR|-...",
	.details =
		"hugepod lint reads manifests of YAML or JSON: files, folders (*.yaml, *.yml, "
		"*.json) or "
		"standard input, as in `kubectl kustomize k8s/two-containers | hugepod lint -`. It "
		"needs "
		"no cluster.\n\n"
		"Levels: api, what an API server 1.36 refuses, in its own words, with its defaults "
		"applied first; mount, what leaves a pod at ContainerCreating; schedule, what no "
		"node can "
		"offer; policy, what Pod Security refuses; runtime, what stops DPDK across "
		"containers; "
		"advice, what works and is better done otherwise.\n\n"
		"Each finding has file, line and column, its level and rule, the field, what the "
		"server "
		"says, why, and what to write instead.\n\n"
		"The exit code is 0 without findings (advice does not count), 1 with findings, 64 "
		"for a "
		"wrong command line, 65 for a file that cannot be read.",
	.opts = opts,
};

static int set_levels(struct lint *l, const char *text, struct hp_err *err)
{
	while (*text != '\0') {
		const size_t len = strcspn(text, ",");
		bool known = false;

		for (int i = 0; i < LINT_LEVELS; i++) {
			if (strlen(lint_level_names[i]) != len ||
				memcmp(lint_level_names[i], text, len) != 0)
				continue;
			l->levels[i] = known = true;
		}
		if (!known)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--level: unknown level \"%.*s\", expected api, mount, schedule, "
				"policy, runtime or advice",
				(int)len, text);
		text += len + (text[len] == ',');
	}
	return 0;
}

// One wrong file does not hide the others: it is told, and the exit code remembers it.
static void read_one(struct lint *l, const char *path)
{
	struct hp_err err = {0};

	if (lint_read(l, path, &err) == 0)
		return;
	fprintf(stderr, "hugepod lint: %s\n", err.text);
	l->unreadable = true;
}

static bool is_manifest(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void read_path(struct lint *l, char *path)
{
	char *const paths[] = {path, NULL};
	FTS *tree;

	if (strcmp(path, "-") == 0) {
		read_one(l, path);
		return;
	}
	tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
	if (tree == NULL) {
		read_one(l, path);
		return;
	}
	for (FTSENT *e = fts_read(tree); e != NULL; e = fts_read(tree)) {
		const bool given = e->fts_level == FTS_ROOTLEVEL;

		if (e->fts_info == FTS_D && e->fts_level > FTS_ROOTLEVEL && *e->fts_name == '.')
			fts_set(tree, e, FTS_SKIP);
		else if (given ? e->fts_info != FTS_D && e->fts_info != FTS_DP
			       : e->fts_info == FTS_F && is_manifest(e->fts_name))
			read_one(l, e->fts_path);
	}
	fts_close(tree);
}

static bool has_findings(const struct lint *l)
{
	for (uint32_t i = 0; i < l->n_findings; i++)
		if (l->findings[i].rule->level != LINT_ADVICE)
			return true;
	return false;
}

static bool reads_stdin(const struct lint *l)
{
	for (uint32_t i = 0; i < l->n_files; i++)
		if (l->files[i]->path == NULL)
			return true;
	return false;
}

static void look(struct lint *l, int n, char **paths)
{
	for (int i = 0; i < n; i++)
		read_path(l, paths[i]);
	lint_run(l);
}

// A fix may uncover the next mistake: the server names one of a kind at a time.
static int fix(struct lint *l, int n, char **paths, struct hp_err *err)
{
	int total = 0;

	for (int pass = 0; pass < FIX_PASSES; pass++) {
		const int fixed = lint_fix(l, stdout, err);

		if (fixed < 0)
			return fixed;
		total += fixed;
		if (fixed == 0 || reads_stdin(l))
			break;
		struct lint again = {.crio = l->crio, .pss = l->pss, .minor = l->minor};
		memcpy(again.levels, l->levels, sizeof(again.levels));
		lint_free(l);
		*l = again;
		look(l, n, paths);
	}
	return total;
}

static int lint_all(const struct lint_opts *o, int n, char **paths, struct hp_err *err)
{
	struct lint l = {.crio = o->runtime == 1,
		.pss = o->pss == 0 ? NULL : profiles[o->pss],
		.minor = (unsigned int)strtoul(o->k8s + 2, NULL, 10)};
	int fixed = 0, code;

	if (set_levels(&l, o->levels, err) < 0)
		return HP_EXIT_USAGE;
	look(&l, n, paths);
	if (o->fix)
		fixed = fix(&l, n, paths, err);
	lint_print(&l, (enum lint_format)o->format, o->fix && reads_stdin(&l) ? stderr : stdout);
	if (o->fix && fixed >= 0 && o->format == LINT_TEXT)
		fprintf(stderr, "hugepod lint: %d fixed\n", fixed);
	code = l.unreadable ? HP_EXIT_DATA : has_findings(&l) ? HP_EXIT_OTHER : HP_EXIT_OK;
	if (fixed < 0)
		code = HP_EXIT_OTHER;
	if (l.arena.failed) {
		hp_err_set(err, HP_EXIT_DATA, ENOMEM, "the manifests need too much memory");
		code = HP_EXIT_DATA;
	}
	lint_free(&l);
	return code;
}

static int run(const void *given, int n_words, char **words, struct hp_err *err)
{
	const struct lint_opts *o = given;

	if (o->list) {
		lint_rules_markdown(stdout);
		return HP_EXIT_OK;
	}
	if (o->explain != NULL && lint_explain(o->explain, stdout))
		return HP_EXIT_OK;
	if (o->explain != NULL)
		hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--explain: unknown rule \"%s\", expected one of `hugepod lint --list`",
			o->explain);
	else if (n_words == 0)
		hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"nothing to read, expected files, folders or -");
	else
		return lint_all(o, n_words, words, err);
	return HP_EXIT_USAGE;
}

int hugepod_lint_main(int argc, char **argv)
{
	struct lint_opts o = {0};

	return hugepod_command(&lint_opt_set, &o, run, argc, argv);
}
