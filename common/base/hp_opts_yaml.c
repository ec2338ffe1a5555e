// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A mapping of a YAML document into the option table.

#include "base/hp_near.h"
#include "base/hp_opts_priv.h"
#include "base/hp_yaml.h"

#include <errno.h>
#include <string.h>

#define YAML_STR "tag:yaml.org,2002:str"

// One run of hp_opts_parse_yaml().
struct parse {
	const struct hp_opt_set *set;
	void *conf;
	const struct hp_yaml_node *map;
	const char *const *other;
	const char *file;
	const struct hp_opts_given *given;
	struct hp_err *err;
};

static int config_error(struct parse *p, const struct hp_yaml_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int config_error(struct parse *p, const struct hp_yaml_node *node, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return hp_err_set(p->err, HP_EXIT_CONFIG, EINVAL, "%s:%u:%u: %s", p->file,
		node != NULL ? node->line : 1, node != NULL ? node->column : 1, text);
}

static const char *describe(const struct hp_yaml_node *node)
{
	if (node->type == HP_YAML_SEQ)
		return "a sequence";
	if (node->type == HP_YAML_MAP)
		return "a mapping";
	return hp_yaml_is_null(node) ? "nothing" : "a text";
}

static int unknown_key(struct parse *p, const struct hp_yaml_node *key)
{
	char quoted[HP_QUOTE_SIZE], hint[96];
	struct hp_near near;

	hp_near_start(&near, key->value);
	for (const struct hp_opt *opt = p->set->opts; opt->name != NULL; opt++) {
		if ((opt->where & HP_OPT_YAML) != 0)
			hp_near_try(&near, opt->name);
		else if (strcmp(opt->name, key->value) == 0)
			return config_error(p, key,
				"'%s' is an option of the command line, not a key of the file",
				opt->name);
	}
	for (unsigned int i = 0; p->other != NULL && p->other[i] != NULL; i++)
		hp_near_try(&near, p->other[i]);
	return config_error(p, key, "unknown key '%s' in %s%s",
		hp_err_quote(quoted, sizeof(quoted), key->value), p->set->program,
		hp_near_hint(&near, "", hint, sizeof(hint)));
}

// The key's option; NULL if the caller reads it (0) or it is an error (-EINVAL).
static const struct hp_opt *find_key(struct parse *p, const struct hp_yaml_node *key, int *ret)
{
	*ret = 0;
	if (key->type != HP_YAML_SCALAR || strlen(key->value) != key->len) {
		*ret = config_error(p, key, "%s is no key, expected a word", describe(key));
		return NULL;
	}
	for (const struct hp_opt *opt = p->set->opts; opt->name != NULL; opt++)
		if ((opt->where & HP_OPT_YAML) != 0 && strcmp(opt->name, key->value) == 0)
			return opt;
	for (unsigned int i = 0; p->other != NULL && p->other[i] != NULL; i++)
		if (strcmp(p->other[i], key->value) == 0)
			return NULL;
	*ret = unknown_key(p, key);
	return NULL;
}

static int check_duplicates(struct parse *p, uint32_t pair)
{
	const struct hp_yaml_node *key = p->map->keys[pair];

	for (uint32_t i = 0; i < pair; i++)
		if (strcmp(p->map->keys[i]->value, key->value) == 0)
			return config_error(p, key, "'%s' is given twice, first in line %u",
				key->value, p->map->keys[i]->line);
	return 0;
}

// Quotes make a text: "32" is no number and "yes" no truth value.
static bool scalar_fits(const struct hp_opt *opt, const struct hp_yaml_node *value)
{
	bool text = !value->plain || (value->tag != NULL && strcmp(value->tag, YAML_STR) == 0);

	return !text || (opt->type != HP_OPT_UINT && opt->type != HP_OPT_FLAG);
}

static int read_scalar(
	struct parse *p, const struct hp_opt *opt, const struct hp_yaml_node *value, void *conf)
{
	char where[512], expected[256], quoted[HP_QUOTE_SIZE];

	hp_opt_expected(opt, expected, sizeof(expected));
	if (value->type != HP_YAML_SCALAR || hp_yaml_is_null(value))
		return config_error(
			p, value, "'%s' is %s, expected %s", opt->name, describe(value), expected);
	if (strlen(value->value) != value->len)
		return config_error(
			p, value, "'%s' holds a NUL character, expected %s", opt->name, expected);
	if (!scalar_fits(opt, value))
		return config_error(p, value, "'%s' is the text \"%s\", expected %s without quotes",
			opt->name, hp_err_quote(quoted, sizeof(quoted), value->value), expected);
	snprintf(where, sizeof(where), "%s:%u:%u: '%s'", p->file, value->line, value->column,
		opt->name);
	return hp_opt_parse_value(opt, conf, value->value, where, HP_EXIT_CONFIG, p->err);
}

static int read_list(
	struct parse *p, const struct hp_opt *opt, const struct hp_yaml_node *value, void *conf)
{
	int ret = 0;

	if (value->type == HP_YAML_SCALAR && opt->single_ok)
		return read_scalar(p, opt, value, conf);
	if (value->type != HP_YAML_SEQ)
		return config_error(p, value, "'%s' is %s, expected a sequence of texts", opt->name,
			describe(value));
	for (uint32_t i = 0; ret == 0 && i < value->n; i++)
		ret = read_scalar(p, opt, value->items[i], conf);
	return ret;
}

// A value that the command line has overruled is checked all the same, in a place of its own.
static int check_only(
	struct parse *p, const struct hp_opt *opt, const struct hp_yaml_node *value, bool list)
{
	union {
		bool flag;
		uint64_t number;
		char *string;
		int word;
		struct hp_strlist list;
	} place;
	struct hp_opt copy = *opt, set[2] = {copy, {.name = NULL}};
	struct hp_opt_set one = {.opts = set};
	int ret;

	memset(&place, 0, sizeof(place));
	copy.offset = 0;
	set[0].offset = 0;
	ret = list ? read_list(p, &copy, value, &place) : read_scalar(p, &copy, value, &place);
	hp_opts_free(&one, &place);
	return ret;
}

static int read_pair(struct parse *p, uint32_t pair)
{
	const struct hp_yaml_node *value = p->map->items[pair];
	const struct hp_opt *opt;
	size_t i;
	int ret;

	opt = find_key(p, p->map->keys[pair], &ret);
	if (ret == 0)
		ret = check_duplicates(p, pair);
	if (ret < 0 || opt == NULL)
		return ret;
	i = (size_t)(opt - p->set->opts);
	if (p->given != NULL && (p->given->bits[i / 64] >> i % 64 & 1) != 0)
		return check_only(p, opt, value, opt->type == HP_OPT_LIST);
	if (opt->type == HP_OPT_LIST)
		return read_list(p, opt, value, p->conf);
	return read_scalar(p, opt, value, p->conf);
}

int hp_opts_parse_yaml(const struct hp_opt_set *set, void *conf, const struct hp_yaml_node *map,
	const char *const *other, const char *file, const struct hp_opts_given *given,
	struct hp_err *err)
{
	struct parse p = {set, conf, map, other, file, given, err};
	uint32_t n = map != NULL ? map->n : 0;
	int ret = 0;

	if (map != NULL && map->type != HP_YAML_MAP && !hp_yaml_is_null(map))
		return config_error(&p, map, "%s is %s, expected a mapping of keys to values",
			set->program, describe(map));
	if (map != NULL && map->type != HP_YAML_MAP)
		n = 0;
	for (uint32_t i = 0; ret == 0 && i < n; i++)
		ret = read_pair(&p, i);
	for (const struct hp_opt *opt = set->opts; ret == 0 && opt->name != NULL; opt++)
		if (opt->required && (opt->where & HP_OPT_YAML) != 0 &&
			(map == NULL || hp_yaml_get(map, opt->name) == NULL))
			ret = config_error(&p, map, "'%s' is missing in %s, expected %s", opt->name,
				set->program, opt->help);
	return ret;
}
