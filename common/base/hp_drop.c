// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_drop.h"

static const struct {
	const char *name;
	const char *help;
} reasons[HP_DROP_COUNT] = {
#define X(id, name, help) [HP_DROP_##id] = {name, help},
	HP_DROP_REASONS(X)
#undef X
};

const char *hp_drop_name(unsigned int reason)
{
	return reason < HP_DROP_COUNT ? reasons[reason].name : "?";
}

const char *hp_drop_help(unsigned int reason)
{
	return reason < HP_DROP_COUNT ? reasons[reason].help : "?";
}
