// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Pods, and the workloads of apps/v1 that make them from a template.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <stdlib.h>
#include <string.h>

static const char *const always[] = {"Always", NULL};

void k8s_pod_template(struct k8s_check *c, const struct k8s_at *at)
{
	const struct k8s_val *meta = k8s_get(at->val, "metadata");
	// The server tells labels and annotations of templates without "metadata".
	const struct k8s_at labels = k8s_path(at, "labels", k8s_get(meta, "labels"));
	const struct k8s_at notes = k8s_path(at, "annotations", k8s_get(meta, "annotations"));
	const struct k8s_at spec = k8s_child(at, "spec");
	const struct k8s_at ephemeral = k8s_child(&spec, "ephemeralContainers");

	k8s_labels(c, &labels);
	k8s_annotations(c, &notes);
	k8s_pod_annotations(c, &notes, spec.val);
	k8s_pod_spec(c, &spec, meta, false);
	k8s_pod_profiles(c, &spec, notes.val);
	if (k8s_len(ephemeral.val) > 0)
		k8s_forbidden(c, &ephemeral, "ephemeral containers not allowed in pod template");
}

void k8s_check_pod(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at meta = k8s_child(root, "metadata");
	const struct k8s_at notes = k8s_child(&meta, "annotations");
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at ephemeral = k8s_child(&spec, "ephemeralContainers");
	const struct k8s_at node = k8s_child(&spec, "nodeName");

	k8s_object_meta(c, root, true, false);
	k8s_pod_annotations(c, &notes, spec.val);
	k8s_pod_spec(c, &spec, meta.val, true);
	if (k8s_len(ephemeral.val) > 0)
		k8s_forbidden(c, &ephemeral, "cannot be set on create");
	if (*k8s_at_str(&node) != '\0' && k8s_len(k8s_get(spec.val, "schedulingGates")) > 0)
		k8s_forbidden(
			c, &node, "cannot be set until all schedulingGates have been cleared");
	k8s_pod_profiles(c, &spec, notes.val);
}

// The selector and what it says of the template's labels.
static void selector(
	struct k8s_check *c, const struct k8s_at *spec, const char *kind, const char *unusable)
{
	const struct k8s_at at = k8s_child(spec, "selector");
	const struct k8s_at template = k8s_child(spec, "template");
	const struct k8s_at meta = k8s_child(&template, "metadata");
	const struct k8s_at labels = k8s_child(&meta, "labels");
	const uint32_t n = k8s_len(k8s_get(at.val, "matchLabels")) +
			   k8s_len(k8s_get(at.val, "matchExpressions"));

	if (at.val == NULL && unusable != NULL)
		k8s_required(c, &at, "");
	k8s_label_selector(c, &at);
	if (at.val != NULL && n == 0)
		k8s_invalid_raw(c, &at, k8s_selector_json(c->arena, at.val),
			k8s_printf(c->arena, "empty selector is invalid for %s", kind));
	if (!k8s_selector_is_usable(at.val)) {
		if (unusable != NULL)
			k8s_invalid_raw(c, &at, k8s_selector_json(c->arena, at.val), unusable);
	} else if ((n > 0 || at.val == NULL) && !k8s_selector_matches(at.val, labels.val)) {
		k8s_invalid_raw(c, &labels, k8s_json(c->arena, labels.val),
			"`selector` does not match template `labels`");
	}
}

// What a template of a workload that runs for ever may not have.
static void for_ever(struct k8s_check *c, const struct k8s_at *template, const char *kind)
{
	const struct k8s_at spec = k8s_child(template, "spec");
	const struct k8s_at restart = k8s_child(&spec, "restartPolicy");
	const struct k8s_at deadline = k8s_child(&spec, "activeDeadlineSeconds");

	if (*k8s_at_str(&restart) != '\0')
		k8s_enum(c, &restart, always);
	if (deadline.val != NULL)
		k8s_forbidden(c, &deadline,
			k8s_printf(c->arena, "activeDeadlineSeconds in %s is not Supported", kind));
}

static void counts(struct k8s_check *c, const struct k8s_at *spec, const char *const *fields)
{
	for (; *fields != NULL; fields++) {
		const struct k8s_at at = k8s_child(spec, *fields);

		k8s_nonnegative(c, &at);
	}
}

// "30%" or 3: false if it is neither a number nor a percentage.
static bool amount_of(const struct k8s_val *val, int64_t *value, bool *percent)
{
	*percent = false;
	*value = k8s_int_of(val);
	if (val == NULL || val->type != K8S_VAL_STRING)
		return true;
	*percent = k8s_is_percent(val->str).n == 0;
	*value = strtoll(val->str, NULL, 10);
	return *percent;
}

