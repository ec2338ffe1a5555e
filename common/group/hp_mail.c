// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_mail.h"

#include "base/hp_crash.h"
#include "base/hp_utf8.h"

#include <rte_common.h>

#include <errno.h>
#include <string.h>

#define MASK (HP_MBOX_BYTES - 1)

_Static_assert((HP_MBOX_BYTES & MASK) == 0, "positions are cut with a mask");

const char *const hp_mail_reason_names[] = {
#define X(id, name, text) [HP_MAIL_##id] = (name),
	HP_MAIL_REASONS(X)
#undef X
		NULL,
};

const char *const hp_mail_reason_texts[] = {
#define X(id, name, text) [HP_MAIL_##id] = (text),
	HP_MAIL_REASONS(X)
#undef X
		NULL,
};

const char *hp_mail_reason_text(unsigned int reason)
{
	return reason < HP_MAIL_REASON_COUNT ? hp_mail_reason_texts[reason] : "for no known reason";
}

void hp_mail_writer_open(struct hp_mail_writer *writer, struct hp_mbox_ring *ring)
{
	*writer = (struct hp_mail_writer){.ring = ring};
}

void hp_mail_reader_open(struct hp_mail_reader *reader, struct hp_mbox_ring *ring)
{
	*reader = (struct hp_mail_reader){.ring = ring};
}

static void copy_in(struct hp_mbox_ring *ring, uint64_t pos, const void *from, size_t n)
{
	size_t first = RTE_MIN(n, (size_t)(HP_MBOX_BYTES - (pos & MASK)));

	memcpy(ring->bytes + (pos & MASK), from, first);
	memcpy(ring->bytes, (const uint8_t *)from + first, n - first);
}

static void copy_out(const struct hp_mbox_ring *ring, uint64_t pos, void *to, size_t n)
{
	size_t first = RTE_MIN(n, (size_t)(HP_MBOX_BYTES - (pos & MASK)));

	memcpy(to, ring->bytes + (pos & MASK), first);
	memcpy((uint8_t *)to + first, ring->bytes, n - first);
}

int hp_mail_put(struct hp_mail_writer *writer, const struct hp_mail_hdr *hdr, const void *payload)
{
	struct hp_mbox_ring *ring = writer->ring;
	// What the reader has read is free: nothing is written before that is known.
	uint64_t used = writer->head - atomic_load_explicit(&ring->tail, memory_order_acquire);

	if (hdr->length > HP_MAIL_MAX)
		return -EMSGSIZE;
	if (used > HP_MBOX_BYTES)
		return -EBADMSG;
	if (HP_MBOX_BYTES - used < hp_mail_bytes(hdr->length))
		return -ENOBUFS;
	copy_in(ring, writer->head, hdr, sizeof(*hdr));
	HP_CRASH_POINT(mail_torn);
	if (hdr->length > 0)
		copy_in(ring, writer->head + sizeof(*hdr), payload, hdr->length);
	writer->head += hp_mail_bytes(hdr->length);
	HP_CRASH_POINT(mail_unpublished);
	atomic_store_explicit(&ring->head, writer->head, memory_order_release);
	HP_CRASH_POINT(mail_published);
	return 0;
}

int hp_mail_peek(struct hp_mail_reader *reader, struct hp_mail *mail)
{
	uint64_t there =
		atomic_load_explicit(&reader->ring->head, memory_order_acquire) - reader->tail;

	reader->next = reader->tail;
	if (there == 0)
		return 0;
	if (there > HP_MBOX_BYTES || there < sizeof(mail->hdr))
		return -EBADMSG;
	copy_out(reader->ring, reader->tail, &mail->hdr, sizeof(mail->hdr));
	// From here on the copy counts: the writer may change the ring under our eyes.
	if (mail->hdr.length > HP_MAIL_MAX || hp_mail_bytes(mail->hdr.length) > there)
		return -EBADMSG;
	copy_out(reader->ring, reader->tail + sizeof(mail->hdr), mail->payload, mail->hdr.length);
	reader->next = reader->tail + hp_mail_bytes(mail->hdr.length);
	return 1;
}

void hp_mail_next(struct hp_mail_reader *reader)
{
	reader->tail = reader->next;
	atomic_store_explicit(&reader->ring->tail, reader->tail, memory_order_release);
	HP_CRASH_POINT(mail_read);
}

void hp_mail_skip_all(struct hp_mail_reader *reader)
{
	reader->next = atomic_load_explicit(&reader->ring->head, memory_order_acquire);
	hp_mail_next(reader);
}

const char *hp_mail_text(const struct hp_mail *mail, char *text, size_t size)
{
	size_t n = RTE_MIN((size_t)mail->hdr.length, size - 1);
	size_t len;

	memcpy(text, mail->payload, n);
	text[n] = '\0';
	for (size_t i = 0; i < n; i += len) {
		const unsigned char *c = (const unsigned char *)text + i;
		bool c1 = c[0] == 0xc2 && c[1] < 0xa0; // U+0080 to U+009F, control characters too

		len = hp_utf8_len(c);
		if (len == 0 || c1 || (*c < 0x20 && *c != '\t') || *c == 0x7f) {
			text[i] = '?';
			len = 1;
		}
	}
	return text;
}
