// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_lease.h"

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_paths.h"
#include "base/hp_stale.h"
#include "base/hp_time.h"
#include "group/hp_fingerprint.h"
#include "group/hp_lease_priv.h"

#include <rte_config.h>
#include <rte_version.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

HP_LOG_TYPE("lease");

#define HELLO_WITHIN_US 2000000 // a connection that is silent for longer is closed
#define ATTACH_WITHIN_US 5000000 // after that the next member may attach as well
#define TICK_US 100000 // how often those times are looked at

static void grant_next(struct hp_leases *leases);

// Write down who is in the group, for a later primary and for people without a command line.
static void write_members(const struct hp_leases *leases)
{
	char path[4096], temporary[4128];
	FILE *file;

	if (hp_paths_file(path, sizeof(path), leases->runtime_dir, HP_PATHS_MEMBERS) < 0)
		return;
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	if (file == NULL) {
		HP_LOG(WARNING, "%s: %s", temporary, strerror(errno));
		return;
	}
	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++) {
		const struct hp_lease *m = &leases->members[i];

		if (m->state != HP_LEASE_FREE && m->state != HP_LEASE_RELEASING)
			fprintf(file, "%s %s %d %d %u\n", m->name, m->role, (int)m->pid,
				(int)m->peer_pid, i);
	}
	if (fclose(file) == 0) {
		HP_CRASH_POINT(members_unrenamed);
		rename(temporary, path);
	}
}

static void set_state(struct hp_leases *leases, uint32_t slot, enum hp_lease_state state)
{
	leases->members[slot].state = state;
	leases->members[slot].since_us = hp_now_us();
}

static bool connected(const struct hp_lease *member)
{
	return member->state >= HP_LEASE_WAITING && member->state <= HP_LEASE_EVICTED;
}

uint32_t hp_leases_find(const struct hp_leases *leases, const char *name)
{
	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++)
		if (connected(&leases->members[i]) &&
			leases->members[i].state != HP_LEASE_EVICTED &&
			strcmp(leases->members[i].name, name) == 0)
			return i;
	return UINT32_MAX;
}

static bool pid_taken(const struct hp_leases *leases, pid_t pid)
{
	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++)
		if (leases->members[i].state != HP_LEASE_FREE && leases->members[i].pid == pid)
			return true;
	return hp_stale_pid_in_use(leases->runtime_dir, pid);
}

static bool lcore_taken(const struct hp_leases *leases, uint32_t lcore)
{
	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++) {
		const struct hp_lease *m = &leases->members[i];

		for (uint32_t j = 0; m->state != HP_LEASE_FREE && j < m->n_lcores; j++)
			if (m->lcores[j] == lcore)
				return true;
	}
	return false;
}

static bool pick_lcores(const struct hp_leases *leases, uint32_t *lcores, uint32_t n)
{
	uint32_t found = 0;

	for (uint32_t id = (uint32_t)leases->terms.dpdk_lcore_first;
		id < RTE_MAX_LCORE && found < n; id++)
		if (!lcore_taken(leases, id))
			lcores[found++] = id;
	return found == n;
}

static uint32_t pick_slot(const struct hp_leases *leases)
{
	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++)
		if (leases->members[i].state == HP_LEASE_FREE)
			return i;
	return UINT32_MAX;
}

// The slot's part of the shared memory as a new member expects it. Nobody else looks at it now.
static void reset_slot(struct hp_leases *leases, uint32_t slot)
{
	struct hp_slot *shm = hp_group_slot(leases->group, slot);
	struct hp_mbox *mbox = hp_group_mbox(leases->group, slot);
	const struct hp_lease *m = &leases->members[slot];

	hp_group_mend(leases->group);
	memset(shm, 0, sizeof(*shm));
	memset(mbox, 0, sizeof(*mbox));
	snprintf(shm->name, sizeof(shm->name), "%s", m->name);
	snprintf(shm->role, sizeof(shm->role), "%s", m->role);
	shm->incarnation = m->incarnation;
	for (uint32_t lane = 0; lane < leases->group->hdr->n_lanes; lane++) {
		struct hp_link_shm *link = hp_group_link(leases->group, slot, lane);

		memset(link, 0, leases->group->hdr->link_bytes);
	}
}

