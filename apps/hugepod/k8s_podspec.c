// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// A pod's spec: the parts in their order, and what belongs to no part.

#include "k8s_kinds.h"
#include "k8s_names.h"
#include "k8s_pod.h"
#include "k8s_resources.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};

#define NAMESERVERS_MAX 3
#define SEARCHES_MAX 32
#define SEARCHES_BYTES_MAX 2048
#define HOSTNAME_OVERRIDE_MAX 64

// The containers may not ask for more than the pod.
static void against_containers(
	struct k8s_pod_check *p, const struct k8s_at *resources, const char *which)
{
	const struct k8s_at at = k8s_child(resources, which);
	const bool limits = strcmp(which, "limits") == 0;
	struct k8s_resources sum = {0};
	char has[K8S_QUANTITY_TEXT], needs[K8S_QUANTITY_TEXT];

	k8s_pod_aggregate(p->c->arena, p->spec, which, &sum);
	for (uint32_t i = 0; i < k8s_len(at.val); i++) {
		const struct k8s_at here = k8s_pair(&at, i);
		const struct k8s_quantity *need = k8s_resources_get(&sum, here.key);

		if (need == NULL || here.val->quantity == NULL ||
			(limits && !k8s_is_hugepages(here.key)) ||
			k8s_quantity_cmp(need, here.val->quantity) <= 0)
			continue;
		k8s_invalid(p->c, &here, k8s_quantity_print(here.val->quantity, has),
			k8s_printf(p->c->arena,
				"must be greater than or equal to aggregate container %s of %s",
				which, k8s_quantity_print(need, needs)));
	}
}

// Nor may one container have a higher limit.
static void single_limits(struct k8s_pod_check *p, const struct k8s_at *resources)
{
	const struct k8s_val *limits = k8s_get(resources->val, "limits");
	const struct k8s_at list =
		k8s_path(resources, "containers", k8s_get(p->spec, "containers"));
	char has[K8S_QUANTITY_TEXT], max[K8S_QUANTITY_TEXT];

	for (uint32_t i = 0; i < k8s_len(list.val); i++) {
		const struct k8s_at container = k8s_index(&list, i);
		const struct k8s_val *own = k8s_find(container.val, "resources.limits");

		for (uint32_t k = 0; k < k8s_len(own); k++) {
			const struct k8s_at key =
				k8s_key(&container, own->keys[k].name, own->items[k]);
			const struct k8s_at here = k8s_path(&key, "limits", own->items[k]);
			const struct k8s_val *limit = k8s_get(limits, own->keys[k].name);

			if (limit == NULL || limit->quantity == NULL ||
				own->items[k]->quantity == NULL ||
				k8s_quantity_cmp(own->items[k]->quantity, limit->quantity) <= 0)
				continue;
			k8s_invalid(p->c, &here, k8s_quantity_print(own->items[k]->quantity, has),
				k8s_printf(p->c->arena,
					"must be less than or equal to pod limits of %s",
					k8s_quantity_print(limit->quantity, max)));
		}
	}
}

void k8s_pod_resources(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "resources");
	const struct k8s_at claims = k8s_child(&at, "claims");

	if (at.val == NULL)
		return;
	if (strcmp(k8s_str(k8s_get(p->spec, "os"), "name"), "windows") == 0) {
		k8s_forbidden(p->c, &at, "may not be set for a windows pod");
		return;
	}
	if (claims.val != NULL)
		k8s_forbidden(p->c, &claims, "claims may not be set for Resources at pod-level");
	k8s_resource_requirements(p->c, &at, true, k8s_get(p->spec, "resourceClaims"));
	against_containers(p, &at, "requests");
	against_containers(p, &at, "limits");
	single_limits(p, &at);
}

