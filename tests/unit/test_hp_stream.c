// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_stream.h"
#include "hp_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 65536u

struct pair {
	struct hp_stream_ctl ctl;
	struct hp_stream w, r;
	uint8_t *bytes;
};

static int setup(void **state)
{
	struct pair *p = aligned_alloc(HP_STREAM_LINE, sizeof(*p));
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_non_null(p);
	memset(p, 0, sizeof(*p));
	assert_int_equal(ftruncate(fd, 4096 + SIZE), 0);
	p->bytes = hp_stream_map(fd, 4096, SIZE);
	assert_non_null(p->bytes);
	close(fd);
	hp_stream_open(&p->w, p->bytes, SIZE, &p->ctl);
	hp_stream_open(&p->r, p->bytes, SIZE, &p->ctl);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	hp_stream_unmap(p->bytes, SIZE);
	free(p);
	return 0;
}

static void what_crosses_the_end_is_in_one_piece(void **state)
{
	struct pair *p = *state;
	uint8_t pattern[1000];

	for (unsigned int round = 0; round < 500; round++) {
		uint32_t n = 1 + round * 7 % 1000;
		uint8_t *at = hp_stream_room(&p->w, n);

		memset(pattern, (int)(round & 0xff), n);
		assert_non_null(at);
		memcpy(at, pattern, n);
		p->w.head += n;
		assert_int_equal(hp_stream_pending(&p->r), 0); // not yet published
		hp_stream_publish(&p->w);
		assert_int_equal(hp_stream_pending(&p->r), n);
		assert_memory_equal(hp_stream_at(&p->r), pattern, n);
		hp_stream_skip(&p->r, n);
		hp_stream_release(&p->r);
	}
}

static void a_full_ring_has_no_room_until_it_is_read(void **state)
{
	struct pair *p = *state;

	assert_non_null(hp_stream_room(&p->w, SIZE));
	p->w.head += SIZE;
	hp_stream_publish(&p->w);
	assert_null(hp_stream_room(&p->w, 1));
	assert_int_equal(hp_stream_pending(&p->r), SIZE);
	hp_stream_skip(&p->r, 10);
	hp_stream_release(&p->r);
	assert_null(hp_stream_room(&p->w, 11));
	assert_non_null(hp_stream_room(&p->w, 10));
}

static void more_than_the_ring_never_fits(void **state)
{
	struct pair *p = *state;

	assert_null(hp_stream_room(&p->w, SIZE + 1));
	assert_null(hp_stream_room(&p->w, UINT32_MAX));
}

// Whatever a reader writes there, the writer stays within the ring.
static void a_reader_that_lies_gets_no_byte_outside_of_the_ring(void **state)
{
	struct pair *p = *state;

	srand(1);
	for (unsigned int i = 0; i < 100000; i++) {
		uint32_t n = (uint32_t)rand() % 4000;
		uint64_t lie = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();
		uint8_t *at;

		atomic_store(&p->ctl.tail, i % 3 == 0 ? lie : p->w.head - lie % (2 * SIZE));
		at = hp_stream_room(&p->w, n);
		if (at == NULL)
			continue;
		assert_true(at >= p->bytes && at + n <= p->bytes + 2 * SIZE);
		memset(at, 0xa5, n);
		p->w.head += n;
	}
}

static void what_was_staged_can_be_taken_back(void **state)
{
	struct pair *p = *state;
	uint64_t before = p->w.head;

	assert_non_null(hp_stream_room(&p->w, 100));
	p->w.head += 100;
	p->w.head = before + 40;
	hp_stream_publish(&p->w);
	assert_int_equal(hp_stream_pending(&p->r), 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_crosses_the_end_is_in_one_piece, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_full_ring_has_no_room_until_it_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(more_than_the_ring_never_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_reader_that_lies_gets_no_byte_outside_of_the_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_staged_can_be_taken_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
