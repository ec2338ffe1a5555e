// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Processes and threads that hold a word of shared memory, and end.

#include "base/hp_lifeline.h"
#include "base/hp_loop.h"
#include "hp_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 4
#define SILENT_US 50000 // nobody is heard of for so long: nobody will be

struct fixture {
	struct hp_loop *loop;
	pthread_t thread; // runs the loop
	struct hp_lifelines *lines;
	_Atomic uint32_t *words; // [WORDS], shared with children
	void *page; // of these
	_Atomic unsigned int heard[WORDS];
	_Atomic unsigned int n_heard;
};

static void on_cut(void *arg, uint32_t id)
{
	struct fixture *f = arg;

	atomic_fetch_add(&f->heard[id], 1);
	atomic_fetch_add(&f->n_heard, 1);
}

static void *run(void *arg)
{
	struct fixture *f = arg;

	return hp_loop_run(f->loop) < 0 ? arg : NULL;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(f->page, MAP_FAILED);
	f->words = f->page;
	f->loop = hp_loop_new();
	assert_non_null(f->loop);
	f->lines = hp_lifelines_new(f->loop, on_cut, f);
	assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	void *failed;

	hp_loop_stop(f->loop);
	assert_int_equal(pthread_join(f->thread, &failed), 0);
	assert_null(failed);
	hp_lifelines_free(f->lines);
	hp_loop_free(f->loop);
	munmap(f->page, 4096);
	free(f);
	return 0;
}

// Until so many ends are heard of.
static void expect(struct fixture *f, unsigned int n)
{
	for (unsigned int ms = 0; ms < 10000 && atomic_load(&f->n_heard) < n; ms++)
		usleep(1000);
	assert_int_equal(atomic_load(&f->n_heard), n);
}

static void expect_no_more(struct fixture *f, unsigned int n)
{
	usleep(SILENT_US);
	assert_int_equal(atomic_load(&f->n_heard), n);
}

static void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

// A process that holds the word with its first thread, and has another one.
static pid_t start(struct fixture *f, uint32_t word)
{
	static struct hp_lifeline line;
	int said[2];
	pthread_t thread;
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(said), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		c = (char)(pthread_create(&thread, NULL, sleeper, NULL) == 0 &&
			   hp_lifeline_hold(&line, &f->words[word]) == 0);
		if (write(said[1], &c, 1) == 1)
			sleeper(NULL);
		_exit(1);
	}
	assert_int_equal(read(said[0], &c, 1), 1);
	assert_int_equal(c, 1);
	close(said[0]);
	close(said[1]);
	return pid;
}

static void end(pid_t pid, int number)
{
	assert_int_equal(kill(pid, number), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#define NEEDS_KERNEL(f) \
	do { \
		if ((f)->lines == NULL) \
			skip(); \
	} while (0)

static void a_killed_holder_is_heard_of_once(void **state)
{
	struct fixture *f = *state;
	pid_t pids[2];

	NEEDS_KERNEL(f);
	for (uint32_t i = 0; i < 2; i++) {
		pids[i] = start(f, i);
		hp_lifelines_watch(f->lines, i, &f->words[i]);
	}
	assert_int_equal(kill(pids[1], SIGKILL), 0);
	expect(f, 1);
	assert_int_equal(f->heard[1], 1);
	waitpid(pids[1], NULL, 0);
	end(pids[0], SIGKILL);
	expect(f, 2);
	assert_int_equal(f->heard[0], 1);
	expect_no_more(f, 2);
}

static void one_that_is_stopped_holds_on(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	NEEDS_KERNEL(f);
	pid = start(f, 2);
	hp_lifelines_watch(f->lines, 2, &f->words[2]);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	expect_no_more(f, 0);
	end(pid, SIGKILL);
	expect(f, 1);
	assert_int_equal(f->heard[2], 1);
}

static void one_that_died_before_is_heard_of(void **state)
{
	struct fixture *f = *state;

	NEEDS_KERNEL(f);
	end(start(f, 1), SIGKILL);
	hp_lifelines_watch(f->lines, 1, &f->words[1]);
	expect(f, 1);
	assert_int_equal(f->heard[1], 1);
}

static void one_that_is_forgotten_is_not(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	NEEDS_KERNEL(f);
	pid = start(f, 1);
	hp_lifelines_watch(f->lines, 1, &f->words[1]);
	hp_lifelines_forget(f->lines, 1);
	hp_lifelines_forget(f->lines, 3);
	end(pid, SIGKILL);
	expect_no_more(f, 0);
	// The place is free for the next.
	pid = start(f, 1);
	hp_lifelines_watch(f->lines, 1, &f->words[1]);
	expect_no_more(f, 0);
	end(pid, SIGKILL);
	expect(f, 1);
	assert_int_equal(f->heard[1], 1);
}

struct holder {
	_Atomic uint32_t *word;
	bool drops;
	struct hp_lifeline line; // libc clears a thread's stack before the thread ends
};

static void *hold(void *arg)
{
	struct holder *holder = arg;

	if (hp_lifeline_hold(&holder->line, holder->word) < 0)
		return arg;
	if (holder->drops)
		hp_lifeline_drop(&holder->line);
	return NULL;
}

static void one_that_lets_go_is_not(void **state)
{
	struct fixture *f = *state;
	struct holder drops = {&f->words[0], true}, holds = {&f->words[1]};
	pthread_t threads[2];
	void *failed;

	assert_int_equal(pthread_create(&threads[0], NULL, hold, &drops), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, hold, &holds), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_false(hp_lifeline_is_cut(atomic_load(&f->words[0])));
	assert_true(hp_lifeline_is_cut(atomic_load(&f->words[1])));
}

// Somebody writes nonsense all the time: that is no death, and nobody else's is missed.
static void a_scribbled_word_is_no_death(void **state)
{
	struct fixture *f = *state;
	pid_t liar, pid;

	NEEDS_KERNEL(f);
	liar = fork();
	assert_true(liar >= 0);
	if (liar == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (uint32_t n = 0;; n++)
			atomic_store(&f->words[0], n & ~FUTEX_OWNER_DIED);
	}
	pid = start(f, 1);
	hp_lifelines_watch(f->lines, 0, &f->words[0]);
	hp_lifelines_watch(f->lines, 1, &f->words[1]);
	expect_no_more(f, 0);
	end(pid, SIGKILL);
	expect(f, 1);
	assert_int_equal(f->heard[1], 1);
	end(liar, SIGKILL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_killed_holder_is_heard_of_once),
		TEST(one_that_is_stopped_holds_on),
		TEST(one_that_died_before_is_heard_of),
		TEST(one_that_is_forgotten_is_not),
		TEST(one_that_lets_go_is_not),
		TEST(a_scribbled_word_is_no_death),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
