// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// metadata, and the kinds that are little more than metadata: Namespace and ConfigMap.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <string.h>

#define CONFIG_MAP_MAX (1024 * 1024) // bytes of all values
#define MANAGER_MAX 128 // bytes of a field manager's name

static struct k8s_msgs name_rule(const char *name, bool is_label)
{
	return is_label ? k8s_is_dns_label(name) : k8s_is_dns_subdomain(name);
}

// A generated name may end in dashes, since a suffix follows: the server masks the last two bytes.
static void generate_name(struct k8s_check *c, const struct k8s_at *at, bool is_label)
{
	const char *value = k8s_at_str(at);
	const size_t len = strlen(value);
	char *masked = k8s_copy(c->arena, value, len);

	if (masked == NULL || len == 0)
		return;
	if (len > 1 && value[len - 1] == '-') {
		masked[len - 2] = 'a';
		masked[len - 1] = '\0';
	}
	k8s_invalid_each(c, at, value, name_rule(masked, is_label));
}

static void owner(struct k8s_check *c, const struct k8s_at *at)
{
	static const struct {
		const char *field, *detail;
	} needed[] = {
		{"apiVersion", "version must not be empty"},
		{"kind", "must not be empty"},
		{"name", "must not be empty"},
		{"uid", "must not be empty"},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct k8s_at field = k8s_child(at, needed[i].field);

		if (*k8s_at_str(&field) == '\0')
			k8s_invalid(c, &field, "", needed[i].detail);
	}
}

static void managed_fields(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const operations[] = {"Apply", "Update", NULL};

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at entry = k8s_index(at, i);
		const struct k8s_at operation = k8s_child(&entry, "operation");
		const struct k8s_at type = k8s_child(&entry, "fieldsType");
		const struct k8s_at manager = k8s_child(&entry, "manager");

		if (!k8s_one_of(k8s_at_str(&operation), operations))
			k8s_invalid(c, &operation, k8s_at_str(&operation),
				"must be `Apply` or `Update`");
		if (*k8s_at_str(&type) != '\0' && strcmp(k8s_at_str(&type), "FieldsV1") != 0)
			k8s_invalid(c, &type, k8s_at_str(&type), "must be `FieldsV1`");
		if (strlen(k8s_at_str(&manager)) > MANAGER_MAX)
			k8s_too_long(c, &manager, MANAGER_MAX);
	}
}

// Of a cluster-scoped kind the server drops it.
static void namespace_of(struct k8s_check *c, const struct k8s_at *meta, bool namespaced)
{
	const struct k8s_at at = k8s_child(meta, "namespace");
	const char *value = k8s_at_str(&at);

	if (namespaced && *value != '\0')
		k8s_invalid_each(c, &at, value, k8s_is_dns_label(value));
}

static void standard_finalizer(struct k8s_check *c, const struct k8s_at *at, const char *text)
{
	static const char *const standard[] = {"kubernetes", "orphan", "foregroundDeletion", NULL};

	if (strchr(text, '/') == NULL && !k8s_one_of(text, standard))
		k8s_invalid(c, at, text,
			"name is neither a standard finalizer name nor is it fully qualified");
}

void k8s_object_meta(
	struct k8s_check *c, const struct k8s_at *root, bool namespaced, bool name_is_label)
{
	const struct k8s_at meta = k8s_child(root, "metadata");
	const struct k8s_at name = k8s_child(&meta, "name");
	const struct k8s_at generate = k8s_child(&meta, "generateName");
	const struct k8s_at generation = k8s_child(&meta, "generation");
	const struct k8s_at labels = k8s_child(&meta, "labels");
	const struct k8s_at annotations = k8s_child(&meta, "annotations");
	const struct k8s_at owners = k8s_child(&meta, "ownerReferences");
	const struct k8s_at finalizers = k8s_child(&meta, "finalizers");
	const struct k8s_at managed = k8s_child(&meta, "managedFields");

	generate_name(c, &generate, name_is_label);
	if (*k8s_at_str(&name) != '\0')
		k8s_invalid_each(
			c, &name, k8s_at_str(&name), name_rule(k8s_at_str(&name), name_is_label));
	else if (*k8s_at_str(&generate) == '\0' &&
		 strcmp(k8s_str(root->val, "kind"), "LimitRange") !=
			 0) // the server names that itself
		k8s_required(c, &name, "name or generateName is required");
	namespace_of(c, &meta, namespaced);
	k8s_nonnegative(c, &generation);
	k8s_labels(c, &labels);
	k8s_annotations(c, &annotations);
	for (uint32_t i = 0; i < k8s_len(owners.val); i++) {
		struct k8s_at here = owners; // the server tells no index

		here.val = owners.val->items[i];
		owner(c, &here);
	}
	for (uint32_t i = 0; i < k8s_len(finalizers.val); i++) {
		const struct k8s_val *f = finalizers.val->items[i];
		struct k8s_at here = finalizers;
		const char *text = f->type == K8S_VAL_STRING ? f->str : "";

		here.val = finalizers.val->items[i];
		k8s_invalid_each(c, &here, text, k8s_is_label_key(text));
		const struct k8s_at indexed = k8s_index(&finalizers, i);
		standard_finalizer(c, &indexed, text);
	}
	managed_fields(c, &managed);
}

void k8s_check_namespace(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at finalizers = k8s_child(&spec, "finalizers");

	k8s_object_meta(c, root, false, true);
	for (uint32_t i = 0; i < k8s_len(finalizers.val); i++) {
		struct k8s_at here = finalizers;
		const struct k8s_val *f = finalizers.val->items[i];
		const char *text = f->type == K8S_VAL_STRING ? f->str : "";

		here.val = finalizers.val->items[i];
		k8s_invalid_each(c, &here, text, k8s_is_label_key(text));
		standard_finalizer(c, &here, text);
	}
}

// Bytes that base64 text stands for.
static size_t decoded_size(const struct k8s_val *val)
{
	size_t chars = 0;

	for (size_t i = 0; i < val->len; i++)
		chars += val->str[i] != '=' && val->str[i] != '\n' && val->str[i] != '\r';
	return chars * 3 / 4;
}

static size_t config_keys(
	struct k8s_check *c, const struct k8s_at *at, bool binary, const struct k8s_val *other)
{
	size_t total = 0;

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at pair = k8s_pair(at, i);

		k8s_invalid_each(c, &pair, pair.key, k8s_is_config_key(pair.key));
		if (!binary && k8s_get(other, pair.key) != NULL)
			k8s_invalid(c, &pair, pair.key, "duplicate of key present in binaryData");
		if (pair.val->type == K8S_VAL_STRING)
			total += binary ? decoded_size(pair.val) : pair.val->len;
	}
	return total;
}

void k8s_check_config_map(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at data = k8s_child(root, "data");
	const struct k8s_at binary = k8s_child(root, "binaryData");
	const struct k8s_at whole = k8s_path(root, "", root->val);
	size_t total;

	k8s_object_meta(c, root, true, false);
	total = config_keys(c, &data, false, binary.val);
	total += config_keys(c, &binary, true, NULL);
	if (total > CONFIG_MAP_MAX)
		k8s_too_long(c, &whole, CONFIG_MAP_MAX);
}
