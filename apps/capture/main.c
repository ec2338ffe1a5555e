// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-capture: joins a group as a guest, writes what its taps see until a limit, a signal or the
// group's end.

#include "base/hp_log.h"
#include "base/hp_time.h"
#include "capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLEEP_MIN_MS 1 // between looks at empty rings, doubled up to
#define SLEEP_MAX_MS 8 // which a ring of some MiB outlasts at any rate
#define PROGRESS_US 500000 // on a terminal
#define PROGRESS_LOG_US 10000000 // anywhere else
#define LEAVE_WITHIN_US 6000000 // longer than the primary waits for a lane
#define STALLED_US 2000000 // then an end does not wait for the reader of a pipe any longer

struct capture {
	struct hp_capture_opts opts;
	struct hp_guest guest;
	struct hp_writer writer;
	uint64_t started_us, shown_us;
	unsigned int signals; // that have told us to end
	uint64_t told_us; // when something was first seen to end it
	bool left; // the taps are off
	enum hp_guest_event ended; // why the group ends it
};

static void progress(struct capture *c)
{
	bool terminal = isatty(STDERR_FILENO);
	uint64_t now = hp_now_us();

	if (c->opts.quiet || now - c->shown_us < (terminal ? PROGRESS_US : PROGRESS_LOG_US))
		return;
	c->shown_us = now;
	fprintf(stderr, terminal ? "\rPackets: %" PRIu64 " " : "Packets: %" PRIu64 "\n",
		c->writer.packets);
}

static void summary(const struct capture *c)
{
	char text[HP_TAP_TEXT];
	struct hp_guest_sum sum;

	if (c->opts.quiet)
		return;
	fprintf(stderr, "%sPackets captured: %" PRIu64 "\n", isatty(STDERR_FILENO) ? "\r" : "",
		c->writer.packets);
	for (uint32_t t = 0; t < c->opts.n_taps; t++) {
		hp_guest_count(&c->guest, t, &sum);
		fprintf(stderr,
			"  %s: %" PRIu64 " seen, %" PRIu64 " written, %" PRIu64 " lost (%.1f%%)\n",
			hp_tap_text(text, sizeof(text), &c->opts.taps[t].tap), sum.seen,
			c->opts.taps[t].total, sum.lost,
			sum.captured + sum.lost > 0
				? 100.0 * (double)sum.lost / (double)(sum.captured + sum.lost)
				: 0.0);
	}
}

static bool time_is_up(const struct capture *c)
{
	return c->opts.stop.us != 0 && c->started_us != 0 &&
	       hp_now_us() - c->started_us >= c->opts.stop.us;
}

static void look(struct capture *c, int timeout_ms)
{
	enum hp_guest_event event = hp_guest_poll(&c->guest, timeout_ms);

	if (event == HP_GUEST_SIGNAL)
		c->signals++;
	else if (event == HP_GUEST_LEFT)
		c->left = true;
	else if (event != HP_GUEST_NOTHING)
		c->ended = event;
}

// It goes on until something ends it; c->left alone does not.
static bool is_told_to_end(const struct capture *c)
{
	return c->signals > 0 || c->ended != HP_GUEST_NOTHING || time_is_up(c);
}

// Of the writer, while nobody takes what it writes: a moment more, or until the second signal.
static bool has_patience(void *arg, uint64_t stalled_us)
{
	struct capture *c = arg;
	uint64_t now = hp_now_us();

	if (c->ended == HP_GUEST_NOTHING)
		look(c, 0);
	if (!is_told_to_end(c))
		return true;
	if (c->told_us == 0)
		c->told_us = now;
	return c->signals < 2 && stalled_us != HP_STALLED_FOR_EVER &&
	       (stalled_us < STALLED_US || now - c->told_us < STALLED_US);
}

