// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// RSS of a port, as the lanes and as workers open it, on a device that this file is: it forgets its
// table at each start, and refuses what it is told to. meson.build has the linker put its functions
// in the place of ethdev's.

#include "group/hp_port.h"
#include "hp_test.h"

#include <rte_errno.h>
#include <rte_thash.h>

#include <errno.h>
#include <string.h>

#define KEY_LEN 40
#define TABLE_MAX 512

static struct {
	struct rte_eth_dev_info info;
	bool refuses_key, refuses_rss, refuses_table, keeps_table, shows_no_table;
	int configure_error; // whatever is asked for
	// what it was told
	struct rte_eth_conf conf;
	uint8_t key[HP_RSS_KEY_MAX];
	uint16_t n_rxq;
	uint16_t table[TABLE_MAX];
	unsigned int configures, updates, starts;
	const void *pools[64]; // of each receive queue
} dev;

static void new_device(uint16_t table_size)
{
	memset(&dev, 0, sizeof(dev));
	dev.info.flow_type_rss_offloads = RTE_ETH_RSS_PROTO_MASK;
	dev.info.reta_size = table_size;
	dev.info.hash_key_size = KEY_LEN;
	dev.info.max_rx_queues = 64;
	dev.info.max_tx_queues = 64;
}

int __wrap_rte_eth_dev_get_port_by_name(const char *name, uint16_t *port_id);
int __wrap_rte_eth_dev_get_port_by_name(const char *name, uint16_t *port_id)
{
	(void)name;
	*port_id = 0;
	return 0;
}

int __wrap_rte_eth_dev_socket_id(uint16_t port_id);
int __wrap_rte_eth_dev_socket_id(uint16_t port_id)
{
	return port_id;
}

int __wrap_rte_eth_dev_info_get(uint16_t port_id, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t port_id, struct rte_eth_dev_info *info)
{
	(void)port_id;
	*info = dev.info;
	return 0;
}

