// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The flow hash that spreads packets over clients and workers where the device has no RSS.

#pragma once

#include "func/hp_packet.h"

#include <rte_mbuf.h>

#include <stdint.h>

/**
 * Hash of the flow that a packet belongs to. Any thread; reads the packet only.
 *
 * Both directions of a flow have the same hash, and so have all fragments of a datagram. Whole TCP,
 * UDP and SCTP packets: addresses, ports and protocol. Other IP: addresses and protocol. Fragments:
 * addresses, since only one of them has ports. Anything else, also what does not parse: the two MAC
 * addresses, and 0 for less than those.
 *
 * The hash is not keyed: who knows this code can choose ports that share a hash.
 */
uint32_t hp_flow_hash(const struct rte_mbuf *m);

/** The same for a packet that was parsed already and is IP. */
uint32_t hp_flow_hash_packet(const struct hp_packet *pkt);
