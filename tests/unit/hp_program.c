// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "hp_program.h"

#include "hp_test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void slurp(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	close(fd);
}

struct hp_result hp_run_hugepod(const char *const *words, const char *in)
{
	struct timespec before, after;
	struct hp_result result = {0};
	char *argv[16] = {NULL};
	int out[2], err[2], input[2], status;
	pid_t pid;

	argv[0] = strdup("hugepod");
	for (int i = 0; words[i] != NULL; i++)
		argv[i + 1] = strdup(words[i]);
	assert_int_equal(
		pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC) | pipe2(input, O_CLOEXEC), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	pid = fork();
	if (pid == 0) {
		dup2(input[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execv(HUGEPOD_PROGRAM, argv);
		_exit(127); // lint: _exit: the child of a fork whose exec failed
	}
	close(input[0]);
	close(out[1]);
	close(err[1]);
	assert_int_equal(write(input[1], in, strlen(in)), (ssize_t)strlen(in));
	close(input[1]);
	slurp(out[0], result.out, sizeof(result.out));
	slurp(err[0], result.err, sizeof(result.err));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	clock_gettime(CLOCK_MONOTONIC, &after);
	result.ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
		    (double)(after.tv_nsec - before.tv_nsec) / 1e6;
	result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	for (int i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	return result;
}
