// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "lint_member.h"

#include "k8s_pod.h"
#include "k8s_resources.h"

#include <stdlib.h>
#include <string.h>

#define LCORES_MAX 1024 // ids that a list may name; EAL's own limit is 128 to 1536
#define WORDS_MAX 256 // of a command line

static const struct program {
	const char *name;
	enum lint_role role;
	bool hugepod;
} programs[] = {
	{"hp-primary", LINT_PRIMARY, true},
	{"hp-client", LINT_SECONDARY, true},
	{"hp-worker", LINT_SECONDARY, true},
	{"hp-message", LINT_SECONDARY, true},
	{"hp-capture", LINT_NO_DPDK, true},
	{"hp-replay", LINT_NO_DPDK, true},
	{"hp-top", LINT_NO_DPDK, true},
	{"hp-consume", LINT_NO_DPDK, true},
	{"dpdk-testpmd", LINT_DPDK, false},
	{"testpmd", LINT_DPDK, false},
	{"dpdk-pdump", LINT_SECONDARY, false},
	{"dpdk-dumpcap", LINT_SECONDARY, false},
	{"dpdk-proc-info", LINT_SECONDARY, false},
	{"dpdk-l2fwd", LINT_DPDK, false},
	{"dpdk-l3fwd", LINT_DPDK, false},
	{"dpdk-simple_mp", LINT_DPDK, false},
	{"simple_mp", LINT_DPDK, false},
	{"dpdk-symmetric_mp", LINT_DPDK, false},
	{"symmetric_mp", LINT_DPDK, false},
	{"dpdk-mp_server", LINT_PRIMARY, false},
	{"mp_server", LINT_PRIMARY, false},
	{"dpdk-mp_client", LINT_SECONDARY, false},
	{"mp_client", LINT_SECONDARY, false},
	{"pktgen", LINT_DPDK, false},
	{"vpp", LINT_PRIMARY, false},
};

struct words {
	const char *items[WORDS_MAX];
	uint32_t n;
};

// Splits at white space, so that `sh -c "exec hp-primary ..."` is read as well.
static void add_words(struct lint *l, const struct k8s_val *list, struct words *w)
{
	for (uint32_t i = 0; i < k8s_len(list); i++) {
		const char *text = list->items[i]->str;
		char *copy = text == NULL ? NULL : k8s_copy(&l->arena, text, strlen(text));
		char *save = NULL;

		if (copy == NULL)
			continue;
		for (char *p = strtok_r(copy, " \t\n;&", &save); p != NULL && w->n < WORDS_MAX;
			p = strtok_r(NULL, " \t\n;&", &save))
			w->items[w->n++] = p;
	}
}

// Value of "--name=value" or "--name value" at word i; NULL if it is another word.
static const char *value_of(const struct words *w, uint32_t i, const char *name)
{
	const size_t len = strlen(name);

	if (strncmp(w->items[i], name, len) != 0)
		return NULL;
	if (w->items[i][len] == '=')
		return w->items[i] + len + 1;
	if (w->items[i][len] == '\0' && i + 1 < w->n)
		return w->items[i + 1];
	return NULL;
}

static int64_t sum_of(const char *list)
{
	int64_t sum = 0;

	for (char *end; *list != '\0'; list = *end == ',' ? end + 1 : "") {
		const long long n = strtoll(list, &end, 10);

		sum += n > 0 && n < INT32_MAX ? n : 0;
		if (end == list)
			break;
	}
	return sum;
}

static void find_program(struct lint_member *m, const char *word)
{
	const char *slash = strrchr(word, '/');
	const char *name = slash == NULL ? word : slash + 1;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(name, programs[i].name) != 0)
			continue;
		m->program = programs[i].name;
		m->role = programs[i].role;
		m->hugepod = programs[i].hugepod;
	}
}

