// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The join protocol on the wire: what a member and the primary say to each other on the group's
// SOCK_SEQPACKET socket, one message a packet. Only layout and checks; no I/O, no DPDK.
// docs/join-protocol.md has the sequence.

#pragma once

#include "base/hp_clock.h"
#include "base/hp_config.h"
#include "base/hp_err.h"
#include "base/hp_guest_shm.h"

#include <stddef.h>
#include <stdint.h>

#define HP_WIRE_MAGIC 0x6a507048u // "HpPj" in memory on a little-endian machine
#define HP_WIRE_VERSION 2u // raised whenever a message below changes
#define HP_WIRE_MAX 16384 // bytes of the largest message

#define HP_WIRE_TEXT 1024 // bytes with NUL of a sentence; struct hp_err has as many
#define HP_WIRE_PATH 256 // bytes with NUL of a path
#define HP_WIRE_CPUS 1024 // bits of a CPU set; CPU_SETSIZE of glibc
#define HP_WIRE_LCORES 16 // lcore ids that one member may lease
#define HP_WIRE_GROUP 128 // bytes of struct hp_group_hdr, the layout of the shared memory
#define HP_WIRE_LIBS 15360 // bytes with NUL of a fingerprint; Debian's DPDK 22.11 has 5 KiB

enum hp_wire_type {
	HP_WIRE_HELLO = 1, // member to primary: who I am
	HP_WIRE_PID_TAKEN, // primary to member: fork and say hello again
	HP_WIRE_REFUSE, // primary to member: no, and why
	HP_WIRE_LEASE, // primary to member: attach now
	HP_WIRE_READY, // member to primary: attached
	HP_WIRE_LEAVE, // member to primary: I want to go; lend me nothing more
	HP_WIRE_LEFT, // primary to member: nothing is lent to you any more
	HP_WIRE_SHUTDOWN, // primary to member: the group ends
	HP_WIRE_EVICT, // primary to member: you have to go, and why
	HP_WIRE_GUEST, // guest to primary, instead of hello: who I am
	HP_WIRE_WELCOME, // primary to guest: what the group has
	HP_WIRE_OFFER, // guest to primary: the memory that comes with this message
	HP_WIRE_OPENED, // primary to guest: your taps work
	HP_WIRE_TAPS, // primary to worker: copy for this capture, or no more
	HP_WIRE_TAPPED, // worker to primary: its packet loop does
};

enum hp_wire_refusal {
	HP_REFUSE_NAME_TAKEN = 1,
	HP_REFUSE_FULL,
	HP_REFUSE_LCORES,
	HP_REFUSE_UID,
	HP_REFUSE_DPDK,
	HP_REFUSE_FINGERPRINT,
	HP_REFUSE_STOPPING,
	HP_REFUSE_MALFORMED,
	HP_REFUSE_ROLE,
};

struct hp_wire_hdr {
	uint32_t magic;
	uint16_t version;
	uint16_t type; // enum hp_wire_type
	uint32_t length; // bytes of the whole message, this header included
	uint32_t zero;
};

struct hp_wire_hello {
	struct hp_wire_hdr hdr;
	char name[HP_NAME_MAX];
	char role[HP_NAME_MAX];
	char dpdk[64]; // rte_version()
	int32_t pid; // as the member sees it
	uint32_t n_lcores; // lcore ids wanted, 1 to HP_WIRE_LCORES
	uint32_t restarts; // by its own parent, see hp_supervise.h
	uint32_t zero;
	uint8_t cpus[HP_WIRE_CPUS / 8];
	char fingerprint[HP_WIRE_LIBS]; // text of hp_fingerprint_take()
};

struct hp_wire_lease {
	struct hp_wire_hdr hdr;
	uint64_t generation;
	uint32_t slot;
	uint32_t n_lcores;
	uint32_t lcores[HP_WIRE_LCORES];
	uint64_t base_virtaddr; // 0: EAL's default
	uint64_t huge_dev; // st_dev of huge_dir as the primary sees it
	uint64_t huge_ino;
	uint8_t iova_va; // 1: --iova-mode=va, 0: pa
	uint8_t single_file_segments;
	uint8_t legacy_mem;
	uint8_t zero[5];
	char huge_dir[HP_WIRE_PATH];
	uint8_t group[HP_WIRE_GROUP]; // hp_group_attach() checks it
};

