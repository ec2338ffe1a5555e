// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

// rdline_new() and its kin are "experimental" in 22.11 and have not changed since 2009.
#define ALLOW_EXPERIMENTAL_API

#include "group/hp_cli_session.h"

#include "base/hp_ctl.h"
#include "base/hp_sendq.h"
#include "group/hp_cli_priv.h"

#include <cmdline_rdline.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_MAX (4u << 20) // bytes of one session that may wait; the longest answer is less
#define PAUSE_AT (64u << 10) // bytes waiting at which no further command is run
#define FILE_POLL_US 1000 // how often a file that can't be polled is read

struct hp_cli_session {
	struct hp_cli *cli;
	struct hp_loop *loop;
	struct hp_cli_session_conf conf;
	int fd_out; // conf.fd_out or one of our own that does not block
	bool own_out;
	bool out_watched;
	uint32_t in_events; // that fd_in is watched for
	struct hp_timer *poll; // instead of watching fd_in
	struct rdline *rdline; // HP_CLI_EDIT
	struct termios terminal; // as it was
	bool terminal_changed;
	char in[HP_CLI_LINE_MAX]; // bytes read and not looked at
	size_t in_head, in_len;
	char line[HP_CLI_LINE_MAX]; // of the modes with lines
	size_t line_len;
	struct hp_sendq queue;
	bool closing; // nothing more is read; over when the queue is empty
	bool quit; // because a command said so
	bool broken; // over
	uint64_t touched_us;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void say(struct hp_cli_session *s, const char *data, size_t len)
{
	if (!s->broken && hp_sendq_add(&s->queue, data, len) < 0)
		s->broken = true;
}

static int write_char(struct rdline *rdline, char c)
{
	say(rdline_get_opaque(rdline), &c, 1);
	return 0;
}

static void run_line(struct hp_cli_session *s, const char *line)
{
	bool framed = s->conf.mode == HP_CLI_FRAMED;
	struct hp_out *out;
	int ret = hp_cli_run(s->cli, line, framed ? s->conf.format : HP_OUT_TEXT, &out);
	const char *text = "";
	char frame[64];
	size_t len = 0;

	if (out != NULL)
		text = hp_out_text(out, &len);
	if (framed) {
		int head = snprintf(frame, sizeof(frame), "%d %zu\n", ret < 0 ? -ret : 0, len);

		say(s, frame, (size_t)head);
	}
	say(s, text, len);
	hp_out_free(out);
	s->quit = s->quit || ret == HP_CLI_CLOSE;
	s->closing = s->closing || s->quit;
}

static void validate(struct rdline *rdline, const char *buf, unsigned int size)
{
	struct hp_cli_session *s = rdline_get_opaque(rdline);

	if (!hp_cli_at_end(buf + strspn(buf, " \t")))
		rdline_add_history(rdline, buf);
	run_line(s, buf);
}

static int complete(
	struct rdline *rdline, const char *buf, char *dst, unsigned int size, int *state)
{
	struct hp_cli_session *s = rdline_get_opaque(rdline);

