// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Finding a group's primary: where its join socket is, waiting for it, asking it one thing. The
// beginning of every member and guest. One thread; no DPDK.

#pragma once

#include "base/hp_err.h"
#include "base/hp_wire.h"

#include <stdint.h>
#include <sys/un.h>

struct hp_connect {
	// set by the caller
	const char *name; // of this member or guest
	const char *file_prefix;
	const char *runtime_base; // --runtime-dir, or NULL
	uint64_t wait_us;

	char runtime_dir[HP_WIRE_PATH];
	struct sockaddr_un addr;
	uint64_t until_us;
	int signal_fd; // SIGTERM and SIGINT, which have to be blocked
	int fd; // the connection, -1: none
};

/** Check the name, find the socket's path, begin to count the time. -errno with @p err filled. */
int hp_connect_open(struct hp_connect *c, struct hp_err *err);

/**
 * Wait for a primary that listens, and connect: .fd. A SIGTERM meanwhile: -EINTR, exit code 0.
 * @return 0, or -errno with @p err filled.
 */
int hp_connect_wait(struct hp_connect *c, struct hp_err *err);

/**
 * Send @p hello and wait for an answer of type @p want into @p msg.
 * @return
 *   0; -EPIPE: the primary went away, connect again; else -errno with @p err filled: a refusal in
 *   the primary's words, or HP_CHILD_PID_TAKEN as exit code.
 */
int hp_connect_ask(struct hp_connect *c, const struct hp_wire_hdr *hello, uint16_t want,
	union hp_wire_msg *msg, struct hp_err *err);

/** The second half of that, for what was sent already. */
int hp_connect_answer(
	struct hp_connect *c, uint16_t want, union hp_wire_msg *msg, struct hp_err *err);

/** Close what belongs to the search; the connection stays open. */
void hp_connect_done(struct hp_connect *c);
