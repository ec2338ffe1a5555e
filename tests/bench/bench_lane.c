// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Prints what a lane costs: nanoseconds a packet from a net_null port through a link and out of
// another, beside a loop that only receives and sends, and beside a lane without taps. Lane and
// member take turns on one thread, without hugepages, and the shortest of many short windows
// counts: so the figures hardly depend on what else the machine does, and leave out what two CPUs
// cost each other. Lanes with and without taps work on the same memory, one window right after the
// other; the median of the pairs' ratios says what taps cost that nobody uses.
// `build/tests/bench/bench_lane [BURST [FOLDER]]`; the lanes are modules in FOLDER, by default this
// program's: where a linker puts functions weighs more than taps do, see scripts/bench-taps.

#include "group/hp_eal.h"
#include "lane.h"
#include "lane_code.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS 3000
#define TURNS 200 // of a window: half a millisecond
#define MBUFS 1535 // hp-primary's default
#define CACHE 256
#define ROOM 2176
#define LINK_WINDOW 512

struct bench {
	struct hp_config conf;
	struct hp_pool pool;
	struct hp_group group;
	struct hp_plan plan;
	struct hp_lane lane;
	struct hp_link link;
	uint16_t burst;
};

/** The same lane's turn, built in two ways. */
struct turns {
	bench_lane_turn_fn *lane, *untapped;
};

/** Nanoseconds a packet; .taps: a lane with taps to one without, median of pairs. */
struct result {
	double lane, untapped, unchecked, taps;
};

