// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Arbitrary bytes as YAML. Every node of what is read lies in the text, sizes and heights agree
// with the tree, and an error has a position.

#include "base/hp_yaml.h"

#include <string.h>

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define DEPTH 64 // the reader's default

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t walk(const struct hp_yaml_node *node, size_t size, uint32_t depth)
{
	const uint32_t n = node->type == HP_YAML_SCALAR ? 0 : node->n;
	uint32_t total = 1;

	CHECK(depth <= DEPTH + 1 && node->height <= DEPTH + 1);
	CHECK(node->line >= 1 && node->column >= 1);
	CHECK(node->start <= node->end && node->end <= size);
	if (node->type == HP_YAML_SCALAR)
		CHECK(node->value[node->len] == '\0');
	for (uint32_t i = 0; i < n; i++) {
		total += walk(node->items[i], size, depth + 1);
		if (node->type == HP_YAML_MAP)
			total += walk(node->keys[i], size, depth + 1);
		CHECK(node->items[i]->height < node->height);
	}
	CHECK(total == node->size);
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hp_yaml_limits limits = {.max_nodes = 20000};
	struct hp_err err = {0};
	struct hp_yaml_file *file = hp_yaml_load("fuzz", (const char *)data, size, &limits, &err);

	CHECK((file == NULL) == (err.exit_code == HP_EXIT_DATA));
	if (file == NULL) {
		CHECK(strncmp(err.text, "fuzz:", 5) == 0);
		return 0;
	}
	for (uint32_t i = 0; i < hp_yaml_docs(file); i++)
		if (hp_yaml_root(file, i) != NULL)
			walk(hp_yaml_root(file, i), size, 1);
	hp_yaml_free(file);
	return 0;
}
