// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the files of the command line (hp_cli*.c) share and nobody else needs.

#pragma once

#include "group/hp_cli.h"

#include <cmdline.h>
#include <cmdline_parse.h>
#include <cmdline_parse_num.h>
#include <cmdline_parse_string.h>

#include <stdbool.h>

#define HP_CLI_TOKENS_MAX 24 // of a command, so that all results fit librte_cmdline's buffer
#define HP_CLI_NAMERS_MAX 16 // tokens that complete with names
#define HP_CLI_CHOICE_MAX 64 // bytes of one word of a choice

enum hp_cli_kind {
	HP_CLI_KEYWORD,
	HP_CLI_CHOICE,
	HP_CLI_NAME,
	HP_CLI_NUMBER,
	HP_CLI_REST,
};

struct hp_cli_token {
	union {
		struct cmdline_token_hdr hdr;
		struct cmdline_token_string string;
		struct cmdline_token_num num;
	} u; // first: librte_cmdline points at it
	enum hp_cli_kind kind;
	char *text; ///< keyword, choices separated by '#', or the name
};

/** One shape of a command: the optional part makes two of one syntax. */
struct hp_cli_inst {
	const struct hp_cli_cmd *cmd;
	struct hp_cli *cli;
	bool builtin; ///< the handler's ctx is the struct hp_cli
	unsigned int n_tokens;
	struct hp_cli_token *tokens;
	struct cmdline_inst *inst;
};

struct hp_cli_args {
	const struct hp_cli_inst *inst;
	const char *result; ///< librte_cmdline's buffer: values at the tokens' offsets
};

struct hp_cli {
	const struct hp_cli_cmd *const *tables;
	void *ctx;
	struct hp_cli_inst *insts;
	unsigned int n_insts;
	cmdline_parse_ctx_t *parse_ctx; ///< the same for librte_cmdline
	struct cmdline *cmdline; ///< parses; has no terminal
	struct hp_cli_namer {
		const char *token;
		hp_cli_names names;
		unsigned int most; // names of a list A,B,C; 0: the token is one name
		hp_cli_fits fits;
	} namers[HP_CLI_NAMERS_MAX];
	unsigned int n_namers;
	struct hp_out *out; ///< of the command that runs
	int ret; ///< what it returned
};

#define HP_CLI_BUILTIN_COUNT 2 // help and quit

/** Commands that every command line has; ends with .syntax NULL. */
extern const struct hp_cli_cmd hp_cli_builtin[HP_CLI_BUILTIN_COUNT + 1];

/**
 * Turn a syntax into tokens, without (@p full false) or with its optional part.
 *
 * @return
 *   The number of tokens with *tokens allocated (hp_cli_free_tokens()), 0 if there is no optional
 *   part and @p full is false, -EINVAL for a wrong syntax, -ENOMEM.
 */
int hp_cli_parse_syntax(const char *syntax, bool full, struct hp_cli_token **tokens);
void hp_cli_free_tokens(struct hp_cli_token *tokens, unsigned int n);

/** How the token looks in help: word, (a|b), <name>. Returns @p buf. */
const char *hp_cli_token_text(const struct hp_cli_token *token, char *buf, size_t size);

/** The i-th word that the token may be, into @p buf; false past the last. */
bool hp_cli_token_word(const struct hp_cli *cli, const struct hp_cli_token *token, unsigned int i,
	char *buf, size_t size);

/** Who completes the token if it is a list of names; NULL: it is none. */
const struct hp_cli_namer *hp_cli_list_namer(
	const struct hp_cli *cli, const struct hp_cli_token *token);

/** librte_cmdline's cmdline_isendofcommand(), which it does not export. */
static inline bool hp_cli_at_end(const char *line)
{
	return *line == '\0' || *line == '#' || *line == '\n' || *line == '\r';
}

/**
 * How many tokens of @p inst the line begins with; *rest is where the matching ends.
 * The line ends with a newline.
 */
unsigned int hp_cli_match(const struct hp_cli_inst *inst, const char *line, const char **rest);

/** Say what is wrong with a line that librte_cmdline refused with @p code. Returns -EINVAL. */
int hp_cli_explain(const struct hp_cli *cli, const char *line, int code, struct hp_out *out);

/**
 * rdline's complete callback: the next proposal for the end of @p line.
 *
 * @param state
 *   0 at first (TAB), -1 for a list in any case (?); raised with each line of the list.
 * @return
 *   2 if @p buf is to be appended, 1 if it is a line of the list, 0 for no more.
 */
int hp_cli_complete(
	const struct hp_cli *cli, const char *line, char *buf, unsigned int size, int *state);
