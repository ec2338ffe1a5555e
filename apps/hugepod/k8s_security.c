// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Security contexts of pods and containers, and the annotations that came before their fields.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <string.h>

#define SYSCTL_RE "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
#define APPARMOR_PATH_MAX 4095 // PATH_MAX without the NUL
#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"
#define APPARMOR_CONTAINER "container.apparmor.security.beta.kubernetes.io/"

static const char *const profile_types[] = {"Localhost", "RuntimeDefault", "Unconfined", NULL};

static void id(struct k8s_check *c, const struct k8s_at *at)
{
	if (at->val != NULL)
		k8s_invalid_int_each(c, at, k8s_int_of(at->val), k8s_is_id(k8s_int_of(at->val)));
}

static void seccomp(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at type = k8s_child(at, "type");
	const struct k8s_at local = k8s_child(at, "localhostProfile");
	const char *name = k8s_at_str(&type);

	if (at->val == NULL)
		return;
	if (*name == '\0')
		k8s_required(c, &type, "type is required when seccompProfile is set");
	else
		k8s_enum(c, &type, profile_types);
	if (strcmp(name, "Localhost") == 0) {
		if (local.val == NULL)
			k8s_required(c, &local, "must be set when seccomp type is Localhost");
		else
			k8s_descending_path(c, &local, k8s_at_str(&local));
	} else if (local.val != NULL) {
		k8s_invalid_raw(c, &local,
			k8s_printf(c->arena, "{\"Type\":%s,\"LocalhostProfile\":%s}",
				k8s_json_quote(c->arena, name), k8s_json(c->arena, local.val)),
			"can only be set when seccomp type is Localhost");
	}
}

static void apparmor_local(struct k8s_check *c, const struct k8s_at *at)
{
	const char *text = k8s_at_str(at);
	const size_t len = strlen(text);
	const char *spaces = " \t\n\v\f\r";

	if (at->val == NULL)
		k8s_required(c, at, "must be set when AppArmor type is Localhost");
	else if (len > 0 && (strchr(spaces, text[0]) || strchr(spaces, text[len - 1])))
		k8s_invalid(c, at, text, "must not be padded with whitespace");
	else if (len == 0)
		k8s_required(c, at, "must be set when AppArmor type is Localhost");
	if (len > APPARMOR_PATH_MAX)
		k8s_too_long(c, at, APPARMOR_PATH_MAX);
}

static void apparmor(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at type = k8s_child(at, "type");
	const struct k8s_at local = k8s_child(at, "localhostProfile");
	const char *name = k8s_at_str(&type);

	if (at->val == NULL)
		return;
	if (*name == '\0')
		k8s_required(c, &type, "type is required when appArmorProfile is set");
	else if (strcmp(name, "Localhost") == 0)
		apparmor_local(c, &local);
	else if (!k8s_one_of(name, profile_types))
		k8s_enum(c, &type, profile_types);
	else if (local.val != NULL)
		k8s_invalid(c, &local, k8s_at_str(&local),
			"can only be set when AppArmor type is Localhost");
}

// The server prints its own struct where it refuses a combination.
static const char *internal_context(struct k8s_check *c, const struct k8s_val *sc)
{
	static const struct {
		const char *shown, *field;
	} fields[] = {
		{"Privileged", "privileged"},
		{"SELinuxOptions", "seLinuxOptions"},
		{"WindowsOptions", "windowsOptions"},
		{"RunAsUser", "runAsUser"},
		{"RunAsGroup", "runAsGroup"},
		{"RunAsNonRoot", "runAsNonRoot"},
		{"ReadOnlyRootFilesystem", "readOnlyRootFilesystem"},
		{"AllowPrivilegeEscalation", "allowPrivilegeEscalation"},
		{"ProcMount", "procMount"},
	};
	const struct k8s_val *caps = k8s_get(sc, "capabilities");
	const struct k8s_val *seccomp_val = k8s_get(sc, "seccompProfile");
	const struct k8s_val *armor = k8s_get(sc, "appArmorProfile");
	const char *text = "{\"Capabilities\":null";

	if (caps != NULL)
		text = k8s_printf(c->arena, "{\"Capabilities\":{\"Add\":%s,\"Drop\":%s}",
			k8s_json(c->arena, k8s_get(caps, "add")),
			k8s_json(c->arena, k8s_get(caps, "drop")));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		text = k8s_printf(c->arena, "%s,\"%s\":%s", text, fields[i].shown,
			k8s_json(c->arena, k8s_get(sc, fields[i].field)));
	for (int i = 0; i < 2; i++) {
		const struct k8s_val *profile = i == 0 ? seccomp_val : armor;
		const char *shown = i == 0 ? "SeccompProfile" : "AppArmorProfile";

		text = profile == NULL
			       ? k8s_printf(c->arena, "%s,\"%s\":null", text, shown)
			       : k8s_printf(c->arena,
					 "%s,\"%s\":{\"Type\":%s,\"LocalhostProfile\":%s}", text,
					 shown, k8s_json_quote(c->arena, k8s_str(profile, "type")),
					 k8s_json(c->arena, k8s_get(profile, "localhostProfile")));
	}
	return k8s_printf(c->arena, "%s}", text);
}

