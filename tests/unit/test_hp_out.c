// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a command emits, as JSON and as text.

#include "base/hp_out.h"
#include "hp_test.h"

#include <math.h>
#include <string.h>

typedef void (*emit_cb)(struct hp_out *out);

static void assert_prints(emit_cb emit, const char *json, const char *text)
{
	struct hp_out *out = hp_out_new(HP_OUT_JSON);
	size_t len;

	assert_non_null(out);
	assert_int_equal(hp_out_format(out), HP_OUT_JSON);
	emit(out);
	assert_string_equal(hp_out_text(out, &len), json);
	assert_int_equal(len, strlen(json));
	hp_out_free(out);
	out = hp_out_new(HP_OUT_TEXT);
	assert_non_null(out);
	emit(out);
	assert_string_equal(hp_out_text(out, &len), text);
	assert_string_equal(hp_out_text(out, NULL), text); // asking twice changes nothing
	assert_int_equal(len, strlen(text));
	hp_out_free(out);
}

static void nothing(struct hp_out *out)
{
}

static void every_scalar(struct hp_out *out)
{
	hp_out_object(out, NULL);
	hp_out_uint(out, "u", UINT64_MAX);
	hp_out_int(out, "i", INT64_MIN);
	hp_out_double(out, "rate", 1.0 / 3, 3);
	hp_out_double(out, "nan", NAN, 3);
	hp_out_bool(out, "up", true);
	hp_out_str(out, "name", "fw");
	hp_out_str(out, "none", NULL);
	hp_out_fmt(out, "mixed", "%s-%d", "a", 1);
	hp_out_end(out);
	hp_out_end(out); // one too many is harmless
}

static void a_table(struct hp_out *out)
{
	hp_out_array(out, "ports");
	hp_out_object(out, NULL);
	hp_out_str(out, "name", "in");
	hp_out_uint(out, "rx_packets", 7);
	hp_out_array(out, "to");
	hp_out_str(out, NULL, "fw");
	hp_out_str(out, NULL, "mon");
	hp_out_end(out);
	hp_out_end(out);
	hp_out_object(out, NULL);
	hp_out_str(out, "name", "outside");
	hp_out_uint(out, "rx_packets", 123456789012);
	hp_out_end(out);
	hp_out_end(out);
	hp_out_array(out, "gone");
	hp_out_end(out);
}

static void a_root_array(struct hp_out *out)
{
	hp_out_array(out, NULL);
	hp_out_uint(out, NULL, 1);
	hp_out_bool(out, NULL, false);
	hp_out_end(out);
}

static void nested(struct hp_out *out)
{
	hp_out_str(out, "a", "x");
	hp_out_object(out, "inner");
	hp_out_uint(out, "longer", 2);
	hp_out_object(out, "deep");
	hp_out_uint(out, "b", 3);
	hp_out_end(out);
	hp_out_end(out);
	hp_out_array(out, "list");
	hp_out_object(out, NULL);
	hp_out_object(out, "o");
	hp_out_uint(out, "n", 1);
	hp_out_end(out);
	hp_out_end(out);
	hp_out_object(out, NULL);
	hp_out_uint(out, "p", 2);
	hp_out_end(out);
	hp_out_end(out);
}

static void lines_and_an_array(struct hp_out *out)
{
	hp_out_line(out, "first %d", 1);
	hp_out_array(out, NULL);
	hp_out_uint(out, NULL, 1);
	hp_out_end(out);
	hp_out_line(out, "second");
}

static void hostile(struct hp_out *out)
{
	hp_out_str(out, "k\"\n", "\033[2J\"\\\n\t\x7f");
	hp_out_str(out, "ok", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	hp_out_str(out, "bad", "\xff|\xc0\x80|\xed\xa0\x80|\xf5\x80\x80\x80|\xe2\x82");
}

static void nothing_is_an_empty_object(void **state)
{
	assert_prints(nothing, "{}", "");
}

static void every_kind_of_value_is_printed(void **state)
{
	assert_prints(every_scalar,
		"{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"rate\":0.333,"
		"\"nan\":null,\"up\":true,\"name\":\"fw\",\"none\":null,\"mixed\":\"a-1\"}",
		"u:     18446744073709551615\n"
		"i:     -9223372036854775808\n"
		"rate:  0.333\n"
		"nan:   -\n"
		"up:    yes\n"
		"name:  fw\n"
		"none:  -\n"
		"mixed: a-1\n");
}

static void an_array_of_flat_objects_is_an_aligned_table(void **state)
{
	assert_prints(a_table,
		"{\"ports\":[{\"name\":\"in\",\"rx_packets\":7,\"to\":[\"fw\",\"mon\"]},"
		"{\"name\":\"outside\",\"rx_packets\":123456789012}],\"gone\":[]}",
		"ports:\n"
		"  NAME       RX-PACKETS  TO\n"
		"  in                  7  fw,mon\n"
		"  outside  123456789012  -\n"
		"gone: -\n");
}

static void an_array_may_be_the_root(void **state)
{
	assert_prints(a_root_array, "[1,false]", "1\nno\n");
}

static void objects_within_objects_are_indented(void **state)
{
	assert_prints(nested,
		"{\"a\":\"x\",\"inner\":{\"longer\":2,\"deep\":{\"b\":3}},"
		"\"list\":[{\"o\":{\"n\":1}},{\"p\":2}]}",
		"a: x\n"
		"inner:\n"
		"  longer: 2\n"
		"  deep:\n"
		"    b: 3\n"
		"list:\n"
		"  o:\n"
		"    n: 1\n"
		"\n"
		"  p: 2\n");
}

static void free_lines_are_messages_in_json(void **state)
{
	assert_prints(lines_and_an_array, "{\"messages\":[\"first 1\",\"second\"],\"items\":[1]}",
		"first 1\n1\nsecond\n");
}

static void hostile_strings_break_neither_json_nor_a_terminal(void **state)
{
	assert_prints(hostile,
		"{\"k\\\"\\n\":\"\\u001b[2J\\\"\\\\\\n\\u0009\\u007f\","
		"\"ok\":\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\","
		"\"bad\":\"\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|"
		"\\ufffd\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\"}",
		"k\"?: ?[2J\"\\???\n"
		"ok:  gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\n"
		"bad: \xff|\xc0\x80|\xed\xa0\x80|\xf5\x80\x80\x80|\xe2\x82\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_an_empty_object),
		cmocka_unit_test(every_kind_of_value_is_printed),
		cmocka_unit_test(an_array_of_flat_objects_is_an_aligned_table),
		cmocka_unit_test(an_array_may_be_the_root),
		cmocka_unit_test(objects_within_objects_are_indented),
		cmocka_unit_test(free_lines_are_messages_in_json),
		cmocka_unit_test(hostile_strings_break_neither_json_nor_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
