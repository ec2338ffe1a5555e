// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_mail_router.h"

#include "base/hp_crash.h"
#include "base/hp_wire.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRIMARY_INCARNATION 1u // it has one; the group ends with it

static struct hp_mail_port *primary_port(struct hp_mail_router *router)
{
	return &router->ports[router->n_slots];
}

static struct hp_mail_addr addr_of(
	const struct hp_mail_router *router, const struct hp_mail_port *port)
{
	uint32_t index = (uint32_t)(port - router->ports);

	return (struct hp_mail_addr){
		.slot = index == router->n_slots ? HP_MAIL_PRIMARY : (uint16_t)index,
		.incarnation = (uint32_t)port->incarnation,
	};
}

// The open mailbox of an address, NULL if that member is not there any more.
static struct hp_mail_port *find(struct hp_mail_router *router, struct hp_mail_addr addr)
{
	struct hp_mail_port *port;

	if (addr.slot == HP_MAIL_PRIMARY)
		return primary_port(router);
	if (addr.slot >= router->n_slots)
		return NULL;
	port = &router->ports[addr.slot];
	if (port->incarnation == 0 || (uint32_t)port->incarnation != addr.incarnation)
		return NULL;
	return port;
}

static void open_port(struct hp_mail_router *router, struct hp_mail_port *port,
	struct hp_mbox *mbox, uint64_t incarnation, const char *name)
{
	port->mute = false;
	port->first = 0;
	port->n_notes = 0;
	hp_mail_reader_open(&port->out, &mbox->out);
	hp_mail_writer_open(&port->in, &mbox->in);
	// A copy, terminated: the slot can be written by its member.
	memcpy(port->name, name, sizeof(port->name));
	port->name[sizeof(port->name) - 1] = '\0';
	if (!hp_wire_name_ok(port->name))
		memcpy(port->name, "?", 2);
	port->incarnation = incarnation;
}

struct hp_mail_router *hp_mail_router_new(const struct hp_group *group)
{
	uint32_t n = group->hdr->max_members;
	struct hp_mail_router *router;

	router = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*router));
	if (router == NULL)
		return NULL;
	memset(router, 0, sizeof(*router));
	router->ports = calloc(n + 1, sizeof(*router->ports));
	if (router->ports == NULL) {
		free(router);
		return NULL;
	}
	router->group = group;
	router->shm = hp_group_mail(group);
	router->n_slots = n;
	for (uint32_t i = 0; i <= n; i++)
		router->ports[i].count = &router->shm->of[i];
	open_port(router, primary_port(router), &router->own, PRIMARY_INCARNATION,
		(const char[HP_NAME_MAX]){HP_MAIL_PRIMARY_NAME});
	return router;
}

void hp_mail_router_free(struct hp_mail_router *router)
{
	if (router == NULL)
		return;
	free(router->ports);
	free(router);
}

static void lied(struct hp_mail_router *router, struct hp_mail_port *port)
{
	if (port == primary_port(router))
		return; // its mailbox is this process's own memory
	port->mute = true;
	hp_count(&port->count->malformed, 1);
	atomic_fetch_or_explicit(
		&router->lied, 1ull << (port - router->ports), memory_order_release);
}

// Forget what the member has read meanwhile.
static void settle(struct hp_mail_router *router, struct hp_mail_port *port)
{
	uint64_t tail = atomic_load_explicit(&port->in.ring->tail, memory_order_acquire);

	while (port->n_notes > 0 && port->notes[port->first].end <= tail) {
		if (port->notes[port->first].counted) {
			hp_count(&port->count->received, 1);
			hp_count(&port->count->waiting, (uint64_t)-1);
		}
		port->first = (port->first + 1) % HP_MAIL_RECORDS_MAX;
		port->n_notes--;
	}
	if (unlikely(tail > port->in.head) && !port->mute)
		lied(router, port);
}

static int put(struct hp_mail_router *router, struct hp_mail_port *port,
	const struct hp_mail_hdr *hdr, const void *payload, bool counted)
{
	uint32_t last;
	int ret;

	settle(router, port);
	if (port->mute || port->n_notes == HP_MAIL_RECORDS_MAX)
		return -ENOBUFS; // as many notes as records means that its counter is a lie
	ret = hp_mail_put(&port->in, hdr, payload);
	if (ret == -EBADMSG)
		lied(router, port);
	if (ret < 0)
		return ret;
	last = (port->first + port->n_notes++) % HP_MAIL_RECORDS_MAX;
	port->notes[last] = (struct hp_mail_note){
		.end = port->in.head,
		.id = hdr->id,
		.from = hdr->from,
		.kind = hdr->kind,
		.counted = counted,
	};
	if (port != primary_port(router))
		router->unread |= 1ull << (port - router->ports);
	return 0;
}

