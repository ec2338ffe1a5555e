// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the tests of hugepod plan share: a plan, nodes and manifests of one line.

#pragma once

#include "hp_test.h"
#include "plan.h"

#include <stdlib.h>
#include <string.h>

// A plan of one test: nodes first, then make() with manifests.
static struct plan plan;
static struct hp_err err;

static inline int setup(void **state)
{
	memset(&plan, 0, sizeof(plan));
	memset(&err, 0, sizeof(err));
	return 0;
}

static inline int teardown(void **state)
{
	plan_free(&plan);
	return 0;
}

static inline void node(const char *text)
{
	if (plan_node_parse(&plan, text, &err) != 0)
		fail_msg("%s", err.text);
}

static inline void make(const char *yaml)
{
	if (plan_read_text(&plan, "t.yaml", yaml, strlen(yaml), &err) != 0 ||
		plan_make(&plan, &err) != 0)
		fail_msg("%s", err.text);
}

static inline const struct plan_instance *find(const char *name)
{
	for (uint32_t i = 0; i < plan.n_instances; i++)
		if (strcmp(plan.instances[i].name, name) == 0)
			return &plan.instances[i];
	fail_msg("no pod %s", name);
	return &plan.instances[0]; // not reached, but the compiler cannot know
}

static inline void runs_on(const char *pod, const char *where)
{
	const struct plan_instance *i = find(pod);

	if (i->node == NULL)
		fail_msg("%s: %s", pod, i->event);
	assert_string_equal(i->node->name, where);
}

static inline void does_not_run(const char *pod, const char *reason, const char *event)
{
	const struct plan_instance *i = find(pod);

	assert_null(i->node);
	assert_string_equal(i->reason, reason);
	assert_string_equal(i->event, event);
}

static inline void amount_is(const struct plan_list *list, const char *name, const char *want)
{
	char text[K8S_QUANTITY_TEXT];

	assert_string_equal(plan_amount_text(text, name, plan_amount(list, name)), want);
}

#define POD(name, spec) \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: " name "}\nspec:\n" spec "\n"
#define ONE(limits) "  containers: [{name: c, resources: {limits: {" limits "}}}]\n"

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
