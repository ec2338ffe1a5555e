// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Paths and causes as the API server prints them.

#include "k8s_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static size_t path_part(const struct k8s_at *at, char *out, size_t size)
{
	if (at->name != NULL)
		return (size_t)snprintf(out, size, "%s%s", at->up->up == NULL ? "" : ".", at->name);
	if (at->key != NULL)
		return (size_t)snprintf(out, size, "[%s]", at->key);
	return (size_t)snprintf(out, size, "[%d]", at->index);
}

const char *k8s_path_text(struct k8s_arena *arena, const struct k8s_at *at)
{
	size_t len = 0;
	char *out, *end;

	for (const struct k8s_at *a = at; a->up != NULL; a = a->up)
		len += path_part(a, NULL, 0);
	out = k8s_alloc(arena, len + 1);
	if (out == NULL)
		return "";
	end = out + len;
	for (const struct k8s_at *a = at; a->up != NULL; a = a->up) {
		const size_t part = path_part(a, NULL, 0);
		const char behind = *end;

		end -= part;
		path_part(a, end, part + 1);
		end[part] = behind; // snprintf put its NUL on the part that follows
	}
	return out;
}

const struct hp_yaml_node *k8s_at_node(const struct k8s_at *at)
{
	for (; at != NULL; at = at->up)
		if (at->val != NULL && at->val->at != NULL)
			return at->val->at;
	return NULL;
}

void k8s_add(struct k8s_check *c, const struct k8s_at *at, const char *reason, const char *message)
{
	if (c->n >= K8S_CAUSES_MAX) {
		c->truncated = true;
		return;
	}
	if (c->n == c->room) {
		const uint32_t room = c->room * 2 + 8;
		struct k8s_cause *more = k8s_alloc(c->arena, room * sizeof(*more));

		if (more == NULL)
			return;
		if (c->n > 0)
			memcpy(more, c->causes, c->n * sizeof(*more));
		c->causes = more;
		c->room = room;
	}
	c->causes[c->n++] = (struct k8s_cause){
		.field = k8s_path_text(c->arena, at),
		.reason = reason,
		.message = message == NULL ? "" : message,
		.at = k8s_at_node(at),
	};
}

static const char *with_detail(struct k8s_check *c, const char *what, const char *detail)
{
	return *detail == '\0' ? what : k8s_printf(c->arena, "%s: %s", what, detail);
}

void k8s_required(struct k8s_check *c, const struct k8s_at *at, const char *detail)
{
	k8s_add(c, at, "FieldValueRequired", with_detail(c, "Required value", detail));
}

void k8s_forbidden(struct k8s_check *c, const struct k8s_at *at, const char *detail)
{
	k8s_add(c, at, "FieldValueForbidden", with_detail(c, "Forbidden", detail));
}

void k8s_invalid_raw(
	struct k8s_check *c, const struct k8s_at *at, const char *json, const char *detail)
{
	const char *what = k8s_printf(c->arena, "Invalid value: %s", json);

	if (what != NULL)
		k8s_add(c, at, "FieldValueInvalid", with_detail(c, what, detail));
}

void k8s_invalid(
	struct k8s_check *c, const struct k8s_at *at, const char *value, const char *detail)
{
	k8s_invalid_raw(c, at, k8s_go_quote(c->arena, value), detail);
}

void k8s_invalid_int(
	struct k8s_check *c, const struct k8s_at *at, int64_t value, const char *detail)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	k8s_invalid_raw(c, at, text, detail);
}

void k8s_duplicate(struct k8s_check *c, const struct k8s_at *at, const char *value)
{
	k8s_add(c, at, "FieldValueDuplicate",
		k8s_printf(c->arena, "Duplicate value: %s", k8s_go_quote(c->arena, value)));
}

void k8s_not_found(struct k8s_check *c, const struct k8s_at *at, const char *value)
{
	k8s_add(c, at, "FieldValueNotFound",
		k8s_printf(c->arena, "Not found: %s", k8s_go_quote(c->arena, value)));
}

void k8s_unsupported(
	struct k8s_check *c, const struct k8s_at *at, const char *value, const char *const *allowed)
{
	const char *text = k8s_printf(c->arena,
		"Unsupported value: %s: supported values: ", k8s_json_quote(c->arena, value));

	for (int i = 0; text != NULL && allowed[i] != NULL; i++)
		text = k8s_printf(c->arena, "%s%s%s", text, i > 0 ? ", " : "",
			k8s_go_quote(c->arena, allowed[i]));
	k8s_add(c, at, "FieldValueNotSupported", text);
}

void k8s_too_long(struct k8s_check *c, const struct k8s_at *at, int64_t max)
{
	k8s_add(c, at, "FieldValueTooLong",
		k8s_printf(c->arena, "Too long: may not be more than %" PRId64 " bytes", max));
}

void k8s_too_many(struct k8s_check *c, const struct k8s_at *at, int64_t n, int64_t max)
{
	k8s_add(c, at, "FieldValueTooMany",
		k8s_printf(c->arena, "Too many: %" PRId64 ": must have at most %" PRId64 " items",
			n, max));
}

void k8s_nonnegative(struct k8s_check *c, const struct k8s_at *at)
{
	if (k8s_int_of(at->val) < 0)
		k8s_invalid_int(c, at, k8s_int_of(at->val), "must be greater than or equal to 0");
}

bool k8s_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

void k8s_enum(struct k8s_check *c, const struct k8s_at *at, const char *const *allowed)
{
	if (at->val != NULL && !k8s_one_of(k8s_at_str(at), allowed))
		k8s_unsupported(c, at, k8s_at_str(at), allowed);
}
