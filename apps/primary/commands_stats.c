// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What ports are and have counted, with testpmd's names. To clear a counter is to remember what it
// said: the counters themselves go on, because the books of the group have to balance.

#include "base/hp_time.h"
#include "commands.h"
#include "primary.h"

#include <rte_errno.h>
#include <rte_ether.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** What a port had counted when somebody last cleared or looked. */
struct hp_port_view {
	struct hp_port_totals cleared; // "clear port stats"
	struct rte_eth_stats device_cleared;
	struct hp_port_totals fwd_cleared; // "clear fwd stats"
	uint64_t *xstats_cleared; // [n_xstats]
	unsigned int n_xstats;
	struct hp_port_totals seen; // "show port stats": for rates
	uint64_t seen_us;
};

// Nothing is cleared until somebody asks.
static bool have_views(struct hp_primary *primary)
{
	if (primary->views == NULL)
		primary->views = calloc(HP_PORTS_MAX, sizeof(*primary->views));
	return primary->views != NULL;
}

void hp_primary_forget_view(struct hp_primary *primary, uint32_t i)
{
	if (primary->views == NULL)
		return;
	free(primary->views[i].xstats_cleared);
	memset(&primary->views[i], 0, sizeof(primary->views[i]));
}

void hp_primary_free_views(struct hp_primary *primary)
{
	for (uint32_t i = 0; i < HP_PORTS_MAX; i++)
		hp_primary_forget_view(primary, i);
	free(primary->views);
	primary->views = NULL;
}

// A driver that starts anew counts from zero.
static uint64_t since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static uint64_t per_second(uint64_t n, uint64_t us)
{
	return us == 0 ? 0 : (uint64_t)((double)n * 1e6 / (double)us);
}

static void show_rates(
	struct hp_out *out, struct hp_port_view *view, const struct hp_port_totals *now)
{
	uint64_t now_us = hp_now_us();
	uint64_t us = view->seen_us != 0 ? now_us - view->seen_us : 0;

	hp_out_uint(out, "rx_pps", per_second(since(now->rx_packets, view->seen.rx_packets), us));
	hp_out_uint(out, "rx_bps", per_second(8 * since(now->rx_bytes, view->seen.rx_bytes), us));
	hp_out_uint(out, "tx_pps", per_second(since(now->tx_packets, view->seen.tx_packets), us));
	hp_out_uint(out, "tx_bps", per_second(8 * since(now->tx_bytes, view->seen.tx_bytes), us));
	view->seen = *now;
	view->seen_us = now_us;
}

static void show_stats(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	const struct hp_port *port = &primary->ports[i];
	struct hp_port_view *view = &primary->views[i];
	struct rte_eth_stats device = {0};
	const struct rte_eth_stats *from = &view->device_cleared;
	struct hp_port_totals now;

	hp_totals_port(primary, i, &now);
	if (!port->closed)
		rte_eth_stats_get(port->port_id, &device); // zero where a driver has none
	hp_out_object(out, NULL);
	hp_out_uint(out, "id", port->port_id);
	hp_out_str(out, "name", port->name);
	hp_out_uint(out, "rx_packets", since(now.rx_packets, view->cleared.rx_packets));
	hp_out_uint(out, "rx_missed", since(device.imissed, from->imissed));
	hp_out_uint(out, "rx_bytes", since(now.rx_bytes, view->cleared.rx_bytes));
	hp_out_uint(out, "rx_errors", since(device.ierrors, from->ierrors));
	hp_out_uint(out, "rx_nombuf", since(device.rx_nombuf, from->rx_nombuf));
	hp_out_uint(out, "tx_packets", since(now.tx_packets, view->cleared.tx_packets));
	hp_out_uint(out, "tx_errors", since(device.oerrors, from->oerrors));
	hp_out_uint(out, "tx_bytes", since(now.tx_bytes, view->cleared.tx_bytes));
	show_rates(out, view, &now);
	hp_out_end(out);
}

