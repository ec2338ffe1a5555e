// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Positions, aliases, documents and limits of the YAML tree.

#include "base/hp_yaml.h"
#include "hp_test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct hp_yaml_file *load(const char *text)
{
	struct hp_err err = {0};
	struct hp_yaml_file *file = hp_yaml_load("t.yaml", text, strlen(text), NULL, &err);

	if (file == NULL)
		print_error("%s\n", err.text);
	assert_non_null(file);
	return file;
}

static void assert_refused(
	const char *text, size_t len, const struct hp_yaml_limits *limits, const char *want)
{
	struct hp_err err = {0};
	struct hp_yaml_file *file = hp_yaml_load("t.yaml", text, len, limits, &err);

	assert_null(file);
	assert_int_equal(err.exit_code, HP_EXIT_DATA);
	assert_string_equal(err.text, want);
}

static void every_node_knows_its_line_and_column(void **state)
{
	const char *text = "a:\n  - x\n  - b: 'q'\n\n# comment\nc: {d: e}\n";
	struct hp_yaml_file *file = load(text);
	const struct hp_yaml_node *root = hp_yaml_root(file, 0), *a = hp_yaml_get(root, "a");
	const struct hp_yaml_node *b = hp_yaml_get(a->items[1], "b");
	const struct hp_yaml_node *d = hp_yaml_get(hp_yaml_get(root, "c"), "d");

	assert_int_equal(root->type, HP_YAML_MAP);
	assert_int_equal(root->n, 2);
	assert_int_equal(a->type, HP_YAML_SEQ);
	assert_int_equal(a->line, 2);
	assert_int_equal(a->column, 3);
	assert_int_equal(a->items[0]->column, 5);
	assert_true(a->items[0]->plain);
	assert_int_equal(b->line, 3);
	assert_int_equal(b->column, 8);
	assert_false(b->plain);
	assert_int_equal(b->style, '\'');
	assert_memory_equal(text + b->start, "'q'", b->end - b->start);
	assert_int_equal(d->line, 6);
	assert_int_equal(d->column, 8);
	assert_int_equal(root->size, 11);
	assert_int_equal(root->height, 4);
	hp_yaml_free(file);
}

static void bytes_and_columns_survive_bom_crlf_and_multibyte_characters(void **state)
{
	const char *text = "\xef\xbb\xbfgr\xc3\xbc: \xc3\xa4\r\nx: [\xe2\x82\xac, y]\r\n";
	struct hp_yaml_file *file = load(text);
	const struct hp_yaml_node *root = hp_yaml_root(file, 0), *x = hp_yaml_get(root, "x");

	assert_int_equal(root->keys[0]->line, 1);
	assert_int_equal(root->keys[0]->column, 1);
	assert_string_equal(root->keys[0]->value, "gr\xc3\xbc");
	assert_int_equal(root->items[0]->column, 6);
	assert_string_equal(root->items[0]->value, "\xc3\xa4");
	assert_int_equal(x->items[1]->line, 2);
	assert_int_equal(x->items[1]->column, 8);
	assert_int_equal(text[x->items[1]->start], 'y');
	hp_yaml_free(file);
}

static void documents_are_counted_and_empty_ones_have_no_root(void **state)
{
	struct hp_yaml_file *file = load("---\na: 1\n---\n---\n# only a comment\n---\n- b\n...\n");

	assert_int_equal(hp_yaml_docs(file), 4);
	assert_non_null(hp_yaml_root(file, 0));
	assert_null(hp_yaml_root(file, 1));
	assert_null(hp_yaml_root(file, 2));
	assert_int_equal(hp_yaml_root(file, 3)->type, HP_YAML_SEQ);
	assert_null(hp_yaml_root(file, 4));
	hp_yaml_free(file);
	file = load("");
	assert_int_equal(hp_yaml_docs(file), 0);
	hp_yaml_free(file);
}

