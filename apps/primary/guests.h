// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Guests of the group: captures and replays, which map none of its memory (hp_guest_shm.h). The
// control thread knows them, maps what they bring along, and puts their taps into the plan.

#pragma once

#include "base/hp_guest_shm.h"
#include "base/hp_wire.h"
#include "lane_tap.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct hp_primary;
struct hp_plan;

/** What a replay has put in, or all that are gone. */
struct hp_replay_totals {
	uint64_t packets, bytes, copies, dropped;
	uint64_t drops[HP_DROP_COUNT];
};

enum hp_guest_state {
	HP_GUEST_ABSENT,
	HP_GUEST_GREETED, // knows what the group has
	HP_GUEST_OPEN, // its taps are in the plan
	HP_GUEST_LEAVING, // out of the plan, still connected
	HP_GUEST_STRANDED, // gone, but a lane that hangs may still use its memory
};

/** A guest as the control thread knows it. */
struct hp_primary_guest {
	struct hp_primary *primary;
	enum hp_guest_state state;
	int fd; // -1: closed
	uint32_t kind; // enum hp_guest_kind
	char name[HP_NAME_MAX];
	pid_t pid; // as it sees itself
	pid_t peer_pid; // as we see it
	uint64_t since_us;

	// copied from its memory and checked, before anything works by it
	uint32_t n_rings, n_taps;
	uint64_t ring_bytes;
	struct hp_guest_tap taps[HP_GUEST_TAPS_MAX];
	struct hp_guest_insn *insns;

	struct hp_guest_shm *shm; // its memory
	uint64_t shm_bytes; // of what is mapped there
	uint8_t *rings[HP_GUEST_RINGS_MAX];
	struct hp_capture_lane *lanes; // [n_lanes] of a capture
	struct hp_replay_lane *replay; // of a replay
};

/** Event of the join socket: a guest has come. */
void hp_primary_greet_guest(void *primary, int fd, const struct hp_wire_guest *hello);

/** The guest of that name, NULL if there is none. */
const struct hp_primary_guest *hp_primary_find_guest(
	const struct hp_primary *primary, const char *name);

/** Start the clock of time stamps. -errno. */
int hp_primary_start_clock(struct hp_primary *primary);

/** Tell all guests that the group ends, and give their memory back. Lanes do not run any more. */
void hp_primary_end_guests(struct hp_primary *primary);

/** Put the taps of all open guests into a plan. -ENOMEM. */
int hp_guests_fill_plan(struct hp_primary *primary, struct hp_plan *plan);

/** What a guest's tap counted, over all lanes. */
struct hp_guest_totals {
	uint64_t seen, captured, lost;
};
void hp_guest_totals(const struct hp_primary *primary, const struct hp_primary_guest *guest,
	uint32_t tap, struct hp_guest_totals *totals);

/** Add what a replay has counted. */
void hp_replay_totals(const struct hp_primary_guest *guest, struct hp_replay_totals *totals);

/** Show out guests whose rings hold nonsense. */
void hp_primary_look_at_guests(struct hp_primary *primary);

// guest_memory.c

/**
 * Take over the memory that a guest offers: check seals, size and all that it says, map it.
 * @return 0, or -errno with @p err filled; hp_guest_memory_free() is due in both cases.
 */
int hp_guest_memory_take(struct hp_primary_guest *guest, int fd, uint64_t bytes, uint32_t n_lanes,
	struct hp_err *err);

/** Unmap it. */
void hp_guest_memory_free(struct hp_primary_guest *guest);
