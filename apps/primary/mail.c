// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The primary as a member that gets and sends messages. Control thread; lane 0 routes and answers
// pings.

#include "base/hp_log.h"
#include "base/hp_time.h"
#include "primary.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("mail");

// The command line may stand still for so long: two sleeps of an idle lane and of an idle client
// are a millisecond each at most.
#define CONFIRM_WITHIN_US 50000
#define CONFIRM_PERIOD_US 50
#define READ_MAX 64 // messages a look

int hp_primary_open_mail(struct hp_primary *primary)
{
	primary->router = hp_mail_router_new(&primary->group);
	if (primary->router == NULL)
		return -ENOMEM;
	hp_mail_writer_open(&primary->mail_out, &primary->router->own.out);
	hp_mail_reader_open(&primary->mail_in, &primary->router->own.in);
	primary->lanes[0].mail = primary->router;
	return 0;
}

void hp_primary_close_mail(struct hp_primary *primary)
{
	hp_mail_router_free(primary->router);
	primary->router = NULL;
}

static int answer(struct hp_primary *primary, const struct hp_mail *mail, uint16_t kind)
{
	struct hp_mail_hdr hdr = {
		.kind = kind,
		.reason = HP_MAIL_REFUSED, // looked at in a REPLY alone
		.to = mail->hdr.from,
		.id = mail->hdr.id,
	};

	return hp_mail_put(&primary->mail_out, &hdr, NULL);
}

// Take one message; false: none is there, or it has to wait for room for its answer. The answers
// to one of our own are counted in @p result, if it is theirs.
static bool take(struct hp_primary *primary, struct hp_mail_result *result)
{
	char text[HP_MAIL_MAX + 1];
	struct hp_mail mail;
	struct hp_mail_receipt receipt;
	bool ours;

	if (hp_mail_peek(&primary->mail_in, &mail) != 1)
		return false;
	ours = result != NULL && mail.hdr.id == primary->mail_id;
	switch (mail.hdr.kind) {
	case HP_MAIL_TEXT:
		if (answer(primary, &mail, HP_MAIL_ACK) < 0)
			return false;
		HP_LOG(NOTICE, "message from '%s': %s", mail.hdr.from_name,
			hp_mail_text(&mail, text, sizeof(text)));
		break;
	case HP_MAIL_REQUEST:
		if (answer(primary, &mail, HP_MAIL_REPLY) < 0)
			return false;
		break;
	case HP_MAIL_ACK:
		if (ours)
			result->delivered++;
		break;
	case HP_MAIL_UNDELIVERED:
		if (ours) {
			result->undelivered++;
			result->reason = mail.hdr.reason;
		}
		break;
	case HP_MAIL_RECEIPT:
		memcpy(&receipt, mail.payload, sizeof(receipt));
		if (ours)
			result->sent = (uint32_t)__builtin_popcountll(receipt.slots);
		break;
	default:
		break;
	}
	hp_mail_next(&primary->mail_in);
	return true;
}

void hp_primary_read_mail(struct hp_primary *primary)
{
	for (unsigned int i = 0; i < READ_MAX && take(primary, NULL); i++)
		;
}

int hp_primary_send_mail(struct hp_primary *primary, struct hp_mail_addr to, const char *text,
	struct hp_mail_result *result)
{
	uint64_t deadline = hp_now_us() + CONFIRM_WITHIN_US;
	struct hp_mail_hdr hdr = {
		.length = (uint32_t)strlen(text),
		.kind = HP_MAIL_TEXT,
		.to = to,
		.id = ++primary->mail_id,
	};
	int ret;

	// Of a broadcast, the router says to how many it went.
	memset(result, 0, sizeof(*result));
	result->sent = to.slot == HP_MAIL_ALL ? UINT32_MAX : 1;
	ret = hp_mail_put(&primary->mail_out, &hdr, text);
	if (ret < 0)
		return ret;
	hp_primary_ring(primary);
	while (result->delivered + result->undelivered < result->sent && hp_now_us() < deadline)
		if (!take(primary, result))
			usleep(CONFIRM_PERIOD_US);
	return 0;
}
