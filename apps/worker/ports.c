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

int hp_worker_attach_ports(const struct hp_wq_conf *conf, struct hp_err *err)
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
		if (ret < 0)
			return hp_err_set(err, HP_EXIT_CONFIG, -ret,
				"port %u (%s) cannot be opened in a worker: %s: is its driver's "
				"package in this image? Or give the port worker=no",
				port->port_id, port->device, rte_strerror(-ret));
	}
	return 0;
}
