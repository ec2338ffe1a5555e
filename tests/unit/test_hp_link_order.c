// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Links of honest members: all comes back in order, with its verdicts.

#include "hp_link_test.h"

#include <stdlib.h>

static void what_is_lent_comes_back_with_its_verdicts(void **state)
{
	struct hp_verdict verdicts[FIXTURE_WINDOW];
	struct hp_returned got;
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 1000; round++) { // wraps the rings many times
		uint16_t n, at = 0;

		lend(FIXTURE_WINDOW);
		assert_false(fixture_lend(&f, 60)); // the window is full
		n = take(FIXTURE_WINDOW);
		assert_int_equal(n, FIXTURE_WINDOW);
		for (uint16_t i = 0; i < n; i++) // runs of all lengths
			verdicts[i] = (struct hp_verdict){
				.kind = (uint8_t)(rand_r(&seed) % 8 == 0 ? HP_VERDICT_PORT : 0),
				.port = (uint16_t)(rand_r(&seed) % 2)};
		hp_link_return(&f.link, verdicts, n / 2);
		hp_link_return(&f.link, verdicts + n / 2, n / 2);
		while (at < n) {
			uint16_t max = (uint16_t)(1 + rand_r(&seed) % 40);

			assert_int_equal(hp_lender_collect(&f.lender, &f.pool, true, max, &got), 0);
			assert_int_equal(got.n, RTE_MIN(max, n - at));
			assert_int_equal(got.bytes, 60 * got.n);
			for (uint16_t i = 0; i < got.n; i++, at++) {
				assert_ptr_equal(got.pkts[i], pkts[at]);
				assert_int_equal(got.hops[i], 1);
				assert_memory_equal(
					&got.verdicts[i], &verdicts[at], sizeof(verdicts[0]));
			}
			rte_pktmbuf_free_bulk(got.pkts, got.n);
		}
		assert_false(hp_lender_pending(&f.lender));
	}
	assert_int_equal(hp_lender_out(&f.lender), 0);
	assert_int_equal(hp_pool_in_use(&f.pool), 0);
}

// What is out, in order.
struct expected {
	struct rte_mbuf *m[FIXTURE_WINDOW];
	uint8_t hops[FIXTURE_WINDOW];
	uint32_t head, tail;
};

static void expect(struct expected *e, struct rte_mbuf *m, uint8_t hops)
{
	e->m[e->head % FIXTURE_WINDOW] = m;
	e->hops[e->head++ % FIXTURE_WINDOW] = hops;
}

static void lend_a_burst(struct expected *e, unsigned int *seed)
{
	uint16_t n = (uint16_t)(1 + rand_r(seed) % 20);
	struct rte_mbuf *burst[20];
	uint8_t hops[20];
	bool first = rand_r(seed) % 2 == 0; // no client has seen it

	if (n > hp_lender_room(&f.lender))
		return;
	assert_int_equal(rte_pktmbuf_alloc_bulk(f.pool.mp, burst, n), 0);
	for (uint16_t i = 0; i < n; i++) {
		rte_pktmbuf_append(burst[i], 60);
		hops[i] = (uint8_t)(rand_r(seed) % 7);
		expect(e, burst[i], (uint8_t)(first ? 1 : hops[i] + 1));
	}
	assert_true(hp_pool_lendable_all(&f.pool, burst, n));
	hp_lender_lend_burst(&f.lender, f.group.hdr->mbuf_base, burst, first ? NULL : hops, n);
}

static void lend_a_chain(struct expected *e)
{
	struct rte_mbuf *burst[2];

	if (hp_lender_room(&f.lender) == 0)
		return;
	assert_int_equal(rte_pktmbuf_alloc_bulk(f.pool.mp, burst, 2), 0);
	rte_pktmbuf_append(burst[0], 40);
	rte_pktmbuf_append(burst[1], 20);
	assert_int_equal(rte_pktmbuf_chain(burst[0], burst[1]), 0);
	assert_false(hp_pool_lendable_all(&f.pool, burst, 1));
	assert_true(hp_pool_note_chain(&f.pool, burst[0]));
	hp_lender_lend(&f.lender, f.group.hdr->mbuf_base, burst[0], 3);
	expect(e, burst[0], 3);
}

static void collect_some(struct expected *e, unsigned int *seed)
{
	uint16_t max = (uint16_t)(1 + rand_r(seed) % 40);
	struct hp_returned got;

	assert_int_equal(
		hp_lender_collect(&f.lender, &f.pool, rand_r(seed) % 4 != 0, max, &got), 0);
	assert_int_equal(got.bytes, 60 * got.n);
	for (uint16_t i = 0; i < got.n; i++, e->tail++) {
		assert_ptr_equal(got.pkts[i], e->m[e->tail % FIXTURE_WINDOW]);
		assert_int_equal(got.hops[i], e->hops[e->tail % FIXTURE_WINDOW]);
	}
	rte_pktmbuf_free_bulk(got.pkts, got.n);
}

static void bursts_and_chains_come_back_in_order_with_their_hops(void **state)
{
	const struct hp_verdict next[FIXTURE_WINDOW] = {{0}};
	struct expected e = {0};
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) { // wraps the rings at every place
		switch (rand_r(&seed) % 8) {
		case 0:
			lend_a_chain(&e);
			break;
		case 1:
		case 2:
		case 3:
			lend_a_burst(&e, &seed);
			break;
		case 4:
			hp_lender_publish(&f.lender);
			hp_link_return(&f.link, next, take(FIXTURE_WINDOW));
			break;
		default:
			collect_some(&e, &seed);
		}
		assert_int_equal(hp_lender_out(&f.lender), e.head - e.tail);
	}
}

static void packets_with_one_verdict_are_one_entry(void **state)
{
	const struct hp_verdict next[FIXTURE_WINDOW] = {{0}};
	struct hp_returned got;

	(void)state;
	lend(FIXTURE_WINDOW);
	take(FIXTURE_WINDOW);
	hp_link_return(&f.link, next, FIXTURE_WINDOW);
	assert_int_equal(f.link.returned, 1);
	assert_int_equal(hp_lender_collect(&f.lender, &f.pool, true, 10, &got), 0);
	assert_true(got.all_next);
	rte_pktmbuf_free_bulk(got.pkts, got.n);
	assert_true(hp_lender_pending(&f.lender)); // the rest of the entry
	assert_int_equal(fixture_collect(&f, NULL), 0);
	assert_false(hp_lender_pending(&f.lender));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_lent_comes_back_with_its_verdicts, reopen),
		cmocka_unit_test_setup(
			bursts_and_chains_come_back_in_order_with_their_hops, reopen),
		cmocka_unit_test_setup(packets_with_one_verdict_are_one_entry, reopen),
	};

	return cmocka_run_group_tests_name("hp_link_order", tests, start, NULL);
}
