// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Prints what each packet function costs: cycles a packet, over bursts of recorded frames in real
// mbufs, without hugepages. `build/tests/bench/bench_func [ROUNDS]`.

#include "func/hp_flow.h"
#include "func/hp_func.h"
#include "hp_frames.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST 32U // packets, as hp-client's default
#define BURSTS 32U // a round; 1024 packets stay in a second-level cache of 2 MB
#define PACKETS (BURST * BURSTS)
#define ROUNDS 201 // odd, for the median

struct bench {
	struct frames frames;
	struct rte_mbuf *pkts[PACKETS];
	struct rte_mempool *pool;
	uint64_t *cycles; // of each round
	unsigned int rounds;
};

struct job {
	const char *func; // NULL: the flow hash
	const char *label;
	const char *sets[2];
};

static const struct job jobs[] = {
	{NULL, "flow hash", {NULL}},
	{"io", "io", {NULL}},
	{"macswap", "macswap", {NULL}},
	{"mac", "mac, both addresses", {"src=02:00:00:00:00:01", "dst=02:00:00:00:00:02"}},
	{"5tswap", "5tswap", {NULL}},
	{"ttl", "ttl", {NULL}},
	{"csum", "csum, verify", {"mode=verify"}},
	{"csum", "csum, fix", {"mode=fix"}},
	{"acl", "acl, no rule", {NULL}},
	{"acl", "acl, 1 rule", {"rule=deny tcp from 192.0.2.0/24 to any port 80"}},
	{"acl", "acl, 1000 rules", {"file=%s"}},
	{"rate", "rate, packets", {"pps=1000000000000"}},
	{"rate", "rate, packets and bits", {"pps=1000000000000", "bps=10000000000000"}},
	{"icmpecho", "icmpecho", {NULL}},
	{"rxonly", "rxonly", {NULL}},
	{"noisy", "noisy, 10 reads in 16 MiB", {"reads=10"}},
};

