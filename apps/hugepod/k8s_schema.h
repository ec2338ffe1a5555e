// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Names and types of the fields of the kinds that `hugepod lint` knows, generated from Kubernetes'
// own types by scripts/gen-k8s-schema.

#pragma once

#include <stdint.h>

enum k8s_kind {
	K8S_STRUCT,
	K8S_LIST,
	K8S_MAP,
	K8S_STRING,
	K8S_BOOL,
	K8S_INT32,
	K8S_INT64,
	K8S_BYTES,
	K8S_QUANTITY,
	K8S_INT_OR_STRING,
	K8S_TIME,
	K8S_ANY,
};

struct k8s_schema_field {
	const char *name;
	const char *via; ///< name of the embedded struct it comes from, or NULL
	uint16_t type; ///< for k8s_schema_type()
};

struct k8s_schema_type {
	enum k8s_kind kind;
	const char *go; ///< how Go prints the type
	uint16_t elem; ///< list and map: type of the elements
	uint16_t first, n; ///< struct: its fields, sorted by name
};

/** Type of a kind, NULL if unknown. @p api_version is "v1", "apps/v1", ... */
const struct k8s_schema_type *k8s_schema_root(const char *kind, const char *api_version);
/** apiVersion of a kind that is known, NULL otherwise. */
const char *k8s_schema_api_version(const char *kind);
const struct k8s_schema_type *k8s_schema_type(uint16_t index);
/** Field of a struct, NULL if it has none of that name. */
const struct k8s_schema_field *k8s_schema_field(
	const struct k8s_schema_type *type, const char *name);
/** The struct's field with the name most like @p name, NULL if none is near: for suggestions. */
const char *k8s_schema_nearest(const struct k8s_schema_type *type, const char *name);
