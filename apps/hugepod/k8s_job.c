// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Job and CronJob.

#include "k8s_cron.h"
#include "k8s_kinds.h"
#include "k8s_names.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define INDEXED_PARALLELISM_MAX 100000
#define INDEXED_FAILED_MAX 100000
#define FAILURE_RULES_MAX 20
#define EXIT_CODES_MAX 255
#define CONDITIONS_MAX 20
#define CRON_NAME_MAX 52 // the controller appends eleven characters
#define MANAGED_BY_MAX 63
#define ZONE_PART_MAX 14 // characters between slashes

static void exit_codes(struct k8s_check *c, const struct k8s_at *at, const struct k8s_val *pod)
{
	static const char *const operators[] = {"In", "NotIn", NULL};
	const struct k8s_at op = k8s_child(at, "operator");
	const struct k8s_at container = k8s_child(at, "containerName");
	const struct k8s_at values = k8s_child(at, "values");
	const uint32_t n = k8s_len(values.val);
	bool ordered = true, known = false;

	if (*k8s_at_str(&op) == '\0')
		k8s_required(c, &op, "valid values: [\"In\" \"NotIn\"]");
	else
		k8s_enum(c, &op, operators);
	for (int l = 0; l < 2; l++) {
		const struct k8s_val *list = k8s_get(pod, l == 0 ? "containers" : "initContainers");

		for (uint32_t i = 0; i < k8s_len(list); i++)
			known |= strcmp(k8s_str(list->items[i], "name"), k8s_at_str(&container)) ==
				 0;
	}
	if (container.val != NULL && !known)
		k8s_invalid(c, &container, k8s_at_str(&container),
			"must be one of the container or initContainer names in the pod template");
	if (n == 0)
		k8s_invalid_raw(c, &values, k8s_json(c->arena, values.val),
			"at least one value is required");
	else if (n > EXIT_CODES_MAX)
		k8s_too_many(c, &values, n, EXIT_CODES_MAX);
	for (uint32_t i = 0; i < n; i++) {
		const struct k8s_at value = k8s_index(&values, i);
		const int64_t code = k8s_int_of(value.val);
		bool repeated = false;

		for (uint32_t k = 0; k < i; k++)
			repeated |= k8s_int_of(values.val->items[k]) == code;
		if (strcmp(k8s_at_str(&op), "In") == 0 && code == 0)
			k8s_invalid_int(c, &value, code, "must not be 0 for the In operator");
		if (repeated)
			k8s_add(c, &value, "FieldValueDuplicate",
				k8s_printf(c->arena, "Duplicate value: %" PRId64, code));
		ordered &= i == 0 || k8s_int_of(values.val->items[i - 1]) <= code;
	}
	if (!ordered)
		k8s_invalid_raw(c, &values, k8s_json(c->arena, values.val), "must be ordered");
}

static void conditions(struct k8s_check *c, const struct k8s_at *at)
{
	static const char *const states[] = {"False", "True", "Unknown", NULL};

	if (k8s_len(at->val) > CONDITIONS_MAX)
		k8s_too_many(c, at, k8s_len(at->val), CONDITIONS_MAX);
	for (uint32_t i = 0; i < k8s_len(at->val); i++) {
		const struct k8s_at pattern = k8s_index(at, i);
		const struct k8s_at type = k8s_child(&pattern, "type");
		const struct k8s_at status = k8s_child(&pattern, "status");

		k8s_invalid_each(c, &type, k8s_at_str(&type), k8s_is_label_key(k8s_at_str(&type)));
		if (*k8s_at_str(&status) != '\0')
			k8s_enum(c, &status, states);
	}
}

