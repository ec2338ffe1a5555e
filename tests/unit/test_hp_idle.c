// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// How long a packet loop without packets sleeps, and what ends it.

#include "group/hp_idle.h"
#include "hp_test.h"

#include <rte_common.h>

#include <pthread.h>
#include <string.h>

#define LONG_NS 2000000000u // no test waits for that
#define FEW 20 // turns; each may be late on a busy machine, so the quickest counts

struct fixture {
	struct hp_idle_state idle;
	_Atomic uint32_t bell;
};

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	hp_idle_init(&f.idle, HP_IDLE_SLEEP);
	f.idle.bell = &f.bell;
	*state = &f;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

// As a loop that has been without packets for long.
static void tire(struct fixture *f, bool waits)
{
	f->idle.waits = waits;
	f->idle.empty = HP_IDLE_PAUSES;
	f->idle.slept = HP_IDLE_LONG_AFTER + 1;
	f->idle.sleep_ns = LONG_NS;
}

static uint64_t quickest_turn(struct fixture *f, bool waits, uint32_t slept, bool ring)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < FEW; i++) {
		uint64_t begin;

		tire(f, waits);
		f->idle.slept = slept;
		hp_idle_listen(&f->idle);
		if (ring)
			hp_idle_ring(&f->bell);
		begin = now_ns();
		hp_idle_turn(&f->idle, false);
		best = RTE_MIN(best, now_ns() - begin);
	}
	return best;
}

static void a_loop_that_may_find_packets_sleeps_half_a_millisecond(void **state)
{
	uint64_t ns = quickest_turn(*state, false, HP_IDLE_LONG_AFTER + 1, false);

	assert_in_range(ns, HP_IDLE_SLEEP_MAX_NS, HP_IDLE_LONG_MAX_NS - 1);
}

static void a_loop_that_waits_for_its_bell_sleeps_four(void **state)
{
	uint64_t ns = quickest_turn(*state, true, HP_IDLE_LONG_AFTER + 1, false);

	assert_in_range(ns, HP_IDLE_LONG_MAX_NS, LONG_NS);
}

static void a_loop_sleeps_long_only_after_many_short_sleeps(void **state)
{
	uint64_t ns = quickest_turn(*state, true, HP_IDLE_LONG_AFTER - 1, false);

	assert_in_range(ns, HP_IDLE_SLEEP_MAX_NS, HP_IDLE_LONG_MAX_NS - 1);
}

static void a_bell_that_rang_during_the_turn_leaves_no_sleep(void **state)
{
	assert_true(
		quickest_turn(*state, true, HP_IDLE_LONG_AFTER + 1, true) < HP_IDLE_SLEEP_MAX_NS);
}

static void *sleeper(void *arg)
{
	struct fixture *f = arg;

	do {
		hp_idle_listen(&f->idle);
		hp_idle_turn(&f->idle, false);
	} while (f->idle.slept > 0); // only a bell sets it back
	return NULL;
}

static void a_bell_ends_a_sleep_and_the_next_ones_are_short(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	tire(f, true);
	assert_int_equal(pthread_create(&thread, NULL, sleeper, f), 0);
	do { // it may not have listened yet
		usleep(20000);
		hp_idle_ring(&f->bell);
	} while (pthread_tryjoin_np(thread, NULL) != 0);
	assert_int_equal(f->idle.sleep_ns, HP_IDLE_SLEEP_MIN_NS);
	assert_int_equal(f->idle.empty, 0);
}

static void work_makes_the_next_sleep_short(void **state)
{
	struct fixture *f = *state;

	tire(f, true);
	hp_idle_turn(&f->idle, true);
	assert_false(hp_idle_would_sleep(&f->idle));
	assert_int_equal(f->idle.sleep_ns, HP_IDLE_SLEEP_MIN_NS);
	assert_int_equal(f->idle.slept, 0);
}

static void a_loop_that_polls_or_pauses_never_sleeps(void **state)
{
	struct fixture *f = *state;

	for (enum hp_idle mode = HP_IDLE_POLL; mode <= HP_IDLE_PAUSE; mode++) {
		tire(f, true);
		f->idle.mode = mode;
		for (unsigned int i = 0; i < 2 * HP_IDLE_PAUSES; i++)
			hp_idle_turn(&f->idle, false);
		assert_int_equal(f->idle.slept, HP_IDLE_LONG_AFTER + 1);
		assert_false(hp_idle_would_sleep(&f->idle));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			a_loop_that_may_find_packets_sleeps_half_a_millisecond, set_up),
		cmocka_unit_test_setup(a_loop_that_waits_for_its_bell_sleeps_four, set_up),
		cmocka_unit_test_setup(a_loop_sleeps_long_only_after_many_short_sleeps, set_up),
		cmocka_unit_test_setup(a_bell_that_rang_during_the_turn_leaves_no_sleep, set_up),
		cmocka_unit_test_setup(a_bell_ends_a_sleep_and_the_next_ones_are_short, set_up),
		cmocka_unit_test_setup(work_makes_the_next_sleep_short, set_up),
		cmocka_unit_test_setup(a_loop_that_polls_or_pauses_never_sleeps, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
