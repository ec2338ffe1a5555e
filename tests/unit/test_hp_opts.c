// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The option table: every type from the command line and from YAML, good and bad, and what is
// printed from it.

#include "base/hp_near.h"
#include "base/hp_opts.h"
#include "base/hp_yaml.h"
#include "hp_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct conf {
	bool flag;
	bool on;
	uint64_t number;
	uint64_t any;
	uint64_t size;
	uint64_t time;
	char *text;
	int word;
	struct hp_strlist list;
	bool eal_i;
	uint64_t cli_only;
	uint64_t yaml_only;
};

static const char *const words[] = {"drop", "bypass", "hold", NULL};

#define AT(field) .offset = offsetof(struct conf, field)

static const struct hp_opt table[] = {
	{"flag", 'i', HP_OPT_FLAG, HP_OPT_BOTH, AT(flag), .help = "a flag"},
	{"on", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(on), .def = "yes", .help = "a flag that is set"},
	{"number", 'n', HP_OPT_UINT, HP_OPT_BOTH, AT(number), .min = 1, .max = 512, .def = "32",
		.help = "a number"},
	{"any", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(any), .help = "any number"},
	{"size", 's', HP_OPT_SIZE, HP_OPT_BOTH, AT(size), .min = 4096, .max = 1ULL << 40,
		.def = "2MiB", .help = "bytes"},
	{"time", 't', HP_OPT_DURATION, HP_OPT_BOTH, AT(time), .max = 3600000000, .def = "500ms",
		.help = "a time"},
	{"text", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(text), .min = 1, .max = 8, .def = "rte",
		.arg = "NAME", .help = "a text"},
	{"word", 'w', HP_OPT_ENUM, HP_OPT_BOTH, AT(word), .words = words, .def = "hold",
		.section = "Packets", .help = "a word"},
	{"list", 'a', HP_OPT_LIST, HP_OPT_BOTH, AT(list), .min = 1, .help = "texts"},
	{"eal-i", 'i', HP_OPT_FLAG, HP_OPT_BOTH, AT(eal_i), .section = "EAL", .help = "EAL's -i"},
	{"cli-only", 0, HP_OPT_UINT, HP_OPT_CLI, AT(cli_only), .help = "no key"},
	{"yaml-only", 0, HP_OPT_UINT, HP_OPT_YAML, AT(yaml_only), .required = true,
		.help = "a number"},
	{NULL},
};

static const struct hp_opt_set set = {"prog", "tests the table", "[OPTIONS] WORD...\n--list",
	"First.\n\nSecond - with a \\.", table};

struct run {
	struct conf conf;
	struct hp_opts_given given;
	struct hp_err err;
	int ret;
	int words; // index of the first word that is no option
	char *argv[16];
	char buf[512];
	char *out;
	size_t out_len;
};

// Parse a line of words that are separated by blanks.
static void run_line(struct run *r, const char *line, bool takes_words)
{
	int argc = 0;
	FILE *out;

	memset(r, 0, sizeof(*r));
	out = open_memstream(&r->out, &r->out_len);
	assert_non_null(out);
	assert_int_equal(hp_opts_defaults(&set, &r->conf), 0);
	snprintf(r->buf, sizeof(r->buf), "prog %s", line);
	for (char *save, *w = strtok_r(r->buf, " ", &save); w; w = strtok_r(NULL, " ", &save))
		r->argv[argc++] = w;
	r->ret = hp_opts_parse_argv(&set, &r->conf, argc, r->argv, &r->given,
		takes_words ? &r->words : NULL, out, &r->err);
	fclose(out);
}

static void run_end(struct run *r)
{
	hp_opts_free(&set, &r->conf);
	free(r->out);
}

static void defaults_come_from_the_table(void **state)
{
	struct run r;

	run_line(&r, "", false);
	assert_int_equal(r.ret, 0);
	assert_false(r.conf.flag);
	assert_true(r.conf.on);
	assert_int_equal(r.conf.number, 32);
	assert_int_equal(r.conf.any, 0);
	assert_int_equal(r.conf.size, 2 << 20);
	assert_int_equal(r.conf.time, 500000);
	assert_string_equal(r.conf.text, "rte");
	assert_int_equal(r.conf.word, 2);
	assert_int_equal(r.conf.list.n, 0);
	assert_int_equal(r.given.bits[0], 0);
	run_end(&r);
}

