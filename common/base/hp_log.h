// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The logger: one line an event on stderr, as text or as JSON. Any thread may log; a line is
// written with one write(2), so lines of several threads do not mix. Never call it in a packet
// loop.

#pragma once

#include <stdint.h>

enum hp_log_level {
	HP_LOG_ERR,
	HP_LOG_WARNING,
	HP_LOG_NOTICE,
	HP_LOG_INFO,
	HP_LOG_DEBUG,
};

enum hp_log_format {
	HP_LOG_TEXT,
	HP_LOG_JSON,
};

/** Words of the enums above, NULL-terminated, for option tables. */
extern const char *const hp_log_level_words[];
extern const char *const hp_log_format_words[];

/** Names the module of all HP_LOG() lines of a source file. */
#define HP_LOG_TYPE(name) static const char *const hp_log_module = name

/** HP_LOG(WARNING, "port %u: no link", id): no newline at the end. */
#define HP_LOG(level, ...) hp_log(HP_LOG_##level, hp_log_module, __VA_ARGS__)

/**
 * Say who logs, how much, and in which form. Call it once, before threads start.
 *
 * @param program
 *   The program's name, kept by reference.
 * @param member
 *   The member's name or NULL, kept by reference.
 */
void hp_log_setup(const char *program, const char *member, enum hp_log_format format,
	enum hp_log_level level);

/** Change how much is logged, at any time, from any thread. */
void hp_log_set_level(enum hp_log_level level);

/** Write one line. Use HP_LOG(). */
void hp_log(enum hp_log_level level, const char *module, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