static void host_network_ports(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	const struct k8s_at list = k8s_child(spec, "containers");

	if (!k8s_true(spec->val, "hostNetwork"))
		return;
	for (uint32_t i = 0; i < k8s_len(list.val); i++) {
		const struct k8s_at container = k8s_index(&list, i);
		const struct k8s_at ports = k8s_child(&container, "ports");

		for (uint32_t k = 0; k < k8s_len(ports.val); k++) {
			const struct k8s_at port = k8s_index(&ports, k);
			const struct k8s_at host = k8s_child(&port, "hostPort");
			const int64_t n = k8s_int_of(host.val);

			if ((p->is_pod || n != 0) && n != k8s_int(port.val, "containerPort", 0))
				k8s_invalid_int(p->c, &host, n,
					"must match `containerPort` when `hostNetwork` is true");
		}
	}
}

static bool is_ip(const char *text)
{
	unsigned char bytes[16];
	unsigned int a, b, c, d;
	char end;

	if (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1)
		return true;
	// The server still takes zeros in front of the numbers of an IPv4 address.
	return strspn(text, "0123456789.") == strlen(text) &&
	       sscanf(text, "%u.%u.%u.%u%c", &a, &b, &c, &d, &end) == 4 && a < 256 && b < 256 &&
	       c < 256 && d < 256;
}

static void ip(struct k8s_check *c, const struct k8s_at *at)
{
	const char *text = k8s_at_str(at);
	unsigned char bytes[16];

	if (!is_ip(text))
		k8s_invalid(c, at, text,
			"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
	else if (inet_pton(AF_INET, text, bytes) != 1 && inet_pton(AF_INET6, text, bytes) != 1)
		k8s_invalid(c, at, text, "must not have leading 0s");
	else if (inet_pton(AF_INET6, text, bytes) == 1 && IN6_IS_ADDR_V4MAPPED(bytes))
		k8s_invalid(c, at, text, "must not be an IPv4-mapped IPv6 address");
}

static void searches(struct k8s_check *c, const struct k8s_at *at)
{
	size_t total = k8s_len(at->val) > 0 ? k8s_len(at->val) - 1 : 0;

	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at here = k8s_index(at, i);
		const size_t len = strlen(k8s_at_str(&here));
		char *text = k8s_copy(c->arena, k8s_at_str(&here), len);

		total += len;
		if (text == NULL || strcmp(text, ".") == 0)
			continue;
		if (len > 0 && text[len - 1] == '.')
			text[len - 1] = '\0';
		k8s_invalid_each(c, &here, text, k8s_is_dns_subdomain_underscore(text));
	}
	if (k8s_len(at->val) > SEARCHES_MAX)
		k8s_invalid_raw(c, at, k8s_json(c->arena, at->val),
			"must not have more than 32 search paths");
	if (total > SEARCHES_BYTES_MAX)
		k8s_invalid_raw(c, at, k8s_json(c->arena, at->val),
			"must not have more than 2048 characters (including spaces) in the search "
			"list");
}

static void dns_config(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "dnsConfig");
	const struct k8s_at servers = k8s_child(&at, "nameservers");
	const struct k8s_at search = k8s_child(&at, "searches");
	const struct k8s_at options = k8s_child(&at, "options");

	if (strcmp(k8s_str(spec->val, "dnsPolicy"), "None") == 0) {
		if (at.val == NULL) {
			k8s_required(
				p->c, &at, "must provide `dnsConfig` when `dnsPolicy` is None");
			return;
		}
		if (k8s_len(servers.val) == 0) {
			k8s_required(p->c, &servers,
				"must provide at least one DNS nameserver when `dnsPolicy` is "
				"None");
			return;
		}
	}
	if (k8s_len(servers.val) > NAMESERVERS_MAX)
		k8s_invalid_raw(p->c, &servers, k8s_json(p->c->arena, servers.val),
			"must not have more than 3 nameservers");
	for (uint32_t i = 0; i < k8s_len(servers.val); i++) {
		const struct k8s_at server = k8s_index(&servers, i);

		ip(p->c, &server);
	}
	searches(p->c, &search);
	for (uint32_t i = 0; i < k8s_len(options.val); i++) {
		const struct k8s_at option = k8s_index(&options, i);

		if (*k8s_str(option.val, "name") == '\0')
			k8s_required(p->c, &option, "must not be empty");
	}
}

