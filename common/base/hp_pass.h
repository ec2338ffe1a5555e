// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Messages on a unix socket that may bring a descriptor along. No DPDK.

#pragma once

#include <stddef.h>
#include <sys/types.h>

/**
 * Send @p len bytes, and @p passed with them unless it is -1; it stays open here too. No SIGPIPE.
 * @param flags
 *   Of send(), MSG_DONTWAIT for instance.
 * @return 0 or -errno. Any thread.
 */
int hp_pass_send(int fd, const void *msg, size_t len, int passed, int flags);

/**
 * Receive up to @p size bytes. *passed gets the descriptor that came along, which is the caller's
 * from now on, or -1; further ones are closed.
 * @return as recv() does, with errno. Any thread.
 */
ssize_t hp_pass_receive(int fd, void *msg, size_t size, int *passed, int flags);
