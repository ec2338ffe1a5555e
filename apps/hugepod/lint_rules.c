// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The rules. One row is a rule's --explain, its row in docs/hugepod.md and its entry in SARIF.

#include "lint.h"

#include <string.h>

const char *const lint_level_names[LINT_LEVELS + 1] = {
	"api", "mount", "schedule", "policy", "runtime", "advice", NULL};

// clang-format off
// Rules of level api: the first row whose `match` stands in the server's message is the rule; rows
// without one stand for a reason and come last.
const struct lint_rule lint_rules[] = {
	{"api-hugepages-multiple", LINT_API, "an amount of hugepages is no multiple of the page size",
		"A page is the smallest unit: 3Mi of 2Mi pages cannot be given. In a Pod the server copies "
		"limits to requests first, so one wrong limit is told twice.",
		"a multiple of the size in the resource's name, as hugepages-2Mi: 4Mi",
		"is not positive integer multiple of", NULL},
	{"api-hugepages-alone", LINT_API, "hugepages without cpu or memory in the same container",
		"Each container that asks for hugepages has to ask for cpu or memory as well; another "
		"container's do not count.",
		"memory: 64Mi beside the hugepages", "HugePages require cpu or memory", NULL},
	{"api-hugepages-equal", LINT_API, "request and limit of hugepages differ",
		"Hugepages cannot be overcommitted: a container gets what it may use.",
		"leave the request out; it follows the limit", "must be equal to", NULL},
	{"api-hugepages-limit", LINT_API, "hugepages are requested without a limit",
		"Hugepages and extended resources need a limit; the request then follows from it.",
		"the amount under limits", "Limit must be set for non overcommitable", NULL},
	{"api-pod-level", LINT_API, "the pod's resources are less than its containers ask for",
		"spec.resources bounds the sum of the containers.", "at least the sum of the containers",
		"aggregate container", NULL},
	{"api-pod-limit", LINT_API, "a container's limit is more than the pod's",
		"No container may use more than the pod.", "at most the pod's limit",
		"must be less than or equal to pod limits", NULL},
	{"api-resource-name", LINT_API, "a resource that Kubernetes does not know",
		"Resources are cpu, memory, ephemeral-storage, hugepages-<size>, or a name with a domain, as "
		"example.com/device. The plural of hugepages is the usual mistake.",
		"hugepages-2Mi or hugepages-1Gi", "must be a standard", NULL},
	{"api-downward", LINT_API, "a divisor that the downward API does not take",
		"Amounts of memory and hugepages are divided by whole powers of 1000 or 1024.",
		"divisor: 1Mi", "only divisor's values", NULL},
	{"api-quantity", LINT_API, "not a quantity",
		"A quantity is a number with one of the suffixes n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an "
		"exponent. The server cannot even read the object.",
		"4Mi, not 4MiB or 4mi", "quantit", NULL},
	{"api-unknown-field", LINT_API, "a field that does not exist",
		"Names are case-sensitive. Without strict validation the server drops what it does not know, "
		"and the pod runs without it.",
		"the field's right name", "unknown field", NULL},
	{"api-duplicate-key", LINT_API, "a key is given twice",
		"The last one wins, and the other is lost without a word where validation is not strict.",
		"one of the two", "already set in map", NULL},
	{"api-duplicate-field", LINT_API, "a field is given twice", "The last one wins.", "one of the two",
		"duplicate field", NULL},
	{"api-type", LINT_API, "a value has the wrong type",
		"YAML reads yes, on, 1.0 and 0x10 as booleans and numbers.", "quotes around the value",
		"cannot unmarshal", NULL},
	{"api-mount-volume", LINT_API, "a mount of a volume that the pod does not declare",
		"Also where the volume is declared but wrong itself: the server leaves it out then.",
		"the name of one of spec.volumes", "Not found", "FieldValueNotFound"},
	{"api-volume-types", LINT_API, "a volume has two types", "A volume has one source.",
		"one volume for each", "may not specify more than 1 volume type", NULL},
	{"api-propagation", LINT_API, "mount propagation that needs privileges",
		"Bidirectional propagation reaches the node's mounts.", "HostToContainer, or none",
		"mount propagation is available only", NULL},
	{"api-bad-request", LINT_API, "the server cannot decode the object",
		"It answers 400 and looks at nothing else.", "what the message expects", NULL, "BadRequest"},
	{"api-required", LINT_API, "a required value is missing", "The server has no default for it.",
		"the missing value", NULL, "FieldValueRequired"},
	{"api-unsupported", LINT_API, "a value that is not one of the allowed words",
		"The words are case-sensitive.", "one of the supported values", NULL, "FieldValueNotSupported"},
	{"api-forbidden", LINT_API, "a field that may not be set here", "Another field excludes it.",
		"the manifest without it", NULL, "FieldValueForbidden"},
	{"api-duplicate", LINT_API, "a name is taken", "Names are unique in their list.", "another name", NULL,
		"FieldValueDuplicate"},
	{"api-too-long", LINT_API, "a value is too long", "The server bounds it.", "less", NULL,
		"FieldValueTooLong"},
	{"api-too-many", LINT_API, "a list is too long", "The server bounds it.", "fewer items", NULL,
		"FieldValueTooMany"},
	{"api-invalid", LINT_API, "a value is not valid", "The server says why.", "what the message expects", NULL,
		"FieldValueInvalid"},

	{"mount-no-request", LINT_MOUNT, "a HugePages volume, and no container asks for such pages",
		"The kubelet takes the page size of the mount from the requests. The server accepts the pod, and "
		"it stays at ContainerCreating.",
		"limits with hugepages-<size> in a container of the pod"},
	{"mount-many-sizes", LINT_MOUNT, "medium HugePages in a pod that asks for two page sizes",
		"The kubelet cannot tell which size to mount.", "medium: HugePages-2Mi or HugePages-1Gi"},
	{"mount-unknown-medium", LINT_MOUNT, "a medium that the kubelet does not know",
		"The API server does not check it. Known are \"\", Memory, HugePages and HugePages-<size>.",
		"medium: HugePages-2Mi"},
	{"mount-bad-size", LINT_MOUNT, "a medium whose page size is no quantity", "The kubelet parses it.",
		"medium: HugePages-2Mi"},
	{"mount-host-users", LINT_MOUNT, "hugetlbfs in a pod with a user namespace",
		"hugetlbfs cannot be mounted with mapped ids before Linux 6.8.", "hostUsers: true, or none"},

	{"schedule-size-name", LINT_SCHEDULE, "a page size that nodes name otherwise",
		"A node advertises hugepages-2Mi; hugepages-2048Ki is another resource, which no node has.",
		"the size as nodes write it"},
	{"schedule-size-unknown", LINT_SCHEDULE, "a page size that no architecture has",
		"x86-64 has 2Mi and 1Gi; arm64 64Ki, 2Mi, 32Mi, 512Mi, 1Gi and 16Gi.",
		"hugepages-2Mi or hugepages-1Gi"},
	{"schedule-gated", LINT_SCHEDULE, "scheduling gates hold the pod back",
		"It waits until somebody removes them.", "no schedulingGates"},

	{"policy-host-path", LINT_POLICY, "hostPath under Pod Security baseline", "A hostPath reaches the node.",
		"emptyDir with medium HugePages, in one pod with the primary"},
	{"policy-volume-type", LINT_POLICY, "a volume type that restricted does not allow",
		"Restricted allows configMap, csi, downwardAPI, emptyDir, ephemeral, image, "
		"persistentVolumeClaim, projected and secret.", "emptyDir with medium HugePages"},
	{"policy-capabilities", LINT_POLICY, "capabilities that the profile does not allow",
		"hugepod's programs need none with virtual ports.", "capabilities: {drop: [ALL]}"},
	{"policy-privileged", LINT_POLICY, "a privileged container", "It may do what the node's root may.",
		"privileged: false"},
	{"policy-host-namespace", LINT_POLICY, "a namespace of the host",
		"hugepod's members meet on a unix socket and need none of them.", "none of hostNetwork, hostPID, "
		"hostIPC"},
	{"policy-host-port", LINT_POLICY, "a port of the host", "It is open on the node.", "no hostPort"},
	{"policy-escalation", LINT_POLICY, "privilege escalation is not switched off",
		"The default allows it.", "allowPrivilegeEscalation: false"},
	{"policy-non-root", LINT_POLICY, "the container may run as root",
		"DPDK runs as any user that may write to the hugetlbfs and the runtime directory.",
		"runAsNonRoot: true with runAsUser and fsGroup"},
	{"policy-seccomp", LINT_POLICY, "the seccomp profile is missing or switched off",
		"Restricted asks for one.", "seccompProfile: {type: RuntimeDefault}"},

	{"runtime-no-volume", LINT_RUNTIME, "hugepages are asked for and no hugetlbfs is mounted",
		"EAL maps files of a hugetlbfs mount. Only --in-memory does without.",
		"a volumeMount of an emptyDir with medium HugePages"},
	{"runtime-path-differs", LINT_RUNTIME, "members mount the shared directories at different paths",
		"The primary stores the path of its hugepages, and a secondary opens that path.",
		"the same mountPath in every container"},
	{"runtime-dir-not-shared", LINT_RUNTIME, "members do not share the runtime directory",
		"A secondary finds the primary's config and socket there: $RUNTIME_DIRECTORY/dpdk, or "
		"/var/run/dpdk as root.",
		"an emptyDir mounted at the same path in every container, and RUNTIME_DIRECTORY set to it"},
	{"runtime-read-only", LINT_RUNTIME, "a shared directory is mounted read-only",
		"Members open map files and locks for writing, secondaries too.", "no readOnly"},
	{"runtime-uid-differs", LINT_RUNTIME, "members run as different users",
		"Map files and config have mode 0600.", "runAsUser in the pod's securityContext"},
	{"runtime-no-fs-group", LINT_RUNTIME, "not root, and no fsGroup for the hugetlbfs",
		"The kubelet mounts hugetlbfs with no options but the page size; only fsGroup makes it writable.",
		"fsGroup in the pod's securityContext"},
	{"runtime-prefix-differs", LINT_RUNTIME, "members of one pod use different file prefixes",
		"A secondary looks for the primary of its own prefix.", "the same --file-prefix"},
	{"runtime-no-primary", LINT_RUNTIME, "a secondary without a primary",
		"It waits, and then exits.", "a primary that mounts the same volume"},
	{"runtime-two-primaries", LINT_RUNTIME, "two primaries of one prefix",
		"The second one fails on the first one's lock, or removes its files.", "one primary a prefix"},
	{"runtime-image-differs", LINT_RUNTIME, "members run different images",
		"Both ends share data structures: DPDK refuses another version, and another build is worse.",
		"the same image in every member"},
	{"runtime-memory-limit", LINT_RUNTIME, "the command line asks for more pages than the limit",
		"EAL sees the node's free pages, not the cgroup's: the kernel kills at the first touch.",
		"a limit of at least what -m or --socket-mem asks for"},
	{"runtime-legacy-memory", LINT_RUNTIME, "--legacy-mem without -m", "It takes all free pages.",
		"-m with the amount"},
	{"runtime-lcores-collide", LINT_RUNTIME, "members use the same lcore ids",
		"A mempool cache belongs to an lcore id: two processes with the same one corrupt it.",
		"distinct ids, as -l 1 and -l 2, or hugepod's leases"},
	{"runtime-pids-collide", LINT_RUNTIME, "two DPDK processes with the same PID",
		"Everyone is PID 1 in its own container, and DPDK before 24.11.5 names files of the shared "
		"directory by PID.",
		"shareProcessNamespace: true, or hugepod's programs, which make PIDs unique"},
	{"runtime-host-hugetlbfs", LINT_RUNTIME, "the node's whole hugetlbfs is mounted",
		"A starting primary removes every map file that nobody has locked, whatever the prefix.",
		"a folder of its own: hostPath /dev/hugepages/<group> with --huge-dir"},
	{"runtime-paid-twice", LINT_RUNTIME, "a secondary asks for hugepages",
		"Pages are charged to the cgroup that touches them first, which is the primary's.",
		"hugepages in the primary's limits only"},
	{"runtime-group-yaml", LINT_RUNTIME, "the group's configuration in a ConfigMap is wrong",
		"hp-primary would refuse it at start.", "what the message expects"},

	{"advice-no-probe", LINT_ADVICE, "no liveness probe", "A stuck loop still holds its pages.",
		"livenessProbe: {exec: {command: [hugepod, probe]}}"},
	{"advice-no-memory-limit", LINT_ADVICE, "no memory limit",
		"QoS looks at cpu and memory only.", "limits with cpu and memory"},
	{"advice-pod-limit", LINT_ADVICE, "containerd holds the pod's limit only",
		"disable_hugetlb_controller is true by default: containers of one pod can take each other's "
		"pages. CRI-O enforces each container's limit.", "--runtime=crio if that is what runs"},
	{"advice-seccomp", LINT_ADVICE, "containerd's seccomp profile and NUMA",
		"It refuses get_mempolicy, mbind and set_mempolicy without CAP_SYS_NICE.",
		"a Localhost profile that allows them, or one NUMA node"},
	{"advice-capability", LINT_ADVICE, "a capability for a user that is not root",
		"Kubernetes sets no ambient capabilities: exec takes them from who is not root.",
		"runAsUser: 0 and drop: [ALL], or capabilities of the program's file in the image"},
	{"advice-size-limit", LINT_ADVICE, "sizeLimit of a HugePages volume",
		"It acts through eviction only.", "no sizeLimit; the limit of hugepages bounds it"},
	{"advice-image-tag", LINT_ADVICE, "an image without a fixed version",
		"Members of a group have to run the same DPDK.", "a tag or a digest"},
	{"advice-version", LINT_ADVICE, "newer than the cluster", "--k8s says which version runs.",
		"a cluster of that version, or the manifest without the field"},
	{NULL},
};
// clang-format on

