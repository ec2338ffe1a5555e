// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What admission makes of a pod: defaults and bounds of limit ranges, and quotas, in the API
// server's words.

#include "plan.h"

#include <stdlib.h>
#include <string.h>

// A limit range's own defaults: default from max, defaultRequest from default, else from min.
static void defaults_of(
	struct plan_list *requests, struct plan_list *limits, const struct k8s_val *item)
{
	struct plan_list max = {0}, min = {0};
	struct hp_err ignored = {0};

	plan_list_read(limits, k8s_get(item, "default"), "", &ignored);
	plan_list_read(requests, k8s_get(item, "defaultRequest"), "", &ignored);
	plan_list_read(&max, k8s_get(item, "max"), "", &ignored);
	plan_list_read(&min, k8s_get(item, "min"), "", &ignored);
	for (uint32_t i = 0; i < max.n; i++)
		if (plan_get(limits, max.item[i].name) == NULL)
			plan_set(limits, max.item[i].name, &max.item[i].q);
	for (uint32_t i = 0; i < limits->n; i++)
		if (plan_get(requests, limits->item[i].name) == NULL)
			plan_set(requests, limits->item[i].name, &limits->item[i].q);
	for (uint32_t i = 0; i < min.n; i++)
		if (plan_get(requests, min.item[i].name) == NULL)
			plan_set(requests, min.item[i].name, &min.item[i].q);
}

static void fill_in(struct plan_list *list, const struct plan_list *defaults)
{
	for (uint32_t i = 0; i < defaults->n; i++)
		if (plan_get(list, defaults->item[i].name) == NULL)
			plan_set(list, defaults->item[i].name, &defaults->item[i].q);
}

static const struct k8s_val *items_of(
	const struct plan *plan, uint32_t i, const struct plan_pod *pod)
{
	const struct k8s_val *list = k8s_get(plan->ranges[i].spec, "limits");

	return strcmp(plan->ranges[i].ns, pod->ns) == 0 && list != NULL &&
			       list->type == K8S_VAL_LIST
		       ? list
		       : NULL;
}

void plan_ranges_apply(struct plan *plan, struct plan_pod *pod)
{
	for (uint32_t r = 0; r < plan->n_ranges; r++) {
		const struct k8s_val *list = items_of(plan, r, pod);

		for (uint32_t i = 0; i < k8s_len(list); i++) {
			struct plan_list requests = {0}, limits = {0};

			if (strcmp(k8s_str(list->items[i], "type"), "Container") != 0)
				continue;
			defaults_of(&requests, &limits, list->items[i]);
			for (uint32_t c = 0; c < pod->n_containers; c++) {
				fill_in(&pod->containers[c].limits, &limits);
				fill_in(&pod->containers[c].requests, &requests);
			}
		}
	}
}

// Collects sentences as the server joins several: "[a, b]".
struct sentences {
	struct plan *plan;
	const char *text;
	uint32_t n;
};

static void add_sentence(struct sentences *s, const char *text)
{
	if (text == NULL)
		return;
	s->text = s->n == 0 ? text : k8s_printf(&s->plan->arena, "%s, %s", s->text, text);
	s->n++;
}

struct bound {
	const char *type; // "Container", "Pod"
	bool max;
	const char *name;
	const struct k8s_quantity *q;
};

static const char *broken_bound(struct plan *plan, const struct bound *b,
	const struct plan_list *requests, const struct plan_list *limits)
{
	// A maximum looks at the limit first, a minimum at the request.
	const struct plan_list *first = b->max ? limits : requests;
	const struct plan_list *second = b->max ? requests : limits;
	const char *words[2] = {b->max ? "limit" : "request", b->max ? "request" : "limit"};
	char got[K8S_QUANTITY_TEXT], want[K8S_QUANTITY_TEXT];
	const struct plan_list *lists[2] = {first, second};

	plan_text(want, b->q);
	if (plan_get(first, b->name) == NULL)
		return k8s_printf(&plan->arena, "%s %s usage per %s is %s.  No %s is specified",
			b->max ? "maximum" : "minimum", b->name, b->type, want, words[0]);
	for (int i = 0; i < 2; i++) {
		const struct k8s_quantity *q = plan_get(lists[i], b->name);
		int diff = q != NULL ? k8s_quantity_cmp(q, b->q) : 0;

		if (b->max ? diff > 0 : diff < 0)
			return k8s_printf(&plan->arena, "%s %s usage per %s is %s, but %s is %s",
				b->max ? "maximum" : "minimum", b->name, b->type, want, words[i],
				plan_text(got, q));
	}
	return NULL;
}

static void check_bounds(struct sentences *s, const struct k8s_val *item, const char *type,
	const struct plan_list *requests, const struct plan_list *limits)
{
	for (int max = 0; max < 2; max++) {
		struct plan_list bounds = {0};
		struct hp_err ignored = {0};

		plan_list_read(&bounds, k8s_get(item, max ? "max" : "min"), "", &ignored);
		for (uint32_t i = 0; i < bounds.n; i++) {
			const struct bound b = {
				type, max != 0, bounds.item[i].name, &bounds.item[i].q};

			add_sentence(s, broken_bound(s->plan, &b, requests, limits));
		}
	}
}

static void check_ranges(struct sentences *s, const struct plan_pod *pod)
{
	for (uint32_t r = 0; r < s->plan->n_ranges; r++) {
		const struct k8s_val *list = items_of(s->plan, r, pod);

		for (uint32_t i = 0; i < k8s_len(list); i++) {
			const char *type = k8s_str(list->items[i], "type");

			if (strcmp(type, "Pod") == 0)
				check_bounds(s, list->items[i], type, &pod->range_requests,
					&pod->range_limits);
			for (uint32_t c = 0;
				strcmp(type, "Container") == 0 && c < pod->n_containers; c++)
				check_bounds(s, list->items[i], type, &pod->containers[c].requests,
					&pod->containers[c].limits);
		}
	}
}

