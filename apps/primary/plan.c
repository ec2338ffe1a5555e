// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "plan.h"

static bool is_live(const struct hp_plan *plan, const struct hp_dest *dest)
{
	if (dest->kind == HP_DEST_PORT)
		return plan->ports[dest->id].used;
	return plan->clients[dest->id].slot >= 0 && !plan->clients[dest->id].avoid;
}

// A mix of bucket and destination that is even and the same in every run (the finisher of
// splitmix64, public domain).
static uint64_t weight(unsigned int bucket, const struct hp_dest *dest)
{
	uint64_t x = ((uint64_t)bucket << 32) + ((uint64_t)dest->kind << 16) + dest->id + 1;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

// Highest weight wins a bucket: when a destination goes, only its own flows move, and they come
// back with it (rendezvous hashing).
static void fill_buckets(struct hp_hop *hop, unsigned int n_choice)
{
	for (unsigned int b = 0; b < HP_BUCKETS; b++) {
		uint64_t best = 0;

		hop->bucket[b] = hop->live[0];
		for (unsigned int i = 0; i < n_choice; i++) {
			uint64_t w = weight(b, &hop->dest[hop->live[i]]);

			if (w >= best) {
				best = w;
				hop->bucket[b] = hop->live[i];
			}
		}
	}
}

static void compile_hop(const struct hp_plan *plan, struct hp_hop *hop)
{
	unsigned int n_choice;

	hop->n_live = 0;
	for (uint8_t i = 0; i < hop->n; i++)
		if (is_live(plan, &hop->dest[i]))
			hop->live[hop->n_live++] = i;
	n_choice = hop->n_live;
	if (n_choice == 0) // all are absent: each packet meets the policy of the one that it is for
		for (n_choice = 0; n_choice < hop->n; n_choice++)
			hop->live[n_choice] = (uint8_t)n_choice;
	if (n_choice > 0)
		fill_buckets(hop, n_choice);
}

void hp_plan_compile(struct hp_plan *plan)
{
	for (unsigned int i = 0; i < HP_PORTS_MAX; i++)
		if (plan->ports[i].used)
			compile_hop(plan, &plan->ports[i].hop);
	for (unsigned int i = 0; i < HP_CLIENTS_MAX; i++)
		if (plan->clients[i].used)
			compile_hop(plan, &plan->clients[i].hop);
}
