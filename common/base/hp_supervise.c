// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_supervise.h"

#include "base/hp_crash.h"
#include "base/hp_err.h"
#include "base/hp_log.h"
#include "base/hp_time.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

HP_LOG_TYPE("supervise");

#define QUICK_DEATH_MS 1000 // a child that lived shorter than this counts as a failed start
#define QUICK_FREE 3 // failed starts in a row that cost no pause
#define QUICK_MAX 20 // failed starts in a row before the parent gives up
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS 5000
#define PARENT_ENV "HUGEPOD_PARENT" // PID:RESTARTS, for a child that runs its program anew (exec)
#define PID_TRIES 4096 // far above the members of a group; a bound against a broken primary

static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

struct parent {
	const struct hp_supervise *sup;
	pid_t child;
	int status; // of the last child, as waitpid() gives it
	bool ended; // the last child has been reaped
	bool stopping; // SIGTERM or SIGINT was seen
	uint32_t restarts;
	unsigned int quick;
	sigset_t waited;
	sigset_t inherited; // the mask that a child starts with
};

// In memory of the parent that the child writes to; NULL without a parent. Static, because what
// tells of it is far from what was given to the child.
static atomic_bool *came_up;

void hp_supervise_up(void)
{
	if (came_up != NULL)
		atomic_store(came_up, true);
}

static uint64_t now_ms(void)
{
	return hp_now_us() / 1000;
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void reap(struct parent *parent)
{
	int status;
	pid_t pid;

	// As PID 1 of a container we also get the orphans of others.
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != parent->child)
			continue;
		parent->status = status;
		parent->ended = true;
	}
}

static void pass_on(struct parent *parent, const siginfo_t *info)
{
	if (info->si_signo == SIGTERM || info->si_signo == SIGINT)
		parent->stopping = true;
	// What a terminal sends (SI_KERNEL) goes to the child as well, once is enough.
	if (info->si_code == SI_KERNEL && info->si_signo == SIGINT)
		return;
	if (!parent->ended)
		kill(parent->child, info->si_signo);
}

// Wait for one signal, at most timeout_ms (negative: for ever).
static void wait_signal(struct parent *parent, int timeout_ms)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	siginfo_t info;
	int signo;

	signo = timeout_ms < 0 ? sigwaitinfo(&parent->waited, &info)
			       : sigtimedwait(&parent->waited, &info, &timeout);
	if (signo == SIGCHLD)
		reap(parent);
	else if (signo > 0)
		pass_on(parent, &info);
}

static int start_child(struct parent *parent)
{
	pid_t self = getpid();
	char text[32];

	parent->ended = false;
	if (came_up != NULL)
		atomic_store(came_up, false);
	HP_CRASH_POINT(parent_begin);
	parent->child = fork();
	if (parent->child < 0) {
		HP_LOG(ERR, "fork: %s", strerror(errno));
		return -errno;
	}
	if (parent->child > 0) {
		HP_CRASH_POINT(parent_forked);
		return 0;
	}
	HP_CRASH_POINT(child_forked);
	// The parent's death must not leave a child that nobody can reach any more.
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(HP_EXIT_OTHER); // lint: _exit: a forked child, and the parent died before we
				      // asked
	snprintf(text, sizeof(text), "%d:%u", (int)self, parent->restarts);
	setenv(PARENT_ENV, text, 1);
	sigprocmask(SIG_SETMASK, &parent->inherited, NULL);
	fflush(NULL);
	// lint: _exit: a forked child runs no handlers of its parent
	_exit(parent->sup->child(parent->sup->arg, parent->restarts));
}

// Would another start mend it?
static bool worth_a_restart(int status)
{
	if (WIFSIGNALED(status))
		return true;
	switch (WEXITSTATUS(status)) {
	case HP_EXIT_OTHER:
	case HP_EXIT_NO_PRIMARY:
	case HP_EXIT_AGAIN:
		return true;
	default:
		return false;
	}
}

// A child that had come up and was killed from outside, or lost its primary, did not fail itself.
static bool failed_start(const struct parent *parent, uint64_t lived_ms)
{
	bool up = came_up != NULL && atomic_load(came_up);
	bool not_its_fault = WIFSIGNALED(parent->status)
				     ? WTERMSIG(parent->status) == SIGKILL
				     : WEXITSTATUS(parent->status) == HP_EXIT_AGAIN;

	return lived_ms < QUICK_DEATH_MS && !(up && not_its_fault);
}

