// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The registry of packet functions, filled by constructors before main(), read-only afterwards.

#include "func/hp_func.h"

#include "base/hp_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

HP_LOG_TYPE("func");

static const struct hp_func *funcs[HP_FUNC_MAX]; // in the order of their names
static unsigned int n_funcs;

void hp_func_register(const struct hp_func *func)
{
	unsigned int i = 0;
	int order = -1;

	while (i < n_funcs && (order = strcmp(funcs[i]->name, func->name)) < 0)
		i++;
	// Both are mistakes of whoever wrote the function; its test finds the function missing.
	if (n_funcs == HP_FUNC_MAX || (i < n_funcs && order == 0)) {
		HP_LOG(ERR, "function '%s' is not registered: %s", func->name,
			n_funcs == HP_FUNC_MAX ? "raise HP_FUNC_MAX" : "the name is taken");
		return;
	}
	memmove(&funcs[i + 1], &funcs[i], (n_funcs - i) * sizeof(funcs[0]));
	funcs[i] = func;
	n_funcs++;
}

const struct hp_func *hp_func_find(const char *name)
{
	for (unsigned int i = 0; i < n_funcs; i++)
		if (strcmp(funcs[i]->name, name) == 0)
			return funcs[i];
	return NULL;
}

const struct hp_func *hp_func_get(unsigned int i)
{
	return i < n_funcs ? funcs[i] : NULL;
}

static struct hp_opt_set opt_set(const struct hp_func *func)
{
	return (struct hp_opt_set){
		.program = func->name, .summary = func->summary, .opts = func->opts};
}

/** The option that a word "KEY=VALUE" sets; NULL with @p err filled. */
static const struct hp_opt *find_opt(
	const struct hp_func *func, const char *word, struct hp_err *err)
{
	size_t len = strcspn(word, "=");
	char known[256] = "";
	const struct hp_opt *opt;
	size_t used = 0;

	if (word[len] == '\0' || len == 0) {
		hp_err_set(err, HP_EXIT_USAGE, EINVAL, "--set %s: expected KEY=VALUE", word);
		return NULL;
	}
	for (opt = func->opts; opt != NULL && opt->name != NULL; opt++) {
		if (strlen(opt->name) == len && strncmp(opt->name, word, len) == 0)
			return opt;
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
				used > 0 ? ", " : "", opt->name);
	}
	if (used == 0)
		hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--set %s: function '%s' has no settings: leave it out", word, func->name);
	else
		hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--set %s: function '%s' has no setting '%.*s'; it has: %s", word,
			func->name, (int)len, word, known);
	return NULL;
}

static int apply_set(const struct hp_func *func, const struct hp_strlist *sets, uint32_t i,
	void *conf, struct hp_err *err)
{
	const char *word = sets->items[i];
	const struct hp_opt *opt = find_opt(func, word, err);
	char where[128];
	size_t key_len;

	if (opt == NULL)
		return -EINVAL;
	key_len = strlen(opt->name) + 1; // with the "="
	for (uint32_t j = 0; j < i && opt->type != HP_OPT_LIST; j++)
		if (strncmp(sets->items[j], word, key_len) == 0)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--set %s: already given as '%s'; give it once", word,
				sets->items[j]);
	snprintf(where, sizeof(where), "--set %s", opt->name);
	return hp_opt_parse_value(opt, conf, word + key_len, where, HP_EXIT_USAGE, err);
}

int hp_func_conf_new(
	const struct hp_func *func, const struct hp_strlist *sets, void **conf, struct hp_err *err)
{
	const struct hp_opt_set set = opt_set(func);
	uint32_t n = sets != NULL ? sets->n : 0;
	void *made = NULL;
	int ret = 0;

	*conf = NULL;
	if (func->opts != NULL) {
		made = calloc(1, func->conf_size);
		if (made == NULL)
			return hp_err_set(err, HP_EXIT_OTHER, ENOMEM,
				"function '%s': no memory for its settings", func->name);
		ret = hp_opts_defaults(&set, made);
	}
	for (uint32_t i = 0; ret == 0 && i < n; i++)
		ret = apply_set(func, sets, i, made, err);
	if (ret < 0) {
		hp_func_conf_free(func, made);
		return ret;
	}
	*conf = made;
	return 0;
}

void hp_func_conf_free(const struct hp_func *func, void *conf)
{
	const struct hp_opt_set set = opt_set(func);

	if (conf == NULL)
		return;
	hp_opts_free(&set, conf);
	free(conf);
}
