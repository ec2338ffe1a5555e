// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Packets that a replay has written into its ring: a lane copies them into mbufs of its own pool
// and passes them on. Packet loop: no system call, no allocation but mbufs, no log. The ring is the
// guest's to scribble over at any time: each length is read once, and checked.

#include "lane.h"

#include <rte_mbuf.h>
#include <rte_memcpy.h>

#include <string.h>

#define LEN_MIN 14u // an Ethernet header
#define LEN_MAX 65535u

// A packet of the pool with these bytes; NULL: not enough mbufs now.
static struct rte_mbuf *make_packet(struct hp_lane *lane, const uint8_t *bytes, uint32_t len)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(lane->pool->mp);
	struct rte_mbuf *last = head;

	while (last != NULL) {
		uint16_t part = (uint16_t)RTE_MIN(len, (uint32_t)rte_pktmbuf_tailroom(last));

		rte_memcpy(rte_pktmbuf_mtod_offset(last, void *, last->data_len), bytes, part);
		last->data_len = (uint16_t)(last->data_len + part);
		head->pkt_len += part;
		bytes += part;
		len -= part;
		if (len == 0)
			return head;
		last->next = rte_pktmbuf_alloc(lane->pool->mp);
		last = last->next;
		if (last == NULL)
			break;
		last->data_off = 0; // room for headers is in front of the first
		head->nb_segs++;
	}
	rte_pktmbuf_free(head);
	return NULL;
}

// The next packet; NULL with *bad set: the ring holds nonsense; without: nothing, or no mbuf.
static struct rte_mbuf *next_packet(
	struct hp_lane *lane, struct hp_stream *in, uint64_t left, uint32_t *size, bool *bad)
{
	const uint8_t *at = hp_stream_at(in);
	struct hp_guest_packet head;

	*bad = false;
	if (left == 0)
		return NULL;
	*bad = true;
	if (left < sizeof(head))
		return NULL;
	memcpy(&head, at, sizeof(head));
	*size = hp_guest_packet_bytes(head.len);
	if (head.len < LEN_MIN || head.len > LEN_MAX || *size > left)
		return NULL;
	*bad = false;
	return make_packet(lane, at + sizeof(head), head.len);
}

static void publish_counts(struct hp_replay_lane *replay)
{
	atomic_store_explicit(
		&replay->shared->seen, hp_counted(&replay->packets), memory_order_relaxed);
	atomic_store_explicit(
		&replay->shared->captured, hp_counted(&replay->packets), memory_order_relaxed);
}

static uint16_t replay_burst(struct hp_lane *lane, const struct hp_plan_source *source)
{
	struct hp_replay_lane *replay = source->replay;
	struct rte_mbuf *pkts[HP_BURST_MAX];
	struct hp_burst burst = {.pkts = pkts};
	uint64_t left = hp_stream_pending(&replay->in);
	uint16_t want = lane->plan->burst;
	uint32_t size = 0;
	bool bad = left > replay->in.size;

	if (left == 0)
		return 0;
	// What has no room waits in the ring, where it is in nobody's way.
	want = hp_lane_room(lane, source->hop, want);
	while (!bad && burst.n < want) {
		struct rte_mbuf *m = next_packet(lane, &replay->in, left, &size, &bad);

		if (m == NULL)
			break;
		burst.bytes += rte_pktmbuf_pkt_len(m);
		pkts[burst.n++] = m;
		hp_stream_skip(&replay->in, size);
		left -= size;
	}
	if (unlikely(bad))
		atomic_fetch_or_explicit(
			&lane->guests_lied, 1u << source->guest, memory_order_release);
	if (burst.n == 0)
		return 0;
	hp_stream_release(&replay->in);
	hp_count(&replay->packets, burst.n);
	hp_count(&replay->bytes, burst.bytes);
	publish_counts(replay);
	hp_lane_forward(lane, source->hop, replay->drops, &replay->copies, &burst, 0);
	return burst.n;
}

uint32_t hp_lane_replay(struct hp_lane *lane)
{
	uint32_t liars = atomic_load_explicit(&lane->guests_lied, memory_order_relaxed);
	uint32_t work = 0;

	for (uint32_t i = 0; i < lane->plan->n_sources; i++) {
		const struct hp_plan_source *source = &lane->plan->sources[i];

		if (source->lane == lane->index && (liars >> source->guest & 1) == 0)
			work += replay_burst(lane, source);
	}
	return work;
}
