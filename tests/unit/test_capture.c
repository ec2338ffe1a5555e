// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// From rings to files: what hp_batch_collect() takes and refuses, and that a file ends with a whole
// block whatever cuts it.

#include "base/hp_pcapng.h"
#include "capture.h"
#include "hp_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 65536u

struct rings {
	struct hp_stream_ctl ctl[2];
	struct hp_stream w[2], r[2];
	struct hp_batch batch;
};

static int setup(void **state)
{
	struct rings *f = aligned_alloc(HP_STREAM_LINE, (sizeof(*f) + 63) / 64 * 64);

	assert_non_null(f);
	memset(f, 0, sizeof(*f));
	for (int i = 0; i < 2; i++) {
		int fd = memfd_create("test", MFD_CLOEXEC);
		uint8_t *bytes;

		assert_int_equal(ftruncate(fd, SIZE), 0);
		bytes = hp_stream_map(fd, 0, SIZE);
		assert_non_null(bytes);
		close(fd);
		hp_stream_open(&f->w[i], bytes, SIZE, &f->ctl[i]);
		hp_stream_open(&f->r[i], bytes, SIZE, &f->ctl[i]);
	}
	f->batch.heads = calloc(HP_BATCH_VECTORS / 2, sizeof(*f->batch.heads));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct rings *f = *state;

	for (int i = 0; i < 2; i++)
		hp_stream_unmap(f->r[i].bytes, SIZE);
	free(f->batch.heads);
	free(f);
	return 0;
}

static void put(struct hp_stream *w, uint64_t ns, uint32_t caplen, uint32_t iface)
{
	struct hp_pcapng_epb epb = {
		.type = HP_PCAPNG_EPB,
		.length = (uint32_t)sizeof(epb) + hp_pcapng_pad(caplen) + 4,
		.iface = iface,
		.ts_high = (uint32_t)(ns >> 32),
		.ts_low = (uint32_t)ns,
		.caplen = caplen,
		.len = caplen,
	};
	uint8_t *at = hp_stream_room(w, epb.length);

	assert_non_null(at);
	memset(at, (int)(ns & 0xff), epb.length);
	memcpy(at, &epb, sizeof(epb));
	memcpy(at + epb.length - 4, &epb.length, 4);
	w->head += epb.length;
	hp_stream_publish(w);
}

static const struct hp_batch_bounds all = {
	.packets = UINT64_MAX, .bytes = UINT64_MAX, .until_ns = UINT64_MAX};

static void one_ring_goes_out_as_it_is(void **state)
{
	struct rings *f = *state;

	for (unsigned int i = 0; i < 100; i++)
		put(&f->w[0], i, 60 + i % 4, i % 2);
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 2, &all), 0);
	assert_int_equal(f->batch.n, 1); // one vector
	assert_int_equal(f->batch.packets, 100);
	assert_int_equal(f->batch.of_tap[0], 50);
	assert_int_equal(f->batch.iov[0].iov_len, f->w[0].head);
}

static void several_rings_are_merged_by_time(void **state)
{
	struct rings *f = *state;
	uint64_t last = 0;

	for (unsigned int i = 0; i < 100; i++)
		put(&f->w[i * 7 % 3 % 2], 1000 + i * 10, 60, 0);
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 2, 1, &all), 0);
	assert_int_equal(f->batch.packets, 100);
	for (int v = 0; v < f->batch.n; v++) {
		const uint8_t *at = f->batch.iov[v].iov_base;

		for (size_t off = 0; off < f->batch.iov[v].iov_len;) {
			struct hp_pcapng_epb epb;

			memcpy(&epb, at + off, sizeof(epb));
			assert_true(epb.ts_low >= last);
			last = epb.ts_low;
			off += epb.length;
		}
	}
}

static void what_another_lane_may_still_precede_waits(void **state)
{
	struct rings *f = *state;
	struct hp_batch_bounds bounds = all;

	put(&f->w[0], 1000, 60, 0);
	put(&f->w[0], 3000, 60, 0);
	bounds.until_ns = 2000;
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 2, 1, &bounds), 0);
	assert_int_equal(f->batch.packets, 1);
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 2, 1, &all), 0);
	assert_int_equal(f->batch.packets, 1);
}

