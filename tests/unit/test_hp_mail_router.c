// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The router: who gets what, and what becomes of messages to members that are full, gone, replaced
// or lie.

#include "hp_mail_group.h"
#include "hp_test.h"

#include <errno.h>

#define MEMBERS 5

static int setup(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct mail_group *g = malloc(sizeof(*g));

	assert_non_null(g);
	assert_true(mail_group_new(g, MEMBERS)); // the last slot stays free
	for (uint32_t i = 0; i < HP_LEN(names); i++)
		mail_group_join(g, i, names[i]);
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct mail_group *g = *state;

	assert_true(mail_group_adds_up(g));
	mail_group_free(g);
	free(g);
	return 0;
}

static void assert_text(struct mail_group *g, uint32_t slot, const char *from, const char *text)
{
	assert_true(mail_group_read(g, slot));
	assert_int_equal(g->mail.hdr.kind, HP_MAIL_TEXT);
	assert_string_equal(g->mail.hdr.from_name, from);
	assert_int_equal(g->mail.hdr.length, strlen(text));
	assert_memory_equal(g->mail.payload, text, strlen(text));
}

static void assert_undelivered(
	struct mail_group *g, uint32_t slot, uint64_t id, enum hp_mail_reason reason)
{
	assert_true(mail_group_read(g, slot));
	assert_int_equal(g->mail.hdr.kind, HP_MAIL_UNDELIVERED);
	assert_int_equal(g->mail.hdr.id, id);
	assert_int_equal(g->mail.hdr.reason, reason);
}

static void a_message_reaches_the_one_it_is_for_and_nobody_else(void **state)
{
	struct mail_group *g = *state;

	assert_int_equal(mail_group_send(g, 0, mail_group_addr(g, 2), 7, "hello"), 0);
	assert_int_equal(mail_group_route(g), 1);
	assert_text(g, 2, "a", "hello");
	for (uint32_t i = 0; i < 4; i++)
		assert_false(mail_group_read(g, i));
	mail_group_route(g);
	assert_int_equal(hp_counted(&mail_group_count(g, 0)->sent), 1);
	assert_int_equal(hp_counted(&mail_group_count(g, 2)->received), 1);
}

static void nothing_is_routed_before_the_bell_rings(void **state)
{
	struct mail_group *g = *state;
	struct hp_mail_hdr hdr = {.kind = HP_MAIL_TEXT, .to = mail_group_addr(g, 1)};

	mail_group_route(g); // that of joining
	assert_int_equal(hp_mail_put(&g->boxes[0].out, &hdr, NULL), 0);
	assert_int_equal(mail_group_route(g), 0);
	atomic_fetch_or(g->boxes[0].bell, 1);
	assert_int_equal(mail_group_route(g), 1);
	assert_text(g, 1, "a", "");
}

static void a_message_sent_before_its_sender_was_known_is_not_forgotten(void **state)
{
	struct mail_group *g = *state;

	hp_mailbox_open(&g->boxes[4], &g->group, 4);
	assert_int_equal(mail_group_send(g, 4, mail_group_addr(g, 0), 1, "early"), 0);
	assert_int_equal(mail_group_route(g), 0);
	g->incarnations[4] = 1;
	memcpy(hp_group_slot(&g->group, 4)->name, "e", 2);
	hp_mail_router_sync(g->router, g->incarnations);
	assert_int_equal(mail_group_route(g), 1);
	assert_text(g, 0, "e", "early");
}

static void nobody_can_speak_for_another(void **state)
{
	struct mail_group *g = *state;
	struct hp_mail_hdr hdr = {
		.kind = HP_MAIL_TEXT,
		.to = mail_group_addr(g, 1),
		.from = mail_group_addr(g, 2),
		.from_name = "c",
	};

	hp_mail_put(&g->boxes[0].out, &hdr, NULL);
	atomic_fetch_or(g->boxes[0].bell, 1);
	mail_group_route(g);
	assert_text(g, 1, "a", "");
	assert_int_equal(g->mail.hdr.from.slot, 0);
}

static void a_name_that_is_none_is_not_passed_on(void **state)
{
	static const char bad[] = "\x1b[2Jxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	struct mail_group *g = *state;

	mail_group_join(g, 4, bad);
	mail_group_send(g, 4, mail_group_addr(g, 0), 1, "x");
	mail_group_route(g);
	assert_text(g, 0, "?", "x");
}

