// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_ctl_server.h"

#include "base/hp_ctl.h"
#include "base/hp_log.h"
#include "base/hp_paths.h"
#include "group/hp_cli_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

HP_LOG_TYPE("ctl");

#define BACKLOG 64
#define ACCEPT_BURST 16 // connections taken in one event, so that a flood leaves room for others
#define CHECK_US 1000000 // how often silent peers are looked for
#define HELLO_TIMEOUT_US 5000000 // to send a greeting of 20 bytes
#define STALL_TIMEOUT_US 10000000 // to take some of what waits
#define WARN_US 10000000 // one line a flood
#define PROMPT_MAX 32 // bytes with NUL: librte_cmdline's RDLINE_PROMPT_SIZE

struct peer {
	struct hp_ctl_server *server;
	struct peer *next;
	int fd;
	char hello[sizeof(HP_CTL_HELLO) + 8];
	size_t hello_len;
	uint64_t since_us; // of the connection
	struct hp_cli_session *session; // NULL until it has greeted
};

struct hp_ctl_server {
	struct hp_cli *cli;
	struct hp_loop *loop;
	struct hp_timer *timer; // runs while there are peers
	struct peer *peers; // the newest first
	unsigned int n_peers;
	int fd;
	struct sockaddr_un addr;
	char prompt[PROMPT_MAX];
	uint64_t warned_us; // when the flood was last spoken of
};

