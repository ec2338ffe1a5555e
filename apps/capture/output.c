// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The file that packets go to. It always ends with a whole block: what a full disk or a closed pipe
// cuts through is taken off again. Nobody hangs in a pipe whose reader takes nothing: who wants to
// end is asked meanwhile.

#include "base/hp_time.h"
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define MEMBER_BYTES (1u << 20) // of packets in a gzip member
#define ASK_MS 50 // between two questions for patience

static int failed(const struct hp_output *out, int errnum, struct hp_err *err)
{
	const char *name = strcmp(out->path, "-") == 0 ? "standard output" : out->path;

	if (errnum == EPIPE)
		return hp_err_set(err, HP_EXIT_OTHER, EPIPE, "%s: its reader has closed it", name);
	if (errnum == ENXIO)
		return hp_err_set(err, HP_EXIT_OTHER, ENXIO, "%s: nobody reads it", name);
	if (errnum == ETIMEDOUT)
		return hp_err_set(err, HP_EXIT_OTHER, ETIMEDOUT,
			"%s: its reader takes nothing: what was left is lost", name);
	return hp_err_set(err, HP_EXIT_OTHER, errnum, "%s: %s", name, strerror(errnum));
}

static bool goes_on(const struct hp_output *out, uint64_t stalled_us)
{
	return out->patience == NULL || out->patience(out->arg, stalled_us);
}

// A FIFO without a reader is not there yet.
static int open_path(const struct hp_output *out, bool group_access)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK;
	struct stat st;
	int fd;

	for (;;) {
		fd = open(out->path, flags, group_access ? 0640 : 0600);
		if (fd >= 0 || errno != ENXIO || stat(out->path, &st) < 0 || !S_ISFIFO(st.st_mode))
			return fd >= 0 ? fd : -errno;
		if (!goes_on(out, HP_STALLED_FOR_EVER))
			return -ENXIO;
		poll(NULL, 0, ASK_MS);
	}
}

// Where in standard output we begin: somebody may have written to it before, or append to it.
static uint64_t begin(const struct hp_output *out, const struct stat *st)
{
	off_t at = lseek(out->fd, 0, SEEK_CUR);

	if ((fcntl(out->fd, F_GETFL) & O_APPEND) != 0)
		return (uint64_t)st->st_size;
	return at > 0 ? (uint64_t)at : 0;
}

static void interrupt_write(int signo)
{
	(void)signo;
}

static void let_writes_be_interrupted(const struct hp_output *out)
{
	const struct sigaction action = {.sa_handler = interrupt_write}; // without SA_RESTART

	sigaction(SIGALRM, &action, NULL);
	if (strcmp(out->path, "-") != 0) // it was for open() alone
		fcntl(out->fd, F_SETFL, fcntl(out->fd, F_GETFL) & ~O_NONBLOCK);
}

int hp_output_open(
	struct hp_output *out, const char *path, bool gzip, bool group_access, struct hp_err *err)
{
	struct stat st = {0};

	*out = (struct hp_output){.patience = out->patience, .arg = out->arg};
	snprintf(out->path, sizeof(out->path), "%s", path);
	out->fd = strcmp(path, "-") != 0 ? open_path(out, group_access) : dup(STDOUT_FILENO);
	if (out->fd < 0)
		return failed(out, strcmp(path, "-") != 0 ? -out->fd : errno, err);
	if (fstat(out->fd, &st) == 0) {
		out->regular = S_ISREG(st.st_mode);
		out->stalls = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(out->fd);
	}
	if (out->regular)
		out->kept = begin(out, &st);
	if (out->stalls)
		let_writes_be_interrupted(out);
	if (!gzip)
		return 0;
	out->gzip = hp_gzip_new();
	if (out->gzip != NULL)
		return 0;
	close(out->fd);
	out->fd = -1;
	return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
}

// How far whole blocks reach into the first n bytes of the vectors.
static uint64_t whole_blocks(
	const struct iovec *iov, int n_iov, uint64_t n, uint32_t (*block)(const uint8_t *at))
{
	uint64_t at = 0, off = 0;

	for (int i = 0; i < n_iov; i++) {
		while (off < iov[i].iov_len) {
			uint32_t len = block((const uint8_t *)iov[i].iov_base + off);

			if (at + len > n)
				return at;
			at += len;
			off += len;
		}
		off -= iov[i].iov_len; // a block may reach into the next vector
	}
	return at;
}

