// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Facts about the group's runtime directory, a running primary, and devices.

#include "base/hp_facts.h"
#include "base/hp_file.h"
#include "base/hp_paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

// In EAL's hugepage_info the path of the first huge-dir follows the 64-bit page size.
#define HUGEPAGE_INFO_DIR 8

static const char *root_of(const struct hp_check_in *in)
{
	return in->root != NULL ? in->root : "";
}

static bool joined(char *full, const char *root, const char *dir, const char *name)
{
	return (size_t)snprintf(full, PATH_MAX, "%s%s%s%s", root, dir, name[0] != '\0' ? "/" : "",
		       name) < PATH_MAX;
}

// Cuts the last name off; "/" stays.
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		snprintf(path, 2, "/");
	else
		*slash = '\0';
}

static void look_at_dir(struct hp_facts_run *run, const char *root)
{
	char full[PATH_MAX], seen[PATH_MAX];
	struct stat st, top;
	struct statvfs fs;

	snprintf(seen, sizeof(seen), "%s", run->path);
	while (joined(full, root, seen, "") && stat(full, &st) < 0 && strcmp(seen, "/") != 0)
		go_up(seen);
	run->exists = strcmp(seen, run->path) == 0;
	if (!run->exists)
		snprintf(run->parent, sizeof(run->parent), "%s", seen);
	if (stat(full, &st) < 0)
		return;
	run->is_dir = S_ISDIR(st.st_mode);
	run->uid = st.st_uid;
	run->mode = st.st_mode & 07777;
	run->writable = faccessat(AT_FDCWD, full, R_OK | W_OK | X_OK, AT_EACCESS) == 0;
	if (statvfs(full, &fs) == 0) {
		run->read_only = (fs.f_flag & ST_RDONLY) != 0;
		run->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	}
	if (joined(full, root, "/", "") && stat(full, &top) == 0)
		run->on_root_fs = top.st_dev == st.st_dev;
}

// A primary holds a POSIX write lock on the whole of EAL's configuration for as long as it lives.
static void look_at_config(struct hp_facts_run *run, const char *root)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	uint32_t head[2];
	char full[PATH_MAX];
	int fd;

	if (!joined(full, root, run->path, "config"))
		return;
	run->config_exists = access(full, F_OK) == 0;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
		run->config_held = true;
		run->config_pid = lock.l_pid > 0 ? lock.l_pid : 0;
	}
	// rte_mem_config begins with the magic number and the version of DPDK.
	if (read(fd, head, sizeof(head)) == (ssize_t)sizeof(head)) {
		run->config_magic = head[0];
		run->config_version = head[1];
	}
	close(fd);
}

static void look_at_hugepage_info(struct hp_facts_run *run, const char *root)
{
	char full[PATH_MAX];
	ssize_t n;
	int fd;

	if (!joined(full, root, run->path, "hugepage_info"))
		return;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = pread(fd, run->huge_dir, sizeof(run->huge_dir) - 1, HUGEPAGE_INFO_DIR);
	close(fd);
	if (n <= 0 || run->huge_dir[0] != '/')
		n = 0;
	run->huge_dir[n] = '\0';
}

static bool is_locked(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	bool locked;

	if (fd < 0)
		return false;
	locked = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return locked;
}

// EAL of DPDK before 24.11.5 names a secondary's tables by its PID alone: "fbarray_..._1" held by
// somebody else is what stops a container whose program is PID 1.
static void look_for_pid_files(struct hp_facts_run *run, const char *root)
{
	char full[PATH_MAX];
	const struct dirent *entry;
	DIR *dir;

	if (!joined(full, root, run->path, "") || (dir = opendir(full)) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		const char *tail = strrchr(entry->d_name, '_');

		if (strncmp(entry->d_name, "fbarray_", 8) == 0 && tail != NULL &&
			strcmp(tail, "_1") == 0 && is_locked(dirfd(dir), entry->d_name))
			run->pid_files++;
	}
	closedir(dir);
}

void hp_facts_run_read(struct hp_facts_run *run, const struct hp_check_in *in)
{
	const char *root = root_of(in);
	struct sockaddr_un addr;
	char full[PATH_MAX];

	memset(run, 0, sizeof(*run));
	run->env = in->runtime_base != NULL ? in->runtime_base : getenv(HP_PATHS_RUNTIME_ENV);
	run->path_error = hp_paths_runtime_dir(
		run->path, sizeof(run->path), in->file_prefix, in->runtime_base);
	if (run->path_error < 0)
		return;
	run->socket_fits = hp_paths_sockaddr(&addr, run->path, HP_PATHS_JOIN) == 0;
	look_at_dir(run, root);
	if (!run->exists)
		return;
	look_at_config(run, root);
	look_at_hugepage_info(run, root);
	if (!in->starting)
		look_for_pid_files(run, root);
	run->join_exists = joined(full, root, run->path, HP_PATHS_JOIN) && access(full, F_OK) == 0;
}

static bool base_of_link(char *out, size_t size, const char *full)
{
	char target[PATH_MAX];
	ssize_t n = readlink(full, target, sizeof(target) - 1);
	const char *slash;

	if (n < 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	return (size_t)snprintf(out, size, "%s", slash != NULL ? slash + 1 : target) < size;
}

static void look_at_pci(struct hp_facts_pci *pci, const char *root, const char *address)
{
	char dir[PATH_MAX], full[PATH_MAX], name[32];

	*pci = (struct hp_facts_pci){.numa_node = -1, .group = -1};
	snprintf(pci->address, sizeof(pci->address), "%s%s",
		strchr(address, ':') == strrchr(address, ':') ? "0000:" : "", address);
	pci->address[strcspn(pci->address, ",")] = '\0';
	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s", pci->address);
	pci->exists = joined(full, root, dir, "") && access(full, F_OK) == 0;
	if (!pci->exists)
		return;
	if (joined(full, root, dir, "driver"))
		base_of_link(pci->driver, sizeof(pci->driver), full);
	if (joined(full, root, dir, "iommu_group") && base_of_link(name, sizeof(name), full)) {
		pci->group = (int32_t)strtol(name, NULL, 10);
		pci->group_accessible = joined(full, root, "/dev/vfio", name) &&
					faccessat(AT_FDCWD, full, R_OK | W_OK, AT_EACCESS) == 0;
	}
	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/numa_node", pci->address);
	if (hp_file_read(root, dir, name, sizeof(name)) > 0)
		pci->numa_node = (int32_t)strtol(name, NULL, 10);
}

static uint32_t count_entries(const char *root, const char *path)
{
	char full[PATH_MAX];
	const struct dirent *entry;
	uint32_t n = 0;
	DIR *dir;

	if (!joined(full, root, path, "") || (dir = opendir(full)) == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

void hp_facts_devices_read(struct hp_facts *facts, const struct hp_check_in *in)
{
	const char *root = root_of(in);
	char full[PATH_MAX], text[8];

	if (in->n_pci == 0)
		return;
	facts->iommu_groups = count_entries(root, "/sys/kernel/iommu_groups");
	if (joined(full, root, "/dev/vfio", "vfio")) {
		facts->vfio_exists = access(full, F_OK) == 0;
		facts->vfio_accessible = faccessat(AT_FDCWD, full, R_OK | W_OK, AT_EACCESS) == 0;
	}
	facts->vfio_noiommu =
		hp_file_read(root, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", text,
			sizeof(text)) > 0 &&
		text[0] == 'Y';
	for (uint32_t i = 0; i < in->n_pci && facts->n_pci < HP_FACTS_PCI_MAX; i++)
		look_at_pci(&facts->pci[facts->n_pci++], root, in->pci[i]);
}
