// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// LimitRange, ResourceQuota and PersistentVolumeClaim.

#include "k8s_kinds.h"
#include "k8s_names.h"
#include "k8s_resources.h"

#include <stdio.h>
#include <string.h>

static void range_resource(
	struct k8s_check *c, const struct k8s_at *at, const char *type, const char *resource)
{
	if (strcmp(type, "Pod") == 0 || strcmp(type, "Container") == 0)
		k8s_container_resource_name(c, at, resource);
	else
		k8s_resource_name(c, at, resource);
}

// The five lists of an item of a limit range.
enum {
	MAX,
	MIN,
	DEFAULT,
	REQUEST,
	RATIO,
	LISTS
};

static const char *const list_names[LISTS] = {
	"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"};

struct item {
	struct k8s_check *c;
	struct k8s_at at[LISTS];
	const char *type;
	bool used[LISTS]; // lists that the comparisons below look at
};

static const struct k8s_quantity *amount(const struct item *item, int list, const char *resource)
{
	const struct k8s_val *val = item->used[list] ? k8s_get(item->at[list].val, resource) : NULL;

	return val == NULL ? NULL : val->quantity;
}

// "Invalid value: "a": x value A is greater than y value B" at list[resource].
static void greater(struct item *item, int at, const char *resource,
	const struct k8s_quantity *shown, const char *low_name, const struct k8s_quantity *low,
	const char *high_name, const struct k8s_quantity *high)
{
	struct k8s_val *val = k8s_get(item->at[at].val, resource);
	const struct k8s_at here = k8s_key(&item->at[at], resource, val);
	char a[K8S_QUANTITY_TEXT], b[K8S_QUANTITY_TEXT], s[K8S_QUANTITY_TEXT];

	if (low == NULL || high == NULL || k8s_quantity_cmp(low, high) <= 0)
		return;
	k8s_invalid(item->c, &here, k8s_quantity_print(shown, s),
		k8s_printf(item->c->arena, "%s value %s is greater than %s value %s", low_name,
			k8s_quantity_print(low, a), high_name, k8s_quantity_print(high, b)));
}

// The server compares ratios as floating-point numbers, in thousandths where they fit.
static void ratio(struct item *item, const char *resource)
{
	const struct k8s_quantity *r = amount(item, RATIO, resource);
	const struct k8s_quantity *min = amount(item, MIN, resource);
	const struct k8s_quantity *max = amount(item, MAX, resource);
	const struct k8s_quantity one = k8s_quantity_of(1, K8S_DECIMAL_SI);
	const int64_t milli_max = INT64_MAX / 1000;
	char text[K8S_QUANTITY_TEXT];

	if (r == NULL)
		return;
	const struct k8s_at here =
		k8s_key(&item->at[RATIO], resource, k8s_get(item->at[RATIO].val, resource));
	k8s_quantity_print(r, text);
	if (k8s_quantity_cmp(r, &one) < 0)
		k8s_invalid(item->c, &here, text,
			k8s_printf(item->c->arena, "ratio %s is less than 1", text));
	if (min == NULL || max == NULL)
		return;
	double value = (double)k8s_quantity_value(r);
	double low = (double)k8s_quantity_value(min), high = (double)k8s_quantity_value(max);
	if (k8s_quantity_value(r) < milli_max && k8s_quantity_value(min) < milli_max &&
		k8s_quantity_value(max) < milli_max) {
		value = (double)k8s_quantity_milli_value(r) / 1000;
		low = (double)k8s_quantity_milli_value(min);
		high = (double)k8s_quantity_milli_value(max);
	}
	if (low == 0 ? high < 0 : value > high / low)
		k8s_invalid(item->c, &here, text,
			low == 0 ? k8s_printf(item->c->arena,
					   "ratio %s is greater than max/min = -Inf", text)
				 : k8s_printf(item->c->arena,
					   "ratio %s is greater than max/min = %f", text,
					   high / low));
}

static void compare(struct item *item, const char *resource)
{
	const struct k8s_quantity *min = amount(item, MIN, resource);
	const struct k8s_quantity *max = amount(item, MAX, resource);
	const struct k8s_quantity *limit = amount(item, DEFAULT, resource);
	const struct k8s_quantity *request = amount(item, REQUEST, resource);
	char a[K8S_QUANTITY_TEXT], b[K8S_QUANTITY_TEXT];

	greater(item, MIN, resource, min, "min", min, "max", max);
	greater(item, REQUEST, resource, request, "min", min, "default request", request);
	greater(item, REQUEST, resource, request, "default request", request, "max", max);
	greater(item, REQUEST, resource, request, "default request", request, "default limit",
		limit);
	greater(item, DEFAULT, resource, min, "min", min, "default", limit);
	greater(item, DEFAULT, resource, max, "default", limit, "max", max);
	ratio(item, resource);
	if (k8s_overcommit_allowed(resource) || limit == NULL || request == NULL ||
		k8s_quantity_cmp(limit, request) == 0)
		return;
	const struct k8s_at here =
		k8s_key(&item->at[REQUEST], resource, k8s_get(item->at[REQUEST].val, resource));
	k8s_quantity_print(limit, a);
	k8s_quantity_print(request, b);
	k8s_invalid(item->c, &here, b,
		k8s_printf(item->c->arena,
			"default value %s must equal to defaultRequest value %s in %s", a, b,
			resource));
}

