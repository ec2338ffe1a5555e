// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Runs the program hugepod and keeps what it says.

#pragma once

struct hp_result {
	int code; ///< exit code, or 128 and the signal
	char out[8192], err[2048];
	double ms; ///< from fork to exit
};

/** Run it with these words, @p in being its standard input. */
struct hp_result hp_run_hugepod(const char *const *words, const char *in);
