// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Options of hp-client, and of the functions by --set.

#include "base/hp_log.h"
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct hp_opt opts[] = {
	{"function", 'f', HP_OPT_STRING, HP_OPT_CLI, offsetof(struct hp_client_opts, function), 1,
		HP_NAME_MAX - 1, "io", NULL, "NAME", "Packets",
		"What to do with packets: io, mac, macswap, 5tswap, csum, acl, rate, icmpecho, "
		"noisy, rxonly, ttl.",
		false},
	{"set", 's', HP_OPT_LIST, HP_OPT_CLI, offsetof(struct hp_client_opts, set), 1, 1023, NULL,
		NULL, "KEY=VALUE", "Packets",
		"A setting of the function; repeatable. docs/apps/client.md lists them.", false},
	HP_MEMBER_OPTS(struct hp_client_opts, "client"),
	{NULL},
};

const struct hp_opt_set hp_client_opts = {
	.program = "hp-client",
	.summary = "a packet function behind a link of a hugepod group",
	.usage = "[OPTIONS]",
	.details =
		"hp-client joins the group of --file-prefix, is lent packets by the primary, and "
		"hands each one back with a verdict. It needs the group's runtime directory and "
		"hugepage volume at the primary's paths, the primary's uid, and nothing else: "
		"no capability, no hugepage limit of its own.",
	.opts = opts,
};

static const struct hp_opt *find(const struct hp_func *func, const char *key, size_t len)
{
	for (const struct hp_opt *opt = func->opts; opt != NULL && opt->name != NULL; opt++)
		if (strlen(opt->name) == len && strncmp(opt->name, key, len) == 0)
			return opt;
	return NULL;
}

static void list_keys(const struct hp_func *func, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (const struct hp_opt *opt = func->opts; opt != NULL && opt->name != NULL; opt++)
		if (len < size)
			len += (size_t)snprintf(
				text + len, size - len, "%s%s", len > 0 ? ", " : "", opt->name);
}

int hp_client_func_conf(
	const struct hp_func *func, const struct hp_strlist *set, void **conf, struct hp_err *err)
{
	const struct hp_opt_set table = {.program = func->name, .opts = func->opts};
	char where[HP_NAME_MAX + 32], keys[256];
	int ret;

	*conf = NULL;
	list_keys(func, keys, sizeof(keys));
	if (func->opts != NULL) {
		*conf = calloc(1, func->conf_size);
		if (*conf == NULL)
			return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
		ret = hp_opts_defaults(&table, *conf);
		if (ret < 0)
			return hp_err_set(err, HP_EXIT_OTHER, -ret, "out of memory");
	}
	for (uint32_t i = 0; i < set->n; i++) {
		const char *value = strchr(set->items[i], '=');
		size_t len = strcspn(set->items[i], "=");
		const struct hp_opt *opt = find(func, set->items[i], len);

		if (opt == NULL)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--set '%s': function %s has no such setting; it has %s",
				set->items[i], func->name, keys[0] != '\0' ? keys : "none");
		if (value == NULL)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--set '%s': expected KEY=VALUE", set->items[i]);
		snprintf(where, sizeof(where), "--set %s", opt->name);
		ret = hp_opt_parse_value(opt, *conf, value + 1, where, HP_EXIT_USAGE, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

void hp_client_func_free(const struct hp_func *func, void *conf)
{
	const struct hp_opt_set table = {.program = func->name, .opts = func->opts};

	if (conf != NULL)
		hp_opts_free(&table, conf);
	free(conf);
}
