// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Configurations: the input is words of a command line, one a line, then a line "---" and a YAML
// file. Both are read; nothing may be left allocated, and an error has an exit code and one line.

#include "base/hp_config.h"
#include "base/hp_yaml.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ret, const struct hp_err *err)
{
	if (ret < 0 && (err->exit_code == HP_EXIT_OK || err->text[0] == '\0' ||
			       strchr(err->text, '\n') != NULL))
		abort(); // lint: abort: this is how a fuzzer is told
}

static void read_args(char *text, FILE *nowhere)
{
	char program[] = "hp-primary", *argv[WORDS_MAX + 1] = {program};
	struct hp_err err = {0};
	struct hp_config conf;
	int argc = 1, ret;

	for (char *word = strsep(&text, "\n"); word != NULL && argc < WORDS_MAX;
		word = strsep(&text, "\n"))
		if (strncmp(word, "--c", 3) != 0) // --config would read files
			argv[argc++] = word;
	ret = hp_config_load(&conf, argc, argv, nowhere, &err);
	check(ret, &err);
	if (ret == 0)
		hp_config_free(&conf);
}

static void read_yaml(const char *text, size_t len)
{
	static const struct hp_yaml_limits limits = {.max_nodes = 10000};
	struct hp_err err = {0};
	struct hp_yaml_file *file = hp_yaml_load("fuzz.yaml", text, len, &limits, &err);
	struct hp_config conf;
	int ret;

	if (file == NULL)
		return;
	if (hp_yaml_docs(file) > 0) {
		ret = hp_config_from_yaml(&conf, hp_yaml_root(file, 0), "fuzz.yaml", &err);
		check(ret, &err);
		if (ret == 0)
			hp_config_free(&conf);
	}
	hp_yaml_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *nowhere = fopen("/dev/null", "we");
	char *text = malloc(size + 1), *yaml;

	if (text == NULL || nowhere == NULL)
		abort(); // lint: abort: this is how a fuzzer is told
	memcpy(text, data, size);
	text[size] = '\0';
	yaml = strstr(text, "---\n");
	if (yaml != NULL) {
		read_yaml(yaml, size - (size_t)(yaml - text));
		*yaml = '\0';
	}
	read_args(text, nowhere);
	fclose(nowhere);
	free(text);
	return 0;
}
