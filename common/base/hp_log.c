// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_log.h"

#include "base/hp_utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 2048 // bytes; a longer message is cut, the line stays whole

// Process-wide on purpose: a log line must not need a handle. Written by hp_log_setup() alone, but
// the level.
static struct {
	const char *program;
	const char *member;
	enum hp_log_format format;
	_Atomic enum hp_log_level level;
} log_conf = {.program = "hugepod", .level = HP_LOG_NOTICE};

const char *const hp_log_level_words[] = {"error", "warning", "notice", "info", "debug", NULL};
const char *const hp_log_format_words[] = {"text", "json", NULL};

void hp_log_setup(
	const char *program, const char *member, enum hp_log_format format, enum hp_log_level level)
{
	log_conf.program = program;
	log_conf.member = member;
	log_conf.format = format;
	log_conf.level = level;
}

void hp_log_set_level(enum hp_log_level level)
{
	log_conf.level = level;
}

// Copy text into a JSON string. Control characters would break the one-line-an-event promise, and
// what another process sent may be no text at all.
static size_t json_copy(char *dst, size_t size, const char *src)
{
	size_t len = 0;

	while (*src != '\0' && len + 7 < size) {
		unsigned char c = (unsigned char)*src;
		unsigned int n = hp_utf8_len((const unsigned char *)src);

		if (c == '"' || c == '\\') {
			dst[len++] = '\\';
			dst[len++] = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			len += (size_t)snprintf(dst + len, size - len, "\\u%04x", c);
		} else if (n == 0) {
			len += (size_t)snprintf(dst + len, size - len, "\\ufffd");
		} else {
			memcpy(dst + len, src, n);
			len += n;
		}
		src += n == 0 ? 1 : n;
	}
	dst[len] = '\0';
	return len;
}

static size_t format_json(
	char *line, size_t size, enum hp_log_level level, const char *module, const char *msg)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	len = (size_t)snprintf(line, size,
		"{\"time\":\"%s.%06ldZ\",\"level\":\"%s\",\"program\":\"%s\",\"pid\":%d,"
		"\"module\":\"%s\",",
		stamp, now.tv_nsec / 1000, hp_log_level_words[level], log_conf.program,
		(int)getpid(), module);
	if (log_conf.member != NULL) {
		len += (size_t)snprintf(line + len, size - len, "\"member\":\"");
		len += json_copy(line + len, size - len, log_conf.member);
		len += (size_t)snprintf(line + len, size - len, "\",");
	}
	len += (size_t)snprintf(line + len, size - len, "\"message\":\"");
	len += json_copy(line + len, size - len - 3, msg);
	len += (size_t)snprintf(line + len, size - len, "\"}");
	return len;
}

static size_t format_text(
	char *line, size_t size, enum hp_log_level level, const char *module, const char *msg)
{
	bool named = log_conf.member != NULL;
	int len;

	len = snprintf(line, size - 1, "%s%s%s: %s: %s: %s", log_conf.program, named ? " " : "",
		named ? log_conf.member : "", hp_log_level_words[level], module, msg);
	if ((size_t)len > size - 2)
		len = (int)size - 2;
	for (int i = 0; i < len; i++)
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	return (size_t)len;
}

void hp_log(enum hp_log_level level, const char *module, const char *fmt, ...)
{
	char line[LINE_SIZE];
	char msg[LINE_SIZE / 2];
	ssize_t written;
	va_list ap;
	size_t len;

	if (level > log_conf.level)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (log_conf.format == HP_LOG_JSON)
		len = format_json(line, sizeof(line) - 1, level, module, msg);
	else
		len = format_text(line, sizeof(line) - 1, level, module, msg);
	line[len++] = '\n';
	written = write(STDERR_FILENO, line, len);
	(void)written; // a closed stderr must not stop the process
}
