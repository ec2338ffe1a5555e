// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What can be said of each option and each key of a configuration is proved by walking over the
// tables themselves, so that a new option is tested as soon as it is there.

#include "hp_conf_help.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 5000 // bytes of a value: more than any string may have

// A value that the option takes.
static const char *good_value(const struct hp_opt *opt, char *buf, size_t size)
{
	static const struct {
		const char *name, *value;
	} texts[] = {
		{"runtime-dir", "/run/x"},
		{"huge-dir", "/dev/hugepages"},
		{"lcores", "0-1"},
		{"vdev", "net_null0"},
		{"allow", "0000:01:00.0"},
		{"eal", "log-level=lib.eal:debug"},
		{"cmdline-file", "commands"},
		{"name", "x"},
		{"devargs", "net_null7"},
		{"from", "port:0"},
		{"to", "port:1"},
		{"port", "a=net_null0"},
		{"portmask", "0x3"},
		{"portlist", "0,2-3"},
		{"eth-peer", "31,02:00:00:00:00:01"},
		{"client", "fw:hold:64"},
		{"patch", "port:a>port:a"},
	};

	if (opt->def != NULL)
		return opt->def;
	if (opt->type == HP_OPT_ENUM)
		return opt->words[0];
	if (opt->type == HP_OPT_FLAG)
		return "true";
	for (size_t i = 0; i < HP_LEN(texts); i++)
		if (strcmp(texts[i].name, opt->name) == 0)
			return texts[i].value;
	snprintf(buf, size, "%" PRIu64, opt->min);
	return buf;
}

// The i-th value that the option does not take, NULL past the last.
static const char *bad_value(const struct hp_opt *opt, unsigned int i, char *buf, size_t size)
{
	static const char *const numbers[] = {"-1", "x", "''", "1.2.3", "18446744073709551616",
		"99999999999999999999999", "0x", "1 ", "+1", "1e3", NULL};
	static const char *const flags[] = {"maybe", "2", "True", "", NULL};
	static const char *const words[] = {"nonsense", "0", "DROP", "", NULL};

	switch (opt->type) {
	case HP_OPT_FLAG:
		return flags[i];
	case HP_OPT_ENUM:
		return words[i];
	case HP_OPT_UINT:
	case HP_OPT_SIZE:
	case HP_OPT_DURATION:
		if (i == 0) {
			assert_true(opt->max != 0); // every number of ours has an upper bound
			snprintf(buf, size, "%" PRIu64 "%s", opt->max + 1,
				opt->type == HP_OPT_DURATION ? "us" : "");
			return buf;
		}
		if (i == 1 && opt->min == 0)
			return numbers[0];
		if (i == 1) {
			snprintf(buf, size, "%" PRIu64 "%s", opt->min - 1,
				opt->type == HP_OPT_DURATION ? "us" : "");
			return buf;
		}
		return numbers[i - 2];
	case HP_OPT_STRING:
	case HP_OPT_LIST:
		if (i > 3 || (i == 3 && opt->check == NULL))
			return NULL;
		if (i == 0)
			return "";
		if (i == 3)
			return "%";
		memset(buf, 'a', size - 1);
		buf[size - 1] = '\0';
		if (i == 2)
			snprintf(buf, size, "a\033b");
		return buf;
	}
	return NULL;
}

static void frames_that_are_made_fit_into_a_buffer(void **state)
{
	static const struct {
		const char *args[4];
		uint64_t length, bursts;
	} good[] = {
		{{NULL}, 64, 0},
		{{"--txpkts=30,30", "--tx-first"}, 60, 1},
		{{"--tx-first", "--txpkts", "64,128"}, 192, 1},
		{{"--tx-first=7", "--txpkts=2048"}, 2048, 7},
		{{"--tx-first", "7", "--mbuf-size=384"}, 64, 7},
		{{"--txpkts=9000", "--mbuf-size=9128"}, 9000, 0},
	};
	static const char *const bad[][3] = {
		{"--txpkts=59"}, {"--txpkts=2049"}, {"--txpkts=257", "--mbuf-size=384"}};

	(void)state;
	for (size_t i = 0; i < HP_LEN(good); i++) {
		struct hp_config conf;
		struct hp_err err;

		assert_int_equal(hp_conf_from_args(&conf, good[i].args, &err), 0);
		assert_int_equal(conf.tx_length, good[i].length);
		assert_int_equal(conf.tx_first, good[i].bursts);
		hp_config_free(&conf);
	}
	for (size_t i = 0; i < HP_LEN(bad); i++)
		hp_conf_args_are_refused(bad[i], "which is what a buffer holds");
}

