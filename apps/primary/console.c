// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Who talks to the primary: the group's socket, the terminal, a command file, and the periodic
// statistics. All of them run the same commands.

#include "base/hp_log.h"
#include "commands.h"
#include "group/hp_cli_session.h"
#include "group/hp_ctl_server.h"
#include "primary.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("console");

static const char *client_names(void *ctx, unsigned int i)
{
	const struct hp_primary *primary = ctx;

	for (unsigned int c = 0; c < HP_CLIENTS_MAX; c++)
		if (primary->clients[c].used && i-- == 0)
			return primary->clients[c].name;
	return NULL;
}

static const char *member_names(void *ctx, unsigned int i)
{
	const struct hp_primary *primary = ctx;

	for (uint32_t s = 0; s < primary->group.hdr->max_members; s++) {
		const struct hp_lease *lease = hp_leases_get(primary->leases, s);

		if (lease->state != HP_LEASE_FREE && i-- == 0)
			return lease->name;
	}
	return NULL;
}

static const char *receiver_names(void *ctx, unsigned int i)
{
	return i == 0 ? HP_MAIL_ALL_NAME : member_names(ctx, i - 1);
}

// The i-th port that is there, by name and then by number.
static const char *port_names(void *ctx, unsigned int i)
{
	struct hp_primary *primary = ctx;

	for (unsigned int by_number = 0; by_number < 2; by_number++) {
		for (uint32_t p = 0; p < primary->n_ports; p++) {
			if (!hp_port_is_there(&primary->ports[p]) || i-- > 0)
				continue;
			if (by_number == 0)
				return primary->ports[p].name;
			snprintf(primary->proposal, sizeof(primary->proposal), "%u",
				primary->ports[p].port_id);
			return primary->proposal;
		}
	}
	return NULL;
}

static const char *all_port_names(void *ctx, unsigned int i)
{
	return i == 0 ? "all" : port_names(ctx, i - 1);
}

// The i-th port or client as patches write it; @p patched: of those that have a patch.
static const char *hop_name(struct hp_primary *primary, unsigned int i, bool patched)
{
	for (uint32_t p = 0; p < primary->n_ports; p++) {
		if (!hp_port_is_there(&primary->ports[p]) ||
			(patched && primary->port_hops[p].n == 0) || i-- > 0)
			continue;
		snprintf(primary->proposal, sizeof(primary->proposal), "port:%s",
			primary->ports[p].name);
		return primary->proposal;
	}
	for (unsigned int c = 0; c < HP_CLIENTS_MAX; c++) {
		const struct hp_client *client = &primary->clients[c];

		if (client->used && (!patched || client->hop.n > 0) && i-- == 0)
			return client->name;
	}
	return NULL;
}

static const char *hop_names(void *ctx, unsigned int i)
{
	return hop_name(ctx, i, false);
}

// A client cannot be its own next hop; a port can. What is there is not to be added.
static bool may_follow(void *ctx, const char *before, const char *name)
{
	size_t len = strlen(name), end = strlen(before);
	char from[HP_NAME_MAX + sizeof("port:")];

	if (sscanf(before, " patch add %36s", from) == 1 && hp_primary_is_patched(ctx, from, name))
		return false;
	while (end > 0 && strchr(" \t\n", before[end - 1]) != NULL)
		end--;
	if (strncmp(name, "port:", 5) == 0 || end < len ||
		strncmp(before + end - len, name, len) != 0)
		return true;
	return end > len && strchr(" \t", before[end - len - 1]) == NULL;
}

static const char *source_names(void *ctx, unsigned int i)
{
	return hop_name(ctx, i, true);
}

static const char *spread_names(void *ctx, unsigned int i)
{
	(void)ctx;
	return i <= HP_SPREAD_BROADCAST ? hp_spread_names[i] : NULL;
}

static void print_stats(void *arg)
{
	static const char *const lines[] = {"show ports", "show links", "show drops"};
	struct hp_primary *primary = arg;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct hp_out *out = NULL;

		if (hp_cli_run(primary->cli, lines[i], HP_OUT_TEXT, &out) >= 0 && out != NULL)
			fputs(hp_out_text(out, NULL), stdout);
		hp_out_free(out);
	}
	fflush(stdout);
}

static void terminal_ended(void *arg, struct hp_cli_session *session)
{
	struct hp_primary *primary = arg;
	bool quit = hp_cli_session_quit(session);

	// A pod has no standard input, and its end is no order to stop. "quit" is, from a file as
	// well.
	primary->terminal = NULL;
	hp_cli_session_free(session);
	if (quit || isatty(STDIN_FILENO))
		hp_primary_stop(primary);
}

static int open_terminal(struct hp_primary *primary, struct hp_err *err)
{
	struct hp_cli_session_conf conf = {
		.fd_in = STDIN_FILENO,
		.fd_out = STDOUT_FILENO,
		.mode = isatty(STDIN_FILENO) ? HP_CLI_EDIT : HP_CLI_PLAIN,
		.prompt = "hugepod> ",
		.ignore_eof_key = true,
		.end = terminal_ended,
		.arg = primary,
	};

	primary->terminal = hp_cli_session_new(primary->cli, primary->loop, &conf);
	if (primary->terminal == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, errno, "command line on the terminal: %s",
			strerror(errno));
	return 0;
}

// What completion proposes for a token: nothing but what the command takes.
static const struct {
	const char *token;
	hp_cli_names names;
} proposals[] = {
	{"client", client_names},
	{"member", member_names},
	{"receiver", receiver_names},
	{"port", port_names},
	{"ports", all_port_names},
	{"from", hop_names},
	{"source", source_names},
	{"spread", spread_names},
};

int hp_primary_open_console(struct hp_primary *primary, struct hp_err *err)
{
	const struct hp_config *conf = primary->conf;
	int ret = 0;

	primary->cli = hp_cli_new(hp_primary_commands, primary, err);
	if (primary->cli == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < RTE_DIM(proposals); i++)
		hp_cli_complete_with(primary->cli, proposals[i].token, proposals[i].names);
	hp_cli_complete_list(primary->cli, "to", hop_names, HP_FANOUT_MAX, may_follow);
	primary->ctl = hp_ctl_server_new(
		primary->cli, primary->loop, primary->runtime_dir, "hugepod> ", err);
	if (primary->ctl == NULL)
		return -EIO;
	if (conf->cmdline_file != NULL)
		ret = hp_cli_run_file(primary->cli, conf->cmdline_file, stdout, err);
	if (ret == 0 && conf->interactive)
		ret = open_terminal(primary, err);
	if (ret == 0 && conf->stats_period_us != 0) {
		primary->stats_timer = hp_loop_timer(primary->loop, conf->stats_period_us,
			conf->stats_period_us, print_stats, primary);
		if (primary->stats_timer == NULL)
			HP_LOG(WARNING, "no periodic statistics: %s", strerror(errno));
	}
	return ret;
}

void hp_primary_close_console(struct hp_primary *primary)
{
	hp_loop_timer_del(primary->stats_timer);
	hp_cli_session_free(primary->terminal);
	hp_ctl_server_free(primary->ctl);
	hp_cli_free(primary->cli);
	hp_primary_free_views(primary);
}
