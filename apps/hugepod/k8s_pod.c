// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "k8s_pod.h"

#include "k8s_resources.h"

#include <string.h>

static struct k8s_amount *find(const struct k8s_resources *list, const char *name)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp(list->amounts[i].name, name) == 0)
			return &list->amounts[i];
	return NULL;
}

const struct k8s_quantity *k8s_resources_get(const struct k8s_resources *list, const char *name)
{
	const struct k8s_amount *amount = find(list, name);

	return amount == NULL ? NULL : &amount->quantity;
}

void k8s_resources_set(struct k8s_arena *arena, struct k8s_resources *list, const char *name,
	const struct k8s_quantity *quantity)
{
	struct k8s_amount *amount = find(list, name);

	if (amount == NULL && list->n == list->room) {
		const uint32_t room = list->room * 2 + 8;
		struct k8s_amount *more = k8s_alloc(arena, room * sizeof(*more));

		if (more == NULL)
			return;
		if (list->n > 0)
			memcpy(more, list->amounts, list->n * sizeof(*more));
		list->amounts = more;
		list->room = room;
	}
	if (amount == NULL) {
		amount = &list->amounts[list->n++];
		amount->name = name;
	}
	amount->quantity = *quantity;
}

static void add_one(struct k8s_arena *arena, struct k8s_resources *list, const char *name,
	const struct k8s_quantity *quantity)
{
	struct k8s_amount *amount = find(list, name);

	if (amount == NULL)
		k8s_resources_set(arena, list, name, quantity);
	else
		k8s_quantity_add(&amount->quantity, quantity);
}

void k8s_resources_add(
	struct k8s_arena *arena, struct k8s_resources *list, const struct k8s_val *map)
{
	for (uint32_t i = 0; i < k8s_len(map); i++)
		if (map->items[i]->quantity != NULL)
			add_one(arena, list, map->keys[i].name, map->items[i]->quantity);
}

void k8s_resources_sum(
	struct k8s_arena *arena, struct k8s_resources *list, const struct k8s_resources *more)
{
	for (uint32_t i = 0; i < more->n; i++)
		add_one(arena, list, more->amounts[i].name, &more->amounts[i].quantity);
}

void k8s_resources_max(
	struct k8s_arena *arena, struct k8s_resources *list, const struct k8s_resources *other)
{
	for (uint32_t i = 0; i < other->n; i++) {
		const struct k8s_amount *o = &other->amounts[i];
		const struct k8s_amount *mine = find(list, o->name);

		if (mine == NULL || k8s_quantity_cmp(&o->quantity, &mine->quantity) > 0)
			k8s_resources_set(arena, list, o->name, &o->quantity);
	}
}

bool k8s_is_sidecar(const struct k8s_val *container)
{
	return strcmp(k8s_str(container, "restartPolicy"), "Always") == 0;
}

void k8s_pod_aggregate(struct k8s_arena *arena, const struct k8s_val *spec, const char *which,
	struct k8s_resources *out)
{
	const struct k8s_val *containers = k8s_get(spec, "containers");
	const struct k8s_val *init = k8s_get(spec, "initContainers");
	struct k8s_resources sidecars = {0}, highest = {0};

	for (uint32_t i = 0; i < k8s_len(containers); i++)
		k8s_resources_add(
			arena, out, k8s_get(k8s_get(containers->items[i], "resources"), which));
	for (uint32_t i = 0; i < k8s_len(init); i++) {
		const struct k8s_val *map = k8s_get(k8s_get(init->items[i], "resources"), which);
		struct k8s_resources now = {0};

		if (k8s_is_sidecar(init->items[i])) {
			k8s_resources_add(arena, out, map);
			k8s_resources_add(arena, &sidecars, map);
		} else {
			k8s_resources_add(arena, &now, map);
		}
		k8s_resources_sum(arena, &now, &sidecars);
		k8s_resources_max(arena, &highest, &now);
	}
	k8s_resources_max(arena, out, &highest);
}

void k8s_pod_effective(struct k8s_arena *arena, const struct k8s_val *spec, const char *which,
	struct k8s_resources *out)
{
	const struct k8s_val *pod_level = k8s_get(k8s_get(spec, "resources"), which);

