// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_near.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 48 // characters; longer words are no typo of anything that we have

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

// Edits (insert, delete, replace, swap of neighbours) that turn a into b.
static unsigned int distance(const char *a, unsigned int la, const char *b, unsigned int lb)
{
	unsigned int d[3][WORD_MAX + 1]; // rows i - 2, i - 1 and i of the usual table

	for (unsigned int j = 0; j <= lb; j++)
		d[0][j] = j;
	for (unsigned int i = 1; i <= la; i++) {
		unsigned int *row = d[i % 3], *up = d[(i - 1) % 3], *up2 = d[(i + 1) % 3];

		row[0] = i;
		for (unsigned int j = 1; j <= lb; j++) {
			unsigned int replace = up[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = min3(up[j] + 1, row[j - 1] + 1, replace);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				up2[j - 2] + 1 < row[j])
				row[j] = up2[j - 2] + 1;
		}
	}
	return d[la % 3][lb];
}

void hp_near_start(struct hp_near *near, const char *word)
{
	near->word = word;
	near->best = NULL;
	near->distance = 0;
}

void hp_near_try(struct hp_near *near, const char *candidate)
{
	size_t la = strnlen(near->word, WORD_MAX + 1), lb = strnlen(candidate, WORD_MAX + 1);
	unsigned int d;

	if (la == 0 || la > WORD_MAX || lb == 0 || lb > WORD_MAX)
		return;
	// One edit in three characters: "mtu" may become "mt", "burst" not "port".
	d = distance(near->word, (unsigned int)la, candidate, (unsigned int)lb);
	if (d > 1 && d > la / 3)
		return;
	if (d >= la || (near->best != NULL && d >= near->distance))
		return;
	near->best = candidate;
	near->distance = d;
}

const char *hp_near_hint(
	const struct hp_near *near, const char *prefix, char *buf, unsigned int size)
{
	if (near->best == NULL)
		buf[0] = '\0';
	else
		snprintf(buf, size, "; did you mean '%s%s'?", prefix, near->best);
	return buf;
}