static void gates(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at readiness = k8s_child(spec, "readinessGates");
	const struct k8s_at scheduling = k8s_child(spec, "schedulingGates");

	for (uint32_t i = 0; i < k8s_len(readiness.val); i++) {
		const struct k8s_at gate = k8s_index(&readiness, i);
		const struct k8s_at type = k8s_child(&gate, "conditionType");

		k8s_invalid_each(c, &type, k8s_at_str(&type), k8s_is_label_key(k8s_at_str(&type)));
	}
	for (uint32_t i = 0; i < k8s_len(scheduling.val); i++) {
		const struct k8s_at gate = k8s_index(&scheduling, i);
		const char *name = k8s_str(gate.val, "name");
		bool repeated = false;

		for (uint32_t k = 0; k < i; k++)
			repeated |= strcmp(k8s_str(scheduling.val->items[k], "name"), name) == 0;
		k8s_invalid_each(c, &gate, name, k8s_is_label_key(name));
		if (repeated)
			k8s_duplicate(c, &gate, name);
	}
}

static void host_users(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	static const struct {
		const char *field, *told; // the server writes two of them in capitals
	} shared[] = {
		{"hostNetwork", "hostNetwork"}, {"hostPID", "HostPID"}, {"hostIPC", "HostIPC"}};

	if (p->host_users)
		return;
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		const struct k8s_at at =
			k8s_path(spec, shared[i].told, k8s_get(spec->val, shared[i].field));

		if (k8s_true(spec->val, shared[i].field))
			k8s_forbidden(p->c, &at, "when `hostUsers` is false");
	}
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		const struct k8s_at list = k8s_child(spec, lists[l]);

		for (uint32_t i = 0; i < k8s_len(list.val); i++) {
			const struct k8s_at container = k8s_index(&list, i);
			const struct k8s_at devices = k8s_child(&container, "volumeDevices");

			if (k8s_len(devices.val) > 0)
				k8s_forbidden(p->c, &devices, "when `hostUsers` is false");
		}
	}
}

// Tokens need an account, whether or not the rest of the volume is right.
static void token_accounts(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	const struct k8s_at volumes = k8s_child(spec, "volumes");

	if (!p->is_pod || *k8s_str(spec->val, "serviceAccountName") != '\0')
		return;
	for (uint32_t i = 0; i < k8s_len(volumes.val); i++) {
		const struct k8s_at volume = k8s_index(&volumes, i);
		const struct k8s_at projected = k8s_child(&volume, "projected");
		const struct k8s_at sources = k8s_child(&projected, "sources");

		for (uint32_t k = 0; k < k8s_len(sources.val); k++) {
			const struct k8s_at source = k8s_index(&sources, k);
			const struct k8s_at token = k8s_child(&source, "serviceAccountToken");

			if (token.val != NULL)
				k8s_forbidden(p->c, &token,
					"must not be specified when serviceAccountName is not set");
		}
	}
}

static void host_name(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "hostnameOverride");

	if (at.val == NULL)
		return;
	if (k8s_true(spec->val, "setHostnameAsFQDN"))
		k8s_forbidden(p->c, &at, "may not be specified when setHostnameAsFQDN is true");
	if (k8s_true(spec->val, "hostNetwork"))
		k8s_forbidden(p->c, &at, "may not be specified when hostNetwork is true");
	if (strlen(k8s_at_str(&at)) > HOSTNAME_OVERRIDE_MAX)
		k8s_too_long(p->c, &at, HOSTNAME_OVERRIDE_MAX);
	k8s_invalid_each(p->c, &at, k8s_at_str(&at), k8s_is_dns_subdomain(k8s_at_str(&at)));
}

static void names(struct k8s_check *c, const struct k8s_at *spec)
{
	static const struct {
		const char *field;
		bool label; // a DNS label, else a subdomain
		bool even_empty;
	} fields[] = {
		{"serviceAccountName", false, false},
		{"nodeName", false, false},
		{"hostname", true, false},
		{"subdomain", true, false},
		{"priorityClassName", false, false},
		{"runtimeClassName", false, true},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct k8s_at at = k8s_child(spec, fields[i].field);
		const char *text = k8s_at_str(&at);

		if (at.val == NULL || (*text == '\0' && !fields[i].even_empty))
			continue;
		k8s_invalid_each(c, &at, text,
			fields[i].label ? k8s_is_dns_label(text) : k8s_is_dns_subdomain(text));
	}
}

