// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Arbitrary bytes as manifests, through every level, every format and the fixes. Quantities that
// occur are parsed on their own as well: printing and reading them again changes nothing.

#include "k8s_quantity.h"
#include "lint.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The server has no name for powers of ten past E and prints what has one without it.
static bool has_a_name(struct k8s_quantity q)
{
	static const struct k8s_quantity thousand_exa = {.limb = {0, 0, 0, 1000}};

	q.negative = false;
	return q.format != K8S_DECIMAL_SI || k8s_quantity_cmp(&q, &thousand_exa) < 0;
}

static void quantity(const char *text, size_t len)
{
	struct k8s_quantity q, again;
	char buf[K8S_QUANTITY_TEXT];

	if (k8s_quantity_parse(text, len, &q) != K8S_QUANTITY_OK)
		return;
	k8s_quantity_print(&q, buf);
	CHECK(k8s_quantity_parse(buf, strlen(buf), &again) == K8S_QUANTITY_OK);
	CHECK(!has_a_name(q) || k8s_quantity_cmp(&q, &again) == 0);
	k8s_quantity_value(&q);
	k8s_quantity_milli_value(&q);
	k8s_quantity_round_to_milli(&q);
	CHECK(k8s_quantity_add(&q, &again) || len > 100);
}

static void print_all(const struct lint *l)
{
	for (enum lint_format f = LINT_TEXT; f <= LINT_GITHUB; f++) {
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		if (out == NULL)
			return;
		lint_print(l, f, out);
		fclose(out);
		free(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct lint l = {.minor = 30, .pss = "restricted"};
	struct hp_err err = {0};
	char *fixed = NULL;
	size_t len;
	FILE *out;

	quantity(text, size < 40 ? size : 40);
	for (int i = 0; i < LINT_LEVELS; i++)
		l.levels[i] = true;
	if (lint_read_text(&l, "fuzz", text, size, &err) == 0) {
		lint_run(&l);
		for (uint32_t i = 0; i < l.n_findings; i++) {
			CHECK(l.findings[i].at != NULL && l.findings[i].message != NULL);
			CHECK(l.findings[i].fix != NULL && l.findings[i].field != NULL);
		}
		print_all(&l);
		out = open_memstream(&fixed, &len);
		if (out != NULL) {
			CHECK(lint_fix(&l, out, &err) >= 0);
			fclose(out);
			free(fixed);
		}
	}
	lint_free(&l);
	return 0;
}
