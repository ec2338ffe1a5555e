// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// hp-worker: polls queues of its own. This header is for the files of this folder.

#pragma once

#include "base/hp_err.h"
#include "group/hp_wq.h"

/**
 * Open the ports that workers poll in this process: main thread, after joining and before it is
 * ready. Nothing of a device but this process's own functions is set up.
 * @return 0, or -errno with @p err filled (HP_EXIT_CONFIG).
 */
int hp_worker_attach_ports(
	const struct hp_wq_conf *conf, const struct hp_wq_shm *shm, struct hp_err *err);
