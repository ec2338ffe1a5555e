// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The small parent that a program may run under. It makes the child's PID one that nobody else in
// the group has, is a proper init where the program is PID 1 of a container (passes signals on,
// reaps), and with --respawn starts a dead child again at once: an orchestrator's own back-off
// begins at 10 s. One thread, before any other thread exists.

#pragma once

#include <stdbool.h>
#include <stdint.h>

/** What a child returns when the group has another process of its PID: fork and try again. */
#define HP_CHILD_PID_TAKEN 200

struct hp_supervise {
	const char *program; ///< for log lines
	bool respawn; ///< start the child again when it dies or asks for it
	/** What each child would do first and could inherit instead; once, in the parent. Optional.
	 */
	void (*prepare)(void);
	/** The program. Returns its exit code. @p restarts: how often a child was started again. */
	int (*child)(void *arg, uint32_t restarts);
	void *arg;
};

/**
 * Run the child, in this process if that is enough, else under a parent.
 *
 * The parent ends when the child does, with its exit code, unless --respawn: then a child that was
 * killed or ended with a code that another start may mend (1, 69, 75) is started again: at once,
 * but from the fourth failed start in a row on after a pause that doubles up to 5 s. A failed start
 * is a child that lived less than a second, unless it had come up (hp_supervise_up()) and was
 * killed from outside (SIGKILL) or lost its primary (75). The parent gives up, with the child's
 * code, on codes that no restart mends (0, 64, 65, 76, 78), after 20 failed starts in a row, and on
 * SIGTERM or SIGINT, which it passes on.
 *
 * @return
 *   The exit code for main().
 */
int hp_supervise_run(const struct hp_supervise *sup);

/** Tell the parent that the program is up and does its work. In the child, any thread. */
void hp_supervise_up(void);
