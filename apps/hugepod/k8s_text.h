// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Strings, numbers and values printed as the API server (Go) prints them.

#pragma once

#include "k8s_value.h"

#include <stddef.h>

/** As %q prints it: in double quotes, escaped. "" without memory. */
const char *k8s_go_quote(struct k8s_arena *arena, const char *text);

/** As a JSON string with <, > and & escaped. "" without memory. */
const char *k8s_json_quote(struct k8s_arena *arena, const char *text);

/** As compact JSON. "" without memory. */
const char *k8s_json(struct k8s_arena *arena, const struct k8s_val *val);

/** A finite number as Go's JSON writes it, in @p size bytes. */
void k8s_json_double(double d, char *out, size_t size);
