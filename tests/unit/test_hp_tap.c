// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_drop.h"
#include "base/hp_tap.h"
#include "hp_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void each_tap_reads_back_as_it_is_written(void **state)
{
	static const char *const texts[] = {"port:in:rx", "port:0000:01:00.0:tx", "link:fw:in",
		"link:a:b:out", "queue:0:rx", "queue:15:tx", "drop", "drop:acl", "drop:tx-full"};
	struct hp_tap taps[2];
	struct hp_err err = {0};
	char text[HP_TAP_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(hp_tap_parse(taps, texts[i], &err), 1);
		assert_string_equal(hp_tap_text(text, sizeof(text), &taps[0]), texts[i]);
	}
}

static void without_a_direction_both_are_meant(void **state)
{
	struct hp_tap taps[2];
	struct hp_err err = {0};

	(void)state;
	assert_int_equal(hp_tap_parse(taps, "port:net_null0", &err), 2);
	assert_int_equal(taps[0].kind, HP_TAP_PORT_RX);
	assert_int_equal(taps[1].kind, HP_TAP_PORT_TX);
	assert_string_equal(taps[1].name, "net_null0");
	assert_int_equal(hp_tap_parse(taps, "link:rx", &err), 2); // a name is no direction
	assert_string_equal(taps[0].name, "rx");
}

static void what_is_no_tap_is_refused_in_words(void **state)
{
	static const char *const texts[] = {"", "port", "port:", "port::rx",
		"link:", "drop:", "drop:nothing", "fw", "queue:", "queue:16", "queue:01:rx",
		"queue:-1", "queue:x:tx", "queue:1 ",
		"port:a-name-that-is-longer-than-any-port-has:rx"};
	struct hp_tap taps[2];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hp_err err = {0};

		assert_int_equal(hp_tap_parse(taps, texts[i], &err), -EINVAL);
		assert_int_equal(err.exit_code, HP_EXIT_USAGE);
		assert_non_null(strstr(err.text, "expected"));
	}
}

static void each_drop_reason_is_a_tap(void **state)
{
	struct hp_tap taps[2];
	struct hp_err err = {0};
	char text[HP_TAP_TEXT];

	(void)state;
	for (unsigned int r = 0; r < HP_DROP_COUNT; r++) {
		snprintf(text, sizeof(text), "drop:%s", hp_drop_name(r));
		assert_int_equal(hp_tap_parse(taps, text, &err), 1);
		assert_int_equal(taps[0].reason, r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tap_reads_back_as_it_is_written),
		cmocka_unit_test(without_a_direction_both_are_meant),
		cmocka_unit_test(what_is_no_tap_is_refused_in_words),
		cmocka_unit_test(each_drop_reason_is_a_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
