// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Options of hp-replay: tcpreplay's letters where there are some.

#include "base/hp_log.h"
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) .offset = offsetof(struct hp_replay_opts, field)
#define SPEED_MAX 1000000.0 // times what was recorded

// clang-format off
static const struct hp_opt opts[] = {
	{"interface", 'i', HP_OPT_STRING, HP_OPT_CLI, AT(interface), .min = 1, .max = 255,
	 .arg = "POINT", .section = "Packets", .def = "0",
	 .help = "Where packets go in: port:NAME:tx is sent by the port, port:NAME:rx passes on as if the "
	 "port had received it, link:NAME:in is lent to the client, link:NAME:out passes on as if the "
	 "client had handed it back. A port's name, number or device alone is sent by it."},
	{"filter", 'f', HP_OPT_STRING, HP_OPT_CLI, AT(filter), .min = 1, .max = HP_GUEST_FILTER_TEXT, .spaces = true,
	 .arg = "FILTER",
	 .section = "Packets", .help = "Play only packets that this libpcap filter takes."},
	{"loop", 'l', HP_OPT_UINT, HP_OPT_CLI, AT(loop), .def = "1", .arg = "N", .section = "Packets",
	 .help = "Play the files so often; 0: for ever."},
	{"limit", 'L', HP_OPT_UINT, HP_OPT_CLI, AT(limit), .min = 1, .arg = "N", .section = "Packets",
	 .help = "End after so many packets."},
	{"duration", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(duration_us), .min = 1, .max = 31536000000000ull,
	 .arg = "TIME", .section = "Packets", .help = "End after that time."},
	{"multiplier", 'x', HP_OPT_STRING, HP_OPT_CLI, AT(multiplier), .min = 1, .max = 20, .arg = "N",
	 .section = "Speed", .help = "So many times as fast as recorded. Without any of these: as recorded."},
	{"pps", 'p', HP_OPT_UINT, HP_OPT_CLI, AT(pps), .min = 1, .max = 1000000000, .arg = "N",
	 .section = "Speed", .help = "Packets a second."},
	{"mbps", 'M', HP_OPT_UINT, HP_OPT_CLI, AT(mbps), .min = 1, .max = 1000000, .arg = "N",
	 .section = "Speed", .help = "Megabits a second, of the frames as they are in the file."},
	{"topspeed", 't', HP_OPT_FLAG, HP_OPT_CLI, AT(topspeed), .section = "Speed",
	 .help = "As fast as the group takes them."},
	{"late", 0, HP_OPT_DURATION, HP_OPT_CLI, AT(late_us), .max = 60000000, .def = "1ms",
	 .arg = "TIME", .section = "Speed", .help = "A packet that is put in later than that is counted as late."},
	{"buffer-size", 'B', HP_OPT_UINT, HP_OPT_CLI, AT(buffer), .min = 1, .max = 1024, .def = "4",
	 .power_of_two = true, .arg = "MIB", .section = "Speed",
	 .help = "Memory for packets that wait to be taken."},
	{"quiet", 'q', HP_OPT_FLAG, HP_OPT_CLI, AT(quiet), .section = "Packets",
	 .help = "Say nothing about progress."},
	HP_GUEST_OPTS(struct hp_replay_opts, "replay"),
	{NULL},
};
// clang-format on

const struct hp_opt_set hp_replay_opts = {
	.program = "hp-replay",
	.summary = "pcap files played into a hugepod group",
	.usage = "[OPTIONS] FILE...",
	.details =
		"hp-replay joins the group of --file-prefix as a guest: it needs the runtime "
		"directory and the primary's uid, no hugepage and no capability. It reads pcap and "
		"pcapng, also compressed by gzip ('-': standard input), and writes packets into "
		"memory that it brings along; "
		"the primary copies them into its own buffers. Where the group has no room they "
		"wait, and are late; none is lost on the way in. 'show replays' counts them. The "
		"exit code is 65 for a file that is none, 75 if the primary ends.",
	.opts = opts,
};

static int settle_speed(struct hp_replay_opts *o, struct hp_err *err)
{
	char *end = NULL;
	double times;

	if ((o->multiplier != NULL) + (o->pps != 0) + (o->mbps != 0) + o->topspeed > 1)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--multiplier, --pps, --mbps, --topspeed: expected one of them");
	o->speed = 1000;
	if (o->multiplier == NULL)
		return 0;
	times = strtod(o->multiplier, &end);
	if (end == o->multiplier || *end != '\0' || !(times >= 0.001 && times <= SPEED_MAX))
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--multiplier '%s': expected 0.001 to 1000000", o->multiplier);
	o->speed = (uint64_t)(times * 1000 + 0.5);
	return 0;
}

static int settle_point(struct hp_replay_opts *o, struct hp_err *err)
{
	struct hp_tap taps[2];
	char full[HP_TAP_TEXT * 5];
	int n;

	snprintf(full, sizeof(full), "%s%s",
		hp_tap_named(o->interface) ? "" : "port:", o->interface);
	n = hp_tap_parse(taps, full, err);
	if (n < 0)
		return n;
	if (taps[0].kind == HP_TAP_DROP || hp_tap_queue(&taps[0]) >= 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"-i %s: packets go into a port or link, not there", o->interface);
	// A port alone is sent by, a link alone is lent to.
	o->tap = n == 2 && taps[0].kind == HP_TAP_PORT_RX ? taps[1] : taps[0];
	return 0;
}

int hp_replay_settle(struct hp_replay_opts *o, char **files, int n_files, struct hp_err *err)
{
	int ret = settle_speed(o, err);

	if (ret == 0)
		ret = settle_point(o, err);
	if (ret < 0)
		return ret;
	if (n_files == 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"nothing to play: expected a pcap or pcapng file, or '-'");
	for (int i = 0; i < n_files; i++)
		if (strcmp(files[i], "-") == 0 && (o->loop != 1 || n_files > 1))
			return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"'-' is read once: expected no --loop and no other file");
	o->files = files;
	o->n_files = n_files;
	return 0;
}
