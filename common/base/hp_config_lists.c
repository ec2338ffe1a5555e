// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Ports, clients and patches: their tables, and the sequences of the file.

#include "base/hp_config_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATCHES_MAX (HP_PORTS_MAX + HP_CLIENTS_MAX) // one a source, of file or command line
#define DEVICE_MAX 64 // bytes with NUL: RTE_DEV_NAME_MAX_LEN

#define PORT_AT(field) .offset = offsetof(struct hp_port_conf, field)
#define CLIENT_AT(field) .offset = offsetof(struct hp_client_conf, field)
#define PATCH_AT(field) .offset = offsetof(struct hp_patch_conf, field)

// clang-format off
static const struct hp_opt port_opts[] = {
	{"name", 0, HP_OPT_STRING, HP_OPT_YAML, PORT_AT(name), .min = 1,
	 .check = hp_config_check_port_name, .help = "The port's name; default: its device's."},
	{"devargs", 0, HP_OPT_STRING, HP_OPT_YAML, PORT_AT(devargs), .min = 1, .required = true,
	 .check = hp_config_check_devargs,
	 .help = "the device with its arguments, as \"net_null0,size=64\""},
	{"rxq", 0, HP_OPT_UINT, HP_OPT_YAML, PORT_AT(rxq), .max = 64,
	 .help = "Receive queues; default: the group's rxq."},
	{"txq", 0, HP_OPT_UINT, HP_OPT_YAML, PORT_AT(txq), .max = 64,
	 .help = "Transmit queues; default: the group's txq."},
	{"rxd", 0, HP_OPT_UINT, HP_OPT_YAML, PORT_AT(rxd), .max = 32768,
	 .help = "Descriptors of a receive queue; default: the group's rxd."},
	{"txd", 0, HP_OPT_UINT, HP_OPT_YAML, PORT_AT(txd), .max = 32768,
	 .help = "Descriptors of a transmit queue; default: the group's txd."},
	{"mtu", 0, HP_OPT_UINT, HP_OPT_YAML, PORT_AT(mtu), .max = 65535, .def = "0",
	 .help = "Largest packet in bytes, without the Ethernet header; 0: the driver's choice."},
	{"promiscuous", 0, HP_OPT_FLAG, HP_OPT_YAML, PORT_AT(promiscuous), .def = "yes",
	 .help = "Take packets for any MAC address."},
	{"when-full", 0, HP_OPT_ENUM, HP_OPT_YAML, PORT_AT(when_full),
	 .words = hp_when_full_names, .help = "Default: the group's when-full."},
	{"worker", 0, HP_OPT_FLAG, HP_OPT_YAML, PORT_AT(worker), .def = "yes",
	 .help = "With workers: the port is theirs, unless a patch names it as a source."},
	{NULL},
};

static const struct hp_opt client_opts[] = {
	{"name", 0, HP_OPT_STRING, HP_OPT_YAML, CLIENT_AT(name), .min = 1, .required = true,
	 .check = hp_config_check_name, .help = "the name under which the client joins"},
	{"policy", 0, HP_OPT_ENUM, HP_OPT_YAML, CLIENT_AT(policy), .words = hp_policy_names,
	 .help = "What becomes of its packets while it is not there; default: the group's policy."},
	{"window", 0, HP_OPT_UINT, HP_OPT_YAML, CLIENT_AT(window), .min = 32, .max = 32768,
	 .power_of_two = true,
	 .help = "Packets that it may have in its hands; default: the group's window."},
	{"when-full", 0, HP_OPT_ENUM, HP_OPT_YAML, CLIENT_AT(when_full),
	 .words = hp_when_full_names, .help = "Default: the group's when-full."},
	{NULL},
};

static const struct hp_opt patch_opts[] = {
	{"from", 0, HP_OPT_STRING, HP_OPT_YAML, PATCH_AT(from), .min = 1, .required = true,
	 .check = hp_config_check_hop, .help = "port:NAME, port:INDEX or a client's name"},
	{"to", 0, HP_OPT_LIST, HP_OPT_YAML, PATCH_AT(to), .min = 1, .required = true,
	 .single_ok = true, .check = hp_config_check_hop,
	 .help = "one port or client, or a sequence of at most 16"},
	{"spread", 0, HP_OPT_ENUM, HP_OPT_YAML, PATCH_AT(spread), .words = hp_spread_names,
	 .def = "hash", .help = "How packets are shared out to several next hops."},
	{NULL},
};
// clang-format on

