// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The plan as JSON: quantities as Kubernetes writes them, amounts that one would add up as numbers.

#include "base/hp_out.h"
#include "plan.h"

#include <errno.h>
#include <string.h>

#define RESERVES_MAX 8 // page sizes of one node

static void emit_list(struct hp_out *o, const char *key, const struct plan_list *list)
{
	char text[K8S_QUANTITY_TEXT];

	hp_out_object(o, key);
	for (uint32_t i = 0; i < list->n; i++)
		hp_out_str(o, list->item[i].name, plan_text(text, &list->item[i].q));
	hp_out_end(o);
}

static void emit_reserves(struct hp_out *o, struct plan *plan, struct plan_node *node)
{
	struct plan_reserve r[RESERVES_MAX];
	uint32_t n = plan_reserves(plan, node, r, RESERVES_MAX);
	char page[32];

	hp_out_array(o, "reserve");
	for (uint32_t i = 0; i < n; i++) {
		hp_out_object(o, NULL);
		hp_out_str(o, "resource", r[i].name);
		hp_out_int(o, "page_bytes", r[i].page);
		hp_out_int(o, "pages_wanted", r[i].wanted);
		hp_out_int(o, "pages_reserved", r[i].has);
		hp_out_array(o, "pages_per_numa_node");
		for (uint32_t k = 0; k < r[i].numa; k++)
			hp_out_int(o, NULL, r[i].per_numa[k]);
		hp_out_end(o);
		hp_out_fmt(o, "kernel_command_line", "hugepagesz=%s hugepages=%lld",
			plan_page_text(page, sizeof(page), r[i].page), (long long)r[i].wanted);
		hp_out_end(o);
	}
	hp_out_end(o);
}

static void emit_node(struct hp_out *o, struct plan *plan, struct plan_node *node)
{
	char text[K8S_QUANTITY_TEXT];

	hp_out_object(o, NULL);
	hp_out_str(o, "name", node->name);
	hp_out_str(o, "runtime",
		plan_runtime_names[node->runtime >= 0 ? node->runtime : plan->runtime]);
	hp_out_uint(o, "numa_nodes", node->numa);
	emit_list(o, "capacity", &node->capacity);
	emit_list(o, "allocatable", &node->allocatable);
	emit_list(o, "allocatable_by_proposal", &node->proposal);
	emit_list(o, "requested", &node->used);
	hp_out_object(o, "free");
	for (uint32_t i = 0; i < node->allocatable.n; i++) {
		const char *name = node->allocatable.item[i].name;
		int64_t left =
			plan_amount(&node->allocatable, name) -
			(strcmp(name, "pods") == 0 ? node->n_pods : plan_amount(&node->used, name));

		hp_out_str(o, name, plan_amount_text(text, name, left));
	}
	hp_out_end(o);
	hp_out_array(o, "pods");
	for (uint32_t i = 0; i < plan->n_instances; i++)
		if (plan->instances[i].node == node)
			hp_out_fmt(o, NULL, "%s/%s", plan->instances[i].pod->ns,
				plan->instances[i].name);
	hp_out_end(o);
	emit_reserves(o, plan, node);
	hp_out_end(o);
}

static void emit_containers(struct hp_out *o, const struct plan_pod *pod)
{
	static const char *const kinds[] = {"container", "sidecar", "init"};

	hp_out_array(o, "containers");
	for (uint32_t i = 0; i < pod->n_containers; i++) {
		const struct plan_container *c = &pod->containers[i];

		hp_out_object(o, NULL);
		hp_out_str(o, "name", c->name);
		hp_out_str(o, "kind", kinds[c->kind]);
		emit_list(o, "requests", &c->requests);
		emit_list(o, "limits", &c->limits);
		hp_out_bool(o, "secondary", c->secondary);
		hp_out_int(o, "hugepage_bytes_asked", c->asked);
		hp_out_end(o);
	}
	hp_out_end(o);
}

