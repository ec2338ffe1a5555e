// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "k8s_text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Bytes of the character that begins with that byte, 0 if none does.
static size_t rune_bytes(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

// Decodes one character; returns its bytes, or 1 with *rune = UINT32_MAX for what is no UTF-8.
static size_t decode_rune(const char *text, uint32_t *rune)
{
	const unsigned char *p = (const unsigned char *)text;
	const size_t len = rune_bytes(p[0]);
	static const uint32_t first_of[] = {0, 0, 0x80, 0x800, 0x10000};

	*rune = UINT32_MAX;
	if (len == 0)
		return 1;
	uint32_t r = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		r = r << 6 | (p[i] & 0x3f);
	}
	if (r < first_of[len] || r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
		return 1;
	*rune = r;
	return len;
}

// Characters that Go does not print as they are, as far as manifests may hold them.
static bool is_printable(uint32_t r)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
		{0x7f, 0xa0},
		{0xad, 0xad},
		{0x600, 0x605},
		{0x61c, 0x61c},
		{0x6dd, 0x6dd},
		{0x1680, 0x1680},
		{0x180e, 0x180e},
		{0x2000, 0x200f},
		{0x2028, 0x202f},
		{0x205f, 0x206f},
		{0x3000, 0x3000},
		{0xe000, 0xf8ff},
		{0xfeff, 0xfeff},
		{0xfff0, 0xfffb},
		{0xfffe, 0xffff},
		{0xe0000, 0x10ffff},
	};

	if (r < 0x20)
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (r >= hidden[i].from && r <= hidden[i].to)
			return false;
	return true;
}

static const char *short_escape(uint32_t r)
{
	static const char *const names[] = {
		['\a'] = "\\a",
		['\b'] = "\\b",
		['\t'] = "\\t",
		['\n'] = "\\n",
		['\v'] = "\\v",
		['\f'] = "\\f",
		['\r'] = "\\r",
		['"'] = "\\\"",
		['\\'] = "\\\\",
	};

	return r < sizeof(names) / sizeof(names[0]) ? names[r] : NULL;
}

// At most six bytes for the two or more that the character has, ten for the four-byte ones.
static int escape_rune(char *out, uint32_t r)
{
	if (r < 0x20 || r == 0x7f)
		return snprintf(out, 5, "\\x%02x", r);
	if (r < 0x10000)
		return snprintf(out, 7, "\\u%04x", r);
	return snprintf(out, 11, "\\U%08x", r);
}

const char *k8s_go_quote(struct k8s_arena *arena, const char *text)
{
	char *out = k8s_alloc(arena, strlen(text) * 6 + 3);
	char *p = out;
	uint32_t r;
	size_t n;

	if (out == NULL)
		return "";
	*p++ = '"';
	for (; *text != '\0'; text += n) {
		n = decode_rune(text, &r);
		if (r == UINT32_MAX)
			p += snprintf(p, 5, "\\x%02x", (unsigned char)*text);
		else if (short_escape(r) != NULL)
			p = stpcpy(p, short_escape(r));
		else if (is_printable(r))
			p = mempcpy(p, text, n);
		else
			p += escape_rune(p, r);
	}
	*p++ = '"';
	return out;
}

const char *k8s_json_quote(struct k8s_arena *arena, const char *text)
{
	char *out = k8s_alloc(arena, strlen(text) * 6 + 3);
	char *p = out;
	uint32_t r;
	size_t n;

	if (out == NULL)
		return "";
	*p++ = '"';
	for (; *text != '\0'; text += n) {
		n = decode_rune(text, &r);
		if (r == '"' || r == '\\' || r == '\n' || r == '\r' || r == '\t' || r == '\b' ||
			r == '\f')
			p = stpcpy(p, short_escape(r));
		else if (r == UINT32_MAX)
			p = stpcpy(p, "\\ufffd");
		else if (r < 0x20 || r == '<' || r == '>' || r == '&' || r == 0x2028 || r == 0x2029)
			p += snprintf(p, 7, "\\u%04x", r);
		else
			p = mempcpy(p, text, n);
	}
	*p++ = '"';
	return out;
}

