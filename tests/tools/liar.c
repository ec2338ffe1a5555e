// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// liar: a member that lies, as a real process. It joins, forwards honestly for a moment, then
// writes nonsense and half-truths into whatever a member can write, until it is evicted, dies by
// its own hand or has had enough; then it joins again. For tests/mp and docs/crash-contract.md.
//
// The areas are what it may write to: see the table below. "wild" is what no check can help
// against, because drivers and EAL work by it: mbufs that it was not lent.

#include "base/hp_err.h"
#include "base/hp_log.h"
#include "base/hp_time.h"
#include "base/hp_wire.h"
#include "group/hp_link.h"
#include "group/hp_mail.h"
#include "group/hp_member.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIFE_MS_MAX 120 // of one member, after it has joined
#define HONEST_TURNS_MAX 3000 // before its first lie
#define DEAF_MS_MAX 60 // that it goes on after it was told to go
#define ENDED_ITSELF 42 // exit code of a life that nobody ended
#define LIFE_WITHIN_MS 8000 // joining included; after that it is killed, and counted as hung
#define MAX_TAKE 64 // packets

struct life {
	struct hp_member *member;
	const struct hp_group *group;
	uint32_t slot;
	uint64_t seed;
	uint64_t lies;
	struct hp_link links[HP_LANES_MAX];
	const struct rte_memzone *pools[HP_LANES_MAX];
	uint16_t room; // bytes of an mbuf's buffer
	bool honest; // has so far handed back what it had, and read what it was lent
	int wire; // the connection to the primary, -1 if it was not found
};

static uint64_t draw(struct life *l)
{
	l->seed ^= l->seed << 13;
	l->seed ^= l->seed >> 7;
	l->seed ^= l->seed << 17;
	return l->seed;
}

static bool one_in(struct life *l, uint64_t n)
{
	return draw(l) % n == 0;
}

// A number that is likely to hurt: small, near a power of two, or anything.
static uint64_t number(struct life *l)
{
	uint64_t raw = draw(l);

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
	size_t n = one_in(l, 8) ? bytes : RTE_MIN(bytes, 1 + draw(l) % 16);
	size_t from = bytes > n ? draw(l) % (bytes - n) : 0;
	uint64_t value = number(l);

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0 && one_in(l, 4))
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
		.kind = one_in(l, 20) ? (uint8_t)draw(l) : (uint8_t)(draw(l) % 3),
		.reason = (uint8_t)number(l),
		.port = (uint16_t)number(l),
	};
}

