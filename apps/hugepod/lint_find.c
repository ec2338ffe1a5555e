// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Reading files into objects, and collecting findings.

#include "k8s_pod.h"
#include "k8s_schema.h"
#include "lint.h"

#include <ctype.h>
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

struct lint_finding *lint_add(struct lint *l, const struct lint_object *o, const char *rule,
	const struct k8s_at *at, const char *message, const char *fix)
{
	const struct lint_rule *r = lint_rule(rule);
	struct lint_finding *f;

	if (r == NULL || !l->levels[r->level] || message == NULL)
		return NULL;
	if (l->n_findings == l->room_findings) {
		const uint32_t room = l->room_findings * 2 + 32;
		struct lint_finding *more = k8s_alloc(&l->arena, room * sizeof(*more));

		if (more == NULL)
			return NULL;
		if (l->n_findings > 0)
			memcpy(more, l->findings, l->n_findings * sizeof(*more));
		l->findings = more;
		l->room_findings = room;
	}
	f = &l->findings[l->n_findings++];
	*f = (struct lint_finding){
		.rule = r,
		.object = o,
		.at = at == NULL ? NULL : k8s_at_node(at),
		.field = at == NULL ? "" : k8s_path_text(&l->arena, at),
		.reason = r->id,
		.message = message,
		.fix = fix != NULL ? fix : r->instead,
	};
	if (f->at == NULL)
		f->at = o->node;
	return f;
}

const struct k8s_at *lint_spec_at(const struct lint_object *o, struct k8s_at chain[LINT_CHAIN])
{
	static const char *const pod[] = {"spec", NULL};
	static const char *const template[] = {"spec", "template", "spec", NULL};
	static const char *const cron[] = {"spec", "jobTemplate", "spec", "template", "spec", NULL};
	const char *const *names = strcmp(o->object.kind, "Pod") == 0       ? pod
				   : strcmp(o->object.kind, "CronJob") == 0 ? cron
									    : template;
	int i = 0;

	chain[0] = (struct k8s_at){.val = o->object.root};
	for (; names[i] != NULL; i++)
		chain[i + 1] = k8s_child(&chain[i], names[i]);
	return &chain[i];
}

void lint_edit_to(struct lint_finding *f, const struct hp_yaml_node *scalar, const char *text)
{
	if (f == NULL || scalar == NULL || text == NULL || scalar->type != HP_YAML_SCALAR ||
		scalar->anchor != NULL ||
		(scalar->style != 'p' && scalar->style != '"' && scalar->style != '\''))
		return; // a shared value is changed by hand
	f->edit = (struct lint_edit){scalar->start, scalar->end, text};
}

// The word of the server's list that differs in case only, or NULL.
static const char *listed_word(struct lint *l, const struct k8s_cause *cause)
{
	const char *list = strstr(cause->message, "supported values: ");
	const char *given =
		cause->at != NULL && cause->at->type == HP_YAML_SCALAR ? cause->at->value : "";

	for (const char *p = list; p != NULL && *given != '\0'; p = strchr(p, '"')) {
		size_t n;

		if (*p != '"') {
			p = strchr(p, '"');
			if (p == NULL)
				break;
		}
		n = strcspn(++p, "\"");
		if (n == strlen(given) && strncasecmp(p, given, n) == 0)
			return k8s_copy(&l->arena, p, n);
		p += n;
		if (*p == '"')
			p++;
	}
	return NULL;
}

// "hugepage-2Mi" and "HugePages-2Mi" mean "hugepages-2Mi".
static const char *resource_word(struct lint *l, const char *field)
{
	const char *open = strrchr(field, '[');
	const char *dash = open == NULL ? NULL : strchr(open, '-');
	const size_t n = dash == NULL ? 0 : (size_t)(dash - open - 1);

	if ((n != 8 || strncasecmp(open + 1, "hugepage", 8) != 0) &&
		(n != 9 || strncasecmp(open + 1, "hugepages", 9) != 0))
		return NULL;
	if (strncmp(open + 1, "hugepages", 9) == 0)
		return NULL;
	return k8s_printf(&l->arena, "hugepages%.*s", (int)strcspn(dash, "]"), dash);
}

