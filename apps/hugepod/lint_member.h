// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A container seen as a DPDK process: what its command line, mounts and limits say.

#pragma once

#include "lint.h"

enum lint_role {
	LINT_NO_DPDK,
	LINT_DPDK, ///< DPDK, and nothing says which role
	LINT_PRIMARY,
	LINT_SECONDARY,
};

/** A mount of a volume that holds hugepages or the runtime directory. */
struct lint_mount_of {
	const struct k8s_val *mount; ///< NULL: none
	const struct k8s_val *volume;
	const char *path; ///< mountPath
};

struct lint_member {
	const struct lint_object *object;
	struct k8s_val *container;
	uint32_t index; ///< in spec.containers
	enum lint_role role;
	bool hugepod; ///< one of hugepod's own programs: it takes care of lcores and PIDs
	const char *program; ///< "" if unknown
	const char
		*prefix; ///< --file-prefix or the configuration's, "rte" by default; NULL: unknown
	const char *config; ///< --config, NULL if not given
	int64_t config_bytes; ///< least hugepage memory that the configuration needs; 0: unknown
	const char *lcores; ///< -l or --lcores, NULL if not given
	int64_t memory_mib; ///< -m or --socket-mem, 0 if not given
	bool in_memory, legacy; ///< --in-memory or --no-huge; --legacy-mem
	int64_t uid; ///< runAsUser, -1 if unset
	struct lint_mount_of huge, runtime;
	const char *runtime_dir; ///< where EAL keeps its files
	int64_t huge_limit; ///< bytes of all hugepage sizes, of the container or its pod
	bool own_limit; ///< the container itself asks for hugepages
};

/** Look at container @p i of spec.containers. */
void lint_member_of(
	struct lint *l, const struct lint_object *o, uint32_t i, struct lint_member *out);

/**
 * Read the configuration that the member's --config names, where it comes from a ConfigMap among
 * the files: sets prefix and config_bytes.
 */
void lint_group_of(struct lint *l, struct lint_member *m);

/** The YAML of groups within ConfigMaps, as hp-primary reads it. */
void lint_groups(struct lint *l);

/** Whether two members see the same volume there. */
bool lint_same_volume(const struct lint_member *a, const struct lint_mount_of *x,
	const struct lint_member *b, const struct lint_mount_of *y);

/** Whether lists of lcores as "1-3,7" or "(0-1)@2" have an id in common. */
bool lint_lcores_overlap(const char *a, const char *b);
