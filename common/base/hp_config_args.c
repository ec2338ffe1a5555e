// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Ports, clients and patches as the command line writes them, and the ports that follow from
// --vdev and --allow.

#include "base/hp_config_priv.h"
#include "base/hp_near.h"
#include "base/hp_opts_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int set_field(struct hp_config_reader *r, enum hp_config_list_id id, void *item,
	const char *key, const char *value)
{
	struct hp_config_list list = hp_config_list(r->conf, id);
	const struct hp_opt *opt = list.set->opts;
	char where[96], quoted[HP_QUOTE_SIZE], hint[96];
	struct hp_near near;

	hp_near_start(&near, key);
	for (; opt->name != NULL && strcmp(opt->name, key) != 0; opt++)
		hp_near_try(&near, opt->name);
	if (opt->name == NULL)
		return hp_config_error(r, (struct hp_conf_pos){0}, list.option,
			"unknown key '%s'%s", hp_err_quote(quoted, sizeof(quoted), key),
			hp_near_hint(&near, "", hint, sizeof(hint)));
	snprintf(where, sizeof(where), "option '--%s': '%s'", list.option, opt->name);
	return hp_opt_parse_value(opt, item, value, where, HP_EXIT_USAGE, r->err);
}

// ";rxq=2;mtu=9000" behind a --port or --client.
static int set_pairs(struct hp_config_reader *r, enum hp_config_list_id id, void *item, char *pairs)
{
	struct hp_conf_pos none = {0};
	const char *option = hp_config_list(r->conf, id).option;
	uint64_t seen = 0;
	char *save = NULL;

	for (char *key = strtok_r(pairs, ";", &save); key != NULL;
		key = strtok_r(NULL, ";", &save)) {
		char *value = strchr(key, '=');
		const struct hp_opt *opts = hp_config_list(r->conf, id).set->opts;
		int ret;

		if (value == NULL)
			return hp_config_error(
				r, none, option, "'%s' has no value, expected KEY=VALUE", key);
		*value++ = '\0';
		ret = set_field(r, id, item, key, value);
		for (uint32_t i = 0; ret == 0 && opts[i].name != NULL; i++) {
			if (strcmp(opts[i].name, key) != 0)
				continue;
			if ((seen >> i & 1) != 0 || opts[i].required || i == 0)
				return hp_config_error(r, none, option, "'%s' is given twice", key);
			seen |= UINT64_C(1) << i;
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

// NAME=DEVARGS[;KEY=VALUE...]
static int parse_port(struct hp_config_reader *r, void *port, char *text)
{
	char *devargs = strchr(text, '='), *pairs = strchr(text, ';');
	int ret;

	if (devargs == NULL || (pairs != NULL && pairs < devargs))
		return hp_config_error(r, (struct hp_conf_pos){0}, "port",
			"'%s' is not valid, expected NAME=DEVARGS[;KEY=VALUE...]", text);
	*devargs++ = '\0';
	if (pairs != NULL)
		*pairs++ = '\0';
	ret = set_field(r, HP_LIST_PORTS, port, "name", text);
	if (ret == 0)
		ret = set_field(r, HP_LIST_PORTS, port, "devargs", devargs);
	return ret < 0 || pairs == NULL ? ret : set_pairs(r, HP_LIST_PORTS, port, pairs);
}

// NAME[:POLICY[:WINDOW]][;KEY=VALUE...]
static int parse_client(struct hp_config_reader *r, void *client, char *text)
{
	static const char *const fields[] = {"name", "policy", "window"};
	char *pairs = strchr(text, ';'), *next = text;
	int ret = 0;

	if (pairs != NULL)
		*pairs++ = '\0';
	for (unsigned int i = 0; ret == 0 && i < 3 && next != NULL; i++) {
		char *value = strsep(&next, ":");

		ret = set_field(r, HP_LIST_CLIENTS, client, fields[i], value);
	}
	if (ret == 0 && next != NULL)
		ret = hp_config_error(r, (struct hp_conf_pos){0}, "client",
			"'%s' is too much, expected NAME[:POLICY[:WINDOW]]", next);
	return ret < 0 || pairs == NULL ? ret : set_pairs(r, HP_LIST_CLIENTS, client, pairs);
}

// FROM>TO[,TO...][:SPREAD]; a colon is part of "port:NAME", too.
static int parse_patch(struct hp_config_reader *r, void *patch, char *text)
{
	char *to = strchr(text, '>'), *last, *spread;
	int ret;

	if (to == NULL)
		return hp_config_error(r, (struct hp_conf_pos){0}, "patch",
			"'%s' is not valid, expected FROM>TO[,TO...][:SPREAD]", text);
	*to++ = '\0';
	last = strrchr(to, ',') != NULL ? strrchr(to, ',') + 1 : to;
	spread = strchr(strncmp(last, "port:", 5) == 0 ? last + 5 : last, ':');
	if (spread != NULL)
		*spread++ = '\0';
	ret = set_field(r, HP_LIST_PATCHES, patch, "from", text);
	while (ret == 0 && to != NULL)
		ret = set_field(r, HP_LIST_PATCHES, patch, "to", strsep(&to, ","));
	return ret < 0 || spread == NULL ? ret
					 : set_field(r, HP_LIST_PATCHES, patch, "spread", spread);
}

static int parse_args(struct hp_config_reader *r, enum hp_config_list_id id,
	const struct hp_strlist *args,
	int (*parse)(struct hp_config_reader *r, void *item, char *text))
{
	struct hp_conf_pos none = {0};
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < args->n; i++) {
		char *text = strdup(args->items[i]);
		void *item = hp_config_append(r, id, none);

		if (text == NULL)
			ret = hp_config_no_memory(r);
		else if (item == NULL)
			ret = -EINVAL;
		else
			ret = parse(r, item, text);
		free(text);
		if (ret == 0)
			ret = hp_config_settle(r, id, none);
	}
	return ret;
}

int hp_config_args(struct hp_config_reader *r)
{
	struct hp_config *conf = r->conf;
	int ret = parse_args(r, HP_LIST_PORTS, &conf->port_args, parse_port);

	if (ret == 0)
		ret = parse_args(r, HP_LIST_CLIENTS, &conf->client_args, parse_client);
	if (ret == 0)
		ret = parse_args(r, HP_LIST_PATCHES, &conf->patch_args, parse_patch);
	return ret;
}

static bool same_device(const char *devargs, const char *other)
{
	size_t len = strcspn(devargs, ",");

	return len == strcspn(other, ",") && strncmp(devargs, other, len) == 0;
}

static struct hp_port_conf *port_of_device(struct hp_config *conf, const char *devargs)
{
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (same_device(conf->ports[i].devargs, devargs))
			return &conf->ports[i];
	return NULL;
}

// A device of --vdev or --allow becomes a port, or completes the port that names it.
static int device_port(struct hp_config_reader *r, const char *devargs, struct hp_conf_pos pos)
{
	struct hp_port_conf *port = port_of_device(r->conf, devargs);
	bool is_new = port == NULL;
	char *copy;

	if (!is_new && strcmp(port->devargs, devargs) != 0 && strchr(port->devargs, ',') != NULL)
		return hp_config_error(r, pos, "vdev",
			"'%s' is given as '%s' for port '%s' already, expected the device once",
			devargs, port->devargs, port->name);
	if (is_new)
		port = hp_config_append(r, HP_LIST_PORTS, pos);
	if (port == NULL)
		return -EINVAL;
	copy = strdup(devargs);
	if (copy == NULL)
		return hp_config_no_memory(r);
	free(port->devargs);
	port->devargs = copy;
	return is_new ? hp_config_settle(r, HP_LIST_PORTS, pos) : 0;
}

// Each item of the list that is a network device goes over to the ports.
static int move_devices(
	struct hp_config_reader *r, struct hp_strlist *list, const char *option, bool vdev)
{
	struct hp_conf_pos pos = hp_config_value_pos(r, option);
	struct hp_strlist kept = {0};
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < list->n; i++) {
		const char *item = list->items[i];

		for (uint32_t j = 0; ret == 0 && j < i; j++)
			if (same_device(item, list->items[j]))
				ret = hp_config_error(
					r, pos, option, "device '%s' is given twice", item);
		if (ret == 0 && (!vdev || hp_config_is_vdev(item)))
			ret = device_port(r, item, pos);
		else if (ret == 0 && hp_strlist_add(&kept, item) < 0)
			ret = hp_config_no_memory(r);
	}
	hp_strlist_free(list);
	*list = kept;
	return ret;
}

static int check_devices(struct hp_config_reader *r)
{
	struct hp_config *conf = r->conf;

	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (port_of_device(conf, conf->ports[i].devargs) != &conf->ports[i])
			return hp_config_error(r, conf->ports[i].pos, "port",
				"port '%s' has the device of another port: '%s'",
				conf->ports[i].name, conf->ports[i].devargs);
	return 0;
}

int hp_config_device_ports(struct hp_config_reader *r)
{
	int ret = check_devices(r);

	if (ret == 0)
		ret = move_devices(r, &r->conf->vdevs, "vdev", true);
	if (ret == 0)
		ret = move_devices(r, &r->conf->allow, "allow", false);
	return ret;
}
