// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// From the rings, one a lane, to vectors of one write. The lanes write pcapng blocks, so that a
// ring goes to the file as it is; several rings are merged by time. The rings are the primary's to
// write, and no reason to crash: each length is checked.

#include "base/hp_pcapng.h"
#include "capture.h"

#include <errno.h>
#include <string.h>

#define SHORTEST (sizeof(struct hp_pcapng_epb) + sizeof(uint32_t)) // block without packet
#define NS 1000000000ull

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

uint32_t hp_batch_pcapng_block(const uint8_t *at)
{
	return word(at + 4);
}

uint32_t hp_batch_pcap_block(const uint8_t *at)
{
	return (uint32_t)sizeof(struct hp_pcap_packet) + word(at + 8);
}

static uint64_t time_of(const struct hp_pcapng_epb *epb)
{
	return (uint64_t)epb->ts_high << 32 | epb->ts_low;
}

// The next block of a ring; false: there is none. A block that is none ends the capture.
static int look(
	const struct hp_stream *ring, uint64_t left, uint32_t n_taps, struct hp_pcapng_epb *epb)
{
	if (left == 0)
		return 0;
	if (left < SHORTEST)
		return -EBADMSG;
	memcpy(epb, hp_stream_at(ring), sizeof(*epb));
	if (epb->type != HP_PCAPNG_EPB || epb->length > left || epb->length % 4 != 0 ||
		epb->iface >= n_taps || epb->caplen > HP_GUEST_SNAPLEN_MAX ||
		epb->length < SHORTEST + hp_pcapng_pad(epb->caplen))
		return -EBADMSG;
	return 1;
}

static void add_vector(struct hp_batch *batch, const uint8_t *at, uint32_t length)
{
	struct iovec *last = batch->n > 0 ? &batch->iov[batch->n - 1] : NULL;

	batch->bytes += length;
	if (last != NULL && (const uint8_t *)last->iov_base + last->iov_len == at) {
		last->iov_len += length;
		return;
	}
	batch->iov[batch->n++] =
		(struct iovec){.iov_base = (void *)(uintptr_t)at, .iov_len = length};
}

static void add_packet(struct hp_batch *batch, const struct hp_stream *ring,
	const struct hp_pcapng_epb *epb, bool pcap)
{
	const uint8_t *at = hp_stream_at(ring);

	if (pcap) {
		struct hp_pcap_packet *head = &batch->heads[batch->packets];

		*head = (struct hp_pcap_packet){
			.seconds = (uint32_t)(time_of(epb) / NS),
			.nanoseconds = (uint32_t)(time_of(epb) % NS),
			.caplen = epb->caplen,
			.len = epb->len,
		};
		batch->taps[batch->packets] = (uint8_t)epb->iface;
		batch->iov[batch->n++] = (struct iovec){.iov_base = head, .iov_len = sizeof(*head)};
		batch->iov[batch->n++] = (struct iovec){
			.iov_base = (void *)(uintptr_t)(at + sizeof(*epb)), .iov_len = epb->caplen};
		batch->bytes += sizeof(*head) + epb->caplen;
	} else {
		add_vector(batch, at, epb->length);
	}
	batch->packets++;
	batch->of_tap[epb->iface]++;
}

// The ring whose next block is the oldest; -1: none.
static int oldest(struct hp_stream *rings, const uint64_t *left, uint32_t n_rings, uint32_t n_taps,
	struct hp_pcapng_epb *best)
{
	struct hp_pcapng_epb epb = {0};
	int found = -1;

	for (uint32_t r = 0; r < n_rings; r++) {
		int ret = look(&rings[r], left[r], n_taps, &epb);

		if (ret < 0)
			return ret;
		if (ret == 0 || (found >= 0 && time_of(&epb) >= time_of(best)))
			continue;
		*best = epb;
		found = (int)r;
	}
	return found < 0 ? -ENOENT : found;
}

int hp_batch_collect(struct hp_batch *batch, struct hp_stream *rings, uint32_t n_rings,
	uint32_t n_taps, const struct hp_batch_bounds *bounds)
{
	uint64_t left[HP_GUEST_RINGS_MAX];
	struct hp_pcapng_epb epb = {0};

	batch->n = 0;
	batch->bytes = 0;
	batch->packets = 0;
	memset(batch->of_tap, 0, n_taps * sizeof(batch->of_tap[0]));
	for (uint32_t r = 0; r < n_rings; r++) {
		left[r] = hp_stream_pending(&rings[r]);
		if (left[r] > rings[r].size)
			return -EBADMSG;
	}
	while (batch->n + 2 <= HP_BATCH_VECTORS && batch->packets < bounds->packets &&
		batch->bytes < bounds->bytes) {
		int r = oldest(rings, left, n_rings, n_taps, &epb);

		if (r == -ENOENT)
			break;
		if (r < 0)
			return r;
		// Another lane may still publish an older one; one that is full cannot wait.
		if (n_rings > 1 && time_of(&epb) > bounds->until_ns && left[r] < rings[r].size / 2)
			break;
		add_packet(batch, &rings[r], &epb, bounds->pcap);
		hp_stream_skip(&rings[r], epb.length);
		left[r] -= epb.length;
	}
	return 0;
}

static void count_again(struct hp_batch *batch, uint32_t tap)
{
	batch->packets++;
	batch->of_tap[tap]++;
}

void hp_batch_cut(struct hp_batch *batch, uint64_t bytes, bool pcap)
{
	batch->packets = 0;
	memset(batch->of_tap, 0, sizeof(batch->of_tap));
	for (int i = 0; pcap && i + 1 < batch->n; i += 2) {
		uint64_t length = batch->iov[i].iov_len + batch->iov[i + 1].iov_len;

		if (length > bytes)
			return;
		bytes -= length;
		count_again(batch, batch->taps[i / 2]);
	}
	for (int i = 0; !pcap && i < batch->n; i++)
		for (size_t off = 0; off < batch->iov[i].iov_len;) {
			const uint8_t *at = (const uint8_t *)batch->iov[i].iov_base + off;
			uint32_t length = hp_batch_pcapng_block(at);

			if (length > bytes)
				return;
			bytes -= length;
			off += length;
			count_again(batch, word(at + 8));
		}
}