// Entries and counters of the ring of what it hands back.
static void lie_link(struct life *l)
{
	struct hp_link *link = &l->links[draw(l) % l->group->hdr->n_lanes];
	struct hp_return *ret = &link->returns[link->returned & link->mask];

	l->honest = false;
	switch (draw(l) % 6) {
	case 0: // more packets than are out
		*ret = (struct hp_return){(uint16_t)link->handed, (uint16_t)number(l), {0}};
		break;
	case 1: // others than those that are next
		*ret = (struct hp_return){(uint16_t)(link->handed + 1 + draw(l) % 3), 1, {0}};
		break;
	case 2: // once more what was handed back before
		*ret = link->returns[(link->returned - 1) & link->mask];
		break;
	case 3:
		*ret = (struct hp_return){
			(uint16_t)link->handed, (uint16_t)(draw(l) % 4), any_verdict(l)};
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
	struct hp_verdict verdicts[MAX_TAKE];
	struct rte_mbuf *pkts[MAX_TAKE];
	uint32_t lane = (uint32_t)(draw(l) % l->group->hdr->n_lanes);
	struct hp_link *link = &l->links[lane];
	uint16_t n = hp_link_take(link, pkts, (uint16_t)(1 + draw(l) % MAX_TAKE));

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		verdicts[i] = any_verdict(l);
		if (!holds(l, lane, m))
			continue;
		if (one_in(l, 2)) { // what passes
			m->port = (uint16_t)number(l);
			m->packet_type = (uint32_t)number(l);
			m->vlan_tci = (uint16_t)number(l);
			m->hash.usr = (uint32_t)number(l);
			m->tx_offload = number(l);
			m->ol_flags = number(l) & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
			m->timesync = (uint16_t)number(l);
			m->data_len = (uint16_t)(draw(l) % (l->room + 1u));
			m->pkt_len = m->data_len;
			m->data_off = (uint16_t)(draw(l) % (l->room - m->data_len + 1u));
			scribble(l, m + 1, l->room);
		} else if (one_in(l, 30)) {
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
		.kind = (uint16_t)(draw(l) % 10),
		.reason = (uint16_t)number(l),
		.from = {(uint16_t)number(l), 0, (uint32_t)number(l)},
		.to = {(uint16_t)number(l), (uint16_t)number(l), (uint32_t)number(l)},
		.id = number(l),
	};
	uint64_t head = atomic_load(&mbox->out.head);

	switch (draw(l) % 5) {
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
		hdr.length = one_in(l, 3) ? hdr.length : (uint32_t)(draw(l) % HP_MAIL_MAX);
		head &= HP_MBOX_BYTES - 1;
		memcpy(mbox->out.bytes + head, &hdr,
			RTE_MIN(sizeof(hdr), (size_t)(HP_MBOX_BYTES - head)));
		atomic_fetch_add(&mbox->out.head, hp_mail_bytes(hdr.length % HP_MBOX_BYTES));
	}
	atomic_fetch_or(&hp_group_mail(l->group)->bell, one_in(l, 4) ? number(l) : 1ull << l->slot);
}

static void lie_slot(struct life *l)
{
	struct hp_slot *slot = hp_group_slot(l->group, l->slot);

	if (one_in(l, 2))
		scribble(l, slot, sizeof(*slot));
	else
		memset(slot->function, (int)draw(l), sizeof(slot->function));
}

// Anywhere in the group's memory: the header, other slots, other links, all counters.
static void lie_group(struct life *l)
{
	const struct hp_group_hdr *hdr = l->group->hdr;

	l->honest = false;
	if (one_in(l, 3))
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

	if (l->wire < 0 || !one_in(l, 50))
		return;
	memset(&msg, 0, sizeof(msg));
	msg.hdr = (struct hp_wire_hdr){.magic = HP_WIRE_MAGIC,
		.version = HP_WIRE_VERSION,
		.type = types[draw(l) % RTE_DIM(types)]};
	size = hp_wire_size(msg.hdr.type);
	if (size == 0 || one_in(l, 3))
		size = sizeof(msg.hdr) + draw(l) % 200;
	msg.hdr.length = (uint32_t)size;
	if (one_in(l, 4))
		scribble(l, &msg, size);
	send(l->wire, &msg, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Any mbuf of any pool, whoever has it.
static void lie_wild(struct life *l)
{
	const struct rte_memzone *mz = l->pools[draw(l) % l->group->hdr->n_lanes];

	scribble(l, mz->addr, mz->len);
}

static const struct {
	const char *name;
	void (*lie)(struct life *l);
} areas[] = {
	{"link", lie_link},
	{"lent", lie_lent},
	{"mail", lie_mail},
	{"slot", lie_slot},
	{"group", lie_group},
	{"wire", lie_wire},
	{"wild", lie_wild},
};

static void forward_honestly(struct life *l)
{
	struct hp_verdict verdicts[MAX_TAKE] = {{0}};
	struct rte_mbuf *pkts[MAX_TAKE];

	for (uint32_t i = 0; i < l->group->hdr->n_lanes; i++) {
		uint16_t n = hp_link_take(&l->links[i], pkts, MAX_TAKE);

		if (n > 0)
			hp_link_return(&l->links[i], verdicts, n);
	}
	hp_count(&hp_group_slot(l->group, l->slot)->epoch, 1);
}

// The connection that the member's own code keeps to itself.
static int find_wire(void)
{
	struct sockaddr_un peer;
	socklen_t len;

	for (int fd = 3; fd < 256; fd++) {
		len = sizeof(peer);
		memset(&peer, 0, sizeof(peer));
		if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
			peer.sun_family == AF_UNIX && strstr(peer.sun_path, "/hp_join") != NULL)
			return fd;
	}
	return -1;
}

static bool open_links(struct life *l)
{
	char name[RTE_MEMZONE_NAMESIZE];
	struct rte_mempool *mp;

	for (uint32_t i = 0; i < l->group->hdr->n_lanes; i++) {
		snprintf(name, sizeof(name), "hp_rx_%u", i);
		l->pools[i] = rte_memzone_lookup(name);
		mp = rte_mempool_lookup(name);
		if (l->pools[i] == NULL || mp == NULL)
			return false;
		l->room = rte_pktmbuf_data_room_size(mp);
		hp_link_open(&l->links[i], l->group, l->slot, i);
	}
	l->wire = find_wire();
	return true;
}

static void lie_until(struct life *l, unsigned int mask, uint64_t until_us)
{
	while (hp_now_us() < until_us) {
		unsigned int area = (unsigned int)(draw(l) % RTE_DIM(areas));

		if ((mask & (1u << area)) == 0)
			continue;
		areas[area].lie(l);
		if (one_in(l, 3))
			forward_honestly(l);
		if (one_in(l, 16))
			usleep((useconds_t)(draw(l) % 2000));
	}
}

// One life. What the primary does about it, the member's own control thread hears: it ends us.
static int live(const struct hp_member_conf *conf, unsigned int mask, uint64_t seed)
{
	struct life l = {.seed = seed | 1, .honest = true};
	struct hp_err err = {0};
	uint64_t ends;

	l.member = hp_member_join(conf, "client", false, 0, &err);
	if (l.member == NULL) {
		if (err.exit_code != 200)
			fprintf(stderr, "liar: %s\n", err.text);
		return err.exit_code;
	}
	l.group = hp_member_group(l.member);
	l.slot = hp_member_slot(l.member);
	if (!open_links(&l) || hp_member_ready(l.member) < 0)
		return HP_EXIT_OTHER;
	for (uint64_t i = draw(&l) % HONEST_TURNS_MAX; i > 0; i--)
		forward_honestly(&l);
	// A few lies of one sort go further than many of all sorts, which are found out at once.
	if (one_in(&l, 2))
		mask &= (unsigned int)draw(&l) | (1u << (draw(&l) % RTE_DIM(areas)));
	if (mask == 0)
		mask = 1;
	ends = hp_now_us() + draw(&l) % LIFE_MS_MAX * 1000;
	// A child goes on after it was told to go: it has no control thread that hears of it, but
	// the memory is mapped and the connection open.
	if (one_in(&l, 4)) {
		if (fork() > 0)
			_exit(ENDED_ITSELF); // lint: _exit: the kernel cleans up after a liar
		ends += draw(&l) % DEAF_MS_MAX * 1000;
	}
	lie_until(&l, mask, ends);
	if (one_in(&l, 2))
		raise(SIGKILL);
	_exit(ENDED_ITSELF); // lint: _exit: the kernel cleans up after a liar
}

static int usage(FILE *out)
{
	fprintf(out, "usage: liar --file-prefix P [--name NAME] [--seconds N] [--seed N] "
		     "[--areas link,lent,...]\n"
		     "Ends with a line: lives, how they ended. Areas:");
	for (size_t i = 0; i < RTE_DIM(areas); i++)
		fprintf(out, " %s", areas[i].name);
	fprintf(out, "; default: all but wild.\n");
	return out == stdout ? 0 : HP_EXIT_USAGE;
}

// False if a name is none.
static bool read_areas(char *text, unsigned int *mask)
{
	*mask = 0;
	for (char *save = NULL, *name = strtok_r(text, ",", &save); name != NULL;
		name = strtok_r(NULL, ",", &save)) {
		unsigned int before = *mask;

		for (size_t i = 0; i < RTE_DIM(areas); i++)
			if (strcmp(areas[i].name, name) == 0)
				*mask |= 1u << i;
		if (*mask == before)
			return false;
	}
	return true;
}

// Wait for a life to end; its status, or -1 if it had to be ended.
static int wait_for(pid_t pid)
{
	uint64_t until = hp_now_us() + LIFE_WITHIN_MS * 1000;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (hp_now_us() > until) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		usleep(500);
	}
	return status;
}

struct tally {
	unsigned int lives, evicted, killed, ended, bereft, refused, hung;
};

static void count(struct tally *t, int status)
{
	t->lives++;
	if (status == -1)
		t->hung++;
	else if (WIFSIGNALED(status))
		t->killed++;
	else if (WEXITSTATUS(status) == HP_EXIT_OTHER)
		t->evicted++;
	else if (WEXITSTATUS(status) == ENDED_ITSELF)
		t->ended++;
	else if (WEXITSTATUS(status) == HP_EXIT_AGAIN)
		t->bereft++;
	else
		t->refused++;
}

static int tell_lies(
	const struct hp_member_conf *conf, unsigned int mask, uint64_t seconds, uint64_t seed)
{
	uint64_t until = hp_now_us() + seconds * 1000000;
	struct tally t = {0};

	while (hp_now_us() < until) {
		pid_t pid = fork();

		if (pid < 0)
			return HP_EXIT_OTHER;
		// An odd constant, so that lives do not resemble each other.
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (pid == 0)
			_exit(live(conf, mask, seed)); // lint: _exit: a forked child
		count(&t, wait_for(pid));
	}
	printf("lives=%u evicted=%u killed=%u ended=%u bereft=%u refused=%u hung=%u\n", t.lives,
		t.evicted, t.killed, t.ended, t.bereft, t.refused, t.hung);
	return t.bereft == 0 && t.hung == 0 ? 0 : HP_EXIT_OTHER;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"file-prefix", required_argument, NULL, 'p'},
		{"name", required_argument, NULL, 'n'},
		{"seconds", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'r'},
		{"areas", required_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static char prefix[] = "rte", name[] = "liar";
	struct hp_member_conf conf = {
		.file_prefix = prefix,
		.name = name,
		.wait_primary_us = 5000000,
	};
	unsigned int mask = (1u << (RTE_DIM(areas) - 1)) - 1;
	uint64_t seconds = 5, seed = 1;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p')
			conf.file_prefix = optarg;
		else if (c == 'n')
			conf.name = optarg;
		else if (c == 's')
			seconds = strtoull(optarg, NULL, 10);
		else if (c == 'r')
			seed = strtoull(optarg, NULL, 10);
		else if (c != 'a')
			return usage(c == 'h' ? stdout : stderr);
		else if (!read_areas(optarg, &mask))
			return usage(stderr);
	}
	hp_log_setup("liar", conf.name, HP_LOG_TEXT, HP_LOG_ERR);
	return tell_lies(&conf, mask, seconds, seed);
}
