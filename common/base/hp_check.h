// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The checks of `hugepod doctor`, which hp-primary and the members run before EAL too: each looks
// at the facts and says what was seen, what to do, and which line of a manifest does it. One table
// feeds the checks, the doctor's output and docs/hugepod.md. Changes nothing. No DPDK.

#pragma once

#include "base/hp_err.h"
#include "base/hp_facts.h"

#include <stdarg.h>

enum hp_check_state {
	HP_CHECK_OK,
	HP_CHECK_WARNING, ///< it will run, but not well, or not for everybody
	HP_CHECK_FAILURE, ///< it will not run
	HP_CHECK_SKIPPED, ///< does not apply here, seen says why
};

struct hp_finding {
	const char *id; ///< of the check, for ever the same
	enum hp_check_state state;
	char seen[512]; ///< a sentence with the numbers
	char todo[384]; ///< what to do; "" for HP_CHECK_OK and HP_CHECK_SKIPPED
	char manifest[192]; ///< YAML of a pod that does it; "" where no manifest can
};

/** Who runs a check, and whom its failure stops before EAL. */
enum hp_check_who {
	HP_CHECK_PRIMARY = 1,
	HP_CHECK_SECONDARY = 2,
	HP_CHECK_BOTH = 3,
};

struct hp_check {
	const char *id;
	const char *area; ///< heading in the output
	unsigned int who; ///< enum hp_check_who: for the others it is skipped
	unsigned int stops; ///< enum hp_check_who: whose start hp_check_start() refuses
	const char *what; ///< what is checked, and why, for the documentation
	const char *manifest; ///< default of hp_finding.manifest, NULL: none
	void (*run)(
		struct hp_finding *out, const struct hp_facts *facts, const struct hp_check_in *in);
};

/** Check number @p i in the order of the output, NULL past the last. */
const struct hp_check *hp_check_get(unsigned int i);

/** The check of that name, NULL if there is none. */
const struct hp_check *hp_check_find(const char *id);

/** Run one check over facts that were gathered before. */
void hp_check_run(struct hp_finding *out, const struct hp_check *check,
	const struct hp_facts *facts, const struct hp_check_in *in);

/**
 * Before rte_eal_init(): gather the facts and run the checks that would stop a process of this
 * role. The first failure becomes the error.
 *
 * Another primary that lives is no failure here, as hp-primary has its own way to wait for one.
 *
 * @return
 *   0, or -errno with @p err filled (HP_EXIT_CONFIG): what was seen and what to do.
 */
int hp_check_start(const struct hp_check_in *in, struct hp_err *err);

/** "ok", "warning", "failure", "skipped". */
const char *hp_check_state_name(enum hp_check_state state);

// For the files that hold the checks.

/** Say what was seen, and with that the state. */
void hp_check_say(struct hp_finding *out, enum hp_check_state state, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** Say what to do. */
void hp_check_todo(struct hp_finding *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** Replace the manifest's line by one with numbers. */
void hp_check_manifest(struct hp_finding *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

// Tables, each ending with .id == NULL.
extern const struct hp_check hp_check_memory[];
extern const struct hp_check hp_check_hugedir[];
extern const struct hp_check hp_check_rundir[];
extern const struct hp_check hp_check_cpu[];
extern const struct hp_check hp_check_device[];