// Values that look right at first.
static void wired_ports_are_named_by_mask_or_list_and_not_by_both(void **state)
{
	static const char *const bad[] = {"--portmask=0x", "--portmask=0", "--portmask=0x100000000",
		"--portmask=3x", "--portmask=-1", "--portlist=0,", "--portlist=,0", "--portlist=32",
		"--portlist=3-2", "--portlist=0-", "--portlist=0--1", "--portlist=a",
		"--eth-peer=0", "--eth-peer=32,02:00:00:00:00:01", "--eth-peer=0,02:00:00:00:00",
		"--eth-peer=0,02-00-00-00-00-01", "--eth-peer=,02:00:00:00:00:01",
		"--eth-peer=0,02:00:00:00:00:0g", "--forward-mode=mac2", "--tx-first=1025",
		"--txpkts=0", "--txpkts=64,", "--txpkts=9001", "--txpkts=x",
		"--txpkts=1,1,1,1,1,1,1,1,60"};
	static const struct {
		const char *arg;
		uint64_t ports;
	} good[] = {
		{"--portmask=0x80000001", 0x80000001},
		{"--portmask=F", 0xf},
		{"--portlist=0,2-3,31", 0x8000000d},
		{"--forward-mode=io", UINT64_MAX},
	};
	const char *both[] = {"--portmask=1", "--portlist=0", NULL};

	for (size_t i = 0; i < HP_LEN(bad); i++) {
		const char *args[] = {bad[i], NULL};

		hp_conf_args_are_refused(args, "option '--");
	}
	for (size_t i = 0; i < HP_LEN(good); i++) {
		const char *args[] = {good[i].arg, NULL};
		struct hp_config conf;
		struct hp_err err;

		assert_int_equal(hp_conf_from_args(&conf, args, &err), 0);
		assert_int_equal(conf.forward_ports, good[i].ports);
		hp_config_free(&conf);
	}
	hp_conf_args_are_refused(both, "portmask is given too");
}

#define FOREACH_OPT(set, opt) for (const struct hp_opt *opt = (set)->opts; opt->name != NULL; opt++)

static void every_option_refuses_what_it_cannot_take(void **state)
{
	static char value[VALUE_MAX], arg[VALUE_MAX + 64];
	const char *bad;

	FOREACH_OPT(&hp_config_opts, opt)
	{
		char want[64];

		snprintf(want, sizeof(want), "option '--%s'", opt->name);
		for (unsigned int i = 0; (bad = bad_value(opt, i, value, sizeof(value))); i++) {
			const char *args[] = {arg, NULL};

			snprintf(arg, sizeof(arg), "--%s=%s", opt->name, bad);
			hp_conf_args_are_refused(args, want);
		}
	}
}

static void every_option_takes_a_good_value_and_only_once(void **state)
{
	FOREACH_OPT(&hp_config_opts, opt)
	{
		char buf[64], arg[128], want[96];
		const char *args[] = {arg, arg, NULL};
		const char *once[] = {arg, NULL};
		struct hp_config conf;
		struct hp_err err;
		const char *good = good_value(opt, buf, sizeof(buf));

		snprintf(arg, sizeof(arg), "--%s=%s", opt->name, good);
		if (strcmp(opt->name, "config") != 0 && strcmp(opt->name, "patch") != 0) {
			if (hp_conf_from_args(&conf, once, &err) != 0)
				print_error("%s: %s\n", arg, err.text);
			assert_int_equal(err.exit_code, 0);
			hp_config_free(&conf);
		}
		if (opt->type == HP_OPT_LIST)
			continue;
		snprintf(want, sizeof(want), "option '--%s' is given twice", opt->name);
		hp_conf_args_are_refused(args, want);
	}
}

static void every_option_but_flags_needs_its_value(void **state)
{
	FOREACH_OPT(&hp_config_opts, opt)
	{
		char arg[64], want[96];
		const char *args[] = {arg, NULL};

		if (opt->type == HP_OPT_FLAG || opt->bare != NULL)
			continue;
		snprintf(arg, sizeof(arg), "--%s", opt->name);
		snprintf(want, sizeof(want), "option '--%s' has no value, expected ", opt->name);
		hp_conf_args_are_refused(args, want);
	}
}

