// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Access rules: their language, and a classifier that finds the first rule that a packet matches.
// Private memory only. librte_acl would do for the classifier, but it keeps its tables in the
// shared heap and its names in a shared list: a client that is killed inside it would take the
// whole group's heap lock with it.

#pragma once

#include "base/hp_err.h"
#include "func/hp_packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HP_ACL_RULES_MAX 4096 // memory grows with the square: 4096 rules take up to 25 MB
#define HP_ACL_LINE_MAX 512 // bytes of a rule's text

/** Numbers from lo to hi, both included; addresses as numbers of 128 bits, in host order. */
__extension__ typedef unsigned __int128 hp_acl_key;
struct hp_acl_range {
	hp_acl_key lo, hi;
};

struct hp_acl_rule {
	bool allow;
	bool any_proto;
	bool any_ports; ///< neither source nor destination ports are named
	uint8_t versions; ///< bit 0: matches IPv4, bit 1: matches IPv6
	uint8_t proto; ///< IP protocol number unless any_proto
	struct hp_acl_range src, dst; ///< addresses
	struct hp_acl_range src_port, dst_port;
};

#define HP_ACL_V4 1
#define HP_ACL_V6 2

/**
 * Read one rule:
 *
 *     allow|deny PROTO [from ADDRESS [port PORTS]] [to ADDRESS [port PORTS]]
 *
 * PROTO: any, ip4, ip6, tcp, udp, sctp, icmp, icmp6 or a number. ADDRESS: any, an IPv4 or IPv6
 * address, or ADDRESS/LENGTH. PORTS: a number or FIRST-LAST. Text from '#' on is a comment.
 *
 * @param where
 *   Put in front of an error: "acl.rules:3".
 * @return
 *   1; 0 for a line without a rule; -EINVAL with @p err filled: what was given, what was expected.
 */
int hp_acl_parse_rule(
	const char *text, const char *where, struct hp_acl_rule *rule, struct hp_err *err);

struct hp_acl;

/**
 * Make a classifier; earlier rules win. The rules are copied.
 * @return NULL with errno: E2BIG (more than HP_ACL_RULES_MAX), ENOMEM.
 */
struct hp_acl *hp_acl_new(const struct hp_acl_rule *rules, size_t n, bool default_allow);
void hp_acl_free(struct hp_acl *acl); ///< NULL is fine

/**
 * May this packet pass? @p pkt is parsed and IP. Any thread; no two need a lock.
 *
 * A fragment has no ports to look at, and what is behind an IPv6 fragment header may not say its
 * protocol. Where a rule names what the packet does not show, a deny rule matches and an allow rule
 * does not, so that no packet gets past a rule by being cut in pieces.
 */
bool hp_acl_allows(const struct hp_acl *acl, const struct hp_packet *pkt);
