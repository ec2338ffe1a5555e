// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-client: joins a group, runs one packet function behind a link.

#include "base/hp_log.h"
#include "nf/hp_nf.h"

static const struct hp_opt opts[] = {HP_NF_OPTS("client")};

static const struct hp_opt_set client_opts = {
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

int main(int argc, char **argv)
{
	static const struct hp_nf_program client = {
		.name = "hp-client",
		.role = "client",
		.opts = &client_opts,
	};

	return hp_nf_main(&client, argc, argv);
}
