// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Prints what a worker's queues cost: nanoseconds a packet from net_null port to net_null port by
// hp_wq_turn(), beside the loop of DPDK's symmetric_mp. Both take turns on one thread, without
// hugepages, in short windows one right after the other; the shortest of each counts, and the
// median of the pairs' ratios: so the figures hardly depend on what else the machine does.
// `build/tests/bench/bench_worker [BURST]`.

#include "group/hp_eal.h"
#include "group/hp_port.h"
#include "group/hp_wq.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <stdio.h>
#include <stdlib.h>

#define WINDOWS 3001
#define WINDOW_PACKETS 65536
#define MBUFS 1535 // hp-primary's default
#define STOCK_MBUFS 8191 // symmetric_mp has 64K
#define CACHE 256
#define ROOM 2176
#define STOCK_BURST 32

struct bench {
	struct hp_config conf;
	struct hp_group group;
	struct hp_pool pools[2]; // one of the worker queue, one of the other loop
	struct hp_port ports[2];
	struct hp_wq_conf wq;
	struct hp_wq_loop loop;
};

/** symmetric_mp's own counters. */
struct stock {
	uint64_t rx[2], tx[2], dropped[2];
};

static int start_eal(void)
{
	static struct hp_eal_args args; // EAL keeps pointers into it
	static const char *const words[] = {"bench", "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "128", "--iova-mode=va"};
	struct hp_err err = {0};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		hp_eal_arg(&args, "%s", words[i]);
	if (hp_eal_start(&args, NULL, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

// Queue 0 is the worker's, queue 1 the other loop's; each with a pool of its own.
static int open_port(struct bench *b, unsigned int i, struct hp_err *err)
{
	char name[] = "p0", devargs[] = "net_null0";
	struct hp_port_conf conf = {.name = name, .devargs = devargs};
	struct hp_wq_port *wp = &b->wq.ports[i];

	name[1] = devargs[8] = (char)('0' + i);
	if (hp_port_open_for_workers(&b->ports[i], &conf, b->pools, 2, 1, err) < 0)
		return -1;
	wp->port_id = b->ports[i].port_id;
	wp->pair = (uint8_t)(i == 0 ? 1 : 0);
	b->wq.n_ports++;
	return 0;
}

static int set_up(struct bench *b, uint64_t burst)
{
	struct hp_pool_params params = {
		.name = "worker", .n = MBUFS, .data_room = ROOM, .cache = CACHE};
	struct hp_err err = {0};
	struct hp_wq_shm *shm;

	b->conf.nb_cores = 1;
	b->conf.max_members = 1;
	b->conf.max_clients = 1;
	b->conf.window = 512;
	b->conf.burst = burst;
	b->conf.workers = 2;
	if (start_eal() < 0 || hp_pool_create(&b->pools[0], &params, &err) < 0)
		goto err;
	params.name = "stock";
	params.n = STOCK_MBUFS;
	if (hp_pool_create(&b->pools[1], &params, &err) < 0 ||
		hp_group_create(&b->group, &b->conf, b->pools[0].base) < 0 ||
		open_port(b, 0, &err) < 0 || open_port(b, 1, &err) < 0)
		goto err;
	b->wq.n_queues = 2;
	b->wq.txq_first = 1;
	for (unsigned int i = 0; i < 2; i++)
		b->wq.pools[i] = (uintptr_t)b->pools[i].mp;
	hp_wq_open(&b->loop, &b->group, &b->wq, 0);
	shm = hp_group_wq(&b->group);
	atomic_store(&shm->forwarding, 1);
	atomic_store(&shm->queues[0].grant, UINT64_C(1) << 16 | HP_WQ_NOBODY << 8);
	atomic_store(&shm->queues[1].grant, HP_WQ_NOBODY << 8 | HP_WQ_NOBODY);
	atomic_fetch_add(&shm->changes, 1);
	return 0;
err:
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

// Nanoseconds a packet.
static double run_worker(struct bench *b)
{
	uint64_t begin = rte_rdtsc(), packets = 0;

	while (packets < WINDOW_PACKETS)
		packets += hp_wq_turn(&b->loop, rte_rdtsc());
	return (double)(rte_rdtsc() - begin) * 1e9 / (double)rte_get_tsc_hz() / (double)packets;
}

// As lcore_main() of symmetric_mp.
static double run_stock(const struct bench *b, struct stock *stock)
{
	uint64_t begin = rte_rdtsc(), packets = 0;

	while (packets < WINDOW_PACKETS) {
		for (unsigned int p = 0; p < 2; p++) {
			struct rte_mbuf *pkts[STOCK_BURST];
			uint16_t n = rte_eth_rx_burst(b->wq.ports[p].port_id, 1, pkts, STOCK_BURST);
			uint16_t sent;

			if (n == 0)
				continue;
			stock->rx[p] += n;
			sent = rte_eth_tx_burst(
				b->wq.ports[p ^ 1].port_id, 1 + HP_WQ_TXQ_STEP, pkts, n);
			stock->tx[p ^ 1] += sent;
			if (sent < n) {
				stock->dropped[p] += n - sent;
				rte_pktmbuf_free_bulk(pkts + sent, n - sent);
			}
			packets += n;
		}
	}
	return (double)(rte_rdtsc() - begin) * 1e9 / (double)rte_get_tsc_hz() / (double)packets;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static double ratios[WINDOWS];
	static struct stock stock;
	static struct bench b;
	double worker = 1e9, other = 1e9;
	long burst = argc > 1 ? strtol(argv[1], NULL, 10) : 32;

	if (burst < 1 || burst > HP_BURST_MAX) {
		fprintf(stderr, "BURST '%s': expected 1 to %d\n", argv[1], HP_BURST_MAX);
		return HP_EXIT_USAGE;
	}
	if (set_up(&b, (uint64_t)burst) < 0)
		return HP_EXIT_OTHER;
	for (unsigned int w = 0; w < WINDOWS; w++) {
		double ours = run_worker(&b), theirs = run_stock(&b, &stock);

		worker = RTE_MIN(worker, ours);
		other = RTE_MIN(other, theirs);
		ratios[w] = theirs / ours;
	}
	qsort(ratios, WINDOWS, sizeof(ratios[0]), by_size);
	printf("ns a packet, shortest of %d windows of %d packets\n", WINDOWS, WINDOW_PACKETS);
	printf("%-42s %6.2f\n", "the loop of symmetric_mp, bursts of 32", other);
	printf("a worker's queues, --burst %-15ld %6.2f\n", burst, worker);
	printf("%-42s %6.2f\n", "packets of a worker to its, median", ratios[WINDOWS / 2]);
	return 0;
}
