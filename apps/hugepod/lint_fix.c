// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Writing the safe fixes: names and words that can mean one thing only. Everything else in the file
// stays byte for byte.

#include "lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare_edits(const void *a, const void *b)
{
	const struct lint_edit *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

// The edits of one file in order, each place once.
static uint32_t edits_of(
	const struct lint *l, const struct lint_file *file, struct lint_edit *edits)
{
	uint32_t n = 0, kept = 0;

	for (uint32_t i = 0; i < l->n_findings; i++)
		if (l->findings[i].object->file == file && l->findings[i].edit.text != NULL)
			edits[n++] = l->findings[i].edit;
	if (n > 1)
		qsort(edits, n, sizeof(*edits), compare_edits);
	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 || edits[i].start >= edits[kept - 1].end)
			edits[kept++] = edits[i];
	return kept;
}

static bool write_edited(
	const struct lint_file *file, const struct lint_edit *edits, uint32_t n, FILE *out)
{
	size_t from = 0;

	for (uint32_t i = 0; i < n; i++) {
		fwrite(file->text + from, 1, edits[i].start - from, out);
		fputs(edits[i].text, out);
		from = edits[i].end;
	}
	fwrite(file->text + from, 1, file->len - from, out);
	return fflush(out) == 0 && !ferror(out);
}

// A new file takes the old one's place at once, so that nobody reads half of it.
static int replace(
	const struct lint_file *file, const struct lint_edit *edits, uint32_t n, struct hp_err *err)
{
	char *temp = malloc(strlen(file->path) + sizeof(".XXXXXX"));
	struct stat st;
	FILE *out = NULL;
	int fd = -1, ret = 0;

	if (temp == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "%s: out of memory", file->path);
	stpcpy(stpcpy(temp, file->path), ".XXXXXX");
	fd = mkstemp(temp);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out == NULL || stat(file->path, &st) < 0 || fchmod(fd, st.st_mode & 07777) < 0 ||
		!write_edited(file, edits, n, out) || rename(temp, file->path) < 0) {
		ret = hp_err_set(err, HP_EXIT_OTHER, errno != 0 ? errno : EIO,
			"%s: cannot write the fixes: %s", file->path, strerror(errno));
		if (fd >= 0)
			unlink(temp);
	}
	if (out != NULL)
		fclose(out);
	else if (fd >= 0)
		close(fd);
	free(temp);
	return ret;
}

int lint_fix(struct lint *l, FILE *out, struct hp_err *err)
{
	struct lint_edit *edits = calloc(l->n_findings + 1, sizeof(*edits));
	int total = 0, ret = 0;

	if (edits == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < l->n_files && ret == 0; i++) {
		const uint32_t n = edits_of(l, l->files[i], edits);

		if (l->files[i]->path != NULL && n > 0)
			ret = replace(l->files[i], edits, n, err);
		else if (l->files[i]->path == NULL && !write_edited(l->files[i], edits, n, out))
			ret = hp_err_set(
				err, HP_EXIT_OTHER, EIO, "cannot write to standard output");
		total += (int)n;
	}
	free(edits);
	return ret < 0 ? ret : total;
}
