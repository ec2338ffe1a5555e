// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-message send: each message goes to all its receivers at once; then their confirmations are
// waited for, --timeout at most. A receiver that has let one time-out pass is not waited for again,
// so that one that hangs costs a second, not a second a line.

#include "base/hp_time.h"
#include "lines.h"
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVERS_MAX (HP_MEMBERS_MAX + 1) // the primary is one
#define RETRY_US 1000 // until a mailbox that was full is tried again

enum state {
	STATE_NOT_SENT,
	STATE_SENT,
	STATE_AGAIN, // its mailbox was full: sent again at retry_us
	STATE_DONE, // delivered or not
};

struct receiver {
	char name[HP_NAME_MAX];
	struct hp_mail_addr addr;
	enum state state; // of the message that is being sent
	uint64_t retry_us;
	bool full; // its mailbox, when it was tried last
	bool silent; // let a time-out pass
	bool reported; // that something was not delivered
	uint64_t delivered;
	uint64_t undelivered;
};

struct send {
	struct hp_talk *talk;
	bool all;
	uint64_t messages;
	struct receiver receivers[RECEIVERS_MAX];
	uint32_t n;
	bool everybody; // NAME is all, and the primary has said to whom the message went
	const char *text;
	uint32_t length;
	struct hp_lines lines;
};

static void settle(struct receiver *r, const char *why)
{
	r->state = STATE_DONE;
	if (why == NULL) {
		r->delivered++;
		return;
	}
	r->undelivered++;
	if (!r->reported)
		fprintf(stderr, "hp-message: not delivered to '%s': %s\n", r->name, why);
	r->reported = true;
}

static struct receiver *of_slot(struct send *send, uint16_t slot)
{
	for (uint32_t i = 0; i < send->n; i++)
		if (send->receivers[i].addr.slot == slot)
			return &send->receivers[i];
	return NULL;
}

// A broadcast went to a slot. Who comes to a slot after another is a receiver of its own.
static void expect_slot(struct send *send, uint16_t slot)
{
	struct receiver *r = of_slot(send, slot);
	char name[HP_NAME_MAX] = HP_MAIL_PRIMARY_NAME;

	if (slot != HP_MAIL_PRIMARY)
		hp_mailbox_name_of(send->talk->group, slot, name);
	if (r != NULL && name[0] != '\0' && strcmp(r->name, name) != 0) {
		r->addr.slot = HP_MAIL_ALL; // keeps its figures, is sent nothing more
		r = NULL;
	}
	if (r == NULL && send->n < RECEIVERS_MAX) {
		r = &send->receivers[send->n++];
		memset(r, 0, sizeof(*r));
		r->addr.slot = slot;
		if (name[0] == '\0') // it has ended meanwhile
			snprintf(r->name, sizeof(r->name), "slot %u", slot);
		else
			memcpy(r->name, name, sizeof(r->name));
	}
	if (r != NULL)
		r->state = STATE_SENT;
}

static void take_receipt(struct send *send, const struct hp_mail *mail)
{
	struct hp_mail_receipt receipt;

	memcpy(&receipt, mail->payload, sizeof(receipt));
	for (uint16_t slot = 0; slot < HP_MEMBERS_MAX; slot++)
		if ((receipt.slots >> slot & 1) != 0)
			expect_slot(send, slot);
	if (receipt.primary != 0)
		expect_slot(send, HP_MAIL_PRIMARY);
	send->everybody = true;
}

static void take_answer(struct send *send)
{
	const struct hp_mail *mail = &send->talk->mail;
	struct receiver *r = of_slot(send, mail->hdr.from.slot);

	if (r != NULL && mail->hdr.kind == HP_MAIL_ACK)
		r->silent = false; // also if it comes late
	if (mail->hdr.id != send->talk->last_id)
		return;
	if (mail->hdr.kind == HP_MAIL_RECEIPT) {
		take_receipt(send, mail);
	} else if (r == NULL || r->state != STATE_SENT) {
		return;
	} else if (mail->hdr.kind == HP_MAIL_ACK) {
		settle(r, NULL);
	} else if (mail->hdr.kind == HP_MAIL_UNDELIVERED && mail->hdr.reason == HP_MAIL_FULL &&
		   !r->silent) {
		r->state = STATE_AGAIN;
		r->full = true;
		r->retry_us = hp_now_us() + RETRY_US;
	} else if (mail->hdr.kind == HP_MAIL_UNDELIVERED) {
		settle(r, hp_mail_reason_text(mail->hdr.reason));
	}
}

