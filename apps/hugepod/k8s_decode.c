// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Strict decoding. The server's decoder stops at an error of a quantity, remembers the first wrong
// type, and only without either does it name unknown and duplicate fields.

#include "k8s_decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 2000 // of one list or map: some checks compare each with each
#define STRICT_MAX 100 // the server names no more

// Fields that lead to a value, for "Go struct field Container.spec.containers.image".
struct stack {
	const struct stack *up;
	const char *via, *name;
};

struct decode {
	struct k8s_check *check;
	bool json;
	const char *fatal; // ends it
	const char *type_error; // the first wrong type
	const char *strict; // unknown and duplicate fields, with commas
	unsigned int n_strict;
	const struct hp_yaml_node *fatal_at, *type_at, *strict_at;
	const char *near; // what the first unknown field may mean
};

static bool decode(struct decode *d, struct k8s_val *val, const struct k8s_schema_type *type,
	const struct k8s_schema_type *owner, const struct stack *stack, const struct k8s_at *at);

static const char *stack_text(struct decode *d, const struct stack *s)
{
	const char *text = "";

	for (; s != NULL; s = s->up)
		text = k8s_printf(d->check->arena, "%s%s%s%s%s", s->via != NULL ? s->via : "",
			s->via != NULL ? "." : "", s->name, *text != '\0' ? "." : "", text);
	return text;
}

static const char *bare(const char *go)
{
	const char *dot = strrchr(go, '.');

	return dot == NULL ? go : dot + 1;
}

static const char *type_text(struct decode *d, const char *what, const char *go,
	const struct k8s_schema_type *owner, const struct stack *stack)
{
	if (owner == NULL)
		return k8s_printf(d->check->arena,
			"json: cannot unmarshal %s into Go value of type %s", what, go);
	return k8s_printf(d->check->arena,
		"json: cannot unmarshal %s into Go struct field %s.%s of type %s", what,
		bare(owner->go), stack_text(d, stack), go);
}

static bool wrong_type(struct decode *d, const struct k8s_val *val, const char *what,
	const char *go, const struct k8s_schema_type *owner, const struct stack *stack)
{
	if (d->type_error == NULL) {
		d->type_error = type_text(d, what, go, owner, stack);
		d->type_at = val->at;
	}
	return true;
}

static bool fatal(struct decode *d, const struct k8s_val *val, const char *text)
{
	d->fatal = text;
	d->fatal_at = val->at;
	return false;
}

static void strict(struct decode *d, const char *what, const struct k8s_at *at,
	const struct hp_yaml_node *node, const char *near)
{
	const char *path = k8s_path_text(d->check->arena, at);
	const char *text =
		k8s_printf(d->check->arena, "%s %s", what, k8s_go_quote(d->check->arena, path));

	// Each is told once: of keys that are given twice and unknown as well.
	if (text == NULL || (d->strict != NULL && strstr(d->strict, text) != NULL) ||
		d->n_strict++ >= STRICT_MAX)
		return;
	if (d->strict == NULL) {
		d->strict_at = node;
		d->near = near;
	}
	d->strict = k8s_printf(d->check->arena, "%s%s%s", d->strict == NULL ? "" : d->strict,
		d->strict == NULL ? "" : ", ", text);
}

static const char *value_name(const struct k8s_val *val)
{
	static const char *const names[] = {
		[K8S_VAL_NULL] = "null",
		[K8S_VAL_BOOL] = "bool",
		[K8S_VAL_NUMBER] = "number",
		[K8S_VAL_STRING] = "string",
		[K8S_VAL_LIST] = "array",
		[K8S_VAL_MAP] = "object",
	};

	return names[val->type];
}

static bool is_repeated(const struct k8s_val *map, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (strcmp(map->keys[k].name, map->keys[i].name) == 0)
			return true;
	return false;
}

static bool decode_struct(struct decode *d, struct k8s_val *val, const struct k8s_schema_type *type,
	const struct stack *stack, const struct k8s_at *at)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < val->n; i++) {
		struct k8s_key key = val->keys[i];
		struct k8s_val *item = val->items[i];
		const struct k8s_schema_field *f = k8s_schema_field(type, key.name);
		const struct k8s_at here = k8s_path(at, key.name, item);

		if (f == NULL) {
			strict(d, "unknown field", &here, key.at,
				k8s_schema_nearest(type, key.name));
			continue;
		}
		const struct stack frame = {stack, f->via, f->name};
		if (d->json && is_repeated(val, i))
			strict(d, "duplicate field", &here, key.at, NULL);
		if (item->type == K8S_VAL_NULL)
			continue;
		if (!decode(d, item, k8s_schema_type(f->type), type, &frame, &here))
			return false;
		val->keys[kept] = key;
		val->items[kept++] = item;
	}
	val->n = kept;
	return true;
}