static void a_broadcast_reaches_everyone_but_the_sender(void **state)
{
	struct mail_group *g = *state;
	struct hp_mail_receipt receipt;
	struct hp_mail_reader own;

	assert_int_equal(
		mail_group_send(g, 1, (struct hp_mail_addr){.slot = HP_MAIL_ALL}, 9, "hi"), 0);
	mail_group_route(g);
	assert_true(mail_group_read(g, 1));
	assert_int_equal(g->mail.hdr.kind, HP_MAIL_RECEIPT);
	assert_int_equal(g->mail.hdr.id, 9);
	memcpy(&receipt, g->mail.payload, sizeof(receipt));
	assert_int_equal(receipt.slots, 0xd); // 0, 2, 3
	assert_int_equal(receipt.primary, 1);
	assert_false(mail_group_read(g, 1));
	assert_text(g, 0, "b", "hi");
	assert_text(g, 2, "b", "hi");
	assert_text(g, 3, "b", "hi");
	hp_mail_reader_open(&own, &g->router->own.in);
	assert_int_equal(hp_mail_peek(&own, &g->mail), 1);
	hp_mail_next(&own);
	assert_string_equal(g->mail.hdr.from_name, "b");
	mail_group_route(g);
	assert_int_equal(hp_counted(&mail_group_count(g, 1)->sent), 4);
}

static void the_router_answers_pings_to_the_primary(void **state)
{
	struct hp_mail_addr primary = {.slot = HP_MAIL_PRIMARY};
	struct mail_group *g = *state;

	hp_mailbox_send(&g->boxes[3], primary, HP_MAIL_PING, 5, "payload", 7);
	mail_group_route(g);
	assert_true(mail_group_read(g, 3));
	assert_int_equal(g->mail.hdr.kind, HP_MAIL_PONG);
	assert_int_equal(g->mail.hdr.id, 5);
	assert_int_equal(g->mail.hdr.length, 7);
	assert_memory_equal(g->mail.payload, "payload", 7);
	assert_string_equal(g->mail.hdr.from_name, "primary");
	mail_group_route(g);
}

static void the_primary_sends_like_a_member(void **state)
{
	struct mail_group *g = *state;
	struct hp_mail_hdr hdr = {.length = 2, .kind = HP_MAIL_TEXT, .to = mail_group_addr(g, 0)};
	struct hp_mail_writer own;

	hp_mail_writer_open(&own, &g->router->own.out);
	assert_int_equal(hp_mail_put(&own, &hdr, "yo"), 0);
	assert_int_equal(mail_group_route(g), 1);
	assert_text(g, 0, "primary", "yo");
	mail_group_route(g);
}

static void a_full_mailbox_costs_its_owner_the_message_and_the_sender_nothing(void **state)
{
	struct mail_group *g = *state;
	char text[1000 + 1] = {0};
	uint64_t sent = 0, notices = 0;

	memset(text, 'x', 1000);
	for (uint64_t id = 0; id < 20; id++) {
		assert_int_equal(mail_group_send(g, 0, mail_group_addr(g, 1), id, text), 0);
		assert_int_equal(mail_group_route(g), 1);
		sent++;
		while (mail_group_read(g, 0)) {
			assert_int_equal(g->mail.hdr.kind, HP_MAIL_UNDELIVERED);
			assert_int_equal(g->mail.hdr.reason, HP_MAIL_FULL);
			assert_string_equal(g->mail.hdr.from_name, "b");
			notices++;
		}
	}
	assert_int_equal(sent - notices, HP_MBOX_BYTES / hp_mail_bytes(1000));
	assert_int_equal(hp_counted(&mail_group_count(g, 0)->undelivered[HP_MAIL_FULL]), notices);
	assert_int_equal(hp_counted(&mail_group_count(g, 1)->missed[HP_MAIL_FULL]), notices);
	assert_int_equal(hp_counted(&mail_group_count(g, 1)->waiting), sent - notices);
	// Others are not held up, and when it reads again, it gets messages again.
	mail_group_send(g, 0, mail_group_addr(g, 2), 50, "to c");
	mail_group_route(g);
	assert_text(g, 2, "a", "to c");
	while (mail_group_read(g, 1))
		;
	mail_group_send(g, 0, mail_group_addr(g, 1), 51, "to b");
	mail_group_route(g);
	assert_text(g, 1, "a", "to b");
}

static void a_sender_that_does_not_read_its_notices_loses_those_alone(void **state)
{
	struct hp_mail_addr nobody = {.slot = 4, .incarnation = 1};
	struct mail_group *g = *state;

	for (uint64_t id = 0; id < 3 * HP_MAIL_RECORDS_MAX; id++) {
		assert_int_equal(mail_group_send(g, 0, nobody, id, ""), 0);
		mail_group_route(g);
	}
	assert_int_equal(hp_counted(&mail_group_count(g, 0)->notices), HP_MAIL_RECORDS_MAX);
	assert_int_equal(
		hp_counted(&mail_group_count(g, 0)->notices_lost), 2 * HP_MAIL_RECORDS_MAX);
	assert_int_equal(hp_counted(&mail_group_count(g, 0)->undelivered[HP_MAIL_NO_MEMBER]),
		3 * HP_MAIL_RECORDS_MAX);
}

