// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Messages between members: what a record is, and the byte rings that records lie in. A member
// writes to its `out` ring, lane 0 of the primary routes into the `in` rings of others (see
// hp_mail_router.h), so each ring has one writer and one reader whoever talks to whom. A record is
// seen when it is whole: a writer that dies in the middle of one has written nothing.
//
// Both ends keep their position in memory of their own and take nothing on trust that the other end
// has written: a record is copied out before it is looked at.

#pragma once

#include "group/hp_group.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HP_MAIL_RECORD_MAX (HP_MBOX_BYTES / 4) // so that a mailbox holds a few of the largest
#define HP_MAIL_MAX (HP_MAIL_RECORD_MAX - sizeof(struct hp_mail_hdr)) // bytes of a payload
#define HP_MAIL_RECORDS_MAX (HP_MBOX_BYTES / sizeof(struct hp_mail_hdr)) // that a ring can hold
#define HP_MAIL_ALIGN 8u // records begin at multiples of so many bytes

#define HP_MAIL_PRIMARY 0xfffeu // as a slot: the primary
#define HP_MAIL_ALL 0xffffu // as a slot: everyone but the sender
#define HP_MAIL_PRIMARY_NAME "primary"
#define HP_MAIL_ALL_NAME "all"

enum hp_mail_kind {
	HP_MAIL_TEXT = 1, // for people; the receiver says ACK when it has it
	HP_MAIL_ACK, // id as in the TEXT
	HP_MAIL_PING, // any payload
	HP_MAIL_PONG, // id and payload as in the PING
	HP_MAIL_REQUEST, // a text that wants a REPLY
	HP_MAIL_REPLY, // id as in the REQUEST; .reason HP_MAIL_REFUSED: it answers none
	// The router's own. No member may send them.
	HP_MAIL_UNDELIVERED, // id as sent, .from whom it was meant for, .reason why
	HP_MAIL_RECEIPT, // id of a broadcast; payload: struct hp_mail_receipt
};

// X(enumerator, name in counters, sentence)
#define HP_MAIL_REASONS(X) \
	X(FULL, "full", "its mailbox is full") \
	X(NO_MEMBER, "no-member", "there is no such member any more") \
	X(GONE, "gone", "it ended before it read the message") \
	X(REFUSED, "refused", "it answers no requests")

enum hp_mail_reason {
#define X(id, name, text) HP_MAIL_##id,
	HP_MAIL_REASONS(X)
#undef X
	HP_MAIL_REASON_COUNT
};

_Static_assert((int)HP_MAIL_REASON_COUNT <= HP_MAIL_REASONS_ROOM, "raise HP_MAIL_REASONS_ROOM");

extern const char *const hp_mail_reason_names[]; // NULL-terminated
extern const char *const hp_mail_reason_texts[];

/** A reason's sentence, also for one that is none. */
const char *hp_mail_reason_text(unsigned int reason);

/** One member, and not the next one in its slot. */
struct hp_mail_addr {
	uint16_t slot; // or HP_MAIL_PRIMARY, HP_MAIL_ALL
	uint16_t zero;
	uint32_t incarnation; // low bits of struct hp_slot's
};

/** A record as it lies in a ring; its payload follows, padded to HP_MAIL_ALIGN. */
struct hp_mail_hdr {
	uint32_t length; // bytes of the payload
	uint16_t kind; // enum hp_mail_kind
	uint16_t reason; // enum hp_mail_reason, in UNDELIVERED and REPLY
	struct hp_mail_addr from; // set by the router: a member cannot speak for another
	struct hp_mail_addr to;
	uint64_t id; // the sender's choice
	char from_name[HP_NAME_MAX]; // set by the router: the sender may be gone when this is read
};

_Static_assert(sizeof(struct hp_mail_hdr) == 64, "the layout is shared between processes");

/** To whom a broadcast went. */
struct hp_mail_receipt {
	uint64_t slots; // bit a slot
	uint64_t primary; // 1: to the primary as well
};

/** A message in memory of one's own. */
struct hp_mail {
	struct hp_mail_hdr hdr;
	uint8_t payload[HP_MAIL_MAX];
};

/** The writing end of a ring. One thread. */
struct hp_mail_writer {
	struct hp_mbox_ring *ring;
	uint64_t head; // bytes written since the ring was empty and new
};

/** The reading end of a ring. One thread. */
struct hp_mail_reader {
	struct hp_mbox_ring *ring;
	uint64_t tail; // bytes read
	uint64_t next; // tail behind the record that was looked at last
};

/** Bytes that a record with such a payload takes in a ring. */
static inline uint64_t hp_mail_bytes(uint32_t length)
{
	return sizeof(struct hp_mail_hdr) +
	       (((uint64_t)length + HP_MAIL_ALIGN - 1) & ~(uint64_t)(HP_MAIL_ALIGN - 1));
}

/** Begin at a ring that is zeroed. */
void hp_mail_writer_open(struct hp_mail_writer *writer, struct hp_mbox_ring *ring);
void hp_mail_reader_open(struct hp_mail_reader *reader, struct hp_mbox_ring *ring);

/**
 * Write a record and let the reader see it.
 * @param payload
 *   hdr->length bytes; NULL if that is 0.
 * @return
 *   0; -EMSGSIZE: longer than HP_MAIL_MAX; -ENOBUFS: no room now; -EBADMSG: the reader's end says
 *   that it has read what was never written.
 */
int hp_mail_put(struct hp_mail_writer *writer, const struct hp_mail_hdr *hdr, const void *payload);

/** Bytes that may be written now; nonsense if the reader's end lies. */
static inline uint64_t hp_mail_room(const struct hp_mail_writer *writer)
{
	return HP_MBOX_BYTES -
	       (writer->head - atomic_load_explicit(&writer->ring->tail, memory_order_acquire));
}

/** True if there is something to look at. One load. */
static inline bool hp_mail_waits(const struct hp_mail_reader *reader)
{
	return atomic_load_explicit(&reader->ring->head, memory_order_acquire) != reader->tail;
}

/**
 * Copy the first record out and leave it in the ring.
 * @return
 *   1; 0: there is none; -EBADMSG: what is there is no record, and where the next one begins cannot
 *   be known.
 */
int hp_mail_peek(struct hp_mail_reader *reader, struct hp_mail *mail);

/** Take the record that hp_mail_peek() has shown out of the ring. */
void hp_mail_next(struct hp_mail_reader *reader);

/** Throw away all that is in the ring. */
void hp_mail_skip_all(struct hp_mail_reader *reader);

/**
 * The payload as text: control characters but tab become '?', because a terminal would obey them,
 * and so does what is no UTF-8.
 * @p size: HP_MAIL_MAX + 1 holds every payload.
 * @return @p text.
 */
const char *hp_mail_text(const struct hp_mail *mail, char *text, size_t size);
