// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_cgroup.h"

#include "base/hp_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOUNTINFO_MAX (16 * 1024 * 1024) // bytes
#define CGROUP_MAX 65536 // bytes of /proc/self/cgroup; a line a hierarchy

// Version 1 has no "max": a limit of nearly 2^63, rounded down to a page, is none.
#define V1_UNLIMITED (UINT64_C(1) << 62)

// Where the group of this process is, for one controller.
struct group {
	bool found;
	bool v2;
	char mount[PATH_MAX]; // mount point
	char path[PATH_MAX]; // below the mount point, "" or "/a/b"
	bool above; // the process is in a group that this mount does not show
};

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += len)
		if ((p == list || p[-1] == ',') && (p[len] == ',' || p[len] == '\0'))
			return true;
	return false;
}

// Finds "ID:CONTROLLERS:PATH" for the controller in version 1, else the "0::PATH" of version 2.
static bool path_of(char *path, size_t size, bool *v2, char *text, const char *controller)
{
	bool found = false;
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
		line = strtok_r(NULL, "\n", &save)) {
		char *list = strchr(line, ':'), *p;

		if (list == NULL || (p = strchr(++list, ':')) == NULL)
			continue;
		*p++ = '\0';
		if (list[0] != '\0' ? !has_word(list, controller) : found)
			continue;
		snprintf(path, size, "%s", p);
		*v2 = list[0] == '\0';
		found = true;
		if (!*v2)
			break;
	}
	return found;
}

