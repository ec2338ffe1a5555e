// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_hugetlb.h"

#include "base/hp_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SYS_HUGE "/sys/kernel/mm/hugepages"
#define SYS_NODE "/sys/devices/system/node"
#define MOUNTINFO_MAX (16 * 1024 * 1024) // bytes; a node with 10,000 containers has about 2 MiB

static DIR *open_dir(const char *root, const char *path)
{
	char full[PATH_MAX];

	if ((size_t)snprintf(full, sizeof(full), "%s%s", root, path) >= sizeof(full)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return opendir(full);
}

// A file that is missing (older kernels, nodes have no reserved count) is no pages.
static uint64_t count_of(const char *root, const char *dir, uint64_t bytes, const char *name)
{
	uint64_t value;

	if (hp_file_u64_fmt(
		    &value, root, "%s/hugepages-%" PRIu64 "kB/%s", dir, bytes / 1024, name) < 0)
		return 0;
	return value;
}

static void read_count(
	struct hp_huge_count *count, const char *root, const char *dir, uint64_t bytes)
{
	count->total = count_of(root, dir, bytes, "nr_hugepages");
	count->free = count_of(root, dir, bytes, "free_hugepages");
	count->reserved = count_of(root, dir, bytes, "resv_hugepages");
	count->surplus = count_of(root, dir, bytes, "surplus_hugepages");
}

static void read_nodes(struct hp_huge_size *size, const char *root)
{
	DIR *dir = open_dir(root, SYS_NODE);
	const struct dirent *entry;

	if (dir == NULL)
		return; // a kernel without NUMA
	while ((entry = readdir(dir)) != NULL) {
		char path[64], *end;
		unsigned long id;

		if (strncmp(entry->d_name, "node", 4) != 0 || size->n_nodes == HP_HUGE_NODES_MAX)
			continue;
		id = strtoul(entry->d_name + 4, &end, 10);
		if (end == entry->d_name + 4 || *end != '\0' || id >= HP_HUGE_NODES_MAX)
			continue;
		snprintf(path, sizeof(path), SYS_NODE "/node%lu/hugepages", id);
		size->node[size->n_nodes].id = (uint32_t)id;
		read_count(&size->node[size->n_nodes++].pages, root, path, size->bytes);
	}
	closedir(dir);
}

static int by_bytes(const void *a, const void *b)
{
	const struct hp_huge_size *x = a, *y = b;

	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

int hp_huge_pages_read(struct hp_huge_pages *out, const char *root)
{
	DIR *dir = open_dir(root, SYS_HUGE);
	const struct dirent *entry;

	memset(out, 0, sizeof(*out));
	if (dir == NULL)
		return -errno;
	while ((entry = readdir(dir)) != NULL && out->n < HP_HUGE_SIZES_MAX) {
		struct hp_huge_size *size = &out->size[out->n];
		uint64_t kib;

		if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kib) != 1)
			continue;
		size->bytes = kib * 1024;
		read_count(&size->all, root, SYS_HUGE, size->bytes);
		size->overcommit = count_of(root, SYS_HUGE, size->bytes, "nr_overcommit_hugepages");
		read_nodes(size, root);
		out->n++;
	}
	closedir(dir);
	qsort(out->size, out->n, sizeof(out->size[0]), by_bytes);
	return 0;
}

const struct hp_huge_size *hp_huge_pages_find(const struct hp_huge_pages *pages, uint64_t bytes)
{
	for (uint32_t i = 0; i < pages->n; i++)
		if (pages->size[i].bytes == bytes)
			return &pages->size[i];
	return NULL;
}

uint64_t hp_huge_available(const struct hp_huge_count *count)
{
	return count->free > count->reserved ? count->free - count->reserved : 0;
}

// mountinfo writes blanks, tabs, newlines and backslashes as \ooo.
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
			from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

// "2M" as the kernel prints it; 0 if it is no size.
static uint64_t parse_size(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	switch (*end) {
	case 'K':
		return value << 10;
	case 'M':
		return value << 20;
	case 'G':
		return value << 30;
	default:
		return value;
	}
}

static void parse_super_options(struct hp_huge_mount *mount, char *options)
{
	char *save;

	for (char *o = strtok_r(options, ",", &save); o != NULL; o = strtok_r(NULL, ",", &save)) {
		if (strncmp(o, "pagesize=", 9) == 0)
			mount->page_size = parse_size(o + 9);
		else if (strncmp(o, "size=", 5) == 0)
			mount->size_limit = parse_size(o + 5);
		else if (strncmp(o, "min_size=", 9) == 0)
			mount->min_size = parse_size(o + 9);
		else if (strncmp(o, "uid=", 4) == 0)
			mount->uid = (uid_t)strtoul(o + 4, NULL, 10);
		else if (strncmp(o, "gid=", 4) == 0)
			mount->gid = (gid_t)strtoul(o + 4, NULL, 10);
		else if (strncmp(o, "mode=", 5) == 0)
			mount->mode = (mode_t)strtoul(o + 5, NULL, 8);
		else if (strcmp(o, "ro") == 0)
			mount->read_only = true;
	}
}

