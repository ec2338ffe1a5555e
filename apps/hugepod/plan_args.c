// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What a container's command line says of hugepages: EAL's options, hugepod's own programs, and the
// group's configuration in a ConfigMap.

#include "base/hp_config.h"
#include "base/hp_yaml.h"
#include "doctor.h"
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256 // of one command line; what comes after is not looked at

struct words {
	const char *word[WORDS_MAX];
	uint32_t n;
};

static void add_words(struct words *w, const struct k8s_val *list)
{
	for (uint32_t i = 0; list != NULL && list->type == K8S_VAL_LIST && i < list->n; i++)
		if (list->items[i]->type == K8S_VAL_STRING && w->n < WORDS_MAX)
			w->word[w->n++] = list->items[i]->str;
}

// `sh -c "exec hp-client --x"`: one word that holds a whole command.
static void split_words(struct plan *plan, struct words *w)
{
	struct words flat = {.n = 0};

	for (uint32_t i = 0; i < w->n; i++) {
		char *copy, *save = NULL;

		if (strpbrk(w->word[i], " \t\n") == NULL) {
			if (flat.n < WORDS_MAX)
				flat.word[flat.n++] = w->word[i];
			continue;
		}
		copy = k8s_copy(&plan->arena, w->word[i], strlen(w->word[i]));
		for (char *p = copy != NULL ? strtok_r(copy, " \t\n\"'", &save) : NULL; p != NULL;
			p = strtok_r(NULL, " \t\n\"'", &save))
			if (flat.n < WORDS_MAX)
				flat.word[flat.n++] = p;
	}
	*w = flat;
}

// Value of "--name=value", "--name value", "-m64" or "-m 64" at word @p i, NULL if it is not that.
static const char *value_of(const struct words *w, uint32_t i, const char *name)
{
	const char *word = w->word[i];
	size_t len = strlen(name);

	if (strncmp(word, name, len) != 0)
		return NULL;
	if (word[len] == '\0')
		return i + 1 < w->n ? w->word[i + 1] : NULL;
	if (word[len] == '=')
		return word + len + 1;
	// A letter may have its value right behind it.
	return len == 2 && name[1] != '-' ? word + len : NULL;
}

// "64" or "32,32": MiB, added up; 0 if it is no such list.
static int64_t mebibytes(const char *text)
{
	int64_t sum = 0;

	for (const char *p = text;; p++) {
		char *end;
		long long n = strtoll(p, &end, 10);

		if (end == p || n < 0 || n > 1 << 30)
			return 0;
		sum = plan_plus(sum, n);
		if (*end == '\0')
			return plan_times(sum, 1 << 20);
		if (*end != ',')
			return 0;
		p = end;
	}
}

static bool is_member(const char *program)
{
	static const char *const names[] = {
		"hp-client", "hp-worker", "hp-message", "hp-capture", "hp-replay", "hp-top"};
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(slash != NULL ? slash + 1 : program, names[i]) == 0)
			return true;
	return false;
}

// The ConfigMap's file that the container sees at @p path.
static const char *config_text(const struct plan *plan, const struct plan_container *c,
	const struct plan_pod *pod, const char *path)
{
	const struct k8s_val *mounts = k8s_get(c->val, "volumeMounts");
	const struct k8s_val *volumes = k8s_get(pod->spec, "volumes");

	for (uint32_t m = 0; m < k8s_len(mounts); m++) {
		const char *at = k8s_str(mounts->items[m], "mountPath");
		size_t len = strlen(at);

		if (len == 0 || strncmp(path, at, len) != 0 || path[len] != '/')
			continue;
		for (uint32_t v = 0; v < k8s_len(volumes); v++) {
			const char *map = k8s_str(k8s_get(volumes->items[v], "configMap"), "name");

			if (map[0] == '\0' || strcmp(k8s_str(volumes->items[v], "name"),
						      k8s_str(mounts->items[m], "name")) != 0)
				continue;
			for (uint32_t i = 0; i < plan->n_configs; i++)
				if (strcmp(k8s_str(k8s_get(plan->configs[i], "metadata"), "name"),
					    map) == 0)
					return k8s_str(
						k8s_get(plan->configs[i], "data"), path + len + 1);
		}
	}
	return "";
}

static void config_bytes(struct plan_container *c, const char *text)
{
	struct doctor_memory memory;
	struct hp_config conf = {0};
	struct hp_err ignored = {0};
	struct hp_yaml_file *file;

	if (text[0] == '\0')
		return;
	file = hp_yaml_load("configMap", text, strlen(text), NULL, &ignored);
	if (file == NULL)
		return;
	if (hp_yaml_docs(file) == 1 &&
		hp_config_from_yaml(&conf, hp_yaml_root(file, 0), "configMap", &ignored) == 0) {
		doctor_memory_of(&memory, &conf);
		c->asked = (int64_t)memory.most;
		c->asked_least = (int64_t)memory.least;
		hp_config_free(&conf);
	}
	hp_yaml_free(file);
}

void plan_container_args(struct plan *plan, struct plan_container *c, const struct plan_pod *pod)
{
	static const char *const sizes[] = {"-m", "--socket-mem", "--numa-mem"};
	struct words w = {.n = 0};

	add_words(&w, k8s_get(c->val, "command"));
	add_words(&w, k8s_get(c->val, "args"));
	split_words(plan, &w);
	for (uint32_t i = 0; i < w.n; i++) {
		const char *value;

		c->secondary |= is_member(w.word[i]);
		value = value_of(&w, i, "--proc-type");
		if (value != NULL)
			c->secondary = strcmp(value, "secondary") == 0;
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			value = value_of(&w, i, sizes[s]);
			if (value == NULL || mebibytes(value) == 0)
				continue;
			c->asked = c->asked_least = mebibytes(value);
			c->asked_by = k8s_printf(&plan->arena, "%s %s", sizes[s], value);
		}
		value = value_of(&w, i, "--config");
		if (value != NULL && c->asked == 0) {
			config_bytes(c, config_text(plan, c, pod, value));
			c->asked_by = k8s_printf(&plan->arena, "--config %s", value);
		}
	}
}
