// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Copies of what passes worker queues. Each queue has a ring of its own in a capture's memory,
// which whoever holds the queue writes: so a ring has one writer, and the tap stays where it is
// when the queue passes to another process. No system call, no allocation, no log.

#include "base/hp_tap.h"
#include "group/hp_wq.h"

#include <stdio.h>

static struct hp_copy copy_of(const struct hp_wq_loop *loop, uint32_t queue)
{
	return (struct hp_copy){
		.copier = loop->copier,
		.taps = loop->taps->taps,
		.clock = loop->clock,
		.ring = loop->taps->first_ring + queue,
	};
}

static void set_drops(struct hp_wq_taps *taps, unsigned int reason, uint64_t bit)
{
	for (unsigned int r = 0; r < HP_DROP_COUNT; r++)
		if (reason == HP_TAP_ANY_REASON || reason == r)
			taps->drops[r] |= bit;
}

void hp_wq_add_tap(struct hp_wq_taps *taps, const struct hp_guest_tap *tap, uint8_t port,
	const struct hp_copy_tap *copy)
{
	uint64_t bit = UINT64_C(1) << taps->n_taps;
	int queue = hp_tap_queue(&tap->tap);

	if (taps->n_taps == HP_TAPS_MAX)
		return;
	if (tap->tap.kind == HP_TAP_DROP)
		set_drops(taps, tap->tap.reason, bit);
	else if (tap->tap.kind == HP_TAP_PORT_RX && port < HP_PORTS_MAX)
		taps->port_rx[port] |= bit;
	else if (tap->tap.kind == HP_TAP_PORT_TX && port < HP_PORTS_MAX)
		taps->port_tx[port] |= bit;
	else if (tap->tap.kind == HP_TAP_QUEUE_RX && queue >= 0)
		taps->queue_rx[queue] |= bit;
	else if (tap->tap.kind == HP_TAP_QUEUE_TX && queue >= 0)
		taps->queue_tx[queue] |= bit;
	else
		return; // a link's, or of a port that workers do not poll: the lanes see it
	taps->taps[taps->n_taps++] = *copy;
}

void hp_wq_tap_take(const struct hp_wq_loop *loop, uint32_t queue)
{
	struct hp_copy copy = copy_of(loop, queue);

	hp_copy_resume(&copy, loop->taps->n_taps);
}

void hp_wq_tap_let_go(const struct hp_wq_loop *loop, uint32_t queue)
{
	struct hp_copy copy = copy_of(loop, queue);

	hp_copy_release(&copy, loop->taps->n_taps);
}

void hp_wq_use_taps(struct hp_wq_loop *loop, const struct hp_wq_taps *taps)
{
	loop->taps = taps != NULL && taps->n_taps > 0 ? taps : NULL;
	if (loop->taps == NULL)
		return;
	for (uint32_t q = 0; q < loop->conf.n_queues; q++)
		if ((loop->held >> q & 1) != 0)
			hp_wq_tap_take(loop, q);
}

void hp_wq_tap_received(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port,
	struct rte_mbuf *const *pkts, uint16_t n)
{
	uint64_t taps = loop->taps->port_rx[port] | loop->taps->queue_rx[queue];
	struct hp_copy copy = copy_of(loop, queue);

	if (taps != 0)
		hp_copy_burst(&copy, taps, pkts, n);
}

void hp_wq_tap_stage(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port,
	struct rte_mbuf *const *pkts, uint16_t n)
{
	uint64_t taps = loop->taps->port_tx[port] | loop->taps->queue_tx[queue];
	struct hp_copy copy = copy_of(loop, queue);

	if (taps == 0)
		return;
	hp_copy_begin(&copy, taps);
	hp_copy_add(&copy, taps, pkts, 0, n);
}

void hp_wq_tap_commit(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port, uint16_t sent)
{
	uint64_t taps = loop->taps->port_tx[port] | loop->taps->queue_tx[queue];
	struct hp_copy copy = copy_of(loop, queue);

	if (taps != 0)
		hp_copy_commit(&copy, taps, sent);
}

void hp_wq_tap_drop(const struct hp_wq_loop *loop, uint32_t queue, uint16_t port,
	unsigned int reason, struct rte_mbuf *const *pkts, uint16_t n)
{
	uint64_t taps = loop->taps->drops[reason];
	struct hp_copy copy = copy_of(loop, queue);
	char text[128];

	if (taps == 0)
		return;
	snprintf(text, sizeof(text), "drop: %s at port %s, queue %u", hp_drop_name(reason),
		loop->taps->port_names[port], queue);
	hp_copy_begin(&copy, taps);
	hp_copy_comment(&copy, text);
	hp_copy_add(&copy, taps, pkts, 0, n);
	hp_copy_commit(&copy, taps, n);
}
