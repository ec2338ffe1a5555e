// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The group's configuration in a ConfigMap: read as hp-primary reads it, and found from the member
// that mounts it.

#include "base/hp_config.h"
#include "doctor.h"
#include "lint_member.h"

#include <string.h>

static bool ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

// Other YAML may lie in a ConfigMap as well: a group has one of its own keys.
static bool is_group(const struct hp_yaml_node *root)
{
	static const char *const keys[] = {"clients", "ports", "patches", "file-prefix"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (hp_yaml_get(root, keys[i]) != NULL)
			return true;
	return false;
}

// 1 if @p conf is filled and has to be freed, 0 if it is no group's, negative with @p err filled.
static int read_group(
	const char *name, const struct k8s_val *text, struct hp_config *conf, struct hp_err *err)
{
	struct hp_yaml_file *file;
	int ret = 0;

	if (text == NULL || text->type != K8S_VAL_STRING)
		return 0;
	file = hp_yaml_load(name, text->str, text->len, NULL, err);
	if (file == NULL)
		return -1;
	if (hp_yaml_docs(file) > 0 && is_group(hp_yaml_root(file, 0)))
		ret = hp_config_from_yaml(conf, hp_yaml_root(file, 0), name, err) < 0 ? -1 : 1;
	hp_yaml_free(file);
	return ret;
}

void lint_groups(struct lint *l)
{
	for (uint32_t i = 0; i < l->n_objects; i++) {
		const struct lint_object *o = &l->objects[i];
		const struct k8s_at root = {.val = o->object.root};
		const struct k8s_at data = k8s_child(&root, "data");

		if (root.val == NULL || strcmp(o->object.kind, "ConfigMap") != 0)
			continue;
		for (uint32_t k = 0; k < k8s_len(data.val); k++) {
			const struct k8s_at at = k8s_pair(&data, k);
			struct hp_config conf = {0};
			struct hp_err err = {0};
			int ret;

			if (!ends_with(at.key, ".yaml") && !ends_with(at.key, ".yml"))
				continue;
			ret = read_group(at.key, at.val, &conf, &err);
			if (ret > 0)
				hp_config_free(&conf);
			else if (ret < 0)
				lint_add(l, o, "runtime-group-yaml", &at,
					k8s_copy(&l->arena, err.text, strlen(err.text)), NULL);
		}
	}
}

// Name of the ConfigMap that is mounted where the file lies, NULL if none is.
static const char *config_map_at(const struct lint_member *m, const char *path)
{
	const struct k8s_val *mounts = k8s_get(m->container, "volumeMounts");
	const struct k8s_val *volumes = k8s_get(m->object->spec, "volumes");

	for (uint32_t i = 0; i < k8s_len(mounts); i++) {
		const char *dir = k8s_str(mounts->items[i], "mountPath");
		const size_t len = strlen(dir);

		if (len == 0 || strncmp(path, dir, len) != 0 ||
			(path[len] != '/' && path[len] != '\0'))
			continue;
		for (uint32_t k = 0; k < k8s_len(volumes); k++)
			if (strcmp(k8s_str(volumes->items[k], "name"),
				    k8s_str(mounts->items[i], "name")) == 0 &&
				k8s_get(volumes->items[k], "configMap") != NULL)
				return k8s_str(k8s_get(volumes->items[k], "configMap"), "name");
	}
	return NULL;
}

void lint_group_of(struct lint *l, struct lint_member *m)
{
	const char *map = config_map_at(m, m->config);
	const char *slash = strrchr(m->config, '/');
	const char *key = slash == NULL ? m->config : slash + 1;

	for (uint32_t i = 0; map != NULL && i < l->n_objects; i++) {
		const struct lint_object *o = &l->objects[i];
		struct hp_config conf = {0};
		struct hp_err err = {0};
		struct doctor_memory memory;

		if (o->object.root == NULL || strcmp(o->object.kind, "ConfigMap") != 0 ||
			strcmp(o->object.name, map) != 0 ||
			strcmp(o->space, m->object->space) != 0 ||
			read_group(key, k8s_get(k8s_get(o->object.root, "data"), key), &conf,
				&err) <= 0)
			continue;
		doctor_memory_of(&memory, &conf);
		m->config_bytes = memory.least > INT64_MAX ? INT64_MAX : (int64_t)memory.least;
		if (m->prefix == NULL && conf.file_prefix != NULL)
			m->prefix = k8s_copy(&l->arena, conf.file_prefix, strlen(conf.file_prefix));
		hp_config_free(&conf);
		return;
	}
}
