// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// PersistentVolumeClaim, also as a template within other kinds.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <string.h>

static void access_modes(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const modes[] = {
		"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod", NULL};
	const struct k8s_at at = k8s_child(spec, "accessModes");
	bool one_pod = false, other = false;

	if (k8s_len(at.val) == 0)
		k8s_required(c, &at, "at least 1 access mode is required");
	for (uint32_t i = 0; i < k8s_len(at.val); i++) {
		const struct k8s_val *item = at.val->items[i];
		const char *mode = item->type == K8S_VAL_STRING ? item->str : "";

		if (!k8s_one_of(mode, modes))
			k8s_unsupported(c, &at, mode, modes);
		else if (strcmp(mode, "ReadWriteOncePod") == 0)
			one_pod = true;
		else
			other = true;
	}
	if (one_pod && other)
		k8s_forbidden(c, &at, "may not use ReadWriteOncePod with other access modes");
}

static void data_source(struct k8s_check *c, const struct k8s_at *at, bool ref)
{
	const struct k8s_at name = k8s_child(at, "name");
	const struct k8s_at kind = k8s_child(at, "kind");
	const struct k8s_at group = k8s_child(at, "apiGroup");
	const struct k8s_at space = k8s_child(at, "namespace");

	if (at->val == NULL)
		return;
	if (*k8s_at_str(&name) == '\0')
		k8s_required(c, &name, "");
	if (*k8s_at_str(&kind) == '\0')
		k8s_required(c, &kind, "");
	if (*k8s_at_str(&group) == '\0' && strcmp(k8s_at_str(&kind), "PersistentVolumeClaim") != 0)
		k8s_invalid(c, at, k8s_at_str(&kind),
			"must be 'PersistentVolumeClaim' when referencing the default apiGroup");
	if (*k8s_at_str(&group) != '\0')
		k8s_invalid_each(
			c, &group, k8s_at_str(&group), k8s_is_dns_subdomain(k8s_at_str(&group)));
	if (ref && *k8s_at_str(&space) != '\0')
		k8s_invalid_each(
			c, &space, k8s_at_str(&space), k8s_is_dns_label(k8s_at_str(&space)));
}

static void storage(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at resources = k8s_child(spec, "resources");
	const struct k8s_at requests = k8s_child(&resources, "requests");
	const struct k8s_at at = k8s_key(&resources, "storage", k8s_get(requests.val, "storage"));
	char text[K8S_QUANTITY_TEXT];

	if (at.val == NULL)
		k8s_required(c, &at, "");
	else if (at.val->quantity != NULL && k8s_quantity_sign(at.val->quantity) <= 0)
		k8s_invalid(c, &at, k8s_quantity_print(at.val->quantity, text),
			"must be greater than zero");
}

void k8s_claim_spec(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const modes[] = {"Block", "Filesystem", NULL};
	static const char *const classes[] = {"storageClassName", "volumeAttributesClassName"};
	const struct k8s_at selector = k8s_child(at, "selector");
	const struct k8s_at mode = k8s_child(at, "volumeMode");
	const struct k8s_at source = k8s_child(at, "dataSource");
	const struct k8s_at ref = k8s_child(at, "dataSourceRef");

	access_modes(c, at);
	k8s_label_selector(c, &selector);
	storage(c, at);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const struct k8s_at class = k8s_child(at, classes[i]);
		const char *text = k8s_at_str(&class);

		if (*text != '\0')
			k8s_invalid_each(c, &class, text, k8s_is_dns_subdomain(text));
	}
	k8s_enum(c, &mode, modes);
	data_source(c, &source, false);
	data_source(c, &ref, true);
}

void k8s_check_claim(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at spec = k8s_child(root, "spec");

	k8s_object_meta(c, root, true, false);
	k8s_claim_spec(c, &spec);
}
