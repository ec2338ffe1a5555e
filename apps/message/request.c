// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-message request: a text to one member, and its reply within --timeout.

#include "base/hp_time.h"
#include "message.h"

#include <errno.h>
#include <inttypes.h>

static int failed(const struct hp_talk *talk, const char *why)
{
	fprintf(stderr, "hp-message: request to '%s': %s\n", talk->opts->to, why);
	return HP_EXIT_OTHER;
}

static void print_reply(const struct hp_talk *talk)
{
	char text[HP_MAIL_MAX + 1];
	struct hp_out *out;

	hp_mail_text(&talk->mail, text, sizeof(text));
	if (talk->opts->format != HP_OUT_JSON) {
		printf("%s\n", text);
		return;
	}
	out = hp_out_new(HP_OUT_JSON);
	if (out == NULL)
		return;
	hp_out_str(out, "from", talk->mail.hdr.from_name);
	hp_out_str(out, "reply", text);
	hp_message_print(out);
}

static int wait_for_reply(struct hp_talk *talk, uint64_t deadline)
{
	const struct hp_mail_hdr *hdr = &talk->mail.hdr;
	int ret;

	while ((ret = hp_talk_wait(talk, deadline)) == 1) {
		if (hdr->id != talk->last_id)
			continue;
		if (hdr->kind == HP_MAIL_UNDELIVERED || hdr->reason == HP_MAIL_REFUSED)
			return failed(talk, hp_mail_reason_text(hdr->reason));
		if (hdr->kind != HP_MAIL_REPLY)
			continue;
		print_reply(talk);
		return HP_EXIT_OK;
	}
	return failed(
		talk, ret == -EINTR ? "told to end before the reply came" : "no reply in time");
}

int hp_message_request(struct hp_talk *talk)
{
	uint64_t deadline;
	char text[HP_MAIL_MAX];
	struct hp_mail_addr to;
	uint32_t length;

	if (hp_message_join_text(talk->opts, text, &length) < 0) {
		fprintf(stderr, "hp-message: the text is longer than %zu bytes\n", HP_MAIL_MAX);
		return HP_EXIT_DATA;
	}
	deadline = hp_now_us() + hp_talk_timeout_us(talk);
	if (hp_talk_find(talk, talk->opts->to, deadline, &to) < 0)
		return failed(talk, "there is no such member in the group");
	if (hp_talk_send(talk, to, HP_MAIL_REQUEST, text, length) < 0)
		return failed(talk, "the primary does not take messages");
	return wait_for_reply(talk, deadline);
}
