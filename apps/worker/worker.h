// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-worker: polls queues of its own. This header is for the files of this folder.

#pragma once

#include "base/hp_err.h"
#include "group/hp_guest_mem.h"
#include "group/hp_member.h"
#include "group/hp_wq.h"

/**
 * Open the ports that workers poll in this process: main thread, after joining and before it is
 * ready. Nothing of a device but this process's own functions is set up.
 * @return 0, or -errno with @p err filled (HP_EXIT_CONFIG).
 */
int hp_worker_attach_ports(
	const struct hp_wq_conf *conf, const struct hp_wq_shm *shm, struct hp_err *err);

// taps.c

/** Captures of this worker's queues. */
struct hp_worker_taps;

/** Main thread, before the packet loop runs. NULL: out of memory. */
struct hp_worker_taps *hp_worker_taps_new(struct hp_member *member);
/** Main thread, when neither packet loop nor control thread runs any more. NULL is fine. */
void hp_worker_taps_free(struct hp_worker_taps *taps);

/** Control thread: a message about a capture; @p fd is its memory, -1: none. Stays the caller's. */
void hp_worker_taps_hear(
	struct hp_worker_taps *taps, struct hp_loop *loop, const struct hp_wire_taps *msg, int fd);

/** Packet loop: true if there is something to take up. */
bool hp_worker_taps_waiting(const struct hp_worker_taps *taps);
/** Packet loop: work by the newest taps from now on. */
void hp_worker_taps_take_up(struct hp_worker_taps *taps, struct hp_wq_loop *loop);
