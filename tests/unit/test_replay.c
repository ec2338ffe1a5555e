// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What hp-replay reads: files as they are or compressed, pipes that have nothing yet, and pcapng
// that libpcap alone would refuse.

#include "hp_test.h"
#include "replay.h"

#include <zlib.h>

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LEN 60u // bytes of each packet
#define PCAP_BYTES(n) (24 + (n) * (16 + LEN))

struct bytes {
	uint8_t data[65536];
	size_t n;
};

static void add(struct bytes *b, const void *data, size_t n)
{
	assert_true(b->n + n <= sizeof(b->data));
	memcpy(b->data + b->n, data, n);
	b->n += n;
}

static void add_words(struct bytes *b, bool big, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t word = big ? htobe32(words[i]) : htole32(words[i]);

		add(b, &word, sizeof(word));
	}
}
#define WORDS(b, big, ...) \
	add_words(b, big, (const uint32_t[]){__VA_ARGS__}, \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void add_packet(struct bytes *b, uint8_t i)
{
	uint8_t packet[LEN];

	memset(packet, i, sizeof(packet));
	add(b, packet, sizeof(packet));
}

static void add_pcap(struct bytes *b, unsigned int n)
{
	WORDS(b, false, 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1);
	for (unsigned int i = 0; i < n; i++) {
		WORDS(b, false, 1, i, LEN, LEN);
		add_packet(b, (uint8_t)i);
	}
}

// A section with interfaces of these snapshot lengths, and a packet of each.
static void add_section(struct bytes *b, bool big, const uint32_t *snaplens, unsigned int n)
{
	WORDS(b, big, 0x0a0d0d0a, 28, 0x1a2b3c4d, big ? 1u << 16 : 1, UINT32_MAX, UINT32_MAX, 28);
	for (unsigned int i = 0; i < n; i++)
		WORDS(b, big, 1, 20, big ? 1u << 16 : 1, snaplens[i], 20);
	WORDS(b, big, 0xbad, 12, 12); // that nobody knows
	for (unsigned int i = 0; i < n; i++) {
		WORDS(b, big, 6, 32 + LEN, i, 0, i, LEN, LEN);
		add_packet(b, (uint8_t)i);
		WORDS(b, big, 32 + LEN);
	}
}

static void add_gzip(struct bytes *b, const uint8_t *data, size_t n)
{
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)n};

	assert_int_equal(
		deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = b->data + b->n;
	z.avail_out = (uInt)(sizeof(b->data) - b->n);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b->n = sizeof(b->data) - z.avail_out;
	deflateEnd(&z);
}

// Packets that are read of a file with these bytes; *exit_code as it ends.
static unsigned int play(const struct bytes *b, int *exit_code)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	char path[32];
	char *files[] = {path};
	const struct hp_replay_opts opts = {.loop = 1, .speed = 1000, .files = files, .n_files = 1};
	struct hp_source s;
	struct hp_err err = {0};
	const uint8_t *data;
	unsigned int n = 0;
	uint64_t ns;
	uint32_t len;
	bool first;

	assert_int_equal(write(fd, b->data, b->n), b->n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (hp_source_open(&s, &opts, &err) == 0)
		for (; hp_source_next(&s, &data, &len, &ns, &first, &err) == 1; n++) {
			assert_int_equal(len, LEN);
			assert_int_equal(data[LEN - 1], data[0]);
		}
	hp_source_close(&s);
	close(fd);
	*exit_code = err.exit_code;
	return n;
}

static void compressed_files_are_played_member_by_member(void **state)
{
	struct bytes plain = {0}, packed = {0};
	int code;

	(void)state;
	add_pcap(&plain, 100);
	assert_int_equal(play(&plain, &code), 100);
	assert_int_equal(code, 0);
	add_gzip(&packed, plain.data, 50); // members end anywhere
	add_gzip(&packed, plain.data + 50, PCAP_BYTES(70) - 50);
	add_gzip(&packed, plain.data + PCAP_BYTES(70), plain.n - PCAP_BYTES(70));
	assert_int_equal(play(&packed, &code), 100);
	assert_int_equal(code, 0);
}

static void compressed_data_that_end_too_early_are_told(void **state)
{
	struct bytes plain = {0}, packed = {0};
	int code;

	(void)state;
	add_pcap(&plain, 10);
	add_gzip(&packed, plain.data, plain.n);
	for (size_t whole = packed.n; packed.n > 2; packed.n--) {
		assert_true(play(&packed, &code) <= 10);
		assert_int_equal(code, packed.n == whole ? 0 : HP_EXIT_DATA);
	}
	packed.n = 0;
	add_gzip(&packed, plain.data, plain.n);
	packed.data[packed.n - 6] ^= 1; // its check sum
	play(&packed, &code);
	assert_int_equal(code, HP_EXIT_DATA);
}

static void interfaces_may_differ_in_snapshot_length(void **state)
{
	static const uint32_t snaplens[] = {64, 262144, 0, 128};
	int code;

	(void)state;
	for (unsigned int big = 0; big < 2; big++) {
		struct bytes b = {0};

		add_section(&b, big != 0, snaplens, 4);
		add_section(&b, big != 0, snaplens + 1, 2);
		assert_int_equal(play(&b, &code), 6);
		assert_int_equal(code, 0);
	}
}

static bool three_times(void *arg)
{
	unsigned int *asked = arg;

	return ++*asked < 3;
}

static void a_pipe_that_has_nothing_can_be_left(void **state)
{
	char path[32];
	char *files[] = {path};
	struct hp_replay_opts opts = {.loop = 2, .speed = 1000, .files = files, .n_files = 1};
	struct hp_source s;
	struct hp_err err = {0};
	struct bytes b = {0};
	unsigned int asked = 0, n = 0;
	const uint8_t *data;
	int ends[2];
	uint64_t ns;
	uint32_t len;
	bool first;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	assert_true(hp_source_open(&s, &opts, &err) < 0); // it has its bytes once
	assert_int_equal(err.exit_code, HP_EXIT_USAGE);
	opts.loop = 1;
	assert_int_equal(hp_source_open(&s, &opts, &err), 0);
	s.goes_on = three_times;
	s.arg = &asked;
	err.exit_code = 0;
	add_pcap(&b, 5);
	assert_int_equal(write(ends[1], b.data, b.n - 1), b.n - 1);
	while (hp_source_next(&s, &data, &len, &ns, &first, &err) == 1)
		n++;
	assert_int_equal(n, 4); // that were there are played at once
	assert_int_equal(asked, 3);
	assert_int_equal(err.exit_code, 0); // it is no error
	hp_source_close(&s);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compressed_files_are_played_member_by_member),
		cmocka_unit_test(compressed_data_that_end_too_early_are_told),
		cmocka_unit_test(interfaces_may_differ_in_snapshot_length),
		cmocka_unit_test(a_pipe_that_has_nothing_can_be_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
