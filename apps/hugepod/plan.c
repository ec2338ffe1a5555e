// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod plan: reads nodes and manifests, and says where each pod goes and what it takes there.

#include "plan.h"

#include "base/hp_yaml.h"
#include "hugepod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum plan_format {
	PLAN_TEXT,
	PLAN_JSON,
	PLAN_SVG,
};

struct plan_opts {
	struct hp_strlist node, nodes;
	int runtime, cgroup, driver, format;
};

#define AT(field) .offset = offsetof(struct plan_opts, field)

static const char *const formats[] = {"text", "json", "svg", NULL};
static const char *const cgroups[] = {"v2", "v1", NULL};
static const char *const drivers[] = {"systemd", "cgroupfs", NULL};

// clang-format off
static const struct hp_opt opts[] = {
	{"node", 0, HP_OPT_LIST, HP_OPT_CLI, AT(node), .min = 1, .arg = "NAME=KEY=VALUE,...",
	 .help = "A node: its capacity (hugepages-2Mi=1Gi,memory=10Gi,cpu=8), and as far as needed "
		 "kube-reserved.memory=, system-reserved.cpu=, eviction.memory= (default 100Mi), "
		 "pods= (default 110), numa=, runtime=, unschedulable=true, label.KEY=, "
		 "taint.KEY=VALUE:EFFECT."},
	{"nodes", 0, HP_OPT_LIST, HP_OPT_CLI, AT(nodes), .min = 1, .arg = "FILE",
	 .help = "Node objects, as `kubectl get nodes -o yaml` prints them, or a list \"nodes\" of "
		 "maps with a name and the keys of --node."},
	{"runtime", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(runtime), .words = plan_runtime_names,
	 .def = "containerd",
	 .help = "Container runtime of nodes that do not say theirs; containerd-hugetlb is "
		 "containerd with disable_hugetlb_controller = false."},
	{"cgroup", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(cgroup), .words = cgroups, .def = "v2",
	 .help = "Version of the nodes' control groups."},
	{"cgroup-driver", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(driver), .words = drivers,
	 .def = "systemd", .help = "The kubelet's cgroupDriver."},
	{"format", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(format), .words = formats, .def = "text",
	 .help = "What to print; svg is a picture."},
	{NULL},
};
// clang-format on

static const struct hp_opt_set opt_set = {
	.program = "hugepod plan",
	.summary = "says where pods with hugepages go, what they take, and what stays Pending",
	.usage = "[OPTIONS] FILE|DIR|-...",
	.details =
		"hugepod plan reads manifests (Pods, Deployments, StatefulSets, DaemonSets, Jobs, "
		"CronJobs, LimitRanges, ResourceQuotas, PriorityClasses, ConfigMaps, Nodes, Lists "
		"of these) and places the pods on the nodes as kube-scheduler does: priority, "
		"selectors, affinity, taints "
		"and requests, init containers and sidecars, overhead and resources of the pod "
		"included. It prints what is allocatable, which pods fit where, the text of the "
		"event for those that do not, what quotas and limit ranges say, the QoS class, "
		"the files of the control groups with their values, how many pages to reserve and "
		"how, and bytes that are asked for but never used.\n\n"
		"Where several nodes fit, the one with the most CPU and memory left is taken; the "
		"real scheduler weighs more.\n\n"
		"The exit code is 0 if every pod runs, 1 if one does not or the API server refuses "
		"one, 64 for a wrong command "
		"line, 65 for a manifest that cannot be read.",
	.opts = opts,
};

void plan_free(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_files; i++)
		hp_yaml_free(plan->files[i]);
	free(plan->files);
	free(plan->nodes);
	free(plan->pods);
	free(plan->instances);
	free(plan->priorities);
	free(plan->quotas);
	free(plan->ranges);
	free(plan->configs);
	k8s_arena_free(&plan->arena);
}

static int read_all(
	struct plan *plan, const struct plan_opts *o, char **files, int n_files, struct hp_err *err)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < o->node.n; i++)
		ret = plan_node_parse(plan, o->node.items[i], err);
	for (uint32_t i = 0; ret == 0 && i < o->nodes.n; i++)
		ret = plan_read_path(plan, o->nodes.items[i], err);
	for (int i = 0; ret == 0 && i < n_files; i++)
		ret = plan_read_path(plan, files[i], err);
	if (ret == 0 && plan->n_nodes == 0)
		ret = hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"no nodes: expected --node NAME=hugepages-2Mi=1Gi,memory=10Gi,cpu=8 or "
			"--nodes FILE");
	return ret;
}

int plan_make(struct plan *plan, struct hp_err *err)
{
	for (uint32_t i = 0; i < plan->n_pods; i++) {
		struct plan_pod *pod = &plan->pods[i];

		for (uint32_t c = 0; c < pod->n_containers; c++)
			plan_container_args(plan, &pod->containers[c], pod);
		plan_ranges_apply(plan, pod);
		plan_pod_finish(pod);
	}
	plan_priorities_apply(plan);
	return plan_schedule(plan, err);
}

static int print(FILE *out, struct plan *plan, int format)
{
	if (format == PLAN_JSON)
		return plan_print_json(out, plan);
	if (format == PLAN_SVG)
		plan_print_svg(out, plan);
	else
		plan_print_text(out, plan);
	return 0;
}

static int run(const void *given, int n_files, char **files, struct hp_err *err)
{
	const struct plan_opts *o = given;
	struct plan plan = {
		.runtime = o->runtime, .cgroup_v1 = o->cgroup == 1, .cgroupfs = o->driver == 1};
	int ret = read_all(&plan, o, files, n_files, err);

	if (ret == 0)
		ret = plan_make(&plan, err);
	if (ret == 0)
		ret = print(stdout, &plan, o->format);
	if (ret == -ENOMEM)
		hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	for (uint32_t i = 0; ret == 0 && i < plan.n_instances; i++)
		if (plan.instances[i].node == NULL)
			ret = HP_EXIT_OTHER;
	for (uint32_t i = 0; ret == 0 && i < plan.n_pods; i++)
		if (plan.pods[i].refused != NULL)
			ret = HP_EXIT_OTHER;
	plan_free(&plan);
	return ret < 0 ? err->exit_code : ret;
}

int hugepod_plan_main(int argc, char **argv)
{
	struct plan_opts o = {0};

	return hugepod_command(&opt_set, &o, run, argc, argv);
}