int __wrap_rte_eth_dev_configure(
	uint16_t port_id, uint16_t n_rxq, uint16_t n_txq, const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_configure(
	uint16_t port_id, uint16_t n_rxq, uint16_t n_txq, const struct rte_eth_conf *conf)
{
	const struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;

	(void)port_id;
	(void)n_txq;
	dev.configures++;
	if (dev.configure_error != 0)
		return dev.configure_error;
	// as ethdev itself checks it
	if ((rss->rss_hf & ~dev.info.flow_type_rss_offloads) != 0)
		return -EINVAL;
	if (dev.refuses_rss && conf->rxmode.mq_mode == RTE_ETH_MQ_RX_RSS)
		return -ENOTSUP;
	if (rss->rss_key != NULL && (dev.refuses_key || rss->rss_key_len != dev.info.hash_key_size))
		return -EINVAL;
	dev.conf = *conf;
	if (rss->rss_key != NULL)
		memcpy(dev.key, rss->rss_key, rss->rss_key_len);
	dev.n_rxq = n_rxq;
	return 0;
}

int __wrap_rte_eth_dev_start(uint16_t port_id);
int __wrap_rte_eth_dev_start(uint16_t port_id)
{
	(void)port_id;
	dev.starts++;
	if (!dev.keeps_table)
		memset(dev.table, 0, sizeof(dev.table)); // all packets on queue 0
	return 0;
}

int __wrap_rte_eth_dev_adjust_nb_rx_tx_desc(uint16_t port_id, uint16_t *rxd, uint16_t *txd);
int __wrap_rte_eth_dev_adjust_nb_rx_tx_desc(uint16_t port_id, uint16_t *rxd, uint16_t *txd)
{
	(void)port_id;
	(void)rxd;
	(void)txd;
	return 0;
}

int __wrap_rte_eth_rx_queue_setup(uint16_t port_id, uint16_t q, uint16_t n, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int __wrap_rte_eth_rx_queue_setup(uint16_t port_id, uint16_t q, uint16_t n, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	(void)port_id;
	(void)n;
	(void)socket;
	(void)conf;
	dev.pools[q] = pool;
	return 0;
}

int __wrap_rte_eth_tx_queue_setup(uint16_t port_id, uint16_t q, uint16_t n, unsigned int socket,
	const struct rte_eth_txconf *conf);
int __wrap_rte_eth_tx_queue_setup(uint16_t port_id, uint16_t q, uint16_t n, unsigned int socket,
	const struct rte_eth_txconf *conf)
{
	(void)port_id;
	(void)q;
	(void)n;
	(void)socket;
	(void)conf;
	return 0;
}

int __wrap_rte_eth_dev_rss_reta_query(
	uint16_t port_id, struct rte_eth_rss_reta_entry64 *table, uint16_t size);
int __wrap_rte_eth_dev_rss_reta_query(
	uint16_t port_id, struct rte_eth_rss_reta_entry64 *table, uint16_t size)
{
	(void)port_id;
	if (dev.shows_no_table)
		return -ENOTSUP;
	assert_int_equal(size, dev.info.reta_size);
	for (uint16_t i = 0; i < size; i++)
		if ((table[i / 64].mask >> i % 64 & 1) != 0)
			table[i / 64].reta[i % 64] = dev.table[i];
	return 0;
}

int __wrap_rte_eth_dev_rss_reta_update(
	uint16_t port_id, struct rte_eth_rss_reta_entry64 *table, uint16_t size);
int __wrap_rte_eth_dev_rss_reta_update(
	uint16_t port_id, struct rte_eth_rss_reta_entry64 *table, uint16_t size)
{
	(void)port_id;
	dev.updates++;
	if (dev.refuses_table)
		return -ENOTSUP;
	for (uint16_t i = 0; i < size; i++)
		if ((table[i / 64].mask >> i % 64 & 1) != 0)
			dev.table[i] = table[i / 64].reta[i % 64];
	return 0;
}

static struct hp_pool pools[64];

static void open_port(struct hp_port *port, uint32_t n_queues, bool workers)
{
	struct hp_port_conf conf = {.name = (char[]){"p"}, .devargs = (char[]){"net_fake0"}};
	struct hp_err err = {0};
	int ret;

	for (uint32_t q = 0; q < n_queues; q++)
		pools[q].mp = (struct rte_mempool *)(uintptr_t)(q + 1); // told apart, never used
	ret = workers ? hp_port_open_for_workers(port, &conf, pools, n_queues, 1, &err)
		      : hp_port_open(port, &conf, pools, n_queues, &err);
	if (ret != 0)
		fail_msg("%s", err.text);
}

// Packets of a table entry come in on a queue that is there, each queue has its share of them.
static void assert_table_is_even(uint16_t n_rxq)
{
	unsigned int n[64] = {0};

	for (uint16_t i = 0; i < dev.info.reta_size; i++) {
		assert_true(dev.table[i] < n_rxq);
		n[dev.table[i]]++;
	}
	for (uint16_t q = 0; q < n_rxq; q++) {
		assert_true(n[q] >= dev.info.reta_size / n_rxq);
		assert_true(n[q] <= dev.info.reta_size / n_rxq + 1u);
	}
}

static void each_queue_gets_its_share_whatever_their_number(void **state)
{
	static const uint16_t sizes[] = {64, 128, 256, 512};
	struct hp_port port;

	(void)state;
	for (size_t s = 0; s < HP_LEN(sizes); s++) {
		for (uint16_t n = 2; n <= 16; n++) {
			new_device(sizes[s]);
			open_port(&port, n, true);
			assert_int_equal(dev.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
			assert_int_equal(dev.conf.rx_adv_conf.rss_conf.rss_hf, HP_RSS_FUNCTIONS);
			assert_int_equal(dev.n_rxq, n);
			assert_table_is_even(n);
			assert_int_equal(port.rss.table, HP_RSS_TABLE_OURS);
			// a worker queue's packets come out of the pool of who polls it
			for (uint16_t q = 0; q < n; q++)
				assert_ptr_equal(dev.pools[q], pools[q].mp);
		}
	}
}

static void lanes_get_it_as_workers_do(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	open_port(&port, 3, false);
	assert_int_equal(port.n_rxq, 3);
	assert_int_equal(dev.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
	assert_table_is_even(3);
}

static void one_queue_needs_no_rss(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	open_port(&port, 1, true);
	assert_int_equal(dev.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
	assert_int_equal(port.rss.functions, 0);
	assert_int_equal(dev.updates, 0);
}

static uint32_t hash(uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	union rte_thash_tuple tuple = {
		.v4 = {.src_addr = src, .dst_addr = dst, .sport = sport, .dport = dport}};

	return rte_softrss((uint32_t *)&tuple, RTE_THASH_V4_L4_LEN, dev.key);
}

// By the hash that devices compute, with the key that the device was given.
static void both_directions_of_a_flow_come_in_on_one_queue(void **state)
{
	unsigned int seen[8] = {0};
	struct hp_port port;

	(void)state;
	new_device(128);
	open_port(&port, 8, true);
	assert_true(port.rss.symmetric);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t a = 0x0a000001 + i * 2654435761u, b = 0xc0a80001 + i * 40503u;
		uint16_t p = (uint16_t)(1024 + i * 7), q = (uint16_t)(80 + i % 5);
		uint32_t there = hash(a, b, p, q), back = hash(b, a, q, p);

		assert_int_equal(there, back);
		seen[dev.table[there % 128]]++;
	}
	for (int i = 0; i < 8; i++)
		assert_true(seen[i] > 1000 / 8 / 4);
}

static void a_device_that_refuses_the_key_hashes_by_its_own(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	dev.refuses_key = true;
	open_port(&port, 4, true);
	assert_int_equal(dev.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
	assert_null(dev.conf.rx_adv_conf.rss_conf.rss_key);
	assert_false(port.rss.symmetric);
	assert_table_is_even(4);
	new_device(128);
	dev.info.hash_key_size = 0; // it does not say
	open_port(&port, 4, true);
	assert_null(dev.conf.rx_adv_conf.rss_conf.rss_key);
	assert_table_is_even(4);
}

static void a_device_that_refuses_rss_is_opened_without(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	dev.refuses_rss = true;
	open_port(&port, 4, true);
	assert_int_equal(dev.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
	assert_int_equal(dev.conf.rx_adv_conf.rss_conf.rss_hf, 0);
	assert_int_equal(port.rss.functions, 0);
	assert_int_equal(dev.updates, 0);
}

static void no_more_is_asked_for_than_the_device_has(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	dev.info.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_L2_PAYLOAD;
	open_port(&port, 4, true);
	assert_int_equal(dev.conf.rx_adv_conf.rss_conf.rss_hf, RTE_ETH_RSS_NONFRAG_IPV4_UDP);
	assert_int_equal(dev.configures, 1);
	new_device(128);
	dev.info.flow_type_rss_offloads = RTE_ETH_RSS_L2_PAYLOAD; // nothing that is of use
	open_port(&port, 4, true);
	assert_int_equal(dev.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
}

static void a_table_that_is_even_already_is_left_alone(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	dev.keeps_table = true;
	for (uint16_t i = 0; i < 128; i++)
		dev.table[i] = (uint16_t)(i / 32); // in blocks, as some drivers have it
	open_port(&port, 4, true);
	assert_int_equal(dev.updates, 0);
	assert_int_equal(port.rss.table, HP_RSS_TABLE_DEVICE);
}

static void a_table_that_names_a_queue_too_many_is_written_anew(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	dev.keeps_table = true;
	for (uint16_t i = 0; i < 128; i++)
		dev.table[i] = (uint16_t)(i % 4);
	open_port(&port, 3, true);
	assert_int_equal(dev.updates, 1);
	assert_table_is_even(3);
}

static void a_refused_table_is_known_to_be_uneven(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	dev.refuses_table = true;
	open_port(&port, 4, true);
	assert_int_equal(port.rss.table, HP_RSS_TABLE_UNEVEN);
	new_device(128);
	dev.shows_no_table = true;
	open_port(&port, 4, true);
	assert_int_equal(port.rss.table, HP_RSS_TABLE_NONE);
	new_device(0);
	open_port(&port, 4, true);
	assert_int_equal(port.rss.table, HP_RSS_TABLE_NONE);
}

// As 'port stop' and 'port start' do it.
static void the_table_is_there_after_each_start(void **state)
{
	struct hp_port port;

	(void)state;
	new_device(128);
	open_port(&port, 5, true);
	memset(dev.table, 0, sizeof(dev.table));
	port.started = false;
	assert_int_equal(hp_port_start(&port), 0);
	assert_int_equal(dev.starts, 2);
	assert_table_is_even(5);
}

static void what_has_nothing_to_do_with_rss_is_an_error_still(void **state)
{
	struct hp_port_conf conf = {.name = (char[]){"p"}, .devargs = (char[]){"net_fake0"}};
	struct hp_err err = {0};
	struct hp_port port;

	(void)state;
	new_device(128);
	dev.configure_error = -EBUSY;
	assert_int_equal(hp_port_open(&port, &conf, pools, 4, &err), -EBUSY);
	assert_non_null(strstr(err.text, "configure"));
	new_device(128);
	dev.info.max_rx_queues = 2;
	err = (struct hp_err){0};
	assert_true(hp_port_open_for_workers(&port, &conf, pools, 4, 1, &err) < 0);
	assert_non_null(strstr(err.text, "lower --workers"));
	assert_int_equal(dev.configures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_queue_gets_its_share_whatever_their_number),
		cmocka_unit_test(lanes_get_it_as_workers_do),
		cmocka_unit_test(one_queue_needs_no_rss),
		cmocka_unit_test(both_directions_of_a_flow_come_in_on_one_queue),
		cmocka_unit_test(a_device_that_refuses_the_key_hashes_by_its_own),
		cmocka_unit_test(a_device_that_refuses_rss_is_opened_without),
		cmocka_unit_test(no_more_is_asked_for_than_the_device_has),
		cmocka_unit_test(a_table_that_is_even_already_is_left_alone),
		cmocka_unit_test(a_table_that_names_a_queue_too_many_is_written_anew),
		cmocka_unit_test(a_refused_table_is_known_to_be_uneven),
		cmocka_unit_test(the_table_is_there_after_each_start),
		cmocka_unit_test(what_has_nothing_to_do_with_rss_is_an_error_still),
	};

	return cmocka_run_group_tests_name("hp_rss", tests, NULL, NULL);
}
