// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Ports: opened and closed, in use and out of it while packets flow. Control thread.

#include "base/hp_time.h"
#include "primary.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEARD_WITHIN_US 500000 // a worker turns in microseconds unless its CPU is taken away

int hp_primary_open_ports(struct hp_primary *primary, struct hp_err *err)
{
	int ret;

	for (uint32_t i = 0; i < primary->conf->n_ports; i++) {
		ret = hp_workers_open_port(primary, i, err);
		if (ret < 0)
			return ret;
		for (unsigned int q = 0; q < HP_LANES_MAX; q++)
			rte_spinlock_init(&primary->tx_locks[i][q]);
		primary->n_ports++;
	}
	return 0;
}

void hp_primary_close_ports(struct hp_primary *primary)
{
	// The last first: a virtual device may be connected to one that was opened before it.
	for (uint32_t i = primary->n_ports; i-- > 0;) {
		if (!hp_port_is_there(&primary->ports[i]))
			continue;
		primary->eal_stays |= hp_port_outlives_close(primary->ports[i].device);
		hp_port_close(&primary->ports[i]);
	}
}

static int not_heard(
	const struct hp_primary *primary, const char *port, uint8_t holder, struct hp_err *err)
{
	if (holder >= HP_WQ_LANE)
		return hp_err_set(err, HP_EXIT_OTHER, ETIMEDOUT,
			"port %s: lane %u does not turn: its CPU is taken away", port,
			holder - HP_WQ_LANE);
	return hp_err_set(err, HP_EXIT_OTHER, ETIMEDOUT,
		"port %s: worker '%s' uses it and does not turn: 'evict' it, or let it run", port,
		hp_leases_get(primary->leases, holder)->name);
}

static int say(struct hp_primary *primary, const char *port, struct hp_err *err)
{
	int ret;

	hp_workers_say_ports(primary);
	ret = hp_primary_publish(primary);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret,
			"port %s: the lanes did not take it over: %s", port, strerror(-ret));
	return 0;
}

static int wait_for_workers(const struct hp_primary *primary, const char *port, struct hp_err *err)
{
	uint64_t deadline = hp_now_us() + HEARD_WITHIN_US;
	uint8_t holder;

	while (primary->lanes_run && !hp_workers_heard(primary, &holder)) {
		if (hp_now_us() > deadline)
			return not_heard(primary, port, holder, err);
		usleep(20);
	}
	return 0;
}

int hp_primary_withdraw_port(struct hp_primary *primary, uint32_t port, struct hp_err *err)
{
	struct hp_port *p = &primary->ports[port];
	int ret;

	if (p->withdrawn || !p->started)
		return 0;
	p->withdrawn = true;
	ret = say(primary, p->name, err);
	if (ret == 0)
		ret = wait_for_workers(primary, p->name, err);
	if (ret < 0)
		hp_primary_restore_port(primary, port, NULL);
	return ret;
}

int hp_primary_restore_port(struct hp_primary *primary, uint32_t port, struct hp_err *err)
{
	primary->ports[port].withdrawn = false;
	return say(primary, primary->ports[port].name, err);
}