static void show_link(const struct hp_port *port, struct hp_out *out)
{
	struct rte_eth_link link = {0};

	if (port->closed || rte_eth_link_get_nowait(port->port_id, &link) < 0)
		link = (struct rte_eth_link){0}; // not known is shown as down
	hp_out_str(out, "link", link.link_status != 0 ? "up" : "down");
	if (link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		hp_out_str(out, "speed_mbps", NULL);
	else
		hp_out_uint(out, "speed_mbps", link.link_speed);
}

// What the driver says of a device; zeros of one that is closed or was taken out.
static struct rte_eth_dev_info info_of(const struct hp_port *port)
{
	struct rte_eth_dev_info info = {0};

	if (port->closed || rte_eth_dev_info_get(port->port_id, &info) < 0)
		info = (struct rte_eth_dev_info){0};
	return info;
}

static const char *state_of(const struct hp_port *port)
{
	return port->closed ? "closed" : port->started ? "started" : "stopped";
}

static void show_head(
	const struct hp_port *port, const struct rte_eth_dev_info *info, struct hp_out *out)
{
	struct rte_ether_addr addr = {0};
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	if (!port->closed)
		rte_eth_macaddr_get(port->port_id, &addr);
	rte_ether_format_addr(mac, sizeof(mac), &addr);
	hp_out_object(out, NULL);
	hp_out_uint(out, "id", port->port_id);
	hp_out_str(out, "name", port->name);
	hp_out_str(out, "device", port->device);
	hp_out_str(out, "driver", info->driver_name);
	hp_out_str(out, "mac", mac);
	hp_out_str(out, "state", state_of(port));
	show_link(port, out);
}

static void show_summary(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	struct rte_eth_dev_info info = info_of(&primary->ports[i]);

	show_head(&primary->ports[i], &info, out);
	hp_out_end(out);
}

static void show_info(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	const struct hp_port *port = &primary->ports[i];
	struct rte_eth_dev_info info = info_of(port);
	uint16_t mtu = 0;

	if (!port->closed)
		rte_eth_dev_get_mtu(port->port_id, &mtu);
	show_head(port, &info, out);
	if (port->closed) {
		hp_out_end(out);
		return;
	}
	hp_out_int(out, "numa_node", rte_eth_dev_socket_id(port->port_id));
	hp_out_uint(out, "mtu", mtu);
	hp_out_bool(out, "promiscuous", rte_eth_promiscuous_get(port->port_id) == 1);
	hp_out_bool(out, "allmulticast", rte_eth_allmulticast_get(port->port_id) == 1);
	hp_out_uint(out, "rxq", port->n_rxq);
	hp_out_uint(out, "rxq_max", info.max_rx_queues);
	hp_out_uint(out, "txq", port->n_txq);
	hp_out_uint(out, "txq_max", info.max_tx_queues);
	hp_out_uint(out, "rx_frame_max", info.max_rx_pktlen);
	hp_out_uint(out, "rss_table", info.reta_size);
	hp_out_end(out);
}

/** The extended statistics of a port. */
struct xstats {
	unsigned int n;
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;
};

static void free_xstats(struct xstats *x)
{
	free(x->names);
	free(x->values);
}

// None is no error: many virtual devices have none of their own.
static int get_xstats(const struct hp_port *port, struct xstats *x)
{
	uint16_t port_id = port->port_id;
	int n = port->closed ? 0 : rte_eth_xstats_get_names(port_id, NULL, 0);

	*x = (struct xstats){0};
	if (n <= 0)
		return 0;
	x->names = calloc((size_t)n, sizeof(*x->names));
	x->values = calloc((size_t)n, sizeof(*x->values));
	if (x->names == NULL || x->values == NULL)
		return -ENOMEM;
	if (rte_eth_xstats_get_names(port_id, x->names, (unsigned int)n) == n &&
		rte_eth_xstats_get(port_id, x->values, (unsigned int)n) == n)
		x->n = (unsigned int)n;
	return 0;
}

static void show_xstats(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	const struct hp_port_view *view = &primary->views[i];
	struct xstats x;

	if (get_xstats(&primary->ports[i], &x) == 0) {
		for (unsigned int k = 0; k < x.n; k++) {
			uint64_t before = k < view->n_xstats ? view->xstats_cleared[k] : 0;

			hp_out_object(out, NULL);
			hp_out_uint(out, "id", primary->ports[i].port_id);
			hp_out_str(out, "name", primary->ports[i].name);
			hp_out_str(out, "xstat", x.names[x.values[k].id].name);
			hp_out_uint(out, "value", since(x.values[k].value, before));
			hp_out_end(out);
		}
	}
	free_xstats(&x);
}

static int no_memory(struct hp_out *out)
{
	return hp_cli_fail(out, ENOMEM, "out of memory");
}

static int show_port(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	static const struct {
		const char *what;
		void (*show)(struct hp_primary *primary, uint32_t i, struct hp_out *out);
	} shows[] = {
		{"info", show_info},
		{"summary", show_summary},
		{"stats", show_stats},
		{"xstats", show_xstats},
		{"rss", hp_primary_show_rss},
	};
	struct hp_primary *primary = ctx;
	const char *what = hp_cli_word(args, 2), *which = hp_cli_str(args, "ports");
	uint32_t s = 0;
	uint64_t ports;

	if (hp_primary_pick_ports(primary, which, &ports, out) < 0)
		return -ENOENT;
	if (!have_views(primary))
		return no_memory(out);
	while (strcmp(shows[s].what, what) != 0)
		s++;
	hp_out_array(out, "ports");
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if ((ports >> i & 1) != 0)
			shows[s].show(primary, i, out);
	hp_out_end(out);
	return 0;
}

static void clear_stats(struct hp_primary *primary, uint32_t i)
{
	struct hp_port_view *view = &primary->views[i];

	hp_totals_port(primary, i, &view->cleared);
	if (!primary->ports[i].closed)
		rte_eth_stats_get(primary->ports[i].port_id, &view->device_cleared);
}

static int clear_xstats(struct hp_primary *primary, uint32_t i)
{
	struct hp_port_view *view = &primary->views[i];
	struct xstats x;
	int ret = get_xstats(&primary->ports[i], &x);

	free(view->xstats_cleared);
	view->n_xstats = 0;
	view->xstats_cleared = calloc(x.n + 1, sizeof(*view->xstats_cleared));
	if (ret < 0 || view->xstats_cleared == NULL) {
		ret = -ENOMEM;
	} else {
		for (unsigned int k = 0; k < x.n; k++)
			view->xstats_cleared[k] = x.values[k].value;
		view->n_xstats = x.n;
	}
	free_xstats(&x);
	return ret;
}

static int clear_port(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	bool extended = strcmp(hp_cli_word(args, 2), "xstats") == 0;
	uint64_t ports;

	if (hp_primary_pick_ports(primary, hp_cli_str(args, "ports"), &ports, out) < 0)
		return -ENOENT;
	if (!have_views(primary))
		return no_memory(out);
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		if ((ports >> i & 1) == 0)
			continue;
		if (!extended)
			clear_stats(primary, i);
		else if (clear_xstats(primary, i) < 0)
			return no_memory(out);
	}
	return 0;
}

