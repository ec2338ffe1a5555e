// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The group's command line on a unix socket (HP_PATHS_CTL in the runtime directory), for
// `hugepod ctl`, probes and scripts. Whatever peers do, or leave undone, each is bounded and the
// others are served. Control thread only.
// base/hp_ctl.h describes the protocol.

#pragma once

#include "base/hp_err.h"
#include "base/hp_loop.h"
#include "group/hp_cli.h"

#define HP_CTL_PEERS_MAX 32 // at once; one more ends the one that was silent longest

struct hp_ctl_server;

/**
 * Listen in @p runtime_dir. A socket that is there is taken away: the caller holds the group's
 * lock. Mode 0600: who may write to it rules the group.
 *
 * @param prompt
 *   For terminals, 31 characters at most; copied.
 * @return
 *   To be freed with hp_ctl_server_free(), or NULL with @p err filled (HP_EXIT_CONFIG).
 */
struct hp_ctl_server *hp_ctl_server_new(struct hp_cli *cli, struct hp_loop *loop,
	const char *runtime_dir, const char *prompt, struct hp_err *err);

/** End all sessions, close and unlink the socket; NULL is fine. */
void hp_ctl_server_free(struct hp_ctl_server *server);