static int start_eal(void)
{
	static char args[][20] = {"bench", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"-m", "64", "--lcores=0@(0-1)", "--vdev=net_null0", "--log-level=error"};
	char *argv[RTE_DIM(args) + 1] = {NULL};

	for (size_t i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	return rte_eal_init(RTE_DIM(args), argv);
}

/** Frames of the capture, spread over all of it, in mbufs of a pool. */
static int bench_init(struct bench *bench, unsigned int rounds)
{
	bench->rounds = rounds;
	bench->cycles = calloc(rounds, sizeof(bench->cycles[0]));
	bench->frames = frames_load("real.pcap");
	bench->pool = rte_pktmbuf_pool_create(
		"bench", PACKETS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (bench->cycles == NULL || bench->pool == NULL || bench->frames.n == 0)
		return -ENOMEM;
	return rte_pktmbuf_alloc_bulk(bench->pool, bench->pkts, PACKETS);
}

/** Bring back the bytes that the last round has changed. */
static void bench_refill(struct bench *bench)
{
	for (unsigned int i = 0; i < PACKETS; i++) {
		const struct frame *f = &bench->frames.items[i * bench->frames.n / PACKETS];
		struct rte_mbuf *m = bench->pkts[i];

		m->data_len = (uint16_t)f->len;
		m->pkt_len = f->len;
		m->port = 0;
		memcpy(rte_pktmbuf_mtod(m, void *), f->data, f->len);
	}
}

static uint64_t run_round(const struct hp_func *func, void *state, struct bench *bench)
{
	static struct hp_verdict verdicts[BURST];
	static uint32_t hashes; // kept, so that the hash is not optimised away
	uint64_t start = rte_rdtsc_precise();

	for (unsigned int b = 0; b < PACKETS; b += BURST) {
		if (func != NULL) {
			memset(verdicts, 0, sizeof(verdicts));
			func->burst(state, &bench->pkts[b], verdicts, BURST, rte_rdtsc());
			continue;
		}
		for (unsigned int i = 0; i < BURST; i++) {
			hp_packet_prefetch(&bench->pkts[b], BURST, (uint16_t)i);
			hashes += hp_flow_hash(bench->pkts[b + i]);
		}
	}
	return rte_rdtsc_precise() - start + (hashes == 1);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int start_func(const struct job *job, const char *rules, const struct hp_func **func,
	void **conf, void **state, struct hp_err *err)
{
	char words[2][128], *sets[2] = {words[0], words[1]};
	struct hp_strlist list = {.items = sets};
	int ret;

	*func = hp_func_find(job->func);
	for (; list.n < 2 && job->sets[list.n] != NULL; list.n++) {
		bool file = strcmp(job->sets[list.n], "file=%s") == 0;

		snprintf(words[list.n], sizeof(words[0]), "%s%s",
			file ? "file=" : job->sets[list.n], file ? rules : "");
	}
	ret = hp_func_conf_new(*func, &list, conf, err);
	if (ret == 0 && (*func)->init != NULL)
		ret = (*func)->init(state, *conf, SOCKET_ID_ANY, err);
	return ret;
}

static int run_job(const struct job *job, const char *rules, struct bench *bench)
{
	const struct hp_func *func = NULL;
	void *conf = NULL, *state = NULL;
	struct hp_err err = {0};
	double cycles;

	if (job->func != NULL && start_func(job, rules, &func, &conf, &state, &err) < 0) {
		fprintf(stderr, "bench_func: %s: %s\n", job->label, err.text);
		return -EINVAL;
	}
	for (unsigned int r = 0; r < bench->rounds; r++) {
		bench_refill(bench);
		bench->cycles[r] = run_round(func, state, bench);
	}
	qsort(bench->cycles, bench->rounds, sizeof(bench->cycles[0]), compare);
	cycles = (double)bench->cycles[bench->rounds / 2] / PACKETS;
	printf("%-28s %8.1f %9.1f\n", job->label, cycles, (double)rte_get_tsc_hz() / cycles / 1e6);
	if (func != NULL && func->fini != NULL)
		func->fini(state);
	if (func != NULL)
		hp_func_conf_free(func, conf);
	return 0;
}

/** A thousand rules that hardly any packet matches, so that each is classified to the end. */
static int write_rules(char *path)
{
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (file == NULL)
		return -errno;
	for (unsigned int i = 0; i < 1000; i++)
		fprintf(file, "deny %s from 198.%u.%u.0/24 to 203.0.%u.0/24 port %u-%u\n",
			i % 2 != 0 ? "tcp" : "udp", 18 + i / 256, i % 256, i % 256, i, i + 100);
	return fclose(file) == 0 ? 0 : -errno;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
	char rules[] = "/tmp/bench_func_XXXXXX";
	static struct bench bench;
	int ret = 0;

	if (rounds < 1 || rounds > 1000000) {
		fprintf(stderr, "usage: bench_func [ROUNDS]\n");
		return HP_EXIT_USAGE;
	}
	if (start_eal() < 0 || bench_init(&bench, (unsigned int)rounds) < 0 ||
		write_rules(rules) < 0) {
		fprintf(stderr, "bench_func: cannot start\n");
		return HP_EXIT_OTHER;
	}
	printf("%-28s %8s %9s\n", "function", "cycles", "Mpps");
	for (size_t i = 0; i < RTE_DIM(jobs) && ret == 0; i++)
		ret = run_job(&jobs[i], rules, &bench);
	printf("median of %lu rounds of %u packets in bursts of %u; TSC at %.0f MHz\n", rounds,
		PACKETS, BURST, (double)rte_get_tsc_hz() / 1e6);
	remove(rules);
	frames_free(&bench.frames);
	free(bench.cycles);
	rte_eal_cleanup();
	return ret < 0 ? HP_EXIT_OTHER : HP_EXIT_OK;
}
