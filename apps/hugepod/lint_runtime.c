// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Pods that run, and whose DPDK does not: first each container for itself, then those that share
// hugepages, in one pod or, through a hostPath, in several.

#include "base/hp_config.h"
#include "k8s_pod.h"
#include "lint_member.h"

#include <inttypes.h>
#include <string.h>

#define MEMBERS_MAX 512 // that are compared with each other

// The place of a member's container; chain holds the path.
static struct k8s_at container_at(
	const struct lint_member *m, struct k8s_at chain[LINT_CHAIN], struct k8s_at *list)
{
	const struct k8s_at *spec = lint_spec_at(m->object, chain);

	*list = k8s_child(spec, "containers");
	return k8s_index(list, m->index);
}

// A finding at a part of the container: at `field`, or at the mount if that is given.
static struct lint_finding *tell(struct lint *l, const struct lint_member *m, const char *rule,
	const char *field, const struct k8s_val *mount, const char *message)
{
	struct k8s_at chain[LINT_CHAIN], list;
	const struct k8s_at container = container_at(m, chain, &list);
	const struct k8s_at mounts = k8s_child(&container, "volumeMounts");

	for (uint32_t i = 0; mount != NULL && i < k8s_len(mounts.val); i++) {
		const struct k8s_at here = k8s_index(&mounts, i);
		const struct k8s_at part = k8s_child(&here, field);

		if (here.val == mount)
			return lint_add(l, m->object, rule, &part, message, NULL);
	}
	const struct k8s_at part = k8s_child(&container, field);
	return lint_add(l, m->object, rule, &part, message, NULL);
}

static const char *name_of(const struct lint_member *m)
{
	return k8s_str(m->container, "name");
}

static void volume_alone(struct lint *l, const struct lint_member *m)
{
	const struct k8s_val *context = k8s_get(m->object->spec, "securityContext");
	const char *host = k8s_str(k8s_get(m->huge.volume, "hostPath"), "path");

	if (m->huge.mount == NULL) {
		if (m->own_limit && !m->in_memory)
			tell(l, m, "runtime-no-volume", "resources", NULL,
				"EAL: Cannot get hugepage information: no hugetlbfs is mounted in "
				"the container");
		return;
	}
	if (k8s_true(m->huge.mount, "readOnly"))
		tell(l, m, "runtime-read-only", "readOnly", m->huge.mount,
			"EAL: cannot open map files for writing: Read-only file system");
	if (*host == '\0' && m->uid > 0 && k8s_get(context, "fsGroup") == NULL)
		tell(l, m, "runtime-no-fs-group", "mountPath", m->huge.mount,
			k8s_printf(&l->arena,
				"the kubelet mounts hugetlbfs as root with mode 0755: user %" PRId64
				" gets Permission denied",
				m->uid));
	if (strcmp(host, "/dev/hugepages") == 0 || strcmp(host, "/mnt/huge") == 0 ||
		strcmp(host, "/hugepages") == 0)
		tell(l, m, "runtime-host-hugetlbfs", "name", m->huge.mount,
			k8s_printf(&l->arena,
				"%s of the node is mounted whole: a primary that starts removes "
				"every map file that nobody holds, of any group on the node",
				host));
}

static void runtime_dir_alone(struct lint *l, const struct lint_member *m)
{
	if (m->runtime.mount != NULL && k8s_true(m->runtime.mount, "readOnly"))
		tell(l, m, "runtime-read-only", "readOnly", m->runtime.mount,
			"EAL: Cannot create or lock its files: Read-only file system");
}

static void memory_alone(struct lint *l, const struct lint_member *m)
{
	const int64_t bytes = m->memory_mib << 20;

	if (m->role == LINT_SECONDARY || m->in_memory)
		return;
	if (bytes > m->huge_limit)
		tell(l, m, "runtime-memory-limit", "resources", NULL,
			k8s_printf(&l->arena,
				"the command line asks for %" PRId64
				" MiB of hugepages, the limit is %" PRId64
				" MiB: SIGBUS or ENOMEM at start",
				m->memory_mib, m->huge_limit >> 20));
	if (m->config_bytes > m->huge_limit)
		tell(l, m, "runtime-memory-limit", "resources", NULL,
			k8s_printf(&l->arena,
				"the group's configuration needs at least %" PRId64
				" MiB of hugepages, the limit is %" PRId64 " MiB",
				m->config_bytes >> 20, m->huge_limit >> 20));
	if (m->legacy && m->memory_mib == 0)
		tell(l, m, "runtime-legacy-memory", "args", NULL,
			"--legacy-mem without -m takes every free page of the node, whatever the "
			"limit: SIGBUS");
}

void lint_runtime(struct lint *l, const struct lint_object *o)
{
	const struct k8s_val *list = k8s_get(o->spec, "containers");

	for (uint32_t i = 0; i < k8s_len(list) && i < MEMBERS_MAX; i++) {
		struct lint_member m;

		lint_member_of(l, o, i, &m);
		if (m.role == LINT_NO_DPDK)
			continue;
		volume_alone(l, &m);
		runtime_dir_alone(l, &m);
		memory_alone(l, &m);
	}
}

static const char *both(struct lint *l, const struct lint_member *a, const struct lint_member *b,
	const char *what, const char *x, const char *y)
{
	return k8s_printf(&l->arena, "%s differs: \"%s\" in container %s, \"%s\" in container %s",
		what, x, name_of(a), y, name_of(b));
}

