// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// How the group forwards, shown and changed with testpmd's names.

#include "base/hp_log.h"
#include "commands.h"
#include "primary.h"

#include <rte_lcore.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void show_rxtx(const struct hp_primary *primary, struct hp_out *out)
{
	hp_out_object(out, NULL);
	hp_out_str(out, "mode", hp_config_forward_modes[primary->conf->forward_mode]);
	hp_out_uint(out, "burst", primary->conf->burst);
	hp_out_uint(out, "lanes", primary->n_lanes);
	hp_out_uint(out, "mbuf_size", primary->conf->mbuf_size);
	hp_out_uint(out, "mbufs", primary->conf->total_num_mbufs);
	hp_out_array(out, "ports");
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		const struct hp_port *port = &primary->ports[i];

		if (!hp_port_is_there(port))
			continue;
		hp_out_object(out, NULL);
		hp_out_uint(out, "id", port->port_id);
		hp_out_str(out, "name", port->name);
		hp_out_uint(out, "rxq", port->n_rxq);
		hp_out_uint(out, "rxd", port->n_rxd);
		hp_out_uint(out, "txq", port->n_txq);
		hp_out_uint(out, "txd", port->n_txd);
		hp_out_end(out);
	}
	hp_out_end(out);
	hp_out_end(out);
}

static void show_cores(const struct hp_primary *primary, struct hp_out *out)
{
	hp_out_array(out, "cores");
	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		unsigned int lcore = primary->lanes[l].lcore_id;

		hp_out_object(out, NULL);
		hp_out_uint(out, "lane", l);
		hp_out_uint(out, "lcore", lcore);
		hp_out_uint(out, "socket", rte_lcore_to_socket_id(lcore));
		hp_out_bool(out, "running", atomic_load(&primary->lanes[l].running));
		hp_out_end(out);
	}
	hp_out_end(out);
}

static const char *port_name(const struct hp_primary *primary, int port_id)
{
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]) && primary->ports[i].port_id == port_id)
			return primary->ports[i].name;
	return NULL;
}

// A receive queue that a lane polls is what testpmd calls a stream.
static void show_streams(
	const struct hp_primary *primary, const struct hp_port *port, struct hp_out *out)
{
	const struct hp_plan_port *pp = &primary->plan->ports[port->port_id];

	for (uint32_t q = 0; pp->used && !pp->skip && q < port->n_rxq; q++) {
		hp_out_object(out, NULL);
		hp_out_uint(out, "lane", hp_port_lane(port->port_id, q, primary->n_lanes));
		hp_out_str(out, "rx_port", port->name);
		hp_out_uint(out, "rx_queue", q);
		if (pp->func != NULL)
			hp_out_str(out, "tx_port", port_name(primary, pp->hop.dest[0].id));
		else
			hp_out_str(out, "tx_port", NULL);
		hp_out_str(out, "by",
			pp->func != NULL ? pp->func->name
			: pp->hop.n > 0  ? "patch"
					 : "nothing");
		hp_out_end(out);
	}
}

static void show_forwarding(const struct hp_primary *primary, struct hp_out *out)
{
	hp_out_object(out, NULL);
	hp_out_str(out, "mode", hp_config_forward_modes[primary->conf->forward_mode]);
	hp_out_bool(out, "forwarding", primary->forwarding);
	hp_out_array(out, "streams");
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]))
			show_streams(primary, &primary->ports[i], out);
	hp_out_end(out);
	hp_out_end(out);
}

static void show_txpkts(const struct hp_primary *primary, struct hp_out *out)
{
	hp_out_object(out, NULL);
	hp_out_str(out, "txpkts", primary->conf->txpkts);
	hp_out_uint(out, "length", primary->conf->tx_length);
	hp_out_end(out);
}

static int show_config(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *what = hp_cli_word(args, 2);

	if (strcmp(what, "rxtx") == 0)
		show_rxtx(ctx, out);
	else if (strcmp(what, "cores") == 0)
		show_cores(ctx, out);
	else if (strcmp(what, "txpkts") == 0)
		show_txpkts(ctx, out);
	else
		show_forwarding(ctx, out);
	return 0;
}

static int set_mode(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *mode = hp_cli_word(args, 2);
	struct hp_primary *primary = ctx;
	int before = primary->conf->forward_mode;
	int ret;

	for (int i = 0; hp_config_forward_modes[i] != NULL; i++)
		if (strcmp(hp_config_forward_modes[i], mode) == 0)
			primary->conf->forward_mode = i;
	ret = hp_primary_take_over(primary, out);
	if (ret == -ENOMEM)
		primary->conf->forward_mode = before;
	return ret;
}

static int set_nbport(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	uint64_t n = hp_cli_uint(args, "n", 0);
	struct hp_primary *primary = ctx;

	if (primary->n_ports == 0)
		return hp_cli_fail(out, ERANGE, "nbport %u: there are no ports", (unsigned int)n);
	if (n < 1 || n > primary->n_ports)
		return hp_cli_fail(out, ERANGE, "nbport %u: expected 1 to %u, the number of ports",
			(unsigned int)n, primary->n_ports);
	primary->nbport = n;
	return hp_primary_take_over(primary, out);
}

