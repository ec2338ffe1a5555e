// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Pod Security: what the admission plugin says of a pod under baseline and restricted.

#include "lint.h"

#include <stdlib.h>
#include <string.h>

#define LABEL "pod-security.kubernetes.io/enforce"

// Names for a sentence: sorted where the plugin sorts them.
struct names {
	struct lint *l;
	const char **items;
	uint32_t n, room;
};

static void push(struct names *list, const char *name, bool once)
{
	for (uint32_t i = 0; once && i < list->n; i++)
		if (strcmp(list->items[i], name) == 0)
			return;
	if (list->n == list->room) {
		const uint32_t room = list->room * 2 + 8;
		const char **more = k8s_alloc(&list->l->arena, room * sizeof(*more));

		if (more == NULL)
			return;
		if (list->n > 0)
			memcpy(more, list->items, list->n * sizeof(*more));
		list->items = more;
		list->room = room;
	}
	list->items[list->n++] = name;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *quoted(struct names *list, bool sorted)
{
	const char *text = "";

	if (sorted && list->n > 1)
		qsort(list->items, list->n, sizeof(*list->items), by_name);
	for (uint32_t i = 0; i < list->n; i++)
		text = k8s_printf(&list->l->arena, "%s%s\"%s\"", text == NULL ? "" : text,
			i > 0 ? ", " : "", list->items[i]);
	return text == NULL ? "" : text;
}

static const char *plural(uint32_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

// A pod under a profile.
struct policy {
	struct lint *l;
	const struct lint_object *o;
	const char *profile;
	struct k8s_at spec;
};

static void refuse(struct policy *p, const char *rule, const struct k8s_at *at, const char *reason,
	const char *detail)
{
	lint_add(p->l, p->o, rule, at,
		k8s_printf(&p->l->arena,
			"pods \"%s\" is forbidden: violates PodSecurity \"%s:latest\": %s (%s)",
			p->o->object.name, p->profile, reason, detail == NULL ? "" : detail),
		NULL);
}

// Calls fn for every container; its list of names and place collect what is wrong.
static void containers(struct policy *p,
	void (*fn)(struct policy *p, const struct k8s_at *container, void *data), void *data)
{
	static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct k8s_at list = k8s_child(&p->spec, lists[i]);

		for (uint32_t k = 0; k < k8s_len(list.val); k++) {
			const struct k8s_at container = k8s_index(&list, k);

			fn(p, &container, data);
		}
	}
}

struct bad {
	struct names containers, values;
	const struct k8s_val *first; // the first bad container
	bool pod_sets; // the pod's own context says it for all
};

static void blame(struct bad *bad, const struct k8s_at *container)
{
	push(&bad->containers, k8s_str(container->val, "name"), false);
	if (bad->first == NULL)
		bad->first = container->val;
}

// The place of the first bad container's field, for pointing.
static struct k8s_at place(const struct policy *p, const struct bad *bad)
{
	struct k8s_at at = p->spec;

	at.val = (struct k8s_val *)(uintptr_t)(bad->first != NULL ? bad->first : p->spec.val);
	return at;
}

static const struct k8s_val *context(const struct k8s_at *container)
{
	return k8s_get(container->val, "securityContext");
}

static void find_privileged(struct policy *p, const struct k8s_at *c, void *data)
{
	if (k8s_true(context(c), "privileged"))
		blame(data, c);
}

static void find_capabilities(struct policy *p, const struct k8s_at *c, void *data)
{
	static const char *const allowed[] = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER",
		"FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
		"SETUID", "SYS_CHROOT", NULL};
	static const char *const restricted[] = {"NET_BIND_SERVICE", NULL};
	const struct k8s_val *add = k8s_find(c->val, "securityContext.capabilities.add");
	const bool strict = strcmp(p->profile, "restricted") == 0;
	struct bad *bad = data;
	bool is_bad = false;

	for (uint32_t i = 0; i < k8s_len(add); i++) {
		const char *cap = add->items[i]->str != NULL ? add->items[i]->str : "";

		if (k8s_one_of(cap, strict ? restricted : allowed))
			continue;
		push(&bad->values, cap, true);
		is_bad = true;
	}
	if (is_bad)
		blame(bad, c);
}

static void find_no_drop(struct policy *p, const struct k8s_at *c, void *data)
{
	const struct k8s_val *drop = k8s_find(c->val, "securityContext.capabilities.drop");

	for (uint32_t i = 0; i < k8s_len(drop); i++)
		if (drop->items[i]->str != NULL && strcmp(drop->items[i]->str, "ALL") == 0)
			return;
	blame(data, c);
}

static void find_escalation(struct policy *p, const struct k8s_at *c, void *data)
{
	const struct k8s_val *allow = k8s_get(context(c), "allowPrivilegeEscalation");

	if (allow == NULL || allow->boolean)
		blame(data, c);
}

