// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Manifests into pods, nodes, quotas and limit ranges. What is wrong with a manifest is lint's to
// say: here only that which cannot be counted is an error.

#include "base/hp_yaml.h"
#include "k8s_validate.h"
#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int no_memory(struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
}

static const char *or_default(const char *ns)
{
	return ns[0] != '\0' ? ns : "default";
}

// What the API server answers, cause by cause; NULL if it takes the object. The pod is placed all
// the same: who mends the manifest wants to know where it goes.
static const char *refusal_of(struct plan *plan, const struct k8s_val *obj)
{
	struct k8s_check check = {.arena = &plan->arena};
	struct k8s_object object;
	const char *text = NULL;

	if (obj->at == NULL || k8s_get(obj, "apiVersion") == NULL)
		return NULL; // an item of a typed list, or a sketch that nobody would apply
	k8s_validate(&check, obj->at, false, &object);
	for (uint32_t i = 0; i < check.n; i++)
		text = k8s_printf(&plan->arena, "%s%s%s%s%s", text != NULL ? text : "",
			text != NULL ? "; " : "", check.causes[i].field,
			check.causes[i].field[0] != '\0' ? ": " : "", check.causes[i].message);
	return text;
}

static struct plan_pod *new_pod(struct plan *plan, struct hp_err *err)
{
	if (plan->n_pods == plan->pods_room) {
		uint32_t room = plan->pods_room == 0 ? 16 : 2 * plan->pods_room;
		struct plan_pod *grown = realloc(plan->pods, room * sizeof(*grown));

		if (grown == NULL) {
			no_memory(err);
			return NULL;
		}
		plan->pods = grown;
		plan->pods_room = room;
	}
	plan->pods[plan->n_pods] = (struct plan_pod){0};
	return &plan->pods[plan->n_pods++];
}

static int read_workload(struct plan *plan, const struct k8s_val *obj, const char *kind,
	const char *template, const char *count, const char *file, struct hp_err *err)
{
	const struct k8s_val *meta = k8s_get(obj, "metadata"), *inner = obj;
	const struct k8s_val *n = count != NULL ? k8s_find(obj, count) : NULL;
	struct plan_pod *pod = new_pod(plan, err);

	if (pod == NULL)
		return -ENOMEM;
	if (template != NULL)
		inner = k8s_find(obj, template);
	pod->kind = kind;
	pod->file = file;
	pod->line = k8s_line(obj);
	pod->name = k8s_str(meta, "name");
	if (pod->name[0] == '\0')
		pod->name = k8s_str(meta, "generateName");
	pod->ns = or_default(k8s_str(meta, "namespace"));
	pod->refused = refusal_of(plan, obj);
	pod->meta = k8s_get(inner, "metadata");
	pod->spec = k8s_get(inner, "spec");
	pod->replicas = n != NULL && n->type == K8S_VAL_NUMBER ? k8s_int_of(n) : 1;
	if (pod->replicas < 0 || pod->replicas > PLAN_PODS_MAX)
		return hp_err_set(err, HP_EXIT_DATA, EINVAL,
			"%s:%u: %s '%s': %lld pods, expected 0 to %d", file, pod->line, kind,
			pod->name, (long long)pod->replicas, PLAN_PODS_MAX);
	if (pod->spec == NULL || pod->spec->type != K8S_VAL_MAP)
		return hp_err_set(err, HP_EXIT_DATA, EINVAL, "%s:%u: %s '%s' has no pod spec", file,
			pod->line, kind, pod->name);
	return plan_pod_read(plan, pod, err);
}

static int read_policy(struct plan_policy **list, uint32_t *n, const struct k8s_val *obj,
	const char *file, struct hp_err *err)
{
	const struct k8s_val *meta = k8s_get(obj, "metadata");
	struct plan_policy *grown = realloc(*list, (*n + 1) * sizeof(*grown));

	if (grown == NULL)
		return no_memory(err);
	*list = grown;
	grown += (*n)++;
	*grown = (struct plan_policy){.ns = or_default(k8s_str(meta, "namespace")),
		.name = k8s_str(meta, "name"),
		.spec = k8s_get(obj, "spec")};
	return plan_list_read(&grown->hard, k8s_get(grown->spec, "hard"), file, err);
}

static int read_config_map(struct plan *plan, const struct k8s_val *obj, struct hp_err *err)
{
	const struct k8s_val **grown =
		realloc(plan->configs, (plan->n_configs + 1) * sizeof(*grown));

	if (grown == NULL)
		return no_memory(err);
	plan->configs = grown;
	grown[plan->n_configs++] = obj;
	return 0;
}

static const struct workload {
	const char *kind, *template, *count;
} workloads[] = {
	{"Pod", NULL, NULL},
	{"Deployment", "spec.template", "spec.replicas"},
	{"ReplicaSet", "spec.template", "spec.replicas"},
	{"ReplicationController", "spec.template", "spec.replicas"},
	{"StatefulSet", "spec.template", "spec.replicas"},
	{"DaemonSet", "spec.template", NULL},
	{"Job", "spec.template", "spec.parallelism"},
	{"CronJob", "spec.jobTemplate.spec.template", "spec.jobTemplate.spec.parallelism"},
	{NULL},
};

static int read_object(struct plan *plan, const struct k8s_val *obj, const char *kind,
	const char *file, struct hp_err *err)
{

	for (const struct workload *w = workloads; w->kind != NULL; w++)
		if (strcmp(kind, w->kind) == 0)
			return read_workload(plan, obj, w->kind, w->template, w->count, file, err);
	if (strcmp(kind, "Node") == 0)
		return plan_node_read(plan, obj, file, err);
	if (strcmp(kind, "ResourceQuota") == 0)
		return read_policy(&plan->quotas, &plan->n_quotas, obj, file, err);
	if (strcmp(kind, "LimitRange") == 0)
		return read_policy(&plan->ranges, &plan->n_ranges, obj, file, err);
	if (strcmp(kind, "PriorityClass") == 0)
		return plan_priority_read(plan, obj, err);
	if (strcmp(kind, "ConfigMap") == 0)
		return read_config_map(plan, obj, err);
	return 0; // Services and the like take no resources
}

