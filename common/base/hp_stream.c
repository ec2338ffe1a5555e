// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_stream.h"

#include <errno.h>
#include <sys/mman.h>

uint8_t *hp_stream_map(int fd, uint64_t off, uint64_t size)
{
	uint8_t *at = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	for (unsigned int i = 0; i < 2; i++) {
		void *half = mmap(at + i * size, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, fd, (off_t)off);

		if (half == MAP_FAILED) {
			int why = errno;

			munmap(at, 2 * size);
			errno = why;
			return NULL;
		}
	}
	return at;
}

void hp_stream_unmap(uint8_t *bytes, uint64_t size)
{
	if (bytes != NULL)
		munmap(bytes, 2 * size);
}
