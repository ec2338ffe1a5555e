// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Making packets: UDP over IPv4 with right checksums, in one flow or in many, at a pace. What the
// functions txonly and flowgen have in common.

#pragma once

#include "func/hp_func.h"

#define HP_GEN_MIN 60 // bytes of a frame without its FCS
#define HP_GEN_MAX 9000
#define HP_GEN_FLOWS_MAX 65536 // a flow is a destination address of 198.19.0.0/16

/** Settings of such a function. */
struct hp_gen_conf {
	uint64_t length; // bytes of a frame without its FCS
	uint64_t pps; // packets a second; 0: as many as go
	uint64_t count; // packets in all; 0: no end
	uint64_t flows;
	char *dst; // MAC address, NULL: 02:00:00:00:00:02
};

/** Rows of the table of settings that both have. */
#define HP_GEN_OPTS \
	{.name = "length", \
		.type = HP_OPT_UINT, \
		.where = HP_OPT_CLI, \
		.offset = offsetof(struct hp_gen_conf, length), \
		.min = HP_GEN_MIN, \
		.max = HP_GEN_MAX, \
		.def = "64", \
		.arg = "BYTES", \
		.help = "Of a frame without its FCS; more than an mbuf holds is dropped as " \
			"function."}, \
		{.name = "pps", \
			.type = HP_OPT_UINT, \
			.where = HP_OPT_CLI, \
			.offset = offsetof(struct hp_gen_conf, pps), \
			.max = 1000000000, \
			.def = "0", \
			.arg = "N", \
			.help = "Packets a second; 0: as many as there are " \
				"mbufs for."}, \
		{.name = "count", \
			.type = HP_OPT_UINT, \
			.where = HP_OPT_CLI, \
			.offset = offsetof(struct hp_gen_conf, count), \
			.max = UINT64_MAX / 2, \
			.def = "0", \
			.arg = "N", \
			.help = "Packets in all; 0: no end."}, \
	{ \
		.name = "dst", .type = HP_OPT_STRING, .where = HP_OPT_CLI, \
		.offset = offsetof(struct hp_gen_conf, dst), .max = 17, .arg = "MAC", \
		.help = "Destination MAC address; default 02:00:00:00:00:02." \
	}

/** The callbacks of such a function; the state is hp_gen_init()'s. */
int hp_gen_init(void **state, const void *conf, int socket_id, struct hp_err *err);
void hp_gen_fini(void *state);
uint16_t hp_gen_want(void *state, uint16_t max, uint64_t now);
void hp_gen_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now);
