// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checks of the runtime directory, of the primary that is running, and of what must be equal.

#include "base/hp_check.h"
#include "base/hp_file.h"
#include "base/hp_paths.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SIZE_TEXT 32 // bytes for hp_file_size_text()
#define VERSION_TEXT 24 // bytes for "22.11.11"
#define EAL_MAGIC 19820526 // RTE_MAGIC: the primary has finished its part of the configuration
#define PID_FIXED 0x180b0563 // RTE_VERSION_NUM(24, 11, 5, 99): EAL's own names are unique then

// EAL's files of a primary take 1.8 MiB with 2 MiB pages, those of each member 1.6 MiB (22.11, du):
// room for a primary and a few members.
#define RUNTIME_BYTES (UINT64_C(8) << 20)

#define SHARED_LINE "volumes: [{name: run, emptyDir: {}}] # mounted in all containers of the pod"

static bool no_path(struct hp_finding *out, const struct hp_facts *f)
{
	if (f->run.path_error == 0)
		return false;
	hp_check_say(out, HP_CHECK_SKIPPED, "there is no runtime directory to look at");
	return true;
}

static void runtime_dir(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_facts_run *r = &f->run;

	if (r->path_error == -EINVAL) {
		hp_check_say(out, HP_CHECK_FAILURE, "file prefix '%s' cannot be a directory's name",
			in->file_prefix != NULL ? in->file_prefix : "");
		hp_check_todo(out, "use letters, digits and '-' in --file-prefix");
	} else if (r->path_error < 0) {
		hp_check_say(out, HP_CHECK_FAILURE, "the runtime directory's path is too long");
		hp_check_todo(out, "choose a shorter RUNTIME_DIRECTORY");
	} else if (r->exists && !r->is_dir) {
		hp_check_say(out, HP_CHECK_FAILURE, "%s is not a directory", r->path);
		hp_check_todo(out, "remove it");
	} else if (r->read_only) {
		hp_check_say(out, HP_CHECK_FAILURE, "%s is on a read-only file system",
			r->exists ? r->path : r->parent);
		hp_check_todo(out, "mount a volume there and name it in RUNTIME_DIRECTORY; a mount "
				   "of it must not be readOnly");
	} else if (r->exists) {
		hp_check_say(out, HP_CHECK_OK, "%s exists", r->path);
	} else if (!r->writable) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"%s does not exist, and uid %u may not make it in %s (owner %u, mode %04o)",
			r->path, f->euid, r->parent, r->uid, r->mode);
		hp_check_todo(out, "mount a volume that this user may write to and name it in "
				   "RUNTIME_DIRECTORY");
	} else {
		hp_check_say(out, HP_CHECK_OK, "%s can be made", r->path);
	}
}

static void runtime_dir_owner(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_facts_run *r = &f->run;

	if (no_path(out, f))
		return;
	if (!r->exists) {
		hp_check_say(out, HP_CHECK_SKIPPED, "it does not exist yet");
		return;
	}
	if (r->uid != f->euid) {
		hp_check_say(out, r->writable ? HP_CHECK_WARNING : HP_CHECK_FAILURE,
			"%s belongs to uid %u, this process is uid %u", r->path, r->uid, f->euid);
		hp_check_todo(out, "run all members as one user: EAL's files have mode 0600");
		hp_check_manifest(out, "securityContext: {runAsUser: %u}", r->uid);
		return;
	}
	if (!r->writable) {
		hp_check_say(out, HP_CHECK_FAILURE, "%s has mode %04o: its owner may not write",
			r->path, r->mode);
		hp_check_todo(out, "chmod 0700 %s", r->path);
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "%s belongs to uid %u, mode %04o", r->path, r->uid, r->mode);
}

static void runtime_dir_shared(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_path(out, f))
		return;
	if (!f->container) {
		hp_check_say(out, HP_CHECK_SKIPPED, "this is no container");
		return;
	}
	if (f->run.on_root_fs) {
		hp_check_say(out, HP_CHECK_WARNING,
			"%s is on this container's own file system: no other container sees it",
			f->run.path);
		hp_check_todo(out, "mount one volume at the same path in every container, and name "
				   "it in RUNTIME_DIRECTORY");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "%s is on a volume", f->run.path);
}

