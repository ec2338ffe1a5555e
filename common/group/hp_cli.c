// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Builds librte_cmdline's instructions from tables, and runs lines.

#include "base/hp_ctl.h"
#include "group/hp_cli_priv.h"

#include <rte_common.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// librte_cmdline calls this for the one instruction that a line matches.
static void run_inst(void *result, struct cmdline *cmdline, void *data)
{
	struct hp_cli_inst *inst = data;
	struct hp_cli *cli = inst->cli;
	struct hp_cli_args args = {.inst = inst, .result = result};

	cli->ret = inst->cmd->handler(inst->builtin ? cli : cli->ctx, &args, cli->out);
}

static int add_shape(struct hp_cli *cli, const struct hp_cli_cmd *cmd, bool builtin, bool full)
{
	struct hp_cli_inst *inst = &cli->insts[cli->n_insts];
	int n = hp_cli_parse_syntax(cmd->syntax, full, &inst->tokens);

	if (n <= 0)
		return n;
	inst->cmd = cmd;
	inst->cli = cli;
	inst->builtin = builtin;
	inst->n_tokens = (unsigned int)n;
	inst->inst =
		calloc(1, sizeof(*inst->inst) + ((size_t)n + 1) * sizeof(inst->inst->tokens[0]));
	cli->n_insts++;
	if (inst->inst == NULL)
		return -ENOMEM;
	inst->inst->f = run_inst;
	inst->inst->data = inst;
	inst->inst->help_str = cmd->help;
	for (int i = 0; i < n; i++)
		inst->inst->tokens[i] = &inst->tokens[i].u.hdr;
	cli->parse_ctx[cli->n_insts - 1] = inst->inst;
	return 0;
}

static int add_table(
	struct hp_cli *cli, const struct hp_cli_cmd *table, bool builtin, struct hp_err *err)
{
	for (const struct hp_cli_cmd *cmd = table; cmd->syntax != NULL; cmd++) {
		int ret = add_shape(cli, cmd, builtin, false);

		if (ret == 0)
			ret = add_shape(cli, cmd, builtin, true);
		if (ret < 0)
			return hp_err_set(err, HP_EXIT_OTHER, -ret, "command '%s': %s", cmd->syntax,
				ret == -ENOMEM ? "out of memory" : "a syntax that is none");
	}
	return 0;
}

static unsigned int count(const struct hp_cli_cmd *table)
{
	unsigned int n = 0;

	while (table[n].syntax != NULL)
		n++;
	return n;
}

struct hp_cli *hp_cli_new(const struct hp_cli_cmd *const *tables, void *ctx, struct hp_err *err)
{
	struct hp_cli *cli = calloc(1, sizeof(*cli));
	unsigned int n = count(hp_cli_builtin);
	int ret = -ENOMEM;

	if (cli == NULL)
		goto err;
	cli->tables = tables;
	cli->ctx = ctx;
	for (unsigned int t = 0; tables[t] != NULL; t++)
		n += count(tables[t]);
	cli->insts = calloc(2 * (size_t)n, sizeof(*cli->insts));
	cli->parse_ctx = calloc(2 * (size_t)n + 1, sizeof(cli->parse_ctx[0]));
	if (cli->insts == NULL || cli->parse_ctx == NULL)
		goto err;
	ret = add_table(cli, hp_cli_builtin, true, err);
	for (unsigned int t = 0; ret == 0 && tables[t] != NULL; t++)
		ret = add_table(cli, tables[t], false, err);
	if (ret < 0)
		goto err;
	cli->cmdline = cmdline_new(cli->parse_ctx, "", -1, -1); // -1: it never prints
	ret = -ENOMEM;
	if (cli->cmdline == NULL)
		goto err;
	return cli;
err:
	hp_err_set(err, HP_EXIT_OTHER, -ret, "command line: out of memory");
	hp_cli_free(cli);
	return NULL;
}

void hp_cli_free(struct hp_cli *cli)
{
	if (cli == NULL)
		return;
	if (cli->cmdline != NULL)
		cmdline_free(cli->cmdline);
	for (unsigned int i = 0; i < cli->n_insts; i++) {
		hp_cli_free_tokens(cli->insts[i].tokens, cli->insts[i].n_tokens);
		free(cli->insts[i].inst);
	}
	free(cli->insts);
	free(cli->parse_ctx);
	free(cli);
}

void hp_cli_complete_list(struct hp_cli *cli, const char *token, hp_cli_names names,
	unsigned int most, hp_cli_fits fits)
{
	if (cli->n_namers == HP_CLI_NAMERS_MAX)
		return; // completion is a comfort: the command line works without
	cli->namers[cli->n_namers++] =
		(struct hp_cli_namer){.token = token, .names = names, .most = most, .fits = fits};
}

void hp_cli_complete_with(struct hp_cli *cli, const char *token, hp_cli_names names)
{
	hp_cli_complete_list(cli, token, names, 0, NULL);
}

