// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands that show and change nothing.

#include "base/hp_time.h"
#include "commands.h"
#include "primary.h"
#include "totals.h"

#include <rte_malloc.h>
#include <rte_version.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char *const state_names[] = {
	[HP_LEASE_FREE] = "free",
	[HP_LEASE_WAITING] = "waiting",
	[HP_LEASE_ATTACHING] = "attaching",
	[HP_LEASE_READY] = "ready",
	[HP_LEASE_LEAVING] = "leaving",
	[HP_LEASE_EVICTED] = "evicted",
	[HP_LEASE_RELEASING] = "releasing",
};

static bool is_stuck(const struct hp_primary *primary, uint32_t slot)
{
	const struct hp_primary_slot *ps = &primary->slots[slot];

	return ps->has_client && primary->clients[ps->client].stuck &&
	       primary->clients[ps->client].slot == (int32_t)slot;
}

static int show_group(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;

	(void)args;
	hp_out_object(out, "group");
	hp_out_str(out, "file_prefix", primary->conf->file_prefix);
	hp_out_uint(out, "generation", primary->group.hdr->generation);
	hp_out_uint(out, "uptime_ms", (hp_now_us() - primary->started_us) / 1000);
	hp_out_int(out, "pid", getpid());
	hp_out_uint(out, "restarts", primary->restarts);
	hp_out_str(out, "dpdk", rte_version());
	hp_out_str(out, "runtime_dir", primary->runtime_dir);
	hp_out_str(out, "huge_dir", primary->huge_dir);
	hp_out_str(out, "iova_mode", primary->iova_va ? "va" : "pa");
	hp_out_bool(out, "forwarding", primary->forwarding);
	hp_out_uint(out, "lanes", primary->n_lanes);
	hp_out_uint(out, "members", hp_leases_count(primary->leases));
	hp_out_uint(out, "max_members", primary->group.hdr->max_members);
	hp_out_uint(out, "evictions", primary->evictions);
	hp_out_uint(out, "reclaim_us_max", primary->reclaim_us_max);
	hp_out_end(out);
	return 0;
}

static int show_members(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;

	(void)args;
	hp_out_array(out, "members");
	for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++) {
		const struct hp_lease *lease = hp_leases_get(primary->leases, slot);
		const struct hp_slot *shm = hp_group_slot(&primary->group, slot);

		if (lease->state == HP_LEASE_FREE)
			continue;
		hp_out_object(out, NULL);
		hp_out_str(out, "name", lease->name);
		hp_out_str(out, "role", lease->role);
		hp_out_str(out, "state",
			is_stuck(primary, slot) ? "stuck" : state_names[lease->state]);
		hp_out_uint(out, "slot", slot);
		hp_out_int(out, "pid", lease->pid);
		hp_out_int(out, "peer_pid", lease->peer_pid);
		hp_out_array(out, "lcores");
		for (uint32_t i = 0; i < lease->n_lcores; i++)
			hp_out_uint(out, NULL, lease->lcores[i]);
		hp_out_end(out);
		hp_out_fmt(out, "function", "%.*s", HP_NAME_MAX - 1, shm->function);
		hp_out_uint(out, "packets", hp_counted(&shm->packets));
		hp_out_uint(out, "in_flight", hp_primary_out(primary, slot));
		hp_out_uint(out, "restarts", lease->restarts);
		hp_out_uint(out, "age_ms", (hp_now_us() - lease->since_us) / 1000);
		hp_out_end(out);
	}
	hp_show_guests(primary, out);
	hp_out_end(out);
	return 0;
}

static int show_ports(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;

	(void)args;
	hp_out_array(out, "ports");
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		const struct hp_port *port = &primary->ports[i];
		struct rte_eth_stats stats = {0};
		struct hp_port_totals t;

		if (!hp_port_is_there(port))
			continue;
		hp_totals_port(primary, i, &t);
		if (!port->closed)
			rte_eth_stats_get(port->port_id, &stats); // zero where a driver has none
		hp_out_object(out, NULL);
		hp_out_uint(out, "id", port->port_id);
		hp_out_str(out, "name", port->name);
		hp_out_str(out, "device", port->device);
		hp_out_bool(out, "started", port->started);
		hp_out_uint(out, "rxq", port->n_rxq);
		hp_out_uint(out, "txq", port->n_txq);
		hp_out_uint(out, "rx_packets", t.rx_packets);
		hp_out_uint(out, "rx_bytes", t.rx_bytes);
		hp_out_uint(out, "tx_packets", t.tx_packets);
		hp_out_uint(out, "tx_bytes", t.tx_bytes);
		hp_out_uint(out, "buffered", t.buffered);
		hp_out_uint(out, "copies", t.copies);
		hp_out_uint(out, "dropped", t.dropped);
		hp_out_uint(out, "missed", stats.imissed + stats.rx_nombuf + stats.ierrors);
		hp_out_uint(out, "tx_errors", stats.oerrors);
		hp_out_end(out);
	}
	hp_out_end(out);
	return 0;
}

