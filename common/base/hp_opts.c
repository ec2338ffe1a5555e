// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The command line: words into the option table. hp_opts_value.c knows the values,
// hp_opts_yaml.c the files, hp_opts_help.c what is printed.

#include "base/hp_near.h"
#include "base/hp_opts_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EAL_SECTION "EAL" // of options whose letters rule in front of a "--"

const struct hp_opt hp_opts_builtin[] = {
	[HP_OPTS_HELP] = {.name = "help",
		.letter = 'h',
		.type = HP_OPT_FLAG,
		.where = HP_OPT_CLI,
		.section = "Help",
		.help = "Print this help and end."},
	[HP_OPTS_VERSION] = {.name = "version",
		.type = HP_OPT_FLAG,
		.where = HP_OPT_CLI,
		.section = "Help",
		.help = "Print the version and end."},
	[HP_OPTS_MAN] = {.name = "man",
		.type = HP_OPT_FLAG,
		.where = HP_OPT_CLI,
		.section = "Help",
		.help = "Print the manual page (roff) and end: --man | man -l -"},
	[HP_OPTS_MARKDOWN] = {.name = "markdown",
		.type = HP_OPT_FLAG,
		.where = HP_OPT_CLI,
		.section = "Help",
		.help = "Print the options as markdown and end."},
	{.name = NULL},
};

// One run of hp_opts_parse_argv().
struct parse {
	const struct hp_opt_set *set;
	void *conf;
	char **argv;
	int argc;
	int next; // index of the word to read next
	bool eal_half; // a "--" is still to come
	bool ended; // a second "--" was read
	bool takes_eal; // the program has EAL's options, and --eal for the rest of them
	struct hp_opts_given given;
	const char *first[HP_OPTS_MAX]; // value given first, "" for a flag
	const struct hp_opt *print; // help, version or man was asked for
	char **words; // what is no option, argc of them
	int n_words;
	struct hp_err *err;
};

static bool is_builtin(const struct hp_opt *opt)
{
	return opt >= hp_opts_builtin && opt <= &hp_opts_builtin[HP_OPTS_BUILTIN_COUNT];
}

// Walk over the table's options and then the built-in ones.
static const struct hp_opt *next_opt(const struct hp_opt_set *set, const struct hp_opt *opt)
{
	opt = opt == NULL ? set->opts : opt + 1;
	return opt->name == NULL && !is_builtin(opt) ? hp_opts_builtin : opt;
}

#define FOREACH_OPT(set, opt) \
	for (const struct hp_opt *opt = next_opt(set, NULL); opt->name != NULL; \
		opt = next_opt(set, opt))

static bool is_eal(const struct hp_opt *opt)
{
	return opt->section != NULL && strcmp(opt->section, EAL_SECTION) == 0;
}