static int send_to(struct send *send, struct receiver *r)
{
	int ret;

	// By name each time: it may have been started again.
	if (!hp_mailbox_find(send->talk->group, r->name, &r->addr)) {
		r->addr.slot = HP_MAIL_ALL; // nobody answers from there
		settle(r, "there is no such member in the group");
		return 0;
	}
	if (r->silent && r->state == STATE_NOT_SENT) {
		settle(r, "it has not confirmed an earlier message");
		return 0;
	}
	ret = hp_talk_send_id(
		send->talk, r->addr, HP_MAIL_TEXT, send->talk->last_id, send->text, send->length);
	if (ret == -ETIMEDOUT)
		settle(r, "the primary does not take messages");
	else
		r->state = STATE_SENT;
	return ret == -EINTR ? ret : 0;
}

// Receivers that are waited for; sends again where it is time to.
static uint32_t outstanding(struct send *send)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < send->n; i++) {
		struct receiver *r = &send->receivers[i];

		if (r->state == STATE_AGAIN && hp_now_us() >= r->retry_us)
			send_to(send, r);
		n += (r->state == STATE_SENT && !r->silent) || r->state == STATE_AGAIN;
	}
	return n + (send->all && !send->everybody);
}

static void time_out(struct send *send, int ret)
{
	uint64_t ms = hp_talk_timeout_us(send->talk) / 1000;
	char why[128];

	if (ret == -EINTR)
		snprintf(why, sizeof(why), "told to end before it was confirmed");
	else
		snprintf(why, sizeof(why),
			"not confirmed within %" PRIu64 " ms; it may yet read it", ms);
	for (uint32_t i = 0; i < send->n; i++) {
		struct receiver *r = &send->receivers[i];

		if (r->state == STATE_DONE)
			continue;
		settle(r, r->full ? hp_mail_reason_text(HP_MAIL_FULL) : why);
		r->silent = true;
	}
}

// One message to everyone that it is for. 0, -EINTR, or -ETIMEDOUT: the primary does not answer.
static int send_one(struct send *send)
{
	uint64_t deadline = hp_now_us() + hp_talk_timeout_us(send->talk);
	struct hp_mail_addr all = {.slot = HP_MAIL_ALL};
	int ret = 0;

	while (hp_talk_wait(send->talk, 0) == 1)
		take_answer(send);
	send->messages++;
	send->everybody = false;
	for (uint32_t i = 0; i < send->n; i++) {
		send->receivers[i].state = send->all ? STATE_DONE : STATE_NOT_SENT;
		send->receivers[i].full = false;
	}
	if (send->all)
		ret = hp_talk_send(send->talk, all, HP_MAIL_TEXT, send->text, send->length);
	else
		send->talk->last_id++;
	for (uint32_t i = 0; !send->all && i < send->n && ret == 0; i++)
		ret = send_to(send, &send->receivers[i]);
	while (ret == 0 && outstanding(send) > 0) {
		uint64_t soon = hp_now_us() + RETRY_US;

		ret = hp_talk_wait(send->talk, deadline < soon ? deadline : soon);
		if (ret == 1)
			take_answer(send);
		if (ret >= 0)
			ret = ret == 0 && hp_now_us() >= deadline ? -EAGAIN : 0;
	}
	time_out(send, ret);
	if (send->all && !send->everybody && ret != -EINTR) {
		fprintf(stderr, "hp-message: the primary does not take messages\n");
		return -ETIMEDOUT;
	}
	return ret == -EINTR ? ret : 0;
}

// All lines of one file. 0, -EINTR, -ETIMEDOUT, or -errno after saying why.
static int send_lines(struct send *send, const char *path)
{
	struct hp_lines *lines = &send->lines;
	int ret = hp_lines_open(lines, path);

	while (ret == 0) {
		ret = hp_lines_next(lines, &send->text, &send->length);
		if (ret == 1)
			ret = send_one(send);
		else if (ret == -EAGAIN)
			ret = hp_talk_idle(send->talk, hp_now_us() + 1000);
		else
			break;
	}
	if (ret == -EMSGSIZE)
		fprintf(stderr, "hp-message: %s:%" PRIu64 ": the line is longer than %zu bytes\n",
			lines->name, lines->number, HP_MAIL_MAX);
	else if (ret < 0 && ret != -EINTR && ret != -ETIMEDOUT)
		fprintf(stderr, "hp-message: %s: %s\n", lines->name, strerror(-ret));
	hp_lines_close(lines);
	return ret;
}