// Until something ends the capture.
static int capture_packets(struct capture *c, struct hp_err *err)
{
	int sleep_ms = 0;
	int ret;

	while (!c->writer.full && !is_told_to_end(c)) {
		look(c, sleep_ms);
		if (is_told_to_end(c))
			break;
		ret = hp_writer_drain(&c->writer, false, err);
		if (ret < 0)
			return ret;
		if (ret > 0)
			sleep_ms = 0;
		else if (sleep_ms < SLEEP_MAX_MS)
			sleep_ms = sleep_ms == 0 ? SLEEP_MIN_MS : sleep_ms * 2;
		progress(c);
	}
	return 0;
}

// The taps go; what they had copied until then is written, unless a limit is reached.
static int finish(struct capture *c, struct hp_err *err)
{
	uint64_t deadline = hp_now_us() + LEAVE_WITHIN_US;
	int ret = 0;

	if (c->ended == HP_GUEST_NOTHING)
		hp_guest_leave(&c->guest);
	while (ret >= 0 && c->ended == HP_GUEST_NOTHING && !c->left && hp_now_us() < deadline) {
		look(c, 1);
		if (!c->writer.full)
			ret = hp_writer_drain(&c->writer, false, err);
	}
	while (ret >= 0 && !c->writer.full) {
		ret = hp_writer_drain(&c->writer, true, err);
		if (ret == 0)
			break;
	}
	return ret < 0 ? ret : hp_writer_close(&c->writer, true, err);
}

static int list_taps(const struct hp_guest *guest)
{
	const struct hp_wire_welcome *w = &guest->welcome;
	char text[HP_TAP_TEXT], what[256];
	unsigned int n = 0;

	for (uint32_t i = 0; i < w->n_points; i++)
		for (unsigned int d = 0; d < 2; d++) {
			bool port = w->points[i].device[0] != '\0';
			struct hp_tap tap = {
				.kind = (uint8_t)((port ? HP_TAP_PORT_RX : HP_TAP_LINK_IN) + d)};

			memcpy(tap.name, w->points[i].name, sizeof(tap.name));
			printf("%u. %s (%s%s%s)\n", ++n, hp_tap_text(text, sizeof(text), &tap),
				hp_tap_describe(what, sizeof(what), &tap), port ? ", device " : "",
				w->points[i].device);
		}
	for (uint32_t q = 0; q < 2 * w->n_queues; q++) {
		struct hp_tap tap = {.kind = (uint8_t)(HP_TAP_QUEUE_RX + q % 2)};

		snprintf(tap.name, sizeof(tap.name), "%u", q / 2);
		printf("%u. %s (%s)\n", ++n, hp_tap_text(text, sizeof(text), &tap),
			hp_tap_describe(what, sizeof(what), &tap));
	}
	printf("%u. drop (dropped, with the reason)\n", ++n);
	return HP_EXIT_OK;
}

static int dump_filters(const struct hp_capture_opts *opts)
{
	char text[HP_TAP_TEXT];

	for (uint32_t t = 0; t < opts->n_taps; t++) {
		printf("%s\n", hp_tap_text(text, sizeof(text), &opts->taps[t].tap));
		bpf_dump(&opts->taps[t].program, 1);
	}
	return HP_EXIT_OK;
}

static int open_taps(struct capture *c, struct hp_err *err)
{
	struct hp_guest *guest = &c->guest;
	int ret = 0;

	for (uint32_t t = 0; ret == 0 && t < c->opts.n_taps; t++)
		ret = hp_guest_resolve(guest, &c->opts.taps[t].tap, err);
	if (ret == 0)
		ret = hp_guest_make(guest, guest->welcome.n_lanes + guest->welcome.n_queues,
			c->opts.buffer << 20, err);
	for (uint32_t t = 0; ret == 0 && t < c->opts.n_taps; t++) {
		const struct hp_capture_tap *tap = &c->opts.taps[t];
		const struct hp_guest_filter filter = {
			.insns = tap->program.bf_insns, .n = tap->program.bf_len};

		ret = hp_guest_add_tap(guest, &tap->tap, tap->snaplen, &filter, err);
	}
	// A file that cannot be written is found before anything is copied.
	c->writer.out = (struct hp_output){.patience = has_patience, .arg = c};
	if (ret == 0)
		ret = hp_writer_open(&c->writer, &c->opts, guest, err);
	if (ret == 0)
		ret = hp_guest_open(guest, err);
	return ret;
}

