// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Defaults that the API server fills in before it validates.

#pragma once

#include "k8s_value.h"

/** Fill in the defaults that its validation looks at. */
void k8s_default(struct k8s_arena *arena, struct k8s_val *root);
