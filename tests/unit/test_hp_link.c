// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Links and pools: what is lent comes back, once, whatever the borrower does.

#include "hp_link_test.h"

#include <rte_ether.h>

#include <errno.h>
#include <stdlib.h>

// An entry that no honest member writes.
static void write_entry(struct hp_return entry)
{
	f.link.returns[f.link.returned++ & f.link.mask] = entry;
	atomic_store(&f.link.shm->returned, f.link.returned);
}

static void every_mbuf_has_its_number(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FIXTURE_MBUFS; i++)
		assert_int_equal(hp_pool_index(&f.pool, hp_pool_mbuf(&f.pool, i)), i);
	assert_int_equal(hp_pool_index(&f.pool, hp_pool_mbuf(&f.pool, 0) + 1), UINT32_MAX);
	assert_int_equal(hp_pool_index(&f.pool, NULL), UINT32_MAX);
}

static void those_before_a_broken_header_are_accepted(void **state)
{
	const struct hp_verdict next[FIXTURE_WINDOW] = {{0}};
	struct hp_returned got;

	(void)state;
	for (uint16_t broken = 0; broken < FIXTURE_WINDOW; broken++) {
		lend(FIXTURE_WINDOW);
		assert_int_equal(take(FIXTURE_WINDOW), FIXTURE_WINDOW);
		pkts[broken]->data_off = FIXTURE_ROOM - 59;
		hp_link_return(&f.link, next, FIXTURE_WINDOW);
		assert_int_equal(hp_lender_collect(&f.lender, &f.pool, true, FIXTURE_WINDOW, &got),
			-EBADMSG);
		assert_int_equal(got.n, broken);
		assert_int_equal(got.bytes, 60 * broken);
		assert_memory_equal(got.pkts, pkts, broken * sizeof(pkts[0]));
		rte_pktmbuf_free_bulk(got.pkts, got.n);
		assert_int_equal(reopen(NULL), 0); // it is repaired, and all are back
	}
}

static void entries_about_what_is_not_out_are_refused(void **state)
{
	static const struct hp_return lies[] = {
		{.first = 1, .n = 1}, // one that was not next
		{.first = 100, .n = 1}, // never lent
		{.first = UINT16_MAX, .n = 1}, // handed back long ago
		{.first = 0, .n = 3}, // more than there are
		{.first = 0, .n = UINT16_MAX}, {.first = 0, .n = 0}, // none
	};

	(void)state;
	for (size_t i = 0; i < HP_LEN(lies); i++) {
		uint32_t collected = 0;

		lend(2);
		take(2);
		write_entry(lies[i]);
		assert_int_equal(fixture_collect(&f, &collected), -EBADMSG);
		assert_int_equal(collected, 0);
		assert_int_equal(hp_lender_reclaim(&f.lender, &f.pool), 2);
		assert_int_equal(hp_pool_in_use(&f.pool), 0);
		fixture_open(&f);
	}
}

static void a_packet_handed_back_twice_is_refused(void **state)
{
	const struct hp_verdict next = {0};
	uint32_t collected = 0;

	(void)state;
	lend(2);
	take(2);
	hand_back(next);
	write_entry((struct hp_return){.first = 0, .n = 1});
	assert_int_equal(fixture_collect(&f, &collected), -EBADMSG);
	assert_int_equal(collected, 1);
	assert_int_equal(hp_lender_reclaim(&f.lender, &f.pool), 1);
	assert_int_equal(hp_pool_in_use(&f.pool), 0);
}

static void a_counter_beyond_what_is_out_is_refused(void **state)
{
	(void)state;
	lend(3);
	atomic_store(&f.link.shm->returned, 4);
	assert_int_equal(fixture_collect(&f, NULL), -EBADMSG);
	atomic_store(&f.link.shm->returned, UINT32_MAX);
	assert_int_equal(fixture_collect(&f, NULL), -EBADMSG);
}

static void a_verdict_that_is_none_is_refused(void **state)
{
	(void)state;
	lend(1);
	take(1);
	hand_back((struct hp_verdict){.kind = HP_VERDICT_UNUSED + 1});
	assert_int_equal(fixture_collect(&f, NULL), -EBADMSG);
}

