// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a value of the configuration has to look like, and what has to hold between values.

#include "base/hp_config_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define MBUF_HEADROOM 128 // of mbuf-size, as DPDK is built
#define TX_LENGTH_MIN 60 // an Ethernet frame without its FCS
#define TX_LENGTH_MAX 9000
#define TX_PARTS_MAX 8

const char *hp_config_check_name(const char *name)
{
	size_t len = strspn(name, LOWER DIGITS "._-");

	if (len == 0 || name[len] != '\0' || len >= HP_NAME_MAX || strchr("._-", name[0]) != NULL)
		return "a name of at most 31 of a-z, 0-9, '.', '_' and '-' that begins with a "
		       "letter or digit";
	return NULL;
}

const char *hp_config_check_port_name(const char *text)
{
	const char *expected = hp_config_check_name(text);

	if (expected == NULL && strspn(text, DIGITS) == strlen(text))
		return "a name that is not a number: port:0 means the first port";
	return expected;
}

const char *hp_config_check_prefix(const char *prefix)
{
	size_t len = strspn(prefix, LOWER UPPER DIGITS "._-");

	if (len == 0 || prefix[len] != '\0' || len >= HP_PREFIX_MAX || prefix[0] == '.' ||
		prefix[0] == '-')
		return "at most 63 of a-z, A-Z, 0-9, '.', '_' and '-', the first no '.' and no '-'";
	return NULL;
}

const char *hp_config_check_path(const char *text)
{
	return text[0] == '/' ? NULL : "a path that begins with '/'";
}

// "3", "0-3": behind it, or NULL. No machine has a CPU of five digits.
static const char *skip_range(const char *text)
{
	size_t len = strspn(text, DIGITS);

	if (len == 0 || len > 4)
		return NULL;
	if (text[len] != '-')
		return text + len;
	text += len + 1;
	len = strspn(text, DIGITS);
	return len == 0 || len > 4 ? NULL : text + len;
}

// A range, or several of them in parentheses.
static const char *skip_set(const char *text)
{
	if (*text != '(')
		return skip_range(text);
	do {
		text = skip_range(text + 1);
	} while (text != NULL && *text == ',');
	return text != NULL && *text == ')' ? text + 1 : NULL;
}

const char *hp_config_check_lcores(const char *text)
{
	static const char expected[] = "lcores as EAL takes them: \"0-2\", \"0,2\" or \"(0-2)@1\"";

	for (;; text++) {
		text = skip_set(text);
		if (text != NULL && *text == '@')
			text = skip_set(text + 1);
		if (text == NULL || (*text != ',' && *text != '\0'))
			return expected;
		if (*text == '\0')
			return NULL;
	}
}

const char *hp_config_check_devargs(const char *text)
{
	size_t name = strcspn(text, ",");

	if (strpbrk(text, " \t") != NULL)
		return "a device and its arguments without blanks";
	if (name == 0 || name >= 64 || strspn(text, LOWER UPPER DIGITS "._-:") < name ||
		strchr("._-:", text[0]) != NULL)
		return "a device as \"net_null0,size=64\" or \"0000:01:00.0\"";
	return NULL;
}

// Is the option of EAL in @p text ("NAME" or "NAME=VALUE") one of @p names, or short for one? EAL's
// own getopt_long() takes "in-mem" for "in-memory".
static bool names_option(const char *text, const char *const *names)
{
	size_t len = strcspn(text, "=");

	for (; *names != NULL; names++)
		if (strncmp(*names, text, len) == 0)
			return true;
	return false;
}