static bool decode_list(struct decode *d, struct k8s_val *val, const struct k8s_schema_type *type,
	const struct k8s_schema_type *owner, const struct stack *stack, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < val->n; i++) {
		const struct k8s_at here = k8s_index(at, i);

		if (!decode(d, val->items[i], k8s_schema_type(type->elem), owner, stack, &here))
			return false;
	}
	return true;
}

static bool decode_quantity(struct decode *d, struct k8s_val *val, bool rounded)
{
	struct k8s_quantity *q = k8s_alloc(d->check->arena, sizeof(*q));
	const char *text = val->str;
	enum k8s_quantity_error error;

	if (q == NULL)
		return fatal(d, val, "out of memory");
	if (val->type == K8S_VAL_NULL) {
		val->quantity = q;
		return true;
	}
	if (val->type == K8S_VAL_BOOL)
		text = val->boolean ? "true" : "false";
	else if (val->type == K8S_VAL_LIST || val->type == K8S_VAL_MAP)
		text = "[";
	error = k8s_quantity_parse(text, strlen(text), q);
	if (error != K8S_QUANTITY_OK)
		return fatal(d, val, k8s_quantity_strerror(error));
	if (rounded)
		k8s_quantity_round_to_milli(q);
	val->quantity = q;
	return true;
}

// Quantities of a map are a resource list, which the server rounds up to thousandths.
static bool decode_map(struct decode *d, struct k8s_val *val, const struct k8s_schema_type *type,
	const struct k8s_schema_type *owner, const struct stack *stack, const struct k8s_at *at)
{
	const struct k8s_schema_type *elem = k8s_schema_type(type->elem);

	for (uint32_t i = 0; i < val->n; i++) {
		const struct k8s_at here = k8s_path(at, val->keys[i].name, val->items[i]);

		if (d->json && is_repeated(val, i))
			strict(d, "duplicate field", &here, val->keys[i].at, NULL);
		if (elem->kind == K8S_QUANTITY
				? !decode_quantity(d, val->items[i], true)
				: !decode(d, val->items[i], elem, owner, stack, &here))
			return false;
	}
	return true;
}

// True for an integer of that width.
static bool in_range(const struct k8s_val *val, enum k8s_kind kind)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(val->str, &end, 10);
	if (*end != '\0' || errno != 0)
		return false;
	return kind == K8S_INT64 || (n >= INT32_MIN && n <= INT32_MAX);
}

static bool decode_int_or_string(struct decode *d, struct k8s_val *val,
	const struct k8s_schema_type *owner, const struct stack *stack)
{
	const char *what = value_name(val);

	if (val->type == K8S_VAL_STRING || val->type == K8S_VAL_NULL)
		return true;
	if (val->type == K8S_VAL_NUMBER) {
		if (in_range(val, K8S_INT32))
			return true;
		what = k8s_printf(d->check->arena, "number %s", val->str);
	}
	return fatal(d, val, type_text(d, what, "int32", owner, stack));
}

static bool decode_time(struct decode *d, struct k8s_val *val, const struct k8s_schema_type *owner,
	const struct stack *stack)
{
	static const char *const layout = "2006-01-02T15:04:05Z07:00";
	size_t same = 0;

	if (val->type == K8S_VAL_NULL)
		return true;
	if (val->type != K8S_VAL_STRING)
		return fatal(d, val, type_text(d, value_name(val), "string", owner, stack));
	// Digits where the layout has them; the server's parser checks the calendar as well.
	while (same < 19 && (layout[same] >= '0' && layout[same] <= '9'
					    ? val->str[same] >= '0' && val->str[same] <= '9'
					    : val->str[same] == layout[same]))
		same++;
	if (same == 19)
		return true;
	return fatal(d, val,
		k8s_printf(d->check->arena,
			"parsing time %s as \"%s\": cannot parse %s as \"%.4s\"",
			k8s_go_quote(d->check->arena, val->str), layout,
			k8s_go_quote(d->check->arena, val->str), layout));
}

// Base64 as Go reads it: padded groups of four, line ends allowed. The offset of what is wrong, or
// -1.
static long base64_error(const struct k8s_val *val)
{
	static const char *const digits =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t in_group = 0;

	for (size_t i = 0; i < val->len; i++) {
		const char c = val->str[i];

		if (c == '\n' || c == '\r')
			continue;
		if (c == '=') {
			// Padding: the last one or two of a group, and nothing behind it.
			if (in_group < 2 || (in_group == 2 && val->str[i + 1] != '='))
				return (long)i + (in_group == 2 && i + 1 == val->len);
			i += in_group == 2 ? 2 : 1;
			return i >= val->len ? -1 : (long)i;
		}
		if (c == '\0' || strchr(digits, c) == NULL)
			return (long)i;
		in_group = (in_group + 1) % 4;
	}
	return in_group == 0 ? -1 : (long)(val->len - in_group);
}

