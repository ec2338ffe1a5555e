// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Nodes, from --node or from Node objects, and what of them can be given to pods.

#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const plan_runtime_names[] = {"containerd", "containerd-hugetlb", "crio", NULL};

static int no_memory(struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
}

static struct plan_node *new_node(struct plan *plan, const char *name, int code, struct hp_err *err)
{
	struct plan_node *grown;

	for (uint32_t i = 0; i < plan->n_nodes; i++)
		if (strcmp(plan->nodes[i].name, name) == 0) {
			hp_err_set(err, code, EINVAL, "node '%.64s' is given twice", name);
			return NULL;
		}
	if (plan->n_nodes == PLAN_NODES_MAX) {
		hp_err_set(err, code, EINVAL, "more than %d nodes", PLAN_NODES_MAX);
		return NULL;
	}
	grown = realloc(plan->nodes, (plan->n_nodes + 1) * sizeof(*grown));
	if (grown == NULL) {
		no_memory(err);
		return NULL;
	}
	plan->nodes = grown;
	grown = &plan->nodes[plan->n_nodes++];
	*grown = (struct plan_node){.name = name, .runtime = -1, .numa = 1};
	return grown;
}

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

// "VALUE:EFFECT" or ":EFFECT"
static int parse_taint(
	struct plan *plan, struct plan_node *node, const char *key, char *value, struct hp_err *err)
{
	static const char *const effects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};
	struct plan_taint *taints = k8s_alloc(&plan->arena, (node->n_taints + 1) * sizeof(*taints));
	char *effect = strrchr(value, ':');

	if (taints == NULL)
		return no_memory(err);
	if (effect == NULL || word_index(effects, effect + 1) < 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--node %s: taint '%.64s=%.64s': expected taint.KEY=VALUE:EFFECT, EFFECT "
			"being NoSchedule, PreferNoSchedule or NoExecute",
			node->name, key, value);
	*effect++ = '\0';
	if (node->n_taints > 0)
		memcpy(taints, node->taints, node->n_taints * sizeof(*taints));
	taints[node->n_taints++] = (struct plan_taint){key, value, effect};
	node->taints = taints;
	return 0;
}

// The list that a dotted key is for: "kube-reserved.memory". @p key becomes the resource.
static struct plan_list *list_of(struct plan_node *node, const char **key)
{
	static const char *const words[] = {
		"kube-reserved.", "system-reserved.", "eviction.", "allocatable."};
	struct plan_list *lists[] = {
		&node->kube_reserved, &node->system_reserved, &node->eviction, &node->allocatable};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(*key, words[i], strlen(words[i])) == 0) {
			*key += strlen(words[i]);
			return lists[i];
		}
	return &node->capacity;
}

static int parse_resource(
	struct plan_node *node, const char *key, const char *value, struct hp_err *err)
{
	struct plan_list *list = list_of(node, &key);
	struct k8s_quantity q;
	enum k8s_quantity_error bad = k8s_quantity_parse(value, strlen(value), &q);

	if (bad != K8S_QUANTITY_OK || k8s_quantity_sign(&q) < 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--node %s: %.64s=%.64s: expected a quantity as 2, 500m or 1Gi: %s",
			node->name, key, value,
			bad != K8S_QUANTITY_OK ? k8s_quantity_strerror(bad)
					       : "it may not be negative");
	if (key[0] == '\0' || (strncmp(key, "hugepages-", 10) == 0 && plan_page_size(key) == 0))
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--node %s: '%.64s' is no resource: expected hugepages-2Mi, memory, cpu or "
			"another name of the API",
			node->name, key);
	if (plan_page_size(key) > 0 && list != &node->capacity && list != &node->allocatable)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--node %s: the kubelet cannot reserve \"%s\" resource", node->name, key);
	if (plan_get(list, key) != NULL)
		return hp_err_set(
			err, HP_EXIT_USAGE, EINVAL, "--node %s: %s twice", node->name, key);
	plan_set(list, key, &q);
	if (list->full)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "--node %s: more than %d resources",
			node->name, PLAN_RES_MAX);
	return 0;
}

