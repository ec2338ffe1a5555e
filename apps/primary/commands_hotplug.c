// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands that attach and detach ports.

#include "commands.h"
#include "primary.h"

#include <errno.h>

static int attach(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	struct hp_err err = {0};
	int i;

	i = hp_primary_attach_port(
		primary, hp_cli_str(args, "devargs"), hp_cli_str(args, "name"), &err);
	if (i < 0)
		return hp_cli_fail(out, -i, "%s", err.text);
	hp_out_object(out, "attached");
	hp_out_uint(out, "id", primary->ports[i].port_id);
	hp_out_str(out, "name", primary->ports[i].name);
	hp_out_str(out, "device", primary->ports[i].device);
	hp_out_end(out);
	return 0;
}

static int detach(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	const char *name = hp_cli_str(args, "port");
	int i = hp_primary_find_port(primary, name);
	struct hp_err err = {0};
	int ret;

	if (i < 0)
		return hp_cli_fail(
			out, ENOENT, "there is no port '%s'; 'show ports' lists them", name);
	ret = hp_primary_detach_port(primary, (uint32_t)i, &err);
	return ret < 0 ? hp_cli_fail(out, -ret, "%s", err.text) : 0;
}

static int show_detached(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	const struct hp_port_totals *t = &primary->detached;

	(void)args;
	hp_out_object(out, "detached");
	hp_out_uint(out, "ports", primary->n_detached);
	hp_out_uint(out, "rx_packets", t->rx_packets);
	hp_out_uint(out, "rx_bytes", t->rx_bytes);
	hp_out_uint(out, "tx_packets", t->tx_packets);
	hp_out_uint(out, "tx_bytes", t->tx_bytes);
	hp_out_uint(out, "copies", t->copies);
	hp_out_uint(out, "dropped", t->dropped);
	hp_out_end(out);
	return 0;
}

const struct hp_cli_cmd hp_primary_hotplug_commands[] = {
	{"port attach <devargs> [<name>]", attach, "Ports",
		"Make a virtual device and a port of it, while packets flow.",
		"`port attach DEVARGS`, without a name"},
	{"port detach <port>", detach, "Ports",
		"Take a port out of use, out of the patches and away, while packets flow.",
		"`port detach PORT`, only after `stop` and `port stop`"},
	{"show detached", show_detached, "Ports",
		"What ports that are detached have received, sent and dropped, all together."},
	{NULL},
};
