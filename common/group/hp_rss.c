// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// RSS as it is asked for, and as the device then has it. Asks ethdev, touches no packet.

#include "group/hp_rss.h"

#include <errno.h>
#include <string.h>

#define GROUPS_MAX (RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE)

// The same 16 bits again and again: exchanging source and destination, whose offsets differ by
// multiples of 16 bits, does not change the hash (Woo and Park, 2012).
static void fill_key(uint8_t *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		key[i] = i % 2 == 0 ? 0x6d : 0x5a;
}

void hp_rss_ask(struct hp_rss *rss, const struct rte_eth_dev_info *info, uint16_t n_rxq,
	struct rte_eth_conf *eth)
{
	memset(rss, 0, sizeof(*rss));
	if (n_rxq < 2)
		return;
	rss->functions = info->flow_type_rss_offloads & HP_RSS_FUNCTIONS;
	rss->table_size = RTE_MIN(info->reta_size, RTE_ETH_RSS_RETA_SIZE_512);
	if (rss->functions == 0)
		return;
	eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	eth->rx_adv_conf.rss_conf.rss_hf = rss->functions;
	if (info->hash_key_size < HP_RSS_TOEPLITZ_LEN || info->hash_key_size > HP_RSS_KEY_MAX)
		return;
	fill_key(rss->key, info->hash_key_size);
	rss->symmetric = true;
	eth->rx_adv_conf.rss_conf.rss_key = rss->key;
	eth->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
}

bool hp_rss_ask_less(struct hp_rss *rss, struct rte_eth_conf *eth)
{
	struct rte_eth_rss_conf *conf = &eth->rx_adv_conf.rss_conf;

	if (rss->functions == 0)
		return false;
	if (!rss->symmetric) {
		rss->functions = 0;
		eth->rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
		conf->rss_hf = 0;
	}
	rss->symmetric = false;
	conf->rss_key = NULL;
	conf->rss_key_len = 0;
	return true;
}

static int read_table(
	const struct hp_rss *rss, uint16_t port_id, struct rte_eth_rss_reta_entry64 *table)
{
	memset(table, 0, GROUPS_MAX * sizeof(*table));
	for (uint32_t i = 0; i < rss->table_size; i++)
		table[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							   << i % RTE_ETH_RETA_GROUP_SIZE;
	return rte_eth_dev_rss_reta_query(port_id, table, rss->table_size);
}

int hp_rss_count(const struct hp_rss *rss, uint16_t port_id, uint16_t n_rxq, uint32_t *entries)
{
	struct rte_eth_rss_reta_entry64 table[GROUPS_MAX];
	int ret = rss->table_size == 0 || rss->functions == 0 ? -ENOTSUP
							      : read_table(rss, port_id, table);

	memset(entries, 0, n_rxq * sizeof(*entries));
	for (uint32_t i = 0; ret == 0 && i < rss->table_size; i++) {
		uint16_t q = table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];

		if (q >= n_rxq)
			ret = -ERANGE;
		else
			entries[q]++;
	}
	return ret;
}

static bool is_even(const struct hp_rss *rss, uint16_t n_rxq, const uint32_t *entries)
{
	uint32_t least = rss->table_size / n_rxq;

	for (uint16_t q = 0; q < n_rxq; q++)
		if (entries[q] < least || entries[q] > least + (rss->table_size % n_rxq != 0))
			return false;
	return true;
}

static int write_table(const struct hp_rss *rss, uint16_t port_id, uint16_t n_rxq)
{
	struct rte_eth_rss_reta_entry64 table[GROUPS_MAX];

	memset(table, 0, sizeof(table));
	for (uint32_t i = 0; i < rss->table_size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &table[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= UINT64_C(1) << i % RTE_ETH_RETA_GROUP_SIZE;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = (uint16_t)(i % n_rxq);
	}
	return rte_eth_dev_rss_reta_update(port_id, table, rss->table_size);
}

int hp_rss_spread(struct hp_rss *rss, uint16_t port_id, uint16_t n_rxq)
{
	uint32_t entries[RTE_MAX_QUEUES_PER_PORT];
	int ret = hp_rss_count(rss, port_id, n_rxq, entries);

	if (ret == -ENOTSUP) {
		rss->table = HP_RSS_TABLE_NONE;
		return 0;
	}
	if (ret == 0 && is_even(rss, n_rxq, entries)) {
		// Ours stays ours: a device that keeps it over a stop has nothing to be told.
		if (rss->table != HP_RSS_TABLE_OURS)
			rss->table = HP_RSS_TABLE_DEVICE;
		return 0;
	}
	ret = write_table(rss, port_id, n_rxq);
	rss->table = ret == 0 ? HP_RSS_TABLE_OURS : HP_RSS_TABLE_UNEVEN;
	return ret;
}
