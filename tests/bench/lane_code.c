// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A lane's turn as a module, built once with taps and once without (-DHP_TAPS_OFF): bench_lane runs
// both on the same lane, one window after the other. All else of a module is hidden, as an
// executable's functions are to others.

#include "lane_code.h"

#include "lane.h"

__attribute__((visibility("default"))) void bench_lane_turn(struct hp_lane *lane)
{
	hp_lane_turn(lane);
}
