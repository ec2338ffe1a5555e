// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Reading files into objects.

#include "lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (16u << 20) // a List of a thousand manifests
#define LISTS_MAX 8 // lists within lists

static void add_object(
	struct lint *l, const struct lint_file *file, const struct hp_yaml_node *node, uint32_t doc)
{
	struct lint_object *o;

	if (l->n_objects == l->room_objects) {
		const uint32_t room = l->room_objects * 2 + 16;
		struct lint_object *more = k8s_alloc(&l->arena, room * sizeof(*more));

		if (more == NULL)
			return;
		if (l->n_objects > 0)
			memcpy(more, l->objects, l->n_objects * sizeof(*more));
		l->objects = more;
		l->room_objects = room;
	}
	o = &l->objects[l->n_objects++];
	*o = (struct lint_object){
		.object = {.kind = "", .name = ""}, .file = file, .node = node, .document = doc};
}

// A List stands for its items.
static void add_objects(struct lint *l, const struct lint_file *file,
	const struct hp_yaml_node *node, uint32_t doc, int depth)
{
	const struct hp_yaml_node *kind = hp_yaml_get(node, "kind");
	const struct hp_yaml_node *items = hp_yaml_get(node, "items");
	const size_t len = kind == NULL || kind->value == NULL ? 0 : kind->len;

	if (items != NULL && items->type == HP_YAML_SEQ && depth < LISTS_MAX && len >= 4 &&
		strcmp(kind->value + len - 4, "List") == 0) {
		for (uint32_t i = 0; i < items->n; i++)
			add_objects(l, file, items->items[i], doc, depth + 1);
		return;
	}
	add_object(l, file, node, doc);
}

static int add_file(struct lint *l, struct lint_file *file)
{
	if (l->n_files == l->room_files) {
		const uint32_t room = l->room_files * 2 + 16;
		struct lint_file **more = k8s_alloc(&l->arena, room * sizeof(struct lint_file *));

		if (more == NULL)
			return -ENOMEM;
		if (l->n_files > 0)
			memcpy(more, l->files, l->n_files * sizeof(struct lint_file *));
		l->files = more;
		l->room_files = room;
	}
	l->files[l->n_files++] = file;
	return 0;
}

int lint_read_text(
	struct lint *l, const char *name, const char *text, size_t len, struct hp_err *err)
{
	const struct hp_yaml_limits limits = {.max_bytes = FILE_MAX_BYTES};
	struct lint_file *file = k8s_alloc(&l->arena, sizeof(*file));

	if (file == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "%s: out of memory", name);
	file->name = k8s_copy(&l->arena, name, strlen(name));
	file->text = k8s_copy(&l->arena, text, len);
	file->len = len;
	if (file->name == NULL || file->text == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "%s: out of memory", name);
	file->yaml = hp_yaml_load(name, text, len, &limits, err);
	if (file->yaml == NULL)
		return -EINVAL;
	if (add_file(l, file) < 0) {
		hp_yaml_free(file->yaml);
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "%s: out of memory", name);
	}
	for (uint32_t i = 0; i < hp_yaml_docs(file->yaml); i++)
		if (hp_yaml_root(file->yaml, i) != NULL)
			add_objects(l, file, hp_yaml_root(file->yaml, i), i + 1, 0);
	return 0;
}

int lint_read(struct lint *l, const char *path, struct hp_err *err)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	size_t len = 0, room = 0;
	char *text = NULL;
	int ret;

	if (in == NULL)
		return hp_err_set(err, HP_EXIT_DATA, errno,
			"%s: cannot open: %s, expected a manifest", path, strerror(errno));
	do {
		char *bigger;

		room = room == 0 ? 64u << 10 : room * 2;
		bigger = realloc(text, room);
		if (bigger == NULL)
			break;
		text = bigger;
		len += fread(text + len, 1, room - len, in);
	} while (len == room && len <= FILE_MAX_BYTES);
	if (text == NULL || ferror(in))
		ret = hp_err_set(
			err, HP_EXIT_DATA, EIO, "%s: cannot read: %s", path, strerror(errno));
	else
		ret = lint_read_text(l, is_stdin ? "<stdin>" : path, text, len, err);
	if (ret == 0 && !is_stdin)
		l->files[l->n_files - 1]->path = l->files[l->n_files - 1]->name;
	free(text);
	if (!is_stdin)
		fclose(in);
	return ret;
}
void lint_free(struct lint *l)
{
	for (uint32_t i = 0; i < l->n_files; i++)
		hp_yaml_free(l->files[i]->yaml);
	k8s_arena_free(&l->arena);
}
