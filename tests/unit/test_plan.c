// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod plan: what nodes have, what pods ask for and get, how it is printed.

#include "plan_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void allocatable_follows_the_proposal_and_the_kubelet(void **state)
{
	node("a=memory=10Gi,hugepages-2Mi=1Gi,cpu=8");
	amount_is(&plan.nodes[0].proposal, "memory", "9Gi");
	amount_is(&plan.nodes[0].allocatable, "memory", "9116Mi"); // less 100Mi for eviction
	amount_is(&plan.nodes[0].allocatable, "hugepages-2Mi", "1Gi");
	amount_is(&plan.nodes[0].allocatable, "pods", "110");
	node("b=memory=10Gi,hugepages-2Mi=1Gi,hugepages-1Gi=2Gi,cpu=8,kube-reserved.memory=512Mi,"
	     "system-reserved.memory=512Mi,kube-reserved.cpu=500m,eviction.memory=0,pods=20");
	amount_is(&plan.nodes[1].proposal, "memory", "6Gi");
	amount_is(&plan.nodes[1].allocatable, "memory", "6Gi");
	amount_is(&plan.nodes[1].allocatable, "cpu", "7500m");
	amount_is(&plan.nodes[1].allocatable, "pods", "20");
	node("c=memory=1Gi,hugepages-2Mi=2Gi"); // more hugepages than memory: never negative
	amount_is(&plan.nodes[2].allocatable, "memory", "0");
}

static void nodes_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "expected NAME=KEY=VALUE"},
		{"a", "expected NAME=KEY=VALUE"},
		{"=memory=1Gi", "expected NAME=KEY=VALUE"},
		{"memory=1Gi,a=b", "'1Gi': expected KEY=VALUE"},
		{"a=memory", "'memory': expected KEY=VALUE"},
		{"a=memory=lots", "expected a quantity"},
		{"a=memory=-1Gi", "may not be negative"},
		{"a=hugepages-=1Gi", "is no resource"},
		{"a=hugepages-x=1Gi", "is no resource"},
		{"a=memory=1Gi,memory=2Gi", "memory twice"},
		{"a=numa=0", "expected 1 to 32"},
		{"a=runtime=docker", "expected containerd"},
		{"a=taint.k=v", "expected taint.KEY=VALUE:EFFECT"},
		{"a=kube-reserved.hugepages-2Mi=2Mi", "cannot reserve \"hugepages-2Mi\" resource"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(plan_node_parse(&plan, cases[i].text, &err), -EINVAL);
		assert_int_equal(err.exit_code, HP_EXIT_USAGE);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("'%s': %s", cases[i].text, err.text);
		plan.n_nodes = 0;
	}
	node("a=memory=1Gi");
	assert_int_equal(plan_node_parse(&plan, "a=memory=1Gi", &err), -EINVAL);
}

static void node_objects_say_what_is_allocatable_themselves(void **state)
{
	make("apiVersion: v1\nkind: NodeList\nitems:\n"
	     "- metadata: {name: n1}\n" // items of a typed list may lack their kind
	     "- kind: Node\n  metadata: {name: n2, labels: {zone: z}}\n"
	     "  spec: {unschedulable: true, taints: [{key: k, effect: NoSchedule}]}\n"
	     "  status:\n    nodeInfo: {containerRuntimeVersion: 'cri-o://1.34.0'}\n"
	     "    capacity: {memory: 8Gi, hugepages-2Mi: 1Gi, cpu: '4', pods: '250'}\n"
	     "    allocatable: {memory: 6Gi, hugepages-2Mi: 1Gi, cpu: 3500m, pods: '250'}\n");
	assert_int_equal(plan.n_nodes, 2);
	assert_int_equal(plan.nodes[1].runtime, PLAN_CRIO);
	assert_true(plan.nodes[1].unschedulable);
	amount_is(&plan.nodes[1].allocatable, "memory", "6Gi");
	amount_is(&plan.nodes[1].allocatable, "cpu", "3500m");
	amount_is(&plan.nodes[1].proposal, "memory", "7Gi");
}

