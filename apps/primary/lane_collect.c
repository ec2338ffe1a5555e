// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What members hand back, and what a lane does when a plan changes. Packet loop: no system call, no
// allocation, no log.

#include "base/hp_crash.h"
#include "func/hp_func.h"
#include "lane.h"

#include <rte_cycles.h>

#include <string.h>

// Collected from a member at once: what several ports lend in a turn has to come back in one, or
// links fill up.
#define COLLECT_BURSTS 4

// Packets of one verdict, which is not "next". Workers send all that they pass on out by a port.
static void same_verdict(struct hp_lane *lane, _Atomic uint64_t *drops, struct rte_mbuf **pkts,
	uint16_t n, const struct hp_verdict *verdict)
{
	struct hp_burst burst = {.pkts = pkts, .n = n};
	unsigned int reason = verdict->reason;

	if (verdict->kind == HP_VERDICT_DROP) {
		if (reason >= HP_DROP_COUNT)
			reason = HP_DROP_FUNCTION;
		hp_lane_drop(lane, drops, reason, pkts, n);
	} else if (verdict->port >= HP_PORTS_MAX || !lane->plan->ports[verdict->port].used) {
		hp_lane_drop(lane, drops, HP_DROP_NO_PORT, pkts, n);
	} else {
		for (uint16_t i = 0; i < n; i++)
			burst.bytes += rte_pktmbuf_pkt_len(pkts[i]);
		hp_lane_to_port(lane, (uint8_t)verdict->port, &burst);
	}
}

// Those with a verdict of their own go its way; the others move up. @p hops may be NULL.
static void split_verdicts(struct hp_lane *lane, _Atomic uint64_t *drops,
	const struct hp_verdict *verdicts, uint8_t *hops, struct hp_burst *next)
{
	uint16_t n = next->n;
	uint16_t end;

	next->n = 0;
	next->bytes = 0;
	for (uint16_t i = 0; i < n; i++) {
		if (verdicts[i].kind != HP_VERDICT_NEXT) {
			for (end = (uint16_t)(i + 1); end < n; end++)
				if (memcmp(&verdicts[end], &verdicts[i], sizeof(verdicts[i])) != 0)
					break;
			same_verdict(
				lane, drops, &next->pkts[i], (uint16_t)(end - i), &verdicts[i]);
			i = (uint16_t)(end - 1);
			continue;
		}
		next->bytes += rte_pktmbuf_pkt_len(next->pkts[i]);
		next->pkts[next->n] = next->pkts[i];
		if (hops != NULL)
			hops[next->n] = hops[i];
		next->n++;
	}
}

void hp_lane_run(struct hp_lane *lane, const struct hp_plan_port *port,
	struct hp_port_counters *count, const struct hp_burst *burst)
{
	struct hp_verdict verdicts[HP_BURST_MAX];
	struct hp_burst next = *burst;

	memset(verdicts, 0, burst->n * sizeof(verdicts[0]));
	port->func->burst(port->states[lane->index], burst->pkts, verdicts, burst->n, rte_rdtsc());
	split_verdicts(lane, count->drops, verdicts, NULL, &next);
	if (next.n > 0)
		hp_lane_forward(lane, &port->hop, count->drops, &count->copies, &next, 0);
}

// What was lent blank and is not used is no packet: free it, and let the others move up.
static void free_unused(struct hp_returned *got)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < got->n; i++) {
		if (got->verdicts[i].kind == HP_VERDICT_UNUSED) {
			got->bytes -= rte_pktmbuf_pkt_len(got->pkts[i]);
			rte_pktmbuf_free(got->pkts[i]);
			continue;
		}
		got->pkts[n] = got->pkts[i];
		got->verdicts[n] = got->verdicts[i];
		got->hops[n++] = got->hops[i];
	}
	got->n = n;
}

static void follow_verdicts(struct hp_lane *lane, uint8_t client, struct hp_returned *got)
{
	const struct hp_plan_client *pc = &lane->plan->clients[client];
	struct hp_client_counters *count = lane->clients[client].count;
	struct hp_burst next;

	if (unlikely(got->unused > 0))
		free_unused(got);
	next = (struct hp_burst){
		.pkts = got->pkts, .hops = got->hops, .bytes = got->bytes, .n = got->n};
	hp_count(&count->returned_packets, got->n);
	hp_count(&count->returned_bytes, got->bytes);
	if (got->made > 0) {
		hp_count(&count->made_packets, got->made);
		hp_count(&count->made_bytes, got->made_bytes);
	}
	if (hp_tapped(pc->tap_out))
		hp_lane_tap_copy(lane, pc->tap_out, got->pkts, got->n, got->verdicts);
	if (!got->all_next)
		split_verdicts(lane, count->drops, got->verdicts, got->hops, &next);
	if (next.n > 0)
		hp_lane_forward(lane, &pc->hop, count->drops, &count->copies, &next, 0);
}

// Nothing more of what it says is listened to; the control thread shows it out.
static void hear_no_more(struct hp_lane *lane, uint8_t slot)
{
	uint8_t client = lane->plan->slots[slot].client;

	hp_count(&lane->clients[client].count->rejected, 1);
	atomic_fetch_or_explicit(&lane->lied, 1ull << slot, memory_order_release);
	lane->lenders[slot].live = false;
	for (uint32_t i = 0; i < lane->n_active; i++)
		if (lane->active[i] == slot)
			lane->active[i--] = lane->active[--lane->n_active];
}