static void failure_rule(struct k8s_check *c, const struct k8s_at *at, const struct k8s_val *spec)
{
	static const char *const actions[] = {"Count", "FailIndex", "FailJob", "Ignore", NULL};
	const struct k8s_at action = k8s_child(at, "action");
	const struct k8s_at codes = k8s_child(at, "onExitCodes");
	const struct k8s_at patterns = k8s_child(at, "onPodConditions");

	if (*k8s_at_str(&action) == '\0')
		k8s_required(c, &action,
			"valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
	else if (strcmp(k8s_at_str(&action), "FailIndex") == 0) {
		if (k8s_get(spec, "backoffLimitPerIndex") == NULL)
			k8s_invalid(c, &action, "FailIndex",
				"requires the backoffLimitPerIndex to be set");
	} else {
		k8s_enum(c, &action, actions);
	}
	if (codes.val != NULL)
		exit_codes(c, &codes, k8s_find(spec, "template.spec"));
	conditions(c, &patterns);
	if (codes.val != NULL && k8s_len(patterns.val) > 0)
		k8s_add(c, at, "FieldValueInvalid",
			"Invalid value: specifying both OnExitCodes and OnPodConditions is not "
			"supported");
	if (codes.val == NULL && k8s_len(patterns.val) == 0)
		k8s_add(c, at, "FieldValueInvalid",
			"Invalid value: specifying one of OnExitCodes and OnPodConditions is "
			"required");
}

static void job_policies(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const replacement[] = {"Failed", "TerminatingOrFailed", NULL};
	static const char *const failed[] = {"Failed", NULL};
	const struct k8s_at failure = k8s_child(spec, "podFailurePolicy");
	const struct k8s_at rules = k8s_child(&failure, "rules");
	const struct k8s_at replace = k8s_child(spec, "podReplacementPolicy");

	if (k8s_len(rules.val) > FAILURE_RULES_MAX)
		k8s_too_many(c, &rules, k8s_len(rules.val), FAILURE_RULES_MAX);
	for (uint32_t i = 0; i < k8s_len(rules.val); i++) {
		const struct k8s_at rule = k8s_index(&rules, i);

		failure_rule(c, &rule, spec->val);
	}
	k8s_enum(c, &replace, failure.val != NULL ? failed : replacement);
}

// "example.com/name"
static void managed_by(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "managedBy");
	const char *text = k8s_at_str(&at);
	const char *slash = strchr(text, '/');

	if (at.val == NULL)
		return;
	if (*text == '\0') {
		k8s_required(c, &at, "");
	} else if (slash == NULL || slash == text || slash[1] == '\0') {
		k8s_invalid(
			c, &at, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
	} else {
		char *host = k8s_copy(c->arena, text, (size_t)(slash - text));

		if (host != NULL)
			k8s_invalid_each(c, &at, host, k8s_is_dns_subdomain(host));
	}
	if (strlen(text) > MANAGED_BY_MAX)
		k8s_too_long(c, &at, MANAGED_BY_MAX);
}

static void indexed(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at completions = k8s_child(spec, "completions");
	const struct k8s_at parallelism = k8s_child(spec, "parallelism");
	const struct k8s_at failed = k8s_child(spec, "maxFailedIndexes");
	const int64_t n_failed = k8s_int_of(failed.val);

	if (completions.val == NULL)
		k8s_required(c, &completions, "when completion mode is Indexed");
	if (k8s_int_of(parallelism.val) > INDEXED_PARALLELISM_MAX)
		k8s_invalid_int(c, &parallelism, k8s_int_of(parallelism.val),
			"must be less than or equal to 100000 when completion mode is Indexed");
	if (completions.val != NULL && n_failed > k8s_int_of(completions.val))
		k8s_invalid_int(c, &failed, n_failed, "must be less than or equal to completions");
	if (n_failed > INDEXED_FAILED_MAX)
		k8s_invalid_int(c, &failed, n_failed, "must be less than or equal to 100000");
}

static void completion(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const modes[] = {"NonIndexed", "Indexed", NULL};
	static const char *const per_index[] = {"backoffLimitPerIndex", "maxFailedIndexes"};
	const struct k8s_at mode = k8s_child(spec, "completionMode");
	const struct k8s_at limit = k8s_child(spec, "backoffLimitPerIndex");

	k8s_enum(c, &mode, modes);
	if (k8s_get(spec->val, "maxFailedIndexes") != NULL && limit.val == NULL)
		k8s_required(c, &limit, "when maxFailedIndexes is specified");
	if (strcmp(k8s_at_str(&mode), "Indexed") == 0) {
		indexed(c, spec);
		return;
	}
	if (mode.val != NULL && strcmp(k8s_at_str(&mode), "NonIndexed") != 0)
		return;
	for (int i = 0; i < 2; i++) {
		const struct k8s_at at = k8s_child(spec, per_index[i]);

		if (at.val != NULL)
			k8s_invalid_int(
				c, &at, k8s_int_of(at.val), "requires indexed completion mode");
	}
}

static void job_restart(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const policies[] = {"OnFailure", "Never", NULL};
	const struct k8s_at template = k8s_child(spec, "template");
	const struct k8s_at pod = k8s_child(&template, "spec");
	const struct k8s_at at = k8s_child(&pod, "restartPolicy");
	const char *text = k8s_at_str(&at);

	if (*text == '\0' || strcmp(text, "Always") == 0)
		k8s_required(c, &at, "valid values: \"OnFailure\", \"Never\"");
	else if (!k8s_one_of(text, policies))
		k8s_unsupported(c, &at, text, policies);
	else if (k8s_get(spec->val, "podFailurePolicy") != NULL && strcmp(text, "Never") != 0)
		k8s_invalid(c, &at, text,
			"only \"Never\" is supported when podFailurePolicy is specified");
}

static void job_spec(struct k8s_check *c, const struct k8s_at *spec)
{
	static const char *const numbers[] = {"parallelism", "completions", "activeDeadlineSeconds",
		"backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex",
		"maxFailedIndexes"};
	const struct k8s_at template = k8s_child(spec, "template");

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct k8s_at at = k8s_child(spec, numbers[i]);

		k8s_nonnegative(c, &at);
	}
	managed_by(c, spec);
	completion(c, spec);
	job_policies(c, spec);
	k8s_pod_template(c, &template);
	job_restart(c, spec);
}

