// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Options that everything has that joins a group, by EAL or without it. No DPDK.

#pragma once

#include "base/hp_config.h"
#include "base/hp_log.h"
#include "base/hp_opts.h"

#include <stddef.h>

/**
 * Rows of an option table: which group, and how long to wait for it. @p owner: the struct that the
 * table fills; @p conf: its member with .file_prefix, .runtime_dir and .wait_primary_us.
 */
#define HP_GROUP_OPTS(owner, conf) \
	{.name = "file-prefix", \
		.type = HP_OPT_STRING, \
		.where = HP_OPT_CLI, \
		.offset = offsetof(owner, conf.file_prefix), \
		.min = 1, \
		.max = HP_PREFIX_MAX - 1, \
		.def = "rte", \
		.arg = "PREFIX", \
		.section = "Group", \
		.check = hp_config_check_prefix, \
		.help = "The group to join: the primary's --file-prefix."}, \
		{.name = "runtime-dir", \
			.type = HP_OPT_STRING, \
			.where = HP_OPT_CLI, \
			.offset = offsetof(owner, conf.runtime_dir), \
			.min = 1, \
			.max = 255, \
			.arg = "DIR", \
			.section = "Group", \
			.help = "Where the groups' runtime directories are, instead of " \
				"$RUNTIME_DIRECTORY."}, \
	{ \
		.name = "wait-primary", .type = HP_OPT_DURATION, .where = HP_OPT_CLI, \
		.offset = offsetof(owner, conf.wait_primary_us), .max = UINT64_C(86400000000), \
		.def = "30s", .arg = "TIME", .section = "Group", \
		.help = "How long to wait for a primary; then the exit code is 69." \
	}

/** The same for what it says: .log_format and .log_level. */
#define HP_LOG_OPTS(owner, conf) \
	{.name = "log-format", \
		.type = HP_OPT_ENUM, \
		.where = HP_OPT_CLI, \
		.offset = offsetof(owner, conf.log_format), \
		.def = "text", \
		.words = hp_log_format_words, \
		.arg = "text|json", \
		.section = "Logging", \
		.help = "Form of the log lines."}, \
	{ \
		.name = "log-level", .type = HP_OPT_ENUM, .where = HP_OPT_CLI, \
		.offset = offsetof(owner, conf.log_level), .def = "notice", \
		.words = hp_log_level_words, .arg = "LEVEL", .section = "Logging", \
		.help = "Least important lines that are written: error, warning, notice, info, " \
			"debug." \
	}
