// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Options of hp-capture: dumpcap's letters.

#include "base/hp_log.h"
#include "capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) .offset = offsetof(struct hp_capture_opts, field)
#define FILES_MAX 100000 // of a ring
#define KB 1000 // bytes of dumpcap's kB
#define SECONDS_MAX 1e9 // of a limit: 31 years

static const char *const compress_words[] = {"auto", "none", "gzip", NULL};

static const char *check_snaplen(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && *end == '\0' && n <= HP_GUEST_SNAPLEN_MAX
		       ? NULL
		       : "0 (everything) to 262144";
}

// clang-format off
static const struct hp_opt opts[] = {
	{"interface", 'i', HP_OPT_LIST, HP_OPT_CLI, AT(points), .min = 1, .max = 255, .tag = "i",
	 .arg = "TAP", .section = "Packets",
	 .help = "Where to capture: port:NAME[:rx|:tx], link:NAME[:in|:out], queue:NUMBER[:rx|:tx] of "
	 "workers, drop[:REASON], or a port's name, number or device alone; repeatable. Without a direction, both. Default: the first port."},
	{"filter", 'f', HP_OPT_LIST, HP_OPT_CLI, AT(points), .min = 0, .max = HP_GUEST_FILTER_TEXT, .spaces = true, .tag = "f",
	 .arg = "FILTER", .section = "Packets",
	 .help = "Capture only packets that this libpcap filter takes: of the -i before it, or of all "
	 "if it comes first."},
	{"snapshot-length", 's', HP_OPT_LIST, HP_OPT_CLI, AT(points), .min = 1, .max = 15, .tag = "s",
	 .arg = "BYTES", .section = "Packets", .check = check_snaplen,
	 .help = "Bytes of each packet that are kept, 0: all; of the -i before it, or of all if it comes "
	 "first."},
	{"no-promiscuous-mode", 'p', HP_OPT_FLAG, HP_OPT_CLI, AT(no_promiscuous), .section = "Packets",
	 .help = "Taken for dumpcap's sake: a tap changes nothing of a port."},
	{"buffer-size", 'B', HP_OPT_UINT, HP_OPT_CLI, AT(buffer), .min = 1, .max = 1024, .def = "16",
	 .power_of_two = true, .arg = "MIB", .section = "Packets",
	 .help = "Memory for packets that wait to be written, in MiB a lane of the primary and a worker queue."},
	{"write", 'w', HP_OPT_STRING, HP_OPT_CLI, AT(write), .min = 1, .max = 4000, .arg = "FILE",
	 .section = "Output",
	 .help = "The file, '-' for standard output. Default: a new one in $TMPDIR, whose name is "
	 "printed."},
	{"pcapng", 'n', HP_OPT_FLAG, HP_OPT_CLI, AT(pcapng), .section = "Output",
	 .help = "Write pcapng, which is the default."},
	{"pcap", 'P', HP_OPT_FLAG, HP_OPT_CLI, AT(pcap), .section = "Output",
	 .help = "Write classic pcap, with nanoseconds: no names, comments, directions and counters."},
	{"compress", 0, HP_OPT_ENUM, HP_OPT_CLI, AT(compress), .words = compress_words, .def = "auto",
	 .arg = "auto|none|gzip", .section = "Output",
	 .help = "auto: gzip if the file's name ends in .gz."},
	{"group-access", 'g', HP_OPT_FLAG, HP_OPT_CLI, AT(group_access), .section = "Output",
	 .help = "Let the file's group read it."},
	{"capture-comment", 0, HP_OPT_LIST, HP_OPT_CLI, AT(comments), .min = 1, .max = 1000,
	 .arg = "TEXT", .section = "Output", .help = "A comment for the file; repeatable."},
	{"ring-buffer", 'b', HP_OPT_LIST, HP_OPT_CLI, AT(ring), .min = 3, .max = 40,
	 .arg = "COND:VALUE", .section = "Output",
	 .help = "Begin another file after duration:SECONDS, filesize:KB or packets:N; files:N keeps the "
	 "last N. Repeatable."},
	{"count", 'c', HP_OPT_UINT, HP_OPT_CLI, AT(count), .min = 1, .arg = "N", .section = "End",
	 .help = "End after so many packets."},
	{"autostop", 'a', HP_OPT_LIST, HP_OPT_CLI, AT(autostop), .min = 3, .max = 40,
	 .arg = "COND:VALUE", .section = "End",
	 .help = "End after duration:SECONDS, filesize:KB, packets:N or files:N. Repeatable."},
	{"list-interfaces", 'D', HP_OPT_FLAG, HP_OPT_CLI, AT(list), .section = "Information",
	 .help = "List the taps and end."},
	{"list-data-link-types", 'L', HP_OPT_FLAG, HP_OPT_CLI, AT(link_types), .section = "Information",
	 .help = "List the link types of the taps and end."},
	{"dump", 'd', HP_OPT_FLAG, HP_OPT_CLI, AT(dump), .section = "Information",
	 .help = "Print the filters' BPF code and end."},
	{"quiet", 'q', HP_OPT_FLAG, HP_OPT_CLI, AT(quiet), .section = "Information",
	 .help = "Say nothing about progress."},
	HP_GUEST_OPTS(struct hp_capture_opts, "capture"),
	{NULL},
};
// clang-format on

