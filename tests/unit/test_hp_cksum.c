// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checksums: those of recorded frames are right, every changed bit is found, and fixing gives back
// exactly what the kernel had written.

#include "func/hp_cksum.h"
#include "hp_frames.h"
#include "hp_test.h"

#include <rte_ip.h>

#include <stdbool.h>
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

/** RFC 1071 as it is written there, byte by byte: the oracle. */
static uint16_t sum_by_bytes(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (i & 1) != 0 ? data[i] : data[i] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static bool checks_l4(const struct hp_packet *pkt)
{
	return !pkt->fragment &&
	       (pkt->proto == HP_IPPROTO_TCP || pkt->proto == HP_IPPROTO_UDP ||
		       pkt->proto == HP_IPPROTO_ICMP || pkt->proto == HP_IPPROTO_ICMPV6);
}

static uint32_t cksum_at(const struct hp_packet *pkt)
{
	return pkt->l4_off + (pkt->proto == HP_IPPROTO_TCP          ? 16u
				     : pkt->proto == HP_IPPROTO_UDP ? 6u
								    : 2u);
}

static void sums_are_those_of_rfc_1071_however_data_is_cut(void **state)
{
	uint8_t data[200];
	struct rte_mbuf *m;

	srand(1);
	for (unsigned int round = 0; round < 300; round++) {
		uint32_t len = (uint32_t)rand() % sizeof(data) + 1;
		uint32_t off = (uint32_t)rand() % len;

		// Many 0xff make carries, which are what goes wrong.
		for (uint32_t i = 0; i < len; i++)
			data[i] = rand() % 3 == 0 ? (uint8_t)rand() : 0xff;
		m = frame_mbuf(data, len, (uint32_t)rand() % 9);
		assert_int_equal(rte_be_to_cpu_16(hp_cksum_raw(m, off, len - off)),
			sum_by_bytes(data + off, len - off));
		frame_mbuf_free(m);
	}
}

static void recorded_frames_are_right_in_one_segment_and_in_many(void **state)
{
	struct hp_packet pkt;
	size_t checked = 0;

	for (size_t i = 0; i < real.n; i++) {
		for (uint32_t seg = 0; seg < 120; seg += 17) {
			struct rte_mbuf *m = frame_mbuf(real.items[i].data, real.items[i].len, seg);

			assert_int_equal(hp_packet_parse(m, &pkt), 0);
			if (!hp_cksum_ok(m, &pkt))
				fail_msg("frame %zu in segments of %u", i + 1, seg);
			checked += seg == 0 && pkt.ip_version != 0 && checks_l4(&pkt);
			frame_mbuf_free(m);
		}
	}
	assert_true(checked > real.n / 2);
}

/** Try one changed byte; true if it was found, as wrong or as malformed. */
static bool is_found(struct rte_mbuf *m, uint32_t at, uint8_t change)
{
	uint8_t *byte = rte_pktmbuf_mtod_offset(m, uint8_t *, at);
	struct hp_packet pkt;
	bool found;

	*byte ^= change;
	found = hp_packet_parse(m, &pkt) < 0 || !hp_cksum_ok(m, &pkt);
	*byte ^= change;
	return found;
}

static void every_changed_byte_of_a_header_or_message_is_found(void **state)
{
	static const uint8_t changes[] = {0x01, 0x10, 0x80, 0xff};
	struct hp_packet pkt;
	size_t tried = 0;

	for (size_t i = 0; i < real.n; i += 2) {
		struct rte_mbuf *m = frame_mbuf(real.items[i].data, real.items[i].len, 0);
		uint32_t end, at;

		assert_int_equal(hp_packet_parse(m, &pkt), 0);
		if (pkt.ip_version == 0) {
			frame_mbuf_free(m);
			continue;
		}
		// IPv4 header, then the whole message; IPv6 headers are not all covered.
		at = pkt.ip_version == 4 ? pkt.l3_off : pkt.l4_off;
		end = checks_l4(&pkt) ? pkt.l4_off + pkt.l4_len : pkt.l4_off;
		if (pkt.ip_version == 6 && !checks_l4(&pkt))
			end = at;
		for (; at < end; at += at < 120 ? 1 : 23) {
			for (size_t c = 0; c < HP_LEN(changes); c++, tried++)
				if (!is_found(m, at, changes[c]))
					fail_msg("frame %zu, byte %u ^ 0x%02x", i + 1, at,
						changes[c]);
		}
		frame_mbuf_free(m);
	}
	assert_true(tried > 100000);
}

static void changed_ipv6_addresses_are_found(void **state)
{
	struct hp_packet pkt;
	size_t tried = 0;

	for (size_t i = 0; i < real.n; i++) {
		struct rte_mbuf *m = frame_mbuf(real.items[i].data, real.items[i].len, 0);

		assert_int_equal(hp_packet_parse(m, &pkt), 0);
		for (uint32_t at = 8; pkt.ip_version == 6 && checks_l4(&pkt) && at < 40; at++) {
			assert_true(is_found(m, pkt.l3_off + at, 0x55));
			tried++;
		}
		frame_mbuf_free(m);
	}
	assert_true(tried > 1000);
}

static void fix_writes_back_what_the_kernel_had_written(void **state)
{
	static uint8_t got[65536];
	struct hp_packet pkt;
	uint16_t junk = 0xbeef;

	for (size_t i = 0; i < real.n; i++) {
		for (uint32_t seg = 0; seg < 60; seg += 19) {
			const struct frame *f = &real.items[i];
			struct rte_mbuf *m = frame_mbuf(f->data, f->len, seg);

			assert_int_equal(hp_packet_parse(m, &pkt), 0);
			if (pkt.ip_version == 4)
				hp_packet_store(m,
					pkt.l3_off + offsetof(struct rte_ipv4_hdr, hdr_checksum),
					&junk, sizeof(junk));
			if (pkt.ip_version != 0 && checks_l4(&pkt))
				hp_packet_store(m, cksum_at(&pkt), &junk, sizeof(junk));
			hp_cksum_fix(m, &pkt);
			assert_int_equal(frame_bytes(m, got), f->len);
			if (memcmp(got, f->data, f->len) != 0)
				fail_msg("frame %zu in segments of %u", i + 1, seg);
			frame_mbuf_free(m);
		}
	}
}

// IPv4 UDP 10.0.0.1:1000 to 10.0.0.2:2000 with two bytes of payload at 42.
static const uint8_t udp4[44] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 30, 0, 1, 0,
	0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 3, 0xe8, 7, 0xd0, 0, 10, 0, 0, 0, 0};
