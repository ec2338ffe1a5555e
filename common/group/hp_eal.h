// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Starting EAL: one argument list, EAL's log lines turned into ours, its errors into one sentence.

#pragma once

#include "base/hp_err.h"
#include "base/hp_opts.h"

#include <stddef.h>
#include <stdint.h>

#define HP_EAL_ARGS_MAX 256

struct hp_eal_args {
	char *argv[HP_EAL_ARGS_MAX];
	int argc;
	int error; // -errno of the first hp_eal_arg() that failed
};

/** Append one argument. An error is kept and comes out of hp_eal_start(). */
void hp_eal_arg(struct hp_eal_args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Add "NAME VALUE" to the words that hp_eal_start() takes as given; nothing if @p value is NULL.
 */
void hp_eal_give(char *given, size_t size, const char *name, const char *value);

/**
 * rte_eal_init() with these arguments. Main thread, once a process. The arguments stay allocated,
 * as EAL keeps pointers into them. Standard output is shut meanwhile: EAL prints its usage there.
 * @param given what of it the user asked for, in words, or NULL.
 * @return 0, or -errno with @p err filled: EAL's own first error lines in it, and HP_EXIT_CONFIG
 *   where EAL refused what was @p given, else HP_EXIT_OTHER.
 */
int hp_eal_start(struct hp_eal_args *args, const char *given, struct hp_err *err);

/**
 * "(0,2-3)": the CPUs that this process may run on, as EAL's --lcores wants a set.
 * @return 0, -errno.
 */
int hp_eal_cpus(char *buf, size_t size);

/** Take all buses off EAL's list, so that it looks for no device. Before hp_eal_start(). */
void hp_eal_no_buses(void);