static void emit_pod(struct hp_out *o, struct plan *plan, const struct plan_pod *pod)
{
	hp_out_object(o, NULL);
	hp_out_str(o, "namespace", pod->ns);
	hp_out_str(o, "name", pod->name);
	hp_out_str(o, "kind", pod->kind);
	hp_out_str(o, "file", pod->file);
	hp_out_uint(o, "line", pod->line);
	hp_out_int(o, "replicas", pod->replicas);
	hp_out_str(o, "refused", pod->refused);
	hp_out_str(o, "qos", plan_qos_names[pod->qos]);
	emit_list(o, "requests", &pod->requests);
	emit_list(o, "limits", &pod->limits);
	emit_containers(o, pod);
	hp_out_array(o, "fits");
	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		const char *why = plan_alone(plan, pod, &plan->nodes[i]);

		hp_out_object(o, NULL);
		hp_out_str(o, "node", plan->nodes[i].name);
		hp_out_bool(o, "fits", why == NULL);
		hp_out_str(o, "reason", why);
		hp_out_end(o);
	}
	hp_out_end(o);
	hp_out_end(o);
}

static void emit_instance(struct hp_out *o, struct plan *plan, const struct plan_instance *instance)
{
	const struct plan_file *files;
	uint32_t n;

	hp_out_object(o, NULL);
	hp_out_str(o, "namespace", instance->pod->ns);
	hp_out_str(o, "name", instance->name);
	hp_out_str(o, "node", instance->node != NULL ? instance->node->name : NULL);
	hp_out_str(o, "reason", instance->reason);
	hp_out_str(o, "event", instance->event);
	if (instance->node != NULL) {
		n = plan_cgroup_files(plan, instance, &files);
		hp_out_array(o, "cgroup");
		for (uint32_t k = 0; k < n; k++) {
			hp_out_object(o, NULL);
			hp_out_str(o, "file", files[k].path);
			hp_out_str(o, "value", files[k].value);
			hp_out_str(o, "why", files[k].why);
			hp_out_end(o);
		}
		hp_out_end(o);
	}
	hp_out_end(o);
}

static void emit_quotas(struct hp_out *o, const struct plan *plan)
{
	hp_out_array(o, "quotas");
	for (uint32_t i = 0; i < plan->n_quotas; i++) {
		hp_out_object(o, NULL);
		hp_out_str(o, "namespace", plan->quotas[i].ns);
		hp_out_str(o, "name", plan->quotas[i].name);
		emit_list(o, "hard", &plan->quotas[i].hard);
		emit_list(o, "used", &plan->quotas[i].used);
		hp_out_end(o);
	}
	hp_out_end(o);
}

static void emit_wastes(struct hp_out *o, struct plan *plan)
{
	const struct plan_waste *waste;
	uint32_t n = plan_wastes(plan, &waste);

	hp_out_array(o, "unused");
	for (uint32_t i = 0; i < n; i++) {
		hp_out_object(o, NULL);
		hp_out_str(o, "namespace", waste[i].ns);
		hp_out_str(o, "pod", waste[i].pod);
		hp_out_str(o, "container", waste[i].container);
		hp_out_str(o, "resource", waste[i].name);
		hp_out_int(o, "bytes_of_one_pod", waste[i].bytes);
		hp_out_int(o, "pods", waste[i].pods);
		hp_out_str(o, "why", waste[i].why);
		hp_out_end(o);
	}
	hp_out_end(o);
}

int plan_print_json(FILE *out, struct plan *plan)
{
	struct hp_out *o = hp_out_new(HP_OUT_JSON);

	if (o == NULL)
		return -ENOMEM;
	hp_out_object(o, NULL);
	hp_out_array(o, "nodes");
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		emit_node(o, plan, &plan->nodes[i]);
	hp_out_end(o);
	hp_out_array(o, "workloads");
	for (uint32_t i = 0; i < plan->n_pods; i++)
		emit_pod(o, plan, &plan->pods[i]);
	hp_out_end(o);
	hp_out_array(o, "pods");
	for (uint32_t i = 0; i < plan->n_instances; i++)
		emit_instance(o, plan, &plan->instances[i]);
	hp_out_end(o);
	emit_quotas(o, plan);
	emit_wastes(o, plan);
	hp_out_end(o);
	fputs(hp_out_text(o, NULL), out);
	hp_out_free(o);
	return 0;
}
