// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// containers, initContainers and ephemeralContainers of a pod.

#include "k8s_kinds.h"
#include "k8s_names.h"
#include "k8s_resources.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define RESTART_RULES_MAX 20
#define EXIT_CODES_MAX 255

void k8s_pull_policy(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const policies[] = {"Always", "IfNotPresent", "Never", NULL};

	if (*k8s_at_str(at) != '\0') // absent: defaulted by the server
		k8s_enum(c, at, policies);
}

static void ports(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const protocols[] = {"SCTP", "TCP", "UDP", NULL};

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at port = k8s_index(at, i);
		const struct k8s_at name = k8s_child(&port, "name");
		const struct k8s_at number = k8s_child(&port, "containerPort");
		const struct k8s_at host = k8s_child(&port, "hostPort");
		const struct k8s_at protocol = k8s_child(&port, "protocol");
		const struct k8s_msgs msgs = k8s_is_port_name(k8s_at_str(&name));
		bool repeated = false;

		for (uint32_t k = 0; k < i; k++)
			repeated |=
				strcmp(k8s_str(at->val->items[k], "name"), k8s_at_str(&name)) == 0;
		if (*k8s_at_str(&name) != '\0' && msgs.n > 0)
			k8s_invalid_each(c, &name, k8s_at_str(&name), msgs);
		else if (*k8s_at_str(&name) != '\0' && repeated)
			k8s_duplicate(c, &name, k8s_at_str(&name));
		if (k8s_int_of(number.val) == 0)
			k8s_required(c, &number, "");
		else
			k8s_invalid_int_each(c, &number, k8s_int_of(number.val),
				k8s_is_port(k8s_int_of(number.val)));
		if (k8s_int_of(host.val) != 0)
			k8s_invalid_int_each(
				c, &host, k8s_int_of(host.val), k8s_is_port(k8s_int_of(host.val)));
		if (*k8s_at_str(&protocol) != '\0')
			k8s_enum(c, &protocol, protocols);
	}
}

// "TCP//80" of a host port; the server compares these.
static const char *host_port(struct k8s_arena *arena, const struct k8s_val *port)
{
	const char *protocol = k8s_str(port, "protocol");

	if (k8s_int(port, "hostPort", 0) == 0)
		return NULL;
	return k8s_printf(arena, "%s/%s/%" PRId64, *protocol == '\0' ? "TCP" : protocol,
		k8s_str(port, "hostIP"), k8s_int(port, "hostPort", 0));
}

// `from` containers of the list from `first` on; `at_first`: the server counts from 0 there.
static void host_ports(
	struct k8s_check *c, const struct k8s_at *list, uint32_t first, uint32_t end, bool at_zero)
{
	struct k8s_val *seen = k8s_new(c->arena, K8S_VAL_MAP);

	for (uint32_t i = first; i < end; i++) {
		struct k8s_at container = k8s_index(list, i);
		const struct k8s_at at = k8s_child(&container, "ports");

		if (at_zero)
			container.index = 0;
		for (uint32_t k = 0; k < k8s_len(at.val); k++) {
			const struct k8s_at port = k8s_index(&at, k);
			const struct k8s_at host = k8s_child(&port, "hostPort");
			const char *text = host_port(c->arena, port.val);

			if (text == NULL)
				continue;
			if (k8s_get(seen, text) != NULL)
				k8s_duplicate(c, &host, text);
			else
				k8s_set(c->arena, seen, text, port.val);
		}
	}
}

static void resize_policy(struct k8s_pod_check *p, const struct k8s_at *at)
{
	static const char *const resources[] = {"cpu", "memory", NULL};
	static const char *const policies[] = {"NotRequired", "RestartContainer", NULL};
	const bool never = strcmp(k8s_str(p->spec, "restartPolicy"), "Never") == 0;

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at here = k8s_index(at, i);
		const char *resource = k8s_str(here.val, "resourceName");
		const char *policy = k8s_str(here.val, "restartPolicy");
		struct k8s_at list = *at; // most are told at the list
		bool repeated = false;

		for (uint32_t k = 0; k < i; k++)
			repeated |=
				strcmp(k8s_str(at->val->items[k], "resourceName"), resource) == 0;
		list.val = here.val;
		if (repeated)
			k8s_duplicate(p->c, &here, resource);
		if (*resource == '\0')
			k8s_required(p->c, &list, "");
		else if (!k8s_one_of(resource, resources))
			k8s_unsupported(p->c, &list, resource, resources);
		if (*policy == '\0')
			k8s_required(p->c, &list, "");
		else if (!k8s_one_of(policy, policies))
			k8s_unsupported(p->c, &list, policy, policies);
		if (never && strcmp(policy, "NotRequired") != 0)
			k8s_invalid(p->c, &list, policy,
				"must be 'NotRequired' when pod `restartPolicy` is 'Never'");
	}
}