struct hp_wire_refuse {
	struct hp_wire_hdr hdr;
	uint32_t refusal; // enum hp_wire_refusal
	uint32_t exit_code; // enum hp_exit
	char text[HP_WIRE_TEXT];
};

struct hp_wire_text {
	struct hp_wire_hdr hdr; // EVICT, SHUTDOWN
	char text[HP_WIRE_TEXT];
};

struct hp_wire_guest {
	struct hp_wire_hdr hdr;
	char name[HP_NAME_MAX];
	uint32_t kind; // enum hp_guest_kind
	int32_t pid; // as the guest sees it
};

/** A port or client that a guest may name. */
struct hp_wire_point {
	char name[HP_NAME_MAX];
	char device[HP_NAME_MAX]; // of a port, cut if it is longer; empty: a client
};

struct hp_wire_welcome {
	struct hp_wire_hdr hdr;
	uint64_t generation;
	uint32_t n_lanes; // rings that a capture has to have, and
	uint32_t n_queues; // of workers, as many again
	uint32_t n_points;
	uint32_t zero;
	struct hp_wire_point points[HP_PORTS_MAX + HP_CLIENTS_MAX]; // ports by number, then clients
};

struct hp_wire_offer {
	struct hp_wire_hdr hdr; // a descriptor comes with it
	uint64_t bytes; // of the memory
};

/** A capture's taps for a worker's queues. */
struct hp_wire_taps {
	struct hp_wire_hdr hdr; // a capture's memory comes with it, unless .bytes is 0
	uint64_t serial; // of this message, for the answer; they rise
	uint64_t capture; // its number in this generation; 0 with .bytes 0: all of them
	uint64_t bytes; // of the memory; 0: it has ended
	uint32_t n_rings;
	uint32_t first_ring; // of worker queue 0
	uint8_t ports[HP_GUEST_TAPS_MAX]; // port id of each of its taps, HP_WIRE_NO_PORT: none
	char names[HP_PORTS_MAX][HP_NAME_MAX]; // of ports, by id
	// What the lanes tell time by.
	struct hp_clock_line clock;
};

#define HP_WIRE_NO_PORT 0xffu

struct hp_wire_tapped {
	struct hp_wire_hdr hdr;
	uint64_t serial; // up to this one
};

union hp_wire_msg {
	struct hp_wire_hdr hdr;
	struct hp_wire_hello hello;
	struct hp_wire_lease lease;
	struct hp_wire_refuse refuse;
	struct hp_wire_text text;
	struct hp_wire_guest guest;
	struct hp_wire_welcome welcome;
	struct hp_wire_offer offer;
	struct hp_wire_taps taps;
	struct hp_wire_tapped tapped;
	uint8_t bytes[HP_WIRE_MAX];
};

/** Bytes of a message of that type, 0 for a type that is none. */
size_t hp_wire_size(uint16_t type);

/** Fill in the header. @p type has to be one of enum hp_wire_type. Zeroes nothing else. */
void hp_wire_init(struct hp_wire_hdr *hdr, uint16_t type);

/**
 * Check a message that came from another process: magic, version, type, length, terminated strings,
 * names and numbers in bounds. After 0 every field of the type can be used as it is.
 *
 * @param len
 *   Bytes received into @p msg.
 * @return
 *   0; -EPROTONOSUPPORT for another version; -EBADMSG for anything else, with @p err filled
 *   (HP_EXIT_PROTOCOL): what is wrong with it.
 */
int hp_wire_check(const union hp_wire_msg *msg, size_t len, struct hp_err *err);

/** True for a name of a member, client or port: [a-z0-9][a-z0-9._-]*, shorter than HP_NAME_MAX. */
bool hp_wire_name_ok(const char *name);
