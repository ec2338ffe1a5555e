// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Lists of resources ("memory: 1Gi"), and what a pod's containers add up to, by the scheduler's
// rule. Pure: no I/O, no allocation.

#pragma once

#include "k8s_quantity.h"
#include "k8s_value.h"

#include <stdbool.h>
#include <stdint.h>

#define PLAN_RES_MAX 24 // resources of one list; a node with ten device plugins has 20

/** One resource. */
struct plan_res {
	const char *name; ///< not owned
	struct k8s_quantity q;
	int64_t amount; ///< plan_amount_of(name, q), kept by plan_set() and plan_add()
};

/** Resources, each name once, in the order in which they came. */
struct plan_list {
	uint32_t n;
	bool full; ///< something did not fit
	struct plan_res item[PLAN_RES_MAX];
};

/** Its quantity, NULL if the list has no such name. */
const struct k8s_quantity *plan_get(const struct plan_list *list, const char *name);
/** Set or replace. */
void plan_set(struct plan_list *list, const char *name, const struct k8s_quantity *q);
/** @p list += @p other. */
void plan_add(struct plan_list *list, const struct plan_list *other);
/** Each of @p list becomes the larger of the two. */
void plan_max(struct plan_list *list, const struct plan_list *other);

/** Thousandths for "cpu", whole units (bytes) for all others, rounded up; 0 if it is not there. */
int64_t plan_amount(const struct plan_list *list, const char *name);
/** The same of one quantity. */
int64_t plan_amount_of(const char *name, const struct k8s_quantity *q);

/** Sum and product that stay at INT64_MAX: manifests may hold any number. Not below 0. */
int64_t plan_plus(int64_t a, int64_t b);
int64_t plan_times(int64_t a, int64_t b);

/** As Kubernetes prints it; in @p buf of K8S_QUANTITY_TEXT bytes. */
const char *plan_text(char *buf, const struct k8s_quantity *q);
/** An amount as plan_amount() gives it: "1500m", "2", "512Mi". */
const char *plan_amount_text(char *buf, const char *name, int64_t amount);

/** Page size in bytes of "hugepages-2Mi"; 0 if the name is none of a hugepage resource. */
int64_t plan_page_size(const char *name);

enum plan_kind {
	PLAN_APP,
	PLAN_SIDECAR, ///< an init container with restartPolicy Always
	PLAN_INIT,
};

/**
 * Add one container to what a pod's containers add up to: the sum of apps and sidecars, or more
 * where an init container together with the sidecars before it takes more. Init containers and
 * sidecars come in the pod's order.
 *
 * @param sum
 *   Apps and sidecars so far.
 * @param sidecars, most
 *   Sidecars so far, and the most that any init container took; zero at first. Once all are in,
 *   plan_max(sum, most) is the result.
 */
void plan_effective_add(struct plan_list *sum, struct plan_list *sidecars, struct plan_list *most,
	enum plan_kind kind, const struct plan_list *list);
