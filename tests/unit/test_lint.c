// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Each rule above level api is found where it should be, and a good manifest is clean.

#include "hp_test.h"
#include "lint.h"
#include "lint_member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POD "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
#define LIMITS "resources: {limits: {hugepages-2Mi: 64Mi, memory: 64Mi, cpu: 1}}"
#define HUGE "volumes:\n  - {name: hp, emptyDir: {medium: HugePages}}\n"

// Two members that share all that they have to.
static const char good[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: group}\nspec:\n"
	"  securityContext: {runAsUser: 1001, runAsNonRoot: true, fsGroup: 1001,\n"
	"    seccompProfile: {type: RuntimeDefault}}\n"
	"  containers:\n"
	"  - name: primary\n    image: hugepod:1\n    command: [hp-primary, -m, '64']\n"
	"    " LIMITS "\n"
	"    env: [{name: RUNTIME_DIRECTORY, value: /run/hp}]\n"
	"    volumeMounts: [{name: hp, mountPath: /dev/hugepages}, {name: run, mountPath: "
	"/run/hp}]\n"
	"    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}\n"
	"  - name: client\n    image: hugepod:1\n    command: [hp-client]\n"
	"    resources: {limits: {memory: 64Mi, cpu: 1}}\n"
	"    env: [{name: RUNTIME_DIRECTORY, value: /run/hp}]\n"
	"    volumeMounts: [{name: hp, mountPath: /dev/hugepages}, {name: run, mountPath: "
	"/run/hp}]\n"
	"    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}\n"
	"  volumes:\n  - {name: hp, emptyDir: {medium: HugePages}}\n"
	"  - {name: run, emptyDir: {medium: Memory}}\n";

static void run(struct lint *l, const char *text, const char *pss)
{
	struct hp_err err = {0};

	for (int i = 0; i < LINT_LEVELS; i++)
		l->levels[i] = true;
	l->minor = 36;
	l->pss = pss;
	if (lint_read_text(l, "t.yaml", text, strlen(text), &err) < 0)
		print_error("%s\n", err.text);
	assert_int_equal(err.exit_code, 0);
	lint_run(l);
}

static const struct lint_finding *find(const struct lint *l, const char *rule)
{
	for (uint32_t i = 0; i < l->n_findings; i++)
		if (strcmp(l->findings[i].rule->id, rule) == 0)
			return &l->findings[i];
	return NULL;
}

static void assert_found(const char *text, const char *pss, const char *rule, const char *message)
{
	struct lint l = {0};
	const struct lint_finding *f;

	run(&l, text, pss);
	f = find(&l, rule);
	if (f == NULL) {
		print_error("%s is not found in\n%s\n", rule, text);
		for (uint32_t i = 0; i < l.n_findings; i++)
			print_error("  %s: %s\n", l.findings[i].rule->id, l.findings[i].message);
	}
	assert_non_null(f);
	if (message != NULL)
		assert_string_equal(f->message, message);
	lint_free(&l);
}

static void a_good_manifest_has_only_advice(void **state)
{
	struct lint l = {0};

	run(&l, good, "restricted");
	for (uint32_t i = 0; i < l.n_findings; i++) {
		if (l.findings[i].rule->level != LINT_ADVICE)
			print_error("%s: %s\n", l.findings[i].rule->id, l.findings[i].message);
		assert_int_equal(l.findings[i].rule->level, LINT_ADVICE);
	}
	lint_free(&l);
}