// Tell somebody something of the router's own. It is worth no wait, and no notice about a notice.
static void notify(struct hp_mail_router *router, struct hp_mail_addr to,
	const struct hp_mail_hdr *hdr, const void *payload)
{
	struct hp_mail_port *port = find(router, to);

	if (port == NULL)
		return;
	if (put(router, port, hdr, payload, false) == 0)
		hp_count(&port->count->notices, 1);
	else
		hp_count(&port->count->notices_lost, 1);
}

static void undelivered(struct hp_mail_router *router, struct hp_mail_counters *sender,
	const struct hp_mail_note *note, struct hp_mail_addr meant, const char *name,
	enum hp_mail_reason reason)
{
	bool awaited = note->kind == HP_MAIL_TEXT || note->kind == HP_MAIL_PING ||
		       note->kind == HP_MAIL_REQUEST;
	struct hp_mail_hdr hdr = {
		.kind = HP_MAIL_UNDELIVERED,
		.reason = (uint16_t)reason,
		.from = meant,
		.to = note->from,
		.id = note->id,
	};

	hp_count(&sender->undelivered[reason], 1);
	memcpy(hdr.from_name, name, sizeof(hdr.from_name));
	if (awaited) // nobody waits to hear what became of an answer
		notify(router, note->from, &hdr, NULL);
}

static void deliver(struct hp_mail_router *router, struct hp_mail_port *sender,
	struct hp_mail_port *port, const struct hp_mail *mail)
{
	struct hp_mail_note note = {
		.id = mail->hdr.id, .kind = mail->hdr.kind, .from = mail->hdr.from};
	static const char nobody[HP_NAME_MAX];

	hp_count(&sender->count->sent, 1);
	if (port == NULL) {
		undelivered(router, sender->count, &note, mail->hdr.to, nobody, HP_MAIL_NO_MEMBER);
	} else if (put(router, port, &mail->hdr, mail->payload, true) < 0) {
		hp_count(&port->count->missed[HP_MAIL_FULL], 1);
		undelivered(router, sender->count, &note, addr_of(router, port), port->name,
			HP_MAIL_FULL);
	} else {
		hp_count(&port->count->waiting, 1);
	}
}

// The primary's lane answers pings itself: that is the round trip to the primary.
static void answer_ping(
	struct hp_mail_router *router, struct hp_mail_port *sender, const struct hp_mail *mail)
{
	struct hp_mail_port *own = primary_port(router);
	struct hp_mail *answer = &router->answer;

	hp_count(&sender->count->sent, 1);
	hp_count(&own->count->received, 1);
	answer->hdr = mail->hdr;
	answer->hdr.kind = HP_MAIL_PONG;
	answer->hdr.from = addr_of(router, own);
	answer->hdr.to = mail->hdr.from;
	memcpy(answer->hdr.from_name, own->name, sizeof(own->name));
	memcpy(answer->payload, mail->payload, mail->hdr.length);
	deliver(router, own, sender, answer);
}

static uint32_t broadcast(
	struct hp_mail_router *router, struct hp_mail_port *sender, const struct hp_mail *mail)
{
	struct hp_mail_receipt receipt = {.primary = sender != primary_port(router)};
	struct hp_mail_hdr hdr = {
		.length = sizeof(receipt),
		.kind = HP_MAIL_RECEIPT,
		.from = addr_of(router, primary_port(router)),
		.id = mail->hdr.id,
	};
	uint32_t copies = 0;

	for (uint32_t i = 0; i < router->n_slots; i++)
		if (router->ports[i].incarnation != 0 && &router->ports[i] != sender)
			receipt.slots |= 1ull << i;
	// First of all, so that it comes before the answers.
	notify(router, mail->hdr.from, &hdr, &receipt);
	for (uint32_t i = 0; i <= router->n_slots; i++) {
		if (router->ports[i].incarnation == 0 || &router->ports[i] == sender)
			continue;
		deliver(router, sender, &router->ports[i], mail);
		copies++;
	}
	return copies;
}

static bool acceptable(const struct hp_mail_router *router, const struct hp_mail_hdr *hdr)
{
	if (hdr->kind < HP_MAIL_TEXT || hdr->kind > HP_MAIL_REPLY)
		return false;
	if (hdr->to.slot == HP_MAIL_ALL)
		return hdr->kind == HP_MAIL_TEXT;
	return hdr->to.slot == HP_MAIL_PRIMARY || hdr->to.slot < router->n_slots;
}

