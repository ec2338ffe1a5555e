// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// knock: what may come to a group's join socket besides well-behaved members. For tests/mp.
// Says on standard output what the primary answered.

#include "base/hp_wire.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MS 10000 // longer than the primary waits for a hello
#define FLOOD_SENDS 64 // messages of one connection of a flood

struct knock {
	struct sockaddr_un addr;
	struct hp_wire_hello hello;
	unsigned int n;
};

static int knock_connect(const struct knock *k)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&k->addr, sizeof(k->addr)) == 0)
		return fd;
	fprintf(stderr, "knock: %s: %s\n", k->addr.sun_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

// 0: an answer was printed.
static int print_answer(int fd)
{
	static union hp_wire_msg msg;
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	struct hp_err err = {0};
	ssize_t len;

	if (poll(&pfd, 1, ANSWER_MS) <= 0) {
		printf("silence\n");
		return 1;
	}
	len = recv(fd, &msg, sizeof(msg), 0);
	if (len <= 0) {
		printf("closed\n");
		return 0;
	}
	if (hp_wire_check(&msg, (size_t)len, &err) < 0) {
		printf("nonsense: %s\n", err.text);
		return 1;
	}
	if (msg.hdr.type == HP_WIRE_REFUSE)
		printf("refused %u %s\n", msg.refuse.exit_code, msg.refuse.text);
	else if (msg.hdr.type == HP_WIRE_LEASE)
		printf("lease %u\n", msg.lease.slot);
	else
		printf("message %u\n", msg.hdr.type);
	return 0;
}

static int knock_hello(const struct knock *k)
{
	int fd = knock_connect(k);
	int ret = 1;

	if (fd < 0)
		return 1;
	if (send(fd, &k->hello, sizeof(k->hello), MSG_NOSIGNAL) > 0)
		ret = print_answer(fd);
	close(fd);
	return ret;
}

static int knock_half(const struct knock *k)
{
	int fd = knock_connect(k);
	int ret = 1;

	if (fd < 0)
		return 1;
	if (send(fd, &k->hello, sizeof(k->hello) / 2, MSG_NOSIGNAL) > 0)
		ret = print_answer(fd);
	close(fd);
	return ret;
}

static int knock_silence(const struct knock *k)
{
	int fd = knock_connect(k);
	int ret;

	if (fd < 0)
		return 1;
	ret = print_answer(fd);
	close(fd);
	return ret;
}

// A hello, a lease, and then nothing: a member that hangs while it attaches.
static int knock_hang(const struct knock *k)
{
	int fd = knock_connect(k);

	if (fd < 0)
		return 1;
	if (send(fd, &k->hello, sizeof(k->hello), MSG_NOSIGNAL) > 0 && print_answer(fd) == 0) {
		fflush(stdout);
		sleep(k->n);
	}
	close(fd);
	return 0;
}

static int knock_garbage(const struct knock *k)
{
	uint8_t bytes[512];
	int fd = knock_connect(k);
	int ret = 1;

	if (fd < 0)
		return 1;
	if (getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes) &&
		send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		ret = print_answer(fd);
	close(fd);
	return ret;
}

// Connect, send without reading, leave, again and again.
static int knock_flood(const struct knock *k)
{
	unsigned int sent = 0;
	unsigned int refused = 0;

	for (unsigned int i = 0; i < k->n; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0)
			return 1;
		if (connect(fd, (const struct sockaddr *)&k->addr, sizeof(k->addr)) < 0) {
			refused++;
			usleep(100);
		}
		for (unsigned int m = 0; m < FLOOD_SENDS; m++)
			sent += send(fd, &k->hello, 1 + (m * 37) % sizeof(k->hello), MSG_NOSIGNAL) >
				0;
		close(fd);
	}
	printf("%u messages sent, %u connections not taken\n", sent, refused);
	return 0;
}

static const struct mode {
	const char *name;
	int (*run)(const struct knock *k);
} modes[] = {
	{"hello", knock_hello},
	{"half", knock_half},
	{"silence", knock_silence},
	{"hang", knock_hang},
	{"garbage", knock_garbage},
	{"flood", knock_flood},
};

static const char usage[] = "usage: knock SOCKET hello|half|silence|hang|garbage|flood [OPTIONS]\n"
			    "  --name NAME --dpdk VERSION --fingerprint TEXT --version N --pid N\n"
			    "             what the hello says\n"
			    "  --n N      connections of a flood, seconds of a hang\n";

static void hello_init(struct hp_wire_hello *hello)
{
	hp_wire_init(&hello->hdr, HP_WIRE_HELLO);
	snprintf(hello->name, sizeof(hello->name), "knock");
	snprintf(hello->role, sizeof(hello->role), "client");
	snprintf(hello->dpdk, sizeof(hello->dpdk), "DPDK 0.0.0");
	hello->pid = getpid();
	hello->n_lcores = 1;
	hello->cpus[0] = 1;
}

static bool option(struct knock *k, int c)
{
	uint64_t n = strtoull(optarg != NULL ? optarg : "", NULL, 0);

	switch (c) {
	case 'n':
		snprintf(k->hello.name, sizeof(k->hello.name), "%s", optarg);
		return true;
	case 'd':
		snprintf(k->hello.dpdk, sizeof(k->hello.dpdk), "%s", optarg);
		return true;
	case 'f':
		snprintf(k->hello.fingerprint, sizeof(k->hello.fingerprint), "%s", optarg);
		return true;
	case 'v':
		k->hello.hdr.version = (uint16_t)n;
		return true;
	case 'p':
		k->hello.pid = (int32_t)n;
		return true;
	case 'N':
		k->n = (unsigned int)n;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"name", required_argument, NULL, 'n'},
		{"dpdk", required_argument, NULL, 'd'},
		{"fingerprint", required_argument, NULL, 'f'},
		{"version", required_argument, NULL, 'v'},
		{"pid", required_argument, NULL, 'p'},
		{"n", required_argument, NULL, 'N'},
		{0},
	};
	struct knock k = {.addr.sun_family = AF_UNIX, .n = 1};
	int c;

	hello_init(&k.hello);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!option(&k, c))
			goto bad;
	if (argc - optind != 2 || strlen(argv[optind]) >= sizeof(k.addr.sun_path))
		goto bad;
	memcpy(k.addr.sun_path, argv[optind], strlen(argv[optind]));
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, argv[optind + 1]) == 0)
			return modes[i].run(&k);
bad:
	fputs(usage, stderr);
	return 64;
}
