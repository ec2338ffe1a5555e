// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Copying packets to captures. Packet loop: no system call, no allocation, no log. Each copy is a
// pcapng block, ready for the file.

#include "base/hp_drop.h"
#include "base/hp_pcapng.h"
#include "lane.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>

#include <pcap/bpf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMENT_MAX 128 // bytes of a comment option with its header
#define FLAT_MAX 65536 // bytes of a packet of several segments that a filter sees

_Static_assert(sizeof(struct hp_guest_insn) == sizeof(struct bpf_insn), "one layout");
_Static_assert(HP_TAP_BURST_MAX >= HP_TX_BUFFER, "a port's buffer is one burst");
_Static_assert(HP_GUEST_RINGS_MAX >= HP_LANES_MAX, "a ring a lane");

struct hp_lane_tap {
	uint64_t captured[HP_TAP_BURST_MAX]; // bit a tap: this packet was copied
	uint64_t lost[HP_TAP_BURST_MAX]; // bit a tap: there was no room for it
	uint8_t comment[COMMENT_MAX]; // option for the packets that are staged
	uint32_t comment_len;
	uint8_t flat[FLAT_MAX];
};

struct hp_lane_tap *hp_lane_tap_new(void)
{
	return calloc(1, sizeof(struct hp_lane_tap));
}

static void set_comment(struct hp_lane_tap *s, const char *text)
{
	size_t len = strlen(text);

	s->comment_len = (uint32_t)(hp_pcapng_option(s->comment, HP_PCAPNG_OPT_COMMENT, text,
					    (uint16_t)RTE_MIN(len, (size_t)COMMENT_MAX - 8)) -
				    s->comment);
}

static void comment_verdict(struct hp_lane *lane, const struct hp_verdict *verdict)
{
	char text[COMMENT_MAX];

	if (verdict->kind == HP_VERDICT_DROP)
		snprintf(text, sizeof(text), "verdict: drop %s",
			hp_drop_name(RTE_MIN(verdict->reason, (unsigned int)HP_DROP_COUNT)));
	else if (verdict->kind == HP_VERDICT_PORT)
		snprintf(text, sizeof(text), "verdict: port %s",
			verdict->port < HP_PORTS_MAX ? lane->plan->port_names[verdict->port] : "?");
	else
		snprintf(text, sizeof(text), "verdict: next");
	set_comment(lane->tap, text);
}

// Whose counter is it? Looked for only while drops are captured.
static void comment_drop(struct hp_lane *lane, const _Atomic uint64_t *drops, unsigned int reason)
{
	char text[COMMENT_MAX];

	snprintf(text, sizeof(text), "drop: %s", hp_drop_name(reason));
	for (unsigned int i = 0; i < HP_PORTS_MAX; i++)
		if (lane->ports[i]->drops == drops)
			snprintf(text, sizeof(text), "drop: %s at port %s", hp_drop_name(reason),
				lane->plan->port_names[i]);
	for (uint32_t i = 0; i < lane->group->hdr->max_clients; i++)
		if (lane->clients[i].count->drops == drops)
			snprintf(text, sizeof(text), "drop: %s at link %s", hp_drop_name(reason),
				lane->plan->client_names[i]);
	for (uint32_t i = 0; i < lane->plan->n_sources; i++)
		if (lane->plan->sources[i].replay->drops == drops)
			snprintf(text, sizeof(text), "drop: %s at replay %s", hp_drop_name(reason),
				lane->plan->sources[i].name);
	set_comment(lane->tap, text);
}

static bool accepts(struct hp_lane_tap *s, const struct hp_plan_tap *tap, const struct rte_mbuf *m)
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

static uint32_t direction(unsigned int kind)
{
	if (kind == HP_TAP_DROP)
		return 0;
	return kind == HP_TAP_PORT_RX || kind == HP_TAP_LINK_IN ? HP_PCAPNG_INBOUND
								: HP_PCAPNG_OUTBOUND;
}

// One packet for one tap. False if the ring has no room.
static bool write_block(const struct hp_lane_tap *s, const struct hp_plan_tap *tap,
	struct hp_capture_lane *cl, const struct rte_mbuf *m, uint64_t ns)
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
	struct hp_lane *lane, uint64_t taps, const struct rte_mbuf *m, uint32_t i, uint64_t ns)
{
	struct hp_lane_tap *s = lane->tap;

