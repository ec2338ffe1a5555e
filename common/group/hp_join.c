// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_join.h"

#include "base/hp_check.h"
#include "base/hp_connect.h"
#include "base/hp_crash.h"
#include "base/hp_hugetlb.h"
#include "base/hp_log.h"
#include "base/hp_paths.h"
#include "base/hp_supervise.h"
#include "group/hp_eal.h"
#include "group/hp_fingerprint.h"
#include "group/hp_heap.h"

#include <rte_version.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

HP_LOG_TYPE("join");

static int fill_hello(struct hp_wire_hello *hello, const struct hp_member_conf *conf,
	const char *role, uint32_t restarts)
{
	char *fingerprint;
	cpu_set_t cpus;

	memset(hello, 0, sizeof(*hello));
	hp_wire_init(&hello->hdr, HP_WIRE_HELLO);
	snprintf(hello->name, sizeof(hello->name), "%s", conf->name);
	snprintf(hello->role, sizeof(hello->role), "%s", role);
	snprintf(hello->dpdk, sizeof(hello->dpdk), "%s", rte_version());
	fingerprint = hp_fingerprint_take();
	if (fingerprint == NULL)
		return -ENOMEM;
	snprintf(hello->fingerprint, sizeof(hello->fingerprint), "%s", fingerprint);
	free(fingerprint);
	hello->pid = getpid();
	hello->n_lcores = 1;
	hello->restarts = restarts;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return -errno;
	memcpy(hello->cpus, &cpus, RTE_MIN(sizeof(cpus), sizeof(hello->cpus)));
	return 0;
}

int hp_join_lease(const struct hp_member_conf *conf, const char *role, uint32_t restarts,
	struct hp_wire_lease *lease, int *fd, struct hp_err *err)
{
	struct hp_connect c = {
		.name = conf->name,
		.file_prefix = conf->file_prefix,
		.runtime_base = conf->runtime_dir,
		.wait_us = conf->wait_primary_us,
	};
	struct hp_wire_hello hello;
	union hp_wire_msg msg;
	int ret;

	ret = hp_connect_open(&c, err);
	if (ret < 0)
		return ret;
	hp_fingerprint_preload(); // also while the primary is not there yet
	ret = fill_hello(&hello, conf, role, restarts);
	if (ret < 0) {
		hp_err_set(err, HP_EXIT_OTHER, -ret, "hello: %s", strerror(-ret));
		goto out;
	}
	do {
		HP_CRASH_POINT(join_begin);
		ret = hp_connect_wait(&c, err);
		if (ret < 0)
			break;
		HP_CRASH_POINT(join_connected);
		ret = hp_connect_ask(&c, &hello.hdr, HP_WIRE_LEASE, &msg, err);
		if (ret < 0)
			close(c.fd);
	} while (ret == -EPIPE);
	*fd = ret == 0 ? c.fd : -1;
	if (ret == 0)
		*lease = msg.lease;
out:
	hp_connect_done(&c);
	return ret;
}

static int conflict(const char *option, const char *given, const char *leased, struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_CONFIG, EINVAL,
		"--%s %s was given, but the primary has %s: leave the option out, it is leased",
		option, given, leased);
}

// The primary makes a directory of the group's own in the huge-dir that it is given: both will do.
static bool same_huge_dir(const char *given, const char *leased)
{
	size_t len = strlen(given);

	while (len > 1 && given[len - 1] == '/')
		len--;
	return strncmp(given, leased, len) == 0 &&
	       (leased[len] == '\0' ||
		       (leased[len] == '/' && strchr(leased + len + 1, '/') == NULL));
}

// EAL's getopt_long() takes "in-mem" for "in-memory": what is short for one of ours is ours.
static int check_eal_option(const char *text, struct hp_err *err)
{
	static const char *const ours[] = {"proc-type", "file-prefix", "huge-dir", "lcores",
		"iova-mode", "base-virtaddr", "in-memory", "no-huge", "no-shconf", "huge-unlink",
		"legacy-mem", "single-file-segments"};
	size_t len = strcspn(text, "=");

	if (len < 2 || text[0] == '-' || strncmp("help", text, len) == 0)
		return hp_err_set(err, HP_EXIT_CONFIG, EINVAL,
			"--eal '%s': expected a long option that EAL starts with, without dashes, "
			"as "
			"log-level=lib.eal:debug",
			text);
	for (size_t k = 0; k < sizeof(ours) / sizeof(ours[0]); k++)
		if (strncmp(ours[k], text, len) == 0)
			return conflict("eal", text, "a lease for it", err);
	return 0;
}

static int check_conflicts(
	const struct hp_member_conf *conf, const struct hp_wire_lease *lease, struct hp_err *err)
{
	const char *iova = lease->iova_va ? "va" : "pa";
	char text[32];

	if (conf->huge_dir != NULL && !same_huge_dir(conf->huge_dir, lease->huge_dir))
		return conflict("huge-dir", conf->huge_dir, lease->huge_dir, err);
	if (conf->iova_mode != NULL && strcmp(conf->iova_mode, iova) != 0)
		return conflict("iova-mode", conf->iova_mode, iova, err);
	if (conf->base_virtaddr != NULL &&
		strtoull(conf->base_virtaddr, NULL, 0) != lease->base_virtaddr) {
		snprintf(text, sizeof(text), "%#" PRIx64, lease->base_virtaddr);
		return conflict("base-virtaddr", conf->base_virtaddr,
			lease->base_virtaddr != 0 ? text : "EAL's default", err);
	}
	for (uint32_t i = 0; i < conf->eal.n; i++) {
		int ret = check_eal_option(conf->eal.items[i], err);

		if (ret < 0)
			return ret;
	}
	return 0;
}

