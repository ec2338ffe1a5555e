// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The byte rings of mailboxes: order, wrap-around, full, and what a lying other end can do.

#include "group/hp_mail.h"
#include "hp_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	struct hp_mail_writer writer;
	struct hp_mail_reader reader;
	struct hp_mail mail;
	struct hp_mbox_ring ring;
};

static int setup(void **state)
{
	struct pair *p = aligned_alloc(64, sizeof(*p));

	assert_non_null(p);
	memset(p, 0, sizeof(*p));
	hp_mail_writer_open(&p->writer, &p->ring);
	hp_mail_reader_open(&p->reader, &p->ring);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static uint8_t byte_of(uint64_t id, uint32_t i)
{
	return (uint8_t)(id * 31 + i * 7);
}

static int put(struct hp_mail_writer *writer, uint64_t id, uint32_t length)
{
	struct hp_mail_hdr hdr = {.length = length, .kind = HP_MAIL_TEXT, .id = id};
	uint8_t payload[HP_MAIL_MAX + 1];

	for (uint32_t i = 0; i < length; i++)
		payload[i] = byte_of(id, i);
	return hp_mail_put(writer, &hdr, payload);
}

static void assert_mail(const struct hp_mail *mail, uint64_t id, uint32_t length)
{
	assert_int_equal(mail->hdr.id, id);
	assert_int_equal(mail->hdr.length, length);
	for (uint32_t i = 0; i < length; i++)
		assert_int_equal(mail->payload[i], byte_of(id, i));
}

static void records_come_out_as_they_went_in_at_every_place_of_the_ring(void **state)
{
	struct pair *p = *state;

	// Lengths whose records share no divisor with the ring but the alignment: each start is
	// hit.
	for (uint64_t id = 0; id < 20000; id++) {
		uint32_t length = (uint32_t)(id * 37 % (HP_MAIL_MAX + 1));

		assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 0);
		assert_false(hp_mail_waits(&p->reader));
		assert_int_equal(put(&p->writer, id, length), 0);
		assert_true(hp_mail_waits(&p->reader));
		assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 1);
		assert_mail(&p->mail, id, length);
		hp_mail_next(&p->reader);
	}
	assert_true(p->writer.head > 100 * HP_MBOX_BYTES);
}

static void a_full_ring_refuses_and_loses_nothing_that_it_has(void **state)
{
	struct pair *p = *state;
	uint64_t n = 0;

	while (put(&p->writer, n, 200) == 0)
		n++;
	assert_int_equal(put(&p->writer, n, 200), -ENOBUFS);
	assert_int_equal(n, HP_MBOX_BYTES / hp_mail_bytes(200));
	for (uint64_t id = 0; id < n; id++) {
		assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 1);
		assert_mail(&p->mail, id, 200);
		hp_mail_next(&p->reader);
		assert_int_equal(put(&p->writer, n + id, 200), 0);
	}
}

static void a_ring_can_be_filled_to_its_last_byte(void **state)
{
	struct pair *p = *state;

	for (uint64_t id = 0; id < HP_MAIL_RECORDS_MAX; id++)
		assert_int_equal(put(&p->writer, id, 0), 0);
	assert_int_equal(hp_mail_room(&p->writer), 0);
	assert_int_equal(put(&p->writer, 0, 0), -ENOBUFS);
	for (uint64_t id = 0; id < HP_MAIL_RECORDS_MAX; id++) {
		assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 1);
		assert_mail(&p->mail, id, 0);
		hp_mail_next(&p->reader);
	}
}

static void a_payload_that_is_too_long_is_refused(void **state)
{
	struct pair *p = *state;

	assert_int_equal(put(&p->writer, 1, HP_MAIL_MAX), 0);
	assert_int_equal(put(&p->writer, 2, HP_MAIL_MAX + 1), -EMSGSIZE);
	assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 1);
	assert_mail(&p->mail, 1, HP_MAIL_MAX);
}

static void a_record_that_is_not_published_is_not_there(void **state)
{
	struct pair *p = *state;

	// A writer that is killed has written any part of a record, and not moved its counter.
	memset(p->ring.bytes, 0xff, HP_MBOX_BYTES);
	assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 0);
	assert_int_equal(put(&p->writer, 1, 10), 0);
	memset(p->ring.bytes + hp_mail_bytes(10), 0xee, 100);
	assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 1);
	assert_mail(&p->mail, 1, 10);
	hp_mail_next(&p->reader);
	assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 0);
}

static void looking_again_shows_the_same_record(void **state)
{
	struct pair *p = *state;

	put(&p->writer, 1, 5);
	put(&p->writer, 2, 6);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 1);
		assert_mail(&p->mail, 1, 5);
	}
	hp_mail_next(&p->reader);
	assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 1);
	assert_mail(&p->mail, 2, 6);
}

