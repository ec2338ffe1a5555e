// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// How a worker comes to the ports that it polls.

#include "base/hp_crash.h"
#include "worker.h"

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <errno.h>

// A port may be detached at any moment; then nobody polls it.
static bool is_off(const struct hp_wq_shm *shm, uint16_t port_id)
{
	return (atomic_load_explicit(&shm->ports_off, memory_order_acquire) >> port_id & 1) != 0;
}

int hp_worker_attach_ports(
	const struct hp_wq_conf *conf, const struct hp_wq_shm *shm, struct hp_err *err)
{
	uint16_t port_id;
	int ret;

	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct hp_wq_port *port = &conf->ports[i];

		// Straight to the driver: the bus would ask for all devices of the primary, and
		// open those that are not for workers.
		HP_CRASH_POINT(attach_port);
		ret = rte_vdev_init(port->device, "");
		if (ret == 0)
			ret = rte_eth_dev_get_port_by_name(port->device, &port_id);
		if (ret == 0 && port_id != port->port_id)
			ret = -ENODEV;
		if (ret < 0 && !is_off(shm, port->port_id))
			return hp_err_set(err, HP_EXIT_CONFIG, -ret,
				"port %u (%s) cannot be opened in a worker: %s: is its driver's "
				"package in this image? Or give the port worker=no",
				port->port_id, port->device, rte_strerror(-ret));
	}
	return 0;
}
