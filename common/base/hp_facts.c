// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_facts.h"

#include "base/hp_file.h"
#include "base/hp_paths.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Inode numbers of the machine's first namespaces, include/linux/proc_ns.h.
#define FIRST_PID_NS "pid:[4026531836]"
#define FIRST_CGROUP_NS "cgroup:[4026531835]"
#define FIRST_USER_NS "user:[4026531837]"

#define MAPS_MAX (64 * 1024 * 1024) // bytes of /proc/self/maps
#define STATUS_MAX 8192 // bytes of /proc/self/status, 1.5 KiB on a small machine
#define CPUINFO_FIRST 4096 // bytes: the first CPU's paragraph, flags included

static const char *root_of(const struct hp_check_in *in)
{
	return in->root != NULL ? in->root : "";
}

static bool exists(const char *root, const char *path)
{
	char full[PATH_MAX];

	return (size_t)snprintf(full, sizeof(full), "%s%s", root, path) < sizeof(full) &&
	       access(full, F_OK) == 0;
}

static bool link_differs(const char *root, const char *path, const char *first)
{
	char full[PATH_MAX], target[64];
	ssize_t n;

	if ((size_t)snprintf(full, sizeof(full), "%s%s", root, path) >= sizeof(full))
		return false;
	n = readlink(full, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strcmp(target, first) != 0;
}

static void read_process(struct hp_facts *f, const char *root)
{
	char status[STATUS_MAX];
	const char *caps;

	f->uid = getuid();
	f->euid = geteuid();
	f->egid = getegid();
	f->own_pid_ns = link_differs(root, "/proc/self/ns/pid", FIRST_PID_NS);
	f->own_cgroup_ns = link_differs(root, "/proc/self/ns/cgroup", FIRST_CGROUP_NS);
	f->own_user_ns = link_differs(root, "/proc/self/ns/user", FIRST_USER_NS);
	f->kubernetes = getenv("KUBERNETES_SERVICE_HOST") != NULL ||
			exists(root, "/var/run/secrets/kubernetes.io");
	f->container = f->kubernetes || getenv("container") != NULL ||
		       exists(root, "/run/.containerenv") || exists(root, "/.dockerenv");
	if (hp_file_read(root, "/proc/self/status", status, sizeof(status)) < 0)
		return;
	caps = strstr(status, "\nCapEff:");
	if (caps != NULL)
		f->caps = strtoull(caps + strlen("\nCapEff:"), NULL, 16);
}

int hp_facts_cpu_list(cpu_set_t *cpus, const char *text)
{
	const char *p = text;

	CPU_ZERO(cpus);
	for (;;) {
		unsigned long first, last;
		char *end;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			p = end + 1;
			if (*p < '0' || *p > '9')
				return -EINVAL;
			last = strtoul(p, &end, 10);
		}
		if (last < first || last >= CPU_SETSIZE)
			return -EINVAL;
		for (; first <= last; first++)
			CPU_SET(first, cpus);
		if (*end == '\0' || *end == '\n')
			return CPU_COUNT(cpus);
		if (*end != ',')
			return -EINVAL;
		p = end + 1;
	}
}

// One element of --lcores: "LCORES@CPUS" or "LCORES", either part with or without parentheses.
static int add_element(cpu_set_t *cpus, const char *text, size_t len)
{
	char part[256];
	const char *at = memchr(text, '@', len);
	cpu_set_t set;

	if (at != NULL) {
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (len >= 2 && text[0] == '(' && text[len - 1] == ')') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(part))
		return -EINVAL;
	memcpy(part, text, len);
	part[len] = '\0';
	if (hp_facts_cpu_list(&set, part) < 0)
		return -EINVAL;
	CPU_OR(cpus, cpus, &set);
	return 0;
}

int hp_facts_lcores(cpu_set_t *cpus, const char *text)
{
	const char *start = text;
	int depth = 0;

	CPU_ZERO(cpus);
	for (const char *p = text;; p++) {
		if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		if (*p != '\0' && (*p != ',' || depth > 0))
			continue;
		if (depth != 0 || add_element(cpus, start, (size_t)(p - start)) < 0)
			return -EINVAL;
		if (*p == '\0')
			return CPU_COUNT(cpus);
		start = p + 1;
	}
}

static void read_cpus(struct hp_facts *f, const char *root)
{
	if (sched_getaffinity(0, sizeof(f->cpus), &f->cpus) < 0)
		CPU_ZERO(&f->cpus);
	f->n_cpus = (uint32_t)CPU_COUNT(&f->cpus);
	for (uint32_t node = 0; node < HP_HUGE_NODES_MAX; node++) {
		char path[64], text[1024];
		cpu_set_t of_node;

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node);
		if (hp_file_read(root, path, text, sizeof(text)) < 0 ||
			hp_facts_cpu_list(&of_node, text) < 0)
			continue;
		CPU_AND(&of_node, &of_node, &f->cpus);
		if (CPU_COUNT(&of_node) > 0)
			f->cpu_nodes |= UINT64_C(1) << node;
	}
	hp_cgroup_cpu_read(&f->cpu, root);
	hp_cgroup_memory_read(&f->memory, root);
}

