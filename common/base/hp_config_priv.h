// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// What the files of the configuration (hp_config*.c) share and nobody else needs.

#pragma once

#include "base/hp_config.h"
#include "base/hp_yaml.h"

/** One reading of a configuration. */
struct hp_config_reader {
	struct hp_config *conf;
	const char *file; ///< its name for errors; NULL: command line only
	const struct hp_yaml_node *root; ///< or NULL
	struct hp_opts_given given; ///< options of the command line
	struct hp_err *err;
};

/**
 * An error at @p pos of the file (HP_EXIT_CONFIG) or, where that is 0, of option @p option
 * (HP_EXIT_USAGE). Returns -EINVAL.
 */
int hp_config_error(struct hp_config_reader *r, struct hp_conf_pos pos, const char *option,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** -ENOMEM, with the error set. */
int hp_config_no_memory(struct hp_config_reader *r);

/** The sequences of the file. */
int hp_config_read_lists(struct hp_config_reader *r);
/** --port, --client and --patch. */
int hp_config_args(struct hp_config_reader *r);
/** Ports that follow from --vdev and --allow. */
int hp_config_device_ports(struct hp_config_reader *r);

/** What has to hold between values. */
int hp_config_check(struct hp_config_reader *r);

/** Where an option's value was written; 0:0 for the command line and for defaults. */
struct hp_conf_pos hp_config_value_pos(struct hp_config_reader *r, const char *name);

const char *hp_config_check_path(const char *text);
const char *hp_config_check_lcores(const char *text);
const char *hp_config_check_devargs(const char *text);
const char *hp_config_check_eal(const char *text);
const char *hp_config_check_port_name(const char *text);
const char *hp_config_check_hop(const char *text);
const char *hp_config_check_mask(const char *text);
const char *hp_config_check_portlist(const char *text);
const char *hp_config_check_txpkts(const char *text);
const char *hp_config_check_peer(const char *text);

/** The device of "net_null0,size=64" into @p buf; cut if it does not fit. */
void hp_config_device_name(const char *devargs, char *buf, size_t size);

enum hp_config_list_id {
	HP_LIST_PORTS,
	HP_LIST_CLIENTS,
	HP_LIST_PATCHES,
	HP_LIST_COUNT,
};

/** One of the three lists of struct hp_config; they look the same from here. */
struct hp_config_list {
	const char *key; ///< of the file
	const char *option; ///< of the command line
	const struct hp_opt_set *set;
	size_t item_size;
	size_t pos_offset; ///< of an item's struct hp_conf_pos
	uint32_t max; ///< items
	void **items;
	uint32_t *n;
};

struct hp_config_list hp_config_list(struct hp_config *conf, enum hp_config_list_id id);

/** One more entry with its defaults at @p pos, or NULL with the error set. */
void *hp_config_append(
	struct hp_config_reader *r, enum hp_config_list_id id, struct hp_conf_pos pos);

/**
 * The entry appended last is filled: give it a name if it has none, and let it replace the file's
 * entry of that name if it is the command line's. An error if the name is taken.
 */
int hp_config_settle(struct hp_config_reader *r, enum hp_config_list_id id, struct hp_conf_pos pos);
