// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A member that lies: the input says what it takes, hands back and scribbles. Whatever it does, the
// lender neither crashes nor loses an mbuf.

#include "../unit/hp_link_fixture.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lie(struct link_fixture *f, uint8_t what, uint32_t value)
{
	struct hp_return *entry = &f->link.returns[value & f->link.mask];
	uint32_t out = hp_lender_out(&f->lender);
	struct rte_mbuf *m;

	switch (what % 5) {
	case 0:
		atomic_store(&f->link.shm->returned, f->link.returned + value % 70);
		break;
	case 1:
		entry->first = (uint16_t)value;
		break;
	case 2:
		entry->n = (uint16_t)value;
		break;
	case 3:
		entry->verdict.kind = (uint8_t)value;
		break;
	default:
		// Only what is lent: a member that writes to other memory is beyond any check.
		if (out == 0)
			break;
		m = f->lender.out[(f->lender.accepted + value % out) & f->lender.mask];
		((uint8_t *)m)[(value >> 16) % sizeof(*m)] = (uint8_t)(value >> 8);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct link_fixture f;
	static int ready;

	if (!ready) {
		if (!fixture_eal() || !fixture_init(&f))
			abort();
		ready = 1;
	}
	fixture_open(&f);
	for (size_t i = 0; i + 5 <= size; i += 5) {
		struct hp_verdict verdict = {.kind = data[i + 1] % 4};
		struct rte_mbuf *pkts[8];
		uint32_t value;
		uint16_t n;

		memcpy(&value, data + i + 1, sizeof(value));
		switch (data[i] % 5) {
		case 4:
			fixture_lend_blank(&f);
			continue;
		case 0:
			fixture_lend(&f, (uint16_t)(value % 300));
			continue;
		case 1:
			n = hp_link_take(&f.link, pkts, (uint16_t)(value % 8));
			for (uint16_t k = 0; k < n; k++)
				hp_link_return(&f.link, &verdict, 1);
			continue;
		case 2:
			lie(&f, data[i] >> 2, value);
			continue;
		default:
			if (fixture_collect(&f, NULL) < 0)
				i = size; // shown out
		}
	}
	hp_lender_reclaim(&f.lender, &f.pool);
	if (hp_pool_in_use(&f.pool) != 0 || f.lender.blanks != 0)
		abort();
	return 0;
}
