// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What stock DPDK tools leave behind when they are killed. They are no members: their death closes
// no connection, but their socket refuses. A dead dpdk-dumpcap or dpdk-pdump leaves callbacks on
// ports, which make every later one fail, and objects in memory. Control thread.

// rte_pdump_stats() is stable since 23.11.
#define ALLOW_EXPERIMENTAL_API

#include "base/hp_log.h"
#include "base/hp_stale.h"
#include "primary.h"

#include <rte_mempool.h>
#include <rte_memzone.h>
#include <rte_pdump.h>
#include <rte_ring.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

HP_LOG_TYPE("stock");

#define PERIOD_US 250000 // how often sockets are looked at
#define JUDGE_PERIODS 4 // between two looks at whose copies pile up
#define DEAD_MAX 16 // that are cleaned up after at once
#define TRIES 3 // of hp-unpdump, whose PID may be a member's
#define SOCKET_HEAD "mp_socket_" // PID_TSC follow

struct hp_stock {
	struct hp_timer *timer;
	pid_t dead[DEAD_MAX]; // stock processes whose remains are being removed
	unsigned int n_dead;
	bool pdump; // a dpdk-pdump is among them
	bool given_up; // what one left cannot be removed
	pid_t helper; // hp-unpdump, 0: none runs
	unsigned int tries;
	bool released; // hp-unpdump has done its work: at the next look, if nothing is copied any
		       // more
	uint64_t copies; // of all ports, when it had
	bool others; // other stock processes live
	bool strangers; // of these, some are no dpdk-dumpcap: they may be a dpdk-pdump
	unsigned int periods; // since copies were looked at
	uint64_t accepted[HP_PORTS_MAX], stuck[HP_PORTS_MAX]; // of rte_pdump, at the last look
	char devices[HP_PORTS_MAX][RTE_ETH_NAME_MAX_LEN];
	char queues[HP_PORTS_MAX][8];
};

static bool is_member(const struct hp_primary *primary, pid_t pid)
{
	for (uint32_t i = 0; i < primary->group.hdr->max_members; i++) {
		const struct hp_lease *lease = hp_leases_get(primary->leases, i);

		if (lease->state != HP_LEASE_FREE && lease->pid == pid)
			return true;
	}
	return false;
}

static bool has_ring(pid_t pid)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "dumpcap-%d", (int)pid);
	return rte_ring_lookup(name) != NULL;
}

// Which stock processes have sockets: others that live are noted, the dead collected.
static void look_at_sockets(struct hp_primary *primary, bool collect)
{
	struct hp_stock *stock = primary->stock;
	DIR *dir = opendir(primary->runtime_dir);
	struct dirent *entry;

	stock->others = false;
	stock->strangers = false;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		pid_t pid;

		if (strncmp(entry->d_name, SOCKET_HEAD, strlen(SOCKET_HEAD)) != 0)
			continue;
		pid = (pid_t)strtol(entry->d_name + strlen(SOCKET_HEAD), NULL, 10);
		if (pid <= 0 || is_member(primary, pid))
			continue;
		if (hp_stale_pid_in_use(primary->runtime_dir, pid)) {
			stock->others = true;
			stock->strangers |= !has_ring(pid);
		} else if (collect && stock->n_dead < DEAD_MAX) {
			stock->dead[stock->n_dead++] = pid;
		}
	}
	if (dir != NULL)
		closedir(dir);
}

static void find_dead(struct hp_primary *primary)
{
	struct hp_stock *stock = primary->stock;

	stock->n_dead = 0;
	look_at_sockets(primary, true);
	// Its objects bear no PID: they are a dead one's if nobody is there who may have made them.
	stock->pdump = !stock->strangers && !stock->given_up && hp_stock_pdump_is_there();
}

// Where another dumpcap lives, only ports whose copies nobody takes any more: they pile up, and
// none gets through.
static bool looks_abandoned(struct hp_stock *stock, const struct hp_port *port)
{
	struct rte_pdump_stats stats = {0};
	uint64_t stuck, before;
	bool accepts;

	if (rte_pdump_stats(port->port_id, &stats) < 0)
		return false;
	before = stock->stuck[port->port_id];
	stuck = stats.ringfull + stats.nombuf;
	accepts = stats.accepted != stock->accepted[port->port_id];
	stock->stuck[port->port_id] = stuck;
	stock->accepted[port->port_id] = stats.accepted;
	return !accepts && stuck > before;
}

// The program lies beside this one.
static int helper_path(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (n <= 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(slash - path) + sizeof("/hp-unpdump") > size)
		return -ENAMETOOLONG;
	snprintf(slash, size - (size_t)(slash - path), "/hp-unpdump");
	return 0;
}

