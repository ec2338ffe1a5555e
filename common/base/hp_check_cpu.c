// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checks of CPUs, of the kernel, and of what a container's profile forbids.

#include "base/hp_check.h"
#include "base/hp_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CAP_SYS_NICE_BIT 23 // linux/capability.h

// DPDK's guide (sys_reqs): 4.14 and later.
#define KERNEL_MAJOR 4
#define KERNEL_MINOR 14

// "0-3,8": ranges as cpuset writes them.
static const char *list_cpus(char *buf, size_t size, const cpu_set_t *cpus)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 0; i < CPU_SETSIZE && len < size; i++) {
		int last = i;

		if (!CPU_ISSET(i, cpus))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
			last++;
		len += (size_t)snprintf(buf + len, size - len, last > i ? "%s%d-%d" : "%s%d",
			len > 0 ? "," : "", i, last);
		i = last;
	}
	return buf;
}

static void cpuset(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	char have[96], missing_text[96];
	cpu_set_t wanted, missing;

	list_cpus(have, sizeof(have), &f->cpus);
	if (in->lcores == NULL) {
		hp_check_say(out, HP_CHECK_OK, "this process may use CPUs %s", have);
		return;
	}
	if (hp_facts_lcores(&wanted, in->lcores) < 0) {
		hp_check_say(out, HP_CHECK_FAILURE, "lcores '%.64s' are none of EAL's", in->lcores);
		hp_check_todo(out, "write them as 1,3-5 or 0@(2-3)");
		return;
	}
	CPU_XOR(&missing, &wanted, &f->cpus);
	CPU_AND(&missing, &missing, &wanted);
	if (CPU_COUNT(&missing) > 0) {
		list_cpus(missing_text, sizeof(missing_text), &missing);
		hp_check_say(out, HP_CHECK_FAILURE,
			"lcores '%.64s' need CPUs %s, which are not of this process's: %s",
			in->lcores, missing_text, have);
		hp_check_todo(
			out, "take CPUs of %s, or let lcores float: --lcores '0@(%s)'", have, have);
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "lcores '%.64s' are within CPUs %s", in->lcores, have);
}

static void lcores_share(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (in->busy_lcores <= f->n_cpus || f->n_cpus == 0) {
		hp_check_say(out, HP_CHECK_OK,
			in->busy_lcores > 0 ? "%u CPUs, %u lcores poll" : "%u CPUs", f->n_cpus,
			in->busy_lcores);
		return;
	}
	hp_check_say(
		out, HP_CHECK_WARNING, "%u lcores poll on %u CPUs", in->busy_lcores, f->n_cpus);
	hp_check_todo(out, "use fewer lcores or more CPUs, or let them sleep: --idle=sleep");
	hp_check_manifest(out, "resources: {requests: {cpu: %u}, limits: {cpu: %u}}",
		in->busy_lcores, in->busy_lcores);
}

static void cpu_quota(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	uint64_t milli, busy = in->busy_lcores > 0 ? in->busy_lcores : 1;

	if (f->cpu.quota_us == UINT64_MAX || f->cpu.period_us == 0) {
		hp_check_say(out, HP_CHECK_OK, "no CPU quota");
		return;
	}
	milli = f->cpu.quota_us * 1000 / f->cpu.period_us;
	if (milli < busy * 1000) {
		hp_check_say(out, HP_CHECK_WARNING,
			"the CPU quota is %" PRIu64 "m, %" PRIu64
			" polling lcores take more: the kernel stops them for parts of each "
			"%" PRIu64 " ms",
			milli, busy, f->cpu.period_us / 1000);
		hp_check_todo(out, "raise the CPU limit, or let lcores sleep: --idle=sleep");
		hp_check_manifest(out,
			"resources: {requests: {cpu: %" PRIu64 "}, limits: {cpu: %" PRIu64 "}}",
			busy, busy);
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "the CPU quota is %" PRIu64 "m", milli);
}

static void cpu_flags(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (f->cpu_missing[0] != '\0') {
		hp_check_say(out, HP_CHECK_FAILURE, "this CPU lacks %s, which the build uses",
			f->cpu_missing);
		hp_check_todo(out, "choose a node with x86-64-v2 (any server since 2009), or show "
				   "the guest more of its CPU");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "the CPU has all that the build uses");
}

