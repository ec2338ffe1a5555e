// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Where a pod may run: affinity, tolerations, topology spread.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

static void node_expression(struct k8s_check *c, const struct k8s_at *at, bool check_values)
{
	static const char *const sets[] = {"In", "NotIn", NULL};
	static const char *const exists[] = {"Exists", "DoesNotExist", NULL};
	static const char *const compares[] = {"Gt", "Lt", NULL};
	const struct k8s_at key = k8s_child(at, "key");
	const struct k8s_at op = k8s_child(at, "operator");
	const struct k8s_at values = k8s_child(at, "values");
	const char *text = k8s_at_str(&op);
	const uint32_t n = k8s_len(values.val);

	if (k8s_one_of(text, sets)) {
		if (n == 0)
			k8s_required(
				c, &values, "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (k8s_one_of(text, exists)) {
		if (n > 0)
			k8s_forbidden(c, &values,
				"may not be specified when `operator` is 'Exists' or "
				"'DoesNotExist'");
	} else if (k8s_one_of(text, compares)) {
		if (n != 1)
			k8s_required(c, &values,
				"must be specified single value when `operator` is 'Lt' or 'Gt'");
	} else {
		k8s_invalid(c, &op, text, "not a valid selector operator");
	}
	k8s_invalid_each(c, &key, k8s_at_str(&key), k8s_is_label_key(k8s_at_str(&key)));
	for (uint32_t i = 0; check_values && i < n; i++) {
		const struct k8s_at v = k8s_index(&values, i);

		k8s_invalid_each(c, &v, k8s_at_str(&v), k8s_is_label_value(k8s_at_str(&v)));
	}
}

static void node_field(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const sets[] = {"In", "NotIn", NULL};
	const struct k8s_at key = k8s_child(at, "key");
	const struct k8s_at op = k8s_child(at, "operator");
	const struct k8s_at values = k8s_child(at, "values");

	if (!k8s_one_of(k8s_at_str(&op), sets))
		k8s_invalid(c, &op, k8s_at_str(&op), "not a valid selector operator");
	else if (k8s_len(values.val) != 1)
		k8s_required(c, &values,
			"must be only one value when `operator` is 'In' or 'NotIn' for node field "
			"selector");
	if (strcmp(k8s_at_str(&key), "metadata.name") != 0) {
		k8s_invalid(c, &key, k8s_at_str(&key), "not a valid field selector key");
		return;
	}
	for (uint32_t i = 0; i < k8s_len(values.val); i++) {
		const struct k8s_at v = k8s_index(&values, i);

		k8s_invalid_each(c, &v, k8s_at_str(&v), k8s_is_dns_subdomain(k8s_at_str(&v)));
	}
}

static void node_term(struct k8s_check *c, const struct k8s_at *at, bool check_values)
{
	const struct k8s_at exprs = k8s_child(at, "matchExpressions");
	const struct k8s_at fields = k8s_child(at, "matchFields");

	for (uint32_t i = 0; i < k8s_len(exprs.val); i++) {
		const struct k8s_at here = k8s_index(&exprs, i);

		node_expression(c, &here, check_values);
	}
	for (uint32_t i = 0; i < k8s_len(fields.val); i++) {
		const struct k8s_at here = k8s_index(&fields, i);

		node_field(c, &here);
	}
}

static void weight(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at w = k8s_child(at, "weight");
	const int64_t n = k8s_int_of(w.val);

	if (n <= 0 || n > 100)
		k8s_invalid_int(c, &w, n, "must be in the range 1-100");
}

static void node_affinity(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at required = k8s_child(at, REQUIRED);
	const struct k8s_at terms = k8s_child(&required, "nodeSelectorTerms");
	const struct k8s_at preferred = k8s_child(at, PREFERRED);

	if (required.val != NULL && k8s_len(terms.val) == 0)
		k8s_required(c, &terms, "must have at least one node selector term");
	for (uint32_t i = 0; i < k8s_len(terms.val); i++) {
		const struct k8s_at term = k8s_index(&terms, i);

		node_term(c, &term, true);
	}
	for (uint32_t i = 0; i < k8s_len(preferred.val); i++) {
		const struct k8s_at term = k8s_index(&preferred, i);
		const struct k8s_at preference = k8s_child(&term, "preference");

		weight(c, &term);
		node_term(c, &preference, false);
	}
}

static bool lists(const struct k8s_val *list, const char *text)
{
	for (uint32_t i = 0; i < k8s_len(list); i++)
		if (list->items[i]->str != NULL && strcmp(list->items[i]->str, text) == 0)
			return true;
	return false;
}

static void label_keys(
	struct k8s_check *c, const struct k8s_at *keys, const struct k8s_val *selector)
{
	if (k8s_len(keys->val) == 0)
		return;
	if (selector == NULL) {
		k8s_forbidden(c, keys, "must not be specified when labelSelector is not set");
		return;
	}
	for (uint32_t i = 0; i < k8s_len(keys->val); i++) {
		const struct k8s_at key = k8s_index(keys, i);

		k8s_invalid_each(c, &key, k8s_at_str(&key), k8s_is_label_key(k8s_at_str(&key)));
	}
}

// matchLabelKeys and mismatchLabelKeys against the selector and each other.
static void match_keys(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at match = k8s_child(at, "matchLabelKeys");
	const struct k8s_at mismatch = k8s_child(at, "mismatchLabelKeys");
	const struct k8s_val *selector = k8s_get(at->val, "labelSelector");

	label_keys(c, &match, selector);
	label_keys(c, &mismatch, selector);
	for (uint32_t i = 0; i < k8s_len(match.val); i++) {
		const struct k8s_at key = k8s_index(&match, i);

		if (lists(mismatch.val, k8s_at_str(&key)))
			k8s_invalid(c, &key, k8s_at_str(&key),
				"exists in both matchLabelKeys and mismatchLabelKeys");
	}
}

static void pod_term(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at selector = k8s_child(at, "labelSelector");
	const struct k8s_at spaces = k8s_child(at, "namespaceSelector");
	const struct k8s_at names = k8s_path(at, "namespace", k8s_get(at->val, "namespaces"));
	const struct k8s_at topology = k8s_child(at, "topologyKey");

	k8s_label_selector(c, &selector);
	k8s_label_selector(c, &spaces);
	for (uint32_t i = 0; i < k8s_len(names.val); i++) {
		const struct k8s_val *name = names.val->items[i];
		const char *text = name->type == K8S_VAL_STRING ? name->str : "";

		k8s_invalid_each(c, &names, text, k8s_is_dns_label(text));
	}
	match_keys(c, at);
	if (*k8s_at_str(&topology) == '\0')
		k8s_required(c, &topology, "can not be empty");
	k8s_invalid_each(
		c, &topology, k8s_at_str(&topology), k8s_is_label_key(k8s_at_str(&topology)));
}

static void pod_affinity(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at required = k8s_child(at, REQUIRED);
	const struct k8s_at preferred = k8s_child(at, PREFERRED);

	for (uint32_t i = 0; i < k8s_len(required.val); i++) {
		const struct k8s_at term = k8s_index(&required, i);

		pod_term(c, &term);
	}
	for (uint32_t i = 0; i < k8s_len(preferred.val); i++) {
		const struct k8s_at weighted = k8s_index(&preferred, i);
		const struct k8s_at term = k8s_child(&weighted, "podAffinityTerm");

		weight(c, &weighted);
		pod_term(c, &term);
	}
}

void k8s_affinity(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at node = k8s_child(at, "nodeAffinity");
	const struct k8s_at pod = k8s_child(at, "podAffinity");
	const struct k8s_at anti = k8s_child(at, "podAntiAffinity");

	node_affinity(c, &node);
	pod_affinity(c, &pod);
	pod_affinity(c, &anti);
}

static void toleration_value(struct k8s_check *c, const struct k8s_at *at, const char *op)
{
	static const char *const operators[] = {"Equal", "Exists", NULL};
	static const char *const with_gates[] = {"Equal", "Exists", "Lt", "Gt", NULL};
	const struct k8s_at op_at = k8s_child(at, "operator");
	const char *value = k8s_str(at->val, "value");
	const struct k8s_msgs msgs = k8s_is_label_value(value);
	const char *joined = "";

	if (*op == '\0' || strcmp(op, "Equal") == 0) {
		for (uint32_t i = 0; i < msgs.n; i++)
			joined = k8s_printf(
				c->arena, "%s%s%s", joined, i > 0 ? ";" : "", msgs.text[i]);
		if (msgs.n > 0)
			k8s_invalid(c, &op_at, value, joined);
	} else if (strcmp(op, "Exists") == 0) {
		if (*value != '\0')
			k8s_invalid(c, &op_at, value,
				"value must be empty when `operator` is 'Exists'");
	} else if (k8s_one_of(op, with_gates)) {
		k8s_unsupported(c, &op_at, op, with_gates);
	} else {
		k8s_unsupported(c, &op_at, op, operators);
	}
}

void k8s_tolerations(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const effects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at here = k8s_index(at, i);
		const struct k8s_at key = k8s_child(&here, "key");
		const struct k8s_at op = k8s_child(&here, "operator");
		const struct k8s_at effect = k8s_child(&here, "effect");

		if (*k8s_at_str(&key) != '\0')
			k8s_invalid_each(
				c, &key, k8s_at_str(&key), k8s_is_label_key(k8s_at_str(&key)));
		else if (strcmp(k8s_at_str(&op), "Exists") != 0)
			k8s_invalid(c, &op, k8s_at_str(&op),
				"operator must be Exists when `key` is empty, which means \"match "
				"all values and all keys\"");
		if (k8s_get(here.val, "tolerationSeconds") != NULL &&
			strcmp(k8s_at_str(&effect), "NoExecute") != 0)
			k8s_invalid(c, &effect, k8s_at_str(&effect),
				"effect must be 'NoExecute' when `tolerationSeconds` is set");
		toleration_value(c, &here, k8s_at_str(&op));
		if (*k8s_at_str(&effect) != '\0')
			k8s_enum(c, &effect, effects);
	}
}

