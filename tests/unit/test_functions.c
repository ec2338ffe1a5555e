// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The registry, the settings, and the functions that rewrite packets.

#include "func/hp_cksum.h"
#include "func/hp_packet.h"
#include "hp_frames.h"
#include "hp_run.h"
#include "hp_test.h"

#include <stdio.h>
#include <stdlib.h>
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

static void functions_are_found_by_name_and_listed_in_order(void **state)
{
	static const char *const names[] = {"5tswap", "acl", "csum", "flowgen", "icmpecho", "io",
		"mac", "macswap", "noisy", "rate", "rxonly", "ttl", "txonly"};
	static const struct hp_func again = {.name = "io"};

	hp_func_register(&again); // is refused: the first stays
	for (unsigned int i = 0; i < HP_LEN(names); i++) {
		assert_string_equal(hp_func_get(i)->name, names[i]);
		assert_ptr_equal(hp_func_get(i), hp_func_find(names[i]));
		assert_non_null(hp_func_get(i)->summary);
		assert_non_null(hp_func_get(i)->burst);
	}
	assert_null(hp_func_get(HP_LEN(names)));
	assert_null(hp_func_find("nothing"));
	assert_ptr_not_equal(hp_func_find("io"), &again);
}

static void wrong_settings_are_refused_with_what_was_expected(void **state)
{
	static const struct {
		const char *func, *sets[2], *says;
	} cases[] = {
		{"io", {"x=1"}, "function 'io' has no settings"},
		{"mac", {"src"}, "expected KEY=VALUE"},
		{"mac", {"=1"}, "expected KEY=VALUE"},
		{"mac", {"sr=1"}, "no setting 'sr'; it has: src, dst"},
		{"mac", {"src=02:00:00:00:00:0g"}, "expected a MAC address"},
		{"mac", {"src=02:00:00:00:00"}, "expected a MAC address"},
		{"mac", {"src=01:00:00:00:00:00"}, "cannot be a group address"},
		{"mac", {NULL}, "nothing to set"},
		{"mac", {"src=02:00:00:00:00:01", "src=02:00:00:00:00:02"}, "give it once"},
		{"csum", {"mode=mend"}, "verify"},
		{"csum", {"mode="}, "verify"},
		{"rate", {NULL}, "no limit; give --set pps=N"},
		{"rate", {"pps=-1"}, "pps"},
		{"rate", {"pps=1000000000001"}, "1000000000000"},
		{"rate", {"pps=1", "burst=0"}, "burst"},
		{"rate", {"bps=1", "burst-bytes=2047"}, "burst-bytes"},
		{"noisy", {"reads=100001"}, "100000"},
		{"noisy", {"memory=1K"}, "memory"},
		{"icmpecho", {"other=maybe"}, "drop"},
		{"icmpecho", {"mac=ff:ff:ff:ff:ff:ff"}, "MAC address of a host"},
		{"acl", {"default=maybe"}, "allow"},
		{"acl", {"rule=deny tpc"}, "--set rule, the 1.: 'tpc': expected any"},
		{"acl", {"rule=deny tcp", "rule=deny tcp from x"}, "--set rule, the 2.: 'x'"},
		{"acl", {"file=/nonexistent/rules"}, "No such file"},
		{"acl", {"file=/"}, "directory"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		char words[2][128], *sets[2] = {words[0], words[1]};
		struct hp_err err = {0};
		struct run run;
		uint32_t n = 0;

		for (; n < 2 && cases[i].sets[n] != NULL; n++)
			snprintf(words[n], sizeof(words[n]), "%s", cases[i].sets[n]);
		assert_true(run_try(&run, cases[i].func, sets, n, &err) < 0);
		assert_in_set(
			err.exit_code, ((LargestIntegralType[]){HP_EXIT_USAGE, HP_EXIT_CONFIG}), 2);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s %s: says '%s', expected '%s'", cases[i].func,
				n > 0 ? words[n - 1] : "", err.text, cases[i].says);
	}
}