// Is there a reason to say no? Fills in and sends the refusal.
static bool refused(struct conn *conn, const struct hp_wire_hello *hello, uid_t uid)
{
	struct hp_leases *leases = conn->leases;
	char difference[256];
	uint32_t other;

	if (leases->stopping) {
		hp_lease_refuse(
			conn, HP_REFUSE_STOPPING, HP_EXIT_AGAIN, "the primary is shutting down");
		return true;
	}
	if (uid != geteuid()) {
		hp_lease_refuse(conn, HP_REFUSE_UID, HP_EXIT_CONFIG,
			"member '%s' runs as uid %u, the primary as uid %u: give both the same "
			"uid (runAsUser), as EAL makes its files for that one alone",
			hello->name, (unsigned int)uid, (unsigned int)geteuid());
		return true;
	}
	if (strcmp(hello->dpdk, rte_version()) != 0) {
		hp_lease_refuse(conn, HP_REFUSE_DPDK, HP_EXIT_PROTOCOL,
			"member '%s' has %s, the primary %s: use the same image in every "
			"container of the group",
			hello->name, hello->dpdk, rte_version());
		return true;
	}
	if (!hp_fingerprint_fits(
		    leases->fingerprint, hello->fingerprint, difference, sizeof(difference))) {
		hp_lease_refuse(conn, HP_REFUSE_FINGERPRINT, HP_EXIT_PROTOCOL,
			"member '%s' does not fit the primary: %s: run the same image in every "
			"container of the group",
			hello->name, difference);
		return true;
	}
	other = hp_leases_find(leases, hello->name);
	if (other != UINT32_MAX) {
		hp_lease_refuse(conn, HP_REFUSE_NAME_TAKEN, HP_EXIT_CONFIG,
			"the group has a member '%s' already (PID %d in its container): give each "
			"a --name of its own",
			hello->name, (int)leases->members[other].pid);
		return true;
	}
	return false;
}

static void take_in(struct conn *conn, const struct hp_wire_hello *hello, const struct ucred *cred)
{
	struct hp_leases *leases = conn->leases;
	uint32_t slot = pick_slot(leases);
	uint32_t lcores[HP_WIRE_LCORES];
	uint64_t incarnation;
	struct hp_lease *m;

	if (slot == UINT32_MAX) {
		hp_lease_refuse(conn, HP_REFUSE_FULL, HP_EXIT_CONFIG,
			"the group is full: it has %u members, which is its --max-members; raise "
			"that, or end one",
			leases->group->hdr->max_members);
		return;
	}
	if (!pick_lcores(leases, lcores, hello->n_lcores)) {
		hp_lease_refuse(conn, HP_REFUSE_LCORES, HP_EXIT_CONFIG,
			"no %u lcore ids are left of the %d that this DPDK was built with",
			hello->n_lcores, RTE_MAX_LCORE);
		return;
	}
	m = &leases->members[slot];
	incarnation = m->incarnation + 1;
	memset(m, 0, sizeof(*m));
	m->incarnation = incarnation;
	memcpy(m->name, hello->name, sizeof(m->name));
	memcpy(m->role, hello->role, sizeof(m->role));
	m->pid = hello->pid;
	m->peer_pid = cred->pid;
	m->uid = cred->uid;
	m->restarts = hello->restarts;
	memcpy(m->lcores, lcores, sizeof(lcores));
	m->n_lcores = hello->n_lcores;
	m->order = leases->next_order++;
	m->fd = conn->fd;
	conn->slot = slot;
	set_state(leases, slot, HP_LEASE_WAITING);
	reset_slot(leases, slot);
	grant_next(leases);
}

void hp_lease_on_hello(struct conn *conn, const struct hp_wire_hello *hello)
{
	struct hp_leases *leases = conn->leases;
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct hp_wire_refuse refusal;

	HP_CRASH_POINT(hello_heard);
	if (getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
		refused(conn, hello, cred.uid))
		return;
	if (pid_taken(leases, hello->pid)) {
		hp_lease_send(conn->fd, HP_WIRE_PID_TAKEN);
		hp_lease_close(conn);
		return;
	}
	memset(&refusal, 0, sizeof(refusal));
	hp_wire_init(&refusal.hdr, HP_WIRE_REFUSE);
	if (leases->events->admit != NULL &&
		leases->events->admit(leases->arg, hello, &refusal) < 0) {
		hp_lease_refuse_with(conn, &refusal);
		return;
	}
	take_in(conn, hello, &cred);
}

static void send_lease(struct hp_leases *leases, uint32_t slot)
{
	struct hp_wire_lease *lease = &leases->msg.lease;
	const struct hp_lease *m = &leases->members[slot];

	memset(lease, 0, sizeof(*lease));
	hp_wire_init(&leases->msg.hdr, HP_WIRE_LEASE);
	hp_group_lease(leases->group, lease);
	lease->slot = slot;
	lease->n_lcores = m->n_lcores;
	memcpy(lease->lcores, m->lcores, sizeof(m->lcores));
	lease->base_virtaddr = leases->terms.base_virtaddr;
	lease->huge_dev = leases->huge_dev;
	lease->huge_ino = leases->huge_ino;
	lease->iova_va = leases->terms.iova_va;
	memcpy(lease->huge_dir, leases->terms.huge_dir, sizeof(lease->huge_dir));
	hp_lease_send_msg(m->fd, &leases->msg.hdr);
}

