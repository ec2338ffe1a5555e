// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Lines of a file, a pipe or a terminal, without ever waiting for one.

#pragma once

#include "group/hp_mail.h"

#include <stdbool.h>

struct hp_lines {
	const char *name; // for errors
	int fd;
	bool eof;
	uint64_t number; // of the line that was returned last, from 1
	size_t start, end; // of what was read and not returned yet
	char buf[2 * HP_MAIL_MAX];
};

/** @p path: "-" for standard input; kept by reference. 0 or -errno. */
int hp_lines_open(struct hp_lines *lines, const char *path);
void hp_lines_close(struct hp_lines *lines);

/**
 * The next line without its end; valid until the next call.
 * @return
 *   1; 0: the end; -EAGAIN: none yet; -EMSGSIZE: longer than HP_MAIL_MAX; another -errno.
 */
int hp_lines_next(struct hp_lines *lines, const char **line, uint32_t *length);
