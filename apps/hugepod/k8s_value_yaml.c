// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// YAML 1.1 to JSON as the API server's reader does it: plain scalars become booleans, numbers and
// nulls, merge keys are merged in place, of duplicate keys the last one wins.

#include "k8s_text.h"
#include "k8s_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MERGE_DEPTH 16 // merge keys within merged maps

struct convert {
	struct k8s_arena *arena;
	struct hp_err *err;
	bool json;
	char *duplicates; // sentences, one a line
	const struct hp_yaml_node *duplicate_at;
	unsigned int n_duplicates;
};

static struct k8s_val *new_at(struct convert *c, enum k8s_type type, const struct hp_yaml_node *at)
{
	struct k8s_val *val = k8s_alloc(c->arena, sizeof(*val));

	if (val == NULL) {
		hp_err_set(c->err, HP_EXIT_DATA, ENOMEM, "the document needs too much memory");
		return NULL;
	}
	val->type = type;
	val->at = at;
	return val;
}

static struct k8s_val *new_text(struct convert *c, enum k8s_type type, const char *text, size_t len,
	const struct hp_yaml_node *at)
{
	struct k8s_val *val = new_at(c, type, at);

	if (val == NULL)
		return NULL;
	val->str = k8s_copy(c->arena, text, len);
	val->len = len;
	return val->str == NULL ? NULL : val;
}

static bool one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

// Go's ParseInt with base 0, the sign included. Underscores are gone already.
static bool parse_integer(const char *text, char *out, size_t size)
{
	const bool negative = *text == '-';
	unsigned long long n;
	int base = 10;
	char *end;

	text += *text == '-' || *text == '+';
	if (text[0] == '0' && text[1] != '\0') {
		const char c = (char)(text[1] | 0x20);

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		text += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	if (strchr("0123456789abcdefABCDEF", *text) == NULL || *text == '\0')
		return false;
	errno = 0;
	n = strtoull(text, &end, base);
	if (*end != '\0' || errno != 0 || (negative && n > (uint64_t)INT64_MAX + 1))
		return false;
	snprintf(out, size, "%s%llu", negative && n != 0 ? "-" : "", n);
	return true;
}

static bool looks_like_float(const char *p)
{
	size_t before, after = 0;

	p += *p == '-' || *p == '+';
	before = strspn(p, "0123456789");
	p += before;
	if (*p == '.') {
		after = strspn(p + 1, "0123456789");
		p += 1 + after;
	}
	if (before + after == 0)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (*p < '0' || *p > '9')
			return false;
		p += strspn(p, "0123456789");
	}
	return *p == '\0';
}

// Numbers are copied without underscores into out (size bytes); false if it is no number.
static bool parse_number(const char *text, char *out, size_t size)
{
	char plain[128];
	size_t n = 0;
	double d;

	if (strchr("+-.0123456789", *text) == NULL || *text == '\0')
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '_' && *text != '.')
			continue;
		if (n == sizeof(plain) - 1)
			return false; // no number of a manifest has 127 digits
		plain[n++] = *p;
	}
	plain[n] = '\0';
	if (*text != '.' && parse_integer(plain, out, size))
		return true;
	if (!looks_like_float(plain))
		return false;
	d = strtod(plain, NULL);
	if (!isfinite(d))
		return false;
	k8s_json_double(d, out, size);
	return true;
}