struct text {
	char *buf;
	size_t len, room;
	bool failed;
};

static void put(struct text *t, const char *s)
{
	const size_t n = strlen(s);

	if (t->failed)
		return;
	if (t->len + n + 1 > t->room) {
		char *bigger = realloc(t->buf, (t->len + n + 1) * 2);

		if (bigger == NULL) {
			t->failed = true;
			return;
		}
		t->buf = bigger;
		t->room = (t->len + n + 1) * 2;
	}
	memcpy(t->buf + t->len, s, n + 1);
	t->len += n;
}

// Go prints maps sorted by key: the pair that comes after `last`, or NULL for the first.
static uint32_t next_key(const struct k8s_val *map, const char *last)
{
	uint32_t best = map->n;

	for (uint32_t i = 0; i < map->n; i++)
		if ((last == NULL || strcmp(map->keys[i].name, last) > 0) &&
			(best == map->n || strcmp(map->keys[i].name, map->keys[best].name) < 0))
			best = i;
	return best;
}

static void put_json(struct text *t, struct k8s_arena *arena, const struct k8s_val *val)
{
	char number[K8S_QUANTITY_TEXT];

	if (val == NULL || val->type == K8S_VAL_NULL) {
		put(t, "null");
	} else if (val->quantity != NULL) {
		put(t, k8s_json_quote(arena, k8s_quantity_print(val->quantity, number)));
	} else if (val->type == K8S_VAL_BOOL) {
		put(t, val->boolean ? "true" : "false");
	} else if (val->type == K8S_VAL_NUMBER) {
		put(t, val->str);
	} else if (val->type == K8S_VAL_STRING) {
		put(t, k8s_json_quote(arena, val->str));
	} else if (val->type == K8S_VAL_LIST) {
		put(t, "[");
		for (uint32_t i = 0; i < val->n; i++) {
			put(t, i > 0 ? "," : "");
			put_json(t, arena, val->items[i]);
		}
		put(t, "]");
	} else {
		const char *last = NULL;

		put(t, "{");
		for (uint32_t i = next_key(val, NULL); i < val->n; i = next_key(val, last)) {
			put(t, last == NULL ? "" : ",");
			last = val->keys[i].name;
			put(t, k8s_json_quote(arena, last));
			put(t, ":");
			put_json(t, arena, val->items[i]);
		}
		put(t, "}");
	}
}

const char *k8s_json(struct k8s_arena *arena, const struct k8s_val *val)
{
	struct text t = {0};
	char *copy;

	put_json(&t, arena, val);
	copy = t.failed ? NULL : k8s_copy(arena, t.buf, t.len);
	free(t.buf);
	return copy == NULL ? "" : copy;
}

void k8s_json_double(double d, char *out, size_t size)
{
	const double abs = fabs(d);
	int digits = 1;
	char *e;

	// The fewest digits that read back as the same number.
	for (; digits < 17; digits++) {
		snprintf(out, size, "%.*e", digits - 1, d);
		if (strtod(out, NULL) == d)
			break;
	}
	if (d == 0 || (abs >= 1e-6 && abs < 1e21)) {
		const int exponent = d == 0 ? 0 : (int)floor(log10(abs));
		const int decimals = digits - 1 - exponent;

		snprintf(out, size, "%.*f", decimals > 0 ? decimals : 0, d);
		return;
	}
	snprintf(out, size, "%.*e", digits - 1, d);
	e = strchr(out, 'e'); // Go writes e-9 where C writes e-09
	if (e != NULL && e[1] == '-' && e[2] == '0')
		memmove(e + 2, e + 3, strlen(e + 3) + 1);
}
