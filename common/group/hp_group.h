// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The group's shared memory: one memzone, made whole by the primary at its start. Nothing in it is
// allocated later, so there is nothing in it that a member which dies could take with it.
//
// Every cache line has one writer, named in its comment. No pointer to code, no lock.
// Change anything here and raise HP_GROUP_VERSION.

#pragma once

#include "base/hp_config.h"
#include "base/hp_verdict.h"
#include "base/hp_wire.h"

#include <rte_common.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HP_GROUP_MAGIC 0x70756f7247504855ull
#define HP_GROUP_VERSION 7u
#define HP_GROUP_MEMZONE "hugepod_group"
#define HP_LANES_MAX 16 // forwarding lcores of a primary
#define HP_DROPS_ROOM 24 // counters kept for drop reasons; HP_DROP_COUNT has to fit
#define HP_MBOX_BYTES 8192 // of one direction of a mailbox; a power of two
#define HP_MAIL_REASONS_ROOM 8 // counters kept for why messages were not delivered

_Static_assert((int)HP_DROP_COUNT <= HP_DROPS_ROOM, "raise HP_DROPS_ROOM and HP_GROUP_VERSION");

enum hp_group_state {
	HP_GROUP_STARTING,
	HP_GROUP_RUNNING,
	HP_GROUP_STOPPING,
};

/**
 * First bytes of the memzone. primary: wo, before a lease. Nobody works by what stands there, which
 * any member could have written to: each process has a copy of its own, see struct hp_group, and a
 * member has got it with its lease.
 */
struct hp_group_hdr {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes; // of the memzone that are used
	uint64_t generation;
	uint64_t mbuf_base; // address that descriptors are relative to
	uint64_t tsc_hz;
	uint32_t n_lanes; // forwarding lcores
	uint32_t max_members;
	uint32_t max_clients;
	uint32_t window_max; // entries of each ring, a power of two
	uint32_t burst; // packets
	uint32_t idle; // enum hp_idle
	uint32_t slots_off; // bytes from the memzone's start: struct hp_slot [max_members]
	uint32_t mboxes_off; // struct hp_mbox [max_members]
	uint32_t links_off; // links [max_members][n_lanes], each link_bytes
	uint32_t link_bytes;
	uint32_t n_wqs; // worker queues
	uint32_t ports_off; // struct hp_port_counters [n_lanes + n_wqs][HP_PORTS_MAX]
	uint32_t clients_off; // struct hp_client_counters [n_lanes][max_clients]
	uint32_t mail_off; // struct hp_mail_shm
	uint32_t wq_off; // struct hp_wq_shm
	_Atomic uint32_t state; // enum hp_group_state
};

_Static_assert(sizeof(struct hp_group_hdr) <= HP_WIRE_GROUP, "a lease has room for it");

/** A member's place. */
struct hp_slot {
	// primary: wo; the member: ro
	char name[HP_NAME_MAX];
	char role[HP_NAME_MAX];
	uint64_t incarnation; // counts the members that this slot has had
	_Atomic uint32_t leaving; // the primary lends nothing more
	_Atomic uint64_t mail; // incarnation, as long as the member gets messages; else 0

	// the member's packet loop: wo; primary: ro
	_Atomic uint64_t epoch __rte_cache_aligned; // moves with every turn of its loop
	_Atomic uint64_t packets; // that its function has seen
	_Atomic uint64_t busy_tsc; // cycles spent on bursts

	// a worker's packet loop, once, and the kernel at its end: wo; primary: ro; hp_lifeline.h
	_Atomic uint32_t lifeline __rte_cache_aligned;

	// the member's control thread: wo; primary: ro
	char function[HP_NAME_MAX] __rte_cache_aligned;
	_Atomic uint32_t source; // its function fills blank packets; before it is ready
} __rte_cache_aligned;

/**
 * One direction of a mailbox: records in a byte ring. head and tail count bytes since the slot was
 * leased and never wrap in practice (64 bits).
 */
