// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The tree that hp_out.c collects and hp_out_text.c and hp_out_json.c print.

#pragma once

#include "base/hp_out.h"

enum hp_out_kind {
	HP_OUT_OBJECT,
	HP_OUT_ARRAY,
	HP_OUT_NUMBER,
	HP_OUT_STRING,
	HP_OUT_BOOL,
	HP_OUT_NULL,
};

struct hp_out_node {
	struct hp_out_node *parent, *next, *first, *last;
	enum hp_out_kind kind;
	char *key; ///< or NULL
	char *value; ///< of a number or string
	bool yes; ///< of a bool
};

static inline bool hp_out_is_container(const struct hp_out_node *node)
{
	return node->kind == HP_OUT_OBJECT || node->kind == HP_OUT_ARRAY;
}

/** Print @p root, an object, for people: values, tables, then free lines where they stand. */
void hp_out_print_text(FILE *file, const struct hp_out_node *root);
/** Print it as compact JSON. An array without a key that is alone is the document itself. */
void hp_out_print_json(FILE *file, const struct hp_out_node *root);

#define HP_OUT_MESSAGES "messages" // key of hp_out_line()'s array in JSON