static void min_domains(struct k8s_check *c, const struct k8s_at *at, const char *action)
{
	const struct k8s_at min = k8s_child(at, "minDomains");

	if (min.val == NULL)
		return;
	if (k8s_int_of(min.val) <= 0)
		k8s_invalid_int(c, &min, k8s_int_of(min.val), "must be greater than zero");
	if (strcmp(action, "DoNotSchedule") != 0)
		k8s_invalid_int(c, &min, k8s_int_of(min.val),
			k8s_printf(c->arena,
				"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not "
				"%s",
				action));
}

static void repeated_constraint(struct k8s_check *c, const struct k8s_at *list, uint32_t i)
{
	const struct k8s_at at = k8s_index(list, i);
	const struct k8s_at pair = k8s_path(&at, "{topologyKey, whenUnsatisfiable}", at.val);
	const char *key = k8s_str(at.val, "topologyKey");
	const char *action = k8s_str(at.val, "whenUnsatisfiable");

	for (uint32_t k = i + 1; k < list->val->n; k++) {
		const struct k8s_val *other = list->val->items[k];

		if (strcmp(k8s_str(other, "topologyKey"), key) != 0 ||
			strcmp(k8s_str(other, "whenUnsatisfiable"), action) != 0)
			continue;
		k8s_duplicate(c, &pair, k8s_printf(c->arena, "{%s, %s}", key, action));
		return;
	}
}