static int end_code(const struct capture *c, struct hp_err *err)
{
	switch (c->ended) {
	case HP_GUEST_SHUTDOWN:
		hp_err_set(err, HP_EXIT_AGAIN, ESHUTDOWN, "the primary has shut down");
		break;
	case HP_GUEST_LOST:
		hp_err_set(err, HP_EXIT_AGAIN, EPIPE, "the primary is gone");
		break;
	case HP_GUEST_EVICTED:
		hp_err_set(err, HP_EXIT_OTHER, EPERM, "the primary ends this capture: %.900s",
			c->guest.why);
		break;
	default:
		return HP_EXIT_OK;
	}
	return err->exit_code;
}

static int capture(struct capture *c, struct hp_err *err)
{
	int ret = hp_guest_join(&c->guest, &c->opts.guest, HP_GUEST_CAPTURE, err);

	if (ret < 0)
		return err->exit_code;
	if (c->opts.list)
		return list_taps(&c->guest);
	ret = open_taps(c, err);
	if (ret == 0) {
		c->started_us = hp_now_us();
		c->shown_us = c->started_us;
		ret = capture_packets(c, err);
		if (ret == 0)
			ret = finish(c, err);
		summary(c);
	}
	if (ret < 0) {
		struct hp_err ignored = {0}; // the first error is told

		hp_writer_close(&c->writer, false, &ignored);
		return err->exit_code;
	}
	return end_code(c, err);
}

static int prepare(struct capture *c, int argc, char **argv, struct hp_err *err)
{
	int ret = hp_opts_defaults(&hp_capture_opts, &c->opts);

	if (ret == 0)
		ret = hp_opts_parse_argv(
			&hp_capture_opts, &c->opts, argc, argv, NULL, NULL, stdout, err);
	if (ret == 0)
		ret = hp_capture_settle(&c->opts, err);
	if (ret == 0 && c->opts.n_taps == 0)
		ret = hp_capture_add_tap(&c->opts, "port:0", err);
	if (ret == 0)
		ret = hp_capture_compile(&c->opts, err);
	if (ret == 0 && hp_guest_default_name(&c->opts.guest, "capture") < 0)
		ret = hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	return ret;
}

int main(int argc, char **argv)
{
	struct capture *c = calloc(1, sizeof(*c));
	struct hp_err err = {0};
	int code = HP_EXIT_OK, ret;

	if (c == NULL)
		return HP_EXIT_OTHER;
	c->guest.fd = c->guest.mem_fd = c->guest.signal_fd = -1;
	ret = prepare(c, argc, argv, &err);
	if (ret < 0) {
		code = err.exit_code;
	} else if (ret == 0) {
		hp_log_setup("hp-capture", c->opts.guest.name,
			(enum hp_log_format)c->opts.guest.log_format,
			(enum hp_log_level)c->opts.guest.log_level);
		if (c->opts.dump)
			code = dump_filters(&c->opts);
		else if (c->opts.link_types)
			printf("Data link types of every tap:\n  EN10MB (Ethernet)\n");
		else
			code = capture(c, &err);
	}
	if (code != HP_EXIT_OK && err.text[0] != '\0')
		fprintf(stderr, "hp-capture: %s\n", err.text);
	hp_guest_close(&c->guest);
	hp_capture_free_filters(&c->opts);
	free(c->writer.base);
	free(c->writer.names);
	hp_opts_free(&hp_capture_opts, &c->opts);
	free(c);
	return code;
}
