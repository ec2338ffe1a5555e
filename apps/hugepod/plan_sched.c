// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Where each pod goes: the filters of kube-scheduler 1.36 in their order, its texts, and as score
// what is left free. Which of several nodes that fit the real one takes depends on more than that.

#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REASONS_MAX (PLAN_RES_MAX + 1) // of one node: its resources and "Too many pods"
#define EVENT_MAX 1024 // bytes; what the API keeps of an event's message

// Why a node does not take a pod.
struct refusal {
	const char *reason[REASONS_MAX];
	uint32_t n;
	bool unresolvable; // not even if other pods went away
};

static void refuse(struct refusal *r, const char *reason, bool unresolvable)
{
	if (r->n < REASONS_MAX)
		r->reason[r->n++] = reason;
	r->unresolvable |= unresolvable;
}

static void check_resources(struct plan *plan, struct refusal *r, const struct plan_pod *pod,
	const struct plan_node *node)
{
	if (node->n_pods + 1 > plan_amount(&node->allocatable, "pods"))
		refuse(r, "Too many pods", false);
	for (uint32_t i = 0; i < pod->requests.n; i++) {
		const char *name = pod->requests.item[i].name;
		int64_t wanted = pod->requests.item[i].amount;
		int64_t all = plan_amount(&node->allocatable, name);
		const char *reason;

		if (wanted <= 0 || wanted <= all - plan_amount(&node->used, name))
			continue;
		reason = k8s_printf(&plan->arena, "Insufficient %s", name);
		refuse(r, reason != NULL ? reason : "Insufficient resources", wanted > all);
	}
}

// One node: the scheduler stops at the first plugin that says no.
static void filter_node(struct plan *plan, struct refusal *r, const struct plan_instance *instance,
	const struct plan_node *node)
{
	const struct plan_pod *pod = instance->pod;

	r->n = 0;
	r->unresolvable = false;
	// The DaemonSet controller tolerates these for its pods, and binds each to its node.
	if (node->unschedulable && instance->only == NULL)
		refuse(r, "node(s) were unschedulable", true);
	else if (!plan_tolerates(pod, node))
		refuse(r, "node(s) had untolerated taint(s)", true);
	else if (!plan_node_matches(pod, node) ||
		 (instance->only != NULL && instance->only != node))
		refuse(r, "node(s) didn't match Pod's node affinity/selector", true);
	else
		check_resources(plan, r, pod, node);
}

static void filter(struct plan *plan, struct refusal *r, const struct plan_instance *instance,
	const struct plan_node *node)
{
	const char *reason;

	filter_node(plan, r, instance, node);
	if (r->n > 0)
		return;
	reason = plan_affinity(plan, instance->pod, node);
	if (reason != NULL)
		refuse(r, reason, strstr(reason, "pod affinity rules") != NULL);
}

const char *plan_alone(struct plan *plan, const struct plan_pod *pod, const struct plan_node *node)
{
	const struct plan_instance instance = {.pod = pod};
	struct plan_node empty = *node;
	struct refusal r = {.n = 0};
	const char *text = NULL;

	empty.used = (struct plan_list){0};
	empty.n_pods = 0;
	if (empty.unschedulable && strcmp(pod->kind, "DaemonSet") == 0)
		empty.unschedulable = false;
	filter_node(plan, &r, &instance, &empty);
	for (uint32_t i = 0; i < r.n; i++)
		text = i == 0 ? r.reason[0] : k8s_printf(&plan->arena, "%s, %s", text, r.reason[i]);
	return text;
}

// Free CPU and memory after the pod, in per mille of the node: the more the better.
static int64_t score(const struct plan_pod *pod, const struct plan_node *node)
{
	static const char *const names[] = {"cpu", "memory"};
	int64_t sum = 0;

	for (size_t i = 0; i < 2; i++) {
		int64_t all = plan_amount(&node->allocatable, names[i]);
		int64_t left = all - plan_amount(&node->used, names[i]) -
			       plan_amount(&pod->requests, names[i]);

		sum += all > 0 && left > 0 ? (int64_t)((double)left / (double)all * 1000) : 0;
	}
	return sum;
}