static void find_root(struct policy *p, const struct k8s_at *c, void *data)
{
	const struct k8s_val *own = k8s_get(context(c), "runAsNonRoot");
	const struct bad *bad = data;

	if (own == NULL ? !bad->pod_sets : !own->boolean)
		blame(data, c);
}

static void find_seccomp(struct policy *p, const struct k8s_at *c, void *data)
{
	const struct k8s_val *profile = k8s_get(context(c), "seccompProfile");
	const bool strict = strcmp(p->profile, "restricted") == 0;
	struct bad *bad = data;

	if (profile == NULL) {
		if (strict && !bad->pod_sets)
			blame(bad, c);
	} else if (strcmp(k8s_str(profile, "type"), "Unconfined") == 0) {
		blame(bad, c);
	}
}

static void find_host_port(struct policy *p, const struct k8s_at *c, void *data)
{
	const struct k8s_val *ports = k8s_get(c->val, "ports");
	struct bad *bad = data;
	bool is_bad = false;

	for (uint32_t i = 0; i < k8s_len(ports); i++)
		if (k8s_int(ports->items[i], "hostPort", 0) != 0) {
			push(&bad->values, k8s_get(ports->items[i], "hostPort")->str, true);
			is_bad = true;
		}
	if (is_bad)
		blame(bad, c);
}

static struct bad find(struct policy *p, bool pod_sets,
	void (*fn)(struct policy *p, const struct k8s_at *container, void *data))
{
	struct bad bad = {.containers.l = p->l, .values.l = p->l, .pod_sets = pod_sets};

	containers(p, fn, &bad);
	return bad;
}

static const char *must(struct policy *p, struct bad *bad, const char *text)
{
	return k8s_printf(&p->l->arena, "%s %s %s",
		plural(bad->containers.n, "container", "containers"),
		quoted(&bad->containers, false), text);
}

static void simple(struct policy *p, const char *rule, const char *reason, const char *text,
	void (*fn)(struct policy *p, const struct k8s_at *container, void *data))
{
	struct bad bad = find(p, false, fn);
	const struct k8s_at at = place(p, &bad);

	if (bad.containers.n > 0)
		refuse(p, rule, &at, reason, must(p, &bad, text));
}

static void host_namespaces(struct policy *p)
{
	static const char *const flags[] = {"hostNetwork", "hostPID", "hostIPC"};
	const char *text = "";
	struct k8s_at at = p->spec;

	for (int i = 0; i < 3; i++) {
		const struct k8s_at flag = k8s_child(&p->spec, flags[i]);

		if (!k8s_true(p->spec.val, flags[i]))
			continue;
		if (*text == '\0')
			at.val = flag.val;
		text = k8s_printf(
			&p->l->arena, "%s%s%s=true", text, *text != '\0' ? ", " : "", flags[i]);
		if (text == NULL)
			return;
	}
	if (*text != '\0')
		refuse(p, "policy-host-namespace", &at, "host namespaces", text);
}

static void volumes(struct policy *p)
{
	static const char *const fine[] = {"configMap", "csi", "downwardAPI", "emptyDir",
		"ephemeral", "image", "persistentVolumeClaim", "projected", "secret", NULL};
	const struct k8s_at list = k8s_child(&p->spec, "volumes");
	const bool strict = strcmp(p->profile, "restricted") == 0;
	struct names host = {.l = p->l}, other = {.l = p->l}, kinds = {.l = p->l};
	struct k8s_at at = list;

	for (uint32_t i = 0; i < k8s_len(list.val); i++) {
		const struct k8s_val *volume = list.val->items[i];
		const char *name = k8s_str(volume, "name");

		for (uint32_t k = 0; k < k8s_len(volume); k++) {
			const char *kind = volume->keys[k].name;

			if (strcmp(kind, "name") == 0 || k8s_one_of(kind, fine))
				continue;
			if (other.n == 0)
				at.val = list.val->items[i];
			if (strcmp(kind, "hostPath") == 0)
				push(&host, name, false);
			push(&other, name, false);
			push(&kinds, kind, true);
		}
	}
	if (host.n > 0)
		refuse(p, "policy-host-path", &at, "hostPath volumes",
			k8s_printf(&p->l->arena, "%s %s", plural(host.n, "volume", "volumes"),
				quoted(&host, false)));
	if (strict && other.n > 0)
		refuse(p, "policy-volume-type", &at, "restricted volume types",
			k8s_printf(&p->l->arena, "%s %s %s restricted volume %s %s",
				plural(other.n, "volume", "volumes"), quoted(&other, false),
				plural(other.n, "uses", "use"), plural(kinds.n, "type", "types"),
				quoted(&kinds, true)));
}

