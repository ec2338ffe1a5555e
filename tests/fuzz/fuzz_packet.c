// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Arbitrary bytes as a packet through parser, flow hash, checksums, rewriting functions and access
// rules. Beyond not crashing: what the parser accepts lies in the packet, segments change nothing,
// both directions hash alike, and a fixed packet is right. First byte: bytes of a segment.

#include "func/hp_acl.h"
#include "func/hp_cksum.h"
#include "func/hp_flow.h"
#include "func/hp_func.h"
#include "func/hp_packet.h"
#include "fuzz_mbuf.h"

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hp_acl *make_acl(void)
{
	static const char *const lines[] = {
		"allow tcp from 10.0.0.0/8 to any port 80",
		"deny udp from any port 1000-2000 to 2001:db8::/32",
		"deny icmp6",
		"allow any from ::/1",
	};
	struct hp_acl_rule rules[RTE_DIM(lines)];

	for (size_t i = 0; i < RTE_DIM(lines); i++)
		CHECK(hp_acl_parse_rule(lines[i], "fuzz", &rules[i], NULL) == 1);
	return hp_acl_new(rules, RTE_DIM(rules), false);
}

/** One function's verdict; it must be one of a kind that the function may give. */
static struct hp_verdict run(const char *name, struct rte_mbuf *m)
{
	const struct hp_func *func = hp_func_find(name);
	struct hp_verdict verdict = {0};

	func->burst(NULL, &m, &verdict, 1, 0);
	CHECK(verdict.kind <= HP_VERDICT_DROP && verdict.reason < HP_DROP_COUNT);
	return verdict;
}

static void check_parsed(const struct rte_mbuf *m, const struct hp_packet *pkt)
{
	CHECK(pkt->n_tags <= HP_PACKET_TAGS_MAX);
	if (pkt->ip_version == 0)
		return;
	CHECK(pkt->ip_version == 4 || pkt->ip_version == 6);
	CHECK(pkt->l3_off >= RTE_ETHER_HDR_LEN && pkt->l4_off >= pkt->l3_off + 20);
	CHECK(pkt->l4_off + pkt->l4_len <= m->pkt_len);
	CHECK(!pkt->has_ports || !pkt->fragment);
	CHECK(!pkt->first_fragment || pkt->fragment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hp_acl *acl;
	struct hp_packet pkt, again;
	struct rte_mbuf *m, *parts;
	uint32_t hash;
	int ret;

	if (size < 1 || size > UINT16_MAX)
		return 0;
	if (acl == NULL)
		acl = make_acl();
	memset(&pkt, 0, sizeof(pkt));
	memset(&again, 0, sizeof(again));
	m = fuzz_mbuf(data + 1, size - 1, 0);
	parts = fuzz_mbuf(data + 1, size - 1, data[0]);
	CHECK(m != NULL && parts != NULL);
	ret = hp_packet_parse(m, &pkt);
	CHECK(ret == hp_packet_parse(parts, &again));
	hash = hp_flow_hash(m);
	CHECK(hash == hp_flow_hash(parts));
	if (ret == 0) {
		check_parsed(m, &pkt);
		CHECK(memcmp(&pkt, &again, sizeof(pkt)) == 0);
		CHECK(hp_cksum_ok(m, &pkt) == hp_cksum_ok(parts, &again));
		hp_cksum_fix(parts, &again);
		hp_cksum_fix(m, &pkt);
		CHECK(hp_cksum_ok(m, &pkt) && hp_cksum_ok(parts, &again));
		if (pkt.ip_version != 0)
			CHECK(hp_acl_allows(acl, &pkt) == hp_acl_allows(acl, &again));
	}
	run("macswap", parts);
	run("5tswap", m);
	if (ret == 0 && m->pkt_len >= RTE_ETHER_HDR_LEN) {
		// SCTP keeps its ports, because its checksum covers their order.
		CHECK(hp_flow_hash(m) == hash || pkt.proto == HP_IPPROTO_SCTP);
		CHECK(hp_packet_parse(m, &pkt) == 0 && hp_cksum_ok(m, &pkt));
	}
	run("ttl", m);
	run("ttl", parts);
	fuzz_mbuf_free(m);
	fuzz_mbuf_free(parts);
	return 0;
}
