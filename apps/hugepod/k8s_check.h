// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What every validator needs: a place in an object, which is a field path and the value there, and
// the list of causes that the API server would answer with.

#pragma once

#include "k8s_text.h"
#include "k8s_value.h"

#include <stdbool.h>
#include <stdint.h>

/** One cause of a refusal, in the server's words. */
struct k8s_cause {
	const char *field;
	const char *reason; ///< "FieldValueInvalid", ..., or "BadRequest"
	const char *message;
	const struct hp_yaml_node *at; ///< where to point; NULL: the object
	const char *near; ///< for an unknown field: the field that may be meant, or NULL
};

/** What a check of one object finds. */
struct k8s_check {
	struct k8s_arena *arena;
	struct k8s_cause *causes;
	uint32_t n, room;
	bool truncated; ///< more than K8S_CAUSES_MAX
};

#define K8S_CAUSES_MAX 10000 // of one object: nobody reads more, and hostile input ends

/** A place: the path from the root and the value there, NULL where the object has none. */
struct k8s_at {
	const struct k8s_at *up; ///< NULL: root
	const char *name; ///< ".name"
	const char *key; ///< "[key]"
	int32_t index; ///< "[index]", without name and key
	struct k8s_val *val;
};

static inline struct k8s_at k8s_child(const struct k8s_at *up, const char *name)
{
	return (struct k8s_at){.up = up, .name = name, .val = k8s_get(up->val, name)};
}

/** A path that the server prints though the value stands elsewhere. */
static inline struct k8s_at k8s_path(const struct k8s_at *up, const char *name, struct k8s_val *val)
{
	return (struct k8s_at){.up = up, .name = name, .val = val};
}

static inline struct k8s_at k8s_index(const struct k8s_at *up, uint32_t i)
{
	return (struct k8s_at){.up = up, .index = (int32_t)i, .val = up->val->items[i]};
}

/** Pair @p i of a map. */
static inline struct k8s_at k8s_pair(const struct k8s_at *up, uint32_t i)
{
	return (struct k8s_at){.up = up, .key = up->val->keys[i].name, .val = up->val->items[i]};
}

static inline struct k8s_at k8s_key(const struct k8s_at *up, const char *key, struct k8s_val *val)
{
	return (struct k8s_at){.up = up, .key = key, .val = val};
}

/** String there, "" for none. */
static inline const char *k8s_at_str(const struct k8s_at *at)
{
	return at->val != NULL && at->val->type == K8S_VAL_STRING ? at->val->str : "";
}

/** "spec.containers[0].name". */
const char *k8s_path_text(struct k8s_arena *arena, const struct k8s_at *at);

/** Node to point at: of the value, or of the nearest one above it. */
const struct hp_yaml_node *k8s_at_node(const struct k8s_at *at);

/** Any cause. */
void k8s_add(struct k8s_check *c, const struct k8s_at *at, const char *reason, const char *message);

/** "Required value", with ": detail" unless that is "". */
void k8s_required(struct k8s_check *c, const struct k8s_at *at, const char *detail);
void k8s_forbidden(struct k8s_check *c, const struct k8s_at *at, const char *detail);
/** The value is printed as Go's %q. */
void k8s_invalid(
	struct k8s_check *c, const struct k8s_at *at, const char *value, const char *detail);
/** The value is printed as it is: a number, or JSON. */
void k8s_invalid_raw(
	struct k8s_check *c, const struct k8s_at *at, const char *json, const char *detail);
void k8s_invalid_int(
	struct k8s_check *c, const struct k8s_at *at, int64_t value, const char *detail);
void k8s_duplicate(struct k8s_check *c, const struct k8s_at *at, const char *value);
void k8s_not_found(struct k8s_check *c, const struct k8s_at *at, const char *value);
/** @p allowed ends with NULL and is printed in its order. */
void k8s_unsupported(struct k8s_check *c, const struct k8s_at *at, const char *value,
	const char *const *allowed);
void k8s_too_long(struct k8s_check *c, const struct k8s_at *at, int64_t max);
void k8s_too_many(struct k8s_check *c, const struct k8s_at *at, int64_t n, int64_t max);

/** "must be greater than or equal to 0" for a negative number there. */
void k8s_nonnegative(struct k8s_check *c, const struct k8s_at *at);

/** True if @p text is one of the words, which end with NULL. */
bool k8s_one_of(const char *text, const char *const *words);

/** The value there as unsupported unless it is one of @p allowed; absent is fine. */
void k8s_enum(struct k8s_check *c, const struct k8s_at *at, const char *const *allowed);