static void paths(struct lint *l, const struct lint_member *a, const struct lint_member *b)
{
	if (strcmp(a->huge.path, b->huge.path) != 0)
		tell(l, b, "runtime-path-differs", "mountPath", b->huge.mount,
			both(l, a, b, "mountPath of the hugepages", a->huge.path, b->huge.path));
	if (!lint_same_volume(a, &a->runtime, b, &b->runtime))
		tell(l, b, "runtime-dir-not-shared", "volumeMounts", NULL,
			k8s_printf(&l->arena,
				"containers %s and %s share no volume at %s: a secondary finds no "
				"primary",
				name_of(a), name_of(b), b->runtime_dir));
	else if (strcmp(a->runtime_dir, b->runtime_dir) != 0)
		tell(l, b, "runtime-path-differs", "mountPath", b->runtime.mount,
			both(l, a, b, "runtime directory", a->runtime_dir, b->runtime_dir));
}

static void identities(struct lint *l, const struct lint_member *a, const struct lint_member *b)
{
	const char *x = k8s_str(a->container, "image"), *y = k8s_str(b->container, "image");

	if (a->uid != b->uid)
		tell(l, b, "runtime-uid-differs", "securityContext", NULL,
			k8s_printf(&l->arena,
				"user differs: %" PRId64 " in container %s, %" PRId64
				" in container %s: map files have mode 0600",
				a->uid < 0 ? 0 : a->uid, name_of(a), b->uid < 0 ? 0 : b->uid,
				name_of(b)));
	if (strcmp(x, y) != 0)
		tell(l, b, "runtime-image-differs", "image", NULL, both(l, a, b, "image", x, y));
}

static void collisions(struct lint *l, const struct lint_member *a, const struct lint_member *b)
{
	const bool one_pid_space =
		a->object == b->object && k8s_true(a->object->spec, "shareProcessNamespace");

	if (a->hugepod && b->hugepod)
		return; // they take leases for lcores and PIDs
	if (a->lcores != NULL && b->lcores != NULL && lint_lcores_overlap(a->lcores, b->lcores))
		tell(l, b, "runtime-lcores-collide", "args", NULL,
			k8s_printf(&l->arena,
				"lcores \"%s\" of container %s and \"%s\" of container %s have an "
				"id in common",
				a->lcores, name_of(a), b->lcores, name_of(b)));
	if (!one_pid_space)
		tell(l, b, "runtime-pids-collide", "name", NULL,
			k8s_printf(&l->arena,
				"containers %s and %s are both PID 1: DPDK before 24.11.5 names "
				"files of the shared directory by PID",
				name_of(a), name_of(b)));
}

static void pair(struct lint *l, const struct lint_member *a, const struct lint_member *b)
{
	const bool same_prefix =
		a->prefix == NULL || b->prefix == NULL || strcmp(a->prefix, b->prefix) == 0;
	const bool roles = (a->role == LINT_PRIMARY) != (b->role == LINT_PRIMARY);

	if (!same_prefix) {
		if (roles && a->object == b->object)
			tell(l, b, "runtime-prefix-differs", "args", NULL,
				both(l, a, b, "--file-prefix", a->prefix, b->prefix));
		return;
	}
	if (a->role == LINT_PRIMARY && b->role == LINT_PRIMARY) {
		tell(l, b, "runtime-two-primaries", "args", NULL,
			k8s_printf(&l->arena,
				"containers %s and %s are both primary of --file-prefix %s",
				name_of(a), name_of(b), a->prefix != NULL ? a->prefix : b->prefix));
		return;
	}
	paths(l, a, b);
	identities(l, a, b);
	collisions(l, a, b);
}

// A secondary pays only for what the primary could not.
static void secondary(struct lint *l, const struct lint_member *m, bool has_primary)
{
	if (!has_primary)
		tell(l, m, "runtime-no-primary", "args", NULL,
			k8s_printf(&l->arena,
				"container %s is a secondary of --file-prefix %s, and no primary "
				"shares its hugepages",
				name_of(m), m->prefix == NULL ? "?" : m->prefix));
	else if (m->own_limit)
		tell(l, m, "runtime-paid-twice", "resources", NULL,
			k8s_printf(&l->arena,
				"container %s is a secondary: the primary pays for the pages, "
				"these "
				"stay unused",
				name_of(m)));
}

static uint32_t all_members(struct lint *l, struct lint_member *members)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_objects; i++) {
		const struct lint_object *o = &l->objects[i];
		const struct k8s_val *list =
			o->spec == NULL ? NULL : k8s_get(o->spec, "containers");

		for (uint32_t k = 0; k < k8s_len(list) && n < MEMBERS_MAX; k++) {
			lint_member_of(l, o, k, &members[n]);
			n += members[n].role != LINT_NO_DPDK;
		}
	}
	return n;
}

void lint_runtime_across(struct lint *l)
{
	struct lint_member *members = k8s_alloc(&l->arena, MEMBERS_MAX * sizeof(*members));
	const uint32_t n =
		members == NULL || !l->levels[LINT_RUNTIME] ? 0 : all_members(l, members);

	for (uint32_t i = 0; i < n; i++) {
		const struct lint_member *m = &members[i];
		bool has_primary = m->huge.mount == NULL;

		for (uint32_t k = 0; k < n; k++) {
			const struct lint_member *other = &members[k];

			if (k == i || !lint_same_volume(m, &m->huge, other, &other->huge))
				continue;
			has_primary |= other->role == LINT_PRIMARY || other->role == LINT_DPDK;
			if (k > i)
				pair(l, m, other);
		}
		if (m->role == LINT_SECONDARY)
			secondary(l, m, has_primary);
	}
	lint_groups(l);
}
