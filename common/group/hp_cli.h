// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The command line of a process: tables of commands on librte_cmdline. One table feeds parsing,
// completion, help and docs. What a command says goes through hp_out, so that each command speaks
// text and JSON. All calls from one thread, the control thread.

#pragma once

#include "base/hp_err.h"
#include "base/hp_out.h"

#include <stdint.h>
#include <stdio.h>

#define HP_CLI_LINE_MAX 2048 // bytes of a line with NUL
#define HP_CLI_NAME_SIZE 1024 // bytes of a word of it with NUL
#define HP_CLI_CLOSE 1 // a handler's way to say: done, and end the session

struct hp_cli;
struct hp_cli_args;

/**
 * Carry out a command.
 *
 * @param ctx
 *   As given to hp_cli_new().
 * @param out
 *   Takes what the command says; text or JSON is the caller's wish, see hp_out_format().
 * @return
 *   0, HP_CLI_CLOSE, or -errno: then say why with hp_cli_fail(), or the errno's text is shown.
 */
typedef int (*hp_cli_handler)(void *ctx, const struct hp_cli_args *args, struct hp_out *out);

/**
 * One command.
 *
 * .syntax is made of words, separated by single blanks:
 *   word            a keyword
 *   (a|b|c)         one of these keywords
 *   <name>          any word, 1023 bytes at most
 *   <n:uint16>      a number: uint8, uint16, uint32, uint64, int8, int16, int32, int64
 *   <rest...>       all that follows up to a '#'; last
 *   [...]           around the last words: they may be left out, all of them
 * as in "show port (stats|xstats) [<port>]".
 */
struct hp_cli_cmd {
	const char *syntax;
	hp_cli_handler handler;
	const char *section; ///< heading in help, one word: "Ports"
	const char *help; ///< one sentence
	const char *testpmd; ///< how it compares with testpmd's; NULL: testpmd has none of it
};

/**
 * Build the command line of some tables; "help" and "quit" are added.
 *
 * @param tables
 *   Ends with NULL; each table ends with .syntax NULL. Kept by reference.
 * @param ctx
 *   Passed to the handlers.
 * @return
 *   To be freed with hp_cli_free(), or NULL with @p err filled: no memory, or a syntax that does
 *   not follow the rules above (a bug of the program).
 */
struct hp_cli *hp_cli_new(const struct hp_cli_cmd *const *tables, void *ctx, struct hp_err *err);
void hp_cli_free(struct hp_cli *cli);

/** The i-th name that fits a token, NULL past the last. */
typedef const char *(*hp_cli_names)(void *ctx, unsigned int i);

/** Let completion propose names for every <token>; the ctx of hp_cli_new() is passed. */
void hp_cli_complete_with(struct hp_cli *cli, const char *token, hp_cli_names names);

/** Does a name fit into a list behind the words of the line so far? */
typedef bool (*hp_cli_fits)(void *ctx, const char *before, const char *name);

/** The same for a <token> that is a list A,B,C of @p most different names. @p fits may be NULL. */
void hp_cli_complete_list(struct hp_cli *cli, const char *token, hp_cli_names names,
	unsigned int most, hp_cli_fits fits);

/**
 * Run one line.
 *
 * @param line
 *   With or without a newline at its end. Empty lines and comments (#) do nothing.
 * @param out
 *   Set to what was said, to be freed with hp_out_free(); NULL if there is no memory.
 * @return
 *   0, HP_CLI_CLOSE, or -errno. Unknown, incomplete, ambiguous: -EINVAL and one line.
 */
int hp_cli_run(
	struct hp_cli *cli, const char *line, enum hp_out_format format, struct hp_out **out);

/**
 * Run the lines of a file, printing to @p file, up to the first that fails or is "quit".
 *
 * @return
 *   0, or -errno with @p err filled: HP_EXIT_CONFIG, "path:line: ...".
 */
int hp_cli_run_file(struct hp_cli *cli, const char *path, FILE *file, struct hp_err *err);

/** Text of the token <name>, or NULL if the optional part was left out. Valid in the handler. */
const char *hp_cli_str(const struct hp_cli_args *args, const char *name);
/** Value of <name:uint...>; @p absent if the optional part was left out. */
uint64_t hp_cli_uint(const struct hp_cli_args *args, const char *name, uint64_t absent);
/** Value of <name:int...>. */
int64_t hp_cli_int(const struct hp_cli_args *args, const char *name, int64_t absent);
/** Word number @p i of the command as typed, from 0; NULL past the last or for a number. */
const char *hp_cli_word(const struct hp_cli_args *args, unsigned int i);

/** Say why a command failed, as the value "error"; returns -errnum. */
int hp_cli_fail(struct hp_out *out, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** The tables as a page of markdown: section by section, with "help" and "quit". */
void hp_cli_markdown(const struct hp_cli_cmd *const *tables, FILE *file);
