// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_stale.h"

#include "base/hp_log.h"
#include "base/hp_loop.h"
#include "base/hp_paths.h"
#include "base/hp_time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

HP_LOG_TYPE("stale");

#define POLL_US 2000 // between two looks; short, as it is part of every blackout

// Free: nobody holds a lock on it. A file that we may not open counts as held.
static bool file_is_free(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool is_free;

	if (fd < 0)
		return errno == ENOENT;
	is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
	close(fd);
	return is_free;
}

// A datagram socket whose process is gone refuses a connection.
static bool socket_is_free(const char *dir, const char *name)
{
	struct sockaddr_un addr;
	bool is_free = false;
	int fd;

	if (hp_paths_sockaddr(&addr, dir, name) < 0)
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		is_free = errno == ECONNREFUSED || errno == ENOENT;
	close(fd);
	return is_free;
}

// "fbarray_ANYTHING_PID" of 22.11, "fbarray_ANYTHING_PID_TSC" of later releases.
static bool is_array_of(const char *name, pid_t pid)
{
	char tail[32], middle[32];
	size_t len = strlen(name);

	if (strncmp(name, "fbarray_", 8) != 0)
		return false;
	snprintf(tail, sizeof(tail), "_%d", (int)pid);
	snprintf(middle, sizeof(middle), "_%d_", (int)pid);
	if (len > strlen(tail) && strcmp(name + len - strlen(tail), tail) == 0)
		return true;
	return strstr(name, middle) != NULL;
}

static bool is_socket_of(const char *name, pid_t pid)
{
	char head[48];

	snprintf(head, sizeof(head), "mp_socket_%d_", (int)pid);
	return strncmp(name, head, strlen(head)) == 0;
}

// Unlink what `mine` says yes to.
static unsigned int remove_files(
	const char *path, bool (*mine)(const char *name, pid_t pid), pid_t pid)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (mine(entry->d_name, pid) && unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			n++;
	closedir(dir);
	return n;
}

static bool is_of_pid(const char *name, pid_t pid)
{
	return is_array_of(name, pid) || is_socket_of(name, pid);
}

unsigned int hp_stale_remove_pid(const char *runtime_dir, pid_t pid)
{
	return remove_files(runtime_dir, is_of_pid, pid);
}

static bool is_peer_socket(const char *name, pid_t pid)
{
	(void)pid;
	return strncmp(name, "mp_socket_", 10) == 0;
}

unsigned int hp_stale_remove_peers(const char *runtime_dir)
{
	return remove_files(runtime_dir, is_peer_socket, 0);
}

bool hp_stale_pid_in_use(const char *runtime_dir, pid_t pid)
{
	struct dirent *entry;
	bool used = false;
	DIR *dir;

	dir = opendir(runtime_dir);
	if (dir == NULL)
		return false;
	while (!used && (entry = readdir(dir)) != NULL) {
		if (is_array_of(entry->d_name, pid))
			used = !file_is_free(dirfd(dir), entry->d_name);
		else if (is_socket_of(entry->d_name, pid))
			used = !socket_is_free(runtime_dir, entry->d_name);
	}
	closedir(dir);
	return used;
}

// First file of the directory with that head which somebody holds.
static bool find_held(const char *path, const char *head, char *held, size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir(path);
	if (dir == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, head, strlen(head)) != 0 ||
			file_is_free(dirfd(dir), entry->d_name))
			continue;
		snprintf(held, size, "%s/%s", path, entry->d_name);
		found = true;
	}
	closedir(dir);
	return found;
}

// PID of a holder in our PID namespace, 0 if it is in another one.
static pid_t find_holder(const char *path)
{
	unsigned int dev_major, dev_minor;
	char line[512];
	struct stat st;
	pid_t pid = 0;
	FILE *locks;
	uint64_t ino;
	int holder;

	if (stat(path, &st) < 0)
		return 0;
	locks = fopen("/proc/locks", "re");
	if (locks == NULL)
		return 0;
	while (pid == 0 && fgets(line, sizeof(line), locks) != NULL) {
		if (sscanf(line, "%*d: %*s %*s %*s %d %x:%x:%" SCNu64, &holder, &dev_major,
			    &dev_minor, &ino) == 4 &&
			ino == st.st_ino && holder > 0)
			pid = holder;
	}
	fclose(locks);
	return pid;
}