static void limit_type(struct k8s_check *c, const struct k8s_at *list, uint32_t i)
{
	static const char *const types[] = {"Pod", "Container", "PersistentVolumeClaim", NULL};
	const struct k8s_at item = k8s_index(list, i);
	const struct k8s_at at = k8s_child(&item, "type");
	const char *type = k8s_at_str(&at);
	const struct k8s_msgs msgs = k8s_is_label_key(type);
	bool repeated = false;

	for (uint32_t k = 0; k < i; k++)
		repeated |= strcmp(k8s_str(list->val->items[k], "type"), type) == 0;
	k8s_invalid_each(c, &at, type, msgs);
	if (msgs.n == 0 && strchr(type, '/') == NULL && !k8s_one_of(type, types))
		k8s_invalid(c, &at, type, "must be a standard limit type or fully qualified");
	if (repeated)
		k8s_duplicate(c, &at, type);
}

static void limit_item(struct k8s_check *c, const struct k8s_at *list, uint32_t i)
{
	const struct k8s_at at = k8s_index(list, i);
	struct item item = {.c = c, .type = k8s_str(at.val, "type")};
	const bool pod = strcmp(item.type, "Pod") == 0;
	struct k8s_val *seen = k8s_new(c->arena, K8S_VAL_MAP);

	limit_type(c, list, i);
	for (int k = 0; k < LISTS; k++) {
		item.at[k] = k8s_child(&at, list_names[k]);
		item.used[k] = !pod || (k != DEFAULT && k != REQUEST);
		if (!item.used[k] && k8s_len(item.at[k].val) > 0)
			k8s_forbidden(c, &item.at[k], "may not be specified when `type` is 'Pod'");
		for (uint32_t r = 0; item.used[k] && r < k8s_len(item.at[k].val); r++) {
			const struct k8s_at here = k8s_pair(&item.at[k], r);

			range_resource(c, &here, item.type, here.key);
			k8s_set(c->arena, seen, here.key, here.val);
		}
	}
	if (strcmp(item.type, "PersistentVolumeClaim") == 0 &&
		amount(&item, MIN, "storage") == NULL && amount(&item, MAX, "storage") == NULL) {
		const struct k8s_at limits = k8s_path(&at, "limits", at.val);

		k8s_required(c, &limits,
			"either minimum or maximum storage value is required, but neither was "
			"provided");
	}
	for (uint32_t k = 0; k < k8s_len(seen); k++)
		compare(&item, seen->keys[k].name);
}

void k8s_check_limit_range(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at list = k8s_child(&spec, "limits");

	k8s_object_meta(c, root, true, false);
	for (uint32_t i = 0; i < k8s_len(list.val); i++)
		limit_item(c, &list, i);
}

static const char *const scopes[] = {"Terminating", "NotTerminating", "BestEffort", "NotBestEffort",
	"PriorityClass", "VolumeAttributesClass", "CrossNamespacePodAffinity", NULL};

static bool scope_counts(const char *scope, const char *resource)
{
	static const char *const pods[] = {"pods", NULL};
	static const char *const compute[] = {"pods", "cpu", "memory", "limits.cpu",
		"limits.memory", "requests.cpu", "requests.memory", NULL};
	static const char *const claims[] = {"persistentvolumeclaims", "requests.storage", NULL};

	if (!k8s_one_of(scope, scopes))
		return true;
	if (strcmp(scope, "BestEffort") == 0)
		return k8s_one_of(resource, pods);
	if (strcmp(scope, "VolumeAttributesClass") == 0)
		return k8s_one_of(resource, claims);
	return k8s_one_of(resource, compute);
}

