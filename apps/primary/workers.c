// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Ports of the workers, their pools, and what a plan says of them.

#include "base/hp_err.h"
#include "base/hp_lifeline.h"
#include "base/hp_log.h"
#include "primary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

HP_LOG_TYPE("workers");

// Worker names that one hop has room for, and the pair of a port for the primary's own share.
#define NAMES_MAX (HP_FANOUT_MAX - 1)

static bool has_patch(const struct hp_config *conf, uint32_t port)
{
	static const char prefix[] = "port:";

	for (uint32_t i = 0; i < conf->n_patches; i++) {
		const char *from = conf->patches[i].from;

		if (strncmp(from, prefix, strlen(prefix)) == 0 &&
			hp_config_find_port(conf, from + strlen(prefix)) == (int)port)
			return true;
	}
	return false;
}

static void couple(struct hp_worker_ports *ports, const struct hp_config *conf, int a, int b)
{
	// A packet that a worker has received can leave by a port that it polls, and no other.
	bool polled =
		hp_wq_can_poll(conf->ports[a].devargs) && hp_wq_can_poll(conf->ports[b].devargs);

	ports->pair[a] = (int8_t)b;
	ports->pair[b] = (int8_t)a;
	ports->polled[a] = polled;
	ports->polled[b] = polled;
}

void hp_worker_ports(struct hp_worker_ports *ports, const struct hp_config *conf)
{
	int first = -1;

	memset(ports, 0, sizeof(*ports));
	memset(ports->pair, -1, sizeof(ports->pair));
	for (uint32_t i = 0; conf->workers > 0 && i < conf->n_ports; i++) {
		if (!conf->ports[i].worker || has_patch(conf, i))
			continue;
		if (first < 0) {
			first = (int)i;
			continue;
		}
		couple(ports, conf, first, (int)i);
		first = -1;
	}
	if (first >= 0)
		couple(ports, conf, first, first);
	for (uint32_t i = 0; i < HP_PORTS_MAX; i++)
		ports->n_polled += ports->polled[i];
}

bool hp_worker_pools_wanted(const struct hp_config *conf)
{
	struct hp_worker_ports ports;

	hp_worker_ports(&ports, conf);
	return ports.n_polled > 0;
}

int hp_workers_make_pools(struct hp_primary *primary, struct hp_err *err)
{
	struct hp_workers *workers = &primary->workers;
	char name[RTE_MEMZONE_NAMESIZE];
	int ret = 0;

	hp_worker_ports(&workers->ports, primary->conf);
	for (uint32_t q = 0; workers->ports.n_polled > 0 && q < primary->conf->workers; q++) {
		struct hp_pool_params params;

		hp_primary_worker_pool_params(&params, primary->conf, q, name, sizeof(name));
		params.pages = !primary->iova_va;
		ret = hp_pool_create(&workers->pools[q], &params, err);
		if (ret < 0)
			break;
	}
	return ret;
}

int hp_workers_open_port(struct hp_primary *primary, uint32_t i, struct hp_err *err)
{
	const struct hp_port_conf *conf = &primary->conf->ports[i];
	uint32_t n_lanes = (uint32_t)primary->conf->nb_cores;

	if (!primary->workers.ports.polled[i])
		return hp_port_open(&primary->ports[i], conf, primary->pools, n_lanes, err);
	return hp_port_open_for_workers(&primary->ports[i], conf, primary->workers.pools,
		(uint32_t)primary->conf->workers, n_lanes, err);
}

static void fill_conf(struct hp_primary *primary)
{
	struct hp_workers *workers = &primary->workers;
	struct hp_wq_conf *conf = &workers->conf;

	memset(conf->pair, HP_WQ_NO_PAIR, sizeof(conf->pair));
	conf->txq_first = primary->n_lanes;
	for (uint32_t i = 0; i < primary->conf->n_ports; i++) {
		const struct hp_port *port = &primary->ports[i];
		struct hp_wq_port *wp = &conf->ports[conf->n_ports];
		int pair = workers->ports.pair[i];

		if (pair < 0)
			continue;
		conf->pair[port->port_id] = (uint8_t)primary->ports[pair].port_id;
		if (!workers->ports.polled[i]) {
			HP_LOG(NOTICE,
				"port '%s': a worker cannot poll %s in its own process: its "
				"packets are spread over the workers' links by flow",
				port->name, port->device);
			continue;
		}
		snprintf(wp->device, sizeof(wp->device), "%s", port->device);
		wp->port_id = port->port_id;
		wp->pair = conf->pair[port->port_id];
		conf->n_ports++;
	}
	if (conf->n_ports > 0)
		conf->n_queues = (uint32_t)primary->conf->workers;
	for (uint32_t q = 0; q < conf->n_queues; q++)
		conf->pools[q] = (uintptr_t)workers->pools[q].mp;
}