static void io_passes_and_rxonly_drops_everything(void **state)
{
	struct run io = run_new("io", NULL, NULL), rxonly = run_new("rxonly", NULL, NULL);
	struct rte_mbuf *m = frame_mbuf(real.items[0].data, real.items[0].len, 0);

	assert_int_equal(run_one(&io, m).kind, HP_VERDICT_NEXT);
	assert_int_equal(run_one(&rxonly, m).kind, HP_VERDICT_DROP);
	assert_int_equal(run_one(&rxonly, m).reason, HP_DROP_FUNCTION);
	frame_mbuf_free(m);
	run_free(&io);
	run_free(&rxonly);
}

static void mac_writes_what_is_set_and_nothing_else(void **state)
{
	static const struct {
		const char *set1, *set2;
		bool src, dst;
	} cases[] = {
		{"src=02:aa:bb:cc:dd:01", NULL, true, false},
		{"dst=02:aa:bb:cc:dd:02", NULL, false, true},
		{"src=02:aa:bb:cc:dd:01", "dst=02:aa:bb:cc:dd:02", true, true},
	};
	static const uint8_t src[] = {2, 0xaa, 0xbb, 0xcc, 0xdd, 1};
	static const uint8_t dst[] = {2, 0xaa, 0xbb, 0xcc, 0xdd, 2};

	for (size_t c = 0; c < HP_LEN(cases); c++) {
		struct run run = run_new("mac", cases[c].set1, cases[c].set2);
		struct frame *f = &real.items[5];
		struct rte_mbuf *m = frame_mbuf(f->data, f->len, 20);
		uint8_t got[2048], want[2048];

		memcpy(want, f->data, f->len);
		if (cases[c].src)
			memcpy(want + 6, src, 6);
		if (cases[c].dst)
			memcpy(want, dst, 6);
		assert_int_equal(run_one(&run, m).kind, HP_VERDICT_NEXT);
		frame_bytes(m, got);
		assert_memory_equal(got, want, f->len);
		frame_mbuf_free(m);
		run_free(&run);
	}
}

static void frames_without_a_whole_ethernet_header_are_malformed(void **state)
{
	static const char *const names[] = {
		"mac", "macswap", "5tswap", "csum", "acl", "icmpecho", "ttl"};

	for (size_t i = 0; i < HP_LEN(names); i++) {
		struct run run = run_new(names[i],
			strcmp(names[i], "mac") == 0 ? "src=02:00:00:00:00:01" : NULL, NULL);

		for (uint32_t len = 0; len < 14; len++) {
			struct rte_mbuf *m = frame_mbuf(real.items[0].data, len, 0);
			struct hp_verdict v = run_one(&run, m);

			assert_int_equal(v.kind, HP_VERDICT_DROP);
			assert_int_equal(v.reason, HP_DROP_MALFORMED);
			frame_mbuf_free(m);
		}
		run_free(&run);
	}
}

static void macswap_and_5tswap_give_the_frame_back_when_done_twice(void **state)
{
	static const char *const names[] = {"macswap", "5tswap"};
	static uint8_t once[65536], twice[65536];

	for (size_t k = 0; k < HP_LEN(names); k++) {
		struct run run = run_new(names[k], NULL, NULL);

		for (size_t i = 0; i < real.n; i++) {
			struct frame *f = &real.items[i];
			struct rte_mbuf *m = frame_mbuf(f->data, f->len, i % 2 == 0 ? 0 : 15);

			assert_int_equal(run_one(&run, m).kind, HP_VERDICT_NEXT);
			frame_bytes(m, once);
			assert_memory_equal(once, f->data + 6, 6);
			assert_memory_equal(once + 6, f->data, 6);
			if (k == 0)
				assert_memory_equal(once + 12, f->data + 12, f->len - 12);
			assert_int_equal(run_one(&run, m).kind, HP_VERDICT_NEXT);
			frame_bytes(m, twice);
			assert_memory_equal(twice, f->data, f->len);
			frame_mbuf_free(m);
		}
		run_free(&run);
	}
}