const char *hp_config_check_eal(const char *text)
{
	static const char *const own[] = {"file-prefix", "huge-dir", "lcores", "vdev", "allow",
		"base-virtaddr", "iova-mode", NULL};
	// Members rely on these, or they would leave nothing to share.
	static const char *const decided[] = {"in-memory", "no-shconf", "no-huge", "proc-type",
		"single-file-segments", "legacy-mem", "match-allocations", NULL};
	static const char *const unlinks[] = {"huge-unlink", NULL};
	static const char *const ends[] = {"help", "version", NULL}; // with exit(), of everything
	size_t len = strcspn(text, "=");

	if (text[0] == '-' || strspn(text, LOWER DIGITS "-") < len || len < 2)
		return "a long option of EAL without dashes, as log-level=lib.eal:debug";
	if (names_option(text, own))
		return "an option that hugepod has none for: give it as hugepod's own";
	if (names_option(text, decided) ||
		(names_option(text, unlinks) &&
			(text[len] == '\0' || strcmp(text + len, "=always") == 0)))
		return "an option that hugepod does not decide itself: members rely on it";
	if (names_option(text, ends) || strcmp(text, "log-level=help") == 0)
		return "an option that EAL starts with, not one that ends it";
	return NULL;
}

const char *hp_config_check_hop(const char *text)
{
	static const char expected[] = "port:NAME, port:INDEX or a client's name";
	const char *name = strncmp(text, "port:", 5) == 0 ? text + 5 : text;

	return hp_config_check_name(name) == NULL ? NULL : expected;
}

// "0,2-3" to a mask; false if it is none.
static bool parse_portlist(const char *text, uint64_t *mask)
{
	*mask = 0;
	do {
		char *end;
		unsigned long first, last;

		if (strspn(text, DIGITS) == 0)
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == '-' && strspn(end + 1, DIGITS) > 0)
			last = strtoul(end + 1, &end, 10);
		if (first > last || last >= HP_PORTS_MAX || (*end != ',' && *end != '\0'))
			return false;
		for (; first <= last; first++)
			*mask |= UINT64_C(1) << first;
		text = end + 1;
		if (*end == '\0')
			return true;
	} while (true);
}

const char *hp_config_parse_portlist(const char *text, uint64_t *mask)
{
	return parse_portlist(text, mask) ? NULL : "port numbers below 32 like \"0,2-3\"";
}

const char *hp_config_check_portlist(const char *text)
{
	uint64_t mask;

	return hp_config_parse_portlist(text, &mask);
}

static bool parse_mask(const char *text, uint64_t *mask)
{
	static const char hex[] = DIGITS "abcdefABCDEF";
	size_t len;

	if (strncmp(text, "0x", 2) == 0 || strncmp(text, "0X", 2) == 0)
		text += 2;
	len = strspn(text, hex);
	*mask = strtoull(text, NULL, 16);
	return len > 0 && len <= 16 && text[len] == '\0' && *mask != 0 &&
	       *mask >> (HP_PORTS_MAX - 1) <= 1;
}

const char *hp_config_parse_portmask(const char *text, uint64_t *mask)
{
	return parse_mask(text, mask) ? NULL
				      : "a hexadecimal mask of ports below 32, not 0, as 0x3";
}

const char *hp_config_check_mask(const char *text)
{
	uint64_t mask;

	return hp_config_parse_portmask(text, &mask);
}

const char *hp_config_parse_txpkts(const char *text, uint64_t *sum)
{
	static const char expected[] =
		"1 to 8 lengths of 1 to 9000 bytes like \"64\" or \"64,128\"";
	unsigned int n = 0;

	*sum = 0;
	do {
		size_t len = strspn(text, DIGITS);
		unsigned long one = strtoul(text, NULL, 10);

		if (len == 0 || len > 4 || one < 1 || one > TX_LENGTH_MAX || ++n > TX_PARTS_MAX ||
			(text[len] != ',' && text[len] != '\0'))
			return expected;
		*sum += one;
		if (text[len] == '\0')
			return NULL;
		text += len + 1;
	} while (true);
}

const char *hp_config_check_txpkts(const char *text)
{
	uint64_t sum;

	return hp_config_parse_txpkts(text, &sum);
}

const char *hp_config_check_tx_length(
	const struct hp_config *conf, uint64_t length, char *buf, size_t size)
{
	uint64_t room = conf->mbuf_size - MBUF_HEADROOM;

	if (room > TX_LENGTH_MAX)
		room = TX_LENGTH_MAX;
	if (length >= TX_LENGTH_MIN && length <= room)
		return NULL;
	snprintf(buf, size, "%d to %" PRIu64 " bytes in all, which is what a buffer holds",
		TX_LENGTH_MIN, room);
	return buf;
}

