// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Ports that are attached and detached while packets flow. Control thread.
//
// EAL's own hotplug (rte_dev_probe()) asks every secondary to open the device too, and takes it
// away again if one does not answer: one that is stopped, attaches or dies would decide. Members
// need no device to be lent packets, so devices are made in the primary alone.

// rte_devargs_reset() is "experimental" in 22.11 and has not changed since 21.05.
#define ALLOW_EXPERIMENTAL_API

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "primary.h"

#include <rte_bus_vdev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_memory.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

HP_LOG_TYPE("hotplug");

// What a device may still hold of packets when it is closed, as the ring of net_ring does. A device
// that never runs dry (net_null) has none.
#define WAITING_MAX 32768
#define VALIDATOR_NAME "hugepod_hotplug"

static int busy(const struct hp_primary *primary, struct hp_err *err)
{
	if (primary->stop_phase != HP_STOP_NOT)
		return hp_err_set(err, HP_EXIT_OTHER, ESHUTDOWN, "the group ends");
	// The control thread would wait for EAL's locks, which a member that dies while it attaches
	// leaves taken until this very thread opens them.
	if (hp_leases_attaching(primary->leases) || primary->locks_timer != NULL)
		return hp_err_set(err, HP_EXIT_OTHER, EAGAIN,
			"a member is joining just now, or has died while it joined: try again in a "
			"moment");
	return 0;
}

// ------------------------------------------------------------------------------------- memory

// Growing the group's memory would need an answer from every secondary, and pages that nobody has
// accounted for.
static int refuse_growth(int socket_id, size_t limit, size_t len)
{
	(void)socket_id;
	(void)limit;
	(void)len;
	return -ENOMEM;
}

static void keep_size(bool on)
{
	for (unsigned int i = 0; i < rte_socket_count(); i++) {
		int socket = rte_socket_id_by_idx(i);

		if (on)
			rte_mem_alloc_validator_register(VALIDATOR_NAME, refuse_growth, socket, 0);
		else
			rte_mem_alloc_validator_unregister(VALIDATOR_NAME, socket);
	}
}

// ------------------------------------------------------------------------------------- attach

static int find_place(const struct hp_primary *primary)
{
	for (int i = 0; i < HP_PORTS_MAX; i++)
		if (!hp_port_is_there(&primary->ports[i]))
			return i;
	return -ENOSPC;
}

static int check_new(
	const struct hp_primary *primary, const struct hp_port_conf *conf, struct hp_err *err)
{
	if (!hp_config_is_vdev(conf->devargs))
		return hp_err_set(err, HP_EXIT_USAGE, ENOTSUP,
			"'%s' is no virtual device (net_...): a PCI device has to be there when "
			"the primary starts (--allow)",
			conf->devargs);
	if (hp_primary_find_port(primary, conf->name) >= 0)
		return hp_err_set(err, HP_EXIT_USAGE, EEXIST,
			"there is a port '%s' already: give this one another name, 'port attach "
			"%s NAME'",
			conf->name, conf->devargs);
	if (find_place(primary) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOSPC,
			"there are %d ports already, which is as many as a group can have: detach "
			"one first",
			HP_PORTS_MAX);
	return 0;
}

// No bus knows the name: the vdev bus says of that what it says of wrong arguments.
static bool has_driver(const char *device)
{
	struct rte_devargs devargs = {0};
	bool parsed = rte_devargs_parse(&devargs, device) == 0;

	rte_devargs_reset(&devargs);
	return parsed;
}

static int make_device(const struct hp_port_conf *conf, const char *device, struct hp_err *err)
{
	const char *args = strchr(conf->devargs, ',');
	uint16_t port_id;
	int ret;

	ret = rte_vdev_init(device, args != NULL ? args + 1 : "");
	if (ret == -EEXIST)
		return hp_err_set(err, HP_EXIT_USAGE, EEXIST,
			"there is a device '%s' already: number this one differently", device);
	if (ret == -ENOMEM)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM,
			"device '%s' cannot be made: the group's memory has no room for another "
			"port: start hp-primary with --spare-ports N",
			conf->devargs);
	if (ret > 0 || (ret < 0 && !has_driver(device)))
		ret = -EFAULT;
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret,
			"device '%s' cannot be made: %s: the primary's log has the driver's own "
			"words",
			conf->devargs, hp_port_device_error(ret));
	ret = rte_eth_dev_get_port_by_name(device, &port_id);
	if (ret == 0 && port_id < HP_PORTS_MAX)
		return 0;
	rte_vdev_uninit(device);
	return hp_err_set(err, HP_EXIT_OTHER, ENODEV,
		"device '%s' is no network device, or has a number above %d", device,
		HP_PORTS_MAX - 1);
}

