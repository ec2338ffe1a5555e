// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What workers hear of captures: the primary passes a capture's memory on to each worker, which
// copies into the rings of the queues that it holds. A capture hears that its taps work, or are
// off, when all workers have said so; one that is stopped does not keep it waiting for long.
// Control thread.

#include "base/hp_log.h"
#include "base/hp_time.h"
#include "guests.h"
#include "primary.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("guests");

#define ANSWER_WITHIN_US 1000000 // then a capture is answered without a worker that says nothing

// It polls queues, and may be told something.
static bool is_told(const struct hp_primary *primary, uint32_t slot)
{
	const struct hp_primary_slot *ps = &primary->slots[slot];
	enum hp_lease_state state = hp_leases_get(primary->leases, slot)->state;

	return primary->workers.conf.n_queues > 0 && ps->has_client &&
	       primary->clients[ps->client].worker &&
	       (state == HP_LEASE_READY || state == HP_LEASE_LEAVING);
}

static void fill_ports(
	struct hp_wire_taps *msg, const struct hp_primary *primary, const struct hp_guest_mem *mem)
{
	for (uint32_t i = 0; i < mem->n_taps; i++)
		msg->ports[i] = hp_guest_worker_port(primary, &mem->taps[i].tap);
	for (uint32_t i = 0; i < primary->n_ports; i++)
		if (hp_port_is_there(&primary->ports[i]))
			memcpy(msg->names[primary->ports[i].port_id], primary->ports[i].name,
				HP_NAME_MAX);
}

// That a capture has opened or, without descriptor, has ended; NULL: all have.
static int tell(struct hp_primary *primary, uint32_t slot, const struct hp_primary_guest *guest)
{
	struct hp_wire_taps msg;

	memset(&msg, 0, sizeof(msg));
	hp_wire_init(&msg.hdr, HP_WIRE_TAPS);
	msg.serial = primary->tap_serial;
	memset(msg.ports, HP_WIRE_NO_PORT, sizeof(msg.ports));
	if (guest == NULL)
		return hp_lease_tell(primary->leases, slot, &msg.hdr, -1);
	msg.capture = guest->number;
	if (guest->mem_fd < 0)
		return hp_lease_tell(primary->leases, slot, &msg.hdr, -1);
	msg.bytes = guest->bytes;
	msg.n_rings = guest->mem.n_rings;
	msg.first_ring = primary->n_lanes;
	fill_ports(&msg, primary, &guest->mem);
	hp_clock_get(&primary->clock, &msg.clock);
	return hp_lease_tell(primary->leases, slot, &msg.hdr, guest->mem_fd);
}

// It has missed something, or is new: from the beginning.
static void tell_all(struct hp_primary *primary, uint32_t slot)
{
	struct hp_primary_slot *ps = &primary->slots[slot];

	ps->taps_stale = tell(primary, slot, NULL) < 0;
	for (unsigned int i = 0; i < HP_GUESTS_MAX && !ps->taps_stale; i++)
		if (primary->guests[i].state == HP_GUEST_OPEN && primary->guests[i].mem_fd >= 0)
			ps->taps_stale = tell(primary, slot, &primary->guests[i]) < 0;
}

static bool all_have_heard(const struct hp_primary *primary, uint64_t serial)
{
	for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++)
		if (is_told(primary, slot) && primary->slots[slot].taps_heard < serial &&
			!primary->clients[primary->slots[slot].client].stuck)
			return false;
	return true;
}

static void answer_if_due(struct hp_primary_guest *guest)
{
	bool heard;

	if (guest->state == HP_GUEST_ABSENT || guest->fd < 0 || guest->answer == 0)
		return;
	heard = all_have_heard(guest->primary, guest->serial);
	if (!heard && hp_now_us() < guest->answer_us)
		return;
	if (!heard)
		HP_LOG(WARNING, "guest '%s': a worker does not answer; it hears of the taps later",
			guest->name);
	hp_guest_answer(guest);
}

void hp_guest_tell_workers(struct hp_primary_guest *guest, uint16_t answer)
{
	struct hp_primary *primary = guest->primary;

	if (answer != HP_WIRE_OPENED && guest->mem_fd >= 0) {
		close(guest->mem_fd);
		guest->mem_fd = -1;
	}
	if (guest->kind == HP_GUEST_CAPTURE && answer == HP_WIRE_OPENED)
		guest->number = ++primary->captures;
	if (guest->number != 0) {
		guest->serial = ++primary->tap_serial;
		for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++)
			if (is_told(primary, slot) && !primary->slots[slot].taps_stale)
				primary->slots[slot].taps_stale = tell(primary, slot, guest) < 0;
	}
	guest->answer = answer;
	guest->answer_us = hp_now_us() + ANSWER_WITHIN_US;
	answer_if_due(guest);
}

void hp_guests_worker_ready(struct hp_primary *primary, uint32_t slot)
{
	struct hp_primary_slot *ps = &primary->slots[slot];

	if (!is_told(primary, slot))
		return;
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++)
		if (primary->guests[i].state == HP_GUEST_OPEN && primary->guests[i].mem_fd >= 0) {
			tell_all(primary, slot);
			return;
		}
	ps->taps_heard = primary->tap_serial; // there is nothing to hear
}

void hp_guests_worker_heard(void *arg, uint32_t slot, uint64_t serial)
{
	struct hp_primary *primary = arg;

	// What it has not been sent it cannot have heard.
	if (serial > primary->tap_serial || serial < primary->slots[slot].taps_heard)
		return;
	primary->slots[slot].taps_heard = serial;
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++)
		answer_if_due(&primary->guests[i]);
}

void hp_guests_look_at_workers(struct hp_primary *primary)
{
	for (uint32_t slot = 0; slot < primary->group.hdr->max_members; slot++)
		if (primary->slots[slot].taps_stale && is_told(primary, slot))
			tell_all(primary, slot);
	for (unsigned int i = 0; i < HP_GUESTS_MAX; i++)
		answer_if_due(&primary->guests[i]);
}
