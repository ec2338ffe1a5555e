// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Completion: which words may stand where the line ends. Unlike cmdline_complete(), a word that
// several commands share is listed once, and names of ports and members are known.

#include "group/hp_cli_priv.h"

#include <string.h>

#define WORDS_MAX 128 // proposals; more are of no use on a terminal
#define COMPLETED 2 // what rdline expects where the buffer is to be appended
#define LISTED 1 // and where it is one line of a list

struct word {
	char text[HP_CLI_CHOICE_MAX];
	const char *help;
	bool variable; // stands for any word
};

struct words {
	struct word items[WORDS_MAX];
	unsigned int n;
	const char *partial; // the word under the cursor
	size_t partial_len;
	char before[HP_CLI_LINE_MAX]; // the words in front of it, and a newline
	bool list; // it is the last name of a list, which may go on
};

static void add(struct words *words, const char *text, const char *help, bool variable)
{
	if (!variable && strncmp(text, words->partial, words->partial_len) != 0)
		return;
	for (unsigned int i = 0; i < words->n; i++)
		if (strcmp(words->items[i].text, text) == 0)
			return;
	if (words->n == WORDS_MAX)
		return;
	snprintf(words->items[words->n].text, sizeof(words->items[0].text), "%s", text);
	words->items[words->n].help = help;
	words->items[words->n++].variable = variable;
}

static bool is_name(
	const struct hp_cli *cli, const struct hp_cli_namer *namer, const char *text, size_t len)
{
	const char *name;

	for (unsigned int i = 0; (name = namer->names(cli->ctx, i)) != NULL; i++)
		if (strlen(name) == len && strncmp(name, text, len) == 0)
			return true;
	return false;
}

// Does the list, of @p len characters so far, have that name?
static bool listed(const char *list, size_t len, const char *name, size_t name_len)
{
	for (size_t start = 0, end; start < len; start = end + 1) {
		end = start + strcspn(list + start, ",");
		if (end - start == name_len && strncmp(list + start, name, name_len) == 0)
			return true;
	}
	return false;
}

// Names that may come next in a list: others than those in front, and no more than go in.
static void add_to_list(
	struct words *words, const struct hp_cli_inst *inst, const struct hp_cli_namer *namer)
{
	const char *list = words->partial, *name;
	unsigned int n = 1;
	size_t at = 0;

	for (size_t len; list[at + (len = strcspn(list + at, ","))] == ','; at += len + 1, n++)
		if (!is_name(inst->cli, namer, list + at, len) || listed(list, at, list + at, len))
			return; // wrong already
	if (n > namer->most)
		return;
	words->list = true;
	words->partial += at;
	words->partial_len -= at;
	for (unsigned int i = 0; (name = namer->names(inst->cli->ctx, i)) != NULL; i++)
		if (!listed(list, at, name, strlen(name)) &&
			(namer->fits == NULL || namer->fits(inst->cli->ctx, words->before, name)))
			add(words, name, inst->cmd->help, false);
}

// What @p inst has at its token number @p depth.
static void add_token(struct words *words, const struct hp_cli_inst *inst, unsigned int depth)
{
	const struct hp_cli_namer *namer;
	const struct hp_cli_token *token;
	char text[HP_CLI_CHOICE_MAX];
	unsigned int i = 0;

	if (depth == inst->n_tokens) {
		if (words->partial_len == 0)
			add(words, "<RETURN>", inst->cmd->help, true);
		return;
	}
	token = &inst->tokens[depth];
	namer = hp_cli_list_namer(inst->cli, token);
	if (namer != NULL && namer->names(inst->cli->ctx, 0) != NULL) {
		if (!words->list)
			add_to_list(words, inst, namer);
		return;
	}
	for (; hp_cli_token_word(inst->cli, token, i, text, sizeof(text)); i++)
		add(words, text, inst->cmd->help, false);
	if (i == 0)
		add(words, hp_cli_token_text(token, text, sizeof(text)), inst->cmd->help, true);
}

static void collect(const struct hp_cli *cli, const char *line, struct words *words)
{
	char *before = words->before;
	size_t len = strnlen(line, HP_CLI_LINE_MAX), start = len;
	unsigned int depth = 0;

	words->n = 0;
	words->list = false;
	words->partial = "";
	words->partial_len = 0;
	if (len + 2 > sizeof(words->before) || memchr(line, '#', len) != NULL)
		return;
	while (start > 0 && line[start - 1] != ' ' && line[start - 1] != '\t')
		start--;
	words->partial = line + start;
	words->partial_len = len - start;
	memcpy(before, line, start);
	before[start] = '\n';
	before[start + 1] = '\0';
	for (size_t i = 0; i < start; i++)
		depth += strchr(" \t", before[i]) == NULL && strchr(" \t", before[i + 1]) != NULL;
	for (unsigned int i = 0; i < cli->n_insts; i++) {
		const char *rest;

		if (hp_cli_match(&cli->insts[i], before, &rest) == depth && hp_cli_at_end(rest))
			add_token(words, &cli->insts[i], depth);
	}
}

// The part of all words that is certain and not typed yet; false if there is none.
static bool certain(const struct words *words, char *buf, unsigned int size)
{
	const char *first = words->items[0].text;
	size_t len = words->n > 0 ? strlen(first) : 0;
	bool last = words->n == 1;

	for (unsigned int i = 0; i < words->n; i++) {
		size_t same = 0;

		if (words->items[i].variable)
			return false;
		while (same < len && words->items[i].text[same] == first[same])
			same++;
		len = same;
	}
	if (words->n == 0 || (len <= words->partial_len && !last))
		return false;
	if (words->n > 1 && words->partial_len == 0)
		return false; // nothing typed: show the list
	// A list may go on: its last name is ended by a space when there is nothing else to add.
	snprintf(buf, size, "%.*s%s", (int)(len - words->partial_len), first + words->partial_len,
		last && (!words->list || len == words->partial_len) ? " " : "");
	return true;
}

int hp_cli_complete(
	const struct hp_cli *cli, const char *line, char *buf, unsigned int size, int *state)
{
	struct words words;
	const struct word *word;

	collect(cli, line, &words);
	if (*state == 0 && certain(&words, buf, size))
		return COMPLETED;
	if (*state < 0)
		*state = 0;
	if ((unsigned int)*state >= words.n)
		return 0;
	word = &words.items[(*state)++];
	snprintf(buf, size, "%-18s %s", word->text, word->help);
	return LISTED;
}
