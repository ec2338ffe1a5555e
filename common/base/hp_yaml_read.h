// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What hp_yaml.c and hp_yaml_read.c share: words for libyaml's errors, and the limits. For these
// two files only.

#pragma once

#include "base/hp_yaml.h"

#include <yaml.h>

/** @p given with its zero fields replaced by the defaults; NULL is all zero. */
struct hp_yaml_limits hp_yaml_limits_or_default(const struct hp_yaml_limits *given);

/**
 * Put what stopped @p parser into @p err as "name:line:column: what, what was expected".
 *
 * @param text
 *   The parser's input from which a tab is recognised and reader errors get their line.
 * @return
 *   -EINVAL, or -ENOMEM if libyaml found no memory.
 */
int hp_yaml_parser_error(const yaml_parser_t *parser, const char *name, const char *text,
	size_t len, struct hp_err *err);
