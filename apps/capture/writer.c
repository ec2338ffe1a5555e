// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Files of a capture: headers, packets, counters at the end, the next file of a ring.

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_pcapng.h"
#include "base/hp_time.h"
#include "capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

HP_LOG_TYPE("writer");

#define ORDER_NS 2000000u // how late a lane may publish a packet, where several are merged by time
#define FLUSH_US 1000000u // readers of a compressed file see packets after that

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static bool is_gzip(const struct hp_capture_opts *o, const char *path)
{
	size_t len = strlen(path);

	if (o->compress != HP_COMPRESS_AUTO)
		return o->compress == HP_COMPRESS_GZIP;
	return len > 3 && strcmp(path + len - 3, ".gz") == 0;
}

static uint32_t file_header_block(const uint8_t *at)
{
	(void)at;
	return sizeof(struct hp_pcap_file);
}

static int write_pcap_header(struct hp_writer *w, struct hp_err *err)
{
	struct hp_pcap_file head = {
		.magic = HP_PCAP_MAGIC_NS,
		.major = 2,
		.minor = 4,
		.snaplen = HP_GUEST_SNAPLEN_MAX,
		.linktype = HP_PCAPNG_ETHERNET,
	};
	struct iovec iov = {.iov_base = &head, .iov_len = sizeof(head)};

	return hp_output_write(&w->out, &iov, 1, file_header_block, err);
}

static int write_block(struct hp_writer *w, uint8_t *block, uint32_t n, struct hp_err *err)
{
	struct iovec iov = {.iov_base = block, .iov_len = n};

	return hp_output_write(&w->out, &iov, 1, hp_batch_pcapng_block, err);
}

static int write_headers(struct hp_writer *w, struct hp_err *err)
{
	const struct hp_capture_opts *o = w->opts;
	uint8_t block[HP_PCAPNG_BLOCK_MAX];
	char comment[4096] = "", name[HP_TAP_TEXT], what[256];
	size_t used = 0;
	int ret;

	if (o->pcap)
		return write_pcap_header(w, err);
	for (uint32_t i = 0; i < o->comments.n && used < sizeof(comment); i++)
		used += (size_t)snprintf(comment + used, sizeof(comment) - used, "%s%s",
			i > 0 ? "\n" : "", o->comments.items[i]);
	ret = write_block(w, block, hp_pcapng_shb(block, "hp-capture " HP_VERSION, comment), err);
	for (uint32_t t = 0; ret == 0 && t < o->n_taps; t++) {
		const struct hp_pcapng_iface iface = {
			.name = hp_tap_text(name, sizeof(name), &o->taps[t].tap),
			.description = hp_tap_describe(what, sizeof(what), &o->taps[t].tap),
			.filter = o->taps[t].filter,
			.snaplen = o->taps[t].snaplen,
		};

		ret = write_block(w, block, hp_pcapng_idb(block, &iface), err);
	}
	return ret;
}

static int write_counters(struct hp_writer *w, struct hp_err *err)
{
	uint8_t block[HP_PCAPNG_BLOCK_MAX];
	struct hp_guest_sum sum;
	int ret = 0;

	for (uint32_t t = 0; ret == 0 && !w->opts->pcap && t < w->opts->n_taps; t++) {
		hp_guest_count(w->guest, t, &sum);
		const struct hp_pcapng_stats stats = {
			.start_ns = w->start_ns,
			.end_ns = wall_ns(),
			.seen = sum.seen,
			.accepted = sum.captured + sum.lost,
			.lost = sum.lost,
			.written = w->opts->taps[t].written,
		};

		ret = write_block(w, block, hp_pcapng_isb(block, t, &stats), err);
	}
	return ret;
}