static void read_words(struct lint_member *m, const struct words *w)
{
	for (uint32_t i = 0; i < w->n; i++) {
		const char *v;

		find_program(m, w->items[i]);
		if ((v = value_of(w, i, "--file-prefix")) != NULL)
			m->prefix = v;
		if (m->hugepod && (v = value_of(w, i, "--config")) != NULL)
			m->config = v;
		if ((v = value_of(w, i, "-l")) != NULL || (v = value_of(w, i, "--lcores")) != NULL)
			m->lcores = v;
		if ((v = value_of(w, i, "-m")) != NULL ||
			(v = value_of(w, i, "--socket-mem")) != NULL)
			m->memory_mib = sum_of(v);
		m->in_memory |= strcmp(w->items[i], "--in-memory") == 0 ||
				strcmp(w->items[i], "--no-huge") == 0;
		m->legacy |= strcmp(w->items[i], "--legacy-mem") == 0;
		v = value_of(w, i, "--proc-type");
		if (v != NULL)
			m->role = strcmp(v, "secondary") == 0 ? LINT_SECONDARY
				  : strcmp(v, "primary") == 0 ? LINT_PRIMARY
							      : LINT_DPDK;
		else if (m->role == LINT_NO_DPDK && !m->hugepod &&
			 (value_of(w, i, "--file-prefix") != NULL ||
				 value_of(w, i, "--socket-mem") != NULL ||
				 value_of(w, i, "--huge-dir") != NULL))
			m->role = LINT_DPDK;
	}
	// Stock DPDK is a primary unless told otherwise.
	if (m->role == LINT_DPDK && *m->program != '\0')
		m->role = LINT_PRIMARY;
}

static const struct k8s_val *volume_of(const struct k8s_val *spec, const char *name)
{
	const struct k8s_val *volumes = k8s_get(spec, "volumes");

	for (uint32_t i = 0; i < k8s_len(volumes); i++)
		if (strcmp(k8s_str(volumes->items[i], "name"), name) == 0)
			return volumes->items[i];
	return NULL;
}

static bool is_huge(const struct k8s_val *volume)
{
	const char *medium = k8s_str(k8s_get(volume, "emptyDir"), "medium");
	const char *host = k8s_str(k8s_get(volume, "hostPath"), "path");

	return strncmp(medium, "HugePages", 9) == 0 || strstr(host, "huge") != NULL;
}

// Whether `dir` lies in `path` or is it. /var/run and /run are one in containers.
static bool lies_in(const char *dir, const char *path)
{
	size_t len;

	dir += strncmp(dir, "/var/run", 8) == 0 ? 4 : 0;
	path += strncmp(path, "/var/run", 8) == 0 ? 4 : 0;
	len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return strncmp(dir, path, len) == 0 && (dir[len] == '/' || dir[len] == '\0');
}

static void find_mounts(struct lint_member *m)
{
	const struct k8s_val *mounts = k8s_get(m->container, "volumeMounts");
	size_t best = 0;

	for (uint32_t i = 0; i < k8s_len(mounts); i++) {
		const struct k8s_val *mount = mounts->items[i];
		const char *path = k8s_str(mount, "mountPath");
		const struct k8s_val *volume = volume_of(m->object->spec, k8s_str(mount, "name"));
		const struct lint_mount_of here = {mount, volume, path};

		if (volume == NULL || *path == '\0')
			continue;
		if (is_huge(volume) && m->huge.mount == NULL)
			m->huge = here;
		if (lies_in(m->runtime_dir, path) && strlen(path) > best) {
			m->runtime = here;
			best = strlen(path);
		}
	}
}

static void find_runtime_dir(struct lint *l, struct lint_member *m)
{
	const struct k8s_val *env = k8s_get(m->container, "env");
	const char *base = NULL, *xdg = NULL;

	for (uint32_t i = 0; i < k8s_len(env); i++) {
		const char *name = k8s_str(env->items[i], "name");

		if (strcmp(name, "RUNTIME_DIRECTORY") == 0)
			base = k8s_str(env->items[i], "value");
		else if (strcmp(name, "XDG_RUNTIME_DIR") == 0)
			xdg = k8s_str(env->items[i], "value");
	}
	if (base == NULL && m->uid > 0)
		base = xdg != NULL ? xdg : "/tmp";
	m->runtime_dir = base == NULL ? "/var/run/dpdk" : k8s_printf(&l->arena, "%s/dpdk", base);
	if (m->runtime_dir == NULL)
		m->runtime_dir = "";
}