static void a_blank_packet_comes_back_filled_or_unused(void **state)
{
	const struct hp_verdict verdicts[] = {
		{.kind = HP_VERDICT_NEXT},
		{.kind = HP_VERDICT_UNUSED},
		{.kind = HP_VERDICT_NEXT},
	};
	struct hp_returned got;

	(void)state;
	assert_true(fixture_lend_blank(&f));
	assert_true(fixture_lend_blank(&f));
	lend(1);
	assert_int_equal(f.lender.blanks, 2);
	assert_int_equal(take(3), 3);
	assert_int_equal(rte_pktmbuf_pkt_len(pkts[0]), 0);
	assert_non_null(rte_pktmbuf_append(pkts[0], 80));
	hp_link_return(&f.link, verdicts, 3);
	assert_int_equal(hp_lender_collect(&f.lender, &f.pool, true, 8, &got), 0);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.made, 1);
	assert_int_equal(got.made_bytes, 80);
	assert_int_equal(got.unused, 1);
	assert_int_equal(got.hops[0], 1);
	assert_int_equal(f.lender.blanks, 0);
	rte_pktmbuf_free_bulk(got.pkts, got.n);
	assert_int_equal(hp_pool_in_use(&f.pool), 0);
}

static void a_blank_packet_without_a_frame_and_a_packet_that_is_no_blank_are_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		if (i < 2)
			assert_true(fixture_lend_blank(&f));
		else
			lend(1);
		assert_int_equal(take(1), 1);
		if (i == 1)
			rte_pktmbuf_append(pkts[0], RTE_ETHER_HDR_LEN - 1);
		hand_back((struct hp_verdict){.kind = i < 2 ? HP_VERDICT_NEXT : HP_VERDICT_UNUSED});
		assert_int_equal(fixture_collect(&f, NULL), -EBADMSG);
		assert_int_equal(hp_lender_reclaim(&f.lender, &f.pool), 1);
		assert_int_equal(f.lender.blanks, 0);
		assert_int_equal(hp_pool_in_use(&f.pool), 0);
		fixture_open(&f);
	}
}

static void blank_packets_of_a_dead_member_are_told_from_others(void **state)
{
	struct rte_mbuf *lent[6], *back[6];
	uint16_t n_blank;

	(void)state;
	for (int i = 0; i < 6; i++) { // blank, packet, blank, ...
		if (i % 2 == 0)
			assert_true(fixture_lend_blank(&f));
		else
			lend(1);
		lent[i] = f.lender.out[i];
	}
	assert_int_equal(hp_lender_take_back(&f.lender, &f.pool, back, 6, &n_blank), 6);
	assert_int_equal(n_blank, 3);
	for (int i = 0; i < 6; i++) {
		bool found = false;

		for (int k = i % 2 == 0 ? 3 : 0; k < (i % 2 == 0 ? 6 : 3); k++)
			found = found || back[k] == lent[i];
		assert_true(found);
	}
	assert_int_equal(f.lender.blanks, 0);
	rte_pktmbuf_free_bulk(back, 6);
}

static void a_broken_header_is_refused_and_repaired(void **state)
{
	const struct hp_verdict next = {0};

	(void)state;
	// Each write breaks what freeing or sending the mbuf would rely on.
	for (int field = 0; field < 10; field++) {
		struct rte_mbuf *m;

		lend(1);
		assert_int_equal(take(1), 1);
		m = pkts[0];
		switch (field) {
		case 0:
			m->pool = NULL;
			break;
		case 1:
			m->buf_addr = (char *)m->buf_addr + 64;
			break;
		case 2:
			m->data_off = FIXTURE_ROOM + 1;
			break;
		case 3:
			m->data_len = FIXTURE_ROOM;
			break;
		case 4:
			rte_mbuf_refcnt_set(m, 2);
			break;
		case 5:
			m->nb_segs = 2;
			break;
		case 6:
			m->next = m;
			break;
		case 7:
			rte_mbuf_iova_set(m, rte_mbuf_iova_get(m) + RTE_CACHE_LINE_SIZE);
			break;
		case 8:
			m->ol_flags |= RTE_MBUF_F_INDIRECT;
			break;
		default:
			m->pkt_len++;
			break;
		}
		hand_back(next);
		assert_int_equal(fixture_collect(&f, NULL), -EBADMSG);
		assert_int_equal(hp_lender_reclaim(&f.lender, &f.pool), 1);
		assert_int_equal(hp_pool_in_use(&f.pool), 0);
		fixture_open(&f);
	}
}

