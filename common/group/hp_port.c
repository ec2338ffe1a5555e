// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_port.h"

#include "base/hp_log.h"
#include "group/hp_wq.h"

#include <rte_dev.h>
#include <rte_errno.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

HP_LOG_TYPE("port");

/** Queues that a port is to have. */
struct wanted {
	uint32_t n_rxq, n_txq; // where the configuration does not say
	bool exact; // it is an error to have others
	const struct hp_pool *pools; // of the lanes, or of the worker queues
	uint32_t n_lanes; // 0: receive queue q has pools[q]
};

// "net_null0,size=64" -> "net_null0"
static void device_name(const char *devargs, char *name, size_t size)
{
	snprintf(name, size, "%.*s", (int)strcspn(devargs, ","), devargs);
}

const char *hp_port_device_error(int ret)
{
	if (ret == -1)
		return "its driver refuses these arguments"; // whatever is wrong: it is no EPERM
	if (ret == -EFAULT)
		return "there is no driver of that name"; // no bus knows it
	return rte_strerror(-ret);
}

static int probe(struct hp_port *port, const char *devargs, struct hp_err *err)
{
	int ret;

	device_name(devargs, port->device, sizeof(port->device));
	if (rte_eth_dev_get_port_by_name(port->device, &port->port_id) == 0)
		return 0; // EAL probed it, as it does with PCI devices
	ret = rte_dev_probe(devargs);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, -ret,
			"port %s: device '%s' cannot be opened: %s: see the lines above for the "
			"driver's own words",
			port->name, devargs, hp_port_device_error(ret));
	ret = rte_eth_dev_get_port_by_name(port->device, &port->port_id);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, -ret,
			"port %s: device '%s' is no network device", port->name, port->device);
	if (port->port_id >= HP_PORTS_MAX)
		return hp_err_set(err, HP_EXIT_CONFIG, ERANGE, "port %s: more than %d ports",
			port->name, HP_PORTS_MAX);
	return 0;
}

static uint16_t pick_queues(uint64_t asked, uint32_t n_lanes, uint16_t most)
{
	uint64_t n = asked != 0 ? asked : n_lanes;

	if (n > most)
		n = most;
	return n == 0 ? 1 : (uint16_t)n;
}

static const struct hp_pool *pool_of(const struct wanted *wanted, uint16_t port_id, uint16_t q)
{
	if (wanted->n_lanes == 0)
		return &wanted->pools[q];
	return &wanted->pools[hp_port_lane(port_id, q, wanted->n_lanes)];
}

static int set_up_queues(struct hp_port *port, const struct hp_port_conf *conf,
	const struct wanted *wanted, int socket)
{
	uint16_t rxd = conf->rxd != 0 ? (uint16_t)conf->rxd : 512;
	uint16_t txd = conf->txd != 0 ? (uint16_t)conf->txd : 512;
	int ret;

	ret = rte_eth_dev_adjust_nb_rx_tx_desc(port->port_id, &rxd, &txd);
	port->n_rxd = rxd;
	port->n_txd = txd;
	for (uint16_t q = 0; ret == 0 && q < port->n_rxq; q++)
		ret = rte_eth_rx_queue_setup(port->port_id, q, rxd, (unsigned int)socket, NULL,
			pool_of(wanted, port->port_id, q)->mp);
	for (uint16_t q = 0; ret == 0 && q < port->n_txq; q++)
		ret = rte_eth_tx_queue_setup(port->port_id, q, txd, (unsigned int)socket, NULL);
	return ret;
}

static int configure(struct hp_port *port, const struct hp_port_conf *conf,
	const struct wanted *wanted, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf eth;
	int ret;

	memset(&eth, 0, sizeof(eth));
	port->n_rxq = pick_queues(conf->rxq, wanted->n_rxq, info->max_rx_queues);
	port->n_txq = pick_queues(conf->txq, wanted->n_txq, info->max_tx_queues);
	if (wanted->exact && (port->n_rxq != wanted->n_rxq || port->n_txq != wanted->n_txq))
		return -ERANGE;
	hp_rss_ask(&port->rss, info, port->n_rxq, &eth);
	do
		ret = rte_eth_dev_configure(port->port_id, port->n_rxq, port->n_txq, &eth);
	while (ret < 0 && hp_rss_ask_less(&port->rss, &eth));
	if (ret == 0 && port->n_rxq > 1 && port->rss.functions == 0)
		HP_LOG(NOTICE,
			"port %s: %s has no RSS: which of its %u receive queues a packet comes in "
			"on is the driver's own choice",
			port->name, port->device, port->n_rxq);
	return ret;
}

