// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Worker queues of two net_null ports, and two packet loops that take turns on them.

#include "group/hp_pool.h"
#include "group/hp_port.h"
#include "group/hp_wq.h"
#include "hp_link_fixture.h"
#include "hp_test.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include <stdlib.h>

#define QUEUES 2
#define MBUFS 255
#define CACHE 64
#define A 0 // holders
#define B 1

struct fixture {
	struct hp_config conf;
	struct hp_group group;
	struct hp_pool pools[QUEUES];
	struct hp_port ports[2];
	struct hp_wq_conf wq;
	struct hp_wq_loop loops[2];
	uint64_t serial;
};

static void open_port(struct fixture *f, unsigned int i)
{
	char name[] = "p0", devargs[] = "net_null0";
	struct hp_port_conf conf = {.name = name, .devargs = devargs};
	struct hp_wq_port *wp = &f->wq.ports[f->wq.n_ports++];
	struct hp_err err = {0};

	name[1] = (char)('0' + i);
	devargs[8] = (char)('0' + i);
	if (hp_port_open_for_workers(&f->ports[i], &conf, f->pools, QUEUES, 1, &err) < 0)
		fail_msg("%s", err.text);
	wp->port_id = f->ports[i].port_id;
	wp->pair = i == 0 ? (uint8_t)(wp->port_id + 1) : (uint8_t)(wp->port_id - 1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct hp_err err = {0};

	assert_non_null(f);
	assert_true(fixture_eal());
	f->conf.nb_cores = 1;
	f->conf.max_members = 2;
	f->conf.max_clients = 1;
	f->conf.window = 32;
	f->conf.burst = 16;
	f->conf.workers = QUEUES;
	for (unsigned int q = 0; q < QUEUES; q++) {
		struct hp_pool_params params = {
			.name = q == 0 ? "wq0" : "wq1",
			.n = MBUFS,
			.data_room = 512,
			.cache = CACHE,
		};

		if (hp_pool_create(&f->pools[q], &params, &err) < 0)
			fail_msg("%s", err.text);
		f->wq.pools[q] = (uintptr_t)f->pools[q].mp;
	}
	assert_int_equal(hp_group_create(&f->group, &f->conf, f->pools[0].base), 0);
	open_port(f, 0);
	open_port(f, 1);
	f->wq.n_queues = QUEUES;
	f->wq.txq_first = 1;
	for (unsigned int i = 0; i < 2; i++)
		hp_wq_open(&f->loops[i], &f->group, &f->wq, (uint8_t)i);
	atomic_store(&hp_group_wq(&f->group)->forwarding, 1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 2; i++)
		hp_port_close(&f->ports[i]);
	hp_group_destroy(&f->group);
	for (unsigned int q = 0; q < QUEUES; q++)
		hp_pool_destroy(&f->pools[q]);
	free(f);
	return 0;
}

static void say(struct fixture *f, unsigned int q, uint8_t holder, uint8_t from)
{
	struct hp_wq_shm *shm = hp_group_wq(&f->group);

	atomic_store(&shm->queues[q].grant, ++f->serial << 16 | (uint64_t)from << 8 | holder);
	atomic_fetch_add(&shm->changes, 1);
}

static uint64_t sum_of(struct fixture *f, unsigned int q, size_t field)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < 2; i++) {
		const struct hp_port_counters *c =
			hp_wq_counters(&f->group, q, f->ports[i].port_id);

		n += hp_counted((const _Atomic uint64_t *)(const void *)((const char *)c + field));
	}
	return n;
}

#define RX(f, q) sum_of(f, q, offsetof(struct hp_port_counters, rx_packets))
#define TX(f, q) sum_of(f, q, offsetof(struct hp_port_counters, tx_packets))
#define DROPS(f, q, reason) \
	sum_of(f, q, offsetof(struct hp_port_counters, drops) + (reason) * sizeof(uint64_t))

static uint32_t in_ring(const struct fixture *f, unsigned int q)
{
	return rte_ring_count(f->pools[q].mp->pool_data);
}

