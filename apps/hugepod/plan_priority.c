// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Who goes first: priority classes, as the API server's admission resolves them, and the
// scheduler's queue. A pod that would preempt others is placed before them, which comes to the same
// in the end: they are Pending.

#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Every cluster has these two (scheduling.k8s.io/v1).
static const struct plan_priority built_in[] = {
	{"system-node-critical", 2000001000, false},
	{"system-cluster-critical", 2000000000, false},
};

int plan_priority_read(struct plan *plan, const struct k8s_val *obj, struct hp_err *err)
{
	const struct k8s_val *value = k8s_get(obj, "value");
	const struct k8s_val *global = k8s_get(obj, "globalDefault");
	struct plan_priority *grown =
		realloc(plan->priorities, (plan->n_priorities + 1) * sizeof(*grown));

	if (grown == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	plan->priorities = grown;
	grown[plan->n_priorities++] = (struct plan_priority){
		.name = k8s_str(k8s_get(obj, "metadata"), "name"),
		.value = value != NULL && value->type == K8S_VAL_NUMBER ? k8s_int_of(value) : 0,
		.global_default = global != NULL && global->type == K8S_VAL_BOOL && global->boolean,
	};
	return 0;
}

static const struct plan_priority *find(
	const struct plan_priority *list, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

// Of several global defaults the server takes the lowest.
static int64_t default_priority(const struct plan *plan)
{
	const struct plan_priority *lowest = NULL;

	for (uint32_t i = 0; i < plan->n_priorities; i++) {
		const struct plan_priority *p = &plan->priorities[i];

		if (p->global_default && (lowest == NULL || p->value < lowest->value))
			lowest = p;
	}
	return lowest != NULL ? lowest->value : 0;
}

void plan_priorities_apply(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_pods; i++) {
		struct plan_pod *pod = &plan->pods[i];
		const char *name = k8s_str(pod->spec, "priorityClassName");
		const struct plan_priority *p;

		if (name[0] == '\0') {
			pod->priority = default_priority(plan);
			continue;
		}
		p = find(plan->priorities, plan->n_priorities, name);
		if (p == NULL)
			p = find(built_in, sizeof(built_in) / sizeof(built_in[0]), name);
		if (p != NULL)
			pod->priority = p->value;
		else if (pod->refused == NULL)
			pod->refused = k8s_printf(
				&plan->arena, "no PriorityClass with name %s was found", name);
	}
}

static bool has_node(const struct plan_instance *instance)
{
	return k8s_str(instance->pod->spec, "nodeName")[0] != '\0';
}

// Those of equal priority keep the order of the files, which is that of their addresses.
static int queue_order(const void *va, const void *vb)
{
	const struct plan_instance *a = *(struct plan_instance *const *)va;
	const struct plan_instance *b = *(struct plan_instance *const *)vb;

	if (a->pod->priority != b->pod->priority)
		return a->pod->priority > b->pod->priority ? -1 : 1;
	if (has_node(a) != has_node(b))
		return has_node(a) ? -1 : 1;
	return a < b ? -1 : 1;
}

struct plan_instance **plan_queue(struct plan *plan)
{
	struct plan_instance **queue =
		k8s_alloc(&plan->arena, (plan->n_instances + 1) * sizeof(*queue));

	if (queue == NULL)
		return NULL;
	for (uint32_t i = 0; i < plan->n_instances; i++)
		queue[i] = &plan->instances[i];
	qsort(queue, plan->n_instances, sizeof(*queue), queue_order);
	return queue;
}
