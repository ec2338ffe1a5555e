// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Reads small files of /proc and /sys below a root that is "" on the real machine and a folder of
// fixtures in a test. No DPDK.

#pragma once

#include <stddef.h>
#include <stdint.h>

#define HP_FILE_MAX UINT64_MAX // what "max" in a cgroup file reads as: no limit

/**
 * Read the start of a file as text.
 *
 * @param root
 *   Put in front of @p path; "" for the machine itself.
 * @param size
 *   Bytes in @p buf; what does not fit is left out. The text ends with NUL, newlines are kept.
 * @return
 *   Bytes read, or -errno.
 */
int hp_file_read(const char *root, const char *path, char *buf, size_t size);

/**
 * Read a whole file, whatever its size, up to @p max bytes.
 *
 * @return
 *   The text, NUL-terminated, to be freed by the caller; NULL with errno (EFBIG: more than @p max).
 */
char *hp_file_load(const char *root, const char *path, size_t max, size_t *len);

/** Read one number, decimal, or "max". 0, or -errno; -EINVAL if the file holds something else. */
int hp_file_u64(uint64_t *value, const char *root, const char *path);

/** The same with the path made by printf. */
int hp_file_u64_fmt(uint64_t *value, const char *root, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** "16 MiB", "1.5 GiB": what sentences show. Exact where it can be: the largest unit that leaves at
 * most one decimal, bytes otherwise. Returns @p buf. */
const char *hp_file_size_text(char *buf, size_t size, uint64_t bytes);
