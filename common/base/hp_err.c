// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_err.h"

#include <stdio.h>

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
