// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the files of the option table (hp_opts*.c) share and nobody else needs.

#pragma once

#include "base/hp_opts.h"

#define HP_OPTS_MAX 128 // options of one table: the bits of struct hp_opts_given
#define HP_OPT_STRING_MAX 4096 // characters of a value: PATH_MAX, nothing we take is longer

static inline void *hp_opt_field(const struct hp_opt *opt, void *conf)
{
	return (char *)conf + opt->offset;
}

/** "a number from 1 to 512": what a value of the option has to look like. Returns @p buf. */
const char *hp_opt_expected(const struct hp_opt *opt, char *buf, size_t size);

/** What help prints for the value: opt->arg, the words, or one for the type; "" for a flag. */
const char *hp_opt_arg(const struct hp_opt *opt, char *buf, size_t size);

/** "default 32; 1 to 512", or "" where there is nothing to say. Returns @p buf. */
const char *hp_opt_limits(const struct hp_opt *opt, char *buf, size_t size);

/** Append a copy of @p text; -ENOMEM. */
int hp_strlist_add(struct hp_strlist *list, const char *text);
void hp_strlist_free(struct hp_strlist *list);

/** The options that every program knows; ends with .name == NULL. */
extern const struct hp_opt hp_opts_builtin[];
enum hp_opts_builtin_id {
	HP_OPTS_HELP,
	HP_OPTS_VERSION,
	HP_OPTS_MAN,
	HP_OPTS_MARKDOWN,
	HP_OPTS_BUILTIN_COUNT,
};
