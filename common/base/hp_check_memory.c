// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checks of memory: what is asked for against the cgroup's limits and the node's pages.

#include "base/hp_check.h"
#include "base/hp_file.h"

#include <inttypes.h>
#include <stdio.h>

#define SIZE_TEXT 32 // bytes for hp_file_size_text()
#define CAP_IPC_LOCK_BIT 14 // linux/capability.h

// What a DPDK process takes besides hugepages: text, stacks and EAL's tables that it touches.
#define OWN_MEMORY (UINT64_C(64) << 20)
#define OWN_FILES 64 // descriptors besides one a page: sockets, fbarrays, logs

static uint64_t pages_of(uint64_t bytes, uint64_t page)
{
	return (bytes + page - 1) / page;
}

// Memory files that a starting primary removes: their pages come back to the node and the cgroup.
// Those of other prefixes only where it shares a folder with them, which hp-primary does not.
static uint64_t stale_bytes(const struct hp_facts *f)
{
	return f->maps.own.stale_bytes;
}

// The resource's name in a manifest: "hugepages-2Mi".
static const char *resource_name(char *buf, size_t size, uint64_t page)
{
	snprintf(buf, size, "hugepages-%" PRIu64 "%s", page >= 1 << 30 ? page >> 30 : page >> 20,
		page >= 1 << 30 ? "Gi" : "Mi");
	return buf;
}

static void resource_line(struct hp_finding *out, const struct hp_facts *f, uint64_t bytes)
{
	char name[SIZE_TEXT];
	uint64_t page = f->page_size != 0 ? f->page_size : 2 << 20;

	hp_check_manifest(out, "resources: {limits: {%s: %" PRIu64 "Mi, memory: 256Mi, cpu: 1}}",
		resource_name(name, sizeof(name), page), pages_of(bytes, page) * page >> 20);
}

static void hugepages_reserved(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_huge_size *s = hp_huge_pages_find(&f->pages, f->page_size);
	char size[SIZE_TEXT];

	if (f->pages.n == 0 || s == NULL) {
		hp_check_say(out, HP_CHECK_FAILURE, "this kernel has no hugepages of %s",
			f->page_size != 0 ? hp_file_size_text(size, sizeof(size), f->page_size)
					  : "any size");
		hp_check_todo(out, "use a page size that /sys/kernel/mm/hugepages lists");
		return;
	}
	hp_file_size_text(size, sizeof(size), s->bytes);
	if (s->all.total == 0) {
		hp_check_say(out, HP_CHECK_FAILURE, "the node has reserved no page of %s", size);
		hp_check_todo(out,
			"on the node: scripts/setup-hugepages, or hugepages=N on the kernel's "
			"command line, then restart the kubelet");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "%" PRIu64 " pages of %s, %" PRIu64 " of them free",
		s->all.total, size, hp_huge_available(&s->all));
}

static void hugepages_free(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_huge_size *s = hp_huge_pages_find(&f->pages, f->page_size);
	char want[SIZE_TEXT], size[SIZE_TEXT];
	uint64_t pages, free_pages, back;

	if (s == NULL || s->all.total == 0) {
		hp_check_say(out, HP_CHECK_SKIPPED, "there are no pages at all");
		return;
	}
	pages = pages_of(in->memory, s->bytes);
	free_pages = hp_huge_available(&s->all);
	back = stale_bytes(f) / s->bytes;
	hp_file_size_text(want, sizeof(want), in->memory);
	hp_file_size_text(size, sizeof(size), s->bytes);
	if ((in->memory > 0 && pages > free_pages + back) || free_pages + back == 0) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"asked for are %s%s%" PRIu64 " pages of %s, free on the node are %" PRIu64
			" of %" PRIu64 " (and %" PRIu64 " in files of dead processes)",
			in->memory > 0 ? want : "", in->memory > 0 ? ", that is " : "",
			in->memory > 0 ? pages : 1, size, free_pages, s->all.total, back);
		hp_check_todo(out, "reserve %" PRIu64 " pages or more on the node, or ask for less",
			s->all.total + (pages > 0 ? pages : 1) - free_pages - back);
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "free on the node are %" PRIu64 " pages of %s%s%s",
		free_pages, size, in->memory > 0 ? ", asked for are " : "",
		in->memory > 0 ? want : "");
}

