// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Memory that goes away under a lane. A stock capture tool (dpdk-dumpcap) takes its callback off a
// port and frees its pool at once, and EAL unmaps the pages in the primary, while a lane that lost
// its CPU may still be in the middle of that callback. EAL asks before it unmaps: then every lane
// finishes its turn first. Where EAL keeps the pages, the same holds by the answer that the tool
// gets when its callback is off: it goes out after that turn.

#include "base/hp_log.h"
#include "base/hp_time.h"
#include "primary.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("quiesce");

#define CALLBACK_NAME "hugepod_lanes"
#define PDUMP_MESSAGES "mp_pdump" // of librte_pdump, in every release
#define TURN_WITHIN_US 2000000 // a lane without a CPU for that long is stopped on purpose

// Whose lanes; process-wide as the function below is. Set while they run.
static _Atomic(const struct hp_primary *) guarded;

void hp_primary_ring(const struct hp_primary *primary)
{
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		hp_idle_ring(&primary->lanes[l].bell);
}

void hp_primary_await_turn(const struct hp_primary *primary)
{
	uint64_t deadline = hp_now_us() + TURN_WITHIN_US;
	uint64_t before[HP_LANES_MAX];

	for (uint32_t l = 0; l < primary->n_lanes; l++)
		before[l] = hp_counted(&primary->lanes[l].turns);
	hp_primary_ring(primary);
	for (uint32_t l = 0; l < primary->n_lanes; l++)
		while (atomic_load(&primary->lanes[l].running) &&
			hp_counted(&primary->lanes[l].turns) == before[l] && hp_now_us() < deadline)
			usleep(20);
}

// EAL's own thread: it must not touch what belongs to the control thread.
static void before_unmap(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)addr;
	(void)len;
	if (event == RTE_MEM_EVENT_FREE)
		hp_primary_await_turn(arg);
}

// librte_pdump answers a tool by this function, found here before librte_eal's own.
int rte_mp_reply(struct rte_mp_msg *msg, const char *peer)
{
	static int (*real)(struct rte_mp_msg *, const char *);
	const struct hp_primary *primary = atomic_load(&guarded);

	if (primary != NULL && strcmp(msg->name, PDUMP_MESSAGES) == 0)
		hp_primary_await_turn(primary);
	if (real == NULL)
		real = dlsym(RTLD_NEXT, "rte_mp_reply");
	return real != NULL ? real(msg, peer) : -1;
}

void hp_primary_guard_memory(struct hp_primary *primary)
{
	atomic_store(&guarded, primary);
	if (rte_mem_event_callback_register(CALLBACK_NAME, before_unmap, primary) < 0)
		HP_LOG(WARNING, "memory events: %s: a capture tool that ends may crash the primary",
			rte_strerror(rte_errno));
}

void hp_primary_unguard_memory(struct hp_primary *primary)
{
	atomic_store(&guarded, NULL);
	rte_mem_event_callback_unregister(CALLBACK_NAME, primary);
}
