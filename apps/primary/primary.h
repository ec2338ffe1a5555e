// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-primary: the process that owns a group. This header is for the files of this folder; all of it
// but the lanes belongs to the control thread, which is the process's main thread.

#pragma once

#include "base/hp_config.h"
#include "base/hp_loop.h"
#include "group/hp_fingerprint.h"
#include "group/hp_lease.h"
#include "group/hp_locks.h"
#include "group/hp_pool.h"
#include "group/hp_port.h"
#include "guests.h"
#include "lane.h"
#include "totals.h"
#include "wiring.h"
#include "workers.h"

#include <limits.h>

/** A name of the patch table, whether its process lives or not. */
struct hp_client {
	bool used;
	char name[HP_NAME_MAX];
	int policy;
	int when_full;
	uint32_t window;
	int32_t slot; // of the live member, -1: absent
	bool stuck;
	bool worker; // its members are workers
	uint64_t joins; // processes of that name so far
	uint64_t stuck_count;
	struct hp_hop hop; // .n, .spread and .dest alone are filled
};

/** What the control thread keeps of a slot besides its lease. */
struct hp_primary_slot {
	uint8_t state; // enum hp_plan_slot_state
	uint8_t client; // index, if has_client
	bool has_client;
	bool deaf; // evicted, still there, and more was done about that
	bool source; // its function makes packets
	bool mail; // gets messages; hp_primary_publish() makes it so
	bool ended; // its packet loop has, and the process is about to
	uint64_t epoch; // last seen
	uint64_t epoch_us; // when it changed
	bool taps_stale; // a message about captures did not get through
	uint64_t taps_heard; // serial of the last one that it works by
};

enum hp_stop_phase {
	HP_STOP_NOT,
	HP_STOP_DRAIN, // no port is polled; what is out comes back
	HP_STOP_MEMBERS, // members have been told
	HP_STOP_DONE,
};

/** Rows of the memory plan: what the group takes, by what it is for. */
struct hp_memory_row {
	char name[48];
	uint64_t bytes;
};

struct hp_memory {
	struct hp_memory_row rows[2 * (HP_LANES_MAX + HP_WORKERS_MAX) + 8];
	uint32_t n;
	uint64_t bytes; // sum of the rows
	uint64_t page_size; // bytes
	uint64_t pages; // that EAL is told to take
};

struct hp_port_view;

struct hp_primary {
	struct hp_config *conf;
	char runtime_dir[HP_WIRE_PATH];
	char huge_dir[HP_WIRE_PATH]; // the group's own directory in the mount
	bool huge_dir_made;
	bool lock_held;
	bool eal_started;
	bool eal_stays; // a port's driver needs EAL's memory as long as the process lives
	bool iova_va;
	int lock_fd;
	uint64_t started_us;
	uint32_t restarts;

	struct hp_memory memory;
	struct hp_loop *loop;
	char *fingerprint; // of hp_fingerprint_take()
	struct hp_locks *locks;
	struct hp_group group;
	struct hp_leases *leases;
	struct hp_cli *cli;
	struct hp_ctl_server *ctl;
	struct hp_cli_session *terminal; // standard input, with --interactive
	char proposal[HP_NAME_MAX + 8]; // of completion

	uint32_t n_lanes;
	struct hp_pool pools[HP_LANES_MAX];
	struct hp_lane *lanes; // [n_lanes], cache aligned
	bool lanes_run;
	struct hp_mail_router *router; // lane 0's
	struct hp_mail_writer mail_out; // ours, as a member's
	struct hp_mail_reader mail_in;
	uint64_t mail_id; // of the last message that was sent

	struct hp_port ports[HP_PORTS_MAX]; // in the configuration's order
	struct hp_hop port_hops[HP_PORTS_MAX];
	uint32_t n_ports; // one more than the last index; hp_port_is_there() tells which are ports
	struct hp_port_totals before[HP_PORTS_MAX]; // counted before the port was attached
	struct hp_port_totals detached; // counted by ports that are no more
	uint32_t n_detached;
	struct hp_port_view *views; // [HP_PORTS_MAX]; NULL: nobody has looked yet
	rte_spinlock_t tx_locks[HP_PORTS_MAX][HP_LANES_MAX];
	struct hp_client clients[HP_CLIENTS_MAX];
	struct hp_workers workers;
	struct hp_primary_slot slots[HP_MEMBERS_MAX];
	struct hp_primary_guest guests[HP_GUESTS_MAX];
	uint64_t captures; // so far
	uint64_t tap_serial; // of the last message to workers about them
	struct hp_replay_totals replayed; // by replays that are gone
	struct hp_clock clock; // for time stamps; the control thread corrects it, lanes read it
	struct hp_timer *clock_timer;
	struct hp_stock *stock; // stock DPDK tools, see stock.c