// Where else is that hugetlbfs mounted?
static bool find_mount(uint64_t dev, char *path, size_t size)
{
	struct hp_huge_mounts mounts;
	bool found = false;

	if (hp_huge_mounts_read(&mounts, "") < 0)
		return false;
	for (uint32_t i = 0; i < mounts.n && !found; i++) {
		found = mounts.mount[i].dev == dev;
		if (found)
			snprintf(path, size, "%s", mounts.mount[i].path);
	}
	hp_huge_mounts_free(&mounts);
	return found;
}

// The huge-dir has to be the primary's own, at the primary's path: EAL opens it by that name.
static int check_huge_dir(const struct hp_wire_lease *lease, struct hp_err *err)
{
	char elsewhere[PATH_MAX] = "";
	struct statfs fs;
	struct stat st;

	if (stat(lease->huge_dir, &st) == 0 && st.st_dev == lease->huge_dev &&
		st.st_ino == lease->huge_ino) {
		if (access(lease->huge_dir, R_OK | W_OK | X_OK) < 0)
			return hp_err_set(err, HP_EXIT_CONFIG, errno,
				"huge-dir %s is not writable here: %s: mount the volume without "
				"readOnly and run as the uid of the primary",
				lease->huge_dir, strerror(errno));
		return 0;
	}
	if (find_mount(lease->huge_dev, elsewhere, sizeof(elsewhere)))
		return hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
			"the primary's huge-dir is %s, here the same volume is mounted at %s: use "
			"the same mountPath in every container",
			lease->huge_dir, elsewhere);
	if (statfs(lease->huge_dir, &fs) < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, errno,
			"the primary's huge-dir %s is not here (%s): mount the hugepage volume of "
			"the primary at the same mountPath in this container",
			lease->huge_dir, strerror(errno));
	return hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
		"%s is another file system here than the primary's huge-dir: mount the same "
		"hugepage volume at that path",
		lease->huge_dir);
}

// What would stop EAL here, in the words of `hugepod doctor`.
static int check_machine(
	const struct hp_member_conf *conf, const struct hp_wire_lease *lease, struct hp_err *err)
{
	const struct hp_check_in in = {
		.file_prefix = conf->file_prefix,
		.runtime_base = conf->runtime_dir,
		.huge_dir = lease->huge_dir,
		.lcores = conf->lcores,
		.dpdk_version = RTE_VERSION,
	};

	return hp_check_start(&in, err);
}

int hp_join_attach(const struct hp_member_conf *conf, const struct hp_wire_lease *lease, bool ports,
	struct hp_err *err)
{
	static struct hp_eal_args args; // EAL keeps pointers into it
	char cpus[512], given[256] = "";
	int ret;

	ret = check_conflicts(conf, lease, err);
	if (ret == 0)
		ret = check_huge_dir(lease, err);
	if (ret == 0)
		ret = check_machine(conf, lease, err);
	if (ret < 0)
		return ret;
	if (conf->lcores != NULL)
		snprintf(cpus, sizeof(cpus), "%s", conf->lcores);
	else if (hp_eal_cpus(cpus, sizeof(cpus)) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, EINVAL, "this process's CPU set is too odd");

	if (conf->runtime_dir != NULL && hp_paths_export(conf->runtime_dir) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	hp_eal_arg(&args, "hugepod");
	hp_eal_arg(&args, "--proc-type=secondary");
	hp_eal_arg(&args, "--file-prefix=%s", conf->file_prefix);
	hp_eal_arg(&args, "--lcores=%u@%s", lease->lcores[0], cpus);
	hp_eal_arg(&args, "--huge-dir=%s", lease->huge_dir);
	hp_eal_arg(&args, "--iova-mode=%s", lease->iova_va ? "va" : "pa");
	if (lease->base_virtaddr != 0)
		hp_eal_arg(&args, "--base-virtaddr=%#" PRIx64, lease->base_virtaddr);
	hp_eal_give(given, sizeof(given), "--lcores", conf->lcores);
	for (uint32_t i = 0; i < conf->eal.n; i++) {
		hp_eal_arg(&args, "--%s", conf->eal.items[i]);
		hp_eal_give(given, sizeof(given), "--eal", conf->eal.items[i]);
	}
	hp_heap_use_private();
	if (!ports)
		hp_eal_no_buses();
	return hp_eal_start(&args, given, err);
}

int hp_join_send(int fd, uint16_t type)
{
	union hp_wire_msg msg;

	memset(&msg.hdr, 0, sizeof(msg.hdr));
	hp_wire_init(&msg.hdr, type);
	return send(fd, &msg, sizeof(msg.hdr), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void hp_join_again(void)
{
	static char buf[65536]; // of the command line; longer than any that a pod gives
	char *argv[1024];
	unsigned int argc = 0;
	ssize_t len;
	int fd;

	// The command line is read back from the kernel: the program has permuted its own copy.
	fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	len = fd >= 0 ? read(fd, buf, sizeof(buf) - 1) : -1;
	for (ssize_t i = 0; i < len && argc + 1 < sizeof(argv) / sizeof(argv[0]);) {
		argv[argc++] = buf + i;
		i += (ssize_t)strlen(buf + i) + 1;
	}
	argv[argc] = NULL;
	if (argc > 0) {
		sigset_t none;

		HP_CRASH_POINT(loss_rejoin);
		// EAL's files carry locks that the next primary waits for, and would survive.
		close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv("/proc/self/exe", argv);
	}
	HP_LOG(ERR, "cannot run this program again: %s", strerror(errno));
	_exit(HP_EXIT_AGAIN); // lint: _exit: shared memory may be gone, no handler may run
}
