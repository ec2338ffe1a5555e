// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The cgroup files of a pod and its containers, with the values that the kubelet and the runtime
// write there.

#include "base/hp_cgroup.h"
#include "plan.h"

#include <stdio.h>
#include <string.h>

#define PERIOD_US 100000 // the kubelet's --cpu-cfs-quota-period
#define QUOTA_MIN_US 1000 // of the kernel
#define SHARES_MIN 2
#define SHARES_MAX 262144

struct files {
	struct plan *plan;
	const struct plan_instance *instance;
	enum plan_runtime runtime;
	struct plan_file *file;
	uint32_t n, room;
};

static void add(
	struct files *f, const char *dir, const char *name, const char *value, const char *why)
{
	if (f->n == f->room) {
		uint32_t room = f->room == 0 ? 32 : 2 * f->room;
		struct plan_file *grown = k8s_alloc(&f->plan->arena, room * sizeof(*grown));

		if (grown == NULL)
			return;
		if (f->n > 0)
			memcpy(grown, f->file, f->n * sizeof(*grown));
		f->file = grown;
		f->room = room;
	}
	f->file[f->n++] =
		(struct plan_file){k8s_printf(&f->plan->arena, "%s/%s", dir, name), value, why};
}

static const char *number(struct files *f, int64_t n)
{
	return k8s_printf(&f->plan->arena, "%lld", (long long)n);
}

static int64_t shares_of(int64_t milli)
{
	int64_t shares = plan_times(milli, 1024) / 1000;

	if (shares < SHARES_MIN)
		return SHARES_MIN;
	return shares < SHARES_MAX ? shares : SHARES_MAX;
}

static int64_t weight_of(int64_t milli)
{
	int64_t shares = shares_of(milli);

	return 1 + (shares - SHARES_MIN) * 9999 / (SHARES_MAX - SHARES_MIN);
}

static const char *quota_of(struct files *f, int64_t milli)
{
	int64_t quota = plan_times(milli, PERIOD_US / 1000);

	if (milli == 0)
		return k8s_printf(&f->plan->arena, "max %d", PERIOD_US);
	return k8s_printf(&f->plan->arena, "%lld %d",
		(long long)(quota < QUOTA_MIN_US ? QUOTA_MIN_US : quota), PERIOD_US);
}

// Version 1 has a folder a controller, and other names.
static const char *dir_of(struct files *f, const char *controller, const char *group)
{
	return f->plan->cgroup_v1 ? k8s_printf(&f->plan->arena, "%s%s", controller, group)
				  : k8s_printf(&f->plan->arena, "%s", group + 1);
}

static void add_hugetlb(struct files *f, const char *group, int64_t page, const char *value,
	bool reservation, const char *why)
{
	const char *dir = dir_of(f, "hugetlb", group), *v1 = "limit_in_bytes", *v2 = "max";
	char size[24], name[64];

	hp_cgroup_size_name(size, sizeof(size), (uint64_t)page);
	if (f->plan->cgroup_v1 && strcmp(value, "max") == 0)
		value = "9223372036852678656"; // what "no limit" reads as, cut to a page
	snprintf(name, sizeof(name), "hugetlb.%s.%s", size, f->plan->cgroup_v1 ? v1 : v2);
	add(f, dir, name, value, why);
	if (!reservation)
		return;
	snprintf(name, sizeof(name), "hugetlb.%s.rsvd.%s", size, f->plan->cgroup_v1 ? v1 : v2);
	add(f, dir, name, value, NULL);
}

static void add_cpu_memory(struct files *f, const char *group, int64_t milli, int64_t limit,
	int64_t memory, const char *weight_note)
{
	const char *dir = dir_of(f, "cpu,cpuacct", group);

	if (f->plan->cgroup_v1) {
		add(f, dir, "cpu.shares", number(f, shares_of(milli)), NULL);
		add(f, dir, "cpu.cfs_quota_us",
			limit > 0 ? number(f, plan_times(limit, PERIOD_US / 1000)) : "-1", NULL);
		dir = dir_of(f, "memory", group);
		add(f, dir, "memory.limit_in_bytes", memory > 0 ? number(f, memory) : "-1", NULL);
		return;
	}
	add(f, dir, "cpu.weight", number(f, weight_of(milli)), weight_note);
	add(f, dir, "cpu.max", quota_of(f, limit), NULL);
	add(f, dir, "memory.max", memory > 0 ? number(f, memory) : "max", NULL);
}