static int show_fwd(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;

	(void)args;
	if (!have_views(primary))
		return no_memory(out);
	hp_out_array(out, "ports");
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		const struct hp_port_totals *from = &primary->views[i].fwd_cleared;
		struct hp_port_totals now;

		if (!hp_port_is_there(&primary->ports[i]))
			continue;
		hp_totals_port(primary, i, &now);
		hp_out_object(out, NULL);
		hp_out_uint(out, "id", primary->ports[i].port_id);
		hp_out_str(out, "name", primary->ports[i].name);
		hp_out_uint(out, "rx_packets", since(now.rx_packets, from->rx_packets));
		hp_out_uint(out, "tx_packets", since(now.tx_packets, from->tx_packets));
		hp_out_uint(out, "tx_dropped",
			since(now.drops[HP_DROP_TX_FULL], from->drops[HP_DROP_TX_FULL]));
		hp_out_uint(out, "dropped", since(now.dropped, from->dropped));
		hp_out_end(out);
	}
	hp_out_end(out);
	return 0;
}

static int clear_fwd(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;

	(void)args;
	if (!have_views(primary))
		return no_memory(out);
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]))
			hp_totals_port(primary, i, &primary->views[i].fwd_cleared);
	return 0;
}

const struct hp_cli_cmd hp_primary_stats_commands[] = {
	{"show port (info|summary|stats|xstats|rss) <ports>", show_port, "Ports",
		"A port (id, name or 'all'): what it is; in short; what it has counted since "
		"'clear', with rates since the last look; what its driver counts besides; what "
		"its device hashes, and the entries of its table for each receive queue.",
		"same, as text alone; no names of ports; `show port N rss reta`, `rss-hash`"},
	{"clear port (stats|xstats) <ports>", clear_port, "Ports",
		"Let 'show port' count from zero; 'show ports' and 'show drops' go on.",
		"same; resets the device's counters too"},
	{"show fwd stats all", show_fwd, "Ports",
		"What each port has forwarded since 'clear fwd stats all'.", "same"},
	{"clear fwd stats all", clear_fwd, "Ports", "Let 'show fwd stats all' count from zero.",
		"same"},
	{NULL},
};