static void mempolicy(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (f->mempolicy_error == 0) {
		hp_check_say(out, HP_CHECK_OK, "the mempolicy calls work");
	} else if (f->mempolicy_error == ENOSYS) {
		hp_check_say(out, HP_CHECK_OK, "a kernel without NUMA, EAL knows that");
	} else {
		hp_check_say(out, HP_CHECK_WARNING,
			"get_mempolicy: %s: stock DPDK would not start (hugepod goes without NUMA)",
			strerror(f->mempolicy_error));
		hp_check_todo(out,
			"containerd's default seccomp profile allows these calls with "
			"the capability SYS_NICE (here: %s), others by a profile of your "
			"own",
			(f->caps >> CAP_SYS_NICE_BIT & 1) != 0 ? "there" : "missing");
	}
}

static void kernel(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (f->kernel[0] == '\0') {
		hp_check_say(out, HP_CHECK_SKIPPED, "/proc does not say which");
		return;
	}
	if (f->kernel_major < KERNEL_MAJOR ||
		(f->kernel_major == KERNEL_MAJOR && f->kernel_minor < KERNEL_MINOR)) {
		hp_check_say(out, HP_CHECK_WARNING, "Linux %s, DPDK 22.11 wants %d.%d or later",
			f->kernel, KERNEL_MAJOR, KERNEL_MINOR);
		hp_check_todo(out, "update the node");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "Linux %s", f->kernel);
}

static void aslr(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (in->base_virtaddr != 0 && f->base_taken) {
		hp_check_say(out, HP_CHECK_WARNING,
			"something of this process is mapped at the base address 0x%" PRIx64,
			in->base_virtaddr);
		hp_check_todo(out,
			"choose a --base-virtaddr far from libraries and stacks, such as "
			"0x100000000000");
		return;
	}
	if (f->aslr == 0) {
		hp_check_say(out, HP_CHECK_OK, "address space randomisation is off");
		return;
	}
	hp_check_say(out, HP_CHECK_OK,
		"address space randomisation is on (%" PRIu64
		"): members get the same base address "
		"by their lease",
		f->aslr);
}

static void user_namespace(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (f->own_user_ns) {
		hp_check_say(out, HP_CHECK_WARNING,
			"this is a user namespace: kernels before 6.9 cannot map the ids of a "
			"hugetlbfs into one, and runtimes then refuse the mount");
		hp_check_todo(out, "leave user namespaces off for pods with hugepages");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "no user namespace");
}

const struct hp_check hp_check_cpu[] = {
	{"cpuset", "cpu", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"The lcores asked for are on CPUs that this process may use.",
		"args: [--lcores, '0@(0-1)'] # an lcore that floats on the CPUs it is given",
		cpuset},
	{"lcores-share", "cpu", HP_CHECK_BOTH, 0, "No more lcores poll than there are CPUs for.",
		NULL, lcores_share},
	{"cpu-quota", "cpu", HP_CHECK_BOTH, 0,
		"The CPU quota is not smaller than what the polling lcores take: the kernel would "
		"stop them in the middle of a burst.",
		NULL, cpu_quota},
	{"cpu-flags", "cpu", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"The CPU has the instructions that the build uses (x86-64-v2).",
		"nodeSelector: {kubernetes.io/arch: amd64}", cpu_flags},
	{"mempolicy", "kernel", HP_CHECK_BOTH, 0,
		"The container's seccomp profile allows the mempolicy calls. Where it answers "
		"EPERM, "
		"stock DPDK does not start.",
		"securityContext: {seccompProfile: {type: Localhost, localhostProfile: dpdk.json}}",
		mempolicy},
	{"kernel", "kernel", HP_CHECK_BOTH, 0, "The kernel is one that DPDK supports.", NULL,
		kernel},
	{"base-virtaddr", "kernel", HP_CHECK_BOTH, 0,
		"The base address is free: all members must map the memory at the same one, "
		"whatever "
		"randomisation does.",
		"args: [--base-virtaddr, '0x100000000000']", aslr},
	{"user-namespace", "kernel", HP_CHECK_BOTH, 0,
		"The pod is in no user namespace, into which hugetlbfs cannot be mounted before "
		"Linux 6.9.",
		"hostUsers: true", user_namespace},
	{NULL},
};
