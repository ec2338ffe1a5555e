// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Pages to reserve on each node, and hugepages that are asked for but never used.

#include "plan.h"

#include <string.h>

static int64_t pages_of(int64_t bytes, int64_t page)
{
	return bytes / page + (bytes % page != 0);
}

const char *plan_page_text(char *buf, size_t size, int64_t page)
{
	if (page >= 1 << 30)
		snprintf(buf, size, "%lldG", (long long)(page >> 30));
	else if (page >= 1 << 20)
		snprintf(buf, size, "%lldM", (long long)(page >> 20));
	else
		snprintf(buf, size, "%lldK", (long long)(page >> 10));
	return buf;
}

static struct plan_reserve *reserve_of(
	struct plan_reserve *out, uint32_t *n, uint32_t max, const char *name, uint32_t numa)
{
	for (uint32_t i = 0; i < *n; i++)
		if (strcmp(out[i].name, name) == 0)
			return &out[i];
	if (*n == max)
		return NULL;
	out[*n] = (struct plan_reserve){.name = name, .page = plan_page_size(name), .numa = numa};
	return &out[(*n)++];
}

// A pod's pages go to the NUMA node with the fewest so far, whole, as a pod that may use one NUMA
// node only needs them.
static void take(struct plan_reserve *r, int64_t pages)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < r->numa; i++)
		if (r->per_numa[i] < r->per_numa[best])
			best = i;
	r->per_numa[best] = plan_plus(r->per_numa[best], pages);
	r->wanted = plan_plus(r->wanted, pages);
}

uint32_t plan_reserves(
	struct plan *plan, struct plan_node *node, struct plan_reserve *out, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t i = 0; node != NULL && i < node->capacity.n; i++) {
		const char *name = node->capacity.item[i].name;
		int64_t page = plan_page_size(name);
		struct plan_reserve *r =
			page > 0 ? reserve_of(out, &n, max, name, node->numa) : NULL;

		if (r != NULL)
			r->has = plan_amount(&node->capacity, name) / page;
	}
	for (uint32_t i = 0; i < plan->n_instances; i++) {
		const struct plan_instance *instance = &plan->instances[i];
		const struct plan_list *list = &instance->pod->requests;

		if (instance->node != node)
			continue;
		for (uint32_t k = 0; k < list->n; k++) {
			int64_t page = plan_page_size(list->item[k].name);
			int64_t bytes = plan_amount(list, list->item[k].name);
			struct plan_reserve *r =
				page > 0 && bytes > 0 ? reserve_of(out, &n, max, list->item[k].name,
								node != NULL ? node->numa : 1)
						      : NULL;

			if (r != NULL)
				take(r, pages_of(bytes, page));
		}
	}
	return n;
}

struct wastes {
	struct plan *plan;
	struct plan_waste *item;
	uint32_t n, room;
};

static void add(struct wastes *w, struct plan_waste waste)
{
	if (w->n == w->room) {
		uint32_t room = w->room == 0 ? 8 : 2 * w->room;
		struct plan_waste *grown = k8s_alloc(&w->plan->arena, room * sizeof(*grown));

		if (grown == NULL)
			return;
		if (w->n > 0)
			memcpy(grown, w->item, w->n * sizeof(*grown));
		w->item = grown;
		w->room = room;
	}
	w->item[w->n++] = waste;
}

static void look_at(
	struct wastes *w, const struct plan_pod *pod, int64_t pods, const struct plan_container *c)
{
	for (uint32_t i = 0; i < c->limits.n; i++) {
		const char *name = c->limits.item[i].name;
		int64_t page = plan_page_size(name), limit = plan_amount(&c->limits, name);
		int64_t used, least;
		struct plan_waste waste = {.ns = pod->ns,
			.pod = pod->name,
			.container = c->name,
			.name = name,
			.pods = pods};

		if (page == 0 || limit == 0)
			continue;
		used = plan_times(pages_of(c->asked, page), page);
		least = plan_times(pages_of(c->asked_least, page), page);
		if (c->secondary) {
			waste.bytes = limit;
			waste.why =
				"a secondary attaches to pages that its primary has touched and "
				"paid for";
		} else if (c->asked > 0 && (used < limit || least > limit)) {
			waste.bytes = limit - (used < limit ? used : least);
			waste.why = k8s_printf(&w->plan->arena,
				used < limit ? "it asks for less than its limit (%s)"
					     : "it asks for more than its limit (%s), and will not "
					       "start",
				c->asked_by);
		} else {
			continue;
		}
		add(w, waste);
	}
}

uint32_t plan_wastes(struct plan *plan, const struct plan_waste **out)
{
	struct wastes w = {.plan = plan};

	for (uint32_t p = 0; p < plan->n_pods; p++) {
		const struct plan_pod *pod = &plan->pods[p];
		int64_t pods = 0;

		for (uint32_t i = 0; i < plan->n_instances; i++)
			pods += plan->instances[i].pod == pod && plan->instances[i].node != NULL;
		for (uint32_t c = 0; c < pod->n_containers; c++)
			look_at(&w, pod, pods, &pod->containers[c]);
	}
	*out = w.item;
	return w.n;
}
