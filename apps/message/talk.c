// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Waiting at the mailbox. Whatever this process waits for, it answers others meanwhile.

#include "base/hp_log.h"
#include "base/hp_time.h"
#include "message.h"

#include <rte_cycles.h>

#include <errno.h>

HP_LOG_TYPE("mail");

#define TIMEOUT_US 1000000

void hp_talk_open(
	struct hp_talk *talk, const struct hp_message_opts *opts, struct hp_member *member)
{
	talk->opts = opts;
	talk->member = member;
	talk->group = hp_member_group(member);
	hp_mailbox_open(&talk->box, talk->group, hp_member_slot(member));
	hp_idle_init(&talk->idle, opts->idle == HP_MESSAGE_POLL ? HP_IDLE_PAUSE : HP_IDLE_SLEEP);
}

void hp_message_print(struct hp_out *out)
{
	printf("%s\n", hp_out_text(out, NULL));
	hp_out_free(out);
}

uint64_t hp_talk_timeout_us(const struct hp_talk *talk)
{
	return talk->opts->timeout_us != 0 ? talk->opts->timeout_us : TIMEOUT_US;
}

static int serve_text(struct hp_talk *talk, const struct hp_mail *mail)
{
	char text[HP_MAIL_MAX + 1];
	int ret;

	if (talk->on_text != NULL)
		return talk->on_text(talk, mail);
	if (mail->hdr.kind == HP_MAIL_REQUEST)
		return hp_mailbox_refuse(&talk->box, mail);
	ret = hp_mailbox_answer(&talk->box, mail, HP_MAIL_ACK, NULL, 0);
	if (ret == 0)
		HP_LOG(NOTICE, "message from '%s': %s", mail->hdr.from_name,
			hp_mail_text(mail, text, sizeof(text)));
	return ret;
}

// Look once. 1: an answer, taken out; 0: nothing more to do now; -EAGAIN: served, look again.
static int look(struct hp_talk *talk)
{
	struct hp_mail *mail = &talk->looked_at;
	int ret;

	if (hp_mailbox_peek(&talk->box, mail) == 0)
		return 0;
	talk->arrived_tsc = rte_rdtsc();
	switch (mail->hdr.kind) {
	case HP_MAIL_PING:
		ret = hp_mailbox_answer(
			&talk->box, mail, HP_MAIL_PONG, mail->payload, mail->hdr.length);
		break;
	case HP_MAIL_TEXT:
	case HP_MAIL_REQUEST:
		ret = serve_text(talk, mail);
		break;
	default:
		talk->mail = *mail;
		hp_mail_next(&talk->box.in);
		return 1;
	}
	if (ret < 0)
		return 0; // no room for the answer: the message stays where it is
	hp_mail_next(&talk->box.in);
	return -EAGAIN;
}

int hp_talk_wait(struct hp_talk *talk, uint64_t deadline_us)
{
	for (;;) {
		int ret = look(talk);

		if (hp_member_stopping(talk->member))
			return -EINTR;
		if (ret == 1)
			return 1;
		if (deadline_us != UINT64_MAX && hp_now_us() >= deadline_us)
			return 0;
		hp_idle_turn(&talk->idle, ret == -EAGAIN);
	}
}

int hp_talk_idle(struct hp_talk *talk, uint64_t deadline_us)
{
	int ret;

	do
		ret = hp_talk_wait(talk, deadline_us); // answers that come late are of no use
	while (ret == 1);
	return ret;
}

int hp_talk_find(
	struct hp_talk *talk, const char *name, uint64_t deadline_us, struct hp_mail_addr *addr)
{
	while (!hp_mailbox_find(talk->group, name, addr)) {
		if (hp_now_us() >= deadline_us)
			return -ENOENT;
		if (hp_talk_idle(talk, hp_now_us() + 1000) < 0)
			return -EINTR;
	}
	return 0;
}

int hp_talk_send_id(struct hp_talk *talk, struct hp_mail_addr to, enum hp_mail_kind kind,
	uint64_t id, const void *payload, uint32_t length)
{
	uint64_t deadline = hp_now_us() + hp_talk_timeout_us(talk);
	int ret;

	// The primary empties the ring; that it is full means that its lane is busy or stands
	// still.
	while ((ret = hp_mailbox_send(&talk->box, to, kind, id, payload, length)) == -ENOBUFS) {
		if (hp_member_stopping(talk->member))
			return -EINTR;
		if (hp_now_us() >= deadline)
			return -ETIMEDOUT;
		hp_idle_turn(&talk->idle, false);
	}
	talk->idle.empty = 0; // the answer may be there very soon
	talk->idle.sleep_ns = HP_IDLE_SLEEP_MIN_NS;
	return ret;
}

int hp_talk_send(struct hp_talk *talk, struct hp_mail_addr to, enum hp_mail_kind kind,
	const void *payload, uint32_t length)
{
	return hp_talk_send_id(talk, to, kind, ++talk->last_id, payload, length);
}
