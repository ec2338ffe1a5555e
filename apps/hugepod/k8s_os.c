// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// spec.os, and the fields that one operating system does not have.

#include "k8s_kinds.h"

#include <string.h>

static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};

// Calls fn for the securityContext of every container that has one.
static void each_context(struct k8s_pod_check *p, const struct k8s_at *spec,
	void (*fn)(struct k8s_pod_check *p, const struct k8s_at *context))
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct k8s_at list = k8s_child(spec, lists[i]);

		for (uint32_t k = 0; k < k8s_len(list.val); k++) {
			const struct k8s_at container = k8s_index(&list, k);
			const struct k8s_at context = k8s_child(&container, "securityContext");

			if (context.val != NULL)
				fn(p, &context);
		}
	}
}

static void no_windows_options(struct k8s_pod_check *p, const struct k8s_at *context)
{
	const struct k8s_at at = k8s_child(context, "windowsOptions");

	if (at.val != NULL)
		k8s_forbidden(p->c, &at, "windows options cannot be set for a linux pod");
}

static void forbid(struct k8s_pod_check *p, const struct k8s_at *at, const char *const *fields)
{
	for (; *fields != NULL; fields++) {
		const struct k8s_at field = k8s_child(at, *fields);

		if (field.val != NULL)
			k8s_forbidden(p->c, &field, "cannot be set for a windows pod");
	}
}

static void no_linux_fields(struct k8s_pod_check *p, const struct k8s_at *context)
{
	static const char *const fields[] = {"appArmorProfile", "seLinuxOptions", "seccompProfile",
		"capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation",
		"procMount", "runAsUser", "runAsGroup", NULL};

	forbid(p, context, fields);
}

static void windows(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	static const char *const of_context[] = {"appArmorProfile", "seLinuxOptions",
		"seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser",
		"runAsGroup", "supplementalGroups", "supplementalGroupsPolicy",
		"seLinuxChangePolicy", NULL};
	static const char *const of_spec[] = {"hostUsers", "shareProcessNamespace", NULL};
	static const char *const flags[] = {"hostPID", "hostIPC"};
	const struct k8s_at context = k8s_child(spec, "securityContext");

	forbid(p, &context, of_context);
	forbid(p, spec, of_spec);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const struct k8s_at flag = k8s_child(spec, flags[i]);

		if (k8s_true(spec->val, flags[i]))
			k8s_forbidden(p->c, &flag, "cannot be set for a windows pod");
	}
	each_context(p, spec, no_linux_fields);
}

void k8s_pod_os(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	static const char *const systems[] = {"linux", "windows", NULL};
	const struct k8s_at os = k8s_child(spec, "os");
	const struct k8s_at name = k8s_child(&os, "name");
	const struct k8s_at context = k8s_child(spec, "securityContext");

	if (os.val == NULL)
		return;
	if (*k8s_at_str(&name) == '\0') {
		k8s_required(p->c, &name, "");
	} else if (strcmp(k8s_at_str(&name), "linux") == 0) {
		no_windows_options(p, &context);
		each_context(p, spec, no_windows_options);
	} else if (strcmp(k8s_at_str(&name), "windows") == 0) {
		windows(p, spec);
	} else {
		k8s_unsupported(p->c, &os, k8s_at_str(&name), systems);
	}
}