// The same over IPv6, ::1 to ::2, payload at 62.
static const uint8_t udp6[64] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0, 0,
	10, 17, 64, [37] = 1, [53] = 2, 3, 0xe8, 7, 0xd0, 0, 10, 0, 0, 0, 0};

static void udp_zero_means_none_in_ipv4_and_wrong_in_ipv6(void **state)
{
	struct rte_mbuf *v4 = frame_mbuf(udp4, sizeof(udp4), 0);
	struct rte_mbuf *v6 = frame_mbuf(udp6, sizeof(udp6), 0);
	struct hp_packet pkt;

	assert_int_equal(hp_packet_parse(v4, &pkt), 0);
	assert_false(hp_cksum_ok(v4, &pkt)); // the header's
	hp_cksum_fix(v4, &pkt);
	assert_true(hp_cksum_ok(v4, &pkt));
	assert_int_equal(rte_pktmbuf_mtod(v4, uint8_t *)[40], 0); // stays "none"
	assert_int_equal(rte_pktmbuf_mtod(v4, uint8_t *)[41], 0);

	assert_int_equal(hp_packet_parse(v6, &pkt), 0);
	assert_false(hp_cksum_ok(v6, &pkt));
	hp_cksum_fix(v6, &pkt);
	assert_true(hp_cksum_ok(v6, &pkt));
	frame_mbuf_free(v4);
	frame_mbuf_free(v6);
}

