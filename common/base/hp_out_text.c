// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The tree for people: "key: value" lines with the values aligned, an array of flat objects as a
// table. Control characters are shown as '?', so that no name can play with a terminal.

#include "base/hp_out_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64 // of a table; an object with more keys is printed as lines

static const char *scalar_text(const struct hp_out_node *node)
{
	if (node == NULL || node->kind == HP_OUT_NULL)
		return "-";
	if (node->kind == HP_OUT_BOOL)
		return node->yes ? "yes" : "no";
	return node->value;
}

// Columns that a text takes on a terminal: UTF-8's continuation bytes take none.
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_clean(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		fputc(c < 0x20 || c == 0x7f ? '?' : c, file);
	}
}

static void spaces(FILE *file, size_t n)
{
	while (n-- > 0)
		fputc(' ', file);
}

// What a table's cell shows: a scalar, or an array of scalars as a list.
static bool is_cell(const struct hp_out_node *node)
{
	if (node->kind == HP_OUT_OBJECT)
		return false;
	for (const struct hp_out_node *item = node->first; item != NULL; item = item->next)
		if (hp_out_is_container(item))
			return false;
	return true;
}

static void print_cell(FILE *file, const struct hp_out_node *node)
{
	if (node == NULL || node->kind != HP_OUT_ARRAY) {
		print_clean(file, scalar_text(node));
		return;
	}
	if (node->first == NULL)
		fputc('-', file);
	for (const struct hp_out_node *item = node->first; item != NULL; item = item->next) {
		print_clean(file, scalar_text(item));
		if (item->next != NULL)
			fputc(',', file);
	}
}

static size_t cell_width(const struct hp_out_node *node)
{
	size_t width = 0;

	if (node == NULL || node->kind != HP_OUT_ARRAY)
		return width_of(scalar_text(node));
	for (const struct hp_out_node *item = node->first; item != NULL; item = item->next)
		width += width_of(scalar_text(item)) + (item->next != NULL);
	return width == 0 ? 1 : width;
}

struct column {
	const char *key;
	size_t width;
	bool right; // numbers only
};

struct table {
	struct column columns[COLUMNS_MAX];
	unsigned int n;
};

static const struct hp_out_node *child_of(const struct hp_out_node *object, const char *key)
{
	for (const struct hp_out_node *c = object->first; c != NULL; c = c->next)
		if (c->key != NULL && strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

static struct column *column_of(struct table *table, const char *key)
{
	for (unsigned int i = 0; i < table->n; i++)
		if (strcmp(table->columns[i].key, key) == 0)
			return &table->columns[i];
	if (table->n == COLUMNS_MAX)
		return NULL;
	table->columns[table->n] =
		(struct column){.key = key, .width = width_of(key), .right = true};
	return &table->columns[table->n++];
}

// Find the columns; false if the array is no table.
static bool measure(struct table *table, const struct hp_out_node *array)
{
	table->n = 0;
	for (const struct hp_out_node *row = array->first; row != NULL; row = row->next) {
		if (row->kind != HP_OUT_OBJECT)
			return false;
		for (const struct hp_out_node *c = row->first; c != NULL; c = c->next) {
			struct column *column = c->key != NULL ? column_of(table, c->key) : NULL;
			size_t width;

			if (column == NULL || !is_cell(c))
				return false;
			width = cell_width(c);
			column->width = width > column->width ? width : column->width;
			if (c->kind != HP_OUT_NUMBER && c->kind != HP_OUT_NULL)
				column->right = false;
		}
	}
	return table->n > 0;
}

static void print_upper(FILE *file, const char *text)
{
	for (; *text != '\0'; text++)
		fputc(*text == '_' ? '-' : toupper((unsigned char)*text), file);
}

// One row; NULL is the heading.
static void print_row(
	FILE *file, const struct table *table, const struct hp_out_node *row, size_t indent)
{
	spaces(file, indent);
	for (unsigned int i = 0; i < table->n; i++) {
		const struct column *column = &table->columns[i];
		const struct hp_out_node *cell = row != NULL ? child_of(row, column->key) : NULL;
		size_t width = row != NULL ? cell_width(cell) : width_of(column->key);
		bool last = i + 1 == table->n;

		if (column->right)
			spaces(file, column->width - width);
		if (row != NULL)
			print_cell(file, cell);
		else
			print_upper(file, column->key);
		if (!column->right && !last)
			spaces(file, column->width - width);
		if (!last)
			spaces(file, 2);
	}
	fputc('\n', file);
}

static void print_object(FILE *file, const struct hp_out_node *object, size_t indent);

static void print_array(FILE *file, const struct hp_out_node *array, size_t indent)
{
	struct table table;

	if (array->first == NULL) {
		spaces(file, indent);
		fputs("none\n", file);
		return;
	}
	if (measure(&table, array)) {
		print_row(file, &table, NULL, indent);
		for (const struct hp_out_node *row = array->first; row != NULL; row = row->next)
			print_row(file, &table, row, indent);
		return;
	}
	for (const struct hp_out_node *item = array->first; item != NULL; item = item->next) {
		if (item->kind == HP_OUT_OBJECT) {
			print_object(file, item, indent);
		} else if (item->kind == HP_OUT_ARRAY) {
			print_array(file, item, indent);
		} else {
			spaces(file, indent);
			print_cell(file, item);
			fputc('\n', file);
		}
		if (hp_out_is_container(item) && item->next != NULL)
			fputc('\n', file);
	}
}

// Values of neighbouring lines begin in one column.
static size_t value_column(const struct hp_out_node *object)
{
	size_t column = 0;

	for (const struct hp_out_node *c = object->first; c != NULL; c = c->next)
		if (c->key != NULL && is_cell(c) && width_of(c->key) + 2 > column)
			column = width_of(c->key) + 2;
	return column;
}

static void print_child(FILE *file, const struct hp_out_node *child, size_t indent, size_t column)
{
	if (child->key == NULL && child->kind == HP_OUT_OBJECT) {
		print_object(file, child, indent);
	} else if (child->key == NULL && child->kind == HP_OUT_ARRAY) {
		print_array(file, child, indent);
	} else if (is_cell(child)) {
		spaces(file, indent);
		if (child->key != NULL) {
			print_clean(file, child->key);
			fputc(':', file);
			spaces(file, column - width_of(child->key) - 1);
		}
		print_cell(file, child);
		fputc('\n', file);
	} else {
		spaces(file, indent);
		print_clean(file, child->key);
		fputs(":\n", file);
		if (child->kind == HP_OUT_ARRAY)
			print_array(file, child, indent + 2);
		else
			print_object(file, child, indent + 2);
	}
}

static void print_object(FILE *file, const struct hp_out_node *object, size_t indent)
{
	size_t column = value_column(object);

	for (const struct hp_out_node *c = object->first; c != NULL; c = c->next)
		print_child(file, c, indent, column);
}

void hp_out_print_text(FILE *file, const struct hp_out_node *root)
{
	print_object(file, root, 0);
}