static int usage_error(struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int usage_error(struct parse *p, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = hp_err_vset(p->err, HP_EXIT_USAGE, EINVAL, fmt, ap);
	va_end(ap);
	return ret;
}

// What to do with an option of EAL that we have none for.
static const char *eal_hint(const struct parse *p)
{
	return p->takes_eal ? " (options of EAL itself go as --eal OPTION=VALUE)" : "";
}

static int unknown_option(struct parse *p, const char *name)
{
	bool yaml_only = false;
	char quoted[HP_QUOTE_SIZE], hint[96];
	struct hp_near near;

	hp_near_start(&near, name);
	FOREACH_OPT(p->set, opt)
	{
		if ((opt->where & HP_OPT_CLI) != 0)
			hp_near_try(&near, opt->name);
		else if (strcmp(opt->name, name) == 0)
			yaml_only = true;
	}
	hp_err_quote(quoted, sizeof(quoted), name);
	hp_near_hint(&near, "--", hint, sizeof(hint));
	if (yaml_only)
		return usage_error(
			p, "'--%s' is a key of the configuration file, not an option", quoted);
	return usage_error(p, "unknown option '--%s'%s%s", quoted,
		hint[0] == '\0' ? ": see --help" : hint, eal_hint(p));
}

// The option of that name or of that unique beginning.
static const struct hp_opt *find_long(struct parse *p, const char *name, size_t len)
{
	const struct hp_opt *found = NULL;
	char candidates[256] = "";
	unsigned int n = 0;
	size_t used = 0;

	FOREACH_OPT(p->set, opt)
	{
		if ((opt->where & HP_OPT_CLI) == 0 || strncmp(opt->name, name, len) != 0)
			continue;
		if (strlen(opt->name) == len)
			return opt;
		if (n++ > 0 && used < sizeof(candidates))
			used += (size_t)snprintf(
				candidates + used, sizeof(candidates) - used, ", ");
		if (used < sizeof(candidates))
			used += (size_t)snprintf(
				candidates + used, sizeof(candidates) - used, "--%s", opt->name);
		found = opt;
	}
	if (n > 1 && len > 0) {
		usage_error(p, "option '--%.*s' is ambiguous: %s", (int)len, name, candidates);
		return NULL;
	}
	return len > 0 ? found : NULL;
}

static const struct hp_opt *find_letter(struct parse *p, char letter)
{
	const struct hp_opt *other = NULL;

	FOREACH_OPT(p->set, opt)
	{
		if (opt->letter != letter || (opt->where & HP_OPT_CLI) == 0)
			continue;
		if (is_eal(opt) == p->eal_half)
			return opt;
		if (other == NULL || is_builtin(other))
			other = opt;
	}
	return other;
}

// The word after an option that wants a value.
static const char *following_value(struct parse *p, const struct hp_opt *opt)
{
	char expected[256];
	const char *word = p->next < p->argc ? p->argv[p->next] : NULL;

	if (opt->bare != NULL && (word == NULL || *word == '-'))
		return opt->bare;
	if (word == NULL || strncmp(word, "--", 2) == 0) {
		hp_opt_expected(opt, expected, sizeof(expected));
		usage_error(p, "option '--%s' has no value, expected %s%s%s", opt->name, expected,
			word == NULL ? "" : "; found ", word == NULL ? "" : word);
		return NULL;
	}
	p->next++;
	return word;
}

static int apply(struct parse *p, const struct hp_opt *opt, const char *value)
{
	char quoted[2][HP_QUOTE_SIZE], where[64];
	size_t i = (size_t)(opt - p->set->opts);
	uint64_t bit = UINT64_C(1) << i % 64;

	if (is_builtin(opt)) {
		if (value != NULL)
			return usage_error(p, "option '--%s' takes no value", opt->name);
		if (p->print == NULL)
			p->print = opt;
		return 0;
	}
	if (value == NULL && opt->type != HP_OPT_FLAG) {
		value = following_value(p, opt);
		if (value == NULL)
			return -EINVAL;
	}
	if (value == NULL)
		value = "yes";
	if ((p->given.bits[i / 64] & bit) != 0 && opt->type != HP_OPT_LIST)
		return usage_error(p, "option '--%s' is given twice, with '%s' and with '%s'",
			opt->name, hp_err_quote(quoted[0], HP_QUOTE_SIZE, p->first[i]),
			hp_err_quote(quoted[1], HP_QUOTE_SIZE, value));
	p->given.bits[i / 64] |= bit;
	p->first[i] = value;
	snprintf(where, sizeof(where), "option '--%s'", opt->name);
	return hp_opt_parse_value(opt, p->conf, value, where, HP_EXIT_USAGE, p->err);
}

static int read_long(struct parse *p, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
	const struct hp_opt *opt = find_long(p, word, len);
	char *name;
	int ret;

	if (opt != NULL)
		return apply(p, opt, equals != NULL ? equals + 1 : NULL);
	name = strndup(word, len);
	if (name == NULL)
		return hp_err_set(p->err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	ret = unknown_option(p, name);
	free(name);
	return ret;
}

// "-x", "-xVALUE" or several flags in one word.
static int read_letters(struct parse *p, const char *letters)
{
	char quoted[2];
	int ret = 0;

	while (ret == 0 && *letters != '\0') {
		const struct hp_opt *opt = find_letter(p, *letters);

		if (opt == NULL) {
			char letter[2] = {*letters, '\0'};

			return usage_error(p, "unknown option '-%s': see --help%s",
				hp_err_quote(quoted, sizeof(quoted), letter), eal_hint(p));
		}
		letters++;
		if (opt->type != HP_OPT_FLAG && *letters != '\0')
			return apply(p, opt, letters);
		ret = apply(p, opt, NULL);
	}
	return ret;
}

static int read_word(struct parse *p)
{
	char *word = p->argv[p->next++];

	if (p->ended || word[0] != '-' || word[1] == '\0') {
		p->words[p->n_words++] = word;
		return 0;
	}
	if (strcmp(word, "--") == 0) {
		p->ended = !p->eal_half;
		p->eal_half = false;
		return 0;
	}
	return word[1] == '-' ? read_long(p, word + 2) : read_letters(p, word + 1);
}

// Options first, then the other words, as getopt leaves argv.
static int permute(struct parse *p)
{
	int at = 1, words = 0;

	for (int i = 1; i < p->argc; i++) {
		if (words < p->n_words && p->argv[i] == p->words[words])
			words++;
		else
			p->argv[at++] = p->argv[i];
	}
	memcpy(p->argv + at, p->words, (size_t)p->n_words * sizeof(*p->words));
	return at;
}

static void print(const struct hp_opt_set *set, const struct hp_opt *what, FILE *out)
{
	if (what == &hp_opts_builtin[HP_OPTS_HELP])
		hp_opts_help(set, out);
	else if (what == &hp_opts_builtin[HP_OPTS_MAN])
		hp_opts_man(set, out);
	else if (what == &hp_opts_builtin[HP_OPTS_MARKDOWN])
		hp_opts_markdown(set, out);
	else
		fprintf(out, "%s %s\n", set->program, HP_VERSION);
}

int hp_opts_parse_argv(const struct hp_opt_set *set, void *conf, int argc, char **argv,
	struct hp_opts_given *given, int *out_index, FILE *out, struct hp_err *err)
{
	struct parse p = {
		.set = set, .conf = conf, .argv = argv, .argc = argc, .next = 1, .err = err};
	char quoted[HP_QUOTE_SIZE];
	bool has_halves = false;
	int ret = 0;

	for (const struct hp_opt *opt = set->opts; opt->name != NULL; opt++) {
		has_halves = has_halves || is_eal(opt);
		p.takes_eal = p.takes_eal || strcmp(opt->name, "eal") == 0;
	}
	for (int i = 1; has_halves && i < argc; i++)
		p.eal_half = p.eal_half || strcmp(argv[i], "--") == 0;
	p.words = calloc((size_t)argc + 1, sizeof(*p.words));
	if (p.words == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	while (ret == 0 && p.print == NULL && p.next < argc)
		ret = read_word(&p);
	if (ret == 0 && p.print != NULL) {
		print(set, p.print, out);
		ret = 1;
	}
	if (ret == 0 && out_index == NULL && p.n_words > 0)
		ret = usage_error(&p, "unexpected word '%s': %s takes options only, see --help",
			hp_err_quote(quoted, sizeof(quoted), p.words[0]), set->program);
	if (ret == 0 && out_index != NULL)
		*out_index = permute(&p);
	if (ret == 0 && given != NULL)
		*given = p.given;
	free(p.words);
	return ret;
}
