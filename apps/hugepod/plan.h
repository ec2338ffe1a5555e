// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Inner parts of `hugepod plan`: nodes and pods as they are read, where each pod goes, and how that
// is printed. All memory belongs to the plan's arena.

#pragma once

#include "base/hp_err.h"
#include "base/hp_opts.h"
#include "k8s_value.h"
#include "plan_res.h"

#include <stdio.h>

#define PLAN_PODS_MAX 10000 // instances of all pods together: more is a mistake in "replicas"
#define PLAN_NODES_MAX 1000 // nodes; Kubernetes itself supports 5,000, nobody reads a plan of these
#define PLAN_PODS_DEFAULT 110 // the kubelet's --max-pods
#define PLAN_EVICTION_DEFAULT "100Mi" // the kubelet's memory.available
#define PLAN_NUMA_MAX 32 // NUMA nodes of a machine, RTE_MAX_NUMA_NODES

enum plan_runtime {
	PLAN_CONTAINERD, ///< its default: no hugetlb limit for a container
	PLAN_CONTAINERD_HUGETLB, ///< with disable_hugetlb_controller = false
	PLAN_CRIO,
};

struct plan_taint {
	const char *key, *value, *effect;
};

/** A machine. */
struct plan_node {
	const char *name;
	struct plan_list capacity;
	struct plan_list kube_reserved, system_reserved, eviction;
	struct plan_list allocatable; ///< what the kubelet says
	struct plan_list proposal; ///< the hugepage proposal's formula: without eviction
	const struct k8s_val *labels; ///< map or NULL
	struct k8s_val *own_labels; ///< the same where they come from --node
	const struct plan_taint *taints;
	uint32_t n_taints;
	bool unschedulable;
	int runtime; ///< enum plan_runtime, or -1: the plan's
	uint32_t numa; ///< NUMA nodes, at least 1

	struct plan_list used; ///< requests of the pods placed here
	uint32_t n_pods;
};

struct plan_container {
	const char *name;
	enum plan_kind kind;
	struct plan_list requests, limits; ///< with all defaults
	const struct k8s_val *val;
	bool secondary; ///< its arguments say that it attaches to a primary
	int64_t asked; ///< bytes of hugepages that its arguments ask for at most; 0: they don't say
	int64_t asked_least; ///< and at least: of a configuration both are estimates
	const char *asked_by; ///< the argument, "-m 64"
};

enum plan_qos {
	PLAN_BEST_EFFORT,
	PLAN_BURSTABLE,
	PLAN_GUARANTEED,
};

/** A pod, or the template of several. */
struct plan_pod {
	const char *ns, *name, *kind, *file;
	uint32_t line;
	int64_t replicas;
	const struct k8s_val *meta, *spec;
	struct plan_container *containers;
	uint32_t n_containers;
	bool pod_level; ///< spec.resources is set
	struct plan_list pod_requests, pod_limits, overhead;
	struct plan_list requests; ///< effective, overhead included: what the scheduler counts
	struct plan_list limits;
	struct plan_list range_requests, range_limits; ///< as a LimitRange for pods counts them
	enum plan_qos qos;
	int64_t priority; ///< who goes first
	const char *refused; ///< what the API server says instead of taking it, NULL: nothing
};

/** One pod of the cluster. */
struct plan_instance {
	const struct plan_pod *pod;
	const char *name;
	struct plan_node *node; ///< NULL: it runs nowhere
	struct plan_node *only; ///< of a DaemonSet: the node that it is for
	const char *reason; ///< why it runs nowhere: reason of the event, "FailedScheduling"
	const char *event; ///< and its text
};

/** A PriorityClass. */
struct plan_priority {
	const char *name;
	int64_t value;
	bool global_default;
};

/** A ResourceQuota or LimitRange. */
struct plan_policy {
	const char *ns, *name;
	const struct k8s_val *spec;
	struct plan_list hard, used; ///< ResourceQuota
};

/** Everything. */
struct plan {
	struct k8s_arena arena;
	struct plan_node *nodes;
	uint32_t n_nodes;
	struct plan_pod *pods;
	uint32_t n_pods, pods_room;
	struct plan_instance *instances;
	uint32_t n_instances;
	struct plan_policy *quotas, *ranges;
	uint32_t n_quotas, n_ranges;
	struct plan_priority *priorities;
	uint32_t n_priorities;
	const struct k8s_val **configs; ///< ConfigMaps
	uint32_t n_configs;
	int runtime; ///< enum plan_runtime
	bool cgroup_v1, cgroupfs; ///< on the nodes: version 1, the kubelet's cgroupDriver
	bool any_anti; ///< some pod has required anti-affinity
	struct hp_yaml_file **files; ///< values point into them
	uint32_t n_files;
};

// plan_node.c

/**
 * Read "NAME=KEY=VALUE,KEY=VALUE...": resources ("hugepages-2Mi=1Gi"), "kube-reserved.memory=1Gi",
 * "system-reserved.cpu=1", "eviction.memory=100Mi", "label.KEY=VALUE", "taint.KEY=VALUE:EFFECT",
 * "numa=2", "runtime=crio", "unschedulable=true".
 * @return 0, or -EINVAL/-ENOMEM with @p err filled (HP_EXIT_USAGE).
 */