static void a_queue_is_polled_by_its_holder_alone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(hp_wq_turn(&f->loops[A], 0) + hp_wq_turn(&f->loops[B], 0), 0);
	say(f, 0, A, HP_WQ_NOBODY);
	say(f, 1, B, HP_WQ_NOBODY);
	assert_int_equal(hp_wq_turn(&f->loops[A], 0), 2 * 2 * 16); // two ports, two bursts
	assert_int_equal(RX(f, 0), 64);
	assert_int_equal(RX(f, 1), 0);
	assert_int_equal(TX(f, 0), 64);
	assert_int_equal(hp_wq_turn(&f->loops[B], 0), 64);
	assert_int_equal(RX(f, 1), 64);
	atomic_store(&hp_group_wq(&f->group)->forwarding, 0);
	assert_int_equal(hp_wq_turn(&f->loops[A], 0), 0);
	atomic_store(&hp_group_wq(&f->group)->forwarding, 1);
}

static void who_is_told_to_let_go_gives_back_what_its_cache_holds_and_says_so(void **state)
{
	struct fixture *f = *state;
	struct hp_wq_shm *shm = hp_group_wq(&f->group);

	assert_true(in_ring(f, 0) < MBUFS); // some are in this lcore's cache
	say(f, 0, HP_WQ_NOBODY, A);
	assert_int_not_equal(atomic_load(&shm->queues[0].let_go), f->serial);
	hp_wq_turn(&f->loops[B], 0); // another one's turn says nothing
	assert_int_not_equal(atomic_load(&shm->queues[0].let_go), f->serial);
	assert_int_equal(hp_wq_turn(&f->loops[A], 0), 0);
	assert_int_equal(atomic_load(&shm->queues[0].let_go), f->serial);
	assert_int_equal(in_ring(f, 0), MBUFS);
	say(f, 0, B, HP_WQ_NOBODY);
	assert_int_equal(hp_wq_turn(&f->loops[B], 0), 128);
	assert_int_equal(hp_wq_turn(&f->loops[A], 0), 0);
}

// One that has been granted a queue and did not see it yet has to answer, too.
static void who_is_told_to_let_go_before_it_saw_the_grant_says_so(void **state)
{
	struct fixture *f = *state;
	struct hp_wq_shm *shm = hp_group_wq(&f->group);

	say(f, 1, HP_WQ_NOBODY, B);
	hp_wq_turn(&f->loops[B], 0);
	say(f, 1, A, HP_WQ_NOBODY);
	say(f, 1, HP_WQ_NOBODY, A);
	assert_int_equal(hp_wq_turn(&f->loops[A], 0), 0);
	assert_int_equal(atomic_load(&shm->queues[1].let_go), f->serial);
}

static void every_third(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	struct fixture *f = state;

	(void)pkts;
	(void)now;
	for (uint16_t i = 0; i < n; i++) {
		if (i % 4 == 0)
			verdicts[i] = hp_verdict_drop(HP_DROP_ACL);
		else if (i % 4 == 1)
			verdicts[i] = (struct hp_verdict){
				.kind = HP_VERDICT_PORT, .port = f->ports[0].port_id};
		else if (i % 4 == 2)
			verdicts[i] = (struct hp_verdict){.kind = HP_VERDICT_PORT, .port = 999};
	}
}

static void every_packet_is_sent_or_counted_with_its_reason(void **state)
{
	struct fixture *f = *state;
	uint64_t rx = RX(f, 1), tx = TX(f, 1);

	say(f, 1, A, HP_WQ_NOBODY);
	f->loops[A].func = every_third;
	f->loops[A].state = f;
	assert_int_equal(hp_wq_turn(&f->loops[A], 0), 64);
	f->loops[A].func = NULL;
	assert_int_equal(RX(f, 1) - rx, 64);
	assert_int_equal(DROPS(f, 1, HP_DROP_ACL), 16);
	assert_int_equal(DROPS(f, 1, HP_DROP_NO_PORT), 16);
	assert_int_equal(TX(f, 1) - tx, 32);
}

