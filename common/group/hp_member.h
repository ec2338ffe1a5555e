// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The member's end of the join protocol: finds the primary, says hello, starts EAL with the lease,
// and keeps a control thread that hears of signals and of the primary's death. That thread ends the
// process by itself where the packet loop must not go on: when the primary is gone, and when a
// function does not come back.

#pragma once

#include "base/hp_err.h"
#include "base/hp_group_opts.h"
#include "base/hp_loop.h"
#include "base/hp_wire.h"
#include "group/hp_group.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum hp_on_loss {
	HP_ON_LOSS_EXIT, // exit with HP_EXIT_AGAIN
	HP_ON_LOSS_REJOIN, // wait for the next primary and join it, in a fresh process image
};

/** What every member can be told; the option table of its program has HP_MEMBER_OPTS. */
struct hp_member_conf {
	char *file_prefix;
	char *runtime_dir;
	char *name;
	uint64_t wait_primary_us;
	int on_primary_loss; // enum hp_on_loss
	bool respawn;
	bool interactive;
	int log_format;
	int log_level;
	// EAL options given by hand; what they say has to agree with the lease
	char *huge_dir;
	char *lcores;
	char *iova_mode;
	char *base_virtaddr;
	struct hp_strlist eal;
	// no options: what the program wants done on its control thread now and then, from the join
	// on; it must touch nothing of the shared memory
	void (*tick)(void *arg);
	void *tick_arg;
	uint64_t tick_us;
	// the same for messages of the primary's that are not about membership; @p passed, which is
	// closed afterwards, came with it, -1: none. May make timers of @p loop, for that thread.
	void (*message)(void *arg, struct hp_loop *loop, const union hp_wire_msg *msg, int passed);
	void *message_arg;
};

/** Rows of a member's option table. @p owner: the program's struct, which has a member `member`. */
#define HP_MEMBER_OPTS(owner, default_name) \
	HP_GROUP_OPTS(owner, member), \
		{"name", 'n', HP_OPT_STRING, HP_OPT_CLI, offsetof(owner, member.name), 1, \
			HP_NAME_MAX - 1, default_name, NULL, "NAME", "Group", \
			"This member's name, unique in the group.", false}, \
		{"on-primary-loss", 0, HP_OPT_ENUM, HP_OPT_CLI, \
			offsetof(owner, member.on_primary_loss), 0, 0, "exit", hp_on_loss_words, \
			"exit|rejoin", "Group", \
			"When the primary is gone: exit with code 75, or wait for the next one " \
			"and join " \
			"it.", \
			false}, \
		{"respawn", 0, HP_OPT_FLAG, HP_OPT_CLI, offsetof(owner, member.respawn), 0, 0, \
			"no", NULL, NULL, "Group", \
			"Run under a small parent that starts this program again at once when it " \
			"dies.", \
			false}, \
		{"interactive", 'i', HP_OPT_FLAG, HP_OPT_CLI, offsetof(owner, member.interactive), \
			0, 0, "no", NULL, NULL, "Group", \
			"Read commands of the group from standard input; quit ends this member.", \
			false}, \
		HP_LOG_OPTS(owner, member), \
		{"huge-dir", 0, HP_OPT_STRING, HP_OPT_CLI, offsetof(owner, member.huge_dir), 1, \
			255, NULL, NULL, "DIR", "EAL", \
			"Leased from the primary; given, it has to agree.", false}, \
		{"lcores", 0, HP_OPT_STRING, HP_OPT_CLI, offsetof(owner, member.lcores), 1, 255, \
			NULL, NULL, "CPUS", "EAL", \
			"CPUs for the packet loop, as '2' or '(2-3)'; the lcore id itself is " \
			"leased.", \
			false}, \
		{.name = "iova-mode", \
			.type = HP_OPT_STRING, \
			.where = HP_OPT_CLI, \
			.offset = offsetof(owner, member.iova_mode), \
			.min = 1, \
			.max = 15, \
			.arg = "va|pa", \
			.section = "EAL", \
			.check = hp_member_check_iova, \
			.help = "Leased from the primary; given, it has to agree."}, \
		{.name = "base-virtaddr", \
			.type = HP_OPT_STRING, \
			.where = HP_OPT_CLI, \
			.offset = offsetof(owner, member.base_virtaddr), \
			.min = 1, \
			.max = 31, \
			.arg = "ADDRESS", \
			.section = "EAL", \
			.check = hp_member_check_address, \
			.help = "Leased from the primary; given, it has to agree."}, \
	{ \
		"eal", 0, HP_OPT_LIST, HP_OPT_CLI, offsetof(owner, member.eal), 1, 1023, NULL, \
			NULL, "OPTION[=VALUE]", "EAL", \
			"Any other EAL option, without dashes; repeatable.", false \
	}

extern const char *const hp_on_loss_words[];

/** Checks of the options below: NULL, or what was expected. */
const char *hp_member_check_iova(const char *text);
const char *hp_member_check_address(const char *text);

/** A member of a group. One a process; made by the main thread, used by it and by the packet loop.
 */
struct hp_member;

/**
 * Join the group. Main thread of a process without other threads. Blocks SIGTERM and SIGINT, which
 * the member's own control thread takes from then on.
 *
 * @param role
 *   The program's, "client" for instance.
 * @param ports
 *   Attach the primary's ports too; without, no bus is looked at.
 * @param restarts
 *   What hp_supervise_run() passed.
 * @return
 *   NULL with @p err filled. err->exit_code HP_CHILD_PID_TAKEN means: return that to
 *   hp_supervise_run(), nothing is wrong.
 */
struct hp_member *hp_member_join(const struct hp_member_conf *conf, const char *role, bool ports,
	uint32_t restarts, struct hp_err *err);

/** The group's shared memory, as long as the member is joined. */
const struct hp_group *hp_member_group(const struct hp_member *member);

uint32_t hp_member_slot(const struct hp_member *member);

/** Say that the packet loop is about to run: the primary lends from now on. 0 or -errno. */
int hp_member_ready(struct hp_member *member);

/** True when the loop has to end: a signal, the primary's shutdown, an eviction. Any thread. */
bool hp_member_stopping(const struct hp_member *member);

/**
 * Ask the primary to lend nothing more; hp_member_left() tells when nothing is out any more. The
 * packet loop has to go on handing back until then.
 */
void hp_member_leave(struct hp_member *member);
bool hp_member_left(const struct hp_member *member);

/**
 * End the membership and the control thread.
 * @return
 *   The process's exit code: 0 after a signal, 75 when the primary has shut down, 1 when evicted.
 */
int hp_member_end(struct hp_member *member);

/** Send the primary a message. Any thread; an error is its death, which the control thread hears.
 */
void hp_member_send(const struct hp_member *member, const struct hp_wire_hdr *hdr);

/** Ask the packet loop to end as SIGTERM would. Any thread. */
void hp_member_stop(struct hp_member *member);