// What the last primary wrote down of its members: "NAME ROLE PID PEER_PID ..." lines.
static void name_members(const char *runtime_dir, pid_t holder, char *text, size_t size)
{
	char path[4096], line[256], name[64];
	size_t len = 0;
	int pid, peer;
	FILE *file;

	text[0] = '\0';
	if (hp_paths_file(path, sizeof(path), runtime_dir, HP_PATHS_MEMBERS) < 0)
		return;
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL && len + 96 < size) {
		if (sscanf(line, "%63s %*s %d %d", name, &pid, &peer) != 3)
			continue;
		if (holder != 0 && holder != peer)
			continue;
		len += (size_t)snprintf(text + len, size - len, "%s%s (PID %d%s)",
			len > 0 ? ", " : "", name, holder != 0 ? holder : pid,
			holder != 0 ? "" : " in its own namespace");
	}
	fclose(file);
}

static void describe_holder(const char *runtime_dir, const char *held, char *text, size_t size)
{
	pid_t pid = find_holder(held);
	char members[512];

	name_members(runtime_dir, pid, members, sizeof(members));
	if (members[0] != '\0')
		snprintf(text, size, "%s%s", pid == 0 ? "one of " : "", members);
	else if (pid != 0)
		snprintf(text, size, "PID %d", (int)pid);
	else
		snprintf(text, size, "a process of another PID namespace");
}

int hp_stale_wait(const char *runtime_dir, const char *huge_dir, const char *file_prefix,
	uint64_t wait_us, struct hp_err *err)
{
	uint64_t started = hp_now_us();
	char map_head[128], held[4352], who[640];
	bool told = false;

	snprintf(map_head, sizeof(map_head), "%smap_", file_prefix);
	for (;;) {
		if (!find_held(runtime_dir, "fbarray_", held, sizeof(held)) &&
			!find_held(huge_dir, map_head, held, sizeof(held)))
			return 0;
		if (hp_loop_stop_pending())
			return hp_err_set(err, HP_EXIT_OK, EINTR, "stopped by a signal");
		if (hp_now_us() - started >= wait_us)
			break;
		if (!told && hp_now_us() - started > 100000) {
			describe_holder(runtime_dir, held, who, sizeof(who));
			HP_LOG(NOTICE, "waiting for %s, which still holds %s", who, held);
			told = true;
		}
		usleep(POLL_US);
	}
	describe_holder(runtime_dir, held, who, sizeof(who));
	return hp_err_set(err, HP_EXIT_CONFIG, EBUSY,
		"%s still holds %s of an earlier primary after %" PRIu64
		" ms: end it, or give it longer with --takeover-wait",
		who, held, wait_us / 1000);
}

unsigned int hp_stale_remove_maps(const char *huge_dir, const char *file_prefix)
{
	struct dirent *entry;
	unsigned int n = 0;
	char head[128];
	DIR *dir;

	snprintf(head, sizeof(head), "%smap_", file_prefix);
	dir = opendir(huge_dir);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, head, strlen(head)) == 0 &&
			unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			n++;
	closedir(dir);
	return n;
}

void hp_stale_remove_runtime(const char *runtime_dir, bool all)
{
	char parent[4096];
	struct dirent *entry;
	DIR *dir;

	dir = opendir(runtime_dir);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, HP_PATHS_LOCK) == 0 ||
			(all && strcmp(entry->d_name, ".") != 0 &&
				strcmp(entry->d_name, "..") != 0))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(runtime_dir);
	// EAL makes "BASE/dpdk" too: it goes with the last group in it.
	snprintf(parent, sizeof(parent), "%s", runtime_dir);
	*strrchr(parent, '/') = '\0';
	rmdir(parent);
}