// The key of a map whose value is `value`, NULL if there is none.
static const struct hp_yaml_node *key_of(
	const struct hp_yaml_node *node, const struct hp_yaml_node *value)
{
	const struct hp_yaml_node *found = NULL;

	for (uint32_t i = 0; found == NULL && i < node->n; i++) {
		if (node->items[i] == value)
			return node->type == HP_YAML_MAP ? node->keys[i] : NULL;
		if (node->items[i]->type != HP_YAML_SCALAR)
			found = key_of(node->items[i], value);
	}
	return found;
}

static void add_cause(struct lint *l, const struct lint_object *o, const struct k8s_cause *cause)
{
	const struct lint_rule *rule = lint_rule_of_cause(cause);
	struct lint_finding *f = lint_add(l, o, rule->id, NULL, cause->message, NULL);
	const char *word;

	if (f == NULL)
		return;
	f->at = cause->at != NULL ? cause->at : o->node;
	f->field = cause->field;
	f->reason = cause->reason;
	if (cause->near != NULL) {
		f->fix = k8s_printf(&l->arena, "%s:", cause->near);
		lint_edit_to(f, cause->at, cause->near);
		return;
	}
	word = listed_word(l, cause);
	if (word != NULL) {
		f->fix = word;
		lint_edit_to(f, cause->at, word);
		return;
	}
	word = resource_word(l, cause->field);
	if (word != NULL && strstr(cause->message, "must be a standard resource") != NULL) {
		f->fix = k8s_printf(&l->arena, "%s:", word);
		lint_edit_to(f, cause->at == NULL ? NULL : key_of(o->node, cause->at), word);
	}
}

static bool is_json(const struct lint_file *file, const struct hp_yaml_node *node)
{
	return node->start < file->len && file->text[node->start] == '{';
}

static void look_at_api(struct lint *l, struct lint_object *o)
{
	struct k8s_check check = {.arena = &l->arena};

	if (o->node->type != HP_YAML_MAP) {
		const struct k8s_at nowhere = {0};

		struct lint_finding *f = lint_add(l, o, "api-bad-request", &nowhere,
			"json: cannot unmarshal a document that is no map: Object 'Kind' is "
			"missing",
			"a document with apiVersion and kind");
		if (f != NULL)
			f->reason = "BadRequest";
		return;
	}
	k8s_validate(&check, o->node, is_json(o->file, o->node), &o->object);
	for (uint32_t i = 0; i < check.n; i++)
		add_cause(l, o, &check.causes[i]);
	if (o->object.root == NULL)
		return;
	o->spec = k8s_pod_spec_of(o->object.root);
	o->space = k8s_str(k8s_get(o->object.root, "metadata"), "namespace");
	if (*o->space == '\0')
		o->space = "default";
}

static int compare_findings(const void *a, const void *b)
{
	const struct lint_finding *x = a, *y = b;

	if (x->object->file != y->object->file)
		return strcmp(x->object->file->name, y->object->file->name);
	if (x->at->line != y->at->line)
		return x->at->line < y->at->line ? -1 : 1;
	if (x->at->column != y->at->column)
		return x->at->column < y->at->column ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

void lint_run(struct lint *l)
{
	for (uint32_t i = 0; i < l->n_objects; i++)
		look_at_api(l, &l->objects[i]);
	for (uint32_t i = 0; i < l->n_objects; i++) {
		const struct lint_object *o = &l->objects[i];

		if (o->object.root == NULL || o->spec == NULL)
			continue;
		lint_mount(l, o);
		lint_schedule(l, o);
		lint_policy(l, o);
		lint_runtime(l, o);
		lint_advice(l, o);
	}
	lint_runtime_across(l);
	if (l->n_findings > 1)
		qsort(l->findings, l->n_findings, sizeof(*l->findings), compare_findings);
}

void lint_free(struct lint *l)
{
	for (uint32_t i = 0; i < l->n_files; i++)
		hp_yaml_free(l->files[i]->yaml);
	k8s_arena_free(&l->arena);
}
