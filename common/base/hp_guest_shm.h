// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a guest shares with the primary, and by way of it with workers. A guest is a process that
// belongs to the group and maps none of its memory: a capture, a replay. It makes ordinary memory
// (a memfd, which its own cgroup pays for), seals it against shrinking, and hands it over on the
// join socket; the primary passes a capture's on to each worker. Nothing of the group lies in it:
// whatever a guest writes there, and whenever it dies, costs packets of its own alone. No pointer
// in it; each cache line has one writer, named in its comment. No DPDK.

#pragma once

#include "base/hp_stream.h"
#include "base/hp_tap.h"

#include <stdatomic.h>
#include <stdint.h>

#define HP_GUEST_MAGIC 0x7473657567706868ull
#define HP_GUEST_VERSION 2u
#define HP_GUESTS_MAX 16 // guests of a group at once
#define HP_GUEST_RINGS_MAX 32 // one a lane, one a worker queue
#define HP_GUEST_TAPS_MAX 64 // of one guest
#define HP_GUEST_INSNS_MAX 16384 // of all its filters; libpcap's own limit for one is 4096
#define HP_GUEST_FILTER_MAX 4096 // instructions of one filter: what a packet can cost at most
#define HP_GUEST_RING_MIN (1u << 19) // bytes: some of the largest packets
#define HP_GUEST_RING_MAX (1u << 30)
#define HP_GUEST_BYTES_MAX (2ull << 30) // of all
#define HP_GUEST_SNAPLEN_MAX 262144 // as in tcpdump and dumpcap: everything

enum hp_guest_kind {
	HP_GUEST_CAPTURE = 1, // the group writes the rings: a lane's, then a worker queue's
	HP_GUEST_REPLAY, // the guest writes the ring, there is one
};

/** A BPF instruction, laid out as struct bpf_insn of libpcap. */
struct hp_guest_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

/** What the guest wants with a tap. */
struct hp_guest_tap {
	struct hp_tap tap;
	uint32_t snaplen; // bytes of a packet that are copied
	uint32_t filter; // first instruction in insns
	uint32_t n_insns; // 0: every packet
};

/** Of one tap in one ring. */
struct hp_guest_count {
	_Atomic uint64_t seen; // packets that came by, before the filter
	_Atomic uint64_t captured; // copied; a replay: put in
	_Atomic uint64_t
		lost; // that the filter took and the ring had no room for; a replay: dropped
	_Atomic uint64_t gap; // lost since the last one that was copied: for the ring's next writer
};

/** The memory's beginning; rings of ring_bytes each follow at rings_off. */
struct hp_guest_shm {
	// guest: wo, before it is handed over; primary: reads it once, into a copy of its own
	uint64_t magic;
	uint32_t version;
	uint32_t kind; // enum hp_guest_kind
	uint32_t n_rings;
	uint32_t n_taps;
	uint64_t ring_bytes; // a power of two, whole pages
	uint64_t rings_off; // whole pages
	struct hp_guest_tap taps[HP_GUEST_TAPS_MAX];
	struct hp_guest_insn insns[HP_GUEST_INSNS_MAX];

	// as hp_stream.h says
	struct hp_stream_ctl rings[HP_GUEST_RINGS_MAX];

	// the ring's writer: wo; guest: ro. A replay: the lane
	struct hp_guest_count counts[HP_GUEST_RINGS_MAX][HP_GUEST_TAPS_MAX]
		__attribute__((aligned(HP_STREAM_LINE)));
};

/** A packet in a replay's ring; its bytes follow, filled up to a multiple of 8. */
struct hp_guest_packet {
	uint32_t len; // bytes
	uint32_t zero;
};

/** Bytes of a packet in a replay's ring. */
static inline uint32_t hp_guest_packet_bytes(uint32_t len)
{
	return (uint32_t)sizeof(struct hp_guest_packet) + ((len + 7) & ~7u);
}
