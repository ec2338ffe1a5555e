// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Prints how long a cache line takes from one CPU to another: what every hand-over of packets
// between two processes pays. A virtual machine's CPUs may be moved while it runs, so figures of
// two minutes can differ. `build/tests/bench/bench_line [CPU CPU]`.

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 1000000 // there and back

struct line {
	_Atomic uint32_t turn __attribute__((aligned(64)));
	int cpu; // of the answering thread
};

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void wait_for(struct line *line, uint32_t turn)
{
	while (atomic_load_explicit(&line->turn, memory_order_acquire) != turn)
		;
}

static void *answer(void *arg)
{
	struct line *line = arg;

	pin(line->cpu);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		wait_for(line, 2 * i + 1);
		atomic_store_explicit(&line->turn, 2 * i + 2, memory_order_release);
	}
	return NULL;
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	struct line line = {.cpu = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1};
	int cpu = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
	pthread_t thread;
	double begin;

	if (pin(line.cpu) != 0 || pin(cpu) != 0) {
		fprintf(stderr, "CPUs %d and %d: expected two that this process may run on\n", cpu,
			line.cpu);
		return 64;
	}
	if (pthread_create(&thread, NULL, answer, &line) != 0)
		return 1;
	begin = now_ns();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		atomic_store_explicit(&line.turn, 2 * i + 1, memory_order_release);
		wait_for(&line, 2 * i + 2);
	}
	printf("%.0f ns for a cache line from CPU %d to CPU %d\n",
		(now_ns() - begin) / (2.0 * ROUNDS), cpu, line.cpu);
	pthread_join(thread, NULL);
	return 0;
}