static void policies(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const restart[] = {"Always", "OnFailure", "Never", NULL};
	static const char *const dns[] = {
		"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None", NULL};
	static const char *const preemption[] = {"PreemptLowerPriority", "Never", NULL};
	const struct k8s_at restart_at = k8s_child(spec, "restartPolicy");
	const struct k8s_at dns_at = k8s_child(spec, "dnsPolicy");
	const struct k8s_at preemption_at = k8s_child(spec, "preemptionPolicy");
	const struct k8s_at deadline = k8s_child(spec, "activeDeadlineSeconds");
	const int64_t seconds = k8s_int_of(deadline.val);

	if (*k8s_at_str(&restart_at) != '\0') // empty ones are defaulted
		k8s_enum(c, &restart_at, restart);
	if (*k8s_at_str(&dns_at) != '\0')
		k8s_enum(c, &dns_at, dns);
	if (preemption_at.val != NULL && *k8s_at_str(&preemption_at) == '\0')
		k8s_required(c, &preemption_at, "");
	else
		k8s_enum(c, &preemption_at, preemption);
	if (deadline.val != NULL && (seconds < 1 || seconds > INT32_MAX))
		k8s_invalid_int(
			c, &deadline, seconds, "must be between 1 and 2147483647, inclusive");
}

static const char *claim_json(struct k8s_check *c, const struct k8s_val *claim)
{
	return k8s_printf(c->arena,
		"{\"Name\":%s,\"ResourceClaimName\":%s,\"ResourceClaimTemplateName\":%s}",
		k8s_json_quote(c->arena, k8s_str(claim, "name")),
		k8s_json(c->arena, k8s_get(claim, "resourceClaimName")),
		k8s_json(c->arena, k8s_get(claim, "resourceClaimTemplateName")));
}

static void resource_claims(struct k8s_check *c, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at claim = k8s_index(at, i);
		const struct k8s_at name = k8s_child(&claim, "name");
		const struct k8s_at refs[] = {k8s_child(&claim, "resourceClaimName"),
			k8s_child(&claim, "resourceClaimTemplateName")};
		bool repeated = false;

		for (uint32_t k = 0; k < i; k++)
			repeated |=
				strcmp(k8s_str(at->val->items[k], "name"), k8s_at_str(&name)) == 0;
		if (*k8s_at_str(&name) == '\0')
			k8s_required(c, &name, "");
		else if (repeated)
			k8s_duplicate(c, &name, k8s_at_str(&name));
		else
			k8s_invalid_each(
				c, &name, k8s_at_str(&name), k8s_is_dns_label(k8s_at_str(&name)));
		if (refs[0].val != NULL && refs[1].val != NULL)
			k8s_invalid_raw(c, &claim, claim_json(c, claim.val),
				"at most one of `resourceClaimName` or "
				"`resourceClaimTemplateName` may be specified");
		if (refs[0].val == NULL && refs[1].val == NULL)
			k8s_invalid_raw(c, &claim, claim_json(c, claim.val),
				"must specify one of: `resourceClaimName`, "
				"`resourceClaimTemplateName`");
		for (int k = 0; k < 2; k++)
			if (refs[k].val != NULL)
				k8s_invalid_each(c, &refs[k], k8s_at_str(&refs[k]),
					k8s_is_dns_subdomain(k8s_at_str(&refs[k])));
	}
}

static void host_aliases(struct k8s_check *c, const struct k8s_at *at)
{
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at alias = k8s_index(at, i);
		const struct k8s_at address = k8s_child(&alias, "ip");
		const struct k8s_at hosts = k8s_child(&alias, "hostnames");

		ip(c, &address);
		for (uint32_t k = 0; k < k8s_len(hosts.val); k++) {
			const struct k8s_at host = k8s_index(&hosts, k);

			k8s_invalid_each(c, &host, k8s_at_str(&host),
				k8s_is_dns_subdomain(k8s_at_str(&host)));
		}
	}
}

