// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Access rules: what is a rule and what is none, and the classifier against a loop over the rules.

#include "func/hp_acl.h"
#include "hp_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rules_are_read(void **state)
{
	static const struct {
		const char *text;
		bool allow, any_proto, any_ports;
		uint8_t versions, proto;
		uint16_t sport[2], dport[2];
	} cases[] = {
		{"deny any", false, true, true, 3, 0, {0, 65535}, {0, 65535}},
		{"allow ip4", true, true, true, 1, 0, {0, 65535}, {0, 65535}},
		{"allow ip6 from any to any", true, true, true, 2, 0, {0, 65535}, {0, 65535}},
		{"deny tcp from 10.0.0.0/8 to any port 80", false, false, false, 1, 6, {0, 65535},
			{80, 80}},
		{"\tdeny  udp from any port 1024-65535 to 2001:db8::/32 port 53 # dns\n", false,
			false, false, 2, 17, {1024, 65535}, {53, 53}},
		{"allow 47 to 192.0.2.1", true, false, true, 1, 47, {0, 65535}, {0, 65535}},
		{"allow 0", true, false, true, 3, 0, {0, 65535}, {0, 65535}},
		{"deny icmp", false, false, true, 1, 1, {0, 65535}, {0, 65535}},
		{"deny icmp6 from ::/0", false, false, true, 2, 58, {0, 65535}, {0, 65535}},
		{"deny sctp to any port 0-0", false, false, false, 3, 132, {0, 65535}, {0, 0}},
	};
	struct hp_acl_rule rule;
	struct hp_err err = {0};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		if (hp_acl_parse_rule(cases[i].text, "f:1", &rule, &err) != 1)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(rule.allow, cases[i].allow);
		assert_int_equal(rule.any_proto, cases[i].any_proto);
		assert_int_equal(rule.any_ports, cases[i].any_ports);
		assert_int_equal(rule.versions, cases[i].versions);
		assert_int_equal(rule.proto, cases[i].proto);
		assert_int_equal(rule.src_port.lo, cases[i].sport[0]);
		assert_int_equal(rule.src_port.hi, cases[i].sport[1]);
		assert_int_equal(rule.dst_port.lo, cases[i].dport[0]);
		assert_int_equal(rule.dst_port.hi, cases[i].dport[1]);
	}
}

static void lines_without_a_rule_are_no_error(void **state)
{
	static const char *const lines[] = {"", "\n", "   \t\r\n", "# deny any", "  # x"};
	struct hp_acl_rule rule;
	struct hp_err err = {0};

	for (size_t i = 0; i < HP_LEN(lines); i++)
		assert_int_equal(hp_acl_parse_rule(lines[i], "f:1", &rule, &err), 0);
	assert_int_equal(err.exit_code, 0);
}

static void mistakes_say_where_what_and_what_was_expected(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"block tcp", "f:3: 'block': expected a rule, allow|deny PROTO"},
		{"Deny tcp", "'Deny': expected a rule"},
		{"deny", "the rule ends early, expected any, ip4, ip6, tcp"},
		{"deny tpc", "'tpc': expected any, ip4"},
		{"deny 256", "'256': expected any"},
		{"deny -1", "'-1': expected any"},
		{"deny tcp form any", "'form': expected the end of the rule"},
		{"deny tcp to any from any", "'from': expected the end of the rule"},
		{"deny tcp from", "ends early, expected any, an IPv4 or IPv6 address"},
		{"deny tcp from 10.0.0", "'10.0.0': expected any, an IPv4"},
		{"deny tcp from 10.0.0.0.0/8", "'10.0.0.0.0/8'"},
		{"deny tcp from 10.0.0.256", "'10.0.0.256'"},
		{"deny tcp from 10.0.0.0/33", "a length from 0 to 32"},
		{"deny tcp from 10.0.0.0/", "a length from 0 to 32"},
		{"deny tcp from 10.0.0.0/-1", "a length from 0 to 32"},
		{"deny tcp from 10.0.0.0/8/8", "a length from 0 to 32"},
		{"deny tcp from 10.0.0.0/ 8", "a length from 0 to 32"},
		{"deny tcp from ::/129", "a length from 0 to 128"},
		{"deny tcp from 10.0.0.1/8", "bits behind its length are 0"},
		{"deny tcp from 2001:db8::1/64", "bits behind its length are 0"},
		{"deny tcp from 10.0.0.0/8 to ::1", "one rule, one version"},
		{"deny icmp from ::1", "one rule, one version"},
		{"deny ip6 from 10.0.0.1", "one rule, one version"},
		{"deny any to any port 80", "'port': expected no ports: only tcp, udp and sctp"},
		{"deny icmp to any port 80", "only tcp, udp and sctp have them"},
		{"deny tcp to any port", "ends early, expected a port or FIRST-LAST"},
		{"deny tcp to any port 65536", "'65536': expected a port from 0 to 65535"},
		{"deny tcp to any port 80-", "'80-': expected a port"},
		{"deny tcp to any port -80", "'-80': expected a port"},
		{"deny tcp to any port 80-70", "'80-70': expected FIRST-LAST with FIRST not above"},
		{"deny tcp to any port 1-2-3", "'1-2-3': expected a port"},
		{"deny tcp to any port http", "'http': expected a port"},
		{"deny tcp to any port 80 90", "'90': expected the end of the rule"},
		{"deny tcp port 80", "'port': expected the end of the rule"},
		{"deny tcp from 1111111111111111111111111111111111111111111111111111111111111",
			"expected an address"},
	};
	struct hp_acl_rule rule;

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct hp_err err = {0};

		assert_int_equal(hp_acl_parse_rule(cases[i].text, "f:3", &rule, &err), -EINVAL);
		assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
		if (strstr(err.text, cases[i].says) == NULL || strncmp(err.text, "f:3: ", 5) != 0)
			fail_msg("%s: says '%s', expected '%s'", cases[i].text, err.text,
				cases[i].says);
	}
}

