// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Whole configurations: ports, clients and patches of file and command line, and what has to hold
// between them.

#include "hp_conf_help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

	assert_int_equal(hp_conf_from_yaml(&conf, whole, &err), 0);
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
	assert_int_equal(conf.ports[1].when_full, HP_WHEN_FULL_AUTO);
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
	ret = hp_conf_from_args(&conf, args, &err);
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
	int ret = hp_conf_from_args(&conf, args, &err);

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

	assert_int_equal(hp_conf_from_args(&conf, args, &err), 0);
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
		{{"--lcores=-1"}, "lcores as EAL takes them"},
		{{"--lcores=0-"}, "lcores as EAL takes them"},
		{{"--lcores=(0"}, "lcores as EAL takes them"},
		{{"--lcores=0)"}, "lcores as EAL takes them"},
		{{"--lcores=(0-1)@"}, "lcores as EAL takes them"},
		{{"--lcores=0,"}, "lcores as EAL takes them"},
		{{"--lcores=0@1@2"}, "lcores as EAL takes them"},
		{{"--lcores=1-2-3"}, "lcores as EAL takes them"},
		{{"--lcores=99999999999"}, "lcores as EAL takes them"},
		{{"--eal=--no-pci"}, "without dashes"},
		{{"--eal=file-prefix=x"}, "give it as hugepod's own"},
		{{"--eal=in-memory"}, "members rely on it"},
		{{"--eal=huge-unlink"}, "members rely on it"},
		{{"--eal=in-mem"}, "members rely on it"},
		{{"--eal=proc=secondary"}, "members rely on it"},
		{{"--eal=huge-unl=always"}, "members rely on it"},
		{{"--eal=file-p=x"}, "give it as hugepod's own"},
		{{"--eal=he"}, "not one that ends it"},
		{{"--eal=log-level=help"}, "not one that ends it"},
		{{"--eal=m"}, "a long option of EAL"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++)
		hp_conf_args_are_refused(cases[i].args, cases[i].want);
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
			"t.yaml:2:22: 2 clients are listed, expected at most max-clients, 1: raise "
			"it"},
		{"total-num-mbufs: 100\n", "t.yaml:1:18: a cache of 256 mbufs needs at least 384"},
		{"mbuf-cache: 512\ntotal-num-mbufs: 600\n", "t.yaml:1:13: a cache of 512 mbufs"},
		{"vdev: [net_null0, net_null0]\n", "t.yaml:1:7: device 'net_null0' is given twice"},
		{"window: 100\n", "t.yaml:1:9: 'window': '100' is out of range"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++)
		hp_conf_yaml_is_refused(cases[i].text, cases[i].want);
}

static void more_entries_than_there_is_room_for_are_refused(void **state)
{
	char text[8192] = "max-clients: 64\nclients:\n";

	for (unsigned int i = 0; i <= HP_CLIENTS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "- {name: c%u}\n", i);
	hp_conf_yaml_is_refused(text, "t.yaml:67:3: more than 64 clients");
	snprintf(text, sizeof(text), "ports:\n");
	for (unsigned int i = 0; i <= HP_PORTS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"- {devargs: net_null%u}\n", i);
	hp_conf_yaml_is_refused(text, "t.yaml:34:3: more than 32 ports");
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
		assert_int_equal(hp_conf_from_args(&conf, args, &err), -EINVAL);
		unlink(path);
		assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
		assert_ptr_equal(strstr(err.text, path), err.text);
		assert_non_null(strstr(err.text, cases[i].want));
	}
	const char *args[] = {"--config", "/nonexistent/x.yaml", NULL};
	struct hp_config conf;
	struct hp_err err;

	assert_true(hp_conf_from_args(&conf, args, &err) < 0);
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
