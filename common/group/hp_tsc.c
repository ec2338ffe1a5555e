// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_tsc.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>

#define EAL_SLEEP_NS 100000000L // get_tsc_freq() of lib/eal/linux/eal_timer.c, 22.11 to 25.11
#define SHORT_SLEEP_NS 20000000L

// A thread's own by nature: what nanosleep() means on it.
static _Thread_local bool measuring;

void hp_tsc_begin(void)
{
	measuring = true;
}

void hp_tsc_end(void)
{
	measuring = false;
}

// In place of libc's, for librte_eal too.
int nanosleep(const struct timespec *req, struct timespec *rem)
{
	static const struct timespec brief = {.tv_nsec = SHORT_SLEEP_NS};
	int ret;

	if (measuring && req->tv_sec == 0 && req->tv_nsec == EAL_SLEEP_NS)
		req = &brief;
	// Linux' nanosleep() sleeps by this clock, whatever POSIX says.
	ret = clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem);
	if (ret == 0)
		return 0;
	errno = ret;
	return -1;
}
