// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Bytes on their way to a descriptor that may not take them now: bounded, and never blocking.

#pragma once

#include <stdbool.h>
#include <stddef.h>

/** A queue of bytes. Zero-initialise it and set .max. */
struct hp_sendq {
	char *data;
	size_t head; ///< first byte that is not sent yet
	size_t len; ///< end of the bytes in .data
	size_t size; ///< bytes allocated
	size_t max; ///< bytes that may wait; 0: no bound
};

/** Bytes that wait. */
size_t hp_sendq_pending(const struct hp_sendq *q);

/** Append a copy. 0, -ENOBUFS (more than .max would wait; nothing is appended) or -ENOMEM. */
int hp_sendq_add(struct hp_sendq *q, const void *data, size_t len);

/**
 * Send what @p fd takes now, without waiting and without SIGPIPE. A descriptor that is no socket
 * has to be O_NONBLOCK.
 *
 * @return
 *   0 if nothing waits any more, 1 if something does, -errno if @p fd is broken.
 */
int hp_sendq_flush(struct hp_sendq *q, int fd);

void hp_sendq_free(struct hp_sendq *q);
