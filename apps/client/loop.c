// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The packet loop of a client. No system call but the idle sleep, no allocation, no log.

#include "base/hp_crash.h"
#include "client.h"
#include "group/hp_idle.h"
#include "group/hp_link.h"

#include <rte_cycles.h>

#include <string.h>

struct loop {
	struct hp_link links[HP_LANES_MAX];
	uint32_t n_links;
	uint16_t burst;
	struct hp_slot *slot;
	const struct hp_func *func;
	void *state;
	struct hp_mail_desk *desk;
};

static uint16_t serve(struct loop *loop, struct hp_link *link)
{
	struct hp_verdict verdicts[HP_BURST_MAX];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint32_t indexes[HP_BURST_MAX];
	uint64_t now;
	uint16_t n;

	n = hp_link_take(link, pkts, indexes, loop->burst);
	if (n == 0)
		return 0;
	HP_CRASH_POINT(loop_taken);
	now = rte_rdtsc();
	memset(verdicts, 0, n * sizeof(verdicts[0]));
	loop->func->burst(loop->state, pkts, verdicts, n, now);
	HP_CRASH_POINT(loop_processed);
	hp_link_return(link, indexes, verdicts, n);
	hp_count(&loop->slot->packets, n);
	hp_count(&loop->slot->busy_tsc, rte_rdtsc() - now);
	return n;
}

static uint32_t turn(struct loop *loop, struct hp_idle_state *idle)
{
	uint32_t work = 0;

	for (uint32_t i = 0; i < loop->n_links; i++)
		work += serve(loop, &loop->links[i]);
	work += hp_mail_desk_turn(loop->desk);
	hp_count(&loop->slot->epoch, 1);
	HP_CRASH_POINT(loop_turn);
	hp_idle_turn(idle, work > 0);
	return work;
}

void hp_client_loop(struct hp_member *member, const struct hp_func *func, void *state,
	struct hp_mail_desk *desk)
{
	const struct hp_group *group = hp_member_group(member);
	uint32_t slot = hp_member_slot(member);
	struct loop loop = {
		.n_links = group->hdr->n_lanes,
		.burst = (uint16_t)group->hdr->burst,
		.slot = hp_group_slot(group, slot),
		.func = func,
		.state = state,
		.desk = desk,
	};
	struct hp_idle_state idle;

	for (uint32_t i = 0; i < loop.n_links; i++)
		hp_link_open(&loop.links[i], group, slot, i);
	hp_mailbox_open(&desk->box, group, slot);
	hp_idle_init(&idle, (enum hp_idle)group->hdr->idle);
	while (!hp_member_stopping(member))
		turn(&loop, &idle);
	hp_member_leave(member);
	while (!hp_member_left(member)) {
		HP_CRASH_POINT(leave_draining);
		turn(&loop, &idle);
	}
}
