// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Arena, look-ups and edits of values. Building them from YAML is in k8s_value_yaml.c.

#include "k8s_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (32u << 10)
#define ARENA_MAX ((size_t)1 << 30) // no document of 4 MiB needs it; hostile ones stop here

struct k8s_arena_chunk {
	struct k8s_arena_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

void *k8s_alloc(struct k8s_arena *arena, size_t size)
{
	struct k8s_arena_chunk *c = arena->chunks;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (c == NULL || c->size - c->used < size) {
		const size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;

		c = arena->total + room > ARENA_MAX ? NULL : malloc(sizeof(*c) + room);
		if (c == NULL) {
			arena->failed = true;
			return NULL;
		}
		c->next = arena->chunks;
		c->used = 0;
		c->size = room;
		arena->chunks = c;
		arena->total += room;
	}
	void *p = c->data + c->used;
	c->used += size;
	return memset(p, 0, size);
}

char *k8s_copy(struct k8s_arena *arena, const char *text, size_t len)
{
	char *p = k8s_alloc(arena, len + 1);

	if (p != NULL && len > 0)
		memcpy(p, text, len);
	return p;
}

char *k8s_printf(struct k8s_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = len < 0 ? NULL : k8s_alloc(arena, (size_t)len + 1);
	if (p == NULL)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}

void k8s_arena_free(struct k8s_arena *arena)
{
	while (arena->chunks != NULL) {
		struct k8s_arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	*arena = (struct k8s_arena){0};
}

struct k8s_val *k8s_get(const struct k8s_val *map, const char *key)
{
	if (map == NULL || key == NULL || map->type != K8S_VAL_MAP)
		return NULL;
	for (uint32_t i = map->n; i > 0; i--) // of duplicates the last one wins
		if (strcmp(map->keys[i - 1].name, key) == 0)
			return map->items[i - 1];
	return NULL;
}

struct k8s_val *k8s_find(const struct k8s_val *map, const char *dotted)
{
	char key[64];

	for (;;) {
		const size_t len = strcspn(dotted, ".");
		struct k8s_val *val;

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, dotted, len);
		key[len] = '\0';
		val = k8s_get(map, key);
		if (val == NULL || dotted[len] == '\0')
			return val;
		dotted += len + 1;
		map = val;
	}
}

const char *k8s_str(const struct k8s_val *map, const char *key)
{
	const struct k8s_val *val = k8s_get(map, key);

	return val != NULL && val->type == K8S_VAL_STRING ? val->str : "";
}

bool k8s_true(const struct k8s_val *map, const char *key)
{
	const struct k8s_val *val = k8s_get(map, key);

	return val != NULL && val->type == K8S_VAL_BOOL && val->boolean;
}

int64_t k8s_int_of(const struct k8s_val *val)
{
	return val != NULL && val->type == K8S_VAL_NUMBER ? strtoll(val->str, NULL, 10) : 0;
}

int64_t k8s_int(const struct k8s_val *map, const char *key, int64_t fallback)
{
	const struct k8s_val *val = k8s_get(map, key);

	return val != NULL && val->type == K8S_VAL_NUMBER ? k8s_int_of(val) : fallback;
}

uint32_t k8s_len(const struct k8s_val *val)
{
	return val != NULL && (val->type == K8S_VAL_LIST || val->type == K8S_VAL_MAP) ? val->n : 0;
}

void k8s_set(struct k8s_arena *arena, struct k8s_val *map, const char *key, struct k8s_val *val)
{
	if (map == NULL || key == NULL || val == NULL)
		return;
	for (uint32_t i = map->n; i > 0; i--) {
		if (strcmp(map->keys[i - 1].name, key) == 0) {
			map->items[i - 1] = val;
			return;
		}
	}
	if (map->n == map->room) {
		const uint32_t room = map->room * 2 + 4;
		struct k8s_key *keys = k8s_alloc(arena, room * sizeof(*keys));
		struct k8s_val **items = k8s_alloc(arena, room * sizeof(struct k8s_val *));

		if (keys == NULL || items == NULL)
			return;
		if (map->n > 0) {
			memcpy(keys, map->keys, map->n * sizeof(*keys));
			memcpy(items, map->items, map->n * sizeof(struct k8s_val *));
		}
		map->keys = keys;
		map->items = items;
		map->room = room;
	}
	map->keys[map->n].name = key;
	map->keys[map->n].at = NULL;
	map->items[map->n++] = val;
}

void k8s_remove(struct k8s_val *map, uint32_t i)
{
	for (; i + 1 < map->n; i++) {
		map->keys[i] = map->keys[i + 1];
		map->items[i] = map->items[i + 1];
	}
	map->n--;
}

struct k8s_val *k8s_new(struct k8s_arena *arena, enum k8s_type type)
{
	struct k8s_val *val = k8s_alloc(arena, sizeof(*val));

	if (val != NULL) {
		val->type = type;
		val->defaulted = true;
	}
	return val;
}

struct k8s_val *k8s_new_str(struct k8s_arena *arena, const char *text)
{
	struct k8s_val *val = k8s_new(arena, K8S_VAL_STRING);

	if (val != NULL) {
		val->str = text;
		val->len = strlen(text);
	}
	return val;
}

struct k8s_val *k8s_new_int(struct k8s_arena *arena, int64_t n)
{
	struct k8s_val *val = k8s_new(arena, K8S_VAL_NUMBER);

	if (val != NULL) {
		val->str = k8s_printf(arena, "%" PRId64, n);
		if (val->str == NULL)
			return NULL;
		val->len = strlen(val->str);
	}
	return val;
}