static const char *pod_group(struct files *f)
{
	static const char *const names[] = {"besteffort", "burstable", NULL};
	const char *name = names[f->instance->pod->qos]; // NULL: Guaranteed has no tier

	// <UID> is the pod's, with '_' for '-' where systemd makes the group.
	if (f->plan->cgroupfs)
		return name == NULL ? "/kubepods/pod<UID>"
				    : k8s_printf(&f->plan->arena, "/kubepods/%s/pod<UID>", name);
	if (name == NULL)
		return "/kubepods.slice/kubepods-pod<UID>.slice";
	return k8s_printf(&f->plan->arena,
		"/kubepods.slice/kubepods-%s.slice/kubepods-%s-pod<UID>.slice", name, name);
}

static const char *container_group(struct files *f, const char *pod, const struct plan_container *c)
{
	bool crio = f->runtime == PLAN_CRIO;

	if (f->plan->cgroupfs)
		return k8s_printf(
			&f->plan->arena, "%s/%s<ID of %s>", pod, crio ? "crio-" : "", c->name);
	return k8s_printf(&f->plan->arena, "%s/%s-<ID of %s>.scope", pod,
		crio ? "crio" : "cri-containerd", c->name);
}

// A pod's limit on memory or CPU is written only if every container has one.
static bool all_limited(const struct plan_pod *pod, const char *name)
{
	if (plan_amount(&pod->pod_limits, name) > 0)
		return true;
	for (uint32_t i = 0; i < pod->n_containers; i++)
		if (plan_amount(&pod->containers[i].limits, name) == 0)
			return false;
	return true;
}

static void add_pod(struct files *f, const char *group, const struct plan_list *sizes)
{
	const struct plan_pod *pod = f->instance->pod;
	bool best_effort = pod->qos == PLAN_BEST_EFFORT;

	for (uint32_t i = 0; i < sizes->n; i++) {
		const char *name = sizes->item[i].name;

		add_hugetlb(f, group, plan_page_size(name),
			number(f, plan_amount(&pod->requests, name)), true,
			plan_amount(&pod->requests, name) == 0
				? "a size that the pod does not ask for"
				: NULL);
	}
	add_cpu_memory(f, group, best_effort ? 0 : plan_amount(&pod->requests, "cpu"),
		!best_effort && all_limited(pod, "cpu") ? plan_amount(&pod->limits, "cpu") : 0,
		!best_effort && all_limited(pod, "memory") ? plan_amount(&pod->limits, "memory")
							   : 0,
		NULL);
}

// A container's limit, or the pod's where only spec.resources has one.
static int64_t limit_of(
	const struct plan_pod *pod, const struct plan_container *c, const char *name)
{
	if (plan_get(&c->limits, name) != NULL)
		return plan_amount(&c->limits, name);
	return plan_amount(&pod->pod_limits, name);
}

static void add_container(struct files *f, const char *group, const struct plan_container *c,
	const struct plan_list *sizes)
{
	const struct plan_pod *pod = f->instance->pod;

	for (uint32_t i = 0; i < sizes->n; i++) {
		const char *name = sizes->item[i].name;
		int64_t page = plan_page_size(name);

		if (f->runtime == PLAN_CONTAINERD)
			add_hugetlb(f, group, page, "max", true,
				"containerd sets none by default: only the pod's limit holds");
		else
			add_hugetlb(f, group, page, number(f, limit_of(pod, c, name)),
				f->runtime == PLAN_CONTAINERD_HUGETLB, NULL);
	}
	add_cpu_memory(f, group, plan_amount(&c->requests, "cpu"), limit_of(pod, c, "cpu"),
		limit_of(pod, c, "memory"),
		"by the kubelet's formula; newer runtimes have another for containers");
}

uint32_t plan_cgroup_files(
	struct plan *plan, const struct plan_instance *instance, const struct plan_file **out)
{
	struct files f = {.plan = plan, .instance = instance};
	const struct plan_list *all =
		instance->node != NULL ? &instance->node->capacity : &instance->pod->requests;
	struct plan_list sizes = {0};
	const char *group;

	f.runtime = (enum plan_runtime)(instance->node != NULL && instance->node->runtime >= 0
						? instance->node->runtime
						: plan->runtime);
	for (uint32_t i = 0; i < all->n; i++)
		if (plan_page_size(all->item[i].name) > 0)
			plan_set(&sizes, all->item[i].name, &all->item[i].q);
	group = pod_group(&f);
	if (group != NULL) {
		add_pod(&f, group, &sizes);
		for (uint32_t i = 0; i < instance->pod->n_containers; i++) {
			const struct plan_container *c = &instance->pod->containers[i];
			const char *inner = container_group(&f, group, c);

			if (inner != NULL)
				add_container(&f, inner, c, &sizes);
		}
	}
	*out = f.file;
	return f.n;
}