static const struct {
	const char *name;
	enum hp_cli_mode mode;
	enum hp_out_format format;
} modes[] = {
	{"tty", HP_CLI_EDIT, HP_OUT_TEXT},
	{"text", HP_CLI_FRAMED, HP_OUT_TEXT},
	{"json", HP_CLI_FRAMED, HP_OUT_JSON},
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void peer_end(struct peer *peer)
{
	struct hp_ctl_server *server = peer->server;
	struct peer **link = &server->peers;

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	server->n_peers--;
	if (peer->session != NULL)
		hp_cli_session_free(peer->session);
	else
		hp_loop_del(server->loop, peer->fd);
	close(peer->fd);
	free(peer);
	if (server->n_peers == 0) {
		hp_loop_timer_del(server->timer);
		server->timer = NULL;
	}
}

static void session_end(void *arg, struct hp_cli_session *session)
{
	peer_end(arg);
}

static void refuse(struct peer *peer, int errnum, const char *text)
{
	char frame[160];
	int len = snprintf(frame, sizeof(frame), "%d %zu\n%s\n", errnum, strlen(text) + 1, text);

	// The peer's buffer is empty, so this fits or there is nobody to read it.
	if (send(peer->fd, frame, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		HP_LOG(DEBUG, "refusal not sent: %s", strerror(errno));
	peer_end(peer);
}

// The greeting is whole: begin what it asks for. @p rest are bytes behind it.
static void greet(struct peer *peer, const char *mode, const char *rest, size_t rest_len)
{
	struct hp_ctl_server *server = peer->server;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct hp_cli_session_conf conf = {.fd_in = peer->fd,
			.fd_out = peer->fd,
			.mode = modes[i].mode,
			.format = modes[i].format,
			.prompt = server->prompt,
			.end = session_end,
			.arg = peer};

		if (strcmp(modes[i].name, mode) != 0)
			continue;
		hp_loop_del(server->loop, peer->fd);
		peer->session = hp_cli_session_new(server->cli, server->loop, &conf);
		if (peer->session == NULL)
			peer_end(peer);
		else if (rest_len > 0)
			hp_cli_session_feed(peer->session, rest, rest_len);
		return;
	}
	refuse(peer, EPROTO, "unknown mode, expected tty, text or json");
}

static void hello_event(void *arg, int fd, uint32_t events)
{
	struct peer *peer = arg;
	size_t magic = strlen(HP_CTL_HELLO), room = sizeof(peer->hello) - 1 - peer->hello_len;
	ssize_t len = recv(fd, peer->hello + peer->hello_len, room, MSG_DONTWAIT);
	char *end;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		peer_end(peer);
		return;
	}
	peer->hello_len += (size_t)len;
	end = memchr(peer->hello, '\n', peer->hello_len);
	if (strncmp(peer->hello, HP_CTL_HELLO, peer->hello_len < magic ? peer->hello_len : magic) !=
			0 ||
		(end == NULL && peer->hello_len == sizeof(peer->hello) - 1)) {
		refuse(peer, EPROTO,
			"expected \"" HP_CTL_HELLO "tty\", \"... text\" or \"... json\"");
		return;
	}
	if (end == NULL)
		return; // half a greeting
	*end++ = '\0';
	greet(peer, peer->hello + magic, end, peer->hello_len - (size_t)(end - peer->hello));
}

// Who has not greeted in time, or does not read, makes room.
static void check_peers(void *arg)
{
	struct hp_ctl_server *server = arg;
	struct peer *peer = server->peers, *next;

	for (; peer != NULL; peer = next) {
		next = peer->next;
		if (peer->session == NULL
				? now_us() - peer->since_us > HELLO_TIMEOUT_US
				: hp_cli_session_blocked(peer->session) &&
					  hp_cli_session_idle_us(peer->session) > STALL_TIMEOUT_US)
			peer_end(peer);
	}
}

static uint64_t silent_us(const struct peer *peer)
{
	return peer->session != NULL ? hp_cli_session_idle_us(peer->session)
				     : now_us() - peer->since_us;
}

static void end_most_silent(struct hp_ctl_server *server)
{
	struct peer *most = server->peers;

	for (struct peer *peer = server->peers; peer != NULL; peer = peer->next)
		if (silent_us(peer) >= silent_us(most))
			most = peer;
	if (server->warned_us == 0 || now_us() - server->warned_us > WARN_US)
		HP_LOG(WARNING, "%u peers at once: the most silent ones are cut off",
			server->n_peers);
	server->warned_us = now_us();
	peer_end(most);
}

static int add_peer(struct hp_ctl_server *server, int fd)
{
	struct peer *peer;
	int ret;

	if (server->n_peers == HP_CTL_PEERS_MAX)
		end_most_silent(server);
	peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		return -ENOMEM;
	peer->server = server;
	peer->fd = fd;
	peer->since_us = now_us();
	ret = hp_loop_add(server->loop, fd, EPOLLIN, hello_event, peer);
	if (ret < 0) {
		free(peer);
		return ret;
	}
	peer->next = server->peers;
	server->peers = peer;
	server->n_peers++;
	if (server->timer == NULL)
		server->timer =
			hp_loop_timer(server->loop, CHECK_US, CHECK_US, check_peers, server);
	return 0;
}

static void accept_event(void *arg, int fd, uint32_t events)
{
	struct hp_ctl_server *server = arg;

	for (unsigned int i = 0; i < ACCEPT_BURST; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (peer < 0 && (errno == EMFILE || errno == ENFILE) && server->n_peers > 0) {
			end_most_silent(server); // or the listening socket would stay readable
			continue;
		}
		if (peer < 0)
			return;
		if (add_peer(server, peer) < 0)
			close(peer);
	}
}

struct hp_ctl_server *hp_ctl_server_new(struct hp_cli *cli, struct hp_loop *loop,
	const char *runtime_dir, const char *prompt, struct hp_err *err)
{
	struct hp_ctl_server *server = calloc(1, sizeof(*server));
	int ret;

	if (server == NULL) {
		hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
		return NULL;
	}
	server->cli = cli;
	server->loop = loop;
	snprintf(server->prompt, sizeof(server->prompt), "%s", prompt);
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ret = server->fd < 0 ? -errno : hp_paths_sockaddr(&server->addr, runtime_dir, HP_PATHS_CTL);
	if (ret < 0)
		goto err;
	unlink(server->addr.sun_path); // of a primary that died; the bind tells if that failed
	ret = -EIO;
	if (bind(server->fd, (struct sockaddr *)&server->addr, sizeof(server->addr)) < 0 ||
		chmod(server->addr.sun_path, 0600) < 0 || listen(server->fd, BACKLOG) < 0)
		ret = -errno;
	else
		ret = hp_loop_add(loop, server->fd, EPOLLIN, accept_event, server);
	if (ret < 0)
		goto err;
	return server;
err:
	hp_err_set(err, HP_EXIT_CONFIG, -ret,
		"%s/" HP_PATHS_CTL ": %s; expected a directory that this process may write to",
		runtime_dir, strerror(-ret));
	if (server->fd >= 0)
		close(server->fd);
	free(server);
	return NULL;
}

void hp_ctl_server_free(struct hp_ctl_server *server)
{
	if (server == NULL)
		return;
	while (server->peers != NULL)
		peer_end(server->peers);
	hp_loop_del(server->loop, server->fd);
	close(server->fd);
	unlink(server->addr.sun_path);
	free(server);
}