static int show_links(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;

	(void)args;
	hp_out_array(out, "links");
	for (uint32_t i = 0; i < HP_CLIENTS_MAX; i++) {
		const struct hp_client *client = &primary->clients[i];
		struct hp_client_totals t;

		if (!client->used)
			continue;
		hp_totals_client(primary, i, &t);
		hp_out_object(out, NULL);
		hp_out_str(out, "name", client->name);
		hp_out_str(out, "state",
			client->slot < 0 ? "absent"
			: client->stuck  ? "stuck"
					 : "live");
		hp_out_str(out, "policy", hp_policy_names[client->policy]);
		hp_out_uint(out, "window", client->window);
		hp_out_uint(out, "lent_packets", t.lent_packets);
		hp_out_uint(out, "lent_bytes", t.lent_bytes);
		hp_out_uint(out, "returned_packets", t.returned_packets);
		hp_out_uint(out, "returned_bytes", t.returned_bytes);
		hp_out_uint(out, "made_packets", t.made_packets);
		hp_out_uint(out, "blanks", t.blanks);
		hp_out_uint(out, "died_packets", t.drops[HP_DROP_MEMBER_DIED]);
		hp_out_uint(out, "in_flight", t.in_flight);
		hp_out_uint(out, "held", t.held);
		hp_out_uint(out, "bypassed", t.bypassed);
		hp_out_uint(out, "rejected", t.rejected);
		hp_out_uint(out, "copies", t.copies);
		hp_out_uint(out, "dropped", t.dropped);
		hp_out_uint(out, "joins", client->joins);
		hp_out_uint(out, "stuck_count", client->stuck_count);
		hp_out_end(out);
	}
	hp_out_end(out);
	return 0;
}

static void show_reasons(struct hp_out *out, const char *where, const uint64_t *drops)
{
	for (unsigned int r = 0; r < HP_DROP_COUNT; r++) {
		if (drops[r] == 0)
			continue;
		hp_out_object(out, NULL);
		hp_out_str(out, "where", where);
		hp_out_str(out, "reason", hp_drop_name(r));
		hp_out_uint(out, "packets", drops[r]);
		hp_out_str(out, "meaning", hp_drop_help(r));
		hp_out_end(out);
	}
}

static int show_drops(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	char where[HP_NAME_MAX + 8];

	(void)args;
	hp_out_array(out, "drops");
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		struct hp_port_totals t;

		if (!hp_port_is_there(&primary->ports[i]))
			continue;
		hp_totals_port(primary, i, &t);
		snprintf(where, sizeof(where), "port:%s", primary->ports[i].name);
		show_reasons(out, where, t.drops);
	}
	show_reasons(out, "detached ports", primary->detached.drops);
	for (uint32_t i = 0; i < HP_CLIENTS_MAX; i++) {
		struct hp_client_totals t;

		if (!primary->clients[i].used)
			continue;
		hp_totals_client(primary, i, &t);
		show_reasons(out, primary->clients[i].name, t.drops);
	}
	hp_show_replay_drops(primary, out, show_reasons);
	hp_out_end(out);
	return 0;
}

static void show_pool(struct hp_out *out, const struct hp_pool *pool)
{
	hp_out_object(out, NULL);
	hp_out_str(out, "name", pool->mp->name);
	hp_out_uint(out, "size", pool->n);
	hp_out_uint(out, "in_use", hp_pool_in_use(pool));
	hp_out_uint(out, "available", pool->n - hp_pool_in_use(pool));
	hp_out_uint(out, "object_bytes", pool->stride);
	hp_out_uint(out, "bytes", (uint64_t)pool->n * pool->stride);
	hp_out_end(out);
}

static int show_pools(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;

	(void)args;
	hp_out_array(out, "pools");
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		show_pool(out, &primary->pools[l]);
	for (uint32_t q = 0; q < primary->workers.conf.n_queues; q++)
		show_pool(out, &primary->workers.pools[q]);
	hp_out_end(out);
	return 0;
}

static int show_memory(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	struct rte_malloc_socket_stats stats;
	uint64_t total = 0, used = 0;

	(void)args;
	for (unsigned int i = 0; i < RTE_MAX_NUMA_NODES; i++) {
		if (rte_malloc_get_socket_stats((int)i, &stats) < 0)
			continue;
		total += stats.heap_totalsz_bytes;
		used += stats.heap_allocsz_bytes;
	}
	hp_out_object(out, NULL);
	hp_out_array(out, "memory");
	for (uint32_t i = 0; i < primary->memory.n; i++) {
		hp_out_object(out, NULL);
		hp_out_str(out, "what", primary->memory.rows[i].name);
		hp_out_uint(out, "bytes", primary->memory.rows[i].bytes);
		hp_out_end(out);
	}
	hp_out_end(out);
	hp_out_object(out, "hugepages");
	hp_out_uint(out, "page_size", primary->memory.page_size);
	hp_out_uint(out, "planned_pages", primary->memory.pages);
	hp_out_uint(out, "pages", total / primary->memory.page_size);
	hp_out_uint(out, "bytes", total);
	hp_out_uint(out, "heap_used_bytes", used);
	hp_out_end(out);
	hp_out_end(out);
	return 0;
}

