// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "k8s_validate.h"

#include "k8s_decode.h"
#include "k8s_default.h"
#include "k8s_kinds.h"
#include "k8s_schema.h"

#include <string.h>

static const struct {
	const char *kind;
	void (*check)(struct k8s_check *c, const struct k8s_at *root);
} kinds[] = {
	{"Pod", k8s_check_pod},
	{"Deployment", k8s_check_deployment},
	{"ReplicaSet", k8s_check_replica_set},
	{"StatefulSet", k8s_check_stateful_set},
	{"DaemonSet", k8s_check_daemon_set},
	{"Job", k8s_check_job},
	{"CronJob", k8s_check_cron_job},
	{"LimitRange", k8s_check_limit_range},
	{"ResourceQuota", k8s_check_quota},
	{"Namespace", k8s_check_namespace},
	{"ConfigMap", k8s_check_config_map},
	{"PersistentVolumeClaim", k8s_check_claim},
};

static void bad_request(struct k8s_check *c, struct k8s_val *root, const char *text)
{
	const struct k8s_at at = {.val = root};

	k8s_add(c, &at, "BadRequest", text);
}

void k8s_validate(
	struct k8s_check *c, const struct hp_yaml_node *node, bool json, struct k8s_object *object)
{
	const char *duplicate;
	const struct hp_yaml_node *duplicate_at;
	struct hp_err err = {0};
	struct k8s_val place = {.type = K8S_VAL_NULL, .at = node};
	struct k8s_val *root = k8s_val_of(c->arena, node, json, &duplicate, &duplicate_at, &err);
	const struct k8s_at at = {.val = root};

	*object = (struct k8s_object){.kind = "", .name = ""};
	if (root == NULL) {
		bad_request(c, &place, k8s_copy(c->arena, err.text, strlen(err.text)));
		return;
	}
	object->kind = k8s_str(root, "kind");
	object->name = k8s_str(k8s_get(root, "metadata"), "name");
	const char *version = k8s_str(root, "apiVersion");
	const struct k8s_schema_type *type = k8s_schema_root(object->kind, version);
	if (*object->kind == '\0' || *version == '\0') {
		bad_request(c, root,
			*object->kind == '\0' ? "Object 'Kind' is missing"
					      : "Object 'apiVersion' is missing");
		return;
	}
	if (type == NULL) {
		if (k8s_schema_api_version(object->kind) != NULL && strchr(version, '.') == NULL)
			bad_request(c, root,
				k8s_printf(c->arena, "no matches for kind \"%s\" in version \"%s\"",
					object->kind, version));
		return;
	}
	object->known = true;
	if (!k8s_decode(c, root, type, json, duplicate, duplicate_at))
		return;
	object->root = root;
	k8s_default(c->arena, root);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, object->kind) == 0)
			kinds[i].check(c, &at);
}
