// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Receive side scaling: a device shares packets out to its receive queues by a hash of their
// addresses. The control thread of the primary sets it up.

#pragma once

#include <rte_ethdev.h>

#include <stdbool.h>
#include <stdint.h>

#define HP_RSS_KEY_MAX 64 // bytes of a hash key that we write; drivers have 40 or 52
#define HP_RSS_TOEPLITZ_LEN 40 // bytes of it that the hash of two IPv6 addresses and ports takes
#define HP_RSS_FUNCTIONS (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

/** Whose table says which queue a hash goes to. */
enum hp_rss_table {
	HP_RSS_TABLE_NONE, // the device has none, or shows none: its own way
	HP_RSS_TABLE_DEVICE, // the device's own, which is even
	HP_RSS_TABLE_OURS, // written by hp_rss_spread()
	HP_RSS_TABLE_UNEVEN, // the device's own, and it refused another one
};

/** What a port was set up with. */
struct hp_rss {
	uint64_t functions; // of HP_RSS_FUNCTIONS; 0: it shares nothing out by a hash of ours
	bool symmetric; // both directions of a flow have one hash
	uint16_t table_size; // entries; 0: the device has no table
	enum hp_rss_table table;
	uint8_t key[HP_RSS_KEY_MAX]; // what rte_eth_conf points to
};

/**
 * Ask for RSS in @p eth as far as the device has it, for more than one queue, with a key that gives
 * both directions of a flow one hash. @p rss has to live until the device is configured.
 */
void hp_rss_ask(struct hp_rss *rss, const struct rte_eth_dev_info *info, uint16_t n_rxq,
	struct rte_eth_conf *eth);

/**
 * The device refused what hp_rss_ask() asked for: ask for less, the device's own key and then no
 * RSS at all. False if there is nothing left to leave out.
 */
bool hp_rss_ask_less(struct hp_rss *rss, struct rte_eth_conf *eth);

/**
 * After each start: see that the table gives each of @p n_rxq queues its share, entries differing
 * by one at most, and write one that does if it does not.
 *
 * @return
 *   0, or the driver's -errno if it refused the table: rss->table is HP_RSS_TABLE_UNEVEN then.
 */
int hp_rss_spread(struct hp_rss *rss, uint16_t port_id, uint16_t n_rxq);

/**
 * How many entries of the device's table point to each queue, read from the device.
 *
 * @return
 *   0, -ENOTSUP if there is no table, -ERANGE if one points past the last queue, or the driver's
 *   -errno.
 */
int hp_rss_count(const struct hp_rss *rss, uint16_t port_id, uint16_t n_rxq, uint32_t *entries);
