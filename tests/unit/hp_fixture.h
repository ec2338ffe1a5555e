// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A folder that plays the root of a machine: tests write its /proc and /sys.

#pragma once

#include "hp_test.h"

#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char root[64];
};

static inline void fixture_new(struct fixture *f)
{
	// tmpfs if there is one: on overlayfs /proc/PID/maps and stat(2) name different devices.
	snprintf(f->root, sizeof(f->root), "%s/hp-fixture-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(f->root));
}

static inline const char *fixture_path(struct fixture *f, const char *path, char *full)
{
	assert_true((size_t)snprintf(full, PATH_MAX, "%s%s", f->root, path) < PATH_MAX);
	return full;
}

/** mkdir -p of @p path, of all of it or of its parent folders. */
static inline void fixture_dirs(struct fixture *f, const char *path, bool all)
{
	char full[PATH_MAX];

	fixture_path(f, path, full);
	for (char *p = full + strlen(f->root) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	if (all)
		mkdir(full, 0755);
}

static inline void fixture_write(struct fixture *f, const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *file;

	fixture_dirs(f, path, false);
	file = fopen(fixture_path(f, path, full), "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline int fixture_rm_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static inline void fixture_free(struct fixture *f)
{
	nftw(f->root, fixture_rm_one, 16, FTW_DEPTH | FTW_PHYS);
}
