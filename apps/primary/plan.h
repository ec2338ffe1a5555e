// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The plan: everything that a lane needs to know to forward, in one struct that is never changed.
// The control thread compiles a new one when a member comes or goes or somebody edits the patch
// table, and hands it to the lanes; each lane says when it works by it, then the old one is freed.
// Private memory of the primary; no other process sees it.

#pragma once

#include "base/hp_config.h"
#include "group/hp_group.h"
#include "group/hp_port.h"
#include "group/hp_wq.h"
#include "lane_tap.h"

#include <rte_spinlock.h>

#include <stdbool.h>
#include <stdint.h>

#define HP_BUCKETS 256 // of a flow-hash spread; as many as the largest common RSS table needs here

enum hp_dest_kind {
	HP_DEST_PORT,
	HP_DEST_CLIENT,
};

struct hp_dest {
	uint8_t kind; // enum hp_dest_kind
	uint8_t id; // index into hp_plan.ports or .clients
};

/** Where packets of one source go. */
struct hp_hop {
	uint8_t n; // destinations, 0: no patch
	uint8_t n_live; // of these, the ones that take packets now
	uint8_t spread; // enum hp_spread
	struct hp_dest dest[HP_FANOUT_MAX];
	uint8_t live[HP_FANOUT_MAX]; // indexes into dest; all of them if none is live
	uint8_t bucket[HP_BUCKETS]; // flow hash to index into dest
};

struct hp_plan_port {
	bool used;
	uint16_t port_id;
	uint16_t n_rxq, n_txq;
	bool wait; // take no more than the next hop has room for
	bool stamp; // write the port into its packets: their member needs it, not all drivers do
	bool skip; // lanes do not poll it: it is the workers', or its packets wait for one
	uint64_t tap_rx, tap_tx; // bit a tap: copies of what is received and transmitted
	const struct hp_func *func; // what its packets go through on their way to hop; NULL: none
	void *const *states; // func's, by lane
	rte_spinlock_t *tx_locks; // [n_txq], where lanes share a transmit queue; NULL: they do not
	struct hp_hop hop;
};

struct hp_plan_client {
	bool used;
	bool avoid; // stuck: its policy holds although it is connected
	uint8_t policy;
	bool wait; // take no more than the next hop has room for
	int32_t slot; // of the live member, -1: absent
	uint32_t window;
	uint64_t tap_in, tap_out; // bit a tap: copies of what is lent and handed back
	struct hp_hop hop;
};

enum hp_plan_slot_state {
	HP_SLOT_UNUSED,
	HP_SLOT_LENDING, // lend and collect
	HP_SLOT_DRAINING, // collect only
	HP_SLOT_CLOSED, // neither: its member lied; its loans stay out until it is dead
	HP_SLOT_DEAD, // take everything back
};

struct hp_plan_slot {
	uint8_t state; // enum hp_plan_slot_state
	uint8_t client; // index into clients
	bool source; // its member is lent blank packets to fill
	uint64_t incarnation; // tells one member of a slot from the next
};

struct hp_plan {
	uint64_t version;
	bool forwarding; // poll the ports
	bool parked; // do nothing: the control thread uses the pools (hp_primary_park())
	bool check_returns;
	uint16_t burst;
	uint16_t take; // packets that are taken from a queue at a time, if there is room for them
	uint8_t hop_limit;
	uint32_t flush; // starts so far that drop what ports have received before
	struct hp_wiring *wiring; // shared with the plans before and after it
	struct hp_plan_port ports[HP_PORTS_MAX]; // by DPDK port id
	struct hp_plan_client clients[HP_CLIENTS_MAX];
	struct hp_plan_slot slots[HP_MEMBERS_MAX];
	uint64_t mail[HP_MEMBERS_MAX]; // incarnation of who gets messages in a slot, 0: nobody
	uint64_t tap_drops[HP_DROP_COUNT]; // bit a tap: copies of what is dropped
	uint32_t n_taps;
	struct hp_copy_tap taps[HP_TAPS_MAX];
	struct hp_wq_taps wq_taps; // of worker queues that a lane holds
	uint32_t n_sources;
	struct hp_plan_source sources[HP_GUESTS_MAX]; // replays
	struct hp_hop source_hops[HP_GUESTS_MAX]; // of those whose destination is given
	char port_names[HP_PORTS_MAX][HP_NAME_MAX]; // for the comments of captures
	char client_names[HP_CLIENTS_MAX][HP_NAME_MAX];
};

/** Fill in live and bucket of all hops from what the rest of the plan says. */
void hp_plan_compile(struct hp_plan *plan);