const struct hp_opt_set hp_capture_opts = {
	.program = "hp-capture",
	.summary = "packets of a hugepod group, from any tap to a pcapng file",
	.usage = "[OPTIONS]",
	.details =
		"hp-capture joins the group of --file-prefix as a guest: it needs the runtime "
		"directory and the primary's uid, no hugepage and no capability. The primary "
		"copies "
		"packets into memory that hp-capture brings along. A capture that is slow or dies "
		"loses packets of its own; they are counted, and the traffic goes on. The counters "
		"stand at the end of the file and on standard error. The exit code is 0 after a "
		"limit or a signal, 75 if the primary ends.",
	.opts = opts,
};

int hp_capture_add_tap(struct hp_capture_opts *o, const char *text, struct hp_err *err)
{
	struct hp_tap taps[2];
	char full[HP_TAP_TEXT * 4];
	int n;

	snprintf(full, sizeof(full), "%s%s", hp_tap_named(text) ? "" : "port:", text);
	n = hp_tap_parse(taps, full, err);
	for (int i = 0; i < n; i++) {
		if (o->n_taps == HP_GUEST_TAPS_MAX)
			return hp_err_set(err, HP_EXIT_USAGE, ENOSPC, "-i: more than %d taps",
				HP_GUEST_TAPS_MAX);
		o->taps[o->n_taps++] = (struct hp_capture_tap){
			.tap = taps[i], .snaplen = o->snaplen, .filter = o->filter};
	}
	return n < 0 ? n : 0;
}

static int bad_limit(char letter, const char *text, struct hp_err *err)
{
	char quoted[HP_QUOTE_SIZE];

	return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
		"-%c '%s': expected duration:SECONDS, filesize:KB, packets:N or files:N, each "
		"above 0",
		letter, hp_err_quote(quoted, sizeof(quoted), text));
}

// With a fraction, as dumpcap takes it.
static int parse_seconds(uint64_t *us, const char *text)
{
	char *end = NULL;
	double seconds;

	if (text[strspn(text, "0123456789.")] != '\0')
		return -EINVAL; // no hexadecimal, no exponent
	seconds = strtod(text, &end);
	if (*end != '\0' || !(seconds >= 0.001) || seconds > SECONDS_MAX)
		return -EINVAL;
	*us = (uint64_t)(seconds * 1e6 + 0.5);
	return 0;
}

static int parse_limit(
	struct hp_capture_limit *limit, char letter, const char *text, struct hp_err *err)
{
	const char *colon = strchr(text, ':');
	char *end = NULL;
	unsigned long long value;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return bad_limit(letter, text, err);
	if (strncmp(text, "duration:", 9) == 0)
		return parse_seconds(&limit->us, colon + 1) < 0 ? bad_limit(letter, text, err) : 0;
	errno = 0;
	value = strtoull(colon + 1, &end, 10);
	if (*end != '\0' || errno != 0 || value == 0 || value > UINT64_MAX / KB)
		return bad_limit(letter, text, err);
	if (strncmp(text, "filesize:", 9) == 0)
		limit->bytes = value * KB;
	else if (strncmp(text, "packets:", 8) == 0)
		limit->packets = value;
	else if (strncmp(text, "files:", 6) == 0)
		limit->files = value;
	else
		return bad_limit(letter, text, err);
	return 0;
}

static int settle_limits(struct hp_capture_opts *o, struct hp_err *err)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < o->autostop.n; i++)
		ret = parse_limit(&o->stop, 'a', o->autostop.items[i], err);
	for (uint32_t i = 0; ret == 0 && i < o->ring.n; i++)
		ret = parse_limit(&o->next_file, 'b', o->ring.items[i], err);
	if (ret < 0)
		return ret;
	if (o->count != 0 && (o->stop.packets == 0 || o->count < o->stop.packets))
		o->stop.packets = o->count;
	o->rotates = o->ring.n > 0;
	if (o->rotates && o->next_file.us + o->next_file.bytes + o->next_file.packets == 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"-b files alone: say when the next file begins, as with -b filesize:1000");
	if (o->rotates && (o->write == NULL || strcmp(o->write, "-") == 0))
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"-b: several files need a name to begin with: -w FILE");
	if (o->stop.files != 0 && !o->rotates)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "-a files: there is one without -b");
	if (o->next_file.files > FILES_MAX)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "-b files: at most %d", FILES_MAX);
	return 0;
}

// A filter or length behind a tap is of that tap alone; "-i port:0" may have made two.
static int settle_point(
	struct hp_capture_opts *o, const char *item, uint32_t *first, struct hp_err *err)
{
	uint32_t snaplen;

	switch (item[0]) {
	case 'i':
		*first = o->n_taps;
		return hp_capture_add_tap(o, item + 1, err);
	case 'f':
		if (o->n_taps == 0)
			o->filter = item + 1;
		for (uint32_t t = *first; t < o->n_taps; t++)
			o->taps[t].filter = item + 1;
		return 0;
	default:
		snaplen = (uint32_t)strtoul(item + 1, NULL, 10);
		if (snaplen == 0)
			snaplen = HP_GUEST_SNAPLEN_MAX;
		if (o->n_taps == 0)
			o->snaplen = snaplen;
		for (uint32_t t = *first; t < o->n_taps; t++)
			o->taps[t].snaplen = snaplen;
		return 0;
	}
}

int hp_capture_settle(struct hp_capture_opts *o, struct hp_err *err)
{
	uint32_t first = 0;
	int ret;

	o->snaplen = HP_GUEST_SNAPLEN_MAX;
	for (uint32_t i = 0; i < o->points.n; i++) {
		ret = settle_point(o, o->points.items[i], &first, err);
		if (ret < 0)
			return ret;
	}
	if (o->pcap && o->pcapng)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "-n and -P: expected one of them");
	return settle_limits(o, err);
}
