// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Commands from tables: values, errors, completion, help, docs.

#include "group/hp_cli.h"
#include "group/hp_cli_priv.h"
#include "hp_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct app {
	struct hp_cli *cli;
	char log[1024]; // what handlers were called with
};

static void note(struct app *app, const char *name, const char *value)
{
	size_t len = strlen(app->log);

	snprintf(app->log + len, sizeof(app->log) - len, "%s=%s ", name,
		value != NULL ? value : "(none)");
}

static int show_port(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	note(ctx, "what", hp_cli_word(args, 2));
	note(ctx, "port", hp_cli_str(args, "port"));
	hp_out_str(out, "port", hp_cli_str(args, "port"));
	return 0;
}

static int set_numbers(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	char text[128];

	snprintf(text, sizeof(text), "%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%" PRId64,
		hp_cli_uint(args, "u8", 7), hp_cli_uint(args, "u64", 7), hp_cli_int(args, "i16", 7),
		hp_cli_int(args, "i64", -7));
	note(ctx, "numbers", text);
	assert_null(hp_cli_word(args, 2));
	assert_null(hp_cli_word(args, 99));
	return 0;
}

static int echo(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	note(ctx, "rest", hp_cli_str(args, "text"));
	return 0;
}

static int fail_busy(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	return hp_cli_fail(out, EBUSY, "port %s is busy", "in");
}

static int fail_silently(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	return -ENODEV;
}

static int nested(void *ctx, const struct hp_cli_args *args, struct hp_out *out)
{
	struct app *app = ctx;
	struct hp_out *inner;

	assert_int_equal(hp_cli_run(app->cli, "echo inner", HP_OUT_TEXT, &inner), 0);
	hp_out_free(inner);
	hp_out_line(out, "outer");
	return 0;
}

static const struct hp_cli_cmd ports[] = {
	{"show port (info|stats|summary) [<port>]", show_port, "Ports", "Show ports."},
	{"set numbers <u8:uint8> <u64:uint64> [<i16:int16> <i64:int64>]", set_numbers, "Ports",
		"Set | numbers."},
	{NULL},
};

static const struct hp_cli_cmd others[] = {
	{"echo <text...>", echo, "Other", "Say it."},
	{"fail", fail_busy, "Other", "Fail."},
	{"fail silently", fail_silently, "Other", "Fail without a word."},
	{"nested", nested, "Other", "Run a line."},
	{"plug <hole> <names> [<number:uint8>]", echo, "Other", "A list."},
	{"twin <a>", echo, "Other", "Ambiguous."},
	{"twin sister", echo, "Other", "Ambiguous."},
	{NULL},
};

static const struct hp_cli_cmd *const tables[] = {ports, others, NULL};

static const char *port_names(void *ctx, unsigned int i)
{
	static const char *const names[] = {"in", "inner", "out"};

	return i < HP_LEN(names) ? names[i] : NULL;
}

static bool is_not_before(void *ctx, const char *before, const char *name)
{
	(void)ctx;
	return strstr(before, name) == NULL;
}

static int setup(void **state)
{
	struct app *app = calloc(1, sizeof(*app));
	struct hp_err err = {0};

	assert_non_null(app);
	app->cli = hp_cli_new(tables, app, &err);
	assert_non_null(app->cli);
	hp_cli_complete_with(app->cli, "port", port_names);
	hp_cli_complete_list(app->cli, "names", port_names, 2, is_not_before);
	*state = app;
	return 0;
}

static int teardown(void **state)
{
	struct app *app = *state;

	hp_cli_free(app->cli);
	free(app);
	return 0;
}

static int run(struct app *app, const char *line, char *said, size_t size)
{
	struct hp_out *out;
	int ret = hp_cli_run(app->cli, line, HP_OUT_TEXT, &out);

	assert_non_null(out);
	snprintf(said, size, "%s", hp_out_text(out, NULL));
	hp_out_free(out);
	return ret;
}

