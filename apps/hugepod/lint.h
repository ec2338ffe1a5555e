// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hugepod lint: what the parts of the sub-command share. A run reads files into objects, looks at
// them level by level, and prints what it found.

#pragma once

#include "base/hp_yaml.h"
#include "k8s_check.h"
#include "k8s_validate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum lint_level {
	LINT_API, ///< the API server refuses the object
	LINT_MOUNT, ///< accepted, and the pod sticks at ContainerCreating
	LINT_SCHEDULE, ///< the pod stays Pending on any node
	LINT_POLICY, ///< Pod Security refuses the pod
	LINT_RUNTIME, ///< the pod runs, and DPDK does not
	LINT_ADVICE, ///< it works, and something is better done otherwise
	LINT_LEVELS,
};

extern const char *const lint_level_names[LINT_LEVELS + 1];

/** One rule: the table of lint_rules.c is --explain, docs/hugepod.md and the SARIF rules in one. */
struct lint_rule {
	const char *id;
	enum lint_level level;
	const char *summary; ///< one line
	const char *explain; ///< why it matters
	const char *instead; ///< what to write instead
	const char *match; ///< level api: text in the server's message that makes it this rule
	const char *reason; ///< level api: the server's reason, where no text matches
};

/** The rule of that id, NULL if there is none. Ids of the callers' own are always there. */
const struct lint_rule *lint_rule(const char *id);
/** The rule that a cause of the API server belongs to. */
const struct lint_rule *lint_rule_of_cause(const struct k8s_cause *cause);
/** All rules; ends with an id of NULL. */
extern const struct lint_rule lint_rules[];
/** The table of rules as markdown, for docs/hugepod.md. */
void lint_rules_markdown(FILE *out);
/** --explain. False if there is no such rule. */
bool lint_explain(const char *id, FILE *out);

/** A file that was read. */
struct lint_file {
	const char *name;
	const char *path; ///< NULL for standard input
	char *text;
	size_t len;
	struct hp_yaml_file *yaml;
};

/** An object of a file. */
struct lint_object {
	struct k8s_object object; ///< root is NULL if the server cannot decode it
	const struct lint_file *file;
	const struct hp_yaml_node *node;
	uint32_t document; ///< from 1
	struct k8s_val *spec; ///< its pod spec, NULL if it makes no pods
	const char *space; ///< namespace, "default" if it says none
};

/** A safe change of the file's bytes [start, end). */
struct lint_edit {
	size_t start, end;
	const char *text; ///< NULL: none
};

struct lint_finding {
	const struct lint_rule *rule;
	const struct lint_object *object;
	const struct hp_yaml_node *at;
	const char *field, *reason, *message;
	const char *fix; ///< what to write instead
	struct lint_edit edit;
};

struct lint {
	struct k8s_arena arena;
	struct lint_file **files;
	uint32_t n_files, room_files;
	struct lint_object *objects;
	uint32_t n_objects, room_objects;
	struct lint_finding *findings;
	uint32_t n_findings, room_findings;
	bool levels[LINT_LEVELS]; ///< that are looked at
	bool crio; ///< --runtime=crio, else containerd
	const char *pss; ///< --pss, NULL: what namespaces ask for
	unsigned int minor; ///< of --k8s=1.NN
	bool unreadable; ///< a file could not be read
};

/** Read a file ("-": standard input) and add its objects. -errno with @p err filled. */
int lint_read(struct lint *l, const char *path, struct hp_err *err);
/** The same for text that is in memory; for tests and fuzzers. Copies it. */
int lint_read_text(
	struct lint *l, const char *name, const char *text, size_t len, struct hp_err *err);
/** Look at every object at every level that is on. Findings come sorted by place. */
void lint_run(struct lint *l);
void lint_free(struct lint *l);

/**
 * Add a finding.
 *
 * @param at
 *   Where to point; the field's path is told from it.
 * @param message
 *   What a server, a kubelet or DPDK says or does; of the arena or constant.
 * @param fix
 *   What to write instead; NULL: the rule's.
 * @return
 *   The finding, for an edit, or NULL if its level is off or memory ran out.
 */
struct lint_finding *lint_add(struct lint *l, const struct lint_object *o, const char *rule,
	const struct k8s_at *at, const char *message, const char *fix);

/** Make the finding fixable: the scalar at its place becomes @p text. */
void lint_edit_to(struct lint_finding *f, const struct hp_yaml_node *scalar, const char *text);

#define LINT_CHAIN 6 // spec.jobTemplate.spec.template.spec of a CronJob, and the root

/** Place of the object's pod spec; @p chain holds the path and has to live as long. */
const struct k8s_at *lint_spec_at(const struct lint_object *o, struct k8s_at chain[LINT_CHAIN]);

void lint_mount(struct lint *l, const struct lint_object *o);
void lint_schedule(struct lint *l, const struct lint_object *o);
void lint_policy(struct lint *l, const struct lint_object *o);
/** DPDK in one pod, and across pods. */
void lint_runtime(struct lint *l, const struct lint_object *o);
void lint_runtime_across(struct lint *l);
void lint_advice(struct lint *l, const struct lint_object *o);

enum lint_format {
	LINT_TEXT,
	LINT_JSON,
	LINT_SARIF,
	LINT_GITHUB,
};

void lint_print(const struct lint *l, enum lint_format format, FILE *out);

/** Write the safe fixes; standard input's text goes to @p out. Their number, or -errno. */
int lint_fix(struct lint *l, FILE *out, struct hp_err *err);
