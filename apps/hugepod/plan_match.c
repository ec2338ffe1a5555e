// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Which nodes a pod wants or shuns: selectors, node affinity, taints, pod affinity.

#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool contains(const struct k8s_val *values, const char *text)
{
	for (uint32_t i = 0; values != NULL && values->type == K8S_VAL_LIST && i < values->n; i++)
		if (values->items[i]->str != NULL && strcmp(values->items[i]->str, text) == 0)
			return true;
	return false;
}

static const char *label_of(const struct k8s_val *labels, const char *key)
{
	const struct k8s_val *val = k8s_get(labels, key);

	return val != NULL && val->str != NULL ? val->str : NULL;
}

// "Gt" and "Lt": both sides are whole numbers, or it does not match.
static bool compares(const char *value, const struct k8s_val *values, bool greater)
{
	const char *text = k8s_len(values) == 1 ? values->items[0]->str : NULL;
	char *end, *end2;
	long long a, b;

	if (value == NULL || text == NULL)
		return false;
	errno = 0;
	a = strtoll(value, &end, 10);
	b = strtoll(text, &end2, 10);
	if (errno != 0 || end == value || end2 == text || *end != '\0' || *end2 != '\0')
		return false;
	return greater ? a > b : a < b;
}

static bool expression_matches(const struct k8s_val *expr, const char *value)
{
	const struct k8s_val *values = k8s_get(expr, "values");
	const char *op = k8s_str(expr, "operator");

	if (strcmp(op, "In") == 0)
		return value != NULL && contains(values, value);
	if (strcmp(op, "NotIn") == 0)
		return value == NULL || !contains(values, value);
	if (strcmp(op, "Exists") == 0)
		return value != NULL;
	if (strcmp(op, "DoesNotExist") == 0)
		return value == NULL;
	if (strcmp(op, "Gt") == 0 || strcmp(op, "Lt") == 0)
		return compares(value, values, op[0] == 'G');
	return false;
}

static bool pairs_match(const struct k8s_val *wanted, const struct k8s_val *labels)
{
	for (uint32_t i = 0; wanted != NULL && wanted->type == K8S_VAL_MAP && i < wanted->n; i++) {
		const char *have = label_of(labels, wanted->keys[i].name);

		if (have == NULL || wanted->items[i]->str == NULL ||
			strcmp(have, wanted->items[i]->str) != 0)
			return false;
	}
	return true;
}

static bool expressions_match(const struct k8s_val *list, const struct k8s_val *labels)
{
	for (uint32_t i = 0; list != NULL && list->type == K8S_VAL_LIST && i < list->n; i++)
		if (!expression_matches(
			    list->items[i], label_of(labels, k8s_str(list->items[i], "key"))))
			return false;
	return true;
}

bool plan_labels_match(const struct k8s_val *selector, const struct k8s_val *labels)
{
	return selector != NULL && pairs_match(k8s_get(selector, "matchLabels"), labels) &&
	       expressions_match(k8s_get(selector, "matchExpressions"), labels);
}

static bool term_matches(const struct k8s_val *term, const struct plan_node *node)
{
	const struct k8s_val *exprs = k8s_get(term, "matchExpressions");
	const struct k8s_val *fields = k8s_get(term, "matchFields");

	if (k8s_len(exprs) == 0 && k8s_len(fields) == 0)
		return false; // an empty term matches no node
	for (uint32_t i = 0; i < k8s_len(fields); i++)
		if (strcmp(k8s_str(fields->items[i], "key"), "metadata.name") != 0 ||
			!expression_matches(fields->items[i], node->name))
			return false;
	return expressions_match(exprs, node->labels);
}