static void pause_before_restart(struct parent *parent)
{
	uint64_t pause_ms = PAUSE_FIRST_MS;
	uint64_t until, now;

	if (parent->quick <= QUICK_FREE)
		return;
	for (unsigned int i = QUICK_FREE + 1; i < parent->quick && pause_ms < PAUSE_MAX_MS; i++)
		pause_ms *= 2;
	if (pause_ms > PAUSE_MAX_MS)
		pause_ms = PAUSE_MAX_MS;
	until = now_ms() + pause_ms;
	while (!parent->stopping && (now = now_ms()) < until)
		wait_signal(parent, (int)(until - now) + 1);
}

static void log_end(const struct parent *parent, const char *then)
{
	if (WIFSIGNALED(parent->status))
		HP_LOG(WARNING, "%s (PID %d) was killed by signal %d: %s", parent->sup->program,
			(int)parent->child, WTERMSIG(parent->status), then);
	else
		HP_LOG(NOTICE, "%s (PID %d) ended with code %d: %s", parent->sup->program,
			(int)parent->child, WEXITSTATUS(parent->status), then);
}

static int run_parent(struct parent *parent)
{
	unsigned int pid_tries = 0;

	for (;;) {
		uint64_t started = now_ms();

		if (start_child(parent) < 0)
			return HP_EXIT_OTHER;
		while (!parent->ended)
			wait_signal(parent, -1);
		if (WIFEXITED(parent->status) &&
			WEXITSTATUS(parent->status) == HP_CHILD_PID_TAKEN) {
			if (parent->stopping)
				return HP_EXIT_OK;
			if (++pid_tries < PID_TRIES)
				continue;
			HP_LOG(ERR, "the group has every one of %u PIDs tried", pid_tries);
			return HP_EXIT_OTHER;
		}
		pid_tries = 0;
		if (!parent->sup->respawn || parent->stopping)
			return exit_code(parent->status);
		if (!worth_a_restart(parent->status)) {
			if (exit_code(parent->status) != HP_EXIT_OK)
				log_end(parent, "no restart would mend that");
			return exit_code(parent->status);
		}
		parent->quick = failed_start(parent, now_ms() - started) ? parent->quick + 1 : 0;
		if (parent->quick > QUICK_MAX) {
			log_end(parent, "giving up after too many in a row");
			return exit_code(parent->status);
		}
		log_end(parent, "starting it again");
		HP_CRASH_POINT(parent_reaped);
		pause_before_restart(parent);
		if (parent->stopping)
			return exit_code(parent->status);
		parent->restarts++;
	}
}

// A child that has run its program anew is still somebody's child: it needs no other parent.
static bool has_parent(uint32_t *restarts)
{
	const char *text = getenv(PARENT_ENV);
	char *end;
	long pid;

	if (text == NULL)
		return false;
	pid = strtol(text, &end, 10);
	if (*end != ':' || pid != (long)getppid())
		return false;
	*restarts = (uint32_t)strtoul(end + 1, NULL, 10);
	return true;
}

int hp_supervise_run(const struct hp_supervise *sup)
{
	struct parent parent = {.sup = sup};
	uint32_t restarts;
	void *shared;

	if (has_parent(&restarts))
		return sup->child(sup->arg, restarts);
	// A child that needs no parent: no init to be, no restart wanted, and a PID that nobody
	// has.
	if (getpid() != 1 && !sup->respawn) {
		int code = sup->child(sup->arg, 0);

		if (code != HP_CHILD_PID_TAKEN)
			return code;
	}
	if (sup->prepare != NULL)
		sup->prepare();
	shared = mmap(
		NULL, sizeof(*came_up), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	came_up = shared != MAP_FAILED ? shared : NULL;
	sigemptyset(&parent.waited);
	sigaddset(&parent.waited, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&parent.waited, passed_on[i]);
	if (sigprocmask(SIG_BLOCK, &parent.waited, &parent.inherited) < 0)
		return HP_EXIT_OTHER;
	return run_parent(&parent);
}
