// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// One conversation with a command line, on a terminal, a pipe or a socket, fed by the event loop.
// It never blocks: output that the peer does not take waits, no command is read meanwhile, and
// beyond a bound the session ends. Control thread only.

#pragma once

#include "base/hp_loop.h"
#include "group/hp_cli.h"

#include <stdbool.h>

struct hp_cli_session;

enum hp_cli_mode {
	HP_CLI_EDIT, ///< characters: prompt, line editing, history, completion
	HP_CLI_PLAIN, ///< lines: what a command says, nothing else
	HP_CLI_FRAMED, ///< lines: "STATUS LENGTH\n" and LENGTH bytes each, STATUS 0 or an errno
};

struct hp_cli_session_conf {
	int fd_in, fd_out; ///< may be the same; stay the caller's
	enum hp_cli_mode mode;
	enum hp_out_format format; ///< of HP_CLI_FRAMED; text otherwise
	const char *prompt; ///< of HP_CLI_EDIT, 31 characters at most, by reference
	bool ignore_eof_key; ///< HP_CLI_EDIT: Ctrl-D does not end it
	/**
	 * The session is over: peer gone, "quit", or too much output that nobody reads. Called
	 * once, last thing in an event; it may free the session. Not called by
	 * hp_cli_session_free().
	 */
	void (*end)(void *arg, struct hp_cli_session *session);
	void *arg;
};

/**
 * Start a session. A terminal is set to deliver characters without echo; signals of the keyboard
 * stay signals. A descriptor that can't be polled (a file) is read by and by.
 *
 * @return
 *   To be freed with hp_cli_session_free(), or NULL with errno.
 */
struct hp_cli_session *hp_cli_session_new(
	struct hp_cli *cli, struct hp_loop *loop, const struct hp_cli_session_conf *conf);

/** End it, giving the terminal back as it was; NULL is fine. */
void hp_cli_session_free(struct hp_cli_session *session);

/** Has a command ended it ("quit")? Else its peer is gone, or its input is at its end. */
bool hp_cli_session_quit(const struct hp_cli_session *session);

/** Bytes that were read from the peer before the session began, at most HP_CLI_LINE_MAX. */
void hp_cli_session_feed(struct hp_cli_session *session, const char *data, size_t len);

/** True while the peer does not take what is there for it. */
bool hp_cli_session_blocked(const struct hp_cli_session *session);
/** Microseconds since the last byte went either way. */
uint64_t hp_cli_session_idle_us(const struct hp_cli_session *session);