const char *hp_config_check_peer(const char *text)
{
	static const char expected[] = "PORT,MAC with a port below 32, as 0,02:00:00:00:00:01";
	static const char like[] = "xx:xx:xx:xx:xx:xx";
	size_t digits = strspn(text, DIGITS);
	const char *mac = text + digits + 1;

	if (digits == 0 || digits > 2 || text[digits] != ',' ||
		strtoul(text, NULL, 10) >= HP_PORTS_MAX || strlen(mac) != strlen(like))
		return expected;
	for (size_t i = 0; like[i] != '\0'; i++)
		if (like[i] == ':' ? mac[i] != ':' : strchr(DIGITS "abcdefABCDEF", mac[i]) == NULL)
			return expected;
	return NULL;
}

bool hp_config_is_vdev(const char *devargs)
{
	static const char *const prefixes[] = {"net_", "eth_", NULL};

	for (unsigned int i = 0; prefixes[i] != NULL; i++)
		if (strncmp(devargs, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

void hp_config_device_name(const char *devargs, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)strcspn(devargs, ","), devargs);
}

// A number that names the hop whatever way it is written: ports from 0, clients behind them.
static int resolve(const struct hp_config *conf, const char *hop)
{
	if (strncmp(hop, "port:", strlen("port:")) == 0)
		return hp_config_find_port(conf, hop + strlen("port:"));
	for (uint32_t i = 0; i < conf->n_clients; i++)
		if (strcmp(conf->clients[i].name, hop) == 0)
			return HP_PORTS_MAX + (int)i;
	return -1;
}

int hp_config_find_port(const struct hp_config *conf, const char *name)
{
	if (strspn(name, DIGITS) == strlen(name)) {
		unsigned long index = strlen(name) <= 2 ? strtoul(name, NULL, 10) : HP_PORTS_MAX;

		return index < conf->n_ports ? (int)index : -1;
	}
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (strcmp(conf->ports[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int check_hop(struct hp_config_reader *r, const struct hp_patch_conf *patch, const char *hop)
{
	if (resolve(r->conf, hop) >= 0)
		return 0;
	if (strncmp(hop, "port:", strlen("port:")) == 0)
		return hp_config_error(r, patch->pos, "patch",
			"there is no '%s', expected port:NAME or port:INDEX of one of the %u ports",
			hop, r->conf->n_ports);
	return hp_config_error(r, patch->pos, "patch",
		"there is no client '%s', expected one that is listed: clients in the file, or "
		"--client %s",
		hop, hop);
}

static int check_patch(struct hp_config_reader *r, const struct hp_patch_conf *patch)
{
	int ret = check_hop(r, patch, patch->from);

	for (uint32_t i = 0; ret == 0 && i < patch->to.n; i++) {
		const char *to = patch->to.items[i];
		int id = resolve(r->conf, to);

		ret = check_hop(r, patch, to);
		if (ret == 0 && id >= HP_PORTS_MAX && id == resolve(r->conf, patch->from))
			ret = hp_config_error(
				r, patch->pos, "patch", "client '%s' is its own next hop", to);
		for (uint32_t j = 0; ret == 0 && j < i; j++)
			if (resolve(r->conf, patch->to.items[j]) == id)
				ret = hp_config_error(r, patch->pos, "patch",
					"'%s' and '%s' are the same next hop", patch->to.items[j],
					to);
	}
	return ret;
}

static void remove_patch(struct hp_config *conf, uint32_t i)
{
	hp_opts_free(&hp_config_patch_opts, &conf->patches[i]);
	conf->n_patches--;
	memmove(&conf->patches[i], &conf->patches[i + 1],
		(conf->n_patches - i) * sizeof(conf->patches[0]));
}

// One patch a source; the command line's replaces the file's.
static int check_sources(struct hp_config_reader *r)
{
	struct hp_config *conf = r->conf;

	for (uint32_t i = 0; i < conf->n_patches; i++) {
		for (uint32_t j = 0; j < i; j++) {
			struct hp_patch_conf *old = &conf->patches[j], *new = &conf->patches[i];

			if (resolve(conf, old->from) != resolve(conf, new->from))
				continue;
			if ((old->pos.line == 0) == (new->pos.line == 0))
				return hp_config_error(r, new->pos, "patch",
					"a second patch from '%s', expected one a source with all "
					"its next hops",
					new->from);
			remove_patch(conf, j);
			i--;
			break;
		}
	}
	return 0;
}

struct hp_conf_pos hp_config_value_pos(struct hp_config_reader *r, const char *name)
{
	const struct hp_yaml_node *node = r->root != NULL ? hp_yaml_get(r->root, name) : NULL;

	for (uint32_t i = 0; hp_config_opts.opts[i].name != NULL; i++)
		if (strcmp(hp_config_opts.opts[i].name, name) == 0 &&
			(r->given.bits[i / 64] >> i % 64 & 1) != 0)
			return (struct hp_conf_pos){0, 0};
	return node == NULL ? (struct hp_conf_pos){0, 0}
			    : (struct hp_conf_pos){node->line, node->column};
}

static int check_numbers(struct hp_config_reader *r)
{
	const struct hp_config *conf = r->conf;

	// rte_mempool_create() asks for room for one and a half caches.
	if (conf->mbuf_cache * 3 / 2 > conf->total_num_mbufs) {
		bool cache_given = hp_config_value_pos(r, "mbuf-cache").line != 0;
		const char *name = cache_given ? "mbuf-cache" : "total-num-mbufs";

		return hp_config_error(r, hp_config_value_pos(r, name), name,
			"a cache of %" PRIu64 " mbufs needs at least %" PRIu64
			" mbufs, given %" PRIu64 ": lower mbuf-cache or raise total-num-mbufs",
			conf->mbuf_cache, conf->mbuf_cache * 3 / 2, conf->total_num_mbufs);
	}
	if (conf->n_clients > conf->max_clients)
		return hp_config_error(r, conf->clients[conf->max_clients].pos, "client",
			"%u clients are listed, expected at most max-clients, %" PRIu64
			": raise it or list fewer",
			conf->n_clients, conf->max_clients);
	return 0;
}

// Ports that --forward-mode may wire. Both may come at run time: 'set fwd', 'port attach'.
static int find_forward_ports(struct hp_config_reader *r)
{
	struct hp_config *conf = r->conf;

	conf->forward_ports = UINT64_MAX;
	if (conf->portmask != NULL && conf->portlist != NULL)
		return hp_config_error(r, hp_config_value_pos(r, "portlist"), "portlist",
			"portmask is given too, expected one of them");
	if (conf->portmask != NULL)
		parse_mask(conf->portmask, &conf->forward_ports);
	if (conf->portlist != NULL)
		parse_portlist(conf->portlist, &conf->forward_ports);
	return 0;
}

static int find_tx_length(struct hp_config_reader *r)
{
	struct hp_config *conf = r->conf;
	const char *expected;
	char buf[80];

	hp_config_parse_txpkts(conf->txpkts, &conf->tx_length);
	expected = hp_config_check_tx_length(conf, conf->tx_length, buf, sizeof(buf));
	if (expected != NULL)
		return hp_config_error(r, hp_config_value_pos(r, "txpkts"), "txpkts",
			"'%s': expected %s", conf->txpkts, expected);
	return 0;
}

int hp_config_check(struct hp_config_reader *r)
{
	int ret = check_numbers(r);

	if (ret == 0)
		ret = find_forward_ports(r);
	if (ret == 0)
		ret = find_tx_length(r);

	for (uint32_t i = 0; ret == 0 && i < r->conf->n_patches; i++)
		ret = check_patch(r, &r->conf->patches[i]);
	return ret < 0 ? ret : check_sources(r);
}