// The flags that x86-64-v2 adds, by their names in /proc/cpuinfo; see -march in meson.build.
static void read_cpu_flags(struct hp_facts *f, const char *root)
{
#if defined(__x86_64__)
	static const char *const wanted[] = {
		"cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"};
	char text[CPUINFO_FIRST], *flags, *end;

	if (hp_file_read(root, "/proc/cpuinfo", text, sizeof(text)) < 0 ||
		(flags = strstr(text, "\nflags")) == NULL)
		return;
	end = strchr(flags + 1, '\n');
	if (end != NULL)
		*end = ' ';
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char word[16];
		size_t len = strlen(f->cpu_missing);

		snprintf(word, sizeof(word), " %s ", wanted[i]);
		if (strstr(flags, word) == NULL)
			snprintf(f->cpu_missing + len, sizeof(f->cpu_missing) - len, "%s%s",
				len > 0 ? " " : "", wanted[i]);
	}
#else
	(void)f;
	(void)root;
#endif
}

static bool address_is_taken(const char *root, uint64_t address)
{
	char *text = hp_file_load(root, "/proc/self/maps", MAPS_MAX, NULL), *save;
	bool taken = false;

	if (text == NULL)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line != NULL && !taken;
		line = strtok_r(NULL, "\n", &save)) {
		uint64_t from, to;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2)
			taken = from <= address && address < to;
	}
	free(text);
	return taken;
}

static void read_limits(struct hp_facts *f, const struct hp_check_in *in)
{
	const char *root = root_of(in);
	struct rlimit limit;
	int policy;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
		f->memlock = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		f->nofile = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
		f->nofile_hard = limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : limit.rlim_max;
	}
	// Without libnuma, whose first call hides the answer that EAL will stumble over.
	f->mempolicy_error =
		syscall(SYS_get_mempolicy, &policy, NULL, 0UL, NULL, 0UL) < 0 ? errno : 0;
	if (hp_file_read(root, "/proc/sys/kernel/osrelease", f->kernel, sizeof(f->kernel)) > 0) {
		f->kernel[strcspn(f->kernel, "\n")] = '\0';
		sscanf(f->kernel, "%" SCNu32 ".%" SCNu32, &f->kernel_major, &f->kernel_minor);
	}
	hp_file_u64(&f->aslr, root, "/proc/sys/kernel/randomize_va_space");
	if (in->base_virtaddr != 0)
		f->base_taken = address_is_taken(root, in->base_virtaddr);
}

// hp-primary keeps its files in a folder of its own in the huge-dir. Where that is there already,
// to write into it is all that a member needs.
static void find_group_folder(struct hp_facts *f, const char *root, const char *prefix)
{
	struct hp_huge_dir folder;
	char path[PATH_MAX];

	snprintf(f->maps_dir, sizeof(f->maps_dir), "%s", f->dir.path);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", f->dir.path, prefix) >= sizeof(path))
		return;
	hp_huge_dir_look(&folder, root, path);
	if (folder.error != 0 || !folder.is_dir || !folder.hugetlbfs)
		return;
	snprintf(f->maps_dir, sizeof(f->maps_dir), "%s", path);
	f->dir.writable = folder.writable;
	f->dir.uid = folder.uid;
	f->dir.gid = folder.gid;
	f->dir.mode = folder.mode;
}

static int read_hugepages(struct hp_facts *f, const struct hp_check_in *in)
{
	const char *root = root_of(in), *path = in->huge_dir;
	const char *prefix = in->file_prefix != NULL ? in->file_prefix : HP_PATHS_PREFIX_DEFAULT;
	const struct hp_huge_mount *mount;
	char full[PATH_MAX];

	hp_huge_pages_read(&f->pages, root);
	if (hp_huge_mounts_read(&f->mounts, root) == -ENOMEM)
		return -ENOMEM;
	if (path == NULL) {
		mount = hp_huge_mounts_pick(&f->mounts, &f->pages, in->page_size);
		path = mount != NULL ? mount->path : "";
	}
	if (path[0] != '\0')
		hp_huge_dir_look(&f->dir, root, path);
	f->page_size = in->page_size != 0 ? in->page_size : f->dir.page_size;
	if (f->page_size == 0 && f->pages.n > 0)
		f->page_size = f->pages.size[0].bytes;
	hp_cgroup_hugetlb_read(&f->hugetlb, root, f->page_size);
	if (f->dir.hugetlbfs)
		find_group_folder(f, root, prefix);
	if (f->dir.hugetlbfs && (in->primary || !in->starting) &&
		(size_t)snprintf(full, sizeof(full), "%s%s", root, f->maps_dir) < sizeof(full) &&
		hp_map_files_read(&f->maps, root, full, prefix) == -ENOMEM)
		return -ENOMEM;
	return 0;
}

int hp_facts_read(struct hp_facts *facts, const struct hp_check_in *in)
{
	const char *root = root_of(in);

	memset(facts, 0, sizeof(*facts));
	read_process(facts, root);
	read_cpus(facts, root);
	read_cpu_flags(facts, root);
	read_limits(facts, in);
	hp_facts_run_read(&facts->run, in);
	hp_facts_devices_read(facts, in);
	return read_hugepages(facts, in);
}

void hp_facts_free(struct hp_facts *facts)
{
	hp_huge_mounts_free(&facts->mounts);
}
