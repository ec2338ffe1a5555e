// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The parser reads real frames as tshark does, and nothing outside of any frame.

#include "func/hp_packet.h"
#include "hp_frames.h"
#include "hp_test.h"

#include <errno.h>
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

static int parse_bytes(const uint8_t *data, uint32_t len, uint32_t seg, struct hp_packet *pkt)
{
	struct rte_mbuf *m = frame_mbuf(data, len, seg);
	int ret = hp_packet_parse(m, pkt);

	frame_mbuf_free(m);
	return ret;
}

/** The number of frames in a row of tests/data/README.md, which tshark counted. */
static size_t counted_by_tshark(const char *row)
{
	char path[512], line[256], want[64];
	size_t count = SIZE_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "%s/README.md", HP_TEST_DATA);
	file = fopen(path, "r");
	assert_non_null(file);
	snprintf(want, sizeof(want), "| %s | %%zu |", row);
	while (count == SIZE_MAX && fgets(line, sizeof(line), file) != NULL) {
		size_t len = strcspn(want, "%");

		if (strncmp(line, want, len) == 0)
			count = strtoul(line + len, NULL, 10);
	}
	fclose(file);
	if (count == SIZE_MAX)
		fail_msg("%s has no row '%s'", path, row);
	return count;
}

static void real_frames_are_read_as_tshark_reads_them(void **state)
{
	size_t tcp4 = 0, tcp6 = 0, tagged = 0, arp = 0, frag4 = 0, frag6 = 0;
	struct hp_packet pkt;

	for (size_t i = 0; i < real.n; i++) {
		assert_int_equal(parse_bytes(real.items[i].data, real.items[i].len, 0, &pkt), 0);
		tagged += pkt.n_tags > 0;
		arp += pkt.ether_type == RTE_ETHER_TYPE_ARP;
		tcp4 += pkt.ip_version == 4 && pkt.proto == HP_IPPROTO_TCP;
		tcp6 += pkt.ip_version == 6 && pkt.proto == HP_IPPROTO_TCP;
		frag4 += pkt.ip_version == 4 && pkt.fragment;
		frag6 += pkt.ip_version == 6 && pkt.fragment;
	}
	assert_int_equal(real.n, counted_by_tshark("all"));
	assert_int_equal(tcp4, counted_by_tshark("IPv4 TCP"));
	assert_int_equal(tcp6, counted_by_tshark("IPv6 TCP"));
	assert_int_equal(tagged, counted_by_tshark("VLAN tag"));
	assert_int_equal(arp, counted_by_tshark("ARP"));
	assert_int_equal(frag4, counted_by_tshark("IPv4 fragments"));
	assert_int_equal(frag6, counted_by_tshark("IPv6 fragments"));
}

static void frames_cut_at_any_byte_are_refused(void **state)
{
	struct hp_packet whole, cut;
	uint32_t end;

	for (size_t i = 0; i < real.n; i++) {
		const struct frame *f = &real.items[i];

		assert_int_equal(parse_bytes(f->data, f->len, 0, &whole), 0);
		if (whole.ip_version == 0)
			continue;
		end = whole.l4_off + whole.l4_len;
		assert_in_range(end, 34, f->len);
		// Headers byte by byte; payloads of large frames in steps, to save time.
		for (uint32_t len = 0; len < end; len += len < 128 ? 1 : 37)
			assert_int_equal(parse_bytes(f->data, len, 0, &cut), -EBADMSG);
		assert_int_equal(parse_bytes(f->data, end, 0, &cut), 0);
	}
}

static void headers_across_segments_are_read_alike(void **state)
{
	struct hp_packet whole, parts;
	struct rte_mbuf *m;

	for (size_t i = 0; i < real.n; i += 3) {
		const struct frame *f = &real.items[i];

		memset(&whole, 0, sizeof(whole));
		memset(&parts, 0, sizeof(parts));
		assert_int_equal(parse_bytes(f->data, f->len, 0, &whole), 0);
		for (uint32_t first = 0; first < RTE_MIN(f->len, 100u); first++) {
			m = frame_mbuf_split(f->data, f->len, first);
			assert_int_equal(hp_packet_parse(m, &parts), 0);
			frame_mbuf_free(m);
			assert_memory_equal(&whole, &parts, sizeof(whole));
		}
		assert_int_equal(parse_bytes(f->data, RTE_MIN(f->len, 100u), 1, &parts),
			parse_bytes(f->data, RTE_MIN(f->len, 100u), 0, &whole));
	}
}

