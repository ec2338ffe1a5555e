// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Verdicts of a real API server, case by case: the same causes, or the same 400.

#include "base/hp_yaml.h"
#include "hp_test.h"
#include "k8s_validate.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MIN_CASES 302 // of apiserver-1.36-verdicts.json

static const char *text_of(const struct hp_yaml_node *map, const char *key)
{
	const struct hp_yaml_node *node = hp_yaml_get(map, key);

	return node == NULL ? "" : node->value;
}

static bool same(const struct k8s_cause *cause, const struct hp_yaml_node *want)
{
	return strcmp(cause->field, want->items[0]->value) == 0 &&
	       strcmp(cause->reason, want->items[1]->value) == 0 &&
	       strcmp(cause->message, want->items[2]->value) == 0;
}

// Causes that only one side has; each is printed.
static int differences(const struct hp_yaml_node *test, const struct k8s_check *check)
{
	const struct hp_yaml_node *want = hp_yaml_get(test, "causes");
	const uint32_t n_want = want == NULL ? 0 : want->n;
	int differ = 0;

	for (uint32_t i = 0; i < n_want; i++) {
		bool found = false;

		for (uint32_t k = 0; k < check->n; k++)
			found |= same(&check->causes[k], want->items[i]);
		if (!found) {
			print_error("%s: server only: %s: %s\n", text_of(test, "id"),
				want->items[i]->items[0]->value, want->items[i]->items[2]->value);
			differ++;
		}
	}
	for (uint32_t k = 0; k < check->n; k++) {
		bool found = false;

		for (uint32_t i = 0; i < n_want; i++)
			found |= same(&check->causes[k], want->items[i]);
		if (!found) {
			print_error("%s: hugepod only: %s: %s\n", text_of(test, "id"),
				check->causes[k].field, check->causes[k].message);
			differ++;
		}
	}
	return differ;
}

static int bad_request_differs(const struct hp_yaml_node *test, const struct k8s_check *check)
{
	if (check->n == 1 && strcmp(check->causes[0].reason, "BadRequest") == 0 &&
		strcmp(check->causes[0].message, text_of(test, "message")) == 0)
		return 0;
	print_error("%s: server: %s\n%s: hugepod: %s\n", text_of(test, "id"),
		text_of(test, "message"), text_of(test, "id"),
		check->n > 0 ? check->causes[0].message : "(nothing)");
	return 1;
}

static int run_case(const struct hp_yaml_node *test)
{
	const struct hp_yaml_node *manifest = hp_yaml_get(test, "manifest");
	struct k8s_arena arena = {0};
	struct k8s_check check = {.arena = &arena};
	struct k8s_object object;
	struct hp_err err = {0};
	struct hp_yaml_file *file =
		hp_yaml_load(text_of(test, "id"), manifest->value, manifest->len, NULL, &err);
	int differ;

	assert_non_null(file);
	k8s_validate(&check, hp_yaml_root(file, 0), false, &object);
	differ = strcmp(text_of(test, "http"), "400") == 0 ? bad_request_differs(test, &check)
							   : differences(test, &check);
	if ((check.n == 0) != (strcmp(text_of(test, "valid"), "true") == 0))
		differ++;
	k8s_arena_free(&arena);
	hp_yaml_free(file);
	return differ;
}

static void every_cause_of_the_real_server_is_told_and_no_other(void **state)
{
	struct hp_err err = {0};
	struct hp_yaml_file *file =
		hp_yaml_load_path(HP_TEST_DATA "/apiserver-1.36-verdicts.json", NULL, &err);
	const struct hp_yaml_node *cases;
	int differ = 0;

	if (file == NULL)
		print_error("%s\n", err.text);
	assert_non_null(file);
	cases = hp_yaml_get(hp_yaml_root(file, 0), "cases");
	assert_non_null(cases);
	assert_true(cases->n >= MIN_CASES);
	for (uint32_t i = 0; i < cases->n; i++)
		differ += run_case(cases->items[i]);
	assert_int_equal(differ, 0);
	hp_yaml_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause_of_the_real_server_is_told_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