static void baseline(struct policy *p)
{
	struct bad caps, ports, seccomp;

	host_namespaces(p);
	simple(p, "policy-privileged", "privileged", "must not set securityContext.privileged=true",
		find_privileged);
	volumes(p);
	if (strcmp(p->profile, "baseline") == 0) {
		caps = find(p, false, find_capabilities);
		const struct k8s_at at = place(p, &caps);
		if (caps.containers.n > 0)
			refuse(p, "policy-capabilities", &at, "non-default capabilities",
				must(p, &caps,
					k8s_printf(&p->l->arena,
						"must not include %s in "
						"securityContext.capabilities.add",
						quoted(&caps.values, true))));
		seccomp = find(p, true, find_seccomp);
		const struct k8s_at where = place(p, &seccomp);
		if (seccomp.containers.n > 0)
			refuse(p, "policy-seccomp", &where, "seccompProfile",
				must(p, &seccomp,
					"must not set securityContext.seccompProfile.type to "
					"\"Unconfined\""));
	}
	ports = find(p, false, find_host_port);
	const struct k8s_at at = place(p, &ports);
	if (ports.containers.n > 0)
		refuse(p, "policy-host-port", &at, "hostPort",
			must(p, &ports,
				k8s_printf(&p->l->arena, "%s %s %s",
					plural(ports.containers.n, "uses", "use"),
					plural(ports.values.n, "hostPort", "hostPorts"),
					quoted(&ports.values, true))));
}

static void restricted_capabilities(struct policy *p)
{
	struct bad missing = find(p, false, find_no_drop);
	struct bad added = find(p, false, find_capabilities);
	const struct k8s_at at = place(p, missing.first != NULL ? &missing : &added);
	const char *drop =
		must(p, &missing, "must set securityContext.capabilities.drop=[\"ALL\"]");
	const char *add = must(p, &added,
		k8s_printf(&p->l->arena, "must not include %s in securityContext.capabilities.add",
			quoted(&added.values, true)));

	if (missing.containers.n == 0 && added.containers.n == 0)
		return;
	refuse(p, "policy-capabilities", &at, "unrestricted capabilities",
		k8s_printf(&p->l->arena, "%s%s%s", missing.containers.n > 0 ? drop : "",
			missing.containers.n > 0 && added.containers.n > 0 ? "; " : "",
			added.containers.n > 0 ? add : ""));
}

static void restricted(struct policy *p)
{
	const struct k8s_val *pod = k8s_get(p->spec.val, "securityContext");
	const char *profile = k8s_str(k8s_get(pod, "seccompProfile"), "type");
	const bool pod_seccomp =
		strcmp(profile, "RuntimeDefault") == 0 || strcmp(profile, "Localhost") == 0;
	struct bad root = find(p, k8s_true(pod, "runAsNonRoot"), find_root);
	struct bad seccomp = find(p, pod_seccomp, find_seccomp);
	const struct k8s_at root_at = place(p, &root), seccomp_at = place(p, &seccomp);
	const struct k8s_at user = k8s_child(&p->spec, "securityContext");

	simple(p, "policy-escalation", "allowPrivilegeEscalation != false",
		"must set securityContext.allowPrivilegeEscalation=false", find_escalation);
	restricted_capabilities(p);
	if (root.containers.n > 0)
		refuse(p, "policy-non-root", &root_at, "runAsNonRoot != true",
			k8s_printf(&p->l->arena, "pod or %s",
				must(p, &root, "must set securityContext.runAsNonRoot=true")));
	if (k8s_get(pod, "runAsUser") != NULL && k8s_int(pod, "runAsUser", 1) == 0)
		refuse(p, "policy-non-root", &user, "runAsUser=0", "pod must not set runAsUser=0");
	if (seccomp.containers.n > 0)
		refuse(p, "policy-seccomp", &seccomp_at, "seccompProfile",
			k8s_printf(&p->l->arena, "pod or %s",
				must(p, &seccomp,
					"must set securityContext.seccompProfile.type to "
					"\"RuntimeDefault\" or \"Localhost\"")));
}

// What the namespace of the object asks for, as far as it is among the files.
static const char *profile_of(const struct lint *l, const struct lint_object *o)
{
	if (l->pss != NULL)
		return l->pss;
	for (uint32_t i = 0; i < l->n_objects; i++) {
		const struct lint_object *space = &l->objects[i];

		if (space->object.root != NULL && strcmp(space->object.kind, "Namespace") == 0 &&
			strcmp(space->object.name, o->space) == 0)
			return k8s_str(k8s_find(space->object.root, "metadata.labels"), LABEL);
	}
	return "";
}

void lint_policy(struct lint *l, const struct lint_object *o)
{
	struct k8s_at chain[LINT_CHAIN];
	struct policy p = {l, o, profile_of(l, o), *lint_spec_at(o, chain)};

	if (strcmp(p.profile, "baseline") != 0 && strcmp(p.profile, "restricted") != 0)
		return;
	baseline(&p);
	if (strcmp(p.profile, "restricted") == 0)
		restricted(&p);
}
