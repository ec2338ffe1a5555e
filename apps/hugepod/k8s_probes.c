// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Probes and lifecycle handlers of a container.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <inttypes.h>
#include <string.h>

static void port(struct k8s_check *c, const struct k8s_at *at)
{
	if (at->val != NULL && at->val->type == K8S_VAL_STRING)
		k8s_invalid_each(c, at, at->val->str, k8s_is_port_name(at->val->str));
	else
		k8s_invalid_int_each(c, at, k8s_int_of(at->val), k8s_is_port(k8s_int_of(at->val)));
}

static void exec(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at command = k8s_child(at, "command");

	if (k8s_len(command.val) == 0)
		k8s_required(p->c, &command, "");
}

static void http_get(struct k8s_pod_check *p, const struct k8s_at *at)
{
	static const char *const schemes[] = {"HTTP", "HTTPS", NULL};
	const struct k8s_at port_at = k8s_child(at, "port");
	const struct k8s_at scheme = k8s_child(at, "scheme");
	const struct k8s_at headers = k8s_child(at, "httpHeaders");

	port(p->c, &port_at);
	if (*k8s_at_str(&scheme) != '\0')
		k8s_enum(p->c, &scheme, schemes);
	for (uint32_t i = 0; i < k8s_len(headers.val); i++) {
		struct k8s_at here = headers; // told without index
		const char *name = k8s_str(headers.val->items[i], "name");

		here.val = headers.val->items[i];
		k8s_invalid_each(p->c, &here, name, k8s_is_http_header(name));
	}
}

static void has_port(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const struct k8s_at port_at = k8s_child(at, "port");

	port(p->c, &port_at);
}

static void sleeping(struct k8s_pod_check *p, const struct k8s_at *at)
{
	const int64_t seconds = k8s_int(at->val, "seconds", 0);

	if (p->has_grace && (seconds < 0 || seconds > p->grace))
		k8s_invalid_int(p->c, at, seconds,
			k8s_printf(p->c->arena,
				"must be non-negative and less than terminationGracePeriodSeconds "
				"(%" PRId64 ")",
				p->grace));
}

static void handler(struct k8s_pod_check *p, const struct k8s_at *at, bool lifecycle)
{
	static const struct {
		const char *name;
		void (*check)(struct k8s_pod_check *p, const struct k8s_at *at);
		bool probe, lifecycle;
	} kinds[] = {
		{"exec", exec, true, true},
		{"httpGet", http_get, true, true},
		{"tcpSocket", has_port, true, true},
		{"grpc", has_port, true, false},
		{"sleep", sleeping, false, true},
	};
	int n = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct k8s_at here = k8s_child(at, kinds[i].name);

		if (here.val == NULL || !(lifecycle ? kinds[i].lifecycle : kinds[i].probe))
			continue;
		if (n++ > 0)
			k8s_forbidden(p->c, &here, "may not specify more than 1 handler type");
		else
			kinds[i].check(p, &here);
	}
	if (n == 0)
		k8s_required(p->c, at, "must specify a handler type");
}

static void probe(struct k8s_pod_check *p, const struct k8s_at *container, const char *name)
{
	static const char *const counts[] = {"initialDelaySeconds", "timeoutSeconds",
		"periodSeconds", "successThreshold", "failureThreshold"};
	const struct k8s_at at = k8s_child(container, name);
	const struct k8s_at grace = k8s_child(&at, "terminationGracePeriodSeconds");
	const struct k8s_at success = k8s_child(&at, "successThreshold");

	if (at.val == NULL)
		return;
	handler(p, &at, false);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const struct k8s_at count = k8s_child(&at, counts[i]);

		k8s_nonnegative(p->c, &count);
	}
	if (grace.val != NULL && k8s_int_of(grace.val) <= 0)
		k8s_invalid_int(p->c, &grace, k8s_int_of(grace.val), "must be greater than 0");
	if (strcmp(name, "readinessProbe") == 0) {
		if (grace.val != NULL)
			k8s_invalid_int(p->c, &grace, k8s_int_of(grace.val),
				"must not be set for readinessProbes");
	} else if (k8s_int(at.val, "successThreshold", 0) != 0 && k8s_int_of(success.val) != 1) {
		k8s_invalid_int(p->c, &success, k8s_int_of(success.val), "must be 1");
	}
}

static void stop_signal(struct k8s_pod_check *p, const struct k8s_at *at)
{
	// In the order in which the server lists them: sorted as text.
	static const char *const linux_signals[] = {"SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD",
		"SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT",
		"SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGRTMAX",
		"SIGRTMAX-1", "SIGRTMAX-10", "SIGRTMAX-11", "SIGRTMAX-12", "SIGRTMAX-13",
		"SIGRTMAX-14", "SIGRTMAX-2", "SIGRTMAX-3", "SIGRTMAX-4", "SIGRTMAX-5", "SIGRTMAX-6",
		"SIGRTMAX-7", "SIGRTMAX-8", "SIGRTMAX-9", "SIGRTMIN", "SIGRTMIN+1", "SIGRTMIN+10",
		"SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15",
		"SIGRTMIN+2", "SIGRTMIN+3", "SIGRTMIN+4", "SIGRTMIN+5", "SIGRTMIN+6", "SIGRTMIN+7",
		"SIGRTMIN+8", "SIGRTMIN+9", "SIGSEGV", "SIGSTKFLT", "SIGSTOP", "SIGSYS", "SIGTERM",
		"SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2",
		"SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", NULL};
	static const char *const windows_signals[] = {"SIGKILL", "SIGTERM", NULL};
	const struct k8s_val *os = k8s_get(p->spec, "os");
	const char *name = k8s_str(os, "name");

	if (at->val == NULL)
		return;
	if (os == NULL)
		k8s_forbidden(p->c, at, "may not be set for containers with empty `spec.os.name`");
	else if (strcmp(name, "windows") == 0)
		k8s_enum(p->c, at, windows_signals);
	else if (strcmp(name, "linux") == 0)
		k8s_enum(p->c, at, linux_signals);
}

void k8s_probes(struct k8s_pod_check *p, const struct k8s_at *container)
{
	const struct k8s_at lifecycle = k8s_child(container, "lifecycle");
	const struct k8s_at post_start = k8s_child(&lifecycle, "postStart");
	const struct k8s_at pre_stop = k8s_child(&lifecycle, "preStop");
	const struct k8s_at signal = k8s_child(&lifecycle, "stopSignal");

	if (post_start.val != NULL)
		handler(p, &post_start, true);
	if (pre_stop.val != NULL)
		handler(p, &pre_stop, true);
	stop_signal(p, &signal);
	probe(p, container, "livenessProbe");
	probe(p, container, "readinessProbe");
	probe(p, container, "startupProbe");
}
