// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checks of the huge-dir: is it a hugetlbfs, of the right pages, ours to write, and clean.

#include "base/hp_check.h"
#include "base/hp_file.h"
#include "base/hp_paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SIZE_TEXT 32 // bytes for hp_file_size_text()

#define MOUNT_LINE "volumes: [{name: hugepages, emptyDir: {medium: HugePages}}]"

// True if there is no huge-dir to look at; hugetlbfs-mounted is the check that says so.
static bool no_dir(struct hp_finding *out, const struct hp_facts *f)
{
	if (f->dir.hugetlbfs)
		return false;
	hp_check_say(out, HP_CHECK_SKIPPED, "there is no hugetlbfs to look at");
	return true;
}

static void hugetlbfs_mounted(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	char size[SIZE_TEXT];

	if (f->dir.path[0] == '\0') {
		hp_check_say(out, HP_CHECK_FAILURE,
			"of %" PRIu32 " hugetlbfs mounts none can be used: no mount is writable "
			"and of a page size that this node has pages of",
			f->mounts.n);
		hp_check_todo(out, "mount a hugetlbfs into the container, or name one: --huge-dir");
	} else if (f->dir.error != 0) {
		hp_check_say(out, HP_CHECK_FAILURE, "huge-dir %s: %s", f->dir.path,
			strerror(f->dir.error));
		hp_check_todo(out, "mount a hugetlbfs there, at the same path in every container");
	} else if (!f->dir.is_dir || !f->dir.hugetlbfs) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"huge-dir %s is not a hugetlbfs (statfs says so, whatever its name)",
			f->dir.path);
		hp_check_todo(out,
			"use a volume with medium HugePages; on a node: mount -t "
			"hugetlbfs -o pagesize=2M none %s",
			f->dir.path);
	} else {
		hp_check_say(out, HP_CHECK_OK, "%s is a hugetlbfs with pages of %s", f->dir.path,
			hp_file_size_text(size, sizeof(size), f->dir.page_size));
	}
}

static void huge_dir_page_size(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	char got[SIZE_TEXT], want[SIZE_TEXT];

	if (no_dir(out, f))
		return;
	hp_file_size_text(got, sizeof(got), f->dir.page_size);
	hp_file_size_text(want, sizeof(want), in->page_size);
	if (in->page_size != 0 && in->page_size != f->dir.page_size) {
		hp_check_say(out, HP_CHECK_FAILURE, "%s has pages of %s, asked for were %s",
			f->dir.path, got, want);
		hp_check_todo(out, "mount a hugetlbfs with pagesize=%" PRIu64 "M, or ask for %s",
			in->page_size >> 20, got);
	} else {
		hp_check_say(out, HP_CHECK_OK, "pages of %s", got);
	}
}

static void huge_dir_access(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_huge_dir *d = &f->dir;

	if (no_dir(out, f))
		return;
	if (!d->writable && !d->read_only) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"uid %u gid %u may not write to %s (owner %u:%u, mode %04o)", f->euid,
			f->egid, d->path, d->uid, d->gid, d->mode);
		hp_check_todo(out,
			"give the volume to the pod's group with fsGroup; on a node: "
			"mount with uid=%u or mode=0770,gid=%u",
			f->euid, f->egid);
		hp_check_manifest(out, "securityContext: {runAsUser: %u, fsGroup: %u}", f->euid,
			f->egid != 0 ? f->egid : f->euid);
	} else {
		hp_check_say(out, HP_CHECK_OK, "owner %u:%u, mode %04o, uid %u %s", d->uid, d->gid,
			d->mode, f->euid, d->writable ? "may write" : "may not write");
	}
}

static void huge_dir_read_only(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_dir(out, f))
		return;
	if (f->dir.read_only) {
		hp_check_say(out, HP_CHECK_FAILURE, "%s is mounted read-only", f->dir.path);
		hp_check_todo(out, "take readOnly off the mount: EAL opens its files for reading "
				   "and writing in secondaries too");
	} else {
		hp_check_say(out, HP_CHECK_OK, "mounted for reading and writing");
	}
}

static void huge_dir_size(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	char limit[SIZE_TEXT], left[SIZE_TEXT], want[SIZE_TEXT];
	uint64_t stale = f->maps.own.stale_bytes;

	if (no_dir(out, f))
		return;
	if (f->dir.size_limit == UINT64_MAX) {
		hp_check_say(out, HP_CHECK_OK, "the mount has no size= option");
		return;
	}
	hp_file_size_text(limit, sizeof(limit), f->dir.size_limit);
	hp_file_size_text(left, sizeof(left), f->dir.size_free);
	hp_file_size_text(want, sizeof(want), in->memory);
	if (in->memory > f->dir.size_free + stale) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"asked for are %s, the mount's size= is %s, %s of it are left", want, limit,
			left);
		hp_check_todo(out, "mount it with size=%" PRIu64 "M or more, or ask for less",
			(in->memory + (1 << 20) - 1) >> 20);
	} else {
		hp_check_say(out, HP_CHECK_OK, "size= is %s, %s of it are left", limit, left);
	}
}

