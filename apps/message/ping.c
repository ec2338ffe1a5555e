// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-message ping: round trips to a member and back, through lane 0 of the primary both times.

#include "base/hp_time.h"
#include "message.h"

#include <rte_cycles.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_DEFAULT 10

struct ping {
	struct hp_talk *talk;
	struct hp_mail_addr to;
	uint64_t *trips_tsc; // [answered]
	uint64_t sent;
	uint64_t answered;
	uint64_t damaged; // answered with another payload
	uint8_t payload[HP_MAIL_MAX];
	const char *why; // of the first that was lost
};

static void lost(struct ping *ping, const char *why)
{
	if (ping->why == NULL)
		ping->why = why;
}

// 1: that was the end of this one, for better or worse; 0: it was something else.
static int take_answer(struct ping *ping, uint64_t sent_tsc)
{
	const struct hp_talk *talk = ping->talk;
	const struct hp_mail *mail = &talk->mail;

	if (mail->hdr.id != talk->last_id)
		return 0; // late
	if (mail->hdr.kind == HP_MAIL_UNDELIVERED) {
		lost(ping, hp_mail_reason_text(mail->hdr.reason));
		return 1;
	}
	if (mail->hdr.kind != HP_MAIL_PONG)
		return 0;
	if (mail->hdr.length != talk->opts->size ||
		memcmp(mail->payload, ping->payload, mail->hdr.length) != 0) {
		ping->damaged++;
		lost(ping, "its answer was damaged");
		return 1;
	}
	ping->trips_tsc[ping->answered++] = talk->arrived_tsc - sent_tsc;
	return 1;
}

// One round trip. 0, or -EINTR.
static int one(struct ping *ping)
{
	struct hp_talk *talk = ping->talk;
	uint32_t size = (uint32_t)talk->opts->size;
	uint64_t deadline, sent_tsc;
	int ret;

	// By name each time: it may have been started again.
	if (!hp_mailbox_find(talk->group, talk->opts->to, &ping->to)) {
		ping->sent++;
		lost(ping, hp_mail_reason_text(HP_MAIL_NO_MEMBER));
		return 0;
	}
	for (uint32_t i = 0; i < size; i++)
		ping->payload[i] = (uint8_t)(talk->last_id + i);
	deadline = hp_now_us() + hp_talk_timeout_us(talk);
	sent_tsc = rte_rdtsc();
	ret = hp_talk_send(talk, ping->to, HP_MAIL_PING, ping->payload, size);
	if (ret == -EINTR)
		return ret;
	ping->sent++;
	while (ret == 0) {
		ret = hp_talk_wait(talk, deadline);
		if (ret <= 0)
			break;
		if (take_answer(ping, sent_tsc) == 1)
			return 0;
		ret = 0;
	}
	if (ret == -EINTR)
		ping->sent--; // it might have been answered yet
	else
		lost(ping, "it did not answer in time");
	return ret == -EINTR ? ret : 0;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

// The smallest round trip that a share of all is not above.
static double percentile_us(const struct ping *ping, unsigned int percent)
{
	uint64_t rank = (ping->answered * percent + 99) / 100;

	if (ping->answered == 0)
		return 0;
	return (double)ping->trips_tsc[rank > 0 ? rank - 1 : 0] * 1e6 /
	       (double)ping->talk->group->hdr->tsc_hz;
}

static void print_json(const struct ping *ping)
{
	static const struct {
		const char *name;
		unsigned int percent;
	} figures[] = {{"min_us", 0}, {"p50_us", 50}, {"p99_us", 99}, {"max_us", 100}};
	const struct hp_message_opts *opts = ping->talk->opts;
	struct hp_out *out = hp_out_new(HP_OUT_JSON);
	uint64_t n_lost = ping->sent - ping->answered;

	if (out == NULL)
		return;
	hp_out_str(out, "to", opts->to);
	hp_out_uint(out, "size", opts->size);
	hp_out_str(out, "idle", opts->idle == HP_MESSAGE_POLL ? "poll" : "sleep");
	hp_out_uint(out, "sent", ping->sent);
	hp_out_uint(out, "answered", ping->answered);
	hp_out_uint(out, "lost", n_lost);
	hp_out_uint(out, "damaged", ping->damaged);
	hp_out_double(out, "loss_percent",
		ping->sent > 0 ? 100.0 * (double)n_lost / (double)ping->sent : 0, 1);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]) && ping->answered > 0; i++)
		hp_out_double(out, figures[i].name, percentile_us(ping, figures[i].percent), 1);
	hp_message_print(out);
}

static void print_text(const struct ping *ping)
{
	const struct hp_message_opts *opts = ping->talk->opts;
	uint64_t n_lost = ping->sent - ping->answered;

	printf("ping %s: %" PRIu64 " bytes, %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64
	       " lost (%.1f %%)\n",
		opts->to, opts->size, ping->sent, ping->answered, n_lost,
		ping->sent > 0 ? 100.0 * (double)n_lost / (double)ping->sent : 0);
	if (ping->answered > 0)
		printf("round trip in us: min %.1f  p50 %.1f  p99 %.1f  max %.1f\n",
			percentile_us(ping, 0), percentile_us(ping, 50), percentile_us(ping, 99),
			percentile_us(ping, 100));
}

static int run(struct ping *ping, uint64_t count)
{
	const struct hp_message_opts *opts = ping->talk->opts;
	uint64_t next = hp_now_us();
	int ret = 0;

	for (uint64_t i = 0; i < count && ret == 0; i++) {
		ret = one(ping);
		next += opts->interval_us;
		if (ret == 0 && i + 1 < count && opts->interval_us != 0)
			ret = hp_talk_idle(ping->talk, next);
		if (next < hp_now_us())
			next = hp_now_us(); // after a time-out: no burst to make up for it
	}
	qsort(ping->trips_tsc, ping->answered, sizeof(ping->trips_tsc[0]), by_value);
	if (opts->format == HP_OUT_JSON)
		print_json(ping);
	else
		print_text(ping);
	if (ping->why != NULL)
		fprintf(stderr, "hp-message: '%s': %" PRIu64 " of %" PRIu64 " lost: %s\n", opts->to,
			ping->sent - ping->answered, ping->sent, ping->why);
	return ping->answered == ping->sent ? HP_EXIT_OK : HP_EXIT_OTHER;
}

int hp_message_ping(struct hp_talk *talk)
{
	uint64_t count = talk->opts->count != 0 ? talk->opts->count : COUNT_DEFAULT;
	struct ping *ping = calloc(1, sizeof(*ping));
	int code = HP_EXIT_OTHER;
	int ret;

	if (ping != NULL)
		ping->trips_tsc = calloc(count, sizeof(*ping->trips_tsc));
	if (ping == NULL || ping->trips_tsc == NULL) {
		fprintf(stderr, "hp-message: out of memory\n");
		goto out;
	}
	ping->talk = talk;
	ret = hp_talk_find(talk, talk->opts->to, hp_now_us() + hp_talk_timeout_us(talk), &ping->to);
	if (ret == -ENOENT)
		fprintf(stderr, "hp-message: there is no member '%s' in the group\n",
			talk->opts->to);
	if (ret == 0)
		code = run(ping, count);
out:
	if (ping != NULL)
		free(ping->trips_tsc);
	free(ping);
	return code;
}