static void no_changed_byte_makes_it_read_outside(void **state)
{
	struct hp_packet pkt;
	struct rte_mbuf *m;
	uint8_t *data;

	for (size_t i = 0; i < real.n; i += 7) {
		m = frame_mbuf(real.items[i].data, RTE_MIN(real.items[i].len, 300u), 0);
		data = rte_pktmbuf_mtod(m, uint8_t *);
		for (uint32_t at = 0; at < RTE_MIN(m->pkt_len, 90u); at++) {
			for (unsigned int change = 1; change < 256; change += change < 8 ? 1 : 31) {
				data[at] ^= change;
				if (hp_packet_parse(m, &pkt) == 0 && pkt.ip_version != 0)
					assert_true(pkt.l4_off + pkt.l4_len <= m->pkt_len);
				data[at] ^= change;
			}
		}
		frame_mbuf_free(m);
	}
}

// Hand-made headers, in hex with spaces. ETH4, ETH6: Ethernet header of IPv4 and IPv6.
#define MACS "02 00 00 00 00 01 02 00 00 00 00 02 "
#define ETH4 MACS "08 00 "
#define ETH6 MACS "86 dd "
#define IP4_REST " 0a 00 00 01 0a 00 00 02 "
#define A6 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 "
#define B6 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 "
#define UDP8 "03 e8 07 d0 00 08 00 00 "
#define TCP20 "03 e8 07 d0 00 00 00 00 00 00 00 00 50 02 00 00 00 00 00 00 "

struct crafted {
	const char *what, *hex;
	int ret;
	uint8_t proto;
	bool has_ports, fragment, first_fragment, source_routed;
	uint32_t l4_len;
};

static uint32_t unhex(const char *hex, uint8_t *out)
{
	uint32_t n = 0;
	char *end;

	for (; *hex != '\0'; hex = end + strspn(end, " "))
		out[n++] = (uint8_t)strtoul(hex, &end, 16);
	return n;
}

static void check_crafted(const struct crafted *cases, size_t n)
{
	struct hp_packet pkt;
	uint8_t data[2048];
	uint32_t len;
	int ret;

	for (size_t i = 0; i < n; i++) {
		const struct crafted *c = &cases[i];

		len = unhex(c->hex, data);
		for (uint32_t seg = 0; seg < 3; seg++) {
			ret = parse_bytes(data, len, seg, &pkt);
			if (ret != c->ret)
				fail_msg("%s: %d, expected %d", c->what, ret, c->ret);
			if (ret < 0)
				continue;
			if (pkt.proto != c->proto || pkt.has_ports != c->has_ports ||
				pkt.fragment != c->fragment || pkt.l4_len != c->l4_len ||
				pkt.first_fragment != c->first_fragment ||
				pkt.source_routed != c->source_routed)
				fail_msg("%s: proto %u ports %d fragment %d/%d routed %d len %u",
					c->what, pkt.proto, pkt.has_ports, pkt.fragment,
					pkt.first_fragment, pkt.source_routed, pkt.l4_len);
		}
	}
}