static void runtime_dir_space(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	char got[SIZE_TEXT], need[SIZE_TEXT];

	if (no_path(out, f))
		return;
	if (f->run.path[0] == '\0' || (!f->run.exists && !f->run.is_dir)) {
		hp_check_say(
			out, HP_CHECK_SKIPPED, "nothing above the runtime directory can be seen");
		return;
	}
	hp_file_size_text(got, sizeof(got), f->run.free_bytes >> 20 << 20);
	hp_file_size_text(need, sizeof(need), RUNTIME_BYTES);
	if (f->run.free_bytes < RUNTIME_BYTES) {
		hp_check_say(out, HP_CHECK_WARNING,
			"%s free for the runtime directory, a small group takes %s", got, need);
		hp_check_todo(out, "make room: a shared file that cannot grow ends in SIGBUS");
		hp_check_manifest(out, "emptyDir: {sizeLimit: 64Mi}");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "%s free", got);
}

static void runtime_env(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (f->run.env != NULL) {
		hp_check_say(out, HP_CHECK_OK, "RUNTIME_DIRECTORY=%s", f->run.env);
		return;
	}
	if (f->uid == 0 && !f->container) {
		hp_check_say(out, HP_CHECK_OK, "RUNTIME_DIRECTORY is not set, root uses /var/run");
		return;
	}
	hp_check_say(out, HP_CHECK_WARNING,
		"RUNTIME_DIRECTORY is not set, so the place depends on the user: %s", f->run.path);
	hp_check_todo(out, "set it to the mount point of the shared volume, in every container");
}

static void socket_path(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_path(out, f))
		return;
	if (!f->run.socket_fits) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"%s/" HP_PATHS_JOIN " has %zu bytes, a socket's address holds 107",
			f->run.path, strlen(f->run.path) + 1 + strlen(HP_PATHS_JOIN));
		hp_check_todo(out, "choose a shorter RUNTIME_DIRECTORY or --file-prefix");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "the join socket's path fits");
}

static void primary_holder(char *buf, size_t size, const struct hp_facts_run *r)
{
	if (r->config_pid > 0)
		snprintf(buf, size, "process %d", r->config_pid);
	else
		snprintf(buf, size, "a process of another PID namespace");
}

static void primary(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_facts_run *r = &f->run;
	char who[64];

	if (no_path(out, f))
		return;
	primary_holder(who, sizeof(who), r);
	if (in->primary && r->config_held) {
		hp_check_say(out, HP_CHECK_FAILURE, "a primary of this prefix lives: %s", who);
		hp_check_todo(out, "one group has one primary: end it, or use another "
				   "--file-prefix");
	} else if (in->primary) {
		hp_check_say(out, HP_CHECK_OK, "no other primary of this prefix");
	} else if (r->config_held) {
		hp_check_say(out, HP_CHECK_OK, "the primary lives: %s%s", who,
			r->join_exists ? "" : " (no join socket: it is not hugepod's)");
	} else {
		hp_check_say(out, HP_CHECK_WARNING, "no primary lives%s",
			r->config_exists ? ", only a dead one's files are there (stock DPDK would "
					   "attach to them)"
					 : " in this runtime directory");
		hp_check_todo(out, "start hp-primary with the same --file-prefix and "
				   "RUNTIME_DIRECTORY; members wait for it (--wait-primary)");
	}
}

static const char *version_text(char *buf, size_t size, uint32_t v)
{
	snprintf(buf, size, "%u.%02u.%u", v >> 24, v >> 16 & 0xff, v >> 8 & 0xff);
	return buf;
}

static void dpdk_version(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	char theirs[VERSION_TEXT], ours[VERSION_TEXT];

	if (f->run.config_magic != EAL_MAGIC || in->dpdk_version == 0) {
		hp_check_say(out, HP_CHECK_SKIPPED, "no primary to compare with");
		return;
	}
	version_text(theirs, sizeof(theirs), f->run.config_version);
	version_text(ours, sizeof(ours), in->dpdk_version);
	if (f->run.config_version != in->dpdk_version) {
		hp_check_say(out, HP_CHECK_FAILURE, "the primary has DPDK %s, this build %s",
			theirs, ours);
		hp_check_todo(out, "run all containers of a group from one image");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "DPDK %s in the primary and here", ours);
}

