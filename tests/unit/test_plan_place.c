// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod plan: placement and admission, in the words of Kubernetes 1.36.

#include "plan_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void pods_that_fit_nowhere_get_the_schedulers_event(void **state)
{
	node("a=memory=4Gi,hugepages-2Mi=64Mi,cpu=4");
	node("b=memory=4Gi,hugepages-2Mi=64Mi,cpu=4,taint.k=v:NoSchedule");
	node("c=memory=4Gi,hugepages-2Mi=64Mi,cpu=4,unschedulable=true");
	make(POD("fits", ONE("hugepages-2Mi: 48Mi, cpu: 1")) POD("full",
		ONE("hugepages-2Mi: 32Mi, cpu: 1")) POD("big", ONE("hugepages-2Mi: 128Mi, cpu: 8"))
			POD("odd", ONE("hugepages-3Mi: 3Mi, cpu: 1"))
				POD("picky", "  nodeSelector: {zone: z}\n" ONE("cpu: 1")));
	runs_on("fits", "a");
	does_not_run("full", "FailedScheduling",
		"0/3 nodes are available: 1 Insufficient hugepages-2Mi, 1 node(s) had untolerated "
		"taint(s), 1 node(s) were unschedulable. preemption: 0/3 nodes are available: 1 No "
		"preemption victims found for incoming pod, 2 Preemption is not helpful for "
		"scheduling.");
	does_not_run("big", "FailedScheduling",
		"0/3 nodes are available: 1 Insufficient cpu, 1 Insufficient hugepages-2Mi, 1 "
		"node(s) had untolerated taint(s), 1 node(s) were unschedulable. preemption: 0/3 "
		"nodes are available: 3 Preemption is not helpful for scheduling.");
	does_not_run("odd", "FailedScheduling",
		"0/3 nodes are available: 1 Insufficient hugepages-3Mi, 1 node(s) had untolerated "
		"taint(s), 1 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 "
		"Preemption is not helpful for scheduling.");
	does_not_run("picky", "FailedScheduling",
		"0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 "
		"node(s) had untolerated taint(s), 1 node(s) were unschedulable. preemption: 0/3 "
		"nodes are available: 3 Preemption is not helpful for scheduling.");
}

static void a_pod_too_many_is_said(void **state)
{
	node("a=memory=4Gi,cpu=4,pods=1");
	make(POD("one", ONE("cpu: 1")) POD("two", ONE("cpu: 1")));
	does_not_run("two", "FailedScheduling",
		"0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 "
		"No preemption victims found for incoming pod.");
}

static void without_nodes_nothing_can_be_placed(void **state)
{
	make(POD("p", ONE("cpu: 1")));
	does_not_run("p", "FailedScheduling", "no nodes available to schedule pods");
}

static void a_node_name_goes_around_the_scheduler(void **state)
{
	node("a=memory=4Gi,hugepages-2Mi=64Mi,cpu=4,unschedulable=true");
	make(POD("p", "  nodeName: a\n" ONE("hugepages-2Mi: 48Mi, cpu: 1"))
			POD("q", "  nodeName: a\n" ONE("hugepages-2Mi: 32Mi, cpu: 1")));
	runs_on("p", "a");
	does_not_run("q", "OutOfhugepages-2Mi",
		"Node didn't have enough resource: hugepages-2Mi, requested: 33554432, used: "
		"50331648, capacity: 67108864");
}

#define CLASS(name, rest) \
	"---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: " name \
	"}\n" rest

static void pods_of_a_higher_priority_go_first(void **state)
{
	node("a=memory=4Gi,cpu=4,hugepages-2Mi=64Mi");
	make(CLASS("high", "value: 1000\n") CLASS("usual", "value: 10\nglobalDefault: true\n") POD(
		"low", "  priorityClassName: low\n" ONE("hugepages-2Mi: 32Mi, cpu: 1")) POD("usual",
		ONE("hugepages-2Mi: 32Mi, cpu: 1")) CLASS("low", "value: -5\n") POD("high",
		"  priorityClassName: high\n" ONE("hugepages-2Mi: 32Mi, cpu: 1")));
	runs_on("high", "a");
	runs_on("usual", "a");
	does_not_run("low", "FailedScheduling",
		"0/1 nodes are available: 1 Insufficient hugepages-2Mi. preemption: 0/1 nodes are "
		"available: 1 No preemption victims found for incoming pod.");
}

