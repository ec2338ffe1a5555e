// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The classifier: one bit a rule. Each field of a packet is looked up on its own and gives the set
// of rules that it satisfies; the sets are ANDed, and the lowest bit is the first match. A lookup
// is a binary search in the intervals that the rules cut a field's numbers into. The time grows
// with the logarithm of the rules for the search and with rules / 64 for the AND.

#include "func/hp_acl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64

/** One field: intervals [starts[i], starts[i + 1]) and the set of rules that hold in each. */
struct field {
	hp_acl_key *starts; // n, ascending, the first is 0
	uint64_t *sets; // n sets of hp_acl.words
	size_t n;
};

enum {
	F_SRC_V4,
	F_DST_V4,
	F_SRC_V6,
	F_DST_V6,
	F_SRC_PORT,
	F_DST_PORT,
	F_COUNT,
};

struct hp_acl {
	size_t words; // of a set
	bool default_allow;
	struct field fields[F_COUNT];
	uint64_t *sets; // the next three lie in here
	uint64_t *protos; // a set for each of 256 protocols
	uint64_t *hidden_proto; // rules that match a packet whose protocol is out of sight
	uint64_t *hidden_ports; // rules that match a fragment
	uint64_t *allow; // rules that allow
};

/** The rule's range in a field; NULL if the rule is for the other IP version. */
static const struct hp_acl_range *rule_range(const struct hp_acl_rule *rule, unsigned int f)
{
	switch (f) {
	case F_SRC_V4:
		return (rule->versions & HP_ACL_V4) != 0 ? &rule->src : NULL;
	case F_DST_V4:
		return (rule->versions & HP_ACL_V4) != 0 ? &rule->dst : NULL;
	case F_SRC_V6:
		return (rule->versions & HP_ACL_V6) != 0 ? &rule->src : NULL;
	case F_DST_V6:
		return (rule->versions & HP_ACL_V6) != 0 ? &rule->dst : NULL;
	case F_SRC_PORT:
		return &rule->src_port;
	default:
		return &rule->dst_port;
	}
}

