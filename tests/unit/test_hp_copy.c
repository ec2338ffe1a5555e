// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A worker queue's ring passes from writer to writer: who comes next goes on behind what the last
// one published, whatever that one had in its hands, and whatever the capture has written there.

#include "base/hp_pcapng.h"
#include "group/hp_copy.h"
#include "hp_frames.h"
#include "hp_test.h"

#include <rte_cycles.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 4096u
#define TAPS 2
#define LEN 60u // bytes of each packet
#define BLOCK (28u + 60u + 8u + 8u) // of such a packet with its direction
#define GAP 12u // what a block is longer that says how many were lost
#define A 0 // writers
#define B 1

struct fixture {
	struct hp_stream_ctl ctl;
	struct hp_guest_count shared[TAPS];
	struct hp_copy_ring rings[2]; // of each writer, over the same memory
	struct hp_copy_tap taps[2][TAPS];
	struct hp_copy writers[2];
	struct hp_stream reader;
	struct hp_clock clock;
	struct rte_mbuf *pkts[HP_COPY_BURST_MAX];
	uint8_t *bytes;
};

static struct fixture *f;

static void set_up_writer(unsigned int w)
{
	hp_stream_open(&f->rings[w].out, f->bytes, SIZE, &f->ctl);
	f->rings[w].shared = f->shared;
	for (uint8_t t = 0; t < TAPS; t++)
		f->taps[w][t] = (struct hp_copy_tap){
			.kind = HP_TAP_QUEUE_RX, .iface = t, .snaplen = LEN, .rings = &f->rings[w]};
	f->writers[w] =
		(struct hp_copy){.copier = hp_copier_new(), .taps = f->taps[w], .clock = &f->clock};
	assert_non_null(f->writers[w].copier);
}

static int set_up(void **state)
{
	uint8_t frame[LEN];
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	f = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(sizeof(*f)));
	assert_non_null(f);
	memset(f, 0, sizeof(*f));
	assert_int_equal(ftruncate(fd, SIZE), 0);
	f->bytes = hp_stream_map(fd, 0, SIZE);
	assert_non_null(f->bytes);
	close(fd);
	hp_clock_init(&f->clock, rte_rdtsc(), 1000, 1000000000);
	hp_stream_open(&f->reader, f->bytes, SIZE, &f->ctl);
	for (unsigned int i = 0; i < HP_COPY_BURST_MAX; i++) {
		memset(frame, (int)i, sizeof(frame));
		f->pkts[i] = frame_mbuf(frame, LEN, 0);
	}
	set_up_writer(A);
	set_up_writer(B);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < HP_COPY_BURST_MAX; i++)
		frame_mbuf_free(f->pkts[i]);
	free(f->writers[A].copier);
	free(f->writers[B].copier);
	hp_stream_unmap(f->bytes, SIZE);
	free(f);
	return 0;
}

// The next block: its tap; the packet that it holds, and how many were lost in front of it.
static uint32_t read_block(uint8_t *packet, uint32_t *lost)
{
	const uint8_t *at = hp_stream_at(&f->reader);
	uint64_t pending = hp_stream_pending(&f->reader), gap = 0;
	struct hp_pcapng_epb epb;
	uint32_t last;

	assert_in_range(pending, sizeof(epb), SIZE);
	memcpy(&epb, at, sizeof(epb));
	assert_int_equal(epb.type, HP_PCAPNG_EPB);
	assert_int_equal(epb.caplen, LEN);
	assert_true(epb.length == BLOCK || epb.length == BLOCK + GAP);
	assert_true(epb.length <= pending);
	memcpy(&last, at + epb.length - sizeof(last), sizeof(last));
	assert_int_equal(last, epb.length);
	*packet = at[sizeof(epb)];
	if (epb.length == BLOCK + GAP)
		memcpy(&gap, at + sizeof(epb) + LEN + 8 + 4, sizeof(gap));
	*lost = (uint32_t)gap;
	hp_stream_skip(&f->reader, epb.length);
	hp_stream_release(&f->reader);
	return epb.iface;
}

static void expect_block(uint32_t tap, uint8_t packet, uint32_t lost)
{
	uint8_t got;
	uint32_t gap;

	assert_int_equal(read_block(&got, &gap), tap);
	assert_int_equal(got, packet);
	assert_int_equal(gap, lost);
}

static void expect_counts(uint32_t tap, uint64_t seen, uint64_t captured, uint64_t lost)
{
	assert_int_equal(atomic_load(&f->shared[tap].seen), seen);
	assert_int_equal(atomic_load(&f->shared[tap].captured), captured);
	assert_int_equal(atomic_load(&f->shared[tap].lost), lost);
}

