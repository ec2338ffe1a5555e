// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Magnitudes of quantities: K8S_QUANTITY_LIMBS limbs in base 10^9, lowest first. For the files
// k8s_quantity*.c only.

#pragma once

#include "k8s_quantity.h"

#define BASE 1000000000u
#define NANO_DIGITS 9

/** limb = limb * mul + add; false if it does not fit. */
bool k8s_mag_mul_add(uint32_t *limb, uint32_t mul, uint32_t add);

/** Divide by a small number, rounding down; the remainder is returned. */
uint32_t k8s_mag_div(uint32_t *limb, uint32_t div);

/** <0, 0, >0. */
int k8s_mag_cmp(const uint32_t *a, const uint32_t *b);

/** True for nothing. */
bool k8s_mag_is_zero(const uint32_t *limb);

/** a += b; false if it does not fit. */
bool k8s_mag_add(uint32_t *a, const uint32_t *b);

/** a -= b, for a >= b. */
void k8s_mag_sub(uint32_t *a, const uint32_t *b);

/** Decimal digits without leading zeros, "0" for nothing; their number is returned. */
int k8s_mag_digits(const uint32_t *limb, char *buf);

/** The value modulo 2^64. */
uint64_t k8s_mag_low64(const uint32_t *limb);

/** At most 2^63-1. */
bool k8s_mag_fits_int64(const uint32_t *limb);