static void unmake(struct hp_port *port, const char *device)
{
	hp_port_close(port);
	memset(port, 0, sizeof(*port));
	rte_vdev_uninit(device);
}

static void end_port(struct hp_primary *primary, uint32_t i)
{
	struct hp_port *port = &primary->ports[i];

	hp_workers_forget_port(primary, i);
	hp_totals_end_port(primary, i);
	primary->n_detached++;
	memset(port, 0, sizeof(*port));
	hp_workers_say_ports(primary);
	while (primary->n_ports > 0 && !hp_port_is_there(&primary->ports[primary->n_ports - 1]))
		primary->n_ports--;
}

// DPDK gives the number of a port that was closed to the next one: then the closed one is no more.
static void forget_closed(struct hp_primary *primary, uint32_t but)
{
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		struct hp_port *port = &primary->ports[i];
		char device[RTE_ETH_NAME_MAX_LEN];

		if (i == but || !hp_port_is_there(port) || !port->closed ||
			port->port_id != primary->ports[but].port_id)
			continue;
		snprintf(device, sizeof(device), "%s", port->device);
		hp_primary_unpatch_port(primary, i);
		end_port(primary, i);
		rte_vdev_uninit(device);
	}
}

static void begin_port(struct hp_primary *primary, uint32_t i)
{
	for (unsigned int q = 0; q < HP_LANES_MAX; q++)
		rte_spinlock_init(&primary->tx_locks[i][q]);
	memset(&primary->port_hops[i], 0, sizeof(primary->port_hops[i]));
	if (i >= primary->n_ports)
		primary->n_ports = i + 1;
	forget_closed(primary, i);
	memset(&primary->peers[primary->ports[i].port_id], 0, sizeof(primary->peers[0]));
	hp_totals_begin_port(primary, i);
	hp_primary_forget_view(primary, i);
}

// Drivers fill their queues with mbufs of the lanes' pools.
static int set_up(
	struct hp_primary *primary, uint32_t i, const struct hp_port_conf *conf, struct hp_err *err)
{
	struct hp_port *port = &primary->ports[i];
	char device[RTE_ETH_NAME_MAX_LEN];
	int ret, taken;

	snprintf(device, sizeof(device), "%.*s", (int)strcspn(conf->devargs, ","), conf->devargs);
	primary->eal_stays |= hp_port_outlives_close(device);
	ret = make_device(conf, device, err);
	if (ret < 0)
		return ret;
	HP_CRASH_POINT(port_made);
	ret = hp_primary_park(primary);
	if (ret < 0) {
		rte_vdev_uninit(device);
		return hp_err_set(
			err, HP_EXIT_OTHER, -ret, "the lanes do not stop: %s", rte_strerror(-ret));
	}
	HP_CRASH_POINT(port_parked);
	ret = hp_port_open(port, conf, primary->pools, primary->n_lanes, err);
	if (ret == 0)
		begin_port(primary, i);
	else
		unmake(port, device);
	HP_CRASH_POINT(port_set_up);
	taken = hp_primary_unpark(primary);
	if (ret == 0 && taken < 0)
		ret = hp_err_set(err, HP_EXIT_OTHER, -taken,
			"port %s is there, but the lanes did not take it over: %s", port->name,
			rte_strerror(-taken));
	return ret;
}

int hp_primary_attach_port(
	struct hp_primary *primary, const char *devargs, const char *name, struct hp_err *err)
{
	struct hp_port_conf conf;
	int i = -1, ret;