static void a_rule_that_is_too_long_is_refused_and_a_comment_is_not(void **state)
{
	char text[HP_ACL_LINE_MAX + 100];
	struct hp_acl_rule rule;
	struct hp_err err = {0};

	memset(text, ' ', sizeof(text));
	memcpy(text, "deny any", 8);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(hp_acl_parse_rule(text, "f:1", &rule, &err), -EINVAL);
	assert_non_null(strstr(err.text, "at most 511"));
	text[10] = '#';
	assert_int_equal(hp_acl_parse_rule(text, "f:1", &rule, &err), 1);
}

/** A classifier of lines; the default is the last argument. */
static struct hp_acl *acl_of(const char *const *lines, size_t n, bool default_allow)
{
	struct hp_acl_rule rules[16];
	struct hp_err err = {0};
	struct hp_acl *acl;

	for (size_t i = 0; i < n; i++)
		if (hp_acl_parse_rule(lines[i], "test", &rules[i], &err) != 1)
			fail_msg("%s", err.text);
	acl = hp_acl_new(rules, n, default_allow);
	assert_non_null(acl);
	return acl;
}

static struct hp_packet packet(
	const char *src, const char *dst, uint8_t proto, uint16_t sport, uint16_t dport)
{
	int family = strchr(src, ':') != NULL ? AF_INET6 : AF_INET;
	struct hp_packet pkt = {.ip_version = family == AF_INET ? 4 : 6,
		.proto = proto,
		.has_ports = true,
		.src_port = rte_cpu_to_be_16(sport),
		.dst_port = rte_cpu_to_be_16(dport)};

	assert_int_equal(inet_pton(family, src, &pkt.src), 1);
	assert_int_equal(inet_pton(family, dst, &pkt.dst), 1);
	return pkt;
}

static bool allows(const struct hp_acl *acl, struct hp_packet pkt)
{
	return hp_acl_allows(acl, &pkt);
}

static void the_first_match_decides_and_else_the_default(void **state)
{
	static const char *const lines[] = {
		"allow tcp from 10.1.0.0/16 to any port 80",
		"deny tcp from 10.0.0.0/8 to any port 1-100",
		"deny udp from any to 2001:db8::/32",
	};

	for (int def = 0; def < 2; def++) {
		struct hp_acl *acl = acl_of(lines, HP_LEN(lines), def != 0);

		assert_true(allows(acl, packet("10.1.2.3", "1.1.1.1", 6, 5, 80)));
		assert_false(allows(acl, packet("10.1.2.3", "1.1.1.1", 6, 5, 81)));
		assert_false(allows(acl, packet("10.2.2.3", "1.1.1.1", 6, 5, 80)));
		assert_int_equal(allows(acl, packet("10.2.2.3", "1.1.1.1", 6, 5, 101)), def);
		assert_int_equal(allows(acl, packet("10.2.2.3", "1.1.1.1", 17, 5, 80)), def);
		assert_int_equal(allows(acl, packet("11.0.0.0", "1.1.1.1", 6, 5, 80)), def);
		assert_int_equal(allows(acl, packet("9.255.255.255", "1.1.1.1", 6, 5, 80)), def);
		assert_false(allows(acl, packet("::1", "2001:db8:ffff:ffff::", 17, 5, 80)));
		assert_int_equal(allows(acl, packet("::1", "2001:db9::", 17, 5, 80)), def);
		hp_acl_free(acl);
	}
}

