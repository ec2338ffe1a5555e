// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// How `hugepod doctor` prints its findings, and what a configuration asks for.

#include "base/hp_out.h"
#include "base/hp_paths.h"
#include "doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

void doctor_print_text(FILE *out, const struct doctor_report *report, bool quiet)
{
	const char *area = "";

	fprintf(out, "checks for a %s of group '%s'\n", report->role,
		report->file_prefix != NULL ? report->file_prefix : HP_PATHS_PREFIX_DEFAULT);
	for (unsigned int i = 0; i < report->n; i++) {
		const struct hp_finding *f = &report->finding[i];

		if (quiet && (f->state == HP_CHECK_OK || f->state == HP_CHECK_SKIPPED))
			continue;
		if (strcmp(area, hp_check_get(i)->area) != 0) {
			area = hp_check_get(i)->area;
			fprintf(out, "\n%s\n", area);
		}
		fprintf(out, "  %-8s %-19s %s\n", hp_check_state_name(f->state), f->id, f->seen);
		if (f->todo[0] != '\0')
			fprintf(out, "  %-8s %-19s to do: %s\n", "", "", f->todo);
		if (f->manifest[0] != '\0')
			fprintf(out, "  %-8s %-19s manifest: %s\n", "", "", f->manifest);
	}
	fprintf(out, "\n%u checks: %u ok, %u warning%s, %u failure%s, %u skipped\n", report->n,
		report->count[HP_CHECK_OK], report->count[HP_CHECK_WARNING],
		report->count[HP_CHECK_WARNING] == 1 ? "" : "s", report->count[HP_CHECK_FAILURE],
		report->count[HP_CHECK_FAILURE] == 1 ? "" : "s", report->count[HP_CHECK_SKIPPED]);
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

int doctor_print_json(FILE *out, const struct doctor_report *report)
{
	struct hp_out *o = hp_out_new(HP_OUT_JSON);

	if (o == NULL)
		return -ENOMEM;
	hp_out_object(o, NULL);
	hp_out_str(o, "role", report->role);
	hp_out_str(o, "file_prefix",
		report->file_prefix != NULL ? report->file_prefix : HP_PATHS_PREFIX_DEFAULT);
	hp_out_str(o, "runtime_dir", or_null(report->facts.run.path));
	hp_out_str(o, "huge_dir", or_null(report->facts.dir.path));
	for (int s = 0; s <= HP_CHECK_SKIPPED; s++)
		hp_out_uint(o, hp_check_state_name(s), report->count[s]);
	hp_out_array(o, "checks");
	for (unsigned int i = 0; i < report->n; i++) {
		const struct hp_finding *f = &report->finding[i];

		hp_out_object(o, NULL);
		hp_out_str(o, "check", f->id);
		hp_out_str(o, "area", hp_check_get(i)->area);
		hp_out_str(o, "state", hp_check_state_name(f->state));
		hp_out_str(o, "seen", f->seen);
		hp_out_str(o, "todo", or_null(f->todo));
		hp_out_str(o, "manifest", or_null(f->manifest));
		hp_out_end(o);
	}
	hp_out_end(o);
	hp_out_end(o);
	fputs(hp_out_text(o, NULL), out);
	hp_out_free(o);
	return 0;
}

static const char *who_text(unsigned int who)
{
	static const char *const names[] = {"-", "primary", "secondary", "both"};

	return names[who & HP_CHECK_BOTH];
}

// A cell of a markdown table: '|' would end it.
static void cell(FILE *out, const char *text, bool code)
{
	fputs(code ? " `" : " ", out);
	for (; *text != '\0'; text++)
		fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
	fputs(code ? "` |" : " |", out);
}

void doctor_print_list(FILE *out)
{
	const struct hp_check *c;

	fprintf(out, "| check | area | looked at for | stops the start of | what | manifest |\n");
	fprintf(out, "| --- | --- | --- | --- | --- | --- |\n");
	for (unsigned int i = 0; (c = hp_check_get(i)) != NULL; i++) {
		fputs("|", out);
		cell(out, c->id, true);
		cell(out, c->area, false);
		cell(out, who_text(c->who), false);
		cell(out, who_text(c->stops), false);
		cell(out, c->what, false);
		cell(out, c->manifest != NULL ? c->manifest : "-", c->manifest != NULL);
		fputs("\n", out);
	}
}