// One line: ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER-OPTIONS
static bool parse_mount(struct hp_huge_mount *mount, char *line)
{
	char *tail = strstr(line, " - "), *save, *word[6];
	const char *type;
	unsigned int maj, min;

	if (tail == NULL)
		return false;
	*tail = '\0';
	for (int i = 0; i < 6; i++)
		if ((word[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return false;
	type = strtok_r(tail + 3, " ", &save);
	if (type == NULL || strcmp(type, "hugetlbfs") != 0 || strtok_r(NULL, " ", &save) == NULL ||
		sscanf(word[2], "%u:%u", &maj, &min) != 2)
		return false;
	unescape(word[4]);
	*mount = (struct hp_huge_mount){
		.size_limit = UINT64_MAX,
		.mode = 0755, // the kernel's default, which it does not print
		.dev = makedev(maj, min),
		.read_only = strcmp(word[5], "ro") == 0 || strncmp(word[5], "ro,", 3) == 0,
	};
	if ((size_t)snprintf(mount->path, sizeof(mount->path), "%s", word[4]) >=
		sizeof(mount->path))
		return false;
	tail = strtok_r(NULL, " ", &save);
	if (tail != NULL)
		parse_super_options(mount, tail);
	return true;
}

int hp_huge_mounts_read(struct hp_huge_mounts *out, const char *root)
{
	char *text = hp_file_load(root, "/proc/self/mountinfo", MOUNTINFO_MAX, NULL), *save;
	int ret = 0;

	*out = (struct hp_huge_mounts){0};
	if (text == NULL)
		return -errno;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
		line = strtok_r(NULL, "\n", &save)) {
		struct hp_huge_mount mount, *grown;

		if (!parse_mount(&mount, line))
			continue;
		grown = realloc(out->mount, (out->n + 1) * sizeof(*grown));
		if (grown == NULL) {
			hp_huge_mounts_free(out);
			ret = -ENOMEM;
			break;
		}
		out->mount = grown;
		out->mount[out->n++] = mount;
	}
	free(text);
	return ret;
}

void hp_huge_mounts_free(struct hp_huge_mounts *mounts)
{
	free(mounts->mount);
	*mounts = (struct hp_huge_mounts){0};
}

const struct hp_huge_mount *hp_huge_mounts_of(const struct hp_huge_mounts *mounts, const char *path)
{
	const struct hp_huge_mount *best = NULL;
	size_t best_len = 0;

	for (uint32_t i = 0; i < mounts->n; i++) {
		size_t len = strlen(mounts->mount[i].path);

		// A later mount on the same point covers the earlier, hence >=.
		if (strncmp(mounts->mount[i].path, path, len) == 0 && len >= best_len &&
			(path[len] == '\0' || path[len] == '/')) {
			best = &mounts->mount[i];
			best_len = len;
		}
	}
	return best;
}

const struct hp_huge_mount *hp_huge_mounts_pick(
	const struct hp_huge_mounts *mounts, const struct hp_huge_pages *pages, uint64_t page_size)
{
	const struct hp_huge_mount *best = NULL;

	for (uint32_t i = 0; i < mounts->n; i++) {
		const struct hp_huge_mount *m = &mounts->mount[i];
		const struct hp_huge_size *size = hp_huge_pages_find(pages, m->page_size);

		if (m->read_only || (page_size != 0 && m->page_size != page_size))
			continue;
		if (page_size == 0 && (size == NULL || size->all.total == 0))
			continue;
		if (best == NULL || m->page_size < best->page_size)
			best = m;
	}
	return best;
}

static void look_at_fs(struct hp_huge_dir *out, const char *full)
{
	struct statfs fs;

	if (statfs(full, &fs) < 0)
		return;
	out->hugetlbfs = fs.f_type == HUGETLBFS_MAGIC;
	out->read_only = (fs.f_flags & ST_RDONLY) != 0;
	if (!out->hugetlbfs)
		return;
	out->page_size = (uint64_t)fs.f_bsize;
	// f_blocks stays 0 without a size= option; then f_bfree says nothing either.
	if (fs.f_blocks != 0) {
		out->size_limit = fs.f_blocks * out->page_size;
		out->size_free = fs.f_bfree * out->page_size;
	}
}

void hp_huge_dir_look(struct hp_huge_dir *out, const char *root, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	memset(out, 0, sizeof(*out));
	out->size_limit = UINT64_MAX;
	out->size_free = UINT64_MAX;
	if ((size_t)snprintf(out->path, sizeof(out->path), "%s", path) >= sizeof(out->path) ||
		(size_t)snprintf(full, sizeof(full), "%s%s", root, path) >= sizeof(full)) {
		out->error = ENAMETOOLONG;
		return;
	}
	if (stat(full, &st) < 0) {
		out->error = errno;
		return;
	}
	out->is_dir = S_ISDIR(st.st_mode);
	out->uid = st.st_uid;
	out->gid = st.st_gid;
	out->mode = st.st_mode & 07777;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	out->writable = faccessat(AT_FDCWD, full, R_OK | W_OK | X_OK, AT_EACCESS) == 0;
	look_at_fs(out, full);
}
