// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The configuration of a group. What can be said of each option and each key is proved by walking
// over the tables themselves, so that a new option is tested as soon as it is there.

#include "base/hp_config.h"
#include "base/hp_yaml.h"
#include "hp_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX 5000 // bytes of a value: more than any string may have

static int from_yaml(struct hp_config *conf, const char *text, struct hp_err *err)
{
	struct hp_yaml_file *file;
	int ret;

	memset(err, 0, sizeof(*err));
	file = hp_yaml_load("t.yaml", text, strlen(text), NULL, err);
	assert_non_null(file);
	ret = hp_config_from_yaml(conf, hp_yaml_root(file, 0), "t.yaml", err);
	hp_yaml_free(file);
	return ret;
}

static int from_args(struct hp_config *conf, const char *const *args, struct hp_err *err)
{
	char *argv[16] = {strdup("hp-primary")};
	int argc = 1, ret;

	memset(err, 0, sizeof(*err));
	for (; args[argc - 1] != NULL; argc++)
		argv[argc] = strdup(args[argc - 1]);
	char *order[16];
	memcpy(order, argv, sizeof(order));
	ret = hp_config_load(conf, argc, order, stdout, err);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return ret;
}

static void args_are_refused(const char *const *args, const char *want)
{
	struct hp_config conf;
	struct hp_err err;
	int ret = from_args(&conf, args, &err);

	if (ret != -EINVAL || err.exit_code != HP_EXIT_USAGE || strstr(err.text, want) == NULL)
		print_error("%s %.60s: %d, exit %d, '%s'; wanted '%s'\n", args[0],
			args[1] != NULL ? args[1] : "", ret, err.exit_code, err.text, want);
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(err.exit_code, HP_EXIT_USAGE);
	assert_non_null(strstr(err.text, want));
	assert_null(conf.ports);
	assert_null(conf.file_prefix);
}

static void yaml_is_refused(const char *text, const char *want)
{
	struct hp_config conf;
	struct hp_err err;
	int ret = from_yaml(&conf, text, &err);

	if (ret != -EINVAL || err.exit_code != HP_EXIT_CONFIG || strstr(err.text, want) == NULL)
		print_error("%.200s\n: %d, exit %d, '%s'; wanted '%s'\n", text, ret, err.exit_code,
			err.text, want);
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
	assert_non_null(strstr(err.text, want));
	assert_null(conf.ports);
}

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
			strcpy(buf, "a\033b");
		return buf;
	}
	return NULL;
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
			args_are_refused(args, want);
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
			if (from_args(&conf, once, &err) != 0)
				print_error("%s: %s\n", arg, err.text);
			assert_int_equal(err.exit_code, 0);
			hp_config_free(&conf);
		}
		if (opt->type == HP_OPT_LIST)
			continue;
		snprintf(want, sizeof(want), "option '--%s' is given twice", opt->name);
		args_are_refused(args, want);
	}
}

static void every_option_but_flags_needs_its_value(void **state)
{
	FOREACH_OPT(&hp_config_opts, opt)
	{
		char arg[64], want[96];
		const char *args[] = {arg, NULL};

		if (opt->type == HP_OPT_FLAG)
			continue;
		snprintf(arg, sizeof(arg), "--%s", opt->name);
		snprintf(want, sizeof(want), "option '--%s' has no value, expected ", opt->name);
		args_are_refused(args, want);
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
		args_are_refused(args, want);
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
			yaml_is_refused(text, want);
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
			yaml_is_refused(text, want);
		}
		if (opt->type == HP_OPT_LIST && !opt->single_ok) {
			document(text, sizeof(text), place, opt->name, "a", false);
			yaml_is_refused(text, "expected a sequence");
		} else if (opt->type != HP_OPT_LIST) {
			document(text, sizeof(text), place, opt->name, "[1]", false);
			yaml_is_refused(text, "is a sequence, expected");
		}
		if (opt->type == HP_OPT_UINT || opt->type == HP_OPT_FLAG) {
			char buf[64], value[80];

			snprintf(value, sizeof(value), "\"%s\"", good_value(opt, buf, sizeof(buf)));
			document(text, sizeof(text), place, opt->name, value, false);
			yaml_is_refused(text, "without quotes");
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
		yaml_is_refused(text, want);
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
		yaml_is_refused(text, want);
	}
}

