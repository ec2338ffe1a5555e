// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-capture: writes copies of packets from taps to pcapng. A guest of a group: no EAL, no
// hugepage. One thread.

#pragma once

#include "base/hp_guest.h"
#include "base/hp_opts.h"

#include <pcap/pcap.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum hp_capture_compress {
	HP_COMPRESS_AUTO, // by the file's name
	HP_COMPRESS_NONE,
	HP_COMPRESS_GZIP,
};

/** Where a capture ends, or a file of a ring does; 0: not by that. */
struct hp_capture_limit {
	uint64_t us; // of time
	uint64_t bytes; // of a file
	uint64_t packets;
	uint64_t files;
};

/** What to capture at one tap. */
struct hp_capture_tap {
	struct hp_tap tap;
	uint32_t snaplen;
	const char *filter; // as given, NULL: none
	struct bpf_program program;
	uint64_t written; // packets, to the current file
	uint64_t total; // packets, in all
};

struct hp_capture_opts {
	struct hp_guest_conf guest;
	struct hp_strlist points; // -i, -f and -s in the order in which they stood
	struct hp_strlist autostop; // -a
	struct hp_strlist ring; // -b
	struct hp_strlist comments;
	char *write; // -w
	uint64_t count; // -c
	uint64_t buffer; // -B, MiB a lane
	int compress; // enum hp_capture_compress
	bool list, link_types, dump, quiet, pcap, pcapng, group_access;
	bool no_promiscuous;

	// made from these by hp_capture_settle()
	struct hp_capture_limit stop, next_file;
	bool rotates;
	uint32_t n_taps;
	struct hp_capture_tap taps[HP_GUEST_TAPS_MAX];
	const char *filter; // that came before any tap
	uint32_t snaplen;
};

// opts.c

extern const struct hp_opt_set hp_capture_opts;

/** Make taps and limits of the lists. -EINVAL with @p err filled. */
int hp_capture_settle(struct hp_capture_opts *opts, struct hp_err *err);

/** Add a tap, or two where no direction is given. */
int hp_capture_add_tap(struct hp_capture_opts *opts, const char *text, struct hp_err *err);

// filter.c

/** Compile the taps' filters; what libpcap refuses is refused in its words. */
int hp_capture_compile(struct hp_capture_opts *opts, struct hp_err *err);
void hp_capture_free_filters(struct hp_capture_opts *opts);

// output.c

#define HP_STALLED_FOR_EVER UINT64_MAX // there is no reader

/** Asked every now and then while the reader of a pipe takes nothing; false: give up. */
typedef bool (*hp_patience)(void *arg, uint64_t stalled_us);

/** A file, or a stream, that whole blocks are written to. */
struct hp_output {
	int fd;
	bool regular;
	bool stalls; // a pipe or the like: what its reader does not take has to wait
	uint64_t since_us; // monotonic time since when its reader takes nothing, 0: it does
	hp_patience patience; // NULL: wait for ever
	void *arg; // of .patience
	char path[4096];
	uint64_t kept; // bytes up to the end of the last whole block, or of a gzip member
	uint64_t bytes; // the same before compression
	struct hp_gzip *gzip; // NULL: not compressed
};

/**
 * Open @p path, "-" for standard output; what stands in the latter already stays. Waits for the
 * reader of a FIFO.
 * @param out
 *   .patience and .arg set; the rest is filled.
 * @return 0, -errno with @p err filled: -ETIMEDOUT: patience is over.
 */
int hp_output_open(
	struct hp_output *out, const char *path, bool gzip, bool group_access, struct hp_err *err);

/**
 * Write blocks; @p n vectors, whole blocks together. What cannot be written in full is cut off, so
 * that the file ends with a whole block.
 * @param block
 *   Length of the block that begins there, to find where to cut.
 */
int hp_output_write(struct hp_output *out, struct iovec *iov, int n,
	uint32_t (*block)(const uint8_t *at), struct hp_err *err);

/** Let readers see everything that was written. */
int hp_output_flush(struct hp_output *out, struct hp_err *err);

/** Flush and close; an error is the file system's last word on what was written. */
int hp_output_close(struct hp_output *out, struct hp_err *err);

// gzip.c

struct hp_gzip;

struct hp_gzip *hp_gzip_new(void);
void hp_gzip_free(struct hp_gzip *gzip);
/** Compress; -ENOMEM. */
int hp_gzip_add(struct hp_gzip *gzip, const void *data, size_t n);
/** End the member: its bytes, valid until the next call. -ENOMEM. */
int hp_gzip_end(struct hp_gzip *gzip, const uint8_t **data, size_t *n);
/** Bytes that were added to the member that is not ended. */
size_t hp_gzip_pending(const struct hp_gzip *gzip);

// writer.c

/** Everything between the rings and the file. */
struct hp_writer {
	struct hp_capture_opts *opts;
	struct hp_guest *guest;
	struct hp_output out;
	bool open;
	bool full; // a limit is reached: the capture ends
	char *base; // path of the first file
	char (*names)[4096]; // [next_file.files] of the ring
	uint64_t n_files; // so far
	uint64_t file_us; // monotonic time when the current file was begun
	uint64_t start_ns; // of the capture
	uint64_t packets; // in all
	uint64_t file_packets;
	uint64_t flushed_us;
};

/**
 * Open the first file and write its headers. -errno with @p err filled.
 * @param writer
 *   .out.patience and .out.arg set, all else zero.
 */
int hp_writer_open(struct hp_writer *writer, struct hp_capture_opts *opts, struct hp_guest *guest,
	struct hp_err *err);

/**
 * Write what the rings hold.
 * @param final
 *   Nothing more comes.
 * @return 1: something was written; 0: there was nothing; -errno with @p err filled.
 */
int hp_writer_drain(struct hp_writer *writer, bool final, struct hp_err *err);

/** Write the counters and close. @p complete: the file takes more. */
int hp_writer_close(struct hp_writer *writer, bool complete, struct hp_err *err);

// drain.c

#define HP_BATCH_VECTORS 512 // of one writev()
#define HP_BATCH_BYTES (1u << 20) // then the rings get room again

/** What goes to the file at once. */
struct hp_batch {
	struct iovec iov[HP_BATCH_VECTORS];
	int n;
	uint64_t bytes;
	uint64_t packets;
	uint64_t of_tap[HP_GUEST_TAPS_MAX];
	struct hp_pcap_packet *heads; // [HP_BATCH_VECTORS / 2], classic pcap alone
	uint8_t taps[HP_BATCH_VECTORS / 2]; // of each packet, classic pcap alone
};

/** Bounds of a batch. */
struct hp_batch_bounds {
	uint64_t packets; // at most
	uint64_t bytes; // stop once that many are in it
	uint64_t until_ns; // packets of several lanes: none later than that
	bool pcap; // classic
};

/**
 * Collect blocks from the rings, by time where there are several. The rings' .tail move; who writes
 * the batch releases them.
 * @return 0, -EBADMSG: what is in a ring is no block.
 */
int hp_batch_collect(struct hp_batch *batch, struct hp_stream *rings, uint32_t n_rings,
	uint32_t n_taps, const struct hp_batch_bounds *bounds);

/** Only the first @p bytes have been written, whole blocks: count these packets alone. */
void hp_batch_cut(struct hp_batch *batch, uint64_t bytes, bool pcap);

/** Lengths for hp_output_write(). */
uint32_t hp_batch_pcapng_block(const uint8_t *at);
uint32_t hp_batch_pcap_block(const uint8_t *at);