static void hugepages_numa(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_huge_size *s = hp_huge_pages_find(&f->pages, f->page_size);
	uint64_t here = 0, pages;

	if (s == NULL || s->n_nodes < 2) {
		hp_check_say(out, HP_CHECK_SKIPPED, "the machine has one NUMA node");
		return;
	}
	for (uint32_t i = 0; i < s->n_nodes; i++)
		if ((f->cpu_nodes >> s->node[i].id & 1) != 0)
			here += s->node[i].pages.free;
	pages = pages_of(in->memory, s->bytes);
	if (here < (pages > 0 ? pages : 1)) {
		hp_check_say(out, HP_CHECK_WARNING,
			"the NUMA nodes of this process's CPUs have %" PRIu64
			" free pages, asked for are %" PRIu64,
			here, pages);
		hp_check_todo(out,
			"reserve pages on these nodes "
			"(/sys/devices/system/node/nodeN/hugepages), or have the kubelet's "
			"memory manager (policy Static) place the pod");
		return;
	}
	hp_check_say(out, HP_CHECK_OK,
		"the NUMA nodes of this process's CPUs have %" PRIu64 " free pages", here);
}

static void hugepages_surplus(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_huge_size *s = hp_huge_pages_find(&f->pages, f->page_size);

	if (s == NULL || (s->overcommit == 0 && s->all.surplus == 0)) {
		hp_check_say(out, HP_CHECK_OK, "the node overcommits no hugepages");
		return;
	}
	hp_check_say(out, HP_CHECK_WARNING,
		"the node may lend %" PRIu64
		" pages above its pool (nr_overcommit_hugepages), %" PRIu64 " are lent now",
		s->overcommit, s->all.surplus);
	hp_check_todo(out, "such pages are made when asked for and may be missing then: reserve "
			   "real ones with nr_hugepages");
}

static void cgroup_hugetlb(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_cgroup_hugetlb *g = &f->hugetlb;
	const struct hp_huge_size *s = hp_huge_pages_find(&f->pages, f->page_size);
	char want[SIZE_TEXT], limit[SIZE_TEXT], used[SIZE_TEXT], free_text[SIZE_TEXT];
	uint64_t stale = stale_bytes(f), left = g->left, wanted;

	if (g->limit == UINT64_MAX) {
		hp_check_say(out, HP_CHECK_OK, "%s",
			g->state == HP_CGROUP_ABSENT
				? "no hugetlb controller: the cgroup limits nothing"
				: "no cgroup that can be seen limits hugepages");
		return;
	}
	// Pages of files that EAL is going to remove are charged here at most as far as used.
	left += stale < g->usage ? stale : g->usage;
	wanted = in->memory > 0 ? in->memory : f->page_size;
	hp_file_size_text(want, sizeof(want), wanted);
	hp_file_size_text(limit, sizeof(limit), g->limit);
	hp_file_size_text(used, sizeof(used), g->usage);
	hp_file_size_text(free_text, sizeof(free_text),
		s != NULL ? hp_huge_available(&s->all) * s->bytes : 0);
	if (pages_of(wanted, f->page_size) * f->page_size > left) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"asked for are %s of hugepages, the cgroup's limit is %s (%s), used of it "
			"are %s, free on the node are %s",
			want, limit, g->file, used, free_text);
		hp_check_todo(out,
			"raise the container's hugepages limit to %s or more, or ask for "
			"less: beyond the limit %s",
			want,
			g->reservation ? "mmap fails"
				       : "the first touch ends the process (SIGBUS)");
		resource_line(out, f, wanted + (g->usage > stale ? g->usage - stale : 0));
		return;
	}
	hp_check_say(out, HP_CHECK_OK,
		"the cgroup's limit is %s, used of it are %s%s%s, free on the node are %s", limit,
		used, in->memory > 0 ? ", asked for are " : "", in->memory > 0 ? want : "",
		free_text);
}

static void cgroup_above(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (f->hugetlb.state != HP_CGROUP_HIDDEN) {
		hp_check_say(out, HP_CHECK_OK, "%s",
			f->hugetlb.state == HP_CGROUP_SEEN
				? "all cgroups up to the machine's root can be seen"
				: "no hugetlb controller");
		return;
	}
	if (f->hugetlb.limit != UINT64_MAX) {
		hp_check_say(out, HP_CHECK_OK,
			"the pod's own limit cannot be seen from here, but this container's can");
		return;
	}
	hp_check_say(out, HP_CHECK_WARNING,
		"this container has no hugepage limit of its own, and its pod's cannot be seen "
		"from "
		"here");
	hp_check_todo(out,
		"trust the sum of the pod's hugepages limits (`hugepod plan` prints it); "
		"containerd sets a container's own with disable_hugetlb_controller = false");
}