static void bounds_are_kept(void **state)
{
	struct rings *f = *state;
	struct hp_batch_bounds bounds = all;

	for (unsigned int i = 0; i < 50; i++)
		put(&f->w[0], i, 60, 0);
	bounds.packets = 7;
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 1, &bounds), 0);
	assert_int_equal(f->batch.packets, 7);
	bounds = all;
	bounds.bytes = 100; // the block that reaches it is the last one
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 1, &bounds), 0);
	assert_int_equal(f->batch.packets, 2);
}

static void what_is_no_block_is_refused(void **state)
{
	struct rings *f = *state;

	for (unsigned int way = 0; way < 6; way++) {
		struct hp_pcapng_epb epb;

		f->w[0].head = f->w[0].tail = f->r[0].tail = 0;
		put(&f->w[0], 1, 60, 0);
		memcpy(&epb, f->w[0].bytes, sizeof(epb));
		epb.type = way == 0 ? 7 : epb.type;
		epb.length = way == 1 ? 0 : way == 2 ? UINT32_MAX : way == 3 ? 30 : epb.length;
		epb.iface = way == 4 ? 1 : 0;
		epb.caplen = way == 5 ? 61 + 4 : 60;
		memcpy(f->w[0].bytes, &epb, sizeof(epb));
		assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 1, &all), -EBADMSG);
	}
}

static void classic_pcap_has_heads_and_packets(void **state)
{
	struct rings *f = *state;
	struct hp_batch_bounds bounds = all;

	bounds.pcap = true;
	put(&f->w[0], 5 * 1000000000ull + 42, 61, 0);
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 1, &bounds), 0);
	assert_int_equal(f->batch.n, 2);
	assert_int_equal(f->batch.heads[0].seconds, 5);
	assert_int_equal(f->batch.heads[0].nanoseconds, 42);
	assert_int_equal(f->batch.iov[1].iov_len, 61);
	assert_int_equal(hp_batch_pcap_block((const uint8_t *)&f->batch.heads[0]), 16 + 61);
	put(&f->w[0], 1, 60, 1);
	put(&f->w[0], 2, 60, 0);
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 2, &bounds), 0);
	hp_batch_cut(&f->batch, 2 * (16 + 60) - 1, true);
	assert_int_equal(f->batch.packets, 1);
	assert_int_equal(f->batch.of_tap[0], 0);
	assert_int_equal(f->batch.of_tap[1], 1);
}

// RLIMIT_FSIZE is a disk that is full at any byte.
static void a_file_that_is_cut_ends_with_a_whole_block(void **state)
{
	struct rings *f = *state;
	char path[] = "/tmp/test_capture_XXXXXX";
	struct rlimit limit = {.rlim_max = RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	close(mkstemp(path));
	for (unsigned int i = 0; i < 10; i++)
		put(&f->w[0], i, 60, i / 5); // blocks of 92 bytes
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 2, &all), 0);
	for (unsigned int bytes = 0; bytes < 10 * 92; bytes += 13) {
		struct hp_output out = {0};
		struct hp_err err = {0};

		assert_int_equal(hp_output_open(&out, path, false, false, &err), 0);
		limit.rlim_cur = bytes;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(hp_output_write(&out, f->batch.iov, f->batch.n,
					 hp_batch_pcapng_block, &err),
			-EFBIG);
		limit.rlim_cur = RLIM_INFINITY;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(lseek(out.fd, 0, SEEK_END), bytes / 92 * 92);
		assert_int_equal(err.exit_code, HP_EXIT_OTHER);
		hp_batch_cut(&f->batch, out.kept, false); // counts say what is in the file
		assert_int_equal(f->batch.packets, bytes / 92);
		assert_int_equal(f->batch.of_tap[0], bytes / 92 < 5 ? bytes / 92 : 5);
		assert_int_equal(f->batch.of_tap[1], bytes / 92 < 5 ? 0 : bytes / 92 - 5);
		hp_output_close(&out, &err);
	}
	unlink(path);
}

