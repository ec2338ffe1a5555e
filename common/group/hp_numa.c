// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Containers without CAP_SYS_NICE: the default seccomp profile of containerd answers EPERM to the
// memory policy calls. libnuma (2.0.16) takes only ENOSYS for "no NUMA here", so EAL asks for a
// policy, is refused, and gives up. This numa_available() is found before libnuma's and says "no"
// where the kernel's answer is EPERM, and only there; pages come from the local node then.

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

int numa_available(void);

int numa_available(void)
{
	static int (*real)(void);

	if (syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) < 0 && errno == EPERM)
		return -1;
	if (real == NULL)
		real = dlsym(RTLD_NEXT, "numa_available");
	return real != NULL ? real() : -1;
}
