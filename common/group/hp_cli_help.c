// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Help: by section, by the beginning of a command, or all; and the same as markdown.

#include "group/hp_cli_priv.h"

#include <errno.h>
#include <string.h>

// All commands of a process: the tables one behind the other, then the built-in ones.
struct walk {
	const struct hp_cli_cmd *const *tables;
	const struct hp_cli_cmd *cmd;
};

static const struct hp_cli_cmd *next(struct walk *walk)
{
	const struct hp_cli_cmd *cmd;

	if (walk->cmd == NULL)
		walk->cmd = *walk->tables != NULL ? *walk->tables++ : hp_cli_builtin;
	while (walk->cmd->syntax == NULL) {
		if (walk->cmd == &hp_cli_builtin[HP_CLI_BUILTIN_COUNT])
			return NULL;
		walk->cmd = *walk->tables != NULL ? *walk->tables++ : hp_cli_builtin;
	}
	cmd = walk->cmd++;
	return cmd;
}

static bool section_is_new(
	const struct hp_cli_cmd *const *tables, const struct hp_cli_cmd *in_question)
{
	struct walk walk = {.tables = tables};
	const struct hp_cli_cmd *cmd;

	while ((cmd = next(&walk)) != NULL && cmd != in_question)
		if (strcmp(cmd->section, in_question->section) == 0)
			return false;
	return true;
}

typedef bool (*select_cb)(const struct hp_cli_cmd *cmd, const char *topic);

static bool select_all(const struct hp_cli_cmd *cmd, const char *topic)
{
	return true;
}

static bool select_section(const struct hp_cli_cmd *cmd, const char *topic)
{
	return strcasecmp(cmd->section, topic) == 0;
}

static bool select_beginning(const struct hp_cli_cmd *cmd, const char *topic)
{
	size_t len = strlen(topic);

	return strncmp(cmd->syntax, topic, len) == 0;
}

static unsigned int emit_commands(
	struct hp_cli *cli, select_cb wanted, const char *topic, struct hp_out *out)
{
	struct walk walk = {.tables = cli->tables};
	const struct hp_cli_cmd *cmd;
	unsigned int n = 0;

	while ((cmd = next(&walk)) != NULL) {
		if (!wanted(cmd, topic))
			continue;
		if (n++ == 0)
			hp_out_array(out, "commands");
		hp_out_object(out, NULL);
		hp_out_str(out, "command", cmd->syntax);
		hp_out_str(out, "help", cmd->help);
		hp_out_end(out);
	}
	if (n > 0)
		hp_out_end(out);
	return n;
}

static void emit_sections(struct hp_cli *cli, struct hp_out *out)
{
	struct walk walk = {.tables = cli->tables};
	const struct hp_cli_cmd *cmd;

	hp_out_array(out, "sections");
	while ((cmd = next(&walk)) != NULL) {
		struct walk members = {.tables = cli->tables};
		const struct hp_cli_cmd *member;
		uint64_t n = 0;

		if (!section_is_new(cli->tables, cmd))
			continue;
		while ((member = next(&members)) != NULL)
			n += strcmp(member->section, cmd->section) == 0;
		hp_out_object(out, NULL);
		hp_out_str(out, "section", cmd->section);
		hp_out_uint(out, "commands", n);
		hp_out_fmt(out, "see", "help %s", cmd->section);
		hp_out_end(out);
	}
	hp_out_end(out);
}

static int help(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	const char *topic = hp_cli_str(args, "topic");
	struct hp_cli *cli = ctx;
	char trimmed[HP_CLI_LINE_MAX];
	size_t len;

	if (topic == NULL) {
		emit_sections(cli, out);
		if (hp_out_format(out) == HP_OUT_TEXT)
			hp_out_line(out, "'help all' lists all commands, 'help show' those that "
					 "begin so; TAB completes.");
		return 0;
	}
	snprintf(trimmed, sizeof(trimmed), "%s", topic);
	for (len = strlen(trimmed); len > 0 && strchr(" \t", trimmed[len - 1]) != NULL; len--)
		trimmed[len - 1] = '\0';
	if (strcmp(trimmed, "all") == 0) {
		emit_commands(cli, select_all, trimmed, out);
		return 0;
	}
	if (emit_commands(cli, select_section, trimmed, out) > 0 ||
		emit_commands(cli, select_beginning, trimmed, out) > 0)
		return 0;
	return hp_cli_fail(out, ENOENT,
		"no help on '%s', expected all, a section or the beginning of a command", trimmed);
}

static int quit(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	return HP_CLI_CLOSE;
}

const struct hp_cli_cmd hp_cli_builtin[HP_CLI_BUILTIN_COUNT + 1] = {
	{"help [<topic...>]", help, "Help", "List sections, the commands of one, or 'all'.",
		"`help [SECTION]`: sections of its own"},
	{"quit", quit, "Help", "End this session of the command line; the process goes on.",
		"ends the program; here only on its own standard input (`-i`)"},
	{NULL},
};

// A table's cell: a bar would end it.
static void cell(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputc('\\', file);
		fputc(*text, file);
	}
}

void hp_cli_markdown(const struct hp_cli_cmd *const *tables, FILE *file)
{
	struct walk walk = {.tables = tables};
	const struct hp_cli_cmd *cmd;

	while ((cmd = next(&walk)) != NULL) {
		struct walk members = {.tables = tables};
		const struct hp_cli_cmd *member;

		if (!section_is_new(tables, cmd))
			continue;
		fprintf(file, "\n## %s\n\n| command | what | in testpmd |\n| --- | --- | --- |\n",
			cmd->section);
		while ((member = next(&members)) != NULL) {
			if (strcmp(member->section, cmd->section) != 0)
				continue;
			fputs("| `", file);
			cell(file, member->syntax);
			fputs("` | ", file);
			cell(file, member->help);
			fputs(" | ", file);
			cell(file, member->testpmd != NULL ? member->testpmd : "-");
			fputs(" |\n", file);
		}
	}
}