static int send_everything(struct send *send)
{
	const struct hp_message_opts *opts = send->talk->opts;
	char text[HP_MAIL_MAX];
	int ret = 0;

	if (opts->n_text > 0) {
		if (hp_message_join_text(opts, text, &send->length) < 0) {
			fprintf(stderr, "hp-message: the text is longer than %zu bytes\n",
				HP_MAIL_MAX);
			return -EMSGSIZE;
		}
		send->text = text;
		return send_one(send);
	}
	if (opts->file.n == 0)
		return send_lines(send, "-");
	for (uint32_t i = 0; i < opts->file.n && ret == 0; i++)
		ret = send_lines(send, opts->file.items[i]);
	return ret;
}

// The names of the command line; each once. They may be about to join.
static int find_receivers(struct send *send)
{
	uint64_t deadline = hp_now_us() + hp_talk_timeout_us(send->talk);
	const char *list = send->talk->opts->to;

	send->all = strcmp(list, HP_MAIL_ALL_NAME) == 0;
	for (size_t len; !send->all && *list != '\0'; list += len + (list[len] == ',')) {
		struct receiver *r = &send->receivers[send->n];
		bool known = false;
		int ret;

		len = strcspn(list, ",");
		snprintf(r->name, sizeof(r->name), "%.*s", (int)len, list);
		for (uint32_t i = 0; i < send->n; i++)
			known = known || strcmp(send->receivers[i].name, r->name) == 0;
		if (known)
			continue;
		ret = hp_talk_find(send->talk, r->name, deadline, &r->addr);
		if (ret == -EINTR)
			return ret;
		send->n++;
	}
	return 0;
}

static void sum_up(const struct send *send, uint64_t delivered, uint64_t undelivered)
{
	struct hp_out *out;

	if (send->talk->opts->format == HP_OUT_TEXT) {
		printf("%" PRIu64 " %s to %u %s: %" PRIu64 " delivered, %" PRIu64
		       " not delivered\n",
			send->messages, send->messages == 1 ? "message" : "messages", send->n,
			send->n == 1 ? "member" : "members", delivered, undelivered);
		return;
	}
	out = hp_out_new(HP_OUT_JSON);
	if (out == NULL)
		return;
	hp_out_uint(out, "messages", send->messages);
	hp_out_uint(out, "delivered", delivered);
	hp_out_uint(out, "undelivered", undelivered);
	hp_out_array(out, "receivers");
	for (uint32_t i = 0; i < send->n; i++) {
		hp_out_object(out, NULL);
		hp_out_str(out, "name", send->receivers[i].name);
		hp_out_uint(out, "delivered", send->receivers[i].delivered);
		hp_out_uint(out, "undelivered", send->receivers[i].undelivered);
		hp_out_end(out);
	}
	hp_out_end(out);
	hp_message_print(out);
}

static int exit_code(const struct send *send, int ret)
{
	uint64_t delivered = 0, undelivered = 0;

	for (uint32_t i = 0; i < send->n; i++) {
		delivered += send->receivers[i].delivered;
		undelivered += send->receivers[i].undelivered;
	}
	sum_up(send, delivered, undelivered);
	if (ret == -EMSGSIZE)
		return HP_EXIT_DATA;
	if (ret == -EINTR)
		ret = 0; // told to end: that is a failure of what was not confirmed, and of nothing
			 // else
	return ret < 0 || undelivered > 0 ? HP_EXIT_OTHER : HP_EXIT_OK;
}

int hp_message_send(struct hp_talk *talk)
{
	struct send *send = calloc(1, sizeof(*send));
	int code, ret;

	if (send == NULL) {
		fprintf(stderr, "hp-message: out of memory\n");
		return HP_EXIT_OTHER;
	}
	send->talk = talk;
	ret = find_receivers(send);
	if (ret == 0)
		ret = send_everything(send);
	code = exit_code(send, ret);
	free(send);
	return code;
}