static void int_or_percent(struct k8s_check *c, const struct k8s_at *at, bool at_most_100)
{
	int64_t value;
	bool percent;

	if (at->val == NULL)
		return;
	if (!amount_of(at->val, &value, &percent)) {
		k8s_invalid_raw(
			c, at, k8s_json(c->arena, at->val), k8s_is_percent(at->val->str).text[0]);
		return;
	}
	if (!percent)
		k8s_nonnegative(c, at);
	else if (at_most_100 && value > 100)
		k8s_invalid_raw(
			c, at, k8s_json(c->arena, at->val), "must not be greater than 100%");
}

static bool is_zero(const struct k8s_val *val)
{
	int64_t value;
	bool percent;

	return !amount_of(val, &value, &percent) ? strtoll(val->str, NULL, 10) == 0 : value == 0;
}

// The server's own struct of a strategy, which it prints whole.
static const char *strategy_json(struct k8s_check *c, const struct k8s_val *strategy)
{
	const struct k8s_val *rolling = k8s_get(strategy, "rollingUpdate");
	const struct k8s_val *unavailable = k8s_get(rolling, "maxUnavailable");
	const struct k8s_val *surge = k8s_get(rolling, "maxSurge");
	const char *type = k8s_json_quote(c->arena, k8s_str(strategy, "type"));

	if (rolling == NULL)
		return k8s_printf(c->arena, "{\"Type\":%s,\"RollingUpdate\":null}", type);
	return k8s_printf(c->arena,
		"{\"Type\":%s,\"RollingUpdate\":{\"MaxUnavailable\":%s,\"MaxSurge\":%s}}", type,
		unavailable == NULL ? "0" : k8s_json(c->arena, unavailable),
		surge == NULL ? "0" : k8s_json(c->arena, surge));
}

static void deployment_strategy(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const types[] = {"Recreate", "RollingUpdate", NULL};
	const struct k8s_at at = k8s_child(spec, "strategy");
	const struct k8s_at rolling = k8s_child(&at, "rollingUpdate");
	const struct k8s_at unavailable = k8s_child(&rolling, "maxUnavailable");
	const struct k8s_at surge = k8s_child(&rolling, "maxSurge");
	const char *type = k8s_str(at.val, "type");

	if (strcmp(type, "Recreate") == 0) {
		if (rolling.val != NULL)
			k8s_forbidden(c, &rolling,
				"may not be specified when strategy `type` is 'Recreate'");
		return;
	}
	if (*type != '\0' && strcmp(type, "RollingUpdate") != 0) {
		const char *shown = strategy_json(c, at.val);
		const char *text = k8s_printf(c->arena,
			"Unsupported value: %s: supported values: \"%s\", \"%s\"", shown, types[0],
			types[1]);

		k8s_add(c, &at, "FieldValueNotSupported", text);
		return;
	}
	int_or_percent(c, &unavailable, true);
	int_or_percent(c, &surge, false);
	if (unavailable.val != NULL && surge.val != NULL && is_zero(unavailable.val) &&
		is_zero(surge.val))
		k8s_invalid_raw(c, &unavailable, k8s_json(c->arena, unavailable.val),
			"may not be 0 when `maxSurge` is 0");
}

void k8s_check_deployment(struct k8s_check *c, const struct k8s_at *root)
{
	static const char *const numbers[] = {"replicas", "minReadySeconds", "revisionHistoryLimit",
		"progressDeadlineSeconds", NULL};
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at template = k8s_child(&spec, "template");
	const struct k8s_at deadline = k8s_child(&spec, "progressDeadlineSeconds");
	const int64_t seconds = k8s_int(spec.val, "progressDeadlineSeconds", 600);

	k8s_object_meta(c, root, true, false);
	counts(c, &spec, numbers);
	selector(c, &spec, "deployment", "invalid label selector");
	if (k8s_selector_is_usable(k8s_get(spec.val, "selector"))) {
		k8s_pod_template(c, &template);
		for_ever(c, &template, "ReplicaSet");
	}
	deployment_strategy(c, &spec);
	if (seconds <= k8s_int(spec.val, "minReadySeconds", 0))
		k8s_invalid_int(c, &deadline, seconds, "must be greater than minReadySeconds");
}