static void every_required_key_is_missed(void **state)
{
	yaml_is_refused("ports:\n  - name: a\n", "t.yaml:2:5: 'devargs' is missing in ports");
	yaml_is_refused("clients:\n  - window: 64\n", "t.yaml:2:5: 'name' is missing in clients");
	yaml_is_refused("patches:\n  - to: a\n", "t.yaml:2:5: 'from' is missing in patches");
	yaml_is_refused("patches:\n  - from: a\n", "t.yaml:2:5: 'to' is missing in patches");
	yaml_is_refused("ports:\n  -\n", "'devargs' is missing in ports");
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
		if (from_yaml(&conf, text, &err) != 0)
			print_error("%s: %s\n", text, err.text);
		assert_int_equal(err.exit_code, 0);
		hp_config_free(&conf);
	}
}

static const char whole[] = "file-prefix: demo\n"
			    "lcores: 0-2\n"
			    "nb-cores: 2\n"
			    "memory-limit: 10Mi\n"
			    "rxd: 256\n"
			    "burst: 64\n"
			    "window: 128\n"
			    "policy: bypass\n"
			    "stuck-after: 250ms\n"
			    "check-returns: false\n"
			    "vdev: ['net_null7,size=64', crypto_null0]\n"
			    "ports:\n"
			    "  - name: in\n"
			    "    devargs: net_pcap0,rx_pcap=in.pcap\n"
			    "    rxd: 512\n"
			    "    when-full: wait\n"
			    "  - devargs: net_null1\n"
			    "    promiscuous: no\n"
			    "clients:\n"
			    "  - name: fw\n"
			    "    policy: hold\n"
			    "  - name: mon\n"
			    "    window: 1024\n"
			    "patches:\n"
			    "  - from: port:in\n"
			    "    to: fw\n"
			    "  - from: fw\n"
			    "    to: [mon, port:1]\n"
			    "    spread: round-robin\n";

