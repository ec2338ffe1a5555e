// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The language of access rules: words in, struct hp_acl_rule out. Pure.

#include "func/hp_acl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULE_FORM "allow|deny PROTO [from ADDRESS [port PORTS]] [to ADDRESS [port PORTS]]"
#define PROTO_FORM "any, ip4, ip6, tcp, udp, sctp, icmp, icmp6 or a number from 0 to 255"

static const struct {
	const char *name;
	uint8_t proto;
	bool any;
	uint8_t versions;
} protos[] = {
	{"any", 0, true, HP_ACL_V4 | HP_ACL_V6},
	{"ip", 0, true, HP_ACL_V4 | HP_ACL_V6},
	{"ip4", 0, true, HP_ACL_V4},
	{"ip6", 0, true, HP_ACL_V6},
	{"tcp", HP_IPPROTO_TCP, false, HP_ACL_V4 | HP_ACL_V6},
	{"udp", HP_IPPROTO_UDP, false, HP_ACL_V4 | HP_ACL_V6},
	{"sctp", HP_IPPROTO_SCTP, false, HP_ACL_V4 | HP_ACL_V6},
	{"icmp", HP_IPPROTO_ICMP, false, HP_ACL_V4},
	{"icmp6", HP_IPPROTO_ICMPV6, false, HP_ACL_V6},
};

/** The text being read: words taken one by one off a copy of the line. */
struct parser {
	const char *where;
	struct hp_err *err;
	char *rest; // for strtok_r
	char *word; // the current one, NULL at the end
};

static void next_word(struct parser *p)
{
	p->word = strtok_r(NULL, " \t\r\n", &p->rest);
}

static int expected(const struct parser *p, const char *what)
{
	if (p->word == NULL)
		return hp_err_set(p->err, HP_EXIT_CONFIG, EINVAL,
			"%s: the rule ends early, expected %s", p->where, what);
	return hp_err_set(p->err, HP_EXIT_CONFIG, EINVAL, "%s: '%.64s': expected %s", p->where,
		p->word, what);
}

/** A decimal number of digits alone; false if it is none or greater than @p max. */
static bool read_number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	if (text[0] == '\0' || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
		return false;
	*value = strtoul(text, &end, 10);
	return *value <= max;
}

static int read_action(struct parser *p, struct hp_acl_rule *rule)
{
	rule->allow = strcmp(p->word, "allow") == 0;
	if (!rule->allow && strcmp(p->word, "deny") != 0)
		return expected(p, "a rule, " RULE_FORM);
	next_word(p);
	return 0;
}

static int read_proto(struct parser *p, struct hp_acl_rule *rule)
{
	unsigned long number;

	if (p->word == NULL)
		return expected(p, PROTO_FORM);
	rule->versions = HP_ACL_V4 | HP_ACL_V6;
	if (read_number(p->word, UINT8_MAX, &number)) {
		rule->proto = (uint8_t)number;
		next_word(p);
		return 0;
	}
	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		if (strcmp(p->word, protos[i].name) != 0)
			continue;
		rule->proto = protos[i].proto;
		rule->any_proto = protos[i].any;
		rule->versions = protos[i].versions;
		next_word(p);
		return 0;
	}
	return expected(p, PROTO_FORM);
}

static hp_acl_key key_of(const uint8_t *bytes, size_t len)
{
	hp_acl_key key = 0;

	for (size_t i = 0; i < len; i++)
		key = key << 8 | bytes[i];
	return key;
}

/** Numbers below an address's host bits: all of them if @p len is 0. */
static hp_acl_key host_mask(unsigned int bits, unsigned long len)
{
	hp_acl_key all = bits == 128 ? ~(hp_acl_key)0 : ((hp_acl_key)1 << bits) - 1;

	return len == 0 ? all : ((hp_acl_key)1 << (bits - len)) - 1;
}