void k8s_check_replica_set(struct k8s_check *c, const struct k8s_at *root)
{
	static const char *const numbers[] = {"replicas", "minReadySeconds", NULL};
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at template = k8s_child(&spec, "template");

	k8s_object_meta(c, root, true, false);
	counts(c, &spec, numbers);
	selector(c, &spec, "deployment", "invalid label selector");
	if (k8s_selector_is_usable(k8s_get(spec.val, "selector"))) {
		k8s_pod_template(c, &template);
		for_ever(c, &template, "ReplicaSet");
	}
}

static void daemon_strategy(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "updateStrategy");
	const struct k8s_at rolling = k8s_child(&at, "rollingUpdate");
	const struct k8s_at unavailable = k8s_child(&rolling, "maxUnavailable");
	const struct k8s_at surge = k8s_child(&rolling, "maxSurge");
	const char *type = k8s_str(at.val, "type");
	const bool has_unavailable = unavailable.val == NULL || !is_zero(unavailable.val);
	const bool has_surge = surge.val != NULL && !is_zero(surge.val);

	if (strcmp(type, "OnDelete") == 0)
		return;
	if (*type != '\0' && strcmp(type, "RollingUpdate") != 0) {
		k8s_add(c, &at, "FieldValueNotSupported",
			k8s_printf(c->arena,
				"Unsupported value: {\"Type\":%s,\"RollingUpdate\":null}: "
				"supported "
				"values: \"RollingUpdate\", \"OnDelete\"",
				k8s_json_quote(c->arena, type)));
		return;
	}
	int_or_percent(c, &unavailable, true);
	int_or_percent(c, &surge, true);
	if (has_unavailable && has_surge)
		k8s_invalid_raw(c, &surge, k8s_json(c->arena, surge.val),
			"may not be set when maxUnavailable is non-zero");
	else if (!has_unavailable && !has_surge)
		k8s_required(c, &unavailable, "cannot be 0 when maxSurge is 0");
}

void k8s_check_daemon_set(struct k8s_check *c, const struct k8s_at *root)
{
	static const char *const numbers[] = {"minReadySeconds", "revisionHistoryLimit", NULL};
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at template = k8s_child(&spec, "template");

	k8s_object_meta(c, root, true, false);
	selector(c, &spec, "daemonset", NULL);
	k8s_pod_template(c, &template);
	for_ever(c, &template, "DaemonSet");
	counts(c, &spec, numbers);
	daemon_strategy(c, &spec);
}

static void stateful_strategy(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "updateStrategy");
	const struct k8s_at rolling = k8s_child(&at, "rollingUpdate");
	const struct k8s_at partition = k8s_child(&rolling, "partition");
	const char *type = k8s_str(at.val, "type");
	const char *partition_text =
		k8s_printf(c->arena, "{\"Partition\":%s,\"MaxUnavailable\":%s}",
			partition.val == NULL ? "0" : partition.val->str,
			k8s_json(c->arena, k8s_get(rolling.val, "maxUnavailable")));

	if (strcmp(type, "OnDelete") == 0) {
		if (rolling.val != NULL)
			k8s_invalid_raw(c, &rolling, partition_text,
				"only allowed for updateStrategy 'RollingUpdate'");
	} else if (*type == '\0' || strcmp(type, "RollingUpdate") == 0) {
		k8s_nonnegative(c, &partition);
	} else {
		k8s_invalid_raw(c, &at,
			k8s_printf(c->arena, "{\"Type\":%s,\"RollingUpdate\":%s}",
				k8s_json_quote(c->arena, type),
				rolling.val == NULL ? "null" : partition_text),
			"must be 'RollingUpdate' or 'OnDelete'");
	}
}

static void stateful_policies(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const retention[] = {"Retain", "Delete", NULL};
	const struct k8s_at management = k8s_child(spec, "podManagementPolicy");
	const struct k8s_at policy = k8s_child(spec, "persistentVolumeClaimRetentionPolicy");
	const struct k8s_at deleted = k8s_child(&policy, "whenDeleted");
	const struct k8s_at scaled = k8s_child(&policy, "whenScaled");
	const char *text = k8s_at_str(&management);

	if (*text != '\0' && strcmp(text, "OrderedReady") != 0 && strcmp(text, "Parallel") != 0)
		k8s_invalid(c, &management, text, "must be 'OrderedReady' or 'Parallel'");
	if (*k8s_at_str(&deleted) != '\0')
		k8s_enum(c, &deleted, retention);
	if (*k8s_at_str(&scaled) != '\0')
		k8s_enum(c, &scaled, retention);
}