void k8s_topology_spread(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const actions[] = {"DoNotSchedule", "ScheduleAnyway", NULL};
	static const char *const policies[] = {"Honor", "Ignore", NULL};

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at here = k8s_index(at, i);
		const struct k8s_at skew = k8s_child(&here, "maxSkew");
		const struct k8s_at key = k8s_child(&here, "topologyKey");
		const struct k8s_at action = k8s_child(&here, "whenUnsatisfiable");
		const struct k8s_at affinity = k8s_child(&here, "nodeAffinityPolicy");
		const struct k8s_at taints = k8s_child(&here, "nodeTaintsPolicy");
		const struct k8s_at selector = k8s_child(&here, "labelSelector");

		if (k8s_int_of(skew.val) <= 0)
			k8s_invalid_int(
				c, &skew, k8s_int_of(skew.val), "must be greater than zero");
		if (*k8s_at_str(&key) == '\0')
			k8s_required(c, &key, "can not be empty");
		if (!k8s_one_of(k8s_at_str(&action), actions))
			k8s_unsupported(c, &action, k8s_at_str(&action), actions);
		repeated_constraint(c, at, i);
		min_domains(c, &here, k8s_at_str(&action));
		k8s_enum(c, &affinity, policies);
		k8s_enum(c, &taints, policies);
		match_keys(c, &here);
		k8s_label_selector(c, &selector);
	}
}