static void what_a_dead_member_had_sent_arrives_and_what_it_had_not_read_comes_back(void **state)
{
	struct mail_group *g = *state;

	mail_group_send(g, 0, mail_group_addr(g, 1), 1, "unread");
	mail_group_route(g);
	mail_group_send(g, 1, mail_group_addr(g, 2), 2, "last words");
	mail_group_leave(g, 1);
	assert_undelivered(g, 0, 1, HP_MAIL_GONE);
	assert_text(g, 2, "b", "last words");
	mail_group_route(g);
	// Its figures are kept, and its row is empty for the next one.
	assert_int_equal(hp_counted(&mail_group_count(g, 1)->sent), 0);
	assert_int_equal(hp_counted(&mail_group_count(g, MEMBERS + 1)->sent), 1);
	assert_int_equal(hp_counted(&mail_group_count(g, MEMBERS + 1)->missed[HP_MAIL_GONE]), 1);
}

static void a_message_to_a_member_is_not_given_to_its_successor(void **state)
{
	struct mail_group *g = *state;
	struct hp_mail_addr old = mail_group_addr(g, 1);

	mail_group_leave(g, 1);
	mail_group_join(g, 1, "b2");
	mail_group_send(g, 0, old, 3, "for b");
	mail_group_route(g);
	assert_false(mail_group_read(g, 1));
	assert_undelivered(g, 0, 3, HP_MAIL_NO_MEMBER);
}

static void the_answer_to_a_sender_is_not_given_to_its_successor(void **state)
{
	struct mail_group *g = *state;
	struct hp_mail_addr old = mail_group_addr(g, 0);

	mail_group_leave(g, 0);
	mail_group_join(g, 0, "a2");
	hp_mailbox_send(&g->boxes[1], old, HP_MAIL_ACK, 3, NULL, 0);
	mail_group_route(g);
	assert_false(mail_group_read(g, 0));
	assert_false(mail_group_read(g, 1)); // and nobody waits to hear what became of an answer
}

struct lie {
	const char *what;
	struct hp_mail_hdr hdr;
	uint64_t more; // bytes that head is moved on too far
};

static void a_member_that_lies_is_heard_no_more_and_harms_nobody(void **state)
{
	static const struct lie lies[] = {
		{"a kind that is none", {.kind = 0}, 0},
		{"a kind above all", {.kind = 0xffff}, 0},
		{"a notice", {.kind = HP_MAIL_UNDELIVERED}, 0},
		{"a receipt", {.kind = HP_MAIL_RECEIPT}, 0},
		{"a slot that is none", {.kind = HP_MAIL_TEXT, .to = {.slot = MEMBERS}}, 0},
		{"a slot far off", {.kind = HP_MAIL_TEXT, .to = {.slot = 0xfffd}}, 0},
		{"a ping to all", {.kind = HP_MAIL_PING, .to = {.slot = HP_MAIL_ALL}}, 0},
		{"more than the ring", {.kind = HP_MAIL_TEXT}, HP_MBOX_BYTES},
	};
	struct mail_group *g = *state;
	uint32_t n = 0;

	for (size_t i = 0; i < HP_LEN(lies); i++) {
		struct hp_mail_writer *out = &g->boxes[0].out;

		assert_int_equal(hp_mail_put(out, &lies[i].hdr, NULL), 0);
		atomic_fetch_add(&out->ring->head, lies[i].more);
		atomic_fetch_or(g->boxes[0].bell, 1);
		if (mail_group_route(g) != 0 || atomic_exchange(&g->router->lied, 0) != 1)
			fail_msg("%s", lies[i].what);
		assert_int_equal(hp_counted(&mail_group_count(g, 0)->malformed), 1);
		// Nothing more is taken from it, also if it is in order.
		mail_group_send(g, 0, mail_group_addr(g, 1), 1, "honest");
		assert_int_equal(mail_group_route(g), 0);
		assert_false(mail_group_read(g, 1));
		mail_group_send(g, 2, mail_group_addr(g, 1), 1, "others");
		mail_group_route(g);
		assert_text(g, 1, "c", "others");
		mail_group_leave(g, 0);
		mail_group_join(g, 0, "a");
		mail_group_send(g, 0, mail_group_addr(g, 1), 1, "new");
		mail_group_route(g);
		assert_text(g, 1, "a", "new");
		n++;
	}
	mail_group_route(g);
	assert_int_equal(hp_counted(&mail_group_count(g, MEMBERS + 1)->malformed), n);
}