static void what_is_no_record_is_refused(void **state)
{
	static const struct {
		uint64_t head;
		uint32_t length;
		int ret;
	} cases[] = {
		{8, 0, -EBADMSG}, // less than a header
		{sizeof(struct hp_mail_hdr) - 1, 0, -EBADMSG}, {sizeof(struct hp_mail_hdr), 0, 1},
		{sizeof(struct hp_mail_hdr), 1, -EBADMSG}, // more than is there
		{sizeof(struct hp_mail_hdr) + 8, 9, -EBADMSG},
		{sizeof(struct hp_mail_hdr) + 8, 8, 1}, {HP_MBOX_BYTES, HP_MAIL_MAX, 1},
		{HP_MBOX_BYTES, HP_MAIL_MAX + 1, -EBADMSG}, // more than there may be
		{HP_MBOX_BYTES, UINT32_MAX, -EBADMSG}, {HP_MBOX_BYTES, UINT32_MAX - 7, -EBADMSG},
		{HP_MBOX_BYTES + 1, 0, -EBADMSG}, // more than the ring holds
		{UINT64_MAX, 0, -EBADMSG}, // moved backwards
	};
	struct pair *p = *state;

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct hp_mail_hdr hdr = {.length = cases[i].length, .kind = HP_MAIL_TEXT};

		memcpy(p->ring.bytes, &hdr, sizeof(hdr));
		atomic_store(&p->ring.head, cases[i].head);
		if (hp_mail_peek(&p->reader, &p->mail) != cases[i].ret)
			fail_msg("case %zu", i);
		assert_int_equal(p->reader.tail, 0);
	}
	hp_mail_skip_all(&p->reader);
	assert_int_equal(hp_mail_peek(&p->reader, &p->mail), 0);
}

static void a_reader_that_lies_is_told_from_one_that_is_slow(void **state)
{
	struct pair *p = *state;

	assert_int_equal(put(&p->writer, 1, 100), 0);
	atomic_store(&p->ring.tail, p->writer.head + 8); // has read what is not written
	assert_int_equal(put(&p->writer, 2, 100), -EBADMSG);
	atomic_store(&p->ring.tail, (uint64_t)-HP_MBOX_BYTES); // has given back what it had read
	assert_int_equal(put(&p->writer, 2, 100), -EBADMSG);
	atomic_store(&p->ring.tail, 0);
	assert_int_equal(put(&p->writer, 2, 100), 0);
}

static void text_is_text_and_has_no_control_characters(void **state)
{
	static const char given[] = "a\tb\x1b[31m\0\x7f\xc3\xa4\n\xff\xc2\x9b\xe2\x82";
	struct hp_mail mail = {.hdr.length = sizeof(given) - 1};
	char text[HP_MAIL_MAX + 1];

	memcpy(mail.payload, given, sizeof(given) - 1);
	assert_string_equal(hp_mail_text(&mail, text, sizeof(text)), "a\tb?[31m??\xc3\xa4??????");
	assert_string_equal(hp_mail_text(&mail, text, 4), "a\tb");
	mail.hdr.length = HP_MAIL_MAX;
	memset(mail.payload, 'x', HP_MAIL_MAX);
	assert_int_equal(strlen(hp_mail_text(&mail, text, sizeof(text))), HP_MAIL_MAX);
}

#define RACE_RECORDS 100000

static void *write_all(void *arg)
{
	struct hp_mail_writer *writer = arg;

	for (uint64_t id = 0; id < RACE_RECORDS; id++)
		while (put(writer, id, (uint32_t)(id % 300)) == -ENOBUFS)
			sched_yield();
	return NULL;
}

static void two_threads_pass_records_without_a_lock(void **state)
{
	struct pair *p = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, write_all, &p->writer), 0);
	for (uint64_t id = 0; id < RACE_RECORDS; id++) {
		while (hp_mail_peek(&p->reader, &p->mail) == 0)
			sched_yield();
		assert_mail(&p->mail, id, (uint32_t)(id % 300));
		hp_mail_next(&p->reader);
	}
	pthread_join(thread, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(records_come_out_as_they_went_in_at_every_place_of_the_ring),
		TEST(a_full_ring_refuses_and_loses_nothing_that_it_has),
		TEST(a_ring_can_be_filled_to_its_last_byte),
		TEST(a_payload_that_is_too_long_is_refused),
		TEST(a_record_that_is_not_published_is_not_there),
		TEST(looking_again_shows_the_same_record),
		TEST(what_is_no_record_is_refused),
		TEST(a_reader_that_lies_is_told_from_one_that_is_slow),
		TEST(text_is_text_and_has_no_control_characters),
		TEST(two_threads_pass_records_without_a_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