static void aliases_are_the_anchors_node(void **state)
{
	struct hp_yaml_file *file =
		load("a: &x {k: v}\nb: *x\nc: &x 2\nd: *x\ne: {<<: {f: 1}}\n---\nx: 1\n");
	const struct hp_yaml_node *root = hp_yaml_root(file, 0);

	assert_ptr_equal(hp_yaml_get(root, "a"), hp_yaml_get(root, "b"));
	assert_string_equal(hp_yaml_get(root, "a")->anchor, "x");
	assert_string_equal(hp_yaml_get(root, "d")->value, "2");
	assert_non_null(hp_yaml_get(hp_yaml_get(root, "e"), "<<"));
	assert_int_equal(root->size, 1 + 2 * 5 - 5 + 3 + 3 + 1 + 1 + 5);
	hp_yaml_free(file);
}

static void duplicate_keys_are_kept_in_order(void **state)
{
	struct hp_yaml_file *file = load("a: 1\nb: 2\na: 3\n");
	const struct hp_yaml_node *root = hp_yaml_root(file, 0);

	assert_int_equal(root->n, 3);
	assert_int_equal(hp_yaml_count(root, "a"), 2);
	assert_int_equal(hp_yaml_count(root, "c"), 0);
	assert_string_equal(hp_yaml_get(root, "a")->value, "1");
	assert_string_equal(root->items[2]->value, "3");
	hp_yaml_free(file);
}

static void only_plain_scalars_are_null(void **state)
{
	struct hp_yaml_file *file = load("[~, null, Null, NULL, '', \"null\", nULL, !!str null]");
	const struct hp_yaml_node *root = hp_yaml_root(file, 0);
	static const bool want[] = {true, true, true, true, false, false, false, false};

	assert_int_equal(root->n, HP_LEN(want));
	for (uint32_t i = 0; i < root->n; i++)
		assert_int_equal(hp_yaml_is_null(root->items[i]), want[i]);
	assert_false(hp_yaml_is_null(root));
	assert_false(hp_yaml_is_null(NULL));
	hp_yaml_free(file);
	file = load("a:\nb: |\n  x\n  y\n");
	root = hp_yaml_root(file, 0);
	assert_true(hp_yaml_is_null(hp_yaml_get(root, "a")));
	assert_string_equal(hp_yaml_get(root, "b")->value, "x\ny\n");
	assert_int_equal(hp_yaml_get(root, "b")->style, '|');
	hp_yaml_free(file);
}

static void mistakes_are_named_with_file_line_and_column(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"a:\n\tb: 1\n", "t.yaml:2:1: a tab in the indentation, expected spaces"},
		{"a: [1, 2\n", "t.yaml:2:1: did not find expected ',' or ']' while parsing a flow "
			       "sequence that begins at 1:4, expected valid YAML"},
		{"a: 1\n b: 2\n", "t.yaml:2:3: mapping values are not allowed in this context, "
				  "expected valid YAML"},
		{"a: *b\n", "t.yaml:1:4: unknown alias, expected the name of an anchor (&name) "
			    "earlier in this document"},
		{"a: &b 1\n---\nc: *b\n", "t.yaml:3:4: unknown alias, expected the name of an "
					  "anchor (&name) earlier in this document"},
		{"a: &b [1, *b]\n", "t.yaml:1:11: alias inside its own anchor, expected a value "
				    "that ends before it is used"},
		{"a: 1\nb: \xff\n", "t.yaml:2:4: invalid leading UTF-8 octet, expected UTF-8 text"},
		{"a: 1\nb: \x01\n",
			"t.yaml:2:4: control characters are not allowed, expected UTF-8 text"},
	};

	for (size_t i = 0; i < HP_LEN(cases); i++)
		assert_refused(cases[i].text, strlen(cases[i].text), NULL, cases[i].want);
}

static void nesting_is_bounded_also_through_aliases(void **state)
{
	const struct hp_yaml_limits limits = {.max_depth = 4};
	struct hp_err err = {0};
	struct hp_yaml_file *file = hp_yaml_load("t.yaml", "[[[[1]]]]", 9, &limits, &err);
	char *deep = malloc(100000);

	assert_non_null(file);
	hp_yaml_free(file);
	assert_refused(
		"[[[[[1]]]]]", 11, &limits, "t.yaml:1:5: nested too deeply, expected at most 4");
	assert_refused("[&a [[1]], [[*a]]]", 18, &limits,
		"t.yaml:1:14: nested too deeply by aliases, expected at most 4");
	assert_non_null(deep);
	memset(deep, '[', 100000);
	assert_refused(deep, 100000, NULL, "t.yaml:1:65: nested too deeply, expected at most 64");
	free(deep);
}