_Static_assert(HP_MEMBERS_MAX <= HP_LIFELINES_MAX, "raise HP_LIFELINES_MAX");

static void on_end(void *arg, uint32_t slot)
{
	struct hp_primary *primary = arg;

	primary->slots[slot].ended = true;
	hp_workers_died(primary, slot);
}

// Without it their queues stand until the kernel closes the connection.
static void open_lifelines(struct hp_primary *primary)
{
	primary->workers.lifelines = hp_lifelines_new(primary->loop, on_end, primary);
	if (primary->workers.lifelines == NULL)
		HP_LOG(NOTICE,
			"futex_waitv: %s: the death of a worker is heard of some milliseconds "
			"later",
			strerror(errno));
}

void hp_workers_watch(struct hp_primary *primary, uint32_t slot)
{
	_Atomic uint32_t *word = &hp_group_slot(&primary->group, slot)->lifeline;

	if (primary->workers.lifelines != NULL && atomic_load(word) != 0)
		hp_lifelines_watch(primary->workers.lifelines, slot, word);
}

void hp_workers_unwatch(struct hp_primary *primary, uint32_t slot)
{
	struct hp_workers *workers = &primary->workers;

	if (workers->lifelines == NULL)
		return;
	if (slot < HP_MEMBERS_MAX) {
		hp_lifelines_forget(workers->lifelines, slot);
		return;
	}
	hp_lifelines_free(workers->lifelines);
	workers->lifelines = NULL;
}

int hp_workers_open(struct hp_primary *primary)
{
	struct hp_workers *workers = &primary->workers;
	struct hp_wq_shm *shm;

	if (primary->group.hdr->n_wqs == 0)
		return 0;
	fill_conf(primary);
	shm = hp_group_wq(&primary->group);
	shm->conf = workers->conf;
	for (uint32_t q = 0; q < HP_WORKERS_MAX; q++) {
		workers->queues[q] = (struct hp_worker_queue){.holder = HP_WQ_NOBODY, .home = -1};
		atomic_store(&shm->queues[q].grant, HP_WQ_NOBODY << 8 | HP_WQ_NOBODY);
	}
	if (workers->conf.n_queues == 0)
		return 0;
	workers->loops = calloc(primary->n_lanes, sizeof(*workers->loops));
	if (workers->loops == NULL)
		return -ENOMEM;
	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		hp_wq_open(&workers->loops[l], &primary->group, &workers->conf,
			(uint8_t)(HP_WQ_LANE + l));
		primary->lanes[l].wq = &workers->loops[l];
	}
	open_lifelines(primary);
	hp_workers_rebalance(primary);
	return 0;
}

void hp_workers_close(struct hp_primary *primary)
{
	struct hp_workers *workers = &primary->workers;

	hp_loop_timer_del(workers->timer);
	workers->timer = NULL;
	free(workers->loops);
	workers->loops = NULL;
	for (uint32_t q = 0; q < HP_WORKERS_MAX; q++)
		if (workers->pools[q].mp != NULL)
			hp_pool_destroy(&workers->pools[q]);
}

bool hp_workers_poll(const struct hp_primary *primary, uint16_t port_id)
{
	const struct hp_wq_conf *conf = &primary->workers.conf;

	if ((primary->workers.gone >> port_id & 1) != 0)
		return false;
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].port_id == port_id)
			return true;
	return false;
}

void hp_workers_forget_port(struct hp_primary *primary, uint32_t port)
{
	struct hp_workers *workers = &primary->workers;
	uint16_t port_id = primary->ports[port].port_id;

	if (workers->ports.pair[port] < 0 && !hp_workers_poll(primary, port_id))
		return;
	workers->gone |= UINT64_C(1) << port_id;
	for (unsigned int i = 0; i < HP_PORTS_MAX; i++)
		if (workers->conf.pair[i] == port_id)
			workers->conf.pair[i] = HP_WQ_NO_PAIR;
	workers->conf.pair[port_id] = HP_WQ_NO_PAIR;
	for (uint32_t i = 0; i < HP_PORTS_MAX; i++)
		if (workers->ports.pair[i] == (int8_t)port)
			workers->ports.pair[i] = -1;
	workers->ports.pair[port] = -1;
}

