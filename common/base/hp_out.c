// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Collects what a command says as a tree; how it looks is decided when it is complete.

#include "base/hp_out_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct hp_out {
	enum hp_out_format format;
	struct hp_out_node root; // an object
	struct hp_out_node *at; // innermost open object or array
	bool failed; // out of memory: what is there is not everything
	char *text; // rendered, or NULL
	size_t len;
};

struct hp_out *hp_out_new(enum hp_out_format format)
{
	struct hp_out *out = calloc(1, sizeof(*out));

	if (out == NULL)
		return NULL;
	out->format = format;
	out->root.kind = HP_OUT_OBJECT;
	out->at = &out->root;
	return out;
}

// Free a node's children, depth first, without recursion: depth is the caller's.
static void free_children(struct hp_out_node *top)
{
	struct hp_out_node *node = top;

	while (node != top || top->first != NULL) {
		struct hp_out_node *parent;

		if (node->first != NULL) {
			node = node->first;
			continue;
		}
		parent = node->parent;
		parent->first = node->next;
		free(node->key);
		free(node->value);
		free(node);
		node = parent;
	}
}

void hp_out_free(struct hp_out *out)
{
	if (out == NULL)
		return;
	free_children(&out->root);
	free(out->text);
	free(out);
}

enum hp_out_format hp_out_format(const struct hp_out *out)
{
	return out->format;
}

// Append a node; a NULL key is none.
static struct hp_out_node *add(
	struct hp_out *out, struct hp_out_node *parent, enum hp_out_kind kind, const char *key)
{
	struct hp_out_node *node = calloc(1, sizeof(*node));

	if (node != NULL && key != NULL)
		node->key = strdup(key);
	if (node == NULL || (key != NULL && node->key == NULL)) {
		free(node);
		out->failed = true;
		return NULL;
	}
	node->kind = kind;
	node->parent = parent;
	if (parent->last == NULL)
		parent->first = node;
	else
		parent->last->next = node;
	parent->last = node;
	return node;
}

static void add_value(struct hp_out *out, struct hp_out_node *parent, enum hp_out_kind kind,
	const char *key, const char *fmt, va_list ap) __attribute__((format(printf, 5, 0)));

static void add_value(struct hp_out *out, struct hp_out_node *parent, enum hp_out_kind kind,
	const char *key, const char *fmt, va_list ap)
{
	struct hp_out_node *node = add(out, parent, kind, key);

	if (node != NULL && vasprintf(&node->value, fmt, ap) < 0) {
		node->value = NULL;
		node->kind = HP_OUT_NULL;
		out->failed = true;
	}
}

static void add_fmt(struct hp_out *out, enum hp_out_kind kind, const char *key, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

static void add_fmt(
	struct hp_out *out, enum hp_out_kind kind, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_value(out, out->at, kind, key, fmt, ap);
	va_end(ap);
}

static void open_container(struct hp_out *out, enum hp_out_kind kind, const char *key)
{
	struct hp_out_node *node = add(out, out->at, kind, key);

	if (node != NULL)
		out->at = node;
}

void hp_out_object(struct hp_out *out, const char *key)
{
	open_container(out, HP_OUT_OBJECT, key);
}

void hp_out_array(struct hp_out *out, const char *key)
{
	open_container(out, HP_OUT_ARRAY, key);
}

void hp_out_end(struct hp_out *out)
{
	if (out->at->parent != NULL)
		out->at = out->at->parent;
}

void hp_out_uint(struct hp_out *out, const char *key, uint64_t value)
{
	add_fmt(out, HP_OUT_NUMBER, key, "%" PRIu64, value);
}

void hp_out_int(struct hp_out *out, const char *key, int64_t value)
{
	add_fmt(out, HP_OUT_NUMBER, key, "%" PRId64, value);
}

void hp_out_double(struct hp_out *out, const char *key, double value, int decimals)
{
	if (isfinite(value))
		add_fmt(out, HP_OUT_NUMBER, key, "%.*f", decimals < 0 ? 0 : decimals, value);
	else
		add(out, out->at, HP_OUT_NULL, key); // JSON has no word for it
}

void hp_out_bool(struct hp_out *out, const char *key, bool value)
{
	struct hp_out_node *node = add(out, out->at, HP_OUT_BOOL, key);

	if (node != NULL)
		node->yes = value;
}

void hp_out_str(struct hp_out *out, const char *key, const char *value)
{
	if (value != NULL)
		add_fmt(out, HP_OUT_STRING, key, "%s", value);
	else
		add(out, out->at, HP_OUT_NULL, key);
}

void hp_out_fmt(struct hp_out *out, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_value(out, out->at, HP_OUT_STRING, key, fmt, ap);
	va_end(ap);
}

// In JSON all lines go into one array; in text a line stands where it was said.
static struct hp_out_node *lines_of(struct hp_out *out)
{
	if (out->format == HP_OUT_TEXT)
		return &out->root;
	for (struct hp_out_node *node = out->root.first; node != NULL; node = node->next)
		if (node->kind == HP_OUT_ARRAY && node->key != NULL &&
			strcmp(node->key, HP_OUT_MESSAGES) == 0)
			return node;
	return add(out, &out->root, HP_OUT_ARRAY, HP_OUT_MESSAGES);
}

void hp_out_line(struct hp_out *out, const char *fmt, ...)
{
	struct hp_out_node *lines = lines_of(out);
	va_list ap;

	if (lines == NULL)
		return;
	va_start(ap, fmt);
	add_value(out, lines, HP_OUT_STRING, NULL, fmt, ap);
	va_end(ap);
}

const char *hp_out_text(struct hp_out *out, size_t *len)
{
	static const char no_memory[] = "{\"error\":\"out of memory\"}";
	const char *text = out->format == HP_OUT_JSON ? no_memory : "out of memory\n";
	FILE *file = NULL;

	free(out->text);
	out->text = NULL;
	if (!out->failed)
		file = open_memstream(&out->text, &out->len);
	if (file != NULL) {
		bool written;

		if (out->format == HP_OUT_JSON)
			hp_out_print_json(file, &out->root);
		else
			hp_out_print_text(file, &out->root);
		written = !ferror(file);
		if (fclose(file) == 0 && written)
			text = out->text;
	}
	if (len != NULL)
		*len = text == out->text ? out->len : strlen(text);
	return text;
}
