// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_mailbox.h"

#include "base/hp_crash.h"
#include "base/hp_log.h"

#include <rte_common.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

HP_LOG_TYPE("mail");

#define WORK_MAX 8 // messages a turn of the packet loop

void hp_mailbox_open(struct hp_mailbox *box, const struct hp_group *group, uint32_t slot)
{
	struct hp_mbox *mbox = hp_group_mbox(group, slot);

	box->group = group;
	box->slot = slot;
	hp_mail_writer_open(&box->out, &mbox->out);
	hp_mail_reader_open(&box->in, &mbox->in);
	box->bell = &hp_group_mail(group)->bell;
}

// The slot's incarnation and name as they belong together; 0 if nobody gets messages there.
static uint64_t look(const struct hp_group *group, uint32_t slot, char *name)
{
	const struct hp_slot *shm = hp_group_slot(group, slot);
	uint64_t incarnation = atomic_load_explicit(&shm->mail, memory_order_acquire);

	memcpy(name, shm->name, HP_NAME_MAX);
	name[HP_NAME_MAX - 1] = '\0';
	// Given to another member meanwhile: the name may be of the one, the number of the other.
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&shm->mail, memory_order_relaxed) != incarnation)
		return 0;
	return incarnation;
}

const char *hp_mailbox_name_of(const struct hp_group *group, uint32_t slot, char *name)
{
	if (slot >= group->hdr->max_members || look(group, slot, name) == 0)
		name[0] = '\0';
	return name;
}

bool hp_mailbox_find(const struct hp_group *group, const char *name, struct hp_mail_addr *addr)
{
	char other[HP_NAME_MAX];

	*addr = (struct hp_mail_addr){.slot = HP_MAIL_ALL};
	if (strcmp(name, HP_MAIL_ALL_NAME) == 0)
		return true;
	addr->slot = HP_MAIL_PRIMARY;
	if (strcmp(name, HP_MAIL_PRIMARY_NAME) == 0)
		return true;
	for (uint32_t i = 0; i < group->hdr->max_members; i++) {
		uint64_t incarnation = look(group, i, other);

		if (incarnation == 0 || strcmp(name, other) != 0)
			continue;
		addr->slot = (uint16_t)i;
		addr->incarnation = (uint32_t)incarnation;
		return true;
	}
	return false;
}

static int post(struct hp_mailbox *box, const struct hp_mail_hdr *hdr, const void *payload)
{
	int ret = hp_mail_put(&box->out, hdr, payload);

	if (ret == -EBADMSG)
		return -ENOBUFS; // somebody scribbled over the ring: nothing can be sent
	if (ret < 0)
		return ret;
	HP_CRASH_POINT(mail_unrung);
	atomic_fetch_or_explicit(box->bell, 1ull << box->slot, memory_order_release);
	return 0;
}

int hp_mailbox_send(struct hp_mailbox *box, struct hp_mail_addr to, enum hp_mail_kind kind,
	uint64_t id, const void *payload, uint32_t length)
{
	struct hp_mail_hdr hdr = {.length = length, .kind = (uint16_t)kind, .to = to, .id = id};

	return post(box, &hdr, payload);
}

int hp_mailbox_answer(struct hp_mailbox *box, const struct hp_mail *mail, enum hp_mail_kind kind,
	const void *payload, uint32_t length)
{
	return hp_mailbox_send(box, mail->hdr.from, kind, mail->hdr.id, payload, length);
}

int hp_mailbox_refuse(struct hp_mailbox *box, const struct hp_mail *mail)
{
	struct hp_mail_hdr hdr = {
		.kind = HP_MAIL_REPLY,
		.reason = HP_MAIL_REFUSED,
		.to = mail->hdr.from,
		.id = mail->hdr.id,
	};

	return post(box, &hdr, NULL);
}

int hp_mailbox_peek(struct hp_mailbox *box, struct hp_mail *mail)
{
	int ret = hp_mail_peek(&box->in, mail);

	if (ret >= 0)
		return ret;
	hp_mail_skip_all(&box->in);
	return 0;
}

struct hp_mail_desk *hp_mail_desk_new(void)
{
	struct hp_mail_desk *desk = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*desk));

	if (desk == NULL)
		return NULL;
	memset(desk, 0, sizeof(*desk));
	hp_mail_writer_open(&desk->texts_in, &desk->texts);
	hp_mail_reader_open(&desk->texts_out, &desk->texts);
	return desk;
}

// 0, or the message has to wait where it is: there is no room for it or for its answer.
static int serve(struct hp_mail_desk *desk)
{
	struct hp_mail *mail = &desk->mail;
	struct hp_mailbox *box = &desk->box;
	int ret;

	switch (mail->hdr.kind) {
	case HP_MAIL_PING:
		return hp_mailbox_answer(box, mail, HP_MAIL_PONG, mail->payload, mail->hdr.length);
	case HP_MAIL_REQUEST:
		return hp_mailbox_refuse(box, mail);
	case HP_MAIL_TEXT:
		if (hp_mail_room(&box->out) < hp_mail_bytes(0))
			return -ENOBUFS; // unconfirmed, it would be shown again
		ret = hp_mail_put(&desk->texts_in, &mail->hdr, mail->payload);
		return ret < 0 ? ret : hp_mailbox_answer(box, mail, HP_MAIL_ACK, NULL, 0);
	default:
		return 0; // answers to questions that were never asked
	}
}

uint32_t hp_mail_desk_work(struct hp_mail_desk *desk)
{
	uint32_t done = 0;

	while (done < WORK_MAX && hp_mailbox_peek(&desk->box, &desk->mail) == 1) {
		if (serve(desk) < 0)
			break;
		hp_mail_next(&desk->box.in);
		done++;
	}
	return done;
}

void hp_mail_desk_log(void *arg)
{
	struct hp_mail_desk *desk = arg;

	while (hp_mail_peek(&desk->texts_out, &desk->shown) == 1) {
		HP_LOG(NOTICE, "message from '%s': %s", desk->shown.hdr.from_name,
			hp_mail_text(&desk->shown, desk->text, sizeof(desk->text)));
		hp_mail_next(&desk->texts_out);
	}
}
