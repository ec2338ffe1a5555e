// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Keeps a clock of hp_clock.h by the TSC and the wall clock. Control thread, after EAL's start.

#pragma once

#include "base/hp_clock.h"

/** Begin now. */
void hp_wallclock_start(struct hp_clock *clock);

/** Correct it; every HP_CLOCK_PERIOD_NS. */
void hp_wallclock_adjust(struct hp_clock *clock);