static void what_cannot_be_mounted_or_scheduled_is_told_as_the_kubelet_tells_it(void **state)
{
	static const struct {
		const char *text, *rule, *message;
	} cases[] = {
		{POD "  containers: [{name: c, image: 'i:1', resources: {limits: {memory: 1Mi}}}]\n"
		     "  " HUGE,
			"mount-no-request",
			"MountVolume.SetUp failed for volume \"hp\" : medium HugePages: hugePages "
			"storage requested, but there is no resource request for huge pages"},
		{POD "  containers: [{name: c, image: 'i:1', resources: {limits: {memory: 1Mi,\n"
		     "    hugepages-2Mi: 2Mi, hugepages-1Gi: 1Gi}}}]\n  " HUGE,
			"mount-many-sizes",
			"MountVolume.SetUp failed for volume \"hp\" : medium: HugePages can't be "
			"used if container requests multiple huge page sizes"},
		{POD "  containers: [{name: c, image: 'i:1', " LIMITS "}]\n"
		     "  volumes: [{name: hp, emptyDir: {medium: HugePages-1Gi}}]\n",
			"mount-no-request",
			"MountVolume.SetUp failed for volume \"hp\" : medium HugePages-1Gi: "
			"hugePages storage requested, but there is no resource request for huge "
			"pages"},
		{POD "  containers: [{name: c, image: 'i:1', " LIMITS "}]\n"
		     "  volumes: [{name: hp, emptyDir: {medium: hugepages}}]\n",
			"mount-unknown-medium",
			"MountVolume.SetUp failed for volume \"hp\" : unknown storage medium "
			"\"hugepages\""},
		{POD "  containers: [{name: c, image: 'i:1', " LIMITS "}]\n"
		     "  volumes: [{name: hp, emptyDir: {medium: HugePages-2MB}}]\n",
			"mount-bad-size", NULL},
		{POD "  hostUsers: false\n  containers: [{name: c, image: 'i:1', " LIMITS "}]\n"
		     "  " HUGE,
			"mount-host-users", NULL},
		{POD "  containers: [{name: c, image: 'i:1', resources: {limits: {memory: 1Mi,\n"
		     "    hugepages-2048Ki: 4Mi}}}]\n",
			"schedule-size-name",
			"0/N nodes are available: N Insufficient hugepages-2048Ki"},
		{POD "  containers: [{name: c, image: 'i:1', resources: {limits: {memory: 1Mi,\n"
		     "    hugepages-3Mi: 3Mi}}}]\n",
			"schedule-size-unknown", NULL},
		{POD "  schedulingGates: [{name: a}]\n  containers: [{name: c, image: 'i:1'}]\n",
			"schedule-gated", NULL},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++)
		assert_found(cases[i].text, NULL, cases[i].rule, cases[i].message);
}

static void pod_security_is_told_as_the_admission_plugin_tells_it(void **state)
{
	static const char pod[] = POD
		"  hostNetwork: true\n  containers:\n  - {name: a, image: 'i:1', ports: "
		"[{containerPort: 80}],\n      securityContext: {privileged: true, capabilities: "
		"{add: [IPC_LOCK, SYS_NICE]}}}\n  - {name: b, image: 'i:1', securityContext: "
		"{capabilities: {add: [IPC_LOCK]}}}\n  volumes: [{name: dev-hp, hostPath: "
		"{path: /dev/hugepages/x}}, {name: nfs, nfs: {server: a, path: /}}]\n";
	static const struct {
		const char *profile, *rule, *message;
	} cases[] = {
		{"baseline", "policy-host-path",
			"pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": "
			"hostPath "
			"volumes (volume \"dev-hp\")"},
		{"baseline", "policy-capabilities",
			"pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": "
			"non-default capabilities (containers \"a\", \"b\" must not include "
			"\"IPC_LOCK\", \"SYS_NICE\" in securityContext.capabilities.add)"},
		{"baseline", "policy-privileged",
			"pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": "
			"privileged (container \"a\" must not set "
			"securityContext.privileged=true)"},
		{"baseline", "policy-host-namespace",
			"pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": host "
			"namespaces (hostNetwork=true)"},
		{"baseline", "policy-host-port", NULL},
		{"restricted", "policy-volume-type",
			"pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": "
			"restricted volume types (volumes \"dev-hp\", \"nfs\" use restricted "
			"volume "
			"types \"hostPath\", \"nfs\")"},
		{"restricted", "policy-escalation", NULL},
		{"restricted", "policy-non-root",
			"pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": "
			"runAsNonRoot != true (pod or containers \"a\", \"b\" must set "
			"securityContext.runAsNonRoot=true)"},
		{"restricted", "policy-seccomp", NULL},
		{"restricted", "policy-capabilities",
			"pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": "
			"unrestricted capabilities (containers \"a\", \"b\" must set "
			"securityContext.capabilities.drop=[\"ALL\"]; containers \"a\", \"b\" must "
			"not include \"IPC_LOCK\", \"SYS_NICE\" in "
			"securityContext.capabilities.add)"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++)
		assert_found(pod, cases[i].profile, cases[i].rule, cases[i].message);
}

static void the_default_seccomp_profile_is_advice_for_stock_programs_only(void **state)
{
	static const char pod[] = POD
		"  containers:\n  - name: c\n    image: 'i:1'\n    command: [%s]\n    " LIMITS "\n"
		"    securityContext: {seccompProfile: {type: RuntimeDefault}}\n"
		"    volumeMounts: [{name: hp, mountPath: /dev/hugepages}]\n  " HUGE;
	static const struct {
		const char *program;
		bool advised;
	} cases[] = {{"dpdk-testpmd", true}, {"hp-primary", false}, {"hp-client", false}};
	char text[sizeof(pod) + 32];

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct lint l = {0};

		snprintf(text, sizeof(text), pod, cases[i].program);
		run(&l, text, "none");
		assert_int_equal(find(&l, "advice-seccomp") != NULL, cases[i].advised);
		lint_free(&l);
	}
}

