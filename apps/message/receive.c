// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-message receive: a line for each message. A message is confirmed when its line is written.

#include "base/hp_time.h"
#include "message.h"

#include <errno.h>
#include <string.h>

static void print_text(const struct hp_mail *mail, const char *text)
{
	printf("%s: %s\n", mail->hdr.from_name, text);
}

static void print_json(const struct hp_mail *mail, const char *text)
{
	struct hp_out *out = hp_out_new(HP_OUT_JSON);

	if (out == NULL)
		return;
	hp_out_str(out, "from", mail->hdr.from_name);
	hp_out_uint(out, "id", mail->hdr.id);
	hp_out_bool(out, "request", mail->hdr.kind == HP_MAIL_REQUEST);
	hp_out_str(out, "text", text);
	hp_message_print(out);
}

static int answer(struct hp_talk *talk, const struct hp_mail *mail)
{
	const char *reply = talk->opts->reply;

	if (mail->hdr.kind == HP_MAIL_TEXT)
		return hp_mailbox_answer(&talk->box, mail, HP_MAIL_ACK, NULL, 0);
	if (reply == NULL)
		return hp_mailbox_refuse(&talk->box, mail);
	return hp_mailbox_answer(&talk->box, mail, HP_MAIL_REPLY, reply, (uint32_t)strlen(reply));
}

static int on_text(struct hp_talk *talk, const struct hp_mail *mail)
{
	char text[HP_MAIL_MAX + 1];
	struct hp_message_received *receive = &talk->received;

	// It is written once: so only when there is room for the answer, too. And what comes after
	// the last one that was asked for is for the next receiver.
	if (receive->done || receive->failed ||
		hp_mail_room(&talk->box.out) < hp_mail_bytes(HP_MAIL_MAX))
		return -ENOBUFS;
	hp_mail_text(mail, text, sizeof(text));
	if (talk->opts->format == HP_OUT_JSON)
		print_json(mail, text);
	else
		print_text(mail, text);
	if (fflush(stdout) != 0) {
		receive->failed = true;
		return -EIO;
	}
	receive->n++;
	receive->done = talk->opts->count != 0 && receive->n >= talk->opts->count;
	return answer(talk, mail);
}

int hp_message_receive(struct hp_talk *talk)
{
	uint64_t end =
		talk->opts->timeout_us != 0 ? hp_now_us() + talk->opts->timeout_us : UINT64_MAX;
	struct hp_message_received *receive = &talk->received;

	talk->on_text = on_text;
	while (!receive->done && !receive->failed && hp_now_us() < end) {
		uint64_t soon = hp_now_us() + 1000;

		if (hp_talk_wait(talk, end < soon ? end : soon) == -EINTR)
			return HP_EXIT_OK; // told to end: without an end of its own, that is it
	}
	if (receive->failed) {
		fprintf(stderr, "hp-message: standard output: %s\n", strerror(errno));
		return HP_EXIT_OTHER;
	}
	if (!receive->done && talk->opts->count != 0) {
		fprintf(stderr, "hp-message: %llu of %llu messages came in time\n",
			(unsigned long long)receive->n, (unsigned long long)talk->opts->count);
		return HP_EXIT_OTHER;
	}
	return HP_EXIT_OK;
}
