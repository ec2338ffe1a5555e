// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct hp_check *const tables[] = {
	hp_check_hugedir,
	hp_check_memory,
	hp_check_rundir,
	hp_check_cpu,
	hp_check_device,
};

const struct hp_check *hp_check_get(unsigned int i)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct hp_check *c = tables[t]; c->id != NULL; c++)
			if (i-- == 0)
				return c;
	return NULL;
}

const struct hp_check *hp_check_find(const char *id)
{
	const struct hp_check *c;

	for (unsigned int i = 0; (c = hp_check_get(i)) != NULL; i++)
		if (strcmp(c->id, id) == 0)
			return c;
	return NULL;
}

void hp_check_say(struct hp_finding *out, enum hp_check_state state, const char *fmt, ...)
{
	va_list ap;

	out->state = state;
	va_start(ap, fmt);
	vsnprintf(out->seen, sizeof(out->seen), fmt, ap);
	va_end(ap);
}

void hp_check_todo(struct hp_finding *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->todo, sizeof(out->todo), fmt, ap);
	va_end(ap);
}

void hp_check_manifest(struct hp_finding *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->manifest, sizeof(out->manifest), fmt, ap);
	va_end(ap);
}

const char *hp_check_state_name(enum hp_check_state state)
{
	static const char *const names[] = {
		[HP_CHECK_OK] = "ok",
		[HP_CHECK_WARNING] = "warning",
		[HP_CHECK_FAILURE] = "failure",
		[HP_CHECK_SKIPPED] = "skipped",
	};

	return names[state];
}

static unsigned int role_of(const struct hp_check_in *in)
{
	return in->primary ? HP_CHECK_PRIMARY : HP_CHECK_SECONDARY;
}

void hp_check_run(struct hp_finding *out, const struct hp_check *check,
	const struct hp_facts *facts, const struct hp_check_in *in)
{
	*out = (struct hp_finding){.id = check->id};
	if ((check->who & role_of(in)) == 0) {
		hp_check_say(out, HP_CHECK_SKIPPED, "of no matter to a %s",
			in->primary ? "primary" : "secondary");
		return;
	}
	if (check->manifest != NULL)
		snprintf(out->manifest, sizeof(out->manifest), "%s", check->manifest);
	check->run(out, facts, in);
	if (out->state == HP_CHECK_OK || out->state == HP_CHECK_SKIPPED) {
		out->todo[0] = '\0';
		out->manifest[0] = '\0';
	}
}

int hp_check_start(const struct hp_check_in *in, struct hp_err *err)
{
	struct hp_check_in start = *in;
	struct hp_facts facts;
	const struct hp_check *c;
	int ret;

	start.starting = true;
	ret = hp_facts_read(&facts, &start);

	if (ret < 0)
		hp_err_set(err, HP_EXIT_OTHER, -ret, "no memory to look at this machine");
	for (unsigned int i = 0; ret == 0 && (c = hp_check_get(i)) != NULL; i++) {
		struct hp_finding found;

		if ((c->stops & role_of(in)) == 0)
			continue;
		hp_check_run(&found, c, &facts, in);
		if (found.state == HP_CHECK_FAILURE)
			ret = hp_err_set(err, HP_EXIT_CONFIG, EINVAL, "%s: %s; %s", found.id,
				found.seen, found.todo);
	}
	hp_facts_free(&facts);
	return ret;
}
