// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The functions that make packets: what they make, how many, and at what pace.

#include "func/hp_cksum.h"
#include "func/hp_packet.h"
#include "hp_frames.h"
#include "hp_run.h"
#include "hp_test.h"

#include <rte_cycles.h>

#include <errno.h>
#include <string.h>

// As the primary lends it; its buffer is exactly as large as said, for AddressSanitizer.
static struct rte_mbuf *blank(uint32_t room)
{
	static const uint8_t zeros[9000];
	struct rte_mbuf *m = frame_mbuf(zeros, room, 0);

	m->data_len = 0;
	m->pkt_len = 0;
	return m;
}

static void every_length_has_right_checksums(void **state)
{
	char set[32];

	(void)state;
	for (uint32_t len = 60; len <= 9000; len += len < 130 ? 1 : 443) {
		struct rte_mbuf *m = blank(len);
		struct hp_packet pkt;
		struct run run;

		snprintf(set, sizeof(set), "length=%u", len);
		run = run_new("flowgen", set, "flows=65536");
		for (int i = 0; i < 300; i++) {
			m->data_len = 0;
			m->pkt_len = 0;
			assert_int_equal(run_one(&run, m).kind, HP_VERDICT_NEXT);
			assert_int_equal(m->pkt_len, len);
			assert_int_equal(m->data_len, len);
			assert_int_equal(hp_packet_parse(m, &pkt), 0);
			assert_int_equal(pkt.ip_version, 4);
			assert_int_equal(pkt.proto, HP_IPPROTO_UDP);
			assert_true(hp_cksum_ok(m, &pkt));
		}
		frame_mbuf_free(m);
		run_free(&run);
	}
}

static void a_checksum_that_is_wrong_would_be_seen(void **state)
{
	struct run run = run_new("txonly", NULL, NULL);
	struct rte_mbuf *m = blank(64);
	struct hp_packet pkt;

	(void)state;
	run_one(&run, m);
	for (uint32_t at = 14; at < 64; at++) {
		uint8_t *byte = rte_pktmbuf_mtod_offset(m, uint8_t *, at);

		if (at == 14 || (at >= 16 && at < 18) || at == 23 || (at >= 38 && at < 40))
			continue; // lengths and kinds, which parsing looks at
		*byte ^= 0x10;
		if (hp_packet_parse(m, &pkt) == 0 && pkt.proto == HP_IPPROTO_UDP && !pkt.fragment)
			assert_false(hp_cksum_ok(m, &pkt));
		*byte ^= 0x10;
	}
	frame_mbuf_free(m);
	run_free(&run);
}

static void flows_take_turns_and_packets_are_numbered(void **state)
{
	struct run run = run_new("flowgen", "flows=3", NULL);
	uint8_t dst[6][4];

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct rte_mbuf *m = blank(64);
		const uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);

		run_one(&run, m);
		memcpy(dst[i], bytes + 30, 4);
		assert_int_equal(bytes[42 + 7], i);
		frame_mbuf_free(m);
	}
	for (unsigned int i = 0; i < 3; i++) {
		assert_memory_equal(dst[i], dst[i + 3], 4);
		assert_memory_not_equal(dst[i], dst[(i + 1) % 3], 4);
	}
	run_free(&run);
}

static void a_count_ends_and_what_is_over_stays_blank(void **state)
{
	struct run run = run_new("txonly", "count=5", NULL);
	struct hp_verdict verdicts[8] = {0};
	struct rte_mbuf *pkts[8];

	(void)state;
	assert_int_equal(run.func->want(run.state, 3, 1), 3);
	assert_int_equal(run.func->want(run.state, 32, 1), 5);
	for (int i = 0; i < 8; i++)
		pkts[i] = blank(64);
	run.func->burst(run.state, pkts, verdicts, 8, 1);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(verdicts[i].kind, i < 5 ? HP_VERDICT_NEXT : HP_VERDICT_UNUSED);
		assert_int_equal(pkts[i]->pkt_len, i < 5 ? 64 : 0);
		frame_mbuf_free(pkts[i]);
	}
	assert_int_equal(run.func->want(run.state, 32, 1), 0);
	run_free(&run);
}

static void a_pace_is_kept_over_any_time(void **state)
{
	struct run run = run_new("txonly", "pps=1000", NULL);
	uint64_t hz = rte_get_tsc_hz();
	struct rte_mbuf *m = blank(64);
	uint64_t made = 0;

	(void)state;
	for (uint64_t now = hz; now < 4 * hz; now += hz / 7919) {
		for (uint16_t n = run.func->want(run.state, 32, now); n > 0; n--, made++) {
			m->data_len = 0;
			m->pkt_len = 0;
			run_one(&run, m);
		}
	}
	assert_in_range(made, 2998, 3000);
	// after a pause no more than a bucket
	assert_int_equal(run.func->want(run.state, 10000, 1000 * hz), 512);
	frame_mbuf_free(m);
	run_free(&run);
}

static void packets_of_others_and_too_small_mbufs_are_dropped(void **state)
{
	struct run run = run_new("txonly", "length=100", NULL);
	static const uint8_t zeros[64];
	struct rte_mbuf *other = frame_mbuf(zeros, sizeof(zeros), 0);
	struct rte_mbuf *small = blank(99);
	struct hp_verdict v = run_one(&run, other);

	(void)state;
	assert_int_equal(v.kind, HP_VERDICT_DROP);
	assert_int_equal(v.reason, HP_DROP_FUNCTION);
	v = run_one(&run, small);
	assert_int_equal(v.kind, HP_VERDICT_DROP);
	assert_int_equal(small->pkt_len, 99);
	frame_mbuf_free(other);
	frame_mbuf_free(small);
	run_free(&run);
}

static void settings_out_of_bounds_are_refused(void **state)
{
	static const char *const sets[] = {
		"length=59", "length=9001", "flows=0", "flows=65537", "dst=1", "pps=-1"};

	(void)state;
	for (size_t i = 0; i < HP_LEN(sets); i++) {
		struct hp_err err = {0};
		char set[32], *one = set;
		struct run run;

		snprintf(set, sizeof(set), "%s", sets[i]);
		assert_int_equal(run_try(&run, "flowgen", &one, 1, &err), -EINVAL);
		assert_int_equal(err.exit_code, HP_EXIT_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_has_right_checksums),
		cmocka_unit_test(a_checksum_that_is_wrong_would_be_seen),
		cmocka_unit_test(flows_take_turns_and_packets_are_numbered),
		cmocka_unit_test(a_count_ends_and_what_is_over_stays_blank),
		cmocka_unit_test(a_pace_is_kept_over_any_time),
		cmocka_unit_test(packets_of_others_and_too_small_mbufs_are_dropped),
		cmocka_unit_test(settings_out_of_bounds_are_refused),
	};

	return cmocka_run_group_tests(tests, run_start_eal, run_stop_eal);
}
