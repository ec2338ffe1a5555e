// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the kubelet cannot mount, and what no node can offer.

#include "k8s_pod.h"
#include "k8s_resources.h"
#include "lint.h"

#include <string.h>

#define MEDIUM "HugePages"

// Every hugepages resource that the pod names, once. Requests and limits are equal where both are.
static void pod_sizes(struct lint *l, const struct k8s_val *spec, struct k8s_resources *out)
{
	static const char *const lists[] = {"containers", "initContainers"};
	static const char *const which[] = {"requests", "limits"};
	struct k8s_resources all = {0};

	for (int w = 0; w < 2; w++) {
		k8s_resources_add(&l->arena, &all, k8s_get(k8s_get(spec, "resources"), which[w]));
		for (int i = 0; i < 2; i++) {
			const struct k8s_val *list = k8s_get(spec, lists[i]);

			for (uint32_t k = 0; k < k8s_len(list); k++)
				k8s_resources_add(&l->arena, &all,
					k8s_get(k8s_get(list->items[k], "resources"), which[w]));
		}
	}
	for (uint32_t i = 0; i < all.n; i++)
		if (k8s_is_hugepages(all.amounts[i].name))
			k8s_resources_set(
				&l->arena, out, all.amounts[i].name, &all.amounts[i].quantity);
}

static bool size_of(const char *text, struct k8s_quantity *size)
{
	return k8s_quantity_parse(text, strlen(text), size) == K8S_QUANTITY_OK;
}

static const char *setup_failed(struct lint *l, const char *volume, const char *why)
{
	return k8s_printf(
		&l->arena, "MountVolume.SetUp failed for volume \"%s\" : %s", volume, why);
}

static void any_size(struct lint *l, const struct lint_object *o, const struct k8s_at *at,
	const char *volume, const struct k8s_resources *sizes)
{
	struct k8s_quantity first, other;

	if (sizes->n == 0) {
		lint_add(l, o, "mount-no-request", at,
			setup_failed(l, volume,
				"medium HugePages: hugePages storage requested, but there is no "
				"resource request for huge pages"),
			NULL);
		return;
	}
	if (!size_of(sizes->amounts[0].name + strlen(K8S_HUGEPAGES), &first))
		return; // told by level api
	for (uint32_t i = 1; i < sizes->n; i++)
		if (size_of(sizes->amounts[i].name + strlen(K8S_HUGEPAGES), &other) &&
			k8s_quantity_cmp(&first, &other) != 0) {
			lint_add(l, o, "mount-many-sizes", at,
				setup_failed(l, volume,
					"medium: HugePages can't be used if container requests "
					"multiple huge page sizes"),
				NULL);
			return;
		}
}

static void one_size(struct lint *l, const struct lint_object *o, const struct k8s_at *at,
	const char *volume, const struct k8s_resources *sizes, const char *text)
{
	const char *medium = k8s_at_str(at);
	struct k8s_quantity want, have;
	const enum k8s_quantity_error error = k8s_quantity_parse(text, strlen(text), &want);

	if (error != K8S_QUANTITY_OK) {
		lint_add(l, o, "mount-bad-size", at,
			setup_failed(l, volume, k8s_quantity_strerror(error)), NULL);
		return;
	}
	for (uint32_t i = 0; i < sizes->n; i++)
		if (size_of(sizes->amounts[i].name + strlen(K8S_HUGEPAGES), &have) &&
			k8s_quantity_cmp(&want, &have) == 0)
			return;
	lint_add(l, o, "mount-no-request", at,
		setup_failed(l, volume,
			k8s_printf(&l->arena,
				"medium %s: hugePages storage requested, but there is no resource "
				"request for huge pages",
				medium)),
		NULL);
}

static void empty_dir(struct lint *l, const struct lint_object *o, const struct k8s_at *volume,
	const struct k8s_resources *sizes)
{
	const struct k8s_at dir = k8s_child(volume, "emptyDir");
	const struct k8s_at at = k8s_child(&dir, "medium");
	const char *medium = k8s_at_str(&at), *name = k8s_str(volume->val, "name");
	struct lint_finding *f;

	if (*medium == '\0' || strcmp(medium, "Memory") == 0)
		return;
	if (strcmp(medium, MEDIUM) == 0) {
		any_size(l, o, &at, name, sizes);
	} else if (strncmp(medium, MEDIUM "-", strlen(MEDIUM) + 1) == 0) {
		one_size(l, o, &at, name, sizes, medium + strlen(MEDIUM) + 1);
	} else {
		f = lint_add(l, o, "mount-unknown-medium", &at,
			setup_failed(l, name,
				k8s_printf(&l->arena, "unknown storage medium \"%s\"", medium)),
			NULL);
		if (strncasecmp(medium, MEDIUM, strlen(MEDIUM)) == 0 && f != NULL)
			lint_edit_to(f, at.val->at,
				k8s_printf(&l->arena, MEDIUM "%s", medium + strlen(MEDIUM)));
	}
}

