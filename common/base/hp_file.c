// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOAD_STEP 16384 // bytes; /proc files say nothing of their size, so read piece by piece

static int open_rooted(const char *root, const char *path)
{
	char full[PATH_MAX];
	int len = snprintf(full, sizeof(full), "%s%s", root, path);
	int fd;

	if (len < 0 || (size_t)len >= sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

// Reads until @p size bytes or the end: a /proc file may come in several pieces.
static ssize_t read_full(int fd, char *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, buf + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int hp_file_read(const char *root, const char *path, char *buf, size_t size)
{
	int fd = open_rooted(root, path);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read_full(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	return (int)n;
}

char *hp_file_load(const char *root, const char *path, size_t max, size_t *len)
{
	int fd = open_rooted(root, path);
	size_t size = 0, done = 0;
	char *text = NULL, *grown;
	ssize_t n;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	do {
		size = size == 0 ? LOAD_STEP : 2 * size;
		grown = realloc(text, size + 1);
		if (grown == NULL)
			n = -ENOMEM;
		else {
			text = grown;
			n = read_full(fd, text + done, size - done);
		}
		if (n > 0)
			done += (size_t)n;
		if (done > max)
			n = -EFBIG;
	} while (n >= 0 && done == size);
	close(fd);
	if (n < 0) {
		free(text);
		errno = (int)-n;
		return NULL;
	}
	text[done] = '\0';
	if (len != NULL)
		*len = done;
	return text;
}

int hp_file_u64(uint64_t *value, const char *root, const char *path)
{
	char text[64], *end;
	int ret = hp_file_read(root, path, text, sizeof(text));

	if (ret < 0)
		return ret;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0) {
		*value = HP_FILE_MAX;
		return 0;
	}
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return *end != '\0' || errno != 0 ? -EINVAL : 0;
}

int hp_file_u64_fmt(uint64_t *value, const char *root, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	return hp_file_u64(value, root, path);
}

const char *hp_file_size_text(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};

	for (int i = 3; i >= 0; i--) {
		uint64_t unit = UINT64_C(1) << (10 * (i + 1));

		if (bytes < unit || bytes % unit * 10 % unit != 0)
			continue;
		if (bytes % unit == 0)
			snprintf(buf, size, "%" PRIu64 " %s", bytes / unit, units[i]);
		else
			snprintf(buf, size, "%" PRIu64 ".%" PRIu64 " %s", bytes / unit,
				bytes % unit * 10 / unit, units[i]);
		return buf;
	}
	snprintf(buf, size, "%" PRIu64 " %s", bytes, bytes == 1 ? "byte" : "bytes");
	return buf;
}
