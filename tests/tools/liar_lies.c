// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a liar does to the memory that it shares, one function an area. "wild" is what no check can
// help against, because drivers and EAL work by it: mbufs that it was not lent.

#include "base/hp_wire.h"
#include "group/hp_mail.h"
#include "liar.h"

#include <string.h>
#include <sys/socket.h>

uint64_t liar_draw(struct life *l)
{
	l->seed ^= l->seed << 13;
	l->seed ^= l->seed >> 7;
	l->seed ^= l->seed << 17;
	return l->seed;
}

// A number that is likely to hurt: small, near a power of two, or anything.
static uint64_t number(struct life *l)
{
	uint64_t raw = liar_draw(l);

	switch (raw >> 61) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return raw % 8;
	case 3:
		return (1ull << (raw % 64)) - 1;
	default:
		return raw;
	}
}

static void scribble(struct life *l, void *at, size_t bytes)
{
	uint8_t *p = at;
	size_t n = liar_one_in(l, 8) ? bytes : RTE_MIN(bytes, 1 + liar_draw(l) % 16);
	size_t from = bytes > n ? liar_draw(l) % (bytes - n) : 0;
	uint64_t value = number(l);

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0 && liar_one_in(l, 4))
			value = number(l);
		p[from + i] = (uint8_t)(value >> (i % 8 * 8));
	}
}

// A liar that wrote where its own lies sent it would prove nothing: what it has to know to tell
// what it was lent has to be true.
static bool holds(const struct life *l, uint32_t lane, const struct rte_mbuf *m)
{
	uintptr_t base = (uintptr_t)l->pools[lane]->addr;

	return l->honest && (uintptr_t)m >= base &&
	       (uintptr_t)m + sizeof(*m) + l->room <= base + l->pools[lane]->len;
}

static struct hp_verdict any_verdict(struct life *l)
{
	return (struct hp_verdict){
		.kind = liar_one_in(l, 20) ? (uint8_t)liar_draw(l) : (uint8_t)(liar_draw(l) % 3),
		.reason = (uint8_t)number(l),
		.port = (uint16_t)number(l),
	};
}

// Entries and counters of the ring of what it hands back.
static void lie_link(struct life *l)
{
	struct hp_link *link = &l->links[liar_draw(l) % l->group->hdr->n_lanes];
	struct hp_return *ret = &link->returns[link->returned & link->mask];

	l->honest = false;
	switch (liar_draw(l) % 6) {
	case 0: // more packets than are out
		*ret = (struct hp_return){(uint16_t)link->handed, (uint16_t)number(l), {0}};
		break;
	case 1: // others than those that are next
		*ret = (struct hp_return){(uint16_t)(link->handed + 1 + liar_draw(l) % 3), 1, {0}};
		break;
	case 2: // once more what was handed back before
		*ret = link->returns[(link->returned - 1) & link->mask];
		break;
	case 3:
		*ret = (struct hp_return){
			(uint16_t)link->handed, (uint16_t)(liar_draw(l) % 4), any_verdict(l)};
		break;
	case 4:
		scribble(l, link->returns, sizeof(*ret) * ((size_t)link->mask + 1));
		break;
	default:
		atomic_store(&link->shm->returned, (uint32_t)number(l));
		return;
	}
	link->returned++;
	atomic_store(&link->shm->returned, link->returned);
}

// Packets in its hands: any byte of the header, or only those that no check looks at.
static void lie_lent(struct life *l)
{
	struct hp_verdict verdicts[LIAR_TAKE];
	struct rte_mbuf *pkts[LIAR_TAKE];
	uint32_t lane = (uint32_t)(liar_draw(l) % l->group->hdr->n_lanes);
	struct hp_link *link = &l->links[lane];
	uint16_t n = hp_link_take(link, pkts, (uint16_t)(1 + liar_draw(l) % LIAR_TAKE));

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		verdicts[i] = any_verdict(l);
		if (!holds(l, lane, m))
			continue;
		if (liar_one_in(l, 2)) { // what passes
			m->port = (uint16_t)number(l);
			m->packet_type = (uint32_t)number(l);
			m->vlan_tci = (uint16_t)number(l);
			m->hash.usr = (uint32_t)number(l);
			m->tx_offload = number(l);
			m->ol_flags = number(l) & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
			m->timesync = (uint16_t)number(l);
			m->data_len = (uint16_t)(liar_draw(l) % (l->room + 1u));
			m->pkt_len = m->data_len;
			m->data_off = (uint16_t)(liar_draw(l) % (l->room - m->data_len + 1u));
			scribble(l, m + 1, l->room);
		} else if (liar_one_in(l, 30)) {
			scribble(l, m, sizeof(*m));
		}
	}
	if (n > 0)
		hp_link_return(link, verdicts, n);
}