bool plan_node_matches(const struct plan_pod *pod, const struct plan_node *node)
{
	const struct k8s_val *required = k8s_find(
		pod->spec, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution");
	const struct k8s_val *terms = k8s_get(required, "nodeSelectorTerms");

	if (!pairs_match(k8s_get(pod->spec, "nodeSelector"), node->labels))
		return false;
	if (required == NULL)
		return true;
	for (uint32_t i = 0; terms != NULL && terms->type == K8S_VAL_LIST && i < terms->n; i++)
		if (term_matches(terms->items[i], node))
			return true;
	return false;
}

static bool tolerates(const struct k8s_val *t, const struct plan_taint *taint)
{
	const char *key = k8s_str(t, "key"), *effect = k8s_str(t, "effect");

	if (effect[0] != '\0' && strcmp(effect, taint->effect) != 0)
		return false;
	if (key[0] != '\0' && strcmp(key, taint->key) != 0)
		return false;
	if (strcmp(k8s_str(t, "operator"), "Exists") == 0)
		return true;
	return key[0] != '\0' && strcmp(k8s_str(t, "value"), taint->value) == 0;
}

static bool any_tolerates(const struct plan_pod *pod, const struct plan_taint *taint)
{
	const struct k8s_val *list = k8s_get(pod->spec, "tolerations");

	for (uint32_t i = 0; list != NULL && list->type == K8S_VAL_LIST && i < list->n; i++)
		if (tolerates(list->items[i], taint))
			return true;
	return false;
}

bool plan_tolerates(const struct plan_pod *pod, const struct plan_node *node)
{
	for (uint32_t i = 0; i < node->n_taints; i++)
		if (strcmp(node->taints[i].effect, "PreferNoSchedule") != 0 &&
			!any_tolerates(pod, &node->taints[i]))
			return false;
	return true;
}

// Does a term of pod affinity mean @p other? Without namespaces it means the pod's own.
static bool term_selects(
	const struct k8s_val *term, const struct plan_pod *pod, const struct plan_pod *other)
{
	const struct k8s_val *names = k8s_get(term, "namespaces");
	const struct k8s_val *by_label = k8s_get(term, "namespaceSelector");
	bool here =
		k8s_len(names) == 0 ? strcmp(other->ns, pod->ns) == 0 : contains(names, other->ns);

	// Labels of namespaces are not known here; an empty selector means all.
	if (by_label != NULL && k8s_len(by_label) == 0)
		here = true;
	return here &&
	       plan_labels_match(k8s_get(term, "labelSelector"), k8s_get(other->meta, "labels"));
}

// Are both nodes in one topology domain? Without such a label a node is in none, but its name is
// always known.
static bool same_domain(const char *key, const struct plan_node *a, const struct plan_node *b)
{
	const char *x = label_of(a->labels, key), *y = label_of(b->labels, key);

	if (a == b && (x != NULL || strcmp(key, "kubernetes.io/hostname") == 0))
		return true;
	return x != NULL && y != NULL && strcmp(x, y) == 0;
}

// How many placed pods the term means, in the node's domain or anywhere for @p node NULL.
static uint32_t count_selected(const struct plan *plan, const struct k8s_val *term,
	const struct plan_pod *pod, const struct plan_node *node)
{
	const char *key = k8s_str(term, "topologyKey");
	uint32_t n = 0;

	for (uint32_t i = 0; i < plan->n_instances; i++) {
		const struct plan_instance *other = &plan->instances[i];

		if (other->node != NULL && (node == NULL || same_domain(key, other->node, node)) &&
			term_selects(term, pod, other->pod))
			n++;
	}
	return n;
}

static const struct k8s_val *terms_of(const struct plan_pod *pod, const char *path)
{
	const struct k8s_val *list = k8s_find(pod->spec, path);

	return list != NULL && list->type == K8S_VAL_LIST ? list : NULL;
}

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"

const char *plan_affinity(
	const struct plan *plan, const struct plan_pod *pod, const struct plan_node *node)
{
	const struct k8s_val *near = terms_of(pod, "affinity.podAffinity." REQUIRED);
	const struct k8s_val *far = terms_of(pod, "affinity.podAntiAffinity." REQUIRED);
	bool all = true, none_anywhere = true, own = true;

	for (uint32_t i = 0; i < k8s_len(near); i++) {
		all &= count_selected(plan, near->items[i], pod, node) > 0;
		none_anywhere &= count_selected(plan, near->items[i], pod, NULL) == 0;
		own &= term_selects(near->items[i], pod, pod);
	}
	// The first of a group that wants to be near itself may go anywhere.
	if (!all && !(none_anywhere && own))
		return "node(s) didn't match pod affinity rules";
	for (uint32_t i = 0; i < k8s_len(far); i++)
		if (count_selected(plan, far->items[i], pod, node) > 0)
			return "node(s) didn't match pod anti-affinity rules";
	for (uint32_t i = 0; plan->any_anti && i < plan->n_instances; i++) {
		const struct plan_instance *other = &plan->instances[i];

		far = other->node != NULL
			      ? terms_of(other->pod, "affinity.podAntiAffinity." REQUIRED)
			      : NULL;
		for (uint32_t k = 0; k < k8s_len(far); k++)
			if (same_domain(k8s_str(far->items[k], "topologyKey"), other->node, node) &&
				term_selects(far->items[k], other->pod, pod))
				return "node(s) didn't satisfy existing pods anti-affinity rules";
	}
	return NULL;
}