	return hp_cli_complete(s->cli, buf, dst, size, state);
}

static void edit_char(struct hp_cli_session *s, char c)
{
	static const char no_eof[] = "\nCtrl-D does not end this process\n";
	int ret = rdline_char_in(s->rdline, c);

	if (ret == RDLINE_RES_EOF && s->conf.ignore_eof_key) {
		say(s, no_eof, strlen(no_eof));
		rdline_newline(s->rdline, s->conf.prompt);
	} else if (ret < 0) {
		say(s, "\r\n", 2);
		s->closing = true;
	} else if (ret == RDLINE_RES_VALIDATED && !s->closing) {
		rdline_newline(s->rdline, s->conf.prompt);
	}
}

static void line_char(struct hp_cli_session *s, char c)
{
	if (c != '\n' && s->line_len + 1 < sizeof(s->line)) {
		hp_ctl_show_nuls(&c, 1);
		s->line[s->line_len++] = c;
		return;
	}
	s->line[s->line_len] = '\0';
	if (c != '\n') {
		// No line is so long: this is no client of ours.
		run_line(s, s->line);
		s->closing = true;
		return;
	}
	s->line_len = 0;
	run_line(s, s->line);
}

static void process(struct hp_cli_session *s)
{
	while (s->in_head < s->in_len && !s->closing && !s->broken &&
		hp_sendq_pending(&s->queue) < PAUSE_AT) {
		char c = s->in[s->in_head++];

		if (s->rdline != NULL)
			edit_char(s, c);
		else
			line_char(s, c);
	}
	if (s->in_head == s->in_len)
		s->in_head = s->in_len = 0;
}

static void in_event(void *arg, int fd, uint32_t events);
static void out_event(void *arg, int fd, uint32_t events);

// Watch what we wait for: room in the output, or else input.
static void watch(struct hp_cli_session *s)
{
	bool pending = hp_sendq_pending(&s->queue) > 0;
	bool shared = s->fd_out == s->conf.fd_in;
	uint32_t in_events = pending ? 0 : EPOLLIN;

	if (shared && pending)
		in_events = EPOLLOUT;
	if (!shared && pending != s->out_watched) {
		if (!pending)
			hp_loop_del(s->loop, s->fd_out);
		else if (hp_loop_add(s->loop, s->fd_out, EPOLLOUT, out_event, s) < 0)
			s->broken = true;
		s->out_watched = pending;
	}
	if (s->poll != NULL || in_events == s->in_events)
		return;
	// Not even watched while we pause: a peer that hung up would wake us for ever.
	if (in_events == 0)
		hp_loop_del(s->loop, s->conf.fd_in);
	else if (s->in_events == 0 ? hp_loop_add(s->loop, s->conf.fd_in, in_events, in_event, s) < 0
				   : hp_loop_mod(s->loop, s->conf.fd_in, in_events) < 0)
		s->broken = true;
	s->in_events = in_events;
}

// Do what can be done now; the last thing of each event.
static void advance(struct hp_cli_session *s)
{
	size_t before = hp_sendq_pending(&s->queue);

	for (;;) {
		int ret;

		process(s);
		ret = s->broken ? -EPIPE : hp_sendq_flush(&s->queue, s->fd_out);
		if (ret < 0)
			s->broken = true;
		if (ret != 0 || s->in_head == s->in_len || s->closing)
			break;
	}
	if (hp_sendq_pending(&s->queue) < before)
		s->touched_us = now_us();
	if (!s->broken)
		watch(s);
	if (s->broken || (s->closing && hp_sendq_pending(&s->queue) == 0))
		s->conf.end(s->conf.arg, s);
}

static void out_event(void *arg, int fd, uint32_t events)
{
	struct hp_cli_session *s = arg;

	if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLOUT) == 0)
		s->broken = true;
	advance(s);
}

static void read_input(struct hp_cli_session *s)
{
	ssize_t len;

	if (s->in_len > 0 || s->closing)
		return; // not done with what is there
	len = read(s->conf.fd_in, s->in, sizeof(s->in));
	if (len > 0) {
		s->in_len = (size_t)len;
		s->touched_us = now_us();
	} else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
		if (s->rdline == NULL && s->line_len > 0)
			line_char(s, '\n'); // a last line without its end
		s->closing = true;
	}
}

static void in_event(void *arg, int fd, uint32_t events)
{
	struct hp_cli_session *s = arg;

	if ((events & EPOLLOUT) == 0)
		read_input(s); // also where the peer hung up: that reads as the end
	advance(s);
}

static void poll_event(void *arg)
{
	struct hp_cli_session *s = arg;

	if (hp_sendq_pending(&s->queue) == 0)
		read_input(s);
	advance(s);
}

