// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The sentences are the API server's, with its regular expressions in them; the matching is by
// hand.

#include "k8s_names.h"

#include <ctype.h>
#include <string.h>

#define LABEL_RE "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define LABEL_RE_ "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
#define KEY_RE "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define ALNUM_ENDS "and must start and end with an alphanumeric character"

#define SUBDOMAIN_TEXT \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' " \
	"or '.', " ALNUM_ENDS " (e.g. 'example.com', regex used for validation is '" LABEL_RE \
	"(\\." LABEL_RE ")*')"
#define KEY_TEXT \
	"must consist of alphanumeric characters, '-', '_' or '.', " ALNUM_ENDS \
	" (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '" KEY_RE \
	"')"

static void add(struct k8s_msgs *m, bool bad, const char *text)
{
	if (bad)
		m->text[m->n++] = text;
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

// One label of len bytes; with `underscore`, '_' may begin it and stand inside.
static bool label(const char *p, size_t len, bool underscore)
{
	if (underscore && len > 0 && *p == '_')
		p++, len--;
	if (len == 0 || !is_lower_alnum(p[0]) || !is_lower_alnum(p[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower_alnum(p[i]) && p[i] != '-' && !(underscore && p[i] == '_'))
			return false;
	return true;
}

static bool subdomain(const char *p, size_t len, bool underscore)
{
	for (;;) {
		const char *dot = memchr(p, '.', len);
		const size_t part = dot == NULL ? len : (size_t)(dot - p);

		if (!label(p, part, underscore))
			return false;
		if (dot == NULL)
			return true;
		p += part + 1;
		len -= part + 1;
	}
}

struct k8s_msgs k8s_is_dns_label(const char *value)
{
	const size_t len = strlen(value);
	struct k8s_msgs m = {0};

	add(&m, len > 63, "must be no more than 63 characters");
	if (label(value, len, false))
		return m;
	if (subdomain(value, len, false))
		add(&m, true, "must not contain dots");
	else
		add(&m, true,
			"a lowercase RFC 1123 label must consist of lower case alphanumeric "
			"characters or '-', " ALNUM_ENDS " (e.g. 'my-name',  or '123-abc', regex "
			"used for validation is '" LABEL_RE "')");
	return m;
}

struct k8s_msgs k8s_is_dns_subdomain(const char *value)
{
	const size_t len = strlen(value);
	struct k8s_msgs m = {0};

	add(&m, len > 253, "must be no more than 253 characters");
	add(&m, !subdomain(value, len, false), SUBDOMAIN_TEXT);
	return m;
}

struct k8s_msgs k8s_is_dns_subdomain_underscore(const char *value)
{
	const size_t len = strlen(value);
	struct k8s_msgs m = {0};

	add(&m, len > 253, "must be no more than 253 characters");
	add(&m, !subdomain(value, len, true),
		"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
		"characters, '_', '-' or '.', " ALNUM_ENDS " (e.g. 'example.com', regex used for "
		"validation is '" LABEL_RE_ "(\\." LABEL_RE_ ")*')");
	return m;
}

static bool key_name(const char *p, size_t len)
{
	if (len == 0 || !is_alnum(p[0]) || !is_alnum(p[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(p[i]) && strchr("-_.", p[i]) == NULL)
			return false;
	return true;
}

struct k8s_msgs k8s_is_label_key(const char *value)
{
	const char *slash = strchr(value, '/');
	const char *name = slash == NULL ? value : slash + 1;
	const size_t len = strlen(name);
	struct k8s_msgs m = {0};

	if (slash != NULL && strchr(name, '/') != NULL) {
		add(&m, true,
			"a valid label key " KEY_TEXT " with an optional DNS subdomain prefix and "
			"'/' (e.g. 'example.com/MyName')");
		return m;
	}
	if (slash == value) {
		add(&m, true, "prefix part must be non-empty");
	} else if (slash != NULL) {
		const size_t prefix = (size_t)(slash - value);

		add(&m, prefix > 253, "prefix part must be no more than 253 bytes");
		add(&m, !subdomain(value, prefix, false), "prefix part " SUBDOMAIN_TEXT);
	}
	add(&m, len == 0, "name part must be non-empty");
	add(&m, len > 63, "name part must be no more than 63 bytes");
	add(&m, !key_name(name, len), "name part " KEY_TEXT);
	return m;
}

struct k8s_msgs k8s_is_label_value(const char *value)
{
	const size_t len = strlen(value);
	struct k8s_msgs m = {0};

	add(&m, len > 63, "must be no more than 63 bytes");
	add(&m, len > 0 && !key_name(value, len),
		"a valid label must be an empty string or consist of alphanumeric characters, '-', "
		"'_' or '.', " ALNUM_ENDS " (e.g. 'MyValue',  or 'my_value',  or '12345', regex "
		"used for validation is '(" KEY_RE ")?')");
	return m;
}

struct k8s_msgs k8s_is_port_name(const char *value)
{
	const size_t len = strlen(value);
	bool charset = len > 0, letter = false;
	struct k8s_msgs m = {0};

	for (size_t i = 0; i < len; i++) {
		charset &= is_lower_alnum(value[i]) || value[i] == '-';
		letter |= value[i] >= 'a' && value[i] <= 'z';
	}
	add(&m, len > 15, "must be no more than 15 characters");
	add(&m, !charset, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
	add(&m, !letter, "must contain at least one letter (a-z)");
	add(&m, strstr(value, "--") != NULL, "must not contain consecutive hyphens");
	add(&m, len > 0 && (value[0] == '-' || value[len - 1] == '-'),
		"must not begin or end with a hyphen");
	return m;
}

struct k8s_msgs k8s_is_env_name(const char *value)
{
	bool bad = false;
	struct k8s_msgs m = {0};

	for (const char *p = value; *p != '\0'; p++)
		bad |= *p < 0x20 || *p > 0x7e || *p == '=';
	add(&m, *value == '\0', "environment variable name must be non-empty");
	add(&m, bad,
		"a valid environment variable name must consist only of printable ASCII "
		"characters other than '='");
	return m;
}

struct k8s_msgs k8s_is_config_key(const char *value)
{
	bool good = *value != '\0';
	struct k8s_msgs m = {0};

	for (const char *p = value; *p != '\0'; p++)
		good &= is_alnum(*p) || strchr("-._", *p) != NULL;
	add(&m, strlen(value) > 253, "must be no more than 253 characters");
	add(&m, !good,
		"a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
		"'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
		"'[-._a-zA-Z0-9]+')");
	if (strcmp(value, ".") == 0)
		add(&m, true, "must not be '.'");
	else if (strcmp(value, "..") == 0)
		add(&m, true, "must not be '..'");
	else
		add(&m, strncmp(value, "..", 2) == 0, "must not start with '..'");
	return m;
}

struct k8s_msgs k8s_is_http_header(const char *value)
{
	bool good = *value != '\0';
	struct k8s_msgs m = {0};

	for (const char *p = value; *p != '\0'; p++)
		good &= is_alnum(*p) || *p == '-';
	add(&m, !good,
		"a valid HTTP header must consist of alphanumeric characters or '-' (e.g. "
		"'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')");
	return m;
}

struct k8s_msgs k8s_is_percent(const char *value)
{
	const size_t digits = strspn(value, "0123456789");
	struct k8s_msgs m = {0};

	add(&m, digits == 0 || strcmp(value + digits, "%") != 0,
		"a valid percent string must be a numeric string followed by an ending '%' (e.g. "
		"'1%',  or '93%', regex used for validation is '[0-9]+%')");
	return m;
}

struct k8s_msgs k8s_is_port(int64_t value)
{
	struct k8s_msgs m = {0};

	add(&m, value < 1 || value > 65535, "must be between 1 and 65535, inclusive");
	return m;
}

struct k8s_msgs k8s_is_id(int64_t value)
{
	struct k8s_msgs m = {0};

	add(&m, value < 0 || value > INT32_MAX, "must be between 0 and 2147483647, inclusive");
	return m;
}

void k8s_invalid_each(
	struct k8s_check *c, const struct k8s_at *at, const char *value, struct k8s_msgs msgs)
{
	for (uint32_t i = 0; i < msgs.n; i++)
		k8s_invalid(c, at, value, msgs.text[i]);
}

void k8s_invalid_int_each(
	struct k8s_check *c, const struct k8s_at *at, int64_t value, struct k8s_msgs msgs)
{
	for (uint32_t i = 0; i < msgs.n; i++)
		k8s_invalid_int(c, at, value, msgs.text[i]);
}

bool k8s_has_backsteps(const char *path)
{
	for (const char *p = path;; p++) {
		const size_t len = strcspn(p, "/");

		if (len == 2 && memcmp(p, "..", 2) == 0)
			return true;
		p += len;
		if (*p == '\0')
			return false;
	}
}

void k8s_no_backsteps(struct k8s_check *c, const struct k8s_at *at, const char *path)
{
	if (k8s_has_backsteps(path))
		k8s_invalid(c, at, path, "must not contain '..'");
}

void k8s_descending_path(struct k8s_check *c, const struct k8s_at *at, const char *path)
{
	if (*path == '/')
		k8s_invalid(c, at, path, "must be a relative path");
	k8s_no_backsteps(c, at, path);
}

void k8s_local_path(struct k8s_check *c, const struct k8s_at *at, const char *path)
{
	k8s_descending_path(c, at, path);
	if (strncmp(path, "..", 2) == 0 && strncmp(path, "../", 3) != 0)
		k8s_invalid(c, at, path, "must not start with '..'");
}
