// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_console.h"

#include "base/hp_ctl.h"
#include "base/hp_paths.h"
#include "base/hp_wire.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_SIZE 2048 // bytes of a command with NUL that the primary takes
#define ANSWER_WITHIN_US 10000000

struct hp_console {
	char runtime_dir[HP_WIRE_PATH];
	const char *name;
	pthread_t thread;
	int wake_fd; // readable: end
	pthread_mutex_t lock; // of ctl_fd, which hp_console_free() shuts down
	int ctl_fd; // -1: not connected
	char line[LINE_SIZE];
	size_t len;
	bool skip; // the line is too long: up to its end nothing counts
};

static void set_ctl(struct hp_console *console, int fd)
{
	pthread_mutex_lock(&console->lock);
	if (console->ctl_fd >= 0)
		close(console->ctl_fd);
	console->ctl_fd = fd;
	pthread_mutex_unlock(&console->lock);
}

static bool ended(const struct hp_console *console)
{
	struct pollfd pfd = {.fd = console->wake_fd, .events = POLLIN};

	return poll(&pfd, 1, 0) > 0;
}

static void ask(struct hp_console *console, const char *line)
{
	struct hp_ctl_answer answer;
	struct hp_err err = {0};

	if (console->ctl_fd < 0)
		set_ctl(console, hp_ctl_open(console->runtime_dir, "text", 0, &err));
	if (console->ctl_fd < 0 ||
		hp_ctl_ask_again(console->ctl_fd, line, ANSWER_WITHIN_US, &answer, &err) < 0) {
		set_ctl(console, -1);
		if (!ended(console))
			fprintf(stderr, "%s\n", err.text);
		return;
	}
	fputs(answer.text, answer.status != 0 ? stderr : stdout);
	if (answer.len > 0 && answer.text[answer.len - 1] != '\n')
		fputc('\n', answer.status != 0 ? stderr : stdout);
	fflush(stdout);
	free(answer.text);
}

static void run_line(struct hp_console *console, char *line)
{
	line += strspn(line, " \t");
	line[strcspn(line, "\r")] = '\0';
	if (*line == '\0' || *line == '#')
		return;
	if (strcmp(line, "quit") == 0)
		kill(getpid(), SIGTERM); // the control thread takes it
	else
		ask(console, line);
}

static void take(struct hp_console *console, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && !ended(console); i++) {
		if (bytes[i] != '\n') {
			console->skip = console->skip || console->len == LINE_SIZE - 1;
			if (!console->skip)
				console->line[console->len++] = bytes[i];
			continue;
		}
		hp_ctl_show_nuls(console->line, console->len);
		console->line[console->len] = '\0';
		if (console->skip)
			fprintf(stderr, "a command has more than %d characters\n", LINE_SIZE - 1);
		else
			run_line(console, console->line);
		console->len = 0;
		console->skip = false;
	}
}

static void prompt(const struct hp_console *console)
{
	if (!isatty(STDIN_FILENO))
		return;
	printf("%s> ", console->name);
	fflush(stdout);
}

static void *console_main(void *arg)
{
	struct hp_console *console = arg;
	struct pollfd pfds[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = console->wake_fd, .events = POLLIN},
	};
	char bytes[1024];
	ssize_t n = 1;

	prompt(console);
	while (n > 0) {
		if (poll(pfds, 2, -1) < 0 && errno != EINTR)
			break;
		if (pfds[1].revents != 0)
			break;
		if (pfds[0].revents == 0)
			continue;
		n = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (n > 0)
			take(console, bytes, (size_t)n);
		else if (n == 0 && console->len > 0)
			take(console, "\n", 1); // a last line without its end
		prompt(console);
	}
	return NULL;
}

struct hp_console *hp_console_new(
	const char *file_prefix, const char *runtime_dir, const char *name, struct hp_err *err)
{
	struct hp_console *console = calloc(1, sizeof(*console));
	int ret;

	if (console == NULL) {
		hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
		return NULL;
	}
	console->name = name;
	console->ctl_fd = -1;
	pthread_mutex_init(&console->lock, NULL);
	if (hp_paths_runtime_dir(console->runtime_dir, sizeof(console->runtime_dir), file_prefix,
		    runtime_dir) < 0) {
		hp_err_set(err, HP_EXIT_CONFIG, ENAMETOOLONG,
			"--file-prefix '%s' makes no usable runtime directory", file_prefix);
		free(console);
		return NULL;
	}
	console->wake_fd = eventfd(0, EFD_CLOEXEC);
	ret = console->wake_fd < 0 ? errno
				   : pthread_create(&console->thread, NULL, console_main, console);
	if (ret == 0)
		return console;
	hp_err_set(err, HP_EXIT_OTHER, ret, "command line: %s", strerror(ret));
	if (console->wake_fd >= 0)
		close(console->wake_fd);
	free(console);
	return NULL;
}

void hp_console_free(struct hp_console *console)
{
	if (console == NULL)
		return;
	eventfd_write(console->wake_fd, 1);
	pthread_mutex_lock(&console->lock);
	if (console->ctl_fd >= 0)
		shutdown(console->ctl_fd, SHUT_RDWR);
	pthread_mutex_unlock(&console->lock);
	pthread_join(console->thread, NULL);
	set_ctl(console, -1);
	close(console->wake_fd);
	pthread_mutex_destroy(&console->lock);
	free(console);
}