static void restart_rules(struct k8s_check *c, const struct k8s_at *rules)
{
	static const char *const actions[] = {"Restart", "RestartAllContainers", NULL};
	static const char *const operators[] = {"In", "NotIn", NULL};

	if (k8s_len(rules->val) > RESTART_RULES_MAX)
		k8s_too_many(c, rules, k8s_len(rules->val), RESTART_RULES_MAX);
	for (uint32_t i = 0; i < k8s_len(rules->val); i++) {
		const struct k8s_at rule = k8s_index(rules, i);
		const struct k8s_at action = k8s_child(&rule, "action");
		const struct k8s_at codes = k8s_child(&rule, "exitCodes");
		const struct k8s_at op = k8s_child(&codes, "operator");
		const struct k8s_at values = k8s_child(&codes, "values");

		if (!k8s_one_of(k8s_at_str(&action), actions))
			k8s_unsupported(c, &action, k8s_at_str(&action), actions);
		if (codes.val == NULL) {
			k8s_required(c, &codes, "must be specified");
			continue;
		}
		if (!k8s_one_of(k8s_at_str(&op), operators))
			k8s_unsupported(c, &op, k8s_at_str(&op), operators);
		if (k8s_len(values.val) > EXIT_CODES_MAX)
			k8s_too_many(c, &values, k8s_len(values.val), EXIT_CODES_MAX);
	}
}

static void restart_policy(struct k8s_check *c, const struct k8s_at *container, bool init)
{
	static const char *const policies[] = {"Always", "Never", "OnFailure", NULL};
	const struct k8s_at policy = k8s_child(container, "restartPolicy");
	const struct k8s_at rules = k8s_child(container, "restartPolicyRules");

	if (policy.val == NULL && k8s_len(rules.val) > 0)
		k8s_required(c, &policy, "must specify restartPolicy when restart rules are used");
	if (init && policy.val == NULL)
		return; // that was all
	k8s_enum(c, &policy, policies);
	restart_rules(c, &rules);
}

static void common(struct k8s_pod_check *p, const struct k8s_at *at)
{
	static const char *const message_policies[] = {"File", "FallbackToLogsOnError", NULL};
	const struct k8s_at name = k8s_child(at, "name");
	const struct k8s_at image = k8s_child(at, "image");
	const struct k8s_at message = k8s_child(at, "terminationMessagePolicy");
	const struct k8s_at port_list = k8s_child(at, "ports");
	const struct k8s_at env = k8s_child(at, "env");
	const struct k8s_at env_from = k8s_child(at, "envFrom");
	const struct k8s_at pull = k8s_child(at, "imagePullPolicy");
	const struct k8s_at resources = k8s_child(at, "resources");
	const struct k8s_at resize = k8s_child(at, "resizePolicy");
	const struct k8s_at security = k8s_child(at, "securityContext");

	if (*k8s_at_str(&name) == '\0')
		k8s_required(p->c, &name, "");
	else
		k8s_invalid_each(
			p->c, &name, k8s_at_str(&name), k8s_is_dns_label(k8s_at_str(&name)));
	if (*k8s_at_str(&image) == '\0')
		k8s_required(p->c, &image, "");
	if (*k8s_at_str(&message) != '\0')
		k8s_enum(p->c, &message, message_policies);
	ports(p->c, &port_list);
	k8s_env(p->c, &env);
	k8s_env_from(p->c, &env_from);
	k8s_volume_mounts(p, at);
	k8s_pull_policy(p->c, &pull);
	k8s_resource_requirements(p->c, &resources, false, k8s_get(p->spec, "resourceClaims"));
	resize_policy(p, &resize);
	k8s_security_context(p, &security);
}

// In templates the server lets it pass, but for ephemeral containers.
static void image_spaces(struct k8s_pod_check *p, const struct k8s_at *at, bool ephemeral)
{
	const struct k8s_at image = k8s_child(at, "image");
	const char *text = k8s_at_str(&image);

	if ((p->is_pod || ephemeral) && *text != '\0' &&
		(isspace((unsigned char)text[0]) || isspace((unsigned char)text[strlen(text) - 1])))
		k8s_invalid(p->c, &image, text, "must not have leading or trailing whitespace");
}

// Tells a name that is taken and takes it otherwise.
static void take_name(struct k8s_pod_check *p, struct k8s_val *names, const struct k8s_at *at)
{
	const struct k8s_at name = k8s_child(at, "name");
	const char *text = k8s_at_str(&name);

	if (k8s_get(names, text) != NULL)
		k8s_duplicate(p->c, &name, text);
	else
		k8s_set(p->c->arena, names, text, at->val);
}

