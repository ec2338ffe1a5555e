// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Internet checksums (RFC 1071) of a parsed packet: are they right, and make them right.

#pragma once

#include "func/hp_packet.h"

/**
 * True if every checksum of the packet is right: of the IPv4 header, and of TCP, UDP, ICMP and
 * ICMPv6 where the whole message is there. A fragment has no more than its IP header's to check;
 * neither has a packet under way on a source route, whose layer 4 checksum is made for another
 * address. UDP's 0 means "none" in IPv4 and is wrong in IPv6 (RFC 8200). What is no IP is right.
 */
bool hp_cksum_ok(const struct rte_mbuf *m, const struct hp_packet *pkt);

/** Write the right checksum where hp_cksum_ok() finds a wrong one, and nowhere else. */
void hp_cksum_fix(struct rte_mbuf *m, const struct hp_packet *pkt);

/** Sum of @p len bytes at @p off, folded to 16 bits, not complemented; they must be there. */
uint16_t hp_cksum_raw(const struct rte_mbuf *m, uint32_t off, uint32_t len);
