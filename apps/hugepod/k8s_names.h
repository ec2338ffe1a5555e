// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Kubernetes' rules for names, labels, ports and keys, with the server's sentences.

#pragma once

#include "k8s_check.h"

/** What is wrong with a name; n is 0 if nothing is. The texts live for ever. */
struct k8s_msgs {
	const char *text[5];
	uint32_t n;
};

struct k8s_msgs k8s_is_dns_label(const char *value);
struct k8s_msgs k8s_is_dns_subdomain(const char *value);
struct k8s_msgs k8s_is_dns_subdomain_underscore(const char *value);
/** Qualified name: "name" or "prefix.example.com/name". */
struct k8s_msgs k8s_is_label_key(const char *value);
struct k8s_msgs k8s_is_label_value(const char *value);
struct k8s_msgs k8s_is_port_name(const char *value);
struct k8s_msgs k8s_is_env_name(const char *value);
struct k8s_msgs k8s_is_config_key(const char *value);
struct k8s_msgs k8s_is_http_header(const char *value);
struct k8s_msgs k8s_is_percent(const char *value);
struct k8s_msgs k8s_is_port(int64_t value);
/** User and group ids. */
struct k8s_msgs k8s_is_id(int64_t value);

/** One "Invalid value" for each message. */
void k8s_invalid_each(
	struct k8s_check *c, const struct k8s_at *at, const char *value, struct k8s_msgs msgs);
void k8s_invalid_int_each(
	struct k8s_check *c, const struct k8s_at *at, int64_t value, struct k8s_msgs msgs);

/** Labels at a path: every key and value; both are told at the path of the map, as the server does.
 */
void k8s_labels(struct k8s_check *c, const struct k8s_at *at);
void k8s_annotations(struct k8s_check *c, const struct k8s_at *at);
/** A metav1.LabelSelector. */
void k8s_label_selector(struct k8s_check *c, const struct k8s_at *at);
/** The selector as the server prints it: matchLabels before matchExpressions. */
const char *k8s_selector_json(struct k8s_arena *arena, const struct k8s_val *selector);
/** Whether the selector can be used at all: operators and names are fine. */
bool k8s_selector_is_usable(const struct k8s_val *selector);
/** Whether a usable selector selects those labels; NULL selects nothing. */
bool k8s_selector_matches(const struct k8s_val *selector, const struct k8s_val *labels);

/** Whether "a/../b" leaves its folder: one of the parts is "..". */
bool k8s_has_backsteps(const char *path);
/** "must not contain '..'". */
void k8s_no_backsteps(struct k8s_check *c, const struct k8s_at *at, const char *path);
/** Relative and without "..". */
void k8s_descending_path(struct k8s_check *c, const struct k8s_at *at, const char *path);
/** Relative, without "..", and no name that begins with "..". */
void k8s_local_path(struct k8s_check *c, const struct k8s_at *at, const char *path);
