// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The clock of control threads. Packet loops use the TSC.

#pragma once

#include <stdint.h>
#include <time.h>

/** Microseconds of a clock that never goes back. Any thread. */
static inline uint64_t hp_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}
