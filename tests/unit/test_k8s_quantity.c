// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Quantities parse, print and compute as Kubernetes' resource.Quantity does. The expected values
// are what its Go code prints for the same input.

#include "hp_test.h"
#include "k8s_quantity.h"

#include <string.h>

static struct k8s_quantity parse(const char *text)
{
	struct k8s_quantity q = {0};

	assert_int_equal(k8s_quantity_parse(text, strlen(text), &q), K8S_QUANTITY_OK);
	return q;
}

static void quantities_print_as_the_server_prints_them(void **state)
{
	static const struct {
		const char *text, *printed;
		int64_t value, milli;
	} cases[] = {
		{"0", "0", 0, 0},
		{"10Mi", "10Mi", 10485760, 10485760000},
		{"1024Ki", "1Mi", 1048576, 1048576000},
		{"1025Ki", "1025Ki", 1049600, 1049600000},
		{"1.5Gi", "1536Mi", 1610612736, 1610612736000},
		{"0.5Gi", "512Mi", 536870912, 536870912000},
		{"500m", "500m", 1, 500},
		{"4194304000m", "4194304", 4194304, 4194304000},
		{"1e3", "1e3", 1000, 1000000},
		{"1000", "1k", 1000, 1000000},
		{"2M", "2M", 2000000, 2000000000},
		{".5", "500m", 1, 500},
		{"5.", "5.", 5, 5000},
		{"+5", "+5", 5, 5000}, // the server keeps some spellings
		{"-2Mi", "-2Mi", -2097152, -2097152000},
		{"100n", "100n", 1, 1},
		{"0.0000000001", "1n", 1, 1}, // less than nano is rounded up
		{"12345678901234567890", "12345678901234567890", -6101065172474983726,
			4807115922877858896},
		{"100Ei", "9223372036854775807", INT64_MAX, -1000},
		{"1Ki", "1Ki", 1024, 1024000},
		{"0.1Ki", "102400m", 103, 102400},
	};
	char buf[K8S_QUANTITY_TEXT];

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		const struct k8s_quantity q = parse(cases[i].text);

		assert_string_equal(k8s_quantity_print(&q, buf), cases[i].printed);
		assert_int_equal(k8s_quantity_value(&q), cases[i].value);
		assert_int_equal(k8s_quantity_milli_value(&q), cases[i].milli);
	}
}

static void powers_without_a_name_are_printed_without_it_as_the_server_does(void **state)
{
	const struct k8s_quantity nameless = parse("1000E"), named = parse("999E");
	char buf[K8S_QUANTITY_TEXT];

	(void)state;
	assert_string_equal(k8s_quantity_print(&named, buf), "999E");
	assert_string_equal(k8s_quantity_print(&nameless, buf), "1");
	assert_true(k8s_quantity_cmp(&named, &nameless) < 0);
}

static void mistakes_have_the_servers_sentence(void **state)
{
	static const struct {
		const char *text;
		enum k8s_quantity_error error;
	} cases[] = {
		{"", K8S_QUANTITY_FORMAT},
		{"x", K8S_QUANTITY_FORMAT},
		{"4MiB", K8S_QUANTITY_FORMAT},
		{"1 Mi", K8S_QUANTITY_FORMAT},
		{"4mi", K8S_QUANTITY_SUFFIX},
		{"4MI", K8S_QUANTITY_FORMAT},
		{"Ei", K8S_QUANTITY_NUMERIC},
		{"1e99999999999999999999", K8S_QUANTITY_RANGE},
		{"1e900", K8S_QUANTITY_RANGE},
	};
	struct k8s_quantity q;

	for (size_t i = 0; i < HP_LEN(cases); i++)
		assert_int_equal(k8s_quantity_parse(cases[i].text, strlen(cases[i].text), &q),
			cases[i].error);
	assert_string_equal(
		k8s_quantity_strerror(K8S_QUANTITY_SUFFIX), "unable to parse quantity's suffix");
}

static void white_space_around_a_quantity_is_ignored(void **state)
{
	const struct k8s_quantity a = parse(" \t4Mi\n"), b = parse("4Mi");

	assert_int_equal(k8s_quantity_cmp(&a, &b), 0);
}

static void comparing_and_adding_need_no_common_unit(void **state)
{
	struct k8s_quantity sum = {0};
	const struct k8s_quantity mebi = parse("1Mi"), kilo = parse("1k"), minus = parse("-2Mi");
	const struct k8s_quantity huge = parse("999999999999999999999999999999999999999");
	char buf[K8S_QUANTITY_TEXT];

	assert_true(k8s_quantity_cmp(&mebi, &kilo) > 0);
	assert_true(k8s_quantity_cmp(&minus, &kilo) < 0);
	assert_true(k8s_quantity_cmp(&huge, &mebi) > 0);
	assert_true(k8s_quantity_add(&sum, &mebi)); // takes over its format
	assert_true(k8s_quantity_add(&sum, &mebi));
	assert_string_equal(k8s_quantity_print(&sum, buf), "2Mi");
	assert_true(k8s_quantity_add(&sum, &minus));
	assert_int_equal(k8s_quantity_sign(&sum), 0);
	assert_true(k8s_quantity_add(&sum, &minus));
	assert_string_equal(k8s_quantity_print(&sum, buf), "-2Mi");
	assert_int_equal(k8s_quantity_clamped(&huge), INT64_MAX);
	assert_int_equal(k8s_quantity_clamped(&minus), -2097152);
}

static void rounding_goes_up_to_thousandths(void **state)
{
	struct k8s_quantity q = parse("1500u"), minus = parse("-1500u"), whole = parse("+5");
	char buf[K8S_QUANTITY_TEXT];

	k8s_quantity_round_to_milli(&q);
	assert_string_equal(k8s_quantity_print(&q, buf), "2m");
	k8s_quantity_round_to_milli(&minus);
	assert_string_equal(k8s_quantity_print(&minus, buf), "-2m");
	k8s_quantity_round_to_milli(&whole);
	assert_string_equal(k8s_quantity_print(&whole, buf), "+5");
}

static void numbers_become_quantities(void **state)
{
	struct k8s_quantity q = k8s_quantity_of(-2097152, K8S_BINARY_SI);
	char buf[K8S_QUANTITY_TEXT];

	assert_string_equal(k8s_quantity_print(&q, buf), "-2Mi");
	q = k8s_quantity_of(INT64_MIN, K8S_DECIMAL_SI);
	assert_string_equal(k8s_quantity_print(&q, buf), "-9223372036854775808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities_print_as_the_server_prints_them),
		cmocka_unit_test(powers_without_a_name_are_printed_without_it_as_the_server_does),
		cmocka_unit_test(mistakes_have_the_servers_sentence),
		cmocka_unit_test(white_space_around_a_quantity_is_ignored),
		cmocka_unit_test(comparing_and_adding_need_no_common_unit),
		cmocka_unit_test(rounding_goes_up_to_thousandths),
		cmocka_unit_test(numbers_become_quantities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