static void a_receiver_that_lies_about_what_it_has_read_is_found_out(void **state)
{
	static const uint64_t tails[] = {HP_MBOX_BYTES, 1000000, UINT64_MAX, (uint64_t)-8};
	struct mail_group *g = *state;

	for (size_t i = 0; i < HP_LEN(tails); i++) {
		mail_group_send(g, 0, mail_group_addr(g, 1), 1, "one");
		mail_group_route(g);
		atomic_store(&hp_group_mbox(&g->group, 1)->in.tail, tails[i]);
		mail_group_send(g, 0, mail_group_addr(g, 1), 2, "two");
		mail_group_route(g);
		assert_int_equal(atomic_exchange(&g->router->lied, 0), 2);
		while (mail_group_read(g, 0))
			assert_int_equal(g->mail.hdr.kind, HP_MAIL_UNDELIVERED);
		mail_group_leave(g, 1);
		mail_group_join(g, 1, "b");
	}
}

static void bells_of_nobody_do_no_harm(void **state)
{
	struct mail_group *g = *state;

	atomic_store(g->boxes[0].bell, UINT64_MAX);
	assert_int_equal(mail_group_route(g), 0);
	assert_int_equal(atomic_load(&g->router->lied), 0);
}

static void work_is_bounded_and_every_sender_gets_its_turn(void **state)
{
	struct mail_group *g = *state;
	struct hp_mail_addr nobody = {.slot = 4};

	for (uint32_t i = 0; i < 100; i++) {
		mail_group_send(g, 0, nobody, i, "");
		mail_group_send(g, 1, nobody, i, "");
	}
	mail_group_send(g, 2, mail_group_addr(g, 3), 1, "one");
	assert_int_equal(hp_mail_router_turn(g->router), HP_MAIL_TURN);
	assert_text(g, 3, "c", "one");
	assert_in_range(hp_counted(&mail_group_count(g, 0)->sent), 15, 16);
	assert_in_range(hp_counted(&mail_group_count(g, 1)->sent), 15, 16);
	assert_int_equal(mail_group_route(g), 201 - HP_MAIL_TURN);
}

static void a_group_of_64_uses_every_slot(void **state)
{
	struct mail_group *g = malloc(sizeof(*g));
	char name[8];

	assert_non_null(g);
	assert_true(mail_group_new(g, HP_MEMBERS_MAX));
	for (uint32_t i = 0; i < HP_MEMBERS_MAX; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		mail_group_join(g, i, name);
	}
	for (uint32_t i = 0; i < HP_MEMBERS_MAX; i++)
		mail_group_send(g, i, mail_group_addr(g, HP_MEMBERS_MAX - 1 - i), i, "x");
	assert_int_equal(mail_group_route(g), HP_MEMBERS_MAX);
	for (uint32_t i = 0; i < HP_MEMBERS_MAX; i++)
		assert_true(mail_group_read(g, i));
	mail_group_route(g);
	assert_true(mail_group_adds_up(g));
	mail_group_free(g);
	free(g);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_message_reaches_the_one_it_is_for_and_nobody_else),
		TEST(nothing_is_routed_before_the_bell_rings),
		TEST(a_message_sent_before_its_sender_was_known_is_not_forgotten),
		TEST(nobody_can_speak_for_another),
		TEST(a_name_that_is_none_is_not_passed_on),
		TEST(a_broadcast_reaches_everyone_but_the_sender),
		TEST(the_router_answers_pings_to_the_primary),
		TEST(the_primary_sends_like_a_member),
		TEST(a_full_mailbox_costs_its_owner_the_message_and_the_sender_nothing),
		TEST(a_sender_that_does_not_read_its_notices_loses_those_alone),
		TEST(what_a_dead_member_had_sent_arrives_and_what_it_had_not_read_comes_back),
		TEST(a_message_to_a_member_is_not_given_to_its_successor),
		TEST(the_answer_to_a_sender_is_not_given_to_its_successor),
		TEST(a_member_that_lies_is_heard_no_more_and_harms_nobody),
		TEST(a_receiver_that_lies_about_what_it_has_read_is_found_out),
		TEST(bells_of_nobody_do_no_harm),
		TEST(work_is_bounded_and_every_sender_gets_its_turn),
		cmocka_unit_test(a_group_of_64_uses_every_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
