// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Guests of the group: captures and replays, which map none of its memory (hp_guest_shm.h). The
// control thread knows them, maps what they bring along, and puts their taps into the plan.

#pragma once

#include "base/hp_guest_shm.h"
#include "base/hp_wire.h"
#include "group/hp_guest_mem.h"
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

	struct hp_guest_mem mem;
	struct hp_copy_ring *rings; // of a capture: the lanes', and the worker queues' behind them
	struct hp_replay_lane *replay; // of a replay

	// what workers are told of a capture (guest_workers.c)
	int mem_fd; // for workers that come later, -1: none
	uint64_t bytes; // of all its memory
	uint64_t number; // of this capture, since the primary's start
	uint64_t serial; // of the message that workers have to have heard before .answer is said
	uint64_t answer_us; // when it is said in any case
	uint16_t answer; // HP_WIRE_OPENED or HP_WIRE_LEFT, 0: nothing is to be said
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

/** Port id of a tap's port if workers poll it, else HP_WIRE_NO_PORT. */
uint8_t hp_guest_worker_port(const struct hp_primary *primary, const struct hp_tap *tap);

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

/** Give the memory of a guest back. No lane uses it any more. */
void hp_guest_free(struct hp_primary_guest *guest);

/** Say to a guest what was promised: that its taps work, or that they are off. */
void hp_guest_answer(struct hp_primary_guest *guest);

// guest_workers.c

/** A capture has opened, or ends: tell all workers. @p answer: what it is to hear after them. */
void hp_guest_tell_workers(struct hp_primary_guest *guest, uint16_t answer);

/** A worker has come: it hears of all captures. */
void hp_guests_worker_ready(struct hp_primary *primary, uint32_t slot);

/** A worker works by messages up to @p serial. */
void hp_guests_worker_heard(void *primary, uint32_t slot, uint64_t serial);

/** Now and then: messages that could not be sent, answers that are due. */
void hp_guests_look_at_workers(struct hp_primary *primary);
