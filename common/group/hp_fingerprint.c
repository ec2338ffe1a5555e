// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_fingerprint.h"

#include "base/hp_log.h"

#include <rte_build_config.h>
#include <rte_mempool.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
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
			return -ENOMEM;
		libs->n++;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// FNV-1a, 64 bits: to notice a difference, not to resist an attacker.
static uint64_t hash_text(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3ull;
	return hash;
}

int hp_fingerprint_take(struct hp_fingerprint *fp)
{
	struct libs libs = {.n = 0};
	size_t ops_len, len = 0;
	FILE *out;
	int ret;

	memset(fp, 0, sizeof(*fp));
	ret = dl_iterate_phdr(note_lib, &libs);
	if (ret < 0)
		goto out;
	qsort(libs.names, libs.n, sizeof(libs.names[0]), by_name);
	out = open_memstream(&fp->text, &len);
	if (out == NULL) {
		ret = -ENOMEM;
		goto out;
	}
	for (uint32_t i = 0; i < rte_mempool_ops_table.num_ops; i++)
		fprintf(out, "op %s\n", rte_mempool_ops_table.ops[i].name);
	fflush(out);
	ops_len = len;
	for (unsigned int i = 0; i < libs.n; i++)
		fprintf(out, "lib %s\n", libs.names[i]);
	if (fclose(out) != 0) {
		ret = -ENOMEM;
		goto out;
	}
	fp->ops_hash = hash_text(fp->text, ops_len);
	fp->libs_hash = hash_text(fp->text + ops_len, len - ops_len);
out:
	for (unsigned int i = 0; i < libs.n; i++)
		free(libs.names[i]);
	return ret;
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

void hp_fingerprint_diff(const char *primary, const char *member, char *text, size_t size)
{
	const struct {
		const char *kind;
		const char *what;
	} kinds[] = {{"op ", "mempool operations"}, {"lib ", "library"}};
	char name[128];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (first_missing(member, primary, kinds[i].kind, name, sizeof(name))) {
			snprintf(text, size, "this process has %s '%s', the primary has not",
				kinds[i].what, name);
			return;
		}
		if (first_missing(primary, member, kinds[i].kind, name, sizeof(name))) {
			snprintf(text, size, "the primary has %s '%s', this process has not",
				kinds[i].what, name);
			return;
		}
	}
	snprintf(text, size, "the mempool operations are in another order");
}

void hp_fingerprint_free(struct hp_fingerprint *fp)
{
	free(fp->text);
	memset(fp, 0, sizeof(*fp));
}
