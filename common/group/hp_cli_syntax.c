// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The syntax of a command, as a table writes it, into tokens of librte_cmdline.

#include "group/hp_cli_priv.h"

#include <rte_common.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SIZE 8 // bytes of a number's result, whatever its type

static const struct {
	const char *name;
	enum cmdline_numtype type;
} number_types[] = {
	{"uint8", RTE_UINT8},
	{"uint16", RTE_UINT16},
	{"uint32", RTE_UINT32},
	{"uint64", RTE_UINT64},
	{"int8", RTE_INT8},
	{"int16", RTE_INT16},
	{"int32", RTE_INT32},
	{"int64", RTE_INT64},
};

// Are all characters letters, digits, or one of "-_."?
static bool is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("-_.", text[i]) == NULL)
			return false;
	return len > 0 && len < HP_CLI_CHOICE_MAX;
}

// As librte_cmdline's own token for a string, which ends at 127 characters: devargs with two paths
// are longer.
static int parse_name(
	cmdline_parse_token_hdr_t *token, const char *text, void *result, unsigned int size)
{
	size_t len = strcspn(text, " \t\r\n#");

	(void)token;
	if (len == 0 || len >= HP_CLI_NAME_SIZE || (result != NULL && len >= size))
		return -1;
	if (result != NULL) {
		memcpy(result, text, len);
		((char *)result)[len] = '\0';
	}
	return (int)len;
}

static struct cmdline_token_ops name_ops = {.parse = parse_name};

static void use_string(struct hp_cli_token *token, const char *str)
{
	token->u.string.hdr.ops = &cmdline_token_string_ops;
	token->u.string.string_data.str = str;
}

// "a|b|c" becomes "a#b#c", librte_cmdline's way to write a choice.
static int parse_choice(struct hp_cli_token *token)
{
	char *word = token->text;

	for (;;) {
		size_t len = strcspn(word, "|");

		if (!is_word(word, len))
			return -EINVAL;
		if (word[len] == '\0')
			break;
		word[len] = '#';
		word += len + 1;
	}
	token->kind = HP_CLI_CHOICE;
	use_string(token, token->text);
	return 0;
}

// "name", "name:type" or "name..."
static int parse_variable(struct hp_cli_token *token)
{
	size_t len = strcspn(token->text, ":.");
	char *tail = token->text + len;

	if (!is_word(token->text, len))
		return -EINVAL;
	if (*tail == '\0') {
		token->kind = HP_CLI_NAME;
		token->u.hdr.ops = &name_ops;
		return 0;
	}
	if (strcmp(tail, "...") == 0) {
		*tail = '\0';
		token->kind = HP_CLI_REST;
		use_string(token, TOKEN_STRING_MULTI);
		return 0;
	}
	for (size_t i = 0; i < RTE_DIM(number_types); i++) {
		if (*tail != ':' || strcmp(tail + 1, number_types[i].name) != 0)
			continue;
		*tail = '\0';
		token->kind = HP_CLI_NUMBER;
		token->u.num.hdr.ops = &cmdline_token_num_ops;
		token->u.num.num_data.type = number_types[i].type;
		return 0;
	}
	return -EINVAL;
}

static int parse_token(struct hp_cli_token *token, const char *text, size_t len)
{
	char first = text[0], last = text[len - 1];
	bool wrapped = len > 2 && ((first == '(' && last == ')') || (first == '<' && last == '>'));

	token->text = strndup(text + wrapped, len - 2 * wrapped);
	if (token->text == NULL)
		return -ENOMEM;
	if (wrapped)
		return first == '(' ? parse_choice(token) : parse_variable(token);
	if (!is_word(text, len))
		return -EINVAL;
	token->kind = HP_CLI_KEYWORD;
	use_string(token, token->text);
	return 0;
}

static unsigned int result_size(const struct hp_cli_token *token)
{
	if (token->kind == HP_CLI_NUMBER)
		return NUMBER_SIZE;
	if (token->kind == HP_CLI_NAME)
		return HP_CLI_NAME_SIZE;
	return token->kind == HP_CLI_REST ? STR_MULTI_TOKEN_SIZE : STR_TOKEN_SIZE;
}