static bool conflicting(const struct k8s_val *list, const char *field)
{
	static const char *const pairs[][2] = {
		{"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}};
	bool conflict = false;

	for (int p = 0; p < 2; p++) {
		bool found[2] = {false, false};

		for (uint32_t i = 0; i < k8s_len(list); i++) {
			const struct k8s_val *item = list->items[i];
			const char *text = field != NULL                  ? k8s_str(item, field)
					   : item->type == K8S_VAL_STRING ? item->str
									  : "";

			found[0] |= strcmp(text, pairs[p][0]) == 0;
			found[1] |= strcmp(text, pairs[p][1]) == 0;
		}
		conflict |= found[0] && found[1];
	}
	return conflict;
}

static bool counts_nothing_else(const struct k8s_val *hard, const char *scope)
{
	for (uint32_t i = 0; i < k8s_len(hard); i++)
		if (k8s_is_standard_quota_resource(hard->keys[i].name) &&
			!scope_counts(scope, hard->keys[i].name))
			return false;
	return true;
}

static void quota_scopes(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "scopes");
	const char *shown = k8s_json(c->arena, at.val);

	for (uint32_t i = 0; i < k8s_len(at.val); i++) {
		const char *scope = at.val->items[i]->str != NULL ? at.val->items[i]->str : "";

		if (!k8s_one_of(scope, scopes))
			k8s_invalid_raw(c, &at, shown, "unsupported scope");
		if (!counts_nothing_else(k8s_get(spec->val, "hard"), scope))
			k8s_invalid_raw(c, &at, shown, "unsupported scope applied to resource");
	}
	if (conflicting(at.val, NULL))
		k8s_invalid_raw(c, &at, shown, "conflicting scopes");
}

// The server's own struct, which it prints whole.
static const char *selector_json(struct k8s_check *c, const struct k8s_val *exprs)
{
	const char *text = "{\"MatchExpressions\":[";

	for (uint32_t i = 0; i < k8s_len(exprs); i++) {
		const struct k8s_val *e = exprs->items[i];

		text = k8s_printf(c->arena, "%s%s{\"ScopeName\":%s,\"Operator\":%s,\"Values\":%s}",
			text, i > 0 ? "," : "", k8s_json_quote(c->arena, k8s_str(e, "scopeName")),
			k8s_json_quote(c->arena, k8s_str(e, "operator")),
			k8s_json(c->arena, k8s_get(e, "values")));
	}
	return k8s_printf(c->arena, "%s]}", text);
}

static void scope_expression(struct k8s_check *c, const struct k8s_at *spec,
	const struct k8s_at *list, const struct k8s_val *e)
{
	static const char *const exist_only[] = {"BestEffort", "NotBestEffort", "Terminating",
		"NotTerminating", "CrossNamespacePodAffinity", NULL};
	static const char *const sets[] = {"In", "NotIn", NULL};
	static const char *const exists[] = {"Exists", "DoesNotExist", NULL};
	const struct k8s_at name = k8s_path(list, "scopeName", k8s_get(e, "scopeName"));
	const struct k8s_at op = k8s_path(list, "operator", k8s_get(e, "operator"));
	const struct k8s_at values = k8s_path(list, "values", k8s_get(e, "values"));

	if (!k8s_one_of(k8s_at_str(&name), scopes))
		k8s_invalid(c, &name, k8s_at_str(&name), "unsupported scope");
	if (!counts_nothing_else(k8s_get(spec->val, "hard"), k8s_at_str(&name)))
		k8s_invalid_raw(c, list, selector_json(c, list->val),
			"unsupported scope applied to resource");
	if (k8s_one_of(k8s_at_str(&name), exist_only) && strcmp(k8s_at_str(&op), "Exists") != 0)
		k8s_invalid(c, &op, k8s_at_str(&op),
			"must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
			"ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
			"ResourceQuotaScopeNotBestEffort or "
			"ResourceQuotaScopeCrossNamespacePodAffinity");
	if (k8s_one_of(k8s_at_str(&op), sets)) {
		if (k8s_len(values.val) == 0)
			k8s_required(c, &values,
				"must be at least one value when `operator` is 'In' or 'NotIn' for "
				"scope selector");
	} else if (k8s_one_of(k8s_at_str(&op), exists)) {
		if (k8s_len(values.val) != 0)
			k8s_invalid_raw(c, &values, k8s_json(c->arena, values.val),
				"must be no value when `operator` is 'Exist' or 'DoesNotExist' for "
				"scope selector");
	} else {
		k8s_invalid(c, &op, k8s_at_str(&op), "not a valid selector operator");
	}
}

void k8s_check_quota(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at hard = k8s_child(&spec, "hard");
	const struct k8s_at selector = k8s_child(&spec, "scopeSelector");
	const struct k8s_at list = k8s_child(&selector, "matchExpressions");

	k8s_object_meta(c, root, true, false);
	for (uint32_t i = 0; i < k8s_len(hard.val); i++) {
		const struct k8s_at here = k8s_pair(&hard, i);

		k8s_quota_resource_name(c, &here, here.key);
		k8s_resource_amount(c, &here, here.key);
	}
	quota_scopes(c, &spec);
	for (uint32_t i = 0; i < k8s_len(list.val); i++)
		scope_expression(c, &spec, &list, list.val->items[i]);
	if (conflicting(list.val, "scopeName"))
		k8s_invalid_raw(c, &list, k8s_json(c->arena, k8s_get(spec.val, "scopes")),
			"conflicting scopes");
}
