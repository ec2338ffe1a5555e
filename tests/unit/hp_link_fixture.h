// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A pool and both ends of a link, in one process and without hugepages. For the unit test and the
// fuzz target of links.

#pragma once

#include "group/hp_eal.h"
#include "group/hp_link.h"

#include <stdbool.h>
#include <string.h>

#define FIXTURE_MBUFS 255
#define FIXTURE_WINDOW 64
#define FIXTURE_ROOM 512 // bytes of an mbuf's buffer

struct link_fixture {
	struct hp_config conf;
	struct hp_pool pool;
	struct hp_group group;
	struct hp_lender lender;
	struct hp_link link;
};

static inline bool fixture_eal(void)
{
	static struct hp_eal_args args; // EAL keeps pointers into it
	static const char *const words[] = {"test", "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "64", "--iova-mode=va", NULL};

	for (unsigned int i = 0; words[i] != NULL; i++)
		hp_eal_arg(&args, "%s", words[i]);
	return hp_eal_start(&args, NULL, NULL) == 0;
}

/** Both ends as a lane and a member have them when the member has just become ready. */
static inline void fixture_open(struct link_fixture *f)
{
	struct hp_link_shm *shm = hp_group_link(&f->group, 0, 0);

	memset(shm, 0, f->group.hdr->link_bytes);
	hp_lender_open(&f->lender, &f->group, 0, 0, FIXTURE_WINDOW);
	hp_link_open(&f->link, &f->group, 0, 0);
}

static inline bool fixture_init(struct link_fixture *f)
{
	struct hp_pool_params params = {
		.name = "fixture", .n = FIXTURE_MBUFS, .data_room = FIXTURE_ROOM};
	struct hp_err err = {0};

	memset(f, 0, sizeof(*f));
	f->conf.nb_cores = 1;
	f->conf.max_members = 2;
	f->conf.max_clients = 1;
	f->conf.window = FIXTURE_WINDOW;
	f->conf.burst = 32;
	if (hp_pool_create(&f->pool, &params, &err) < 0 ||
		hp_group_create(&f->group, &f->conf, f->pool.base) < 0 ||
		hp_lender_init(&f->lender, &f->group) < 0)
		return false;
	fixture_open(f);
	return true;
}

/** Lend a packet of @p len bytes; false if the window or the pool is at its end. */
static inline bool fixture_lend(struct link_fixture *f, uint16_t len)
{
	struct rte_mbuf *m;

	if (hp_lender_room(&f->lender) == 0)
		return false;
	m = rte_pktmbuf_alloc(f->pool.mp);
	if (m == NULL)
		return false;
	rte_pktmbuf_append(m, len);
	hp_lender_lend(&f->lender, f->group.hdr->mbuf_base, m, 1);
	hp_lender_publish(&f->lender);
	return true;
}

/** Lend a blank packet, as fixture_lend(). */
static inline bool fixture_lend_blank(struct link_fixture *f)
{
	struct rte_mbuf *m;

	if (hp_lender_room(&f->lender) == 0)
		return false;
	m = rte_pktmbuf_alloc(f->pool.mp);
	if (m == NULL)
		return false;
	hp_lender_lend_blank(&f->lender, f->group.hdr->mbuf_base, m);
	hp_lender_publish(&f->lender);
	return true;
}

/** Collect all there is and free it; the first error, or 0. */
static inline int fixture_collect(struct link_fixture *f, uint32_t *collected)
{
	struct hp_returned got;
	int ret;

	do {
		ret = hp_lender_collect(&f->lender, &f->pool, true, FIXTURE_WINDOW / 2, &got);
		rte_pktmbuf_free_bulk(got.pkts, got.n);
		if (collected != NULL)
			*collected += got.n;
	} while (ret == 0 && got.n > 0);
	return ret;
}