static void nodes_can_be_a_plain_list(void **state)
{
	static const char bad[] = "nodes: [{name: c, memory: lots}]\n";

	make("nodes:\n- {name: a, hugepages-2Mi: 1Gi, memory: 10Gi, cpu: 8, unschedulable: true}\n"
	     "- name: b\n  label.zone: west\n  numa: 2\n");
	assert_int_equal(plan.n_nodes, 2);
	amount_is(&plan.nodes[0].proposal, "memory", "9Gi");
	amount_is(&plan.nodes[0].capacity, "cpu", "8");
	assert_true(plan.nodes[0].unschedulable);
	assert_int_equal(plan.nodes[1].numa, 2);
	assert_int_equal(plan_read_text(&plan, "n.yaml", bad, strlen(bad), &err), -EINVAL);
	assert_int_equal(err.exit_code, HP_EXIT_DATA);
	assert_non_null(strstr(err.text, "n.yaml:1: --node c: memory=lots"));
}

static void effective_requests_follow_the_schedulers_rule(void **state)
{
	static const struct {
		const char *spec, *huge, *cpu;
	} cases[] = {
		{ONE("hugepages-2Mi: 4Mi, cpu: 1"), "4Mi", "1"},
		// two apps add up
		{"  containers:\n  - {name: a, resources: {limits: {hugepages-2Mi: 4Mi, cpu: 1}}}\n"
		 "  - {name: b, resources: {limits: {hugepages-2Mi: 6Mi}, requests: {cpu: "
		 "200m}}}\n",
			"10Mi", "1200m"},
		// an init container counts only as far as it takes more
		{"  initContainers: [{name: i, resources: {limits: {hugepages-2Mi: 8Mi, cpu: "
		 "1}}}]\n"
		 "  containers: [{name: c, resources: {limits: {hugepages-2Mi: 4Mi, cpu: 2}}}]\n",
			"8Mi", "2"},
		// a sidecar adds to the apps, and to the init containers after it
		{"  initContainers:\n"
		 "  - {name: s, restartPolicy: Always, resources: {limits: {hugepages-2Mi: 8Mi, "
		 "cpu: 1}}}\n"
		 "  - {name: i, resources: {limits: {hugepages-2Mi: 10Mi, cpu: 500m}}}\n"
		 "  containers: [{name: c, resources: {limits: {hugepages-2Mi: 4Mi, cpu: 1}}}]\n",
			"18Mi", "2"},
		// but not to those before it
		{"  initContainers:\n"
		 "  - {name: i, resources: {limits: {hugepages-2Mi: 10Mi, cpu: 500m}}}\n"
		 "  - {name: s, restartPolicy: Always, resources: {limits: {hugepages-2Mi: 8Mi, "
		 "cpu: 1}}}\n"
		 "  containers: [{name: c, resources: {limits: {hugepages-2Mi: 4Mi, cpu: 1}}}]\n",
			"12Mi", "2"},
		// overhead comes on top of all
		{"  overhead: {cpu: 250m}\n" ONE("hugepages-2Mi: 4Mi, cpu: 1"), "4Mi", "1250m"},
		// resources of the pod replace the sum, and take hugepages limits from the
		// containers
		{"  resources: {limits: {hugepages-2Mi: 20Mi, cpu: 3}}\n" ONE(
			 "hugepages-2Mi: 4Mi, cpu: 1"),
			"20Mi", "1"},
		{"  resources: {limits: {cpu: 3}}\n" ONE("hugepages-2Mi: 4Mi"), "4Mi", "3"},
		{"  resources: {requests: {cpu: 3}}\n" ONE("hugepages-2Mi: 4Mi, cpu: 1"), "4Mi",
			"3"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		char yaml[1024];

		snprintf(yaml, sizeof(yaml), POD("p", "%s"), cases[i].spec);
		make(yaml);
		amount_is(&plan.pods[0].requests, "hugepages-2Mi", cases[i].huge);
		amount_is(&plan.pods[0].requests, "cpu", cases[i].cpu);
		plan_free(&plan);
		memset(&plan, 0, sizeof(plan));
	}
}

static void the_qos_class_looks_at_cpu_and_memory_alone(void **state)
{
	static const struct {
		const char *spec;
		enum plan_qos qos;
	} cases[] = {
		{ONE("hugepages-2Mi: 4Mi, cpu: 1, memory: 1Gi"), PLAN_GUARANTEED},
		{ONE("hugepages-2Mi: 4Mi, cpu: 1"), PLAN_BURSTABLE},
		{ONE("hugepages-2Mi: 4Mi, memory: '0'"), PLAN_BEST_EFFORT},
		{"  containers:\n  - {name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}\n"
		 "  - {name: b}\n",
			PLAN_BURSTABLE},
		{"  initContainers: [{name: i}]\n" ONE("cpu: 1, memory: 1Gi"), PLAN_BURSTABLE},
		{"  containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}, requests: "
		 "{cpu: 500m}}}]\n",
			PLAN_BURSTABLE},
		{"  resources: {limits: {cpu: 1, memory: 1Gi}}\n  containers: [{name: a}]\n",
			PLAN_GUARANTEED},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		char yaml[1024];

		snprintf(yaml, sizeof(yaml), POD("p", "%s"), cases[i].spec);
		make(yaml);
		assert_int_equal(plan.pods[0].qos, cases[i].qos);
		plan_free(&plan);
		memset(&plan, 0, sizeof(plan));
	}
}

static const char *file_value(const char *pod, const char *path)
{
	const struct plan_file *files;
	uint32_t n = plan_cgroup_files(&plan, find(pod), &files);

	for (uint32_t i = 0; i < n; i++)
		if (strcmp(files[i].path, path) == 0)
			return files[i].value;
	fail_msg("no file %s", path);
	return "";
}

#define TWO_SIZES "a=memory=64Gi,hugepages-2Mi=1Gi,hugepages-1Gi=2Gi,cpu=64"
#define G "kubepods.slice/kubepods-pod<UID>.slice/"

static void cgroup_files_differ_by_runtime(void **state)
{
	static const struct {
		enum plan_runtime runtime;
		const char *container, *value, *other;
	} cases[] = {
		{PLAN_CONTAINERD, "cri-containerd", "max", "max"},
		{PLAN_CONTAINERD_HUGETLB, "cri-containerd", "8388608", "0"},
		{PLAN_CRIO, "crio", "8388608", "0"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		char path[256];

		plan.runtime = cases[i].runtime;
		node(TWO_SIZES);
		make(POD("p", ONE("hugepages-2Mi: 8Mi, cpu: 1500m, memory: 1Gi")));
		assert_string_equal(file_value("p", G "hugetlb.2MB.max"), "8388608");
		assert_string_equal(file_value("p", G "hugetlb.2MB.rsvd.max"), "8388608");
		assert_string_equal(file_value("p", G "hugetlb.1GB.max"), "0"); // not asked for
		assert_string_equal(file_value("p", G "cpu.max"), "150000 100000");
		assert_string_equal(file_value("p", G "memory.max"), "1073741824");
		assert_string_equal(file_value("p", G "cpu.weight"), "59");
		snprintf(path, sizeof(path), G "%s-<ID of c>.scope/hugetlb.2MB.max",
			cases[i].container);
		assert_string_equal(file_value("p", path), cases[i].value);
		snprintf(path, sizeof(path), G "%s-<ID of c>.scope/hugetlb.1GB.max",
			cases[i].container);
		assert_string_equal(file_value("p", path), cases[i].other);
		plan_free(&plan);
		memset(&plan, 0, sizeof(plan));
	}
}

static void a_burstable_pod_without_all_limits_has_none_of_its_own(void **state)
{
	node(TWO_SIZES);
	make(POD("p", "  containers:\n  - {name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}\n"
		      "  - {name: b, resources: {requests: {cpu: 1}}}\n"));
	assert_string_equal(file_value("p", "kubepods.slice/kubepods-burstable.slice/"
					    "kubepods-burstable-pod<UID>.slice/cpu.max"),
		"max 100000");
	assert_string_equal(file_value("p", "kubepods.slice/kubepods-burstable.slice/"
					    "kubepods-burstable-pod<UID>.slice/memory.max"),
		"max");
}

static void version_1_and_cgroupfs_have_other_paths(void **state)
{
	plan.cgroup_v1 = plan.cgroupfs = true;
	node(TWO_SIZES);
	make(POD("p", ONE("hugepages-2Mi: 8Mi, memory: 1Gi")));
	assert_string_equal(
		file_value("p", "hugetlb/kubepods/burstable/pod<UID>/hugetlb.2MB.limit_in_bytes"),
		"8388608");
	assert_string_equal(
		file_value(
			"p", "hugetlb/kubepods/burstable/pod<UID>/hugetlb.2MB.rsvd.limit_in_bytes"),
		"8388608");
	assert_string_equal(
		file_value("p", "memory/kubepods/burstable/pod<UID>/memory.limit_in_bytes"),
		"1073741824");
}

static void a_container_takes_the_limit_of_its_pod(void **state)
{
	plan.runtime = PLAN_CRIO;
	node(TWO_SIZES);
	make(POD("p", "  resources: {limits: {hugepages-2Mi: 16Mi, cpu: 1, memory: 1Gi}}\n"
		      "  containers: [{name: a}, {name: b, resources: {limits: {hugepages-2Mi: "
		      "4Mi}}}]\n"));
	assert_string_equal(file_value("p", G "crio-<ID of a>.scope/hugetlb.2MB.max"), "16777216");
	assert_string_equal(file_value("p", G "crio-<ID of b>.scope/hugetlb.2MB.max"), "4194304");
	assert_string_equal(file_value("p", G "hugetlb.2MB.max"), "16777216");
}

static void pages_to_reserve_are_spread_over_numa_nodes_by_whole_pods(void **state)
{
	struct plan_reserve r[4];

	node("a=memory=64Gi,hugepages-2Mi=1Gi,cpu=64,numa=2");
	make(POD("p", ONE("hugepages-2Mi: 64Mi, cpu: 1")) POD("q",
		ONE("hugepages-2Mi: 32Mi, cpu: 1")) POD("r", ONE("hugepages-2Mi: 16Mi, cpu: 1"))
			POD("s", ONE("hugepages-2Mi: 2Gi, cpu: 1")));
	assert_int_equal(plan_reserves(&plan, &plan.nodes[0], r, 4), 1);
	assert_int_equal(r[0].wanted, 56);
	assert_int_equal(r[0].has, 512);
	assert_int_equal(r[0].per_numa[0], 32);
	assert_int_equal(r[0].per_numa[1], 24);
	assert_int_equal(plan_reserves(&plan, NULL, r, 4), 1);
	assert_int_equal(r[0].wanted, 1024); // of what does not run
}

static void hugepages_that_nobody_uses_are_found(void **state)
{
	const struct plan_waste *w;

	node(TWO_SIZES);
	make(POD("p",
		"  volumes: [{name: conf, configMap: {name: g}}]\n"
		"  containers:\n"
		"  - {name: stock, command: [testpmd, -m, '64'], resources: {limits: "
		"{hugepages-2Mi: 128Mi}}}\n"
		"  - {name: exact, args: [--socket-mem=32], resources: {limits: "
		"{hugepages-2Mi: 32Mi}}}\n"
		"  - {name: more, args: ['--socket-mem', '32,32'], resources: {limits: "
		"{hugepages-2Mi: 32Mi}}}\n"
		"  - {name: second, command: [app, --proc-type=secondary], resources: {limits: "
		"{hugepages-2Mi: 8Mi}}}\n"
		"  - {name: shell, command: [sh, -c, 'exec hp-client --x'], resources: {limits: "
		"{hugepages-2Mi: 2Mi}}}\n"
		"  - {name: conf, command: [hp-primary, --config, /etc/g/g.yaml], volumeMounts: "
		"[{name: conf, mountPath: /etc/g}], resources: {limits: {hugepages-2Mi: "
		"1000Mi}}}\n") "---\nkind: ConfigMap\nmetadata: {name: g}\ndata: {g.yaml: "
			       "'total-num-mbufs: "
			       "1023'}\n");
	assert_int_equal(plan_wastes(&plan, &w), 5);
	assert_string_equal(w[0].container, "stock");
	assert_int_equal(w[0].bytes, 64 << 20);
	assert_string_equal(w[1].container, "more");
	assert_int_equal(w[1].bytes, -(32 << 20));
	assert_string_equal(w[2].container, "second");
	assert_int_equal(w[2].bytes, 8 << 20);
	assert_string_equal(w[3].container, "shell");
	assert_string_equal(w[4].container, "conf");
	assert_true(w[4].bytes > 900 << 20 && w[4].bytes < 1000 << 20);
}

static void what_cannot_be_counted_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *yaml, *says;
	} cases[] = {
		{"kind: Pod\nspec:\n  containers:\n  - resources:\n      limits:\n        cpu: "
		 "4MiB\n",
			"t.yaml:6: cpu: '4MiB': quantities must match"},
		{"kind: Pod\nspec: {containers: [{resources: {limits: {cpu: -1}}}]}\n",
			"must be greater than or equal to 0"},
		{"kind: Deployment\nspec: {replicas: 1000000000, template: {spec: {}}}\n",
			"expected 0 to 10000"},
		{"kind: Deployment\nspec: {replicas: 2}\n", "has no pod spec"},
		{"kind: Node\nstatus: {}\n", "without metadata.name"},
		{"kind: [\n", "t.yaml:"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		memset(&err, 0, sizeof(err));
		assert_true(plan_read_text(&plan, "t.yaml", cases[i].yaml, strlen(cases[i].yaml),
				    &err) < 0);
		assert_int_equal(err.exit_code, HP_EXIT_DATA);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("%zu: %s", i, err.text);
	}
}

static void what_the_api_server_refuses_is_said_and_placed(void **state)
{
	node(TWO_SIZES);
	make("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "
	     "i, resources: {limits: {hugepages-2Mi: 3Mi, cpu: 1}}}]}\n"
	     "---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: c, "
	     "image: i, resources: {limits: {hugepages-2Mi: 4Mi, cpu: 1}}}]}\n");
	runs_on("p", "a");
	assert_non_null(plan.pods[0].refused);
	assert_non_null(
		strstr(plan.pods[0].refused, "spec.containers[0].resources.limits[hugepages-2Mi]: "
					     "Invalid value: \"3Mi\": 3Mi is "
					     "not positive integer multiple of hugepages-2Mi"));
	assert_null(plan.pods[1].refused);
}

static char *print(void (*how)(FILE *out, struct plan *p))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	how(out, &plan);
	fclose(out);
	return text;
}

