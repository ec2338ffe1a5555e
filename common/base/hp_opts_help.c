// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What is printed from an option table: --help, the manual page, a table for docs/.

#include "base/hp_opts_priv.h"

#include <ctype.h>
#include <string.h>

#define HELP_INDENT 26 // columns in front of an option's help
#define HELP_WIDTH 80 // columns of a line

static const char *section_of(const struct hp_opt *opt)
{
	return opt->section != NULL ? opt->section : "Options";
}

static bool section_is_new(const struct hp_opt *opts, const struct hp_opt *opt)
{
	for (const struct hp_opt *o = opts; o < opt; o++)
		if (strcmp(section_of(o), section_of(opt)) == 0)
			return false;
	return true;
}

typedef void (*heading_cb)(FILE *out, const char *name);
typedef void (*option_cb)(FILE *out, const struct hp_opt *opt);

// Options by section, sections in the order in which the table first names them.
static void by_section(const struct hp_opt *opts, FILE *out, heading_cb heading, option_cb option)
{
	for (const struct hp_opt *first = opts; first->name != NULL; first++) {
		if (!section_is_new(opts, first))
			continue;
		heading(out, section_of(first));
		for (const struct hp_opt *opt = first; opt->name != NULL; opt++)
			if (strcmp(section_of(opt), section_of(first)) == 0)
				option(out, opt);
	}
}

static size_t pad(FILE *out, size_t column)
{
	while (column < HELP_INDENT && fputc(' ', out) != EOF)
		column++;
	return column;
}

// Text in the right-hand column; the cursor stands at @p column.
static void wrap(FILE *out, const char *text, size_t column)
{
	if (column >= HELP_INDENT - 1) {
		fputc('\n', out);
		column = 0;
	}
	column = pad(out, column);
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > HELP_INDENT && column + 1 + len > HELP_WIDTH) {
			fputc('\n', out);
			column = pad(out, 0);
		} else if (column > HELP_INDENT) {
			column += (size_t)fprintf(out, " ");
		}
		column += (size_t)fprintf(out, "%.*s", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void full_text(const struct hp_opt *opt, char *buf, size_t size)
{
	char limits[160];

	hp_opt_limits(opt, limits, sizeof(limits));
	snprintf(buf, size, "%s%s%s%s", opt->help, limits[0] == '\0' ? "" : " [", limits,
		limits[0] == '\0' ? "" : "]");
}

static void help_heading(FILE *out, const char *name)
{
	fprintf(out, "\n%s:\n", name);
}

static void help_option(FILE *out, const struct hp_opt *opt)
{
	char arg[128], text[1024];
	int column;

	if ((opt->where & HP_OPT_CLI) == 0)
		return;
	hp_opt_arg(opt, arg, sizeof(arg));
	if (opt->letter != '\0')
		column = fprintf(out, "  -%c, --%s", opt->letter, opt->name);
	else
		column = fprintf(out, "      --%s", opt->name);
	column += fprintf(out, "%s%s", arg[0] == '\0' ? "" : " ", arg);
	full_text(opt, text, sizeof(text));
	wrap(out, text, column < 0 ? 0 : (size_t)column);
}

// Each line of the usage behind the program's name.
static void print_usage(
	const struct hp_opt_set *set, FILE *out, const char *first, const char *others)
{
	const char *line = set->usage != NULL ? set->usage : "";

	for (const char *prefix = first;; prefix = others) {
		size_t len = strcspn(line, "\n");

		fprintf(out, "%s%s %.*s\n", prefix, set->program, (int)len, line);
		if (line[len] == '\0')
			return;
		line += len + 1;
	}
}

void hp_opts_help(const struct hp_opt_set *set, FILE *out)
{
	print_usage(set, out, "usage: ", "       ");
	fprintf(out, "%s\n", set->summary);
	by_section(set->opts, out, help_heading, help_option);
	by_section(hp_opts_builtin, out, help_heading, help_option);
}

// Text as roff: a dash is a dash that can be copied, no line is taken for a request.
static void roff(FILE *out, const char *text)
{
	bool line_start = true;

	for (; *text != '\0'; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '\n' && text[1] == '\n')
			fputs("\n.PP", out);
		else
			fputc(*text, out);
		line_start = *text == '\n';
	}
}

static void man_heading(FILE *out, const char *name)
{
	fprintf(out, ".SS ");
	roff(out, name);
	fputc('\n', out);
}

static void man_text(FILE *out, const struct hp_opt *opt)
{
	char arg[128], text[1024];

	hp_opt_arg(opt, arg, sizeof(arg));
	if (arg[0] != '\0') {
		fprintf(out, " \\fI");
		roff(out, arg);
		fprintf(out, "\\fR");
	}
	fputc('\n', out);
	full_text(opt, text, sizeof(text));
	roff(out, text);
	fputc('\n', out);
}

static void man_option(FILE *out, const struct hp_opt *opt)
{
	if ((opt->where & HP_OPT_CLI) == 0)
		return;
	fprintf(out, ".TP\n");
	if (opt->letter != '\0')
		fprintf(out, "\\fB\\-%c\\fR, ", opt->letter);
	fprintf(out, "\\fB\\-\\-");
	roff(out, opt->name);
	fprintf(out, "\\fR");
	man_text(out, opt);
}

