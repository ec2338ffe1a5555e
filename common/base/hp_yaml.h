// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// YAML as a tree in which every node knows its line and column. Aliases are expanded and everything
// is bounded, so that hostile input ends in an error and not in memory. No I/O but reading the
// file.
//
// An alias is the anchor's node itself, shared: it keeps the anchor's position, and the limits
// count it as often as it is used. Merge keys (<<) are ordinary keys here.

#pragma once

#include "base/hp_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hp_yaml_type {
	HP_YAML_SCALAR,
	HP_YAML_SEQ,
	HP_YAML_MAP,
};

struct hp_yaml_node {
	enum hp_yaml_type type;
	uint32_t line, column; ///< of its first character, both from 1
	const char *tag; ///< explicit tag, or NULL
	bool plain; ///< scalar without quotes and not a block scalar
	char style; ///< scalar: 'p' plain, '\'' or '"' quoted, '|' or '>' block; else 0
	const char *anchor; ///< its &name without the &, or NULL
	size_t start, end; ///< byte offsets in the input: [start, end), a BOM counts
	uint32_t size; ///< nodes in it once aliases are expanded, keys and itself included
	uint32_t height; ///< 1 for a scalar, else 1 + the highest child
	const char *value; ///< scalar: NUL-terminated
	size_t len; ///< scalar: bytes, without the NUL; value may hold NULs
	uint32_t n; ///< sequence: items; map: pairs
	struct hp_yaml_node **keys; ///< map: n keys, in the file's order, duplicates kept
	struct hp_yaml_node **items; ///< sequence: n items; map: n values
};

/** What a caller is ready to take. Zero fields mean the defaults in brackets. */
struct hp_yaml_limits {
	size_t max_bytes; ///< of input [4 MiB]
	uint32_t max_depth; ///< of nesting [64]
	uint32_t max_nodes; ///< after aliases are expanded [1,000,000]
	uint32_t max_docs; ///< [10,000]
};

/** A file of one or more documents. Owns all its nodes. */
struct hp_yaml_file;

/**
 * Read a whole stream of documents from memory.
 *
 * @param name
 *   The file's name for errors; copied.
 * @param limits
 *   NULL for the defaults.
 * @return
 *   The file, to be freed with hp_yaml_free(), or NULL with @p err filled (HP_EXIT_DATA):
 *   "name:line:column: what, what was expected".
 */
struct hp_yaml_file *hp_yaml_load(const char *name, const char *text, size_t len,
	const struct hp_yaml_limits *limits, struct hp_err *err);

/** The same for a path, "-" being standard input. */
struct hp_yaml_file *hp_yaml_load_path(
	const char *path, const struct hp_yaml_limits *limits, struct hp_err *err);

void hp_yaml_free(struct hp_yaml_file *file);

/** How many documents; an empty file has none. */
uint32_t hp_yaml_docs(const struct hp_yaml_file *file);

/** Root node of document @p i, NULL for an empty document. */
const struct hp_yaml_node *hp_yaml_root(const struct hp_yaml_file *file, uint32_t i);

/** Value of the first pair of @p map with that key, NULL if there is none or @p map is no map. */
const struct hp_yaml_node *hp_yaml_get(const struct hp_yaml_node *map, const char *key);

/** Number of pairs of @p map whose key is @p key; 0 if @p map is no map. */
uint32_t hp_yaml_count(const struct hp_yaml_node *map, const char *key);

/** True for a plain scalar that YAML reads as null: "", "~", "null", "Null", "NULL". */
bool hp_yaml_is_null(const struct hp_yaml_node *node);
