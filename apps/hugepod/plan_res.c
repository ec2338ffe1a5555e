// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "plan_res.h"

#include <stdio.h>
#include <string.h>

#define HUGEPAGES "hugepages-"

static struct plan_res *find(struct plan_list *list, const char *name)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp(list->item[i].name, name) == 0)
			return &list->item[i];
	return NULL;
}

const struct k8s_quantity *plan_get(const struct plan_list *list, const char *name)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp(list->item[i].name, name) == 0)
			return &list->item[i].q;
	return NULL;
}

void plan_set(struct plan_list *list, const char *name, const struct k8s_quantity *q)
{
	struct plan_res *r = find(list, name);

	if (r == NULL) {
		if (list->n == PLAN_RES_MAX) {
			list->full = true;
			return;
		}
		r = &list->item[list->n++];
		r->name = name;
	}
	r->q = *q;
	r->amount = plan_amount_of(name, q);
}

void plan_add(struct plan_list *list, const struct plan_list *other)
{
	list->full |= other->full;
	for (uint32_t i = 0; i < other->n; i++) {
		struct plan_res *r = find(list, other->item[i].name);

		if (r == NULL) {
			plan_set(list, other->item[i].name, &other->item[i].q);
			continue;
		}
		list->full |= !k8s_quantity_add(&r->q, &other->item[i].q);
		r->amount = plan_amount_of(r->name, &r->q);
	}
}

void plan_max(struct plan_list *list, const struct plan_list *other)
{
	list->full |= other->full;
	for (uint32_t i = 0; i < other->n; i++) {
		const struct plan_res *r = find(list, other->item[i].name);

		if (r == NULL || k8s_quantity_cmp(&other->item[i].q, &r->q) > 0)
			plan_set(list, other->item[i].name, &other->item[i].q);
	}
}

int64_t plan_plus(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t plan_times(int64_t a, int64_t b)
{
	int64_t product;

	return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

int64_t plan_amount_of(const char *name, const struct k8s_quantity *q)
{
	const struct k8s_quantity most = k8s_quantity_of(INT64_MAX / 1000, K8S_DECIMAL_SI);

	if (strcmp(name, "cpu") != 0)
		return k8s_quantity_clamped(q);
	return k8s_quantity_cmp(q, &most) > 0 ? INT64_MAX : k8s_quantity_milli_value(q);
}

int64_t plan_amount(const struct plan_list *list, const char *name)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp(list->item[i].name, name) == 0)
			return list->item[i].amount;
	return 0;
}

const char *plan_text(char *buf, const struct k8s_quantity *q)
{
	return k8s_quantity_print(q, buf);
}

const char *plan_amount_text(char *buf, const char *name, int64_t amount)
{
	bool bytes = strcmp(name, "memory") == 0 || strcmp(name, "ephemeral-storage") == 0 ||
		     plan_page_size(name) > 0;
	struct k8s_quantity q;

	if (strcmp(name, "cpu") == 0 && amount % 1000 != 0) {
		snprintf(buf, K8S_QUANTITY_TEXT, "%lldm", (long long)amount);
		return buf;
	}
	if (strcmp(name, "cpu") == 0)
		amount /= 1000;
	q = k8s_quantity_of(amount, bytes ? K8S_BINARY_SI : K8S_DECIMAL_SI);
	return k8s_quantity_print(&q, buf);
}

int64_t plan_page_size(const char *name)
{
	struct k8s_quantity q;
	int64_t value;

	if (strncmp(name, HUGEPAGES, strlen(HUGEPAGES)) != 0)
		return 0;
	name += strlen(HUGEPAGES);
	if (k8s_quantity_parse(name, strlen(name), &q) != K8S_QUANTITY_OK)
		return 0;
	value = k8s_quantity_clamped(&q);
	return value > 0 ? value : 0;
}

void plan_effective_add(struct plan_list *sum, struct plan_list *sidecars, struct plan_list *most,
	enum plan_kind kind, const struct plan_list *list)
{
	struct plan_list with;

	if (kind != PLAN_INIT)
		plan_add(sum, list);
	if (kind == PLAN_APP)
		return;
	// While an init container runs, the sidecars that came before it run too.
	with = *sidecars;
	plan_add(&with, list);
	plan_max(most, &with);
	if (kind == PLAN_SIDECAR)
		*sidecars = with;
}
