// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// env and envFrom of a container, and the references that the downward API knows.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <ctype.h>
#include <string.h>

// What a divisor may be, by resource.
static const char *const cpu_divisors[] = {"1m", "1", NULL};
static const char *const byte_divisors[] = {
	"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei", NULL};

#define BYTE_DIVISORS \
	"only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei "

static const struct divisor {
	const char *resource; // behind "limits." or "requests."
	bool prefix; // any resource that begins with it
	const char *const *allowed;
	const char *detail;
} divisors[] = {
	{"cpu", false, cpu_divisors,
		"only divisor's values 1m and 1 are supported with the cpu resource"},
	{"memory", false, byte_divisors, BYTE_DIVISORS "are supported with the memory resource"},
	{"ephemeral-storage", false, byte_divisors,
		BYTE_DIVISORS "are supported with the local ephemeral storage resource"},
	{"hugepages-", true, byte_divisors,
		BYTE_DIVISORS "are supported with the hugepages resource"},
};

static const struct divisor *divisor_of(const char *resource)
{
	const char *dot = strchr(resource, '.');

	if (dot == NULL ||
		(strncmp(resource, "limits.", 7) != 0 && strncmp(resource, "requests.", 9) != 0))
		return NULL;
	for (size_t i = 0; i < sizeof(divisors) / sizeof(divisors[0]); i++) {
		const struct divisor *d = &divisors[i];

		if (d->prefix ? strncmp(dot + 1, d->resource, strlen(d->resource)) == 0
			      : strcmp(dot + 1, d->resource) == 0)
			return d;
	}
	return NULL;
}

void k8s_resource_field_ref(struct k8s_check *c, const struct k8s_at *at, bool volume)
{
	static const char *const supported[] = {"limits.cpu", "limits.ephemeral-storage",
		"limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
		NULL};
	const struct k8s_at container = k8s_child(at, "containerName");
	const struct k8s_at resource = k8s_child(at, "resource");
	const struct k8s_at divisor = k8s_child(at, "divisor");
	const char *name = k8s_at_str(&resource);
	const struct divisor *rule = divisor_of(name);
	char text[K8S_QUANTITY_TEXT];

	if (volume && *k8s_at_str(&container) == '\0')
		k8s_required(c, &container, "");
	else if (*name == '\0')
		k8s_required(c, &resource, "");
	else if (rule == NULL)
		k8s_unsupported(c, &resource, name, supported);
	if (rule == NULL || divisor.val == NULL || divisor.val->quantity == NULL ||
		k8s_quantity_sign(divisor.val->quantity) == 0)
		return;
	if (!k8s_one_of(k8s_quantity_print(divisor.val->quantity, text), rule->allowed))
		k8s_invalid(c, &divisor, name, rule->detail);
}

// "metadata.labels['key']": the part before, and in *key the subscript, or NULL without one.
static const char *split_subscript(struct k8s_arena *arena, const char *path, const char **key)
{
	const size_t len = strlen(path);
	const char *open = strstr(path, "['");

	*key = NULL;
	if (len < 2 || strcmp(path + len - 2, "']") != 0 || open == NULL || open == path ||
		open + 2 > path + len - 2)
		return path;
	*key = k8s_copy(arena, open + 2, (size_t)(path + len - 2 - (open + 2)));
	const char *before = k8s_copy(arena, path, (size_t)(open - path));
	return before == NULL || *key == NULL ? path : before;
}

static const char *const volume_paths[] = {"metadata.annotations", "metadata.labels",
	"metadata.name", "metadata.namespace", "metadata.uid", NULL};
static const char *const env_paths[] = {"metadata.name", "metadata.namespace", "metadata.uid",
	"spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
	"status.podIP", "status.podIPs", NULL};
// Known to the downward API, whether or not this place supports them.
static const char *const known_paths[] = {"metadata.annotations", "metadata.labels",
	"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
	"spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase",
	"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs", NULL};

static void subscripted(
	struct k8s_check *c, const struct k8s_at *at, const char *before, const char *key)
{
	const bool annotations = strcmp(before, "metadata.annotations") == 0;
	char *text = k8s_copy(c->arena, key, strlen(key));