const struct hp_opt_set hp_config_port_opts = {
	.program = "ports", .summary = "An entry of `ports`", .opts = port_opts};
const struct hp_opt_set hp_config_client_opts = {
	.program = "clients", .summary = "An entry of `clients`", .opts = client_opts};
const struct hp_opt_set hp_config_patch_opts = {
	.program = "patches", .summary = "An entry of `patches`", .opts = patch_opts};

struct hp_config_list hp_config_list(struct hp_config *conf, enum hp_config_list_id id)
{
	if (id == HP_LIST_PORTS)
		return (struct hp_config_list){"ports", "port", &hp_config_port_opts,
			sizeof(struct hp_port_conf), offsetof(struct hp_port_conf, pos),
			HP_PORTS_MAX, (void **)&conf->ports, &conf->n_ports};
	if (id == HP_LIST_CLIENTS)
		return (struct hp_config_list){"clients", "client", &hp_config_client_opts,
			sizeof(struct hp_client_conf), offsetof(struct hp_client_conf, pos),
			HP_CLIENTS_MAX, (void **)&conf->clients, &conf->n_clients};
	return (struct hp_config_list){"patches", "patch", &hp_config_patch_opts,
		sizeof(struct hp_patch_conf), offsetof(struct hp_patch_conf, pos), PATCHES_MAX,
		(void **)&conf->patches, &conf->n_patches};
}

static void fill_port(const struct hp_config *conf, struct hp_port_conf *port)
{
	port->rxq = conf->rxq;
	port->txq = conf->txq;
	port->rxd = conf->rxd;
	port->txd = conf->txd;
	port->when_full = conf->when_full;
}

static void fill_client(const struct hp_config *conf, struct hp_client_conf *client)
{
	client->policy = conf->policy;
	client->window = conf->window;
	client->when_full = conf->when_full;
}

void *hp_config_append(
	struct hp_config_reader *r, enum hp_config_list_id id, struct hp_conf_pos pos)
{
	struct hp_config_list list = hp_config_list(r->conf, id);
	char *items, *item;

	if (*list.n == list.max) {
		hp_config_error(r, pos, list.option, "more than %u %s", list.max, list.key);
		return NULL;
	}
	items = realloc(*list.items, (*list.n + 1) * list.item_size);
	if (items == NULL) {
		hp_config_no_memory(r);
		return NULL;
	}
	*list.items = items;
	item = items + *list.n * list.item_size;
	memset(item, 0, list.item_size);
	if (hp_opts_defaults(list.set, item) < 0) {
		hp_config_no_memory(r);
		return NULL;
	}
	++*list.n;
	*(struct hp_conf_pos *)(void *)(item + list.pos_offset) = pos;
	if (id == HP_LIST_PORTS)
		fill_port(r->conf, (void *)item);
	else if (id == HP_LIST_CLIENTS)
		fill_client(r->conf, (void *)item);
	return item;
}

static void remove_last(struct hp_config *conf, enum hp_config_list_id id)
{
	struct hp_config_list list = hp_config_list(conf, id);

	--*list.n;
	hp_opts_free(list.set, (char *)*list.items + *list.n * list.item_size);
}

// The name of a device as a port's name: "0000:01:00.0" becomes "0000-01-00.0".
static void name_after_device(const char *devargs, char *name, size_t size)
{
	hp_config_device_name(devargs, name, size);
	for (char *c = name; *c != '\0'; c++)
		*c = *c == ':' ? '-' : (char)tolower((unsigned char)*c);
}

static int give_name(struct hp_config_reader *r, struct hp_port_conf *port)
{
	char device[DEVICE_MAX];

	name_after_device(port->devargs, device, sizeof(device));
	if (hp_config_check_port_name(device) != NULL)
		return hp_config_error(r, port->pos, "vdev",
			"device '%s' makes no good name for a port: list it under ports, or as "
			"--port NAME=%s",
			device, port->devargs);
	port->name = strdup(device);
	return port->name == NULL ? hp_config_no_memory(r) : 0;
}

int hp_config_new_port(const struct hp_config *conf, const char *devargs, const char *name,
	struct hp_port_conf *port, struct hp_err *err)
{
	const char *expected = hp_config_check_devargs(devargs);
	char quoted[HP_QUOTE_SIZE], device[DEVICE_MAX];

