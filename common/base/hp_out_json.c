// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The tree as JSON (RFC 8259): valid whatever bytes the strings hold.

#include "base/hp_out_priv.h"
#include "base/hp_utf8.h"

#include <string.h>

#define ITEMS_KEY "items" // of an array without a key that is not alone

static void print_string(FILE *file, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', file);
	while (*s != '\0') {
		unsigned int len = hp_utf8_len(s);

		if (*s == '"' || *s == '\\')
			fprintf(file, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", file);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(file, "\\u%04x", *s);
		else if (len == 0)
			fputs("\\ufffd", file);
		else
			fwrite(s, 1, len, file);
		s += len == 0 ? 1 : len;
	}
	fputc('"', file);
}

static void print_children(FILE *file, const struct hp_out_node *node, bool keys, bool *comma);

static void print_node(FILE *file, const struct hp_out_node *node)
{
	bool comma = false;

	switch (node->kind) {
	case HP_OUT_OBJECT:
		fputc('{', file);
		print_children(file, node, true, &comma);
		fputc('}', file);
		break;
	case HP_OUT_ARRAY:
		fputc('[', file);
		print_children(file, node, false, &comma);
		fputc(']', file);
		break;
	case HP_OUT_NUMBER:
		fputs(node->value, file);
		break;
	case HP_OUT_STRING:
		print_string(file, node->value);
		break;
	case HP_OUT_BOOL:
		fputs(node->yes ? "true" : "false", file);
		break;
	case HP_OUT_NULL:
		fputs("null", file);
		break;
	}
}

static void print_children(FILE *file, const struct hp_out_node *node, bool keys, bool *comma)
{
	for (const struct hp_out_node *child = node->first; child != NULL; child = child->next) {
		// An object without a key inside an object is part of it.
		if (keys && child->kind == HP_OUT_OBJECT && child->key == NULL) {
			print_children(file, child, true, comma);
			continue;
		}
		if (*comma)
			fputc(',', file);
		*comma = true;
		if (keys) {
			print_string(file, child->key != NULL ? child->key : ITEMS_KEY);
			fputc(':', file);
		}
		print_node(file, child);
	}
}

void hp_out_print_json(FILE *file, const struct hp_out_node *root)
{
	const struct hp_out_node *only = root->first;

	if (only != NULL && only->next == NULL && only->key == NULL && only->kind != HP_OUT_OBJECT)
		print_node(file, only);
	else
		print_node(file, root);
}
