// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_paths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// snprintf()'s result as 0 or -ENAMETOOLONG
static int fits(int len, size_t size)
{
	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

static bool prefix_is_valid(const char *prefix)
{
	// '%' would end in one of EAL's format strings, which is why EAL refuses it.
	return prefix[0] != '\0' && strpbrk(prefix, "/%") == NULL && strcmp(prefix, ".") != 0 &&
	       strcmp(prefix, "..") != 0;
}

static const char *base_of(const struct hp_paths_env *env)
{
	// EAL takes a variable that is set but empty as it is; so do we.
	if (env->runtime_directory != NULL)
		return env->runtime_directory;
	if (env->uid == 0)
		return "/var/run";
	return env->xdg_runtime_dir != NULL ? env->xdg_runtime_dir : "/tmp";
}

int hp_paths_runtime_dir_of(
	char *buf, size_t size, const char *file_prefix, const struct hp_paths_env *env)
{
	const char *prefix = file_prefix != NULL ? file_prefix : HP_PATHS_PREFIX_DEFAULT;

	if (!prefix_is_valid(prefix))
		return -EINVAL;
	return fits(snprintf(buf, size, "%s/dpdk/%s", base_of(env), prefix), size);
}

int hp_paths_runtime_dir(char *buf, size_t size, const char *file_prefix, const char *base)
{
	struct hp_paths_env env = {
		.runtime_directory = base != NULL ? base : getenv(HP_PATHS_RUNTIME_ENV),
		.xdg_runtime_dir = getenv("XDG_RUNTIME_DIR"),
		.uid = getuid(),
	};

	return hp_paths_runtime_dir_of(buf, size, file_prefix, &env);
}

int hp_paths_export(const char *base)
{
	return setenv(HP_PATHS_RUNTIME_ENV, base, 1) == 0 ? 0 : -errno;
}

int hp_paths_file(char *buf, size_t size, const char *runtime_dir, const char *name)
{
	return fits(snprintf(buf, size, "%s/%s", runtime_dir, name), size);
}

int hp_paths_sockaddr(struct sockaddr_un *addr, const char *runtime_dir, const char *name)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	return hp_paths_file(addr->sun_path, sizeof(addr->sun_path), runtime_dir, name);
}
