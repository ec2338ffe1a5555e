// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Packet functions: what a client does with a burst. A function is one small file that fills a
// struct hp_func and registers it with HP_FUNC_REGISTER(). It never allocates or frees an mbuf: the
// packets are lent to it, and it says of each what is to become of it.

#pragma once

#include "base/hp_err.h"
#include "base/hp_opts.h"
#include "base/hp_verdict.h"

#include <rte_common.h>
#include <rte_mbuf.h>

#include <stdint.h>

struct hp_func {
	const char *name; ///< as in `--function NAME`
	const char *summary; ///< one line for --help
	const struct hp_opt
		*opts; ///< keys of `--set KEY=VALUE`, or NULL; offsets into the conf struct
	size_t conf_size; ///< bytes of that struct
	/**
	 * Make the state of one packet loop. Optional. May allocate the process's own memory, never
	 * the group's; may run before EAL starts, so that wrong settings are refused at once.
	 * @p conf lives as long as the state.
	 * @return 0 with *state set, or -errno with @p err filled (HP_EXIT_USAGE or
	 * HP_EXIT_CONFIG).
	 */
	int (*init)(void **state, const void *conf, int socket_id, struct hp_err *err);
	/** Free the state. Optional. */
	void (*fini)(void *state);
	/**
	 * Decide about a burst. Runs in the packet loop: no system call, no allocation, no log.
	 * @param verdicts
	 *   One a packet, all zero (HP_VERDICT_NEXT) on entry.
	 * @param n
	 *   1 to HP_BURST_MAX packets.
	 * @param now
	 *   rte_rdtsc() at the burst's start.
	 */
	void (*burst)(void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n,
		uint64_t now);
	/**
	 * For a function that makes packets: how many it wants to make now, at most @p max. It is
	 * lent blank ones then, of no byte, and fills them in burst(), with what is left in the
	 * state of what want() said; a verdict HP_VERDICT_UNUSED leaves one blank. NULL: it makes
	 * none.
	 */
	uint16_t (*want)(void *state, uint16_t max, uint64_t now);
};

/** Register a function; at file scope, once a file. Names must be unique. */
#define HP_FUNC_REGISTER(func) \
	RTE_INIT(hp_func_register_##func) \
	{ \
		hp_func_register(&func); \
	}

void hp_func_register(const struct hp_func *func);
/** NULL if there is none of that name. */
const struct hp_func *hp_func_find(const char *name);
/** The i-th function by name, NULL past the last. */
const struct hp_func *hp_func_get(unsigned int i);

#define HP_FUNC_MAX 64 // functions in one program; a constructor cannot allocate and fail

/**
 * Make a function's conf struct: its defaults, overridden by the words of `--set KEY=VALUE`.
 * A key that is no list may be given once.
 *
 * @param sets
 *   The words "KEY=VALUE" in the order of the command line; may be NULL or empty.
 * @return
 *   0 with *conf set (NULL for a function without options); -EINVAL or -ENOMEM with @p err filled
 *   (HP_EXIT_USAGE): the key, the value, what was expected.
 */
int hp_func_conf_new(
	const struct hp_func *func, const struct hp_strlist *sets, void **conf, struct hp_err *err);
/** Free it; NULL is fine. The state made from it goes first. */
void hp_func_conf_free(const struct hp_func *func, void *conf);