static int compare_keys(const void *a, const void *b)
{
	hp_acl_key x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/** The interval that @p key lies in. */
static inline size_t field_find(const struct field *field, hp_acl_key key)
{
	const hp_acl_key *base = field->starts;
	size_t n = field->n;

	while (n > 1) {
		size_t half = n / 2;

		base += base[half] <= key ? half : 0;
		n -= half;
	}
	return (size_t)(base - field->starts);
}

static inline void set_bit(uint64_t *set, size_t i)
{
	set[i / WORD_BITS] |= UINT64_C(1) << (i % WORD_BITS);
}

static size_t collect_starts(
	hp_acl_key *starts, const struct hp_acl_rule *rules, size_t n_rules, unsigned int f)
{
	size_t n = 0, unique = 0;

	starts[n++] = 0;
	for (size_t i = 0; i < n_rules; i++) {
		const struct hp_acl_range *range = rule_range(&rules[i], f);

		if (range == NULL)
			continue;
		starts[n++] = range->lo;
		if (range->hi != ~(hp_acl_key)0)
			starts[n++] = range->hi + 1;
	}
	qsort(starts, n, sizeof(starts[0]), compare_keys);
	for (size_t i = 1; i < n; i++)
		if (starts[i] != starts[unique])
			starts[++unique] = starts[i];
	return unique + 1;
}

static int field_build(
	struct hp_acl *acl, unsigned int f, const struct hp_acl_rule *rules, size_t n)
{
	struct field *field = &acl->fields[f];

	field->starts = calloc(2 * n + 1, sizeof(field->starts[0]));
	if (field->starts == NULL)
		return -ENOMEM;
	field->n = collect_starts(field->starts, rules, n, f);
	field->sets = calloc(field->n * acl->words, sizeof(field->sets[0]));
	if (field->sets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct hp_acl_range *range = rule_range(&rules[i], f);

		if (range == NULL)
			continue;
		for (size_t k = field_find(field, range->lo);
			k < field->n && field->starts[k] <= range->hi; k++)
			set_bit(&field->sets[k * acl->words], i);
	}
	return 0;
}

static int sets_build(struct hp_acl *acl, const struct hp_acl_rule *rules, size_t n)
{
	acl->sets = calloc((UINT8_MAX + 1 + 3) * acl->words, sizeof(acl->sets[0]));
	if (acl->sets == NULL)
		return -ENOMEM;
	acl->protos = acl->sets;
	acl->hidden_proto = acl->protos + (UINT8_MAX + 1) * acl->words;
	acl->hidden_ports = acl->hidden_proto + acl->words;
	acl->allow = acl->hidden_ports + acl->words;
	for (size_t i = 0; i < n; i++) {
		for (size_t proto = 0; proto <= UINT8_MAX; proto++)
			if (rules[i].any_proto || rules[i].proto == proto)
				set_bit(&acl->protos[proto * acl->words], i);
		if (rules[i].any_proto || !rules[i].allow)
			set_bit(acl->hidden_proto, i);
		if (rules[i].any_ports || !rules[i].allow)
			set_bit(acl->hidden_ports, i);
		if (rules[i].allow)
			set_bit(acl->allow, i);
	}
	return 0;
}

struct hp_acl *hp_acl_new(const struct hp_acl_rule *rules, size_t n, bool default_allow)
{
	struct hp_acl *acl;
	int ret = 0;

	if (n > HP_ACL_RULES_MAX) {
		errno = E2BIG;
		return NULL;
	}
	acl = calloc(1, sizeof(*acl));
	if (acl == NULL)
		return NULL;
	// No rule at all still makes a set of one word: then all bits are 0 and the default holds.
	acl->words = n / WORD_BITS + 1;
	acl->default_allow = default_allow;
	ret = sets_build(acl, rules, n);
	for (unsigned int f = 0; f < F_COUNT && ret == 0; f++)
		ret = field_build(acl, f, rules, n);
	if (ret < 0) {
		hp_acl_free(acl);
		errno = -ret;
		return NULL;
	}
	return acl;
}

void hp_acl_free(struct hp_acl *acl)
{
	if (acl == NULL)
		return;
	for (unsigned int f = 0; f < F_COUNT; f++) {
		free(acl->fields[f].starts);
		free(acl->fields[f].sets);
	}
	free(acl->sets);
	free(acl);
}

static inline const uint64_t *field_set(const struct hp_acl *acl, unsigned int f, hp_acl_key key)
{
	const struct field *field = &acl->fields[f];

	return &field->sets[field_find(field, key) * acl->words];
}

static inline hp_acl_key key_v6(const uint8_t *addr)
{
	rte_be64_t half[2];

	memcpy(half, addr, sizeof(half));
	return (hp_acl_key)rte_be_to_cpu_64(half[0]) << 64 | rte_be_to_cpu_64(half[1]);
}

/** Behind an IPv6 fragment header only the first fragment goes on with extension headers. */
static bool proto_is_hidden(const struct hp_packet *pkt)
{
	if (!pkt->fragment || pkt->ip_version != 6)
		return false;
	switch (pkt->proto) {
	case HP_IPPROTO_HOPOPTS:
	case HP_IPPROTO_ROUTING:
	case HP_IPPROTO_FRAGMENT:
	case HP_IPPROTO_AH:
	case HP_IPPROTO_DSTOPTS:
	case HP_IPPROTO_MOBILITY:
	case HP_IPPROTO_HIP:
	case HP_IPPROTO_SHIM6:
		return true;
	default:
		return false;
	}
}

bool hp_acl_allows(const struct hp_acl *acl, const struct hp_packet *pkt)
{
	const uint64_t *src, *dst, *proto, *sport, *dport;
	uint64_t match;

	if (pkt->ip_version == 4) {
		src = field_set(acl, F_SRC_V4, rte_be_to_cpu_32(pkt->src.v4));
		dst = field_set(acl, F_DST_V4, rte_be_to_cpu_32(pkt->dst.v4));
	} else {
		src = field_set(acl, F_SRC_V6, key_v6(pkt->src.v6));
		dst = field_set(acl, F_DST_V6, key_v6(pkt->dst.v6));
	}
	proto = proto_is_hidden(pkt) ? acl->hidden_proto : &acl->protos[pkt->proto * acl->words];
	if (pkt->fragment) {
		sport = dport = acl->hidden_ports;
	} else {
		// Without ports they are 0, and only rules that name none can match the protocol.
		sport = field_set(acl, F_SRC_PORT, rte_be_to_cpu_16(pkt->src_port));
		dport = field_set(acl, F_DST_PORT, rte_be_to_cpu_16(pkt->dst_port));
	}
	for (size_t w = 0; w < acl->words; w++) {
		match = src[w] & dst[w] & proto[w] & sport[w] & dport[w];
		if (match != 0)
			return (acl->allow[w] >> __builtin_ctzll(match) & 1) != 0;
	}
	return acl->default_allow;
}
