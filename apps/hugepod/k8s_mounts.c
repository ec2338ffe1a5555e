// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// volumeMounts and volumeDevices of a container.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <string.h>

// Whether one of the list's items has that string; with `before`, only items before that index.
static bool has(const struct k8s_val *list, const char *field, const char *text, uint32_t before)
{
	for (uint32_t i = 0; i < k8s_len(list) && i < before; i++)
		if (strcmp(k8s_str(list->items[i], field), text) == 0)
			return true;
	return false;
}

// Whether a path is taken by the other list. The server keeps one path a name: the last.
static bool has_path(const struct k8s_val *list, const char *field, const char *text)
{
	for (uint32_t i = 0; i < k8s_len(list); i++) {
		const char *name = k8s_str(list->items[i], "name");
		bool replaced = false;

		if (strcmp(k8s_str(list->items[i], field), text) != 0)
			continue;
		for (uint32_t k = i + 1; k < list->n; k++)
			replaced |= strcmp(k8s_str(list->items[k], "name"), name) == 0;
		if (!replaced)
			return true;
	}
	return false;
}

static void propagation(struct k8s_check *c, const struct k8s_at *mounts,
	const struct k8s_val *mount, const struct k8s_val *container)
{
	static const char *const modes[] = {"Bidirectional", "HostToContainer", "None", NULL};
	const struct k8s_at at =
		k8s_path(mounts, "mountPropagation", k8s_get(mount, "mountPropagation"));

	if (at.val == NULL)
		return;
	k8s_enum(c, &at, modes);
	if (strcmp(k8s_at_str(&at), "Bidirectional") == 0 &&
		!k8s_true(k8s_get(container, "securityContext"), "privileged"))
		k8s_forbidden(c, &at,
			"Bidirectional mount propagation is available only to privileged "
			"containers");
}

static void recursive_read_only(
	struct k8s_check *c, const struct k8s_at *mounts, const struct k8s_val *mount)
{
	static const char *const modes[] = {"Disabled", "Enabled", "IfPossible", NULL};
	const struct k8s_at at =
		k8s_path(mounts, "recursiveReadOnly", k8s_get(mount, "recursiveReadOnly"));
	const struct k8s_val *mode = k8s_get(mount, "mountPropagation");

	if (at.val == NULL || strcmp(k8s_at_str(&at), "Disabled") == 0)
		return;
	if (!k8s_one_of(k8s_at_str(&at), modes)) {
		k8s_enum(c, &at, modes);
		return;
	}
	if (!k8s_true(mount, "readOnly"))
		k8s_forbidden(c, &at, "may only be specified when readOnly is true");
	if (mode != NULL && strcmp(mode->str, "None") != 0)
		k8s_forbidden(c, &at,
			"may only be specified when mountPropagation is None or not specified");
}

// The server tells sub-paths at the list, without the index.
static void sub_paths(struct k8s_check *c, const struct k8s_at *mounts, const struct k8s_at *mount)
{
	const struct k8s_at expr = k8s_child(mount, "subPathExpr");
	const struct k8s_at sub_at = k8s_path(mounts, "subPath", k8s_get(mount->val, "subPath"));
	const struct k8s_at expr_at = k8s_path(mounts, "subPathExpr", expr.val);

	if (*k8s_at_str(&sub_at) != '\0')
		k8s_descending_path(c, &sub_at, k8s_at_str(&sub_at));
	if (*k8s_at_str(&expr) == '\0')
		return;
	if (*k8s_at_str(&sub_at) != '\0')
		k8s_invalid(c, &expr, k8s_at_str(&expr),
			"subPathExpr and subPath are mutually exclusive");
	k8s_descending_path(c, &expr_at, k8s_at_str(&expr));
}

static void mount(struct k8s_pod_check *p, const struct k8s_at *mounts, uint32_t i,
	const struct k8s_val *container)
{
	const struct k8s_at at = k8s_index(mounts, i);
	const struct k8s_at name = k8s_child(&at, "name");
	const struct k8s_at path = k8s_child(&at, "mountPath");
	const struct k8s_val *devices = k8s_get(container, "volumeDevices");
	const char *name_text = k8s_at_str(&name), *path_text = k8s_at_str(&path);

	if (*name_text == '\0')
		k8s_required(p->c, &name, "");
	if (k8s_get(p->volumes, name_text) == NULL)
		k8s_not_found(p->c, &name, name_text);
	if (*path_text == '\0')
		k8s_required(p->c, &path, "");
	if (has(mounts->val, "mountPath", path_text, i))
		k8s_invalid(p->c, &path, path_text, "must be unique");
	if (has(devices, "name", name_text, UINT32_MAX))
		k8s_invalid(p->c, &name, name_text, "must not already exist in volumeDevices");
	if (has_path(devices, "devicePath", path_text))
		k8s_invalid(p->c, &path, path_text,
			"must not already exist as a path in volumeDevices");
	sub_paths(p->c, mounts, &at);
	propagation(p->c, mounts, at.val, container);
	recursive_read_only(p->c, mounts, at.val);
}

static void device(struct k8s_pod_check *p, const struct k8s_at *devices, uint32_t i,
	const struct k8s_val *container)
{
	const struct k8s_at at = k8s_index(devices, i);
	const struct k8s_at name = k8s_child(&at, "name");
	const struct k8s_at path = k8s_child(&at, "devicePath");
	const struct k8s_val *mounts = k8s_get(container, "volumeMounts");
	const char *name_text = k8s_at_str(&name), *path_text = k8s_at_str(&path);
	const struct k8s_val *volume = k8s_get(p->volumes, name_text);

	if (*name_text == '\0')
		k8s_required(p->c, &name, "");
	else if (has(devices->val, "name", name_text, i))
		k8s_invalid(p->c, &name, name_text, "must be unique");
	if (volume == NULL)
		k8s_not_found(p->c, &name, name_text);
	else if (k8s_get(volume, "persistentVolumeClaim") == NULL &&
		 k8s_get(volume, "ephemeral") == NULL)
		k8s_invalid(p->c, &name, name_text,
			"can only use volume source type of PersistentVolumeClaim or Ephemeral "
			"for block mode");
	if (*path_text == '\0')
		k8s_required(p->c, &path, "");
	if (!k8s_has_backsteps(path_text) && has(devices->val, "devicePath", path_text, i))
		k8s_invalid(p->c, &path, path_text, "must be unique");
	if (k8s_has_backsteps(path_text))
		k8s_invalid(p->c, &path, path_text, "can not contain backsteps ('..')");
	if (has(mounts, "name", name_text, UINT32_MAX))
		k8s_invalid(p->c, &name, name_text, "must not already exist in volumeMounts");
	if (has_path(mounts, "mountPath", path_text))
		k8s_invalid(
			p->c, &path, path_text, "must not already exist as a path in volumeMounts");
}

void k8s_volume_mounts(struct k8s_pod_check *p, const struct k8s_at *container)
{
	const struct k8s_at mounts = k8s_child(container, "volumeMounts");
	const struct k8s_at devices = k8s_child(container, "volumeDevices");

	for (uint32_t i = 0; i < k8s_len(mounts.val); i++)
		mount(p, &mounts, i, container->val);
	for (uint32_t i = 0; i < k8s_len(devices.val); i++)
		device(p, &devices, i, container->val);
}
