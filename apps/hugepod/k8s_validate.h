// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What an API server 1.36 says of one object: decode, default, validate.

#pragma once

#include "k8s_check.h"

/** An object as it went through the server. */
struct k8s_object {
	struct k8s_val *root; ///< decoded and defaulted; NULL if it could not be decoded
	const char *kind, *name; ///< "" if it has none
	bool known; ///< a kind that is validated; others are left alone
};

/**
 * Decode, default and validate one document.
 *
 * @param node
 *   A map. For lists (kind List) call it for each item.
 * @param json
 *   The document is JSON, not YAML.
 * @param c
 *   Gets the causes: one of reason "BadRequest" if it cannot be decoded.
 */
void k8s_validate(
	struct k8s_check *c, const struct hp_yaml_node *node, bool json, struct k8s_object *object);