static bool is_hugetlbfs(const struct k8s_val *volume)
{
	const char *medium = k8s_str(k8s_get(volume, "emptyDir"), "medium");

	return strncmp(medium, MEDIUM, strlen(MEDIUM)) == 0;
}

void lint_mount(struct lint *l, const struct lint_object *o)
{
	struct k8s_at chain[LINT_CHAIN];
	const struct k8s_at *spec = lint_spec_at(o, chain);
	const struct k8s_at volumes = k8s_child(spec, "volumes");
	const struct k8s_at users = k8s_child(spec, "hostUsers");
	struct k8s_resources sizes = {0};

	pod_sizes(l, o->spec, &sizes);
	for (uint32_t i = 0; i < k8s_len(volumes.val); i++) {
		const struct k8s_at volume = k8s_index(&volumes, i);

		empty_dir(l, o, &volume, &sizes);
		if (users.val != NULL && !users.val->boolean && is_hugetlbfs(volume.val))
			lint_add(l, o, "mount-host-users", &users,
				"failed to set MOUNT_ATTR_IDMAP on the hugetlbfs volume: invalid "
				"argument",
				NULL);
	}
}

// Page sizes that some architecture has, as nodes name them.
static const char *const page_sizes[] = {
	"64Ki", "1Mi", "2Mi", "16Mi", "32Mi", "512Mi", "1Gi", "2Gi", "16Gi", NULL};

static void resource_name(struct lint *l, const struct lint_object *o, const struct k8s_at *at)
{
	const char *text = at->key + strlen(K8S_HUGEPAGES);
	char canonical[K8S_QUANTITY_TEXT];
	struct k8s_quantity size;
	struct lint_finding *f;

	if (!size_of(text, &size) || k8s_quantity_sign(&size) <= 0)
		return; // told by level api
	size.as_written[0] = '\0';
	k8s_quantity_print(&size, canonical);
	if (k8s_one_of(text, page_sizes))
		return;
	const bool known = k8s_one_of(canonical, page_sizes);
	f = lint_add(l, o, known ? "schedule-size-name" : "schedule-size-unknown", at,
		k8s_printf(&l->arena, "0/N nodes are available: N Insufficient %s", at->key),
		known ? k8s_printf(&l->arena, K8S_HUGEPAGES "%s:", canonical) : NULL);
	if (known && f != NULL) {
		const struct k8s_val *map = at->up->val;

		for (uint32_t i = 0; i < map->n; i++)
			if (map->items[i] == at->val && map->keys[i].at != NULL)
				lint_edit_to(f, map->keys[i].at,
					k8s_printf(&l->arena, K8S_HUGEPAGES "%s", canonical));
	}
}

static void resources(struct lint *l, const struct lint_object *o, const struct k8s_at *at)
{
	static const char *const which[] = {"limits", "requests"};

	for (int w = 0; w < 2; w++) {
		const struct k8s_at list = k8s_child(at, which[w]);

		for (uint32_t i = 0; i < k8s_len(list.val); i++) {
			const struct k8s_at here = k8s_pair(&list, i);
			const bool copied =
				w == 1 && k8s_get(k8s_get(at->val, "limits"), here.key) == here.val;

			if (k8s_is_hugepages(here.key) && !copied)
				resource_name(l, o, &here);
		}
	}
}

void lint_schedule(struct lint *l, const struct lint_object *o)
{
	static const char *const lists[] = {"containers", "initContainers"};
	struct k8s_at chain[LINT_CHAIN];
	const struct k8s_at *spec = lint_spec_at(o, chain);
	const struct k8s_at pod = k8s_child(spec, "resources");
	const struct k8s_at gates = k8s_child(spec, "schedulingGates");

	resources(l, o, &pod);
	for (int i = 0; i < 2; i++) {
		const struct k8s_at list = k8s_child(spec, lists[i]);

		for (uint32_t k = 0; k < k8s_len(list.val); k++) {
			const struct k8s_at container = k8s_index(&list, k);
			const struct k8s_at at = k8s_child(&container, "resources");

			resources(l, o, &at);
		}
	}
	if (k8s_len(gates.val) > 0)
		lint_add(l, o, "schedule-gated", &gates,
			"Scheduling is blocked due to non-empty scheduling gates", NULL);
}