static void what_others_refer_to_is_not_lendable(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f.pool.mp), *clone = rte_pktmbuf_alloc(f.pool.mp);

	(void)state;
	assert_true(hp_pool_lendable(&f.pool, m));
	rte_pktmbuf_attach(clone, m);
	assert_false(hp_pool_lendable(&f.pool, m));
	assert_false(hp_pool_lendable(&f.pool, clone));
	rte_pktmbuf_free(clone);
	assert_true(hp_pool_lendable(&f.pool, m));
	m->pool = NULL; // another pool's
	assert_false(hp_pool_lendable(&f.pool, m));
	m->pool = f.pool.mp;
	rte_pktmbuf_free(m);
}

static void a_chain_comes_back_whole_from_the_dead(void **state)
{
	struct rte_mbuf *head, *last;

	(void)state;
	head = rte_pktmbuf_alloc(f.pool.mp);
	last = rte_pktmbuf_alloc(f.pool.mp);
	rte_pktmbuf_append(head, 100);
	rte_pktmbuf_append(last, 50);
	assert_int_equal(rte_pktmbuf_chain(head, last), 0);
	assert_false(hp_pool_lendable(&f.pool, head));
	assert_true(hp_pool_note_chain(&f.pool, head));
	hp_lender_lend(&f.lender, f.group.hdr->mbuf_base, head, 1);
	hp_lender_publish(&f.lender);
	head->next = NULL; // the borrower died in the middle of something
	head->nb_segs = 7;
	assert_int_equal(hp_lender_reclaim(&f.lender, &f.pool), 1);
	assert_int_equal(hp_pool_in_use(&f.pool), 0);
}

// Every member can write there; whoever has opened the group works by a copy.
static void a_scribbled_header_moves_nothing(void **state)
{
	const struct hp_link_shm *shm = hp_group_link(&f.group, 1, 0);
	const struct hp_slot *slot = hp_group_slot(&f.group, 1);
	uint32_t collected = 0;
	struct hp_group later = {0};

	(void)state;
	memset(f.group.shm, 0xff, sizeof(struct hp_group_hdr));
	assert_ptr_equal(hp_group_link(&f.group, 1, 0), shm);
	assert_ptr_equal(hp_group_slot(&f.group, 1), slot);
	assert_int_equal(f.group.hdr->max_clients, 1);
	hp_lender_open(&f.lender, &f.group, 0, 0, FIXTURE_WINDOW);
	lend(3);
	assert_int_equal(take(FIXTURE_WINDOW), 3);
	for (int i = 0; i < 3; i++)
		hand_back((struct hp_verdict){0});
	assert_int_equal(fixture_collect(&f, &collected), 0);
	assert_int_equal(collected, 3);

	for (size_t i = 0; i < sizeof(later.own); i += sizeof(uint32_t)) { // each number alone
		later.own = f.group.own;
		memset((uint8_t *)&later.own + i, 0xff, sizeof(uint32_t));
		if (i < offsetof(struct hp_group_hdr, generation) ||
			(i >= offsetof(struct hp_group_hdr, n_lanes) &&
				i < offsetof(struct hp_group_hdr, state)))
			assert_true(!hp_group_whole(&later.own, f.group.hdr->bytes) ||
				    i == offsetof(struct hp_group_hdr, version));
	}
	assert_true(hp_group_whole(f.group.hdr, f.group.hdr->bytes));
	assert_false(hp_group_whole(f.group.hdr, f.group.hdr->bytes - 1));
	hp_group_mend(&f.group); // the next member finds it whole
	hp_group_open(&later, f.group.shm);
	assert_memory_equal(&later.own, &f.group.own, sizeof(later.own));
}

