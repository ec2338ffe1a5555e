// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// spec.volumes. One table says what each type of volume needs; types that need more have a
// function.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <string.h>

void k8s_file_mode(struct k8s_check *c, const struct k8s_at *at)
{
	const int64_t mode = k8s_int_of(at->val);

	if (at->val != NULL && (mode < 0 || mode > 0777))
		k8s_invalid_int(
			c, at, mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

void k8s_key_to_paths(struct k8s_check *c, const struct k8s_at *items)
{
	for (uint32_t i = 0; i < k8s_len(items->val); i++) {
		const struct k8s_at item = k8s_index(items, i);
		const struct k8s_at key = k8s_child(&item, "key");
		const struct k8s_at path = k8s_child(&item, "path");
		const struct k8s_at mode = k8s_child(&item, "mode");

		if (*k8s_at_str(&key) == '\0')
			k8s_required(c, &key, "");
		if (*k8s_at_str(&path) == '\0')
			k8s_required(c, &path, "");
		k8s_local_path(c, &path, k8s_at_str(&path));
		k8s_file_mode(c, &mode);
	}
}

void k8s_downward_file(struct k8s_check *c, const struct k8s_at *at, const struct k8s_val *file)
{
	// The server tells no index: the path goes on from the list's parent.
	struct k8s_val *item = (struct k8s_val *)(uintptr_t)file;
	const struct k8s_at here = {
		.up = at->up, .name = at->name, .key = at->key, .index = at->index, .val = item};
	const struct k8s_at path = k8s_child(&here, "path");
	const struct k8s_at field = k8s_child(&here, "fieldRef");
	const struct k8s_at resource = k8s_child(&here, "resourceFieldRef");
	const struct k8s_at mode = k8s_child(&here, "mode");

	if (*k8s_at_str(&path) == '\0')
		k8s_required(c, &path, "");
	k8s_local_path(c, &path, k8s_at_str(&path));
	if (field.val != NULL) {
		k8s_field_ref(c, &field, true);
		if (resource.val != NULL)
			k8s_invalid(c, &here, "resource",
				"fieldRef and resourceFieldRef can not be specified "
				"simultaneously");
	} else if (resource.val != NULL) {
		k8s_resource_field_ref(c, &resource, true);
	} else {
		k8s_required(c, &here, "one of fieldRef and resourceFieldRef is required");
	}
	k8s_file_mode(c, &mode);
}

static void empty_dir(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at limit = k8s_child(at, "sizeLimit");

	if (limit.val != NULL && limit.val->quantity != NULL &&
		k8s_quantity_sign(limit.val->quantity) < 0)
		k8s_forbidden(p->c, &limit, "SizeLimit field must be a valid resource quantity");
}

static void host_path(struct k8s_pod_check *p, const struct k8s_at *at)
{
	static const char *const types[] = {"", "BlockDevice", "CharDevice", "Directory",
		"DirectoryOrCreate", "File", "FileOrCreate", "Socket", NULL};
	const struct k8s_at path = k8s_child(at, "path");
	const struct k8s_at type = k8s_child(at, "type");

	if (*k8s_at_str(&path) == '\0')
		return; // told by the table
	k8s_no_backsteps(p->c, &path, k8s_at_str(&path));
	k8s_enum(p->c, &type, types);
}

static void git_repo(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at directory = k8s_child(at, "directory");

	k8s_descending_path(p->c, &directory, k8s_at_str(&directory));
}

static void mode_and_items(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at mode = k8s_child(at, "defaultMode");
	const struct k8s_at items = k8s_child(at, "items");

	k8s_file_mode(p->c, &mode);
	k8s_key_to_paths(p->c, &items);
}

static void nfs(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at path = k8s_child(at, "path");

	if (*k8s_at_str(&path) != '/')
		k8s_invalid(p->c, &path, k8s_at_str(&path), "must be an absolute path");
}

static void partition(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at number = k8s_child(at, "partition");
	const int64_t n = k8s_int_of(number.val);

	if (n < 0 || n > 255)
		k8s_invalid_int(p->c, &number, n, "must be between 1 and 255, inclusive");
}

static void downward(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at mode = k8s_child(at, "defaultMode");
	const struct k8s_val *items = k8s_get(at->val, "items");

	k8s_file_mode(p->c, &mode);
	for (uint32_t i = 0; i < k8s_len(items); i++)
		k8s_downward_file(p->c, at, items->items[i]);
}

static void csi(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at driver = k8s_child(at, "driver");
	const struct k8s_at secret = k8s_child(at, "nodePublishSecretRef");
	const struct k8s_at name = k8s_child(&secret, "name");
	const struct k8s_at told = k8s_path(at, "name", name.val);
	const char *text = k8s_at_str(&driver);
	char *lower = k8s_copy(p->c->arena, text, strlen(text));

	for (char *q = lower; q != NULL && *q != '\0'; q++)
		*q = (char)(*q >= 'A' && *q <= 'Z' ? *q + 32 : *q);
	if (*text != '\0' && strlen(text) > 63)
		k8s_too_long(p->c, &driver, 63);
	if (*text != '\0' && lower != NULL)
		k8s_invalid_each(p->c, &driver, text, k8s_is_dns_subdomain(lower));
	if (secret.val == NULL)
		return;
	if (*k8s_at_str(&name) == '\0')
		k8s_required(p->c, &name, "");
	else
		k8s_invalid_each(
			p->c, &told, k8s_at_str(&name), k8s_is_dns_subdomain(k8s_at_str(&name)));
}

static void ephemeral(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at template = k8s_child(at, "volumeClaimTemplate");
	const struct k8s_at meta = k8s_child(&template, "metadata");
	const struct k8s_at labels = k8s_child(&meta, "labels");
	const struct k8s_at annotations = k8s_child(&meta, "annotations");
	const struct k8s_at spec = k8s_child(&template, "spec");
	const struct k8s_at name = k8s_child(at->up, "name");
	const char *volume = k8s_at_str(&name);
	const char *claim;

	if (template.val == NULL) {
		k8s_required(p->c, &template, "");
	} else {
		k8s_annotations(p->c, &annotations);
		k8s_labels(p->c, &labels);
		for (uint32_t i = 0; i < k8s_len(meta.val); i++) {
			const struct k8s_at field =
				k8s_path(&meta, meta.val->keys[i].name, meta.val->items[i]);

			if (strcmp(field.name, "labels") != 0 &&
				strcmp(field.name, "annotations") != 0)
				k8s_forbidden(p->c, &field, "cannot be set");
		}
		k8s_claim_spec(p->c, &spec);
	}
	if (p->pod_name == NULL || *p->pod_name == '\0' || *volume == '\0')
		return;
	claim = k8s_printf(p->c->arena, "%s-%s", p->pod_name, volume);
	if (claim == NULL)
		return;
	const struct k8s_msgs msgs = k8s_is_dns_subdomain(claim);
	for (uint32_t i = 0; i < msgs.n; i++)
		k8s_invalid(p->c, &name, volume,
			k8s_printf(p->c->arena, "PVC name %s: %s", k8s_go_quote(p->c->arena, claim),
				msgs.text[i]));
}

static void image(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at reference = k8s_child(at, "reference");
	const struct k8s_at policy = k8s_child(at, "pullPolicy");

	if (p->is_pod && *k8s_at_str(&reference) == '\0')
		k8s_required(p->c, &reference, "");
	k8s_pull_policy(p->c, &policy);
}

static void fibre_channel(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at names = k8s_child(at, "targetWWNs");
	const struct k8s_at lun = k8s_child(at, "lun");
	const uint32_t n_names = k8s_len(names.val), n_ids = k8s_len(k8s_get(at->val, "wwids"));

	if (n_names == 0 && n_ids == 0)
		k8s_required(p->c, &names, "must specify either targetWWNs or wwids, but not both");
	if (n_names != 0 && n_ids != 0)
		k8s_invalid_raw(p->c, &names, k8s_json(p->c->arena, names.val),
			"targetWWNs and wwids can not be specified simultaneously");
	if (n_names != 0 && lun.val == NULL)
		k8s_required(p->c, &lun, "lun is required if targetWWNs is specified");
	else if (n_names != 0 && (k8s_int_of(lun.val) < 0 || k8s_int_of(lun.val) > 255))
		k8s_invalid_int(
			p->c, &lun, k8s_int_of(lun.val), "must be between 0 and 255, inclusive");
}

// In the server's order: of several types the first counts.
static const struct volume_type {
	const char *name;
	const char *told_name; // in "more than 1 volume type", where the server's differs
	const char *path_name; // in errors below it, likewise
	const char *required[4]; // strings that may not be empty
	void (*check)(struct k8s_pod_check *p, const struct k8s_at *at);
} types[] = {
	{"emptyDir", .check = empty_dir},
	{"hostPath", .required = {"path"}, .check = host_path},
	{"gitRepo", .required = {"repository"}, .check = git_repo},
	{"gcePersistentDisk", .path_name = "persistentDisk", .required = {"pdName"},
		.check = partition},
	{"awsElasticBlockStore", .required = {"volumeID"}, .check = partition},
	{"secret", .required = {"secretName"}, .check = mode_and_items},
	{"nfs", .required = {"server", "path"}, .check = nfs},
	{"iscsi", .required = {"targetPortal", "iqn"}},
	{"glusterfs", .required = {"endpoints", "path"}},
	{"flocker"},
	{"persistentVolumeClaim", .required = {"claimName"}},
	{"rbd", .required = {"image"}},
	{"cinder", .required = {"volumeID"}},
	{"cephfs", .told_name = "cephFS"},
	{"quobyte", .required = {"volume"}},
	{"downwardAPI", .told_name = "downwarAPI", .check = downward},
	{"fc", .check = fibre_channel},
	{"flexVolume", .required = {"driver"}},
	{"configMap", .required = {"name"}, .check = mode_and_items},
	{"azureFile", .required = {"secretName", "shareName"}},
	{"vsphereVolume", .required = {"volumePath"}},
	{"photonPersistentDisk", .required = {"pdID"}},
	{"portworxVolume", .required = {"volumeID"}},
	{"azureDisk", .required = {"diskName", "diskURI"}},
	{"storageos", .required = {"volumeName"}},
	{"projected", .check = k8s_projected_volume},
	{"scaleIO", .required = {"gateway", "system", "volumeName"}},
	{"csi", .required = {"driver"}, .check = csi},
	{"ephemeral", .check = ephemeral},
	{"image", .check = image},
};

static void source(
	struct k8s_pod_check *p, const struct k8s_at *volume, const struct volume_type *t)
{
	const struct k8s_at at = k8s_path(volume, t->path_name != NULL ? t->path_name : t->name,
		k8s_get(volume->val, t->name));

	for (size_t i = 0; i < 4 && t->required[i] != NULL; i++) {
		const struct k8s_at field = k8s_child(&at, t->required[i]);

		if (*k8s_at_str(&field) == '\0')
			k8s_required(p->c, &field, "");
	}
	if (t->check != NULL)
		t->check(p, &at);
}

static void volume_source(struct k8s_pod_check *p, const struct k8s_at *volume)
{
	int n = 0;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct volume_type *t = &types[i];
		const struct k8s_at told =
			k8s_path(volume, t->told_name != NULL ? t->told_name : t->name,
				k8s_get(volume->val, t->name));

		if (told.val == NULL)
			continue;
		if (n++ > 0)
			k8s_forbidden(p->c, &told, "may not specify more than 1 volume type");
		else
			source(p, volume, t);
	}
	if (n == 0)
		k8s_required(p->c, volume, "must specify a volume type");
}

void k8s_volumes(struct k8s_pod_check *p, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at volume = k8s_index(at, i);
		const struct k8s_at name = k8s_child(&volume, "name");
		const struct k8s_at claim = k8s_child(&volume, "persistentVolumeClaim");
		const struct k8s_at claim_name = k8s_child(&claim, "claimName");
		const char *text = k8s_at_str(&name);
		const uint32_t before = p->c->n;

		volume_source(p, &volume);
		if (*text == '\0')
			k8s_required(p->c, &name, "");
		else
			k8s_invalid_each(p->c, &name, text, k8s_is_dns_label(text));
		if (k8s_get(p->volumes, text) != NULL)
			k8s_duplicate(p->c, &name, text);
		if (p->c->n == before)
			k8s_set(p->c->arena, p->volumes, text, volume.val);
		for (uint32_t k = 0; p->pod_name != NULL && claim.val != NULL && k < at->val->n;
			k++) {
			const struct k8s_val *other = at->val->items[k];
			const char *made = k8s_printf(
				p->c->arena, "%s-%s", p->pod_name, k8s_str(other, "name"));

			if (k8s_get(other, "ephemeral") != NULL && made != NULL &&
				strcmp(made, k8s_at_str(&claim_name)) == 0)
				k8s_invalid(p->c, &claim_name, k8s_at_str(&claim_name),
					"must not reference a PVC that gets created for an "
					"ephemeral volume");
		}
	}
}
