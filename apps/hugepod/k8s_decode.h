// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Strict decoding: what the API server answers with 400 before it looks at any rule.

#pragma once

#include "k8s_check.h"
#include "k8s_schema.h"

/**
 * Check a document against a type and make it what the server's structs hold: nulls and unknown
 * fields are gone, quantities are parsed.
 *
 * @param duplicate
 *   What k8s_val_of() said of duplicate keys, or NULL.
 * @return
 *   True if the server can decode it. Otherwise @p c has one cause of reason "BadRequest" whose
 *   message is the server's.
 */
bool k8s_decode(struct k8s_check *c, struct k8s_val *root, const struct k8s_schema_type *type,
	bool json, const char *duplicate, const struct hp_yaml_node *duplicate_at);