static void every_option_with_a_typo_is_proposed(void **state)
{
	FOREACH_OPT(&hp_config_opts, opt)
	{
		char arg[64], want[96];
		const char *args[] = {arg, NULL};

		snprintf(arg, sizeof(arg), "--%sx", opt->name);
		snprintf(want, sizeof(want), "unknown option '--%sx'; did you mean '--", opt->name);
		hp_conf_args_are_refused(args, want);
	}
}

// A document in which only the key under test is of interest: the top level or a list's entry.
struct place {
	const struct hp_opt_set *set;
	const char *before; // lines in front of the entry
	const char *indent, *first; // of the key's line, of the entry's first line
	const char *required; // a required key and its value
	const char *required_key;
	const char *after; // what the entry needs to be complete
	unsigned int line; // of the entry's first key
};

static const struct place places[] = {
	{&hp_config_opts, "", "", "", NULL, NULL, "", 1},
	{&hp_config_port_opts, "ports:\n", "    ", "  - ", "devargs: net_null0", "devargs", "", 2},
	{&hp_config_client_opts, "clients:\n", "    ", "  - ", "name: fw", "name", "", 2},
	{&hp_config_patch_opts, "patches:\n", "    ", "  - ", NULL, NULL, "", 2},
};

// The key with that value, alone in its entry but for what is required besides.
static void document(char *buf, size_t size, const struct place *place, const char *key,
	const char *value, bool twice)
{
	size_t len;

	len = (size_t)snprintf(buf, size, "%s%s%s: %s\n", place->before, place->first, key, value);
	if (twice)
		len += (size_t)snprintf(
			buf + len, size - len, "%s%s: %s\n", place->indent, key, value);
	if (place->required != NULL && strcmp(place->required_key, key) != 0)
		len += (size_t)snprintf(
			buf + len, size - len, "%s%s\n", place->indent, place->required);
	snprintf(buf + len, size - len, "%s", place->after);
}

#define FOREACH_KEY(place, opt) \
	for (const struct place *place = places; place < places + HP_LEN(places); place++) \
		FOREACH_OPT(place->set, opt) \
	if ((opt->where & HP_OPT_YAML) != 0)

static void every_key_refuses_what_it_cannot_take(void **state)
{
	static char value[VALUE_MAX], quoted[VALUE_MAX * 2], text[VALUE_MAX * 3];

	FOREACH_KEY(place, opt)
	{
		const char *bad;

		for (unsigned int i = 0; (bad = bad_value(opt, i, value, sizeof(value))); i++) {
			bool list = opt->type == HP_OPT_LIST;
			bool escape = opt->type == HP_OPT_STRING || list;
			char want[64];

			if (strcmp(bad, "1 ") == 0)
				continue; // YAML drops the blank
			if (strcmp(bad, "True") == 0)
				bad = "TRuE";
			snprintf(quoted, sizeof(quoted), "%s%s%s%s%s", list ? "[" : "",
				escape ? "\"" : "", strcmp(bad, "a\033b") == 0 ? "a\\eb" : bad,
				escape ? "\"" : "", list ? "]" : "");
			document(text, sizeof(text), place, opt->name, quoted, false);
			snprintf(want, sizeof(want), "t.yaml:%u:%zu: '%s'", place->line,
				strlen(place->first) + strlen(opt->name) + 3 + (list ? 1 : 0),
				opt->name);
			if (bad[0] == '\0' && !escape)
				snprintf(want, sizeof(want), "'%s' is nothing", opt->name);
			hp_conf_yaml_is_refused(text, want);
		}
	}
}

