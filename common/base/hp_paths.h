// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Where a group's files are: the runtime directory, by EAL's own rule, and the names of hugepod's
// files in it. Reads the environment and the user id, touches no file. No DPDK.

#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

#define HP_PATHS_PREFIX_DEFAULT "rte" // EAL's HUGEFILE_PREFIX_DEFAULT
#define HP_PATHS_RUNTIME_ENV "RUNTIME_DIRECTORY" // what EAL reads first, see systemd.exec(5)

#define HP_PATHS_JOIN "hp_join" // SOCK_SEQPACKET: members join here
#define HP_PATHS_CTL "hp_ctl" // SOCK_STREAM: the primary's command line
#define HP_PATHS_LOCK "hp_lock" // held by the one primary that lives
#define HP_PATHS_MEMBERS "hp_members" // who is in the group, for whoever can't ask the primary

/** What EAL's rule depends on, so that a test can say it. */
struct hp_paths_env {
	const char *runtime_directory; ///< $RUNTIME_DIRECTORY or NULL
	const char *xdg_runtime_dir; ///< $XDG_RUNTIME_DIR or NULL
	uid_t uid; ///< the real one, as EAL asks
};

/**
 * The group's runtime directory, as rte_eal_init() will choose it:
 * "BASE/dpdk/PREFIX", BASE being $RUNTIME_DIRECTORY, else /var/run for root, else $XDG_RUNTIME_DIR,
 * else /tmp. Reads the environment: no thread may change that at the same time.
 *
 * @param size
 *   Bytes in @p buf.
 * @param file_prefix
 *   EAL's --file-prefix; NULL means EAL's default.
 * @param base
 *   Instead of $RUNTIME_DIRECTORY (--runtime-dir), or NULL. EAL knows nothing of it: who passes one
 *   has to put it into the environment before rte_eal_init(), see hp_paths_export().
 * @return
 *   0; -EINVAL for a prefix that cannot be a directory's name or that EAL refuses ('%');
 *   -ENAMETOOLONG.
 */
int hp_paths_runtime_dir(char *buf, size_t size, const char *file_prefix, const char *base);

/** The same for an environment given by hand. */
int hp_paths_runtime_dir_of(
	char *buf, size_t size, const char *file_prefix, const struct hp_paths_env *env);

/** Make EAL use @p base as well: sets $RUNTIME_DIRECTORY. Before threads start. 0 or -ENOMEM. */
int hp_paths_export(const char *base);

/** "DIR/NAME" of one of the files above. 0 or -ENAMETOOLONG. */
int hp_paths_file(char *buf, size_t size, const char *runtime_dir, const char *name);

/**
 * The address of a unix socket in the runtime directory.
 *
 * @return
 *   0, or -ENAMETOOLONG: an address holds 107 bytes, so a long --runtime-dir does not fit.
 */
int hp_paths_sockaddr(struct sockaddr_un *addr, const char *runtime_dir, const char *name);