static void a_capability_for_a_user_that_is_not_root_is_advice(void **state)
{
	static const char pod[] =
		POD "  securityContext: {runAsUser: %d}\n"
		    "  containers:\n  - name: c\n    image: 'i:1'\n    command: [dpdk-testpmd]\n"
		    "    " LIMITS "\n    securityContext: {capabilities: {%s}}\n"
		    "    volumeMounts: [{name: hp, mountPath: /dev/hugepages}]\n  " HUGE;
	static const struct {
		int uid;
		const char *capabilities;
		bool advised;
	} cases[] = {
		{1001, "add: [IPC_LOCK]", true},
		{1001, "add: []", false},
		{1001, "drop: [ALL]", false},
		{0, "add: [IPC_LOCK]", false},
	};
	char text[sizeof(pod) + 32];

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct lint l = {0};

		snprintf(text, sizeof(text), pod, cases[i].uid, cases[i].capabilities);
		run(&l, text, "none");
		assert_int_equal(find(&l, "advice-capability") != NULL, cases[i].advised);
		lint_free(&l);
	}
}

static void a_namespace_among_the_files_decides_the_profile(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: strict\n  labels:\n"
		"    pod-security.kubernetes.io/enforce: baseline\n---\n"
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: %s}\nspec:\n"
		"  hostPID: true\n  containers: [{name: c, image: 'i:1'}]\n";
	char buf[sizeof(text) + 16];
	struct lint l = {0};

	snprintf(buf, sizeof(buf), text, "strict");
	assert_found(buf, NULL, "policy-host-namespace", NULL);
	snprintf(buf, sizeof(buf), text, "other");
	run(&l, buf, NULL);
	assert_null(find(&l, "policy-host-namespace"));
	lint_free(&l);
}

// The good manifest with one thing replaced.
static char *spoilt(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *text = malloc(sizeof(good) + strlen(to));

	assert_non_null(at);
	assert_non_null(text);
	snprintf(text, sizeof(good) + strlen(to), "%.*s%s%s", (int)(at - good), good, to,
		at + strlen(from));
	return text;
}

