// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "k8s_resources.h"

#include "k8s_names.h"

#include <stdlib.h>
#include <string.h>

static const char *const container_resources[] = {"cpu", "memory", "ephemeral-storage", NULL};

// What a quota may count; "storage" is a resource, but not of quotas.
static const char *const standard_resources[] = {"cpu", "memory", "ephemeral-storage",
	"requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu",
	"limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services",
	"replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
	"requests.storage", "services.nodeports", "services.loadbalancers", NULL};

static const char *const counted_resources[] = {"pods", "resourcequotas", "services",
	"replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
	"services.nodeports", "services.loadbalancers", NULL};

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool k8s_is_hugepages(const char *resource)
{
	return starts(resource, K8S_HUGEPAGES);
}

static bool is_native(const char *resource)
{
	return strchr(resource, '/') == NULL || strstr(resource, "kubernetes.io/") != NULL;
}

bool k8s_overcommit_allowed(const char *resource)
{
	return is_native(resource) && !k8s_is_hugepages(resource);
}

bool k8s_is_pod_level(const char *resource)
{
	return strcmp(resource, "cpu") == 0 || strcmp(resource, "memory") == 0 ||
	       k8s_is_hugepages(resource);
}

bool k8s_is_standard_quota_resource(const char *resource)
{
	return k8s_one_of(resource, standard_resources) || k8s_is_hugepages(resource) ||
	       starts(resource, "requests." K8S_HUGEPAGES);
}

static bool is_extended(const char *resource)
{
	char quota[400];

	if (is_native(resource) || starts(resource, "requests."))
		return false;
	if (strlen(resource) > sizeof(quota) - sizeof("requests."))
		return false; // longer than any name
	stpcpy(stpcpy(quota, "requests."), resource);
	return k8s_is_label_key(quota).n == 0;
}

void k8s_resource_name(struct k8s_check *c, const struct k8s_at *at, const char *resource)
{
	const struct k8s_msgs msgs = k8s_is_label_key(resource);

	k8s_invalid_each(c, at, resource, msgs);
	if (msgs.n == 0 && strchr(resource, '/') == NULL && strcmp(resource, "storage") != 0 &&
		!k8s_is_standard_quota_resource(resource))
		k8s_invalid(c, at, resource, "must be a standard resource type or fully qualified");
}

void k8s_container_resource_name(struct k8s_check *c, const struct k8s_at *at, const char *resource)
{
	k8s_resource_name(c, at, resource);
	if (strchr(resource, '/') == NULL) {
		if (!k8s_one_of(resource, container_resources) && !k8s_is_hugepages(resource))
			k8s_invalid(c, at, resource, "must be a standard resource for containers");
	} else if (!is_native(resource) && !is_extended(resource)) {
		k8s_invalid(c, at, resource, "doesn't follow extended resource name standard");
	}
}

static void pod_resource_name(struct k8s_check *c, const struct k8s_at *at, const char *resource)
{
	static const char *const supported[] = {"cpu", K8S_HUGEPAGES, "memory", NULL};
	const uint32_t before = c->n;

	k8s_resource_name(c, at, resource);
	if (c->n == before && !k8s_is_pod_level(resource))
		k8s_unsupported(c, at, resource, supported);
}

void k8s_quota_resource_name(struct k8s_check *c, const struct k8s_at *at, const char *resource)
{
	k8s_resource_name(c, at, resource);
	if (strchr(resource, '/') == NULL && !k8s_is_standard_quota_resource(resource))
		k8s_invalid(c, at, resource, "must be a standard resource for quota");
}

void k8s_resource_amount(struct k8s_check *c, const struct k8s_at *at, const char *resource)
{
	const struct k8s_quantity *q = at->val->quantity;
	char text[K8S_QUANTITY_TEXT];

	if (q == NULL)
		return;
	k8s_quantity_print(q, text);
	if (k8s_quantity_sign(q) < 0)
		k8s_invalid(c, at, text, "must be greater than or equal to 0");
	if ((k8s_one_of(resource, counted_resources) || is_extended(resource)) &&
		k8s_quantity_milli_value(q) % 1000 != 0)
		k8s_invalid(c, at, text, "must be an integer");
}

