// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Bytes of a file or pipe for libpcap: gzip is unpacked, a pipe that has nothing yet keeps nobody
// from ending, and what libpcap would refuse in pcapng without need is taken out of its way.

#include "replay.h"

#include <zlib.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RAW_BYTES 65536u
#define ASK_MS 20 // between two questions whether to go on
#define GZIP_HEADER 16 // added to the window bits: gzip members, nothing else
#define SHB 0x0a0d0d0au // the same in both byte orders
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define IDB 1u
#define IDB_SNAPLEN 12u // where it stands in its block, 4 bytes

/** Where in a pcapng file we are. */
struct blocks {
	bool off; // it is none, or broken: libpcap says so
	bool begun; // with a section header
	bool swapped;
	uint8_t head[IDB_SNAPLEN];
	uint32_t type, length, at; // of the block
};

struct hp_input {
	int fd;
	bool pipe; // or the like: it may have nothing yet
	hp_replay_goes_on goes_on;
	void *arg;
	bool ended; // there are no more raw bytes
	bool told; // to end
	bool begun;
	bool gzip, whole; // compressed; the last member was complete
	bool torn; // compressed data were not, or ended in the middle
	z_stream z;
	struct blocks blocks;
	size_t at, n; // of raw
	uint8_t raw[RAW_BYTES];
};

static uint32_t word(const struct blocks *b, size_t at)
{
	uint32_t value;

	memcpy(&value, b->head + at, sizeof(value));
	return b->swapped ? __builtin_bswap32(value) : value;
}

static void look_at_head(struct blocks *b)
{
	b->begun = true;
	b->type = word(b, 0);
	if (b->type == SHB) {
		b->swapped = false;
		b->swapped = word(b, 8) != BYTE_ORDER_MAGIC;
	}
	b->length = word(b, 4);
	b->off = b->length < sizeof(b->head);
}

// libpcap takes one snapshot length alone for all interfaces of a file; a capture of several taps,
// or a merged file, has several. 0 is "everything" to it.
static void level_snaplens(struct blocks *b, uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n && !b->off;) {
		size_t skip = 1;

		if (b->at < sizeof(b->head)) {
			b->head[b->at] = data[i];
			if (b->at == 3 && !b->begun)
				b->off = word(b, 0) != SHB;
			if (b->at + 1 == sizeof(b->head))
				look_at_head(b);
		} else if (b->type == IDB && b->at < IDB_SNAPLEN + 4) {
			data[i] = 0;
		} else {
			skip = b->length - b->at < n - i ? b->length - b->at : n - i;
		}
		i += skip;
		b->at += (uint32_t)skip;
		if (b->at >= sizeof(b->head) && b->at == b->length)
			b->at = 0;
	}
}

// 0: read() has something to say; -1 with errno.
static int wait_for_bytes(struct hp_input *in)
{
	struct pollfd fd = {.fd = in->fd, .events = POLLIN};
	int wait_ms = 0;

	while (in->pipe && poll(&fd, 1, wait_ms) == 0) {
		if (in->goes_on != NULL && !in->goes_on(in->arg)) {
			in->told = true;
			errno = ECANCELED;
			return -1;
		}
		wait_ms = ASK_MS;
	}
	return 0;
}

// More raw bytes behind those that are there.
static int fill(struct hp_input *in)
{
	ssize_t got;

	if (in->at == in->n)
		in->at = in->n = 0;
	if (in->ended || in->n == sizeof(in->raw))
		return 0;
	do {
		if (wait_for_bytes(in) < 0)
			return -1;
		got = read(in->fd, in->raw + in->n, sizeof(in->raw) - in->n);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return -1;
	in->ended = got == 0;
	in->n += (size_t)got;
	return 0;
}

static int begin(struct hp_input *in)
{
	while (!in->ended && in->n < 2)
		if (fill(in) < 0)
			return -1;
	in->begun = true;
	in->gzip = in->n >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b;
	if (in->gzip && inflateInit2(&in->z, MAX_WBITS + GZIP_HEADER) != Z_OK) {
		in->gzip = false;
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

// Bytes of the file as they are before compression, as many as there are; 0: no more.
static ssize_t unpack(struct hp_input *in, uint8_t *to, size_t size)
{
	in->z.next_out = to;
	in->z.avail_out = (uInt)size;
	while (in->z.avail_out == size && !in->torn) {
		int ret;

		if (in->at == in->n && fill(in) < 0)
			return -1;
		if (in->at == in->n) {
			in->torn = !in->whole;
			return 0;
		}
		if (in->whole)
			inflateReset(&in->z);
		in->z.next_in = in->raw + in->at;
		in->z.avail_in = (uInt)(in->n - in->at);
		ret = inflate(&in->z, Z_NO_FLUSH);
		in->at = in->n - in->z.avail_in;
		in->whole = ret == Z_STREAM_END;
		in->torn = ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR;
	}
	return (ssize_t)(size - in->z.avail_out);
}

static ssize_t copy(struct hp_input *in, uint8_t *to, size_t size)
{
	size_t n;

	if (in->at == in->n && fill(in) < 0)
		return -1;
	n = in->n - in->at < size ? in->n - in->at : size;
	memcpy(to, in->raw + in->at, n);
	in->at += n;
	return (ssize_t)n;
}

static ssize_t read_cookie(void *cookie, char *buf, size_t size)
{
	struct hp_input *in = cookie;
	uint8_t *to = (uint8_t *)buf;
	ssize_t got;

	if (!in->begun && begin(in) < 0)
		return -1;
	got = in->gzip ? unpack(in, to, size) : copy(in, to, size);
	if (got > 0)
		level_snaplens(&in->blocks, to, (size_t)got);
	return got;
}

FILE *hp_input_open(struct hp_input **input, const char *path, hp_replay_goes_on goes_on, void *arg)
{
	const cookie_io_functions_t io = {.read = read_cookie};
	struct hp_input *in = calloc(1, sizeof(*in));
	struct stat st;
	FILE *file;
	int why;

	if (in == NULL)
		return NULL;
	in->goes_on = goes_on;
	in->arg = arg;
	in->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
					: open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (in->fd < 0 || fstat(in->fd, &st) < 0)
		goto err;
	in->pipe = !S_ISREG(st.st_mode);
	file = fopencookie(in, "r", io);
	if (file == NULL)
		goto err;
	*input = in;
	return file;
err:
	why = errno;
	hp_input_close(in);
	errno = why;
	return NULL;
}

void hp_input_close(struct hp_input *in)
{
	if (in == NULL)
		return;
	if (in->gzip)
		inflateEnd(&in->z);
	if (in->fd >= 0)
		close(in->fd);
	free(in);
}

bool hp_input_was_told_to_end(const struct hp_input *in)
{
	return in->told;
}

bool hp_input_is_torn(const struct hp_input *in)
{
	return in->torn;
}