static void escalation(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_val *allow = k8s_get(at->val, "allowPrivilegeEscalation");
	const struct k8s_val *add = k8s_get(k8s_get(at->val, "capabilities"), "add");

	if (allow == NULL || allow->boolean)
		return;
	if (k8s_true(at->val, "privileged"))
		k8s_invalid_raw(c, at, internal_context(c, at->val),
			"cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
	for (uint32_t i = 0; i < k8s_len(add); i++)
		if (add->items[i]->str != NULL && strcmp(add->items[i]->str, "CAP_SYS_ADMIN") == 0)
			k8s_invalid_raw(c, at, internal_context(c, at->val),
				"cannot set `allowPrivilegeEscalation` to false and "
				"`capabilities.Add` CAP_SYS_ADMIN");
}

void k8s_security_context(struct k8s_pod_check *p, const struct k8s_at *at)
{
	static const char *const proc_mounts[] = {"Default", "Unmasked", NULL};
	const struct k8s_at user = k8s_child(at, "runAsUser");
	const struct k8s_at group = k8s_child(at, "runAsGroup");
	const struct k8s_at proc = k8s_child(at, "procMount");
	const struct k8s_at seccomp_at = k8s_child(at, "seccompProfile");
	const struct k8s_at armor = k8s_child(at, "appArmorProfile");

	if (at->val == NULL)
		return;
	id(p->c, &user);
	id(p->c, &group);
	k8s_enum(p->c, &proc, proc_mounts);
	if (p->host_users && strcmp(k8s_at_str(&proc), "Unmasked") == 0)
		k8s_invalid(p->c, &proc, "Unmasked", "`hostUsers` must be false to use `Unmasked`");
	seccomp(p->c, &seccomp_at);
	escalation(p->c, at);
	apparmor(p->c, &armor);
}

static bool is_sysctl(const char *name)
{
	const size_t len = strlen(name);
	bool start = true;

	for (size_t i = 0; i < len; i++) {
		const char c = name[i];
		const bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		const bool end = i + 1 == len || name[i + 1] == '.' || name[i + 1] == '/';

		if (c == '.' || c == '/') {
			if (start)
				return false;
			start = true;
			continue;
		}
		if (!alnum && (start || end || (c != '-' && c != '_')))
			return false;
		start = false;
	}
	return len <= 253 && !start;
}

// Whether the sysctl belongs to the network ('n') or the IPC ('i') namespace, or 0.
static char sysctl_namespace(const char *name)
{
	static const char *const ipc[] = {"kernel.sem", "kernel.shmall", "kernel.shmmax",
		"kernel.shmmni", "kernel.shm_rmid_forced", "kernel.shm", "kernel.msgmax",
		"kernel.msgmnb", "kernel.msgmni", "kernel.msg", NULL};
	char dotted[256];
	size_t n = strcspn(name, "*");

	if (n >= sizeof(dotted))
		return 0;
	const char separator = name[strcspn(name, "./")];
	for (size_t i = 0; i < n; i++) // with a slash first, the two change places
		dotted[i] = separator != '/' ? name[i]
			    : name[i] == '/' ? '.'
			    : name[i] == '.' ? '/'
					     : name[i];
	dotted[n] = '\0';
	if (k8s_one_of(dotted, ipc) || strncmp(dotted, "fs.mqueue.", 10) == 0 ||
		strcmp(dotted, "fs.mqueue") == 0)
		return 'i';
	return strncmp(dotted, "net.", 4) == 0 || strcmp(dotted, "net") == 0 ? 'n' : 0;
}

static void sysctls(struct k8s_pod_check *p, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at item = k8s_index(at, i);
		const struct k8s_at name = k8s_child(&item, "name");
		const char *text = k8s_at_str(&name);
		const char space = sysctl_namespace(text);
		bool repeated = false;

		for (uint32_t k = 0; k < i; k++)
			repeated |= strcmp(k8s_str(at->val->items[k], "name"), text) == 0;
		if (*text == '\0')
			k8s_required(p->c, &name, "");
		else if (!is_sysctl(text))
			k8s_invalid(p->c, &name, text,
				"must have at most 253 characters and match regex " SYSCTL_RE);
		else if (repeated)
			k8s_duplicate(p->c, &name, text);
		if (space == 'n' && k8s_true(p->spec, "hostNetwork"))
			k8s_invalid(p->c, &name, text,
				"may not be specified when 'hostNetwork' is true");
		else if (space == 'i' && k8s_true(p->spec, "hostIPC"))
			k8s_invalid(
				p->c, &name, text, "may not be specified when 'hostIPC' is true");
	}
}

