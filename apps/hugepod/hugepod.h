// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The sub-commands of `hugepod`, each in files of its own name. None of them starts EAL.

#pragma once

#include "base/hp_err.h"
#include "base/hp_opts.h"

/**
 * What a sub-command does with its options.
 * @param words
 *   [n_words] what stands behind the options.
 * @return the exit code; what is wrong is in @p err, which the caller prints.
 */
typedef int (*hugepod_run)(const void *opts, int n_words, char **words, struct hp_err *err);

/**
 * Parse a sub-command's options, run it, print its error. set->program is "hugepod NAME".
 * @param opts
 *   The options' struct, zeroed.
 * @return the process's exit code.
 */
int hugepod_command(
	const struct hp_opt_set *set, void *opts, hugepod_run run, int argc, char **argv);

/** A sub-command: argv[0] is its own name. Returns the process's exit code. */
int hugepod_ctl_main(int argc, char **argv);
int hugepod_doctor_main(int argc, char **argv);
int hugepod_lint_main(int argc, char **argv);
int hugepod_plan_main(int argc, char **argv);
int hugepod_probe_main(int argc, char **argv);
