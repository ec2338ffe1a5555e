// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_eal.h"

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "group/hp_dpdk.h"
#include "group/hp_tsc.h"

#include <rte_bus.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HP_LOG_TYPE("eal");

// EAL's log stream is one a process, and so is what it complained of.
static struct {
	char first_errors[512];
	char line[512];
	size_t line_len;
} eal_log;

static void note_error(const char *line)
{
	size_t len = strlen(eal_log.first_errors);

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

int hp_eal_start(struct hp_eal_args *args, int exit_code, struct hp_err *err)
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
	ret = rte_eal_init(args->argc, argv);
	hp_tsc_end();
	if (ret < 0)
		return hp_err_set(err, exit_code, rte_errno != 0 ? rte_errno : EIO,
			"EAL did not start: %s",
			eal_log.first_errors[0] != '\0' ? eal_log.first_errors
							: rte_strerror(rte_errno));
	HP_CRASH_POINT(eal_up);
	return 0;
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
