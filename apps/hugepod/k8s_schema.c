// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "k8s_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct schema_root {
	const char *kind, *api_version;
	uint16_t type;
};

#include "k8s_schema.inc"

const struct k8s_schema_type *k8s_schema_root(const char *kind, const char *api_version)
{
	for (size_t i = 0; i < sizeof(schema_roots) / sizeof(schema_roots[0]); i++)
		if (strcmp(schema_roots[i].kind, kind) == 0 &&
			strcmp(schema_roots[i].api_version, api_version) == 0)
			return &schema_types[schema_roots[i].type];
	return NULL;
}

const char *k8s_schema_api_version(const char *kind)
{
	for (size_t i = 0; i < sizeof(schema_roots) / sizeof(schema_roots[0]); i++)
		if (strcmp(schema_roots[i].kind, kind) == 0)
			return schema_roots[i].api_version;
	return NULL;
}

const struct k8s_schema_type *k8s_schema_type(uint16_t index)
{
	return &schema_types[index];
}

const struct k8s_schema_field *k8s_schema_field(
	const struct k8s_schema_type *type, const char *name)
{
	uint16_t low = type->first, high = (uint16_t)(type->first + type->n);

	while (low < high) {
		const uint16_t mid = (uint16_t)((low + high) / 2);
		const int d = strcmp(name, schema_fields[mid].name);

		if (d == 0)
			return &schema_fields[mid];
		if (d < 0)
			high = mid;
		else
			low = (uint16_t)(mid + 1);
	}
	return NULL;
}

// Same letters in another case, or one of them with a letter too many at its end.
static bool is_near(const char *a, const char *b)
{
	const size_t la = strlen(a), lb = strlen(b);
	const size_t shorter = la < lb ? la : lb;

	return la + lb - 2 * shorter <= 1 && strncasecmp(a, b, shorter) == 0;
}

const char *k8s_schema_nearest(const struct k8s_schema_type *type, const char *name)
{
	for (uint16_t i = type->first; i < type->first + type->n; i++)
		if (is_near(schema_fields[i].name, name))
			return schema_fields[i].name;
	return NULL;
}
