// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Files that the dead leave behind in the runtime directory and the huge-dir, and who holds them.
// Touches files of the own group alone: its runtime directory and "PREFIXmap_*" in its huge-dir.

#pragma once

#include "base/hp_err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * Remove what a dead secondary of that PID left in the runtime directory: its copies of the memory
 * tables (fbarray_*_PID, since 23.07 fbarray_*_PID_*) and its socket (mp_socket_PID_*). The caller
 * knows that it is dead, and that nobody else in the group has that PID: the kernel closes the
 * files of a dying process one after the other, so their locks do not tell yet.
 * @return how many were removed.
 */
unsigned int hp_stale_remove_pid(const char *runtime_dir, pid_t pid);

/**
 * Remove the sockets of all secondaries, before a primary takes its memory down: EAL would tell
 * each of them of every page, and wait 5 s for those that are stopped or dead.
 */
unsigned int hp_stale_remove_peers(const char *runtime_dir);

/** True if files of a live secondary of that PID are there, as those of stock DPDK tools. */
bool hp_stale_pid_in_use(const char *runtime_dir, pid_t pid);

/**
 * Wait until nobody holds the files of an earlier generation, naming on the way who does.
 * @param wait_us
 *   How long at most.
 * @return
 *   0; -EINTR (a signal asks to stop, HP_EXIT_OK); -EBUSY with @p err filled (HP_EXIT_CONFIG): who
 * holds which file: name, PID, path.
 */
int hp_stale_wait(const char *runtime_dir, const char *huge_dir, const char *file_prefix,
	uint64_t wait_us, struct hp_err *err);

/**
 * Remove the map files "PREFIXmap_*". The caller holds the group's lock, and nobody needs them any
 * more: a process that is just ending may still have them open, its pages go with it.
 * @return how many.
 */
unsigned int hp_stale_remove_maps(const char *huge_dir, const char *file_prefix);

/**
 * Remove the runtime directory of the group, at the end of a primary that holds its lock.
 * @param all
 *   Everything in it is the caller's. Else the lock alone: the primary did not get so far as to own
 *   the rest, which may belong to members of an earlier one that still live.
 */
void hp_stale_remove_runtime(const char *runtime_dir, bool all);