uint16_t hp_lane_collect(struct hp_lane *lane, uint8_t slot)
{
	const struct hp_plan_slot *ps = &lane->plan->slots[slot];
	const struct hp_plan_client *pc = &lane->plan->clients[ps->client];
	uint16_t want = RTE_MIN(lane->plan->burst * COLLECT_BURSTS, HP_BURST_MAX);
	struct hp_returned got;
	int ret;

	if (!hp_lender_pending(&lane->lenders[slot]))
		return 0;
	if (pc->wait) {
		want = hp_lane_room(lane, &pc->hop, want);
		if (want == 0)
			return 0;
	}
	ret = hp_lender_collect(
		&lane->lenders[slot], lane->pool, lane->plan->check_returns, want, &got);
	HP_CRASH_POINT(collect_read);
	if (got.n > 0)
		follow_verdicts(lane, ps->client, &got);
	HP_CRASH_POINT(collect_passed_on);
	if (unlikely(ret < 0))
		hear_no_more(lane, slot);
	return got.n;
}

// A dead member: what it had handed back is good, what it had not is taken.
static void reclaim(struct hp_lane *lane, uint8_t slot, uint8_t client)
{
	struct hp_lender *lender = &lane->lenders[slot];
	struct hp_client_counters *count = lane->clients[client].count;
	struct hp_returned got;
	uint16_t n = 1, n_blank;
	int ret = 0;

	HP_CRASH_POINT(reclaim_begin);
	while (lender->live && ret == 0 && n > 0) {
		ret = hp_lender_collect(lender, lane->pool, true, lane->plan->burst, &got);
		n = got.n; // follow_verdicts() takes unused blanks out
		if (n > 0)
			follow_verdicts(lane, client, &got);
	}
	if (ret < 0)
		hp_count(&count->rejected, 1);
	while ((n = hp_lender_take_back(lender, lane->pool, got.pkts, HP_BURST_MAX, &n_blank)) >
		0) {
		n = (uint16_t)(n - n_blank);
		if (n > 0)
			hp_lane_drop(lane, count->drops, HP_DROP_MEMBER_DIED, got.pkts, n);
		rte_pktmbuf_free_bulk(got.pkts + n, n_blank);
	}
	hp_lane_count_out(lane, slot);
	lane->incarnations[slot] = 0;
	HP_CRASH_POINT(reclaim_done);
}

// What evicted members still have stays out until they are dead, also beside a new member of the
// name.
static void count_shut_in(struct hp_lane *lane)
{
	const struct hp_plan *plan = lane->plan;
	uint64_t shut_in[HP_CLIENTS_MAX] = {0};

	for (unsigned int slot = 0; slot < HP_MEMBERS_MAX; slot++)
		if (lane->incarnations[slot] != 0 && plan->slots[slot].state == HP_SLOT_CLOSED)
			shut_in[plan->slots[slot].client] +=
				hp_lender_out(&lane->lenders[slot]) - lane->lenders[slot].blanks;
	for (uint32_t i = 0; i < lane->group->hdr->max_clients; i++) {
		struct hp_client_counters *count = lane->clients[i].count;

		atomic_store_explicit(&count->shut_in, shut_in[i], memory_order_relaxed);
		if (plan->clients[i].slot < 0)
			atomic_store_explicit(&count->blanks, 0, memory_order_relaxed);
		if (shut_in[i] > 0 && plan->clients[i].slot < 0)
			atomic_store_explicit(&count->in_flight, 0, memory_order_relaxed);
	}
}

void hp_lane_apply(struct hp_lane *lane, const struct hp_plan *plan)
{
	uint32_t n_lanes = lane->group->hdr->n_lanes;

	HP_CRASH_POINT(plan_unapplied);
	lane->plan = plan;
	lane->n_active = 0;
	lane->n_polled = 0;
	for (uint16_t i = 0; i < HP_PORTS_MAX; i++)
		if (plan->ports[i].used && !plan->ports[i].skip &&
			hp_port_first_queue(i, lane->index, n_lanes) < plan->ports[i].n_rxq)
			lane->polled[lane->n_polled++] = (uint8_t)i;
	for (unsigned int slot = 0; slot < HP_MEMBERS_MAX; slot++) {
		const struct hp_plan_slot *ps = &plan->slots[slot];
		bool open = lane->incarnations[slot] != 0;

		if (ps->state == HP_SLOT_LENDING && !open) {
			hp_lender_open(&lane->lenders[slot], lane->group, slot, lane->index,
				plan->clients[ps->client].window);
			lane->incarnations[slot] = ps->incarnation;
			open = true;
		}
		if (ps->state == HP_SLOT_DEAD && open)
			reclaim(lane, (uint8_t)slot, ps->client);
		else if (open && lane->lenders[slot].live && ps->state != HP_SLOT_CLOSED)
			lane->active[lane->n_active++] = (uint8_t)slot;
	}
	for (uint32_t i = 0; i < lane->group->hdr->max_clients; i++) {
		const struct hp_plan_client *pc = &plan->clients[i];

		if (lane->clients[i].held_head != lane->clients[i].held_tail &&
			pc->policy != HP_POLICY_HOLD && (pc->slot < 0 || pc->avoid))
			hp_lane_release_held(lane, (uint8_t)i);
	}
	count_shut_in(lane);
	if (lane->mail != NULL)
		hp_mail_router_sync(lane->mail, plan->mail);
	atomic_store_explicit(&lane->applied, plan->version, memory_order_release);
	HP_CRASH_POINT(plan_applied);
}