static void ipv4_headers_that_contradict_are_refused(void **state)
{
#define IP4(vihl, total, frag, proto) \
	ETH4 vihl " 00 " total " 00 01 " frag " 40 " proto " 00 00" IP4_REST
	static const struct crafted cases[] = {
		{"udp", IP4("45", "00 1c", "00 00", "11") UDP8, 0, 17, true, .l4_len = 8},
		{"padding is no payload", IP4("45", "00 1c", "00 00", "11") UDP8 "00 00 00", 0, 17,
			true, .l4_len = 8},
		{"version 5", IP4("55", "00 1c", "00 00", "11") UDP8, -EBADMSG},
		{"header of 16", IP4("44", "00 1c", "00 00", "11") UDP8, -EBADMSG},
		{"header longer than total", IP4("47", "00 1b", "00 00", "11") UDP8, -EBADMSG},
		{"total below header", IP4("45", "00 13", "00 00", "11") UDP8, -EBADMSG},
		{"total 0", IP4("45", "00 00", "00 00", "11") UDP8, -EBADMSG},
		{"total past the frame", IP4("45", "00 1d", "00 00", "11") UDP8, -EBADMSG},
		{"udp length 7", IP4("45", "00 1c", "00 00", "11") "03 e8 07 d0 00 07 00 00",
			-EBADMSG},
		{"udp length past the datagram",
			IP4("45", "00 1c", "00 00", "11") "03 e8 07 d0 00 09 00 00", -EBADMSG},
		{"udp shorter than the datagram", IP4("45", "00 1e", "00 00", "11") UDP8 "aa bb", 0,
			17, true, .l4_len = 8},
		{"udp of 4 bytes", IP4("45", "00 18", "00 00", "11") "03 e8 07 d0", -EBADMSG},
		{"tcp", IP4("45", "00 28", "00 00", "06") TCP20, 0, 6, true, .l4_len = 20},
		{"tcp data offset 4",
			IP4("45", "00 28", "00 00", "06") "03 e8 07 d0 00 00 00 00 00 00 00 00 40 "
							  "02 00 00 00 00 00 00",
			-EBADMSG},
		{"tcp data offset past the end",
			IP4("45", "00 28", "00 00", "06") "03 e8 07 d0 00 00 00 00 00 00 00 00 60 "
							  "02 00 00 00 00 00 00",
			-EBADMSG},
		{"icmp of 7", IP4("45", "00 1b", "00 00", "01") "08 00 00 00 00 00 00", -EBADMSG},
		{"sctp", IP4("45", "00 20", "00 00", "84") UDP8 "00 00 00 00", 0, 132, true,
			.l4_len = 12},
		{"gre has no ports", IP4("45", "00 18", "00 00", "2f") "00 00 08 00", 0, 47,
			.l4_len = 4},
		{"first fragment", IP4("45", "00 1c", "20 00", "11") UDP8, 0, 17, .fragment = true,
			.first_fragment = true, .l4_len = 8},
		{"tiny first fragment", IP4("45", "00 16", "20 00", "06") "03 e8", 0, 6,
			.fragment = true, .first_fragment = true, .l4_len = 2},
		{"last fragment", IP4("45", "00 1c", "00 01", "11") UDP8, 0, 17, .fragment = true,
			.l4_len = 8},
		{"don't fragment is no fragment", IP4("45", "00 1c", "40 00", "11") UDP8, 0, 17,
			true, .l4_len = 8},
		{"ends past 65535", IP4("45", "00 1c", "1f ff", "11") UDP8, -EBADMSG},
		{"router alert", IP4("46", "00 20", "00 00", "11") "94 04 00 00 " UDP8, 0, 17, true,
			.l4_len = 8},
		{"option of length 0", IP4("46", "00 20", "00 00", "11") "94 00 00 00 " UDP8,
			-EBADMSG},
		{"option past the header", IP4("46", "00 20", "00 00", "11") "94 05 00 00 " UDP8,
			-EBADMSG},
		{"option cut to its type", IP4("46", "00 20", "00 00", "11") "01 01 01 94 " UDP8,
			-EBADMSG},
		{"loose source route, one hop left",
			IP4("47", "00 24", "00 00", "11") "83 07 04 0a 00 00 09 00 " UDP8, 0, 17,
			true, .source_routed = true, .l4_len = 8},
		{"strict source route, used up",
			IP4("47", "00 24", "00 00", "11") "89 07 08 0a 00 00 09 00 " UDP8, 0, 17,
			true, .l4_len = 8},
	};

	check_crafted(cases, HP_LEN(cases));
}

static void ipv6_extension_headers_are_walked_and_checked(void **state)
{
#define IP6(len, next) ETH6 "60 00 00 00 " len " " next " 40 " A6 B6
#define PAD6 " 01 04 00 00 00 00 "
#define SEVEN(x) x x x x x x x
	static const struct crafted cases[] = {
		{"udp", IP6("00 08", "11") UDP8, 0, 17, true, .l4_len = 8},
		{"nothing", IP6("00 00", "3b"), 0, 59},
		{"version 4", ETH6 "40 00 00 00 00 08 11 40 " A6 B6 UDP8, -EBADMSG},
		{"payload past the frame", IP6("00 09", "11") UDP8, -EBADMSG},
		{"payload 0 with udp behind it", IP6("00 00", "11") UDP8, -EBADMSG},
		{"hop-by-hop", IP6("00 10", "00") "11 00" PAD6 UDP8, 0, 17, true, .l4_len = 8},
		{"hop-by-hop past the payload", IP6("00 10", "00") "11 02" PAD6 UDP8, -EBADMSG},
		{"hop-by-hop cut short", IP6("00 04", "00") "11 00 01 04 00 00 00 00 ", -EBADMSG},
		{"nine headers",
			IP6("00 50", "00") SEVEN("3c 00" PAD6) "3c 00" PAD6 "11 00" PAD6 UDP8,
			-EBADMSG},
		{"eight headers are allowed",
			IP6("00 48", "00") SEVEN("3c 00" PAD6) "11 00" PAD6 UDP8, 0, 17, true,
			.l4_len = 8},
		{"routing header, one segment left",
			IP6("00 10", "2b") "11 00 02 01 00 00 00 00 " UDP8, 0, 17, true,
			.source_routed = true, .l4_len = 8},
		{"routing header, used up", IP6("00 10", "2b") "11 00 02 00 00 00 00 00 " UDP8, 0,
			17, true, .l4_len = 8},
		{"home address", IP6("00 20", "3c") "11 02 01 02 00 00 c9 10 " A6 UDP8, 0, 17, true,
			.source_routed = true, .l4_len = 8},
		{"authentication header",
			IP6("00 14", "33") "11 01 00 00 00 00 00 01 00 00 00 01 " UDP8, 0, 17, true,
			.l4_len = 8},
		{"esp hides the rest", IP6("00 08", "32") UDP8, 0, 50, .l4_len = 8},
		{"first fragment", IP6("00 10", "2c") "11 00 00 01 00 00 00 07 " UDP8, 0, 17,
			.fragment = true, .first_fragment = true, .l4_len = 8},
		{"last fragment", IP6("00 10", "2c") "11 00 00 08 00 00 00 07 " UDP8, 0, 17,
			.fragment = true, .l4_len = 8},
		{"options behind a fragment header are not followed",
			IP6("00 18", "2c") "3c 00 00 01 00 00 00 07 11 00" PAD6 UDP8, 0, 60,
			.fragment = true, .first_fragment = true, .l4_len = 16},
		{"atomic fragment is a whole datagram",
			IP6("00 10", "2c") "11 00 00 00 00 00 00 07 " UDP8, 0, 17, true,
			.l4_len = 8},
		{"fragment header cut short", IP6("00 06", "2c") "11 00 00 08 00 00 00 07",
			-EBADMSG},
		{"ends past 65535", IP6("00 10", "2c") "11 00 ff f8 00 00 00 07 " UDP8, -EBADMSG},
		{"icmp6 of 4", IP6("00 04", "3a") "80 00 00 00 00 00 00 00", -EBADMSG},
	};

	check_crafted(cases, HP_LEN(cases));
}