static void good_lines_reach_their_handler(void **state)
{
	static const struct {
		const char *line, *log;
	} cases[] = {
		{"show port info", "what=info port=(none) "},
		{"show port stats in\n", "what=stats port=in "},
		{"  show\tport  summary   0000:01:00.0  # comment\r\n",
			"what=summary port=0000:01:00.0 "},
		{"set numbers 255 18446744073709551615", "numbers=255,18446744073709551615,7,-7 "},
		{"set numbers 0x10 0 -32768 -9223372036854775808",
			"numbers=16,0,-32768,-9223372036854775808 "},
		{"echo a b  c # no", "rest=a b  c  "},
		{"", ""},
		{"   \n", ""},
		{"# only a comment", ""},
		{"nested", "rest=inner "},
	};
	struct app *app = *state;
	char said[256];

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		app->log[0] = '\0';
		assert_int_equal(run(app, cases[i].line, said, sizeof(said)), 0);
		assert_string_equal(app->log, cases[i].log);
	}
}

static void bad_lines_get_one_clear_line(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"shov", "error: unknown command 'shov'; did you mean 'show'?\n"},
		{"xyzzy 1 2", "error: unknown command 'xyzzy'; 'help' lists what there is\n"},
		{"show", "error: 'show' goes on with port\n"},
		{"show  port ", "error: 'show  port' goes on with (info|stats|summary)\n"},
		{"show port staats 1", "error: 'staats' after 'show port' is not valid, expected "
				       "(info|stats|summary); did you mean 'stats'?\n"},
		{"show port info a b", "error: 'b' is too much after 'show port info a'\n"},
		{"set numbers 256 1", "error: '256' after 'set numbers' is not valid, expected "
				      "<u8:uint8>\n"},
		{"set numbers -1 1", "error: '-1' after 'set numbers' is not valid, expected "
				     "<u8:uint8>\n"},
		{"set numbers 1 18446744073709551616",
			"error: '18446744073709551616' after 'set numbers 1' is not valid, "
			"expected <u64:uint64>\n"},
		{"set numbers 1 1 1", "error: 'set numbers 1 1 1' goes on with <i64:int64>\n"},
		{"echo", "error: 'echo' goes on with <text...>\n"},
		{"twin sister", "error: 'twin sister' is ambiguous\n"},
		{"fail", "error: port in is busy\n"},
		{"fail silently", "error: No such device\n"},
		{"fail loudly", "error: 'loudly' after 'fail' is not valid, expected silently\n"},
		{"show port info a\033[2J", "error: the line has a control character\n"},
		{"fail\nfail", "error: more than one line\n"},
	};
	struct app *app = *state;
	char said[512];

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		int ret = run(app, cases[i].line, said, sizeof(said));
		int want = strcmp(cases[i].line, "fail") == 0 ? -EBUSY : -EINVAL;

		if (strcmp(cases[i].line, "fail silently") == 0)
			want = -ENODEV;
		if (strcmp(said, cases[i].want) != 0)
			print_error("%s: %s", cases[i].line, said);
		assert_int_equal(ret, want);
		assert_string_equal(said, cases[i].want);
	}
}

static void lines_and_words_have_an_upper_bound(void **state)
{
	static char line[HP_CLI_LINE_MAX + 64];
	struct app *app = *state;
	char said[512];

	memset(line, 'a', sizeof(line) - 1);
	assert_int_equal(run(app, line, said, sizeof(said)), -EINVAL);
	assert_string_equal(said, "error: the line has more than 2046 characters\n");
	memcpy(line, "echo ", 5);
	line[HP_CLI_LINE_MAX - 2] = '\0';
	assert_int_equal(run(app, line, said, sizeof(said)), 0);
	memcpy(line, "show port info ", 15);
	line[15 + HP_CLI_NAME_SIZE] = '\0';
	assert_int_equal(run(app, line, said, sizeof(said)), -EINVAL);
	assert_string_equal(said, "error: a word has more than 1023 characters\n");
	line[15 + HP_CLI_NAME_SIZE - 1] = '\0';
	assert_int_equal(run(app, line, said, sizeof(said)), 0);
}

