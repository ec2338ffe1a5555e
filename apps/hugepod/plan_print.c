// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The plan as text for people.

#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define CELL K8S_QUANTITY_TEXT
#define RESERVES_MAX 8 // page sizes of one node

static void print_resource(FILE *out, const struct plan_node *node, const char *name)
{
	char capacity[CELL], allocatable[CELL], used[CELL], left[CELL];
	int64_t a = plan_amount(&node->allocatable, name), u = plan_amount(&node->used, name);

	fprintf(out, "  %-18s %12s %12s %12s %12s\n", name,
		plan_amount_text(capacity, name, plan_amount(&node->capacity, name)),
		plan_amount_text(allocatable, name, a), plan_amount_text(used, name, u),
		plan_amount_text(left, name, a - u));
}

static void print_formula(FILE *out, const struct plan_node *node)
{
	char proposal[CELL], kubelet[CELL], huge[CELL];
	int64_t sum = 0;

	for (uint32_t i = 0; i < node->capacity.n; i++)
		if (plan_page_size(node->capacity.item[i].name) > 0)
			sum = plan_plus(
				sum, plan_amount(&node->capacity, node->capacity.item[i].name));
	plan_amount_text(proposal, "memory", plan_amount(&node->proposal, "memory"));
	plan_amount_text(kubelet, "memory", plan_amount(&node->allocatable, "memory"));
	plan_amount_text(huge, "memory", sum);
	fprintf(out,
		"  memory: capacity less what is reserved less %s of hugepages is %s (the "
		"proposal's "
		"formula)",
		huge, proposal);
	if (strcmp(proposal, kubelet) != 0)
		fprintf(out, ", the kubelet offers %s", kubelet);
	fprintf(out, "\n");
}

static void print_list(FILE *out, const struct plan_list *list)
{
	char text[CELL];

	for (uint32_t i = 0; i < list->n; i++)
		fprintf(out, "%s%s %s", i > 0 ? ", " : "", list->item[i].name,
			plan_text(text, &list->item[i].q));
	if (list->n == 0)
		fprintf(out, "nothing");
}

static void print_reserve(FILE *out, const struct plan_reserve *r)
{
	char page[32];

	if (r->wanted == 0 && r->has == 0)
		return;
	fprintf(out, "  %s: %lld pages asked for, %lld reserved", r->name, (long long)r->wanted,
		(long long)r->has);
	if (r->has > r->wanted)
		fprintf(out, ", %lld nobody asks for", (long long)(r->has - r->wanted));
	fprintf(out, "\n");
	if (r->wanted == 0)
		return;
	fprintf(out, "    at boot:     hugepagesz=%s hugepages=%lld\n",
		plan_page_text(page, sizeof(page), r->page), (long long)r->wanted);
	for (uint32_t i = 0; i < r->numa; i++)
		fprintf(out,
			"    at run time: echo %lld > /sys/devices/system/node/node%u/hugepages/"
			"hugepages-%lldkB/nr_hugepages\n",
			(long long)r->per_numa[i], i, (long long)(r->page >> 10));
}

static void print_pod(FILE *out, const struct plan_instance *instance)
{
	const struct plan_pod *pod = instance->pod;

	fprintf(out, "  %s/%s  %s, requests ", pod->ns, instance->name, plan_qos_names[pod->qos]);
	print_list(out, &pod->requests);
	fprintf(out, "\n");
}

static bool first_of_its_kind(const struct plan *plan, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (plan->instances[k].pod == plan->instances[i].pod &&
			plan->instances[k].node == plan->instances[i].node)
			return false;
	return true;
}

static void print_node(FILE *out, struct plan *plan, struct plan_node *node)
{
	struct plan_reserve reserve[RESERVES_MAX];
	uint32_t n = plan_reserves(plan, node, reserve, RESERVES_MAX);
	int runtime = node->runtime >= 0 ? node->runtime : plan->runtime;

	fprintf(out, "node %s: %s, %u NUMA node%s\n\n", node->name, plan_runtime_names[runtime],
		node->numa, node->numa > 1 ? "s" : "");
	fprintf(out, "  %-18s %12s %12s %12s %12s\n", "resource", "capacity", "allocatable",
		"requested", "free");
	for (uint32_t i = 0; i < node->capacity.n; i++)
		if (strcmp(node->capacity.item[i].name, "pods") != 0)
			print_resource(out, node, node->capacity.item[i].name);
	print_formula(out, node);
	fprintf(out, "\n  pods: %u\n", node->n_pods);
	for (uint32_t i = 0; i < plan->n_instances; i++)
		if (plan->instances[i].node == node)
			print_pod(out, &plan->instances[i]);
	fprintf(out, "\n  hugepages to reserve\n");
	for (uint32_t i = 0; i < n; i++)
		print_reserve(out, &reserve[i]);
	fprintf(out, "\n");
}