static void the_next_writer_goes_on_behind_what_was_published(void **state)
{
	(void)state;
	hp_copy_resume(&f->writers[A], TAPS);
	hp_copy_burst(&f->writers[A], 1, f->pkts, 2);
	hp_copy_burst(&f->writers[A], 2, f->pkts + 2, 1);
	// It dies with two copies in its hands.
	hp_copy_begin(&f->writers[A], 1);
	hp_copy_add(&f->writers[A], 1, f->pkts + 3, 0, 2);
	expect_block(0, 0, 0); // and the reader has read on meanwhile

	hp_copy_resume(&f->writers[B], TAPS);
	hp_copy_burst(&f->writers[B], 1, f->pkts + 10, 1);
	hp_copy_burst(&f->writers[B], 2, f->pkts + 11, 1);
	expect_block(0, 1, 0);
	expect_block(1, 2, 0);
	expect_block(0, 10, 0);
	expect_block(1, 11, 0);
	assert_int_equal(hp_stream_pending(&f->reader), 0);
	expect_counts(0, 3, 3, 0);
	expect_counts(1, 2, 2, 0);
}

static void what_was_lost_is_told_by_the_next_writer(void **state)
{
	const uint32_t fit = SIZE / BLOCK;

	(void)state;
	hp_copy_resume(&f->writers[A], 1);
	hp_copy_burst(&f->writers[A], 1, f->pkts, (uint16_t)(fit + 3));
	expect_counts(0, fit + 3, fit, 3);
	for (uint32_t i = 0; i < fit; i++)
		expect_block(0, (uint8_t)i, 0);
	hp_copy_resume(&f->writers[B], 1);
	hp_copy_burst(&f->writers[B], 1, f->pkts + 50, 2);
	expect_block(0, 50, 3);
	expect_block(0, 51, 0);
	expect_counts(0, fit + 5, fit + 2, 3);
}

// A plan that is read again is no reason to read the ring again: what is private is newer.
static void a_writer_that_has_the_ring_reads_nothing_back(void **state)
{
	(void)state;
	hp_copy_resume(&f->writers[A], 1);
	hp_copy_burst(&f->writers[A], 1, f->pkts, 1);
	atomic_store(&f->ctl.head, 12345); // the capture scribbles over it
	atomic_store(&f->shared[0].seen, 999);
	hp_copy_resume(&f->writers[A], 1);
	hp_copy_burst(&f->writers[A], 1, f->pkts + 1, 1);
	expect_block(0, 0, 0);
	expect_block(0, 1, 0);
	expect_counts(0, 2, 2, 0);
}

static void a_ring_that_was_let_go_of_is_read_again(void **state)
{
	(void)state;
	hp_copy_resume(&f->writers[A], 1);
	hp_copy_burst(&f->writers[A], 1, f->pkts, 1);
	hp_copy_release(&f->writers[A], 1);
	hp_copy_resume(&f->writers[B], 1);
	hp_copy_burst(&f->writers[B], 1, f->pkts + 1, 1);
	hp_copy_release(&f->writers[B], 1);
	hp_copy_resume(&f->writers[A], 1);
	hp_copy_burst(&f->writers[A], 1, f->pkts + 2, 1);
	for (uint8_t i = 0; i < 3; i++)
		expect_block(0, i, 0);
	expect_counts(0, 3, 3, 0);
}

// The positions are the capture's to scribble over: the copies stay in the ring, or are lost.
static void nonsense_in_the_ring_costs_its_own_packets(void **state)
{
	static const uint64_t words[] = {0, 1, 3, SIZE - 1, SIZE, SIZE + 1, 12345, 1ull << 32,
		UINT64_MAX - SIZE, UINT64_MAX - 1, UINT64_MAX};

	(void)state;
	for (unsigned int h = 0; h < HP_LEN(words); h++)
		for (unsigned int t = 0; t < HP_LEN(words); t++) {
			struct hp_copy_ring *ring = &f->rings[B];
			uint64_t head = words[h], written;

			atomic_store(&f->ctl.head, head);
			atomic_store(&f->ctl.tail, words[t]);
			memset(f->shared, 0, sizeof(f->shared));
			hp_copy_release(&f->writers[B], 1);
			hp_copy_resume(&f->writers[B], 1);
			hp_copy_burst(&f->writers[B], 1, f->pkts, 64);
			written = ring->out.head - head;
			assert_in_range(written, 0, SIZE);
			assert_int_equal(atomic_load(&f->ctl.head), ring->out.head);
			assert_int_equal(atomic_load(&f->shared[0].seen), 64);
			assert_int_equal(atomic_load(&f->shared[0].captured) +
						 atomic_load(&f->shared[0].lost),
				64);
			if (head - words[t] > SIZE) // read what was never written
				assert_int_equal(written, 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_next_writer_goes_on_behind_what_was_published, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_lost_is_told_by_the_next_writer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_writer_that_has_the_ring_reads_nothing_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_ring_that_was_let_go_of_is_read_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nonsense_in_the_ring_costs_its_own_packets, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