const struct lint_rule *lint_rule(const char *id)
{
	for (const struct lint_rule *r = lint_rules; r->id != NULL; r++)
		if (strcmp(r->id, id) == 0)
			return r;
	return NULL;
}

const struct lint_rule *lint_rule_of_cause(const struct k8s_cause *cause)
{
	for (const struct lint_rule *r = lint_rules; r->id != NULL; r++)
		if (r->level == LINT_API && r->match != NULL &&
			strstr(cause->message, r->match) != NULL)
			return r;
	for (const struct lint_rule *r = lint_rules; r->id != NULL; r++)
		if (r->match == NULL && r->reason != NULL && strcmp(r->reason, cause->reason) == 0)
			return r;
	return lint_rule("api-invalid");
}

bool lint_explain(const char *id, FILE *out)
{
	const struct lint_rule *r = lint_rule(id);

	if (r == NULL)
		return false;
	fprintf(out, "%s (level %s): %s.\n\n%s\n\nWrite instead: %s\n", r->id,
		lint_level_names[r->level], r->summary, r->explain, r->instead);
	return true;
}

void lint_rules_markdown(FILE *out)
{
	fprintf(out, "| rule | level | what | why | instead |\n| --- | --- | --- | --- | --- |\n");
	for (const struct lint_rule *r = lint_rules; r->id != NULL; r++)
		fprintf(out, "| `%s` | %s | %s | %s | %s |\n", r->id, lint_level_names[r->level],
			r->summary, r->explain, r->instead);
}
