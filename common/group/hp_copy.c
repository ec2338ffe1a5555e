// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Copying packets to captures. Packet loop: no system call, no allocation, no log. Each copy is a
// pcapng block, ready for the file.

#include "group/hp_copy.h"

#include "base/hp_crash.h"
#include "base/hp_pcapng.h"
#include "base/hp_tap.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>

#include <pcap/pcap.h>

#include <stdlib.h>
#include <string.h>

#define COMMENT_MAX 128 // bytes of a comment option with its header
#define FLAT_MAX 65536 // bytes of a packet of several segments that a filter sees

_Static_assert(sizeof(struct hp_guest_insn) == sizeof(struct bpf_insn), "one layout");

struct hp_copier {
	uint64_t captured[HP_COPY_BURST_MAX]; // bit a tap: this packet was copied
	uint64_t lost[HP_COPY_BURST_MAX]; // bit a tap: there was no room for it
	uint64_t ns; // time of the burst
	uint8_t comment[COMMENT_MAX]; // option for the packets that are staged
	uint32_t comment_len;
	uint8_t flat[FLAT_MAX];
};

struct hp_copier *hp_copier_new(void)
{
	return calloc(1, sizeof(struct hp_copier));
}

void hp_copy_comment(const struct hp_copy *copy, const char *text)
{
	struct hp_copier *s = copy->copier;
	size_t len = strlen(text);

	s->comment_len =
		len == 0 ? 0
			 : (uint32_t)(hp_pcapng_option(s->comment, HP_PCAPNG_OPT_COMMENT, text,
					      (uint16_t)RTE_MIN(len, (size_t)COMMENT_MAX - 8)) -
				      s->comment);
}

static bool accepts(struct hp_copier *s, const struct hp_copy_tap *tap, const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_pkt_len(m);
	uint32_t there = rte_pktmbuf_data_len(m);

	if (tap->filter == NULL)
		return true;
	if (unlikely(m->nb_segs > 1)) {
		there = RTE_MIN(len, (uint32_t)FLAT_MAX);
		data = rte_pktmbuf_read(m, 0, there, s->flat);
	}
	return data != NULL && bpf_filter(tap->filter, data, len, there) != 0;
}

static void copy_packet(uint8_t *to, const struct rte_mbuf *m, uint32_t n)
{
	while (n > 0 && m != NULL) {
		uint32_t part = RTE_MIN(n, (uint32_t)rte_pktmbuf_data_len(m));

		rte_memcpy(to, rte_pktmbuf_mtod(m, const void *), part);
		to += part;
		n -= part;
		m = m->next;
	}
	memset(to, 0, n); // a chain that is shorter than it says
}

// As the primary sees it; a port's and a queue's received packets come in.
static uint32_t direction(unsigned int kind)
{
	static const uint8_t directions[HP_TAP_KINDS] = {
		[HP_TAP_PORT_RX] = HP_PCAPNG_INBOUND,
		[HP_TAP_PORT_TX] = HP_PCAPNG_OUTBOUND,
		[HP_TAP_LINK_IN] = HP_PCAPNG_INBOUND,
		[HP_TAP_LINK_OUT] = HP_PCAPNG_OUTBOUND,
		[HP_TAP_QUEUE_RX] = HP_PCAPNG_INBOUND,
		[HP_TAP_QUEUE_TX] = HP_PCAPNG_OUTBOUND,
	};

	return kind < HP_TAP_KINDS ? directions[kind] : 0;
}

// One packet for one tap. False if the ring has no room.
static bool write_block(const struct hp_copier *s, const struct hp_copy_tap *tap,
	struct hp_copy_ring *cl, const struct rte_mbuf *m, uint64_t ns)
{
	uint32_t len = rte_pktmbuf_pkt_len(m);
	uint32_t caplen = RTE_MIN(len, tap->snaplen);
	uint64_t gap = cl->counts[tap->iface].staged_gap;
	uint32_t flags = direction(tap->kind);
	uint32_t length = (uint32_t)sizeof(struct hp_pcapng_epb) + hp_pcapng_pad(caplen) +
			  (flags != 0 ? 8 : 0) + (gap != 0 ? 12 : 0) + s->comment_len + 8;
	struct hp_pcapng_epb epb = {
		.type = HP_PCAPNG_EPB,
		.length = length,
		.iface = tap->iface,
		.ts_high = (uint32_t)(ns >> 32),
		.ts_low = (uint32_t)ns,
		.caplen = caplen,
		.len = len,
	};
	uint8_t *at = hp_stream_room(&cl->out, length);
	uint32_t end[2] = {HP_PCAPNG_OPT_END, length};

	if (unlikely(at == NULL))
		return false;
	memcpy(at, &epb, sizeof(epb));
	at += sizeof(epb);
	memset(at + (caplen & ~3u), 0, hp_pcapng_pad(caplen) - (caplen & ~3u));
	copy_packet(at, m, caplen);
	at += hp_pcapng_pad(caplen);
	if (flags != 0)
		at = hp_pcapng_option(at, HP_PCAPNG_EPB_FLAGS, &flags, sizeof(flags));
	if (gap != 0)
		at = hp_pcapng_option(at, HP_PCAPNG_EPB_DROPCOUNT, &gap, sizeof(gap));
	if (s->comment_len > 0)
		memcpy(at, s->comment, s->comment_len);
	memcpy(at + s->comment_len, end, sizeof(end));
	cl->out.head += length;
	return true;
}

