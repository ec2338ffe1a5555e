// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Reads configurations for the tests of hp_config: "t.yaml" is the file's name.

#pragma once

#include "base/hp_config.h"
#include "hp_test.h"

int hp_conf_from_yaml(struct hp_config *conf, const char *text, struct hp_err *err);
/** @p args end with NULL and do not name the program; 14 at most. */
int hp_conf_from_args(struct hp_config *conf, const char *const *args, struct hp_err *err);

/** It is refused with the exit code for a wrong command line and with a text that holds @p want. */
void hp_conf_args_are_refused(const char *const *args, const char *want);
/** The same for a file. */
void hp_conf_yaml_is_refused(const char *text, const char *want);
