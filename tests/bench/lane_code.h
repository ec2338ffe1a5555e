// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What bench_lane finds in each of its modules by name.

#pragma once

struct hp_lane;

typedef void bench_lane_turn_fn(struct hp_lane *lane);

/** As hp_lane_turn(). */
bench_lane_turn_fn bench_lane_turn;
