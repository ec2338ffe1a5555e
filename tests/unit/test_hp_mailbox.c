// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A member's end: names, and the desk between a packet loop and its control thread.

#include "base/hp_log.h"
#include "hp_mail_group.h"
#include "hp_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct app {
	struct mail_group g;
	struct hp_mail_desk *desk; // of slot 1
};

static int setup(void **state)
{
	struct app *app = calloc(1, sizeof(*app));

	assert_non_null(app);
	assert_true(mail_group_new(&app->g, 4));
	mail_group_join(&app->g, 0, "a");
	mail_group_join(&app->g, 1, "desk");
	app->desk = hp_mail_desk_new();
	assert_non_null(app->desk);
	hp_mailbox_open(&app->desk->box, &app->g.group, 1);
	*state = app;
	return 0;
}

static int teardown(void **state)
{
	struct app *app = *state;

	mail_group_route(&app->g);
	assert_true(mail_group_adds_up(&app->g));
	mail_group_free(&app->g);
	free(app->desk);
	free(app);
	return 0;
}

static uint32_t kinds(struct mail_group *g, uint32_t slot, enum hp_mail_kind kind)
{
	uint32_t n = 0;

	mail_group_route(g);
	while (mail_group_read(g, slot)) {
		assert_int_equal(g->mail.hdr.kind, kind);
		n++;
	}
	return n;
}

static void names_are_found_while_their_members_are_there(void **state)
{
	struct app *app = *state;
	struct hp_mail_addr addr;
	char name[HP_NAME_MAX];

	assert_true(hp_mailbox_find(&app->g.group, "all", &addr));
	assert_int_equal(addr.slot, HP_MAIL_ALL);
	assert_true(hp_mailbox_find(&app->g.group, "primary", &addr));
	assert_int_equal(addr.slot, HP_MAIL_PRIMARY);
	assert_true(hp_mailbox_find(&app->g.group, "desk", &addr));
	assert_int_equal(addr.slot, 1);
	assert_int_equal(addr.incarnation, 1);
	assert_false(hp_mailbox_find(&app->g.group, "des", &addr));
	assert_false(hp_mailbox_find(&app->g.group, "", &addr)); // free slots have no name
	assert_string_equal(hp_mailbox_name_of(&app->g.group, 1, name), "desk");
	assert_string_equal(hp_mailbox_name_of(&app->g.group, 99, name), "");
	mail_group_leave(&app->g, 1); // its name stays in the slot until the next one comes
	assert_false(hp_mailbox_find(&app->g.group, "desk", &addr));
	assert_string_equal(hp_mailbox_name_of(&app->g.group, 1, name), "");
}

static void the_desk_answers_pings_with_what_they_held(void **state)
{
	struct app *app = *state;
	struct mail_group *g = &app->g;

	hp_mailbox_send(&g->boxes[0], mail_group_addr(g, 1), HP_MAIL_PING, 4, "12345", 5);
	assert_int_equal(hp_mail_desk_turn(app->desk), 0);
	mail_group_route(g);
	assert_int_equal(hp_mail_desk_turn(app->desk), 1);
	assert_int_equal(kinds(g, 0, HP_MAIL_PONG), 1);
	assert_int_equal(g->mail.hdr.id, 4);
	assert_memory_equal(g->mail.payload, "12345", 5);
}

static void the_desk_refuses_requests(void **state)
{
	struct app *app = *state;
	struct mail_group *g = &app->g;

	hp_mailbox_send(&g->boxes[0], mail_group_addr(g, 1), HP_MAIL_REQUEST, 4, "?", 1);
	mail_group_route(g);
	assert_int_equal(hp_mail_desk_turn(app->desk), 1);
	assert_int_equal(kinds(g, 0, HP_MAIL_REPLY), 1);
	assert_int_equal(g->mail.hdr.reason, HP_MAIL_REFUSED);
}

