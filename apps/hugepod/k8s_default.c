// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Only defaults that change a verdict or a sentence. Requests follow limits in pods but not in
// templates: that is why one wrong limit of a pod is told twice.

#include "k8s_default.h"

#include "k8s_pod.h"
#include "k8s_resources.h"

#include <string.h>

// Pairs of `from` that `to` lacks.
static void fill(struct k8s_arena *arena, struct k8s_val *to, const struct k8s_val *from)
{
	for (uint32_t i = 0; i < k8s_len(from); i++)
		if (k8s_get(to, from->keys[i].name) == NULL)
			k8s_set(arena, to, from->keys[i].name, from->items[i]);
}

static struct k8s_val *get_or_add(struct k8s_arena *arena, struct k8s_val *map, const char *key)
{
	struct k8s_val *val = k8s_get(map, key);

	if (val == NULL && map != NULL) {
		val = k8s_new(arena, K8S_VAL_MAP);
		k8s_set(arena, map, key, val);
	}
	return val;
}

static void default_requests(struct k8s_arena *arena, const struct k8s_val *list)
{
	for (uint32_t i = 0; i < k8s_len(list); i++) {
		struct k8s_val *resources = k8s_get(list->items[i], "resources");
		const struct k8s_val *limits = k8s_get(resources, "limits");

		if (limits != NULL)
			fill(arena, get_or_add(arena, resources, "requests"), limits);
	}
}

static struct k8s_val *amount_val(
	struct k8s_arena *arena, const struct k8s_quantity *q, const struct hp_yaml_node *at)
{
	struct k8s_val *val = k8s_new(arena, K8S_VAL_STRING);
	struct k8s_quantity *copy = k8s_alloc(arena, sizeof(*copy));
	char text[K8S_QUANTITY_TEXT];

	if (val == NULL || copy == NULL)
		return NULL;
	*copy = *q;
	val->quantity = copy;
	val->str = k8s_copy(arena, k8s_quantity_print(q, text), strlen(text));
	val->at = at;
	return val;
}

// Huge pages of the containers become a limit of a pod that has resources of its own.
static void default_pod_limits(struct k8s_arena *arena, struct k8s_val *spec)
{
	struct k8s_val *resources = k8s_get(spec, "resources");
	struct k8s_resources sum = {0};

	if (k8s_len(k8s_get(resources, "limits")) + k8s_len(k8s_get(resources, "requests")) == 0)
		return;
	k8s_pod_aggregate(arena, spec, "limits", &sum);
	for (uint32_t i = 0; i < sum.n; i++) {
		const char *name = sum.amounts[i].name;

		if (!k8s_is_hugepages(name) ||
			k8s_get(k8s_get(resources, "requests"), name) != NULL ||
			k8s_get(k8s_get(resources, "limits"), name) != NULL)
			continue;
		k8s_set(arena, get_or_add(arena, resources, "limits"), name,
			amount_val(arena, &sum.amounts[i].quantity, resources->at));
	}
}

static void default_pod_requests(struct k8s_arena *arena, struct k8s_val *spec)
{
	struct k8s_val *resources = k8s_get(spec, "resources");
	const struct k8s_val *limits = k8s_get(resources, "limits");
	struct k8s_resources sum = {0};

	if (k8s_len(limits) == 0)
		return;
	k8s_pod_aggregate(arena, spec, "requests", &sum);
	for (uint32_t i = 0; i < sum.n; i++) {
		const char *name = sum.amounts[i].name;

		if (k8s_is_pod_level(name) && k8s_overcommit_allowed(name) &&
			k8s_get(k8s_get(resources, "requests"), name) == NULL)
			k8s_set(arena, get_or_add(arena, resources, "requests"), name,
				amount_val(arena, &sum.amounts[i].quantity, resources->at));
	}
	for (uint32_t i = 0; i < limits->n; i++)
		if (k8s_is_pod_level(limits->keys[i].name) &&
			k8s_get(k8s_get(resources, "requests"), limits->keys[i].name) == NULL)
			k8s_set(arena, get_or_add(arena, resources, "requests"),
				limits->keys[i].name, limits->items[i]);
}

static void default_host_ports(struct k8s_arena *arena, const struct k8s_val *list)
{
	for (uint32_t i = 0; i < k8s_len(list); i++) {
		const struct k8s_val *ports = k8s_get(list->items[i], "ports");

		for (uint32_t k = 0; k < k8s_len(ports); k++)
			if (k8s_int(ports->items[k], "hostPort", 0) == 0)
				k8s_set(arena, ports->items[k], "hostPort",
					k8s_get(ports->items[k], "containerPort"));
	}
}

