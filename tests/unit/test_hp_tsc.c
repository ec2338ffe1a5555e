// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The sleep of EAL's start is short, no other one is, and EAL knows the TSC all the same.

#include "group/hp_eal.h"
#include "group/hp_tsc.h"
#include "hp_test.h"

#include <rte_cycles.h>

#include <errno.h>
#include <time.h>

#define TRIES 20 // a loaded machine wakes a sleeper late

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double slept_ms(long ms)
{
	struct timespec ts = {.tv_nsec = ms * 1000000};
	double begin = now_ms();

	assert_int_equal(nanosleep(&ts, NULL), 0);
	return now_ms() - begin;
}

static void only_the_sleep_of_eal_is_short(void **state)
{
	double shortest = 1000;

	hp_tsc_begin();
	for (int i = 0; i < TRIES && shortest >= 90; i++)
		shortest = RTE_MIN(shortest, slept_ms(100));
	assert_true(shortest < 90);
	assert_true(slept_ms(99) >= 99);
	hp_tsc_end();
	assert_true(slept_ms(100) >= 100);
}

static void a_sleep_that_cannot_be_says_why(void **state)
{
	struct timespec ts = {.tv_nsec = -1};

	assert_int_equal(nanosleep(&ts, NULL), -1);
	assert_int_equal(errno, EINVAL);
}

static void eal_finds_the_frequency(void **state)
{
	static struct hp_eal_args args; // EAL keeps pointers into it
	static const char *const words[] = {"test", "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "16", "--iova-mode=va"};
	double begin, hz;
	uint64_t tsc;

	for (size_t i = 0; i < HP_LEN(words); i++)
		hp_eal_arg(&args, "%s", words[i]);
	assert_int_equal(hp_eal_start(&args, NULL, NULL), 0);
	begin = now_ms();
	tsc = rte_rdtsc();
	slept_ms(200);
	hz = (double)(rte_rdtsc() - tsc) / (now_ms() - begin) * 1e3;
	// EAL rounds to 10 MHz.
	assert_true((double)rte_get_tsc_hz() > hz * 0.99 - 5e6);
	assert_true((double)rte_get_tsc_hz() < hz * 1.01 + 5e6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_sleep_of_eal_is_short),
		cmocka_unit_test(a_sleep_that_cannot_be_says_why),
		cmocka_unit_test(eal_finds_the_frequency),
	};

	return cmocka_run_group_tests_name("hp_tsc", tests, NULL, NULL);
}