static void good_values_of_every_type_are_stored(void **state)
{
	static const struct {
		const char *line;
		size_t offset;
		uint64_t want;
	} cases[] = {
		{"--number 1", offsetof(struct conf, number), 1},
		{"--number=512", offsetof(struct conf, number), 512},
		{"--number 0x10", offsetof(struct conf, number), 16},
		{"-n7", offsetof(struct conf, number), 7},
		{"-n 7", offsetof(struct conf, number), 7},
		{"--num 9", offsetof(struct conf, number), 9},
		{"--any 18446744073709551615", offsetof(struct conf, any), UINT64_MAX},
		{"--any 0xFFFFffffFFFFffff", offsetof(struct conf, any), UINT64_MAX},
		{"--size 4096", offsetof(struct conf, size), 4096},
		{"--size 4K", offsetof(struct conf, size), 4096},
		{"--size 10MiB", offsetof(struct conf, size), 10 << 20},
		{"-s 1Gi", offsetof(struct conf, size), 1 << 30},
		{"--time 0", offsetof(struct conf, time), 0},
		{"--time 2", offsetof(struct conf, time), 2000000},
		{"--time 2s", offsetof(struct conf, time), 2000000},
		{"--time 1.5", offsetof(struct conf, time), 1500000},
		{"--time 0.25ms", offsetof(struct conf, time), 250},
		{"--time 7us", offsetof(struct conf, time), 7},
		{"--time 60m", offsetof(struct conf, time), 3600000000},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct run r;
		uint64_t got;

		run_line(&r, cases[i].line, false);
		memcpy(&got, (char *)&r.conf + cases[i].offset, sizeof(got));
		if (r.ret != 0 || got != cases[i].want)
			print_error(
				"%s: %d %" PRIu64 " %s\n", cases[i].line, r.ret, got, r.err.text);
		assert_int_equal(r.ret, 0);
		assert_true(got == cases[i].want);
		run_end(&r);
	}
}

static void flags_words_texts_and_lists_are_stored(void **state)
{
	struct run r;

	run_line(&r, "--flag --on=no --text abc --word drop -a x -a y=z,1 --list -", false);
	assert_int_equal(r.ret, 0);
	assert_true(r.conf.flag);
	assert_false(r.conf.on);
	assert_string_equal(r.conf.text, "abc");
	assert_int_equal(r.conf.word, 0);
	assert_int_equal(r.conf.list.n, 3);
	assert_string_equal(r.conf.list.items[1], "y=z,1");
	assert_string_equal(r.conf.list.items[2], "-");
	assert_int_equal(r.given.bits[0], 1 | 2 | 1 << 6 | 1 << 7 | 1 << 8);
	run_end(&r);
}