static void huge_dir_lock(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_map_holder *by = &f->maps.dir_locker;

	if (no_dir(out, f))
		return;
	if (!f->maps.dir_locked) {
		hp_check_say(out, HP_CHECK_OK, "nobody holds the lock on %s", f->maps_dir);
		return;
	}
	if (by->pid > 0)
		hp_check_say(out, HP_CHECK_WARNING, "process %d (%s) holds the lock on %s", by->pid,
			by->name, f->maps_dir);
	else
		hp_check_say(out, HP_CHECK_WARNING,
			"a process that cannot be seen from here holds the lock on %s",
			f->maps_dir);
	hp_check_todo(out, "rte_eal_init() waits for this lock without end: if it stays, end its "
			   "holder, and do not share one hugetlbfs with strangers");
}

// "PID (NAME), PID (NAME)"
static const char *list_holders(char *buf, size_t size, const struct hp_map_files *maps)
{
	size_t len = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < maps->n_holders && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%d (%s)", i > 0 ? ", " : "",
			maps->holder[i].pid, maps->holder[i].name);
	if (maps->more_holders && len < size)
		snprintf(buf + len, size - len, " and others");
	return buf;
}

static void stale_maps(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_map_count *own = &f->maps.own, *other = &f->maps.other;
	const char *prefix = in->file_prefix != NULL ? in->file_prefix : HP_PATHS_PREFIX_DEFAULT;
	char size[SIZE_TEXT];

	if (no_dir(out, f))
		return;
	if (own->stale + other->stale + own->unknown == 0) {
		hp_check_say(out, HP_CHECK_OK, "no file without an owner");
		return;
	}
	if (own->unknown > 0) {
		hp_check_say(out, HP_CHECK_WARNING,
			"%" PRIu32 " files %smap_* belong to another user and pin %s", own->unknown,
			prefix, hp_file_size_text(size, sizeof(size), own->unknown_bytes));
		hp_check_todo(out, "run all members as one user, or use another --file-prefix");
		return;
	}
	hp_check_say(out, HP_CHECK_WARNING,
		"%" PRIu32 " files %smap_* and %" PRIu32
		" of other prefixes belong to no living process and pin %s",
		own->stale, prefix, other->stale,
		hp_file_size_text(size, sizeof(size), own->stale_bytes + other->stale_bytes));
	hp_check_todo(out, "start a primary: it removes them, and only them");
}

static void map_holders(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const char *prefix = in->file_prefix != NULL ? in->file_prefix : HP_PATHS_PREFIX_DEFAULT;
	char who[256], size[SIZE_TEXT];

	if (no_dir(out, f))
		return;
	if (f->maps.own.held == 0) {
		hp_check_say(out, HP_CHECK_OK, "nobody holds a file %smap_*", prefix);
		return;
	}
	list_holders(who, sizeof(who), &f->maps);
	hp_file_size_text(size, sizeof(size), f->maps.own.held_bytes);
	if (!in->primary || f->run.config_held) {
		hp_check_say(out, HP_CHECK_OK, "%s in use by %s", size,
			f->maps.holders_hidden ? "processes that cannot be seen from here" : who);
		return;
	}
	hp_check_say(out, HP_CHECK_FAILURE,
		"no primary lives, but %s of its memory are still held by %s%s", size,
		f->maps.holders_hidden ? "processes that cannot be seen from here" : "process ",
		f->maps.holders_hidden ? "" : who);
	hp_check_todo(out, "end these secondaries of the old primary (hugepod's leave by "
			   "themselves), or start with another --file-prefix");
}

const struct hp_check hp_check_hugedir[] = {
	{"hugetlbfs-mounted", "huge-dir", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"The huge-dir exists and is a hugetlbfs. An emptyDir without a medium, or a host "
		"path where nothing is mounted, looks the same by its name; statfs(2) tells.",
		MOUNT_LINE, hugetlbfs_mounted},
	{"huge-dir-page-size", "huge-dir", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"The mount's page size is the one asked for.",
		"volumes: [{name: hugepages, emptyDir: {medium: HugePages-2Mi}}]",
		huge_dir_page_size},
	{"huge-dir-access", "huge-dir", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"This user may create files in the huge-dir. The kubelet mounts it for root alone "
		"unless the pod has an fsGroup.",
		"securityContext: {runAsUser: 1001, fsGroup: 1001}", huge_dir_access},
	{"huge-dir-read-only", "huge-dir", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"The mount is not read-only: secondaries open the primary's files for writing.",
		"volumeMounts: [{name: hugepages, mountPath: /dev/hugepages, readOnly: false}]",
		huge_dir_read_only},
	{"huge-dir-size", "huge-dir", HP_CHECK_PRIMARY, HP_CHECK_PRIMARY,
		"The size= option of the mount, if any, leaves room for the memory asked for.",
		NULL, huge_dir_size},
	{"huge-dir-lock", "huge-dir", HP_CHECK_BOTH, 0,
		"Nobody holds the lock on the directory: rte_eal_init() would wait for it without "
		"end.",
		NULL, huge_dir_lock},
	{"stale-maps", "huge-dir", HP_CHECK_PRIMARY, 0,
		"No memory files of dead processes pin hugepages, and none belong to another user.",
		NULL, stale_maps},
	{"map-holders", "huge-dir", HP_CHECK_BOTH, 0,
		"No process of an old group still holds memory of this prefix: a primary could not "
		"start.",
		NULL, map_holders},
	{NULL},
};
