// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_err.h"

#include <stdio.h>
#include <string.h>

int hp_err_vset(struct hp_err *err, int exit_code, int errnum, const char *fmt, va_list ap)
{
	if (err != NULL && err->exit_code == HP_EXIT_OK) {
		err->exit_code = exit_code;
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
	}
	return -errnum;
}

int hp_err_set(struct hp_err *err, int exit_code, int errnum, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = hp_err_vset(err, exit_code, errnum, fmt, ap);
	va_end(ap);
	return ret;
}

const char *hp_err_quote(char *buf, size_t size, const char *text)
{
	size_t len = text == NULL ? 0 : strnlen(text, size);
	size_t kept = len < size ? len : size - 1;

	for (size_t i = 0; i < kept; i++) {
		unsigned char c = (unsigned char)text[i];

		buf[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	buf[kept] = '\0';
	if (len >= size && size > 4)
		memcpy(buf + size - 4, "...", 4);
	return buf;
}