static void bad_command_lines_are_refused_with_what_was_expected(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"--number 0", "option '--number': '0' is out of range, "
			       "expected a whole number from 1 to 512"},
		{"--number 513", "'513' is out of range"},
		{"--number 99999999999999999999999", "is out of range"},
		{"--number -1", "'-1' is not valid, expected a whole number from 1 to 512"},
		{"--number +1", "is not valid"},
		{"--number 1x", "is not valid"},
		{"--number 0x", "is not valid"},
		{"--number 1.5", "is not valid"},
		{"--number=", "'' is not valid"},
		{"--any 18446744073709551616", "is out of range"},
		{"--any 0x10000000000000000", "is out of range"},
		{"--any many", "option '--any': 'many' is not valid, expected a whole number"},
		{"--size 1K", "'1K' is out of range, expected bytes as a number with K, M, G, Ki, "
			      "Mi, Gi, KiB, MiB, GiB or none, from 4KiB to 1024GiB"},
		{"--size 17179869184G", "is out of range"},
		{"--size 4096B", "is not valid"},
		{"--size 4k", "is not valid"},
		{"--size 1.5M", "is not valid"},
		{"--time 61m", "'61m' is out of range, expected a time as a number with us, ms, s, "
			       "m or none (seconds), from 0 to 3600s"},
		{"--time 307445734561825861m", "is out of range"},
		{"--time 1.0000001", "is not valid"},
		{"--time 0.5us", "is not valid"},
		{"--time 1.", "is not valid"},
		{"--time .5", "is not valid"},
		{"--time 1h", "is not valid"},
		{"--text=", "option '--text': '' is empty, expected text of 1 to 8 characters"},
		{"--text 123456789", "is too long or too short"},
		{"--text a\tb", "'a?b' has a control character"},
		{"--word dropp", "'dropp' is not valid, expected one of drop, bypass, hold"},
		{"--word=", "'' is not valid"},
		{"--flag=maybe", "'maybe' is not valid, expected yes or no"},
		{"--list=", "'' is empty"},
		{"--number", "option '--number' has no value, expected a whole number"},
		{"--number --flag", "has no value, expected a whole number from 1 to 512; "
				    "found --flag"},
		{"-n", "option '--number' has no value"},
		{"--number 1 -n 2", "option '--number' is given twice, with '1' and with '2'"},
		{"--flag --flag", "option '--flag' is given twice, with 'yes' and with 'yes'"},
		{"--nmuber 1", "unknown option '--nmuber'; did you mean '--number'?"},
		{"--frobnicate", "unknown option '--frobnicate': see --help"},
		{"--frobnicate=x", "unknown option '--frobnicate': see --help"},
		{"--t 1", "option '--t' is ambiguous: --time, --text"},
		{"--=1", "unknown option '--'"},
		{"-Z", "unknown option '-Z': see --help"},
		{"-iZ", "unknown option '-Z': see --help"},
		{"--yaml-only 1", "'--yaml-only' is a key of the configuration file"},
		{"--help=no", "option '--help' takes no value"},
		{"word", "unexpected word 'word': prog takes options only"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct run r;

		run_line(&r, cases[i].line, false);
		if (r.ret != -EINVAL || strstr(r.err.text, cases[i].want) == NULL)
			print_error("%s: %d '%s'\n", cases[i].line, r.ret, r.err.text);
		assert_int_equal(r.ret, -EINVAL);
		assert_int_equal(r.err.exit_code, HP_EXIT_USAGE);
		assert_non_null(strstr(r.err.text, cases[i].want));
		run_end(&r);
	}
}

static void other_words_are_moved_behind_the_options(void **state)
{
	struct run r;

	run_line(&r, "show --number 5 port -i stats", true);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.words, 4);
	assert_string_equal(r.argv[4], "show");
	assert_string_equal(r.argv[5], "port");
	assert_string_equal(r.argv[6], "stats");
	assert_string_equal(r.argv[1], "--number");
	run_end(&r);
}

static void a_first_double_dash_separates_eal_letters_from_ours(void **state)
{
	struct run r;

	run_line(&r, "-i", false);
	assert_true(r.conf.flag);
	assert_false(r.conf.eal_i);
	run_end(&r);
	run_line(&r, "-i -n 3 -- --size 8K", false);
	assert_int_equal(r.ret, 0);
	assert_false(r.conf.flag);
	assert_true(r.conf.eal_i);
	assert_int_equal(r.conf.number, 3);
	assert_int_equal(r.conf.size, 8192);
	run_end(&r);
	run_line(&r, "-i -- -i", false);
	assert_int_equal(r.ret, 0);
	assert_true(r.conf.flag);
	assert_true(r.conf.eal_i);
	run_end(&r);
}

static void a_second_double_dash_ends_the_options(void **state)
{
	struct run r;

	run_line(&r, "-n 3 -- a -- --number 4", true);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.conf.number, 3);
	assert_string_equal(r.argv[r.words], "a");
	assert_string_equal(r.argv[r.words + 1], "--number");
	assert_string_equal(r.argv[r.words + 2], "4");
	run_end(&r);
}

static void help_version_and_manual_are_printed(void **state)
{
	struct run r;

	run_line(&r, "--help", false);
	assert_int_equal(r.ret, 1);
	assert_non_null(strstr(r.out, "usage: prog [OPTIONS] WORD...\n       prog --list\n"));
	assert_non_null(
		strstr(r.out, "  -n, --number N          a number [default 32; 1 to 512]\n"));
	assert_non_null(strstr(r.out, "\nPackets:\n  -w, --word drop|bypass|hold\n"));
	assert_null(strstr(r.out, "yaml-only"));
	run_end(&r);
	run_line(&r, "--vers", false);
	assert_int_equal(r.ret, 1);
	assert_ptr_equal(strstr(r.out, "prog "), r.out);
	assert_true(strlen(r.out) > strlen("prog 0\n"));
	run_end(&r);
	run_line(&r, "--man", false);
	assert_int_equal(r.ret, 1);
	assert_ptr_equal(strstr(r.out, ".TH PROG 1"), r.out);
	assert_non_null(strstr(r.out, "\n.PP\nSecond \\- with a \\e.\n"));
	assert_non_null(strstr(r.out, "\\fB\\-n\\fR, \\fB\\-\\-number\\fR \\fIN\\fR\n"));
	run_end(&r);
}