static void texts_are_confirmed_and_logged_once_each(void **state)
{
	struct app *app = *state;
	struct mail_group *g = &app->g;
	char path[] = "/tmp/hp-mailbox-XXXXXX", line[256];
	int saved = dup(STDERR_FILENO), fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0 && saved >= 0);
	mail_group_send(g, 0, mail_group_addr(g, 1), 1, "first");
	mail_group_send(g, 0, mail_group_addr(g, 1), 2, "a\x1bz");
	mail_group_route(g);
	assert_int_equal(hp_mail_desk_turn(app->desk), 2);
	assert_int_equal(kinds(g, 0, HP_MAIL_ACK), 2);
	hp_log_setup("test", NULL, HP_LOG_TEXT, HP_LOG_NOTICE);
	dup2(fd, STDERR_FILENO);
	hp_mail_desk_log(app->desk);
	hp_mail_desk_log(app->desk);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "test: notice: mail: message from 'a': first\n");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "test: notice: mail: message from 'a': a?z\n");
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
	unlink(path);
}

static void texts_wait_where_they_are_while_nobody_logs(void **state)
{
	struct app *app = *state;
	struct mail_group *g = &app->g;
	char text[1000 + 1] = {0};
	uint32_t confirmed = 0, undelivered = 0;
	int null = open("/dev/null", O_WRONLY), saved = dup(STDERR_FILENO);

	memset(text, 'x', 1000);
	for (uint64_t id = 0; id < 40; id++) {
		mail_group_send(g, 0, mail_group_addr(g, 1), id, text);
		mail_group_route(g);
		hp_mail_desk_turn(app->desk);
		mail_group_route(g);
		while (mail_group_read(g, 0)) {
			confirmed += g->mail.hdr.kind == HP_MAIL_ACK;
			undelivered += g->mail.hdr.kind == HP_MAIL_UNDELIVERED;
		}
	}
	// As many as the desk's own ring holds, then as many as the mailbox holds, then no more.
	assert_int_equal(confirmed, HP_MBOX_BYTES / hp_mail_bytes(1000));
	assert_int_equal(undelivered, 40 - 2 * confirmed);
	dup2(null, STDERR_FILENO);
	hp_mail_desk_log(app->desk);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	hp_mail_desk_turn(app->desk);
	assert_int_equal(kinds(g, 0, HP_MAIL_ACK), confirmed);
}

static void a_text_that_cannot_be_confirmed_is_not_shown_yet(void **state)
{
	struct app *app = *state;
	struct mail_group *g = &app->g;
	struct hp_mail_addr nobody = {.slot = 3};

	mail_group_send(g, 0, mail_group_addr(g, 1), 1, "text");
	mail_group_route(g);
	while (hp_mailbox_send(&app->desk->box, nobody, HP_MAIL_TEXT, 0, NULL, 0) == 0)
		;
	assert_int_equal(hp_mail_desk_turn(app->desk), 0);
	assert_false(hp_mail_waits(&app->desk->texts_out));
	mail_group_route(g);
	assert_true(hp_mail_desk_turn(app->desk) > 0);
	assert_true(hp_mail_waits(&app->desk->texts_out));
	assert_int_equal(kinds(g, 0, HP_MAIL_ACK), 1);
}

static void garbage_in_a_mailbox_is_thrown_away(void **state)
{
	struct app *app = *state;
	struct hp_mbox_ring *ring = &hp_group_mbox(&app->g.group, 1)->in;

	memset(ring->bytes, 0xff, sizeof(ring->bytes));
	atomic_store(&ring->head, 4096);
	assert_int_equal(hp_mail_desk_turn(app->desk), 0);
	assert_false(hp_mail_waits(&app->desk->box.in));
}

static void sending_never_waits(void **state)
{
	struct app *app = *state;
	struct mail_group *g = &app->g;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i <= HP_MAIL_RECORDS_MAX; i++)
		ret = mail_group_send(g, 0, mail_group_addr(g, 1), i, "");
	assert_int_equal(ret, -ENOBUFS);
	atomic_store(&hp_group_mbox(&g->group, 0)->out.tail, UINT64_MAX / 2);
	assert_int_equal(mail_group_send(g, 0, mail_group_addr(g, 1), 0, ""), -ENOBUFS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(names_are_found_while_their_members_are_there),
		TEST(the_desk_answers_pings_with_what_they_held),
		TEST(the_desk_refuses_requests),
		TEST(texts_are_confirmed_and_logged_once_each),
		TEST(texts_wait_where_they_are_while_nobody_logs),
		TEST(a_text_that_cannot_be_confirmed_is_not_shown_yet),
		TEST(garbage_in_a_mailbox_is_thrown_away),
		TEST(sending_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
