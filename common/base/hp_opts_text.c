// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Words about an option for errors and help: what it takes, its bounds, its default.

#include "base/hp_opts_priv.h"

#include <inttypes.h>

struct shown {
	const char *suffix;
	uint64_t factor;
};

// Numbers of an error as a user would write them: 10MiB, 500ms.
static const char *show_number(const struct hp_opt *opt, uint64_t value, char *buf, size_t size)
{
	static const struct shown bytes[] = {
		{"GiB", UINT64_C(1) << 30}, {"MiB", UINT64_C(1) << 20}, {"KiB", 1024}, {NULL, 0}};
	static const struct shown times[] = {{"s", 1000000}, {"ms", 1000}, {"us", 1}, {NULL, 0}};
	const struct shown *u = opt->type == HP_OPT_SIZE ? bytes : times;

	if (opt->type == HP_OPT_UINT || value == 0) {
		snprintf(buf, size, "%" PRIu64, value);
		return buf;
	}
	while (u->suffix != NULL && value % u->factor != 0)
		u++;
	if (u->suffix == NULL)
		snprintf(buf, size, "%" PRIu64, value);
	else
		snprintf(buf, size, "%" PRIu64 "%s", value / u->factor, u->suffix);
	return buf;
}

static const char *expected_number(
	const struct hp_opt *opt, const char *what, char *buf, size_t size)
{
	char min[32], max[32];

	show_number(opt, opt->min, min, sizeof(min));
	show_number(opt, opt->max, max, sizeof(max));
	if (opt->max != 0)
		snprintf(buf, size, "%s from %s to %s%s", what, min, max,
			opt->power_of_two ? ", a power of two" : "");
	else if (opt->min != 0)
		snprintf(buf, size, "%s of at least %s", what, min);
	else
		snprintf(buf, size, "%s", what);
	return buf;
}

static const char *expected_words(const char *const *words, char *buf, size_t size)
{
	size_t len = (size_t)snprintf(buf, size, "one of");

	for (unsigned int i = 0; words[i] != NULL && len < size; i++)
		len += (size_t)snprintf(
			buf + len, size - len, "%s %s", i == 0 ? "" : ",", words[i]);
	return buf;
}

const char *hp_opt_expected(const struct hp_opt *opt, char *buf, size_t size)
{
	switch (opt->type) {
	case HP_OPT_FLAG:
		snprintf(buf, size, "yes or no");
		return buf;
	case HP_OPT_UINT:
		return expected_number(opt, "a whole number", buf, size);
	case HP_OPT_SIZE:
		return expected_number(opt,
			"bytes as a number with K, M, G, Ki, Mi, Gi, KiB, MiB, GiB or none,", buf,
			size);
	case HP_OPT_DURATION:
		return expected_number(
			opt, "a time as a number with us, ms, s, m or none (seconds),", buf, size);
	case HP_OPT_ENUM:
		return expected_words(opt->words, buf, size);
	case HP_OPT_STRING:
	case HP_OPT_LIST:
		break;
	}
	snprintf(buf, size, "text of %" PRIu64 " to %" PRIu64 " characters", opt->min,
		opt->max == 0 ? HP_OPT_STRING_MAX : opt->max);
	return buf;
}

const char *hp_opt_arg(const struct hp_opt *opt, char *buf, size_t size)
{
	static const char *const by_type[] = {
		[HP_OPT_FLAG] = "",
		[HP_OPT_UINT] = "N",
		[HP_OPT_SIZE] = "SIZE",
		[HP_OPT_DURATION] = "TIME",
		[HP_OPT_STRING] = "TEXT",
		[HP_OPT_ENUM] = "",
		[HP_OPT_LIST] = "TEXT",
	};
	size_t len;

	len = (size_t)snprintf(buf, size, "%s", opt->arg != NULL ? opt->arg : by_type[opt->type]);
	if (len > 0 || opt->type != HP_OPT_ENUM)
		return buf;
	for (unsigned int i = 0; opt->words[i] != NULL && len < size; i++)
		len += (size_t)snprintf(
			buf + len, size - len, "%s%s", i == 0 ? "" : "|", opt->words[i]);
	return buf;
}

const char *hp_opt_limits(const struct hp_opt *opt, char *buf, size_t size)
{
	bool number = opt->type == HP_OPT_UINT || opt->type == HP_OPT_SIZE ||
		      opt->type == HP_OPT_DURATION;
	bool bounded = number && (opt->min != 0 || opt->max != 0);
	char min[32], max[32];
	size_t len = 0;

	buf[0] = '\0';
	if (opt->def != NULL)
		len = (size_t)snprintf(buf, size, "default %s", opt->def);
	if (!bounded || len >= size)
		return buf;
	show_number(opt, opt->min, min, sizeof(min));
	show_number(opt, opt->max, max, sizeof(max));
	snprintf(buf + len, size - len, "%s%s%s%s%s", len == 0 ? "" : "; ",
		opt->max != 0 ? min : "at least ", opt->max != 0 ? " to " : min,
		opt->max != 0 ? max : "", opt->power_of_two ? ", a power of two" : "");
	return buf;
}
