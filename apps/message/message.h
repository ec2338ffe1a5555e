// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-message: messages to and from the members of a group. This header is for the files of this
// folder. All of it runs on the main thread.

#pragma once

#include "base/hp_out.h"
#include "group/hp_idle.h"
#include "group/hp_mailbox.h"
#include "group/hp_member.h"

#include <stdio.h>

struct hp_message_mode;

struct hp_message_opts {
	struct hp_member_conf member;
	struct hp_strlist file;
	uint64_t count; // 0: not given
	uint64_t size; // bytes
	uint64_t interval_us;
	uint64_t timeout_us; // 0: not given
	int idle; // index into hp_message_idle_words
	int format; // enum hp_out_format
	char *reply; // NULL: requests are refused
	// the words of the command line
	const struct hp_message_mode *mode;
	const char *to; // NULL where the mode takes none
	char **text; // [n_text], words that are put together with blanks
	int n_text;
};

enum hp_message_idle {
	HP_MESSAGE_POLL,
	HP_MESSAGE_SLEEP,
};

extern const struct hp_opt_set hp_message_opts;

/** What "receive" has written. */
struct hp_message_received {
	uint64_t n;
	bool failed; // standard output takes no more
	bool done; // --count
};

/** This process's mailbox and how it waits for it. */
struct hp_talk {
	const struct hp_message_opts *opts;
	struct hp_member *member;
	const struct hp_group *group;
	struct hp_mailbox box;
	struct hp_idle_state idle;
	struct hp_mail mail; // the answer that hp_talk_wait() returned for
	struct hp_mail looked_at;
	uint64_t arrived_tsc; // of .mail
	uint64_t last_id;
	/** A TEXT or REQUEST came: 0, or -errno to have it wait. NULL: log texts, refuse requests.
	 */
	int (*on_text)(struct hp_talk *talk, const struct hp_mail *mail);
	struct hp_message_received received; // receive.c
};

/** What hp-message can do. */
struct hp_message_mode {
	const char *name;
	bool takes_name; // a member's name comes next
	bool takes_text; // then a text
	const char *const
		*options; // that mean something here, besides the group's; NULL-terminated
	/** Do it; an exit code. After hp_member_ready(). */
	int (*run)(struct hp_talk *talk);
};

/** Fill in .mode, .to and .text from the words of the command line. -errno with @p err filled. */
int hp_message_words(struct hp_message_opts *opts, char **words, int n_words,
	const struct hp_opts_given *given, struct hp_err *err);

void hp_talk_open(
	struct hp_talk *talk, const struct hp_message_opts *opts, struct hp_member *member);

/** --timeout, or a second. */
uint64_t hp_talk_timeout_us(const struct hp_talk *talk);

/**
 * Wait for an answer to something that was sent; serve the others meanwhile.
 * @param deadline_us
 *   Of hp_now_us(); one look is had in any case. UINT64_MAX: for ever.
 * @return
 *   1: it is in talk->mail; 0: not in time; -EINTR: this process has to end.
 */
int hp_talk_wait(struct hp_talk *talk, uint64_t deadline_us);

/** Serve the others until then. 0 or -EINTR. */
int hp_talk_idle(struct hp_talk *talk, uint64_t deadline_us);

/** Find a member by name, which may be about to join. 0, -ENOENT, -EINTR. */
int hp_talk_find(
	struct hp_talk *talk, const char *name, uint64_t deadline_us, struct hp_mail_addr *addr);

/** Send, with a new id, talk->last_id. Waits while too much is on its way. 0, -ETIMEDOUT, -EINTR.
 */
int hp_talk_send(struct hp_talk *talk, struct hp_mail_addr to, enum hp_mail_kind kind,
	const void *payload, uint32_t length);

/** The same with an id of one's own. */
int hp_talk_send_id(struct hp_talk *talk, struct hp_mail_addr to, enum hp_mail_kind kind,
	uint64_t id, const void *payload, uint32_t length);

/** The words of the text in one line. -EMSGSIZE if it is longer than HP_MAIL_MAX. */
int hp_message_join_text(const struct hp_message_opts *opts, char *text, uint32_t *length);

/** Print a line of JSON and free it. */
void hp_message_print(struct hp_out *out);

// The modes.
int hp_message_send(struct hp_talk *talk);
int hp_message_receive(struct hp_talk *talk);
int hp_message_ping(struct hp_talk *talk);
int hp_message_request(struct hp_talk *talk);
