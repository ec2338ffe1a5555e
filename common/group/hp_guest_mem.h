// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The memory that a guest hands over (hp_guest_shm.h), at the other end: of the primary, and of
// each worker that copies packets into it. What the guest says there is copied once, and checked
// before anything works by it; afterwards the guest may write what it likes.

#pragma once

#include "base/hp_err.h"
#include "base/hp_guest_shm.h"

#include <stdint.h>

struct hp_copy_ring;

/** Zeroed before hp_guest_mem_take(). */
struct hp_guest_mem {
	// copied from it and checked
	uint32_t n_rings, n_taps;
	uint64_t ring_bytes;
	struct hp_guest_tap taps[HP_GUEST_TAPS_MAX];
	struct hp_guest_insn *insns;

	struct hp_guest_shm *shm; // NULL: nothing is mapped
	uint64_t shm_bytes; // of what is mapped there
	uint8_t *rings[HP_GUEST_RINGS_MAX];
};

/** What is expected of it. */
struct hp_guest_mem_terms {
	uint64_t bytes; // of all of it, as was said with it
	uint32_t kind; // enum hp_guest_kind
	uint32_t n_rings;
	uint32_t first_ring; // that is written here; the ones in front of it are not mapped
};

/**
 * Take it over: check seals, size and all that it says, map it. @p fd stays the caller's. Any
 * thread but a packet loop.
 * @return 0, or -errno with @p err filled; hp_guest_mem_free() is due in both cases.
 */
int hp_guest_mem_take(struct hp_guest_mem *mem, int fd, const struct hp_guest_mem_terms *terms,
	struct hp_err *err);

/** Unmap it; nobody uses it any more. */
void hp_guest_mem_free(struct hp_guest_mem *mem);

/**
 * Our ends of a capture's rings, at their beginnings, [n_rings]; .out.bytes is NULL where a ring is
 * not mapped. free() takes them. NULL: out of memory.
 */
struct hp_copy_ring *hp_guest_mem_rings(const struct hp_guest_mem *mem);