	s->captured[i] = 0;
	s->lost[i] = 0;
	for (; taps != 0; taps &= taps - 1) {
		unsigned int t = (unsigned int)__builtin_ctzll(taps);
		const struct hp_plan_tap *tap = &lane->plan->taps[t];
		struct hp_capture_lane *cl = &tap->lanes[lane->index];

		if (accepts(s, tap, m)) {
			if (likely(write_block(s, tap, cl, m, ns))) {
				s->captured[i] |= 1ull << t;
				cl->counts[tap->iface].staged_gap = 0;
			} else {
				s->lost[i] |= 1ull << t;
				cl->counts[tap->iface].staged_gap++;
			}
		}
		cl->ends[i] = (uint32_t)(cl->out.head - cl->start);
	}
}

static void begin(struct hp_lane *lane, uint64_t taps)
{
	for (; taps != 0; taps &= taps - 1) {
		const struct hp_plan_tap *tap = &lane->plan->taps[__builtin_ctzll(taps)];
		struct hp_capture_lane *cl = &tap->lanes[lane->index];

		cl->start = cl->out.head;
		cl->counts[tap->iface].staged_gap = cl->counts[tap->iface].gap;
	}
}

static void stage(struct hp_lane *lane, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n,
	const struct hp_verdict *verdicts)
{
	uint64_t ns = hp_clock_ns(lane->clock, rte_rdtsc());

	begin(lane, taps);
	for (uint16_t i = 0; i < n; i++) {
		if (i + 2 < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 2], const void *));
		if (verdicts != NULL &&
			(i == 0 || memcmp(&verdicts[i], &verdicts[i - 1], sizeof(*verdicts)) != 0))
			comment_verdict(lane, &verdicts[i]);
		stage_packet(lane, taps, pkts[i], i, ns);
	}
}

void hp_lane_tap_stage(
	struct hp_lane *lane, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n)
{
	lane->tap->comment_len = 0;
	stage(lane, taps, pkts, n, NULL);
}

static void count_tap(struct hp_lane *lane, unsigned int t, uint16_t n)
{
	const struct hp_plan_tap *tap = &lane->plan->taps[t];
	struct hp_capture_lane *cl = &tap->lanes[lane->index];
	struct hp_tap_count *count = &cl->counts[tap->iface];
	struct hp_guest_count *shared = &cl->shared[tap->iface];
	uint32_t captured = 0, lost = 0;

	for (uint16_t i = 0; i < n; i++) {
		bool was_captured = lane->tap->captured[i] >> t & 1;
		bool was_lost = lane->tap->lost[i] >> t & 1;

		captured += was_captured;
		lost += was_lost;
		count->gap = was_captured ? 0 : count->gap + was_lost;
	}
	hp_count(&count->seen, n);
	hp_count(&count->captured, captured);
	hp_count(&count->lost, lost);
	// The guest may scribble over its view: ours is the one that counts.
	atomic_store_explicit(&shared->seen, hp_counted(&count->seen), memory_order_relaxed);
	atomic_store_explicit(
		&shared->captured, hp_counted(&count->captured), memory_order_relaxed);
	atomic_store_explicit(&shared->lost, hp_counted(&count->lost), memory_order_relaxed);
}

void hp_lane_tap_commit(struct hp_lane *lane, uint64_t taps, uint16_t n)
{
	for (uint64_t left = taps; left != 0; left &= left - 1) {
		unsigned int t = (unsigned int)__builtin_ctzll(left);
		struct hp_capture_lane *cl = &lane->plan->taps[t].lanes[lane->index];

		count_tap(lane, t, n);
		cl->out.head = cl->start + (n > 0 ? cl->ends[n - 1] : 0);
		hp_stream_publish(&cl->out);
	}
}

void hp_lane_tap_copy(struct hp_lane *lane, uint64_t taps, struct rte_mbuf *const *pkts, uint16_t n,
	const struct hp_verdict *verdicts)
{
	lane->tap->comment_len = 0;
	stage(lane, taps, pkts, n, verdicts);
	hp_lane_tap_commit(lane, taps, n);
}

void hp_lane_tap_drop(struct hp_lane *lane, const _Atomic uint64_t *drops, unsigned int reason,
	struct rte_mbuf *const *pkts, uint16_t n)
{
	uint64_t taps = lane->plan->tap_drops[reason];

	comment_drop(lane, drops, reason);
	stage(lane, taps, pkts, n, NULL);
	hp_lane_tap_commit(lane, taps, n);
}

void hp_lane_tap_lent(
	struct hp_lane *lane, uint64_t taps, const struct hp_lender *lender, uint32_t from)
{
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint16_t n = 0;

	for (; from != lender->lent && n < HP_BURST_MAX; from++)
		pkts[n++] = lender->out[from & lender->mask];
	if (n > 0)
		hp_lane_tap_copy(lane, taps, pkts, n, NULL);
}
