// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A member that writes arbitrary bytes into its mailbox, and claims to have read anything: the
// router goes on to serve the others, counts add up, and the member is either honest or shown out.
// Input: rounds of {bytes to publish, what to add to the counter of read bytes, the bytes}.

#include "../unit/hp_mail_group.h"

#define CHECK(what) ((what) ? (void)0 : __builtin_trap())
#define MEMBERS 4
#define LIAR 0
#define ROUND_MAX 3000 // bytes

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scribble(
	struct mail_group *g, const uint8_t *data, size_t size, uint16_t publish, uint16_t read)
{
	struct hp_mbox *mbox = hp_group_mbox(&g->group, LIAR);
	uint64_t head = atomic_load(&mbox->out.head);

	for (size_t i = 0; i < size; i++)
		mbox->out.bytes[(head + i) % HP_MBOX_BYTES] = data[i];
	// Mostly what was written, sometimes anything.
	atomic_store(&mbox->out.head, publish < 0xff00 ? head + (size & ~7ull) : head + publish);
	atomic_store(&mbox->in.tail,
		read < 0xff00 ? atomic_load(&mbox->in.head)
			      : atomic_load(&mbox->in.tail) + (uint64_t)(int16_t)read);
	atomic_fetch_or(&hp_group_mail(&g->group)->bell, publish | 1);
}

// Two honest members can talk, whatever the third does.
static void check_others(struct mail_group *g, uint64_t id)
{
	bool found = false;

	CHECK(mail_group_send(g, 1, mail_group_addr(g, 2), id, "honest") == 0);
	mail_group_route(g);
	while (mail_group_read(g, 2))
		found = found || (g->mail.hdr.from.slot == 1 && g->mail.hdr.id == id &&
					 g->mail.hdr.kind == HP_MAIL_TEXT &&
					 memcmp(g->mail.payload, "honest", 6) == 0);
	CHECK(found);
	while (mail_group_read(g, 1))
		CHECK(g->mail.hdr.from.slot != 1);
	mail_group_route(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[MEMBERS] = {"liar", "one", "two", "three"};
	struct mail_group *g = malloc(sizeof(*g));
	struct hp_mail_reader own;
	uint64_t id = 1ull << 63; // none that a few random bytes make

	CHECK(g != NULL && mail_group_new(g, MEMBERS));
	for (uint32_t i = 0; i < MEMBERS; i++)
		mail_group_join(g, i, names[i]);
	hp_mail_reader_open(&own, &g->router->own.in);
	while (size >= 6) {
		uint16_t publish, read, n;

		memcpy(&publish, data, 2);
		memcpy(&read, data + 2, 2);
		memcpy(&n, data + 4, 2);
		data += 6;
		size -= 6;
		n = (uint16_t)RTE_MIN((size_t)n % ROUND_MAX, size);
		scribble(g, data, n, publish, read);
		data += n;
		size -= n;
		check_others(g, id++);
		while (hp_mail_peek(&own, &g->mail) == 1)
			hp_mail_next(&own);
		CHECK((atomic_load(&g->router->lied) & ~1ull) == 0);
		CHECK(g->router->ports[LIAR].mute == (atomic_load(&g->router->lied) == 1));
	}
	mail_group_leave(g, LIAR);
	mail_group_route(g);
	check_others(g, id++);
	CHECK(mail_group_adds_up(g));
	mail_group_free(g);
	free(g);
	return 0;
}
