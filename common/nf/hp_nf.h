// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A network function: a member with links and a packet function. What hp-client and hp-worker have
// in common: options, the life of the function, joining, and the packet loop over the links.

#pragma once

#include "func/hp_func.h"
#include "group/hp_mailbox.h"
#include "group/hp_member.h"

/** What every network function can be told. */
struct hp_nf_opts {
	struct hp_member_conf member;
	char *function;
	struct hp_strlist set; // KEY=VALUE for the function
};

/** Rows of the option table of such a program; the table fills a struct hp_nf_opts. */
#define HP_NF_OPTS(default_name) \
	{"function", 'f', HP_OPT_STRING, HP_OPT_CLI, offsetof(struct hp_nf_opts, function), 1, \
		HP_NAME_MAX - 1, "io", NULL, "NAME", "Packets", \
		"What to do with packets: io, mac, macswap, 5tswap, csum, acl, rate, icmpecho, " \
		"noisy, rxonly, ttl; flowgen and txonly make packets.", \
		false}, \
		{"set", 's', HP_OPT_LIST, HP_OPT_CLI, offsetof(struct hp_nf_opts, set), 1, 1023, \
			NULL, NULL, "KEY=VALUE", "Packets", \
			"A setting of the function; repeatable. docs/functions.md lists them.", \
			false}, \
		HP_MEMBER_OPTS(struct hp_nf_opts, default_name), \
	{ \
		NULL \
	}

struct hp_nf;

/** A program of this kind. */
struct hp_nf_program {
	const char *name; // "hp-client"
	const char *role; // "client"
	const struct hp_opt_set *opts; // fills a struct hp_nf_opts
	bool own_pools; // a function that makes packets needs no blank ones on links
	/**
	 * After joining and before the packet loop. Optional.
	 * @return 0, or -errno with @p err filled.
	 */
	int (*open)(struct hp_nf *nf, struct hp_err *err);
	/** Once a turn of the packet loop: how many packets came by another way than links.
	 * Optional. */
	uint32_t (*turn)(struct hp_nf *nf);
	/** Verdicts of packets that came over a link, before they are handed back. Optional. */
	void (*verdicts)(
		struct hp_nf *nf, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n);
	/**
	 * A message of the primary's that is not about membership, on the control thread; as
	 * hp_member_conf.message. Optional.
	 */
	void (*message)(
		struct hp_nf *nf, struct hp_loop *loop, const union hp_wire_msg *msg, int passed);
	/** Undo open(). Optional. */
	void (*close)(struct hp_nf *nf);
};

/** A network function that runs; for the callbacks above. */
struct hp_nf {
	const struct hp_nf_program *program;
	struct hp_member *member;
	const struct hp_group *group;
	uint32_t slot;
	const struct hp_func *func;
	void *state; // func's
	void *extra; // the program's
	struct hp_mail_desk *desk; // where messages are answered between packets
};

/** All of main(). @return the exit code. */
int hp_nf_main(const struct hp_nf_program *program, int argc, char **argv);

/** The packet loop: until the member has to stop, then until everything is handed back. */
void hp_nf_loop(struct hp_nf *nf);
