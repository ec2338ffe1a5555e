// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-unpdump: takes the callbacks of a dead dpdk-dumpcap off ports. librte_pdump does that for a
// secondary process alone, so hp-primary runs this one, as a member of its own group. It is no
// program for users.
//
//     hp-unpdump PREFIX DEVICE QUEUES [DEVICE QUEUES]...

#include "base/hp_supervise.h"
#include "group/hp_member.h"

#include <rte_errno.h>
#include <rte_pdump.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_PRIMARY_US 2000000

// One queue and direction at a time: librte_pdump stops at the first that has no callback, which it
// says is EINVAL.
static int disable(char *device, unsigned int queues)
{
	static const uint32_t directions[] = {RTE_PDUMP_FLAG_RX, RTE_PDUMP_FLAG_TX};
	int code = HP_EXIT_OK;

	for (unsigned int q = 0; q < queues; q++)
		for (unsigned int d = 0; d < RTE_DIM(directions); d++) {
			if (rte_pdump_disable_by_deviceid(device, (uint16_t)q, directions[d]) ==
					0 ||
				rte_errno == EINVAL)
				continue;
			fprintf(stderr, "hp-unpdump: %s: %s\n", device, rte_strerror(rte_errno));
			code = HP_EXIT_OTHER;
		}
	return code;
}

int main(int argc, char **argv)
{
	char name[HP_NAME_MAX];
	char quiet[] = "log-level=critical";
	char *eal[] = {quiet};
	struct hp_member_conf conf = {
		.name = name,
		.wait_primary_us = WAIT_PRIMARY_US,
		.eal = {.items = eal, .n = 1},
	};
	struct hp_member *member;
	struct hp_err err = {0};
	int code = HP_EXIT_OK;

	if (argc < 4) {
		fprintf(stderr, "hp-unpdump: hp-primary runs this program, people do not\n");
		return HP_EXIT_USAGE;
	}
	conf.file_prefix = argv[1];
	snprintf(name, sizeof(name), "unpdump-%d", (int)getpid());
	member = hp_member_join(&conf, "tool", false, 0, &err);
	if (member == NULL) {
		if (err.exit_code != HP_CHILD_PID_TAKEN)
			fprintf(stderr, "hp-unpdump: %s\n", err.text);
		return err.exit_code;
	}
	hp_member_ready(member);
	for (int i = 2; i + 1 < argc; i += 2)
		if (disable(argv[i], (unsigned int)strtoul(argv[i + 1], NULL, 10)) != HP_EXIT_OK)
			code = HP_EXIT_OTHER;
	hp_member_leave(member);
	hp_member_end(member);
	return code;
}