static void a_member_works_by_its_lease_whatever_the_shared_header_says(void **state)
{
	struct hp_wire_lease lease = {0};
	struct hp_group member = {0};
	struct hp_err err = {0};

	(void)state;
	hp_group_lease(&f.group, &lease);
	assert_int_equal(hp_group_attach(&member, &lease, &err), 0);
	memset(f.group.shm, 0, sizeof(f.group.own));
	assert_int_equal(hp_group_attach(&member, &lease, &err), -ESTALE);
	assert_memory_equal(member.hdr, &f.group.own, sizeof(f.group.own));
	assert_ptr_equal(member.shm, f.group.shm);
	hp_group_mend(&f.group);
	assert_int_equal(hp_group_attach(&member, &lease, &err), 0);

	((struct hp_group_hdr *)lease.group)->version++;
	assert_int_equal(hp_group_attach(&member, &lease, &err), -EPROTO);
	((struct hp_group_hdr *)lease.group)->version--;
	((struct hp_group_hdr *)lease.group)->links_off++;
	assert_int_equal(hp_group_attach(&member, &lease, &err), -EPROTO);
}

// A borrower that does anything at all, for many lives.
static void no_lie_loses_an_mbuf(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int life = 0; life < 2000; life++) {
		int steps = rand_r(&seed) % 40;

		for (int step = 0; step < steps; step++) {
			uint32_t raw = (uint32_t)rand_r(&seed);
			struct hp_verdict verdict = {.kind = (uint8_t)(raw % 5)};
			uint16_t n;

			fixture_lend(&f, (uint16_t)(raw % 200));
			n = take(4);
			for (uint16_t i = 0; i < n; i++)
				hand_back(verdict);
			if (raw % 7 == 0)
				write_entry((struct hp_return){.first = (uint16_t)raw,
					.n = (uint16_t)(raw >> 16),
					.verdict = verdict});
			if (raw % 31 == 0)
				atomic_store(&f.link.shm->returned, raw >> 8);
			if (raw % 29 == 0 && n > 0)
				memset(pkts[0], (int)raw, sizeof(struct rte_mbuf));
			if (fixture_collect(&f, NULL) < 0)
				break; // shown out
		}
		hp_lender_reclaim(&f.lender, &f.pool);
		assert_int_equal(hp_pool_in_use(&f.pool), 0);
		fixture_open(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_mbuf_has_its_number, reopen),
		cmocka_unit_test_setup(those_before_a_broken_header_are_accepted, reopen),
		cmocka_unit_test_setup(entries_about_what_is_not_out_are_refused, reopen),
		cmocka_unit_test_setup(a_packet_handed_back_twice_is_refused, reopen),
		cmocka_unit_test_setup(a_counter_beyond_what_is_out_is_refused, reopen),
		cmocka_unit_test_setup(a_verdict_that_is_none_is_refused, reopen),
		cmocka_unit_test_setup(a_blank_packet_comes_back_filled_or_unused, reopen),
		cmocka_unit_test_setup(
			a_blank_packet_without_a_frame_and_a_packet_that_is_no_blank_are_refused,
			reopen),
		cmocka_unit_test_setup(blank_packets_of_a_dead_member_are_told_from_others, reopen),
		cmocka_unit_test_setup(a_broken_header_is_refused_and_repaired, reopen),
		cmocka_unit_test_setup(what_others_refer_to_is_not_lendable, reopen),
		cmocka_unit_test_setup(a_chain_comes_back_whole_from_the_dead, reopen),
		cmocka_unit_test_setup(a_scribbled_header_moves_nothing, reopen),
		cmocka_unit_test_setup(
			a_member_works_by_its_lease_whatever_the_shared_header_says, reopen),
		cmocka_unit_test_setup(no_lie_loses_an_mbuf, reopen),
	};

	return cmocka_run_group_tests_name("hp_link", tests, start, NULL);
}
