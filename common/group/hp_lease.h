// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The primary's end of the join protocol: listens on the group's socket, grants leases, knows who
// is a member, and hears of a member's death from the kernel, which closes its connection. One
// member attaches at a time, so that what an attaching member left half done when it died can be
// told. Everything here runs on the primary's control thread.

#pragma once

#include "base/hp_err.h"
#include "base/hp_loop.h"
#include "base/hp_wire.h"
#include "group/hp_group.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum hp_lease_state {
	HP_LEASE_FREE,
	HP_LEASE_WAITING, // said hello, waits for its turn to attach
	HP_LEASE_ATTACHING, // has its lease, is in rte_eal_init()
	HP_LEASE_READY,
	HP_LEASE_LEAVING, // lends are drained, then it may go
	HP_LEASE_EVICTED, // told to go, its connection is still open
	HP_LEASE_RELEASING, // dead; what it held is being taken back
};

/** A member as the primary knows it. */
struct hp_lease {
	enum hp_lease_state state;
	char name[HP_NAME_MAX];
	char role[HP_NAME_MAX];
	pid_t pid; // as the member sees itself; unique in the group
	pid_t peer_pid; // as the primary sees it, 0: in a PID namespace that it cannot see
	uid_t uid;
	uint32_t restarts; // by the member's own parent
	uint32_t lcores[HP_WIRE_LCORES];
	uint32_t n_lcores;
	uint64_t since_us; // monotonic time of the last change of state
	uint64_t order; // of its hello
	uint64_t incarnation; // counts the members that this slot has had
	int fd; // -1 when closed
};

/** What the primary does about members. All optional. */
struct hp_lease_events {
	/** May this one join? Return 0, or fill in refusal, exit code and text and return -errno.
	 */
	int (*admit)(void *arg, const struct hp_wire_hello *hello, struct hp_wire_refuse *refuse);
	/**
	 * A guest has come over @p fd, which is the callee's from now on. Its uid and its name
	 * among the members have been looked at.
	 */
	void (*guest)(void *arg, int fd, const struct hp_wire_guest *hello);
	/** A worker copies for captures as messages up to @p serial say. */
	void (*tapped)(void *arg, uint32_t slot, uint64_t serial);
	/** It is ready: lend to it. */
	void (*ready)(void *arg, uint32_t slot);
	/** It wants to leave: stop lending, and call hp_lease_let_go() when all is back. */
	void (*leaving)(void *arg, uint32_t slot);
	/**
	 * Its connection is closed: it is dead. Take everything back, then call hp_lease_release().
	 * @p attached: it had been ready.
	 */
	void (*gone)(void *arg, uint32_t slot, bool attached);
};

/** What every lease says. */
struct hp_lease_terms {
	char huge_dir[HP_WIRE_PATH];
	uint64_t base_virtaddr;
	bool iova_va;
	uint64_t dpdk_lcore_first; // first lcore id that may be leased
};

struct hp_leases;

/**
 * Begin to listen. The group's memory has to be there.
 * @param fingerprint
 *   Of hp_fingerprint_take(), kept by reference.
 * @return
 *   NULL with @p err filled.
 */
struct hp_leases *hp_leases_new(struct hp_loop *loop, struct hp_group *group,
	const char *runtime_dir, const struct hp_lease_terms *terms, const char *fingerprint,
	const struct hp_lease_events *events, void *arg, struct hp_err *err);

/** Close the socket and every connection, and remove the files. NULL is fine. */
void hp_leases_free(struct hp_leases *leases);

/** The member of a slot; .state is HP_LEASE_FREE where there is none. */
const struct hp_lease *hp_leases_get(const struct hp_leases *leases, uint32_t slot);

/** The slot of the live member of that name, UINT32_MAX if there is none. */
uint32_t hp_leases_find(const struct hp_leases *leases, const char *name);

/** Members that are connected. */
uint32_t hp_leases_count(const struct hp_leases *leases);

/** Say no to a guest in words; @p fd stays open. */
void hp_lease_refuse_guest(int fd, uint32_t code, int exit_code, const char *text);

/** Everything of a dead member is back: the slot, its name and its lcore ids are free. */
void hp_lease_release(struct hp_leases *leases, uint32_t slot);

/** Nothing is lent to a leaving member any more: tell it. */
void hp_lease_let_go(struct hp_leases *leases, uint32_t slot);

/**
 * Send a member that is ready or leaving a message, with descriptor @p passed unless it is -1.
 * @return 0, -ENOTCONN, -EAGAIN: it does not read; or what else sendmsg() says.
 */
int hp_lease_tell(
	struct hp_leases *leases, uint32_t slot, const struct hp_wire_hdr *hdr, int passed);

/** Tell a member to go. Its slot is free when it has gone. */
void hp_lease_evict(struct hp_leases *leases, uint32_t slot, const char *why);

/** Tell all members that the group ends, and take no new ones. */
void hp_leases_shutdown(struct hp_leases *leases);

/** True while a member attaches: EAL's locks may be its. */
bool hp_leases_attaching(const struct hp_leases *leases);
