// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Projected volumes: several sources in one folder, whose paths may not collide.

#include "k8s_kinds.h"
#include "k8s_names.h"

#include <string.h>

#define TOKEN_SECONDS_MIN (10 * 60)
#define TOKEN_SECONDS_MAX ((int64_t)1 << 32)

struct projection {
	struct k8s_pod_check *p;
	const struct k8s_at *volume; // "projected"
	struct k8s_val *paths; // taken
};

// `shown` is what the server prints of a path that is taken: the source's name or the path.
static void take_path(struct projection *j, const char *path, const char *shown)
{
	if (k8s_get(j->paths, path) != NULL)
		k8s_invalid(j->p->c, j->volume, shown, "conflicting duplicate paths");
	else
		k8s_set(j->p->c->arena, j->paths, path, k8s_new_str(j->p->c->arena, path));
}

static void named(struct projection *j, const struct k8s_at *at)
{
	const struct k8s_at name = k8s_child(at, "name");
	const struct k8s_at items = k8s_child(at, "items");

	if (*k8s_at_str(&name) == '\0')
		k8s_required(j->p->c, &name, "");
	k8s_key_to_paths(j->p->c, &items);
	for (uint32_t i = 0; i < k8s_len(items.val); i++)
		if (*k8s_str(items.val->items[i], "path") != '\0')
			take_path(j, k8s_str(items.val->items[i], "path"), k8s_at_str(&name));
}

static void downward(struct projection *j, const struct k8s_at *at)
{
	const struct k8s_val *items = k8s_get(at->val, "items");

	for (uint32_t i = 0; i < k8s_len(items); i++) {
		const char *path = k8s_str(items->items[i], "path");

		k8s_downward_file(j->p->c, at, items->items[i]);
		if (*path != '\0')
			take_path(j, path, path);
	}
}

static void token(struct projection *j, const struct k8s_at *at)
{
	const struct k8s_at seconds = k8s_child(at, "expirationSeconds");
	const struct k8s_at path = k8s_path(j->volume, "path", k8s_get(at->val, "path"));
	const int64_t n = k8s_int(at->val, "expirationSeconds", 3600);

	if (n < TOKEN_SECONDS_MIN)
		k8s_invalid_int(
			j->p->c, &seconds, n, "may not specify a duration less than 10 minutes");
	if (n > TOKEN_SECONDS_MAX)
		k8s_invalid_int(j->p->c, &seconds, n,
			"may not specify a duration larger than 2^32 seconds");
	if (*k8s_at_str(&path) == '\0')
		k8s_required(j->p->c, &path, "");
	else
		k8s_local_path(j->p->c, &path, k8s_at_str(&path));
}

static const struct {
	const char *name;
	void (*check)(struct projection *j, const struct k8s_at *at);
} sources[] = {
	{"secret", named},
	{"configMap", named},
	{"downwardAPI", downward},
	{"serviceAccountToken", token},
	{"clusterTrustBundle", NULL},
	{"podCertificate", NULL},
};

void k8s_projected_volume(struct k8s_pod_check *p, const struct k8s_at *at)
{
	struct projection j = {p, at, k8s_new(p->c->arena, K8S_VAL_MAP)};
	const struct k8s_at mode = k8s_child(at, "defaultMode");
	const struct k8s_at list = k8s_child(at, "sources");

	k8s_file_mode(p->c, &mode);
	for (uint32_t i = 0; i < k8s_len(list.val); i++) {
		const struct k8s_at source = k8s_index(&list, i);
		int n = 0;

		for (size_t k = 0; k < sizeof(sources) / sizeof(sources[0]); k++) {
			const struct k8s_at here = k8s_child(&source, sources[k].name);

			if (here.val == NULL)
				continue;
			n++;
			if (sources[k].check != NULL)
				sources[k].check(&j, &here);
		}
		if (n > 1)
			k8s_forbidden(p->c, &source,
				"may not specify more than 1 volume type per source");
	}
}