static void fivetswap_turns_every_layer_and_keeps_checksums_right(void **state)
{
	struct run run = run_new("5tswap", NULL, NULL);
	struct hp_packet before, after;
	size_t first_fragments = 0;

	for (size_t i = 0; i < real.n; i++) {
		struct rte_mbuf *m = frame_mbuf(real.items[i].data, real.items[i].len, 0);
		size_t len;

		assert_int_equal(hp_packet_parse(m, &before), 0);
		run_one(&run, m);
		assert_int_equal(hp_packet_parse(m, &after), 0);
		if (before.ip_version != 0) {
			len = before.ip_version == 4 ? 4 : 16;
			assert_memory_equal(&after.src, &before.dst, len);
			assert_memory_equal(&after.dst, &before.src, len);
			assert_int_equal(after.src_port, before.dst_port);
			assert_int_equal(after.dst_port, before.src_port);
			assert_true(hp_cksum_ok(m, &after));
		}
		// The ports of a first fragment turn with the addresses of all the others.
		if (before.first_fragment && before.proto == HP_IPPROTO_UDP) {
			const uint8_t *was = real.items[i].data + before.l4_off;
			const uint8_t *is = rte_pktmbuf_mtod_offset(m, uint8_t *, before.l4_off);

			assert_memory_equal(was, is + 2, 2);
			assert_memory_equal(was + 2, is, 2);
			first_fragments++;
		}
		frame_mbuf_free(m);
	}
	assert_true(first_fragments > 0);
	run_free(&run);
}

static void ttl_ages_packets_and_keeps_the_checksum_right(void **state)
{
	struct run run = run_new("ttl", NULL, NULL);
	struct hp_packet pkt;
	struct hp_verdict v;
	size_t expired = 0;

	for (size_t i = 0; i < real.n; i++) {
		struct rte_mbuf *m = frame_mbuf(real.items[i].data, real.items[i].len, 0);
		const uint8_t *ttl;
		uint8_t was;

		assert_int_equal(hp_packet_parse(m, &pkt), 0);
		ttl = rte_pktmbuf_mtod_offset(
			m, uint8_t *, pkt.l3_off + (pkt.ip_version == 4 ? 8 : 7));
		was = *ttl;
		for (unsigned int left = was; pkt.ip_version != 0 && left > 0; left--) {
			v = run_one(&run, m);
			if (left > 1) {
				assert_int_equal(v.kind, HP_VERDICT_NEXT);
				assert_int_equal(*ttl, left - 1);
				assert_true(hp_cksum_ok(m, &pkt));
			} else {
				assert_int_equal(v.kind, HP_VERDICT_DROP);
				assert_int_equal(v.reason, HP_DROP_FUNCTION);
				expired++;
			}
		}
		frame_mbuf_free(m);
	}
	assert_true(expired > 1000);
	run_free(&run);
}

static void noisy_passes_packets_whatever_it_touches(void **state)
{
	struct run run = run_new("noisy", "memory=100000", "reads-writes=1000");
	struct rte_mbuf *m = frame_mbuf(real.items[0].data, real.items[0].len, 0);

	assert_int_equal(run_one(&run, m).kind, HP_VERDICT_NEXT);
	frame_mbuf_free(m);
	run_free(&run);
}

