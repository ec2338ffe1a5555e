// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Packet functions as a client runs them, for tests: settings, state, one packet at a time. A real
// EAL without hugepages gives the clock and port 0, a net_null.

#pragma once

#include "func/hp_func.h"

/** A function with its settings, ready to run. */
struct run {
	const struct hp_func *func;
	void *conf, *state;
};

/** Start EAL; fixtures of a cmocka group. */
int run_start_eal(void **state);
int run_stop_eal(void **state);

/** As a client starts a function; -errno with @p err filled. */
int run_try(struct run *run, const char *name, char **sets, uint32_t n, struct hp_err *err);
/** With up to two settings (or NULL), which are right: if not, the test fails. */
struct run run_new(const char *name, const char *set1, const char *set2);
void run_free(struct run *run);

/** A burst of one. */
struct hp_verdict run_one(struct run *run, struct rte_mbuf *m);
