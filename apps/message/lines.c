// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

int hp_lines_open(struct hp_lines *lines, const char *path)
{
	bool standard = strcmp(path, "-") == 0;

	lines->name = standard ? "standard input" : path;
	lines->eof = false;
	lines->number = 0;
	lines->start = 0;
	lines->end = 0;
	lines->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	return lines->fd < 0 ? -errno : 0;
}

void hp_lines_close(struct hp_lines *lines)
{
	if (lines->fd > STDIN_FILENO)
		close(lines->fd);
	lines->fd = -1;
}

// A line that is there, whole or the last one without an end. 1, 0, -EMSGSIZE.
static int cut(struct hp_lines *lines, const char **line, uint32_t *length)
{
	size_t there = lines->end - lines->start;
	const char *begin = lines->buf + lines->start;
	const char *newline = memchr(begin, '\n', there);
	size_t len = newline != NULL ? (size_t)(newline - begin) : there;

	if (newline == NULL && !(lines->eof && there > 0) && there <= HP_MAIL_MAX)
		return 0;
	lines->number++;
	if (len > HP_MAIL_MAX)
		return -EMSGSIZE;
	lines->start += len + (newline != NULL);
	*line = begin;
	*length = (uint32_t)len;
	return 1;
}

int hp_lines_next(struct hp_lines *lines, const char **line, uint32_t *length)
{
	for (;;) {
		struct pollfd ready = {.fd = lines->fd, .events = POLLIN};
		int ret = cut(lines, line, length);
		ssize_t n;

		if (ret != 0 || lines->eof)
			return ret;
		memmove(lines->buf, lines->buf + lines->start, lines->end - lines->start);
		lines->end -= lines->start;
		lines->start = 0;
		if (poll(&ready, 1, 0) == 0)
			return -EAGAIN;
		n = read(lines->fd, lines->buf + lines->end, sizeof(lines->buf) - lines->end);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return -EAGAIN;
		if (n < 0)
			return -errno;
		lines->eof = n == 0;
		lines->end += (size_t)n;
	}
}
