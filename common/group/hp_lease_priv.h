// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What hp_lease.c (who is a member) and hp_lease_conn.c (what comes over the connections) share.
// For these two files alone.

#pragma once

#include "group/hp_lease.h"

#define STRANGERS_MAX 64 // connections that have not said hello yet

struct conn {
	struct hp_leases *leases;
	int fd; // -1: unused
	uint32_t slot; // UINT32_MAX: a stranger
	uint64_t since_us;
};

struct hp_leases {
	struct hp_loop *loop;
	struct hp_timer *tick;
	struct hp_group *group;
	struct hp_lease_terms terms;
	const char *fingerprint;
	const struct hp_lease_events *events;
	void *arg;
	char runtime_dir[HP_WIRE_PATH];
	int listen_fd;
	bool stopping;
	uint64_t huge_dev, huge_ino;
	uint64_t next_order;
	struct hp_lease members[HP_MEMBERS_MAX];
	struct conn conns[HP_MEMBERS_MAX + STRANGERS_MAX];
	union hp_wire_msg msg; // scratch, large for a stack
};

// hp_lease.c

/** A stranger said hello: take it in, or refuse it and close. */
void hp_lease_on_hello(struct conn *conn, const struct hp_wire_hello *hello);
/** A member said something else. */
void hp_lease_on_message(struct conn *conn, uint16_t type);
/** A member's connection is closed. */
void hp_lease_on_gone(struct hp_leases *leases, uint32_t slot);

// hp_lease_conn.c

/** Event of the listening socket. @p arg: struct hp_leases. */
void hp_lease_accept(void *arg, int fd, uint32_t events);
void hp_lease_close(struct conn *conn);
void hp_lease_send_msg(int fd, const struct hp_wire_hdr *hdr);
/** Send a message that is a header alone. */
void hp_lease_send(int fd, uint16_t type);
void hp_lease_send_text(struct hp_leases *leases, int fd, uint16_t type, const char *text);
/** Say no in words, and close. */
void hp_lease_refuse(struct conn *conn, uint32_t code, int exit_code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void hp_lease_refuse_with(struct conn *conn, struct hp_wire_refuse *refusal);
/** A message that does not fit: answered in words if its sender may read them, then it is out. */
void hp_lease_bad_message(struct conn *conn, const struct hp_err *why, int ret);
