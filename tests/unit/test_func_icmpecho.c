// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// icmpecho, against every request in the capture.

#include "func/hp_cksum.h"
#include "func/hp_packet.h"
#include "hp_frames.h"
#include "hp_run.h"
#include "hp_test.h"

#include <rte_ethdev.h>

#include <string.h>

static struct frames real;

static int start(void **state)
{
	real = frames_load("real.pcap");
	return run_start_eal(state);
}

static int stop(void **state)
{
	frames_free(&real);
	return run_stop_eal(state);
}

/** Everything in the capture that asks; the answer is compared field by field. */
static void icmpecho_answers_requests_on_their_port(void **state)
{
	struct run run = run_new("icmpecho", NULL, NULL);
	size_t echo4 = 0, echo6 = 0, arp = 0, solicitations = 0, dropped = 0;
	struct hp_packet before, after;
	struct rte_ether_addr mac;

	for (size_t i = 0; i < real.n; i++) {
		const struct frame *f = &real.items[i];
		struct rte_mbuf *m = frame_mbuf(f->data, f->len, 0);
		const uint8_t *was, *is;
		struct hp_verdict v;

		m->port = 0;
		assert_int_equal(hp_packet_parse(m, &before), 0);
		v = run_one(&run, m);
		if (v.kind != HP_VERDICT_PORT) {
			assert_int_equal(v.reason, HP_DROP_FUNCTION);
			dropped++;
			frame_mbuf_free(m);
			continue;
		}
		assert_int_equal(v.port, 0);
		assert_int_equal(hp_packet_parse(m, &after), 0);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), f->data + 6, 6);
		if ((f->data[0] & 1) == 0)
			memcpy(&mac, f->data, sizeof(mac)); // the address that was asked
		else
			assert_int_equal(rte_eth_macaddr_get(0, &mac), 0);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *) + 6, &mac, 6);
		assert_true(hp_cksum_ok(m, &after));
		was = f->data + (before.ip_version == 0 ? before.l3_off : before.l4_off);
		is = rte_pktmbuf_mtod_offset(
			m, uint8_t *, before.ip_version == 0 ? before.l3_off : before.l4_off);
		if (before.ip_version == 4) {
			assert_int_equal(was[0], 8);
			assert_int_equal(is[0], 0);
			assert_int_equal(before.src.v4, after.dst.v4);
			assert_int_equal(before.dst.v4, after.src.v4);
			assert_memory_equal(was + 4, is + 4, before.l4_len - 4);
			echo4++;
		} else if (before.ip_version == 6 && was[0] == 128) {
			assert_int_equal(is[0], 129);
			assert_memory_equal(&before.src, &after.dst, 16);
			assert_memory_equal(was + 4, is + 4, before.l4_len - 4);
			echo6++;
		} else if (before.ip_version == 6) {
			assert_int_equal(was[0], 135);
			assert_int_equal(is[0], 136);
			assert_int_equal(is[4], 0x60);
			assert_memory_equal(was + 8, is + 8, 16); // target
			assert_memory_equal(&after.src, was + 8, 16);
			assert_memory_equal(&after.dst, &before.src, 16);
			assert_int_equal(is[24], 2);
			assert_memory_equal(is + 26, &mac, 6);
			solicitations++;
		} else {
			assert_int_equal(is[7], 2);
			assert_memory_equal(is + 8, &mac, 6);
			assert_memory_equal(is + 14, was + 24, 4);
			assert_memory_equal(is + 18, was + 8, 10);
			arp++;
		}
		frame_mbuf_free(m);
	}
	assert_true(echo4 > 10 && echo6 > 5 && arp > 0 && solicitations > 0 && dropped > 1000);
	run_free(&run);
}