static int64_t huge_bytes(const struct k8s_val *resources)
{
	const struct k8s_val *limits = k8s_get(resources, "limits");
	int64_t sum = 0;

	for (uint32_t i = 0; i < k8s_len(limits); i++)
		if (k8s_is_hugepages(limits->keys[i].name) && limits->items[i]->quantity != NULL) {
			const int64_t n = k8s_quantity_clamped(limits->items[i]->quantity);

			sum = n > INT64_MAX - sum ? INT64_MAX : sum + (n > 0 ? n : 0);
		}
	return sum;
}

void lint_member_of(
	struct lint *l, const struct lint_object *o, uint32_t i, struct lint_member *out)
{
	struct k8s_val *container = k8s_get(o->spec, "containers")->items[i];
	const struct k8s_val *own = k8s_get(container, "securityContext");
	struct words words = {.n = 0};

	*out = (struct lint_member){.object = o, .container = container, .index = i, .program = ""};
	out->uid = k8s_int(
		own, "runAsUser", k8s_int(k8s_get(o->spec, "securityContext"), "runAsUser", -1));
	add_words(l, k8s_get(container, "command"), &words);
	add_words(l, k8s_get(container, "args"), &words);
	read_words(out, &words);
	if (out->config != NULL)
		lint_group_of(l, out);
	else if (out->prefix == NULL)
		out->prefix = "rte";
	find_runtime_dir(l, out);
	find_mounts(out);
	out->huge_limit = huge_bytes(k8s_get(container, "resources"));
	out->own_limit = out->huge_limit > 0;
	if (out->huge_limit == 0)
		out->huge_limit = huge_bytes(k8s_get(o->spec, "resources"));
	if (out->role == LINT_NO_DPDK && !out->hugepod &&
		(out->huge.mount != NULL || out->own_limit))
		out->role = LINT_DPDK;
}

bool lint_same_volume(const struct lint_member *a, const struct lint_mount_of *x,
	const struct lint_member *b, const struct lint_mount_of *y)
{
	const char *host = k8s_str(k8s_get(x->volume, "hostPath"), "path");

	if (x->mount == NULL || y->mount == NULL)
		return false;
	if (a->object == b->object)
		return x->volume == y->volume &&
		       strcmp(k8s_str(x->mount, "subPath"), k8s_str(y->mount, "subPath")) == 0;
	return *host != '\0' && strcmp(host, k8s_str(k8s_get(y->volume, "hostPath"), "path")) == 0;
}

static void mark(uint64_t *bits, long from, long to)
{
	for (; from <= to && from >= 0 && from < LCORES_MAX; from++)
		bits[from / 64] |= UINT64_C(1) << (from % 64);
}

// Ids in front of "@"; what is behind it are CPUs.
static void read_lcores(const char *p, uint64_t *bits)
{
	bool cpus = false;
	int depth = 0;

	while (*p != '\0') {
		char *end;

		if (*p < '0' || *p > '9') {
			depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
			cpus = *p == '@' || (cpus && (*p != ',' || depth > 0));
			p++;
			continue;
		}
		const long from = strtol(p, &end, 10);
		long to = from;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		if (!cpus)
			mark(bits, from, to);
		p = end;
	}
}

bool lint_lcores_overlap(const char *a, const char *b)
{
	uint64_t x[LCORES_MAX / 64] = {0}, y[LCORES_MAX / 64] = {0};

	read_lcores(a, x);
	read_lcores(b, y);
	for (size_t i = 0; i < LCORES_MAX / 64; i++)
		if ((x[i] & y[i]) != 0)
			return true;
	return false;
}
