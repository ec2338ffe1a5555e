// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_heap.h"

#include "base/hp_crash.h"

#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Process-wide by nature: which allocator the process's rte_malloc() is. Set once, before threads.
static bool use_private;

void hp_heap_use_private(void)
{
	use_private = true;
}

// The functions that librte_eal would have been called for.
static void *shared_symbol(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void *private_alloc(size_t size, unsigned int align, bool zero)
{
	void *ptr = NULL;

	if (size == 0)
		return NULL; // as rte_malloc() does
	if (posix_memalign(&ptr, RTE_MAX(align, (unsigned int)RTE_CACHE_LINE_SIZE), size) != 0)
		return NULL;
	if (zero)
		memset(ptr, 0, size);
	HP_CRASH_POINT(attach_heap);
	return ptr;
}

void *rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	static void *(*real)(const char *, size_t, unsigned int, int);

	if (use_private)
		return private_alloc(size, align, false);
	if (real == NULL)
		real = shared_symbol("rte_malloc_socket");
	return real(type, size, align, socket);
}

void *rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	static void *(*real)(const char *, size_t, unsigned int, int);

	if (use_private)
		return private_alloc(size, align, true);
	if (real == NULL)
		real = shared_symbol("rte_zmalloc_socket");
	return real(type, size, align, socket);
}

void *rte_malloc(const char *type, size_t size, unsigned int align)
{
	return rte_malloc_socket(type, size, align, SOCKET_ID_ANY);
}

void *rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	return rte_zmalloc_socket(type, size, align, SOCKET_ID_ANY);
}

void *rte_calloc_socket(const char *type, size_t num, size_t size, unsigned int align, int socket)
{
	size_t bytes;

	if (__builtin_mul_overflow(num, size, &bytes))
		return NULL;
	return rte_zmalloc_socket(type, bytes, align, socket);
}

void *rte_calloc(const char *type, size_t num, size_t size, unsigned int align)
{
	return rte_calloc_socket(type, num, size, align, SOCKET_ID_ANY);
}

void *rte_realloc_socket(void *ptr, size_t size, unsigned int align, int socket)
{
	static void *(*real)(void *, size_t, unsigned int, int);

	if (use_private)
		return align <= sizeof(max_align_t) ? realloc(ptr, size) : NULL;
	if (real == NULL)
		real = shared_symbol("rte_realloc_socket");
	return real(ptr, size, align, socket);
}

void *rte_realloc(void *ptr, size_t size, unsigned int align)
{
	return rte_realloc_socket(ptr, size, align, SOCKET_ID_ANY);
}

void rte_free(void *ptr)
{
	static void (*real)(void *);

	if (ptr == NULL)
		return;
	if (use_private) {
		// What lies in shared memory was the primary's to allocate and is its to free.
		if (rte_mem_virt2memseg_list(ptr) == NULL)
			free(ptr);
		return;
	}
	if (real == NULL)
		real = shared_symbol("rte_free");
	real(ptr);
}
