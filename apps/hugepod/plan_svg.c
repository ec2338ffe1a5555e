// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The plan as a picture: a column for each node with what is taken of it, its pods, their
// containers, and below them each volume as a bar with a line from every container that mounts it.

#include "plan.h"
#include "plan_draw.h"

#include <stdlib.h>
#include <string.h>

#define COLUMN 440 // width of a node
#define WIDTH_MIN 980 // of the picture: the legend has to fit
#define GAP 24 // between columns, and around the picture
#define PAD 12 // inside of boxes
#define ROW 20 // height of a line of text
#define BOX 64 // height of a container
#define BAR 16 // height of a bar
#define SHARES_MAX 64 // bars of host paths that are joined on one node

enum volume_kind {
	VOLUME_HUGEPAGES,
	VOLUME_EMPTY_DIR,
	VOLUME_HOST_PATH,
	VOLUME_CONFIG,
	VOLUME_OTHER,
};

static const struct colour {
	const char *fill, *line, *meaning;
} volume_colours[] = {
	[VOLUME_HUGEPAGES] = {"#ffd8a8", "#d9480f", "hugepages"},
	[VOLUME_EMPTY_DIR] = {"#d0ebff", "#1864ab", "emptyDir"},
	[VOLUME_HOST_PATH] = {"#eebefa", "#862e9c", "hostPath: shared on the node"},
	[VOLUME_CONFIG] = {"#e9ecef", "#495057", "configMap, secret"},
	[VOLUME_OTHER] = {"#d3f9d8", "#2b8a3e", "other volume"},
};

static enum volume_kind kind_of(const struct k8s_val *volume)
{
	const struct k8s_val *empty = k8s_get(volume, "emptyDir");

	if (empty != NULL)
		return strncmp(k8s_str(empty, "medium"), "HugePages", 9) == 0 ? VOLUME_HUGEPAGES
									      : VOLUME_EMPTY_DIR;
	if (k8s_get(volume, "hostPath") != NULL)
		return VOLUME_HOST_PATH;
	if (k8s_get(volume, "configMap") != NULL || k8s_get(volume, "secret") != NULL ||
		k8s_get(volume, "projected") != NULL || k8s_get(volume, "downwardAPI") != NULL)
		return VOLUME_CONFIG;
	return VOLUME_OTHER;
}

// What stands on the bar of a volume.
static void volume_text(char *buf, size_t size, const struct k8s_val *volume, enum volume_kind kind)
{
	const char *name = k8s_str(volume, "name");

	switch (kind) {
	case VOLUME_HUGEPAGES:
		snprintf(buf, size, "%s: %s", name, k8s_str(k8s_get(volume, "emptyDir"), "medium"));
		break;
	case VOLUME_HOST_PATH:
		snprintf(buf, size, "%s: hostPath %s", name,
			k8s_str(k8s_get(volume, "hostPath"), "path"));
		break;
	case VOLUME_EMPTY_DIR:
		snprintf(buf, size, "%s: emptyDir", name);
		break;
	default:
		snprintf(buf, size, "%s", name);
	}
}

// Bars of host paths of one node, to join those of several pods.
struct shares {
	uint32_t n;
	struct {
		const char *path;
		double y;
	} bar[SHARES_MAX];
};

static bool mounts(const struct plan_container *c, const char *volume)
{
	const struct k8s_val *list = k8s_get(c->val, "volumeMounts");

	for (uint32_t i = 0; list != NULL && list->type == K8S_VAL_LIST && i < list->n; i++)
		if (strcmp(k8s_str(list->items[i], "name"), volume) == 0)
			return true;
	return false;
}

static void hugepages_text(char *buf, size_t size, const struct plan_list *list)
{
	size_t len = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < list->n && len < size; i++) {
		char text[K8S_QUANTITY_TEXT];

		if (plan_page_size(list->item[i].name) > 0)
			len += (size_t)snprintf(buf + len, size - len, "%s%s of %s pages",
				len > 0 ? ", " : "", plan_text(text, &list->item[i].q),
				list->item[i].name + strlen("hugepages-"));
	}
	if (buf[0] == '\0')
		snprintf(buf, size, "no hugepages");
}

static void draw_container(FILE *out, const struct plan_container *c, double x, double y, double w)
{
	static const char *const kinds[] = {"", "sidecar", "init"};
	char huge[128];
	bool pays = false;

	for (uint32_t i = 0; i < c->limits.n; i++)
		pays |= plan_page_size(c->limits.item[i].name) > 0 &&
			plan_amount(&c->limits, c->limits.item[i].name) > 0;
	draw_box(out, x, y, w, BOX, pays ? "#fff4e6" : "#ffffff", pays ? "#d9480f" : "#868e96");
	draw_text(out, x + 8, y + 18, w - 16, DRAW_BOLD, c->name);
	hugepages_text(huge, sizeof(huge), &c->limits);
	draw_text(out, x + 8, y + 36, w - 16, DRAW_PLAIN, huge);
	snprintf(huge, sizeof(huge), "%s%s%s", c->secondary ? "secondary" : "",
		c->secondary && c->kind != PLAN_APP ? ", " : "", kinds[c->kind]);
	draw_text(out, x + 8, y + 54, w - 16, DRAW_DIM, huge);
}

