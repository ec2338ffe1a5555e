// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The post office: takes records out of the members' `out` rings and puts them into the `in` rings
// of those that they are for. Lane 0 of the primary runs it between packets: no lock, no system
// call, no allocation, a bounded amount of work a turn. Who does not read loses messages, and the
// sender is told; nobody waits for anybody.
//
// Members are not trusted: what they wrote is copied and checked, and one that writes what is no
// record is listened to no more. What is in whose mailbox is written down in the router's own
// memory, so that every message of a member that dies is accounted for.

#pragma once

#include "group/hp_mail.h"

#define HP_MAIL_TURN 32 // records a turn: some 10 us of the lane's time at most
#define HP_MAIL_OWN_TURN 4 // of these, at most so many from the primary's own control thread

/** A message in a mailbox, as the router remembers it. */
struct hp_mail_note {
	uint64_t end; // position behind it in the ring
	uint64_t id;
	struct hp_mail_addr from;
	uint16_t kind;
	bool counted; // a message; false for the router's own notices
};

/** A mailbox as the router sees it. */
struct hp_mail_port {
	uint64_t incarnation; // 0: closed
	bool mute; // lied: nothing more is taken from it
	struct hp_mail_reader out;
	struct hp_mail_writer in;
	char name[HP_NAME_MAX];
	struct hp_mail_counters *count;
	uint32_t first, n_notes; // of what lies in its `in` ring
	struct hp_mail_note notes[HP_MAIL_RECORDS_MAX];
};

struct hp_mail_router {
	const struct hp_group *group;
	struct hp_mail_shm *shm;
	uint32_t n_slots;
	uint64_t pending; // bit a slot: may have something in its `out` ring
	uint64_t unread; // bit a slot: has something in its `in` ring
	uint32_t next; // slot that is looked at first
	struct hp_mail_port *ports; // [n_slots + 1], the last one is the primary's
	struct hp_mail scratch;
	struct hp_mail answer;

	struct hp_mbox own; // the primary's control thread's mailbox: private memory
	_Atomic uint64_t lied; // bit a slot: the router sets, the control thread clears
};

/**
 * Make a router; nobody gets messages yet but the primary. Control thread, before the lanes run.
 * @return NULL without memory. To be freed with hp_mail_router_free().
 */
struct hp_mail_router *hp_mail_router_new(const struct hp_group *group);
void hp_mail_router_free(struct hp_mail_router *router); ///< NULL is fine

/**
 * Open and close mailboxes. Router's thread. The memory of a slot that is closed is touched no more
 * when this returns; what its member had sent before is delivered, what it had not read is given
 * back.
 * @param incarnations
 *   [n_slots] of the members that get messages, 0 for none.
 */
void hp_mail_router_sync(struct hp_mail_router *router, const uint64_t *incarnations);

/** Route up to HP_MAIL_TURN records; returns how many. Router's thread. */
uint32_t hp_mail_router_work(struct hp_mail_router *router);

/** The same for a packet loop: nearly free when there is nothing to do. */
static inline uint32_t hp_mail_router_turn(struct hp_mail_router *router)
{
	if (atomic_load_explicit(&router->shm->bell, memory_order_relaxed) == 0 &&
		(router->pending | router->unread) == 0 &&
		!hp_mail_waits(&router->ports[router->n_slots].out) &&
		router->ports[router->n_slots].n_notes == 0)
		return 0;
	return hp_mail_router_work(router);
}
