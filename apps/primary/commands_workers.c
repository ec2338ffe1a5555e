// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands about workers.

#include "commands.h"
#include "primary.h"

#include <rte_cycles.h>

static void show_holder(
	struct hp_out *out, const struct hp_primary *primary, const struct hp_worker_queue *queue)
{
	if (queue->holder == HP_WQ_NOBODY)
		hp_out_str(out, "holder", NULL);
	else if (queue->holder >= HP_WQ_LANE)
		hp_out_fmt(out, "holder", "lane %u", queue->holder - HP_WQ_LANE);
	else
		hp_out_str(
			out, "holder", primary->clients[primary->slots[queue->holder].client].name);
}

static void show_queue(struct hp_out *out, const struct hp_primary *primary, uint32_t q)
{
	const struct hp_worker_queue *queue = &primary->workers.queues[q];
	const struct hp_wq_conf *conf = &primary->workers.conf;
	uint64_t rx = 0, made = 0, tx = 0, dropped = 0;

	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct hp_port_counters *c =
			hp_wq_counters(&primary->group, q, conf->ports[i].port_id);

		rx += hp_counted(&c->rx_packets);
		made += hp_counted(&c->copies);
		tx += hp_counted(&c->tx_packets);
		for (unsigned int r = 0; r < HP_DROP_COUNT; r++)
			dropped += hp_counted(&c->drops[r]);
	}
	hp_out_object(out, NULL);
	hp_out_uint(out, "queue", q);
	show_holder(out, primary, queue);
	hp_out_str(out, "state",
		queue->revoking                 ? "handed over"
		: queue->holder == HP_WQ_NOBODY ? "free"
						: "held");
	hp_out_str(out, "home", queue->home >= 0 ? primary->clients[queue->home].name : NULL);
	hp_out_uint(out, "rx_packets", rx);
	hp_out_uint(out, "made_packets", made);
	hp_out_uint(out, "tx_packets", tx);
	hp_out_uint(out, "dropped", dropped);
	hp_out_uint(out, "handovers", queue->handovers);
	hp_out_uint(out, "takeovers", queue->takeovers);
	hp_out_end(out);
}

static uint64_t in_us(uint64_t cycles)
{
	return cycles / RTE_MAX(rte_get_tsc_hz() / 1000000, UINT64_C(1));
}

static void show_unpolled(struct hp_out *out, const struct hp_primary *primary, uint32_t q)
{
	const struct hp_wq_gaps *gaps = &hp_group_wq(&primary->group)->queues[q].gaps;

	hp_out_object(out, NULL);
	hp_out_uint(out, "queue", q);
	hp_out_uint(out, "takeovers", hp_counted(&gaps->takeovers));
	hp_out_uint(out, "takeover_us", in_us(hp_counted(&gaps->takeover)));
	hp_out_uint(out, "heard_us", in_us(primary->workers.queues[q].heard_tsc));
	hp_out_uint(out, "takeover_us_max", in_us(hp_counted(&gaps->takeover_max)));
	hp_out_uint(out, "handover_us_max", in_us(hp_counted(&gaps->handover_max)));
	hp_out_uint(out, "us_max", in_us(hp_counted(&gaps->max)));
	hp_out_end(out);
}

static void show_worker(
	struct hp_out *out, const struct hp_primary *primary, const struct hp_client *client)
{
	const struct hp_slot *slot =
		client->slot >= 0 ? hp_group_slot(&primary->group, (uint32_t)client->slot) : NULL;

	hp_out_object(out, NULL);
	hp_out_str(out, "name", client->name);
	hp_out_str(out, "state", slot == NULL ? "absent" : client->stuck ? "stuck" : "live");
	hp_out_uint(out, "packets", slot != NULL ? hp_counted(&slot->packets) : 0);
	hp_out_uint(
		out, "queues", slot != NULL ? hp_workers_held(primary, (uint32_t)client->slot) : 0);
	hp_out_uint(out, "joins", client->joins);
	hp_out_uint(out, "stuck_count", client->stuck_count);
	hp_out_end(out);
}

static int show_workers(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	const struct hp_workers *workers = &primary->workers;

	(void)args;
	hp_out_object(out, NULL);
	hp_out_array(out, "workers");
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		if (primary->clients[i].used && primary->clients[i].worker)
			show_worker(out, primary, &primary->clients[i]);
	hp_out_end(out);
	hp_out_array(out, "queues");
	for (uint32_t q = 0; q < workers->conf.n_queues; q++)
		show_queue(out, primary, q);
	hp_out_end(out);
	hp_out_array(out, "unpolled");
	for (uint32_t q = 0; q < workers->conf.n_queues; q++)
		show_unpolled(out, primary, q);
	hp_out_end(out);
	hp_out_array(out, "ports");
	for (uint32_t i = 0; i < primary->conf->n_ports && i < primary->n_ports; i++) {
		if (workers->ports.pair[i] < 0 || !hp_port_is_there(&primary->ports[i]))
			continue;
		hp_out_object(out, NULL);
		hp_out_str(out, "name", primary->ports[i].name);
		hp_out_str(out, "pair", primary->ports[workers->ports.pair[i]].name);
		hp_out_str(out, "way", workers->ports.polled[i] ? "polled" : "spread");
		hp_out_end(out);
	}
	hp_out_end(out);
	hp_out_object(out, "takeovers");
	hp_out_uint(out, "grant_us_max", workers->grant_us_max);
	hp_out_uint(out, "died_packets", workers->died_packets);
	hp_out_end(out);
	hp_out_end(out);
	return 0;
}

const struct hp_cli_cmd hp_primary_worker_commands[] = {
	{"show workers", show_workers, "Workers",
		"Every worker by name, who holds which queue, and which ports are wired to which."},
	{NULL},
};