static void two_tags_are_followed_and_a_third_is_refused(void **state)
{
#define IPUDP "45 00 00 1c 00 01 00 00 40 11 00 00" IP4_REST UDP8
	static const struct crafted cases[] = {
		{"vlan", MACS "81 00 00 05 08 00 " IPUDP, 0, 17, true, .l4_len = 8},
		{"qinq", MACS "88 a8 00 05 81 00 00 06 08 00 " IPUDP, 0, 17, true, .l4_len = 8},
		{"old qinq", MACS "91 00 00 05 81 00 00 06 08 00 " IPUDP, 0, 17, true, .l4_len = 8},
		{"three", MACS "88 a8 00 05 81 00 00 06 81 00 00 07 08 00 " IPUDP, -EBADMSG},
		{"tag cut short", MACS "81 00 00 05 08", -EBADMSG},
		{"arp", MACS "08 06 00 01", 0},
		{"llc", MACS "00 04 42 42 03 00", 0},
		{"nothing behind the header", MACS "08 00", -EBADMSG},
		{"13 bytes", MACS "08", -EBADMSG},
	};
	struct hp_packet pkt;
	uint8_t data[128];

	check_crafted(cases, HP_LEN(cases));
	assert_int_equal(parse_bytes(data, unhex(cases[1].hex, data), 0, &pkt), 0);
	assert_int_equal(pkt.n_tags, 2);
	assert_int_equal(pkt.vlan[0], 5);
	assert_int_equal(pkt.vlan[1], 6);
	assert_int_equal(pkt.ether_type, RTE_ETHER_TYPE_IPV4);
	assert_int_equal(pkt.l3_off, 22);
	assert_int_equal(pkt.src_port, rte_cpu_to_be_16(1000));
	assert_int_equal(pkt.dst_port, rte_cpu_to_be_16(2000));
}

static void stores_cross_segments_and_stop_at_the_end(void **state)
{
	uint8_t zeros[12] = {0}, got[12];
	struct rte_mbuf *m = frame_mbuf(zeros, sizeof(zeros), 3);

	hp_packet_store(m, 2, "abcde", 5);
	hp_packet_store(m, 10, "xyz", 3);
	assert_int_equal(frame_bytes(m, got), sizeof(got));
	assert_memory_equal(got, "\0\0abcde\0\0\0xy", sizeof(got));
	frame_mbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_frames_are_read_as_tshark_reads_them),
		cmocka_unit_test(frames_cut_at_any_byte_are_refused),
		cmocka_unit_test(headers_across_segments_are_read_alike),
		cmocka_unit_test(no_changed_byte_makes_it_read_outside),
		cmocka_unit_test(ipv4_headers_that_contradict_are_refused),
		cmocka_unit_test(ipv6_extension_headers_are_walked_and_checked),
		cmocka_unit_test(two_tags_are_followed_and_a_third_is_refused),
		cmocka_unit_test(stores_cross_segments_and_stop_at_the_end),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
