// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What works, and is better done otherwise.

#include "k8s_pod.h"
#include "k8s_resources.h"
#include "lint_member.h"

#include <inttypes.h>
#include <string.h>

// Fields that a version of Kubernetes before 1.36 does not have, or not as it is used here.
static const struct {
	const char *path; // within the pod spec
	unsigned int minor;
} since[] = {
	{"resources", 34},
};

static void versions(struct lint *l, const struct lint_object *o, const struct k8s_at *spec)
{
	const struct k8s_at init = k8s_child(spec, "initContainers");

	for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
		const struct k8s_at at = k8s_child(spec, since[i].path);

		if (at.val != NULL && l->minor < since[i].minor)
			lint_add(l, o, "advice-version", &at,
				k8s_printf(&l->arena,
					"Kubernetes 1.%u drops this field: it is on by default "
					"from "
					"1.%u",
					l->minor, since[i].minor),
				NULL);
	}
	for (uint32_t i = 0; i < k8s_len(init.val) && l->minor < 29; i++) {
		const struct k8s_at container = k8s_index(&init, i);
		const struct k8s_at at = k8s_child(&container, "restartPolicy");

		if (at.val != NULL)
			lint_add(l, o, "advice-version", &at,
				"sidecars (restartPolicy of an init container) are on by default "
				"from Kubernetes 1.29",
				NULL);
	}
}

static void image(struct lint *l, const struct lint_object *o, const struct k8s_at *container)
{
	const struct k8s_at at = k8s_child(container, "image");
	const char *text = k8s_at_str(&at);
	const char *slash = strrchr(text, '/');
	const char *tag = strchr(slash == NULL ? text : slash, ':');

	if (strchr(text, '@') == NULL && (tag == NULL || strcmp(tag, ":latest") == 0))
		lint_add(l, o, "advice-image-tag", &at,
			k8s_printf(&l->arena, "image \"%s\" has no fixed version", text), NULL);
}

static void capability(struct lint *l, const struct lint_object *o, const struct lint_member *m,
	const struct k8s_at *container)
{
	const struct k8s_at context = k8s_child(container, "securityContext");
	const struct k8s_at capabilities = k8s_child(&context, "capabilities");
	const struct k8s_at added = k8s_child(&capabilities, "add");

	if (m->uid > 0 && k8s_len(added.val) > 0)
		lint_add(l, o, "advice-capability", &added,
			k8s_printf(&l->arena,
				"user %" PRId64
				" does not get it: a capability that is added reaches root alone",
				m->uid),
			NULL);
}

static void member(struct lint *l, const struct lint_object *o, const struct lint_member *m,
	const struct k8s_at *container)
{
	const struct k8s_at resources = k8s_child(container, "resources");
	const struct k8s_val *limits = k8s_get(resources.val, "limits");
	const struct k8s_val *seccomp = k8s_find(container->val, "securityContext.seccompProfile");
	const struct k8s_val *pod = k8s_find(o->spec, "securityContext.seccompProfile");

	if (k8s_get(container->val, "livenessProbe") == NULL)
		lint_add(l, o, "advice-no-probe", container,
			"a packet loop that hangs goes unnoticed", NULL);
	if (k8s_get(limits, "memory") == NULL && k8s_len(k8s_get(o->spec, "resources")) == 0)
		lint_add(l, o, "advice-no-memory-limit", &resources,
			"no memory limit: the pod is not Guaranteed and may be evicted first",
			NULL);
	if (!l->crio && m->own_limit && k8s_len(k8s_get(o->spec, "containers")) > 1)
		lint_add(l, o, "advice-pod-limit", &resources,
			"containerd does not write the container's hugetlb limit by default: only "
			"the sum of the pod holds",
			NULL);
	if (seccomp == NULL)
		seccomp = pod;
	// hugepod's own programs look, and tell EAL that there is no NUMA where it is refused
	if (!l->crio && !m->hugepod && strcmp(k8s_str(seccomp, "type"), "RuntimeDefault") == 0)
		lint_add(l, o, "advice-seccomp", container,
			"containerd's seccomp profile refuses get_mempolicy and mbind without "
			"CAP_SYS_NICE: EAL on a NUMA node may not find its pages",
			NULL);
	capability(l, o, m, container);
}

static void size_limit(struct lint *l, const struct lint_object *o, const struct k8s_at *spec)
{
	const struct k8s_at volumes = k8s_child(spec, "volumes");

	for (uint32_t i = 0; i < k8s_len(volumes.val); i++) {
		const struct k8s_at volume = k8s_index(&volumes, i);
		const struct k8s_at dir = k8s_child(&volume, "emptyDir");
		const struct k8s_at at = k8s_child(&dir, "sizeLimit");

		if (at.val != NULL && strncmp(k8s_str(dir.val, "medium"), "HugePages", 9) == 0)
			lint_add(l, o, "advice-size-limit", &at,
				"sizeLimit bounds no hugetlbfs mount: the kubelet evicts the pod "
				"when it is exceeded",
				NULL);
	}
}

void lint_advice(struct lint *l, const struct lint_object *o)
{
	struct k8s_at chain[LINT_CHAIN];
	const struct k8s_at *spec = lint_spec_at(o, chain);
	const struct k8s_at list = k8s_child(spec, "containers");

	versions(l, o, spec);
	size_limit(l, o, spec);
	for (uint32_t i = 0; i < k8s_len(list.val); i++) {
		const struct k8s_at container = k8s_index(&list, i);
		struct lint_member m;

		image(l, o, &container);
		lint_member_of(l, o, i, &m);
		if (m.role != LINT_NO_DPDK)
			member(l, o, &m, &container);
	}
}
