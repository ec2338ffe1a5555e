// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Names of ports and clients, and the patch table as users write it.

#include "primary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int hp_primary_find_client(const struct hp_primary *primary, const char *name)
{
	for (int i = 0; i < HP_CLIENTS_MAX; i++)
		if (primary->clients[i].used && strcmp(primary->clients[i].name, name) == 0)
			return i;
	return -1;
}

int hp_primary_add_client(struct hp_primary *primary, const char *name)
{
	for (uint32_t i = 0; i < primary->conf->max_clients; i++) {
		struct hp_client *client = &primary->clients[i];

		if (client->used)
			continue;
		memset(client, 0, sizeof(*client));
		client->used = true;
		snprintf(client->name, sizeof(client->name), "%s", name);
		client->policy = primary->conf->policy;
		client->when_full = primary->conf->when_full;
		client->window = (uint32_t)primary->conf->window;
		client->slot = -1;
		return (int)i;
	}
	return -ENOSPC;
}

int hp_primary_find_port(const struct hp_primary *primary, const char *name)
{
	char *end;
	unsigned long n;

	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]) &&
			(strcmp(primary->ports[i].name, name) == 0 ||
				strcmp(primary->ports[i].device, name) == 0))
			return (int)i;
	n = strtoul(name, &end, 10);
	for (uint32_t i = 0; *name != '\0' && *end == '\0' && i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]) && primary->ports[i].port_id == n)
			return (int)i;
	return -1;
}

static int resolve(const struct hp_primary *primary, const char *name, struct hp_dest *dest,
	struct hp_err *err)
{
	int i;

	if (strncmp(name, "port:", 5) == 0) {
		i = hp_primary_find_port(primary, name + 5);
		if (i < 0)
			return hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
				"'%s': there is no such port; 'show ports' lists them", name);
		dest->kind = HP_DEST_PORT;
		dest->id = (uint8_t)i;
		return 0;
	}
	i = hp_primary_find_client(primary, name);
	if (i < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, ENOENT,
			"'%s': there is no such client; 'show links' lists them, and ports are "
			"written port:NAME",
			name);
	dest->kind = HP_DEST_CLIENT;
	dest->id = (uint8_t)i;
	return 0;
}

static struct hp_hop *hop_of(struct hp_primary *primary, const struct hp_dest *source)
{
	return source->kind == HP_DEST_PORT ? &primary->port_hops[source->id]
					    : &primary->clients[source->id].hop;
}

// The name of a destination as users write it.
static void name_dest(
	const struct hp_primary *primary, const struct hp_dest *dest, char *name, size_t size)
{
	name[0] = '\0';
	if (dest->kind == HP_DEST_CLIENT)
		snprintf(name, size, "%s", primary->clients[dest->id].name);
	for (uint32_t i = 0; dest->kind == HP_DEST_PORT && i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]) && primary->ports[i].port_id == dest->id)
			snprintf(name, size, "port:%s", primary->ports[i].name);
}

int hp_primary_patch_more(struct hp_primary *primary, const char *from, const char *const *to,
	uint32_t n_to, int spread, struct hp_err *err)
{
	char names[HP_FANOUT_MAX][HP_NAME_MAX + sizeof("port:")];
	const char *all[2 * HP_FANOUT_MAX];
	const struct hp_hop *hop;
	struct hp_dest source;
	uint32_t n = 0;
	int ret = resolve(primary, from, &source, err);

	if (ret < 0)
		return ret;
	hop = hop_of(primary, &source);
	for (; n < hop->n; n++) {
		name_dest(primary, &hop->dest[n], names[n], sizeof(names[n]));
		all[n] = names[n];
	}
	for (uint32_t i = 0; i < n_to && n < RTE_DIM(all); i++)
		all[n++] = to[i];
	return hp_primary_patch(primary, from, all, n, spread < 0 ? hop->spread : spread, err);
}

bool hp_primary_is_patched(struct hp_primary *primary, const char *from, const char *to)
{
	char name[HP_NAME_MAX + sizeof("port:")];
	struct hp_err err = {0};
	const struct hp_hop *hop;
	struct hp_dest source;

	if (resolve(primary, from, &source, &err) < 0)
		return false;
	hop = hop_of(primary, &source);
	for (uint8_t i = 0; i < hop->n; i++) {
		name_dest(primary, &hop->dest[i], name, sizeof(name));
		if (strcmp(name, to) == 0)
			return true;
	}
	return false;
}

int hp_primary_patch(struct hp_primary *primary, const char *from, const char *const *to,
	uint32_t n_to, int spread, struct hp_err *err)
{
	struct hp_dest source;
	struct hp_hop hop;
	int ret;

	if (n_to > HP_FANOUT_MAX)
		return hp_err_set(err, HP_EXIT_CONFIG, E2BIG,
			"patch of '%s': %u destinations, at most %d", from, n_to, HP_FANOUT_MAX);
	ret = resolve(primary, from, &source, err);
	if (ret < 0)
		return ret;
	memset(&hop, 0, sizeof(hop));
	hop.spread = (uint8_t)spread;
	for (uint32_t i = 0; i < n_to; i++) {
		ret = resolve(primary, to[i], &hop.dest[i], err);
		if (ret < 0)
			return ret;
		if (source.kind == HP_DEST_CLIENT && source.id == hop.dest[i].id &&
			hop.dest[i].kind == HP_DEST_CLIENT)
			return hp_err_set(err, HP_EXIT_CONFIG, ELOOP,
				"client '%s' would be its own next hop", from);
		for (uint32_t k = 0; k < i; k++)
			if (memcmp(&hop.dest[k], &hop.dest[i], sizeof(hop.dest[i])) == 0)
				return hp_err_set(err, HP_EXIT_CONFIG, EEXIST,
					"patch of '%s': '%s' stands twice", from, to[i]);
		hop.n++;
	}
	// Plans know ports by DPDK's number.
	for (uint8_t i = 0; i < hop.n; i++)
		if (hop.dest[i].kind == HP_DEST_PORT)
			hop.dest[i].id = (uint8_t)primary->ports[hop.dest[i].id].port_id;
	*hop_of(primary, &source) = hop;
	return 0;
}

static void strike(struct hp_hop *hop, uint8_t port_id)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < hop->n; i++)
		if (hop->dest[i].kind != HP_DEST_PORT || hop->dest[i].id != port_id)
			hop->dest[n++] = hop->dest[i];
	hop->n = n;
}

void hp_primary_unpatch_port(struct hp_primary *primary, uint32_t port)
{
	uint8_t port_id = (uint8_t)primary->ports[port].port_id;

	memset(&primary->port_hops[port], 0, sizeof(primary->port_hops[port]));
	for (uint32_t i = 0; i < primary->n_ports; i++)
		strike(&primary->port_hops[i], port_id);
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		strike(&primary->clients[i].hop, port_id);
}