static void lie_mail(struct life *l)
{
	struct hp_mbox *mbox = hp_group_mbox(l->group, l->slot);
	struct hp_mail_hdr hdr = {
		.length = (uint32_t)number(l),
		.kind = (uint16_t)(liar_draw(l) % 10),
		.reason = (uint16_t)number(l),
		.from = {(uint16_t)number(l), 0, (uint32_t)number(l)},
		.to = {(uint16_t)number(l), (uint16_t)number(l), (uint32_t)number(l)},
		.id = number(l),
	};
	uint64_t head = atomic_load(&mbox->out.head);

	switch (liar_draw(l) % 5) {
	case 0:
		atomic_store(&mbox->out.head, number(l));
		break;
	case 1:
		atomic_store(&mbox->in.tail, number(l));
		break;
	case 2:
		scribble(l, mbox->out.bytes, sizeof(mbox->out.bytes));
		break;
	default: // records that look right
		hdr.length =
			liar_one_in(l, 3) ? hdr.length : (uint32_t)(liar_draw(l) % HP_MAIL_MAX);
		head &= HP_MBOX_BYTES - 1;
		memcpy(mbox->out.bytes + head, &hdr,
			RTE_MIN(sizeof(hdr), (size_t)(HP_MBOX_BYTES - head)));
		atomic_fetch_add(&mbox->out.head, hp_mail_bytes(hdr.length % HP_MBOX_BYTES));
	}
	atomic_fetch_or(
		&hp_group_mail(l->group)->bell, liar_one_in(l, 4) ? number(l) : 1ull << l->slot);
}

static void lie_slot(struct life *l)
{
	struct hp_slot *slot = hp_group_slot(l->group, l->slot);

	if (liar_one_in(l, 2))
		scribble(l, slot, sizeof(*slot));
	else
		memset(slot->function, (int)liar_draw(l), sizeof(slot->function));
}

// Anywhere in the group's memory: the header, other slots, other links, all counters.
static void lie_group(struct life *l)
{
	const struct hp_group_hdr *hdr = l->group->hdr;

	l->honest = false;
	if (liar_one_in(l, 3))
		scribble(l, l->group->shm, sizeof(*hdr));
	else
		scribble(l, l->group->shm, hdr->bytes);
}

// Messages that no member would send now.
static void lie_wire(struct life *l)
{
	static const uint16_t types[] = {HP_WIRE_HELLO, HP_WIRE_READY, HP_WIRE_LEAVE, HP_WIRE_LEFT,
		HP_WIRE_LEASE, HP_WIRE_SHUTDOWN, HP_WIRE_EVICT, 0, 999};
	union hp_wire_msg msg;
	size_t size;

	if (l->wire < 0 || !liar_one_in(l, 50))
		return;
	memset(&msg, 0, sizeof(msg));
	msg.hdr = (struct hp_wire_hdr){.magic = HP_WIRE_MAGIC,
		.version = HP_WIRE_VERSION,
		.type = types[liar_draw(l) % RTE_DIM(types)]};
	size = hp_wire_size(msg.hdr.type);
	if (size == 0 || liar_one_in(l, 3))
		size = sizeof(msg.hdr) + liar_draw(l) % 200;
	msg.hdr.length = (uint32_t)size;
	if (liar_one_in(l, 4))
		scribble(l, &msg, size);
	send(l->wire, &msg, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Any mbuf of any pool, whoever has it.
static void lie_wild(struct life *l)
{
	const struct rte_memzone *mz = l->pools[liar_draw(l) % l->group->hdr->n_lanes];

	scribble(l, mz->addr, mz->len);
}

const struct liar_area liar_areas[LIAR_AREAS] = {
	{"link", lie_link},
	{"lent", lie_lent},
	{"mail", lie_mail},
	{"slot", lie_slot},
	{"group", lie_group},
	{"wire", lie_wire},
	{"wild", lie_wild},
};
