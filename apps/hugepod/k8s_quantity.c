// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Quantities as counts of nano units in base 10^9: the server rounds up to nano units when it
// parses, so nothing is lost, and comparing and adding need no scales.

#include "k8s_quantity.h"

#include "k8s_quantity_mag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS (K8S_QUANTITY_LIMBS * NANO_DIGITS)
#define MAX_EXPONENT 1000 // longer ones never fit, shorter ones are decided by the digits

struct parts {
	bool negative;
	const char *num, *denom, *suffix; // digits before and after the point
	size_t num_len, denom_len, suffix_len;
	bool zeros; // before num
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && is_digit(*p))
		p++;
	return (size_t)(p - from);
}

// Splits as the server does: "5.", ".5" and "" after a sign are numbers.
static bool split(const char *p, const char *end, struct parts *out)
{
	if (p < end && (*p == '-' || *p == '+'))
		out->negative = *p++ == '-';
	out->zeros = p < end && *p == '0';
	while (p < end && *p == '0')
		p++;
	out->num = p;
	out->num_len = digits(p, end);
	p += out->num_len;
	if (p < end && *p == '.') {
		out->denom = ++p;
		out->denom_len = digits(p, end);
		p += out->denom_len;
	}
	out->suffix = p;
	out->suffix_len = (size_t)(end - p);
	while (p < end && strchr("eEinumkKMGTP", *p) != NULL && *p != '\0')
		p++;
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	return p + digits(p, end) == end;
}

struct suffix {
	const char *text;
	int base, exponent;
};

static const struct suffix suffixes[] = {
	{"", 10, 0},
	{"n", 10, -9},
	{"u", 10, -6},
	{"m", 10, -3},
	{"k", 10, 3},
	{"M", 10, 6},
	{"G", 10, 9},
	{"T", 10, 12},
	{"P", 10, 15},
	{"E", 10, 18},
	{"Ki", 2, 10},
	{"Mi", 2, 20},
	{"Gi", 2, 30},
	{"Ti", 2, 40},
	{"Pi", 2, 50},
	{"Ei", 2, 60},
};

static enum k8s_quantity_error find_suffix(
	const struct parts *p, int *base, int *exponent, enum k8s_format *format)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const struct suffix *s = &suffixes[i];

		if (strlen(s->text) != p->suffix_len ||
			memcmp(s->text, p->suffix, p->suffix_len) != 0)
			continue;
		*base = s->base;
		*exponent = s->exponent;
		*format = s->base == 2 ? K8S_BINARY_SI : K8S_DECIMAL_SI;
		return K8S_QUANTITY_OK;
	}
	if (p->suffix_len < 2 || (p->suffix[0] != 'e' && p->suffix[0] != 'E'))
		return K8S_QUANTITY_SUFFIX;
	const char *d = p->suffix + 1, *end = p->suffix + p->suffix_len;
	const bool negative = *d == '-';

	if (*d == '-' || *d == '+')
		d++;
	if (d == end || digits(d, end) != (size_t)(end - d))
		return K8S_QUANTITY_SUFFIX;
	*exponent = 0;
	for (; d < end; d++) {
		*exponent = *exponent * 10 + (*d - '0');
		if (*exponent > MAX_EXPONENT)
			return K8S_QUANTITY_RANGE;
	}
	if (negative)
		*exponent = -*exponent;
	*base = 10;
	*format = K8S_DECIMAL_EXPONENT;
	return K8S_QUANTITY_OK;
}

