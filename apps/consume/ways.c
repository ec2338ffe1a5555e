// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_file.h"
#include "consume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 // Linux 5.14
#endif
#define PAGE_SHIFT_AT MAP_HUGE_SHIFT // shmget and mmap have the page's size at the same bits

static int page_flag(uint64_t page_size)
{
	return (int)((unsigned int)__builtin_ctzll(page_size) << PAGE_SHIFT_AT);
}

// What the kernel calls the page size of the mapping at @p addr; 0 if it says nothing.
static uint64_t page_size_at(const void *addr)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	uint64_t kib = 0;
	bool here = false;
	char *line = NULL;
	size_t size = 0;

	while (file != NULL && kib == 0 && getline(&line, &size, file) >= 0) {
		uintmax_t from;
		char *end;

		from = strtoumax(line, &end, 16);
		if (end != line && *end == '-')
			here = from == (uintptr_t)addr;
		else if (here && strncmp(line, "KernelPageSize:", 15) == 0)
			kib = strtoumax(line + 15, NULL, 10);
	}
	free(line);
	if (file != NULL)
		fclose(file);
	return kib << 10;
}

// Touch every page. A page over the limit of the cgroup is SIGBUS when a program writes to it;
// asked for this way, it is an error.
static int touch(struct consume_piece *piece, const char *way, struct hp_err *err)
{
	if (madvise(piece->addr, piece->len, MADV_POPULATE_WRITE) == 0) {
		memset(piece->addr, 1, piece->len);
		piece->page_size = page_size_at(piece->addr);
		return 0;
	}
	return hp_err_set(err, HP_EXIT_CONFIG, errno,
		"%s: %zu bytes were promised but cannot be touched: %s: the cgroup's hugetlb limit "
		"is lower (limits: hugepages-*), or the pages are used up",
		way, piece->len, strerror(errno));
}

static int no_memory(const char *way, size_t len, uint64_t page_size, struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_CONFIG, errno,
		"%s: %zu bytes in pages of %" PRIu64 ": %s: raise limits: hugepages-*, or reserve "
		"more pages on the node",
		way, len, page_size, strerror(errno));
}

static int get_mmap(struct consume_piece *piece, size_t len, uint64_t page_size, const char *dir,
	struct hp_err *err)
{
	(void)dir;
	piece->addr = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | page_flag(page_size), -1, 0);
	if (piece->addr == MAP_FAILED) {
		piece->addr = NULL;
		return no_memory("mmap", len, page_size, err);
	}
	piece->len = len;
	return touch(piece, "mmap", err);
}

static int get_shm(struct consume_piece *piece, size_t len, uint64_t page_size, const char *dir,
	struct hp_err *err)
{
	uint64_t group = 0;
	int id;

	(void)dir;
	id = shmget(IPC_PRIVATE, len, SHM_HUGETLB | page_flag(page_size) | IPC_CREAT | 0600);
	if (id < 0 && errno == EPERM) {
		hp_file_u64(&group, "", "/proc/sys/vm/hugetlb_shm_group");
		return hp_err_set(err, HP_EXIT_CONFIG, EPERM,
			"shm: not permitted: this process has to be in the node's "
			"vm.hugetlb_shm_group, which is %" PRIu64 " (supplementalGroups: [%" PRIu64
			"], or set the sysctl on the node)",
			group, group);
	}
	if (id < 0)
		return no_memory("shm", len, page_size, err);
	piece->addr = shmat(id, NULL, 0);
	// It lives as long as it is attached, whatever happens to us.
	shmctl(id, IPC_RMID, NULL);
	if (piece->addr == (void *)-1) {
		piece->addr = NULL;
		return no_memory("shm", len, page_size, err);
	}
	piece->len = len;
	return touch(piece, "shm", err);
}

static int get_file(struct consume_piece *piece, size_t len, uint64_t page_size, const char *dir,
	struct hp_err *err)
{
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/hp-consume.XXXXXX", dir) >= sizeof(path))
		return hp_err_set(err, HP_EXIT_USAGE, ENAMETOOLONG, "--huge-dir: too long");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, errno,
			"file: %s: %s: mount a volume of medium HugePages there, writable for uid "
			"%u (fsGroup)",
			path, strerror(errno), (unsigned int)geteuid());
	unlink(path);
	piece->addr = MAP_FAILED;
	if (ftruncate(fd, (off_t)len) == 0)
		piece->addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (piece->addr == MAP_FAILED) {
		no_memory("file", len, page_size, err);
		piece->addr = NULL;
		close(fd);
		return -ENOMEM;
	}
	close(fd);
	piece->len = len;
	return touch(piece, "file", err);
}

void consume_put(struct consume_piece *piece)
{
	if (piece->addr != NULL)
		munmap(piece->addr, piece->len);
	*piece = (struct consume_piece){0};
}

const struct consume_way consume_ways[] = {
	{"mmap", "anonymous memory: mmap with MAP_HUGETLB", get_mmap},
	{"shm", "a shared memory segment: shmget with SHM_HUGETLB", get_shm},
	{"file", "a file of a hugetlbfs volume", get_file},
	{NULL},
};
