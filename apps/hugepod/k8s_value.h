// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A manifest as the JSON document that the API server makes of it: merge keys merged, scalars typed
// as YAML 1.1 does it, keys sorted. Every value knows where it stands in the file. All memory
// belongs to an arena; when that is exhausted, functions return NULL and the arena remembers it.

#pragma once

#include "base/hp_err.h"
#include "base/hp_yaml.h"
#include "k8s_quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct k8s_arena_chunk;

/** Memory that is freed at once. Zero-initialise it. */
struct k8s_arena {
	struct k8s_arena_chunk *chunks;
	size_t total; ///< bytes given out
	bool failed; ///< an allocation failed: results may lack parts
};

/** @p size zeroed bytes, or NULL. */
void *k8s_alloc(struct k8s_arena *arena, size_t size);
/** A copy with a NUL behind it, or NULL. */
char *k8s_copy(struct k8s_arena *arena, const char *text, size_t len);
/** printf into the arena; NULL without memory. */
char *k8s_printf(struct k8s_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void k8s_arena_free(struct k8s_arena *arena);

enum k8s_type {
	K8S_VAL_NULL,
	K8S_VAL_BOOL,
	K8S_VAL_NUMBER,
	K8S_VAL_STRING,
	K8S_VAL_LIST,
	K8S_VAL_MAP,
};

struct k8s_val {
	enum k8s_type type;
	bool boolean;
	bool defaulted; ///< the server's default, not in the file
	const char *str; ///< string, or number as JSON writes it; NUL-terminated
	size_t len; ///< of str
	uint32_t n, room; ///< items; room of the arrays
	struct k8s_key {
		const char *name;
		const struct hp_yaml_node *at; ///< NULL for a default
	} * keys; ///< map: n keys, sorted unless the document is JSON
	struct k8s_val **items; ///< list: n items; map: n values
	const struct k8s_quantity *quantity; ///< where the API has a quantity, after decoding
	const struct hp_yaml_node *at; ///< NULL for a default
};

/**
 * Convert a document.
 *
 * @param json
 *   The document is JSON: keys stay in order and duplicates stay.
 * @param err
 *   What the server's YAML reader says: text alone, without a position.
 * @param duplicate
 *   Set to the server's sentence if keys are given twice (the last one wins), else NULL.
 * @return
 *   The value, or NULL with @p err filled.
 */
struct k8s_val *k8s_val_of(struct k8s_arena *arena, const struct hp_yaml_node *root, bool json,
	const char **duplicate, const struct hp_yaml_node **duplicate_at, struct hp_err *err);

/** Line of the file that a value stands in; 0: none, or no value. */
static inline uint32_t k8s_line(const struct k8s_val *val)
{
	return val != NULL && val->at != NULL ? val->at->line : 0;
}

/** Value of a key, NULL if absent or if @p map is no map. */
struct k8s_val *k8s_get(const struct k8s_val *map, const char *key);
/** The same along "a.b.c". */
struct k8s_val *k8s_find(const struct k8s_val *map, const char *dotted);
/** String of a key, "" if absent or no string. */
const char *k8s_str(const struct k8s_val *map, const char *key);
/** True for the boolean true. */
bool k8s_true(const struct k8s_val *map, const char *key);
/** Number of a key, @p fallback if absent. */
int64_t k8s_int(const struct k8s_val *map, const char *key, int64_t fallback);
/** The value as a number, 0 if it is none. */
int64_t k8s_int_of(const struct k8s_val *val);
/** Items of a list or pairs of a map; 0 for NULL and scalars. */
uint32_t k8s_len(const struct k8s_val *val);

/** Add or replace a key. @p val may be shared. */
void k8s_set(struct k8s_arena *arena, struct k8s_val *map, const char *key, struct k8s_val *val);
/** Remove the pair at @p i. */
void k8s_remove(struct k8s_val *map, uint32_t i);
/** New values for defaults; NULL without memory. */
struct k8s_val *k8s_new(struct k8s_arena *arena, enum k8s_type type);
struct k8s_val *k8s_new_str(struct k8s_arena *arena, const char *text);
struct k8s_val *k8s_new_int(struct k8s_arena *arena, int64_t n);