	ret = busy(primary, err);
	if (ret < 0)
		return ret;
	ret = hp_config_new_port(primary->conf, devargs, name, &conf, err);
	if (ret < 0)
		return ret;
	ret = check_new(primary, &conf, err);
	if (ret == 0) {
		i = find_place(primary);
		keep_size(true);
		ret = set_up(primary, (uint32_t)i, &conf, err);
		keep_size(false);
	}
	if (ret == 0)
		HP_LOG(NOTICE, "port '%s' (%s) is attached", conf.name, devargs);
	HP_CRASH_POINT(port_attached);
	hp_config_free_port(&conf);
	return ret < 0 ? ret : i;
}

// ------------------------------------------------------------------------------------- detach

// A stock capture tool has callbacks on the port, and memory behind them that EAL takes back when
// the tool ends: with the port gone it would not find them again.
static bool is_dumped(const struct hp_port *port)
{
	const struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[port->port_id];

	for (uint16_t q = 0; q < port->n_rxq; q++)
		if (ops->rxq.clbk != NULL && __atomic_load_n(&ops->rxq.clbk[q], __ATOMIC_RELAXED))
			return true;
	for (uint16_t q = 0; q < port->n_txq; q++)
		if (ops->txq.clbk != NULL && __atomic_load_n(&ops->txq.clbk[q], __ATOMIC_RELAXED))
			return true;
	return false;
}

// What waits in the device belongs to the lanes' pools, and nobody would free it: net_ring's ring.
static void empty(const struct hp_port *port)
{
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint32_t left = WAITING_MAX;
	uint16_t n;

	if (!port->started)
		return;
	for (uint16_t q = 0; q < port->n_rxq; q++) {
		do {
			n = rte_eth_rx_burst(port->port_id, q, pkts, HP_BURST_MAX);
			rte_pktmbuf_free_bulk(pkts, n);
			left -= RTE_MIN(left, (uint32_t)n);
		} while (n > 0 && left > 0);
	}
}

static int take_down(struct hp_primary *primary, uint32_t i, struct hp_err *err)
{
	struct hp_port *port = &primary->ports[i];
	char device[RTE_ETH_NAME_MAX_LEN];
	int ret, taken;

	snprintf(device, sizeof(device), "%s", port->device);
	hp_primary_unpatch_port(primary, i);
	ret = hp_primary_park(primary);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret,
			"port %s is out of use, but the lanes do not stop: try again", port->name);
	HP_CRASH_POINT(port_unused);
	empty(port);
	hp_port_close(port);
	HP_CRASH_POINT(port_closed);
	end_port(primary, i);
	taken = hp_primary_unpark(primary);
	ret = rte_vdev_uninit(device);
	if (ret < 0 && ret != -ENOENT)
		return hp_err_set(err, HP_EXIT_OTHER, -ret,
			"the port is gone, but its device '%s' is not: %s", device,
			rte_strerror(-ret));
	return taken < 0 ? hp_err_set(err, HP_EXIT_OTHER, -taken, "the lanes do not turn: %s",
				   rte_strerror(-taken))
			 : 0;
}

int hp_primary_detach_port(struct hp_primary *primary, uint32_t port, struct hp_err *err)
{
	struct hp_port *p = &primary->ports[port];
	char name[HP_NAME_MAX];
	int ret;

	ret = busy(primary, err);
	if (ret < 0)
		return ret;
	if (!hp_config_is_vdev(p->device))
		return hp_err_set(err, HP_EXIT_USAGE, ENOTSUP,
			"port %s is '%s', no virtual device: it stays as long as the primary runs; "
			"'port stop' ends its use",
			p->name, p->device);
	if (p->started && is_dumped(p))
		return hp_err_set(err, HP_EXIT_OTHER, EBUSY,
			"port %s: a capture tool of DPDK (dpdk-dumpcap) is on it: end that first",
			p->name);
	snprintf(name, sizeof(name), "%s", p->name);
	ret = hp_primary_withdraw_port(primary, port, err);
	if (ret < 0)
		return ret;
	HP_CRASH_POINT(port_withdrawn);
	ret = take_down(primary, port, err);
	if (ret == 0)
		HP_LOG(NOTICE, "port '%s' is detached", name);
	HP_CRASH_POINT(port_detached);
	return ret;
}
