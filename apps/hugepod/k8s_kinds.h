// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Validators of the kinds and of the parts they share. Each looks at a decoded and defaulted object
// and adds the causes that the API server 1.36 answers with.

#pragma once

#include "k8s_check.h"

/** metadata of an object. @p name_is_label: names are DNS labels, not subdomains. */
void k8s_object_meta(
	struct k8s_check *c, const struct k8s_at *root, bool namespaced, bool name_is_label);

/** What validators of a pod's parts need of the pod. */
struct k8s_pod_check {
	struct k8s_check *c;
	const struct k8s_val *meta; ///< the pod's or template's metadata
	const struct k8s_val *spec;
	bool is_pod; ///< a Pod, not a template
	const char *pod_name; ///< NULL in templates
	struct k8s_val *volumes; ///< map name -> volume of those that are valid
	int64_t grace; ///< terminationGracePeriodSeconds
	bool has_grace;
	bool host_users; ///< the pod shares the host's user namespace
};

/** A pod's spec at @p at. */
void k8s_pod_spec(
	struct k8s_check *c, const struct k8s_at *at, const struct k8s_val *meta, bool is_pod);
/** A pod template at @p at. */
void k8s_pod_template(struct k8s_check *c, const struct k8s_at *at);
/** Annotations with a meaning of their own. */
void k8s_pod_annotations(
	struct k8s_check *c, const struct k8s_at *annotations, const struct k8s_val *spec);
/** Seccomp and AppArmor of annotations against the fields. */
void k8s_pod_profiles(
	struct k8s_check *c, const struct k8s_at *spec, const struct k8s_val *annotations);

/** spec.volumes: fills p->volumes. */
void k8s_volumes(struct k8s_pod_check *p, const struct k8s_at *at);
void k8s_projected_volume(struct k8s_pod_check *p, const struct k8s_at *at);
void k8s_downward_file(struct k8s_check *c, const struct k8s_at *at, const struct k8s_val *file);
void k8s_key_to_paths(struct k8s_check *c, const struct k8s_at *items);
void k8s_file_mode(struct k8s_check *c, const struct k8s_at *at);

/** containers, initContainers, ephemeralContainers. */
void k8s_containers(struct k8s_pod_check *p, const struct k8s_at *spec);
void k8s_env(struct k8s_check *c, const struct k8s_at *at);
void k8s_env_from(struct k8s_check *c, const struct k8s_at *at);
void k8s_field_ref(struct k8s_check *c, const struct k8s_at *at, bool volume);
void k8s_resource_field_ref(struct k8s_check *c, const struct k8s_at *at, bool volume);
void k8s_volume_mounts(struct k8s_pod_check *p, const struct k8s_at *container);
/** The probes and the lifecycle of a container. */
void k8s_probes(struct k8s_pod_check *p, const struct k8s_at *container);
void k8s_security_context(struct k8s_pod_check *p, const struct k8s_at *at);
void k8s_pod_security_context(struct k8s_pod_check *p, const struct k8s_at *spec);
void k8s_pod_os(struct k8s_pod_check *p, const struct k8s_at *spec);
void k8s_affinity(struct k8s_check *c, const struct k8s_at *at);
void k8s_topology_spread(struct k8s_check *c, const struct k8s_at *at);
void k8s_tolerations(struct k8s_check *c, const struct k8s_at *at);
void k8s_pull_policy(struct k8s_check *c, const struct k8s_at *at);

/** spec.resources and its agreement with the containers. */
void k8s_pod_resources(struct k8s_pod_check *p, const struct k8s_at *spec);

/** spec of a PersistentVolumeClaim, also in templates. */
void k8s_claim_spec(struct k8s_check *c, const struct k8s_at *at);

void k8s_check_pod(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_deployment(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_replica_set(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_stateful_set(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_daemon_set(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_job(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_cron_job(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_limit_range(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_quota(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_namespace(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_config_map(struct k8s_check *c, const struct k8s_at *root);
void k8s_check_claim(struct k8s_check *c, const struct k8s_at *root);
