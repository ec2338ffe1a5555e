// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The runtime directory is the one that EAL will use.

#include "base/hp_paths.h"
#include "hp_test.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void runtime_directory_follows_eals_order(void **state)
{
	static const struct {
		struct hp_paths_env env;
		const char *prefix, *want;
	} cases[] = {
		{{"/run/a", "/run/user/7", 0}, "g", "/run/a/dpdk/g"},
		{{"/run/a", "/run/user/7", 7}, "g", "/run/a/dpdk/g"},
		{{NULL, "/run/user/7", 0}, "g", "/var/run/dpdk/g"},
		{{NULL, NULL, 0}, NULL, "/var/run/dpdk/rte"},
		{{NULL, "/run/user/7", 7}, "g", "/run/user/7/dpdk/g"},
		{{NULL, NULL, 7}, "g", "/tmp/dpdk/g"},
		{{"", NULL, 7}, "g", "/dpdk/g"}, // set but empty: EAL does not look further
		{{NULL, "", 7}, "g", "/dpdk/g"},
	};
	char buf[PATH_MAX];

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		assert_int_equal(
			hp_paths_runtime_dir_of(buf, sizeof(buf), cases[i].prefix, &cases[i].env),
			0);
		assert_string_equal(buf, cases[i].want);
	}
}

static void prefixes_that_are_no_directory_name_are_refused(void **state)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "/", "a%d"};
	char buf[PATH_MAX];

	for (size_t i = 0; i < HP_LEN(bad); i++)
		assert_int_equal(hp_paths_runtime_dir(buf, sizeof(buf), bad[i], "/run"), -EINVAL);
	assert_int_equal(hp_paths_runtime_dir(buf, sizeof(buf), "..a", "/run"), 0);
	assert_string_equal(buf, "/run/dpdk/..a");
}

static void a_base_given_by_hand_wins_over_the_environment(void **state)
{
	char buf[PATH_MAX];

	assert_int_equal(hp_paths_export("/run/env"), 0);
	assert_int_equal(hp_paths_runtime_dir(buf, sizeof(buf), "g", NULL), 0);
	assert_string_equal(buf, "/run/env/dpdk/g");
	assert_int_equal(hp_paths_runtime_dir(buf, sizeof(buf), "g", "/run/hand"), 0);
	assert_string_equal(buf, "/run/hand/dpdk/g");
	unsetenv(HP_PATHS_RUNTIME_ENV);
}

static void a_path_that_does_not_fit_is_refused_and_not_cut(void **state)
{
	char exact[sizeof("/r/dpdk/g")], buf[sizeof("/r/dpdk/g") - 1];

	assert_int_equal(hp_paths_runtime_dir(exact, sizeof(exact), "g", "/r"), 0);
	assert_string_equal(exact, "/r/dpdk/g");
	assert_int_equal(hp_paths_runtime_dir(buf, sizeof(buf), "g", "/r"), -ENAMETOOLONG);
}

static void a_socket_address_holds_107_bytes(void **state)
{
	struct sockaddr_un addr;
	char dir[sizeof(addr.sun_path)] = {0};

	memset(dir, 'd', sizeof(addr.sun_path) - 1 - strlen("/" HP_PATHS_JOIN));
	assert_int_equal(hp_paths_sockaddr(&addr, dir, HP_PATHS_JOIN), 0);
	assert_int_equal(strlen(addr.sun_path), 107);
	assert_int_equal(addr.sun_family, AF_UNIX);
	dir[strlen(dir)] = 'd';
	assert_int_equal(hp_paths_sockaddr(&addr, dir, HP_PATHS_JOIN), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runtime_directory_follows_eals_order),
		cmocka_unit_test(prefixes_that_are_no_directory_name_are_refused),
		cmocka_unit_test(a_base_given_by_hand_wins_over_the_environment),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused_and_not_cut),
		cmocka_unit_test(a_socket_address_holds_107_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
