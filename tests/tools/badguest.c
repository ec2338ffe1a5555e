// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// badguest: a capture or replay that breaks the rules, one way a run. For tests/mp. Says on
// standard output what the primary answered.

#include "base/hp_guest.h"
#include "base/hp_time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#define RING (1u << 20)
#define SCRIBBLE_US 1000000

// Put other memory in place of what hp_guest_make() made.
static int replace(struct hp_guest *g, unsigned int flags, uint64_t bytes, int seals, int filled)
{
	int fd = memfd_create("badguest", flags | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		return -errno;
	if (filled && fallocate(fd, 0, 0, (off_t)bytes) < 0)
		return -errno;
	if (pwrite(fd, g->shm, sizeof(*g->shm), 0) < 0 && flags == 0)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -errno;
	close(g->mem_fd);
	g->mem_fd = fd;
	return 0;
}

static int all_seals(void)
{
	return F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
}

static int no_seals(struct hp_guest *g)
{
	return replace(g, 0, g->bytes, 0, 1);
}

static int holes(struct hp_guest *g)
{
	return replace(g, 0, g->bytes, all_seals(), 0);
}

static int hugetlb(struct hp_guest *g)
{
	return replace(g, MFD_HUGETLB, 2u << 20, all_seals(), 0);
}

static int read_only(struct hp_guest *g)
{
	return replace(g, 0, g->bytes, all_seals() | F_SEAL_FUTURE_WRITE, 1);
}

static int a_file(struct hp_guest *g)
{
	close(g->mem_fd);
	g->mem_fd = open("/proc/self/exe", O_RDONLY);
	return 0;
}

static int wrong_size(struct hp_guest *g)
{
	g->bytes += 4096;
	return 0;
}

static int ring_too_big(struct hp_guest *g)
{
	g->shm->ring_bytes = 1ull << 62;
	return 0;
}

static int many_rings(struct hp_guest *g)
{
	g->shm->n_rings = UINT32_MAX;
	return 0;
}

static int many_taps(struct hp_guest *g)
{
	g->shm->n_taps = UINT32_MAX;
	return 0;
}

static int bad_tap(struct hp_guest *g)
{
	g->shm->taps[0].tap.kind = 200;
	return 0;
}

static int bad_reason(struct hp_guest *g)
{
	g->shm->taps[0].tap.kind = HP_TAP_DROP;
	g->shm->taps[0].tap.reason = 200;
	return 0;
}

static int far_filter(struct hp_guest *g)
{
	g->shm->taps[0].filter = UINT32_MAX - 1;
	g->shm->taps[0].n_insns = 4;
	return 0;
}

// Jumps behind its end: the kernel's rules, and bpf_validate()'s, forbid that.
static int jumping_filter(struct hp_guest *g)
{
	g->shm->taps[0].n_insns = 2;
	g->shm->insns[0] = (struct hp_guest_insn){.code = 0x05, .k = 1000000};
	g->shm->insns[1] = (struct hp_guest_insn){.code = 0x06};
	return 0;
}

static int unknown_port(struct hp_guest *g)
{
	memset(g->shm->taps[0].tap.name, 'x', HP_NAME_MAX);
	return 0;
}

static int nothing(struct hp_guest *g)
{
	(void)g;
	return 0;
}

// Everything that it may write to, for a second, while lanes copy into it.
static void scribble(struct hp_guest *g)
{
	uint64_t until = hp_now_us() + SCRIBBLE_US;
	uint64_t size = g->shm->rings_off;
	uint64_t random[64];

	while (hp_now_us() < until) {
		if (getrandom(random, sizeof(random), 0) < 0)
			return;
		for (unsigned int i = 0; i < 32; i++) {
			uint64_t head = atomic_load(&g->shm->rings[0].head);
			uint8_t *bytes = (uint8_t *)g->shm;
			uint64_t at = random[i] % (size - 8);

			if (i % 4 != 0)
				memcpy(bytes + at, &random[32 + i], 8);
			atomic_store(&g->shm->rings[0].tail,
				i % 3 == 0 ? random[i] : head - random[i] % (2 * RING));
			memcpy(g->rings[0].bytes + random[i] % RING, &random[i], 8);
		}
	}
}

// Packets that are none, until the primary has enough of it.
static void lie(struct hp_guest *g)
{
	struct hp_guest_packet head = {.len = UINT32_MAX};
	enum hp_guest_event event = HP_GUEST_NOTHING;

	memcpy(g->rings[0].bytes, &head, sizeof(head));
	g->rings[0].head = 4096;
	hp_stream_publish(&g->rings[0]);
	while (event == HP_GUEST_NOTHING)
		event = hp_guest_poll(g, 5000);
	printf("%s\n", event == HP_GUEST_EVICTED ? g->why : "something else");
}

static const struct {
	const char *name;
	int (*spoil)(struct hp_guest *g);
	void (*afterwards)(struct hp_guest *g);
} ways[] = {
	{"no-seals", no_seals, NULL},
	{"holes", holes, NULL},
	{"hugetlb", hugetlb, NULL},
	{"read-only", read_only, NULL},
	{"a-file", a_file, NULL},
	{"wrong-size", wrong_size, NULL},
	{"ring-too-big", ring_too_big, NULL},
	{"many-rings", many_rings, NULL},
	{"many-taps", many_taps, NULL},
	{"bad-tap", bad_tap, NULL},
	{"bad-reason", bad_reason, NULL},
	{"far-filter", far_filter, NULL},
	{"jumping-filter", jumping_filter, NULL},
	{"unknown-port", unknown_port, NULL},
	{"scribble", nothing, scribble},
	{"replay-lies", nothing, lie},
};

static int run(unsigned int way, const char *prefix, const char *point)
{
	char prefix_copy[HP_PREFIX_MAX], name[] = "badguest";
	struct hp_guest_conf conf = {
		.file_prefix = prefix_copy, .name = name, .wait_primary_us = 5000000};
	struct hp_guest_filter all = {0};
	enum hp_guest_kind kind = ways[way].afterwards == lie ? HP_GUEST_REPLAY : HP_GUEST_CAPTURE;
	struct hp_guest g;
	struct hp_err err = {0};
	struct hp_tap taps[2];
	int ret;

	snprintf(prefix_copy, sizeof(prefix_copy), "%s", prefix);
	ret = hp_guest_join(&g, &conf, kind, &err);
	if (ret == 0)
		ret = hp_guest_make(&g,
			kind == HP_GUEST_CAPTURE ? g.welcome.n_lanes + g.welcome.n_queues : 1, RING,
			&err);
	if (ret == 0 && hp_tap_parse(taps, point, &err) > 0)
		ret = hp_guest_add_tap(&g, &taps[0], 64, &all, &err);
	if (ret == 0)
		ret = ways[way].spoil(&g);
	if (ret < 0) {
		fprintf(stderr, "badguest: %s %s\n", strerror(-ret), err.text);
		return 2;
	}
	ret = hp_guest_open(&g, &err);
	printf("%s\n", ret == 0 ? "opened" : err.text);
	fflush(stdout);
	if (ret == 0 && ways[way].afterwards != NULL)
		ways[way].afterwards(&g);
	return 0; // the kernel takes the rest: what it scribbled over is not to be trusted
}

int main(int argc, char **argv)
{
	for (unsigned int i = 0; argc == 4 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			return run(i, argv[2], argv[3]);
	fprintf(stderr, "usage: badguest WAY PREFIX TAP; WAY is one of");
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		fprintf(stderr, " %s", ways[i].name);
	fprintf(stderr, "\n");
	return 2;
}