// Route one record of a member. Returns what it cost in records, 0 if there was none.
static uint32_t route(struct hp_mail_router *router, struct hp_mail_port *sender)
{
	struct hp_mail *mail = &router->scratch;
	uint32_t cost = 1;
	int ret;

	if (sender->mute)
		return 0;
	ret = hp_mail_peek(&sender->out, mail);
	if (ret == 0)
		return 0;
	if (unlikely(ret < 0 || !acceptable(router, &mail->hdr))) {
		lied(router, sender);
		return 0;
	}
	mail->hdr.from = addr_of(router, sender);
	memcpy(mail->hdr.from_name, sender->name, sizeof(sender->name));
	if (mail->hdr.to.slot == HP_MAIL_ALL)
		cost = RTE_MAX(broadcast(router, sender, mail), 1u);
	else if (mail->hdr.to.slot == HP_MAIL_PRIMARY && mail->hdr.kind == HP_MAIL_PING)
		answer_ping(router, sender, mail);
	else
		deliver(router, sender, find(router, mail->hdr.to), mail);
	HP_CRASH_POINT(mail_routed);
	hp_mail_next(&sender->out);
	return cost;
}

static uint64_t all_slots(const struct hp_mail_router *router)
{
	return router->n_slots < 64 ? (1ull << router->n_slots) - 1 : UINT64_MAX;
}

uint32_t hp_mail_router_work(struct hp_mail_router *router)
{
	uint32_t done = 0;
	uint64_t left;

	if (atomic_load_explicit(&router->shm->bell, memory_order_relaxed) != 0)
		router->pending |=
			atomic_exchange_explicit(&router->shm->bell, 0, memory_order_acquire);
	router->pending &= all_slots(router);
	settle(router, primary_port(router));
	for (uint32_t n = 1; n > 0 && done < HP_MAIL_OWN_TURN; done += n)
		n = route(router, primary_port(router));
	// One record of each sender in turn, so that none can keep the others from being heard.
	while (router->pending != 0 && done < HP_MAIL_TURN) {
		uint64_t after = router->pending & (UINT64_MAX << router->next);
		uint32_t slot = (uint32_t)__builtin_ctzll(after != 0 ? after : router->pending);
		struct hp_mail_port *port = &router->ports[slot];
		uint32_t cost = port->incarnation != 0 ? route(router, port) : 0;

		if (cost == 0)
			router->pending &= ~(1ull << slot);
		router->next = (slot + 1) % 64;
		done += cost;
	}
	// What was read is counted soon, not only when the next message comes.
	left = router->unread;
	for (uint32_t i = 0; left != 0; i++, left >>= 1) {
		if ((left & 1) == 0)
			continue;
		settle(router, &router->ports[i]);
		if (router->ports[i].n_notes == 0)
			router->unread &= ~(1ull << i);
	}
	return done;
}

// Counters outlive a member in the row of those that are gone.
static void keep_counters(struct hp_mail_router *router, struct hp_mail_counters *count)
{
	_Atomic uint64_t *from = (_Atomic uint64_t *)count;
	_Atomic uint64_t *to = (_Atomic uint64_t *)&router->shm->of[router->n_slots + 1];

	for (size_t i = 0; i < offsetof(struct hp_mail_counters, malformed) / sizeof(*from) + 1;
		i++) {
		hp_count(&to[i], hp_counted(&from[i]));
		atomic_store_explicit(&from[i], 0, memory_order_relaxed);
	}
}

// Who sent what nobody will read: its counters, while it is there or after.
static struct hp_mail_counters *counters_of(struct hp_mail_router *router, struct hp_mail_addr addr)
{
	struct hp_mail_port *port = find(router, addr);

	return port != NULL ? port->count : &router->shm->of[router->n_slots + 1];
}

static void close_port(struct hp_mail_router *router, struct hp_mail_port *port)
{
	struct hp_mail_addr addr = addr_of(router, port);

	// What it had sent is good; a ring holds so many records and no more.
	for (uint32_t i = 0; i < HP_MAIL_RECORDS_MAX && route(router, port) > 0; i++)
		;
	settle(router, port);
	port->incarnation = 0;
	for (; port->n_notes > 0; port->n_notes--) {
		const struct hp_mail_note *note = &port->notes[port->first];

		if (note->counted) {
			hp_count(&port->count->waiting, (uint64_t)-1);
			hp_count(&port->count->missed[HP_MAIL_GONE], 1);
			undelivered(router, counters_of(router, note->from), note, addr, port->name,
				HP_MAIL_GONE);
		}
		port->first = (port->first + 1) % HP_MAIL_RECORDS_MAX;
	}
	router->unread &= ~(1ull << addr.slot);
	keep_counters(router, port->count);
}

void hp_mail_router_sync(struct hp_mail_router *router, const uint64_t *incarnations)
{
	for (uint32_t i = 0; i < router->n_slots; i++) {
		struct hp_mail_port *port = &router->ports[i];

		if (port->incarnation == incarnations[i])
			continue;
		if (port->incarnation != 0)
			close_port(router, port);
		if (incarnations[i] == 0)
			continue;
		open_port(router, port, hp_group_mbox(router->group, i), incarnations[i],
			hp_group_slot(router->group, i)->name);
		router->pending |= 1ull << i; // it may have rung before
	}
}