static void same_huge_dir(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const char *theirs = f->run.huge_dir;

	if (theirs[0] == '\0') {
		hp_check_say(out, HP_CHECK_SKIPPED, "no primary has written its huge-dir down");
		return;
	}
	if (strcmp(theirs, f->dir.path) != 0 && strcmp(theirs, f->maps_dir) != 0) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"the primary's huge-dir is %.200s, here it is %.200s: EAL opens the "
			"primary's "
			"path",
			theirs, f->maps_dir[0] != '\0' ? f->maps_dir : "nowhere");
		hp_check_todo(out, "mount the volume at %.200s here too", theirs);
		hp_check_manifest(
			out, "volumeMounts: [{name: hugepages, mountPath: %.120s}]", theirs);
		return;
	}
	if (in->primary || f->maps.own.stale + f->maps.own.held + f->maps.own.unknown > 0) {
		hp_check_say(out, HP_CHECK_OK, "the primary's too is %s", theirs);
		return;
	}
	hp_check_say(out, f->run.config_held ? HP_CHECK_FAILURE : HP_CHECK_WARNING,
		"%s is the primary's huge-dir by name, but none of its files are in it", theirs);
	hp_check_todo(out, "mount the same volume in both containers, not one of the same name");
}

static void pid_collision(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_path(out, f))
		return;
	if (in->dpdk_version > PID_FIXED) {
		hp_check_say(out, HP_CHECK_OK, "this DPDK's file names do not clash");
		return;
	}
	if (f->run.pid_files > 0) {
		hp_check_say(out, HP_CHECK_WARNING,
			"a member that is PID 1 in its container holds the file names that another "
			"PID 1 would need");
		hp_check_todo(out, "hugepod's members take another PID by themselves; stock DPDK "
				   "before 24.11.5 needs one PID namespace for the pod");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "no member is PID 1");
}

const struct hp_check hp_check_rundir[] = {
	{"runtime-dir", "runtime directory", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"The group's runtime directory exists or can be made: the same one that EAL will "
		"choose.",
		"env: [{name: RUNTIME_DIRECTORY, value: /run/hugepod}]", runtime_dir},
	{"runtime-dir-owner", "runtime directory", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"It belongs to the user of this process: EAL's files in it can be opened by their "
		"owner alone.",
		NULL, runtime_dir_owner},
	{"runtime-dir-shared", "runtime directory", HP_CHECK_BOTH, 0,
		"In a container it is on a volume, where the others can see it.", SHARED_LINE,
		runtime_dir_shared},
	{"runtime-dir-space", "runtime directory", HP_CHECK_BOTH, 0,
		"Its file system has room for the tables of the primary and a few members.", NULL,
		runtime_dir_space},
	{"runtime-env", "runtime directory", HP_CHECK_BOTH, 0,
		"RUNTIME_DIRECTORY is set: without it EAL's choice depends on the user.",
		"env: [{name: RUNTIME_DIRECTORY, value: /run/hugepod}]", runtime_env},
	{"socket-path", "runtime directory", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"The path of the join socket fits into a socket's address, 107 bytes.",
		"env: [{name: RUNTIME_DIRECTORY, value: /run/hugepod}]", socket_path},
	{"primary", "group", HP_CHECK_BOTH, 0,
		"For a primary: no other one of this prefix lives. For a secondary: one does. Seen "
		"by EAL's own lock, across PID namespaces.",
		NULL, primary},
	{"dpdk-version", "group", HP_CHECK_SECONDARY, HP_CHECK_SECONDARY,
		"The primary's DPDK is the one that this build uses.",
		"image: registry.example/hugepod:1.0 # one image for all containers", dpdk_version},
	{"same-huge-dir", "group", HP_CHECK_SECONDARY, 0,
		"The huge-dir is the primary's, at the same path, with its files in it: EAL opens "
		"the path that the primary wrote down.",
		"volumeMounts: [{name: hugepages, mountPath: /dev/hugepages}]", same_huge_dir},
	{"pid-collision", "group", HP_CHECK_SECONDARY, 0,
		"No member holds the file names of PID 1, which every container's program would "
		"use in DPDK before 24.11.5.",
		"shareProcessNamespace: true", pid_collision},
	{NULL},
};
