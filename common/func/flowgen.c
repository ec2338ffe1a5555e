// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// flowgen: make packets of many flows in turn, as testpmd's forward mode of that name.

#include "func/hp_gen.h"

static const struct hp_opt flowgen_opts[] = {
	HP_GEN_OPTS,
	{.name = "flows",
		.type = HP_OPT_UINT,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct hp_gen_conf, flows),
		.min = 1,
		.max = HP_GEN_FLOWS_MAX,
		.def = "1024",
		.arg = "N",
		.help = "Flows, which differ in their destination address."},
	{NULL},
};

static const struct hp_func flowgen = {
	.name = "flowgen",
	.summary = "make packets of many flows in turn; drop what comes",
	.opts = flowgen_opts,
	.conf_size = sizeof(struct hp_gen_conf),
	.init = hp_gen_init,
	.fini = hp_gen_fini,
	.want = hp_gen_want,
	.burst = hp_gen_burst,
};

HP_FUNC_REGISTER(flowgen)