// "List", or "PodList", whose items need not say that they are Pods.
static int read_list(struct plan *plan, const struct k8s_val *obj, const char *kind,
	const char *file, struct hp_err *err)
{
	const struct k8s_val *items = k8s_get(obj, "items");
	const char *of = k8s_copy(&plan->arena, kind, strlen(kind) - strlen("List"));
	int ret = of != NULL ? 0 : no_memory(err);

	for (uint32_t i = 0;
		ret == 0 && items != NULL && items->type == K8S_VAL_LIST && i < items->n; i++) {
		const char *own = k8s_str(items->items[i], "kind");

		ret = read_object(plan, items->items[i], own[0] != '\0' ? own : of, file, err);
	}
	return ret;
}

// "nodes: [{name: node1, hugepages-2Mi: 1Gi, memory: 10Gi}]": what --node takes, as a list.
static int read_node_list(
	struct plan *plan, const struct k8s_val *list, const char *file, struct hp_err *err)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && list->type == K8S_VAL_LIST && i < list->n; i++) {
		const struct k8s_val *item = list->items[i];
		const char *text = k8s_printf(&plan->arena, "%s=", k8s_str(item, "name"));
		struct hp_err bad = {0};

		for (uint32_t k = 0; text != NULL && item->type == K8S_VAL_MAP && k < item->n;
			k++) {
			const struct k8s_val *val = item->items[k];
			const char *value = val->type == K8S_VAL_BOOL
						    ? (val->boolean ? "true" : "false")
						    : val->str;

			if (strcmp(item->keys[k].name, "name") == 0)
				continue;
			if (value == NULL || strchr(value, ',') != NULL)
				return hp_err_set(err, HP_EXIT_DATA, EINVAL,
					"%s:%u: %s: expected a quantity or a word, as for --node",
					file, k8s_line(val), item->keys[k].name);
			text = k8s_printf(
				&plan->arena, "%s%s=%s,", text, item->keys[k].name, value);
		}
		if (text == NULL)
			return no_memory(err);
		ret = plan_node_parse(plan, text, &bad);
		if (ret < 0)
			hp_err_set(err, HP_EXIT_DATA, -ret, "%s:%u: %s", file, k8s_line(item),
				bad.text);
	}
	return ret;
}

static int read_document(
	struct plan *plan, const struct k8s_val *obj, const char *file, struct hp_err *err)
{
	const char *kind = k8s_str(obj, "kind");
	const struct k8s_val *nodes = k8s_get(obj, "nodes");
	size_t len = strlen(kind);

	if (len == 0 && nodes != NULL)
		return read_node_list(plan, nodes, file, err);

	if (len >= 4 && strcmp(kind + len - 4, "List") == 0)
		return read_list(plan, obj, kind, file, err);
	return read_object(plan, obj, kind, file, err);
}

static int keep_file(struct plan *plan, struct hp_yaml_file *file, struct hp_err *err)
{
	struct hp_yaml_file **grown = realloc(plan->files, (plan->n_files + 1) * sizeof(*grown));

	if (grown == NULL) {
		hp_yaml_free(file);
		return no_memory(err);
	}
	plan->files = grown;
	grown[plan->n_files++] = file;
	return 0;
}

static int read_documents(
	struct plan *plan, struct hp_yaml_file *file, const char *name, struct hp_err *err)
{
	const char *kept = k8s_copy(&plan->arena, name, strlen(name));
	int ret = keep_file(plan, file, err);

	for (uint32_t i = 0; ret == 0 && i < hp_yaml_docs(file); i++) {
		const struct hp_yaml_node *root = hp_yaml_root(file, i), *at;
		const char *duplicate;
		struct hp_err bad = {0};
		struct k8s_val *obj;

		if (root == NULL || hp_yaml_is_null(root))
			continue;
		obj = k8s_val_of(&plan->arena, root, false, &duplicate, &at, &bad);
		if (obj == NULL)
			return hp_err_set(
				err, HP_EXIT_DATA, EINVAL, "%s:%u: %s", name, root->line, bad.text);
		ret = read_document(plan, obj, kept, err);
	}
	return plan->arena.failed && ret == 0 ? no_memory(err) : ret;
}

int plan_read_text(
	struct plan *plan, const char *name, const char *text, size_t len, struct hp_err *err)
{
	struct hp_yaml_file *file = hp_yaml_load(name, text, len, NULL, err);

	return file == NULL ? -EINVAL : read_documents(plan, file, name, err);
}

static int is_manifest(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL &&
	       (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static int read_folder(struct plan *plan, const char *path, struct hp_err *err)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_manifest, alphasort), ret = 0;

	if (n < 0)
		return hp_err_set(err, HP_EXIT_DATA, errno, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		char full[PATH_MAX];

		if (ret == 0 && (size_t)snprintf(full, sizeof(full), "%s/%s", path,
					entries[i]->d_name) < sizeof(full))
			ret = plan_read_path(plan, full, err);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int plan_read_path(struct plan *plan, const char *path, struct hp_err *err)
{
	struct hp_yaml_file *file;
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_folder(plan, path, err);
	file = hp_yaml_load_path(path, NULL, err);
	return file == NULL ? -EINVAL : read_documents(plan, file, path, err);
}
