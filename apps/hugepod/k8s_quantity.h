// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Kubernetes quantities ("10Mi", "500m", "1e3") with exact arithmetic and the API server's own way
// of printing them. Pure: no I/O, no allocation.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define K8S_QUANTITY_LIMBS 16 // of nine digits: 10^135, far past any node
#define K8S_QUANTITY_TEXT 176 // bytes with NUL that k8s_quantity_print() may need

enum k8s_format {
	K8S_DECIMAL_EXPONENT, ///< "1e3"; what a zero struct prints as
	K8S_DECIMAL_SI, ///< "1k"
	K8S_BINARY_SI, ///< "1Ki"
};

/** A count of nano units with the format it was written in. A zero struct is 0. */
struct k8s_quantity {
	uint32_t limb[K8S_QUANTITY_LIMBS]; ///< magnitude in nano units, base 10^9, lowest first
	bool negative;
	bool big; ///< the server holds it as a big decimal: matters for values past 64 bits
	bool capped; ///< binary and more than 2^63-1, which the server takes instead
	int16_t scale; ///< unless big: power of ten that the server's 64-bit number is held in
	enum k8s_format format;
	char as_written[40]; ///< the server keeps some spellings ("+5"); empty: print canonically
};

enum k8s_quantity_error {
	K8S_QUANTITY_OK,
	K8S_QUANTITY_FORMAT, ///< does not match the regular expression
	K8S_QUANTITY_NUMERIC, ///< numeric part
	K8S_QUANTITY_SUFFIX, ///< unknown suffix
	K8S_QUANTITY_RANGE, ///< past 10^135 or an exponent that no server survives
};

/**
 * Parse @p len bytes, white space around them allowed.
 *
 * @param out
 *   Filled on success, else untouched.
 */
enum k8s_quantity_error k8s_quantity_parse(const char *text, size_t len, struct k8s_quantity *out);

/** The API server's sentence for an error; never NULL. */
const char *k8s_quantity_strerror(enum k8s_quantity_error error);

/** As the server prints it. @p buf has K8S_QUANTITY_TEXT bytes; returned. */
char *k8s_quantity_print(const struct k8s_quantity *q, char *buf);

/** <0, 0, >0 as @p a is less than, equal to, greater than @p b. */
int k8s_quantity_cmp(const struct k8s_quantity *a, const struct k8s_quantity *b);

/** -1, 0, 1. */
int k8s_quantity_sign(const struct k8s_quantity *q);

/** @p sum += @p q; takes over the format of @p q while @p sum is 0. False if it does not fit. */
bool k8s_quantity_add(struct k8s_quantity *sum, const struct k8s_quantity *q);

/** Round up (away from zero) to thousandths, as the server does with resource lists. */
void k8s_quantity_round_to_milli(struct k8s_quantity *q);

/** Whole units, rounded up, with the server's behaviour past 64 bits (the low bits, or 0). */
int64_t k8s_quantity_value(const struct k8s_quantity *q);

/** Thousandths, likewise. */
int64_t k8s_quantity_milli_value(const struct k8s_quantity *q);

/** Whole bytes or units rounded up, INT64_MAX when there are more. */
int64_t k8s_quantity_clamped(const struct k8s_quantity *q);

/** A quantity of @p value whole units. */
struct k8s_quantity k8s_quantity_of(int64_t value, enum k8s_format format);
