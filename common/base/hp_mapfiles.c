// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_mapfiles.h"

#include "base/hp_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOCKS_MAX (16 * 1024 * 1024) // bytes of /proc/locks: about 250,000 locks
#define MAPS_MAX (64 * 1024 * 1024) // bytes of one /proc/PID/maps: about 600,000 mappings

enum lock_state {
	LOCK_NONE,
	LOCK_HELD,
	LOCK_UNKNOWN,
};

// A file of the prefix asked for.
struct file {
	ino_t ino;
	uint64_t bytes;
	enum lock_state lock;
};

struct files {
	dev_t dev;
	uint32_t n, room;
	struct file *file; // sorted by inode once all are in
};

static bool files_add(struct files *set, struct file file)
{
	if (set->n == set->room) {
		uint32_t room = set->room == 0 ? 64 : 2 * set->room;
		struct file *grown = realloc(set->file, room * sizeof(*grown));

		if (grown == NULL)
			return false;
		set->file = grown;
		set->room = room;
	}
	set->file[set->n++] = file;
	return true;
}

static int by_ino(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static struct file *files_find(const struct files *set, ino_t ino)
{
	const struct file key = {.ino = ino};

	return set->n == 0 ? NULL : bsearch(&key, set->file, set->n, sizeof(key), by_ino);
}

static void name_of(struct hp_map_holder *holder, const char *root, pid_t pid)
{
	char path[64];

	holder->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (hp_file_read(root, path, holder->name, sizeof(holder->name)) < 0)
		holder->name[0] = '\0';
	holder->name[strcspn(holder->name, "\n")] = '\0';
}

static void add_holder(struct hp_map_files *out, const char *root, pid_t pid)
{
	for (uint32_t i = 0; i < out->n_holders; i++)
		if (out->holder[i].pid == pid)
			return;
	if (out->n_holders == HP_MAP_HOLDERS_MAX)
		out->more_holders = true;
	else
		name_of(&out->holder[out->n_holders++], root, pid);
}

// "1: FLOCK  ADVISORY  READ 1234 00:27:5678 0 EOF": process, device and inode of each lock.
static void read_locks(
	struct hp_map_files *out, const char *root, const struct files *set, ino_t dir_ino)
{
	char *text = hp_file_load(root, "/proc/locks", LOCKS_MAX, NULL), *save;

	if (text == NULL)
		return; // then holders stay unnamed
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
		line = strtok_r(NULL, "\n", &save)) {
		unsigned int maj, min;
		uint64_t ino;
		int pid;

		if (strstr(line, "->") != NULL || strstr(line, "FLOCK") == NULL ||
			sscanf(line, "%*s %*s %*s %*s %d %x:%x:%" SCNu64, &pid, &maj, &min, &ino) !=
				4 ||
			makedev(maj, min) != set->dev || pid <= 0)
			continue;
		if (ino == dir_ino)
			name_of(&out->dir_locker, root, pid);
		else if (files_find(set, ino) != NULL)
			add_holder(out, root, pid);
	}
	free(text);
}

static void move_to_held(struct hp_map_count *own, uint64_t bytes)
{
	own->stale--;
	own->stale_bytes -= bytes;
	own->held++;
	own->held_bytes += bytes;
}

// A process may map a file whose descriptor it has closed, and so hold no lock.
static void read_maps_of(struct hp_map_files *out, const char *root, struct files *set, pid_t pid)
{
	char path[64], *text, *save;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	text = hp_file_load(root, path, MAPS_MAX, NULL);
	if (text == NULL)
		return; // gone, or another user's
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
		line = strtok_r(NULL, "\n", &save)) {
		unsigned int maj, min;
		struct file *file;
		uint64_t ino;

		if (strstr(line, "map_") == NULL ||
			sscanf(line, "%*s %*s %*s %x:%x %" SCNu64, &maj, &min, &ino) != 3 ||
			makedev(maj, min) != set->dev || (file = files_find(set, ino)) == NULL)
			continue;
		if (file->lock == LOCK_NONE) {
			file->lock = LOCK_HELD;
			move_to_held(&out->own, file->bytes);
		}
		add_holder(out, root, pid);
	}
	free(text);
}

static void read_maps(struct hp_map_files *out, const char *root, struct files *set)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *proc;

	snprintf(path, sizeof(path), "%s/proc", root);
	proc = opendir(path);
	if (proc == NULL)
		return;
	while ((entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			read_maps_of(out, root, set, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(proc);
}

static enum lock_state test_lock(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum lock_state state = LOCK_NONE;

	if (fd < 0)
		return LOCK_UNKNOWN;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		state = errno == EWOULDBLOCK ? LOCK_HELD : LOCK_UNKNOWN;
	close(fd); // gives the lock back
	return state;
}

// "<prefix>map_<number>", what EAL writes; @p own says whether the prefix is the one asked for.
static bool is_map_file(const char *name, const char *prefix, bool *own)
{
	const char *tail = strstr(name, "map_");
	size_t len = strlen(prefix);

	if (tail == NULL)
		return false;
	*own = strncmp(name, prefix, len) == 0 && strncmp(name + len, "map_", 4) == 0 &&
	       isdigit((unsigned char)name[len + 4]);
	return true;
}

static void count(struct hp_map_count *c, const struct file *file)
{
	switch (file->lock) {
	case LOCK_NONE:
		c->stale++;
		c->stale_bytes += file->bytes;
		break;
	case LOCK_HELD:
		c->held++;
		c->held_bytes += file->bytes;
		break;
	case LOCK_UNKNOWN:
		c->unknown++;
		c->unknown_bytes += file->bytes;
		break;
	}
}

static int scan(struct hp_map_files *out, DIR *dir, const char *prefix, struct files *set)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		struct file file;
		struct stat st;
		bool own;

		if (!is_map_file(entry->d_name, prefix, &own) ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode))
			continue;
		file.ino = st.st_ino;
		file.bytes = (uint64_t)st.st_blocks * 512; // hugetlbfs counts its pages so
		file.lock = test_lock(dirfd(dir), entry->d_name);
		count(own ? &out->own : &out->other, &file);
		if (own && !files_add(set, file))
			return -ENOMEM;
	}
	return 0;
}

int hp_map_files_read(
	struct hp_map_files *out, const char *root, const char *dir_path, const char *prefix)
{
	struct files set = {0};
	struct stat st;
	DIR *dir;
	int ret;

	memset(out, 0, sizeof(*out));
	dir = opendir(dir_path);
	if (dir == NULL)
		return -errno;
	if (fstat(dirfd(dir), &st) < 0) {
		ret = -errno;
		goto out;
	}
	set.dev = st.st_dev;
	out->dir_locked = test_lock(dirfd(dir), ".") == LOCK_HELD;
	ret = scan(out, dir, prefix, &set);
	if (ret < 0)
		goto out;
	if (set.n > 0) {
		qsort(set.file, set.n, sizeof(*set.file), by_ino);
		if (out->own.held > 0)
			read_locks(out, root, &set, st.st_ino);
		if (out->own.stale > 0)
			read_maps(out, root, &set);
	}
	if (out->dir_locked && out->dir_locker.pid == 0)
		read_locks(out, root, &set, st.st_ino);
	out->holders_hidden = out->own.held > 0 && out->n_holders == 0;
out:
	free(set.file);
	closedir(dir);
	return ret;
}
