// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Names and amounts of resources: what containers, pods, quotas and limit ranges may ask for.

#pragma once

#include "k8s_check.h"

#define K8S_HUGEPAGES "hugepages-"

bool k8s_is_hugepages(const char *resource);
/** Whether a request may be less than the limit. */
bool k8s_overcommit_allowed(const char *resource);
/** cpu, memory or hugepages-: what spec.resources may hold. */
bool k8s_is_pod_level(const char *resource);
bool k8s_is_standard_quota_resource(const char *resource);

/** Name of a resource of a container, "<name>" at @p at, which has it as key. */
void k8s_container_resource_name(
	struct k8s_check *c, const struct k8s_at *at, const char *resource);
void k8s_resource_name(struct k8s_check *c, const struct k8s_at *at, const char *resource);
void k8s_quota_resource_name(struct k8s_check *c, const struct k8s_at *at, const char *resource);

/** Not negative, and whole where the resource is counted. */
void k8s_resource_amount(struct k8s_check *c, const struct k8s_at *at, const char *resource);

/**
 * limits, requests and claims at a path.
 *
 * @param pod_level
 *   For spec.resources, which has its own list of names.
 * @param claims
 *   spec.resourceClaims or NULL.
 */
void k8s_resource_requirements(
	struct k8s_check *c, const struct k8s_at *at, bool pod_level, const struct k8s_val *claims);

/** spec.overhead: a list of limits at a path of its own. */
void k8s_overhead(struct k8s_check *c, const struct k8s_at *at);