static bool decode_bytes(struct decode *d, const struct k8s_val *val)
{
	const long at = base64_error(val);

	if (at >= 0 && d->type_error == NULL) {
		d->type_error =
			k8s_printf(d->check->arena, "illegal base64 data at input byte %ld", at);
		d->type_at = val->at;
	}
	return true;
}

static bool decode_scalar(struct decode *d, struct k8s_val *val, const struct k8s_schema_type *type,
	const struct k8s_schema_type *owner, const struct stack *stack)
{
	const bool integer = type->kind == K8S_INT32 || type->kind == K8S_INT64;

	if (integer && val->type == K8S_VAL_NUMBER) {
		if (in_range(val, type->kind))
			return true;
		return wrong_type(d, val, k8s_printf(d->check->arena, "number %s", val->str),
			type->go, owner, stack);
	}
	if (type->kind == K8S_BYTES && val->type == K8S_VAL_STRING)
		return decode_bytes(d, val);
	if ((type->kind == K8S_BOOL && val->type == K8S_VAL_BOOL) ||
		(type->kind == K8S_STRING && val->type == K8S_VAL_STRING))
		return true;
	return wrong_type(d, val, value_name(val), type->go, owner, stack);
}

static bool decode(struct decode *d, struct k8s_val *val, const struct k8s_schema_type *type,
	const struct k8s_schema_type *owner, const struct stack *stack, const struct k8s_at *at)
{
	if ((val->type == K8S_VAL_LIST || val->type == K8S_VAL_MAP) && val->n > ITEMS_MAX)
		return fatal(d, val, "hugepod lint reads lists and maps of at most 2000 items");
	switch (type->kind) {
	case K8S_ANY:
		return true;
	case K8S_QUANTITY:
		return decode_quantity(d, val, false);
	case K8S_INT_OR_STRING:
		return decode_int_or_string(d, val, owner, stack);
	case K8S_TIME:
		return decode_time(d, val, owner, stack);
	default:
		break;
	}
	if (val->type == K8S_VAL_NULL) { // an element of a list or map: the type's zero
		val->type = type->kind == K8S_STRUCT || type->kind == K8S_MAP ? K8S_VAL_MAP
			    : type->kind == K8S_LIST                          ? K8S_VAL_LIST
									      : K8S_VAL_NULL;
		return true;
	}
	if (type->kind == K8S_STRUCT && val->type == K8S_VAL_MAP)
		return decode_struct(d, val, type, stack, at);
	if (type->kind == K8S_MAP && val->type == K8S_VAL_MAP)
		return decode_map(d, val, type, owner, stack, at);
	if (type->kind == K8S_LIST && val->type == K8S_VAL_LIST)
		return decode_list(d, val, type, owner, stack, at);
	if (type->kind == K8S_STRUCT || type->kind == K8S_MAP || type->kind == K8S_LIST)
		return wrong_type(d, val, value_name(val), type->go, owner, stack);
	return decode_scalar(d, val, type, owner, stack);
}

bool k8s_decode(struct k8s_check *c, struct k8s_val *root, const struct k8s_schema_type *type,
	bool json, const char *duplicate, const struct hp_yaml_node *duplicate_at)
{
	struct decode d = {.check = c, .json = json};
	const struct k8s_at at = {.val = root};
	const char *kind = k8s_str(root, "kind");
	const char *version = k8s_str(root, "apiVersion");
	const char *slash = strchr(version, '/');
	const char *what = NULL;
	struct k8s_at place = at;
	struct k8s_val pointed = *root;

	if (slash != NULL)
		version = slash + 1;
	if (decode(&d, root, type, NULL, NULL, &at) && d.type_error == NULL && d.strict == NULL &&
		duplicate == NULL)
		return true;
	pointed.at = root->at;
	if (d.fatal != NULL) {
		what = d.fatal;
		pointed.at = d.fatal_at;
	} else if (d.type_error != NULL) {
		what = d.type_error;
		pointed.at = d.type_at;
	} else {
		what = k8s_printf(c->arena, "strict decoding error: %s%s%s",
			duplicate == NULL ? "" : duplicate,
			duplicate != NULL && d.strict != NULL ? ", " : "",
			d.strict == NULL ? "" : d.strict);
		pointed.at = duplicate != NULL ? duplicate_at : d.strict_at;
	}
	place.val = &pointed;
	k8s_add(c, &place, "BadRequest",
		k8s_printf(c->arena, "%s in version \"%s\" cannot be handled as a %s: %s", kind,
			version, kind, what));
	if (c->n > 0)
		c->causes[c->n - 1].near = what == d.fatal ? NULL : d.near;
	return false;
}
