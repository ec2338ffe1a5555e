// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_clock.h"
#include "hp_test.h"

#include <stdbool.h>

#define NS 1000000000ull
#define START_NS (1795000000ull * NS) // 2026
#define HZ 2893437000ull // what the counter really does; EAL says 2.9 GHz

static uint64_t off(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void drift_is_corrected_and_time_never_goes_back(void **state)
{
	static struct hp_clock clock;
	uint64_t ticks = 12345678901ull, last = 0;

	(void)state;
	hp_clock_init(&clock, ticks, START_NS, 2900000000ull);
	for (unsigned int second = 0; second < 60; second++) {
		for (unsigned int i = 0; i < 1000; i++) {
			uint64_t now = hp_clock_ns(&clock, ticks + i * (HZ / 1000));

			assert_true(now >= last);
			last = now;
		}
		ticks += HZ;
		hp_clock_adjust(&clock, ticks, START_NS + (second + 1) * NS);
		// EAL's rate was wrong by 2 ms a second; after a few periods nothing of it is left.
		if (second > 3)
			assert_true(off(hp_clock_ns(&clock, ticks), START_NS + (second + 1) * NS) <
				    2000);
	}
}

static void a_clock_that_is_set_is_followed_at_once(void **state)
{
	static struct hp_clock clock;

	(void)state;
	hp_clock_init(&clock, 0, START_NS, HZ);
	hp_clock_adjust(&clock, HZ, START_NS + NS);
	hp_clock_adjust(&clock, 2 * HZ, START_NS + 3602 * NS); // an hour on
	assert_true(off(hp_clock_ns(&clock, 2 * HZ), START_NS + 3602 * NS) < 1000);
	hp_clock_adjust(&clock, 3 * HZ, START_NS - 100 * NS); // and back
	assert_true(off(hp_clock_ns(&clock, 3 * HZ), START_NS - 100 * NS) < 1000);
	hp_clock_adjust(&clock, 4 * HZ, START_NS - 99 * NS);
	assert_true(off(hp_clock_ns(&clock, 5 * HZ), START_NS - 98 * NS) < 100000);
}

static void another_core_that_is_behind_gets_no_wild_time(void **state)
{
	static struct hp_clock clock;

	(void)state;
	hp_clock_init(&clock, HZ, START_NS, HZ);
	assert_int_equal(hp_clock_ns(&clock, HZ - 50), START_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drift_is_corrected_and_time_never_goes_back),
		cmocka_unit_test(a_clock_that_is_set_is_followed_at_once),
		cmocka_unit_test(another_core_that_is_behind_gets_no_wild_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
