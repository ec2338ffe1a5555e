// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Where a group lives, before EAL starts there: its runtime directory, the lock that makes one
// primary of it, and its directory of hugepages, once those of a dead primary are free.

#include "base/hp_check.h"
#include "base/hp_crash.h"
#include "base/hp_paths.h"
#include "base/hp_stale.h"
#include "primary.h"

#include <rte_version.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// mkdir -p, each new directory for this user alone, as EAL makes its own.
static int make_dirs(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = copy + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return -errno;
		*p = c;
		if (c == '\0')
			return 0;
	}
}

// One primary a group: its lock file, held as long as it lives. The directory is removed by a
// primary that ends, so the file that we locked may be gone already: look, and try again.
static int take_lock(struct hp_primary *primary, struct hp_err *err)
{
	struct stat mine, there;
	char path[PATH_MAX];

	hp_paths_file(path, sizeof(path), primary->runtime_dir, HP_PATHS_LOCK);
	for (;;) {
		int ret = make_dirs(primary->runtime_dir);

		if (ret < 0)
			return hp_err_set(err, HP_EXIT_CONFIG, -ret,
				"runtime directory %s cannot be made: %s: mount a writable volume "
				"there, or set RUNTIME_DIRECTORY to one",
				primary->runtime_dir, strerror(-ret));
		primary->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (primary->lock_fd < 0 && errno == ENOENT)
			continue;
		if (primary->lock_fd < 0)
			return hp_err_set(err, HP_EXIT_CONFIG, errno,
				"%s: %s: the runtime directory has to be writable and of this uid",
				path, strerror(errno));
		if (flock(primary->lock_fd, LOCK_EX | LOCK_NB) < 0)
			return hp_err_set(err, HP_EXIT_CONFIG, EBUSY,
				"a primary with --file-prefix %s runs already in %s: end it, or "
				"choose another --file-prefix",
				primary->conf->file_prefix, primary->runtime_dir);
		if (fstat(primary->lock_fd, &mine) == 0 && stat(path, &there) == 0 &&
			mine.st_ino == there.st_ino && mine.st_dev == there.st_dev) {
			primary->lock_held = true;
			HP_CRASH_POINT(start_locked);
			return 0;
		}
		close(primary->lock_fd);
	}
}

static int find_huge_dir(struct hp_primary *primary, uint64_t *page_size, struct hp_err *err)
{
	const char *base = primary->conf->huge_dir;
	const struct hp_huge_mount *mount = NULL;
	struct hp_huge_mounts mounts = {0};
	struct hp_huge_pages pages;
	struct hp_huge_dir dir;
	int ret = 0;

	if (base == NULL && hp_huge_pages_read(&pages, "") == 0 &&
		hp_huge_mounts_read(&mounts, "") == 0) {
		mount = hp_huge_mounts_pick(&mounts, &pages, 0);
		base = mount != NULL ? mount->path : NULL;
	}
	if (base == NULL) {
		ret = hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
			"no hugetlbfs is mounted here: mount a volume of medium HugePages, or "
			"'mount -t hugetlbfs -o pagesize=2M none /dev/hugepages', and name it with "
			"--huge-dir");
		goto out;
	}
	hp_huge_dir_look(&dir, "", base);
	if (dir.error != 0 || !dir.hugetlbfs) {
		ret = hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
			"huge-dir %s is no hugetlbfs%s%s: mount a volume of medium HugePages there",
			base, dir.error != 0 ? ": " : "",
			dir.error != 0 ? strerror(dir.error) : "");
		goto out;
	}
	*page_size = dir.page_size;
	// A directory of the group's own: EAL removes stale map files of any prefix in its
	// huge-dir, and locks it while it starts; neither has to concern other groups in the same
	// mount.
	if ((size_t)snprintf(primary->huge_dir, sizeof(primary->huge_dir), "%s/%s", base,
		    primary->conf->file_prefix) >= sizeof(primary->huge_dir))
		ret = hp_err_set(err, HP_EXIT_CONFIG, ENAMETOOLONG, "huge-dir %s: too long", base);
out:
	hp_huge_mounts_free(&mounts);
	return ret;
}

static int check_memory(struct hp_primary *primary, struct hp_err *err)
{
	char base[HP_WIRE_PATH];
	struct hp_check_in in = {
		.primary = true,
		.file_prefix = primary->conf->file_prefix,
		.runtime_base = primary->conf->runtime_dir,
		.huge_dir = base,
		.page_size = primary->memory.page_size,
		.memory = primary->memory.pages * primary->memory.page_size,
		.dpdk_version = RTE_VERSION,
	};

	snprintf(base, sizeof(base), "%s", primary->huge_dir);
	*strrchr(base, '/') = '\0';
	if (primary->conf->memory_limit != 0 && in.memory > primary->conf->memory_limit)
		return hp_err_set(err, HP_EXIT_CONFIG, ENOMEM,
			"the group takes %" PRIu64 " bytes of hugepages, --memory-limit is %" PRIu64
			": lower --total-num-mbufs or raise the limit ('hp-primary --dry-run' "
			"shows what takes how much)",
			in.memory, primary->conf->memory_limit);
	return hp_check_start(&in, err);
}

static int make_huge_dir(struct hp_primary *primary, struct hp_err *err)
{
	if (mkdir(primary->huge_dir, 0700) == 0 || errno == EEXIST) {
		primary->huge_dir_made = true;
		HP_CRASH_POINT(start_huge_dir);
		return 0;
	}
	return hp_err_set(err, HP_EXIT_CONFIG, errno,
		"%s cannot be made: %s: the hugepage volume has to be writable for uid %u "
		"(fsGroup, "
		"or uid= and mode= of the mount)",
		primary->huge_dir, strerror(errno), (unsigned int)geteuid());
}

int hp_primary_take_place(struct hp_primary *primary, struct hp_err *err)
{
	uint64_t page_size = 0;
	int ret;

	if (hp_paths_runtime_dir(primary->runtime_dir, sizeof(primary->runtime_dir),
		    primary->conf->file_prefix, primary->conf->runtime_dir) < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, ENAMETOOLONG,
			"--file-prefix '%s' makes no usable runtime directory",
			primary->conf->file_prefix);
	if (primary->conf->runtime_dir != NULL && hp_paths_export(primary->conf->runtime_dir) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	ret = find_huge_dir(primary, &page_size, err);
	if (ret < 0)
		return ret;
	hp_memory_plan(&primary->memory, primary->conf, page_size);
	ret = take_lock(primary, err);
	if (ret == 0)
		ret = hp_stale_wait(primary->runtime_dir, primary->huge_dir,
			primary->conf->file_prefix, primary->conf->takeover_wait_us, err);
	if (ret == 0) {
		HP_CRASH_POINT(start_free);
		hp_stale_remove_maps(primary->huge_dir, primary->conf->file_prefix);
		HP_CRASH_POINT(start_cleaned);
		ret = check_memory(primary, err);
	}
	if (ret == 0)
		ret = make_huge_dir(primary, err);
	return ret;
}