static void dest_name(
	const struct hp_primary *primary, const struct hp_dest *dest, char *name, size_t size)
{
	if (dest->kind == HP_DEST_CLIENT) {
		snprintf(name, size, "%s", primary->clients[dest->id].name);
		return;
	}
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]) && primary->ports[i].port_id == dest->id)
			snprintf(name, size, "port:%s", primary->ports[i].name);
}

static void show_patch(const struct hp_primary *primary, struct hp_out *out, const char *from,
	const struct hp_hop *hop)
{
	char name[HP_NAME_MAX + 8] = "";

	if (hop->n == 0)
		return;
	hp_out_object(out, NULL);
	hp_out_str(out, "from", from);
	hp_out_array(out, "to");
	for (uint8_t i = 0; i < hop->n; i++) {
		dest_name(primary, &hop->dest[i], name, sizeof(name));
		hp_out_str(out, NULL, name);
	}
	hp_out_end(out);
	hp_out_str(out, "spread", hp_spread_names[hop->spread]);
	hp_out_end(out);
}

static int show_patches(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	char from[HP_NAME_MAX + 8];

	(void)args;
	hp_out_array(out, "patches");
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		if (!hp_port_is_there(&primary->ports[i]))
			continue;
		snprintf(from, sizeof(from), "port:%s", primary->ports[i].name);
		show_patch(primary, out, from, &primary->port_hops[i]);
	}
	for (uint32_t i = 0; i < HP_CLIENTS_MAX; i++)
		if (primary->clients[i].used)
			show_patch(
				primary, out, primary->clients[i].name, &primary->clients[i].hop);
	hp_out_end(out);
	return 0;
}

static int show_lanes(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;

	(void)args;
	hp_out_array(out, "lanes");
	for (uint32_t l = 0; l < primary->n_lanes; l++) {
		const struct hp_lane *lane = &primary->lanes[l];

		hp_out_object(out, NULL);
		hp_out_uint(out, "lane", l);
		hp_out_uint(out, "lcore", lane->lcore_id);
		hp_out_bool(out, "running", atomic_load(&lane->running));
		hp_out_uint(out, "turns", hp_counted(&lane->turns));
		hp_out_uint(out, "busy_turns", hp_counted(&lane->busy_turns));
		hp_out_end(out);
	}
	hp_out_end(out);
	return 0;
}

// For `hugepod probe`: ready is an answer of state "ready".
static int show_ready(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const struct hp_primary *primary = ctx;
	const char *name = hp_cli_str(args, "member");
	const char *state = "ready";
	uint64_t epoch = 0;
	uint32_t slot;

	if (name != NULL) {
		slot = hp_leases_find(primary->leases, name);
		state = slot == UINT32_MAX ? "absent"
			: is_stuck(primary, slot)
				? "stuck"
				: state_names[hp_leases_get(primary->leases, slot)->state];
		if (slot != UINT32_MAX)
			epoch = hp_counted(&hp_group_slot(&primary->group, slot)->epoch);
	} else {
		if (primary->stop_phase != HP_STOP_NOT)
			state = "stopping";
		for (uint32_t l = 0; l < primary->n_lanes; l++)
			epoch += hp_counted(&primary->lanes[l].turns);
	}
	hp_out_object(out, "ready");
	hp_out_str(out, "member", name);
	hp_out_str(out, "state", state);
	hp_out_bool(out, "ready", strcmp(state, "ready") == 0);
	hp_out_uint(out, "epoch", epoch);
	hp_out_uint(out, "generation", primary->group.hdr->generation);
	hp_out_end(out);
	return 0;
}

const struct hp_cli_cmd hp_primary_show_commands[] = {
	{"show group", show_group, "Group", "What this group is and how it does."},
	{"show members", show_members, "Group", "Every process of the group besides the primary."},
	{"show ready [<member>]", show_ready, "Group",
		"Whether the primary, or a member, is ready: for probes."},
	{"show links", show_links, "Links",
		"Every client by name: lent, returned, in flight, dropped; over all its "
		"processes."},
	{"show ports", show_ports, "Ports", "Every port: received, transmitted, dropped.",
		"`show port stats all`, without drops"},
	{"show drops", show_drops, "Links", "Why packets were dropped, and where."},
	{"show patches", show_patches, "Patches", "Where packets go."},
	{"show pools", show_pools, "Memory", "Packet buffers: how many, how many in use.",
		"`dump_mempool NAME`"},
	{"show memory", show_memory, "Memory", "Hugepages by what they are for.",
		"`dump_memzone`, `dump_physmem`"},
	{"show lanes", show_lanes, "Group", "Forwarding lcores and how busy they are."},
	{NULL},
};
