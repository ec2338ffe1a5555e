// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a pod asks for: sums over its containers as the scheduler and the kubelet compute them.
// Takes decoded objects, so every amount is a parsed quantity.

#pragma once

#include "k8s_value.h"

#include <stdbool.h>
#include <stdint.h>

struct k8s_amount {
	const char *name; ///< "cpu", "hugepages-2Mi", ...; belongs to the object
	struct k8s_quantity quantity;
};

/** Amounts by resource name. Zero-initialise it; the memory is the arena's. */
struct k8s_resources {
	struct k8s_amount *amounts;
	uint32_t n, room;
};

/** Amount of a resource, NULL if it is not in the list. */
const struct k8s_quantity *k8s_resources_get(const struct k8s_resources *list, const char *name);
/** Set the amount of a resource. */
void k8s_resources_set(struct k8s_arena *arena, struct k8s_resources *list, const char *name,
	const struct k8s_quantity *quantity);
/** Add every amount of a limits, requests or overhead map; NULL adds nothing. */
void k8s_resources_add(
	struct k8s_arena *arena, struct k8s_resources *list, const struct k8s_val *map);
/** Add every amount of @p more. */
void k8s_resources_sum(
	struct k8s_arena *arena, struct k8s_resources *list, const struct k8s_resources *more);
/** Raise every amount to that of @p other where it is more. */
void k8s_resources_max(
	struct k8s_arena *arena, struct k8s_resources *list, const struct k8s_resources *other);

/** True for an init container that goes on running: restartPolicy Always. */
bool k8s_is_sidecar(const struct k8s_val *container);

/**
 * The containers' sum: max(apps + sidecars, each init container + the sidecars before it).
 *
 * @param which
 *   "requests" or "limits".
 */
void k8s_pod_aggregate(struct k8s_arena *arena, const struct k8s_val *spec, const char *which,
	struct k8s_resources *out);

/**
 * What the scheduler reserves and the kubelet writes into the pod's cgroup: the containers' sum,
 * replaced by spec.resources where that names the resource, plus spec.overhead.
 */
void k8s_pod_effective(struct k8s_arena *arena, const struct k8s_val *spec, const char *which,
	struct k8s_resources *out);

/** "Guaranteed", "Burstable" or "BestEffort". */
const char *k8s_pod_qos(struct k8s_arena *arena, const struct k8s_val *spec);

/** The pod spec within an object of any kind that has one, NULL otherwise. */
struct k8s_val *k8s_pod_spec_of(const struct k8s_val *root);
/** The metadata of the pods that the object makes: its own or its template's. */
struct k8s_val *k8s_pod_meta_of(const struct k8s_val *root);
