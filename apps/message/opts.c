// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Options of hp-message and the words that follow them.

#include "base/hp_log.h"
#include "base/hp_wire.h"
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define COUNT_MAX 1000000 // pings: 8 MB of round-trip times
#define TIME_MAX_US 86400000000ull // a day

#define AT(field) .offset = offsetof(struct hp_message_opts, field)

static const char *const idle_words[] = {"poll", "sleep", NULL};
static const char *const format_words[] = {"text", "json", NULL};

static const char *const send_options[] = {"file", "timeout", "format", "idle", NULL};
static const char *const receive_options[] = {"count", "timeout", "format", "idle", "reply", NULL};
static const char *const ping_options[] = {
	"count", "size", "interval", "timeout", "format", "idle", NULL};
static const char *const request_options[] = {"timeout", "format", "idle", NULL};

static const struct hp_message_mode modes[] = {
	{"send", true, true, send_options, hp_message_send},
	{"receive", false, false, receive_options, hp_message_receive},
	{"ping", true, false, ping_options, hp_message_ping},
	{"request", true, true, request_options, hp_message_request},
};

// clang-format off
static const struct hp_opt opts[] = {
	{"file", 'f', HP_OPT_LIST, HP_OPT_CLI, AT(file), .min = 1, .max = 4095, .arg = "FILE",
	 .section = "Messages",
	 .help = "send: each line of the file is a message; '-' is standard input, which is also "
	 "read where neither a text nor a file is given. Repeatable."},
	{"count", 'c', HP_OPT_UINT, HP_OPT_CLI, AT(count), .min = 1, .max = COUNT_MAX, .arg = "N",
	 .section = "Messages",
	 .help = "ping: how many (default 10). receive: end after so many messages (default: never)."},
	{"size", 0, HP_OPT_UINT, HP_OPT_CLI, AT(size), .max = HP_MAIL_MAX, .def = "64",
	 .arg = "BYTES", .section = "Messages", .help = "ping: payload of each."},
	{"interval", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(interval_us), .max = TIME_MAX_US,
	 .def = "100ms", .arg = "TIME", .section = "Messages",
	 .help = "ping: from one to the next; 0: as soon as the answer is there."},
	{"timeout", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(timeout_us), .min = 1, .max = TIME_MAX_US,
	 .arg = "TIME", .section = "Messages",
	 .help = "send, ping, request: how long to wait for a member and for its answer (default 1s). "
	 "receive: how long in all (default: for ever)."},
	{"reply", 0, HP_OPT_STRING, HP_OPT_CLI, AT(reply), .min = 1, .max = HP_MAIL_MAX, .arg = "TEXT",
	 .section = "Messages",
	 .help = "receive: answer requests with this text; without, they are refused."},
	{"idle", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(idle), .words = idle_words, .def = "sleep",
	 .arg = "poll|sleep", .section = "Messages",
	 .help = "How to wait for messages: poll takes a whole CPU and is fast, sleep looks at least "
	 "every 0.5 ms."},
	{"format", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(format), .words = format_words, .def = "text",
	 .arg = "text|json", .section = "Messages", .help = "Form of the output."},
	HP_MEMBER_OPTS(struct hp_message_opts, "message"),
	{NULL},
};
// clang-format on

const struct hp_opt_set hp_message_opts = {
	.program = "hp-message",
	.summary = "messages to and from the members of a hugepod group",
	.usage = "[OPTIONS] send NAME[,NAME...]|all [TEXT...]\n"
		 "[OPTIONS] receive\n"
		 "[OPTIONS] ping NAME\n"
		 "[OPTIONS] request NAME TEXT...",
	.details =
		"hp-message joins the group of --file-prefix as a member of its own. send gives a "
		"text, or each line of files or of standard input, to one member, to several, or "
		"to all, the primary included ('primary'), and waits until each of them has said "
		"that it has it. receive writes what comes, a line each. ping measures round trips "
		"through the primary; every member answers. request sends a text and writes the "
		"reply of a 'receive --reply'. The exit code is 1 if anything was not delivered, "
		"not answered or lost. A text that begins with a dash goes behind '-- --'. Without "
		"--name, all but receive add eight random digits to the default.",
	.opts = opts,
};

static bool is_given(const struct hp_opts_given *given, size_t i)
{
	return (given->bits[i / 64] >> (i % 64) & 1) != 0;
}

