// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Schedules of CronJobs.

#pragma once

#include "k8s_value.h"

/** What is wrong with a schedule, in the server's words; NULL if nothing is. */
const char *k8s_cron_error(struct k8s_arena *arena, const char *schedule);
