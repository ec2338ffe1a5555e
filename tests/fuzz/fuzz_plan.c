// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod plan: lines up to "---" are --node texts, the rest is a stream of manifests. Whatever is
// accepted is placed and printed in each form.

#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX 8 // lines; more nodes find nothing new and cost time
#define PODS_MAX 200 // instances, likewise
#define INPUT_MAX 16384 // bytes

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_all(struct plan *plan)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	plan_print_text(out, plan);
	plan_print_json(out, plan);
	plan_print_svg(out, plan);
	fclose(out);
	free(text);
}

static int64_t count_pods(const struct plan *plan)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < plan->n_pods; i++)
		n += plan->pods[i].replicas;
	return n;
}

// One manifest stream behind some lines of nodes. The text ends with NUL.
static void run(char *text)
{
	struct plan plan = {0};
	struct hp_err err = {0};
	int ret = 0;

	for (int i = 0; ret == 0 && i < NODES_MAX && strncmp(text, "---", 3) != 0; i++) {
		char *end = strchr(text, '\n');

		if (end == NULL)
			break;
		*end = '\0';
		ret = plan_node_parse(&plan, text, &err);
		text = end + 1;
	}
	if (ret == 0)
		ret = plan_read_text(&plan, "fuzz", text, strlen(text), &err);
	if (ret == 0 && count_pods(&plan) <= PODS_MAX)
		ret = plan_make(&plan, &err);
	if (ret == 0 && plan.instances != NULL)
		print_all(&plan);
	// An error without words helps nobody.
	if (ret != 0 && err.text[0] == '\0')
		abort();
	plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > INPUT_MAX)
		return 0;
	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	run(text);
	free(text);
	return 0;
}