static void memory_limit(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	const struct hp_cgroup_memory *m = &f->memory;
	uint64_t left = m->limit > m->usage ? m->limit - m->usage : 0;
	char limit[SIZE_TEXT], need[SIZE_TEXT], left_text[SIZE_TEXT];

	if (m->limit == UINT64_MAX) {
		hp_check_say(out, HP_CHECK_OK, "no memory limit");
		return;
	}
	hp_file_size_text(limit, sizeof(limit), m->limit);
	hp_file_size_text(need, sizeof(need), OWN_MEMORY);
	hp_file_size_text(left_text, sizeof(left_text), left >> 20 << 20);
	if (left < OWN_MEMORY) {
		hp_check_say(out, HP_CHECK_WARNING,
			"the memory limit is %s, about %s of it are left; a DPDK process takes up "
			"to "
			"%s besides its hugepages",
			limit, left_text, need);
		hp_check_todo(
			out, "raise the container's memory limit: hugepages do not count to it");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "the memory limit is %s, about %s of it are left", limit,
		left_text);
}

static void open_files(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	uint64_t need;

	if (in->memory == 0 || f->page_size == 0) {
		hp_check_say(out, HP_CHECK_OK, "%" PRIu64 " descriptors", f->nofile);
		return;
	}
	need = pages_of(in->memory, f->page_size) + OWN_FILES;
	if (f->nofile < need) {
		hp_check_say(out, HP_CHECK_WARNING,
			"%" PRIu64 " descriptors (hard limit %" PRIu64
			"), but EAL opens one for each "
			"page without --single-file-segments: %" PRIu64,
			f->nofile, f->nofile_hard, need);
		hp_check_todo(out,
			"use --single-file-segments, pages of 1 GiB, or raise the limit "
			"(ulimit -n %" PRIu64 ")",
			need);
		return;
	}
	hp_check_say(
		out, HP_CHECK_OK, "%" PRIu64 " descriptors, %" PRIu64 " needed", f->nofile, need);
}

static void memlock(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	char got[SIZE_TEXT];

	if (in->n_pci == 0) {
		hp_check_say(out, HP_CHECK_SKIPPED, "only devices behind VFIO need locked memory");
		return;
	}
	if ((f->caps >> CAP_IPC_LOCK_BIT & 1) != 0 || f->memlock == UINT64_MAX) {
		hp_check_say(out, HP_CHECK_OK, "no limit on locked memory");
		return;
	}
	hp_file_size_text(got, sizeof(got), f->memlock);
	if (f->memlock < (in->memory > 0 ? in->memory : f->page_size)) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"%s may be locked, and VFIO locks all memory that a device may reach", got);
		hp_check_todo(out, "add the capability IPC_LOCK, or raise RLIMIT_MEMLOCK");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "%s may be locked", got);
}

const struct hp_check hp_check_memory[] = {
	{"hugepages-reserved", "memory", HP_CHECK_BOTH, HP_CHECK_PRIMARY,
		"The node has reserved hugepages of the page size.", NULL, hugepages_reserved},
	{"cgroup-hugetlb", "memory", HP_CHECK_PRIMARY, HP_CHECK_PRIMARY,
		"The memory asked for fits into the tightest hugetlb limit of all cgroups that can "
		"be seen, versions 1 and 2, reservations included. EAL does not look: without this "
		"check the first touch beyond the limit is a SIGBUS.",
		"resources: {limits: {hugepages-2Mi: 256Mi, memory: 256Mi, cpu: 1}}",
		cgroup_hugetlb},
	{"cgroup-above", "memory", HP_CHECK_PRIMARY, 0,
		"Some hugetlb limit can be seen from here. In a container the pod's cgroup is "
		"hidden, and containerd leaves the container's own without a limit by default.",
		NULL, cgroup_above},
	{"hugepages-free", "memory", HP_CHECK_PRIMARY, HP_CHECK_PRIMARY,
		"The node has enough free pages, those in files of dead processes included.", NULL,
		hugepages_free},
	{"hugepages-numa", "memory", HP_CHECK_PRIMARY, 0,
		"The pages are on the NUMA nodes of the CPUs that this process may use.",
		"resources: {requests: &r {cpu: 2, memory: 256Mi, hugepages-2Mi: 256Mi}, limits: "
		"*r} "
		"# Guaranteed",
		hugepages_numa},
	{"hugepages-surplus", "memory", HP_CHECK_PRIMARY, 0,
		"The node does not overcommit hugepages: such a page may be missing when it is "
		"touched.",
		NULL, hugepages_surplus},
	{"memory-limit", "memory", HP_CHECK_BOTH, 0,
		"The cgroup's memory limit leaves room for the process itself; hugepages do not "
		"count to it.",
		"resources: {limits: {memory: 256Mi}}", memory_limit},
	{"open-files", "memory", HP_CHECK_BOTH, 0,
		"There are enough descriptors: EAL opens one for each page unless it keeps them in "
		"single file segments.",
		NULL, open_files},
	{"memlock", "memory", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"Where a PCI port is asked for, memory may be locked.",
		"securityContext: {capabilities: {add: [IPC_LOCK]}}", memlock},
	{NULL},
};