static void of_equals_the_pod_that_has_a_node_goes_first(void **state)
{
	node("a=memory=4Gi,cpu=4,hugepages-2Mi=64Mi");
	make(POD("late", ONE("hugepages-2Mi: 48Mi, cpu: 1"))
			POD("bound", "  nodeName: a\n" ONE("hugepages-2Mi: 32Mi, cpu: 1")));
	runs_on("bound", "a");
	does_not_run("late", "FailedScheduling",
		"0/1 nodes are available: 1 Insufficient hugepages-2Mi. preemption: 0/1 nodes are "
		"available: 1 No preemption victims found for incoming pod.");
}

static void a_priority_class_that_is_not_there_is_said(void **state)
{
	node("a=memory=4Gi,cpu=4");
	make(POD("p", "  priorityClassName: nobody\n  containers: [{name: c, image: i}]\n"));
	assert_string_equal(plan.pods[0].refused, "no PriorityClass with name nobody was found");
}

#define NEAR \
	"  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: " \
	"[{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: hp}}}]}}\n"

static void a_pod_near_another_is_placed_whatever_their_order(void **state)
{
	node("a=memory=4Gi,cpu=2");
	node("b=memory=4Gi,cpu=4,hugepages-2Mi=64Mi");
	make(POD("client",
		NEAR ONE("cpu: 500m")) "---\nkind: Pod\nmetadata: {name: primary, labels: {app: "
				       "hp}}\nspec:\n" ONE("hugepages-2Mi: 64Mi, cpu: 1") POD(
					       "lone",
					       "  affinity: {podAffinity: "
					       "{requiredDuringSchedulingIgnoredDuringExecution: "
					       "[{topologyKey: zone, labelSelector: {matchLabels: "
					       "{app: none}}}]}}\n" ONE("cpu: 1")));
	runs_on("primary", "b");
	runs_on("client", "b");
	does_not_run("lone", "FailedScheduling",
		"0/2 nodes are available: 2 node(s) didn't match pod affinity rules. preemption: "
		"0/2 nodes are available: 2 Preemption is not helpful for scheduling.");
}

static void the_first_of_a_group_near_itself_may_go_anywhere(void **state)
{
	node("a=memory=4Gi,cpu=4");
	make("kind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 2\n  template:\n"
	     "    metadata: {labels: {app: hp}}\n    spec:\n"
	     "      affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
	     "[{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: hp}}}]}}\n"
	     "      containers: [{name: c}]\n");
	runs_on("d-1", "a");
	runs_on("d-2", "a");
}

static void anti_affinity_keeps_both_sides_apart(void **state)
{
	node("a=memory=4Gi,cpu=4");
	make("kind: Pod\nmetadata: {name: p, labels: {app: hp}}\nspec:\n"
	     "  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
	     "[{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: hp}}}]}}\n"
	     "  containers: [{name: c}]\n"
	     "---\nkind: Pod\nmetadata: {name: q, labels: {app: hp}}\nspec: {containers: [{name: "
	     "c}]}\n");
	runs_on("p", "a");
	does_not_run("q", "FailedScheduling",
		"0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity "
		"rules. preemption: 0/1 nodes are available: 1 No preemption victims found for "
		"incoming pod.");
}

static void selectors_affinity_and_tolerations_choose_the_node(void **state)
{
	node("a=cpu=4,label.zone=x,label.gen=3,taint.k=v:NoSchedule");
	node("b=cpu=4,label.zone=west,label.gen=5");
#define TERM(expr) \
	"  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: " \
	"{nodeSelectorTerms: [" expr "]}}}\n"
	make(POD("s", "  nodeSelector: {zone: west}\n" ONE("cpu: 100m")) POD("t",
		"  tolerations: [{key: k, value: v}]\n  nodeSelector: {zone: "
		"x}\n" ONE("cpu: 100m")) POD("gt",
		TERM("{matchExpressions: [{key: gen, operator: Gt, "
		     "values: ['4']}]}") ONE("cpu: 100m")) POD("or",
		TERM("{matchExpressions: [{key: zone, operator: "
		     "In, values: [q]}]}, {matchFields: [{key: "
		     "metadata.name, operator: In, values: [b]}]}") ONE("cpu: 100m"))
			POD("none", TERM("{matchExpressions: [{key: zone, "
					 "operator: DoesNotExist}]}") ONE("cpu: 100m")));
	runs_on("s", "b");
	runs_on("t", "a");
	runs_on("gt", "b");
	runs_on("or", "b");
	assert_null(find("none")->node);
}

static void a_daemon_set_has_a_pod_for_each_node_that_it_matches(void **state)
{
	node("a=cpu=4,label.hp=yes");
	node("b=cpu=4,label.hp=yes,unschedulable=true");
	node("c=cpu=4");
	node("d=cpu=1,label.hp=yes");
	make("kind: DaemonSet\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n"
	     "      nodeSelector: {hp: 'yes'}\n"
	     "      containers: [{name: c, resources: {limits: {cpu: 2}}}]\n");
	assert_int_equal(plan.n_instances, 3);
	runs_on("d-1", "a");
	runs_on("d-2", "b");
	assert_null(find("d-3")->node);
	assert_non_null(strstr(find("d-3")->event, "1 Insufficient cpu"));
}

