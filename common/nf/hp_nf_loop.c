// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The packet loop of a network function. No system call but the idle sleep, no allocation, no log.

#include "base/hp_crash.h"
#include "group/hp_idle.h"
#include "group/hp_link.h"
#include "nf/hp_nf.h"

#include <rte_cycles.h>

#include <string.h>

struct loop {
	struct hp_link links[HP_LANES_MAX];
	uint32_t n_links;
	uint16_t burst;
	bool leaving; // make no packets any more
	struct hp_slot *slot;
	struct hp_nf *nf;
};

// How many packets are to be taken at once, at most. Blank ones and others come in one row.
static uint16_t appetite(const struct loop *loop, struct hp_link *link)
{
	struct hp_nf *nf = loop->nf;
	uint32_t pending;

	if (nf->func->want == NULL || nf->program->own_pools || loop->leaving)
		return loop->burst;
	pending = hp_link_pending(link);
	if (pending == 0)
		return 0;
	return nf->func->want(nf->state, (uint16_t)RTE_MIN(pending, loop->burst), rte_rdtsc());
}

// Blank packets go back as they are.
static void leave_blank(struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = rte_pktmbuf_pkt_len(pkts[i]) == 0
				      ? (struct hp_verdict){.kind = HP_VERDICT_UNUSED}
				      : hp_verdict_drop(HP_DROP_FUNCTION);
}

static uint16_t serve(struct loop *loop, struct hp_link *link)
{
	struct hp_verdict verdicts[HP_BURST_MAX];
	struct rte_mbuf *pkts[HP_BURST_MAX];
	struct hp_nf *nf = loop->nf;
	uint64_t now;
	uint16_t n;

	n = hp_link_take(link, pkts, appetite(loop, link));
	if (n == 0)
		return 0;
	HP_CRASH_POINT(loop_taken);
	now = rte_rdtsc();
	memset(verdicts, 0, n * sizeof(verdicts[0]));
	if (unlikely(loop->leaving && nf->func->want != NULL))
		leave_blank(pkts, verdicts, n);
	else
		nf->func->burst(nf->state, pkts, verdicts, n, now);
	if (nf->program->verdicts != NULL)
		nf->program->verdicts(nf, pkts, verdicts, n);
	HP_CRASH_POINT(loop_processed);
	hp_link_return(link, verdicts, n);
	hp_count(&loop->slot->packets, n);
	hp_count(&loop->slot->busy_tsc, rte_rdtsc() - now);
	return n;
}

static uint32_t turn(struct loop *loop, struct hp_idle_state *idle)
{
	struct hp_nf *nf = loop->nf;
	uint32_t work = 0;

	for (uint32_t i = 0; i < loop->n_links; i++)
		work += serve(loop, &loop->links[i]);
	if (nf->program->turn != NULL)
		work += nf->program->turn(nf);
	work += hp_mail_desk_turn(nf->desk);
	hp_count(&loop->slot->epoch, 1);
	HP_CRASH_POINT(loop_turn);
	hp_idle_turn(idle, work > 0);
	return work;
}

void hp_nf_loop(struct hp_nf *nf)
{
	const struct hp_group *group = nf->group;
	struct loop loop = {
		.n_links = group->hdr->n_lanes,
		.burst = (uint16_t)RTE_MIN(
			HP_POOL_BURSTS * group->hdr->burst, (uint32_t)HP_BURST_MAX),
		.slot = hp_group_slot(group, nf->slot),
		.nf = nf,
	};
	struct hp_idle_state idle;

	for (uint32_t i = 0; i < loop.n_links; i++)
		hp_link_open(&loop.links[i], group, nf->slot, i);
	hp_mailbox_open(&nf->desk->box, group, nf->slot);
	hp_idle_init(&idle, (enum hp_idle)group->hdr->idle);
	while (!hp_member_stopping(nf->member))
		turn(&loop, &idle);
	hp_member_leave(nf->member);
	loop.leaving = true;
	while (!hp_member_left(nf->member)) {
		HP_CRASH_POINT(leave_draining);
		turn(&loop, &idle);
	}
}