// Containers side by side; below them a bar a volume. Returns the height.
static double draw_pod_inside(
	FILE *out, const struct plan_pod *pod, struct shares *shares, double x, double y, double w)
{
	const struct k8s_val *volumes = k8s_get(pod->spec, "volumes");
	uint32_t n = pod->n_containers > 0 ? pod->n_containers : 1;
	double box = (w - (n - 1) * 8.0) / n, top = y + BOX, at = top + 14;

	for (uint32_t i = 0; i < k8s_len(volumes) && volumes->type == K8S_VAL_LIST; i++) {
		enum volume_kind kind = kind_of(volumes->items[i]);
		const struct colour *colour = &volume_colours[kind];
		char text[256];

		volume_text(text, sizeof(text), volumes->items[i], kind);
		if (kind == VOLUME_HOST_PATH && shares->n < SHARES_MAX) {
			shares->bar[shares->n].path =
				k8s_str(k8s_get(volumes->items[i], "hostPath"), "path");
			shares->bar[shares->n++].y = at + (BAR + 4) / 2.0;
		}
		draw_box(out, x, at, w, BAR + 4, colour->fill, colour->line);
		draw_text(out, x + 8, at + 14, w - 16, DRAW_PLAIN, text);
		for (uint32_t c = 0; c < pod->n_containers; c++) {
			// Side by side, so that lines of several volumes do not cover each other.
			double line = x + c * (box + 8) + box - 10 - 9.0 * (i % 8);

			if (!mounts(&pod->containers[c], k8s_str(volumes->items[i], "name")))
				continue;
			draw_line(out, line, top, line, at, colour->line);
			draw_dot(out, line, at, colour->line);
		}
		at += BAR + 10;
	}
	for (uint32_t c = 0; c < pod->n_containers; c++)
		draw_container(out, &pod->containers[c], x + c * (box + 8), y, box);
	return at - y;
}

static double draw_pod(FILE *out, const struct plan_instance *instance, uint32_t count,
	struct shares *shares, double x, double y, double w)
{
	const struct plan_pod *pod = instance->pod;
	char title[256], *body = NULL;
	double height;
	size_t len;
	FILE *inside = open_memstream(&body, &len);

	if (inside == NULL)
		return 0;
	height = 30 + draw_pod_inside(inside, pod, shares, x + PAD, y + 30, w - 2 * PAD) + 4;
	fclose(inside);
	draw_box(out, x, y, w, height, "#f8f9fa", "#adb5bd");
	if (count > 1)
		snprintf(title, sizeof(title), "%u × %s", count, pod->name);
	else
		snprintf(title, sizeof(title), "%s", instance->name);
	draw_text(out, x + PAD, y + 20, w - 110, DRAW_BOLD, title);
	draw_text_end(out, x + w - PAD, y + 20, DRAW_DIM, plan_qos_names[pod->qos]);
	fputs(body, out);
	free(body);
	return height + 10;
}

static double draw_usage(FILE *out, const struct plan_node *node, double x, double y, double w)
{
	double start = y;

	for (uint32_t i = 0; i < node->allocatable.n; i++) {
		const char *name = node->allocatable.item[i].name;
		char used[K8S_QUANTITY_TEXT], all[K8S_QUANTITY_TEXT],
			text[2 * K8S_QUANTITY_TEXT + 64];
		int64_t have = plan_amount(&node->allocatable, name);
		int64_t take = plan_amount(&node->used, name);
		bool huge = plan_page_size(name) > 0;

		if (strcmp(name, "pods") == 0)
			continue;
		snprintf(text, sizeof(text), "%.100s: %s of %s", name,
			plan_amount_text(used, name, take), plan_amount_text(all, name, have));
		draw_text(out, x, y + 12, w, DRAW_PLAIN, text);
		draw_box(out, x, y + 18, w, BAR - 6, "#ffffff", "#adb5bd");
		if (have > 0 && take > 0)
			draw_box(out, x, y + 18, w * ((double)take / (double)have), BAR - 6,
				huge ? "#ff922b" : "#74c0fc", huge ? "#d9480f" : "#1864ab");
		y += 36;
	}
	return y - start;
}

// Pods of one template on one node are drawn once, with their number.
static uint32_t count_same(const struct plan *plan, uint32_t i)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < plan->n_instances; k++) {
		if (plan->instances[k].pod != plan->instances[i].pod ||
			plan->instances[k].node != plan->instances[i].node)
			continue;
		if (k < i)
			return 0; // drawn already
		n++;
	}
	return n;
}

