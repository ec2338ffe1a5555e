// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Around the tree of hp_yaml.c: reading the file, words for libyaml's errors, look-ups in a map.

#include "base/hp_yaml_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *find_line(const char *text, size_t len, size_t line)
{
	const char *end = text + len;

	for (; line > 0; line--) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));

		if (nl == NULL)
			return NULL;
		text = nl + 1;
	}
	return text;
}

// libyaml says "found character that cannot start any token" of a tab, which helps nobody.
static bool tab_indents(const char *text, size_t len, const yaml_mark_t *mark)
{
	const char *p = find_line(text, len, mark->line);

	if (p == NULL)
		return false;
	while (p < text + len && *p == ' ')
		p++;
	return p < text + len && *p == '\t';
}

static int reader_error(const yaml_parser_t *parser, const char *name, const char *text, size_t len,
	struct hp_err *err)
{
	size_t line = 1, column = 1;
	const size_t at = parser->problem_offset < len ? parser->problem_offset : len;

	for (size_t i = 0; i < at; i++) {
		const bool nl = text[i] == '\n';

		line += nl;
		column = nl ? 1 : column + (((unsigned char)text[i] & 0xc0) != 0x80);
	}
	return hp_err_set(err, HP_EXIT_DATA, EINVAL, "%s:%zu:%zu: %s, expected UTF-8 text", name,
		line, column, parser->problem);
}

int hp_yaml_parser_error(const yaml_parser_t *parser, const char *name, const char *text,
	size_t len, struct hp_err *err)
{
	const yaml_mark_t *mark = &parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return hp_err_set(err, HP_EXIT_DATA, ENOMEM, "%s: out of memory", name);
	if (parser->error == YAML_READER_ERROR)
		return reader_error(parser, name, text, len, err);
	if (tab_indents(text, len, mark))
		return hp_err_set(err, HP_EXIT_DATA, EINVAL,
			"%s:%zu:%zu: a tab in the indentation, expected spaces", name,
			mark->line + 1, mark->column + 1);
	if (parser->context == NULL)
		return hp_err_set(err, HP_EXIT_DATA, EINVAL, "%s:%zu:%zu: %s, expected valid YAML",
			name, mark->line + 1, mark->column + 1, parser->problem);
	return hp_err_set(err, HP_EXIT_DATA, EINVAL,
		"%s:%zu:%zu: %s %s that begins at %zu:%zu, expected valid YAML", name,
		mark->line + 1, mark->column + 1, parser->problem, parser->context,
		parser->context_mark.line + 1, parser->context_mark.column + 1);
}

// Reads at most max + 1 bytes, so that the caller sees that there is more.
static char *read_stream(FILE *in, size_t max, size_t *len)
{
	char *text = NULL;
	size_t room = 0;

	*len = 0;
	do {
		room = room == 0 ? 16u << 10 : room * 2;
		char *bigger = realloc(text, room);

		if (bigger == NULL) {
			free(text);
			return NULL;
		}
		text = bigger;
		*len += fread(text + *len, 1, room - *len, in);
	} while (*len == room && *len <= max);
	return text;
}

struct hp_yaml_file *hp_yaml_load_path(
	const char *path, const struct hp_yaml_limits *limits, struct hp_err *err)
{
	const struct hp_yaml_limits max = hp_yaml_limits_or_default(limits);
	const bool is_stdin = strcmp(path, "-") == 0;
	struct hp_yaml_file *file = NULL;
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	char *text = NULL;
	size_t len;

	if (in == NULL) {
		hp_err_set(err, HP_EXIT_DATA, errno, "%s: cannot open: %s, expected a file to read",
			path, strerror(errno));
		return NULL;
	}
	errno = 0;
	text = read_stream(in, max.max_bytes, &len);
	if (text == NULL || ferror(in))
		hp_err_set(err, HP_EXIT_DATA, errno != 0 ? errno : EIO,
			"%s: cannot read: %s, expected a file of YAML", path, strerror(errno));
	else
		file = hp_yaml_load(is_stdin ? "<stdin>" : path, text, len, &max, err);
	free(text);
	if (!is_stdin)
		fclose(in);
	return file;
}

static bool key_is(const struct hp_yaml_node *node, const char *key, size_t len)
{
	return node->type == HP_YAML_SCALAR && node->len == len &&
	       memcmp(node->value, key, len) == 0;
}

const struct hp_yaml_node *hp_yaml_get(const struct hp_yaml_node *map, const char *key)
{
	const size_t len = strlen(key);

	if (map == NULL || map->type != HP_YAML_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->n; i++)
		if (key_is(map->keys[i], key, len))
			return map->items[i];
	return NULL;
}

uint32_t hp_yaml_count(const struct hp_yaml_node *map, const char *key)
{
	const size_t len = strlen(key);
	uint32_t count = 0;

	if (map == NULL || map->type != HP_YAML_MAP)
		return 0;
	for (uint32_t i = 0; i < map->n; i++)
		count += key_is(map->keys[i], key, len);
	return count;
}

bool hp_yaml_is_null(const struct hp_yaml_node *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (node == NULL || !node->plain || node->tag != NULL)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (strcmp(node->value, nulls[i]) == 0)
			return true;
	return false;
}
