// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_eal.h"

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "group/hp_dpdk.h"
#include "group/hp_tsc.h"

#include <rte_bus.h>
#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

HP_LOG_TYPE("eal");

// EAL's log stream is one a process, and so is what it complained of.
static struct {
	char first_errors[512];
	char line[512];
	size_t line_len;
	bool refused; // what it was given, not the machine
} eal_log;

// Of EAL's words, those that are about its arguments.
static const char *const refusals[] = {"'command line' arguments", "Unable to parse device",
	"Cannot get a virtual area at requested address"};

static void note_error(const char *line)
{
	size_t len = strlen(eal_log.first_errors);

	for (size_t i = 0; i < RTE_DIM(refusals); i++)
		eal_log.refused |= strstr(line, refusals[i]) != NULL;
	// Two lines say it: what failed, and the cause that EAL names next.
	if (len > 0 && strstr(eal_log.first_errors, "; ") != NULL)
		return;
	snprintf(eal_log.first_errors + len, sizeof(eal_log.first_errors) - len, "%s%s",
		len > 0 ? "; " : "", line);
}

// EAL's own code has no points of ours, but it says where it is.
static void crash_points(const char *line)
{
	if (strstr(line, "Detected CPU lcores") != NULL)
		HP_CRASH_POINT(eal_lcores);
	else if (strstr(line, "Multi-process socket") != NULL)
		HP_CRASH_POINT(eal_socket);
	else if (strstr(line, "Selected IOVA mode") != NULL)
		HP_CRASH_POINT(eal_iova);
}

static void log_line(void)
{
	int level = rte_log_cur_msg_loglevel();
	const char *line = eal_log.line;

	eal_log.line[eal_log.line_len] = '\0';
	eal_log.line_len = 0;
	if (line[0] == '\0')
		return;
	crash_points(line);
	if (level > 0 && level <= (int)RTE_LOG_ERR) {
		note_error(line);
		HP_LOG(WARNING, "%s", line); // what follows from it, hugepod says itself
	} else if (level == (int)RTE_LOG_WARNING) {
		HP_LOG(INFO, "%s", line);
	} else {
		HP_LOG(DEBUG, "%s", line);
	}
}

static ssize_t log_write(void *cookie, const char *buf, size_t size)
{
	(void)cookie;
	for (size_t i = 0; i < size; i++) {
		if (buf[i] == '\n')
			log_line();
		else if (eal_log.line_len + 1 < sizeof(eal_log.line))
			eal_log.line[eal_log.line_len++] = buf[i];
	}
	return (ssize_t)size;
}

static void redirect_log(void)
{
	cookie_io_functions_t io = {.write = log_write};
	FILE *stream = fopencookie(NULL, "w", io);

	if (stream == NULL)
		return; // EAL writes to stderr by itself then
	setvbuf(stream, NULL, _IONBF, 0);
	rte_openlog_stream(stream);
}

void hp_eal_arg(struct hp_eal_args *args, const char *fmt, ...)
{
	va_list ap;
	int len;

	if (args->argc + 1 >= HP_EAL_ARGS_MAX) {
		args->error = -E2BIG;
		return;
	}
	va_start(ap, fmt);
	len = vasprintf(&args->argv[args->argc], fmt, ap);
	va_end(ap);
	if (len < 0) {
		args->argv[args->argc] = NULL;
		args->error = -ENOMEM;
		return;
	}
	args->argc++;
}

// EAL prints its usage for a wrong option, a hundred lines that name none of ours.
static int init_quietly(int argc, char **argv)
{
	int saved = -1, ret, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	if (null >= 0)
		saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (saved >= 0)
		dup2(null, STDOUT_FILENO);
	opterr = 0; // nor has getopt_long() to say what we say
	ret = rte_eal_init(argc, argv);
	fflush(stdout);
	if (saved >= 0) {
		dup2(saved, STDOUT_FILENO);
		close(saved);
	}
	if (null >= 0)
		close(null);
	return ret;
}

static int not_started(const char *given, struct hp_err *err)
{
	const char *why =
		eal_log.first_errors[0] != '\0' ? eal_log.first_errors : rte_strerror(rte_errno);
	int cause = rte_errno != 0 ? rte_errno : EIO;

	if (!eal_log.refused || given == NULL || given[0] == '\0')
		return hp_err_set(err, HP_EXIT_OTHER, cause, "EAL did not start: %s", why);
	return hp_err_set(err, HP_EXIT_CONFIG, cause,
		"EAL does not take what it was given (%s): %s: expected CPUs, addresses and "
		"devices that "
		"are there, and options that EAL knows: correct it",
		given, why);
}

int hp_eal_start(struct hp_eal_args *args, const char *given, struct hp_err *err)
{
	char *argv[HP_EAL_ARGS_MAX];
	int ret;

	if (args->error < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -args->error,
			"EAL's argument list cannot be made: %s", strerror(-args->error));
	for (int i = 0; i < args->argc; i++)
		HP_LOG(DEBUG, "argument %s", args->argv[i]);
	redirect_log();
	memcpy(argv, args->argv, sizeof(argv)); // rte_eal_init() permutes it
	HP_CRASH_POINT(eal_begin);
	hp_tsc_begin();
	ret = init_quietly(args->argc, argv);
	hp_tsc_end();
	if (ret < 0)
		return not_started(given, err);
	HP_CRASH_POINT(eal_up);
	return 0;
}

void hp_eal_give(char *given, size_t size, const char *name, const char *value)
{
	size_t len = strlen(given);

	if (value != NULL && len < size)
		snprintf(given + len, size - len, "%s%s %s", len > 0 ? ", " : "", name, value);
}

int hp_eal_cpus(char *buf, size_t size)
{
	cpu_set_t set;
	size_t len = 0;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return -errno;
	while (cpu < CPU_SETSIZE) {
		int last = cpu;

		if (!CPU_ISSET(cpu, &set)) {
			cpu++;
			continue;
		}
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		len += (size_t)snprintf(buf + len, size - len, last > cpu ? "%s%d-%d" : "%s%d",
			len == 0 ? "(" : ",", cpu, last);
		if (len + 2 > size)
			return -ENAMETOOLONG;
		cpu = last + 1;
	}
	snprintf(buf + len, size - len, ")");
	return 0;
}

static int any_bus(const struct rte_bus *bus, const void *data)
{
	(void)bus;
	(void)data;
	return 0;
}

void hp_eal_no_buses(void)
{
	struct rte_bus *bus;

	while ((bus = rte_bus_find(NULL, any_bus, NULL)) != NULL)
		rte_bus_unregister(bus);
}
