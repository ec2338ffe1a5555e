// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The option table: each option of a program stands once, with its type, bounds, default and help.
// The table feeds the command line, the YAML reader, --help and the manual page.
// Needs libyaml (through hp_yaml), no DPDK.

#pragma once

#include "base/hp_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct hp_yaml_node;

enum hp_opt_type {
	HP_OPT_FLAG, ///< bool; "--x" or "--x=yes|no"; YAML true|false
	HP_OPT_UINT, ///< uint64_t, decimal or 0x, within [min, max]
	HP_OPT_SIZE, ///< uint64_t bytes; suffixes K M G KiB MiB GiB Ki Mi Gi (1024) ; [min, max]
	HP_OPT_DURATION, ///< uint64_t microseconds; suffix us ms s m (none: seconds); [min, max]
	HP_OPT_STRING, ///< char *, allocated; length in characters within [min, max]
	HP_OPT_ENUM, ///< int, the index of the word in .words
	HP_OPT_LIST, ///< struct hp_strlist; the option may be repeated; YAML: a sequence
};

/** Where an option may be written. */
enum hp_opt_where {
	HP_OPT_CLI = 1, ///< command line only
	HP_OPT_YAML = 2, ///< YAML only
	HP_OPT_BOTH = 3,
};

struct hp_opt {
	const char *name; ///< long name without dashes; also the YAML key
	char letter; ///< short option or 0
	enum hp_opt_type type;
	enum hp_opt_where where;
	size_t offset; ///< of the value in the struct that is filled
	uint64_t min, max; ///< units as the type says; max 0: no upper bound but the type's
	const char *def; ///< default as text, as a user would write it; NULL: none (0, no, NULL)
	const char *const *words; ///< HP_OPT_ENUM: NULL-terminated
	const char *arg; ///< what help prints for the value, e.g. "PORTS"
	const char *section; ///< heading in help and manual, e.g. "EAL", "Packets"; NULL: "Options"
	const char *help; ///< one or two sentences
	bool required; ///< YAML sections: the key has to be there
	bool single_ok; ///< HP_OPT_LIST: YAML may give one text instead of a sequence
	bool power_of_two; ///< HP_OPT_UINT: nothing else is taken
	bool spaces; ///< HP_OPT_STRING, HP_OPT_LIST: may have tabs and several lines
	/** HP_OPT_LIST: put in front of each item, so that options whose order matters can share a
	 * list (one .offset) and still be told apart. */
	const char *tag;
	/** HP_OPT_STRING, HP_OPT_LIST: NULL if @p text is fine, else what was expected. */
	const char *(*check)(const char *text);
	const char *bare; ///< value of the option where none follows it; NULL: one has to
};

struct hp_strlist {
	char **items;
	uint32_t n;
};

/** Which options of a table stood on the command line: bit i of bits[i / 64]. */
struct hp_opts_given {
	uint64_t bits[2];
};

/** A program or a YAML section: a table, the struct that it fills, and what help says around it. */
struct hp_opt_set {
	const char *program; ///< or the section's name, "ports"
	const char *summary; ///< one line
	const char *
		usage; ///< e.g. "[OPTIONS]"; a line each where there are several; NULL for sections
	const char *details; ///< paragraphs for the manual page; may be NULL
	const struct hp_opt *opts; ///< ends with .name == NULL
	/** Sequences of the YAML file whose entries have tables of their own, for manual page and
	 * markdown; ends with NULL, or NULL. */
	const struct hp_opt_set *const *lists;
};

/** Set every value of @p conf to its default. -ENOMEM, or 0; a bad default is a bug and aborts. */
int hp_opts_defaults(const struct hp_opt_set *set, void *conf);

/**
 * Parse a command line.
 *
 * Options may be abbreviated as getopt_long allows. "--" ends nothing: DPDK programs are called as
 * `prog EAL-OPTIONS -- APP-OPTIONS`, and here both halves come from one table, so a first "--" is
 * skipped (a second one ends the options). In front of a "--", a letter means what it means to EAL
 * (see hp_opt.section "EAL"); after it, or where there is none, the program's letter wins.
 * A program without options in a section "EAL" has no such halves: its first "--" ends the options.
 * "--help", "--version", "--man" and "--markdown" are known to every program and print to @p out.
 * A value given twice for an option that is no list is an error that shows both.
 *
 * @param given
 *   Bit i is set for option i of the table (at most 128) where it stood on the command line.
 * @param out_index
 *   Set to the index in argv of the first word that is no option. argv is permuted.
 *   NULL: such a word is an error.
 * @return
 *   0; 1 if help, version or manual was printed and the program should end with HP_EXIT_OK;
 *   -EINVAL or -ENOMEM with @p err filled (HP_EXIT_USAGE): option, value given, what was expected.
 */
int hp_opts_parse_argv(const struct hp_opt_set *set, void *conf, int argc, char **argv,
	struct hp_opts_given *given, int *out_index, FILE *out, struct hp_err *err);

/**
 * Parse one mapping of a YAML document. Keys of the map that the table does not know are looked up
 * in @p other (NULL-terminated list of key names that the caller reads itself, or NULL); any other
 * key is an error, as are duplicates and missing required keys. An option whose bit is set in
 * @p given (by hp_opts_parse_argv(); NULL: none) keeps the command line's value; the file's is
 * checked all the same.
 *
 * @return
 *   0, or -EINVAL/-ENOMEM with @p err filled (HP_EXIT_CONFIG) as "file:line:column: ...".
 */
int hp_opts_parse_yaml(const struct hp_opt_set *set, void *conf, const struct hp_yaml_node *map,
	const char *const *other, const char *file, const struct hp_opts_given *given,
	struct hp_err *err);

/** Parse one value as the command line does; @p where is put in front of an error's text. */
int hp_opt_parse_value(const struct hp_opt *opt, void *conf, const char *text, const char *where,
	int exit_code, struct hp_err *err);

/** Free what was allocated in @p conf. */
void hp_opts_free(const struct hp_opt_set *set, void *conf);

/** Print --help. */
void hp_opts_help(const struct hp_opt_set *set, FILE *out);

/** Print the manual page, in mdoc or man macros, section 1 (or 8). */
void hp_opts_man(const struct hp_opt_set *set, FILE *out);

/** Print the table as markdown, for docs/. */
void hp_opts_markdown(const struct hp_opt_set *set, FILE *out);