static void pod_enums(struct k8s_pod_check *p, const struct k8s_at *at)
{
	static const char *const change[] = {"Always", "OnRootMismatch", NULL};
	static const char *const groups[] = {"Merge", "Strict", NULL};
	static const char *const selinux[] = {"Recursive", NULL};
	const struct k8s_at change_at = k8s_child(at, "fsGroupChangePolicy");
	const struct k8s_at groups_at = k8s_child(at, "supplementalGroupsPolicy");
	const struct k8s_at selinux_at = k8s_child(at, "seLinuxChangePolicy");

	k8s_enum(p->c, &change_at, change);
	k8s_enum(p->c, &groups_at, groups);
	k8s_enum(p->c, &selinux_at, selinux);
}

void k8s_pod_security_context(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	static const char *const ids[] = {"fsGroup", "runAsUser", "runAsGroup"};
	const struct k8s_at at = k8s_child(spec, "securityContext");
	const struct k8s_at groups = k8s_child(&at, "supplementalGroups");
	const struct k8s_at list = k8s_child(&at, "sysctls");
	const struct k8s_at seccomp_at = k8s_child(&at, "seccompProfile");
	const struct k8s_at armor = k8s_child(&at, "appArmorProfile");
	const struct k8s_at share =
		k8s_path(&at, "shareProcessNamespace", k8s_get(spec->val, "shareProcessNamespace"));

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct k8s_at here = k8s_child(&at, ids[i]);

		id(p->c, &here);
	}
	for (uint32_t i = 0; i < k8s_len(groups.val); i++) {
		const struct k8s_at group = k8s_index(&groups, i);

		id(p->c, &group);
	}
	if (k8s_true(spec->val, "shareProcessNamespace") && k8s_true(spec->val, "hostPID"))
		k8s_invalid_raw(p->c, &share, "true",
			"ShareProcessNamespace and HostPID cannot both be enabled");
	sysctls(p, &list);
	pod_enums(p, &at);
	seccomp(p->c, &seccomp_at);
	apparmor(p->c, &armor);
}

static void seccomp_annotation(
	struct k8s_check *c, const struct k8s_at *annotations, uint32_t i, const char *text)
{
	const struct k8s_at at =
		k8s_path(annotations, annotations->val->keys[i].name, annotations->val->items[i]);

	if (strcmp(text, "runtime/default") == 0 || strcmp(text, "docker/default") == 0 ||
		strcmp(text, "unconfined") == 0)
		return;
	if (strncmp(text, "localhost/", 10) == 0)
		k8s_descending_path(c, &at, text + 10);
	else
		k8s_invalid(c, &at, text, "must be a valid seccomp profile");
}

static bool has_container(const struct k8s_val *spec, const char *name)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct k8s_val *list = k8s_get(spec, lists[i]);

		for (uint32_t k = 0; k < k8s_len(list); k++)
			if (strcmp(k8s_str(list->items[k], "name"), name) == 0)
				return true;
	}
	return false;
}

