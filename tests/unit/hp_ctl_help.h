// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A server of a command line whose loop runs in a thread; the tests are its peers.

#pragma once

#include "base/hp_loop.h"
#include "group/hp_cli.h"
#include "group/hp_cli_session.h"
#include "group/hp_ctl_server.h"
#include "hp_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define HP_CTL_TIMEOUT_S 10 // far more than any answer takes

struct hp_ctl_fixture {
	struct hp_loop *loop;
	struct hp_cli *cli;
	struct hp_ctl_server *server;
	struct hp_cli_session *session;
	pthread_t thread;
	bool running;
	char dir[64];
	atomic_uint ended; // sessions whose end was called
	char said[256]; // by the command "say"
};

int hp_ctl_setup(void **state);
int hp_ctl_teardown(void **state);

/** Run the loop in a thread; stop it and wait for it. */
void hp_ctl_start(struct hp_ctl_fixture *f);
void hp_ctl_stop(struct hp_ctl_fixture *f);

/** A connection to the server. */
int hp_ctl_dial(struct hp_ctl_fixture *f);
void hp_ctl_put(int fd, const char *text);
/** Exactly these bytes come next. */
void hp_ctl_expect(int fd, const char *want);
void hp_ctl_expect_end(int fd);
/** Read until a text has come by. */
void hp_ctl_expect_somewhere(int fd, const char *want);