int hp_cli_parse_syntax(const char *syntax, bool full, struct hp_cli_token **tokens)
{
	const char *optional = strchr(syntax, '[');
	size_t len = full || optional == NULL ? strlen(syntax) : (size_t)(optional - syntax);
	const char *end = syntax + len;
	unsigned int n = 0, offset = 0;
	int ret = -EINVAL;

	if (optional == NULL && !full)
		return 0;
	if (optional != NULL && (optional[1] == ']' || strchr(optional + 1, '[') != NULL ||
					strcmp(optional + strcspn(optional, "]"), "]") != 0))
		return -EINVAL;
	// calloc: a token at .text NULL is where freeing ends
	*tokens = calloc(HP_CLI_TOKENS_MAX + 1, sizeof(**tokens));
	if (*tokens == NULL)
		return -ENOMEM;
	while (syntax < end && n < HP_CLI_TOKENS_MAX) {
		struct hp_cli_token *token = &(*tokens)[n];
		size_t skip = strspn(syntax, " ["), word = strcspn(syntax + skip, " ]");

		syntax += skip;
		if (syntax >= end)
			break;
		ret = word > 0 ? parse_token(token, syntax, word) : -EINVAL;
		n++;
		if (ret < 0)
			break;
		token->u.hdr.offset = offset;
		offset += result_size(token);
		syntax += word + strspn(syntax + word, " ]");
		ret = syntax < end && token->kind == HP_CLI_REST ? -EINVAL : 0;
		if (ret < 0)
			break;
	}
	if (ret == 0 && (syntax < end || offset > CMDLINE_PARSE_RESULT_BUFSIZE))
		ret = -EINVAL; // more than there is room for
	if (ret < 0) {
		hp_cli_free_tokens(*tokens, n);
		*tokens = NULL;
		return ret;
	}
	return (int)n;
}

void hp_cli_free_tokens(struct hp_cli_token *tokens, unsigned int n)
{
	for (unsigned int i = 0; tokens != NULL && i < n; i++)
		free(tokens[i].text);
	free(tokens);
}

static const char *number_name(enum cmdline_numtype type)
{
	for (size_t i = 0; i < RTE_DIM(number_types); i++)
		if (number_types[i].type == type)
			return number_types[i].name;
	return "?";
}

const char *hp_cli_token_text(const struct hp_cli_token *token, char *buf, size_t size)
{
	switch (token->kind) {
	case HP_CLI_KEYWORD:
		snprintf(buf, size, "%s", token->text);
		break;
	case HP_CLI_CHOICE:
		snprintf(buf, size, "(%s)", token->text);
		for (char *c = buf; *c != '\0'; c++)
			*c = *c == '#' ? '|' : *c;
		break;
	case HP_CLI_NAME:
		snprintf(buf, size, "<%s>", token->text);
		break;
	case HP_CLI_NUMBER:
		snprintf(
			buf, size, "<%s:%s>", token->text, number_name(token->u.num.num_data.type));
		break;
	case HP_CLI_REST:
		snprintf(buf, size, "<%s...>", token->text);
		break;
	}
	return buf;
}

// The i-th of "a#b#c".
static bool choice_word(const char *choices, unsigned int i, char *buf, size_t size)
{
	while (i-- > 0) {
		choices = strchr(choices, '#');
		if (choices == NULL)
			return false;
		choices++;
	}
	snprintf(buf, size, "%.*s", (int)strcspn(choices, "#"), choices);
	return true;
}

static const struct hp_cli_namer *namer_of(
	const struct hp_cli *cli, const struct hp_cli_token *token)
{
	if (token->kind == HP_CLI_KEYWORD || token->kind == HP_CLI_CHOICE)
		return NULL;
	for (unsigned int n = 0; n < cli->n_namers; n++)
		if (strcmp(cli->namers[n].token, token->text) == 0)
			return &cli->namers[n];
	return NULL;
}

const struct hp_cli_namer *hp_cli_list_namer(
	const struct hp_cli *cli, const struct hp_cli_token *token)
{
	const struct hp_cli_namer *namer = namer_of(cli, token);

	return namer != NULL && namer->most > 0 ? namer : NULL;
}

bool hp_cli_token_word(const struct hp_cli *cli, const struct hp_cli_token *token, unsigned int i,
	char *buf, size_t size)
{
	const struct hp_cli_namer *namer = namer_of(cli, token);
	const char *name;

	if (token->kind == HP_CLI_KEYWORD || token->kind == HP_CLI_CHOICE)
		return choice_word(token->text, i, buf, size);
	name = namer != NULL ? namer->names(cli->ctx, i) : NULL;
	if (name == NULL)
		return false;
	snprintf(buf, size, "%s", name);
	return true;
}
