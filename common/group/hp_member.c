// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_member.h"

#include "base/hp_crash.h"
#include "base/hp_log.h"
#include "base/hp_loop.h"
#include "base/hp_pass.h"
#include "base/hp_supervise.h"
#include "group/hp_console.h"
#include "group/hp_join.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

HP_LOG_TYPE("member");

// From SIGTERM to the end of the process at most; "SIGTERM ends it within 2 s" has room to spare.
#define STOP_WITHIN_US 1500000

const char *const hp_on_loss_words[] = {"exit", "rejoin", NULL};

const char *hp_member_check_iova(const char *text)
{
	return strcmp(text, "va") == 0 || strcmp(text, "pa") == 0 ? NULL : "va or pa";
}

const char *hp_member_check_address(const char *text)
{
	char *end;

	errno = 0;
	strtoull(text, &end, 0);
	return *text != '-' && *text != '\0' && *end == '\0' && errno == 0
		       ? NULL
		       : "an address, as 0x100000000";
}

struct hp_member {
	const struct hp_member_conf *conf;
	struct hp_group group;
	struct hp_wire_lease lease;
	int fd;
	struct hp_loop *loop;
	pthread_t control;
	struct hp_console *console; // NULL: without --interactive
	bool control_runs;
	atomic_int exit_code; // control thread: wo; main: ro
	atomic_bool stopping; // control thread and hp_member_stop(): wo
	atomic_bool left; // control thread: wo
	atomic_bool attached; // main: wo; before that a signal ends the process at once
	atomic_bool leaving; // main: wo; the connection may close then
	struct hp_timer *deadline; // control thread
};

// The primary is gone, or this process must not go on: nothing of the shared memory may be touched
// any more, by any thread. So no cleanup and no atexit handlers: the kernel does it.
static void end_process(int exit_code)
{
	_exit(exit_code); // lint: _exit: the kernel cleans up, nothing else may run
}

static void on_loss(struct hp_member *member)
{
	HP_CRASH_POINT(loss_noticed);
	if (atomic_load(&member->leaving))
		end_process(atomic_load(&member->exit_code));
	if (member->conf->on_primary_loss == HP_ON_LOSS_REJOIN) {
		HP_LOG(NOTICE, "the primary is gone: joining the next one");
		hp_join_again();
	}
	HP_LOG(ERR, "the primary is gone: exit code %d asks to be started again", HP_EXIT_AGAIN);
	end_process(HP_EXIT_AGAIN);
}

static void on_deadline(void *arg)
{
	struct hp_member *member = arg;

	HP_LOG(ERR, "the packet loop did not end within %d ms: leaving without it",
		STOP_WITHIN_US / 1000);
	end_process(atomic_load(&member->exit_code) != 0 ? atomic_load(&member->exit_code)
							 : HP_EXIT_OTHER);
}

static void begin_stop(struct hp_member *member, int exit_code)
{
	if (atomic_exchange(&member->stopping, true))
		return;
	atomic_store(&member->exit_code, exit_code);
	if (!atomic_load(&member->attached))
		end_process(exit_code);
	member->deadline = hp_loop_timer(member->loop, STOP_WITHIN_US, 0, on_deadline, member);
}

static void on_signal(void *arg, const struct signalfd_siginfo *info)
{
	struct hp_member *member = arg;

	if (info->ssi_signo != SIGTERM && info->ssi_signo != SIGINT)
		return;
	if (atomic_load(&member->stopping) && info->ssi_signo == SIGINT)
		end_process(128 + SIGINT); // a second Ctrl-C does not wait
	begin_stop(member, HP_EXIT_OK);
}

static void hear(struct hp_member *member, const union hp_wire_msg *msg, int passed)
{
	switch (msg->hdr.type) {
	case HP_WIRE_LEFT:
		atomic_store(&member->left, true);
		break;
	case HP_WIRE_SHUTDOWN:
		HP_CRASH_POINT(shutdown_told);
		HP_LOG(NOTICE, "%s", msg->text.text);
		begin_stop(member, HP_EXIT_AGAIN);
		break;
	case HP_WIRE_EVICT:
		// What is still lent must not be touched again: no leave, no packet loop.
		HP_LOG(ERR, "evicted by the primary: %s", msg->text.text);
		end_process(HP_EXIT_OTHER);
		break;
	default:
		if (member->conf->message != NULL)
			member->conf->message(member->conf->message_arg, member->loop, msg, passed);
		break;
	}
}

static void on_message(void *arg, int fd, uint32_t events)
{
	struct hp_member *member = arg;
	union hp_wire_msg msg;
	struct hp_err why = {0};
	ssize_t len;
	int passed;

	(void)events;
	len = hp_pass_receive(fd, &msg, sizeof(msg), &passed, MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		on_loss(member);
		return;
	}
	if (hp_wire_check(&msg, (size_t)len, &why) < 0)
		HP_LOG(WARNING, "from the primary: %s", why.text);
	else
		hear(member, &msg, passed);
	if (passed >= 0)
		close(passed);
}

static void *control_main(void *arg)
{
	struct hp_member *member = arg;

	hp_loop_run(member->loop);
	return NULL;
}