// "dir/name.pcapng.gz" becomes "dir/name_00001_20261122041500.pcapng.gz", as dumpcap does it.
static int ring_name(const struct hp_writer *w, char *path, size_t size, struct hp_err *err)
{
	const char *slash = strrchr(w->base, '/');
	const char *dot = strchr(slash != NULL ? slash + 1 : w->base, '.');
	int stem = (int)(dot != NULL ? dot - w->base : (ptrdiff_t)strlen(w->base));
	char when[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(when, sizeof(when), "%Y%m%d%H%M%S", localtime_r(&now, &tm));
	if ((size_t)snprintf(path, size, "%.*s_%05" PRIu64 "_%s%s", stem, w->base, w->n_files + 1,
		    when, dot != NULL ? dot : "") >= size)
		return hp_err_set(err, HP_EXIT_USAGE, ENAMETOOLONG, "-w: the name is too long");
	return 0;
}

static void drop_oldest(struct hp_writer *w, const char *path)
{
	uint64_t room = w->opts->next_file.files;
	char *place;

	if (room == 0)
		return;
	place = w->names[w->n_files % room];
	if (w->n_files >= room && unlink(place) < 0)
		HP_LOG(WARNING, "%s: %s", place, strerror(errno));
	snprintf(place, sizeof(w->names[0]), "%s", path);
}

static int open_file(struct hp_writer *w, struct hp_err *err)
{
	char path[4096];
	int ret = 0;

	if (w->opts->rotates)
		ret = ring_name(w, path, sizeof(path), err);
	else
		snprintf(path, sizeof(path), "%s", w->base);
	if (ret == 0)
		ret = hp_output_open(
			&w->out, path, is_gzip(w->opts, path), w->opts->group_access, err);
	if (ret < 0)
		return ret;
	drop_oldest(w, path);
	w->open = true;
	w->n_files++;
	w->file_us = hp_now_us();
	w->file_packets = 0;
	for (uint32_t t = 0; t < w->opts->n_taps; t++)
		w->opts->taps[t].written = 0;
	return write_headers(w, err);
}

// Without -w a new file, readable by this user alone, as dumpcap makes it.
static int temporary(struct hp_writer *w, struct hp_err *err)
{
	const char *dir = getenv("TMPDIR");
	const char *end = w->opts->pcap ? ".pcap" : ".pcapng";
	int fd;

	if (asprintf(&w->base, "%s/hp-capture_XXXXXX%s", dir != NULL ? dir : "/tmp", end) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	fd = mkstemps(w->base, (int)strlen(end));
	if (fd < 0)
		return hp_err_set(err, HP_EXIT_OTHER, errno, "%s: %s: name a file with -w", w->base,
			strerror(errno));
	close(fd);
	fprintf(stderr, "File: %s\n", w->base);
	return 0;
}

int hp_writer_open(struct hp_writer *w, struct hp_capture_opts *opts, struct hp_guest *guest,
	struct hp_err *err)
{
	int ret = 0;

	w->opts = opts;
	w->guest = guest;
	w->start_ns = wall_ns();
	if (opts->write == NULL)
		ret = temporary(w, err);
	else
		w->base = strdup(opts->write);
	if (ret == 0 && opts->next_file.files != 0)
		w->names = calloc(opts->next_file.files, sizeof(*w->names));
	if (ret == 0 && (w->base == NULL || (opts->next_file.files != 0 && w->names == NULL)))
		ret = hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	if (ret == 0 && strcmp(w->base, "-") == 0 && isatty(STDOUT_FILENO))
		ret = hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"-w -: standard output is a terminal: send it into a file or a pipe");
	return ret == 0 ? open_file(w, err) : ret;
}

int hp_writer_close(struct hp_writer *w, bool complete, struct hp_err *err)
{
	int ret = 0, closed;

	if (!w->open)
		return 0;
	w->open = false;
	if (complete)
		ret = write_counters(w, err);
	closed = hp_output_close(&w->out, err);
	return ret < 0 ? ret : closed;
}

static int next_file(struct hp_writer *w, struct hp_err *err)
{
	int ret = hp_writer_close(w, true, err);

	if (ret == 0 && w->opts->stop.files != 0 && w->n_files >= w->opts->stop.files) {
		w->full = true;
		return 0;
	}
	return ret == 0 ? open_file(w, err) : ret;
}

static bool reached(uint64_t limit, uint64_t value)
{
	return limit != 0 && value >= limit;
}

static int look_at_limits(struct hp_writer *w, struct hp_err *err)
{
	const struct hp_capture_opts *o = w->opts;

	if (reached(o->stop.packets, w->packets) ||
		(!o->rotates && reached(o->stop.bytes, w->out.bytes))) {
		w->full = true;
		return 0;
	}
	if (o->rotates && (reached(o->next_file.packets, w->file_packets) ||
				  reached(o->next_file.bytes, w->out.bytes) ||
				  reached(o->stop.bytes, w->out.bytes) ||
				  reached(o->next_file.us, hp_now_us() - w->file_us)))
		return next_file(w, err);
	return 0;
}

// What is left to a limit, at least 1.
static void tighten(uint64_t *bound, uint64_t limit, uint64_t value)
{
	if (limit != 0 && *bound > limit - (value < limit ? value : limit - 1))
		*bound = limit - (value < limit ? value : limit - 1);
}

static void count_batch(struct hp_writer *w, const struct hp_batch *batch)
{
	for (uint32_t t = 0; t < w->opts->n_taps; t++) {
		w->opts->taps[t].written += batch->of_tap[t];
		w->opts->taps[t].total += batch->of_tap[t];
	}
	w->packets += batch->packets;
	w->file_packets += batch->packets;
}

static int write_batch(struct hp_writer *w, struct hp_batch *batch, struct hp_err *err)
{
	uint64_t kept = w->out.kept;
	int ret;

	HP_CRASH_POINT(guest_collected);
	ret = hp_output_write(&w->out, batch->iov, batch->n,
		w->opts->pcap ? hp_batch_pcap_block : hp_batch_pcapng_block, err);
	if (ret < 0) {
		// Of a compressed file a member is lost that holds other batches too.
		if (w->out.gzip == NULL) {
			hp_batch_cut(batch, w->out.kept - kept, w->opts->pcap);
			count_batch(w, batch);
		}
		return ret;
	}
	HP_CRASH_POINT(guest_written);
	for (uint32_t r = 0; r < w->guest->shm->n_rings; r++)
		hp_stream_release(&w->guest->rings[r]);
	count_batch(w, batch);
	return 0;
}

static int flush(struct hp_writer *w, struct hp_err *err)
{
	uint64_t now = hp_now_us();

	if (now - w->flushed_us < FLUSH_US)
		return 0;
	w->flushed_us = now;
	return hp_output_flush(&w->out, err);
}

int hp_writer_drain(struct hp_writer *w, bool final, struct hp_err *err)
{
	const struct hp_capture_opts *o = w->opts;
	static struct hp_pcap_packet heads[HP_BATCH_VECTORS / 2];
	struct hp_batch_bounds bounds = {
		.packets = UINT64_MAX,
		.bytes = HP_BATCH_BYTES,
		.until_ns = final ? UINT64_MAX : wall_ns() - ORDER_NS,
		.pcap = o->pcap,
	};
	struct hp_batch batch;
	int ret;

	batch.heads = heads;
	tighten(&bounds.packets, o->stop.packets, w->packets);
	tighten(&bounds.packets, o->next_file.packets, w->file_packets);
	tighten(&bounds.bytes, o->stop.bytes, w->out.bytes);
	tighten(&bounds.bytes, o->next_file.bytes, w->out.bytes);
	if (hp_batch_collect(&batch, w->guest->rings, w->guest->shm->n_rings, o->n_taps, &bounds) <
		0)
		return hp_err_set(err, HP_EXIT_OTHER, EBADMSG,
			"what the primary wrote is no packet: is it of another release?");
	ret = batch.n > 0 ? write_batch(w, &batch, err) : flush(w, err);
	if (ret == 0)
		ret = look_at_limits(w, err);
	return ret < 0 ? ret : batch.n > 0;
}
