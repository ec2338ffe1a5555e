// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_fingerprint.h"

#include "base/hp_log.h"

#include <rte_build_config.h>
#include <rte_mempool.h>

#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HP_LOG_TYPE("fingerprint");

#define LIBS_MAX 1024 // DPDK has some 60 libraries and 200 drivers

static bool ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text);
	size_t tail_len = strlen(tail);

	return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

static int is_shared_eal(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	return strstr(info->dlpi_name, "/librte_eal.so") != NULL;
}

// What EAL takes for a plugin: "X.so" and "X.so.ABI", ABI being what its plugin directory is named
// after ("…/pmds-23.0"). Links of other names lead to the same files, but in another order, and the
// order of loading is what the mempool operations are numbered by.
static bool is_plugin(const char *name)
{
	const char *abi = strrchr(RTE_EAL_PMD_PATH, '-');
	char tail[32];

	snprintf(tail, sizeof(tail), ".so.%s", abi != NULL ? abi + 1 : "");
	return ends_with(name, ".so") || ends_with(name, tail);
}

void hp_fingerprint_preload(void)
{
	char path[4096];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	if (!dl_iterate_phdr(is_shared_eal, NULL))
		return; // a static build has its drivers in it, and EAL loads no plugins
	dir = opendir(RTE_EAL_PMD_PATH);
	if (dir == NULL)
		return; // no plugins installed: EAL goes on without them as well
	while ((entry = readdir(dir)) != NULL) {
		if (!is_plugin(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", RTE_EAL_PMD_PATH, entry->d_name);
		if (dlopen(path, RTLD_NOW) == NULL)
			HP_LOG(DEBUG, "%s", dlerror()); // EAL will say the same, and decide
		else
			n++;
	}
	closedir(dir);
	HP_LOG(DEBUG, "loaded %u driver plugins of %s", n, RTE_EAL_PMD_PATH);
}

struct libs {
	char *names[LIBS_MAX];
	unsigned int n;
};

static int note_lib(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *base = strrchr(info->dlpi_name, '/');
	struct libs *libs = arg;

	(void)size;
	base = base != NULL ? base + 1 : info->dlpi_name;
	if (strncmp(base, "librte_", 7) == 0 && libs->n < LIBS_MAX) {
		libs->names[libs->n] = strdup(base);
		if (libs->names[libs->n] == NULL)
			return -1;
		libs->n++;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *hp_fingerprint_take(void)
{
	struct libs libs = {.n = 0};
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (dl_iterate_phdr(note_lib, &libs) < 0)
		goto out;
	qsort(libs.names, libs.n, sizeof(libs.names[0]), by_name);
	out = open_memstream(&text, &len);
	if (out == NULL)
		goto out;
	for (uint32_t i = 0; i < rte_mempool_ops_table.num_ops; i++)
		fprintf(out, "op %s\n", rte_mempool_ops_table.ops[i].name);
	for (unsigned int i = 0; i < libs.n; i++)
		fprintf(out, "lib %s\n", libs.names[i]);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
out:
	for (unsigned int i = 0; i < libs.n; i++)
		free(libs.names[i]);
	return text;
}

// Is this line one of the lines of text?
static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *p = text; *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (n == len && memcmp(p, line, len) == 0)
			return true;
		p += n + (p[n] == '\n');
	}
	return false;
}

// First line of `of` that begins with kind and is not in `in`.
static bool first_missing(const char *of, const char *in, const char *kind, char *name, size_t size)
{
	for (const char *p = of; *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (strncmp(p, kind, strlen(kind)) == 0 && !has_line(in, p, n)) {
			snprintf(name, size, "%.*s", (int)(n - strlen(kind)), p + strlen(kind));
			return true;
		}
		p += n + (p[n] == '\n');
	}
	return false;
}

// Operations are named by their place: the first place that differs.
static bool ops_fit(const char *primary, const char *member, char *text, size_t size)
{
	for (unsigned int place = 0;; place++) {
		size_t p = strcspn(primary, "\n");
		size_t m = strcspn(member, "\n");
		bool p_op = strncmp(primary, "op ", 3) == 0;
		bool m_op = strncmp(member, "op ", 3) == 0;

		if (!p_op && !m_op)
			return true;
		if (p_op != m_op || p != m || memcmp(primary, member, p) != 0) {
			snprintf(text, size,
				"mempool operations at place %u are '%.*s' in this process and "
				"'%.*s' in the primary",
				place, m_op ? (int)m - 3 : 0, member + 3, p_op ? (int)p - 3 : 0,
				primary + 3);
			return false;
		}
		primary += p + 1;
		member += m + 1;
	}
}

bool hp_fingerprint_fits(const char *primary, const char *member, char *text, size_t size)
{
	char name[128];

	if (!ops_fit(primary, member, text, size))
		return false;
	if (first_missing(member, primary, "lib ", name, sizeof(name))) {
		snprintf(text, size, "this process has library '%s', the primary has not", name);
		return false;
	}
	return true;
}