static int start_control(struct hp_member *member, struct hp_err *err)
{
	int ret;

	member->loop = hp_loop_new();
	if (member->loop == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, errno, "event loop: %s", strerror(errno));
	ret = hp_loop_signals(member->loop, on_signal, member);
	if (ret == 0)
		ret = hp_loop_add(
			member->loop, member->fd, EPOLLIN | EPOLLRDHUP, on_message, member);
	if (ret == 0 && member->conf->tick != NULL &&
		hp_loop_timer(member->loop, member->conf->tick_us, member->conf->tick_us,
			member->conf->tick, member->conf->tick_arg) == NULL)
		ret = -errno;
	if (ret == 0)
		ret = -pthread_create(&member->control, NULL, control_main, member);
	if (ret < 0)
		return hp_err_set(err, HP_EXIT_OTHER, -ret, "control thread: %s", strerror(-ret));
	member->control_runs = true;
	return 0;
}

static void free_member(struct hp_member *member)
{
	hp_console_free(member->console);
	if (member->control_runs) {
		hp_loop_stop(member->loop);
		pthread_join(member->control, NULL);
	}
	hp_loop_free(member->loop);
	if (member->fd >= 0)
		close(member->fd);
	free(member);
}

// A connection that is open now was open all the time: the memory that is mapped is its primary's,
// whatever another member has written over the shared header.
static bool is_connected(const struct hp_member *member)
{
	struct pollfd pfd = {.fd = member->fd, .events = POLLRDHUP};

	return poll(&pfd, 1, 0) == 0;
}

static int attach_group(struct hp_member *member, struct hp_err *err)
{
	int ret = hp_group_attach(&member->group, &member->lease, err);

	if (ret != -ESTALE || !is_connected(member))
		return ret;
	HP_LOG(WARNING, "the header of the group's shared memory is damaged: a member wrote to it");
	memset(err, 0, sizeof(*err));
	return 0;
}

struct hp_member *hp_member_join(const struct hp_member_conf *conf, const char *role, bool ports,
	uint32_t restarts, struct hp_err *err)
{
	struct hp_member *member = calloc(1, sizeof(*member));

	if (member == NULL) {
		hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
		return NULL;
	}
	member->conf = conf;
	member->fd = -1;
	hp_loop_block_signals();
	if (hp_join_lease(conf, role, restarts, &member->lease, &member->fd, err) < 0)
		goto err;
	// From here on the primary's death ends this process, whatever the main thread is doing:
	// rte_eal_init() waits for ever on a memory configuration that its primary left half made.
	HP_CRASH_POINT(join_control_none);
	if (start_control(member, err) < 0)
		goto err;
	HP_CRASH_POINT(join_control_runs);
	if (conf->interactive) {
		member->console =
			hp_console_new(conf->file_prefix, conf->runtime_dir, conf->name, err);
		if (member->console == NULL)
			goto err;
	}
	if (hp_join_attach(conf, &member->lease, ports, err) < 0)
		goto err;
	HP_CRASH_POINT(attach_eal_up);
	if (attach_group(member, err) < 0)
		goto err;
	atomic_store(&member->attached, true);
	HP_CRASH_POINT(attach_done);
	return member;
err:
	free_member(member);
	return NULL;
}

const struct hp_group *hp_member_group(const struct hp_member *member)
{
	return &member->group;
}

uint32_t hp_member_slot(const struct hp_member *member)
{
	return member->lease.slot;
}

int hp_member_ready(struct hp_member *member)
{
	int ret;

	HP_CRASH_POINT(ready_unsent);
	ret = hp_join_send(member->fd, HP_WIRE_READY);
	HP_CRASH_POINT(ready_sent);
	if (ret == 0)
		hp_supervise_up();
	return ret;
}

bool hp_member_stopping(const struct hp_member *member)
{
	return atomic_load_explicit(&member->stopping, memory_order_relaxed);
}

void hp_member_leave(struct hp_member *member)
{
	HP_CRASH_POINT(leave_unsent);
	if (hp_join_send(member->fd, HP_WIRE_LEAVE) < 0)
		atomic_store(&member->left, true);
	HP_CRASH_POINT(leave_sent);
}

bool hp_member_left(const struct hp_member *member)
{
	return atomic_load_explicit(&member->left, memory_order_relaxed);
}

void hp_member_send(const struct hp_member *member, const struct hp_wire_hdr *hdr)
{
	hp_pass_send(member->fd, hdr, hdr->length, -1, 0);
}

void hp_member_stop(struct hp_member *member)
{
	atomic_store(&member->stopping, true);
}

int hp_member_end(struct hp_member *member)
{
	int exit_code = atomic_load(&member->exit_code);

	// No rte_eal_cleanup(): in a secondary it would shut the buses down, and with them devices
	// that are the primary's (F-Stack #860). The primary removes this process's files.
	HP_CRASH_POINT(leave_granted);
	atomic_store(&member->leaving, true);
	free_member(member);
	HP_CRASH_POINT(leave_disconnected);
	return exit_code;
}