// The labels and the selector that the server gives a job before it looks.
static void generate_labels(struct k8s_check *c, const struct k8s_at *root)
{
	static const char *const uid = "00000000-0000-0000-0000-000000000000";
	static const char *const names[] = {"job-name", "batch.kubernetes.io/job-name",
		"controller-uid", "batch.kubernetes.io/controller-uid"};
	const char *name = k8s_str(k8s_get(root->val, "metadata"), "name");
	struct k8s_val *template = k8s_find(root->val, "spec.template");
	struct k8s_val *meta = k8s_get(template, "metadata");
	struct k8s_val *labels = k8s_get(meta, "labels");

	if (template == NULL)
		return;
	if (meta == NULL) {
		meta = k8s_new(c->arena, K8S_VAL_MAP);
		k8s_set(c->arena, template, "metadata", meta);
	}
	if (labels == NULL) {
		labels = k8s_new(c->arena, K8S_VAL_MAP);
		k8s_set(c->arena, meta, "labels", labels);
	}
	for (int i = 0; i < 4; i++)
		if (k8s_get(labels, names[i]) == NULL)
			k8s_set(c->arena, labels, names[i],
				k8s_new_str(c->arena, i < 2 ? name : uid));
}

static void job_selector(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at at = k8s_child(&spec, "selector");
	const struct k8s_at template = k8s_child(&spec, "template");
	const struct k8s_at meta = k8s_child(&template, "metadata");
	const struct k8s_at labels = k8s_child(&meta, "labels");

	if (at.val == NULL && !k8s_true(spec.val, "manualSelector"))
		return;
	if (at.val == NULL)
		k8s_required(c, &at, "");
	else if (!k8s_true(spec.val, "manualSelector"))
		k8s_invalid_raw(c, &at, k8s_selector_json(c->arena, at.val),
			"`selector` not auto-generated");
	k8s_label_selector(c, &at);
	if (k8s_selector_is_usable(at.val) && !k8s_selector_matches(at.val, labels.val))
		k8s_invalid_raw(c, &labels, k8s_json(c->arena, labels.val),
			"`selector` does not match template `labels`");
}