// A shell may have written to our standard output before, or have opened it to append.
static void what_stood_in_standard_output_stays(void **state)
{
	static const char before[] = "what was there";
	struct rings *f = *state;
	struct rlimit limit = {.rlim_max = RLIM_INFINITY};
	int stdout_fd = dup(STDOUT_FILENO);

	signal(SIGXFSZ, SIG_IGN);
	for (unsigned int i = 0; i < 10; i++)
		put(&f->w[0], i, 60, 0); // blocks of 92 bytes
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 1, &all), 0);
	for (unsigned int append = 0; append < 2; append++) {
		char path[] = "/tmp/test_capture_XXXXXX", found[sizeof(before)] = "";
		int fd = mkstemp(path), failed;
		struct hp_output out = {0};
		struct hp_err err = {0};

		assert_int_equal(write(fd, before, sizeof(before)), sizeof(before));
		if (append) {
			close(fd);
			fd = open(path, O_RDWR | O_APPEND);
		}
		fflush(stdout);
		dup2(fd, STDOUT_FILENO);
		failed = hp_output_open(&out, "-", false, false, &err);
		dup2(stdout_fd, STDOUT_FILENO);
		assert_int_equal(failed, 0);
		limit.rlim_cur = sizeof(before) + 200;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(hp_output_write(&out, f->batch.iov, f->batch.n,
					 hp_batch_pcapng_block, &err),
			-EFBIG);
		limit.rlim_cur = RLIM_INFINITY;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(lseek(fd, 0, SEEK_END), sizeof(before) + 2 * 92);
		assert_int_equal(pread(fd, found, sizeof(found), 0), sizeof(found));
		assert_string_equal(found, before);
		hp_output_close(&out, &err);
		close(fd);
		unlink(path);
	}
	close(stdout_fd);
}

static bool three_times(void *arg, uint64_t stalled_us)
{
	unsigned int *asked = arg;

	(void)stalled_us;
	return ++*asked < 3;
}

static void a_pipe_that_nobody_reads_is_given_up_with_patience(void **state)
{
	struct rings *f = *state;
	unsigned int asked = 0;
	struct hp_output out = {.patience = three_times, .arg = &asked};
	struct hp_err err = {0};
	char dir[] = "/tmp/test_capture_XXXXXX", path[64];
	uint8_t bytes[4096];
	int reader;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(hp_output_open(&out, path, false, false, &err), -ENXIO);
	assert_int_equal(asked, 3);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	asked = 0;
	assert_int_equal(hp_output_open(&out, path, false, false, &err), 0);
	assert_int_equal(asked, 0);
	for (unsigned int i = 0; i < 600; i++)
		put(&f->w[0], i, 60, 0); // 55,200 bytes: the pipe takes 65,536
	assert_int_equal(hp_batch_collect(&f->batch, f->r, 1, 1, &all), 0);
	assert_int_equal(
		hp_output_write(&out, f->batch.iov, f->batch.n, hp_batch_pcapng_block, &err), 0);
	assert_int_equal(
		hp_output_write(&out, f->batch.iov, f->batch.n, hp_batch_pcapng_block, &err),
		-ETIMEDOUT);
	assert_int_equal(asked, 3);
	// A reader that has been slow finds everything in its place.
	while (read(reader, bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(
		hp_output_write(&out, f->batch.iov, f->batch.n, hp_batch_pcapng_block, &err), 0);
	assert_int_equal(read(reader, bytes, 92), 92);
	assert_memory_equal(bytes, f->batch.iov[0].iov_base, 92);
	close(reader);
	assert_int_equal(
		hp_output_write(&out, f->batch.iov, f->batch.n, hp_batch_pcapng_block, &err),
		-EPIPE);
	hp_output_close(&out, &err);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_ring_goes_out_as_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(several_rings_are_merged_by_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_another_lane_may_still_precede_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_block_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			classic_pcap_has_heads_and_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_cut_ends_with_a_whole_block, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_stood_in_standard_output_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_pipe_that_nobody_reads_is_given_up_with_patience, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