	k8s_pod_aggregate(arena, spec, which, out);
	for (uint32_t i = 0; i < k8s_len(pod_level); i++)
		if (k8s_is_pod_level(pod_level->keys[i].name) &&
			pod_level->items[i]->quantity != NULL)
			k8s_resources_set(
				arena, out, pod_level->keys[i].name, pod_level->items[i]->quantity);
	// A limit counts overhead only where there is one; a request always does.
	const struct k8s_val *overhead = k8s_get(spec, "overhead");
	for (uint32_t i = 0; i < k8s_len(overhead); i++) {
		const char *name = overhead->keys[i].name;

		if (overhead->items[i]->quantity != NULL &&
			(strcmp(which, "requests") == 0 || find(out, name) != NULL))
			add_one(arena, out, name, overhead->items[i]->quantity);
	}
}

// Requests and limits of cpu and memory in one place: what QoS is made of.
struct qos {
	struct k8s_resources requests, limits;
	bool all_limited; // every container has both limits
};

static void count_qos(struct k8s_arena *arena, struct qos *q, const struct k8s_val *resources)
{
	static const char *const names[] = {"cpu", "memory"};
	int limited = 0;

	for (int i = 0; i < 2; i++) {
		const struct k8s_val *r = k8s_get(k8s_get(resources, "requests"), names[i]);
		const struct k8s_val *l = k8s_get(k8s_get(resources, "limits"), names[i]);

		if (r == NULL)
			r = l; // as defaulted in pods
		if (r != NULL && r->quantity != NULL && k8s_quantity_sign(r->quantity) > 0)
			add_one(arena, &q->requests, names[i], r->quantity);
		if (l != NULL && l->quantity != NULL && k8s_quantity_sign(l->quantity) > 0) {
			add_one(arena, &q->limits, names[i], l->quantity);
			limited++;
		}
	}
	q->all_limited &= limited == 2;
}

const char *k8s_pod_qos(struct k8s_arena *arena, const struct k8s_val *spec)
{
	static const char *const lists[] = {"containers", "initContainers"};
	const struct k8s_val *pod_level = k8s_get(spec, "resources");
	struct qos q = {.all_limited = true};

	if (k8s_len(k8s_get(pod_level, "requests")) + k8s_len(k8s_get(pod_level, "limits")) > 0) {
		count_qos(arena, &q, pod_level);
	} else {
		for (int i = 0; i < 2; i++) {
			const struct k8s_val *list = k8s_get(spec, lists[i]);

			for (uint32_t k = 0; k < k8s_len(list); k++)
				count_qos(arena, &q, k8s_get(list->items[k], "resources"));
		}
	}
	if (q.requests.n == 0 && q.limits.n == 0)
		return "BestEffort";
	for (uint32_t i = 0; i < q.requests.n; i++) {
		const struct k8s_quantity *l =
			k8s_resources_get(&q.limits, q.requests.amounts[i].name);

		if (l == NULL || k8s_quantity_cmp(l, &q.requests.amounts[i].quantity) != 0)
			return "Burstable";
	}
	return q.all_limited && q.requests.n == q.limits.n ? "Guaranteed" : "Burstable";
}

struct k8s_val *k8s_pod_spec_of(const struct k8s_val *root)
{
	const char *kind = k8s_str(root, "kind");

	if (strcmp(kind, "Pod") == 0)
		return k8s_get(root, "spec");
	if (strcmp(kind, "CronJob") == 0)
		return k8s_find(root, "spec.jobTemplate.spec.template.spec");
	return k8s_find(root, "spec.template.spec");
}

struct k8s_val *k8s_pod_meta_of(const struct k8s_val *root)
{
	const char *kind = k8s_str(root, "kind");

	if (strcmp(kind, "Pod") == 0)
		return k8s_get(root, "metadata");
	if (strcmp(kind, "CronJob") == 0)
		return k8s_find(root, "spec.jobTemplate.spec.template.metadata");
	return k8s_find(root, "spec.template.metadata");
}
