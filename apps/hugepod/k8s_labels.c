// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Labels, annotations and label selectors.

#include "k8s_names.h"

#include <ctype.h>
#include <string.h>

#define ANNOTATIONS_MAX (256 * 1024) // bytes of all keys and values

void k8s_labels(struct k8s_check *c, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		struct k8s_at here = *at; // told at the map, pointed at the pair
		const char *key = at->val->keys[i].name;
		struct k8s_val *value = at->val->items[i];
		const char *text = value->type == K8S_VAL_STRING ? value->str : "";

		here.val = value;
		k8s_invalid_each(c, &here, key, k8s_is_label_key(key));
		k8s_invalid_each(c, &here, text, k8s_is_label_value(text));
	}
}

void k8s_annotations(struct k8s_check *c, const struct k8s_at *at)
{
	size_t total = 0;

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		struct k8s_at here = *at;
		const char *key = at->val->keys[i].name;
		char *lower = k8s_copy(c->arena, key, strlen(key));

		if (lower == NULL)
			return;
		for (char *p = lower; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		here.val = at->val->items[i];
		total += strlen(key) + here.val->len;
		k8s_invalid_each(c, &here, key, k8s_is_label_key(lower));
	}
	if (total > ANNOTATIONS_MAX)
		k8s_too_long(c, at, ANNOTATIONS_MAX);
}

static void selector_values(struct k8s_check *c, const struct k8s_at *at, const char *op)
{
	const struct k8s_at values = k8s_child(at, "values");
	const struct k8s_at op_at = k8s_child(at, "operator");
	const uint32_t n = k8s_len(values.val);

	if (strcmp(op, "In") == 0 || strcmp(op, "NotIn") == 0) {
		if (n == 0)
			k8s_required(
				c, &values, "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (strcmp(op, "Exists") == 0 || strcmp(op, "DoesNotExist") == 0) {
		if (n > 0)
			k8s_forbidden(c, &values,
				"may not be specified when `operator` is 'Exists' or "
				"'DoesNotExist'");
	} else {
		k8s_invalid(c, &op_at, op, "not a valid selector operator");
	}
}

void k8s_label_selector(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at labels = k8s_child(at, "matchLabels");
	const struct k8s_at exprs = k8s_child(at, "matchExpressions");

	k8s_labels(c, &labels);
	for (uint32_t i = 0; i < k8s_len(exprs.val); i++) {
		const struct k8s_at expr = k8s_index(&exprs, i);
		const struct k8s_at key = k8s_child(&expr, "key");
		const struct k8s_at values = k8s_child(&expr, "values");

		selector_values(c, &expr, k8s_str(expr.val, "operator"));
		k8s_invalid_each(c, &key, k8s_at_str(&key), k8s_is_label_key(k8s_at_str(&key)));
		for (uint32_t k = 0; k < k8s_len(values.val); k++) {
			const struct k8s_at v = k8s_index(&values, k);

			k8s_invalid_each(c, &v, k8s_at_str(&v), k8s_is_label_value(k8s_at_str(&v)));
		}
	}
}

static const char *text_of(const struct k8s_val *val)
{
	return val->type == K8S_VAL_STRING ? val->str : "";
}

bool k8s_selector_is_usable(const struct k8s_val *selector)
{
	struct k8s_arena arena = {0};
	struct k8s_check check = {.arena = &arena};
	const struct k8s_at at = {.val = k8s_get(selector, "matchExpressions")};
	bool usable;

	for (uint32_t i = 0; i < k8s_len(at.val); i++) {
		const struct k8s_val *expr = at.val->items[i];
		const char *op = k8s_str(expr, "operator");
		const uint32_t n = k8s_len(k8s_get(expr, "values"));
		static const char *const sets[] = {"In", "NotIn", NULL};
		static const char *const exists[] = {"Exists", "DoesNotExist", NULL};

		if (k8s_one_of(op, sets) ? n == 0 : !k8s_one_of(op, exists) || n > 0)
			return false;
		if (k8s_is_label_key(k8s_str(expr, "key")).n > 0)
			return false;
		for (uint32_t k = 0; k < n; k++)
			if (k8s_is_label_value(text_of(k8s_get(expr, "values")->items[k])).n > 0)
				return false;
	}
	const struct k8s_at labels = {.val = k8s_get(selector, "matchLabels")};
	k8s_labels(&check, &labels);
	usable = check.n == 0;
	k8s_arena_free(&arena);
	return usable;
}

static bool expression_matches(const struct k8s_val *expr, const struct k8s_val *labels)
{
	const char *op = k8s_str(expr, "operator");
	const struct k8s_val *have = k8s_get(labels, k8s_str(expr, "key"));
	const struct k8s_val *values = k8s_get(expr, "values");
	bool in = false;

	if (strcmp(op, "Exists") == 0)
		return have != NULL;
	if (strcmp(op, "DoesNotExist") == 0)
		return have == NULL;
	for (uint32_t i = 0; have != NULL && have->str != NULL && i < k8s_len(values); i++)
		in |= values->items[i]->str != NULL &&
		      strcmp(have->str, values->items[i]->str) == 0;
	return strcmp(op, "In") == 0 ? in : !in;
}

bool k8s_selector_matches(const struct k8s_val *selector, const struct k8s_val *labels)
{
	const struct k8s_val *want = k8s_get(selector, "matchLabels");
	const struct k8s_val *exprs = k8s_get(selector, "matchExpressions");

	if (selector == NULL)
		return false;
	for (uint32_t i = 0; i < k8s_len(want); i++) {
		const struct k8s_val *have = k8s_get(labels, want->keys[i].name);
		const char *text = want->items[i]->str != NULL ? want->items[i]->str : "";

		if (have == NULL || strcmp(have->str != NULL ? have->str : "", text) != 0)
			return false;
	}
	for (uint32_t i = 0; i < k8s_len(exprs); i++)
		if (!expression_matches(exprs->items[i], labels))
			return false;
	return true;
}

// Fields in the order of the server's struct, empty values left out.
static const char *expressions_json(struct k8s_arena *arena, const struct k8s_val *exprs)
{
	const char *text = "";

	for (uint32_t i = 0; i < k8s_len(exprs); i++) {
		const struct k8s_val *values = k8s_get(exprs->items[i], "values");

		text = k8s_printf(arena, "%s%s{\"key\":%s,\"operator\":%s%s%s}", text,
			i > 0 ? "," : "", k8s_json_quote(arena, k8s_str(exprs->items[i], "key")),
			k8s_json_quote(arena, k8s_str(exprs->items[i], "operator")),
			k8s_len(values) > 0 ? ",\"values\":" : "",
			k8s_len(values) > 0 ? k8s_json(arena, values) : "");
		if (text == NULL)
			return "";
	}
	return text;
}

const char *k8s_selector_json(struct k8s_arena *arena, const struct k8s_val *selector)
{
	const struct k8s_val *labels = k8s_get(selector, "matchLabels");
	const struct k8s_val *exprs = k8s_get(selector, "matchExpressions");
	const bool both = k8s_len(labels) > 0 && k8s_len(exprs) > 0;
	const char *text;

	if (selector == NULL)
		return "null";
	text = k8s_printf(arena, "{%s%s%s%s%s%s}", k8s_len(labels) > 0 ? "\"matchLabels\":" : "",
		k8s_len(labels) > 0 ? k8s_json(arena, labels) : "", both ? "," : "",
		k8s_len(exprs) > 0 ? "\"matchExpressions\":[" : "", expressions_json(arena, exprs),
		k8s_len(exprs) > 0 ? "]" : "");
	return text == NULL ? "" : text;
}