static void an_alias_bomb_is_refused_by_its_expanded_size(void **state)
{
	char text[4096];
	size_t len = 0;

	len += (size_t)snprintf(text, sizeof(text), "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 30; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1,
			i - 1);
	assert_refused(text, len, NULL,
		"t.yaml:8:26: too many values once aliases are expanded, expected at most 1000000");
}

static void bytes_nodes_documents_and_anchors_are_bounded(void **state)
{
	const struct hp_yaml_limits limits = {.max_bytes = 40, .max_nodes = 5, .max_docs = 2};
	char many[4200 * 8];
	size_t len = 0;

	assert_refused("########################################x", 41, &limits,
		"t.yaml:1:1: 41 bytes, expected at most 40");
	assert_refused("[1,2,3,4,5]", 11, &limits,
		"t.yaml:1:10: too many values once aliases are expanded, expected at most 5");
	assert_refused("a\n---\nb\n---\nc\n", 14, &limits,
		"t.yaml:6:1: too many documents, expected at most 2");
	for (int i = 0; i < 4100; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "- &a 1\n");
	assert_refused(many, len, NULL,
		"t.yaml:4097:3: too many anchors in one document, expected at most 4096");
}

static void a_value_may_hold_a_nul(void **state)
{
	struct hp_yaml_file *file = load("a: \"x\\0y\"");
	const struct hp_yaml_node *a = hp_yaml_get(hp_yaml_root(file, 0), "a");

	assert_int_equal(a->len, 3);
	assert_memory_equal(a->value, "x\0y", 4);
	hp_yaml_free(file);
}

static void a_file_is_read_whole_and_a_missing_one_is_named(void **state)
{
	char path[] = "/tmp/test_hp_yaml_XXXXXX";
	const int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");
	struct hp_err err = {0};
	struct hp_yaml_file *file;
	const struct hp_yaml_limits small = {.max_bytes = 1000};

	assert_non_null(out);
	for (int i = 0; i < 20000; i++)
		fprintf(out, "- %d\n", i);
	fclose(out);
	file = hp_yaml_load_path(path, NULL, &err);
	assert_non_null(file);
	assert_int_equal(hp_yaml_root(file, 0)->n, 20000);
	hp_yaml_free(file);
	assert_null(hp_yaml_load_path(path, &small, &err));
	assert_non_null(strstr(err.text, "expected at most 1000"));
	unlink(path);
	err = (struct hp_err){0};
	assert_null(hp_yaml_load_path("/nonexistent/x.yaml", NULL, &err));
	assert_int_equal(err.exit_code, HP_EXIT_DATA);
	assert_string_equal(err.text,
		"/nonexistent/x.yaml: cannot open: No such file or directory, expected a file to "
		"read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_node_knows_its_line_and_column),
		cmocka_unit_test(bytes_and_columns_survive_bom_crlf_and_multibyte_characters),
		cmocka_unit_test(documents_are_counted_and_empty_ones_have_no_root),
		cmocka_unit_test(aliases_are_the_anchors_node),
		cmocka_unit_test(duplicate_keys_are_kept_in_order),
		cmocka_unit_test(only_plain_scalars_are_null),
		cmocka_unit_test(mistakes_are_named_with_file_line_and_column),
		cmocka_unit_test(nesting_is_bounded_also_through_aliases),
		cmocka_unit_test(an_alias_bomb_is_refused_by_its_expanded_size),
		cmocka_unit_test(bytes_nodes_documents_and_anchors_are_bounded),
		cmocka_unit_test(a_value_may_hold_a_nul),
		cmocka_unit_test(a_file_is_read_whole_and_a_missing_one_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
