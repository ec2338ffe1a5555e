// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// noisy: pass packets on, and for each of them touch memory at random places, as a network function
// with large tables does. testpmd's mode of that name, without its queue: packets here are lent.

#include "func/hp_func.h"
#include "func/hp_packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOISY_ACCESSES_MAX 100000 // a packet; more would look like a hang

struct noisy_conf {
	uint64_t memory; // bytes
	uint64_t reads, writes, reads_writes; // a packet
};

struct noisy_state {
	uint64_t *words;
	uint64_t mask; // words - 1
	uint64_t random; // state of the generator
	uint64_t sum; // of what was read, so that the reads are not optimised away
	struct noisy_conf conf;
};

#define NOISY_COUNT(field, key, text) \
	{ \
		.name = key, .type = HP_OPT_UINT, .where = HP_OPT_CLI, \
		.offset = offsetof(struct noisy_conf, field), .max = NOISY_ACCESSES_MAX, \
		.def = "0", .arg = "N", .help = text " a packet, each at a random place." \
	}

static const struct hp_opt noisy_opts[] = {
	{.name = "memory",
		.type = HP_OPT_SIZE,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct noisy_conf, memory),
		.min = 4096,
		.max = 1ULL << 34,
		.def = "16M",
		.arg = "SIZE",
		.help = "Memory to touch, rounded down to a power of two. Private memory of the "
			"process: no hugepages (testpmd: --noisy-lkup-memory)."},
	NOISY_COUNT(reads, "reads", "Reads (testpmd: --noisy-lkup-num-reads)"),
	NOISY_COUNT(writes, "writes", "Writes (testpmd: --noisy-lkup-num-writes)"),
	NOISY_COUNT(reads_writes, "reads-writes",
		"Reads followed by a write to the same place (testpmd: "
		"--noisy-lkup-num-reads-writes)"),
	{NULL},
};

static int noisy_init(void **state, const void *conf, int socket_id, struct hp_err *err)
{
	struct noisy_state *noisy = calloc(1, sizeof(*noisy));
	uint64_t bytes;

	if (noisy == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "function noisy: no memory");
	memcpy(&noisy->conf, conf, sizeof(noisy->conf));
	bytes = rte_align64prevpow2(noisy->conf.memory);
	noisy->words = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	if (noisy->words == NULL) {
		free(noisy);
		return hp_err_set(err, HP_EXIT_CONFIG, ENOMEM,
			"function noisy: no %" PRIu64 " bytes of memory; lower --set memory=",
			bytes);
	}
	// Touch all of it now, so that no packet pays for a page fault.
	memset(noisy->words, 0x5a, bytes);
	noisy->mask = bytes / sizeof(noisy->words[0]) - 1;
	noisy->random = 0x9e3779b97f4a7c15; // any start but 0 will do
	*state = noisy;
	return 0;
}

static void noisy_fini(void *state)
{
	struct noisy_state *noisy = state;

	if (noisy == NULL)
		return;
	free(noisy->words);
	free(noisy);
}

/** A random word of the memory; xorshift64: three shifts, no table, no system call. */
static inline uint64_t *noisy_word(struct noisy_state *noisy)
{
	noisy->random ^= noisy->random << 13;
	noisy->random ^= noisy->random >> 7;
	noisy->random ^= noisy->random << 17;
	return &noisy->words[noisy->random & noisy->mask];
}

static void noisy_packet(struct noisy_state *noisy)
{
	for (uint64_t i = 0; i < noisy->conf.writes; i++)
		*noisy_word(noisy) = noisy->random;
	for (uint64_t i = 0; i < noisy->conf.reads; i++)
		noisy->sum += *noisy_word(noisy);
	for (uint64_t i = 0; i < noisy->conf.reads_writes; i++) {
		uint64_t *word = noisy_word(noisy);

		noisy->sum += *word;
		*word = noisy->sum;
	}
}

static void noisy_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++)
		noisy_packet(state);
}

static const struct hp_func noisy = {
	.name = "noisy",
	.summary = "pass packets on and touch memory for each, like a neighbour with large tables",
	.opts = noisy_opts,
	.conf_size = sizeof(struct noisy_conf),
	.init = noisy_init,
	.fini = noisy_fini,
	.burst = noisy_burst,
};

HP_FUNC_REGISTER(noisy)
