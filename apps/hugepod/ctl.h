// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod ctl on a terminal.

#pragma once

#include "base/hp_err.h"

/**
 * Join the terminal on standard input and output with the primary's command line until either
 * ends. The terminal is given back as it was, also when a signal ends the program.
 *
 * @param fd
 *   A connection opened with mode "tty".
 * @return
 *   An exit code; @p err is filled if the terminal can't be set.
 */
int ctl_terminal(int fd, struct hp_err *err);