	struct hp_plan *plan; // that the lanes work by
	uint64_t plan_version;
	bool forwarding;
	bool parked; // the lanes do nothing, see hp_primary_park()
	uint64_t nbport; // ports at most that --forward-mode wires
	struct rte_ether_addr peers[HP_PORTS_MAX]; // by DPDK's id: 'set eth-peer', all 0: none
	uint32_t wiring_changes; // of what hp_wiring_make() looks at besides ports and pairs
	uint32_t flush; // see hp_plan.flush

	struct hp_timer *stats_timer;
	struct hp_timer *watch_timer; // stuck and lying members
	struct hp_timer *locks_timer; // after a death in the middle of attaching
	struct hp_timer *drain_timer; // members that leave
	struct hp_timer *stop_timer;
	enum hp_stop_phase stop_phase;
	uint64_t stop_deadline_us;
	uint64_t evictions;
	uint64_t reclaim_us_max; // longest time from a death to everything being back
};

// eal.c
/** rte_eal_init() as the configuration wants it. Main thread, once. 0, -errno with @p err filled.
 */
int hp_primary_start_eal(struct hp_primary *primary, struct hp_err *err);

// start.c

/** Bring the group up. -errno with @p err filled; call hp_primary_fini() in any case. */
int hp_primary_init(
	struct hp_primary *primary, struct hp_config *conf, uint32_t restarts, struct hp_err *err);
/** Serve until it is told to stop. */
int hp_primary_run(struct hp_primary *primary, struct hp_err *err);
/** Begin to stop: drain, tell the members, then hp_primary_run() returns. */
void hp_primary_stop(struct hp_primary *primary);
/** Take everything down and remove every file. */
void hp_primary_fini(struct hp_primary *primary);

// place.c

/**
 * Take the group's directories and its lock, and make sure that its memory fits, waiting for what a
 * dead primary's processes still hold. hp_primary_fini() gives all of it back.
 * @return 0, or -errno with @p err filled.
 */
int hp_primary_take_place(struct hp_primary *primary, struct hp_err *err);

// console.c

/** Open the command line: on the group's socket, and wherever the configuration says. */
int hp_primary_open_console(struct hp_primary *primary, struct hp_err *err);
void hp_primary_close_console(struct hp_primary *primary);

// memory.c

/** What the configuration will take. @p page_size: of the huge-dir. */
void hp_memory_plan(struct hp_memory *memory, const struct hp_config *conf, uint64_t page_size);
/** Print it for --dry-run. */
void hp_memory_print(const struct hp_memory *memory, FILE *out);

// pools.c

/** The pool of a lane. @p name: where its name goes; it has to live as long as @p params. */
void hp_primary_pool_params(struct hp_pool_params *params, const struct hp_config *conf,
	uint32_t lane, char *name, size_t name_size);
/** The same for the pool of a worker queue. */
void hp_primary_worker_pool_params(struct hp_pool_params *params, const struct hp_config *conf,
	uint32_t queue, char *name, size_t name_size);

/** Make the pools of all lanes. @p base: the lowest address of an mbuf. 0 or -errno. */
int hp_primary_make_pools(struct hp_primary *primary, uintptr_t *base, struct hp_err *err);

// publish.c

/**
 * Make a plan of what the primary knows now and wait until all lanes work by it.
 * @return 0, -ENOMEM, -ETIMEDOUT (a lane does not turn: a driver that does not come back).
 */
int hp_primary_publish(struct hp_primary *primary);
/** Free the last plan; the lanes have ended. */
void hp_primary_free_plan(struct hp_primary *primary);

// commands_stats.c

/** A port number is another port's from now on: nothing of it is cleared. */
void hp_primary_forget_view(struct hp_primary *primary, uint32_t port);
void hp_primary_free_views(struct hp_primary *primary);

// ports.c

/** Open all ports of the configuration; pools are made. -errno with @p err filled. */
int hp_primary_open_ports(struct hp_primary *primary, struct hp_err *err);
void hp_primary_close_ports(struct hp_primary *primary);

/**
 * Take a port out of use: once this returns 0, no lane and no worker polls it or sends by it, and
 * none does until hp_primary_restore_port(). Packets for it are dropped and counted as "no-port".
 * The device is not touched. Blocks the control thread for a turn of the loops.
 *
 * @param port
 *   Index into primary->ports.
 * @return
 *   0; -ETIMEDOUT or -ENOMEM with @p err filled: who does not turn. Then it is in use as before.
 */
int hp_primary_withdraw_port(struct hp_primary *primary, uint32_t port, struct hp_err *err);
/** Use a port again, if its device is started. 0, -ETIMEDOUT or -ENOMEM with @p err filled. */
int hp_primary_restore_port(struct hp_primary *primary, uint32_t port, struct hp_err *err);

/**
 * Have the lanes do nothing until hp_primary_unpark(), so that the control thread may do what
 * touches their pools: drivers take mbufs when a port starts and free them when it is closed.
 * Milliseconds.
 * @return as hp_primary_publish(); unless 0, the lanes go on.
 */