// A line down the right side joins the bars of one host path.
static void draw_shares(FILE *out, const struct shares *shares, double x)
{
	const char *colour = volume_colours[VOLUME_HOST_PATH].line;
	uint32_t lines = 0;

	for (uint32_t i = 0; i < shares->n; i++) {
		double from = shares->bar[i].y, to = from, at = x + 5 + 6.0 * (lines % 3);
		bool first = true;

		for (uint32_t k = 0; k < shares->n; k++) {
			if (strcmp(shares->bar[k].path, shares->bar[i].path) != 0)
				continue;
			first &= k >= i;
			to = shares->bar[k].y > to ? shares->bar[k].y : to;
		}
		if (!first || to <= from)
			continue;
		for (uint32_t k = i; k < shares->n; k++)
			if (strcmp(shares->bar[k].path, shares->bar[i].path) == 0)
				draw_line(out, x, shares->bar[k].y, at, shares->bar[k].y, colour);
		draw_line(out, at, from, at, to, colour);
		lines++;
	}
}

static double draw_node(
	FILE *out, const struct plan *plan, const struct plan_node *node, double x, double y)
{
	struct shares shares = {.n = 0};
	double at = y + 40;
	char *body = NULL;
	size_t len;
	FILE *inside = open_memstream(&body, &len);

	if (inside == NULL)
		return y;
	draw_text(inside, x + PAD, y + 26, COLUMN - 2 * PAD, DRAW_TITLE, node->name);
	at += draw_usage(inside, node, x + PAD, at, COLUMN - 2 * PAD) + 8;
	for (uint32_t i = 0; i < plan->n_instances; i++) {
		uint32_t n = plan->instances[i].node == node ? count_same(plan, i) : 0;

		if (n > 0)
			at += draw_pod(inside, &plan->instances[i], n, &shares, x + PAD, at,
				COLUMN - 2 * PAD);
	}
	draw_shares(inside, &shares, x + COLUMN - 2 * PAD);
	fclose(inside);
	draw_box(out, x, y, COLUMN, at - y + 4, "#ffffff", "#343a40");
	fputs(body, out);
	free(body);
	return at + 4;
}

static double draw_pending(FILE *out, const struct plan *plan, double x, double y)
{
	double at = y + 40;

	draw_text(out, x + PAD, y + 26, COLUMN - 2 * PAD, DRAW_TITLE, "do not run");
	for (uint32_t i = 0; i < plan->n_instances; i++) {
		const struct plan_instance *instance = &plan->instances[i];
		uint32_t n = instance->node == NULL ? count_same(plan, i) : 0;
		struct shares shares = {.n = 0};

		if (n == 0)
			continue;
		at += draw_pod(out, instance, n, &shares, x + PAD, at, COLUMN - 2 * PAD) - 4;
		draw_text(out, x + PAD, at + 10, COLUMN - 2 * PAD, DRAW_BOLD_RED, instance->reason);
		at += 16;
		at += draw_wrapped(
			out, x + PAD, at + 10, COLUMN - 2 * PAD, DRAW_RED, instance->event);
		at += 18;
	}
	draw_frame(out, x, y, COLUMN, at - y + 4, "#c92a2a");
	return at + 4;
}

static void draw_legend(FILE *out, double y)
{
	double x = GAP;

	for (size_t i = 0; i < sizeof(volume_colours) / sizeof(volume_colours[0]); i++) {
		draw_box(out, x, y, 14, 14, volume_colours[i].fill, volume_colours[i].line);
		draw_text(out, x + 20, y + 12, 300, DRAW_PLAIN, volume_colours[i].meaning);
		x += 40 + draw_width(volume_colours[i].meaning);
	}
	draw_box(out, x, y, 14, 14, "#fff4e6", "#d9480f");
	draw_text(out, x + 20, y + 12, 300, DRAW_PLAIN, "container that pays for hugepages");
}

void plan_print_svg(FILE *out, struct plan *plan)
{
	double x = GAP, bottom = 0, y;
	bool pending = false;
	char *body = NULL;
	size_t len;
	FILE *inside = open_memstream(&body, &len);

	if (inside == NULL)
		return;
	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		y = draw_node(inside, plan, &plan->nodes[i], x, GAP);
		bottom = y > bottom ? y : bottom;
		x += COLUMN + GAP;
	}
	for (uint32_t i = 0; i < plan->n_instances; i++)
		pending |= plan->instances[i].node == NULL;
	if (pending) {
		y = draw_pending(inside, plan, x, GAP);
		bottom = y > bottom ? y : bottom;
		x += COLUMN + GAP;
	}
	draw_legend(inside, bottom + 20);
	fclose(inside);
	draw_begin(out, x < WIDTH_MIN ? WIDTH_MIN : x, bottom + 56, "Where pods with hugepages go");
	fputs(body, out);
	draw_end(out);
	free(body);
}