static void no_rule_at_all_leaves_the_default(void **state)
{
	struct hp_acl *open = hp_acl_new(NULL, 0, true), *closed = hp_acl_new(NULL, 0, false);

	assert_true(allows(open, packet("::1", "::2", 6, 1, 2)));
	assert_false(allows(closed, packet("1.1.1.1", "2.2.2.2", 6, 1, 2)));
	hp_acl_free(open);
	hp_acl_free(closed);
	hp_acl_free(NULL);
}

static void fragments_get_past_no_rule(void **state)
{
	static const char *const closed[] = {"allow udp from any to any port 53"};
	static const char *const open[] = {"deny tcp from any to 10.0.0.1 port 80"};
	static const char *const plain[] = {"allow udp from 10.0.0.0/8"};
	struct hp_packet udp = packet("10.0.0.2", "10.0.0.1", 17, 0, 0);
	struct hp_packet tcp = packet("10.0.0.2", "10.0.0.1", 6, 0, 0);
	struct hp_packet v6 = packet("::2", "::1", HP_IPPROTO_DSTOPTS, 0, 0);
	static const char *const deny6[] = {"deny tcp from ::2"};
	static const char *const allow6[] = {"allow 60 from ::2"};
	struct hp_acl *acl;

	udp.fragment = tcp.fragment = v6.fragment = true;
	udp.has_ports = tcp.has_ports = v6.has_ports = false;
	for (int first = 0; first < 2; first++) { // all parts of a datagram alike
		udp.first_fragment = tcp.first_fragment = v6.first_fragment = first != 0;
		acl = acl_of(closed, 1, false);
		assert_false(allows(acl, udp)); // may be for another port
		hp_acl_free(acl);
		acl = acl_of(open, 1, true);
		assert_false(allows(acl, tcp)); // may be for port 80
		assert_true(allows(acl, udp));
		hp_acl_free(acl);
		acl = acl_of(plain, 1, false);
		assert_true(allows(acl, udp)); // the rule asks for no port
		assert_false(allows(acl, tcp));
		hp_acl_free(acl);
		// Behind an IPv6 fragment header with options: may well be TCP.
		acl = acl_of(deny6, 1, true);
		assert_false(allows(acl, v6));
		hp_acl_free(acl);
		acl = acl_of(allow6, 1, false);
		assert_false(allows(acl, v6));
		hp_acl_free(acl);
	}
}

// Random rules and packets: few distinct values, so that they meet.

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

static bool oracle(
	const struct hp_acl_rule *rules, size_t n, bool default_allow, const struct hp_packet *pkt)
{
	for (size_t i = 0; i < n; i++) {
		const struct hp_acl_rule *r = &rules[i];

		if ((r->versions & (pkt->ip_version == 4 ? 1 : 2)) == 0)
			continue;
		if (!in(r->src, key_of(pkt, &pkt->src)) || !in(r->dst, key_of(pkt, &pkt->dst)))
			continue;
		if (!r->any_proto && r->proto != pkt->proto)
			continue;
		if (pkt->fragment && !r->any_ports && r->allow)
			continue;
		if (!pkt->fragment && !r->any_ports &&
			(!in(r->src_port, rte_be_to_cpu_16(pkt->src_port)) ||
				!in(r->dst_port, rte_be_to_cpu_16(pkt->dst_port))))
			continue;
		return r->allow;
	}
	return default_allow;
}

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static void random_rule(char *text, size_t size)
{
	static const char *const protos[] = {
		"any", "ip4", "ip6", "tcp", "udp", "icmp", "icmp6", "132"};
	const char *proto = protos[pick(HP_LEN(protos))];
	bool v6 = strchr(proto, '6') != NULL || (strchr("atu", proto[0]) != NULL && pick(2) != 0);
	bool ports = proto[0] == 't' || proto[0] == 'u' || proto[0] == '1';
	int used = snprintf(text, size, "%s %s", pick(2) != 0 ? "allow" : "deny", proto);

	for (int end = 0; end < 2; end++) {
		unsigned int len = pick(v6 ? 129 : 33), host = pick(4), net = pick(4);
		const char *word = end == 0 ? "from" : "to";

		if (pick(3) == 0)
			used += snprintf(text + used, size - used, " %s any", word);
		else if (v6)
			used += snprintf(text + used, size - used, " %s fd00:%x::%s", word, net,
				len == 0 || pick(2) != 0 ? "/32" : (host == 0 ? "1" : "2/128"));
		else
			used += snprintf(text + used, size - used, " %s 10.%u.0.%s", word, net,
				pick(2) != 0 ? "0/16" : (host == 0 ? "1" : "2/31"));
		if (ports && pick(2) != 0)
			used += snprintf(
				text + used, size - used, " port %u-%u", pick(6), 6 + pick(6));
		else if (ports && pick(3) == 0)
			used += snprintf(text + used, size - used, " port %u", pick(12));
	}
}

