// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A run over all objects: what the API server would say of each, then the rules level by level.

#include "k8s_pod.h"
#include "lint.h"

#include <stdlib.h>
#include <string.h>

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