static void how_long_nobody_looked_is_written_down(void **state)
{
	struct fixture *f = *state;
	struct hp_wq_gaps *gaps = &hp_group_wq(&f->group)->queues[1].gaps;
	const uint64_t age = 1000000000;
	uint64_t then = rte_rdtsc() - age;

	hp_wq_turn(&f->loops[A], then);
	f->loops[A].gap[1] = 0; // the tests before had no clock
	atomic_store(&gaps->max, 0);
	hp_wq_turn(&f->loops[A], then + 7000);
	hp_wq_turn(&f->loops[A], then + 7500);
	assert_int_equal(hp_counted(&gaps->max), 7000);
	assert_int_equal(hp_counted(&gaps->takeovers), 0);
	// A dies. The next one may have begun its turn before it saw the grant.
	f->loops[A].held = 0;
	say(f, 1, B, HP_WQ_DEAD);
	hp_wq_turn(&f->loops[B], then + 7600);
	assert_int_equal(hp_counted(&gaps->takeovers), 1);
	assert_true(hp_counted(&gaps->takeover) >= age - 7500);
	assert_int_equal(hp_counted(&gaps->takeover_max), hp_counted(&gaps->takeover));
	assert_int_equal(hp_counted(&gaps->max), hp_counted(&gaps->takeover));
	// From one that lives.
	hp_wq_turn(&f->loops[B], rte_rdtsc());
	say(f, 1, HP_WQ_NOBODY, B);
	hp_wq_turn(&f->loops[B], rte_rdtsc());
	say(f, 1, A, HP_WQ_NOBODY);
	hp_wq_turn(&f->loops[A], rte_rdtsc());
	assert_int_equal(hp_counted(&gaps->takeovers), 1);
	assert_in_range(hp_counted(&gaps->handover_max), 1, age - 7501);
}

// As a process leaves it that is killed with packets in its hands, in the middle of the ring's and
// of the cache's own arithmetic.
static void the_pool_of_a_dead_holder_is_made_whole(void **state)
{
	struct fixture *f = *state;
	struct rte_mempool *mp = f->pools[1].mp;
	struct rte_mempool_cache *cache = rte_mempool_default_cache(mp, rte_lcore_id());
	struct rte_ring *ring = mp->pool_data;
	struct rte_mbuf *all[MBUFS];
	bool seen[MBUFS] = {false};

	assert_int_equal(rte_pktmbuf_alloc_bulk(mp, all, 50), 0);
	all[0]->next = all[1]; // and headers that it was writing
	all[2]->data_off = 60000;
	rte_mbuf_refcnt_set(all[3], 7);
	cache->len = 77;
	ring->prod.head += 3;
	ring->cons.tail -= 5;

	hp_pool_reset(&f->pools[1]);
	assert_int_equal(hp_pool_in_use(&f->pools[1]), 0);
	assert_int_equal(in_ring(f, 1), MBUFS);
	for (unsigned int i = 0; i < MBUFS; i++) {
		uint32_t index;

		all[i] = rte_pktmbuf_alloc(mp);
		assert_non_null(all[i]);
		index = hp_pool_index(&f->pools[1], all[i]);
		assert_true(index < MBUFS);
		assert_false(seen[index]);
		seen[index] = true;
		assert_true(hp_pool_check(&f->pools[1], all[i], 1));
	}
	assert_null(rte_pktmbuf_alloc(mp));
	rte_pktmbuf_free_bulk(all, MBUFS);
}

static void a_device_whose_driver_keeps_state_in_its_process_is_not_polled(void **state)
{
	(void)state;
	assert_true(hp_wq_can_poll("net_null0"));
	assert_true(hp_wq_can_poll("net_null7,size=64"));
	assert_false(hp_wq_can_poll("net_pcap0,rx_pcap=x"));
	assert_false(hp_wq_can_poll("net_tap0"));
	assert_false(hp_wq_can_poll("0000:01:00.0"));
}

static void a_look_takes_four_bursts_and_no_more_than_half_a_cache(void **state)
{
	(void)state;
	assert_int_equal(hp_pool_take(32, 256), 128);
	assert_int_equal(hp_pool_take(16, 256), 64); // four bursts are less than the cache has
	assert_int_equal(hp_pool_take(32, 128), 64); // half a cache is less than four bursts
	assert_int_equal(hp_pool_take(32, 0), 32); // never less than a burst
	assert_int_equal(hp_pool_take(300, 512), 300);
	assert_int_equal(hp_pool_take(HP_BURST_MAX, 8 * HP_BURST_MAX), HP_BURST_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_takes_four_bursts_and_no_more_than_half_a_cache),
		cmocka_unit_test(a_queue_is_polled_by_its_holder_alone),
		cmocka_unit_test(who_is_told_to_let_go_gives_back_what_its_cache_holds_and_says_so),
		cmocka_unit_test(who_is_told_to_let_go_before_it_saw_the_grant_says_so),
		cmocka_unit_test(every_packet_is_sent_or_counted_with_its_reason),
		cmocka_unit_test(how_long_nobody_looked_is_written_down),
		cmocka_unit_test(the_pool_of_a_dead_holder_is_made_whole),
		cmocka_unit_test(a_device_whose_driver_keeps_state_in_its_process_is_not_polled),
	};

	return cmocka_run_group_tests_name("hp_wq", tests, set_up, tear_down);
}