static const char *const yes[] = {
	"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL};
static const char *const no[] = {
	"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL};
static const char *const nil[] = {"", "~", "null", "Null", "NULL", NULL};

static bool is_resolved(const struct hp_yaml_node *node)
{
	static const char *const tags[] = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float",
		"tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", NULL};

	if (node->tag != NULL)
		return one_of(node->tag, tags);
	return node->plain && strlen(node->value) == node->len;
}

static struct k8s_val *convert_scalar(struct convert *c, const struct hp_yaml_node *node)
{
	char number[64];

	if (!is_resolved(node))
		return new_text(c, K8S_VAL_STRING, node->value, node->len, node);
	if (one_of(node->value, nil))
		return new_at(c, K8S_VAL_NULL, node);
	if (one_of(node->value, yes) || one_of(node->value, no)) {
		struct k8s_val *val = new_at(c, K8S_VAL_BOOL, node);

		if (val != NULL)
			val->boolean = one_of(node->value, yes);
		return val;
	}
	if (parse_number(node->value, number, sizeof(number)))
		return new_text(c, K8S_VAL_NUMBER, number, strlen(number), node);
	return new_text(c, K8S_VAL_STRING, node->value, node->len, node);
}

static void note_duplicate(struct convert *c, const char *key, const struct hp_yaml_node *value)
{
	char *more;

	if (c->json || c->n_duplicates++ > 100)
		return;
	if (c->duplicate_at == NULL)
		c->duplicate_at = value;
	more = k8s_printf(c->arena, "%s\n  line %u: key %s already set in map",
		c->duplicates == NULL ? "yaml: unmarshal errors:" : c->duplicates, value->line,
		k8s_go_quote(c->arena, key));
	if (more != NULL)
		c->duplicates = more;
}

static struct k8s_val *convert_node(struct convert *c, const struct hp_yaml_node *node);

static const char *convert_key(struct convert *c, const struct hp_yaml_node *node)
{
	struct k8s_val *val;

	if (node->type != HP_YAML_SCALAR) {
		hp_err_set(c->err, HP_EXIT_DATA, EINVAL,
			"error converting YAML to JSON: yaml: "
			"invalid map key: not a string");
		return NULL;
	}
	if (c->json)
		return node->value;
	val = convert_scalar(c, node);
	if (val == NULL)
		return NULL;
	if (val->type == K8S_VAL_BOOL)
		return val->boolean ? "true" : "false";
	if (val->type == K8S_VAL_NULL) {
		hp_err_set(c->err, HP_EXIT_DATA, EINVAL,
			"error converting YAML to JSON: unsupported map key of type: %%!s(<nil>)");
		return NULL;
	}
	return val->str;
}

static bool is_merge(const struct hp_yaml_node *key)
{
	return key->type == HP_YAML_SCALAR && key->plain && strcmp(key->value, "<<") == 0;
}

static int convert_pairs(
	struct convert *c, const struct hp_yaml_node *node, struct k8s_val *map, int depth);

static int merge_into(
	struct convert *c, const struct hp_yaml_node *from, struct k8s_val *map, int depth)
{
	if (from->type == HP_YAML_MAP && depth < MERGE_DEPTH)
		return convert_pairs(c, from, map, depth + 1);
	if (from->type == HP_YAML_SEQ) {
		for (uint32_t i = from->n; i > 0; i--) { // earlier ones take precedence
			if (from->items[i - 1]->type != HP_YAML_MAP)
				break;
			if (merge_into(c, from->items[i - 1], map, depth) < 0)
				return -1;
			if (i == 1)
				return 0;
		}
	}
	return hp_err_set(c->err, HP_EXIT_DATA, EINVAL,
		"error converting YAML to JSON: yaml: map merge requires map or sequence of maps "
		"as the value");
}

static int convert_pairs(
	struct convert *c, const struct hp_yaml_node *node, struct k8s_val *map, int depth)
{
	for (uint32_t i = 0; i < node->n; i++) {
		const struct hp_yaml_node *value = node->items[i];

		if (!c->json && is_merge(node->keys[i])) {
			if (merge_into(c, value, map, depth) < 0)
				return -1;
			continue;
		}
		struct k8s_key *key = &map->keys[map->n];
		key->name = convert_key(c, node->keys[i]);
		key->at = node->keys[i];
		map->items[map->n] = key->name == NULL ? NULL : convert_node(c, value);
		if (map->items[map->n] == NULL)
			return -1;
		map->n++;
	}
	return 0;
}

static uint32_t count_pairs(const struct hp_yaml_node *node, int depth)
{
	uint32_t n = 0;

	if (node->type != HP_YAML_MAP || depth > MERGE_DEPTH)
		return 0;
	for (uint32_t i = 0; i < node->n; i++) {
		const struct hp_yaml_node *value = node->items[i];

		n++;
		if (!is_merge(node->keys[i]))
			continue;
		n += count_pairs(value, depth + 1);
		for (uint32_t k = 0; value->type == HP_YAML_SEQ && k < value->n; k++)
			n += count_pairs(value->items[k], depth + 1);
	}
	return n;
}

struct pair {
	struct k8s_key key;
	struct k8s_val *val;
	uint32_t order;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	const int d = strcmp(x->key.name, y->key.name);

	return d != 0 ? d : (x->order > y->order) - (x->order < y->order);
}

// Sorted by name; of the same name the last one stays and the others are told.
static int sort_pairs(struct convert *c, struct k8s_val *map)
{
	struct pair *pairs;
	uint32_t n = 0;

	if (map->n < 2)
		return 0;
	pairs = malloc(map->n * sizeof(*pairs));
	if (pairs == NULL)
		return hp_err_set(c->err, HP_EXIT_DATA, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < map->n; i++)
		pairs[i] = (struct pair){map->keys[i], map->items[i], i};
	qsort(pairs, map->n, sizeof(*pairs), compare_pairs);
	for (uint32_t i = 0; i < map->n; i++) {
		if (n > 0 && strcmp(map->keys[n - 1].name, pairs[i].key.name) == 0) {
			note_duplicate(c, pairs[i].key.name, pairs[i].val->at);
			n--;
		}
		map->keys[n] = pairs[i].key;
		map->items[n++] = pairs[i].val;
	}
	map->n = n;
	free(pairs);
	return 0;
}

static struct k8s_val *convert_map(struct convert *c, const struct hp_yaml_node *node)
{
	struct k8s_val *map = new_at(c, K8S_VAL_MAP, node);

	if (map == NULL)
		return NULL;
	map->room = count_pairs(node, 0);
	map->keys = k8s_alloc(c->arena, map->room * sizeof(*map->keys) + 1);
	map->items = k8s_alloc(c->arena, map->room * sizeof(struct k8s_val *) + 1);
	if (map->keys == NULL || map->items == NULL) {
		hp_err_set(c->err, HP_EXIT_DATA, ENOMEM, "the document needs too much memory");
		return NULL;
	}
	if (convert_pairs(c, node, map, 0) < 0)
		return NULL;
	return c->json || sort_pairs(c, map) == 0 ? map : NULL;
}

static struct k8s_val *convert_node(struct convert *c, const struct hp_yaml_node *node)
{
	struct k8s_val *list;

	if (node->type == HP_YAML_SCALAR)
		return convert_scalar(c, node);
	if (node->type == HP_YAML_MAP)
		return convert_map(c, node);
	list = new_at(c, K8S_VAL_LIST, node);
	if (list == NULL)
		return NULL;
	list->items = k8s_alloc(c->arena, node->n * sizeof(struct k8s_val *) + 1);
	if (list->items == NULL)
		return NULL;
	for (uint32_t i = 0; i < node->n; i++) {
		list->items[i] = convert_node(c, node->items[i]);
		if (list->items[i] == NULL)
			return NULL;
	}
	list->n = list->room = node->n;
	return list;
}

struct k8s_val *k8s_val_of(struct k8s_arena *arena, const struct hp_yaml_node *root, bool json,
	const char **duplicate, const struct hp_yaml_node **duplicate_at, struct hp_err *err)
{
	struct convert c = {.arena = arena, .err = err, .json = json};
	struct k8s_val *val = convert_node(&c, root);

	if (val == NULL)
		hp_err_set(err, HP_EXIT_DATA, ENOMEM, "the document needs too much memory");
	*duplicate = c.duplicates;
	*duplicate_at = c.duplicate_at;
	return val;
}