// A volume without a source is an emptyDir.
static void default_volumes(struct k8s_arena *arena, const struct k8s_val *volumes)
{
	for (uint32_t i = 0; i < k8s_len(volumes); i++) {
		struct k8s_val *volume = volumes->items[i];
		uint32_t sources = 0;

		for (uint32_t k = 0; k < k8s_len(volume); k++)
			sources += strcmp(volume->keys[k].name, "name") != 0;
		if (sources == 0)
			k8s_set(arena, volume, "emptyDir", k8s_new(arena, K8S_VAL_MAP));
	}
}

static void default_pod(struct k8s_arena *arena, struct k8s_val *spec)
{
	default_requests(arena, k8s_get(spec, "containers"));
	default_requests(arena, k8s_get(spec, "initContainers"));
	default_pod_limits(arena, spec);
	default_pod_requests(arena, spec);
	if (k8s_true(spec, "hostNetwork")) {
		default_host_ports(arena, k8s_get(spec, "containers"));
		default_host_ports(arena, k8s_get(spec, "initContainers"));
	}
}

static void default_limit_range(struct k8s_arena *arena, struct k8s_val *root)
{
	const struct k8s_val *list = k8s_find(root, "spec.limits");

	for (uint32_t i = 0; i < k8s_len(list); i++) {
		struct k8s_val *item = list->items[i];

		if (strcmp(k8s_str(item, "type"), "Container") != 0)
			continue;
		struct k8s_val *limits = get_or_add(arena, item, "default");
		struct k8s_val *requests = get_or_add(arena, item, "defaultRequest");
		fill(arena, limits, k8s_get(item, "max"));
		fill(arena, requests, limits);
		fill(arena, requests, k8s_get(item, "min"));
	}
}

static void default_job(struct k8s_arena *arena, struct k8s_val *spec)
{
	const bool neither =
		k8s_get(spec, "completions") == NULL && k8s_get(spec, "parallelism") == NULL;

	if (neither)
		k8s_set(arena, spec, "completions", k8s_new_int(arena, 1));
	if (k8s_get(spec, "parallelism") == NULL)
		k8s_set(arena, spec, "parallelism", k8s_new_int(arena, 1));
}

// A job without labels takes its template's.
static void default_job_labels(struct k8s_arena *arena, struct k8s_val *root)
{
	struct k8s_val *labels = k8s_get(k8s_pod_meta_of(root), "labels");
	struct k8s_val *meta = k8s_get(root, "metadata");

	if (labels == NULL || k8s_len(k8s_get(meta, "labels")) > 0)
		return;
	// One map for both: what the server adds to the template's shows up here as well.
	k8s_set(arena, get_or_add(arena, root, "metadata"), "labels", labels);
}

// Of a claim's old field the server drops what is neither a claim nor a snapshot.
static void default_claim(struct k8s_val *spec)
{
	const struct k8s_val *source = k8s_get(spec, "dataSource");
	const char *kind = k8s_str(source, "kind"), *group = k8s_str(source, "apiGroup");

	if (source == NULL || k8s_get(spec, "dataSourceRef") != NULL ||
		(strcmp(kind, "PersistentVolumeClaim") == 0 && *group == '\0') ||
		(strcmp(kind, "VolumeSnapshot") == 0 &&
			strcmp(group, "snapshot.storage.k8s.io") == 0))
		return;
	for (uint32_t i = 0; i < spec->n; i++)
		if (spec->items[i] == source)
			k8s_remove(spec, i);
}

// A namespace is labelled with its own name.
static void default_namespace(struct k8s_arena *arena, struct k8s_val *root)
{
	struct k8s_val *meta = k8s_get(root, "metadata");
	const char *name = k8s_str(meta, "name");

	if (*name != '\0')
		k8s_set(arena, get_or_add(arena, meta, "labels"), "kubernetes.io/metadata.name",
			k8s_new_str(arena, name));
}

void k8s_default(struct k8s_arena *arena, struct k8s_val *root)
{
	const char *kind = k8s_str(root, "kind");
	struct k8s_val *spec = k8s_pod_spec_of(root);

	default_volumes(arena, k8s_get(spec, "volumes"));
	if (strcmp(kind, "Pod") == 0)
		default_pod(arena, spec);
	else if (strcmp(kind, "LimitRange") == 0)
		default_limit_range(arena, root);
	else if (strcmp(kind, "Job") == 0)
		default_job(arena, k8s_get(root, "spec"));
	else if (strcmp(kind, "PersistentVolumeClaim") == 0)
		default_claim(k8s_get(root, "spec"));
	else if (strcmp(kind, "Namespace") == 0)
		default_namespace(arena, root);
	if (strcmp(kind, "Job") == 0)
		default_job_labels(arena, root);
}
