// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A group on the heap, without EAL: members with mailboxes and the router between them.

#pragma once

#include "group/hp_mail_router.h"
#include "group/hp_mailbox.h"

#include <stdlib.h>
#include <string.h>

struct mail_group {
	struct hp_group group;
	struct hp_mail_router *router;
	struct hp_mailbox boxes[HP_MEMBERS_MAX];
	uint64_t incarnations[HP_MEMBERS_MAX];
	struct hp_mail mail; // that mail_group_read() returned
};

static inline bool mail_group_new(struct mail_group *g, uint64_t max_members)
{
	struct hp_config conf = {.nb_cores = 1, .max_members = max_members, .max_clients = 1};
	uint64_t bytes = RTE_ALIGN_CEIL(hp_group_bytes(&conf), (uint64_t)RTE_CACHE_LINE_SIZE);
	void *shm;

	memset(g, 0, sizeof(*g));
	shm = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	if (shm == NULL)
		return false;
	memset(shm, 0, bytes);
	hp_group_lay_out(shm, &conf);
	hp_group_open(&g->group, shm);
	g->router = hp_mail_router_new(&g->group);
	return g->router != NULL;
}

static inline void mail_group_free(struct mail_group *g)
{
	hp_mail_router_free(g->router);
	free(g->group.shm);
}

/** As lease and plan do it: the slot is made new, lane 0 learns of it, then others may. */
static inline void mail_group_join(struct mail_group *g, uint32_t slot, const char *name)
{
	struct hp_slot *shm = hp_group_slot(&g->group, slot);
	uint64_t incarnation = shm->incarnation + 1;

	memset(shm, 0, sizeof(*shm));
	memset(hp_group_mbox(&g->group, slot), 0, sizeof(struct hp_mbox));
	memcpy(shm->name, name, RTE_MIN(strlen(name), sizeof(shm->name)));
	shm->incarnation = incarnation;
	g->incarnations[slot] = incarnation;
	hp_mail_router_sync(g->router, g->incarnations);
	atomic_store(&shm->mail, incarnation);
	hp_mailbox_open(&g->boxes[slot], &g->group, slot);
}

static inline void mail_group_leave(struct mail_group *g, uint32_t slot)
{
	atomic_store(&hp_group_slot(&g->group, slot)->mail, 0);
	g->incarnations[slot] = 0;
	hp_mail_router_sync(g->router, g->incarnations);
}

static inline struct hp_mail_addr mail_group_addr(const struct mail_group *g, uint32_t slot)
{
	return (struct hp_mail_addr){
		.slot = (uint16_t)slot, .incarnation = (uint32_t)g->incarnations[slot]};
}

static inline int mail_group_send(
	struct mail_group *g, uint32_t from, struct hp_mail_addr to, uint64_t id, const char *text)
{
	return hp_mailbox_send(&g->boxes[from], to, HP_MAIL_TEXT, id, text, (uint32_t)strlen(text));
}

/** Let the router work until it has nothing to do; how many records it was. */
static inline uint32_t mail_group_route(struct mail_group *g)
{
	uint32_t sum = 0, n;

	do {
		n = hp_mail_router_turn(g->router);
		sum += n;
	} while (n > 0);
	return sum;
}

/** Take the next message of a member into g->mail; false if there is none. */
static inline bool mail_group_read(struct mail_group *g, uint32_t slot)
{
	if (hp_mailbox_peek(&g->boxes[slot], &g->mail) != 1)
		return false;
	hp_mail_next(&g->boxes[slot].in);
	return true;
}

static inline const struct hp_mail_counters *mail_group_count(
	const struct mail_group *g, uint32_t row)
{
	return &hp_group_mail(&g->group)->of[row];
}

/** True if each message that was sent was received, waits, or is counted as undelivered. */
static inline bool mail_group_adds_up(const struct mail_group *g)
{
	uint64_t sent = 0, rest = 0, undelivered = 0, missed = 0;

	for (uint32_t i = 0; i < g->group.hdr->max_members + 2; i++) {
		const struct hp_mail_counters *c = mail_group_count(g, i);

		sent += hp_counted(&c->sent);
		rest += hp_counted(&c->received) + hp_counted(&c->waiting);
		for (unsigned int r = 0; r < HP_MAIL_REASONS_ROOM; r++) {
			rest += hp_counted(&c->undelivered[r]);
			if (r != HP_MAIL_NO_MEMBER)
				undelivered += hp_counted(&c->undelivered[r]);
			missed += hp_counted(&c->missed[r]);
		}
	}
	return sent == rest && undelivered == missed;
}
