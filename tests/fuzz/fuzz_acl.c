// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Access rules from arbitrary text, up to the first NUL byte, and what follows it as a packet. The
// classifier must say what a loop over the rules says.

#include "func/hp_acl.h"
#include "fuzz_mbuf.h"

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define RULES_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hp_acl_key key_of(const struct hp_packet *pkt, const union hp_addr *addr)
{
	hp_acl_key key = 0;

	for (unsigned int i = 0; i < (pkt->ip_version == 4 ? 4u : 16u); i++)
		key = key << 8 | addr->v6[i];
	return key;
}

static bool in(struct hp_acl_range range, hp_acl_key key)
{
	return key >= range.lo && key <= range.hi;
}

static bool matches(const struct hp_acl_rule *rule, const struct hp_packet *pkt)
{
	return (rule->versions & (pkt->ip_version == 4 ? HP_ACL_V4 : HP_ACL_V6)) != 0 &&
	       (rule->any_proto || rule->proto == pkt->proto) &&
	       in(rule->src, key_of(pkt, &pkt->src)) && in(rule->dst, key_of(pkt, &pkt->dst)) &&
	       in(rule->src_port, rte_be_to_cpu_16(pkt->src_port)) &&
	       in(rule->dst_port, rte_be_to_cpu_16(pkt->dst_port));
}

static size_t parse_rules(char *text, struct hp_acl_rule *rules)
{
	char *rest = NULL, *line = strtok_r(text, "\n", &rest);
	size_t n = 0;

	for (; line != NULL && n < RULES_MAX; line = strtok_r(NULL, "\n", &rest)) {
		struct hp_err err = {0};
		int ret = hp_acl_parse_rule(line, "fuzz:1", &rules[n], &err);

		CHECK((ret < 0) == (err.exit_code == HP_EXIT_CONFIG));
		CHECK(ret >= 0 || strncmp(err.text, "fuzz:1: ", 8) == 0);
		if (ret <= 0)
			continue;
		CHECK(rules[n].src.lo <= rules[n].src.hi && rules[n].dst.lo <= rules[n].dst.hi);
		CHECK(rules[n].versions != 0);
		n++;
	}
	return n;
}

static void classify(const struct hp_acl_rule *rules, size_t n, const uint8_t *data, size_t size)
{
	struct rte_mbuf *m = fuzz_mbuf(data, size, 0);
	struct hp_acl *acl = hp_acl_new(rules, n, true);
	struct hp_packet pkt;
	bool want = true;

	CHECK(m != NULL && acl != NULL);
	if (hp_packet_parse(m, &pkt) == 0 && pkt.ip_version != 0 && !pkt.fragment) {
		for (size_t i = 0; i < n; i++) {
			if (matches(&rules[i], &pkt)) {
				want = rules[i].allow;
				break;
			}
		}
		CHECK(hp_acl_allows(acl, &pkt) == want);
	}
	hp_acl_free(acl);
	fuzz_mbuf_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hp_acl_rule rules[RULES_MAX];
	const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
	size_t len = nul == NULL ? size : (size_t)(nul - data);
	char *text = malloc(len + 1);
	size_t n;

	if (text == NULL || size > UINT16_MAX) {
		free(text);
		return 0;
	}
	memcpy(text, data, len);
	text[len] = '\0';
	n = parse_rules(text, rules);
	if (nul != NULL)
		classify(rules, n, nul + 1, size - len - 1);
	free(text);
	return 0;
}
