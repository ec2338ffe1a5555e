// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// An input as a row of decisions: targets that play several peers draw what happens next from it.

#pragma once

#include <stddef.h>
#include <stdint.h>

/** Bytes of the input that a step may use. */
struct bytes {
	const uint8_t *at;
	size_t left;
};

/** A number below @p below, of two bytes at most; 0 once there are no more. */
static inline uint32_t draw(struct bytes *b, uint32_t below)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < 2 && b->left > 0; i++, b->at++, b->left--)
		value = value << 8 | *b->at;
	return value % below;
}