	memset(port, 0, sizeof(*port));
	if (expected != NULL)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "device '%s': expected %s",
			hp_err_quote(quoted, sizeof(quoted), devargs), expected);
	if (name == NULL) {
		name_after_device(devargs, device, sizeof(device));
		name = device;
	}
	expected = hp_config_check_port_name(name);
	if (expected != NULL)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "port name '%s': expected %s",
			hp_err_quote(quoted, sizeof(quoted), name), expected);
	if (hp_opts_defaults(&hp_config_port_opts, port) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	fill_port(conf, port);
	port->name = strdup(name);
	port->devargs = strdup(devargs);
	if (port->name != NULL && port->devargs != NULL)
		return 0;
	hp_config_free_port(port);
	return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
}

void hp_config_free_port(struct hp_port_conf *port)
{
	hp_opts_free(&hp_config_port_opts, port);
}

static const char *entry_name(struct hp_config_list *list, uint32_t i)
{
	const char *item = (const char *)*list->items + i * list->item_size;

	// Ports and clients both begin with their name.
	return *(char *const *)(const void *)item;
}

_Static_assert(offsetof(struct hp_port_conf, name) == 0, "see entry_name()");
_Static_assert(offsetof(struct hp_client_conf, name) == 0, "see entry_name()");

// The last entry of ports or clients is new: no other has its name, or it replaces the file's.
static int settle_name(
	struct hp_config_reader *r, enum hp_config_list_id id, struct hp_conf_pos pos)
{
	union {
		struct hp_port_conf port;
		struct hp_client_conf client;
	} swap;
	struct hp_config_list list = hp_config_list(r->conf, id);
	uint32_t last = *list.n - 1;
	const char *name = entry_name(&list, last);
	char *new = (char *)*list.items + last *list.item_size;

	for (uint32_t i = 0; i < last; i++) {
		char *old = (char *)*list.items + i * list.item_size;
		struct hp_conf_pos *old_pos = (void *)(old + list.pos_offset);

		if (strcmp(entry_name(&list, i), name) != 0)
			continue;
		if (pos.line != 0 || old_pos->line == 0)
			return hp_config_error(r, pos, list.option,
				"a second %s with the name '%s', expected one", list.option, name);
		memcpy(&swap, old, list.item_size);
		memcpy(old, new, list.item_size);
		memcpy(new, &swap, list.item_size);
		remove_last(r->conf, id);
		break;
	}
	return 0;
}

int hp_config_settle(struct hp_config_reader *r, enum hp_config_list_id id, struct hp_conf_pos pos)
{
	if (id == HP_LIST_PATCHES) {
		struct hp_patch_conf *patch = &r->conf->patches[r->conf->n_patches - 1];

		if (patch->to.n >= 1 && patch->to.n <= HP_FANOUT_MAX)
			return 0;
		return hp_config_error(r, pos, "patch", "%u next hops for '%s', expected 1 to %d",
			patch->to.n, patch->from, HP_FANOUT_MAX);
	}
	if (id == HP_LIST_PORTS) {
		struct hp_port_conf *port = &r->conf->ports[r->conf->n_ports - 1];
		int ret = port->name == NULL ? give_name(r, port) : 0;

		if (ret < 0)
			return ret;
	}
	return settle_name(r, id, pos);
}

static int read_entry(
	struct hp_config_reader *r, enum hp_config_list_id id, const struct hp_yaml_node *node)
{
	struct hp_conf_pos pos = {node->line, node->column};
	void *item = hp_config_append(r, id, pos);
	int ret;

	if (item == NULL)
		return -EINVAL;
	ret = hp_opts_parse_yaml(
		hp_config_list(r->conf, id).set, item, node, NULL, r->file, NULL, r->err);
	return ret < 0 ? ret : hp_config_settle(r, id, pos);
}

int hp_config_read_lists(struct hp_config_reader *r)
{
	int ret = 0;

	for (enum hp_config_list_id id = 0; ret == 0 && id < HP_LIST_COUNT; id++) {
		struct hp_config_list list = hp_config_list(r->conf, id);
		const struct hp_yaml_node *seq = hp_yaml_get(r->root, list.key);

		if (seq == NULL)
			continue;
		if (seq->type != HP_YAML_SEQ)
			return hp_config_error(r, (struct hp_conf_pos){seq->line, seq->column},
				list.option,
				"'%s' is no sequence, expected one entry a line: - ...", list.key);
		for (uint32_t i = 0; ret == 0 && i < seq->n; i++)
			ret = read_entry(r, id, seq->items[i]);
	}
	return ret;
}
