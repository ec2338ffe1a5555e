// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What every unit test includes instead of <cmocka.h>.

#pragma once

// cmocka 1.1 needs these four before it, and clang-format would sort them behind it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
// clang-format on

#define HP_LEN(array) (sizeof(array) / sizeof((array)[0])) // items of an array