#define QUOTA(hard) "---\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {" hard "}}\n"

static void a_quota_is_exceeded_in_the_servers_words(void **state)
{
	node("a=memory=64Gi,hugepages-2Mi=1Gi,cpu=64");
	make(QUOTA("hugepages-2Mi: 100Mi, requests.hugepages-2Mi: 1Gi, pods: 3") POD(
		"one", ONE("hugepages-2Mi: 64Mi, cpu: 1")) POD("two",
		ONE("hugepages-2Mi: 64Mi, cpu: 1")) "---\nkind: Deployment\nmetadata: {name: "
						    "d}\nspec:\n  replicas: 3\n  template:\n"
						    "    spec: {containers: [{name: c, resources: "
						    "{limits: {cpu: 1}}}]}\n");
	runs_on("one", "a");
	does_not_run("two", "Forbidden",
		"pods \"two\" is forbidden: exceeded quota: q, requested: hugepages-2Mi=64Mi, "
		"used: hugepages-2Mi=64Mi, limited: hugepages-2Mi=100Mi");
	runs_on("d-1", "a");
	runs_on("d-2", "a");
	does_not_run("d-3", "FailedCreate",
		"Error creating: pods \"d-3\" is forbidden: exceeded quota: q, requested: pods=1, "
		"used: pods=3, limited: pods=3");
}

static void a_quota_on_cpu_wants_each_container_to_say_its_own(void **state)
{
	node("a=memory=64Gi,cpu=64");
	make(QUOTA("requests.cpu: 10, limits.memory: 1Gi") POD("p",
		"  containers: [{name: a}, {name: b, resources: {limits: {memory: 1Mi}, requests: "
		"{cpu: 1}}}]\n"));
	does_not_run("p", "Forbidden",
		"pods \"p\" is forbidden: failed quota: q: must specify limits.memory for: a; "
		"requests.cpu for: a");
}

#define RANGE(item) "---\nkind: LimitRange\nmetadata: {name: r}\nspec: {limits: [" item "]}\n"

static void limit_ranges_give_defaults_and_bounds(void **state)
{
	node("a=memory=64Gi,hugepages-2Mi=1Gi,cpu=64");
	make(RANGE("{type: Container, max: {hugepages-2Mi: 16Mi}, default: {memory: 1Gi}}, "
		   "{type: Pod, max: {cpu: 4}, min: {cpu: 100m}}") POD("dflt", ONE("cpu: 1"))
			POD("big", ONE("hugepages-2Mi: 32Mi, cpu: 1")) POD("busy", ONE("cpu: 5"))
				POD("idle", ONE("memory: 1Mi")));
	// max without default is the default, for a container that never asked
	runs_on("dflt", "a");
	amount_is(&find("dflt")->pod->requests, "hugepages-2Mi", "16Mi");
	amount_is(&find("dflt")->pod->requests, "memory", "1Gi");
	does_not_run("big", "Forbidden",
		"pods \"big\" is forbidden: maximum hugepages-2Mi usage per Container is 16Mi, but "
		"limit is 32Mi");
	does_not_run("busy", "Forbidden",
		"pods \"busy\" is forbidden: maximum cpu usage per Pod is 4, but limit is 5");
	does_not_run("idle", "Forbidden",
		"pods \"idle\" is forbidden: [minimum cpu usage per Pod is 100m.  No request is "
		"specified, maximum cpu usage per Pod is 4.  No limit is specified]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pods_that_fit_nowhere_get_the_schedulers_event),
		TEST(a_pod_too_many_is_said),
		TEST(without_nodes_nothing_can_be_placed),
		TEST(a_node_name_goes_around_the_scheduler),
		TEST(pods_of_a_higher_priority_go_first),
		TEST(of_equals_the_pod_that_has_a_node_goes_first),
		TEST(a_priority_class_that_is_not_there_is_said),
		TEST(a_pod_near_another_is_placed_whatever_their_order),
		TEST(the_first_of_a_group_near_itself_may_go_anywhere),
		TEST(anti_affinity_keeps_both_sides_apart),
		TEST(selectors_affinity_and_tolerations_choose_the_node),
		TEST(a_daemon_set_has_a_pod_for_each_node_that_it_matches),
		TEST(a_quota_is_exceeded_in_the_servers_words),
		TEST(a_quota_on_cpu_wants_each_container_to_say_its_own),
		TEST(limit_ranges_give_defaults_and_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
