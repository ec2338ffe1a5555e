// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// `show port rss`: how a device shares packets out to its receive queues, as it says itself.

#include "commands.h"
#include "primary.h"

#include <string.h>

static const struct {
	uint64_t functions;
	const char *name;
} names[] = {
	{RTE_ETH_RSS_IP, "ip"},
	{RTE_ETH_RSS_TCP, "tcp"},
	{RTE_ETH_RSS_UDP, "udp"},
};

/** What a device says of its hash; empty and NULL where it says nothing. */
struct said {
	char functions[32]; // "ip,tcp,udp"
	const char *key; // "symmetric" (ours) or "device"
};

static void ask(const struct hp_port *port, struct said *said)
{
	uint8_t key[HP_RSS_KEY_MAX] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = sizeof(key)};
	size_t len = 0;

	*said = (struct said){.functions = ""};
	// net_tap takes what it is told and does nothing of it, for one: it does not answer here.
	if (port->closed || port->rss.functions == 0 ||
		rte_eth_dev_rss_hash_conf_get(port->port_id, &conf) < 0)
		return;
	for (size_t i = 0; i < RTE_DIM(names); i++)
		if ((conf.rss_hf & names[i].functions) != 0)
			len += (size_t)snprintf(said->functions + len,
				sizeof(said->functions) - len, "%s%s", len == 0 ? "" : ",",
				names[i].name);
	if (len > 0)
		said->key =
			port->rss.symmetric && memcmp(key, port->rss.key, HP_RSS_TOEPLITZ_LEN) == 0
				? "symmetric"
				: "device";
}

static const char *table_word(const struct hp_port *port)
{
	static const char *const words[] = {
		[HP_RSS_TABLE_NONE] = NULL,
		[HP_RSS_TABLE_DEVICE] = "device",
		[HP_RSS_TABLE_OURS] = "even",
		[HP_RSS_TABLE_UNEVEN] = "uneven",
	};

	return words[port->rss.table];
}

void hp_primary_show_rss(struct hp_primary *primary, uint32_t i, struct hp_out *out)
{
	const struct hp_port *port = &primary->ports[i];
	uint32_t entries[RTE_MAX_QUEUES_PER_PORT];
	struct said said;
	bool table =
		!port->closed && hp_rss_count(&port->rss, port->port_id, port->n_rxq, entries) == 0;

	ask(port, &said);
	for (uint16_t q = 0; q < port->n_rxq; q++) {
		hp_out_object(out, NULL);
		hp_out_uint(out, "id", port->port_id);
		hp_out_str(out, "name", port->name);
		hp_out_uint(out, "queue", q);
		hp_out_str(out, "functions", said.functions[0] != '\0' ? said.functions : NULL);
		hp_out_str(out, "key", said.key);
		hp_out_str(out, "table", table_word(port));
		if (table)
			hp_out_uint(out, "entries", entries[q]);
		else
			hp_out_str(out, "entries", NULL);
		hp_out_end(out);
	}
}
