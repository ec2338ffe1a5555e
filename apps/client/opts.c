// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Options of hp-client.

#include "base/hp_log.h"
#include "client.h"

static const struct hp_opt opts[] = {
	{"function", 'f', HP_OPT_STRING, HP_OPT_CLI, offsetof(struct hp_client_opts, function), 1,
		HP_NAME_MAX - 1, "io", NULL, "NAME", "Packets",
		"What to do with packets: io, mac, macswap, 5tswap, csum, acl, rate, icmpecho, "
		"noisy, rxonly, ttl.",
		false},
	{"set", 's', HP_OPT_LIST, HP_OPT_CLI, offsetof(struct hp_client_opts, set), 1, 1023, NULL,
		NULL, "KEY=VALUE", "Packets",
		"A setting of the function; repeatable. docs/functions.md lists them.", false},
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
