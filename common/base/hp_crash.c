// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_crash.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KILLED (128 + SIGKILL) // as a shell sees it

enum hp_crash_point hp_crash_at = HP_CRASH_COUNT;

#define NAME_OF(name, how, what) #name,
static const char *const names[] = {HP_CRASH_POINTS(NAME_OF)};

static const char *token;

// Before main(), so that no point comes too early.
__attribute__((constructor)) static void read_environment(void)
{
	const char *at = getenv("HUGEPOD_CRASH_AT");
	size_t len;

	if (at == NULL)
		return;
	len = strcspn(at, ":");
	for (unsigned int i = 0; at[len] == ':' && i < HP_CRASH_COUNT; i++) {
		if (strlen(names[i]) != len || strncmp(names[i], at, len) != 0)
			continue;
		token = at + len + 1;
		hp_crash_at = (enum hp_crash_point)i;
	}
}

void hp_crash_try(void)
{
	if (unlink(token) < 0)
		return;
	raise(SIGKILL);
	// The kernel keeps PID 1 of a namespace from its own signals. This cleans up as little.
	_exit(KILLED); // lint: _exit: that is what the point is for
}