static void a_whole_file_is_read(void **state)
{
	struct hp_config conf;
	struct hp_err err;

	assert_int_equal(from_yaml(&conf, whole, &err), 0);
	assert_string_equal(conf.file_prefix, "demo");
	assert_int_equal(conf.memory_limit, 10 << 20);
	assert_int_equal(conf.stuck_after_us, 250000);
	assert_int_equal(conf.policy, HP_POLICY_BYPASS);
	assert_false(conf.check_returns);
	assert_int_equal(conf.n_ports, 3);
	assert_string_equal(conf.ports[0].name, "in");
	assert_int_equal(conf.ports[0].rxd, 512);
	assert_int_equal(conf.ports[0].when_full, HP_WHEN_FULL_WAIT);
	assert_true(conf.ports[0].promiscuous);
	assert_string_equal(conf.ports[1].name, "net_null1");
	assert_int_equal(conf.ports[1].rxd, 256);
	assert_int_equal(conf.ports[1].when_full, HP_WHEN_FULL_DROP);
	assert_false(conf.ports[1].promiscuous);
	assert_string_equal(conf.ports[2].name, "net_null7");
	assert_string_equal(conf.ports[2].devargs, "net_null7,size=64");
	assert_int_equal(conf.vdevs.n, 1);
	assert_string_equal(conf.vdevs.items[0], "crypto_null0");
	assert_int_equal(conf.n_clients, 2);
	assert_int_equal(conf.clients[0].policy, HP_POLICY_HOLD);
	assert_int_equal(conf.clients[0].window, 128);
	assert_int_equal(conf.clients[1].policy, HP_POLICY_BYPASS);
	assert_int_equal(conf.clients[1].window, 1024);
	assert_int_equal(conf.n_patches, 2);
	assert_int_equal(conf.patches[0].to.n, 1);
	assert_int_equal(conf.patches[0].spread, HP_SPREAD_HASH);
	assert_string_equal(conf.patches[1].to.items[1], "port:1");
	assert_int_equal(conf.patches[1].spread, HP_SPREAD_ROUND_ROBIN);
	assert_int_equal(conf.patches[1].pos.line, 27);
	hp_config_free(&conf);
	hp_config_free(&conf); // a cleared one is fine
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void the_command_line_overrides_the_file(void **state)
{
	char path[] = "/tmp/test_hp_config.XXXXXX";
	const char *args[] = {"--config", path, "--burst=8", "--port=in=net_null5;mtu=9000",
		"--client=new:drop", "--client=fw:drop:64", "--patch=port:0>new,port:1:broadcast",
		"--vdev=net_null8", NULL};
	struct hp_config conf;
	struct hp_err err;
	int ret;

	write_file(path, whole);
	ret = from_args(&conf, args, &err);
	unlink(path);
	if (ret != 0)
		print_error("%s\n", err.text);
	assert_int_equal(ret, 0);
	assert_int_equal(conf.burst, 8);
	assert_int_equal(conf.rxd, 256);
	assert_int_equal(conf.n_ports, 3);
	assert_string_equal(conf.ports[0].devargs, "net_null5");
	assert_int_equal(conf.ports[0].mtu, 9000);
	assert_int_equal(conf.ports[0].rxd, 256);
	assert_string_equal(conf.ports[2].name, "net_null8");
	assert_int_equal(conf.n_clients, 3);
	assert_int_equal(conf.clients[0].policy, HP_POLICY_DROP);
	assert_int_equal(conf.clients[0].window, 64);
	assert_string_equal(conf.clients[2].name, "new");
	assert_int_equal(conf.clients[2].window, 128);
	// port:0 is port:in, so that the file's patch is replaced.
	assert_int_equal(conf.n_patches, 2);
	assert_string_equal(conf.patches[0].from, "fw");
	assert_string_equal(conf.patches[1].to.items[0], "new");
	assert_int_equal(conf.patches[1].to.n, 2);
	assert_int_equal(conf.patches[1].spread, HP_SPREAD_BROADCAST);
	hp_config_free(&conf);
}

static void the_command_line_alone_describes_a_group(void **state)
{
	const char *args[] = {"-a", "0000:01:00.0", "--vdev", "net_null0", "--file-prefix", "g1",
		"--", "-i", "--port", "hash=net_null1,size=64;rxq=2;when-full=wait",
		"--client=a:hold;when-full=wait", "--patch=port:0000-01-00.0>a", "--patch",
		"a>port:hash", NULL};
	struct hp_config conf;
	struct hp_err err;
	int ret = from_args(&conf, args, &err);

	if (ret != 0)
		print_error("%s\n", err.text);
	assert_int_equal(ret, 0);
	assert_true(conf.interactive);
	assert_int_equal(conf.n_ports, 3);
	assert_string_equal(conf.ports[0].devargs, "net_null1,size=64");
	assert_int_equal(conf.ports[0].rxq, 2);
	assert_string_equal(conf.ports[1].name, "net_null0");
	assert_string_equal(conf.ports[2].name, "0000-01-00.0");
	assert_string_equal(conf.ports[2].devargs, "0000:01:00.0");
	assert_int_equal(conf.allow.n, 0);
	assert_int_equal(conf.clients[0].when_full, HP_WHEN_FULL_WAIT);
	assert_string_equal(conf.patches[1].to.items[0], "port:hash");
	assert_int_equal(conf.patches[1].spread, HP_SPREAD_HASH);
	hp_config_free(&conf);
}

static void defaults_fit_the_smallest_group(void **state)
{
	const char *args[] = {NULL};
	struct hp_config conf;
	struct hp_err err;

	assert_int_equal(from_args(&conf, args, &err), 0);
	assert_string_equal(conf.file_prefix, "rte");
	assert_int_equal(conf.burst, 32);
	assert_int_equal(conf.window, 512);
	assert_true(conf.auto_start);
	assert_true(conf.check_returns);
	// 128 of struct rte_mbuf and 64 of header: with 5 pages of 2 MiB, half is left for the
	// rest.
	assert_true(conf.total_num_mbufs * (conf.mbuf_size + 192) < 5 << 20);
	hp_config_free(&conf);
}

static void bad_lists_of_the_command_line_are_refused(void **state)
{
	static const struct {
		const char *args[4], *want;
	} cases[] = {
		{{"--port=in"}, "option '--port': 'in' is not valid, expected NAME=DEVARGS"},
		{{"--port=a;rxq=2=x"}, "expected NAME=DEVARGS"},
		{{"--port=In=net_null0"}, "option '--port': 'name': 'In' is not valid, expected"},
		{{"--port=7=net_null0"}, "expected a name that is not a number"},
		{{"--port=a="}, "option '--port': 'devargs': '' is empty"},
		{{"--port=a=net_null0;rxq=65"}, "option '--port': 'rxq': '65' is out of range"},
		{{"--port=a=net_null0;rqx=1"}, "unknown key 'rqx'; did you mean 'rxq'?"},
		{{"--port=a=net_null0;rxq"}, "'rxq' has no value, expected KEY=VALUE"},
		{{"--port=a=net_null0;rxq=1;rxq=1"}, "'rxq' is given twice"},
		{{"--port=a=net_null0;name=b"}, "'name' is given twice"},
		{{"--port=a=net_null0", "--port=a=net_null1"}, "a second port with the name 'a'"},
		{{"--port=a=net_null0", "--port=b=net_null0,size=1"}, "device of another port"},
		{{"--port=a=net_null0,size=1", "--vdev=net_null0,size=2"},
			"expected the device once"},
		{{"--vdev=net_null0", "--vdev=net_null0"}, "option '--vdev': device 'net_null0' is "
							   "given twice"},
		{{"--vdev=net null0"}, "without blanks"},
		{{"--port=net_null0=net_null1", "--vdev=net_null0"}, "a second port with the name"},
		{{"--client=FW"}, "option '--client': 'name': 'FW' is not valid"},
		{{"--client=.fw"}, "begins with a letter or digit"},
		{{"--client=abcdefghijklmnopqrstuvwxyz012345"}, "at most 31"},
		{{"--client=fw:keep"}, "option '--client': 'policy': 'keep' is not valid, expected "
				       "one of drop, bypass, hold"},
		{{"--client=fw:drop:33"},
			"'33' is out of range, expected a whole number from 32 to "
			"32768, a power of two"},
		{{"--client=fw:drop:32:1"}, "'1' is too much, expected NAME[:POLICY[:WINDOW]]"},
		{{"--client=a", "--client=a"}, "a second client with the name 'a'"},
		{{"--patch=a"}, "option '--patch': 'a' is not valid, expected FROM>TO"},
		{{"--patch=>a"}, "option '--patch': 'from': '' is empty"},
		{{"--patch=a>"}, "option '--patch': 'to': '' is empty"},
		{{"--client=a", "--client=b", "--patch=a>b,"}, "'to': '' is empty"},
		{{"--client=a", "--client=b", "--patch=a>b:all"}, "'spread': 'all' is not valid"},
		{{"--patch=port:>a"}, "'from': 'port:' is not valid, expected port:NAME"},
		{{"--patch=fw>port:0"}, "there is no client 'fw', expected one that is listed"},
		{{"--client=fw", "--patch=fw>port:0"},
			"there is no 'port:0', expected port:NAME or "
			"port:INDEX of one of the 0 ports"},
		{{"--client=fw", "--patch=fw>port:99999999999999999999"}, "there is no 'port:999"},
		{{"--client=fw", "--patch=fw>fw"}, "client 'fw' is its own next hop"},
		{{"--client=a", "--client=b", "--patch=a>b,b"},
			"'b' and 'b' are the same next hop"},
		{{"--vdev=net_null0", "--client=a", "--patch=a>port:0,port:net_null0"},
			"'port:0' and 'port:net_null0' are the same next hop"},
		{{"--vdev=net_null0", "--patch=port:0>port:0", "--patch=port:net_null0>port:0"},
			"a second patch from 'port:net_null0'"},
		{{"--mbuf-cache=512", "--total-num-mbufs=767"}, "needs at least 768 mbufs"},
		{{"--max-clients=1", "--client=a", "--client=b"}, "2 clients are listed"},
		{{"--huge-dir=pages"}, "'pages' is not valid, expected a path that begins"},
		{{"--file-prefix=a/b"}, "option '--file-prefix': 'a/b' is not valid"},
		{{"--file-prefix=.."}, "option '--file-prefix': '..' is not valid"},
		{{"--lcores=x"}, "lcores as EAL takes them"},
		{{"--eal=--no-pci"}, "without dashes"},
		{{"--eal=file-prefix=x"}, "give it as hugepod's own"},
		{{"--eal=in-memory"}, "members rely on it"},
		{{"--eal=huge-unlink"}, "members rely on it"},
		{{"--eal=m"}, "a long option of EAL"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++)
		args_are_refused(cases[i].args, cases[i].want);
}

static void bad_lists_of_the_file_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"ports: a\n", "t.yaml:1:8: 'ports' is no sequence"},
		{"ports:\n  a: b\n", "t.yaml:2:3: 'ports' is no sequence"},
		{"ports: [a]\n", "t.yaml:1:9: ports is a text, expected a mapping"},
		{"ports: []\nports: []\n", "t.yaml:2:1: 'ports' is given twice, first in line 1"},
		{"ports:\n- {name: a, devargs: net_null0}\n- {name: a, devargs: net_null1}\n",
			"t.yaml:3:3: a second port with the name 'a'"},
		{"ports:\n- {name: a, devargs: net_null0}\n- {name: b, devargs: net_null0}\n",
			"t.yaml:3:3: port 'b' has the device of another port"},
		{"ports:\n- {devargs: net_nuLL0}\n- {devargs: net_null0}\n",
			"t.yaml:3:3: a second port with the name 'net_null0'"},
		{"clients:\n- {name: a}\n- {name: a}\n", "t.yaml:3:3: a second client"},
		{"clients: [{name: a, window: 48}]", "t.yaml:1:29: 'window': '48' is out of range, "
						     "expected a whole number from 32 to 32768, a "
						     "power of two"},
		{"patches:\n- {from: a, to: b}\n", "t.yaml:2:3: there is no client 'a'"},
		{"clients: [{name: a}]\npatches:\n- {from: a, to: []}\n",
			"t.yaml:3:3: 0 next hops for 'a', expected 1 to 16"},
		{"clients: [{name: a}]\npatches:\n- {from: a, to: [b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,"
		 "b]}\n",
			"t.yaml:3:3: 17 next hops for 'a', expected 1 to 16"},
		{"max-clients: 1\nclients: [{name: a}, {name: b}]\n",
			"t.yaml:1:14: 2 clients are listed, and max-clients is 1"},
		{"total-num-mbufs: 100\n", "t.yaml:1:18: a cache of 256 mbufs needs at least 384"},
		{"mbuf-cache: 512\ntotal-num-mbufs: 600\n", "t.yaml:1:13: a cache of 512 mbufs"},
		{"vdev: [net_null0, net_null0]\n", "t.yaml:1:7: device 'net_null0' is given twice"},
		{"window: 100\n", "t.yaml:1:9: 'window': '100' is out of range"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++)
		yaml_is_refused(cases[i].text, cases[i].want);
}