static int add_label(struct plan *plan, struct plan_node *node, const char *key, const char *value,
	struct hp_err *err)
{
	if (node->own_labels == NULL)
		node->own_labels = k8s_new(&plan->arena, K8S_VAL_MAP);
	if (node->own_labels == NULL)
		return no_memory(err);
	k8s_set(&plan->arena, node->own_labels, key, k8s_new_str(&plan->arena, value));
	node->labels = node->own_labels;
	return plan->arena.failed ? no_memory(err) : 0;
}

static int parse_pair(
	struct plan *plan, struct plan_node *node, char *key, char *value, struct hp_err *err)
{
	char *end;

	if (strncmp(key, "label.", 6) == 0)
		return add_label(plan, node, key + 6, value, err);
	if (strncmp(key, "taint.", 6) == 0)
		return parse_taint(plan, node, key + 6, value, err);
	if (strcmp(key, "runtime") == 0) {
		node->runtime = word_index(plan_runtime_names, value);
		if (node->runtime < 0)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--node %s: runtime=%.64s: expected containerd, "
				"containerd-hugetlb or crio",
				node->name, value);
		return 0;
	}
	if (strcmp(key, "numa") == 0) {
		node->numa = (uint32_t)strtoul(value, &end, 10);
		if (*end != '\0' || value[0] < '0' || value[0] > '9' || node->numa < 1 ||
			node->numa > PLAN_NUMA_MAX)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--node %s: numa=%.64s: expected 1 to %d", node->name, value,
				PLAN_NUMA_MAX);
		return 0;
	}
	if (strcmp(key, "unschedulable") == 0) {
		node->unschedulable = strcmp(value, "true") == 0;
		if (!node->unschedulable && strcmp(value, "false") != 0)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--node %s: unschedulable=%.64s: expected true or false",
				node->name, value);
		return 0;
	}
	return parse_resource(node, key, value, err);
}

int plan_node_parse(struct plan *plan, const char *text, struct hp_err *err)
{
	char *copy = k8s_copy(&plan->arena, text, strlen(text)), *pair, *save = NULL, *value;
	struct plan_node *node;
	int ret = 0;

	if (copy == NULL)
		return no_memory(err);
	value = strchr(copy, '=');
	if (value == NULL || value == copy || memchr(copy, ',', (size_t)(value - copy)) != NULL)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--node '%.80s': expected NAME=KEY=VALUE,..., as "
			"node1=hugepages-2Mi=1Gi,memory=10Gi,cpu=8",
			text);
	*value++ = '\0';
	node = new_node(plan, copy, HP_EXIT_USAGE, err);
	if (node == NULL)
		return -EINVAL;
	for (pair = strtok_r(value, ",", &save); ret == 0 && pair != NULL;
		pair = strtok_r(NULL, ",", &save)) {
		value = strchr(pair, '=');
		if (value == NULL)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--node %s: '%.64s': expected KEY=VALUE", node->name, pair);
		*value++ = '\0';
		ret = parse_pair(plan, node, pair, value, err);
	}
	// The kubelet gives each node this label.
	if (ret == 0 && k8s_get(node->labels, "kubernetes.io/hostname") == NULL)
		ret = add_label(plan, node, "kubernetes.io/hostname", node->name, err);
	if (ret == 0)
		plan_node_allocatable(node);
	return ret;
}

static int read_taints(
	struct plan *plan, struct plan_node *node, const struct k8s_val *list, struct hp_err *err)
{
	uint32_t n = k8s_len(list);
	struct plan_taint *taints = k8s_alloc(&plan->arena, (n + 1) * sizeof(*taints));

	if (taints == NULL)
		return no_memory(err);
	for (uint32_t i = 0; list != NULL && list->type == K8S_VAL_LIST && i < n; i++)
		taints[node->n_taints++] = (struct plan_taint){k8s_str(list->items[i], "key"),
			k8s_str(list->items[i], "value"), k8s_str(list->items[i], "effect")};
	node->taints = taints;
	return 0;
}

int plan_node_read(
	struct plan *plan, const struct k8s_val *obj, const char *file, struct hp_err *err)
{
	const char *name = k8s_str(k8s_get(obj, "metadata"), "name"), *runtime;
	struct plan_node *node;
	int ret;

