// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_tap.h"

#include "base/hp_drop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *prefix, *suffix, *what;
} kinds[HP_TAP_KINDS] = {
	[HP_TAP_PORT_RX] = {"port:", ":rx", "received by port"},
	[HP_TAP_PORT_TX] = {"port:", ":tx", "transmitted by port"},
	[HP_TAP_LINK_IN] = {"link:", ":in", "lent to client"},
	[HP_TAP_LINK_OUT] = {"link:", ":out", "handed back by client"},
	[HP_TAP_QUEUE_RX] = {"queue:", ":rx", "received from worker queue"},
	[HP_TAP_QUEUE_TX] = {"queue:", ":tx", "transmitted on worker queue"},
	[HP_TAP_DROP] = {"drop", "", "dropped"},
};

static int bad(const char *text, const char *expected, struct hp_err *err)
{
	char quoted[HP_QUOTE_SIZE];

	return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "tap '%s': expected %s",
		hp_err_quote(quoted, sizeof(quoted), text), expected);
}

static int parse_drop(struct hp_tap *tap, const char *text, struct hp_err *err)
{
	char expected[512];
	size_t used;

	*tap = (struct hp_tap){.kind = HP_TAP_DROP, .reason = HP_TAP_ANY_REASON};
	if (strcmp(text, "drop") == 0)
		return 1;
	for (unsigned int r = 0; r < HP_DROP_COUNT; r++) {
		tap->reason = (uint8_t)r;
		if (strcmp(text + strlen("drop:"), hp_drop_name(r)) == 0)
			return 1;
	}
	used = (size_t)snprintf(expected, sizeof(expected), "drop, or drop: and one of");
	for (unsigned int r = 0; r < HP_DROP_COUNT && used < sizeof(expected); r++)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s %s",
			r > 0 ? "," : "", hp_drop_name(r));
	return bad(text, expected, err);
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && memcmp(text + len - n, end, n) == 0;
}

// The first of the two kinds that the text's prefix means, HP_TAP_KINDS: none.
static unsigned int first_kind(const char *text)
{
	for (unsigned int k = 0; k < HP_TAP_DROP; k += 2)
		if (strncmp(text, kinds[k].prefix, strlen(kinds[k].prefix)) == 0)
			return k;
	return HP_TAP_KINDS;
}

bool hp_tap_named(const char *text)
{
	return first_kind(text) < HP_TAP_KINDS || strcmp(text, "drop") == 0 ||
	       strncmp(text, "drop:", 5) == 0;
}

int hp_tap_queue(const struct hp_tap *tap)
{
	size_t digits = strspn(tap->name, "0123456789");
	long n = strtol(tap->name, NULL, 10);

	if (tap->kind != HP_TAP_QUEUE_RX && tap->kind != HP_TAP_QUEUE_TX)
		return -1;
	// One name each: no zeros in front.
	if (digits == 0 || digits > 2 || tap->name[digits] != '\0' || n >= HP_WORKERS_MAX ||
		(digits > 1 && tap->name[0] == '0'))
		return -1;
	return (int)n;
}

int hp_tap_parse(struct hp_tap taps[2], const char *text, struct hp_err *err)
{
	static const char expected[] =
		"port:NAME[:rx|:tx], link:NAME[:in|:out], queue:NUMBER[:rx|:tx] or "
		"drop[:REASON]; -D lists them";
	unsigned int first = first_kind(text);
	const char *name;
	bool one[2];
	size_t len;
	int n = 0;

	if (strcmp(text, "drop") == 0 || strncmp(text, "drop:", 5) == 0)
		return parse_drop(taps, text, err);
	if (first == HP_TAP_KINDS)
		return bad(text, expected, err);
	name = text + strlen(kinds[first].prefix);
	len = strlen(name);
	for (unsigned int d = 0; d < 2; d++)
		one[d] = ends_with(name, len, kinds[first + d].suffix);
	if (one[0] || one[1])
		len -= strlen(kinds[first + one[1]].suffix);
	if (len == 0 || len >= HP_NAME_MAX || *name == ':')
		return bad(text, expected, err);
	for (unsigned int d = 0; d < 2; d++) {
		if (one[1 - d])
			continue;
		memset(&taps[n], 0, sizeof(taps[n]));
		taps[n].kind = (uint8_t)(first + d);
		memcpy(taps[n].name, name, len);
		if (first == HP_TAP_QUEUE_RX && hp_tap_queue(&taps[n]) < 0)
			return bad(text, expected, err);
		n++;
	}
	return n;
}

const char *hp_tap_text(char *buf, size_t size, const struct hp_tap *tap)
{
	if (tap->kind >= HP_TAP_KINDS)
		snprintf(buf, size, "?");
	else if (tap->kind != HP_TAP_DROP)
		snprintf(buf, size, "%s%.*s%s", kinds[tap->kind].prefix, HP_NAME_MAX - 1, tap->name,
			kinds[tap->kind].suffix);
	else if (tap->reason == HP_TAP_ANY_REASON)
		snprintf(buf, size, "drop");
	else
		snprintf(buf, size, "drop:%s", hp_drop_name(tap->reason));
	return buf;
}

const char *hp_tap_describe(char *buf, size_t size, const struct hp_tap *tap)
{
	if (tap->kind >= HP_TAP_KINDS)
		snprintf(buf, size, "?");
	else if (tap->kind == HP_TAP_DROP && tap->reason == HP_TAP_ANY_REASON)
		snprintf(buf, size, "dropped, with the reason");
	else if (tap->kind == HP_TAP_DROP)
		snprintf(buf, size, "dropped: %s", hp_drop_help(tap->reason));
	else
		snprintf(buf, size, "%s %.*s", kinds[tap->kind].what, HP_NAME_MAX - 1, tap->name);
	return buf;
}