static void each_thing_that_stops_dpdk_is_named(void **state)
{
	static const struct {
		const char *from, *to, *rule;
	} cases[] = {
		{"-m, '64'", "-m, '128'", "runtime-memory-limit"},
		{"fsGroup: 1001,", "", "runtime-no-fs-group"},
		{"[hp-client]", "[hp-primary]", "runtime-two-primaries"},
		{"[hp-client]", "[hp-client, --file-prefix=x]", "runtime-prefix-differs"},
		{"[hp-primary, -m, '64']", "[hp-worker]", "runtime-no-primary"},
		{"mountPath: /dev/hugepages}", "mountPath: /hp}", "runtime-path-differs"},
		{"mountPath: /dev/hugepages}", "mountPath: /dev/hugepages, readOnly: true}",
			"runtime-read-only"},
		{"mountPath: /run/hp}", "mountPath: /elsewhere}", "runtime-dir-not-shared"},
		{"image: hugepod:1", "image: hugepod:2", "runtime-image-differs"},
		{"    securityContext: {allowPrivilegeEscalation: false, ",
			"    securityContext: {runAsUser: 7, allowPrivilegeEscalation: false, ",
			"runtime-uid-differs"},
		{"    resources: {limits: {memory: 64Mi, cpu: 1}}", "    " LIMITS,
			"runtime-paid-twice"},
		{"emptyDir: {medium: HugePages}", "hostPath: {path: /dev/hugepages}",
			"runtime-host-hugetlbfs"},
		{"[hp-primary, -m, '64']", "[hp-primary, --legacy-mem]", "runtime-legacy-memory"},
		{"{name: hp, mountPath: /dev/hugepages}, ", "", "runtime-no-volume"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		char *text = spoilt(cases[i].from, cases[i].to);

		assert_found(text, NULL, cases[i].rule, NULL);
		free(text);
	}
}

static void stock_dpdk_collides_in_lcores_and_pids(void **state)
{
	static const char text[] = POD
		"  containers:\n"
		"  - {name: a, image: 'i:1', command: [dpdk-testpmd, -l, '0-1'], " LIMITS ",\n"
		"      volumeMounts: [{name: hp, mountPath: /hp}, {name: r, mountPath: /run}]}\n"
		"  - {name: b, image: 'i:1', volumeMounts: [{name: hp, mountPath: /hp},\n"
		"      {name: r, mountPath: /run}],\n"
		"      command: [sh, -c, 'dpdk-testpmd --lcores=1@5 --proc-type=secondary']}\n"
		"  volumes: [{name: hp, emptyDir: {medium: HugePages}}, {name: r, emptyDir: {}}]\n";

	assert_found(text, NULL, "runtime-lcores-collide", NULL);
	assert_found(text, NULL, "runtime-pids-collide", NULL);
	assert_true(lint_lcores_overlap("1-3", "3"));
	assert_true(lint_lcores_overlap("(1,2)@4", "2"));
	assert_false(lint_lcores_overlap("0@4,1@5", "4,5"));
	assert_false(lint_lcores_overlap("1-3", "4-9"));
	assert_false(lint_lcores_overlap("", "99999999999999999999"));
}

static void a_groups_yaml_in_a_config_map_is_read(void **state)
{
	assert_found("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
		     "  group.yaml: |\n    file-prefix: x\n    clients: 5\n",
		NULL, "runtime-group-yaml", NULL);
}

// The primary's configuration comes from a ConfigMap: its prefix and its memory count.
static void the_configuration_of_a_primary_is_found_through_its_mount(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n"
		"  group.yaml: |\n    file-prefix: mine\n    total-num-mbufs: %s\n---\n" POD
		"  containers:\n  - {name: a, image: 'i:1', command: [hp-primary, "
		"--config=/etc/hp/group.yaml], " LIMITS ",\n"
		"      volumeMounts: [{name: hp, mountPath: /hp}, {name: conf, mountPath: "
		"/etc/hp}]}\n"
		"  - {name: b, image: 'i:1', command: [hp-client, --file-prefix=%s],\n"
		"      volumeMounts: [{name: hp, mountPath: /hp}]}\n"
		"  volumes: [{name: hp, emptyDir: {medium: HugePages}},\n"
		"    {name: conf, configMap: {name: conf}}]\n";
	struct lint l = {0};
	char buf[sizeof(text) + 32];

	snprintf(buf, sizeof(buf), text, "4096", "mine");
	run(&l, buf, NULL);
	assert_null(find(&l, "runtime-prefix-differs"));
	assert_null(find(&l, "runtime-memory-limit"));
	lint_free(&l);
	snprintf(buf, sizeof(buf), text, "4096", "yours");
	assert_found(buf, NULL, "runtime-prefix-differs", NULL);
	snprintf(buf, sizeof(buf), text, "1000000", "mine");
	assert_found(buf, NULL, "runtime-memory-limit", NULL);
}

static void lists_and_templates_are_looked_into_with_their_own_paths(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n"
		"  metadata: {name: d}\n  spec:\n    selector: {matchLabels: {a: b}}\n"
		"    template:\n      metadata: {labels: {a: b}}\n      spec:\n"
		"        containers: [{name: c, image: 'i:1'}]\n"
		"        volumes: [{name: hp, emptyDir: {medium: HugePages}}]\n";
	struct lint l = {0};
	const struct lint_finding *f;

	run(&l, text, NULL);
	f = find(&l, "mount-no-request");
	assert_non_null(f);
	if (f != NULL) { // for the compiler, which does not know that the line above ends the test
		assert_string_equal(f->field, "spec.template.spec.volumes[0].emptyDir.medium");
		assert_int_equal(f->at->line, 13);
		assert_int_equal(f->at->column, 49);
	}
	lint_free(&l);
}

static void safe_fixes_change_one_word_and_nothing_else(void **state)
{
	static const char text[] = "# comment \xc3\xa4\r\n" POD
				   "  containers: [{name: c, image: 'i:1', imagePullPolicy: "
				   "\"always\", # why\r\n    resources: {limits: "
				   "{hugepages-2048Ki: 4Mi, memory: 1Mi}}}]\n";
	static const char want[] =
		"# comment \xc3\xa4\r\n" POD
		"  containers: [{name: c, image: 'i:1', imagePullPolicy: "
		"Always, # why\r\n    resources: {limits: {hugepages-2Mi: 4Mi, memory: 1Mi}}}]\n";
	struct lint l = {0};
	struct hp_err err = {0};
	char buf[sizeof(want) + 64] = "";
	FILE *out = fmemopen(buf, sizeof(buf), "w");

	assert_non_null(out);
	run(&l, text, NULL);
	assert_int_equal(lint_fix(&l, out, &err), 2);
	fclose(out);
	assert_string_equal(buf, want);
	lint_free(&l);
}

static void hostile_manifests_end_in_bounded_time(void **state)
{
	struct lint l = {0};
	const size_t size = 1 << 20;
	char *text = malloc(size + 100);
	size_t len;

	assert_non_null(text);
	len = (size_t)snprintf(text, size, POD "  containers:\n");
	while (len < size)
		len += (size_t)snprintf(text + len, 100, "  - {}\n");
	run(&l, text, NULL);
	assert_int_equal(l.n_findings, 1);
	assert_non_null(strstr(l.findings[0].message, "at most 2000 items"));
	lint_free(&l);
	l = (struct lint){0};
	len = (size_t)snprintf(text, size, POD "  containers: [{name: '");
	memset(text + len, 'x', size - len);
	snprintf(text + size, 100, "'}]\n");
	run(&l, text, NULL);
	assert_true(l.n_findings > 0);
	lint_free(&l);
	free(text);
}

static void every_rule_has_all_its_texts_and_an_id_of_its_level(void **state)
{
	for (const struct lint_rule *r = lint_rules; r->id != NULL; r++) {
		const char *level = lint_level_names[r->level];

		assert_non_null(r->summary);
		assert_non_null(r->explain);
		assert_non_null(r->instead);
		assert_memory_equal(r->id, level, strlen(level));
		assert_ptr_equal(lint_rule(r->id), r);
	}
}

// docs/hugepod.md holds what `hugepod lint --list` prints.
static void the_table_of_rules_in_the_docs_is_the_one_of_the_source(void **state)
{
	FILE *doc = fopen(HP_TEST_DATA "/../../docs/hugepod.md", "r");
	char *table = NULL, *text = calloc(1, 1 << 20);
	size_t len;
	FILE *out = open_memstream(&table, &len);

	assert_non_null(doc);
	assert_non_null(text);
	assert_non_null(out);
	lint_rules_markdown(out);
	fclose(out);
	assert_true(fread(text, 1, (1 << 20) - 1, doc) > 0);
	fclose(doc);
	if (strstr(text, table) == NULL)
		print_error("docs/hugepod.md is old: run scripts/check-generated.py --fix build "
			    "docs/hugepod.md\n");
	assert_non_null(strstr(text, table));
	free(table);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_manifest_has_only_advice),
		cmocka_unit_test(
			what_cannot_be_mounted_or_scheduled_is_told_as_the_kubelet_tells_it),
		cmocka_unit_test(pod_security_is_told_as_the_admission_plugin_tells_it),
		cmocka_unit_test(the_default_seccomp_profile_is_advice_for_stock_programs_only),
		cmocka_unit_test(a_capability_for_a_user_that_is_not_root_is_advice),
		cmocka_unit_test(a_namespace_among_the_files_decides_the_profile),
		cmocka_unit_test(each_thing_that_stops_dpdk_is_named),
		cmocka_unit_test(stock_dpdk_collides_in_lcores_and_pids),
		cmocka_unit_test(a_groups_yaml_in_a_config_map_is_read),
		cmocka_unit_test(the_configuration_of_a_primary_is_found_through_its_mount),
		cmocka_unit_test(lists_and_templates_are_looked_into_with_their_own_paths),
		cmocka_unit_test(safe_fixes_change_one_word_and_nothing_else),
		cmocka_unit_test(hostile_manifests_end_in_bounded_time),
		cmocka_unit_test(every_rule_has_all_its_texts_and_an_id_of_its_level),
		cmocka_unit_test(the_table_of_rules_in_the_docs_is_the_one_of_the_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