// What a pod counts for the resource of a quota; NULL if that is none of a pod.
static bool usage_of(struct k8s_quantity *out, const struct plan_pod *pod, const char *resource)
{
	const struct plan_list *list = &pod->requests;
	const struct k8s_quantity *q;
	const char *name = resource;

	if (strcmp(resource, "pods") == 0 || strcmp(resource, "count/pods") == 0) {
		*out = k8s_quantity_of(1, K8S_DECIMAL_SI);
		return true;
	}
	if (strncmp(resource, "limits.", 7) == 0) {
		name += 7;
		list = &pod->limits;
	} else if (strncmp(resource, "requests.", 9) == 0) {
		name += 9;
	} else if (strchr(resource, '/') != NULL) {
		return false; // extended resources count as "requests." only
	}
	q = plan_get(list, name);
	if (q == NULL)
		return false;
	*out = *q;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct plan_res *x = a, *y = b;

	return strcmp(x->name, y->name);
}

// "hugepages-2Mi=64Mi,memory=1Gi"
static const char *pretty(struct plan *plan, struct plan_list list)
{
	const char *text = "";
	char buf[K8S_QUANTITY_TEXT];

	qsort(list.item, list.n, sizeof(list.item[0]), by_name);
	for (uint32_t i = 0; text != NULL && i < list.n; i++)
		text = k8s_printf(&plan->arena, "%s%s%s=%s", text, i > 0 ? "," : "",
			list.item[i].name, plan_text(buf, &list.item[i].q));
	return text != NULL ? text : "";
}

// Adds the pod to @p quota, or says what is exceeded. @p after gets the new usage.
static const char *check_quota(struct plan *plan, const struct plan_policy *quota,
	const struct plan_pod *pod, struct plan_list *after)
{
	struct plan_list requested = {0}, used = {0}, limited = {0};
	const struct k8s_quantity zero = k8s_quantity_of(0, K8S_DECIMAL_SI);

	*after = quota->used;
	for (uint32_t i = 0; i < quota->hard.n; i++) {
		const struct plan_res *hard = &quota->hard.item[i];
		const struct k8s_quantity *now = plan_get(&quota->used, hard->name);
		struct plan_list one = {.n = 1, .item = {{.name = hard->name}}};

		if (!usage_of(&one.item[0].q, pod, hard->name))
			continue;
		plan_add(after, &one);
		if (k8s_quantity_cmp(plan_get(after, hard->name), &hard->q) <= 0)
			continue;
		plan_set(&requested, hard->name, &one.item[0].q);
		plan_set(&used, hard->name, now != NULL ? now : &zero);
		plan_set(&limited, hard->name, &hard->q);
	}
	if (requested.n == 0)
		return NULL;
	return k8s_printf(&plan->arena, "exceeded quota: %s, requested: %s, used: %s, limited: %s",
		quota->name, pretty(plan, requested), pretty(plan, used), pretty(plan, limited));
}

// A quota on CPU or memory asks each container to say its own.
static const char *missing(
	struct plan *plan, const struct plan_policy *quota, const struct plan_pod *pod)
{
	static const char *const names[] = {
		"cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"};
	const char *text = NULL;

	for (size_t i = 0; !pod->pod_level && i < sizeof(names) / sizeof(names[0]); i++) {
		const char *dot = strchr(names[i], '.'), *who = NULL;
		bool limits = strncmp(names[i], "limits.", 7) == 0;

		if (plan_get(&quota->hard, names[i]) == NULL)
			continue;
		for (uint32_t c = 0; c < pod->n_containers; c++) {
			const struct plan_container *con = &pod->containers[c];

			if (plan_get(limits ? &con->limits : &con->requests,
				    dot != NULL ? dot + 1 : names[i]) == NULL)
				who = who == NULL
					      ? con->name
					      : k8s_printf(&plan->arena, "%s,%s", who, con->name);
		}
		if (who != NULL)
			text = k8s_printf(&plan->arena, "%s%s%s for: %s", text != NULL ? text : "",
				text != NULL ? "; " : "", names[i], who);
	}
	return text == NULL ? NULL
			    : k8s_printf(&plan->arena, "failed quota: %s: must specify %s",
				      quota->name, text);
}

const char *plan_admit(struct plan *plan, const struct plan_pod *pod, const char *name)
{
	struct sentences s = {.plan = plan};

	check_ranges(&s, pod);
	if (s.n > 0)
		return k8s_printf(&plan->arena, "pods \"%s\" is forbidden: %s%s%s", name,
			s.n > 1 ? "[" : "", s.text, s.n > 1 ? "]" : "");
	// All quotas have to agree before one is charged.
	for (int charge = 0; charge < 2; charge++)
		for (uint32_t i = 0; i < plan->n_quotas; i++) {
			struct plan_policy *quota = &plan->quotas[i];
			struct plan_list after;
			const char *why;

			if (strcmp(quota->ns, pod->ns) != 0)
				continue;
			why = missing(plan, quota, pod);
			if (why == NULL)
				why = check_quota(plan, quota, pod, &after);
			if (why != NULL)
				return k8s_printf(
					&plan->arena, "pods \"%s\" is forbidden: %s", name, why);
			if (charge == 1)
				quota->used = after;
		}
	return NULL;
}