static void place(struct plan_instance *instance, struct plan_node *node)
{
	instance->node = node;
	instance->event = NULL;
	instance->reason = NULL;
	plan_add(&node->used, &instance->pod->requests);
	node->n_pods++;
}

// Reasons of all nodes, counted.
struct tally {
	struct {
		const char *reason;
		uint32_t n;
	} item[64];
	uint32_t n;
	uint32_t resolvable; // nodes that might take the pod if others went away
};

static void count(struct tally *t, const char *reason)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (strcmp(t->item[i].reason, reason) == 0) {
			t->item[i].n++;
			return;
		}
	if (t->n < sizeof(t->item) / sizeof(t->item[0])) {
		t->item[t->n].reason = reason;
		t->item[t->n++].n = 1;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// "0/3 nodes are available: 1 Insufficient hugepages-2Mi, 2 node(s) ... . preemption: ..."
static const char *event_text(struct plan *plan, const struct tally *t)
{
	const char *text[64], *out;
	uint32_t helpless = plan->n_nodes - t->resolvable;

	if (plan->n_nodes == 0)
		return "no nodes available to schedule pods";
	for (uint32_t i = 0; i < t->n; i++) {
		text[i] = k8s_printf(&plan->arena, "%u %s", t->item[i].n, t->item[i].reason);
		if (text[i] == NULL)
			return "no node fits";
	}
	qsort(text, t->n, sizeof(text[0]), by_text);
	out = k8s_printf(&plan->arena, "0/%u nodes are available: ", plan->n_nodes);
	for (uint32_t i = 0; out != NULL && i < t->n; i++)
		out = k8s_printf(&plan->arena, "%s%s%s", out, i > 0 ? ", " : "", text[i]);
	if (out != NULL)
		out = k8s_printf(&plan->arena, "%s. preemption: 0/%u nodes are available: ", out,
			plan->n_nodes);
	// As text, "10 ..." comes before "2 ...".
	text[0] = k8s_printf(
		&plan->arena, "%u No preemption victims found for incoming pod", t->resolvable);
	text[1] = k8s_printf(&plan->arena, "%u Preemption is not helpful for scheduling", helpless);
	if (out == NULL || text[0] == NULL || text[1] == NULL)
		return "no node fits";
	if (t->resolvable > 0 && helpless > 0) {
		qsort(text, 2, sizeof(text[0]), by_text);
		out = k8s_printf(&plan->arena, "%s%s, %s.", out, text[0], text[1]);
	} else {
		out = k8s_printf(&plan->arena, "%s%s.", out, text[t->resolvable > 0 ? 0 : 1]);
	}
	return out != NULL ? out : "no node fits";
}

static void schedule_one(struct plan *plan, struct plan_instance *instance)
{
	struct plan_node *best = NULL;
	struct tally t = {.n = 0};
	int64_t best_score = -1;
	struct refusal r;

	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		filter(plan, &r, instance, &plan->nodes[i]);
		for (uint32_t k = 0; k < r.n; k++)
			count(&t, r.reason[k]);
		if (r.n > 0 && !r.unresolvable)
			t.resolvable++;
		if (r.n == 0 && score(instance->pod, &plan->nodes[i]) > best_score) {
			best = &plan->nodes[i];
			best_score = score(instance->pod, best);
		}
	}
	if (best != NULL) {
		place(instance, best);
		return;
	}
	instance->reason = "FailedScheduling";
	instance->event = event_text(plan, &t);
}

// spec.nodeName goes around the scheduler: the kubelet admits the pod, or it fails.
static void admit_at(struct plan *plan, struct plan_instance *instance, const char *name)
{
	struct plan_node *node = NULL;

	for (uint32_t i = 0; i < plan->n_nodes; i++)
		if (strcmp(plan->nodes[i].name, name) == 0)
			node = &plan->nodes[i];
	if (node == NULL) {
		instance->reason = "NodeNotFound";
		instance->event = k8s_printf(
			&plan->arena, "spec.nodeName: '%s' is none of the plan's nodes", name);
		return;
	}
	for (uint32_t i = 0; i < instance->pod->requests.n; i++) {
		const char *res = instance->pod->requests.item[i].name;
		int64_t wanted = plan_amount(&instance->pod->requests, res);
		int64_t used = plan_amount(&node->used, res);
		int64_t all = plan_amount(&node->allocatable, res);

		if (wanted <= 0 || wanted <= all - used)
			continue;
		instance->reason = k8s_printf(&plan->arena, "OutOf%s", res);
		instance->event = k8s_printf(&plan->arena,
			"Node didn't have enough resource: %s, requested: %lld, used: %lld, "
			"capacity: %lld",
			res, (long long)wanted, (long long)used, (long long)all);
		return;
	}
	place(instance, node);
}

