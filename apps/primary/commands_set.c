// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands that change something.

#include "commands.h"
#include "primary.h"

#include <errno.h>
#include <string.h>

#define LIST_MAX HP_CLI_NAME_SIZE // characters of "a,b,c"

int hp_primary_take_over(struct hp_primary *primary, struct hp_out *out)
{
	int ret = hp_primary_publish(primary);

	if (ret < 0)
		return hp_cli_fail(out, -ret, "the lanes did not take it over: %s", strerror(-ret));
	return 0;
}

static int word_of(const char *const *words, const char *word)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static int set_patch(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	bool more = strcmp(hp_cli_word(args, 1), "add") == 0;
	struct hp_primary *primary = ctx;
	const char *to[HP_FANOUT_MAX + 1];
	const char *spread_name = hp_cli_str(args, "spread");
	struct hp_err err = {0};
	char list[LIST_MAX];
	uint32_t n = 0;
	int spread = more ? -1 : HP_SPREAD_HASH;
	char *next = list;
	int ret;

	if (spread_name != NULL) {
		spread = word_of(hp_spread_names, spread_name);
		if (spread < 0)
			return hp_cli_fail(out, EINVAL,
				"spread '%s': expected hash, round-robin or broadcast",
				spread_name);
	}
	snprintf(list, sizeof(list), "%s", hp_cli_str(args, "to"));
	while (next != NULL) {
		char *p = strsep(&next, ",");

		if (*p == '\0')
			return hp_cli_fail(out, EINVAL,
				"'%s': a name is missing, expected a list like A,B,C",
				hp_cli_str(args, "to"));
		if (n == HP_FANOUT_MAX)
			return hp_cli_fail(out, E2BIG, "more than %d destinations", HP_FANOUT_MAX);
		to[n++] = p;
	}
	ret = (more ? hp_primary_patch_more : hp_primary_patch)(
		primary, hp_cli_str(args, "from"), to, n, spread, &err);
	if (ret < 0)
		return hp_cli_fail(out, -ret, "%s", err.text);
	return hp_primary_take_over(primary, out);
}

static int del_patch(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	struct hp_err err = {0};
	int ret;

	ret = hp_primary_patch(primary, hp_cli_str(args, "source"), NULL, 0, HP_SPREAD_HASH, &err);
	if (ret < 0)
		return hp_cli_fail(out, -ret, "%s", err.text);
	return hp_primary_take_over(primary, out);
}

static struct hp_client *client_of(
	struct hp_primary *primary, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *name = hp_cli_str(args, "client");
	int i = hp_primary_find_client(primary, name);

	if (i < 0) {
		hp_cli_fail(out, ENOENT, "there is no client '%s'; 'show links' lists them", name);
		return NULL;
	}
	return &primary->clients[i];
}

static int set_policy(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	struct hp_client *client = client_of(primary, args, out);

	if (client == NULL)
		return -ENOENT;
	client->policy = word_of(hp_policy_names, hp_cli_word(args, 2));
	return hp_primary_take_over(primary, out);
}

static int set_spread(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	const char *from = hp_cli_str(args, "source");
	int spread = word_of(hp_spread_names, hp_cli_word(args, 2));
	struct hp_hop *hop = NULL;
	int i;

	if (strncmp(from, "port:", 5) == 0) {
		i = hp_primary_find_port(primary, from + 5);
		hop = i >= 0 ? &primary->port_hops[i] : NULL;
	} else {
		i = hp_primary_find_client(primary, from);
		hop = i >= 0 ? &primary->clients[i].hop : NULL;
	}
	if (hop == NULL || hop->n == 0)
		return hp_cli_fail(out, ENOENT, "'%s' is patched to nothing", from);
	hop->spread = (uint8_t)spread;
	return hp_primary_take_over(primary, out);
}

static int evict(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	const char *name = hp_cli_str(args, "member");
	uint32_t slot = hp_leases_find(primary->leases, name);

	if (slot == UINT32_MAX)
		return hp_cli_fail(
			out, ENOENT, "there is no member '%s'; 'show members' lists them", name);
	hp_primary_show_out(primary, slot, "by the command line");
	return 0;
}

