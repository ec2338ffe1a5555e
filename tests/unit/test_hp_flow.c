// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The flow hash: symmetric, alike for fragments, even.

#include "func/hp_flow.h"
#include "hp_frames.h"
#include "hp_test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct frames real;

static int load(void **state)
{
	real = frames_load("real.pcap");
	return 0;
}

static int unload(void **state)
{
	frames_free(&real);
	return 0;
}

static struct hp_packet reversed(const struct hp_packet *pkt)
{
	struct hp_packet back = *pkt;

	back.src = pkt->dst;
	back.dst = pkt->src;
	back.src_port = pkt->dst_port;
	back.dst_port = pkt->src_port;
	return back;
}

static uint32_t hash_bytes(const uint8_t *data, uint32_t len, uint32_t seg)
{
	struct rte_mbuf *m = frame_mbuf(data, len, seg);
	uint32_t hash = hp_flow_hash(m);

	frame_mbuf_free(m);
	return hash;
}

static void both_directions_of_every_real_flow_hash_alike(void **state)
{
	for (size_t i = 0; i < real.n; i++) {
		const struct frame *f = &real.items[i];
		struct rte_mbuf *m = frame_mbuf(f->data, f->len, 0);
		struct hp_packet pkt, back;

		memset(&pkt, 0, sizeof(pkt));
		assert_int_equal(hp_packet_parse(m, &pkt), 0);
		if (pkt.ip_version != 0) {
			back = reversed(&pkt);
			assert_int_equal(hp_flow_hash(m), hp_flow_hash_packet(&back));
			assert_int_equal(hp_flow_hash(m), hash_bytes(f->data, f->len, 7));
		}
		frame_mbuf_free(m);
	}
}

/** An answer's frame, seen on the wire, hashes like its question's: no help from our own code. */
static void real_requests_and_answers_meet(void **state)
{
	size_t pairs = 0;

	for (size_t i = 0; i + 1 < real.n; i++) {
		const struct frame *a = &real.items[i], *b = &real.items[i + 1];
		const uint8_t *p = a->data, *q = b->data;

		// Untagged TCP over IPv4 without options, and the next frame is its mirror image.
		if (p[12] != 8 || p[13] != 0 || p[14] != 0x45 || p[23] != 6)
			continue;
		if (memcmp(p + 12, q + 12, 3) != 0 || q[23] != 6 ||
			memcmp(p + 26, q + 30, 4) != 0 || memcmp(p + 30, q + 26, 4) != 0 ||
			memcmp(p + 34, q + 36, 2) != 0 || memcmp(p + 36, q + 34, 2) != 0)
			continue;
		pairs++;
		assert_int_equal(hash_bytes(p, a->len, 0), hash_bytes(q, b->len, 0));
	}
	assert_true(pairs > 20);
}

static void fragments_of_a_datagram_hash_alike(void **state)
{
	struct hp_packet pkts[256];
	uint32_t hashes[256];
	size_t n = 0, equal = 0;

	for (size_t i = 0; i < real.n && n < HP_LEN(pkts); i++) {
		struct rte_mbuf *m = frame_mbuf(real.items[i].data, real.items[i].len, 0);

		memset(&pkts[n], 0, sizeof(pkts[n]));
		if (hp_packet_parse(m, &pkts[n]) == 0 && pkts[n].fragment)
			hashes[n++] = hp_flow_hash(m);
		frame_mbuf_free(m);
	}
	assert_true(n > 100);
	for (size_t i = 1; i < n; i++) {
		bool same = memcmp(&pkts[i].src, &pkts[i - 1].src, sizeof(pkts[i].src)) == 0 &&
			    memcmp(&pkts[i].dst, &pkts[i - 1].dst, sizeof(pkts[i].dst)) == 0;

		if (!same)
			continue;
		assert_int_equal(hashes[i], hashes[i - 1]);
		equal += pkts[i].first_fragment != pkts[i - 1].first_fragment;
	}
	assert_true(equal > 10);
}

static struct hp_packet tuple(uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport, bool v6)
{
	struct hp_packet pkt = {
		.ip_version = v6 ? 6 : 4, .proto = HP_IPPROTO_TCP, .has_ports = true};

	pkt.src_port = rte_cpu_to_be_16(sport);
	pkt.dst_port = rte_cpu_to_be_16(dport);
	src = rte_cpu_to_be_32(src);
	dst = rte_cpu_to_be_32(dst);
	memcpy(v6 ? pkt.src.v6 + 12 : pkt.src.v6, &src, sizeof(src));
	memcpy(v6 ? pkt.dst.v6 + 12 : pkt.dst.v6, &dst, sizeof(dst));
	return pkt;
}

