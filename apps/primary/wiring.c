// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Which ports are wired to which, and the packet function between them. Control thread.

#include "wiring.h"

#include "primary.h"

#include <rte_ether.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// A port belongs to whoever has a use for it: a patch, the workers, then the wiring.
static bool may_be_wired(const struct hp_primary *primary, uint32_t i)
{
	const struct hp_port *port = &primary->ports[i];

	if (!hp_port_is_there(port) || port->closed || primary->port_hops[i].n > 0)
		return false;
	if ((primary->conf->forward_ports >> port->port_id & 1) == 0)
		return false;
	return primary->conf->workers == 0 ||
	       primary->workers.conf.pair[port->port_id] == HP_WQ_NO_PAIR;
}

// Ports that are wired, by DPDK's id, in their order.
static uint32_t find_wired(const struct hp_primary *primary, int8_t *ids)
{
	uint32_t n = 0;

	if (primary->conf->forward_mode == 0)
		return 0;
	for (uint32_t i = 0; i < primary->n_ports && n < primary->nbport; i++)
		if (may_be_wired(primary, i))
			ids[n++] = (int8_t)primary->ports[i].port_id;
	return n;
}

// 0 with 1, 2 with 3, an odd last one with itself; or as --port-topology says.
static void find_pairs(const struct hp_primary *primary, int8_t *pair)
{
	int8_t ids[HP_PORTS_MAX];
	uint32_t n = find_wired(primary, ids);

	memset(pair, -1, HP_PORTS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t to = i;

		if (primary->conf->port_topology == HP_TOPOLOGY_CHAINED)
			to = (i + 1) % n;
		else if (primary->conf->port_topology == HP_TOPOLOGY_PAIRED && (i ^ 1) < n)
			to = i ^ 1;
		pair[ids[i]] = ids[to];
	}
}

// Of 'set eth-peer', then of --eth-peer, then testpmd's own choice.
static void find_peer(const struct hp_primary *primary, uint16_t port_id, char *text, size_t size)
{
	if (!rte_is_zero_ether_addr(&primary->peers[port_id])) {
		rte_ether_format_addr(text, (uint16_t)size, &primary->peers[port_id]);
		return;
	}
	snprintf(text, size, "02:00:00:00:00:%02x", (unsigned int)(port_id & 0xff));
	for (uint32_t i = 0; i < primary->conf->eth_peers.n; i++) {
		const char *item = primary->conf->eth_peers.items[i];

		if (strtoul(item, NULL, 10) == port_id)
			snprintf(text, size, "%s", strchr(item, ',') + 1);
	}
}

/** Settings of a function as --set would give them. */
struct settings {
	char text[2][48];
	char *items[2];
	struct hp_strlist list;
};

static void add_setting(struct settings *sets, const char *key, const char *value)
{
	char *text = sets->text[sets->list.n];

	snprintf(text, sizeof(sets->text[0]), "%s=%s", key, value);
	sets->items[sets->list.n++] = text;
	sets->list.items = sets->items;
}

// What testpmd does by itself: addresses in mode mac, right checksums in mode csum, the length of
// frames that are made.
static void find_settings(const struct hp_primary *primary, const struct hp_func *func,
	uint16_t out, struct settings *sets)
{
	char text[RTE_ETHER_ADDR_FMT_SIZE];
	struct rte_ether_addr addr;

	if (func->want != NULL) {
		snprintf(text, sizeof(text), "%" PRIu64, primary->conf->tx_length);
		add_setting(sets, "length", text);
	}
	if (strcmp(func->name, "csum") == 0)
		add_setting(sets, "mode", "fix");
	if (strcmp(func->name, "mac") != 0)
		return;
	if (rte_eth_macaddr_get(out, &addr) == 0) {
		rte_ether_format_addr(text, sizeof(text), &addr);
		add_setting(sets, "src", text);
	}
	find_peer(primary, out, text, sizeof(text));
	add_setting(sets, "dst", text);
}

static int make_port(const struct hp_primary *primary, struct hp_wiring *wiring, uint16_t port_id,
	struct hp_err *err)
{
	const struct hp_func *func = wiring->func;
	struct settings sets = {0};
	int ret;

	find_settings(primary, func, (uint16_t)wiring->pair[port_id], &sets);
	ret = hp_func_conf_new(func, &sets.list, &wiring->conf[port_id], err);
	for (uint32_t l = 0; ret == 0 && func->init != NULL && l < primary->n_lanes; l++)
		ret = func->init(&wiring->states[port_id][l], wiring->conf[port_id],
			rte_eth_dev_socket_id(port_id), err);
	return ret;
}

struct hp_wiring *hp_wiring_make(
	const struct hp_primary *primary, struct hp_wiring *current, struct hp_err *err)
{
	struct hp_wiring *made = calloc(1, sizeof(*made));
	int ret = 0;

	if (made == NULL) {
		hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
		return NULL;
	}
	find_pairs(primary, made->pair);
	if (primary->conf->forward_mode != 0)
		made->func = hp_func_find(hp_config_forward_modes[primary->conf->forward_mode]);
	made->changes = primary->wiring_changes;
	if (current != NULL && current->func == made->func && current->changes == made->changes &&
		memcmp(current->pair, made->pair, sizeof(made->pair)) == 0) {
		free(made);
		return current;
	}
	for (uint16_t i = 0; ret == 0 && i < HP_PORTS_MAX; i++)
		if (made->func != NULL && made->pair[i] >= 0)
			ret = make_port(primary, made, i, err);
	if (ret < 0) {
		hp_wiring_free(made);
		return NULL;
	}
	return made;
}

void hp_wiring_free(struct hp_wiring *wiring)
{
	if (wiring == NULL)
		return;
	for (uint32_t i = 0; wiring->func != NULL && i < HP_PORTS_MAX; i++) {
		for (uint32_t l = 0; wiring->func->fini != NULL && l < HP_LANES_MAX; l++)
			if (wiring->states[i][l] != NULL)
				wiring->func->fini(wiring->states[i][l]);
		hp_func_conf_free(wiring->func, wiring->conf[i]);
	}
	free(wiring);
}

void hp_wiring_fill_port(const struct hp_wiring *wiring, struct hp_plan_port *port)
{
	int pair = wiring->pair[port->port_id];

	if (wiring->func == NULL || pair < 0)
		return;
	port->hop.n = 1;
	port->hop.spread = HP_SPREAD_HASH;
	port->hop.dest[0] = (struct hp_dest){.kind = HP_DEST_PORT, .id = (uint8_t)pair};
	port->func = wiring->func;
	port->states = wiring->states[port->port_id];
}
