// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Connections of the join socket: accepting, reading, answering. Whatever a peer sends or leaves
// out, the others are served on.

#include "base/hp_log.h"
#include "base/hp_pass.h"
#include "base/hp_time.h"
#include "group/hp_lease_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

HP_LOG_TYPE("lease");

#define MESSAGES_PER_EVENT 4 // of one connection, before others get their turn

// A member that does not read must not stop the primary; one that is gone is heard of by its
// connection. So there is nothing to do about an error here.
void hp_lease_send_msg(int fd, const struct hp_wire_hdr *hdr)
{
	if (send(fd, hdr, hdr->length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		HP_LOG(DEBUG, "send: %s", strerror(errno));
}

void hp_lease_send(int fd, uint16_t type)
{
	union hp_wire_msg msg;

	memset(&msg.hdr, 0, sizeof(msg.hdr));
	hp_wire_init(&msg.hdr, type);
	hp_lease_send_msg(fd, &msg.hdr);
}

void hp_lease_send_text(struct hp_leases *leases, int fd, uint16_t type, const char *text)
{
	memset(&leases->msg, 0, sizeof(leases->msg.text));
	hp_wire_init(&leases->msg.hdr, type);
	snprintf(leases->msg.text.text, sizeof(leases->msg.text.text), "%s", text);
	hp_lease_send_msg(fd, &leases->msg.hdr);
}

void hp_lease_let_go(struct hp_leases *leases, uint32_t slot)
{
	if (leases->members[slot].fd >= 0)
		hp_lease_send(leases->members[slot].fd, HP_WIRE_LEFT);
}

void hp_lease_close(struct conn *conn)
{
	hp_loop_del(conn->leases->loop, conn->fd);
	close(conn->fd);
	conn->fd = -1;
	conn->slot = UINT32_MAX;
}

void hp_lease_refuse_with(struct conn *conn, struct hp_wire_refuse *refusal)
{
	HP_LOG(NOTICE, "refused: %s", refusal->text);
	hp_lease_send_msg(conn->fd, &refusal->hdr);
	hp_lease_close(conn);
}

void hp_lease_refuse(struct conn *conn, uint32_t code, int exit_code, const char *fmt, ...)
{
	struct hp_wire_refuse *refusal = &conn->leases->msg.refuse;
	char text[HP_WIRE_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap); // its arguments may lie in the scratch message
	va_end(ap);
	memset(refusal, 0, sizeof(*refusal));
	hp_wire_init(&conn->leases->msg.hdr, HP_WIRE_REFUSE);
	refusal->refusal = code;
	refusal->exit_code = (uint32_t)exit_code;
	memcpy(refusal->text, text, sizeof(text));
	hp_lease_refuse_with(conn, refusal);
}

void hp_lease_refuse_guest(int fd, uint32_t code, int exit_code, const char *text)
{
	struct hp_wire_refuse refusal = {0};

	hp_wire_init(&refusal.hdr, HP_WIRE_REFUSE);
	refusal.refusal = code;
	refusal.exit_code = (uint32_t)exit_code;
	snprintf(refusal.text, sizeof(refusal.text), "%s", text);
	HP_LOG(NOTICE, "guest refused: %s", refusal.text);
	hp_lease_send_msg(fd, &refusal.hdr);
}

// A message that does not fit is answered in words if its sender may read them, then it is out.
void hp_lease_bad_message(struct conn *conn, const struct hp_err *why, int ret)
{
	uint32_t slot = conn->slot;

	if (slot != UINT32_MAX) {
		HP_LOG(WARNING, "member '%s': %s", conn->leases->members[slot].name, why->text);
		hp_lease_evict(conn->leases, slot, why->text);
		return;
	}
	hp_lease_refuse(conn, HP_REFUSE_MALFORMED, HP_EXIT_PROTOCOL, "%s%s",
		ret == -EPROTONOSUPPORT ? "" : "not a join message: ", why->text);
}

// A stranger that is a guest goes to who knows guests, connection and all.
static void on_guest(struct conn *conn, const struct hp_wire_guest *hello)
{
	struct hp_leases *leases = conn->leases;
	const struct hp_wire_guest copy = *hello; // it lies in the scratch message
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	int fd = conn->fd;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
		hp_lease_close(conn);
	} else if (leases->stopping) {
		hp_lease_refuse(
			conn, HP_REFUSE_STOPPING, HP_EXIT_AGAIN, "the primary is shutting down");
	} else if (cred.uid != geteuid() && cred.uid != 0) {
		hp_lease_refuse(conn, HP_REFUSE_UID, HP_EXIT_CONFIG,
			"'%s' runs as uid %u, the primary as uid %u: give both the same uid "
			"(runAsUser)",
			copy.name, (unsigned int)cred.uid, (unsigned int)geteuid());
	} else if (leases->events->guest == NULL ||
		   hp_leases_find(leases, copy.name) != UINT32_MAX) {
		hp_lease_refuse(conn, HP_REFUSE_NAME_TAKEN, HP_EXIT_CONFIG,
			"the group has a member '%s' already: choose another --name", copy.name);
	} else {
		hp_loop_del(leases->loop, fd);
		conn->fd = -1;
		leases->events->guest(leases->arg, fd, &copy);
	}
}

static bool may_be_told(const struct hp_lease *member)
{
	return member->state == HP_LEASE_READY || member->state == HP_LEASE_LEAVING;
}

int hp_lease_tell(
	struct hp_leases *leases, uint32_t slot, const struct hp_wire_hdr *hdr, int passed)
{
	const struct hp_lease *m = &leases->members[slot];

	if (!may_be_told(m) || m->fd < 0)
		return -ENOTCONN;
	return hp_pass_send(m->fd, hdr, hdr->length, passed, MSG_DONTWAIT);
}

static void on_tapped(struct hp_leases *leases, uint32_t slot, uint64_t serial)
{
	if (leases->events->tapped != NULL)
		leases->events->tapped(leases->arg, slot, serial);
}

static void conn_closed(struct conn *conn)
{
	uint32_t slot = conn->slot;

	hp_lease_close(conn);
	if (slot != UINT32_MAX)
		hp_lease_on_gone(conn->leases, slot);
}

// Read one message. Returns false when the connection has nothing more for now.
static bool read_message(struct conn *conn)
{
	struct hp_leases *leases = conn->leases;
	struct hp_err why = {0};
	ssize_t len;
	int ret;

	len = recv(conn->fd, &leases->msg, sizeof(leases->msg), MSG_DONTWAIT | MSG_TRUNC);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (len <= 0) {
		conn_closed(conn);
		return false;
	}
	ret = hp_wire_check(&leases->msg, (size_t)len, &why);
	if (ret == 0 && conn->slot == UINT32_MAX && leases->msg.hdr.type != HP_WIRE_HELLO &&
		leases->msg.hdr.type != HP_WIRE_GUEST)
		ret = hp_err_set(&why, HP_EXIT_PROTOCOL, EBADMSG, "message type %u before hello",
			leases->msg.hdr.type);
	if (ret < 0)
		hp_lease_bad_message(conn, &why, ret);
	else if (leases->msg.hdr.type == HP_WIRE_GUEST && conn->slot == UINT32_MAX)
		on_guest(conn, &leases->msg.guest);
	else if (conn->slot == UINT32_MAX)
		hp_lease_on_hello(conn, &leases->msg.hello);
	else if (leases->msg.hdr.type == HP_WIRE_TAPPED &&
		 may_be_told(&leases->members[conn->slot]))
		on_tapped(leases, conn->slot, leases->msg.tapped.serial);
	else
		hp_lease_on_message(conn, leases->msg.hdr.type);
	return conn->fd >= 0;
}

static void conn_event(void *arg, int fd, uint32_t events)
{
	struct conn *conn = arg;

	(void)fd;
	(void)events;
	for (int i = 0; i < MESSAGES_PER_EVENT; i++)
		if (!read_message(conn))
			return;
}

static struct conn *free_conn(struct hp_leases *leases)
{
	struct conn *oldest = NULL;
	struct conn *unused = NULL;
	unsigned int strangers = 0;

	for (unsigned int i = 0; i < HP_MEMBERS_MAX + STRANGERS_MAX; i++) {
		struct conn *conn = &leases->conns[i];

		if (conn->fd < 0) {
			unused = conn;
		} else if (conn->slot == UINT32_MAX) {
			strangers++;
			if (oldest == NULL || conn->since_us < oldest->since_us)
				oldest = conn;
		}
	}
	if (strangers < STRANGERS_MAX)
		return unused;
	hp_lease_close(oldest); // a flood of silent connections must not keep a member out
	return oldest;
}

void hp_lease_accept(void *arg, int fd, uint32_t events)
{
	struct hp_leases *leases = arg;
	struct conn *conn;
	int peer;

	(void)events;
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (peer < 0)
		return; // it gave up, or descriptors are short: the next event tries again
	conn = free_conn(leases);
	conn->fd = peer;
	conn->slot = UINT32_MAX;
	conn->since_us = hp_now_us();
	if (hp_loop_add(leases->loop, peer, EPOLLIN, conn_event, conn) < 0) {
		close(peer);
		conn->fd = -1;
	}
}