static void print_files(FILE *out, struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_instances; i++) {
		const struct plan_instance *instance = &plan->instances[i];
		const struct plan_file *files;
		uint32_t n;

		if (instance->node == NULL || !first_of_its_kind(plan, i))
			continue;
		fprintf(out, "cgroup files of %s/%s on %s, below /sys/fs/cgroup\n\n",
			instance->pod->ns, instance->name, instance->node->name);
		n = plan_cgroup_files(plan, instance, &files);
		for (uint32_t k = 0; k < n; k++)
			fprintf(out, "  %s = %s%s%s\n", files[k].path, files[k].value,
				files[k].why != NULL ? "   # " : "",
				files[k].why != NULL ? files[k].why : "");
		fprintf(out, "\n");
	}
}

static void print_pending(FILE *out, struct plan *plan)
{
	struct plan_reserve reserve[RESERVES_MAX];
	uint32_t n = plan_reserves(plan, NULL, reserve, RESERVES_MAX);
	bool any = false;

	for (uint32_t i = 0; i < plan->n_instances; i++) {
		const struct plan_instance *instance = &plan->instances[i];

		if (instance->node != NULL)
			continue;
		if (!any)
			fprintf(out, "pods that do not run\n\n");
		any = true;
		fprintf(out, "  %s/%s  %s: %s\n", instance->pod->ns, instance->name,
			instance->reason, instance->event);
	}
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "  together they ask for %lld more pages of %s\n",
			(long long)reserve[i].wanted, reserve[i].name);
	if (any)
		fprintf(out, "\n");
}

static void print_refused(FILE *out, const struct plan *plan)
{
	bool any = false;

	for (uint32_t p = 0; p < plan->n_pods; p++) {
		const struct plan_pod *pod = &plan->pods[p];

		if (pod->refused == NULL)
			continue;
		fprintf(out, "%s  %s %s/%s: %s\n",
			any ? "" : "what the API server refuses (see hugepod lint)\n\n", pod->kind,
			pod->ns, pod->name, pod->refused);
		any = true;
	}
	if (any)
		fprintf(out, "\n");
}

static void print_fits(FILE *out, struct plan *plan)
{
	fprintf(out, "which pod fits on which node, each alone\n\n");
	for (uint32_t p = 0; p < plan->n_pods; p++)
		for (uint32_t i = 0; i < plan->n_nodes; i++) {
			const char *why = plan_alone(plan, &plan->pods[p], &plan->nodes[i]);

			fprintf(out, "  %s %s/%s on %s: %s%s\n", plan->pods[p].kind,
				plan->pods[p].ns, plan->pods[p].name, plan->nodes[i].name,
				why == NULL ? "fits" : "does not fit: ", why == NULL ? "" : why);
		}
	fprintf(out, "\n");
}

static void print_quotas(FILE *out, struct plan *plan)
{
	char used[CELL], hard[CELL];

	for (uint32_t i = 0; i < plan->n_quotas; i++) {
		const struct plan_policy *q = &plan->quotas[i];
		const struct k8s_quantity zero = k8s_quantity_of(0, K8S_DECIMAL_SI);

		fprintf(out, "quota %s/%s\n\n", q->ns, q->name);
		for (uint32_t k = 0; k < q->hard.n; k++) {
			const struct k8s_quantity *u = plan_get(&q->used, q->hard.item[k].name);

			fprintf(out, "  %-24s %12s of %12s\n", q->hard.item[k].name,
				plan_text(used, u != NULL ? u : &zero),
				plan_text(hard, &q->hard.item[k].q));
		}
		fprintf(out, "\n");
	}
}

static void print_wastes(FILE *out, struct plan *plan)
{
	const struct plan_waste *waste;
	uint32_t n = plan_wastes(plan, &waste);
	char text[CELL];

	if (n > 0)
		fprintf(out, "asked for and not used, or used and not asked for\n\n");
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "  %s/%s container %s: %s%s of %s in each of %lld pods: %s\n",
			waste[i].ns, waste[i].pod, waste[i].container,
			waste[i].bytes < 0 ? "lacks " : "",
			plan_amount_text(text, waste[i].name, llabs(waste[i].bytes)), waste[i].name,
			(long long)waste[i].pods, waste[i].why);
	if (n > 0)
		fprintf(out, "\n");
}

void plan_print_text(FILE *out, struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		print_node(out, plan, &plan->nodes[i]);
	print_refused(out, plan);
	print_pending(out, plan);
	print_fits(out, plan);
	print_quotas(out, plan);
	print_wastes(out, plan);
	print_files(out, plan);
}
