// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-replay: joins a group as a guest and plays files into it.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000ull
#define LOOK_NS 1000000ull // how often the connection is looked at
#define NAP_NS 20000ull // while the ring is full
#define PROGRESS_NS (NS / 2) // on a terminal
#define PROGRESS_LOG_NS (10 * NS) // anywhere else
#define LEAVE_WITHIN_NS (6 * NS) // longer than the primary waits for a lane

struct replay {
	struct hp_replay_opts opts;
	struct hp_guest guest;
	struct hp_source source;
	struct hp_pace pace;
	uint64_t sent, bytes;
	uint64_t late, worst_ns;
	uint64_t now_ns, looked_ns, shown_ns;
	enum hp_guest_event ended;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t at_ns)
{
	const struct timespec at = {.tv_sec = (time_t)(at_ns / NS), .tv_nsec = (long)(at_ns % NS)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void progress(struct replay *r)
{
	bool terminal = isatty(STDERR_FILENO);

	if (r->opts.quiet || r->now_ns - r->shown_ns < (terminal ? PROGRESS_NS : PROGRESS_LOG_NS))
		return;
	r->shown_ns = r->now_ns;
	fprintf(stderr, terminal ? "\rPackets: %" PRIu64 " " : "Packets: %" PRIu64 "\n", r->sent);
}

// True if something ends the replay. Cheap: most calls only read the clock.
static bool is_over(struct replay *r)
{
	r->now_ns = now_ns();
	if (r->now_ns - r->looked_ns < LOOK_NS)
		return r->ended != HP_GUEST_NOTHING;
	r->looked_ns = r->now_ns;
	progress(r);
	if (r->ended == HP_GUEST_NOTHING)
		r->ended = hp_guest_poll(&r->guest, 0);
	return r->ended != HP_GUEST_NOTHING ||
	       (r->opts.duration_us != 0 &&
		       r->now_ns - r->pace.start_ns >= r->opts.duration_us * 1000);
}

// Wait for the time; what was written before goes first. False: it is over.
static bool wait_until_due(struct replay *r, uint64_t due_ns)
{
	hp_stream_publish(&r->guest.rings[0]);
	while (!is_over(r)) {
		if (r->now_ns >= due_ns)
			return true;
		sleep_until(due_ns - r->now_ns > LOOK_NS ? r->now_ns + LOOK_NS : due_ns);
	}
	return false;
}

// Room for one packet. NULL: it is over.
static uint8_t *wait_for_room(struct replay *r, uint32_t n)
{
	uint8_t *at = hp_stream_room(&r->guest.rings[0], n);

	while (at == NULL) {
		hp_stream_publish(&r->guest.rings[0]);
		if (is_over(r))
			return NULL;
		sleep_until(r->now_ns + NAP_NS);
		at = hp_stream_room(&r->guest.rings[0], n);
	}
	return at;
}

static void note_lateness(struct replay *r, uint64_t due_ns)
{
	uint64_t late_ns = due_ns != 0 && r->now_ns > due_ns ? r->now_ns - due_ns : 0;

	if (late_ns > r->opts.late_us * 1000)
		r->late++;
	if (late_ns > r->worst_ns)
		r->worst_ns = late_ns;
}

static bool put(struct replay *r, const uint8_t *data, uint32_t len, uint64_t due_ns)
{
	const struct hp_guest_packet head = {.len = len};
	uint32_t n = hp_guest_packet_bytes(len);
	uint8_t *at;

	if (due_ns > r->now_ns && !wait_until_due(r, due_ns))
		return false;
	at = wait_for_room(r, n);
	if (at == NULL)
		return false;
	memcpy(at, &head, sizeof(head));
	HP_CRASH_POINT(replay_torn);
	memcpy(at + sizeof(head), data, len);
	r->guest.rings[0].head += n;
	HP_CRASH_POINT(replay_unpublished);
	r->sent++;
	r->bytes += len;
	note_lateness(r, due_ns);
	return true;
}

// While a pipe has nothing: what came before goes out.
static bool goes_on(void *arg)
{
	struct replay *r = arg;

	hp_stream_publish(&r->guest.rings[0]);
	return !is_over(r);
}

static int play(struct replay *r, struct hp_err *err)
{
	const uint8_t *data;
	uint64_t file_ns;
	uint32_t len;
	bool first;
	int ret;

	r->source.goes_on = goes_on;
	r->source.arg = r;
	while (r->opts.limit == 0 || r->sent < r->opts.limit) {
		uint64_t due_ns;

		ret = hp_source_next(&r->source, &data, &len, &file_ns, &first, err);
		if (ret <= 0)
			return ret;
		if (is_over(r))
			break;
		due_ns = hp_pace_due(&r->pace, file_ns, len, first);
		if (!put(r, data, len, due_ns))
			break;
		// Others see packets in groups where they come fast.
		if ((r->sent & 31) == 0)
			hp_stream_publish(&r->guest.rings[0]);
	}
	return 0;
}

// What is in the ring goes out before we do, unless we are told to end.
static void finish(struct replay *r)
{
	struct hp_stream *ring = &r->guest.rings[0];
	uint64_t deadline;

	hp_stream_publish(ring);
	while (r->ended == HP_GUEST_NOTHING &&
		atomic_load_explicit(&ring->ctl->tail, memory_order_acquire) != ring->head) {
		r->ended = hp_guest_poll(&r->guest, 0);
		sleep_until(now_ns() + NAP_NS);
	}
	if (r->ended != HP_GUEST_NOTHING && r->ended != HP_GUEST_SIGNAL)
		return;
	hp_guest_leave(&r->guest);
	deadline = now_ns() + LEAVE_WITHIN_NS;
	while (now_ns() < deadline) {
		enum hp_guest_event event = hp_guest_poll(&r->guest, 10);

		if (event != HP_GUEST_NOTHING && event != HP_GUEST_SIGNAL)
			return;
	}
}

static void summary(const struct replay *r)
{
	double seconds = (double)(now_ns() - r->pace.start_ns) / (double)NS;
	struct hp_guest_sum sum;

	if (r->opts.quiet)
		return;
	hp_guest_count(&r->guest, 0, &sum);
	fprintf(stderr,
		"%sPackets sent: %" PRIu64 " of %" PRIu64 ", %" PRIu64
		" bytes in %.3f s: %.0f packets/s, %.1f Mbit/s\n",
		isatty(STDERR_FILENO) ? "\r" : "", sum.captured, r->sent, r->bytes, seconds,
		(double)r->sent / seconds, (double)r->bytes * 8 / seconds / 1e6);
	fprintf(stderr, "  late: %" PRIu64 ", the latest by %.3f ms\n", r->late,
		(double)r->worst_ns / 1e6);
	if (r->source.cut > 0)
		fprintf(stderr, "  cut in the file, sent as they are there: %" PRIu64 "\n",
			r->source.cut);
	if (r->source.unfit > 0)
		fprintf(stderr, "  no frame, left out: %" PRIu64 "\n", r->source.unfit);
}

static int open_point(struct replay *r, struct hp_err *err)
{
	const struct hp_guest_filter none = {0};
	int ret = hp_guest_resolve(&r->guest, &r->opts.tap, err);

	if (ret == 0)
		ret = hp_guest_make(&r->guest, 1, r->opts.buffer << 20, err);
	if (ret == 0)
		ret = hp_guest_add_tap(&r->guest, &r->opts.tap, HP_GUEST_SNAPLEN_MAX, &none, err);
	return ret == 0 ? hp_guest_open(&r->guest, err) : ret;
}

static int end_code(const struct replay *r, struct hp_err *err)
{
	if (r->ended == HP_GUEST_SHUTDOWN)
		hp_err_set(err, HP_EXIT_AGAIN, ESHUTDOWN, "the primary has shut down");
	else if (r->ended == HP_GUEST_LOST)
		hp_err_set(err, HP_EXIT_AGAIN, EPIPE, "the primary is gone");
	else if (r->ended == HP_GUEST_EVICTED)
		hp_err_set(err, HP_EXIT_OTHER, EPERM, "the primary ends this replay: %.900s",
			r->guest.why);
	return err->exit_code;
}

static int replay(struct replay *r, struct hp_err *err)
{
	int ret = hp_source_open(&r->source, &r->opts, err);

	if (ret == 0)
		ret = hp_guest_join(&r->guest, &r->opts.guest, HP_GUEST_REPLAY, err);
	if (ret == 0)
		ret = open_point(r, err);
	if (ret < 0)
		return err->exit_code;
	prctl(PR_SET_TIMERSLACK, 1); // the default of 50 us would make each packet late
	hp_pace_start(&r->pace, &r->opts, now_ns());
	r->shown_ns = r->pace.start_ns;
	play(r, err);
	finish(r);
	summary(r);
	return end_code(r, err);
}

int main(int argc, char **argv)
{
	struct replay *r = calloc(1, sizeof(*r));
	struct hp_err err = {0};
	int code = HP_EXIT_OK, index = 0, ret;

	if (r == NULL)
		return HP_EXIT_OTHER;
	r->guest.fd = r->guest.mem_fd = r->guest.signal_fd = -1;
	ret = hp_opts_defaults(&hp_replay_opts, &r->opts);
	if (ret == 0)
		ret = hp_opts_parse_argv(
			&hp_replay_opts, &r->opts, argc, argv, NULL, &index, stdout, &err);
	if (ret == 0)
		ret = hp_replay_settle(&r->opts, argv + index, argc - index, &err);
	if (ret == 0 && hp_guest_default_name(&r->opts.guest, "replay") < 0)
		ret = hp_err_set(&err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	if (ret < 0) {
		code = err.exit_code;
	} else if (ret == 0) {
		hp_log_setup("hp-replay", r->opts.guest.name,
			(enum hp_log_format)r->opts.guest.log_format,
			(enum hp_log_level)r->opts.guest.log_level);
		code = replay(r, &err);
	}
	if (code != HP_EXIT_OK && err.text[0] != '\0')
		fprintf(stderr, "hp-replay: %s\n", err.text);
	hp_source_close(&r->source);
	hp_guest_close(&r->guest);
	hp_opts_free(&hp_replay_opts, &r->opts);
	free(r);
	return code;
}
