// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The functions that drop packets: csum, rate, acl.

#include "func/hp_cksum.h"
#include "func/hp_packet.h"
#include "hp_frames.h"
#include "hp_run.h"
#include "hp_test.h"

#include <rte_cycles.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void csum_verify_drops_wrong_ones_and_fix_mends_them(void **state)
{
	struct run verify = run_new("csum", "mode=verify", NULL);
	struct run fix = run_new("csum", "mode=fix", NULL);
	static uint8_t got[65536];
	struct hp_packet pkt;
	size_t wrong = 0;

	for (size_t i = 0; i < real.n; i++) {
		struct frame *f = &real.items[i];
		struct rte_mbuf *m = frame_mbuf(f->data, f->len, 0);

		assert_int_equal(run_one(&verify, m).kind, HP_VERDICT_NEXT);
		assert_int_equal(run_one(&fix, m).kind, HP_VERDICT_NEXT);
		frame_bytes(m, got);
		assert_memory_equal(got, f->data, f->len); // nothing to mend, nothing touched
		assert_int_equal(hp_packet_parse(m, &pkt), 0);
		if (pkt.ip_version == 4) {
			*rte_pktmbuf_mtod_offset(m, uint8_t *, pkt.l3_off + 8) ^= 1; // TTL
			assert_int_equal(run_one(&verify, m).reason, HP_DROP_BAD_CSUM);
			assert_int_equal(run_one(&fix, m).kind, HP_VERDICT_NEXT);
			assert_int_equal(run_one(&verify, m).kind, HP_VERDICT_NEXT);
			wrong++;
		}
		frame_mbuf_free(m);
	}
	assert_true(wrong > 1000);
	run_free(&verify);
	run_free(&fix);
}

static void csum_verify_drops_malformed_packets_and_fix_passes_them(void **state)
{
	struct run verify = run_new("csum", NULL, NULL); // verify is the default
	struct run fix = run_new("csum", "mode=fix", NULL);
	struct rte_mbuf *m = frame_mbuf(real.items[real.n - 1].data, 30, 0);
	struct hp_packet pkt;

	assert_int_equal(hp_packet_parse(m, &pkt), -EBADMSG);
	assert_int_equal(run_one(&verify, m).reason, HP_DROP_MALFORMED);
	assert_int_equal(run_one(&fix, m).kind, HP_VERDICT_NEXT);
	frame_mbuf_free(m);
	run_free(&verify);
	run_free(&fix);
}

static void rate_lets_pass_exactly_what_it_says(void **state)
{
	static const struct {
		const char *set1, *set2;
		uint64_t first, per_second; // packets of 1000 bytes: at once, then in a second
	} cases[] = {
		{"pps=1000", "burst=10", 10, 1000},
		{"pps=3", "burst=1", 1, 3},
		{"pps=1000000", "burst=512", 512, 1000000},
		{"bps=8000000", "burst-bytes=5000", 5, 1000},
		{"bps=80000000", "burst-bytes=2048", 2, 10000},
	};
	uint64_t hz = rte_get_tsc_hz(), now, passed;
	uint8_t data[1000] = {0};
	struct rte_mbuf *m = frame_mbuf(data, sizeof(data), 0), *pkts[64];

	for (size_t i = 0; i < HP_LEN(pkts); i++)
		pkts[i] = m;
	for (size_t c = 0; c < HP_LEN(cases); c++) {
		struct run run = run_new("rate", cases[c].set1, cases[c].set2);

		now = hz; // a clock of our own, so that the test depends on no machine's speed
		for (unsigned int part = 0; part < 2; part++) {
			uint64_t steps = part == 0 ? 20 : 100000;

			passed = 0;
			for (uint64_t s = 0; s < steps; s++) {
				struct hp_verdict v[HP_LEN(pkts)] = {0};

				if (part == 1)
					now += hz / steps;
				run.func->burst(run.state, pkts, v, HP_LEN(pkts), now);
				for (size_t i = 0; i < HP_LEN(pkts); i++)
					passed += v[i].kind == HP_VERDICT_NEXT;
			}
			assert_in_range(passed,
				part == 0 ? cases[c].first : cases[c].per_second - 1,
				part == 0 ? cases[c].first : cases[c].per_second + 1);
		}
		run_free(&run);
	}
	frame_mbuf_free(m);
}

