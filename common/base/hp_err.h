// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What went wrong, in words for the person who has to mend it, and the exit code that goes with it.
// Filled where the cause is known, printed once by main(). Needs nothing but libc.

#pragma once

#include <stdarg.h>
#include <stddef.h>

/** Exit codes of every program; docs/join-protocol.md lists them for users. */
enum hp_exit {
	HP_EXIT_OK = 0,
	HP_EXIT_OTHER = 1, ///< anything that has no code of its own
	HP_EXIT_USAGE = 64, ///< a wrong command line
	HP_EXIT_DATA = 65, ///< bad input data
	HP_EXIT_NO_PRIMARY = 69, ///< no primary within --wait-primary
	HP_EXIT_AGAIN = 75, ///< the primary is gone: start me again
	HP_EXIT_PROTOCOL = 76, ///< versions or fingerprints differ
	HP_EXIT_CONFIG = 78, ///< configuration: a file, the environment, the other members
};

/** One error: a sentence and an exit code. Zero-initialise it. */
struct hp_err {
	int exit_code; ///< enum hp_exit; 0 as long as nothing was set
	char text[1024]; ///< what was given, what was expected, what to do; no newline
};

/**
 * Describe an error and give back a negative errno, so that a caller can
 * `return hp_err_set(err, HP_EXIT_CONFIG, EINVAL, "...")`.
 *
 * The first error set is kept: what comes after it is a consequence.
 *
 * @param err
 *   Where to put it; NULL is allowed and drops the text.
 * @param exit_code
 *   One of enum hp_exit, not HP_EXIT_OK.
 * @param errnum
 *   A positive errno.
 * @return
 *   -errnum.
 */
int hp_err_set(struct hp_err *err, int exit_code, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** The same with a va_list. */
int hp_err_vset(struct hp_err *err, int exit_code, int errnum, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

#define HP_QUOTE_SIZE 72 // bytes that hp_err_quote() needs at most for its usual 60 characters

/**
 * What somebody gave us, made fit for one line of an error: cut to what @p size holds, with "..."
 * where it was cut, and '?' for control characters.
 *
 * @param text
 *   NULL is shown as an empty string.
 * @return
 *   @p buf.
 */
const char *hp_err_quote(char *buf, size_t size, const char *text);
