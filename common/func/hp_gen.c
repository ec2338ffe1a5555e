// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "func/hp_gen.h"

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_ether.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_MAX 512 // packets that may go at once after a pause, with pps

/** The frame, byte by byte: what is written is what others read, whatever the CPU's order. */
struct frame {
	uint8_t dst_mac[6], src_mac[6], type[2];
	uint8_t version, tos, ip_len[2], id[2], frag[2], ttl, proto, ip_sum[2];
	uint8_t src[4], dst[4];
	uint8_t src_port[2], dst_port[2], udp_len[2], udp_sum[2];
	uint8_t serial[8]; // number of the packet, from 0
	uint8_t rest[HP_GEN_MAX - 50];
};

_Static_assert(sizeof(struct frame) == HP_GEN_MAX, "no padding");
_Static_assert(offsetof(struct frame, serial) == 42, "Ethernet, IPv4 and UDP headers");

struct gen {
	struct frame frame; // template
	uint32_t length;
	uint32_t flows;
	uint32_t flow; // of the next packet
	uint64_t made;
	uint64_t count; // 0: no end
	uint64_t pps; // 0: no limit
	uint64_t hz; // ticks of the TSC a second; 0 before the first look
	uint64_t last; // tick up to which the bucket is filled
	uint64_t level, cap; // of the bucket, in units of 1/hz packet
	uint32_t ip_sum, udp_sum; // of the template, not folded
};

static uint32_t add_words(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		sum += (i & 1) != 0 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

// 198.18.0.0/15 is for benchmarks (RFC 2544); port 9 discards.
static void make_template(struct gen *gen)
{
	static const struct frame head = {
		.dst_mac = {2, 0, 0, 0, 0, 2},
		.src_mac = {2, 0, 0, 0, 0, 1},
		.type = {8, 0},
		.version = 0x45,
		.ttl = 64,
		.proto = 17,
		.src = {198, 18, 0, 1},
		.dst = {198, 19, 0, 0},
		.src_port = {0, 9},
		.dst_port = {0, 9},
	};
	struct frame *f = &gen->frame;
	uint32_t udp_len = gen->length - (uint32_t)offsetof(struct frame, src_port);

	*f = head;
	for (size_t i = 0; i < sizeof(f->rest); i++)
		f->rest[i] = (uint8_t)i;
	put16(f->ip_len, gen->length - (uint32_t)offsetof(struct frame, version));
	put16(f->udp_len, udp_len);
	gen->ip_sum = add_words(0, &f->version, 20);
	gen->udp_sum = add_words(17 + udp_len, f->src, 8);
	gen->udp_sum = add_words(gen->udp_sum, f->src_port, udp_len);
}

int hp_gen_init(void **state, const void *conf, int socket_id, struct hp_err *err)
{
	const struct hp_gen_conf *c = conf;
	struct gen *gen = calloc(1, sizeof(*gen));
	struct rte_ether_addr dst;

	(void)socket_id;
	if (gen == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	gen->length = (uint32_t)c->length;
	gen->flows = c->flows > 0 ? (uint32_t)c->flows : 1;
	gen->count = c->count;
	gen->pps = c->pps;
	make_template(gen);
	if (c->dst != NULL && rte_ether_unformat_addr(c->dst, &dst) < 0) {
		free(gen);
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--set dst=%s: expected a MAC address like 02:00:00:00:00:02", c->dst);
	}
	if (c->dst != NULL)
		memcpy(gen->frame.dst_mac, &dst, sizeof(dst));
	*state = gen;
	return 0;
}

void hp_gen_fini(void *state)
{
	free(state);
}

static void fill_bucket(struct gen *gen, uint64_t now)
{
	uint64_t ticks;

	if (gen->hz == 0) {
		gen->hz = rte_get_tsc_hz();
		gen->cap = BUCKET_MAX * gen->hz;
		gen->last = now;
	}
	// The TSC of another core may lag by some ticks after the loop has moved there.
	if (now <= gen->last)
		return;
	ticks = now - gen->last;
	gen->last = now;
	if (ticks >= gen->cap / gen->pps)
		gen->level = gen->cap;
	else
		gen->level = RTE_MIN(gen->cap, gen->level + ticks * gen->pps);
}

uint16_t hp_gen_want(void *state, uint16_t max, uint64_t now)
{
	struct gen *gen = state;
	uint64_t n = max;

	if (gen->count != 0)
		n = RTE_MIN(n, gen->count - gen->made);
	if (gen->pps != 0) {
		fill_bucket(gen, now);
		n = RTE_MIN(n, gen->level / gen->hz);
	}
	return (uint16_t)n;
}

// One frame. What differs from the template is added to its sums.
static void fill(struct gen *gen, struct rte_mbuf *m)
{
	uint32_t flow = gen->flow;
	uint8_t serial[8];
	struct frame *f;
	uint16_t sum;

	gen->flow = flow + 1 == gen->flows ? 0 : flow + 1;
	for (int i = 0; i < 8; i++)
		serial[i] = (uint8_t)(gen->made >> (56 - 8 * i));
	gen->made++;
	f = rte_pktmbuf_mtod(m, struct frame *);
	memcpy(f, &gen->frame, gen->length); // the mbuf holds so many bytes, not a whole struct
	put16(&f->dst[2], flow);
	memcpy(f->serial, serial, sizeof(serial));
	put16(f->ip_sum, fold(gen->ip_sum + flow));
	sum = fold(add_words(gen->udp_sum + flow, serial, sizeof(serial)));
	put16(f->udp_sum, sum != 0 ? sum : 0xffff);
	m->data_len = (uint16_t)gen->length;
	m->pkt_len = gen->length;
}

void hp_gen_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	struct gen *gen = state;

	(void)now;
	for (uint16_t i = 0; i < n; i++) {
		if (rte_pktmbuf_pkt_len(pkts[i]) != 0) { // another one's
			verdicts[i] = hp_verdict_drop(HP_DROP_FUNCTION);
			continue;
		}
		if (gen->count != 0 && gen->made == gen->count) {
			verdicts[i].kind = HP_VERDICT_UNUSED;
			continue;
		}
		gen->level -= RTE_MIN(gen->level, gen->hz);
		if (likely(rte_pktmbuf_tailroom(pkts[i]) >= gen->length)) {
			fill(gen, pkts[i]);
			continue;
		}
		// Counted where the user looks, instead of cut short on the wire.
		pkts[i]->data_len = rte_pktmbuf_tailroom(pkts[i]);
		pkts[i]->pkt_len = pkts[i]->data_len;
		gen->made++;
		verdicts[i] = hp_verdict_drop(HP_DROP_FUNCTION);
	}
}