static void rate_drops_with_its_reason_and_survives_a_clock_that_steps_back(void **state)
{
	struct run run = run_new("rate", "pps=1", "burst=1");
	struct rte_mbuf *m = frame_mbuf(real.items[0].data, real.items[0].len, 0);
	struct hp_verdict v[3] = {0};

	run.func->burst(run.state, &m, &v[0], 1, 1000000);
	run.func->burst(run.state, &m, &v[1], 1, 999999);
	run.func->burst(run.state, &m, &v[2], 1, 1000001);
	assert_int_equal(v[0].kind, HP_VERDICT_NEXT);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(v[i].kind, HP_VERDICT_DROP);
		assert_int_equal(v[i].reason, HP_DROP_RATE);
	}
	frame_mbuf_free(m);
	run_free(&run);
}

static void acl_reads_settings_then_files_and_names_file_and_line(void **state)
{
	char path[] = "/tmp/hp_acl_XXXXXX", set[64], text[600], *sets[2] = {text, set};
	struct hp_err err = {0};
	struct rte_mbuf *m;
	struct run run;
	FILE *file;
	size_t denied[2] = {0};

	file = fdopen(mkstemp(path), "w");
	assert_non_null(file);
	fprintf(file, "# rules\n\nallow any # none before it matched\ndeny any\n");
	fclose(file);
	snprintf(set, sizeof(set), "file=%s", path);
	run = run_new("acl", "rule=deny udp", set);
	for (size_t i = 0; i < real.n; i++) {
		struct hp_packet pkt;
		struct hp_verdict v;

		m = frame_mbuf(real.items[i].data, real.items[i].len, 0);
		assert_int_equal(hp_packet_parse(m, &pkt), 0);
		v = run_one(&run, m);
		denied[pkt.proto == HP_IPPROTO_UDP] += v.kind == HP_VERDICT_DROP;
		assert_true(v.kind == HP_VERDICT_NEXT || v.reason == HP_DROP_ACL);
		frame_mbuf_free(m);
	}
	assert_int_equal(denied[0], 0);
	assert_true(denied[1] > 1000);
	run_free(&run);

	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "deny udp\n%-600s\ndeny foo from any\n", "# a long comment");
	fclose(file);
	snprintf(text, sizeof(text), "rule=allow tcp");
	assert_true(run_try(&run, "acl", sets, 2, &err) < 0);
	snprintf(text, sizeof(text), "%s:3: 'foo': expected any", path);
	assert_non_null(strstr(err.text, text));
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);

	file = fopen(path, "w");
	assert_non_null(file);
	fwrite("deny udp\ndeny\0 tcp\n", 1, 19, file);
	fclose(file);
	memset(&err, 0, sizeof(err));
	snprintf(text, sizeof(text), "rule=allow tcp");
	assert_true(run_try(&run, "acl", sets, 2, &err) < 0);
	assert_non_null(strstr(err.text, ":2: "));
	unlink(path);
}

static void acl_drops_what_it_cannot_read_and_treats_other_frames_as_told(void **state)
{
	struct run open = run_new("acl", NULL, NULL), closed = run_new("acl", "non-ip=deny", NULL);
	struct rte_mbuf *cut = frame_mbuf(real.items[real.n - 1].data, 30, 0), *arp = NULL;

	assert_int_equal(run_one(&open, cut).reason, HP_DROP_MALFORMED);
	for (size_t i = 0; i < real.n && arp == NULL; i++)
		if (memcmp(real.items[i].data + 12, "\x08\x06", 2) == 0)
			arp = frame_mbuf(real.items[i].data, real.items[i].len, 0);
	assert_non_null(arp);
	assert_int_equal(run_one(&open, arp).kind, HP_VERDICT_NEXT);
	assert_int_equal(run_one(&closed, arp).reason, HP_DROP_ACL);
	frame_mbuf_free(cut);
	frame_mbuf_free(arp);
	run_free(&open);
	run_free(&closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csum_verify_drops_wrong_ones_and_fix_mends_them),
		cmocka_unit_test(csum_verify_drops_malformed_packets_and_fix_passes_them),
		cmocka_unit_test(rate_lets_pass_exactly_what_it_says),
		cmocka_unit_test(rate_drops_with_its_reason_and_survives_a_clock_that_steps_back),
		cmocka_unit_test(acl_reads_settings_then_files_and_names_file_and_line),
		cmocka_unit_test(acl_drops_what_it_cannot_read_and_treats_other_frames_as_told),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