void k8s_pod_annotations(
	struct k8s_check *c, const struct k8s_at *annotations, const struct k8s_val *spec)
{
	for (uint32_t i = 0; i < k8s_len(annotations->val); i++) {
		const struct k8s_at at = k8s_pair(annotations, i);
		const char *text = k8s_at_str(&at);

		if (strcmp(at.key, "kubernetes.io/config.mirror") == 0 &&
			*k8s_str(spec, "nodeName") == '\0')
			k8s_invalid(c, &at, text,
				"must set spec.nodeName if mirror pod annotation is set");
		if (strcmp(at.key, SECCOMP_POD) == 0 ||
			strncmp(at.key, SECCOMP_CONTAINER, strlen(SECCOMP_CONTAINER)) == 0)
			seccomp_annotation(c, annotations, i, text);
		if (strncmp(at.key, APPARMOR_CONTAINER, strlen(APPARMOR_CONTAINER)) != 0)
			continue;
		const char *container = at.key + strlen(APPARMOR_CONTAINER);
		if (!has_container(spec, container))
			k8s_invalid(c, &at, container, "container not found");
		if (*text != '\0' && strcmp(text, "runtime/default") != 0 &&
			strcmp(text, "unconfined") != 0 && strncmp(text, "localhost/", 10) != 0)
			k8s_invalid(c, &at, text,
				k8s_printf(c->arena, "invalid AppArmor profile name: %s",
					k8s_go_quote(c->arena, text)));
	}
}

// One field against the annotation that used to say the same.
static void profile_matches(struct k8s_check *c, const struct k8s_at *profile, const char *note,
	const char *what, bool docker)
{
	const struct k8s_at type = k8s_child(profile, "type");
	const struct k8s_at local = k8s_child(profile, "localhostProfile");
	const char *name = k8s_at_str(&type);
	const char *kind = k8s_printf(c->arena, "%s type in annotation and field must match", what);
	bool same = true;

	if (strcmp(name, "Unconfined") == 0)
		same = strcmp(note, "unconfined") == 0;
	else if (strcmp(name, "RuntimeDefault") == 0)
		same = strcmp(note, "runtime/default") == 0 ||
		       (docker && strcmp(note, "docker/default") == 0);
	else if (strcmp(name, "Localhost") == 0)
		same = strncmp(note, "localhost/", 10) == 0;
	if (!same)
		k8s_forbidden(c, &type, kind == NULL ? "" : kind);
	else if (strcmp(name, "Localhost") == 0 && strcmp(note + 10, k8s_at_str(&local)) != 0)
		k8s_forbidden(c, &local,
			k8s_printf(
				c->arena, "%s profile in annotation and field must match", what));
}

static void container_profiles(struct k8s_check *c, const struct k8s_at *container,
	const struct k8s_at *pod, const struct k8s_val *annotations)
{
	const struct k8s_at context = k8s_child(container, "securityContext");
	const struct k8s_at seccomp_at = k8s_child(&context, "seccompProfile");
	const struct k8s_at own = k8s_child(&context, "appArmorProfile");
	const char *name = k8s_str(container->val, "name");
	const struct k8s_val *pod_armor = k8s_get(pod->val, "appArmorProfile");
	const struct k8s_at armor = k8s_path(&context, "appArmorProfile",
		own.val != NULL ? own.val : (struct k8s_val *)(uintptr_t)pod_armor);
	const struct k8s_val *note;

	note = k8s_get(annotations, k8s_printf(c->arena, "%s%s", SECCOMP_CONTAINER, name));
	if (seccomp_at.val != NULL && note != NULL && note->str != NULL)
		profile_matches(c, &seccomp_at, note->str, "seccomp", true);
	note = k8s_get(annotations, k8s_printf(c->arena, "%s%s", APPARMOR_CONTAINER, name));
	if (armor.val != NULL && note != NULL && note->str != NULL)
		profile_matches(c, &armor, note->str, "apparmor", false);
}

void k8s_pod_profiles(
	struct k8s_check *c, const struct k8s_at *spec, const struct k8s_val *annotations)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	const struct k8s_at context = k8s_child(spec, "securityContext");
	const struct k8s_at seccomp_at = k8s_child(&context, "seccompProfile");
	const struct k8s_val *note = k8s_get(annotations, SECCOMP_POD);

	if (k8s_len(annotations) == 0)
		return;
	if (seccomp_at.val != NULL && note != NULL && note->str != NULL)
		profile_matches(c, &seccomp_at, note->str, "seccomp", true);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct k8s_at list = k8s_child(spec, lists[i]);

		for (uint32_t k = 0; k < k8s_len(list.val); k++) {
			const struct k8s_at container = k8s_index(&list, k);

			container_profiles(c, &container, &context, annotations);
		}
	}
}
