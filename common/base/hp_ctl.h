// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A client of the group's command line: speaks to the primary's socket HP_PATHS_CTL. Blocking, with
// a time-out for everything; for programs without EAL.
//
// The protocol: a client sends "hugepod-ctl 1 MODE\n".
//   MODE tty    bytes both ways: a terminal with prompt, history and completion
//   MODE text   each line is a command; each answer is "STATUS LENGTH\n" and LENGTH bytes of text
//   MODE json   the same with JSON
// STATUS is 0 or a positive errno. A greeting that is none of these is answered with such a frame
// and closed. The server closes after "quit".

#pragma once

#include "base/hp_err.h"

#include <stddef.h>
#include <stdint.h>

#define HP_CTL_HELLO "hugepod-ctl 1 " // and the mode and a newline
#define HP_CTL_ANSWER_MAX (16u << 20) // bytes of an answer that a client takes

/**
 * A NUL byte would end a line where nobody sees it. Put a control character in its place, which the
 * primary refuses by name.
 */
static inline void hp_ctl_show_nuls(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] == '\0')
			line[i] = '\1';
}

/** One answer. */
struct hp_ctl_answer {
	int status; ///< 0 or a positive errno
	char *text; ///< NUL-terminated, to be freed by the caller
	size_t len; ///< bytes without the NUL
};

/**
 * Connect to a group's primary and greet it.
 *
 * @param runtime_dir
 *   The group's runtime directory, see hp_paths_runtime_dir().
 * @param mode
 *   "tty", "text" or "json".
 * @param wait_us
 *   How long to try while there is no primary; 0: once.
 * @return
 *   A blocking descriptor, or -errno with @p err filled: HP_EXIT_NO_PRIMARY if nobody listens,
 *   HP_EXIT_CONFIG if the socket is not ours to use or its path too long.
 */
int hp_ctl_open(const char *runtime_dir, const char *mode, uint64_t wait_us, struct hp_err *err);

/**
 * Send a command (one line, without newline) and wait for its answer.
 *
 * @return
 *   0 with @p answer filled, whatever its status; -ETIMEDOUT, -EPIPE (the primary is gone),
 *   -EPROTO (no such frame) or -ENOMEM with @p err filled (HP_EXIT_OTHER).
 */
int hp_ctl_ask(int fd, const char *line, uint64_t timeout_us, struct hp_ctl_answer *answer,
	struct hp_err *err);

/** The same, and ask again as long as the answer's status is EAGAIN, up to @p timeout_us. */
int hp_ctl_ask_again(int fd, const char *line, uint64_t timeout_us, struct hp_ctl_answer *answer,
	struct hp_err *err);