void k8s_check_job(struct k8s_check *c, const struct k8s_at *root)
{
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at meta = k8s_child(root, "metadata");
	const struct k8s_at name = k8s_child(&meta, "name");
	const int64_t completions = k8s_int(spec.val, "completions", 0);

	if (!k8s_true(spec.val, "manualSelector"))
		generate_labels(c, root);
	const struct k8s_at filled = k8s_child(root, "spec");
	k8s_object_meta(c, root, true, false);
	job_spec(c, &filled);
	job_selector(c, root);
	if (strcmp(k8s_str(spec.val, "completionMode"), "Indexed") == 0 && completions > 0) {
		const char *host =
			k8s_printf(c->arena, "%s-%" PRId64, k8s_at_str(&name), completions - 1);

		if (host != NULL && k8s_is_dns_label(host).n > 0)
			k8s_invalid(c, &name, k8s_at_str(&name),
				k8s_printf(c->arena,
					"will not able to create pod with invalid DNS label: %s",
					host));
	}
}

static void schedule(struct k8s_check *c, const struct k8s_at *spec)
{
	const struct k8s_at at = k8s_child(spec, "schedule");
	const char *text = k8s_at_str(&at);
	const char *error;

	if (*text == '\0') {
		k8s_required(c, &at, "");
		return;
	}
	error = strstr(text, "TZ") == NULL ? k8s_cron_error(c->arena, text) : NULL;
	if (error != NULL)
		k8s_invalid(c, &at, text, error);
	if (strstr(text, "TZ") != NULL)
		k8s_invalid(c, &at, text,
			"cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

// Whether the name can be one of a time zone; the zones themselves are the server's.
static void time_zone(struct k8s_check *c, const struct k8s_at *at)
{
	const char *text = k8s_at_str(at);

	if (at->val == NULL)
		return;
	if (*text == '\0') {
		k8s_invalid(c, at, text, "timeZone must be nil or non-empty string");
		return;
	}
	for (const char *p = text;; p++) {
		const size_t len = strcspn(p, "/");
		size_t good = 0;

		while (good < len && (isalnum((unsigned char)p[good]) || strchr("._-+", p[good])))
			good++;
		if (len == 0 || len > ZONE_PART_MAX || good < len || *p == '-' ||
			(len == 1 && *p == '.') || (len == 2 && strncmp(p, "..", 2) == 0)) {
			k8s_invalid(
				c, at, text, k8s_printf(c->arena, "unknown time zone %s", text));
			return;
		}
		p += len;
		if (*p == '\0')
			break;
	}
	if (strcasecmp(text, "Local") == 0)
		k8s_invalid(c, at, text,
			"timeZone must be an explicit time zone as defined in "
			"https://www.iana.org/time-zones");
}

void k8s_check_cron_job(struct k8s_check *c, const struct k8s_at *root)
{
	static const char *const policies[] = {"Allow", "Forbid", "Replace", NULL};
	static const char *const numbers[] = {
		"startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"};
	const struct k8s_at spec = k8s_child(root, "spec");
	const struct k8s_at meta = k8s_child(root, "metadata");
	const struct k8s_at name = k8s_child(&meta, "name");
	const struct k8s_at zone = k8s_child(&spec, "timeZone");
	const struct k8s_at policy = k8s_child(&spec, "concurrencyPolicy");
	const struct k8s_at template = k8s_child(&spec, "jobTemplate");
	const struct k8s_at job = k8s_child(&template, "spec");
	const struct k8s_at selector = k8s_child(&job, "selector");
	const struct k8s_at manual = k8s_child(&job, "manualSelector");

	k8s_object_meta(c, root, true, false);
	schedule(c, &spec);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct k8s_at at = k8s_child(&spec, numbers[i]);

		k8s_nonnegative(c, &at);
	}
	time_zone(c, &zone);
	if (*k8s_at_str(&policy) != '\0')
		k8s_enum(c, &policy, policies);
	job_spec(c, &job);
	if (selector.val != NULL)
		k8s_invalid_raw(c, &selector, k8s_selector_json(c->arena, selector.val),
			"`selector` will be auto-generated");
	if (k8s_true(job.val, "manualSelector"))
		k8s_add(c, &manual, "FieldValueNotSupported",
			"Unsupported value: true: supported values: \"nil\", \"false\"");
	if (strlen(k8s_at_str(&name)) > CRON_NAME_MAX)
		k8s_invalid(c, &name, k8s_at_str(&name), "must be no more than 52 characters");
}
