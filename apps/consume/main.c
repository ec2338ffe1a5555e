// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-consume: gets hugepages in each way that a pod has besides DPDK, touches them, and says what
// it got. For the overlay k8s/overlays/consume.

#include "base/hp_opts.h"
#include "consume.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_S UINT64_C(1000000)
#define DEFAULT_DIR "/hugepages" // where the manifests mount the volume

struct consume_opts {
	uint64_t size; // bytes, each way
	uint64_t page_size; // bytes
	uint64_t hold_us;
	char *huge_dir;
};

#define AT(field) .offset = offsetof(struct consume_opts, field)
// clang-format off
static const struct hp_opt opts[] = {
	{"size", 0, HP_OPT_SIZE, HP_OPT_CLI, AT(size), .min = 4096, .max = UINT64_C(1) << 40,
	 .def = "2MiB", .arg = "SIZE", .help = "Bytes to get in each way, whole pages."},
	{"page-size", 0, HP_OPT_SIZE, HP_OPT_CLI, AT(page_size), .min = 4096,
	 .max = UINT64_C(16) << 30, .def = "2MiB", .arg = "SIZE",
	 .help = "Size of a page; a file has that of its volume."},
	{"huge-dir", 0, HP_OPT_STRING, HP_OPT_CLI, AT(huge_dir), .min = 1, .max = 255,
	 .def = DEFAULT_DIR, .arg = "DIR", .help = "Where hugetlbfs is mounted."},
	{"hold", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(hold_us), .max = 86400 * US_PER_S, .def = "0",
	 .arg = "TIME", .help = "Keep all of it for so long, or until SIGTERM or SIGINT."},
	{NULL},
};
// clang-format on

static const struct hp_opt_set consume_opt_set = {
	.program = "hp-consume",
	.summary = "gets hugepages in each way that needs no DPDK, and says what it got",
	.usage = "[OPTIONS] [mmap|shm|file]...",
	.details = "mmap: anonymous memory. shm: a shared memory segment, for which the process "
		   "has to be in the node's vm.hugetlb_shm_group. file: a file of a hugetlbfs "
		   "volume. All three by default.",
	.opts = opts,
};

static bool asked(const struct consume_way *way, int n_words, char **words)
{
	for (int i = 0; i < n_words; i++)
		if (strcmp(words[i], way->name) == 0)
			return true;
	return n_words == 0;
}

static int check(const struct consume_opts *o, int n_words, char **words, struct hp_err *err)
{
	char quoted[HP_QUOTE_SIZE];

	if ((o->page_size & (o->page_size - 1)) != 0 || o->size % o->page_size != 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--size %" PRIu64 ", --page-size %" PRIu64
			": expected whole pages of a size that is a power of two",
			o->size, o->page_size);
	for (int i = 0; i < n_words; i++) {
		const struct consume_way *way = consume_ways;

		while (way->name != NULL && strcmp(way->name, words[i]) != 0)
			way++;
		if (way->name == NULL)
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"'%s': expected mmap, shm or file",
				hp_err_quote(quoted, sizeof(quoted), words[i]));
	}
	return 0;
}

static void hold(uint64_t hold_us)
{
	struct timespec time = {(time_t)(hold_us / US_PER_S), (long)(hold_us % US_PER_S * 1000)};
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	while (sigtimedwait(&ends, NULL, &time) < 0 && errno == EINTR)
		;
}

static int run(const struct consume_opts *o, int n_words, char **words, struct hp_err *err)
{
	struct consume_piece piece[3] = {0};
	int ret = check(o, n_words, words, err);
	unsigned int n = 0;

	for (const struct consume_way *way = consume_ways; ret == 0 && way->name != NULL; way++) {
		if (!asked(way, n_words, words))
			continue;
		ret = way->get(&piece[n], o->size, o->page_size, o->huge_dir, err);
		if (ret == 0)
			printf("%s: %zu bytes at %p in pages of %" PRIu64 " (%s)\n", way->name,
				piece[n].len, piece[n].addr, piece[n].page_size, way->what);
		n++;
	}
	fflush(stdout);
	if (ret == 0 && o->hold_us > 0)
		hold(o->hold_us);
	for (unsigned int i = 0; i < n; i++)
		consume_put(&piece[i]);
	return ret;
}

int main(int argc, char **argv)
{
	struct consume_opts o;
	struct hp_err err = {0};
	int words = 0, ret;

	if (hp_opts_defaults(&consume_opt_set, &o) < 0) {
		fprintf(stderr, "hp-consume: out of memory\n");
		return HP_EXIT_OTHER;
	}
	ret = hp_opts_parse_argv(&consume_opt_set, &o, argc, argv, NULL, &words, stdout, &err);
	if (ret == 0)
		run(&o, argc - words, argv + words, &err);
	if (err.exit_code != 0)
		fprintf(stderr, "hp-consume: %s\n", err.text);
	hp_opts_free(&consume_opt_set, &o);
	return err.exit_code;
}
