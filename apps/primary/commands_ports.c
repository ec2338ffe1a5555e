// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands about single ports, with testpmd's names.

#include "commands.h"
#include "primary.h"

#include <rte_errno.h>

#include <errno.h>
#include <string.h>

/** What is done to one port of (<port>|all). 0, or -errno after hp_cli_fail(). */
typedef int (*each_port)(struct hp_primary *primary, uint32_t i, struct hp_out *out);

int hp_primary_pick_ports(
	const struct hp_primary *primary, const char *which, uint64_t *ports, struct hp_out *out)
{
	int i = hp_primary_find_port(primary, which);

	*ports = 0;
	if (i >= 0) {
		*ports = UINT64_C(1) << i;
		return 0;
	}
	if (strcmp(which, "all") != 0)
		return hp_cli_fail(out, ENOENT,
			"there is no port '%s'; 'show ports' lists them, 'all' means every one",
			which);
	for (uint32_t k = 0; k < primary->n_ports; k++)
		if (hp_port_is_there(&primary->ports[k]))
			*ports |= UINT64_C(1) << k;
	return 0;
}

static int for_ports(
	struct hp_primary *primary, const char *which, each_port each, struct hp_out *out)
{
	uint64_t ports;
	int ret = hp_primary_pick_ports(primary, which, &ports, out);

	for (uint32_t i = 0; ret == 0 && i < primary->n_ports; i++)
		if ((ports >> i & 1) != 0)
			ret = each(primary, i, out);
	return ret;
}

static int fail_port(
	const struct hp_primary *primary, uint32_t i, const char *what, int ret, struct hp_out *out)
{
	return hp_cli_fail(out, -ret, "port %s (%s): %s: %s", primary->ports[i].name,
		primary->ports[i].device, what, rte_strerror(-ret));
}

// Drivers take mbufs of the lanes' pools when they start, and free some when they stop or close.
static int while_parked(struct hp_primary *primary, uint32_t i, int (*action)(struct hp_port *port))
{
	int ret = hp_primary_park(primary);
	int taken;

	if (ret < 0)
		return ret;
	ret = action(&primary->ports[i]);
	taken = hp_primary_unpark(primary);
	return ret < 0 ? ret : taken;
}

static int close_port(struct hp_port *port)
{
	hp_port_close(port);
	return 0;
}

static int stop_one(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	struct hp_err err = {0};
	int ret = hp_primary_withdraw_port(primary, i, &err);

	if (ret < 0)
		return hp_cli_fail(out, -ret, "%s", err.text);
	ret = while_parked(primary, i, hp_port_stop);
	return ret < 0 ? fail_port(primary, i, "stop", ret, out) : 0;
}

static int start_one(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	struct hp_err err = {0};
	int ret;

	if (primary->ports[i].closed)
		return hp_cli_fail(
			out, ENODEV, "port %s is closed for good", primary->ports[i].name);
	ret = while_parked(primary, i, hp_port_start);
	if (ret < 0)
		return fail_port(primary, i, "start", ret, out);
	ret = hp_primary_restore_port(primary, i, &err);
	return ret < 0 ? hp_cli_fail(out, -ret, "%s", err.text) : 0;
}

static int close_one(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	int ret = stop_one(primary, i, out);

	return ret == 0 ? while_parked(primary, i, close_port) : ret;
}

static int port_action(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *action = hp_cli_word(args, 1);
	each_port each = strcmp(action, "start") == 0  ? start_one
			 : strcmp(action, "stop") == 0 ? stop_one
						       : close_one;

	return for_ports(ctx, hp_cli_str(args, "ports"), each, out);
}

static int set_promisc(uint16_t port_id, bool on)
{
	return on ? rte_eth_promiscuous_enable(port_id) : rte_eth_promiscuous_disable(port_id);
}

static int set_allmulti(uint16_t port_id, bool on)
{
	return on ? rte_eth_allmulticast_enable(port_id) : rte_eth_allmulticast_disable(port_id);
}

static int set_receive(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	const char *mode = hp_cli_word(args, 1), *which = hp_cli_str(args, "ports");
	int (*set)(uint16_t port_id, bool on) = *mode == 'p' ? set_promisc : set_allmulti;
	bool on = strcmp(hp_cli_word(args, 3), "on") == 0;
	uint64_t ports;
	int ret = hp_primary_pick_ports(primary, which, &ports, out);

	for (uint32_t i = 0; ret == 0 && i < primary->n_ports; i++) {
		const struct hp_port *port = &primary->ports[i];

		if ((ports >> i & 1) == 0)
			continue;
		ret = port->closed ? -ENODEV : set(port->port_id, on);
		if (ret < 0)
			fail_port(primary, i, mode, ret, out);
	}
	return ret;
}

static int link_up(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	int ret = primary->ports[i].closed ? -ENODEV
					   : rte_eth_dev_set_link_up(primary->ports[i].port_id);

	return ret < 0 ? fail_port(primary, i, "link-up", ret, out) : 0;
}

static int link_down(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	int ret = primary->ports[i].closed ? -ENODEV
					   : rte_eth_dev_set_link_down(primary->ports[i].port_id);

	return ret < 0 ? fail_port(primary, i, "link-down", ret, out) : 0;
}

static int set_link(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	bool up = strcmp(hp_cli_word(args, 1), "link-up") == 0;

	return for_ports(ctx, hp_cli_str(args, "ports"), up ? link_up : link_down, out);
}

static int set_mtu(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	uint64_t mtu = hp_cli_uint(args, "bytes", 0);
	struct hp_primary *primary = ctx;
	uint64_t ports;
	int ret = hp_primary_pick_ports(primary, hp_cli_str(args, "ports"), &ports, out);

	for (uint32_t i = 0; ret == 0 && i < primary->n_ports; i++) {
		const struct hp_port *port = &primary->ports[i];

		if ((ports >> i & 1) == 0)
			continue;
		ret = port->closed ? -ENODEV : rte_eth_dev_set_mtu(port->port_id, (uint16_t)mtu);
		if (ret < 0)
			fail_port(primary, i, "mtu", ret, out);
	}
	return ret;
}

const struct hp_cli_cmd hp_primary_port_commands[] = {
	{"port (start|stop|close) <ports>", port_action, "Ports",
		"Start or stop the device of a port (id, name or 'all'), or close it for good, "
		"while the others forward: packets for it are dropped as no-port meanwhile.",
		"same, but only after `stop`: here while packets flow"},
	{"set (link-up|link-down) port <ports>", set_link, "Ports",
		"Take the link of a port up or down, where its device can.", "same"},
	{"port config mtu <ports> <bytes:uint16>", set_mtu, "Ports",
		"Set the largest packet without its Ethernet header; some devices have to be "
		"stopped first.",
		"same"},
	{"set promisc <ports> (on|off)", set_receive, "Ports",
		"Receive all frames, or those for the port's own address.", "same"},
	{"set allmulti <ports> (on|off)", set_receive, "Ports",
		"Receive all multicast frames, or those that were asked for.", "same"},
	{NULL},
};