static void markdown_has_a_row_for_each_option(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	hp_opts_markdown(&set, out);
	fclose(out);
	for (const struct hp_opt *opt = table; opt->name != NULL; opt++) {
		char row[64];

		snprintf(row, sizeof(row), "| `%s%s", (opt->where & HP_OPT_CLI) ? "--" : "",
			opt->name);
		assert_non_null(strstr(text, row));
	}
	assert_non_null(strstr(text, "drop\\|bypass\\|hold"));
	free(text);
}

static int parse_yaml(
	struct conf *conf, const char *text, const struct hp_opts_given *given, struct hp_err *err)
{
	static const char *const other[] = {"ports", NULL};
	struct hp_yaml_file *file = hp_yaml_load("g.yaml", text, strlen(text), NULL, err);
	int ret;

	assert_non_null(file);
	ret = hp_opts_parse_yaml(&set, conf, hp_yaml_root(file, 0), other, "g.yaml", given, err);
	hp_yaml_free(file);
	return ret;
}

static void yaml_fills_what_the_command_line_has_not_given(void **state)
{
	const char *text = "yaml-only: 3\nnumber: 9\nsize: \"8K\"\ntime: 250ms\nflag: true\n"
			   "text: 'a b'\nword: bypass\nlist: [x, 'y']\nports: []\nany: 0xff\n";
	struct hp_err err = {0};
	struct run r;

	run_line(&r, "--number 5", false);
	assert_int_equal(parse_yaml(&r.conf, text, &r.given, &err), 0);
	assert_int_equal(r.conf.number, 5);
	assert_int_equal(r.conf.yaml_only, 3);
	assert_int_equal(r.conf.size, 8192);
	assert_int_equal(r.conf.time, 250000);
	assert_true(r.conf.flag);
	assert_string_equal(r.conf.text, "a b");
	assert_int_equal(r.conf.word, 1);
	assert_int_equal(r.conf.list.n, 2);
	assert_int_equal(r.conf.any, 255);
	run_end(&r);
}

static void bad_yaml_is_refused_with_line_and_column(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", "g.yaml:1:1: 'yaml-only' is missing in prog, expected a number"},
		{"number: 4", "g.yaml:1:1: 'yaml-only' is missing"},
		{"a", "g.yaml:1:1: prog is a text, expected a mapping"},
		{"[a]", "g.yaml:1:1: prog is a sequence, expected a mapping"},
		{"yaml-only: 1\nnumber: 513", "g.yaml:2:9: 'number': '513' is out of range, "
					      "expected a whole number from 1 to 512"},
		{"number: \"32\"", "g.yaml:1:9: 'number' is the text \"32\", expected a whole "
				   "number from 1 to 512 without quotes"},
		{"number: !!str 32", "is the text"},
		{"number: [1]", "g.yaml:1:9: 'number' is a sequence, expected"},
		{"number: {a: 1}", "g.yaml:1:9: 'number' is a mapping, expected"},
		{"number:", "'number' is nothing, expected"},
		{"number: ~", "'number' is nothing, expected"},
		{"number: 1\nnumber: 2", "g.yaml:2:1: 'number' is given twice, first in line 1"},
		{"ports: 1\nnumber: 1\nports: 2", "g.yaml:3:1: 'ports' is given twice, first in "
						  "line 1"},
		{"nubmer: 1", "g.yaml:1:1: unknown key 'nubmer' in prog; did you mean 'number'?"},
		{"port: 1", "unknown key 'port' in prog; did you mean 'ports'?"},
		{"zzz: 1", "g.yaml:1:1: unknown key 'zzz' in prog"},
		{"[a]: 1", "g.yaml:1:1: a sequence is no key"},
		{"cli-only: 1", "'cli-only' is an option of the command line, not a key"},
		{"list: a", "g.yaml:1:7: 'list' is a text, expected a sequence of texts"},
		{"list: [a, [b]]", "g.yaml:1:11: 'list' is a sequence, expected text"},
		{"list: [a, '']", "g.yaml:1:11: 'list': '' is empty"},
		{"text: \"a\\0b\"", "g.yaml:1:7: 'text' holds a NUL character"},
		{"\"te\\0xt\": a", "is no key"},
		{"flag: maybe", "g.yaml:1:7: 'flag': 'maybe' is not valid, expected yes or no"},
		{"flag: 'true'", "is the text \"true\""},
		{"word: Drop", "g.yaml:1:7: 'word': 'Drop' is not valid, expected one of drop"},
		{"size: -1", "g.yaml:1:7: 'size': '-1' is not valid"},
		{"time: 1 s", "g.yaml:1:7: 'time': '1 s' is not valid"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct hp_err err = {0};
		struct conf conf;
		int ret;

		assert_int_equal(hp_opts_defaults(&set, &conf), 0);
		ret = parse_yaml(&conf, cases[i].text, NULL, &err);
		if (ret != -EINVAL || strstr(err.text, cases[i].want) == NULL)
			print_error("%s: %d '%s'\n", cases[i].text, ret, err.text);
		assert_int_equal(ret, -EINVAL);
		assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
		assert_non_null(strstr(err.text, cases[i].want));
		hp_opts_free(&set, &conf);
	}
}

