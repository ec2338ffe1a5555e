// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A guest's end: joins a group without EAL and without a hugepage, makes the memory that
// hp_guest_shm.h describes, and hands it to the primary. One thread; it takes SIGTERM and SIGINT,
// which hp_guest_join() blocks, as messages. No DPDK.

#pragma once

#include "base/hp_config.h"
#include "base/hp_group_opts.h"
#include "base/hp_guest_shm.h"
#include "base/hp_wire.h"

#include <stdbool.h>
#include <stdint.h>

/** What every guest can be told; the option table of its program has HP_GUEST_OPTS. */
struct hp_guest_conf {
	char *file_prefix;
	char *runtime_dir;
	char *name;
	uint64_t wait_primary_us;
	int log_format;
	int log_level;
};

/** Rows of a guest's option table. @p owner: the program's struct, which has a member `guest`. */
#define HP_GUEST_OPTS(owner, default_name) \
	HP_GROUP_OPTS(owner, guest), \
		{.name = "name", \
			.type = HP_OPT_STRING, \
			.where = HP_OPT_CLI, \
			.offset = offsetof(owner, guest.name), \
			.min = 1, \
			.max = HP_NAME_MAX - 1, \
			.arg = "NAME", \
			.section = "Group", \
			.help = "Its name in the group; without, " default_name \
				" and random digits."}, \
		HP_LOG_OPTS(owner, guest)

#define HP_GUEST_FILTER_TEXT 131071 // characters: what an argument of a program can have
#define HP_GUEST_NETMASK 0u // for 'ip broadcast': to nobody or to everybody, as tcpdump -r takes it

/** A filter as pcap_compile() makes it. */
struct hp_guest_filter {
	const void *insns; // struct bpf_insn [n]
	uint32_t n; // 0: every packet
};

enum hp_guest_event {
	HP_GUEST_NOTHING,
	HP_GUEST_SIGNAL, // SIGTERM or SIGINT
	HP_GUEST_LEFT, // what hp_guest_leave() asked for: nothing is written any more
	HP_GUEST_SHUTDOWN, // the group ends
	HP_GUEST_EVICTED, // the primary's words are in .why
	HP_GUEST_LOST, // the primary is dead
};

struct hp_guest {
	int fd;
	int signal_fd;
	int kind; // enum hp_guest_kind
	struct hp_wire_welcome welcome;
	struct hp_guest_shm *shm; // NULL until hp_guest_make()
	uint64_t bytes; // of all the memory
	int mem_fd;
	struct hp_stream rings[HP_GUEST_RINGS_MAX]; // our end of each
	char why[HP_WIRE_TEXT];
};

/** Without --name: @p base and eight random digits, allocated. -ENOMEM. */
int hp_guest_default_name(struct hp_guest_conf *conf, const char *base);

/**
 * Wait for a primary and say hello: .welcome tells what the group has.
 * @return 0 or -errno with @p err filled. Call hp_guest_close() in any case.
 */
int hp_guest_join(struct hp_guest *guest, const struct hp_guest_conf *conf, enum hp_guest_kind kind,
	struct hp_err *err);

/**
 * The canonical name of a tap's port or client: a port may be given by number or device. Whether
 * there is such a worker queue.
 * @return 0, or -ENOENT with @p err filled: the group has none of that name.
 */
int hp_guest_resolve(const struct hp_guest *guest, struct hp_tap *tap, struct hp_err *err);

/** Make the memory: @p n_rings rings of @p ring_bytes, all of it there and paid for. */
int hp_guest_make(
	struct hp_guest *guest, uint32_t n_rings, uint64_t ring_bytes, struct hp_err *err);

/** Add a tap before hp_guest_open(). -ENOSPC with @p err filled: too many, or too long a filter. */
int hp_guest_add_tap(struct hp_guest *guest, const struct hp_tap *tap, uint32_t snaplen,
	const struct hp_guest_filter *filter, struct hp_err *err);

/** Hand the memory over; the taps work when this returns 0. */
int hp_guest_open(struct hp_guest *guest, struct hp_err *err);

/** Wait up to @p timeout_ms for something to happen. */
enum hp_guest_event hp_guest_poll(struct hp_guest *guest, int timeout_ms);

/** Ask for the end; HP_GUEST_LEFT says when. */
void hp_guest_leave(struct hp_guest *guest);

/** Sums of a tap over all lanes. */
struct hp_guest_sum {
	uint64_t seen, captured, lost;
};
void hp_guest_count(const struct hp_guest *guest, uint32_t tap, struct hp_guest_sum *sum);

/** Close the connection; the memory stays. */
void hp_guest_disconnect(struct hp_guest *guest);

/** Close the connection and give the memory back. */
void hp_guest_close(struct hp_guest *guest);
