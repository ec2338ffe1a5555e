// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// gzip by zlib, in members that are whole by themselves: a file that ends after any of them is
// readable.

#include "capture.h"

#include <zlib.h>

#include <errno.h>
#include <stdlib.h>

#define GZIP_HEADER 16 // added to the window bits: a gzip member instead of a zlib stream
#define LEVEL 1 // packets come faster than the others would take them

struct hp_gzip {
	z_stream z;
	uint8_t *buf;
	size_t size, used;
	size_t pending;
};

struct hp_gzip *hp_gzip_new(void)
{
	struct hp_gzip *gzip = calloc(1, sizeof(*gzip));

	if (gzip == NULL)
		return NULL;
	if (deflateInit2(&gzip->z, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP_HEADER, MAX_MEM_LEVEL,
		    Z_DEFAULT_STRATEGY) == Z_OK)
		return gzip;
	free(gzip);
	return NULL;
}

void hp_gzip_free(struct hp_gzip *gzip)
{
	if (gzip == NULL)
		return;
	deflateEnd(&gzip->z);
	free(gzip->buf);
	free(gzip);
}

static int deflate_some(struct hp_gzip *gzip, int flush)
{
	int ret;

	do {
		if (gzip->size - gzip->used < 65536) {
			uint8_t *buf = realloc(gzip->buf, gzip->size * 2 + 65536);

			if (buf == NULL)
				return -ENOMEM;
			gzip->buf = buf;
			gzip->size = gzip->size * 2 + 65536;
		}
		gzip->z.next_out = gzip->buf + gzip->used;
		gzip->z.avail_out = (uInt)(gzip->size - gzip->used);
		ret = deflate(&gzip->z, flush);
		gzip->used = (size_t)(gzip->z.next_out - gzip->buf);
	} while (gzip->z.avail_in > 0 || (flush == Z_FINISH && ret == Z_OK));
	return 0;
}

int hp_gzip_add(struct hp_gzip *gzip, const void *data, size_t n)
{
	gzip->z.next_in = (z_const Bytef *)(uintptr_t)data;
	gzip->z.avail_in = (uInt)n;
	gzip->pending += n;
	return deflate_some(gzip, Z_NO_FLUSH);
}

int hp_gzip_end(struct hp_gzip *gzip, const uint8_t **data, size_t *n)
{
	int ret = deflate_some(gzip, Z_FINISH);

	*data = gzip->buf;
	*n = gzip->used;
	gzip->used = 0;
	gzip->pending = 0;
	deflateReset(&gzip->z);
	return ret;
}

size_t hp_gzip_pending(const struct hp_gzip *gzip)
{
	return gzip->pending;
}