int plan_node_parse(struct plan *plan, const char *text, struct hp_err *err);
/** Read a Node object. Errors are HP_EXIT_DATA. */
int plan_node_read(
	struct plan *plan, const struct k8s_val *obj, const char *file, struct hp_err *err);
/** Fill allocatable from capacity and reservations, unless the object had it. */
void plan_node_allocatable(struct plan_node *node);

// plan_read.c

/** Read a file or folder of manifests. 0, or -errno with @p err filled (HP_EXIT_DATA). */
int plan_read_path(struct plan *plan, const char *path, struct hp_err *err);
/** Read manifests from memory; @p name is for errors. */
int plan_read_text(
	struct plan *plan, const char *name, const char *text, size_t len, struct hp_err *err);
/** A map of quantities into a list. NULL is an empty one. Errors are HP_EXIT_DATA. */
int plan_list_read(
	struct plan_list *list, const struct k8s_val *map, const char *file, struct hp_err *err);

// plan_pod.c

/** Read a pod's spec into @p pod: containers, resources as given, with the API's defaults. */
int plan_pod_read(struct plan *plan, struct plan_pod *pod, struct hp_err *err);
/** Effective requests and limits and the QoS class, after all defaults. */
void plan_pod_finish(struct plan_pod *pod);

// plan_args.c

/** Bytes that the container's arguments ask for, and whether it is a secondary. */
void plan_container_args(struct plan *plan, struct plan_container *c, const struct plan_pod *pod);

// plan_admit.c

/** Limit ranges' defaults for a pod, before plan_pod_finish(). */
void plan_ranges_apply(struct plan *plan, struct plan_pod *pod);
/** What admission says of one more pod: NULL if it lets it in (and it is counted), else why. */
const char *plan_admit(struct plan *plan, const struct plan_pod *pod, const char *name);

// plan_priority.c

/** Read a PriorityClass. 0, or -errno with @p err filled. */
int plan_priority_read(struct plan *plan, const struct k8s_val *obj, struct hp_err *err);
/** Give each pod its priority, after everything is read. */
void plan_priorities_apply(struct plan *plan);
/**
 * The order in which instances get their places: by priority; of equals, who has a node already,
 * then as in the files. @return all instances, in the arena; NULL without memory.
 */
struct plan_instance **plan_queue(struct plan *plan);

// plan_sched.c

/** Make the instances, admit and place them. -errno with @p err filled. */
int plan_schedule(struct plan *plan, struct hp_err *err);

/** Why the node would not take the pod if it were empty; NULL if it would. Without pod affinity. */
const char *plan_alone(struct plan *plan, const struct plan_pod *pod, const struct plan_node *node);

// plan_match.c

/** A label selector (matchLabels, matchExpressions); NULL matches nothing, an empty one all. */
bool plan_labels_match(const struct k8s_val *selector, const struct k8s_val *labels);
/** nodeSelector and required node affinity. */
bool plan_node_matches(const struct plan_pod *pod, const struct plan_node *node);
/** True if the pod tolerates all taints of the node that keep pods away. */
bool plan_tolerates(const struct plan_pod *pod, const struct plan_node *node);
/** Required pod affinity: NULL, or the scheduler's reason. */
const char *plan_affinity(
	const struct plan *plan, const struct plan_pod *pod, const struct plan_node *node);

// plan_cgroup.c

/** One file of a cgroup. */
struct plan_file {
	const char *path; ///< below /sys/fs/cgroup
	const char *value;
	const char *why; ///< or NULL
};
/** Files of an instance's pod and containers. @return how many; @p out is in the arena. */
uint32_t plan_cgroup_files(
	struct plan *plan, const struct plan_instance *instance, const struct plan_file **out);

// plan_pages.c

/** What to reserve of one page size. */
struct plan_reserve {
	const char *name; ///< resource
	int64_t page; ///< bytes
	int64_t wanted; ///< pages that the pods on this node, or all pods for no node, ask for
	int64_t has; ///< pages that the node has
	int64_t per_numa[PLAN_NUMA_MAX]; ///< of wanted
	uint32_t numa;
};
/** For a node, or for all pods that run nowhere if @p node is NULL. @return how many. */
uint32_t plan_reserves(
	struct plan *plan, struct plan_node *node, struct plan_reserve *out, uint32_t max);

/** A page size as the kernel's command line has it: "2M". Returns @p buf. */
const char *plan_page_text(char *buf, size_t size, int64_t page);

/** Something that is asked for and never used. */
struct plan_waste {
	const char *ns, *pod, *container;
	const char *name; ///< resource
	int64_t bytes; ///< of one pod
	int64_t pods; ///< how many such
	const char *why;
};
uint32_t plan_wastes(struct plan *plan, const struct plan_waste **out);

// plan_print.c, plan_json.c, plan_svg.c

void plan_print_text(FILE *out, struct plan *plan);
int plan_print_json(FILE *out, struct plan *plan);
void plan_print_svg(FILE *out, struct plan *plan);

// plan.c

/** Once all is read: defaults, admission, placement. 0 or -errno with @p err filled. */
int plan_make(struct plan *plan, struct hp_err *err);
/** Free all that was read; the struct itself is the caller's. */
void plan_free(struct plan *plan);

extern const char *const plan_qos_names[];
extern const char *const plan_runtime_names[];