// Environment variables from files need a volume of the pod that is an emptyDir.
static void file_volumes(struct k8s_pod_check *p, const struct k8s_at *list)
{
	const struct k8s_val *volumes = k8s_get(p->spec, "volumes");

	for (uint32_t i = 0; i < k8s_len(list->val); i++) {
		const struct k8s_at container = k8s_index(list, i);
		const struct k8s_at env = k8s_child(&container, "env");

		for (uint32_t k = 0; k < k8s_len(env.val); k++) {
			const struct k8s_at var = k8s_index(&env, k);
			const struct k8s_at from = k8s_child(&var, "valueFrom");
			const struct k8s_at file = k8s_child(&from, "fileKeyRef");
			const struct k8s_at name = k8s_child(&file, "volumeName");
			const struct k8s_val *volume = NULL;

			for (uint32_t v = 0; v < k8s_len(volumes); v++)
				if (strcmp(k8s_str(volumes->items[v], "name"), k8s_at_str(&name)) ==
					0)
					volume = volumes->items[v];
			if (file.val != NULL && volume == NULL)
				k8s_not_found(p->c, &name, k8s_at_str(&name));
			else if (file.val != NULL && k8s_get(volume, "emptyDir") == NULL)
				k8s_invalid(p->c, &name, k8s_at_str(&name),
					"referenced volume must be of type emptyDir");
		}
	}
}

static void parts(struct k8s_pod_check *p, const struct k8s_at *spec)
{
	const struct k8s_at volumes = k8s_child(spec, "volumes");
	const struct k8s_at claims = k8s_child(spec, "resourceClaims");
	const struct k8s_at selector = k8s_child(spec, "nodeSelector");
	const struct k8s_at affinity = k8s_child(spec, "affinity");
	const struct k8s_at spread = k8s_child(spec, "topologySpreadConstraints");
	const struct k8s_at tolerations = k8s_child(spec, "tolerations");
	const struct k8s_at aliases = k8s_child(spec, "hostAliases");
	const struct k8s_at overhead = k8s_child(spec, "overhead");

	k8s_volumes(p, &volumes);
	resource_claims(p->c, &claims);
	k8s_containers(p, spec);
	k8s_pod_resources(p, spec);
	host_network_ports(p, spec);
	policies(p->c, spec);
	k8s_labels(p->c, &selector);
	k8s_pod_security_context(p, spec);
	k8s_affinity(p->c, &affinity);
	dns_config(p, spec);
	gates(p->c, spec);
	k8s_topology_spread(p->c, &spread);
	host_users(p, spec);
	token_accounts(p, spec);
	host_name(p, spec);
	names(p->c, spec);
	k8s_tolerations(p->c, &tolerations);
	host_aliases(p->c, &aliases);
	if (overhead.val != NULL)
		k8s_overhead(p->c, &overhead);
	k8s_pod_os(p, spec);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct k8s_at list = k8s_child(spec, lists[i]);

		file_volumes(p, &list);
	}
}

void k8s_pod_spec(
	struct k8s_check *c, const struct k8s_at *at, const struct k8s_val *meta, bool is_pod)
{
	const struct k8s_val *users = k8s_get(at->val, "hostUsers");
	struct k8s_pod_check p = {
		.c = c,
		.meta = meta,
		.spec = at->val,
		.is_pod = is_pod,
		.pod_name = is_pod ? k8s_str(meta, "name") : NULL,
		.volumes = k8s_new(c->arena, K8S_VAL_MAP),
		.has_grace = true,
		.grace = k8s_int(at->val, "terminationGracePeriodSeconds", 30),
		.host_users = users == NULL || users->boolean,
	};

	if (p.grace < 0 && is_pod)
		p.grace = 1; // as the server takes it
	parts(&p, at);
}
