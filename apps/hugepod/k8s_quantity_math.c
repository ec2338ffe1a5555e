// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Arithmetic of quantities: magnitudes first, then signs, then what the server's 64-bit results
// are.

#include "k8s_quantity_mag.h"

#include <stdio.h>
#include <string.h>

bool k8s_mag_mul_add(uint32_t *limb, uint32_t mul, uint32_t add)
{
	uint64_t carry = add;

	for (int i = 0; i < K8S_QUANTITY_LIMBS; i++) {
		carry += (uint64_t)limb[i] * mul;
		limb[i] = (uint32_t)(carry % BASE);
		carry /= BASE;
	}
	return carry == 0;
}

// Divides by a small number, rounding down; returns the remainder.
uint32_t k8s_mag_div(uint32_t *limb, uint32_t div)
{
	uint64_t rest = 0;

	for (int i = K8S_QUANTITY_LIMBS - 1; i >= 0; i--) {
		rest = rest * BASE + limb[i];
		limb[i] = (uint32_t)(rest / div);
		rest %= div;
	}
	return (uint32_t)rest;
}

int k8s_mag_cmp(const uint32_t *a, const uint32_t *b)
{
	for (int i = K8S_QUANTITY_LIMBS - 1; i >= 0; i--)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

bool k8s_mag_is_zero(const uint32_t *limb)
{
	for (int i = 0; i < K8S_QUANTITY_LIMBS; i++)
		if (limb[i] != 0)
			return false;
	return true;
}

bool k8s_mag_add(uint32_t *a, const uint32_t *b)
{
	uint32_t carry = 0;

	for (int i = 0; i < K8S_QUANTITY_LIMBS; i++) {
		const uint32_t s = a[i] + b[i] + carry;

		a[i] = s % BASE;
		carry = s / BASE;
	}
	return carry == 0;
}

// a >= b
void k8s_mag_sub(uint32_t *a, const uint32_t *b)
{
	uint32_t borrow = 0;

	for (int i = 0; i < K8S_QUANTITY_LIMBS; i++) {
		const uint32_t take = b[i] + borrow;

		borrow = a[i] < take;
		a[i] = borrow ? a[i] + BASE - take : a[i] - take;
	}
}

// Digits without leading zeros, "0" for nothing. Returns their number.
int k8s_mag_digits(const uint32_t *limb, char *buf)
{
	int top = K8S_QUANTITY_LIMBS - 1;
	int len;

	while (top > 0 && limb[top] == 0)
		top--;
	len = snprintf(buf, 10, "%u", limb[top]);
	while (top-- > 0) {
		snprintf(buf + len, 10, "%09u", limb[top]);
		len += 9;
	}
	return len;
}

uint64_t k8s_mag_low64(const uint32_t *limb)
{
	uint64_t low = 0;

	for (int i = K8S_QUANTITY_LIMBS - 1; i >= 0; i--)
		low = low * BASE + limb[i];
	return low;
}

bool k8s_mag_fits_int64(const uint32_t *limb)
{
	static const uint32_t max[K8S_QUANTITY_LIMBS] = {854775807, 223372036, 9};

	return k8s_mag_cmp(limb, max) <= 0;
}

int k8s_quantity_sign(const struct k8s_quantity *q)
{
	if (k8s_mag_is_zero(q->limb))
		return 0;
	return q->negative ? -1 : 1;
}

int k8s_quantity_cmp(const struct k8s_quantity *a, const struct k8s_quantity *b)
{
	const int sa = k8s_quantity_sign(a), sb = k8s_quantity_sign(b);

	if (sa != sb)
		return sa < sb ? -1 : 1;
	return sa * k8s_mag_cmp(a->limb, b->limb);
}

bool k8s_quantity_add(struct k8s_quantity *sum, const struct k8s_quantity *q)
{
	uint32_t bigger[K8S_QUANTITY_LIMBS];

	if (k8s_mag_is_zero(sum->limb))
		sum->format = q->format;
	sum->as_written[0] = '\0';
	sum->big |= q->big;
	if (q->scale < sum->scale)
		sum->scale = q->scale;
	if (sum->negative == q->negative)
		return k8s_mag_add(sum->limb, q->limb);
	if (k8s_mag_cmp(sum->limb, q->limb) >= 0) {
		k8s_mag_sub(sum->limb, q->limb);
	} else {
		memcpy(bigger, q->limb, sizeof(bigger));
		k8s_mag_sub(bigger, sum->limb);
		memcpy(sum->limb, bigger, sizeof(bigger));
		sum->negative = q->negative;
	}
	if (k8s_mag_is_zero(sum->limb))
		sum->negative = false;
	return true;
}

static bool div_up(const struct k8s_quantity *q, uint32_t div, uint32_t *out)
{
	memcpy(out, q->limb, sizeof(q->limb));
	return k8s_mag_div(out, div) == 0 || k8s_mag_mul_add(out, 1, 1);
}

void k8s_quantity_round_to_milli(struct k8s_quantity *q)
{
	uint32_t milli[K8S_QUANTITY_LIMBS];

	if (q->limb[0] % 1000000 == 0)
		return;
	q->as_written[0] = '\0';
	if (div_up(q, 1000000, milli) && k8s_mag_mul_add(milli, 1000000, 0))
		memcpy(q->limb, milli, sizeof(milli));
}

// What the server's 64-bit multiplication leaves: some powers wrap around, the others give 0.
static int64_t scaled_int64(const struct k8s_quantity *q, const uint32_t *whole, int shift)
{
	const bool wraps = shift <= 3 || shift == 6 || shift == 9;
	const uint64_t low = k8s_mag_low64(whole);

	if (!wraps && !k8s_mag_fits_int64(whole))
		return 0;
	return (int64_t)(q->negative ? -low : low);
}

// Its big decimals count nano units. It divides what is less than 2^63-1 in 64 bits, and rounds up
// from there even below zero.
static int64_t scaled_big(const struct k8s_quantity *q, uint32_t div)
{
	uint32_t whole[K8S_QUANTITY_LIMBS];
	uint64_t low = k8s_mag_low64(q->limb);

	if (q->negative || (k8s_mag_fits_int64(q->limb) && low != INT64_MAX)) {
		const int64_t nano = (int64_t)(q->negative ? -low : low);

		return nano / div + (nano % div != 0);
	}
	memcpy(whole, q->limb, sizeof(whole));
	low = k8s_mag_div(whole, div) != 0;
	return (int64_t)(k8s_mag_low64(whole) + low);
}

static int64_t scaled(const struct k8s_quantity *q, uint32_t div, int digits_kept)
{
	uint32_t whole[K8S_QUANTITY_LIMBS];

	if (q->capped)
		return (int64_t)((q->negative ? -(uint64_t)INT64_MAX : (uint64_t)INT64_MAX) *
				 (BASE / div));
	if (q->big)
		return scaled_big(q, div);
	div_up(q, div, whole);
	return scaled_int64(q, whole, q->scale + digits_kept);
}

int64_t k8s_quantity_value(const struct k8s_quantity *q)
{
	return scaled(q, BASE, 0);
}

int64_t k8s_quantity_milli_value(const struct k8s_quantity *q)
{
	return scaled(q, 1000000, 3);
}

int64_t k8s_quantity_clamped(const struct k8s_quantity *q)
{
	uint32_t whole[K8S_QUANTITY_LIMBS];

	if (!div_up(q, BASE, whole) || !k8s_mag_fits_int64(whole))
		return q->negative ? INT64_MIN : INT64_MAX;
	return q->negative ? -(int64_t)k8s_mag_low64(whole) : (int64_t)k8s_mag_low64(whole);
}

struct k8s_quantity k8s_quantity_of(int64_t value, enum k8s_format format)
{
	struct k8s_quantity q = {.negative = value < 0, .format = format};
	uint64_t mag = value < 0 ? -(uint64_t)value : (uint64_t)value;

	for (int i = 1; mag > 0; i++, mag /= BASE)
		q.limb[i] = (uint32_t)(mag % BASE);
	return q;
}