	for (char *p = text; annotations && p != NULL && *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (text != NULL)
		k8s_invalid_each(c, at, text, k8s_is_label_key(text));
}

void k8s_field_ref(struct k8s_check *c, const struct k8s_at *at, bool volume)
{
	const struct k8s_at version = k8s_child(at, "apiVersion");
	const struct k8s_at path = k8s_child(at, "fieldPath");
	const char *text = k8s_at_str(&path);
	const char *key;
	const char *before = split_subscript(c->arena, text, &key);
	const char *why = NULL;

	if (*text == '\0') {
		k8s_required(c, &path, "");
		return;
	}
	if (*k8s_at_str(&version) != '\0' && strcmp(k8s_at_str(&version), "v1") != 0)
		why = k8s_printf(c->arena, "unsupported pod version: %s", k8s_at_str(&version));
	else if (key != NULL && strcmp(before, "metadata.annotations") != 0 &&
		 strcmp(before, "metadata.labels") != 0)
		why = k8s_printf(c->arena, "field label does not support subscript: %s", text);
	else if (key == NULL && strcmp(text, "spec.host") == 0)
		before = "spec.nodeName";
	else if (key == NULL && !k8s_one_of(text, known_paths))
		why = k8s_printf(c->arena, "field label not supported: %s", text);
	if (why != NULL)
		k8s_invalid(c, &path, text,
			k8s_printf(c->arena, "error converting fieldPath: %s", why));
	else if (key != NULL)
		subscripted(c, at, before, key);
	else if (!k8s_one_of(before, volume ? volume_paths : env_paths))
		k8s_unsupported(c, &path, before, volume ? volume_paths : env_paths);
}

static void key_selector(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at name = k8s_child(at, "name");
	const struct k8s_at key = k8s_child(at, "key");

	k8s_invalid_each(c, &name, k8s_at_str(&name), k8s_is_dns_subdomain(k8s_at_str(&name)));
	if (*k8s_at_str(&key) == '\0')
		k8s_required(c, &key, "");
	else
		k8s_invalid_each(c, &key, k8s_at_str(&key), k8s_is_config_key(k8s_at_str(&key)));
}

static void file_selector(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at key = k8s_child(at, "key");
	const struct k8s_at volume = k8s_child(at, "volumeName");
	const struct k8s_at path = k8s_child(at, "path");

	if (*k8s_at_str(&key) == '\0')
		k8s_required(c, &key, "");
	else
		k8s_invalid_each(c, &key, k8s_at_str(&key), k8s_is_env_name(k8s_at_str(&key)));
	if (*k8s_at_str(&volume) == '\0')
		k8s_required(c, &volume, "");
	else
		k8s_invalid_each(
			c, &volume, k8s_at_str(&volume), k8s_is_dns_label(k8s_at_str(&volume)));
	if (*k8s_at_str(&path) == '\0')
		k8s_required(c, &path, "");
	else
		k8s_no_backsteps(c, &path, k8s_at_str(&path));
}

static void value_from(struct k8s_check *c, const struct k8s_at *env)
{
	const struct k8s_at at = k8s_child(env, "valueFrom");
	const struct k8s_at field = k8s_child(&at, "fieldRef");
	const struct k8s_at resource = k8s_child(&at, "resourceFieldRef");
	const struct k8s_at config = k8s_child(&at, "configMapKeyRef");
	const struct k8s_at secret = k8s_child(&at, "secretKeyRef");
	const struct k8s_at file = k8s_child(&at, "fileKeyRef");
	const int sources = (field.val != NULL) + (resource.val != NULL) + (config.val != NULL) +
			    (secret.val != NULL) + (file.val != NULL);

	if (at.val == NULL)
		return;
	if (field.val != NULL)
		k8s_field_ref(c, &field, false);
	if (resource.val != NULL)
		k8s_resource_field_ref(c, &resource, false);
	if (config.val != NULL)
		key_selector(c, &config);
	if (secret.val != NULL)
		key_selector(c, &secret);
	if (file.val != NULL)
		file_selector(c, &file);
	if (sources == 0)
		k8s_invalid(c, &at, "",
			"must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
			"`secretKeyRef` or `fileKeyRef`");
	else if (*k8s_str(env->val, "value") != '\0')
		k8s_invalid(c, &at, "", "may not be specified when `value` is not empty");
	else if (sources > 1)
		k8s_invalid(c, &at, "", "may not have more than one field specified at a time");
}

void k8s_env(struct k8s_check *c, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at env = k8s_index(at, i);
		const struct k8s_at name = k8s_child(&env, "name");

		if (*k8s_at_str(&name) == '\0')
			k8s_required(c, &name, "");
		else
			k8s_invalid_each(
				c, &name, k8s_at_str(&name), k8s_is_env_name(k8s_at_str(&name)));
		value_from(c, &env);
	}
}

static void source_name(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_at name = k8s_child(at, "name");
	const char *text = k8s_at_str(&name);
	const size_t len = strlen(text);
	char *masked = k8s_copy(c->arena, text, len);

	if (len == 0) {
		k8s_required(c, &name, "");
		return;
	}
	// The server takes it for a prefix here, where a dash at the end is fine.
	if (masked != NULL && len > 1 && text[len - 1] == '-') {
		masked[len - 2] = 'a';
		masked[len - 1] = '\0';
	}
	if (masked != NULL)
		k8s_invalid_each(c, &name, text, k8s_is_dns_subdomain(masked));
}

void k8s_env_from(struct k8s_check *c, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at from = k8s_index(at, i);
		const struct k8s_at prefix = k8s_child(&from, "prefix");
		const struct k8s_at config = k8s_child(&from, "configMapRef");
		const struct k8s_at secret = k8s_child(&from, "secretRef");

		if (*k8s_at_str(&prefix) != '\0')
			k8s_invalid_each(c, &prefix, k8s_at_str(&prefix),
				k8s_is_env_name(k8s_at_str(&prefix)));
		if (config.val != NULL)
			source_name(c, &config);
		if (secret.val != NULL)
			source_name(c, &secret);
		if (config.val == NULL && secret.val == NULL)
			k8s_invalid(
				c, at, "", "must specify one of: `configMapRef` or `secretRef`");
		else if (config.val != NULL && secret.val != NULL)
			k8s_invalid(
				c, at, "", "may not have more than one field specified at a time");
	}
}
