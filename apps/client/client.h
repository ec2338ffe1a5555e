// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-client: a packet function behind a link. This header is for the files of this folder.

#pragma once

#include "func/hp_func.h"
#include "group/hp_mailbox.h"
#include "group/hp_member.h"

struct hp_client_opts {
	struct hp_member_conf member;
	char *function;
	struct hp_strlist set; // KEY=VALUE for the function
};

extern const struct hp_opt_set hp_client_opts;

/**
 * The packet loop: until the member has to stop, then until everything is handed back.
 * @param desk
 *   Where messages are answered between packets.
 */
void hp_client_loop(struct hp_member *member, const struct hp_func *func, void *state,
	struct hp_mail_desk *desk);
