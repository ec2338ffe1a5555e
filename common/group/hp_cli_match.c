// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// How far a line fits the commands: what to say of a line that fits none.

#include "base/hp_near.h"
#include "group/hp_cli_priv.h"

#include <errno.h>
#include <string.h>

#define EXPECTED_MAX 256 // bytes of the list of what may follow

unsigned int hp_cli_match(const struct hp_cli_inst *inst, const char *line, const char **rest)
{
	char scratch[CMDLINE_PARSE_RESULT_BUFSIZE];
	unsigned int i = 0;

	for (;; i++) {
		struct cmdline_token_hdr *hdr;
		int len;

		line += strspn(line, " \t");
		*rest = line;
		if (i == inst->n_tokens || hp_cli_at_end(line))
			return i;
		hdr = &inst->tokens[i].u.hdr;
		len = hdr->ops->parse(hdr, line, scratch, sizeof(scratch));
		if (len <= 0)
			return i;
		line += len;
	}
}

// Append " or X" unless it is there.
static void add_expected(char *list, size_t size, const char *text)
{
	size_t len = strlen(list), text_len = strlen(text);

	for (const char *at = strstr(list, text); at != NULL; at = strstr(at + 1, text))
		if ((at == list || at[-1] == ' ') && (at[text_len] == '\0' || at[text_len] == ' '))
			return;
	if (len + text_len + 5 > size)
		return;
	snprintf(list + len, size - len, "%s%s", len == 0 ? "" : " or ", text);
}

// Where the best of all instructions stops: *depth tokens matched, *rest is left.
static void best_match(
	const struct hp_cli *cli, const char *line, unsigned int *depth, const char **rest)
{
	*depth = 0;
	*rest = line + strspn(line, " \t");
	for (unsigned int i = 0; i < cli->n_insts; i++) {
		const char *stop;
		unsigned int n = hp_cli_match(&cli->insts[i], line, &stop);

		if (n > *depth) {
			*depth = n;
			*rest = stop;
		}
	}
}

static void collect_expected(const struct hp_cli *cli, const char *line, unsigned int depth,
	char *expected, struct hp_near *near, char (*words)[HP_CLI_CHOICE_MAX])
{
	for (unsigned int i = 0; i < cli->n_insts; i++) {
		const struct hp_cli_inst *inst = &cli->insts[i];
		const char *stop;
		char text[HP_CLI_CHOICE_MAX * 2];

		if (hp_cli_match(inst, line, &stop) != depth || depth == inst->n_tokens)
			continue;
		hp_cli_token_text(&inst->tokens[depth], text, sizeof(text));
		add_expected(expected, EXPECTED_MAX, text);
		for (unsigned int w = 0;
			hp_cli_token_word(cli, &inst->tokens[depth], w, words[1], sizeof(words[1]));
			w++) {
			hp_near_try(near, words[1]);
			if (near->best == words[1]) {
				memcpy(words[0], words[1], sizeof(words[0]));
				near->best = words[0];
			}
		}
	}
}

int hp_cli_explain(const struct hp_cli *cli, const char *line, int code, struct hp_out *out)
{
	char expected[EXPECTED_MAX] = "", words[2][HP_CLI_CHOICE_MAX] = {"", ""};
	char word[HP_CLI_CHOICE_MAX], quoted[HP_CLI_CHOICE_MAX], hint[HP_CLI_CHOICE_MAX + 32];
	struct hp_near near;
	unsigned int depth;
	const char *rest;
	int before;

	best_match(cli, line, &depth, &rest);
	if (strcspn(rest, " \t\r\n#") >= HP_CLI_NAME_SIZE)
		return hp_cli_fail(
			out, EINVAL, "a word has more than %d characters", HP_CLI_NAME_SIZE - 1);
	before = (int)(rest - line);
	while (before > 0 && (line[before - 1] == ' ' || line[before - 1] == '\t'))
		before--;
	before = before < 200 ? before : 200;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(rest, " \t\n#"), rest);
	hp_err_quote(quoted, sizeof(quoted), word);
	hp_near_start(&near, word);
	collect_expected(cli, line, depth, expected, &near, words);
	hp_near_hint(&near, "", hint, sizeof(hint));
	if (code == CMDLINE_PARSE_AMBIGUOUS)
		return hp_cli_fail(out, EINVAL, "'%.*s' is ambiguous", before, line);
	if (depth == 0)
		return hp_cli_fail(out, EINVAL, "unknown command '%s'%s", quoted,
			hint[0] != '\0' ? hint : "; 'help' lists what there is");
	if (hp_cli_at_end(rest))
		return hp_cli_fail(out, EINVAL, "'%.*s' goes on with %s", before, line, expected);
	if (expected[0] == '\0')
		return hp_cli_fail(
			out, EINVAL, "'%s' is too much after '%.*s'", quoted, before, line);
	return hp_cli_fail(out, EINVAL, "'%s' after '%.*s' is not valid, expected %s%s", quoted,
		before, line, expected, hint);
}