static void names_cannot_break_out_of_the_picture(void **state)
{
	char *svg;

	node("<script>=memory=4Gi,cpu=4,hugepages-2Mi=64Mi");
	make(POD("'</text><script>'",
		"  volumes: [{name: '<&\"', hostPath: {path: '</svg>'}}]\n"
		"  containers: [{name: \"\\u0001<b>\", volumeMounts: [{name: '<&\"'}]}]\n"));
	svg = print(plan_print_svg);
	assert_null(strstr(svg, "<script>"));
	assert_null(strstr(svg, "<b>"));
	assert_non_null(strstr(svg, "hostPath &lt;/svg&gt;"));
	assert_null(strchr(svg, 1));
	free(svg);
}

static void the_text_names_nodes_pods_and_what_stays_pending(void **state)
{
	char *text;

	node(TWO_SIZES);
	make(POD("p", ONE("hugepages-2Mi: 8Mi, cpu: 1"))
			POD("q", ONE("hugepages-2Mi: 8Gi, cpu: 1")));
	text = print(plan_print_text);
	assert_non_null(strstr(text, "default/p  Burstable, requests cpu 1, hugepages-2Mi 8Mi"));
	assert_non_null(strstr(text, "hugepagesz=2M hugepages=4\n"));
	assert_non_null(strstr(text, "default/q  FailedScheduling: 0/1 nodes are available: 1 "
				     "Insufficient hugepages-2Mi."));
	assert_non_null(strstr(text, "together they ask for 4096 more pages of hugepages-2Mi"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(allocatable_follows_the_proposal_and_the_kubelet),
		TEST(nodes_that_make_no_sense_are_refused),
		TEST(node_objects_say_what_is_allocatable_themselves),
		TEST(nodes_can_be_a_plain_list),
		TEST(effective_requests_follow_the_schedulers_rule),
		TEST(the_qos_class_looks_at_cpu_and_memory_alone),
		TEST(cgroup_files_differ_by_runtime),
		TEST(a_burstable_pod_without_all_limits_has_none_of_its_own),
		TEST(version_1_and_cgroupfs_have_other_paths),
		TEST(a_container_takes_the_limit_of_its_pod),
		TEST(pages_to_reserve_are_spread_over_numa_nodes_by_whole_pods),
		TEST(hugepages_that_nobody_uses_are_found),
		TEST(what_cannot_be_counted_is_refused_with_its_line),
		TEST(what_the_api_server_refuses_is_said_and_placed),
		TEST(names_cannot_break_out_of_the_picture),
		TEST(the_text_names_nodes_pods_and_what_stays_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