static int open_port(struct hp_port *port, const struct hp_port_conf *conf,
	const struct wanted *wanted, struct hp_err *err)
{
	struct rte_eth_dev_info info;
	const char *step = "info";
	int socket, ret;

	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%s", conf->name);
	port->when_full = conf->when_full;
	ret = probe(port, conf->devargs, err);
	if (ret < 0)
		return ret;
	socket = rte_eth_dev_socket_id(port->port_id);
	ret = rte_eth_dev_info_get(port->port_id, &info);
	if (ret == 0) {
		step = "configure";
		ret = configure(port, conf, wanted, &info);
	}
	if (ret == -ERANGE && wanted->exact)
		return hp_err_set(err, HP_EXIT_CONFIG, ERANGE,
			"port %s: workers poll it with %u receive and %u transmit queues, it has "
			"%u and %u: lower --workers, leave rxq and txq out, or give it worker=no",
			port->name, wanted->n_rxq, wanted->n_txq, port->n_rxq, port->n_txq);
	if (ret == 0) {
		step = "queue setup";
		ret = set_up_queues(port, conf, wanted, socket);
	}
	if (ret == 0 && conf->mtu != 0) {
		step = "MTU";
		ret = rte_eth_dev_set_mtu(port->port_id, (uint16_t)conf->mtu);
	}
	if (ret == 0) {
		step = "start";
		ret = hp_port_start(port);
	}
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, -ret, "port %s (%s): %s: %s", port->name,
			port->device, step, rte_strerror(-ret));
	if (conf->promiscuous) {
		ret = rte_eth_promiscuous_enable(port->port_id);
		if (ret < 0 && ret != -ENOTSUP)
			HP_LOG(WARNING, "port %s: promiscuous mode: %s", port->name,
				rte_strerror(-ret));
	}
	HP_LOG(INFO, "port %u '%s' (%s): %u receive and %u transmit queues", port->port_id,
		port->name, port->device, port->n_rxq, port->n_txq);
	return 0;
}

int hp_port_open(struct hp_port *port, const struct hp_port_conf *conf, const struct hp_pool *pools,
	uint32_t n_lanes, struct hp_err *err)
{
	const struct wanted wanted = {
		.n_rxq = n_lanes,
		.n_txq = n_lanes,
		.pools = pools,
		.n_lanes = n_lanes,
	};

	return open_port(port, conf, &wanted, err);
}

int hp_port_open_for_workers(struct hp_port *port, const struct hp_port_conf *conf,
	const struct hp_pool *worker_pools, uint32_t n_workers, uint32_t n_lanes,
	struct hp_err *err)
{
	const struct wanted wanted = {
		.n_rxq = n_workers,
		.n_txq = n_lanes + (n_workers - 1) * HP_WQ_TXQ_STEP + 1,
		.exact = true,
		.pools = worker_pools,
	};

	return open_port(port, conf, &wanted, err);
}

int hp_port_start(struct hp_port *port)
{
	int ret = port->started ? 0 : rte_eth_dev_start(port->port_id);

	port->started = ret == 0;
	// Many drivers write their own table when they start.
	if (ret == 0 && hp_rss_spread(&port->rss, port->port_id, port->n_rxq) < 0)
		HP_LOG(WARNING,
			"port %s: %s refused the table that shares packets out to its %u receive "
			"queues: some may get few or none",
			port->name, port->device, port->n_rxq);
	return ret;
}

int hp_port_stop(struct hp_port *port)
{
	int ret = port->started ? rte_eth_dev_stop(port->port_id) : 0;

	port->started = port->started && ret != 0;
	return ret;
}

void hp_port_close(struct hp_port *port)
{
	if (port->closed || !rte_eth_dev_is_valid_port(port->port_id))
		return;
	hp_port_stop(port);
	rte_eth_dev_close(port->port_id);
	port->started = false;
	port->closed = true;
}

// net_memif does not take its listening socket off the list of that thread, and the list's entry is
// in hugepages. The thread reads the list whenever something changes, and that may be late: seen as
// SIGSEGV at the end of a primary on a busy machine, in rte_intr_fd_get(), with 22.11 and 24.11.
bool hp_port_outlives_close(const char *device)
{
	static const char memif[] = "net_memif";

	return strncmp(device, memif, strlen(memif)) == 0;
}