static void yaml_that_the_command_line_overrules_is_checked_all_the_same(void **state)
{
	struct hp_err err = {0};
	struct run r;

	run_line(&r, "--number 5 --list a --text b", false);
	assert_int_equal(parse_yaml(&r.conf, "yaml-only: 1\nnumber: 0", &r.given, &err), -EINVAL);
	assert_non_null(strstr(err.text, "g.yaml:2:9: 'number': '0' is out of range"));
	memset(&err, 0, sizeof(err));
	assert_int_equal(
		parse_yaml(&r.conf, "yaml-only: 1\nlist: [x, y]\ntext: z", &r.given, &err), 0);
	assert_int_equal(r.conf.list.n, 1);
	assert_string_equal(r.conf.text, "b");
	run_end(&r);
}

static void near_words_are_proposed_and_far_ones_are_not(void **state)
{
	static const struct {
		const char *word, *candidate;
		bool near;
	} cases[] = {
		{"brust", "burst", true},
		{"burts", "burst", true},
		{"file-prefx", "file-prefix", true},
		{"mtu", "mtus", true},
		{"port", "burst", false},
		{"a", "b", false},
		{"", "b", false},
		{"total-mbufs", "total-num-mbufs", false},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		struct hp_near near;

		hp_near_start(&near, cases[i].word);
		hp_near_try(&near, cases[i].candidate);
		if ((near.best != NULL) != cases[i].near)
			print_error("%s %s\n", cases[i].word, cases[i].candidate);
		assert_int_equal(near.best != NULL, cases[i].near);
	}
}

static void quoted_text_is_cut_and_has_no_control_characters(void **state)
{
	char buf[8];

	assert_string_equal(hp_err_quote(buf, sizeof(buf), "a\nb"), "a?b");
	assert_string_equal(hp_err_quote(buf, sizeof(buf), "1234567"), "1234567");
	assert_string_equal(hp_err_quote(buf, sizeof(buf), "12345678"), "1234...");
	assert_string_equal(hp_err_quote(buf, sizeof(buf), NULL), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_come_from_the_table),
		cmocka_unit_test(good_values_of_every_type_are_stored),
		cmocka_unit_test(flags_words_texts_and_lists_are_stored),
		cmocka_unit_test(bad_command_lines_are_refused_with_what_was_expected),
		cmocka_unit_test(other_words_are_moved_behind_the_options),
		cmocka_unit_test(a_first_double_dash_separates_eal_letters_from_ours),
		cmocka_unit_test(a_second_double_dash_ends_the_options),
		cmocka_unit_test(help_version_and_manual_are_printed),
		cmocka_unit_test(markdown_has_a_row_for_each_option),
		cmocka_unit_test(yaml_fills_what_the_command_line_has_not_given),
		cmocka_unit_test(bad_yaml_is_refused_with_line_and_column),
		cmocka_unit_test(yaml_that_the_command_line_overrules_is_checked_all_the_same),
		cmocka_unit_test(near_words_are_proposed_and_far_ones_are_not),
		cmocka_unit_test(quoted_text_is_cut_and_has_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
