// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// txonly: make packets of one flow, as testpmd's forward mode of that name.

#include "func/hp_gen.h"

static const struct hp_opt txonly_opts[] = {HP_GEN_OPTS, {NULL}};

static const struct hp_func txonly = {
	.name = "txonly",
	.summary = "make packets of one flow; drop what comes",
	.opts = txonly_opts,
	.conf_size = sizeof(struct hp_gen_conf),
	.init = hp_gen_init,
	.fini = hp_gen_fini,
	.want = hp_gen_want,
	.burst = hp_gen_burst,
};

HP_FUNC_REGISTER(txonly)
