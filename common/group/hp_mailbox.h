// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A member's end of its mailbox, and the desk at which a member with a packet loop answers: pings
// at once, texts through a small ring to its control thread, which logs them. One thread of the
// process may use a mailbox.

#pragma once

#include "group/hp_mail.h"

/** A member's mailbox. All of it but the rings is private. */
struct hp_mailbox {
	const struct hp_group *group;
	uint32_t slot;
	struct hp_mail_writer out;
	struct hp_mail_reader in;
	_Atomic uint64_t *bell;
};

/** Begin. Once a process, after hp_member_join(). */
void hp_mailbox_open(struct hp_mailbox *box, const struct hp_group *group, uint32_t slot);

/**
 * Look a member up by name; "primary" and "all" are names, too.
 * @return false if there is none now.
 */
bool hp_mailbox_find(const struct hp_group *group, const char *name, struct hp_mail_addr *addr);

/** The name of the member that gets messages in a slot; "" if there is none. HP_NAME_MAX bytes. */
const char *hp_mailbox_name_of(const struct hp_group *group, uint32_t slot, char *name);

/**
 * Send a message. Never waits.
 * @param length
 *   Bytes of @p payload, at most HP_MAIL_MAX.
 * @return
 *   0: on its way; -EMSGSIZE; -ENOBUFS: too much is on its way already, the primary does not turn.
 */
int hp_mailbox_send(struct hp_mailbox *box, struct hp_mail_addr to, enum hp_mail_kind kind,
	uint64_t id, const void *payload, uint32_t length);

/** Send the answer to a message: same id, to whom it came from. The same errors. */
int hp_mailbox_answer(struct hp_mailbox *box, const struct hp_mail *mail, enum hp_mail_kind kind,
	const void *payload, uint32_t length);

/** Answer a REQUEST with: I answer none. The same errors. */
int hp_mailbox_refuse(struct hp_mailbox *box, const struct hp_mail *mail);

/**
 * Copy the next message out and leave it there until hp_mail_next(&box->in).
 * @return 1 or 0. What is no record is thrown away with all behind it.
 */
int hp_mailbox_peek(struct hp_mailbox *box, struct hp_mail *mail);

/** Where a packet loop meets its control thread. */
struct hp_mail_desk {
	struct hp_mailbox box; // packet loop
	struct hp_mail mail; // packet loop
	struct hp_mail_writer texts_in; // packet loop
	struct hp_mail_reader texts_out; // control thread
	struct hp_mail shown; // control thread
	char text[HP_MAIL_MAX + 1]; // control thread
	struct hp_mbox_ring texts; // from the one to the other
};

/** Before either thread uses it. NULL without memory; to be freed with free(). */
struct hp_mail_desk *hp_mail_desk_new(void);

/** Answer some of what is there. Packet loop, after hp_mailbox_open(&desk->box). */
uint32_t hp_mail_desk_work(struct hp_mail_desk *desk);

/** The same for each turn of a packet loop: one load when there is nothing. */
static inline uint32_t hp_mail_desk_turn(struct hp_mail_desk *desk)
{
	return hp_mail_waits(&desk->box.in) ? hp_mail_desk_work(desk) : 0;
}

#define HP_MAIL_DESK_PERIOD_US 20000 // how often texts are logged: soon enough for people

/** Log what has come. Control thread, each HP_MAIL_DESK_PERIOD_US. @p desk: struct hp_mail_desk. */
void hp_mail_desk_log(void *desk);
