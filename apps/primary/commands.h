// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-primary's commands. The handlers run on the control thread; their ctx is struct hp_primary.

#pragma once

#include "group/hp_cli.h"

struct hp_primary;

/**
 * The ports that (<port>|all) means: an id, a name, a device.
 *
 * @param ports
 *   Bit i: primary->ports[i]; none for "all" where there are none.
 * @return
 *   0, or -ENOENT after hp_cli_fail().
 */
int hp_primary_pick_ports(
	const struct hp_primary *primary, const char *which, uint64_t *ports, struct hp_out *out);

/** Have the lanes work by what was changed: 0, or -errno after hp_cli_fail(). */
int hp_primary_take_over(struct hp_primary *primary, struct hp_out *out);

/** Tables for hp_cli_new(), NULL-terminated. */
extern const struct hp_cli_cmd *const hp_primary_commands[];

extern const struct hp_cli_cmd hp_primary_show_commands[];
extern const struct hp_cli_cmd hp_primary_set_commands[];
extern const struct hp_cli_cmd hp_primary_port_commands[];
extern const struct hp_cli_cmd hp_primary_hotplug_commands[];
extern const struct hp_cli_cmd hp_primary_stats_commands[];
extern const struct hp_cli_cmd hp_primary_config_commands[];
extern const struct hp_cli_cmd hp_primary_mail_commands[];
extern const struct hp_cli_cmd hp_primary_worker_commands[];
extern const struct hp_cli_cmd hp_primary_guest_commands[];

struct hp_primary;
struct hp_out;

/** Rows of 'show drops' for replays; @p reasons emits those of one place. */
void hp_show_replay_drops(const struct hp_primary *primary, struct hp_out *out,
	void (*reasons)(struct hp_out *out, const char *where, const uint64_t *drops));

/** Rows of 'show port rss' for primary->ports[i]: one for each receive queue. */
void hp_primary_show_rss(struct hp_primary *primary, uint32_t i, struct hp_out *out);

/** Rows of 'show members' for captures and replays. */
void hp_show_guests(const struct hp_primary *primary, struct hp_out *out);