bool hp_leases_attaching(const struct hp_leases *leases)
{
	uint64_t now = hp_now_us();

	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++)
		if (leases->members[i].state == HP_LEASE_ATTACHING &&
			now - leases->members[i].since_us < ATTACH_WITHIN_US)
			return true;
	return false;
}

// First come, first attached.
static void grant_next(struct hp_leases *leases)
{
	uint32_t next = UINT32_MAX;

	if (hp_leases_attaching(leases))
		return;
	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++)
		if (leases->members[i].state == HP_LEASE_WAITING &&
			(next == UINT32_MAX ||
				leases->members[i].order < leases->members[next].order))
			next = i;
	if (next == UINT32_MAX)
		return;
	set_state(leases, next, HP_LEASE_ATTACHING);
	write_members(leases);
	HP_CRASH_POINT(lease_unsent);
	send_lease(leases, next);
	HP_CRASH_POINT(lease_sent);
}

static void on_ready(struct hp_leases *leases, uint32_t slot)
{
	const struct hp_lease *m = &leases->members[slot];

	HP_LOG(INFO, "member '%s' (%s, PID %d there, %d here) is ready in slot %u", m->name,
		m->role, (int)m->pid, (int)m->peer_pid, slot);
	set_state(leases, slot, HP_LEASE_READY);
	if (leases->events->ready != NULL)
		leases->events->ready(leases->arg, slot);
	grant_next(leases);
}

void hp_lease_on_gone(struct hp_leases *leases, uint32_t slot)
{
	struct hp_lease *m = &leases->members[slot];
	enum hp_lease_state was = m->state;

	HP_LOG(INFO, "member '%s' in slot %u is gone%s", m->name, slot,
		was == HP_LEASE_LEAVING ? "" : " without leave");
	HP_CRASH_POINT(gone_noticed);
	m->fd = -1;
	set_state(leases, slot, HP_LEASE_RELEASING);
	if (leases->events->gone != NULL)
		leases->events->gone(leases->arg, slot,
			was == HP_LEASE_READY || was == HP_LEASE_LEAVING ||
				was == HP_LEASE_EVICTED);
	else
		hp_lease_release(leases, slot);
	hp_stale_remove_pid(leases->runtime_dir, m->pid); // files can wait, packets cannot
	HP_CRASH_POINT(gone_files);
	write_members(leases);
	grant_next(leases);
}

void hp_lease_on_message(struct conn *conn, uint16_t type)
{
	struct hp_leases *leases = conn->leases;
	enum hp_lease_state state = leases->members[conn->slot].state;
	struct hp_err why = {0};

	if (type == HP_WIRE_READY && state == HP_LEASE_ATTACHING) {
		on_ready(leases, conn->slot);
	} else if (type == HP_WIRE_LEAVE && state == HP_LEASE_READY) {
		set_state(leases, conn->slot, HP_LEASE_LEAVING);
		if (leases->events->leaving != NULL)
			leases->events->leaving(leases->arg, conn->slot);
		else
			hp_lease_let_go(leases, conn->slot);
	} else if (state != HP_LEASE_EVICTED) {
		hp_err_set(&why, HP_EXIT_PROTOCOL, EBADMSG, "message type %u does not belong here",
			type);
		hp_lease_bad_message(conn, &why, -EBADMSG);
	}
}

static void tick(void *arg)
{
	struct hp_leases *leases = arg;
	uint64_t now = hp_now_us();

	for (unsigned int i = 0; i < HP_MEMBERS_MAX + STRANGERS_MAX; i++) {
		struct conn *conn = &leases->conns[i];

		if (conn->fd >= 0 && conn->slot == UINT32_MAX &&
			now - conn->since_us > HELLO_WITHIN_US)
			hp_lease_refuse(conn, HP_REFUSE_MALFORMED, HP_EXIT_PROTOCOL,
				"no hello within %d ms", HELLO_WITHIN_US / 1000);
	}
	grant_next(leases); // an attach that takes for ever holds the others up only for so long
}