static void json_is_a_wish_of_the_caller(void **state)
{
	struct app *app = *state;
	struct hp_out *out;

	assert_int_equal(hp_cli_run(app->cli, "show port info in", HP_OUT_JSON, &out), 0);
	assert_string_equal(hp_out_text(out, NULL), "{\"port\":\"in\"}");
	hp_out_free(out);
	assert_int_equal(hp_cli_run(app->cli, "fail", HP_OUT_JSON, &out), -EBUSY);
	assert_string_equal(hp_out_text(out, NULL), "{\"error\":\"port in is busy\"}");
	hp_out_free(out);
	assert_int_equal(hp_cli_run(app->cli, "fail silently", HP_OUT_JSON, &out), -ENODEV);
	assert_string_equal(hp_out_text(out, NULL), "{\"error\":\"No such device\"}");
	hp_out_free(out);
}

static void help_lists_sections_commands_and_beginnings(void **state)
{
	struct app *app = *state;
	char said[4096];

	assert_int_equal(run(app, "help", said, sizeof(said)), 0);
	assert_non_null(strstr(said, "Ports           2  help Ports\n"));
	assert_non_null(strstr(said, "Help            2  help Help\n"));
	assert_int_equal(run(app, "help all", said, sizeof(said)), 0);
	for (unsigned int t = 0; tables[t] != NULL; t++)
		for (const struct hp_cli_cmd *cmd = tables[t]; cmd->syntax != NULL; cmd++)
			assert_non_null(strstr(said, cmd->syntax));
	assert_non_null(strstr(said, "quit"));
	assert_int_equal(run(app, "help ports ", said, sizeof(said)), 0);
	assert_non_null(strstr(said, "show port"));
	assert_null(strstr(said, "echo"));
	assert_int_equal(run(app, "help show port", said, sizeof(said)), 0);
	assert_non_null(strstr(said, "show port"));
	assert_null(strstr(said, "set numbers"));
	assert_int_equal(run(app, "help nonsense", said, sizeof(said)), -ENOENT);
	assert_int_equal(run(app, "quit", said, sizeof(said)), HP_CLI_CLOSE);
}

// All that completion has to say: "+text" to append, or the list's words.
static void complete(struct app *app, const char *line, int state, char *all, size_t size)
{
	char buf[512];
	size_t len = 0;
	int ret;

	all[0] = '\0';
	while ((ret = hp_cli_complete(app->cli, line, buf, sizeof(buf), &state)) == 1) {
		len += (size_t)snprintf(
			all + len, size - len, "%.*s ", (int)strcspn(buf, " "), buf);
		assert_true(len < size);
	}
	if (ret == 2)
		snprintf(all + len, size - len, "+%s", buf);
}

static void completion_comes_from_the_tables(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{"sh", "+ow "},
		{"s", "show set "},
		{"show", "+ "},
		{"show ", "+port "},
		{"show port ", "info stats summary "},
		{"show port s", "stats summary "},
		{"show port su", "+mmary "},
		{"show port info i", "+n"},
		{"show port info in", "in inner "},
		{"show port info inn", "+er "},
		{"show port info ", "<RETURN> in inner out "},
		{"show port info in ", "<RETURN> "},
		{"set numbers ", "<u8:uint8> "},
		{"set numbers 300 ", ""},
		{"nonsense ", ""},
		{"echo ", "<text...> "},
		{"fail ", "<RETURN> silently "},
		{"show port info i#", ""},
		{"qu", "+it "},
		{"", "help quit show set echo fail nested plug twin "},
		{"plug x ", "in inner out "},
		{"plug x o", "+ut"}, // the list may go on, or end
		{"plug x out", "+ "},
		{"plug x out,", "in inner "},
		{"plug x out,in", "in inner "},
		{"plug x inner,", "in out "},
		{"plug x inner,o", "+ut"},
		{"plug x in,inner", "+ "},
		{"plug x in,in", "+ner"},
		{"plug x in,inner,", ""}, // two at most
		{"plug x in,in,", ""}, // twice
		{"plug x nonsense,", ""},
		{"plug x ,", ""},
		{"plug out ", "in inner "},
		{"plug x in,out ", "<RETURN> <number:uint8> "},
	};
	struct app *app = *state;
	char all[1024];

	for (size_t i = 0; i < HP_LEN(cases); i++) {
		complete(app, cases[i].line, 0, all, sizeof(all));
		if (strcmp(all, cases[i].want) != 0)
			print_error("'%s': '%s'\n", cases[i].line, all);
		assert_string_equal(all, cases[i].want);
	}
	complete(app, "sh", -1, all, sizeof(all));
	assert_string_equal(all, "show ");
}