// A terminal's O_NONBLOCK is shared with every process on it: open it once more for ourselves.
static int open_out(struct hp_cli_session *s)
{
	char path[64];
	struct stat st;
	int flags;

	s->fd_out = s->conf.fd_out;
	if (fstat(s->fd_out, &st) < 0)
		return -errno;
	if (S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode))
		return 0; // sent with MSG_DONTWAIT; a file never makes us wait
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->conf.fd_out);
	flags = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (flags >= 0) {
		s->fd_out = flags;
		s->own_out = true;
		return 0;
	}
	flags = fcntl(s->fd_out, F_GETFL);
	return flags < 0 || fcntl(s->fd_out, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int start_editing(struct hp_cli_session *s)
{
	struct termios raw;

	s->rdline = rdline_new(write_char, validate, complete, s);
	if (s->rdline == NULL)
		return -ENOMEM;
	rdline_newline(s->rdline, s->conf.prompt);
	if (!isatty(s->conf.fd_in) || tcgetattr(s->conf.fd_in, &s->terminal) < 0)
		return 0;
	raw = s->terminal;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(s->conf.fd_in, TCSANOW, &raw) < 0)
		return -errno;
	s->terminal_changed = true;
	return 0;
}

static int start_watching(struct hp_cli_session *s)
{
	int ret = hp_loop_add(s->loop, s->conf.fd_in, EPOLLIN, in_event, s);

	s->in_events = ret == 0 ? EPOLLIN : 0;
	if (ret != -EPERM)
		return ret;
	s->poll = hp_loop_timer(s->loop, FILE_POLL_US, FILE_POLL_US, poll_event, s);
	return s->poll == NULL ? -errno : 0;
}

struct hp_cli_session *hp_cli_session_new(
	struct hp_cli *cli, struct hp_loop *loop, const struct hp_cli_session_conf *conf)
{
	struct hp_cli_session *s = calloc(1, sizeof(*s));
	int ret;

	if (s == NULL)
		return NULL;
	s->cli = cli;
	s->loop = loop;
	s->conf = *conf;
	s->fd_out = -1;
	s->queue.max = QUEUE_MAX;
	s->touched_us = now_us();
	ret = open_out(s);
	if (ret == 0 && conf->mode == HP_CLI_EDIT)
		ret = start_editing(s);
	if (ret == 0)
		ret = start_watching(s);
	if (ret < 0) {
		hp_cli_session_free(s);
		errno = -ret;
		return NULL;
	}
	// The prompt; a peer that is gone already shows with the first event.
	if (hp_sendq_flush(&s->queue, s->fd_out) > 0)
		watch(s);
	return s;
}

void hp_cli_session_free(struct hp_cli_session *s)
{
	if (s == NULL)
		return;
	hp_loop_timer_del(s->poll);
	if (s->in_events != 0)
		hp_loop_del(s->loop, s->conf.fd_in);
	if (s->out_watched)
		hp_loop_del(s->loop, s->fd_out);
	if (s->terminal_changed)
		tcsetattr(s->conf.fd_in, TCSANOW, &s->terminal);
	if (s->own_out)
		close(s->fd_out);
	rdline_free(s->rdline);
	hp_sendq_free(&s->queue);
	free(s);
}

bool hp_cli_session_quit(const struct hp_cli_session *s)
{
	return s->quit;
}

void hp_cli_session_feed(struct hp_cli_session *s, const char *data, size_t len)
{
	if (len > sizeof(s->in) - s->in_len)
		len = sizeof(s->in) - s->in_len;
	memcpy(s->in + s->in_len, data, len);
	s->in_len += len;
	advance(s);
}

bool hp_cli_session_blocked(const struct hp_cli_session *s)
{
	return hp_sendq_pending(&s->queue) > 0;
}

uint64_t hp_cli_session_idle_us(const struct hp_cli_session *s)
{
	return now_us() - s->touched_us;
}