// Whether the amount is a multiple of the size in the resource's name.
static bool is_divisible(const char *resource, const struct k8s_quantity *q)
{
	const char *size = resource + strlen(K8S_HUGEPAGES);
	struct k8s_quantity page;

	// A name is parsed without trimming, unlike the amount.
	if (*size == ' ' || (*size != '\0' && size[strlen(size) - 1] == ' ') ||
		k8s_quantity_parse(size, strlen(size), &page) != K8S_QUANTITY_OK)
		return false;
	if (k8s_quantity_sign(&page) <= 0 || k8s_quantity_milli_value(&page) % 1000 != 0)
		return false;
	const int64_t bytes = k8s_quantity_value(&page);
	// The server would divide by zero where a size past 64 bits wraps around to it.
	return bytes != 0 && bytes != -1 && k8s_quantity_value(q) % bytes == 0;
}

static void hugepages_amount(struct k8s_check *c, const struct k8s_at *at, const char *resource)
{
	char text[K8S_QUANTITY_TEXT];

	if (at->val->quantity == NULL || is_divisible(resource, at->val->quantity))
		return;
	k8s_quantity_print(at->val->quantity, text);
	k8s_invalid(c, at, text,
		k8s_printf(c->arena, "%s is not positive integer multiple of %s", text, resource));
}

// What the two lists hold together decides whether huge pages stand alone.
struct seen {
	bool hugepages, cpu_or_memory;
};

static void amount(struct k8s_check *c, const struct k8s_at *at, bool pod_level, struct seen *seen)
{
	const char *resource = at->key;

	if (pod_level)
		pod_resource_name(c, at, resource);
	else
		k8s_container_resource_name(c, at, resource);
	k8s_resource_amount(c, at, resource);
	if (k8s_is_hugepages(resource)) {
		seen->hugepages = true;
		hugepages_amount(c, at, resource);
	}
	seen->cpu_or_memory |= strcmp(resource, "cpu") == 0 || strcmp(resource, "memory") == 0;
}

static void request_against_limit(
	struct k8s_check *c, const struct k8s_at *requests, const struct k8s_at *limits, uint32_t i)
{
	const char *resource = requests->val->keys[i].name;
	const struct k8s_val *limit = k8s_get(limits->val, resource);
	const struct k8s_val *request = requests->val->items[i];
	const bool overcommit = k8s_overcommit_allowed(resource);
	struct k8s_at here = *requests; // told at the list, pointed at the amount
	char asked[K8S_QUANTITY_TEXT], allowed[K8S_QUANTITY_TEXT];

	if (limit == NULL) {
		struct k8s_at missing = *limits;

		if (missing.val == NULL || missing.val->at == NULL)
			missing.val = requests->val->items[i];
		if (!overcommit)
			k8s_required(
				c, &missing, "Limit must be set for non overcommitable resources");
		return;
	}
	if (limit->quantity == NULL || request->quantity == NULL)
		return;
	const int d = k8s_quantity_cmp(request->quantity, limit->quantity);
	if (d == 0 || (overcommit && d < 0))
		return;
	here.val = requests->val->items[i];
	k8s_invalid(c, &here, k8s_quantity_print(request->quantity, asked),
		k8s_printf(c->arena, "must be %s %s limit of %s",
			overcommit ? "less than or equal to" : "equal to", resource,
			k8s_quantity_print(limit->quantity, allowed)));
}

