// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Lists of resources: what a pod requests, a node has, a quota allows.

#include "plan.h"

#include <errno.h>

static int bad_quantity(const struct k8s_val *val, const char *name, const char *file,
	const char *why, struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_DATA, EINVAL, "%s:%u: %s: '%.40s': %s", file, k8s_line(val),
		name, val->str != NULL ? val->str : "", why);
}

int plan_list_read(
	struct plan_list *list, const struct k8s_val *map, const char *file, struct hp_err *err)
{
	for (uint32_t i = 0; map != NULL && map->type == K8S_VAL_MAP && i < map->n; i++) {
		const struct k8s_val *val = map->items[i];
		const char *name = map->keys[i].name;
		enum k8s_quantity_error bad;
		struct k8s_quantity q;

		if (val->type == K8S_VAL_NULL)
			continue;
		if (val->type != K8S_VAL_STRING && val->type != K8S_VAL_NUMBER)
			return bad_quantity(val, name, file, "expected a quantity, as 1Gi", err);
		bad = k8s_quantity_parse(val->str, val->len, &q);
		if (bad != K8S_QUANTITY_OK)
			return bad_quantity(val, name, file, k8s_quantity_strerror(bad), err);
		if (k8s_quantity_sign(&q) < 0)
			return bad_quantity(
				val, name, file, "must be greater than or equal to 0", err);
		plan_set(list, name, &q);
	}
	if (list->full)
		return hp_err_set(err, HP_EXIT_DATA, EINVAL, "%s:%u: more than %d resources", file,
			k8s_line(map), PLAN_RES_MAX);
	return 0;
}
