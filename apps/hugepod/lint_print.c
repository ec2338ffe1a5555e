// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Findings as text for people, JSON, SARIF 2.1.0, and annotations of GitHub.

#include "k8s_text.h"
#include "lint.h"

#include <string.h>

// A JSON string into out. The arena is only for this call.
static void put_json(FILE *out, const char *text)
{
	struct k8s_arena arena = {0};

	fputs(k8s_json_quote(&arena, text == NULL ? "" : text), out);
	k8s_arena_free(&arena);
}

static void member(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	put_json(out, text);
}

static void print_json(const struct lint *l, FILE *out)
{
	fputs("[", out);
	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct lint_finding *f = &l->findings[i];

		fprintf(out, "%s\n{\"file\":", i > 0 ? "," : "");
		put_json(out, f->object->file->name);
		fprintf(out, ",\"line\":%u,\"column\":%u,\"document\":%u", f->at->line,
			f->at->column, f->object->document);
		member(out, "kind", f->object->object.kind);
		member(out, "name", f->object->object.name);
		member(out, "level", lint_level_names[f->rule->level]);
		member(out, "rule", f->rule->id);
		member(out, "field", f->field);
		member(out, "reason", f->reason);
		member(out, "message", f->message);
		member(out, "fix", f->fix);
		fputs("}", out);
	}
	fputs(l->n_findings > 0 ? "\n]\n" : "]\n", out);
}

// SARIF's words for how bad it is.
static const char *severity(const struct lint_rule *rule)
{
	return rule->level == LINT_ADVICE ? "note" : "error";
}

static void print_sarif(const struct lint *l, FILE *out)
{
	fputs("{\"$schema\":\"https://json.schemastore.org/"
	      "sarif-2.1.0.json\",\"version\":\"2.1.0\","
	      "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"hugepod lint\",\"version\":\"" HP_VERSION
	      "\",\"rules\":[",
		out);
	for (const struct lint_rule *r = lint_rules; r->id != NULL; r++) {
		fprintf(out, "%s\n{\"id\":\"%s\",\"shortDescription\":{\"text\":",
			r == lint_rules ? "" : ",", r->id);
		put_json(out, r->summary);
		fputs("},\"fullDescription\":{\"text\":", out);
		put_json(out, r->explain);
		fputs("},\"help\":{\"text\":", out);
		put_json(out, r->instead);
		fprintf(out, "},\"defaultConfiguration\":{\"level\":\"%s\"}}", severity(r));
	}
	fputs("]}},\"results\":[", out);
	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct lint_finding *f = &l->findings[i];

		fprintf(out, "%s\n{\"ruleId\":\"%s\",\"level\":\"%s\",\"message\":{\"text\":",
			i > 0 ? "," : "", f->rule->id, severity(f->rule));
		put_json(out, f->message);
		fputs("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":",
			out);
		put_json(out, f->object->file->name);
		fprintf(out, "},\"region\":{\"startLine\":%u,\"startColumn\":%u}}", f->at->line,
			f->at->column);
		fputs(",\"logicalLocations\":[{\"fullyQualifiedName\":", out);
		put_json(out, f->field);
		fputs("}]}]}", out);
	}
	fputs("]}]}\n", out);
}

// Workflow commands end a property at a comma or colon, and a message at a line's end.
static void put_github(FILE *out, const char *text, bool property)
{
	for (; *text != '\0'; text++) {
		if (*text == '%' || *text == '\n' || *text == '\r' ||
			(property && (*text == ',' || *text == ':')))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, out);
	}
}

static void print_github(const struct lint *l, FILE *out)
{
	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct lint_finding *f = &l->findings[i];

		fprintf(out, "::%s file=", f->rule->level == LINT_ADVICE ? "notice" : "error");
		put_github(out, f->object->file->name, true);
		fprintf(out, ",line=%u,col=%u,title=", f->at->line, f->at->column);
		put_github(out, f->rule->id, true);
		fputs("::", out);
		if (*f->field != '\0') {
			put_github(out, f->field, false);
			fputs(": ", out);
		}
		put_github(out, f->message, false);
		fputc('\n', out);
	}
}

// Control characters of a manifest do not reach the terminal.
static void put_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\n    ", out);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
}

static void print_text(const struct lint *l, FILE *out)
{
	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct lint_finding *f = &l->findings[i];

		put_text(out, f->object->file->name);
		fprintf(out, ":%u:%u: %s [%s] ", f->at->line, f->at->column,
			lint_level_names[f->rule->level], f->rule->id);
		put_text(out, f->object->object.kind);
		fputs(" ", out);
		put_text(out, f->object->object.name);
		fputs(*f->field != '\0' ? ": " : "", out);
		put_text(out, f->field);
		fputs(": ", out);
		put_text(out, f->message);
		fprintf(out, "\n    why: %s\n    instead: ", f->rule->explain);
		put_text(out, f->fix);
		fputc('\n', out);
	}
}

void lint_print(const struct lint *l, enum lint_format format, FILE *out)
{
	static void (*const print[])(const struct lint *l, FILE *out) = {
		[LINT_TEXT] = print_text,
		[LINT_JSON] = print_json,
		[LINT_SARIF] = print_sarif,
		[LINT_GITHUB] = print_github,
	};

	print[format](l, out);
}