static int set_forwarding(struct hp_primary *primary, bool on, struct hp_out *out)
{
	if (on && !primary->forwarding && !primary->conf->no_flush_rx)
		primary->flush++;
	primary->forwarding = on;
	return hp_primary_take_over(primary, out);
}

static int start_first(struct hp_primary *primary, uint64_t bursts, struct hp_out *out)
{
	int ret;

	if (bursts > 0 && primary->conf->forward_mode == 0)
		return hp_cli_fail(out, EINVAL,
			"tx_first is about ports that are wired to each other: 'set fwd io' first");
	ret = set_forwarding(primary, true, out);
	if (ret < 0 || bursts == 0)
		return ret;
	ret = hp_primary_tx_first(primary, bursts);
	if (ret < 0)
		return hp_cli_fail(out, -ret, "the lanes do not stop: %s", strerror(-ret));
	return 0;
}

static int start(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	uint64_t bursts = primary->conf->forward_mode != 0 ? primary->conf->tx_first : 0;

	(void)args;
	primary->conf->tx_first = 0; // of the first start alone
	return start_first(primary, bursts, out);
}

static int start_tx_first(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	return start_first(ctx, hp_cli_uint(args, "bursts", 1), out);
}

static int stop(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	(void)args;
	return set_forwarding(ctx, false, out);
}

static int set_burst(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct hp_primary *primary = ctx;
	uint64_t n = hp_cli_uint(args, "n", 0);

	if (n < 1 || n > HP_BURST_MAX)
		return hp_cli_fail(
			out, ERANGE, "burst %u: expected 1 to %d", (unsigned int)n, HP_BURST_MAX);
	primary->conf->burst = n;
	return hp_primary_take_over(primary, out);
}

static int shut_down(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	(void)args;
	(void)out;
	hp_primary_stop(ctx);
	return HP_CLI_CLOSE;
}

const struct hp_cli_cmd hp_primary_set_commands[] = {
	{"patch set <from> <to> [<spread>]", set_patch, "Patches",
		"Send packets of a source, 'port:NAME' or a client, to a list A,B,C of ports and "
		"clients, spread by hash, round-robin or broadcast."},
	{"patch add <from> <to> [<spread>]", set_patch, "Patches",
		"Send them there too, besides where they go; spread as they are unless told."},
	{"patch del <source>", del_patch, "Patches",
		"Send packets of a source nowhere: they are dropped as no-patch."},
	{"spread <source> (hash|round-robin|broadcast)", set_spread, "Patches",
		"Change how a source's packets are spread over its destinations."},
	{"policy <client> (drop|bypass|hold)", set_policy, "Links",
		"What becomes of a client's packets while it is absent or stuck."},
	{"evict <member>", evict, "Group", "Make a member leave at once."},
	{"start", start, "Group", "Poll the ports.", "same"},
	{"start tx_first [<bursts:uint16>]", start_tx_first, "Group",
		"The same, and send so many bursts (1) of frames ('set txpkts') out of each wired "
		"port.",
		"same"},
	{"stop", stop, "Group", "Poll the ports no more; what is in flight comes back.",
		"same, and prints statistics: here `show fwd stats all`"},
	{"set burst <n:uint16>", set_burst, "Group", "Packets that are taken at a time, 1 to 512.",
		"same; 0 (the driver's own) is no value here"},
	{"shutdown", shut_down, "Group",
		"End the whole group in order, as SIGTERM does: members leave first."},
	{NULL},
};

const struct hp_cli_cmd *const hp_primary_commands[] = {
	hp_primary_show_commands,
	hp_primary_port_commands,
	hp_primary_stats_commands,
	hp_primary_config_commands,
	hp_primary_set_commands,
	hp_primary_hotplug_commands,
	hp_primary_mail_commands,
	hp_primary_worker_commands,
	hp_primary_guest_commands,
	NULL,
};