static int listen_on(struct hp_leases *leases, struct hp_err *err)
{
	struct sockaddr_un addr;
	struct stat st;

	if (hp_paths_sockaddr(&addr, leases->runtime_dir, HP_PATHS_JOIN) < 0)
		return hp_err_set(err, HP_EXIT_CONFIG, ENAMETOOLONG,
			"%s/%s is too long for a socket's address: choose a shorter runtime "
			"directory",
			leases->runtime_dir, HP_PATHS_JOIN);
	if (stat(leases->terms.huge_dir, &st) == 0) {
		leases->huge_dev = st.st_dev;
		leases->huge_ino = st.st_ino;
	}
	unlink(addr.sun_path); // a dead primary's: this one holds the group's lock
	leases->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (leases->listen_fd < 0 ||
		bind(leases->listen_fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		goto err;
	HP_CRASH_POINT(start_bound);
	if (listen(leases->listen_fd, STRANGERS_MAX) < 0 ||
		hp_loop_add(leases->loop, leases->listen_fd, EPOLLIN, hp_lease_accept, leases) < 0)
		goto err;
	HP_CRASH_POINT(start_listening);
	return 0;
err:
	return hp_err_set(err, HP_EXIT_OTHER, errno, "%s: %s", addr.sun_path, strerror(errno));
}

struct hp_leases *hp_leases_new(struct hp_loop *loop, struct hp_group *group,
	const char *runtime_dir, const struct hp_lease_terms *terms, const char *fingerprint,
	const struct hp_lease_events *events, void *arg, struct hp_err *err)
{
	struct hp_leases *leases = calloc(1, sizeof(*leases));

	if (leases == NULL) {
		hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
		return NULL;
	}
	leases->loop = loop;
	leases->group = group;
	leases->terms = *terms;
	leases->fingerprint = fingerprint;
	leases->events = events;
	leases->arg = arg;
	leases->listen_fd = -1;
	for (unsigned int i = 0; i < HP_MEMBERS_MAX; i++)
		leases->members[i].fd = -1;
	for (unsigned int i = 0; i < HP_MEMBERS_MAX + STRANGERS_MAX; i++)
		leases->conns[i] = (struct conn){.leases = leases, .fd = -1, .slot = UINT32_MAX};
	snprintf(leases->runtime_dir, sizeof(leases->runtime_dir), "%s", runtime_dir);
	leases->tick = hp_loop_timer(loop, TICK_US, TICK_US, tick, leases);
	if (leases->tick == NULL) {
		hp_err_set(err, HP_EXIT_OTHER, errno, "timer: %s", strerror(errno));
		goto err;
	}
	if (listen_on(leases, err) < 0)
		goto err;
	write_members(leases);
	return leases;
err:
	hp_leases_free(leases);
	return NULL;
}

void hp_leases_free(struct hp_leases *leases)
{
	char path[4096];

	if (leases == NULL)
		return;
	hp_loop_timer_del(leases->tick);
	for (unsigned int i = 0; i < HP_MEMBERS_MAX + STRANGERS_MAX; i++)
		if (leases->conns[i].fd >= 0)
			hp_lease_close(&leases->conns[i]);
	if (leases->listen_fd >= 0) {
		hp_loop_del(leases->loop, leases->listen_fd);
		close(leases->listen_fd);
		if (hp_paths_file(path, sizeof(path), leases->runtime_dir, HP_PATHS_JOIN) == 0)
			unlink(path);
	}
	free(leases);
}

const struct hp_lease *hp_leases_get(const struct hp_leases *leases, uint32_t slot)
{
	return &leases->members[slot];
}

uint32_t hp_leases_count(const struct hp_leases *leases)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++)
		n += connected(&leases->members[i]);
	return n;
}

void hp_lease_release(struct hp_leases *leases, uint32_t slot)
{
	set_state(leases, slot, HP_LEASE_FREE);
}

void hp_lease_evict(struct hp_leases *leases, uint32_t slot, const char *why)
{
	struct hp_lease *m = &leases->members[slot];
	char copy[HP_WIRE_TEXT];

	if (!connected(m) || m->state == HP_LEASE_EVICTED)
		return;
	snprintf(copy, sizeof(copy), "%s", why);
	HP_LOG(WARNING, "member '%s' is evicted: %s", m->name, copy);
	set_state(leases, slot, HP_LEASE_EVICTED);
	hp_lease_send_text(leases, m->fd, HP_WIRE_EVICT, copy);
}

void hp_leases_shutdown(struct hp_leases *leases)
{
	leases->stopping = true;
	for (uint32_t i = 0; i < leases->group->hdr->max_members; i++)
		if (connected(&leases->members[i]))
			hp_lease_send_text(leases, leases->members[i].fd, HP_WIRE_SHUTDOWN,
				"the primary shuts down");
}