// The template as the server validates it: with a volume for each claim template, which hide the
// template's own, and without the names that the controller sets.
static struct k8s_val *stateful_template(struct k8s_check *c, const struct k8s_val *spec)
{
	const struct k8s_val *claims = k8s_get(spec, "volumeClaimTemplates");
	const struct k8s_val *pod = k8s_find(spec, "template.spec");
	const struct k8s_val *volumes = k8s_get(pod, "volumes");
	struct k8s_val *template = k8s_get(spec, "template");
	struct k8s_val *copy = k8s_new(c->arena, K8S_VAL_MAP);
	struct k8s_val *pod_copy = k8s_new(c->arena, K8S_VAL_MAP);
	struct k8s_val *list = k8s_new(c->arena, K8S_VAL_LIST);
	struct k8s_val *taken = k8s_new(c->arena, K8S_VAL_MAP);

	if (list == NULL || pod == NULL)
		return template;
	list->at = volumes == NULL ? NULL : volumes->at;
	list->items = k8s_alloc(
		c->arena, (k8s_len(claims) + k8s_len(volumes) + 1) * sizeof(struct k8s_val *));
	if (list->items == NULL)
		return template;
	for (uint32_t i = 0; i < k8s_len(claims); i++) {
		const char *name = k8s_str(k8s_get(claims->items[i], "metadata"), "name");
		struct k8s_val *volume = k8s_new(c->arena, K8S_VAL_MAP);
		struct k8s_val *source = k8s_new(c->arena, K8S_VAL_MAP);

		if (k8s_get(taken, name) != NULL || source == NULL || volume == NULL)
			continue;
		volume->at = claims->items[i]->at;
		k8s_set(c->arena, source, "claimName", k8s_new_str(c->arena, name));
		k8s_set(c->arena, volume, "name", k8s_new_str(c->arena, name));
		k8s_set(c->arena, volume, "persistentVolumeClaim", source);
		k8s_set(c->arena, taken, name, volume);
		list->items[list->n++] = volume;
	}
	for (uint32_t i = 0; i < k8s_len(volumes); i++)
		if (k8s_get(taken, k8s_str(volumes->items[i], "name")) == NULL)
			list->items[list->n++] = volumes->items[i];
	for (uint32_t i = 0; i < k8s_len(template); i++)
		k8s_set(c->arena, copy, template->keys[i].name, template->items[i]);
	for (uint32_t i = 0; i < k8s_len(pod); i++)
		if (strcmp(pod->keys[i].name, "hostname") != 0 &&
			strcmp(pod->keys[i].name, "subdomain") != 0)
			k8s_set(c->arena, pod_copy, pod->keys[i].name, pod->items[i]);
	if (copy == NULL || pod_copy == NULL)
		return template;
	copy->at = template->at;
	pod_copy->at = pod->at;
	k8s_set(c->arena, pod_copy, "volumes", list);
	k8s_set(c->arena, copy, "spec", pod_copy);
	return copy;
}

void k8s_check_stateful_set(struct k8s_check *c, const struct k8s_at *root)
{
	static const char *const numbers[] = {"replicas", "minReadySeconds", NULL};
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at service = k8s_child(&spec, "serviceName");
	const struct k8s_at claims = k8s_child(&spec, "volumeClaimTemplates");
	const struct k8s_at ordinals = k8s_child(&spec, "ordinals");
	const struct k8s_at start =
		k8s_path(&spec, "ordinals.start", k8s_get(ordinals.val, "start"));
	const struct k8s_at template = k8s_child(&spec, "template");
	const struct k8s_at filled = k8s_path(&spec, "template", stateful_template(c, spec.val));

	k8s_object_meta(c, root, true, true);
	stateful_policies(c, &spec);
	stateful_strategy(c, &spec);
	for (uint32_t i = 0; i < k8s_len(claims.val); i++) {
		const struct k8s_at claim = k8s_index(&claims, i);
		const struct k8s_at claim_spec = k8s_child(&claim, "spec");

		k8s_claim_spec(c, &claim_spec);
	}
	counts(c, &spec, numbers);
	k8s_nonnegative(c, &start);
	if (*k8s_at_str(&service) != '\0')
		k8s_invalid_each(
			c, &service, k8s_at_str(&service), k8s_is_dns_label(k8s_at_str(&service)));
	selector(c, &spec, "statefulset", "");
	if (k8s_selector_is_usable(k8s_get(spec.val, "selector")))
		k8s_pod_template(c, &filled);
	for_ever(c, &template, "StatefulSet");
}