struct hp_mbox_ring {
	_Atomic uint64_t head __rte_cache_aligned; // its writer: wo
	_Atomic uint64_t tail __rte_cache_aligned; // its reader: wo
	uint8_t bytes[HP_MBOX_BYTES] __rte_cache_aligned; // its writer: wo
};

struct hp_mbox {
	struct hp_mbox_ring out; // member to primary
	struct hp_mbox_ring in; // primary to member
};

/** Messages of one member. Lane 0: wo; everyone: ro. */
struct hp_mail_counters {
	_Atomic uint64_t sent; // taken from its mailbox; a broadcast counts once a receiver
	_Atomic uint64_t received; // read by it
	_Atomic uint64_t waiting; // gauge: in its mailbox, not yet read
	_Atomic uint64_t undelivered[HP_MAIL_REASONS_ROOM]; // that it had sent
	_Atomic uint64_t missed[HP_MAIL_REASONS_ROOM]; // that were for it
	_Atomic uint64_t notices; // to it: what became of what it had sent
	_Atomic uint64_t notices_lost; // for which its mailbox had no room
	_Atomic uint64_t malformed; // what it wrote that is no message
} __rte_cache_aligned;

/** What the members and lane 0 share about messages. */
struct hp_mail_shm {
	_Atomic uint64_t bell __rte_cache_aligned; // bit a slot: members set, lane 0 clears
	struct hp_mail_counters of[] __rte_cache_aligned; // [max_members], the primary, the gone
};

/**
 * What a member hands back: the next n of the packets that it was lent, in the order in which they
 * were lent, all with one verdict.
 */
struct hp_return {
	uint16_t first; // number of the first of them, low bits; lends are counted from 0
	uint16_t n;
	struct hp_verdict verdict;
} __rte_aligned(8);

_Static_assert(sizeof(struct hp_return) == 8, "an entry is read at once");

/**
 * The shared part of a link: two rings of window_max entries. Both counters count entries since the
 * slot was leased. There are no consumer counters: the primary lends at most a window, and what was
 * handed back has been read, so a place is free before it is written again (see hp_link.h).
 */
struct hp_link_shm {
	_Atomic uint32_t lent __rte_cache_aligned; // primary's lane: wo; member: ro
	_Atomic uint32_t returned __rte_cache_aligned; // member: wo; primary's lane: ro
	// [window_max], primary's lane: wo: mbufs, in cache lines from mbuf_base
	uint32_t lends[] __rte_cache_aligned;
	// struct hp_return returns[window_max] follows, member: wo
};

/** Of one port on one lane, or on one worker queue. The lane or the holder: wo; everyone: ro. */
struct hp_port_counters {
	_Atomic uint64_t rx_packets;
	_Atomic uint64_t rx_bytes;
	_Atomic uint64_t tx_packets;
	_Atomic uint64_t tx_bytes;
	_Atomic uint64_t buffered; // gauge: packets that wait for the transmit queue
	_Atomic uint64_t copies; // made for broadcasts of what came from here
	_Atomic uint64_t drops[HP_DROPS_ROOM];
} __rte_cache_aligned;

/** Of the link to one client name on one lane; outlives the processes of that name. */
struct hp_client_counters {
	_Atomic uint64_t lent_packets; // to the client
	_Atomic uint64_t lent_bytes;
	_Atomic uint64_t returned_packets; // from the client, with any verdict
	_Atomic uint64_t returned_bytes;
	_Atomic uint64_t made_packets; // lent blank, and returned filled
	_Atomic uint64_t made_bytes;
	_Atomic uint64_t blanks; // gauge: lent blank to the live member and not yet returned
	_Atomic uint64_t bypassed; // passed on without it, policy bypass
	_Atomic uint64_t rejected; // entries handed back that were not lent
	_Atomic uint64_t in_flight; // gauge: lent to the live member, not yet returned, no blanks
	_Atomic uint64_t shut_in; // gauge: still out to members that were evicted and are not dead
	_Atomic uint64_t held; // gauge: kept for it, policy hold
	_Atomic uint64_t copies; // made for broadcasts of what came from here
	_Atomic uint64_t drops[HP_DROPS_ROOM];
} __rte_cache_aligned;

