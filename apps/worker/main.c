// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-worker: joins a group and runs one packet function on receive queues of its own, and behind
// links where a port has none for it.

#include "base/hp_lifeline.h"
#include "base/hp_log.h"
#include "nf/hp_nf.h"
#include "worker.h"

#include <rte_cycles.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

HP_LOG_TYPE("worker");

// Looks at its queues between two looks at links and messages: these may wait some microseconds.
#define VISITS 8

static const struct hp_opt opts[] = {HP_NF_OPTS("worker")};

static const struct hp_opt_set worker_opts = {
	.program = "hp-worker",
	.summary = "a packet function on queues of its own in a hugepod group",
	.usage = "[OPTIONS]",
	.details = "hp-worker joins the group of --file-prefix, polls its own receive queue and "
		   "transmit queue of each port that can be polled from several processes, and is "
		   "lent its share of the flows of the others by the primary. Ports are wired in "
		   "pairs: 0 and 1, 2 and 3, an odd last one with itself. When a worker ends, "
		   "others have its queues within a millisecond. hp-primary needs --workers.",
	.opts = opts,
};

/** What a worker has besides its links. */
struct hp_worker {
	struct hp_wq_loop loop;
	struct hp_worker_taps *taps;
	struct hp_lifeline lifeline;
};

static void close_queues(struct hp_nf *nf)
{
	struct hp_worker *worker = nf->extra;

	if (worker == NULL)
		return;
	hp_lifeline_drop(&worker->lifeline);
	hp_worker_taps_free(worker->taps);
	free(worker);
	nf->extra = NULL;
}

static void on_message(
	struct hp_nf *nf, struct hp_loop *loop, const union hp_wire_msg *msg, int passed)
{
	struct hp_worker *worker = nf->extra;

	if (msg->hdr.type == HP_WIRE_TAPS && worker != NULL)
		hp_worker_taps_hear(worker->taps, loop, &msg->taps, passed);
}

static int open_queues(struct hp_nf *nf, struct hp_err *err)
{
	struct hp_worker *worker;
	int ret;

	if (nf->group->hdr->n_wqs == 0)
		return hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
			"this group has no queues for workers: start hp-primary with --workers N");
	if (nf->func->want != NULL && hp_group_wq(nf->group)->conf.n_queues == 0)
		return hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
			"function %s makes packets on queues of the worker's own, and no port of "
			"this group has any: hp-client can make them out of what it is lent",
			nf->func->name);
	ret = hp_worker_attach_ports(&hp_group_wq(nf->group)->conf, hp_group_wq(nf->group), err);
	if (ret < 0)
		return ret;
	worker = calloc(1, sizeof(*worker));
	if (worker != NULL)
		worker->taps = hp_worker_taps_new(nf->member);
	nf->extra = worker;
	if (worker == NULL || worker->taps == NULL) {
		close_queues(nf);
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	}
	hp_wq_open(&worker->loop, nf->group, &hp_group_wq(nf->group)->conf, (uint8_t)nf->slot);
	// The function io looks at nothing: its packets need no verdicts.
	worker->loop.func = strcmp(nf->func->name, "io") != 0 ? nf->func->burst : NULL;
	worker->loop.want = nf->func->want;
	worker->loop.state = nf->state;
	ret = hp_lifeline_hold(&worker->lifeline, &hp_group_slot(nf->group, nf->slot)->lifeline);
	if (ret < 0)
		HP_LOG(NOTICE,
			"set_robust_list: %s: if this worker is killed, its queues stand until "
			"the kernel has taken it apart",
			strerror(-ret));
	return 0;
}

static uint32_t turn(struct hp_nf *nf)
{
	struct hp_worker *worker = nf->extra;
	struct hp_slot *slot = hp_group_slot(nf->group, nf->slot);
	uint64_t now = rte_rdtsc();
	uint32_t n = 0, more;

	if (unlikely(hp_worker_taps_waiting(worker->taps)))
		hp_worker_taps_take_up(worker->taps, &worker->loop);
	for (unsigned int i = 0; i < VISITS; i++) {
		more = hp_wq_turn(&worker->loop, now);
		n += more;
		if (more == 0)
			break;
	}
	if (n > 0) {
		hp_count(&slot->packets, n);
		hp_count(&slot->busy_tsc, rte_rdtsc() - now);
	}
	return n;
}

// What a worker passes on leaves by the pair of the port that it came from.
static void to_pairs(
	struct hp_nf *nf, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n)
{
	const struct hp_wq_loop *loop = &((const struct hp_worker *)nf->extra)->loop;

	for (uint16_t i = 0; i < n; i++) {
		uint16_t port = pkts[i]->port;

		if (verdicts[i].kind != HP_VERDICT_NEXT)
			continue;
		verdicts[i].kind = HP_VERDICT_PORT;
		verdicts[i].port = port < HP_PORTS_MAX ? loop->conf.pair[port] : HP_WQ_NO_PAIR;
		// Its pair may be detached, and another port have its number.
		if (verdicts[i].port < HP_PORTS_MAX && (loop->off >> verdicts[i].port & 1) != 0)
			verdicts[i].port = HP_WQ_NO_PAIR;
	}
}

int main(int argc, char **argv)
{
	static const struct hp_nf_program worker = {
		.name = "hp-worker",
		.role = "worker",
		.own_pools = true,
		.opts = &worker_opts,
		.open = open_queues,
		.turn = turn,
		.verdicts = to_pairs,
		.message = on_message,
		.close = close_queues,
	};

	return hp_nf_main(&worker, argc, argv);
}