static void stage_packet(
	const struct hp_copy *copy, uint64_t taps, const struct rte_mbuf *m, uint32_t i)
{
	struct hp_copier *s = copy->copier;

	s->captured[i] = 0;
	s->lost[i] = 0;
	for (; taps != 0; taps &= taps - 1) {
		unsigned int t = (unsigned int)__builtin_ctzll(taps);
		const struct hp_copy_tap *tap = &copy->taps[t];
		struct hp_copy_ring *ring = &tap->rings[copy->ring];

		if (accepts(s, tap, m)) {
			if (likely(write_block(s, tap, ring, m, s->ns))) {
				s->captured[i] |= 1ull << t;
				ring->counts[tap->iface].staged_gap = 0;
			} else {
				s->lost[i] |= 1ull << t;
				ring->counts[tap->iface].staged_gap++;
			}
		}
		ring->ends[i] = (uint32_t)(ring->out.head - ring->start);
	}
}

void hp_copy_begin(const struct hp_copy *copy, uint64_t taps)
{
	copy->copier->comment_len = 0;
	copy->copier->ns = hp_clock_ns(copy->clock, rte_rdtsc());
	for (; taps != 0; taps &= taps - 1) {
		const struct hp_copy_tap *tap = &copy->taps[__builtin_ctzll(taps)];
		struct hp_copy_ring *ring = &tap->rings[copy->ring];

		ring->start = ring->out.head;
		ring->counts[tap->iface].staged_gap = ring->counts[tap->iface].gap;
	}
}

void hp_copy_add(const struct hp_copy *copy, uint64_t taps, struct rte_mbuf *const *pkts,
	uint16_t from, uint16_t n)
{
	for (uint16_t i = from; i < n; i++) {
		if (i + 2 < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 2], const void *));
		stage_packet(copy, taps, pkts[i], i);
	}
}

// The guest may scribble over its view: ours is the one that counts, as long as we write the ring.
static void show_count(struct hp_guest_count *shared, const struct hp_copy_count *count)
{
	const memory_order any = memory_order_relaxed;

	atomic_store_explicit(&shared->seen, atomic_load_explicit(&count->seen, any), any);
	atomic_store_explicit(&shared->captured, atomic_load_explicit(&count->captured, any), any);
	atomic_store_explicit(&shared->lost, atomic_load_explicit(&count->lost, any), any);
	atomic_store_explicit(&shared->gap, count->gap, any);
}

// Its one writer adds: no atomic read-modify-write.
static void add(_Atomic uint64_t *count, uint64_t n)
{
	atomic_store_explicit(
		count, atomic_load_explicit(count, memory_order_relaxed) + n, memory_order_relaxed);
}

static void count_tap(const struct hp_copy *copy, unsigned int t, uint16_t n)
{
	const struct hp_copy_tap *tap = &copy->taps[t];
	struct hp_copy_ring *ring = &tap->rings[copy->ring];
	struct hp_copy_count *count = &ring->counts[tap->iface];
	uint32_t captured = 0, lost = 0;

	for (uint16_t i = 0; i < n; i++) {
		bool was_captured = copy->copier->captured[i] >> t & 1;
		bool was_lost = copy->copier->lost[i] >> t & 1;

		captured += was_captured;
		lost += was_lost;
		count->gap = was_captured ? 0 : count->gap + was_lost;
	}
	add(&count->seen, n);
	add(&count->captured, captured);
	add(&count->lost, lost);
	show_count(&ring->shared[tap->iface], count);
}

void hp_copy_commit(const struct hp_copy *copy, uint64_t taps, uint16_t n)
{
	for (uint64_t left = taps; left != 0; left &= left - 1) {
		unsigned int t = (unsigned int)__builtin_ctzll(left);
		struct hp_copy_ring *ring = &copy->taps[t].rings[copy->ring];

		count_tap(copy, t, n);
		ring->out.head = ring->start + (n > 0 ? ring->ends[n - 1] : 0);
		HP_CRASH_POINT(copy_unpublished);
		hp_stream_publish(&ring->out);
	}
}

void hp_copy_burst(
	const struct hp_copy *copy, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n)
{
	hp_copy_begin(copy, taps);
	hp_copy_add(copy, taps, pkts, 0, n);
	hp_copy_commit(copy, taps, n);
}

// What stands in the guest's memory may be nonsense: it spoils that guest's packets and numbers,
// and is bounded as ever by hp_stream_room().
static void resume(const struct hp_copy_tap *tap, struct hp_copy_ring *ring)
{
	const struct hp_guest_count *shared = &ring->shared[tap->iface];
	struct hp_copy_count *count = &ring->counts[tap->iface];
	const memory_order any = memory_order_relaxed;

	ring->out.head = atomic_load_explicit(&ring->out.ctl->head, memory_order_acquire);
	ring->out.tail = atomic_load_explicit(&ring->out.ctl->tail, memory_order_acquire);
	if (ring->out.head - ring->out.tail > ring->out.size)
		ring->out.tail = ring->out.head - ring->out.size; // full, until it makes sense
	atomic_store_explicit(&count->seen, atomic_load_explicit(&shared->seen, any), any);
	atomic_store_explicit(&count->captured, atomic_load_explicit(&shared->captured, any), any);
	atomic_store_explicit(&count->lost, atomic_load_explicit(&shared->lost, any), any);
	count->gap = (uint32_t)atomic_load_explicit(&shared->gap, any);
}

void hp_copy_resume(const struct hp_copy *copy, uint32_t n_taps)
{
	for (uint32_t t = 0; t < n_taps; t++)
		if (!copy->taps[t].rings[copy->ring].mine)
			resume(&copy->taps[t], &copy->taps[t].rings[copy->ring]);
	for (uint32_t t = 0; t < n_taps; t++)
		copy->taps[t].rings[copy->ring].mine = true;
}

void hp_copy_release(const struct hp_copy *copy, uint32_t n_taps)
{
	for (uint32_t t = 0; t < n_taps; t++)
		copy->taps[t].rings[copy->ring].mine = false;
}
