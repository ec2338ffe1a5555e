// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// One way to show data: a command emits objects, arrays and values once, and they come out as JSON
// or as text for people (an array of flat objects becomes an aligned table). No DPDK.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum hp_out_format {
	HP_OUT_TEXT,
	HP_OUT_JSON,
};

struct hp_out;

/** A writer that collects in memory. NULL if there is no memory. One thread. */
struct hp_out *hp_out_new(enum hp_out_format format);
void hp_out_free(struct hp_out *out);

enum hp_out_format hp_out_format(const struct hp_out *out);

/** Everything emitted so far, finished; NUL-terminated, owned by @p out. @p len may be NULL. */
const char *hp_out_text(struct hp_out *out, size_t *len);

/** @p key is NULL inside an array and for the root. Text: a heading, unless key is NULL. */
void hp_out_object(struct hp_out *out, const char *key);
void hp_out_array(struct hp_out *out, const char *key);
/** End the innermost object or array. */
void hp_out_end(struct hp_out *out);

void hp_out_uint(struct hp_out *out, const char *key, uint64_t value);
void hp_out_int(struct hp_out *out, const char *key, int64_t value);
/** @p decimals is used for text and JSON alike. */
void hp_out_double(struct hp_out *out, const char *key, double value, int decimals);
void hp_out_bool(struct hp_out *out, const char *key, bool value);
/** NULL is emitted as null in JSON and as "-" in text. */
void hp_out_str(struct hp_out *out, const char *key, const char *value);
void hp_out_fmt(struct hp_out *out, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** A line of free text; in JSON it becomes an item of the root's "messages" array. */
void hp_out_line(struct hp_out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