static void more_entries_than_there_is_room_for_are_refused(void **state)
{
	char text[8192] = "max-clients: 64\nclients:\n";

	for (unsigned int i = 0; i <= HP_CLIENTS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "- {name: c%u}\n", i);
	yaml_is_refused(text, "t.yaml:67:3: more than 64 clients");
	strcpy(text, "ports:\n");
	for (unsigned int i = 0; i <= HP_PORTS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"- {devargs: net_null%u}\n", i);
	yaml_is_refused(text, "t.yaml:34:3: more than 32 ports");
}

static void bad_files_are_a_configuration_error(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"a: [", ":"},
		{"---\nburst: 1\n---\nburst: 2\n", ":4:1: a second document, expected one"},
		{"burst: 0\n", ":1:8: 'burst': '0' is out of range"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		char path[] = "/tmp/test_hp_config.XXXXXX";
		const char *args[] = {"--config", path, NULL};
		struct hp_config conf;
		struct hp_err err;

		write_file(path, cases[i].text);
		assert_int_equal(from_args(&conf, args, &err), -EINVAL);
		unlink(path);
		assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
		assert_ptr_equal(strstr(err.text, path), err.text);
		assert_non_null(strstr(err.text, cases[i].want));
	}
	const char *args[] = {"--config", "/nonexistent/x.yaml", NULL};
	struct hp_config conf;
	struct hp_err err;

	assert_true(from_args(&conf, args, &err) < 0);
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_refuses_what_it_cannot_take),
		cmocka_unit_test(every_option_takes_a_good_value_and_only_once),
		cmocka_unit_test(every_option_but_flags_needs_its_value),
		cmocka_unit_test(every_option_with_a_typo_is_proposed),
		cmocka_unit_test(every_key_refuses_what_it_cannot_take),
		cmocka_unit_test(every_key_refuses_another_type),
		cmocka_unit_test(every_key_is_refused_the_second_time),
		cmocka_unit_test(every_key_with_a_typo_is_refused),
		cmocka_unit_test(every_required_key_is_missed),
		cmocka_unit_test(every_key_takes_its_default_or_a_good_value),
		cmocka_unit_test(a_whole_file_is_read),
		cmocka_unit_test(the_command_line_overrides_the_file),
		cmocka_unit_test(the_command_line_alone_describes_a_group),
		cmocka_unit_test(defaults_fit_the_smallest_group),
		cmocka_unit_test(bad_lists_of_the_command_line_are_refused),
		cmocka_unit_test(bad_lists_of_the_file_are_refused_with_their_place),
		cmocka_unit_test(more_entries_than_there_is_room_for_are_refused),
		cmocka_unit_test(bad_files_are_a_configuration_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