static void a_host_that_talks_to_itself_has_one_hash_a_flow(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct hp_packet there = tuple(0x7f000001, 0x7f000001, 40000, 53, v6 != 0);
		struct hp_packet back = reversed(&there);
		struct hp_packet other = tuple(0x7f000001, 0x7f000001, 40001, 53, v6 != 0);

		assert_int_equal(hp_flow_hash_packet(&there), hp_flow_hash_packet(&back));
		assert_int_not_equal(hp_flow_hash_packet(&there), hp_flow_hash_packet(&other));
	}
}

#define FLOWS 8192

// Chi-square with 1 to 15 degrees of freedom stays below these but for one time in a million.
static const double chi_limits[] = {23.93, 27.63, 30.66, 33.38, 35.89, 38.26, 40.52, 42.70, 44.81,
	46.86, 48.87, 50.83, 52.75, 54.64, 56.49};

/** Both ways to choose one of @p n, by remainder and by the high bits, are as even as chance. */
static void check_even(const uint32_t *hashes, size_t flows, unsigned int n, const char *what)
{
	double chi[2] = {0}, want = (double)flows / n, limit = chi_limits[n - 2];
	unsigned int by_rest[16] = {0}, by_high[16] = {0};

	for (size_t i = 0; i < flows; i++) {
		by_rest[hashes[i] % n]++;
		by_high[(uint64_t)hashes[i] * n >> 32]++;
	}
	for (unsigned int i = 0; i < n; i++) {
		chi[0] += (by_rest[i] - want) * (by_rest[i] - want) / want;
		chi[1] += (by_high[i] - want) * (by_high[i] - want) / want;
	}
	if (chi[0] > limit || chi[1] > limit)
		fail_msg("%s over %u: chi-square %.1f and %.1f, limit %.1f", what, n, chi[0],
			chi[1], limit);
}

static void flows_spread_evenly(void **state)
{
	static uint32_t ports[2][FLOWS], hosts[2][FLOWS], nets[2][FLOWS];

	for (int v6 = 0; v6 < 2; v6++) {
		for (unsigned int i = 0; i < FLOWS; i++) {
			struct hp_packet a = tuple(0x0a000001, 0x0a000002, 32768 + i, 80, v6 != 0);
			struct hp_packet b = tuple(0x0a000000 + i, 0xc0a80001, 5000, 443, v6 != 0);
			// Both ends change alike: the case that hashing by XOR fails.
			struct hp_packet c =
				tuple(0x0a000000 + i, 0x0b000000 + i, 1000, 1000, v6 != 0);

			ports[v6][i] = hp_flow_hash_packet(&a);
			hosts[v6][i] = hp_flow_hash_packet(&b);
			nets[v6][i] = hp_flow_hash_packet(&c);
		}
		for (unsigned int n = 2; n <= 16; n++) {
			check_even(ports[v6], FLOWS, n, "ports");
			check_even(hosts[v6], FLOWS, n, "hosts");
			check_even(nets[v6], FLOWS, n, "both ends");
		}
	}
}

static void real_flows_spread_evenly(void **state)
{
	uint32_t hashes[4096];
	size_t n = 0;

	for (size_t i = 0; i < real.n; i++) {
		uint32_t hash = hash_bytes(real.items[i].data, real.items[i].len, 0);
		size_t k = 0;

		while (k < n && hashes[k] != hash)
			k++;
		if (k == n && n < HP_LEN(hashes))
			hashes[n++] = hash;
	}
	assert_true(n > 60);
	for (unsigned int buckets = 2; buckets <= 8; buckets++)
		check_even(hashes, n, buckets, "real flows");
}

static void what_is_no_ip_hashes_by_mac_addresses(void **state)
{
	uint8_t there[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x06};
	uint8_t back[60] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x06};
	uint8_t other[60] = {2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 1, 0x08, 0x06};

	assert_int_equal(hash_bytes(there, sizeof(there), 0), hash_bytes(back, sizeof(back), 5));
	assert_int_not_equal(
		hash_bytes(there, sizeof(there), 0), hash_bytes(other, sizeof(other), 0));
	assert_int_equal(hash_bytes(there, 11, 0), 0);
	there[12] = 0x08; // IPv4 without a header
	there[13] = 0x00;
	assert_int_equal(hash_bytes(there, 20, 0), hash_bytes(back, sizeof(back), 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_of_every_real_flow_hash_alike),
		cmocka_unit_test(real_requests_and_answers_meet),
		cmocka_unit_test(fragments_of_a_datagram_hash_alike),
		cmocka_unit_test(a_host_that_talks_to_itself_has_one_hash_a_flow),
		cmocka_unit_test(flows_spread_evenly),
		cmocka_unit_test(real_flows_spread_evenly),
		cmocka_unit_test(what_is_no_ip_hashes_by_mac_addresses),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