/**
 * A process's view of the memzone. Filled by hp_group_create() or hp_group_attach(); not to be
 * copied. Bounds and offsets come from a header in memory of its own, which no other process can
 * change under its eyes.
 */
struct hp_group {
	const struct hp_group_hdr *hdr; // own
	struct hp_group_hdr own;
	uint8_t *shm; // the shared memory, which begins with the shared header
	const void *memzone; // struct rte_memzone
};

/** Bytes that the memzone of such a group takes. */
uint64_t hp_group_bytes(const struct hp_config *conf);

/**
 * Lay a group out in hp_group_bytes() of zeroed memory that begins with @p hdr: the offsets and
 * what follows from the configuration. For hp_group_create(), and for tests without EAL.
 */
void hp_group_lay_out(struct hp_group_hdr *hdr, const struct hp_config *conf);

/** True if a header is one that hp_group_lay_out() makes, for at most so many bytes. */
bool hp_group_whole(const struct hp_group_hdr *hdr, uint64_t bytes);

/** Begin to use memory that is laid out: take a copy of its header. */
void hp_group_open(struct hp_group *group, void *shm);

/** Say in shared memory what the group does. Primary only. */
void hp_group_set_state(struct hp_group *group, enum hp_group_state state);

/**
 * Write the shared header anew, as a new member has to find it whatever an older one has done to
 * it. Primary only.
 */
void hp_group_mend(struct hp_group *group);

/**
 * Make the group's memory. Primary's main thread, once, after EAL and before the join socket.
 * @return 0, -ENOMEM, -EEXIST.
 */
int hp_group_create(struct hp_group *group, const struct hp_config *conf, uint64_t mbuf_base);

/** Put the header into a lease. Primary only. */
void hp_group_lease(const struct hp_group *group, struct hp_wire_lease *lease);

/**
 * Find the memory of the group and check that it is what was leased. Members, after EAL.
 * @return
 *   0; -ENOENT (no such memzone), -EPROTO (another layout), with @p err filled. -ESTALE, with the
 *   group attached and @p err filled: the shared header is another one. That means another
 *   primary if the one that leased is dead, and a member that wrote where it must not if it lives.
 */
int hp_group_attach(struct hp_group *group, const struct hp_wire_lease *lease, struct hp_err *err);

/** Give the memzone back. Primary only. */
void hp_group_destroy(struct hp_group *group);

static inline void *hp_group_at(const struct hp_group *group, uint64_t off)
{
	return group->shm + off;
}

static inline struct hp_slot *hp_group_slot(const struct hp_group *group, uint32_t slot)
{
	return (struct hp_slot *)hp_group_at(group, group->hdr->slots_off) + slot;
}

static inline struct hp_mbox *hp_group_mbox(const struct hp_group *group, uint32_t slot)
{
	return (struct hp_mbox *)hp_group_at(group, group->hdr->mboxes_off) + slot;
}

static inline struct hp_mail_shm *hp_group_mail(const struct hp_group *group)
{
	return (struct hp_mail_shm *)hp_group_at(group, group->hdr->mail_off);
}

static inline struct hp_link_shm *hp_group_link(
	const struct hp_group *group, uint32_t slot, uint32_t lane)
{
	uint64_t i = (uint64_t)slot * group->hdr->n_lanes + lane;

	return hp_group_at(group, group->hdr->links_off + i * group->hdr->link_bytes);
}

/** @p row: a lane, or n_lanes and a worker queue. */
static inline struct hp_port_counters *hp_group_port_counters(
	const struct hp_group *group, uint32_t row, uint16_t port_id)
{
	return (struct hp_port_counters *)hp_group_at(group, group->hdr->ports_off) +
	       row * HP_PORTS_MAX + port_id;
}

static inline struct hp_client_counters *hp_group_client_counters(
	const struct hp_group *group, uint32_t lane, uint32_t client)
{
	return (struct hp_client_counters *)hp_group_at(group, group->hdr->clients_off) +
	       lane * group->hdr->max_clients + client;
}

/** Add to a counter that the calling thread alone writes: a plain load and store, no lock prefix.
 */
static inline void hp_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static inline uint64_t hp_counted(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}