static struct hp_packet random_packet(void)
{
	static const uint8_t protos[] = {1, 6, 17, 58, 132, 47};
	char ends[2][32];
	struct hp_packet pkt;
	bool v6 = pick(2) != 0;

	for (int i = 0; i < 2; i++)
		snprintf(ends[i], sizeof(ends[i]), v6 ? "fd00:%x::%x" : "10.%u.0.%u", pick(5),
			pick(4));
	pkt = packet(ends[0], ends[1], protos[pick(HP_LEN(protos))], (uint16_t)pick(13),
		(uint16_t)pick(13));
	pkt.has_ports = pkt.proto == 6 || pkt.proto == 17 || pkt.proto == 132;
	pkt.fragment = pick(8) == 0;
	if (!pkt.has_ports || pkt.fragment)
		pkt.src_port = pkt.dst_port = 0;
	return pkt;
}

static void it_agrees_with_a_loop_over_the_rules(void **state)
{
	static struct hp_acl_rule rules[700];
	struct hp_err err = {0};
	size_t outcomes[2] = {0};
	char text[256];

	srand(7);
	for (unsigned int round = 0; round < 60; round++) {
		size_t n = round < 20 ? round : pick(HP_LEN(rules));
		bool def = pick(2) != 0;
		struct hp_acl *acl;

		for (size_t i = 0; i < n; i++) {
			random_rule(text, sizeof(text));
			if (hp_acl_parse_rule(text, "random", &rules[i], &err) != 1)
				fail_msg("%s: %s", text, err.text);
		}
		acl = hp_acl_new(rules, n, def);
		assert_non_null(acl);
		for (unsigned int i = 0; i < 3000; i++) {
			struct hp_packet pkt = random_packet();
			bool want = oracle(rules, n, def, &pkt);

			outcomes[want]++;
			assert_int_equal(hp_acl_allows(acl, &pkt), want);
		}
		hp_acl_free(acl);
	}
	assert_true(outcomes[0] > 10000 && outcomes[1] > 10000);
}

static void rules_at_the_word_boundaries_decide(void **state)
{
	static const size_t counts[] = {1, 63, 64, 65, 127, 128, 129, HP_ACL_RULES_MAX};
	struct hp_acl_rule *rules = calloc(HP_ACL_RULES_MAX + 1, sizeof(rules[0]));
	struct hp_err err = {0};
	char text[64];

	assert_non_null(rules);
	for (size_t c = 0; c < HP_LEN(counts); c++) {
		size_t n = counts[c];
		struct hp_acl *acl;

		for (size_t i = 0; i < n; i++) {
			snprintf(text, sizeof(text), "deny udp from 10.%zu.%zu.%zu", i >> 16,
				i >> 8 & 255, i & 255);
			assert_int_equal(hp_acl_parse_rule(text, "x", &rules[i], &err), 1);
		}
		acl = hp_acl_new(rules, n, true);
		assert_non_null(acl);
		snprintf(text, sizeof(text), "10.0.%zu.%zu", (n - 1) >> 8, (n - 1) & 255);
		assert_false(allows(acl, packet(text, "1.1.1.1", 17, 1, 1)));
		snprintf(text, sizeof(text), "10.0.%zu.%zu", n >> 8, n & 255);
		assert_true(allows(acl, packet(text, "1.1.1.1", 17, 1, 1)));
		hp_acl_free(acl);
	}
	assert_null(hp_acl_new(rules, HP_ACL_RULES_MAX + 1, true));
	assert_int_equal(errno, E2BIG);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(lines_without_a_rule_are_no_error),
		cmocka_unit_test(mistakes_say_where_what_and_what_was_expected),
		cmocka_unit_test(a_rule_that_is_too_long_is_refused_and_a_comment_is_not),
		cmocka_unit_test(the_first_match_decides_and_else_the_default),
		cmocka_unit_test(no_rule_at_all_leaves_the_default),
		cmocka_unit_test(fragments_get_past_no_rule),
		cmocka_unit_test(it_agrees_with_a_loop_over_the_rules),
		cmocka_unit_test(rules_at_the_word_boundaries_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
