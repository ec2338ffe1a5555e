// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Findings: what the rules of all levels add to.

#include "lint.h"

#include <string.h>

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