// num.denom * 10^exponent in nano units; what is below one is rounded up.
static bool to_nano(const struct parts *p, int exponent, int binary_shift, uint32_t *limb)
{
	const size_t total = p->num_len + p->denom_len;
	// How many digits stand before the nano point; the rest only decides the rounding.
	const long keep = (long)p->num_len + exponent + NANO_DIGITS;
	bool rest = false;

	for (size_t i = 0; i < total; i++) {
		const char c = i < p->num_len ? p->num[i] : p->denom[i - p->num_len];

		if (binary_shift == 0 && (long)i >= keep)
			rest |= c != '0';
		else if (!k8s_mag_mul_add(limb, 10, (uint32_t)(c - '0')))
			return false;
	}
	if (binary_shift > 0) {
		for (int i = 0; i < binary_shift; i++)
			if (!k8s_mag_mul_add(limb, 2, 0))
				return false;
		for (size_t i = p->denom_len; i > NANO_DIGITS; i--)
			rest |= k8s_mag_div(limb, 10) != 0;
		for (size_t i = p->denom_len; i < NANO_DIGITS; i++)
			if (!k8s_mag_mul_add(limb, 10, 0))
				return false;
	} else {
		for (long i = (long)total; i < keep && !k8s_mag_is_zero(limb); i++)
			if (!k8s_mag_mul_add(limb, 10, 0))
				return false;
	}
	return !rest || k8s_mag_mul_add(limb, 1, 1);
}

// The server computes in 64 bits when its estimate of the digits says that they suffice, and keeps
// the spelling of those when it looks canonical.
static bool in_int64(const struct parts *p, enum k8s_format format, int exponent)
{
	const int len = (int)(p->num_len == 0 ? 1 : p->num_len) + (int)p->denom_len;

	if (len > 18)
		return false;
	if (format != K8S_BINARY_SI)
		return exponent - (int)p->denom_len >= -NANO_DIGITS;
	return p->denom_len == 0 && 15 - len - (int)((float)exponent * 3 / 10) - 1 >= 0;
}

static void keep_spelling(
	struct k8s_quantity *q, const struct parts *p, int exponent, const char *text, size_t len)
{
	char shifted[20] = "0";
	size_t n = 0;
	bool keep;

	for (size_t i = 0; i < p->num_len; i++)
		shifted[n++] = p->num[i];
	if (n == 0)
		n = 1; // the "0" that stands for no digits
	for (size_t i = 0; i < p->denom_len && n < sizeof(shifted) - 1; i++)
		shifted[n++] = p->denom[i];
	shifted[n] = '\0';
	if (q->format == K8S_BINARY_SI)
		keep = exponent % 10 == 0 && (strtoull(shifted, NULL, 10) & 7) != 0;
	else
		keep = (exponent - (int)p->denom_len) % 3 == 0 &&
		       !(n >= 3 && memcmp(shifted + n - 3, "000", 3) == 0) && shifted[0] != '0';
	if (keep && len < sizeof(q->as_written))
		memcpy(q->as_written, text, len);
}

enum k8s_quantity_error k8s_quantity_parse(const char *text, size_t len, struct k8s_quantity *out)
{
	static const struct k8s_quantity max_int64 = {.limb = {0, 854775807, 223372036, 9}};
	struct k8s_quantity q = {0};
	struct parts p = {0};
	enum k8s_quantity_error error;
	int base = 10, exponent = 0;

	while (len > 0 && strchr(" \t\n\v\f\r", text[0]) != NULL && text[0] != '\0')
		text++, len--;
	while (len > 0 && strchr(" \t\n\v\f\r", text[len - 1]) != NULL && text[len - 1] != '\0')
		len--;
	if (len == 0 || !split(text, text + len, &p))
		return K8S_QUANTITY_FORMAT;
	error = find_suffix(&p, &base, &exponent, &q.format);
	if (error != K8S_QUANTITY_OK)
		return error;
	if (p.num_len + p.denom_len > MAX_DIGITS)
		return K8S_QUANTITY_RANGE;
	q.negative = p.negative;
	q.big = !in_int64(&p, q.format, exponent);
	q.scale = (int16_t)(base == 2 ? 0 : exponent - (int)p.denom_len);
	if (q.big && !p.zeros && p.num_len + p.denom_len == 0)
		return K8S_QUANTITY_NUMERIC;
	if (!to_nano(&p, base == 10 ? exponent : 0, base == 2 ? exponent : 0, q.limb))
		return K8S_QUANTITY_RANGE;
	if (len == 1 && *text == '0')
		memcpy(q.as_written, text, len);
	else if (!q.big)
		keep_spelling(&q, &p, exponent, text, len);
	if (q.big && q.format == K8S_BINARY_SI) {
		if (k8s_mag_cmp(q.limb, max_int64.limb) > 0) {
			memcpy(q.limb, max_int64.limb, sizeof(q.limb));
			q.capped = true;
		}
		if (q.limb[1] == 0 && k8s_mag_fits_int64(q.limb) && q.limb[0] != 0)
			q.format = K8S_DECIMAL_SI; // less than one
	}
	if (k8s_mag_is_zero(q.limb))
		q.negative = false;
	*out = q;
	return K8S_QUANTITY_OK;
}