static bool any_live(const struct hp_primary *primary)
{
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		if (primary->clients[i].used && primary->clients[i].worker &&
			primary->clients[i].slot >= 0 && !primary->clients[i].stuck)
			return true;
	return false;
}

static void add_dest(struct hp_hop *hop, enum hp_dest_kind kind, uint8_t id)
{
	hop->dest[hop->n++] = (struct hp_dest){.kind = (uint8_t)kind, .id = id};
}

void hp_workers_fill_port(const struct hp_primary *primary, struct hp_plan_port *port)
{
	const struct hp_config *conf = primary->conf;
	uint8_t pair;

	if (conf->workers == 0 || port->hop.n > 0)
		return;
	pair = primary->workers.conf.pair[port->port_id];
	port->skip = hp_workers_poll(primary, port->port_id);
	if (pair == HP_WQ_NO_PAIR || port->skip)
		return;
	port->hop.spread = HP_SPREAD_HASH;
	port->stamp = true;
	if (conf->primary_worker) {
		add_dest(&port->hop, HP_DEST_PORT, pair);
	} else if (!any_live(primary) && conf->policy == HP_POLICY_BYPASS) {
		add_dest(&port->hop, HP_DEST_PORT, pair);
		return;
	} else if (!any_live(primary) && conf->policy == HP_POLICY_HOLD) {
		port->skip = true;
		return;
	}
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		if (primary->clients[i].used && primary->clients[i].worker)
			add_dest(&port->hop, HP_DEST_CLIENT, (uint8_t)i);
}

void hp_workers_publish(const struct hp_primary *primary)
{
	static const uint32_t without[] = {
		[HP_POLICY_DROP] = HP_WQ_DROP,
		[HP_POLICY_BYPASS] = HP_WQ_PASS,
		[HP_POLICY_HOLD] = HP_WQ_LEAVE,
	};
	struct hp_wq_shm *shm;

	if (primary->group.hdr->n_wqs == 0)
		return;
	shm = hp_group_wq(&primary->group);
	atomic_store(&shm->without,
		primary->conf->primary_worker ? HP_WQ_PASS : without[primary->conf->policy]);
	atomic_store(&shm->forwarding, primary->forwarding);
}

static uint64_t in_books(const struct hp_primary *primary, unsigned int client)
{
	uint64_t n = 0;

	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		const struct hp_client_counters *c = primary->lanes[l].clients[client].count;

		n += hp_counted(&c->in_flight) + hp_counted(&c->shut_in);
	}
	return n;
}

// Pods get new names each time: a name whose worker is gone makes room for the next.
static int reuse_name(struct hp_primary *primary, const char *name)
{
	for (int i = 0; i < HP_CLIENTS_MAX; i++) {
		struct hp_client *client = &primary->clients[i];

		if (!client->used || !client->worker || client->slot >= 0 ||
			in_books(primary, (unsigned int)i) > 0)
			continue;
		snprintf(client->name, sizeof(client->name), "%s", name);
		client->joins = 0;
		client->stuck_count = 0;
		for (uint32_t q = 0; q < primary->workers.conf.n_queues; q++)
			if (primary->workers.queues[q].home == i)
				primary->workers.queues[q].home = -1;
		return i;
	}
	return -ENOSPC;
}

int hp_workers_name(struct hp_primary *primary, const char *name)
{
	unsigned int n = 0;
	int i = hp_primary_find_client(primary, name);

	if (i >= 0)
		return primary->clients[i].worker ? i : -EEXIST;
	for (i = 0; i < HP_CLIENTS_MAX; i++)
		n += primary->clients[i].used && primary->clients[i].worker;
	i = n < NAMES_MAX ? hp_primary_add_client(primary, name) : -ENOSPC;
	if (i < 0)
		return reuse_name(primary, name);
	primary->clients[i].worker = true;
	primary->clients[i].policy = HP_POLICY_DROP; // the group's is followed at the port
	return i;
}