static void a_file_runs_up_to_the_first_error(void **state)
{
	char path[] = "/tmp/test_hp_cli.XXXXXX";
	const char *text = "# start\necho one\n\nshow port info\nbad line\necho two\n";
	struct app *app = *state;
	struct hp_err err = {0};
	char want[128], *said;
	size_t len;
	int fd = mkstemp(path);
	FILE *file = open_memstream(&said, &len);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(hp_cli_run_file(app->cli, path, file, &err), -EINVAL);
	fclose(file);
	unlink(path);
	assert_string_equal(said, "port: -\n");
	assert_string_equal(app->log, "rest=one what=info port=(none) ");
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
	snprintf(want, sizeof(want), "%s:5: unknown command 'bad'", path);
	assert_ptr_equal(strstr(err.text, want), err.text);
	assert_null(strchr(err.text, '\n'));
	free(said);
	memset(&err, 0, sizeof(err));
	assert_int_equal(hp_cli_run_file(app->cli, "/nonexistent", stdout, &err), -ENOENT);
}

static void a_file_with_a_nul_or_that_is_none_is_refused(void **state)
{
	static const char text[] = "echo one\0 two\n";
	char path[] = "/tmp/test_hp_cli.XXXXXX";
	struct app *app = *state;
	struct hp_err err = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	close(fd);
	assert_int_equal(hp_cli_run_file(app->cli, path, stdout, &err), -EINVAL);
	unlink(path);
	assert_non_null(strstr(err.text, ":1: the line has a control character"));
	assert_string_equal(app->log, "");
	memset(&err, 0, sizeof(err));
	assert_int_equal(hp_cli_run_file(app->cli, "/", stdout, &err), -EISDIR);
	assert_int_equal(err.exit_code, HP_EXIT_CONFIG);
}

static void a_wrong_syntax_is_refused_when_the_table_is_built(void **state)
{
	static const char *const wrong[] = {"", " ", "show <", "show <>", "show ()", "show (a||b)",
		"show (a", "show <a:uint7>", "show <a....>", "show <a...> more", "sh*w", "a [",
		"1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5"};

	for (size_t i = 0; i < HP_LEN(wrong); i++) {
		const struct hp_cli_cmd table[] = {{wrong[i], echo, "X", "x"}, {NULL}};
		const struct hp_cli_cmd *const one[] = {table, NULL};
		struct hp_err err = {0};
		struct hp_cli *cli = hp_cli_new(one, NULL, &err);

		if (cli != NULL)
			print_error("taken: '%s'\n", wrong[i]);
		assert_null(cli);
		assert_int_equal(err.exit_code, HP_EXIT_OTHER);
	}
}

static void markdown_has_a_row_for_each_command(void **state)
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	hp_cli_markdown(tables, file);
	fclose(file);
	assert_non_null(strstr(text, "\n## Ports\n"));
	assert_non_null(strstr(text, "| `show port (info\\|stats\\|summary) [<port>]` | Show "));
	assert_non_null(strstr(text, "| Set \\| numbers. |"));
	assert_non_null(strstr(text, "| `quit` |"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good_lines_reach_their_handler, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_lines_get_one_clear_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
			lines_and_words_have_an_upper_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(json_is_a_wish_of_the_caller, setup, teardown),
		cmocka_unit_test_setup_teardown(
			help_lists_sections_commands_and_beginnings, setup, teardown),
		cmocka_unit_test_setup_teardown(completion_comes_from_the_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_runs_up_to_the_first_error, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_with_a_nul_or_that_is_none_is_refused, setup, teardown),
		cmocka_unit_test(a_wrong_syntax_is_refused_when_the_table_is_built),
		cmocka_unit_test(markdown_has_a_row_for_each_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