static void icmpecho_does_not_answer_for_groups_or_wrong_checksums(void **state)
{
	// ICMP echo request 10.0.0.1 to 10.0.0.2 with right checksums.
	static const uint8_t ping[42] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 28,
		0, 1, 0, 0, 64, 1, 0x66, 0xde, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0xf7, 0xfd, 0, 1, 0,
		1};
	static const struct {
		const char *what;
		uint8_t at, n, value[4]; // bytes to change
		int kind, reason;
	} cases[] = {
		{"as it is", 0, 0, {0}, HP_VERDICT_PORT, 0},
		{"to a group", 30, 4, {224, 0, 0, 1}, HP_VERDICT_DROP, HP_DROP_FUNCTION},
		{"to everybody", 30, 4, {255, 255, 255, 255}, HP_VERDICT_DROP, HP_DROP_FUNCTION},
		{"from a group", 26, 4, {239, 1, 1, 1}, HP_VERDICT_DROP, HP_DROP_FUNCTION},
		{"a reply", 34, 1, {0}, HP_VERDICT_DROP, HP_DROP_FUNCTION},
		{"code 1", 35, 1, {1}, HP_VERDICT_DROP, HP_DROP_FUNCTION},
		{"a fragment", 20, 1, {0x20}, HP_VERDICT_DROP, HP_DROP_FUNCTION},
		{"cut short", 17, 1, {27}, HP_VERDICT_DROP, HP_DROP_MALFORMED},
	};
	struct run run = run_new("icmpecho", NULL, NULL),
		   pass = run_new("icmpecho", "other=pass", NULL);

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		for (int break_it = 0; break_it < 2; break_it++) {
			struct rte_mbuf *m = frame_mbuf(ping, sizeof(ping), 0);
			uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
			struct hp_packet pkt;
			struct hp_verdict v;

			m->port = 0;
			memcpy(data + cases[i].at, cases[i].value, cases[i].n);
			if (hp_packet_parse(m, &pkt) == 0)
				hp_cksum_fix(m, &pkt);
			data[41] ^= (uint8_t)break_it;
			v = run_one(&run, m);
			if (break_it != 0 && cases[i].kind == HP_VERDICT_PORT) {
				assert_int_equal(v.kind, HP_VERDICT_DROP);
				assert_int_equal(run_one(&pass, m).kind, HP_VERDICT_NEXT);
			} else if (v.kind != cases[i].kind || v.reason != cases[i].reason) {
				fail_msg("%s: verdict %u, %s", cases[i].what, v.kind,
					hp_drop_name(v.reason));
			}
			frame_mbuf_free(m);
		}
	}
	run_free(&run);
	run_free(&pass);
}

/** ARP request "who has 10.0.0.2, tell 10.0.0.1", to everybody. */
static const uint8_t arp_request[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 6,
	0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2};

static void check_arp_answer(const char *set, uint16_t port, bool to_one, const uint8_t *want)
{
	static const uint8_t one[6] = {2, 0, 0, 0, 0, 9};
	struct run run = run_new("icmpecho", set, NULL);
	struct rte_mbuf *m = frame_mbuf(arp_request, sizeof(arp_request), 0);
	const uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	if (to_one)
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), one, sizeof(one));
	m->port = port;
	assert_int_equal(run_one(&run, m).kind, HP_VERDICT_PORT);
	assert_memory_equal(data, arp_request + 6, 6);
	assert_memory_equal(data + 6, want, 6);
	assert_memory_equal(data + 22, want, 6);
	frame_mbuf_free(m);
	run_free(&run);
}

static void icmpecho_names_the_address_that_fits(void **state)
{
	static const uint8_t derived[6] = {2, 'h', 'p', 0, 1, 0x2c}, one[6] = {2, 0, 0, 0, 0, 9};
	static const uint8_t given[6] = {2, 0xaa, 0, 0, 0, 1};
	struct rte_ether_addr port_mac;

	assert_int_equal(rte_eth_macaddr_get(0, &port_mac), 0);
	check_arp_answer(NULL, 0, false, port_mac.addr_bytes);
	check_arp_answer(NULL, 300, false, derived); // a port that this process does not have
	check_arp_answer(NULL, 0, true, one);
	check_arp_answer("mac=02:aa:00:00:00:01", 0, false, given);
	check_arp_answer("mac=02:aa:00:00:00:01", 0, true, given);
}

static void icmpecho_leaves_arp_probes_and_answers_alone(void **state)
{
	static const struct {
		const char *what;
		uint8_t at, n, value[4];
	} cases[] = {
		{"a probe", 28, 4, {0, 0, 0, 0}},
		{"an announcement", 28, 4, {10, 0, 0, 2}},
		{"an answer", 21, 1, {2}},
		{"hardware of another kind", 15, 1, {6}},
		{"another protocol", 16, 2, {0x86, 0xdd}},
		{"long hardware addresses", 18, 1, {8}},
		{"long protocol addresses", 19, 1, {16}},
	};
	struct run run = run_new("icmpecho", NULL, NULL);

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct rte_mbuf *m = frame_mbuf(arp_request, sizeof(arp_request), 0);

		memcpy(rte_pktmbuf_mtod(m, uint8_t *) + cases[i].at, cases[i].value, cases[i].n);
		if (run_one(&run, m).kind != HP_VERDICT_DROP)
			fail_msg("answered %s", cases[i].what);
		frame_mbuf_free(m);
	}
	for (uint32_t len = 14; len < sizeof(arp_request); len++) {
		struct rte_mbuf *m = frame_mbuf(arp_request, len, 0);

		assert_int_equal(run_one(&run, m).kind, HP_VERDICT_DROP);
		frame_mbuf_free(m);
	}
	run_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(icmpecho_answers_requests_on_their_port),
		cmocka_unit_test(icmpecho_does_not_answer_for_groups_or_wrong_checksums),
		cmocka_unit_test(icmpecho_names_the_address_that_fits),
		cmocka_unit_test(icmpecho_leaves_arp_probes_and_answers_alone),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
