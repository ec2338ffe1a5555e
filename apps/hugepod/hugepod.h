// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The sub-commands of `hugepod`, each in files of its own name. None of them starts EAL.

#pragma once

/** A sub-command: argv[0] is its own name. Returns the process's exit code. */
int hugepod_ctl_main(int argc, char **argv);
int hugepod_doctor_main(int argc, char **argv);
int hugepod_lint_main(int argc, char **argv);
int hugepod_plan_main(int argc, char **argv);
int hugepod_probe_main(int argc, char **argv);