int hp_primary_park(struct hp_primary *primary);
/** Go on, with a new plan. As hp_primary_publish(). */
int hp_primary_unpark(struct hp_primary *primary);

// hotplug.c

/**
 * Make a virtual device and a port of it, while packets flow. What fails leaves nothing behind.
 *
 * @param devargs
 *   "net_null1,size=64"
 * @param name
 *   Of the port; NULL: its device's.
 * @return
 *   Index into primary->ports, or -errno with @p err filled: which step, and why. -EAGAIN: a member
 *   attaches or has died doing so, try again in a moment.
 */
int hp_primary_attach_port(
	struct hp_primary *primary, const char *devargs, const char *name, struct hp_err *err);

/**
 * Take a port out of use, out of the patch table and out of DPDK, while packets flow.
 * @return
 *   0, or -errno with @p err filled, as above. After -ETIMEDOUT the port is as before.
 */
int hp_primary_detach_port(struct hp_primary *primary, uint32_t port, struct hp_err *err);

// tx_first.c

/**
 * Send bursts of a small frame out of each wired port, before forwarding starts. A port takes what
 * it takes. 0, or what hp_primary_park() says.
 */
int hp_primary_tx_first(struct hp_primary *primary, uint64_t bursts);

// quiesce.c

/** Let lanes finish their turn before EAL unmaps memory; after the lanes were made. */
void hp_primary_guard_memory(struct hp_primary *primary);
void hp_primary_unguard_memory(struct hp_primary *primary);

/** Wake the lanes that sleep: something that they work by is new. Any thread of the primary. */
void hp_primary_ring(const struct hp_primary *primary);

/** Wait until every lane has finished the turn that it is in. Any thread of the primary. */
void hp_primary_await_turn(const struct hp_primary *primary);

// stock.c

/** Look for stock DPDK tools that died, and clean up after them. -ENOMEM. */
int hp_primary_watch_stock(struct hp_primary *primary);
void hp_primary_unwatch_stock(struct hp_primary *primary);

/** Free a pool that a dead secondary process made. NULL is fine. */
void hp_stock_free_pool(struct rte_mempool *mp);

// stock_pdump.c

/** A dpdk-pdump, alive or dead, has its objects in the group's memory. */
bool hp_stock_pdump_is_there(void);

/** Free them; no callback may use them any more. */
void hp_stock_free_pdump(const struct hp_primary *primary);

// patches.c

/** Replace the patch of a source. Names as in hp_patch_conf. -errno with @p err filled. */
int hp_primary_patch(struct hp_primary *primary, const char *from, const char *const *to,
	uint32_t n_to, int spread, struct hp_err *err);
/** Add destinations to it, or make it. @p spread -1: as it is. */
int hp_primary_patch_more(struct hp_primary *primary, const char *from, const char *const *to,
	uint32_t n_to, int spread, struct hp_err *err);
/** Do packets of that source go to that destination? Names as users write them. */
bool hp_primary_is_patched(struct hp_primary *primary, const char *from, const char *to);
/** Remove the patch of a port, and the port from where others go. */
void hp_primary_unpatch_port(struct hp_primary *primary, uint32_t port);
/** Index of a client by name, -1 if there is none. */
int hp_primary_find_client(const struct hp_primary *primary, const char *name);
/** Add a client's name. Index or -ENOSPC. */
int hp_primary_add_client(struct hp_primary *primary, const char *name);
/** Index of a port by "NAME", its device or DPDK's number, -1 if there is none. */
int hp_primary_find_port(const struct hp_primary *primary, const char *name);

// mail.c

/** Make the router and the primary's own mailbox. 0 or -ENOMEM. */
int hp_primary_open_mail(struct hp_primary *primary);
void hp_primary_close_mail(struct hp_primary *primary);
/** Log and confirm what has come for the primary. */
void hp_primary_read_mail(struct hp_primary *primary);
/** What became of a message to one or all. */
struct hp_mail_result {
	uint32_t sent; // copies
	uint32_t delivered; // confirmed by their receivers
	uint32_t undelivered; // refused by a mailbox
	unsigned int reason; // enum hp_mail_reason of the last one
};

/**
 * Send a text, and wait a moment for its confirmations.
 * @return 0, -ENOBUFS: the lane does not turn; -EMSGSIZE.
 */
int hp_primary_send_mail(struct hp_primary *primary, struct hp_mail_addr to, const char *text,
	struct hp_mail_result *result);

// members.c

extern const struct hp_lease_events hp_primary_lease_events;
/** Start the timers that watch members. */
int hp_primary_watch(struct hp_primary *primary);
/** Evict a member; its loans stay out until it is dead. */
void hp_primary_show_out(struct hp_primary *primary, uint32_t slot, const char *why);
/** Mbufs that are out to a slot, over all lanes. */
uint32_t hp_primary_out(const struct hp_primary *primary, uint32_t slot);