/** "ADDRESS[/LENGTH]", split in place. */
static int read_prefix(struct parser *p, struct hp_acl_rule *rule, struct hp_acl_range *range)
{
	char text[INET6_ADDRSTRLEN + sizeof("/128")];
	unsigned long len;
	unsigned int bits;
	uint8_t bytes[16];
	char *slash;

	if (strlen(p->word) >= sizeof(text))
		return expected(p, "an address or ADDRESS/LENGTH");
	memcpy(text, p->word, strlen(p->word) + 1);
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	if (inet_pton(AF_INET, text, bytes) == 1)
		bits = 32;
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		bits = 128;
	else
		return expected(p, "any, an IPv4 or IPv6 address, or ADDRESS/LENGTH");
	len = bits;
	if (slash != NULL && !read_number(slash + 1, bits, &len))
		return expected(p, bits == 32 ? "a length from 0 to 32 behind the '/'"
					      : "a length from 0 to 128 behind the '/'");
	rule->versions &= bits == 32 ? HP_ACL_V4 : HP_ACL_V6;
	if (rule->versions == 0)
		return expected(
			p, "an address of the rule's other IP version: one rule, one version");
	range->lo = key_of(bytes, bits / 8);
	if ((range->lo & host_mask(bits, len)) != 0)
		return expected(p, "a prefix whose bits behind its length are 0");
	range->hi = range->lo | host_mask(bits, len);
	return 0;
}

/** PORTS: "N" or "N-M". */
static int read_ports(struct parser *p, struct hp_acl_rule *rule, struct hp_acl_range *range)
{
	unsigned long first, last;
	char *dash;

	if (rule->any_proto || (rule->proto != HP_IPPROTO_TCP && rule->proto != HP_IPPROTO_UDP &&
				       rule->proto != HP_IPPROTO_SCTP))
		return expected(p, "no ports: only tcp, udp and sctp have them");
	next_word(p);
	if (p->word == NULL)
		return expected(p, "a port or FIRST-LAST");
	dash = strchr(p->word, '-');
	if (dash != NULL)
		*dash = '\0';
	if (!read_number(p->word, UINT16_MAX, &first) ||
		(dash != NULL && !read_number(dash + 1, UINT16_MAX, &last))) {
		if (dash != NULL)
			*dash = '-';
		return expected(p, "a port from 0 to 65535 or FIRST-LAST");
	}
	if (dash == NULL)
		last = first;
	else
		*dash = '-';
	if (last < first)
		return expected(p, "FIRST-LAST with FIRST not above LAST");
	range->lo = first;
	range->hi = last;
	rule->any_ports = false;
	next_word(p);
	return 0;
}

/** "from" or "to" and what follows it, if the current word is @p keyword. */
static int read_end(struct parser *p, const char *keyword, struct hp_acl_rule *rule,
	struct hp_acl_range *addr, struct hp_acl_range *port)
{
	int ret;

	if (p->word == NULL || strcmp(p->word, keyword) != 0)
		return 0;
	next_word(p);
	if (p->word == NULL)
		return expected(p, "any, an IPv4 or IPv6 address, or ADDRESS/LENGTH");
	if (strcmp(p->word, "any") != 0) {
		ret = read_prefix(p, rule, addr);
		if (ret < 0)
			return ret;
	}
	next_word(p);
	if (p->word != NULL && strcmp(p->word, "port") == 0)
		return read_ports(p, rule, port);
	return 0;
}

static int read_rule(struct parser *p, struct hp_acl_rule *rule)
{
	int ret = read_action(p, rule);

	if (ret == 0)
		ret = read_proto(p, rule);
	if (ret == 0)
		ret = read_end(p, "from", rule, &rule->src, &rule->src_port);
	if (ret == 0)
		ret = read_end(p, "to", rule, &rule->dst, &rule->dst_port);
	if (ret == 0 && p->word != NULL)
		ret = expected(p, "the end of the rule, of the form " RULE_FORM);
	return ret < 0 ? ret : 1;
}

int hp_acl_parse_rule(
	const char *text, const char *where, struct hp_acl_rule *rule, struct hp_err *err)
{
	struct parser p = {.where = where, .err = err};
	size_t len = strcspn(text, "#");
	char line[HP_ACL_LINE_MAX];

	if (len >= sizeof(line))
		return hp_err_set(err, HP_EXIT_CONFIG, EINVAL,
			"%s: the rule has %zu characters, expected at most %zu", where, len,
			sizeof(line) - 1);
	memcpy(line, text, len);
	line[len] = '\0';
	*rule = (struct hp_acl_rule){
		.any_ports = true,
		.src = {0, ~(hp_acl_key)0},
		.dst = {0, ~(hp_acl_key)0},
		.src_port = {0, UINT16_MAX},
		.dst_port = {0, UINT16_MAX},
	};
	p.word = strtok_r(line, " \t\r\n", &p.rest);
	if (p.word == NULL)
		return 0;
	return read_rule(&p, rule);
}