static int set_ports(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	bool list = strcmp(hp_cli_word(args, 1), "portlist") == 0;
	const char *text = hp_cli_str(args, list ? "list" : "mask"), *expected;
	struct hp_primary *primary = ctx;
	uint64_t mask, there = 0;

	expected = (list ? hp_config_parse_portlist : hp_config_parse_portmask)(text, &mask);
	if (expected != NULL)
		return hp_cli_fail(
			out, EINVAL, "%s '%s': expected %s", hp_cli_word(args, 1), text, expected);
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]))
			there |= UINT64_C(1) << primary->ports[i].port_id;
	if ((mask & ~there) != 0)
		return hp_cli_fail(out, ENOENT,
			"%s '%s': there is no port %d; 'show ports' lists them",
			hp_cli_word(args, 1), text, __builtin_ctzll(mask & ~there));
	primary->conf->forward_ports = mask;
	primary->nbport = HP_PORTS_MAX;
	return hp_primary_take_over(primary, out);
}

static int set_peer(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *port = hp_cli_str(args, "port"), *mac = hp_cli_str(args, "mac");
	struct hp_primary *primary = ctx;
	int i = hp_primary_find_port(primary, port);
	struct rte_ether_addr addr;

	if (i < 0)
		return hp_cli_fail(
			out, ENOENT, "there is no port '%s'; 'show ports' lists them", port);
	if (rte_ether_unformat_addr(mac, &addr) < 0 || rte_is_zero_ether_addr(&addr))
		return hp_cli_fail(out, EINVAL,
			"eth-peer '%s': expected a MAC address like 02:00:00:00:00:01", mac);
	primary->peers[primary->ports[i].port_id] = addr;
	primary->wiring_changes++;
	return hp_primary_take_over(primary, out);
}

static int set_txpkts(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *text = hp_cli_str(args, "lengths"), *expected;
	struct hp_primary *primary = ctx;
	char buf[80], *copy;
	uint64_t length;

	expected = hp_config_parse_txpkts(text, &length);
	if (expected == NULL)
		expected = hp_config_check_tx_length(primary->conf, length, buf, sizeof(buf));
	if (expected != NULL)
		return hp_cli_fail(out, EINVAL, "txpkts '%s': expected %s", text, expected);
	copy = strdup(text);
	if (copy == NULL)
		return hp_cli_fail(out, ENOMEM, "out of memory");
	free(primary->conf->txpkts);
	primary->conf->txpkts = copy;
	primary->conf->tx_length = length;
	primary->wiring_changes++;
	return hp_primary_take_over(primary, out);
}

static int set_flush_rx(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;

	(void)out;
	primary->conf->no_flush_rx = strcmp(hp_cli_word(args, 2), "off") == 0;
	return 0;
}

static int set_verbose(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	uint64_t n = hp_cli_uint(args, "level", 0);

	(void)ctx;
	if (n > HP_LOG_DEBUG)
		return hp_cli_fail(out, ERANGE,
			"verbose %u: expected 0 (errors alone) to 4 (everything)", (unsigned int)n);
	hp_log_set_level((enum hp_log_level)n);
	return 0;
}

const struct hp_cli_cmd hp_primary_config_commands[] = {
	{"show config (rxtx|cores|fwd|txpkts)", show_config, "Config",
		"Bursts, queues and descriptors; forwarding lcores; which lane polls what, and "
		"where it goes; the length of frames that are made.",
		"same; also `rxoffs`, `rxpkts`"},
	{"set fwd (none|io|mac|macswap|5tswap|csum|icmpecho|noisy|rxonly|flowgen|txonly)", set_mode,
		"Config",
		"Wire ports that have no patch to each other through this packet function; none: "
		"patches alone.",
		"same for these modes; `none` is not there"},
	{"set nbport <n:uint16>", set_nbport, "Config",
		"How many ports 'set fwd' wires at most, from the first.", "same"},
	{"set portlist <list>", set_ports, "Config",
		"Which ports 'set fwd' may wire, by number: '0,2-3'.",
		"same; pairs go by number, not by their place in the list"},
	{"set portmask <mask>", set_ports, "Config", "The same as a hexadecimal mask: '0x3'.",
		"same"},
	{"set eth-peer <port> <mac>", set_peer, "Config",
		"Where mode mac sends what leaves by a port.", "same"},
	{"set txpkts <lengths>", set_txpkts, "Config",
		"Bytes of a frame that 'start tx_first' and the modes txonly and flowgen make, "
		"without its FCS: '64', or '64,128' for their sum.",
		"same lengths; here a frame is one buffer, not one for each length"},
	{"set flush_rx (on|off)", set_flush_rx, "Config",
		"Whether 'start' drops what ports have received before, as flushed.",
		"same; off by default here"},
	{"set verbose <level:uint8>", set_verbose, "Config",
		"How much is logged, 0 (errors alone) to 4 (everything); packets are not.",
		"1 and above print packets; hp-capture shows them here"},
	{NULL},
};