const char *k8s_quantity_strerror(enum k8s_quantity_error error)
{
	switch (error) {
	case K8S_QUANTITY_OK:
		return "no error";
	case K8S_QUANTITY_FORMAT:
		return "quantities must match the regular expression "
		       "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
	case K8S_QUANTITY_NUMERIC:
		return "unable to parse numeric part of quantity";
	case K8S_QUANTITY_SUFFIX:
		return "unable to parse quantity's suffix";
	case K8S_QUANTITY_RANGE:
		break;
	}
	return "quantity is out of range";
}

// ---- printing ---------------------------------------------------------------------------------

static const char *suffix_of(int base, int exponent)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (suffixes[i].base == base && suffixes[i].exponent == exponent)
			return suffixes[i].text;
	return ""; // as the server: a mantissa without the suffix that it lacks
}

static char *print_decimal(const struct k8s_quantity *q, enum k8s_format format, char *buf)
{
	int len = q->negative ? snprintf(buf, 2, "-") : 0;
	const int from = len;
	int exponent = -NANO_DIGITS;

	len += k8s_mag_digits(q->limb, buf + len);
	while (len - from > 1 && buf[len - 1] == '0') {
		len--;
		exponent++;
	}
	while (exponent % 3 != 0) { // only multiples of three have names
		buf[len++] = '0';
		exponent--;
	}
	buf[len] = '\0';
	if (format == K8S_DECIMAL_EXPONENT && exponent != 0)
		snprintf(buf + len, 16, "e%d", exponent);
	else if (format == K8S_DECIMAL_SI)
		snprintf(buf + len, 8, "%s", suffix_of(10, exponent));
	return buf;
}

static char *print_binary(const struct k8s_quantity *q, char *buf)
{
	uint32_t whole[K8S_QUANTITY_LIMBS], smaller[K8S_QUANTITY_LIMBS];
	int exponent = 0;
	int len = q->negative ? snprintf(buf, 2, "-") : 0;

	memcpy(whole, q->limb, sizeof(whole));
	k8s_mag_div(whole, BASE);
	while (!k8s_mag_is_zero(whole)) {
		memcpy(smaller, whole, sizeof(whole));
		if (k8s_mag_div(smaller, 1024) != 0)
			break;
		memcpy(whole, smaller, sizeof(whole));
		exponent += 10;
	}
	len += k8s_mag_digits(whole, buf + len);
	snprintf(buf + len, 8, "%s", exponent == 0 ? "" : suffix_of(2, exponent));
	return buf;
}

char *k8s_quantity_print(const struct k8s_quantity *q, char *buf)
{
	static const uint32_t kibi[K8S_QUANTITY_LIMBS] = {0, 1024};

	if (q->as_written[0] != '\0')
		snprintf(buf, K8S_QUANTITY_TEXT, "%s", q->as_written);
	else if (k8s_mag_is_zero(q->limb))
		snprintf(buf, K8S_QUANTITY_TEXT, "0");
	else if (q->format != K8S_BINARY_SI)
		print_decimal(q, q->format, buf);
	else if (k8s_mag_cmp(q->limb, kibi) < 0 || q->limb[0] != 0)
		print_decimal(q, K8S_DECIMAL_SI, buf);
	else
		print_binary(q, buf);
	return buf;
}