// The part of @p path below the mount's root. A namespace or a bind mount may show only a part of
// the tree, and the process may be outside of it ("/../x").
static bool below(char *out, size_t size, const char *path, const char *mount_root)
{
	size_t len = strlen(mount_root);

	if (strcmp(mount_root, "/") == 0)
		len = 0;
	else if (strncmp(path, mount_root, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return false;
	if (strncmp(path + len, "/..", 3) == 0)
		return false;
	snprintf(out, size, "%s", strcmp(path + len, "/") == 0 ? "" : path + len);
	return true;
}

static bool parse_mount(struct group *g, char *line, const char *path, const char *controller)
{
	char *tail = strstr(line, " - "), *save, *word[5], *type, *options;

	if (tail == NULL)
		return false;
	*tail = '\0';
	for (int i = 0; i < 5; i++)
		if ((word[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return false;
	type = strtok_r(tail + 3, " ", &save);
	if (type == NULL || strtok_r(NULL, " ", &save) == NULL ||
		(options = strtok_r(NULL, " ", &save)) == NULL)
		return false;
	if (strcmp(type, g->v2 ? "cgroup2" : "cgroup") != 0 ||
		(!g->v2 && !has_word(options, controller)))
		return false;
	snprintf(g->mount, sizeof(g->mount), "%s", word[4]);
	g->above = !below(g->path, sizeof(g->path), path, word[3]);
	if (g->above)
		g->path[0] = '\0';
	return true;
}

static int find_group(struct group *g, const char *root, const char *controller)
{
	char path[PATH_MAX], *text, *save;

	*g = (struct group){0};
	text = hp_file_load(root, "/proc/self/cgroup", CGROUP_MAX, NULL);
	if (text == NULL)
		return -errno;
	g->found = path_of(path, sizeof(path), &g->v2, text, controller);
	free(text);
	if (!g->found)
		return 0;
	text = hp_file_load(root, "/proc/self/mountinfo", MOUNTINFO_MAX, NULL);
	if (text == NULL)
		return -errno;
	g->found = false;
	// A tree may be mounted twice; better the mount that shows where we are.
	for (char *line = strtok_r(text, "\n", &save); line != NULL && (!g->found || g->above);
		line = strtok_r(NULL, "\n", &save))
		if (parse_mount(g, line, path, controller))
			g->found = true;
	free(text);
	return 0;
}

static bool exists(const char *root, const char *dir, const char *name)
{
	char full[PATH_MAX];
	struct stat st;

	return (size_t)snprintf(full, sizeof(full), "%s%s/%s", root, dir, name) < sizeof(full) &&
	       stat(full, &st) == 0;
}

// The top of what we see is the machine's root, and not just that of a namespace: only the real
// root lacks cgroup.type (version 2) and has cgroup.sane_behavior (version 1).
static bool top_is_root(const struct group *g, const char *root)
{
	if (g->above)
		return false;
	return g->v2 ? !exists(root, g->mount, "cgroup.type")
		     : exists(root, g->mount, "cgroup.sane_behavior");
}

// Calls @p visit for the process's group and each above it, up to the mount point.
static enum hp_cgroup_state walk(const struct group *g, const char *root,
	bool (*visit)(void *out, const char *root, const char *dir, bool v2), void *out)
{
	bool seen = false;
	char dir[2 * PATH_MAX];
	size_t mount_len = strlen(g->mount);

	if (!g->found)
		return HP_CGROUP_ABSENT;
	snprintf(dir, sizeof(dir), "%s%s", g->mount, g->path);
	for (;;) {
		char *slash;

		if (visit(out, root, dir, g->v2))
			seen = true;
		slash = strrchr(dir, '/');
		if (strlen(dir) <= mount_len || slash == NULL)
			break;
		*slash = '\0';
	}
	if (!top_is_root(g, root))
		return HP_CGROUP_HIDDEN;
	return seen ? HP_CGROUP_SEEN : HP_CGROUP_ABSENT;
}

const char *hp_cgroup_size_name(char *buf, size_t size, uint64_t page_size)
{
	if (page_size >= UINT64_C(1) << 30)
		snprintf(buf, size, "%" PRIu64 "GB", page_size >> 30);
	else if (page_size >= UINT64_C(1) << 20)
		snprintf(buf, size, "%" PRIu64 "MB", page_size >> 20);
	else
		snprintf(buf, size, "%" PRIu64 "KB", page_size >> 10);
	return buf;
}

struct hugetlb_walk {
	struct hp_cgroup_hugetlb *out;
	char size_name[24];
};

// One limit of one group; true if the file is there.
static bool take_limit(const struct hugetlb_walk *w, const char *root, const char *dir,
	const char *limit_name, const char *usage_name, bool reservation)
{
	uint64_t limit, usage, left;

	if (hp_file_u64_fmt(&limit, root, "%s/hugetlb.%s.%s", dir, w->size_name, limit_name) < 0)
		return false;
	if (limit >= V1_UNLIMITED)
		return true;
	if (hp_file_u64_fmt(&usage, root, "%s/hugetlb.%s.%s", dir, w->size_name, usage_name) < 0)
		usage = 0;
	left = limit > usage ? limit - usage : 0;
	// Of equal ones the first stays: the group nearest to the process, and its plain limit.
	if (left >= w->out->left)
		return true;
	w->out->limit = limit;
	w->out->usage = usage;
	w->out->left = left;
	w->out->reservation = reservation;
	snprintf(w->out->file, sizeof(w->out->file), "%.3900s/hugetlb.%s.%s", dir, w->size_name,
		limit_name);
	return true;
}

static bool visit_hugetlb(void *out, const char *root, const char *dir, bool v2)
{
	const struct hugetlb_walk *w = out;
	bool seen;

	if (v2) {
		seen = take_limit(w, root, dir, "max", "current", false);
		return take_limit(w, root, dir, "rsvd.max", "rsvd.current", true) || seen;
	}
	seen = take_limit(w, root, dir, "limit_in_bytes", "usage_in_bytes", false);
	return take_limit(w, root, dir, "rsvd.limit_in_bytes", "rsvd.usage_in_bytes", true) || seen;
}

int hp_cgroup_hugetlb_read(struct hp_cgroup_hugetlb *out, const char *root, uint64_t page_size)
{
	struct hugetlb_walk w = {.out = out};
	struct group g;
	int ret;

	*out = (struct hp_cgroup_hugetlb){.limit = UINT64_MAX, .left = UINT64_MAX};
	ret = find_group(&g, root, "hugetlb");
	if (ret < 0)
		return ret;
	hp_cgroup_size_name(w.size_name, sizeof(w.size_name), page_size);
	out->state = walk(&g, root, visit_hugetlb, &w);
	return 0;
}

static bool visit_memory(void *arg, const char *root, const char *dir, bool v2)
{
	struct hp_cgroup_memory *out = arg;
	const char *name = v2 ? "memory.max" : "memory.limit_in_bytes";
	uint64_t limit;

	if (hp_file_u64_fmt(&limit, root, "%s/%s", dir, name) < 0)
		return false;
	if (limit >= V1_UNLIMITED || limit >= out->limit)
		return true;
	out->limit = limit;
	if (hp_file_u64_fmt(&out->usage, root, "%s/%s", dir,
		    v2 ? "memory.current" : "memory.usage_in_bytes") < 0)
		out->usage = 0;
	snprintf(out->file, sizeof(out->file), "%.3900s/%s", dir, name);
	return true;
}

int hp_cgroup_memory_read(struct hp_cgroup_memory *out, const char *root)
{
	struct group g;
	int ret;

	*out = (struct hp_cgroup_memory){.limit = UINT64_MAX};
	ret = find_group(&g, root, "memory");
	if (ret == 0)
		out->state = walk(&g, root, visit_memory, out);
	return ret;
}

// Version 2: "QUOTA PERIOD" or "max PERIOD" in one file; version 1: two files, -1 for no quota.
static bool read_quota(
	uint64_t *quota, uint64_t *period, const char *root, const char *dir, bool v2)
{
	char path[2 * PATH_MAX], text[64];

	if (!v2) {
		if (hp_file_u64_fmt(period, root, "%s/cpu.cfs_period_us", dir) < 0)
			return false;
		if (hp_file_u64_fmt(quota, root, "%s/cpu.cfs_quota_us", dir) < 0)
			*quota = UINT64_MAX;
		return true;
	}
	snprintf(path, sizeof(path), "%s/cpu.max", dir);
	if (hp_file_read(root, path, text, sizeof(text)) < 0)
		return false;
	if (sscanf(text, "%" SCNu64 " %" SCNu64, quota, period) == 2)
		return true;
	*quota = UINT64_MAX;
	return sscanf(text, "max %" SCNu64, period) == 1;
}

static bool visit_cpu(void *arg, const char *root, const char *dir, bool v2)
{
	struct hp_cgroup_cpu *out = arg;
	uint64_t quota, period;

	if (!read_quota(&quota, &period, root, dir, v2))
		return false;
	if (quota == UINT64_MAX || period == 0)
		return true;
	if (out->quota_us != UINT64_MAX &&
		(double)quota / (double)period >= (double)out->quota_us / (double)out->period_us)
		return true;
	out->quota_us = quota;
	out->period_us = period;
	snprintf(out->file, sizeof(out->file), "%.3900s/%s", dir,
		v2 ? "cpu.max" : "cpu.cfs_quota_us");
	return true;
}

int hp_cgroup_cpu_read(struct hp_cgroup_cpu *out, const char *root)
{
	struct group g;
	int ret;

	*out = (struct hp_cgroup_cpu){.quota_us = UINT64_MAX};
	ret = find_group(&g, root, "cpu");
	if (ret == 0)
		out->state = walk(&g, root, visit_cpu, out);
	return ret;
}
