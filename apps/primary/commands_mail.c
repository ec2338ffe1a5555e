// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands about messages between members.

#include "commands.h"
#include "group/hp_mailbox.h"
#include "primary.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int message(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	const char *name = hp_cli_str(args, "receiver");
	struct hp_mail_result result;
	struct hp_mail_addr to;
	int ret;

	if (!hp_mailbox_find(&primary->group, name, &to) || to.slot == HP_MAIL_PRIMARY)
		return hp_cli_fail(out, ENOENT,
			"there is no member '%s'; 'show members' lists them, 'all' means every one",
			name);
	ret = hp_primary_send_mail(primary, to, hp_cli_str(args, "text"), &result);
	if (ret == -EMSGSIZE)
		return hp_cli_fail(out, EMSGSIZE, "the text is longer than %zu bytes", HP_MAIL_MAX);
	if (ret < 0 || result.sent == UINT32_MAX)
		return hp_cli_fail(
			out, EAGAIN, "lane 0 does not turn: the message was not taken up in time");
	if (result.undelivered > 0 && to.slot != HP_MAIL_ALL)
		return hp_cli_fail(out, EHOSTUNREACH, "not delivered to '%s': %s", name,
			hp_mail_reason_text(result.reason));
	hp_out_object(out, "message");
	hp_out_str(out, "to", name);
	hp_out_uint(out, "sent", result.sent);
	hp_out_uint(out, "delivered", result.delivered);
	hp_out_uint(out, "undelivered", result.undelivered);
	hp_out_uint(out, "unconfirmed", result.sent - result.delivered - result.undelivered);
	hp_out_end(out);
	return 0;
}

// Who a message was for is known only where there is a member: so the reasons are two.
static const unsigned int missed_reasons[] = {HP_MAIL_FULL, HP_MAIL_GONE};

static void show_reason(struct hp_out *out, const char *prefix, unsigned int reason,
	const _Atomic uint64_t *counters)
{
	char key[48];

	snprintf(key, sizeof(key), "%s_%s", prefix, hp_mail_reason_names[reason]);
	for (char *p = key; *p != '\0'; p++)
		*p = *p == '-' ? '_' : *p;
	hp_out_uint(out, key, hp_counted(&counters[reason]));
}

static void show_row(struct hp_out *out, const char *name, const struct hp_mail_counters *count)
{
	hp_out_object(out, NULL);
	hp_out_str(out, "name", name);
	hp_out_uint(out, "sent", hp_counted(&count->sent));
	hp_out_uint(out, "received", hp_counted(&count->received));
	hp_out_uint(out, "waiting", hp_counted(&count->waiting));
	for (unsigned int i = 0; i < HP_MAIL_REFUSED; i++)
		show_reason(out, "undelivered", i, count->undelivered);
	for (unsigned int i = 0; i < RTE_DIM(missed_reasons); i++)
		show_reason(out, "missed", missed_reasons[i], count->missed);
	hp_out_uint(out, "notices", hp_counted(&count->notices));
	hp_out_uint(out, "notices_lost", hp_counted(&count->notices_lost));
	hp_out_uint(out, "malformed", hp_counted(&count->malformed));
	hp_out_end(out);
}

static int show_messages(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	const struct hp_mail_shm *mail = hp_group_mail(&primary->group);
	uint32_t n = primary->group.hdr->max_members;

	(void)args;
	hp_out_array(out, "messages");
	show_row(out, HP_MAIL_PRIMARY_NAME, &mail->of[n]);
	for (uint32_t slot = 0; slot < n; slot++)
		if (primary->slots[slot].mail)
			show_row(out, hp_leases_get(primary->leases, slot)->name, &mail->of[slot]);
	show_row(out, "(gone)", &mail->of[n + 1]);
	hp_out_end(out);
	return 0;
}

const struct hp_cli_cmd hp_primary_mail_commands[] = {
	{"message <receiver> <text...>", message, "Messages",
		"Send a text to a member, or to 'all', and say whether it was confirmed at once."},
	{"show messages", show_messages, "Messages",
		"Messages by member: sent, received, waiting to be read, not delivered and why "
		"('undelivered': what it sent; 'missed': what was for it)."},
	{NULL},
};