static int start_helper(struct hp_primary *primary)
{
	struct hp_stock *stock = primary->stock;
	char *argv[2 * HP_PORTS_MAX + 3] = {NULL};
	char path[PATH_MAX], name[] = "hp-unpdump";
	posix_spawnattr_t attr;
	sigset_t none;
	int argc = 0, ret;

	argv[argc++] = name;
	argv[argc++] = primary->conf->file_prefix;
	for (uint32_t i = 0; i < primary->n_ports; i++) {
		bool abandoned = looks_abandoned(stock, &primary->ports[i]);

		if ((stock->others && !abandoned) || !hp_port_is_there(&primary->ports[i]))
			continue;
		snprintf(stock->devices[i], sizeof(stock->devices[i]), "%s",
			primary->ports[i].device);
		snprintf(stock->queues[i], sizeof(stock->queues[i]), "%d",
			RTE_MAX(primary->ports[i].n_rxq, primary->ports[i].n_txq));
		argv[argc++] = stock->devices[i];
		argv[argc++] = stock->queues[i];
	}
	if (argc == 2)
		return -EAGAIN; // the next look may tell
	ret = helper_path(path, sizeof(path));
	if (ret < 0)
		return ret;
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	ret = -posix_spawn(&stock->helper, path, NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return ret;
}

static void free_chunk(struct rte_mempool_memhdr *chunk, void *memzone)
{
	(void)chunk;
	rte_memzone_free(memzone);
}

// A pool holds the address of the function that frees its memory, in the process that made it.
void hp_stock_free_pool(struct rte_mempool *mp)
{
	struct rte_mempool_memhdr *chunk;

	if (mp == NULL)
		return;
	STAILQ_FOREACH (chunk, &mp->mem_list, next)
		chunk->free_cb = free_chunk;
	rte_mempool_free(mp);
}

static void free_dumpcap(pid_t pid)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "dumpcap-%d", (int)pid);
	rte_ring_free(rte_ring_lookup(name));
	snprintf(name, sizeof(name), "capture_%d", (int)pid);
	hp_stock_free_pool(rte_mempool_lookup(name));
}

// No callback uses them any more, once every lane has finished its turn.
static void free_objects(struct hp_primary *primary)
{
	hp_primary_await_turn(primary);
	for (unsigned int i = 0; i < primary->stock->n_dead; i++)
		free_dumpcap(primary->stock->dead[i]);
	if (primary->stock->pdump)
		hp_stock_free_pdump(primary);
}

static void done(struct hp_primary *primary, bool clean)
{
	struct hp_stock *stock = primary->stock;
	char who[32] = "dpdk-pdump";

	for (unsigned int i = 0; i < RTE_MAX(stock->n_dead, 1u); i++) {
		if (i < stock->n_dead) {
			snprintf(who, sizeof(who), "PID %d there", (int)stock->dead[i]);
			hp_stale_remove_pid(primary->runtime_dir, stock->dead[i]);
		}
		if (clean)
			HP_LOG(NOTICE, "a DPDK tool (%s) died: what it left is removed", who);
		else
			HP_LOG(WARNING,
				"a DPDK tool (%s) died, and its captures cannot be taken off the "
				"ports: dpdk-dumpcap may fail until this primary starts anew",
				who);
	}
	stock->n_dead = 0;
	stock->tries = 0;
	stock->given_up = stock->given_up || (stock->pdump && !clean);
}

// Everything that any capture of librte_pdump has copied, or tried to.
static uint64_t count_copies(const struct hp_primary *primary)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < primary->n_ports; i++) {
		struct rte_pdump_stats stats = {0};

		if (hp_port_is_there(&primary->ports[i]) &&
			rte_pdump_stats(primary->ports[i].port_id, &stats) == 0)
			n += stats.accepted + stats.filtered + stats.nombuf + stats.ringfull;
	}
	return n;
}

// A callback that was not found would write into what is freed: only when nothing has been copied
// since hp-unpdump, or somebody else is there to copy for.
static void finish_release(struct hp_primary *primary)
{
	struct hp_stock *stock = primary->stock;

	stock->released = false;
	look_at_sockets(primary, false);
	stock->pdump = stock->pdump && !stock->strangers; // one may be about to use them
	if (!stock->others && count_copies(primary) != stock->copies) {
		if (++stock->tries == TRIES)
			done(primary, false);
		return;
	}
	free_objects(primary);
	done(primary, true);
}

// True: no helper runs, and none has just ended.
static bool reap_helper(struct hp_primary *primary)
{
	struct hp_stock *stock = primary->stock;
	int status;

	if (stock->helper == 0)
		return true;
	if (waitpid(stock->helper, &status, WNOHANG) == 0)
		return false;
	stock->helper = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		stock->copies = count_copies(primary);
		stock->released = true;
	} else if (++stock->tries == TRIES) {
		done(primary, false);
	}
	return false;
}

// Those of the dead that had nothing on the ports need no helper.
static bool has_captures(const struct hp_stock *stock)
{
	bool any = stock->pdump;

	for (unsigned int i = 0; i < stock->n_dead; i++)
		any |= has_ring(stock->dead[i]);
	return any;
}

static void look(void *arg)
{
	struct hp_primary *primary = arg;
	struct hp_stock *stock = primary->stock;
	int ret;

	if (primary->stop_phase != HP_STOP_NOT || !reap_helper(primary))
		return;
	if (stock->released) {
		finish_release(primary);
		return;
	}
	find_dead(primary);
	if (stock->n_dead == 0 && !stock->pdump)
		return;
	if (!primary->conf->pdump || !has_captures(stock)) {
		if (stock->n_dead > 0)
			done(primary, true);
		return;
	}
	if (stock->others && ++stock->periods % JUDGE_PERIODS != 0)
		return;
	ret = start_helper(primary);
	if (ret < 0 && ret != -EAGAIN) {
		HP_LOG(WARNING, "hp-unpdump: %s", strerror(-ret));
		done(primary, false);
	}
}

int hp_primary_watch_stock(struct hp_primary *primary)
{
	primary->stock = calloc(1, sizeof(*primary->stock));
	if (primary->stock == NULL)
		return -ENOMEM;
	primary->stock->timer = hp_loop_timer(primary->loop, PERIOD_US, PERIOD_US, look, primary);
	return primary->stock->timer != NULL ? 0 : -ENOMEM;
}

void hp_primary_unwatch_stock(struct hp_primary *primary)
{
	struct hp_stock *stock = primary->stock;

	if (stock == NULL)
		return;
	hp_loop_timer_del(stock->timer);
	if (stock->helper > 0) {
		kill(stock->helper, SIGKILL);
		waitpid(stock->helper, NULL, 0);
	}
	free(stock);
	primary->stock = NULL;
}