// The file's lists and the keys of their entries.
static void man_lists(FILE *out, const struct hp_opt_set *const *lists)
{
	if (lists == NULL)
		return;
	fprintf(out, ".SH FILE\nLists of the YAML file and the keys of their entries.\n");
	for (; *lists != NULL; lists++) {
		man_heading(out, (*lists)->program);
		for (const struct hp_opt *opt = (*lists)->opts; opt->name != NULL; opt++) {
			fprintf(out, ".TP\n\\fB");
			roff(out, opt->name);
			fprintf(out, ":\\fR%s", opt->required ? " (required)" : "");
			man_text(out, opt);
		}
	}
}

// "hugepod ctl" is the page hugepod-ctl.
static void man_name(FILE *out, const char *program, bool upper)
{
	for (; *program != '\0'; program++) {
		if (*program == ' ' || *program == '-')
			fputs("\\-", out);
		else
			fputc(upper ? toupper((unsigned char)*program) : *program, out);
	}
}

static const char man_tail[] =
	".SH EXIT STATUS\n"
	".TP\n\\fB0\\fR\nDone.\n"
	".TP\n\\fB1\\fR\nAnything that has no code of its own.\n"
	".TP\n\\fB64\\fR\nA wrong command line.\n"
	".TP\n\\fB65\\fR\nBad input data.\n"
	".TP\n\\fB69\\fR\nNo primary within the wait.\n"
	".TP\n\\fB75\\fR\nThe primary is gone: start the program again.\n"
	".TP\n\\fB76\\fR\nVersions or fingerprints differ.\n"
	".TP\n\\fB78\\fR\nConfiguration: a file, the environment, the other members.\n";

static void man_usage(const struct hp_opt_set *set, FILE *out)
{
	const char *line = set->usage != NULL ? set->usage : "";
	char one[512];

	for (;;) {
		size_t len = strcspn(line, "\n");

		snprintf(one, sizeof(one), "%.*s", (int)len, line);
		fprintf(out, "\\fB");
		roff(out, set->program);
		fprintf(out, "\\fR ");
		roff(out, one);
		fprintf(out, "\n.br\n");
		if (line[len] == '\0')
			return;
		line += len + 1;
	}
}

void hp_opts_man(const struct hp_opt_set *set, FILE *out)
{
	fprintf(out, ".TH ");
	man_name(out, set->program, true);
	fprintf(out, " 1 \"\" \"hugepod %s\" \"hugepod\"\n.SH NAME\n", HP_VERSION);
	man_name(out, set->program, false);
	fprintf(out, " \\- ");
	roff(out, set->summary);
	fprintf(out, "\n.SH SYNOPSIS\n");
	man_usage(set, out);
	if (set->details != NULL) {
		fprintf(out, ".SH DESCRIPTION\n");
		roff(out, set->details);
		fputc('\n', out);
	}
	fprintf(out, ".SH OPTIONS\n"
		     "A long option may be cut short as far as it stays unique.\n");
	by_section(set->opts, out, man_heading, man_option);
	by_section(hp_opts_builtin, out, man_heading, man_option);
	man_lists(out, set->lists);
	fputs(man_tail, out);
}

static void markdown_heading(FILE *out, const char *name)
{
	fprintf(out, "\n### %s\n\n| option | value | in YAML | what |\n| --- | --- | --- | --- |\n",
		name);
}

// A cell: a bar would end it.
static void cell(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			fputc('\\', out);
		if (*text == '<')
			fputs("&lt;", out);
		else
			fputc(*text, out);
	}
}

static void markdown_option(FILE *out, const struct hp_opt *opt)
{
	char arg[128], limits[160];

	fputs("| ", out);
	if ((opt->where & HP_OPT_CLI) != 0) {
		fprintf(out, "`--%s`", opt->name);
		if (opt->letter != '\0')
			fprintf(out, ", `-%c`", opt->letter);
	} else {
		fprintf(out, "`%s:`%s", opt->name, opt->required ? " (required)" : "");
	}
	fputs(" | ", out);
	cell(out, hp_opt_arg(opt, arg, sizeof(arg)));
	fprintf(out, " | %s | ", (opt->where & HP_OPT_YAML) != 0 ? "yes" : "no");
	cell(out, opt->help);
	hp_opt_limits(opt, limits, sizeof(limits));
	if (limits[0] != '\0') {
		fputs(" *", out);
		cell(out, limits);
		fputc('*', out);
	}
	fputs(" |\n", out);
}

void hp_opts_markdown(const struct hp_opt_set *set, FILE *out)
{
	fprintf(out, "## %s\n\n", set->program);
	print_usage(set, out, "    ", "    ");
	fprintf(out, "\n%s\n", set->summary);
	by_section(set->opts, out, markdown_heading, markdown_option);
	for (unsigned int i = 0; set->lists != NULL && set->lists[i] != NULL; i++) {
		markdown_heading(out, set->lists[i]->summary);
		for (const struct hp_opt *opt = set->lists[i]->opts; opt->name != NULL; opt++)
			markdown_option(out, opt);
	}
}
