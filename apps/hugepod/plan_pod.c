// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a pod asks for, with the defaults that the API server gives it.

#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const plan_qos_names[] = {"BestEffort", "Burstable", "Guaranteed", NULL};

static int read_resources(struct plan_list *requests, struct plan_list *limits,
	const struct k8s_val *resources, const char *file, struct hp_err *err)
{
	int ret = plan_list_read(requests, k8s_get(resources, "requests"), file, err);

	return ret < 0 ? ret : plan_list_read(limits, k8s_get(resources, "limits"), file, err);
}

// A request that is not given is the limit.
static void default_requests(struct plan_list *requests, const struct plan_list *limits)
{
	for (uint32_t i = 0; i < limits->n; i++)
		if (plan_get(requests, limits->item[i].name) == NULL)
			plan_set(requests, limits->item[i].name, &limits->item[i].q);
}

static int read_containers(struct plan *plan, struct plan_pod *pod, const struct k8s_val *list,
	bool init, struct hp_err *err)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && list != NULL && list->type == K8S_VAL_LIST && i < list->n;
		i++) {
		struct plan_container *c = &pod->containers[pod->n_containers];
		const struct k8s_val *val = list->items[i];

		if (val->type != K8S_VAL_MAP)
			continue;
		c->name = k8s_str(val, "name");
		c->val = val;
		if (init)
			c->kind = strcmp(k8s_str(val, "restartPolicy"), "Always") == 0
					  ? PLAN_SIDECAR
					  : PLAN_INIT;
		ret = read_resources(
			&c->requests, &c->limits, k8s_get(val, "resources"), pod->file, err);
		default_requests(&c->requests, &c->limits);
		pod->n_containers++;
	}
	return ret;
}

int plan_pod_read(struct plan *plan, struct plan_pod *pod, struct hp_err *err)
{
	const struct k8s_val *init = k8s_get(pod->spec, "initContainers");
	const struct k8s_val *apps = k8s_get(pod->spec, "containers");
	const struct k8s_val *level = k8s_get(pod->spec, "resources");
	int ret;

	pod->containers = k8s_alloc(
		&plan->arena, (k8s_len(init) + k8s_len(apps) + 1) * sizeof(*pod->containers));
	if (pod->containers == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	ret = read_containers(plan, pod, init, true, err);
	if (ret == 0)
		ret = read_containers(plan, pod, apps, false, err);
	if (ret == 0)
		ret = plan_list_read(
			&pod->overhead, k8s_get(pod->spec, "overhead"), pod->file, err);
	if (ret == 0)
		ret = read_resources(&pod->pod_requests, &pod->pod_limits, level, pod->file, err);
	pod->pod_level = pod->pod_requests.n > 0 || pod->pod_limits.n > 0;
	return ret;
}

// Resources that spec.resources of a pod may name.
static bool is_pod_level(const char *name)
{
	return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 ||
	       strncmp(name, "hugepages-", 10) == 0;
}

static void override(struct plan_list *list, const struct plan_list *pod_level, bool hugepages)
{
	for (uint32_t i = 0; i < pod_level->n; i++)
		if (is_pod_level(pod_level->item[i].name) &&
			(hugepages || plan_page_size(pod_level->item[i].name) == 0))
			plan_set(list, pod_level->item[i].name, &pod_level->item[i].q);
}

static void sum_up(struct plan_list *out, const struct plan_pod *pod, bool limits)
{
	struct plan_list sidecars = {0}, most = {0};

	*out = (struct plan_list){0};
	for (uint32_t i = 0; i < pod->n_containers; i++) {
		const struct plan_container *c = &pod->containers[i];

		plan_effective_add(
			out, &sidecars, &most, c->kind, limits ? &c->limits : &c->requests);
	}
	plan_max(out, &most);
}

// spec.resources takes what it does not say from the containers, see defaults.go of the API server.
static void default_pod_level(
	struct plan_pod *pod, const struct plan_list *requests, const struct plan_list *limits)
{
	if (!pod->pod_level)
		return;
	for (uint32_t i = 0; i < limits->n; i++) {
		const char *name = limits->item[i].name;

		if (plan_page_size(name) > 0 && plan_get(&pod->pod_requests, name) == NULL &&
			plan_get(&pod->pod_limits, name) == NULL)
			plan_set(&pod->pod_limits, name, &limits->item[i].q);
	}
	if (pod->pod_limits.n == 0)
		return;
	for (uint32_t i = 0; i < requests->n; i++) {
		const char *name = requests->item[i].name;

		if ((strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0) &&
			plan_get(&pod->pod_requests, name) == NULL)
			plan_set(&pod->pod_requests, name, &requests->item[i].q);
	}
	for (uint32_t i = 0; i < pod->pod_limits.n; i++)
		if (is_pod_level(pod->pod_limits.item[i].name) &&
			plan_get(&pod->pod_requests, pod->pod_limits.item[i].name) == NULL)
			plan_set(&pod->pod_requests, pod->pod_limits.item[i].name,
				&pod->pod_limits.item[i].q);
}

static bool is_positive(const struct plan_list *list, const char *name)
{
	const struct k8s_quantity *q = plan_get(list, name);

	return q != NULL && k8s_quantity_sign(q) > 0;
}

static enum plan_qos class_of(
	const struct plan_list *requests, const struct plan_list *limits, bool all_limited)
{
	static const char *const names[] = {"cpu", "memory"};
	bool any = false, equal = true;

	for (size_t i = 0; i < 2; i++) {
		bool r = is_positive(requests, names[i]), l = is_positive(limits, names[i]);

		any |= r || l;
		equal &= r && l &&
			 k8s_quantity_cmp(
				 plan_get(requests, names[i]), plan_get(limits, names[i])) == 0;
	}
	if (!any)
		return PLAN_BEST_EFFORT;
	return equal && all_limited ? PLAN_GUARANTEED : PLAN_BURSTABLE;
}

// CPU and memory decide; hugepages do not count. Init containers count as all others do.
static enum plan_qos qos_of(const struct plan_pod *pod)
{
	struct plan_list requests = {0}, limits = {0};
	bool all_limited = true;

	if (pod->pod_level)
		return class_of(&pod->pod_requests, &pod->pod_limits, true);
	for (uint32_t i = 0; i < pod->n_containers; i++) {
		plan_add(&requests, &pod->containers[i].requests);
		plan_add(&limits, &pod->containers[i].limits);
		all_limited &= is_positive(&pod->containers[i].limits, "cpu") &&
			       is_positive(&pod->containers[i].limits, "memory");
	}
	return class_of(&requests, &limits, all_limited);
}

void plan_pod_finish(struct plan_pod *pod)
{
	sum_up(&pod->requests, pod, false);
	sum_up(&pod->limits, pod, true);
	default_pod_level(pod, &pod->requests, &pod->limits);
	// LimitRanger of 1.36 does not know that spec.resources may name hugepages.
	pod->range_requests = pod->requests;
	pod->range_limits = pod->limits;
	override(&pod->range_requests, &pod->pod_requests, false);
	override(&pod->range_limits, &pod->pod_limits, false);
	override(&pod->requests, &pod->pod_requests, true);
	override(&pod->limits, &pod->pod_limits, true);
	plan_add(&pod->requests, &pod->overhead);
	for (uint32_t i = 0; i < pod->overhead.n; i++) {
		const struct plan_res *r = &pod->overhead.item[i];

		if (is_positive(&pod->limits, r->name)) {
			struct plan_list one = {.n = 1, .item = {*r}};

			plan_add(&pod->limits, &one);
		}
	}
	pod->qos = qos_of(pod);
}
