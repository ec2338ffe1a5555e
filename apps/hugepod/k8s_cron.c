// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Five fields of numbers, names, ranges and steps, or an @word.

#include "k8s_cron.h"

#include "k8s_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const months[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct bounds {
	unsigned int min, max;
	const char *const *names; // the first one is min
} fields[] = {{0, 59, NULL}, {0, 23, NULL}, {1, 31, NULL}, {1, 12, months}, {0, 6, days}};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char *parse(
	struct k8s_arena *arena, const char *text, const struct bounds *b, unsigned int *out)
{
	long long n;
	char *end;

	for (unsigned int i = 0; b != NULL && b->names != NULL && b->names[i] != NULL; i++) {
		if (strcasecmp(text, b->names[i]) == 0) {
			*out = b->min + i;
			return NULL;
		}
	}
	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || strchr(" \t\n\v\f\r", *text) != NULL)
		return k8s_printf(arena,
			"failed to parse int from %s: strconv.Atoi: parsing %s: invalid syntax",
			text, k8s_go_quote(arena, text));
	if (errno == ERANGE)
		return k8s_printf(arena,
			"failed to parse int from %s: strconv.Atoi: parsing %s: value out of range",
			text, k8s_go_quote(arena, text));
	if (n < 0)
		return k8s_printf(arena, "negative number (%lld) not allowed: %s", n, text);
	*out = n > UINT32_MAX ? UINT32_MAX : (unsigned int)n;
	return NULL;
}

static const char *range(struct k8s_arena *arena, const char *expr, const struct bounds *b)
{
	char *text = k8s_copy(arena, expr, strlen(expr));
	char *step_text = text == NULL ? NULL : strchr(text, '/');
	unsigned int start = b->min, end = b->max, step = 1;
	const char *error = NULL;

	if (text == NULL)
		return NULL;
	if (step_text != NULL)
		*step_text++ = '\0';
	char *high = strchr(text, '-');
	const bool single = high == NULL;
	if (high != NULL)
		*high++ = '\0';
	if (strcmp(text, "*") != 0 && strcmp(text, "?") != 0) {
		error = parse(arena, text, b, &start);
		end = start;
		if (error == NULL && high != NULL && strchr(high, '-') != NULL)
			return k8s_printf(arena, "too many hyphens: %s", expr);
		if (error == NULL && high != NULL)
			error = parse(arena, high, b, &end);
	}
	if (error == NULL && step_text != NULL) {
		if (strchr(step_text, '/') != NULL)
			return k8s_printf(arena, "too many slashes: %s", expr);
		error = parse(arena, step_text, NULL, &step);
		if (single)
			end = b->max;
	}
	if (error != NULL)
		return error;
	if (start < b->min)
		return k8s_printf(arena, "beginning of range (%u) below minimum (%u): %s", start,
			b->min, expr);
	if (end > b->max)
		return k8s_printf(
			arena, "end of range (%u) above maximum (%u): %s", end, b->max, expr);
	if (start > end)
		return k8s_printf(arena, "beginning of range (%u) beyond end of range (%u): %s",
			start, end, expr);
	return step == 0 ? k8s_printf(arena, "step of range should be a positive number: %s", expr)
			 : NULL;
}

static const char *descriptor(struct k8s_arena *arena, const char *text)
{
	static const char *const words[] = {"@yearly", "@annually", "@monthly", "@weekly", "@daily",
		"@midnight", "@hourly", NULL};

	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0)
			return NULL;
	if (strncmp(text, "@every ", 7) == 0) {
		// A duration: numbers with units.
		const char *p = text + 7;
		size_t digits = strspn(p, "+-0123456789.");

		if (digits > 0 && p[digits] != '\0' && strchr("nuµmsh", p[digits]) != NULL)
			return NULL;
		return k8s_printf(arena, "failed to parse duration %s: time: invalid duration %s",
			text, k8s_go_quote(arena, p));
	}
	return k8s_printf(arena, "unrecognized descriptor: %s", text);
}

const char *k8s_cron_error(struct k8s_arena *arena, const char *schedule)
{
	char *text = k8s_copy(arena, schedule, strlen(schedule));
	const char *words[FIELDS + 1];
	const char *joined = "";
	char *save = NULL;
	size_t n = 0;

	if (text == NULL)
		return NULL;
	if (*text == '@')
		return descriptor(arena, text);
	for (char *w = strtok_r(text, " \t\n\v\f\r", &save); w != NULL;
		w = strtok_r(NULL, " \t\n\v\f\r", &save)) {
		if (n < FIELDS)
			words[n] = w;
		joined = k8s_printf(arena, "%s%s%s", joined, n > 0 ? " " : "", w);
		n++;
	}
	if (n != FIELDS)
		return k8s_printf(arena, "expected exactly 5 fields, found %zu: [%s]", n, joined);
	for (size_t i = 0; i < FIELDS; i++) {
		char *list = k8s_copy(arena, words[i], strlen(words[i]));

		save = NULL;
		for (char *e = list == NULL ? NULL : strtok_r(list, ",", &save); e != NULL;
			e = strtok_r(NULL, ",", &save)) {
			const char *error = range(arena, e, &fields[i]);

			if (error != NULL)
				return error;
		}
	}
	return NULL;
}