static void init_container(struct k8s_pod_check *p, const struct k8s_at *list, uint32_t i)
{
	static const char *const only_sidecars[] = {
		"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"};
	const struct k8s_at at = k8s_index(list, i);
	const struct k8s_at resize = k8s_child(&at, "resizePolicy");
	const bool sidecar = strcmp(k8s_str(at.val, "restartPolicy"), "Always") == 0;

	host_ports(p->c, list, i, i + 1, true);
	if (sidecar) {
		k8s_probes(p, &at);
		return;
	}
	for (size_t k = 0; k < sizeof(only_sidecars) / sizeof(only_sidecars[0]); k++) {
		const struct k8s_at here = k8s_child(&at, only_sidecars[k]);

		if (here.val != NULL)
			k8s_forbidden(p->c, &here,
				"may not be set for init containers without restartPolicy=Always");
	}
	for (uint32_t k = 0; k < k8s_len(resize.val); k++) {
		const struct k8s_at policy = k8s_index(&resize, k);
		const struct k8s_at restart = k8s_child(&policy, "restartPolicy");

		if (strcmp(k8s_at_str(&restart), "RestartContainer") == 0)
			k8s_invalid(p->c, &restart, k8s_at_str(&restart),
				"must not be set to 'RestartContainer' for non-sidecar "
				"initContainers");
	}
}

static void ephemeral_container(
	struct k8s_pod_check *p, const struct k8s_at *at, const struct k8s_val *others)
{
	static const char *const forbidden[] = {"ports", "resources", "livenessProbe",
		"readinessProbe", "startupProbe", "lifecycle", "resizePolicy", "restartPolicy",
		"restartPolicyRules"};
	static const char *const text = "cannot be set for an Ephemeral Container";
	const struct k8s_at target = k8s_child(at, "targetContainerName");
	const struct k8s_at mounts = k8s_child(at, "volumeMounts");

	if (*k8s_at_str(&target) != '\0' && k8s_get(others, k8s_at_str(&target)) == NULL)
		k8s_not_found(p->c, &target, k8s_at_str(&target));
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const struct k8s_at here = k8s_child(at, forbidden[i]);
		const bool empty = here.val != NULL && here.val->type == K8S_VAL_MAP &&
				   here.val->n == 0 && strcmp(forbidden[i], "resources") == 0;

		if (here.val != NULL && !empty)
			k8s_forbidden(p->c, &here, text);
	}
	for (uint32_t i = 0; i < k8s_len(mounts.val); i++) {
		const struct k8s_at mount = k8s_index(&mounts, i);
		const struct k8s_at sub = k8s_child(&mount, "subPath");
		const struct k8s_at expr = k8s_child(&mount, "subPathExpr");

		if (*k8s_at_str(&sub) != '\0')
			k8s_forbidden(p->c, &sub, text);
		if (*k8s_at_str(&expr) != '\0')
			k8s_forbidden(p->c, &expr, text);
	}
}

void k8s_containers(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	const struct k8s_at list = k8s_child(spec, "containers");
	const struct k8s_at init = k8s_child(spec, "initContainers");
	const struct k8s_at ephemeral = k8s_child(spec, "ephemeralContainers");
	struct k8s_val *names = k8s_new(p->c->arena, K8S_VAL_MAP);

	if (k8s_len(list.val) == 0)
		k8s_required(p->c, &list, "");
	for (uint32_t i = 0; i < k8s_len(list.val); i++) {
		const struct k8s_at at = k8s_index(&list, i);

		common(p, &at);
		take_name(p, names, &at);
		k8s_probes(p, &at);
		restart_policy(p->c, &at, false);
		image_spaces(p, &at, false);
	}
	if (list.val != NULL)
		host_ports(p->c, &list, 0, k8s_len(list.val), false);
	for (uint32_t i = 0; i < k8s_len(init.val); i++) {
		const struct k8s_at at = k8s_index(&init, i);

		common(p, &at);
		restart_policy(p->c, &at, true);
		// An unnamed one is told once, unless a container has no name either.
		if (*k8s_str(at.val, "name") != '\0' || k8s_get(names, "") != NULL)
			take_name(p, names, &at);
		init_container(p, &init, i);
		image_spaces(p, &at, false);
	}
	struct k8s_val *others = k8s_new(p->c->arena, K8S_VAL_MAP);
	for (uint32_t i = 0; i < k8s_len(names); i++)
		k8s_set(p->c->arena, others, names->keys[i].name, names->items[i]);
	for (uint32_t i = 0; i < k8s_len(ephemeral.val); i++) {
		const struct k8s_at at = k8s_index(&ephemeral, i);

		common(p, &at);
		image_spaces(p, &at, true);
		take_name(p, names, &at);
		ephemeral_container(p, &at, others);
	}
}
