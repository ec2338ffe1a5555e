// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The steps of joining that come before a member has a control thread: connect, hello, lease, EAL.
// Main thread; for hp_member.c.

#pragma once

#include "base/hp_wire.h"
#include "group/hp_member.h"

/**
 * Wait for the primary, say hello, get a lease.
 *
 * @param fd
 *   Set to the connection, which stays open as long as the member lives.
 * @return
 *   0; -errno with @p err filled: HP_EXIT_NO_PRIMARY (none within the wait), what a refusal says,
 *   HP_CHILD_PID_TAKEN, or HP_EXIT_OK (-EINTR: a signal asked to end).
 */
int hp_join_lease(const struct hp_member_conf *conf, const char *role, uint32_t restarts,
	struct hp_wire_lease *lease, int *fd, struct hp_err *err);

/**
 * Check the lease against what was given by hand and against what this container sees, then start
 * EAL with it. 0; -errno with @p err filled.
 */
int hp_join_attach(const struct hp_member_conf *conf, const struct hp_wire_lease *lease, bool ports,
	struct hp_err *err);

/** Send a message that is a header alone. 0 or -errno. Any thread. */
int hp_join_send(int fd, uint16_t type);

/** Run this program again in its place, with the same arguments. Does not return. */
void hp_join_again(void) __attribute__((noreturn));