static bool among(const char *const *words, const char *word)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

// Several may send at once: without a --name, each has one that nobody else happens to have.
static int make_name(
	struct hp_message_opts *m, const struct hp_opts_given *given, struct hp_err *err)
{
	uint64_t random;
	char *name;

	for (size_t i = 0; opts[i].name != NULL; i++)
		if (is_given(given, i) && strcmp(opts[i].name, "name") == 0)
			return 0;
	if (m->mode->run == hp_message_receive)
		return 0; // others have to know how to address it
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random) ||
		asprintf(&name, "%s-%08x", m->member.name, (uint32_t)random) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	free(m->member.name);
	m->member.name = name;
	return 0;
}

static int check_options(
	const struct hp_message_opts *m, const struct hp_opts_given *given, struct hp_err *err)
{
	for (size_t i = 0; opts[i].name != NULL; i++)
		if (is_given(given, i) && opts[i].section != NULL &&
			strcmp(opts[i].section, "Messages") == 0 &&
			!among(m->mode->options, opts[i].name))
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"--%s means nothing to '%s': leave it out", opts[i].name,
				m->mode->name);
	return 0;
}

// NAME, several of them with commas, or all.
static int check_names(const struct hp_message_opts *m, struct hp_err *err)
{
	bool several = m->mode->run == hp_message_send;
	char name[HP_NAME_MAX], quoted[HP_QUOTE_SIZE];
	const char *list = m->to;

	if (several && strcmp(list, HP_MAIL_ALL_NAME) == 0)
		return 0;
	for (uint32_t n = 1; n <= HP_MEMBERS_MAX + 1; n++) {
		size_t len = strcspn(list, ",");

		snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : 0), list);
		if (!hp_wire_name_ok(name) || strcmp(name, HP_MAIL_ALL_NAME) == 0 ||
			(!several && list[len] == ','))
			break;
		if (list[len] == '\0')
			return 0;
		list += len + 1;
	}
	return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "%s '%s': expected %s", m->mode->name,
		hp_err_quote(quoted, sizeof(quoted), m->to),
		several ? "a name, names with commas between them, or 'all' alone"
			: "the name of one member");
}

int hp_message_words(struct hp_message_opts *m, char **words, int n_words,
	const struct hp_opts_given *given, struct hp_err *err)
{
	char quoted[HP_QUOTE_SIZE];
	int at = 1;

	for (size_t i = 0; n_words > 0 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(words[0], modes[i].name) == 0)
			m->mode = &modes[i];
	if (m->mode == NULL)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"%s%s%s: expected send, receive, ping or request, see --help",
			n_words > 0 ? "'" : "nothing to do",
			n_words > 0 ? hp_err_quote(quoted, sizeof(quoted), words[0]) : "",
			n_words > 0 ? "'" : "");
	if (m->mode->takes_name && n_words < 2)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "%s: expected a member's name next",
			m->mode->name);
	if (m->mode->takes_name)
		m->to = words[at++];
	m->text = words + at;
	m->n_text = n_words - at;
	if (m->n_text > 0 && !m->mode->takes_text)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "%s: unexpected word '%s'",
			m->mode->name, hp_err_quote(quoted, sizeof(quoted), m->text[0]));
	if (m->n_text > 0 && m->file.n > 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"both a text and --file %s: expected one of them", m->file.items[0]);
	if (m->mode->run == hp_message_request && m->n_text == 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "request: expected a text");
	if (m->member.interactive && m->mode->run != hp_message_receive)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--interactive means nothing to '%s': leave it out", m->mode->name);
	if (m->to != NULL && check_names(m, err) < 0)
		return -EINVAL;
	if (check_options(m, given, err) < 0)
		return -EINVAL;
	return make_name(m, given, err);
}

int hp_message_join_text(const struct hp_message_opts *m, char *text, uint32_t *length)
{
	size_t len = 0;

	for (int i = 0; i < m->n_text; i++) {
		size_t n = strlen(m->text[i]);

		if (len + (i > 0) + n > HP_MAIL_MAX)
			return -EMSGSIZE;
		if (i > 0)
			text[len++] = ' ';
		memcpy(text + len, m->text[i], n);
		len += n;
	}
	*length = (uint32_t)len;
	return 0;
}
