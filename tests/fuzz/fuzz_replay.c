// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Arbitrary bytes as a file that hp-replay plays: truncated, huge lengths, other byte order,
// unknown blocks, compressed or not. What is read is a frame that fits, errors are words, and it
// ends.

#include "replay.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define PACKETS_MAX 70u // a byte of a file, played twice: gzip makes at most 1032 of it

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(struct hp_source *source, const struct hp_replay_opts *opts, uint64_t packets_max)
{
	struct hp_pace pace;
	struct hp_err err = {0};
	const uint8_t *packet;
	uint64_t ns, packets = 0;
	uint32_t len;
	bool first;
	int ret;

	hp_pace_start(&pace, opts, 1);
	while ((ret = hp_source_next(source, &packet, &len, &ns, &first, &err)) == 1) {
		uint64_t due = hp_pace_due(&pace, ns, len, first);
		uint8_t copy[HP_REPLAY_LEN_MAX];

		CHECK(len >= HP_REPLAY_LEN_MIN && len <= HP_REPLAY_LEN_MAX);
		memcpy(copy, packet, len); // all of it is there
		CHECK(copy[len - 1] == packet[len - 1]);
		CHECK(due >= pace.start_ns);
		CHECK(++packets <= packets_max);
	}
	CHECK((ret == 0) == (err.exit_code == 0));
	CHECK(ret == 0 || strlen(err.text) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[32], filter[] = "ip or ip6 or vlan";
	char *files[] = {path};
	struct hp_replay_opts opts = {.loop = 2, .speed = 1000, .files = files, .n_files = 1};
	struct hp_source source;
	struct hp_err err = {0};

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (size % 2 == 1)
		opts.filter = filter;
	if (hp_source_open(&source, &opts, &err) == 0)
		play(&source, &opts, PACKETS_MAX * size);
	else
		CHECK(err.exit_code == HP_EXIT_DATA);
	hp_source_close(&source);
	close(fd);
	return 0;
}