	if (name[0] == '\0')
		return hp_err_set(
			err, HP_EXIT_DATA, EINVAL, "%s: a Node without metadata.name", file);
	node = new_node(plan, name, HP_EXIT_DATA, err);
	if (node == NULL)
		return -EINVAL;
	node->labels = k8s_find(obj, "metadata.labels");
	node->unschedulable = k8s_true(k8s_get(obj, "spec"), "unschedulable");
	runtime = k8s_str(k8s_find(obj, "status.nodeInfo"), "containerRuntimeVersion");
	if (strncmp(runtime, "cri-o:", 6) == 0)
		node->runtime = PLAN_CRIO;
	else if (strncmp(runtime, "containerd:", 11) == 0)
		node->runtime = PLAN_CONTAINERD;
	ret = read_taints(plan, node, k8s_find(obj, "spec.taints"), err);
	if (ret == 0)
		ret = plan_list_read(&node->capacity, k8s_find(obj, "status.capacity"), file, err);
	if (ret == 0)
		ret = plan_list_read(
			&node->allocatable, k8s_find(obj, "status.allocatable"), file, err);
	if (ret == 0)
		plan_node_allocatable(node);
	return ret;
}

// capacity - reserved, never below 0
static void subtract(struct plan_list *list, const char *name, int64_t amount)
{
	const struct k8s_quantity *q = plan_get(list, name);
	struct k8s_quantity left;
	int64_t value;

	if (q == NULL || amount == 0)
		return;
	value = plan_amount_of(name, q) - amount;
	if (strcmp(name, "cpu") == 0) {
		char text[32];

		snprintf(text, sizeof(text), "%lldm", (long long)(value > 0 ? value : 0));
		if (k8s_quantity_parse(text, strlen(text), &left) != K8S_QUANTITY_OK)
			return;
	} else {
		left = k8s_quantity_of(value > 0 ? value : 0, q->format);
	}
	plan_set(list, name, &left);
}

// Hugepages are taken out of memory: whatever they are used for, they are no ordinary memory.
static void without_hugepages(struct plan_list *list, const struct plan_list *capacity)
{
	for (uint32_t i = 0; i < capacity->n; i++)
		if (plan_page_size(capacity->item[i].name) > 0)
			subtract(list, "memory",
				plan_amount_of(capacity->item[i].name, &capacity->item[i].q));
}

void plan_node_allocatable(struct plan_node *node)
{
	const struct plan_list *reserved[] = {&node->kube_reserved, &node->system_reserved};
	struct k8s_quantity q = k8s_quantity_of(PLAN_PODS_DEFAULT, K8S_DECIMAL_SI);
	struct plan_list given = node->allocatable;

	if (plan_get(&node->capacity, "pods") == NULL && plan_get(&given, "pods") == NULL)
		plan_set(&node->capacity, "pods", &q);
	if (plan_get(&node->eviction, "memory") == NULL && given.n == 0 &&
		k8s_quantity_parse(PLAN_EVICTION_DEFAULT, strlen(PLAN_EVICTION_DEFAULT), &q) ==
			K8S_QUANTITY_OK)
		plan_set(&node->eviction, "memory", &q);
	node->proposal = node->capacity;
	for (size_t r = 0; r < 2; r++)
		for (uint32_t i = 0; i < reserved[r]->n; i++)
			subtract(&node->proposal, reserved[r]->item[i].name,
				plan_amount_of(reserved[r]->item[i].name, &reserved[r]->item[i].q));
	node->allocatable = node->proposal;
	for (uint32_t i = 0; i < node->eviction.n; i++)
		subtract(&node->allocatable, node->eviction.item[i].name,
			plan_amount_of(node->eviction.item[i].name, &node->eviction.item[i].q));
	without_hugepages(&node->proposal, &node->capacity);
	without_hugepages(&node->allocatable, &node->capacity);
	// What a Node object says of itself counts more than what we make of its capacity.
	for (uint32_t i = 0; i < given.n; i++)
		plan_set(&node->allocatable, given.item[i].name, &given.item[i].q);
}