static void every_key_refuses_another_type(void **state)
{
	static const char *const values[] = {"{a: b}", "[[a]]", "~", "", "a: b"};
	char text[512], want[64];

	FOREACH_KEY(place, opt)
	{
		snprintf(want, sizeof(want), "'%s' is ", opt->name);
		for (size_t i = 0; i < HP_LEN(values) - 1; i++) {
			document(text, sizeof(text), place, opt->name, values[i], false);
			hp_conf_yaml_is_refused(text, want);
		}
		if (opt->type == HP_OPT_LIST && !opt->single_ok) {
			document(text, sizeof(text), place, opt->name, "a", false);
			hp_conf_yaml_is_refused(text, "expected a sequence");
		} else if (opt->type != HP_OPT_LIST) {
			document(text, sizeof(text), place, opt->name, "[1]", false);
			hp_conf_yaml_is_refused(text, "is a sequence, expected");
		}
		if (opt->type == HP_OPT_UINT || opt->type == HP_OPT_FLAG) {
			char buf[64], value[80];

			snprintf(value, sizeof(value), "\"%s\"", good_value(opt, buf, sizeof(buf)));
			document(text, sizeof(text), place, opt->name, value, false);
			hp_conf_yaml_is_refused(text, "without quotes");
		}
	}
}

static void every_key_is_refused_the_second_time(void **state)
{
	char text[512], want[96], buf[64], value[80];

	FOREACH_KEY(place, opt)
	{
		const char *good = good_value(opt, buf, sizeof(buf));

		snprintf(value, sizeof(value), opt->type == HP_OPT_LIST ? "[\"%s\"]" : "%s", good);
		document(text, sizeof(text), place, opt->name, value, true);
		snprintf(want, sizeof(want), "t.yaml:%u:%zu: '%s' is given twice, first in line %u",
			place->line + 1, strlen(place->indent) + 1, opt->name, place->line);
		hp_conf_yaml_is_refused(text, want);
	}
}

static void every_key_with_a_typo_is_refused(void **state)
{
	char text[512], want[192], key[64];

	FOREACH_KEY(place, opt)
	{
		snprintf(key, sizeof(key), "%sx", opt->name);
		document(text, sizeof(text), place, key, "1", false);
		snprintf(want, sizeof(want), "t.yaml:%u:%zu: unknown key '%s' in ", place->line,
			strlen(place->first) + 1, key);
		hp_conf_yaml_is_refused(text, want);
	}
}

static void every_required_key_is_missed(void **state)
{
	hp_conf_yaml_is_refused(
		"ports:\n  - name: a\n", "t.yaml:2:5: 'devargs' is missing in ports");
	hp_conf_yaml_is_refused(
		"clients:\n  - window: 64\n", "t.yaml:2:5: 'name' is missing in clients");
	hp_conf_yaml_is_refused(
		"patches:\n  - to: a\n", "t.yaml:2:5: 'from' is missing in patches");
	hp_conf_yaml_is_refused(
		"patches:\n  - from: a\n", "t.yaml:2:5: 'to' is missing in patches");
	hp_conf_yaml_is_refused("ports:\n  -\n", "'devargs' is missing in ports");
}

static void every_key_takes_its_default_or_a_good_value(void **state)
{
	char text[512], buf[64], value[80];

	FOREACH_KEY(place, opt)
	{
		const char *good = good_value(opt, buf, sizeof(buf));
		struct hp_config conf;
		struct hp_err err;

		if (place->set == &hp_config_patch_opts)
			continue; // needs ports: see a_whole_file_is_read
		if (opt->type == HP_OPT_FLAG)
			good = strcmp(good, "yes") == 0 ? "true" : good;
		snprintf(value, sizeof(value), opt->type == HP_OPT_LIST ? "['%s']" : "%s", good);
		document(text, sizeof(text), place, opt->name, value, false);
		if (hp_conf_from_yaml(&conf, text, &err) != 0)
			print_error("%s: %s\n", text, err.text);
		assert_int_equal(err.exit_code, 0);
		hp_config_free(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_refuses_what_it_cannot_take),
		cmocka_unit_test(every_option_takes_a_good_value_and_only_once),
		cmocka_unit_test(wired_ports_are_named_by_mask_or_list_and_not_by_both),
		cmocka_unit_test(frames_that_are_made_fit_into_a_buffer),
		cmocka_unit_test(every_option_but_flags_needs_its_value),
		cmocka_unit_test(every_option_with_a_typo_is_proposed),
		cmocka_unit_test(every_key_refuses_what_it_cannot_take),
		cmocka_unit_test(every_key_refuses_another_type),
		cmocka_unit_test(every_key_is_refused_the_second_time),
		cmocka_unit_test(every_key_with_a_typo_is_refused),
		cmocka_unit_test(every_required_key_is_missed),
		cmocka_unit_test(every_key_takes_its_default_or_a_good_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
