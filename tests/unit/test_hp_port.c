// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Which lane polls which receive queue.

#include "group/hp_port.h"
#include "hp_test.h"

// As a lane walks its queues.
static unsigned int polls_of(uint16_t port, uint32_t queue, uint32_t lane, uint32_t n_lanes)
{
	unsigned int polls = 0;

	for (uint32_t q = hp_port_first_queue(port, lane, n_lanes); q <= queue; q += n_lanes)
		polls += q == queue;
	return polls;
}

static void each_queue_is_polled_by_the_lane_whose_pool_it_has(void **state)
{
	(void)state;
	for (uint32_t n_lanes = 1; n_lanes <= 16; n_lanes++)
		for (uint16_t port = 0; port < HP_PORTS_MAX; port++)
			for (uint32_t queue = 0; queue < 20; queue++)
				for (uint32_t lane = 0; lane < n_lanes; lane++)
					assert_int_equal(polls_of(port, queue, lane, n_lanes),
						hp_port_lane(port, queue, n_lanes) == lane);
}

static void ports_of_one_queue_go_round_the_lanes(void **state)
{
	(void)state;
	for (uint16_t port = 0; port < 8; port++)
		assert_int_equal(hp_port_lane(port, 0, 4), port % 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_queue_is_polled_by_the_lane_whose_pool_it_has),
		cmocka_unit_test(ports_of_one_queue_go_round_the_lanes),
	};

	return cmocka_run_group_tests_name("hp_port", tests, NULL, NULL);
}
