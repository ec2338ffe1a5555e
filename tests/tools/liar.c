// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// liar: a member that lies, as a real process. It joins, forwards honestly for a moment, then
// writes nonsense and half-truths into whatever a member can write, until it is evicted, dies by
// its own hand or has had enough; then it joins again. For tests/mp and docs/crash-contract.md.

#include "liar.h"

#include "base/hp_err.h"
#include "base/hp_log.h"
#include "base/hp_time.h"

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
#define LIFE_WITHIN_MS 30000 // joining included; after that it is killed, and counted as hung

static void forward_honestly(struct life *l)
{
	struct hp_verdict verdicts[LIAR_TAKE] = {{0}};
	struct rte_mbuf *pkts[LIAR_TAKE];

	for (uint32_t i = 0; i < l->group->hdr->n_lanes; i++) {
		uint16_t n = hp_link_take(&l->links[i], pkts, LIAR_TAKE);

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
		unsigned int area = (unsigned int)(liar_draw(l) % LIAR_AREAS);

		if ((mask & (1u << area)) == 0)
			continue;
		liar_areas[area].lie(l);
		if (liar_one_in(l, 3))
			forward_honestly(l);
		if (liar_one_in(l, 16))
			usleep((useconds_t)(liar_draw(l) % 2000));
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
	for (uint64_t i = liar_draw(&l) % HONEST_TURNS_MAX; i > 0; i--)
		forward_honestly(&l);
	// A few lies of one sort go further than many of all sorts, which are found out at once.
	if (liar_one_in(&l, 2))
		mask &= (unsigned int)liar_draw(&l) | (1u << (liar_draw(&l) % LIAR_AREAS));
	if (mask == 0)
		mask = 1;
	ends = hp_now_us() + liar_draw(&l) % LIFE_MS_MAX * 1000;
	// A child goes on after it was told to go: it has no control thread that hears of it, but
	// the memory is mapped and the connection open.
	if (liar_one_in(&l, 4)) {
		if (fork() > 0)
			_exit(ENDED_ITSELF); // lint: _exit: the kernel cleans up after a liar
		ends += liar_draw(&l) % DEAF_MS_MAX * 1000;
	}
	lie_until(&l, mask, ends);
	if (liar_one_in(&l, 2))
		raise(SIGKILL);
	_exit(ENDED_ITSELF); // lint: _exit: the kernel cleans up after a liar
}

static int usage(FILE *out)
{
	fprintf(out, "usage: liar --file-prefix P [--name NAME] [--seconds N] [--seed N] "
		     "[--areas link,lent,...]\n"
		     "Ends with a line: lives, how they ended. Areas:");
	for (size_t i = 0; i < LIAR_AREAS; i++)
		fprintf(out, " %s", liar_areas[i].name);
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

		for (size_t i = 0; i < LIAR_AREAS; i++)
			if (strcmp(liar_areas[i].name, name) == 0)
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
	unsigned int mask = (1u << (LIAR_AREAS - 1)) - 1;
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
