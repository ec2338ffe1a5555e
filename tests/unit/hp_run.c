// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "hp_run.h"

#include "hp_test.h"

#include <rte_cycles.h>
#include <rte_eal.h>

#include <stdio.h>

int run_start_eal(void **state)
{
	static char args[][20] = {"test", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"-m", "64", "--lcores=0@(0,1)", "--vdev=net_null0", "--log-level=error"};
	char *argv[HP_LEN(args) + 1] = {NULL};

	for (size_t i = 0; i < HP_LEN(args); i++)
		argv[i] = args[i];
	return rte_eal_init(HP_LEN(args), argv) < 0 ? -1 : 0;
}

int run_stop_eal(void **state)
{
	return rte_eal_cleanup();
}

int run_try(struct run *run, const char *name, char **sets, uint32_t n, struct hp_err *err)
{
	const struct hp_strlist list = {.items = sets, .n = n};
	int ret;

	run->func = hp_func_find(name);
	run->state = NULL;
	assert_non_null(run->func);
	ret = hp_func_conf_new(run->func, &list, &run->conf, err);
	if (ret == 0 && run->func->init != NULL) {
		ret = run->func->init(&run->state, run->conf, -1, err);
		if (ret < 0)
			hp_func_conf_free(run->func, run->conf);
	}
	return ret;
}

struct run run_new(const char *name, const char *set1, const char *set2)
{
	char one[256], two[256], *sets[] = {one, two};
	struct hp_err err = {0};
	struct run run;

	snprintf(one, sizeof(one), "%s", set1 != NULL ? set1 : "");
	snprintf(two, sizeof(two), "%s", set2 != NULL ? set2 : "");
	if (run_try(&run, name, sets, (set1 != NULL) + (set2 != NULL), &err) < 0)
		fail_msg("%s: %s", name, err.text);
	return run;
}

void run_free(struct run *run)
{
	if (run->func->fini != NULL)
		run->func->fini(run->state);
	hp_func_conf_free(run->func, run->conf);
}

struct hp_verdict run_one(struct run *run, struct rte_mbuf *m)
{
	struct hp_verdict verdict = {0};

	run->func->burst(run->state, &m, &verdict, 1, rte_rdtsc());
	return verdict;
}
