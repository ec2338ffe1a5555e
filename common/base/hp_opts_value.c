// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// One value of the option table: from text into the struct, defaults, release.

#include "base/hp_opts_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 1024 // items of one list
#define FRACTION_DIGITS 6 // of a duration: nothing is finer than a microsecond

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"", 1},
	{"K", UINT64_C(1) << 10},
	{"Ki", UINT64_C(1) << 10},
	{"KiB", UINT64_C(1) << 10},
	{"M", UINT64_C(1) << 20},
	{"Mi", UINT64_C(1) << 20},
	{"MiB", UINT64_C(1) << 20},
	{"G", UINT64_C(1) << 30},
	{"Gi", UINT64_C(1) << 30},
	{"GiB", UINT64_C(1) << 30},
	{NULL, 0},
};

static const struct unit duration_units[] = {
	{"", 1000000},
	{"us", 1},
	{"ms", 1000},
	{"s", 1000000},
	{"m", 60000000},
	{NULL, 0},
};

static const char *const flag_words[] = {"no", "yes", "false", "true", NULL};

// Digits of *text into *value; -EINVAL if there is none, -ERANGE if they do not fit.
static int parse_digits(const char **text, bool hex, uint64_t *value)
{
	const char *digits = hex ? "0123456789abcdef" : "0123456789";
	uint64_t base = hex ? 16 : 10;
	const char *p = *text;
	int ret = 0;

	*value = 0;
	for (; *p != '\0'; p++) {
		char lower = *p >= 'A' && *p <= 'F' ? (char)(*p - 'A' + 'a') : *p;
		const char *digit = strchr(digits, lower);

		if (digit == NULL)
			break;
		if (*value > (UINT64_MAX - (uint64_t)(digit - digits)) / base)
			ret = -ERANGE; // go on: the rest may be no number at all
		*value = *value * base + (uint64_t)(digit - digits);
	}
	if (p == *text)
		return -EINVAL;
	*text = p;
	return ret;
}

static int parse_uint(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	int ret;

	text += hex ? 2 : 0;
	ret = parse_digits(&text, hex, value);
	return *text != '\0' ? -EINVAL : ret;
}

// ".5" of "1.5s" in millionths; nothing if there is no point.
static int parse_fraction(const char **text, uint64_t *millionths)
{
	const char *digits = *text + 1;
	int ret;

	*millionths = 0;
	if (**text != '.')
		return 0;
	*text = digits;
	ret = parse_digits(text, false, millionths);
	if (ret < 0 || *text - digits > FRACTION_DIGITS)
		return -EINVAL;
	for (long n = *text - digits; n < FRACTION_DIGITS; n++)
		*millionths *= 10;
	return 0;
}

static int parse_scaled(
	const char *text, const struct unit *units, bool fraction_ok, uint64_t *value)
{
	uint64_t whole, millionths = 0;
	const struct unit *u = units;
	int ret = parse_digits(&text, false, &whole);

	if (ret == -EINVAL)
		return ret;
	if (fraction_ok && parse_fraction(&text, &millionths) < 0)
		return -EINVAL;
	while (u->suffix != NULL && strcmp(text, u->suffix) != 0)
		u++;
	if (u->suffix == NULL)
		return -EINVAL;
	if (millionths * u->factor % 1000000 != 0)
		return -EINVAL; // finer than a microsecond
	millionths = millionths * u->factor / 1000000;
	if (ret < 0 || whole > (UINT64_MAX - millionths) / u->factor)
		return -ERANGE;
	*value = whole * u->factor + millionths;
	return 0;
}

static int parse_word(const char *const *words, const char *text)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -EINVAL;
}

static int check_string(const struct hp_opt *opt, const char *text)
{
	uint64_t max = opt->max == 0 ? HP_OPT_STRING_MAX : opt->max;
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 || text[i] == 0x7f) &&
			!(opt->spaces && strchr("\t\n\r", text[i]) != NULL))
			return -EILSEQ;
	if (len < opt->min || len > max)
		return -ERANGE;
	return opt->check != NULL && opt->check(text) != NULL ? -EINVAL : 0;
}