static const char *name_of(struct plan *plan, const struct plan_pod *pod, int64_t i)
{
	if (strcmp(pod->kind, "Pod") == 0)
		return pod->name;
	return k8s_printf(&plan->arena, "%s-%lld", pod->name,
		(long long)(strcmp(pod->kind, "StatefulSet") == 0 ? i : i + 1));
}

static int add_instance(struct plan *plan, const struct plan_pod *pod, int64_t i,
	struct plan_node *only, struct hp_err *err)
{
	struct plan_instance *instance = &plan->instances[plan->n_instances];
	const char *why;

	if (plan->n_instances == PLAN_PODS_MAX)
		return hp_err_set(err, HP_EXIT_DATA, EINVAL, "more than %d pods: see %s '%s'",
			PLAN_PODS_MAX, pod->kind, pod->name);
	*instance = (struct plan_instance){.pod = pod, .only = only};
	instance->name = name_of(plan, pod, i);
	if (instance->name == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	plan->n_instances++;
	why = plan_admit(plan, pod, instance->name);
	if (why == NULL)
		return 0;
	if (strcmp(pod->kind, "Pod") == 0) {
		instance->reason = "Forbidden";
		instance->event = why;
	} else {
		instance->reason = "FailedCreate";
		instance->event = k8s_printf(&plan->arena, "Error creating: %s", why);
	}
	return 0;
}

// A DaemonSet has a pod for each node that it matches, fits there or not.
static int add_pods(struct plan *plan, const struct plan_pod *pod, struct hp_err *err)
{
	int ret = 0;

	if (strcmp(pod->kind, "DaemonSet") == 0) {
		for (uint32_t i = 0, n = 0; ret == 0 && i < plan->n_nodes; i++)
			if (plan_node_matches(pod, &plan->nodes[i]) &&
				plan_tolerates(pod, &plan->nodes[i]))
				ret = add_instance(plan, pod, n++, &plan->nodes[i], err);
		return ret;
	}
	for (int64_t i = 0; ret == 0 && i < pod->replicas; i++)
		ret = add_instance(plan, pod, i, NULL, err);
	return ret;
}

// One pod, unless it has a node or nothing has changed for it.
static void place_one(struct plan *plan, struct plan_instance *instance, bool first)
{
	const char *at = k8s_str(instance->pod->spec, "nodeName");

	if (instance->node != NULL)
		return;
	// Later rounds are for pods that wait for others to be near to.
	if (first ? instance->event != NULL : strstr(instance->event, "pod affinity rules") == NULL)
		return;
	if (at[0] != '\0')
		admit_at(plan, instance, at);
	else
		schedule_one(plan, instance);
}

int plan_schedule(struct plan *plan, struct hp_err *err)
{
	struct plan_instance **queue = NULL;
	bool again = true;
	int ret = 0;

	plan->instances = calloc(PLAN_PODS_MAX, sizeof(*plan->instances));
	if (plan->instances == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	for (uint32_t i = 0; ret == 0 && i < plan->n_pods; i++) {
		plan->any_anti |= k8s_find(plan->pods[i].spec, "affinity.podAntiAffinity") != NULL;
		ret = add_pods(plan, &plan->pods[i], err);
	}
	if (ret == 0)
		queue = plan_queue(plan);
	for (int round = 0; queue != NULL && again; round++) {
		again = false;
		for (uint32_t i = 0; i < plan->n_instances; i++) {
			bool had = queue[i]->node != NULL;

			place_one(plan, queue[i], round == 0);
			again |= !had && queue[i]->node != NULL;
		}
	}
	return plan->arena.failed && ret == 0
		       ? hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory")
		       : ret;
}
