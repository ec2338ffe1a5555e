// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a lane's copies say besides the packet: where it was dropped, what its client said of it.

#include "base/hp_drop.h"
#include "lane.h"

#include <stdio.h>
#include <string.h>

#define COMMENT_MAX 128

_Static_assert(HP_COPY_BURST_MAX >= HP_TX_BUFFER, "a port's buffer is one burst");
_Static_assert(HP_GUEST_RINGS_MAX >= HP_LANES_MAX + HP_WORKERS_MAX, "a ring a lane and queue");

static struct hp_copy copy_of(const struct hp_lane *lane)
{
	return (struct hp_copy){
		.copier = lane->copier,
		.taps = lane->plan->taps,
		.clock = lane->clock,
		.ring = lane->index,
	};
}

static void comment_verdict(
	const struct hp_lane *lane, const struct hp_copy *copy, const struct hp_verdict *verdict)
{
	char text[COMMENT_MAX];

	if (verdict->kind == HP_VERDICT_DROP)
		snprintf(text, sizeof(text), "verdict: drop %s",
			hp_drop_name(RTE_MIN(verdict->reason, (unsigned int)HP_DROP_COUNT)));
	else if (verdict->kind == HP_VERDICT_PORT)
		snprintf(text, sizeof(text), "verdict: port %s",
			verdict->port < HP_PORTS_MAX ? lane->plan->port_names[verdict->port] : "?");
	else
		snprintf(text, sizeof(text), "verdict: next");
	hp_copy_comment(copy, text);
}

// Whose counter is it? Looked for only while drops are captured.
static void comment_drop(const struct hp_lane *lane, const struct hp_copy *copy,
	const _Atomic uint64_t *drops, unsigned int reason)
{
	char text[COMMENT_MAX];

	snprintf(text, sizeof(text), "drop: %s", hp_drop_name(reason));
	for (unsigned int i = 0; i < HP_PORTS_MAX; i++)
		if (lane->ports[i]->drops == drops)
			snprintf(text, sizeof(text), "drop: %s at port %s", hp_drop_name(reason),
				lane->plan->port_names[i]);
	for (uint32_t i = 0; i < lane->group->hdr->max_clients; i++)
		if (lane->clients[i].count->drops == drops)
			snprintf(text, sizeof(text), "drop: %s at link %s", hp_drop_name(reason),
				lane->plan->client_names[i]);
	for (uint32_t i = 0; i < lane->plan->n_sources; i++)
		if (lane->plan->sources[i].replay->drops == drops)
			snprintf(text, sizeof(text), "drop: %s at replay %s", hp_drop_name(reason),
				lane->plan->sources[i].name);
	hp_copy_comment(copy, text);
}

void hp_lane_tap_stage(
	struct hp_lane *lane, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n)
{
	struct hp_copy copy = copy_of(lane);

	hp_copy_begin(&copy, taps);
	hp_copy_add(&copy, taps, pkts, 0, n);
}

void hp_lane_tap_commit(struct hp_lane *lane, uint64_t taps, uint16_t n)
{
	struct hp_copy copy = copy_of(lane);

	hp_copy_commit(&copy, taps, n);
}

void hp_lane_tap_copy(struct hp_lane *lane, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n,
	const struct hp_verdict *verdicts)
{
	struct hp_copy copy = copy_of(lane);
	uint16_t end;

	hp_copy_begin(&copy, taps);
	for (uint16_t i = 0; i < n; i = end) {
		end = verdicts != NULL ? (uint16_t)(i + 1) : n;
		while (end < n && memcmp(&verdicts[end], &verdicts[i], sizeof(*verdicts)) == 0)
			end++;
		if (verdicts != NULL)
			comment_verdict(lane, &copy, &verdicts[i]);
		hp_copy_add(&copy, taps, pkts, i, end);
	}
	hp_copy_commit(&copy, taps, n);
}

void hp_lane_tap_drop(struct hp_lane *lane, const _Atomic uint64_t *drops, unsigned int reason,
	struct rte_mbuf *const *pkts, uint16_t n)
{
	uint64_t taps = lane->plan->tap_drops[reason];
	struct hp_copy copy = copy_of(lane);

	hp_copy_begin(&copy, taps);
	comment_drop(lane, &copy, drops, reason);
	hp_copy_add(&copy, taps, pkts, 0, n);
	hp_copy_commit(&copy, taps, n);
}

void hp_lane_tap_lent(
	struct hp_lane *lane, uint64_t taps, const struct hp_lender *lender, uint32_t from)
{
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint16_t n = 0;

	for (; from != lender->lent && n < HP_BURST_MAX; from++)
		pkts[n++] = lender->out[from & lender->mask];
	if (n > 0)
		hp_lane_tap_copy(lane, taps, pkts, n, NULL);
}