int hp_strlist_add(struct hp_strlist *list, const char *text)
{
	char **items;

	if (list->n >= LIST_MAX)
		return -ENOSPC;
	items = realloc(list->items, (list->n + 1) * sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	list->items = items;
	items[list->n] = strdup(text);
	if (items[list->n] == NULL)
		return -ENOMEM;
	list->n++;
	return 0;
}

void hp_strlist_free(struct hp_strlist *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->n = 0;
}

static int store_number(const struct hp_opt *opt, void *field, const char *text)
{
	uint64_t value = 0;
	int ret;

	if (opt->type == HP_OPT_UINT)
		ret = parse_uint(text, &value);
	else if (opt->type == HP_OPT_SIZE)
		ret = parse_scaled(text, size_units, false, &value);
	else
		ret = parse_scaled(text, duration_units, true, &value);
	if (ret < 0)
		return ret;
	if (value < opt->min || (opt->max != 0 && value > opt->max))
		return -ERANGE;
	if (opt->power_of_two && (value & (value - 1)) != 0)
		return -ERANGE;
	*(uint64_t *)field = value;
	return 0;
}

static int store_string(const struct hp_opt *opt, char **field, const char *text)
{
	int ret = check_string(opt, text);
	char *copy;

	if (ret < 0)
		return ret;
	copy = strdup(text);
	if (copy == NULL)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int add_tagged(const struct hp_opt *opt, struct hp_strlist *list, const char *text)
{
	char *tagged;
	int ret;

	if (opt->tag == NULL)
		return hp_strlist_add(list, text);
	if (asprintf(&tagged, "%s%s", opt->tag, text) < 0)
		return -ENOMEM;
	ret = hp_strlist_add(list, tagged);
	free(tagged);
	return ret;
}

static int store(const struct hp_opt *opt, void *field, const char *text)
{
	int ret;

	switch (opt->type) {
	case HP_OPT_FLAG:
		ret = parse_word(flag_words, text);
		if (ret >= 0)
			*(bool *)field = ret % 2 == 1;
		return ret < 0 ? ret : 0;
	case HP_OPT_UINT:
	case HP_OPT_SIZE:
	case HP_OPT_DURATION:
		return store_number(opt, field, text);
	case HP_OPT_ENUM:
		ret = parse_word(opt->words, text);
		if (ret >= 0)
			*(int *)field = ret;
		return ret < 0 ? ret : 0;
	case HP_OPT_STRING:
		return store_string(opt, field, text);
	case HP_OPT_LIST:
		ret = check_string(opt, text);
		return ret < 0 ? ret : add_tagged(opt, field, text);
	}
	return -EINVAL;
}

int hp_opt_parse_value(const struct hp_opt *opt, void *conf, const char *text, const char *where,
	int exit_code, struct hp_err *err)
{
	int ret = store(opt, hp_opt_field(opt, conf), text);
	char quoted[HP_QUOTE_SIZE], expected[256];
	const char *fault;

	if (ret == 0)
		return 0;
	hp_err_quote(quoted, sizeof(quoted), text);
	hp_opt_expected(opt, expected, sizeof(expected));
	if (ret == -ENOMEM)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "%s: out of memory", where);
	if (ret == -ENOSPC)
		return hp_err_set(
			err, exit_code, EINVAL, "%s: more than %d values", where, LIST_MAX);
	if (ret == -EILSEQ)
		fault = "has a control character";
	else if (ret == -ERANGE && (opt->type == HP_OPT_STRING || opt->type == HP_OPT_LIST))
		fault = text[0] == '\0' ? "is empty" : "is too long or too short";
	else if (ret == -ERANGE)
		fault = "is out of range";
	else
		fault = "is not valid";
	if (ret == -EINVAL && opt->check != NULL)
		snprintf(expected, sizeof(expected), "%s", opt->check(text));
	return hp_err_set(
		err, exit_code, EINVAL, "%s: '%s' %s, expected %s", where, quoted, fault, expected);
}

static void free_value(const struct hp_opt *opt, void *conf)
{
	void *field = hp_opt_field(opt, conf);

	if (opt->type == HP_OPT_STRING) {
		free(*(char **)field);
		*(char **)field = NULL;
	} else if (opt->type == HP_OPT_LIST) {
		hp_strlist_free(field);
	}
}

static void clear_value(const struct hp_opt *opt, void *conf)
{
	static const size_t sizes[] = {
		[HP_OPT_FLAG] = sizeof(bool),
		[HP_OPT_UINT] = sizeof(uint64_t),
		[HP_OPT_SIZE] = sizeof(uint64_t),
		[HP_OPT_DURATION] = sizeof(uint64_t),
		[HP_OPT_STRING] = sizeof(char *),
		[HP_OPT_ENUM] = sizeof(int),
		[HP_OPT_LIST] = sizeof(struct hp_strlist),
	};

	memset(hp_opt_field(opt, conf), 0, sizes[opt->type]);
}

int hp_opts_defaults(const struct hp_opt_set *set, void *conf)
{
	struct hp_err err = {0};
	int ret = 0;

	for (const struct hp_opt *opt = set->opts; opt->name != NULL; opt++)
		clear_value(opt, conf);
	for (const struct hp_opt *opt = set->opts; ret == 0 && opt->name != NULL; opt++)
		if (opt->def != NULL)
			ret = hp_opt_parse_value(
				opt, conf, opt->def, opt->name, HP_EXIT_OTHER, &err);
	if (ret == 0)
		return 0;
	assert(ret == -ENOMEM && "a default that its own bounds refuse");
	hp_opts_free(set, conf);
	return ret;
}

void hp_opts_free(const struct hp_opt_set *set, void *conf)
{
	for (const struct hp_opt *opt = set->opts; opt->name != NULL; opt++)
		free_value(opt, conf);
}