static bool is_claimed(const struct k8s_val *claims, const char *name)
{
	for (uint32_t i = 0; i < k8s_len(claims); i++)
		if (strcmp(k8s_str(claims->items[i], "name"), name) == 0)
			return true;
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *claim_names(struct k8s_check *c, const struct k8s_val *claims)
{
	const uint32_t n = k8s_len(claims);
	const char **names = k8s_alloc(c->arena, n * sizeof(*names) + 1);
	const char *text = "";
	uint32_t used = 0;

	for (uint32_t i = 0; names != NULL && i < n; i++)
		if (*k8s_str(claims->items[i], "name") != '\0')
			names[used++] = k8s_str(claims->items[i], "name");
	if (used == 0)
		return " which is empty";
	qsort(names, used, sizeof(*names), compare_names);
	for (uint32_t i = 0; i < used; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			text = k8s_printf(c->arena, "%s%s %s", text, i == 0 ? ":" : ",", names[i]);
	return text;
}

// The name that the server tells as taken: alone, or with its request; NULL if it is free.
static const char *repeated_claim(struct k8s_check *c, const struct k8s_val *list, uint32_t i)
{
	const char *name = k8s_str(list->items[i], "name");
	const char *request = k8s_str(list->items[i], "request");

	for (uint32_t k = 0; k < i; k++) {
		const char *other = k8s_str(list->items[k], "request");

		if (strcmp(k8s_str(list->items[k], "name"), name) != 0)
			continue;
		if (*other == '\0' || *request == '\0')
			return name;
		if (strcmp(other, request) == 0)
			return k8s_printf(c->arena, "%s/%s", name, request);
	}
	return NULL;
}

static void claims_of(
	struct k8s_check *c, const struct k8s_at *at, const struct k8s_val *pod_claims)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at here = k8s_index(at, i);
		const struct k8s_at request = k8s_child(&here, "request");
		const char *name = k8s_str(here.val, "name");

		if (*name == '\0') {
			k8s_required(c, &here, "");
			continue;
		}
		if (*k8s_at_str(&request) != '\0')
			k8s_invalid_each(c, &request, k8s_at_str(&request),
				k8s_is_dns_label(k8s_at_str(&request)));
		const char *taken = repeated_claim(c, at->val, i);
		if (taken != NULL)
			k8s_duplicate(c, &here, taken);
		if (!is_claimed(pod_claims, name))
			k8s_add(c, &here, "FieldValueNotFound",
				k8s_printf(c->arena,
					"Not found: %s: must be one of the names in "
					"pod.spec.resourceClaims%s",
					k8s_go_quote(c->arena, name), claim_names(c, pod_claims)));
	}
}

void k8s_resource_requirements(
	struct k8s_check *c, const struct k8s_at *at, bool pod_level, const struct k8s_val *claims)
{
	const struct k8s_at limits = k8s_child(at, "limits");
	const struct k8s_at requests = k8s_child(at, "requests");
	const struct k8s_at claimed = k8s_child(at, "claims");
	struct seen seen = {0};

	for (uint32_t i = 0; i < k8s_len(limits.val); i++) {
		const struct k8s_at here = k8s_pair(&limits, i);

		amount(c, &here, pod_level, &seen);
	}
	for (uint32_t i = 0; i < k8s_len(requests.val); i++) {
		const struct k8s_at here = k8s_pair(&requests, i);

		request_against_limit(c, &requests, &limits, i);
		amount(c, &here, pod_level, &seen);
	}
	if (seen.hugepages && !seen.cpu_or_memory)
		k8s_forbidden(c, at, "HugePages require cpu or memory");
	claims_of(c, &claimed, claims);
}

void k8s_overhead(struct k8s_check *c, const struct k8s_at *at)
{
	// The server wraps the list into requirements, so its errors name "overhead.limits".
	struct seen seen = {0};
	const struct k8s_at limits = k8s_path(at, "limits", at->val);

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at here =
			k8s_key(&limits, at->val->keys[i].name, at->val->items[i]);

		amount(c, &here, false, &seen);
	}
	if (seen.hugepages && !seen.cpu_or_memory)
		k8s_forbidden(c, at, "HugePages require cpu or memory");
}