// The line with its one newline at the end, as librte_cmdline wants it.
static int copy_line(char *buf, const char *line, struct hp_out *out)
{
	size_t len = strcspn(line, "\r\n");

	if (len + 2 > HP_CLI_LINE_MAX)
		return hp_cli_fail(
			out, EINVAL, "the line has more than %d characters", HP_CLI_LINE_MAX - 2);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return hp_cli_fail(out, EINVAL, "the line has a control character");
		buf[i] = line[i];
	}
	buf[len] = '\n';
	buf[len + 1] = '\0';
	if (line[len + strspn(line + len, "\r\n")] != '\0')
		return hp_cli_fail(out, EINVAL, "more than one line");
	return 0;
}

static bool said_nothing(struct hp_out *out)
{
	size_t len;

	hp_out_text(out, &len);
	return len <= strlen("{}");
}

int hp_cli_run(struct hp_cli *cli, const char *line, enum hp_out_format format, struct hp_out **out)
{
	struct hp_out *outer = cli->out; // a handler may run lines itself
	char buf[HP_CLI_LINE_MAX];
	int ret;

	*out = hp_out_new(format);
	if (*out == NULL)
		return -ENOMEM;
	ret = copy_line(buf, line, *out);
	if (ret < 0)
		return ret;
	cli->out = *out;
	cli->ret = 0;
	ret = cmdline_parse(cli->cmdline, buf);
	cli->out = outer;
	if (ret < 0)
		return hp_cli_explain(cli, buf, ret, *out);
	ret = cli->ret;
	if (ret < 0 && said_nothing(*out))
		hp_cli_fail(*out, -ret, "%s", strerror(-ret));
	return ret;
}

// What a failed command said, as part of one line.
static void set_file_error(
	struct hp_err *err, int errnum, const char *path, unsigned int line, struct hp_out *out)
{
	const char *said = out != NULL ? hp_out_text(out, NULL) : "out of memory";

	if (strncmp(said, "error: ", strlen("error: ")) == 0)
		said += strlen("error: ");
	hp_err_set(err, HP_EXIT_CONFIG, errnum, "%s:%u: %.*s", path, line, (int)strcspn(said, "\n"),
		said);
}

int hp_cli_run_file(struct hp_cli *cli, const char *path, FILE *file, struct hp_err *err)
{
	FILE *lines = fopen(path, "re");
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int ret = 0;

	if (lines == NULL)
		return hp_err_set(err, HP_EXIT_CONFIG, errno, "%s: %s", path, strerror(errno));
	while (ret == 0 && (len = getline(&line, &size, lines)) >= 0) {
		struct hp_out *out;

		number++;
		hp_ctl_show_nuls(line, (size_t)len);
		ret = hp_cli_run(cli, line, HP_OUT_TEXT, &out);
		if (out != NULL && ret >= 0) {
			fputs(hp_out_text(out, NULL), file);
			fflush(file);
		} else {
			set_file_error(err, -ret, path, number, out);
		}
		hp_out_free(out);
	}
	if (ret >= 0 && ferror(lines)) // a directory opens, and cannot be read
		ret = hp_err_set(err, HP_EXIT_CONFIG, errno, "%s: %s", path, strerror(errno));
	free(line);
	fclose(lines);
	return ret < 0 ? ret : 0;
}

static const struct hp_cli_token *token_named(const struct hp_cli_args *args, const char *name)
{
	const struct hp_cli_inst *inst = args->inst;

	for (unsigned int i = 0; i < inst->n_tokens; i++)
		if (inst->tokens[i].kind >= HP_CLI_NAME && strcmp(inst->tokens[i].text, name) == 0)
			return &inst->tokens[i];
	return NULL;
}

const char *hp_cli_str(const struct hp_cli_args *args, const char *name)
{
	const struct hp_cli_token *token = token_named(args, name);

	return token != NULL ? args->result + token->u.hdr.offset : NULL;
}

const char *hp_cli_word(const struct hp_cli_args *args, unsigned int i)
{
	const struct hp_cli_inst *inst = args->inst;

	if (i >= inst->n_tokens || inst->tokens[i].kind == HP_CLI_NUMBER)
		return NULL;
	return args->result + inst->tokens[i].u.hdr.offset;
}

// A number of whatever type as 64 bits, sign kept.
static uint64_t read_number(const struct hp_cli_args *args, const struct hp_cli_token *token)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
		int8_t i8;
		int16_t i16;
		int32_t i32;
	} v;

	memcpy(&v, args->result + token->u.hdr.offset, sizeof(v));
	switch (token->u.num.num_data.type) {
	case RTE_UINT8:
		return v.u8;
	case RTE_UINT16:
		return v.u16;
	case RTE_UINT32:
		return v.u32;
	case RTE_INT8:
		return (uint64_t)(int64_t)v.i8;
	case RTE_INT16:
		return (uint64_t)(int64_t)v.i16;
	case RTE_INT32:
		return (uint64_t)(int64_t)v.i32;
	default:
		return v.u64;
	}
}

uint64_t hp_cli_uint(const struct hp_cli_args *args, const char *name, uint64_t absent)
{
	const struct hp_cli_token *token = token_named(args, name);

	return token != NULL && token->kind == HP_CLI_NUMBER ? read_number(args, token) : absent;
}

int64_t hp_cli_int(const struct hp_cli_args *args, const char *name, int64_t absent)
{
	return (int64_t)hp_cli_uint(args, name, (uint64_t)absent);
}

int hp_cli_fail(struct hp_out *out, int errnum, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hp_out_str(out, "error", text);
	return -errnum;
}
