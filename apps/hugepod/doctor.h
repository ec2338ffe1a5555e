// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Inner parts of `hugepod doctor`: its options, and how it prints.

#pragma once

#include "base/hp_check.h"
#include "base/hp_config.h"
#include "base/hp_opts.h"

#include <stdio.h>

enum doctor_role {
	DOCTOR_AUTO, // a secondary where a primary lives, else a primary
	DOCTOR_PRIMARY,
	DOCTOR_SECONDARY,
};

struct doctor_opts {
	bool json, quiet, list;
	int role; // enum doctor_role
	char *file_prefix, *runtime_dir, *huge_dir, *config_path, *lcores, *root;
	uint64_t memory, page_size; // bytes, 0: not said
	struct hp_strlist allow;
};

/** All that was found, in the order of the table. */
struct doctor_report {
	const char *role, *file_prefix;
	struct hp_facts facts;
	struct hp_finding *finding; // n of them
	unsigned int n;
	unsigned int count[HP_CHECK_SKIPPED + 1]; // by enum hp_check_state
};

extern const struct hp_opt_set doctor_opt_set;

/** Text for people; @p quiet leaves out what is in order. */
void doctor_print_text(FILE *out, const struct doctor_report *report, bool quiet);
/** One JSON object. 0 or -ENOMEM. */
int doctor_print_json(FILE *out, const struct doctor_report *report);
/** The table of checks as markdown, for docs/hugepod.md. */
void doctor_print_list(FILE *out);

/** Bytes of hugepages that a primary takes, in whole pages of 2 MiB. */
struct doctor_memory {
	uint64_t least; ///< its pools alone
	uint64_t most; ///< with an allowance for all else
};

/**
 * Estimate what a primary with this configuration takes, without what members ask for later.
 * `hp-primary --dry-run` knows exactly.
 */
void doctor_memory_of(struct doctor_memory *out, const struct hp_config *conf);