/** Whole bursts in every size: the prefetch stays inside, and each packet gets its own verdict. */
static void bursts_of_any_size_get_one_verdict_a_packet(void **state)
{
	static const char *const names[] = {"macswap", "5tswap", "csum", "acl", "ttl", "icmpecho"};
	static const uint16_t sizes[] = {1, 3, 4, 5, 8, 9, 32, 512};
	struct rte_mbuf **pkts = calloc(HP_BURST_MAX, sizeof(pkts[0]));
	struct hp_verdict *one = calloc(HP_BURST_MAX, sizeof(one[0]));

	assert_non_null(pkts);
	assert_non_null(one);
	for (size_t k = 0; k < HP_LEN(names); k++) {
		struct run run = run_new(names[k], NULL, NULL);

		for (size_t s = 0; s < HP_LEN(sizes); s++) {
			uint16_t n = sizes[s];
			// Exact size, so that a read behind it is found.
			struct rte_mbuf **burst = malloc(n * sizeof(burst[0]));
			struct hp_verdict *verdicts = calloc(n, sizeof(verdicts[0]));

			assert_non_null(burst);
			assert_non_null(verdicts);
			for (uint16_t i = 0; i < n; i++) {
				const struct frame *f = &real.items[i * 5u % real.n];

				pkts[i] = frame_mbuf(f->data, f->len, 0);
				burst[i] = frame_mbuf(f->data, f->len, 0);
				pkts[i]->port = burst[i]->port = 0;
				one[i] = run_one(&run, pkts[i]);
			}
			run.func->burst(run.state, burst, verdicts, n, 0);
			assert_memory_equal(one, verdicts, n * sizeof(one[0]));
			for (uint16_t i = 0; i < n; i++) {
				assert_memory_equal(
					pkts[i]->buf_addr, burst[i]->buf_addr, pkts[i]->pkt_len);
				frame_mbuf_free(pkts[i]);
				frame_mbuf_free(burst[i]);
			}
			free(burst);
			free(verdicts);
		}
		run_free(&run);
	}
	free(pkts);
	free(one);
}

/** The part of docs/functions.md under "## NAME"; allocated. */
static char *documented(const char *name)
{
	char heading[64], *text = calloc(1, 1 << 16), *from, *to;
	FILE *file = fopen(HP_TEST_DATA "/../../docs/functions.md", "r");
	size_t len;

	assert_non_null(text);
	assert_non_null(file);
	len = fread(text, 1, (1 << 16) - 1, file);
	fclose(file);
	assert_in_range(len, 1000, (1 << 16) - 2);
	snprintf(heading, sizeof(heading), "\n## %s\n", name);
	from = strstr(text, heading);
	if (from == NULL)
		fail_msg("docs/functions.md has no '## %s'", name);
	to = strstr(from + 1, "\n## ");
	if (to != NULL)
		*to = '\0';
	memmove(text, from, strlen(from) + 1);
	return text;
}

static void every_function_and_setting_is_documented_with_its_default(void **state)
{
	for (unsigned int i = 0; hp_func_get(i) != NULL; i++) {
		const struct hp_func *func = hp_func_get(i);
		char *text = documented(func->name), row[128];
		const struct hp_opt *opt = func->opts;

		for (; opt != NULL && opt->name != NULL; opt++) {
			const char *tick = opt->def != NULL ? "`" : "";

			snprintf(row, sizeof(row), "\n| `%s` | %s%s%s%s|", opt->name, tick,
				opt->def != NULL ? opt->def : "", tick,
				opt->def != NULL ? " " : "");
			if (strstr(text, row) == NULL)
				fail_msg("docs/functions.md, %s: no row '%s'", func->name, row + 1);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found_by_name_and_listed_in_order),
		cmocka_unit_test(wrong_settings_are_refused_with_what_was_expected),
		cmocka_unit_test(io_passes_and_rxonly_drops_everything),
		cmocka_unit_test(mac_writes_what_is_set_and_nothing_else),
		cmocka_unit_test(frames_without_a_whole_ethernet_header_are_malformed),
		cmocka_unit_test(macswap_and_5tswap_give_the_frame_back_when_done_twice),
		cmocka_unit_test(fivetswap_turns_every_layer_and_keeps_checksums_right),
		cmocka_unit_test(ttl_ages_packets_and_keeps_the_checksum_right),
		cmocka_unit_test(noisy_passes_packets_whatever_it_touches),
		cmocka_unit_test(every_function_and_setting_is_documented_with_its_default),
		cmocka_unit_test(bursts_of_any_size_get_one_verdict_a_packet),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