static void a_udp_sum_of_zero_is_written_as_ffff(void **state)
{
	uint8_t data[sizeof(udp6)];
	struct hp_packet pkt;
	struct rte_mbuf *m;
	unsigned int zeros = 0;

	// One of the 65536 payloads makes the checksum 0; all must be right afterwards.
	memcpy(data, udp6, sizeof(data));
	for (unsigned int payload = 0; payload <= UINT16_MAX; payload++) {
		data[62] = (uint8_t)(payload >> 8);
		data[63] = (uint8_t)payload;
		m = frame_mbuf(data, sizeof(data), 0);
		assert_int_equal(hp_packet_parse(m, &pkt), 0);
		hp_cksum_fix(m, &pkt);
		assert_true(hp_cksum_ok(m, &pkt));
		zeros += memcmp(rte_pktmbuf_mtod(m, uint8_t *) + 60, "\xff\xff", 2) == 0;
		assert_memory_not_equal(rte_pktmbuf_mtod(m, uint8_t *) + 60, "\0\0", 2);
		frame_mbuf_free(m);
	}
	assert_int_equal(zeros, 1);
}

static void unfinished_checksums_of_virtual_devices_are_left_alone(void **state)
{
	uint8_t data[sizeof(udp6)];
	struct hp_packet pkt;
	struct rte_mbuf *m;

	memcpy(data, udp6, sizeof(data));
	data[60] = 0x12; // half a checksum
	m = frame_mbuf(data, sizeof(data), 0);
	assert_int_equal(hp_packet_parse(m, &pkt), 0);
	assert_false(hp_cksum_ok(m, &pkt));
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	assert_true(hp_cksum_ok(m, &pkt));
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD; // was good when it came; may not be any more
	assert_false(hp_cksum_ok(m, &pkt));
	frame_mbuf_free(m);
}

static void layer_4_of_a_source_routed_packet_is_left_alone(void **state)
{
	struct rte_mbuf *m = frame_mbuf(udp6, sizeof(udp6), 0);
	struct hp_packet pkt;

	assert_int_equal(hp_packet_parse(m, &pkt), 0);
	pkt.source_routed = true; // the parser's own tests show when it says so
	assert_true(hp_cksum_ok(m, &pkt));
	hp_cksum_fix(m, &pkt);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), udp6, sizeof(udp6));
	frame_mbuf_free(m);
}

static void an_icmp_message_of_zeros_gets_ffff(void **state)
{
	uint8_t data[42] = {[12] = 8, 0, 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, [29] = 1, [33] = 2};
	struct rte_mbuf *m = frame_mbuf(data, sizeof(data), 0);
	struct hp_packet pkt;

	assert_int_equal(hp_packet_parse(m, &pkt), 0);
	hp_cksum_fix(m, &pkt);
	assert_true(hp_cksum_ok(m, &pkt));
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *) + 36, "\xff\xff", 2);
	frame_mbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_rfc_1071_however_data_is_cut),
		cmocka_unit_test(recorded_frames_are_right_in_one_segment_and_in_many),
		cmocka_unit_test(every_changed_byte_of_a_header_or_message_is_found),
		cmocka_unit_test(changed_ipv6_addresses_are_found),
		cmocka_unit_test(fix_writes_back_what_the_kernel_had_written),
		cmocka_unit_test(udp_zero_means_none_in_ipv4_and_wrong_in_ipv6),
		cmocka_unit_test(a_udp_sum_of_zero_is_written_as_ffff),
		cmocka_unit_test(unfinished_checksums_of_virtual_devices_are_left_alone),
		cmocka_unit_test(layer_4_of_a_source_routed_packet_is_left_alone),
		cmocka_unit_test(an_icmp_message_of_zeros_gets_ffff),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
