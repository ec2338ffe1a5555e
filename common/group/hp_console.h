// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A member's command line: lines of standard input are commands of the group's primary, over its
// control socket. A thread of its own, which may wait; it touches nothing of the shared memory.

#pragma once

#include "base/hp_err.h"

struct hp_console;

/**
 * Start to read standard input. Main thread, before rte_eal_init(), so that the thread is not bound
 * to the packet loop's CPU. "quit" ends this process as SIGTERM does; the end of the input ends
 * nothing.
 *
 * @param file_prefix, runtime_dir
 *   Of the group, as hp_paths_runtime_dir() takes them.
 * @param name
 *   Of the member, for the prompt of a terminal.
 * @return
 *   To be ended with hp_console_free(), or NULL with @p err filled (HP_EXIT_OTHER, HP_EXIT_CONFIG).
 */
struct hp_console *hp_console_new(
	const char *file_prefix, const char *runtime_dir, const char *name, struct hp_err *err);

/** End the thread, in the middle of a command too. NULL is fine. */
void hp_console_free(struct hp_console *console);
