// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-replay: plays pcap and pcapng files into a port or link of a group. A guest: no EAL, no
// hugepage. One thread.

#pragma once

#include "base/hp_guest.h"
#include "base/hp_opts.h"

#include <pcap/pcap.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define HP_REPLAY_LEN_MIN 14u // an Ethernet header; shorter is no frame
#define HP_REPLAY_LEN_MAX 65535u

struct hp_replay_opts {
	struct hp_guest_conf guest;
	char *interface;
	char *filter;
	char *multiplier; // as given; .speed in thousandths
	uint64_t pps;
	uint64_t mbps;
	bool topspeed;
	uint64_t loop; // 0: for ever
	uint64_t limit; // packets
	uint64_t duration_us;
	uint64_t late_us; // what counts as late
	uint64_t buffer; // MiB
	bool quiet;

	// made from these
	uint64_t speed; // thousandths of what was recorded
	struct hp_tap tap;
	char **files;
	int n_files;
};

// opts.c

extern const struct hp_opt_set hp_replay_opts;

/** Look at what belongs together. -EINVAL with @p err filled. */
int hp_replay_settle(struct hp_replay_opts *opts, char **files, int n_files, struct hp_err *err);

// input.c

struct hp_input;

/** Asked every now and then while a pipe has nothing; false: end. */
typedef bool (*hp_replay_goes_on)(void *arg);

/**
 * Open a file for libpcap, "-" for standard input.
 * @param goes_on
 *   NULL: wait for a pipe for ever.
 * @return NULL with errno. fclose() it first, then hp_input_close().
 */
FILE *hp_input_open(
	struct hp_input **input, const char *path, hp_replay_goes_on goes_on, void *arg);
void hp_input_close(struct hp_input *input);

/** After an error of reading: it was no error, .goes_on said no. */
bool hp_input_was_told_to_end(const struct hp_input *input);

/** Compressed data ended in the middle, or are none. */
bool hp_input_is_torn(const struct hp_input *input);

// source.c

/** Packets of the files, one after the other, as often as wanted. */
struct hp_source {
	const struct hp_replay_opts *opts;
	hp_replay_goes_on goes_on; // NULL: wait for pipes for ever
	void *arg; // of .goes_on
	pcap_t *pcap; // of the current file
	struct hp_input *input;
	struct bpf_program filter;
	bool filtered;
	int file;
	uint64_t round;
	uint64_t read; // packets
	uint64_t read_before; // this round
	uint64_t cut; // that a snapshot length had cut: they go as they are in the file
	uint64_t unfit; // too short or too long for a frame: left out
};

/**
 * Open and check every file once that can be read more than once. -errno with @p err filled
 * (HP_EXIT_DATA, HP_EXIT_USAGE). .goes_on and .arg may be set afterwards.
 */
int hp_source_open(struct hp_source *source, const struct hp_replay_opts *opts, struct hp_err *err);

/**
 * The next packet that the filter takes. @p data is valid until the next call.
 * @param first
 *   Set where another file or round begins: its times begin anew.
 * @return 1; 0: no more; -errno with @p err filled.
 */
int hp_source_next(struct hp_source *source, const uint8_t **data, uint32_t *len, uint64_t *ns,
	bool *first, struct hp_err *err);

void hp_source_close(struct hp_source *source);

// pace.c

/** When each packet is due. */
struct hp_pace {
	const struct hp_replay_opts *opts;
	uint64_t start_ns; // monotonic
	uint64_t due_ns; // of the packet before, since start_ns
	uint64_t file_ns; // its time in the file
	uint64_t packets, bytes;
};

void hp_pace_start(struct hp_pace *pace, const struct hp_replay_opts *opts, uint64_t now_ns);

/** Monotonic time at which the next packet is due, 0: at once. */
uint64_t hp_pace_due(struct hp_pace *pace, uint64_t file_ns, uint32_t len, bool first);
