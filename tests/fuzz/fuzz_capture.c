// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A capture's ring with arbitrary bytes and positions: what is collected for the file lies in the
// ring, is whole blocks, and nothing else is touched. And the same ring as a replay's, whose
// packets a lane would copy: see fuzz_replay.c for files.

#include "base/hp_pcapng.h"
#include "capture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define SIZE 4096u
#define RINGS 2
#define TAPS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *ring_bytes(unsigned int r)
{
	static uint8_t *bytes[RINGS];
	int fd;

	if (bytes[r] == NULL) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		CHECK(ftruncate(fd, SIZE) == 0);
		bytes[r] = hp_stream_map(fd, 0, SIZE);
		CHECK(bytes[r] != NULL);
		close(fd);
	}
	return bytes[r];
}

static void check_batch(const struct hp_batch *batch, bool pcap)
{
	uint64_t bytes = 0, packets = 0;

	CHECK(batch->n <= HP_BATCH_VECTORS);
	for (int i = 0; i < batch->n; i++) {
		const uint8_t *at = batch->iov[i].iov_base;
		bool inside = false;

		bytes += batch->iov[i].iov_len;
		if (pcap && i % 2 == 0)
			continue; // a head of its own
		for (unsigned int r = 0; r < RINGS; r++)
			inside |= at >= ring_bytes(r) &&
				  at + batch->iov[i].iov_len <= ring_bytes(r) + 2 * SIZE;
		CHECK(inside);
	}
	CHECK(bytes == batch->bytes);
	for (unsigned int t = 0; t < TAPS; t++)
		packets += batch->of_tap[t];
	CHECK(packets == batch->packets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hp_pcap_packet heads[HP_BATCH_VECTORS / 2];
	static struct hp_stream_ctl ctl[RINGS];
	struct hp_stream rings[RINGS];
	struct hp_batch_bounds bounds = {.packets = UINT64_MAX};
	struct hp_batch batch;
	uint64_t positions[2 * RINGS];

	if (size < sizeof(positions) + 2)
		return 0;
	memcpy(positions, data, sizeof(positions));
	bounds.pcap = data[sizeof(positions)] & 1;
	bounds.bytes = 1 + data[sizeof(positions) + 1] * 16u;
	bounds.until_ns = data[sizeof(positions)] & 2 ? UINT64_MAX : 1000;
	data += sizeof(positions) + 2;
	size -= sizeof(positions) + 2;
	for (unsigned int r = 0; r < RINGS; r++) {
		hp_stream_open(&rings[r], ring_bytes(r), SIZE, &ctl[r]);
		rings[r].tail = positions[2 * r];
		// sometimes any head, mostly one that may be
		atomic_store(&ctl[r].head,
			data != NULL && size > 0 && data[0] == 255
				? positions[2 * r + 1]
				: rings[r].tail + positions[2 * r + 1] % SIZE / 4 * 4);
		for (size_t i = 0; i < size && i < SIZE; i++)
			rings[r].bytes[(rings[r].tail + i) % SIZE] = data[i];
	}
	batch.heads = heads;
	if (hp_batch_collect(&batch, rings, RINGS, TAPS, &bounds) == 0)
		check_batch(&batch, bounds.pcap);
	return 0;
}