static int cut(struct hp_output *out, uint64_t keep, int errnum, struct hp_err *err)
{
	out->kept += keep;
	if (out->regular && (ftruncate(out->fd, (off_t)out->kept) < 0 ||
				    lseek(out->fd, (off_t)out->kept, SEEK_SET) < 0))
		return failed(out, errno, err);
	return failed(out, errnum, err);
}

// Every so often from now on, 0: no more.
static void interrupt_every(unsigned int ms)
{
	const struct itimerval timer = {
		.it_value.tv_usec = ms * 1000,
		.it_interval.tv_usec = ms * 1000,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static int wait_for_reader(struct hp_output *out)
{
	struct pollfd fd = {.fd = out->fd, .events = POLLOUT};
	uint64_t now;

	poll(&fd, 1, ASK_MS); // somebody may have made it non-blocking
	now = hp_now_us();
	if (out->since_us == 0)
		out->since_us = now;
	return goes_on(out, now - out->since_us) ? -EINTR : -ETIMEDOUT;
}

// A timer interrupts a write to a pipe: O_NONBLOCK would be everybody's who has it open.
static ssize_t write_some(struct hp_output *out, const struct iovec *iov, int n)
{
	ssize_t got;

	if (!out->stalls)
		return writev(out->fd, iov, n);
	interrupt_every(ASK_MS);
	got = writev(out->fd, iov, n);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		errno = -wait_for_reader(out);
	else
		out->since_us = 0;
	interrupt_every(0);
	return got;
}

static int write_all(struct hp_output *out, struct iovec *iov, int n, uint64_t *done)
{
	struct iovec copy[HP_BATCH_VECTORS];
	struct iovec *at = copy;

	*done = 0;
	memcpy(copy, iov, (size_t)n * sizeof(*iov));
	while (n > 0) {
		ssize_t got = write_some(out, at, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		*done += (uint64_t)got;
		while (n > 0 && (size_t)got >= at->iov_len) {
			got -= (ssize_t)at->iov_len;
			at++;
			n--;
		}
		if (n > 0) {
			at->iov_base = (uint8_t *)at->iov_base + got;
			at->iov_len -= (size_t)got;
		}
	}
	return 0;
}

static int end_member(struct hp_output *out, struct hp_err *err)
{
	struct iovec iov;
	const uint8_t *data;
	uint64_t done;
	size_t n;
	int ret;

	if (hp_gzip_pending(out->gzip) == 0)
		return 0;
	if (hp_gzip_end(out->gzip, &data, &n) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	iov = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = n};
	ret = write_all(out, &iov, 1, &done);
	if (ret < 0)
		return cut(out, 0, -ret, err);
	out->kept += n;
	return 0;
}

int hp_output_write(struct hp_output *out, struct iovec *iov, int n,
	uint32_t (*block)(const uint8_t *at), struct hp_err *err)
{
	uint64_t done;
	int ret;

	if (out->gzip != NULL) {
		for (int i = 0; i < n; i++) {
			if (hp_gzip_add(out->gzip, iov[i].iov_base, iov[i].iov_len) < 0)
				return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
			out->bytes += iov[i].iov_len;
		}
		return hp_gzip_pending(out->gzip) >= MEMBER_BYTES ? end_member(out, err) : 0;
	}
	ret = write_all(out, iov, n, &done);
	if (ret < 0)
		return cut(out, whole_blocks(iov, n, done, block), -ret, err);
	out->kept += done;
	out->bytes += done;
	return 0;
}

int hp_output_flush(struct hp_output *out, struct hp_err *err)
{
	return out->gzip != NULL ? end_member(out, err) : 0;
}

int hp_output_close(struct hp_output *out, struct hp_err *err)
{
	int ret = hp_output_flush(out, err);

	hp_gzip_free(out->gzip);
	out->gzip = NULL;
	if (close(out->fd) < 0 && ret == 0)
		ret = failed(out, errno, err);
	out->fd = -1;
	return ret;
}