static int start_eal(void)
{
	static struct hp_eal_args args; // EAL keeps pointers into it
	static const char *const words[] = {"bench", "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "64", "--iova-mode=va", "--vdev=net_null0",
		"--vdev=net_null1"};
	struct hp_err err = {0};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		hp_eal_arg(&args, "%s", words[i]);
	if (hp_eal_start(&args, NULL, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

static int start_port(struct bench *b, uint16_t port)
{
	const struct rte_eth_conf conf = {0};
	int ret = rte_eth_dev_configure(port, 1, 1, &conf);

	if (ret == 0)
		ret = rte_eth_rx_queue_setup(port, 0, 512, 0, NULL, b->pool.mp);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(port, 0, 512, 0, NULL);
	return ret == 0 ? rte_eth_dev_start(port) : ret;
}

// Both ports to the client, the client to port 1.
static void make_plan(struct bench *b)
{
	struct hp_plan *plan = &b->plan;

	for (uint16_t i = 0; i < 2; i++) {
		struct hp_plan_port *port = &plan->ports[i];

		*port = (struct hp_plan_port){
			.used = true, .port_id = i, .n_rxq = 1, .n_txq = 1, .wait = true};
		port->hop.n = 1;
		port->hop.dest[0] = (struct hp_dest){.kind = HP_DEST_CLIENT};
	}
	plan->version = 1;
	plan->forwarding = true;
	plan->burst = b->burst;
	plan->take = hp_pool_take(b->burst, CACHE);
	plan->hop_limit = 8;
	plan->clients[0] = (struct hp_plan_client){.used = true, .window = LINK_WINDOW};
	plan->clients[0].hop.n = 1;
	plan->clients[0].hop.dest[0] = (struct hp_dest){.kind = HP_DEST_PORT, .id = 1};
	plan->slots[0] = (struct hp_plan_slot){.state = HP_SLOT_LENDING, .incarnation = 1};
	hp_plan_compile(plan);
}

static int set_up(struct bench *b)
{
	const struct hp_pool_params params = {
		.name = "bench", .n = MBUFS, .data_room = ROOM, .cache = CACHE};
	struct hp_err err = {0};

	b->conf.nb_cores = 1;
	b->conf.max_members = 1;
	b->conf.max_clients = 1;
	b->conf.window = LINK_WINDOW;
	b->conf.burst = b->burst;
	if (start_eal() < 0 || hp_pool_create(&b->pool, &params, &err) < 0 ||
		hp_group_create(&b->group, &b->conf, b->pool.base) < 0 || start_port(b, 0) < 0 ||
		start_port(b, 1) < 0 ||
		hp_lane_init(&b->lane, 0, rte_lcore_id(), &b->group, &b->pool, HP_IDLE_POLL) < 0)
		return -1;
	for (unsigned int i = 0; i < 2; i++) {
		b->lane.tx[i].pkts = calloc(HP_TX_BUFFER, sizeof(*b->lane.tx[i].pkts));
		if (b->lane.tx[i].pkts == NULL)
			return -1;
	}
	make_plan(b);
	atomic_store(&b->lane.next_plan, &b->plan);
	hp_link_open(&b->link, &b->group, 0, 0);
	return 0;
}

static void serve(struct hp_link *link, uint16_t burst)
{
	struct hp_verdict verdicts[HP_BURST_MAX] = {{0}};
	struct rte_mbuf *pkts[HP_BURST_MAX];
	uint16_t n;

	while ((n = hp_link_take(link, pkts, burst)) > 0)
		hp_link_return(link, verdicts, n);
}

static double ns_each(uint64_t cycles, uint64_t packets)
{
	return (double)cycles * 1e9 / (double)rte_get_tsc_hz() / (double)packets;
}

// The lane's share of each turn, in nanoseconds a packet.
static double window(struct bench *b, bench_lane_turn_fn *turn, bool check)
{
	uint64_t before = hp_counted(&b->lane.ports[1]->tx_packets);
	uint64_t cycles = 0, begin;

	b->plan.check_returns = check;
	for (unsigned int t = 0; t < TURNS; t++) {
		begin = rte_rdtsc();
		turn(&b->lane);
		cycles += rte_rdtsc() - begin;
		serve(&b->link, b->burst);
	}
	return ns_each(cycles, hp_counted(&b->lane.ports[1]->tx_packets) - before);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct result measure(struct bench *b, const struct turns *turns)
{
	static double ratios[WINDOWS];
	struct result best = {1e9, 1e9, 1e9, 0};

	for (unsigned int w = 0; w < WINDOWS; w++) {
		double lane, untapped;

		if (w % 2 == 0) { // neither always has the warmer caches
			lane = window(b, turns->lane, true);
			untapped = window(b, turns->untapped, true);
		} else {
			untapped = window(b, turns->untapped, true);
			lane = window(b, turns->lane, true);
		}
		ratios[w] = lane / untapped;
		best.lane = RTE_MIN(best.lane, lane);
		best.untapped = RTE_MIN(best.untapped, untapped);
		best.unchecked = RTE_MIN(best.unchecked, window(b, turns->lane, false));
	}
	qsort(ratios, WINDOWS, sizeof(ratios[0]), by_size);
	best.taps = ratios[WINDOWS / 2];
	return best;
}

static double measure_ports(const struct bench *b)
{
	struct rte_mbuf *pkts[HP_BURST_MAX];
	double best = 1e9;

	for (unsigned int w = 0; w < WINDOWS; w++) {
		uint64_t begin = rte_rdtsc(), packets = 0;

		for (unsigned int t = 0; t < 2 * TURNS; t++)
			packets += rte_eth_tx_burst(
				1, 0, pkts, rte_eth_rx_burst(t % 2, 0, pkts, b->burst));
		best = RTE_MIN(best, ns_each(rte_rdtsc() - begin, packets));
	}
	return best;
}

// A module, of which meson has built one beside this program.
static bench_lane_turn_fn *load(const char *folder, const char *name)
{
	char path[4096];
	void *module;

	snprintf(path, sizeof(path), "%s/%s.so", folder, name);
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (module == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return NULL;
	}
	return (bench_lane_turn_fn *)dlsym(module, "bench_lane_turn");
}

int main(int argc, char **argv)
{
	static struct bench b;
	const char *folder = argc > 2 ? argv[2] : dirname(argv[0]);
	struct turns turns = {
		.lane = load(folder, "bench_lane_tapped"),
		.untapped = load(folder, "bench_lane_untapped"),
	};
	struct result result;
	long burst = argc > 1 ? strtol(argv[1], NULL, 10) : 32;

	if (burst < 1 || burst > HP_BURST_MAX) {
		fprintf(stderr, "BURST '%s': expected 1 to %d\n", argv[1], HP_BURST_MAX);
		return HP_EXIT_USAGE;
	}
	b.burst = (uint16_t)burst;
	if (turns.lane == NULL || turns.untapped == NULL || set_up(&b) < 0)
		return HP_EXIT_OTHER;
	result = measure(&b, &turns);
	printf("ns a packet in bursts of %u, shortest of %d windows\n", b.burst, WINDOWS);
	printf("%-42s %6.2f\n", "receive and send alone", measure_ports(&b));
	printf("%-42s %6.2f\n", "through a link", result.lane);
	printf("%-42s %6.2f\n", "through a link, built without taps", result.untapped);
	printf("%-42s %6.3f\n", "with taps to without, median of pairs", result.taps);
	printf("%-42s %6.2f\n", "through a link, --check-returns=no", result.unchecked);
	return 0;
}
