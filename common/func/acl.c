// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// acl: drop what access rules deny. Reads the rules from settings and files, in that order.

#include "func/hp_acl.h"
#include "func/hp_func.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acl_conf {
	struct hp_strlist rules, files;
	int otherwise; // enum acl_word: no rule matched
	int other; // enum acl_word: what is no IP
};

enum acl_word {
	ACL_ALLOW,
	ACL_DENY,
};

struct acl_state {
	struct hp_acl *acl;
	bool other_allowed;
};

static const char *const acl_words[] = {[ACL_ALLOW] = "allow", [ACL_DENY] = "deny", NULL};

static const struct hp_opt acl_opts[] = {
	{.name = "rule",
		.type = HP_OPT_LIST,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct acl_conf, rules),
		.arg = "RULE",
		.help = "A rule, like 'deny tcp from 10.0.0.0/8 to any port 80'. The first that "
			"matches decides."},
	{.name = "file",
		.type = HP_OPT_LIST,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct acl_conf, files),
		.arg = "PATH",
		.help = "A file of rules, one a line, '#' begins a comment. Its rules come after "
			"those of --set rule."},
	{.name = "default",
		.type = HP_OPT_ENUM,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct acl_conf, otherwise),
		.def = "allow",
		.words = acl_words,
		.arg = "WHAT",
		.help = "What becomes of IP packets that no rule matches: allow or deny."},
	{.name = "non-ip",
		.type = HP_OPT_ENUM,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct acl_conf, other),
		.def = "allow",
		.words = acl_words,
		.arg = "WHAT",
		.help = "What becomes of frames that are no IP, ARP among them: allow or deny."},
	{NULL},
};

/** Rules as they are read. */
struct rule_list {
	struct hp_acl_rule *items;
	size_t n, room;
};

static int add_rule(struct rule_list *list, const char *text, const char *where, struct hp_err *err)
{
	struct hp_acl_rule rule, *items;
	int ret = hp_acl_parse_rule(text, where, &rule, err);

	if (ret <= 0)
		return ret;
	if (list->n == HP_ACL_RULES_MAX)
		return hp_err_set(err, HP_EXIT_CONFIG, E2BIG, "%s: more than %d rules", where,
			HP_ACL_RULES_MAX);
	if (list->n == list->room) {
		list->room = list->room == 0 ? 64 : 2 * list->room;
		items = realloc(list->items, list->room * sizeof(items[0]));
		if (items == NULL)
			return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "function acl: no memory");
		list->items = items;
	}
	list->items[list->n++] = rule;
	return 0;
}

static int read_file(struct rule_list *list, const char *path, struct hp_err *err)
{
	char line[HP_ACL_LINE_MAX + 256]; // room for a comment behind the longest rule
	char where[PATH_MAX + 16];
	FILE *file = fopen(path, "re");
	unsigned int number = 0;
	int ret = 0;

	if (file == NULL)
		return hp_err_set(err, HP_EXIT_CONFIG, errno, "--set file=%s: cannot be opened: %s",
			path, strerror(errno));
	while (ret == 0 && fgets(line, sizeof(line), file) != NULL) {
		snprintf(where, sizeof(where), "%s:%u", path, ++number);
		if (strchr(line, '\n') == NULL && !feof(file))
			ret = hp_err_set(err, HP_EXIT_CONFIG, EINVAL,
				"%s: expected a line of at most %zu bytes, without NUL", where,
				sizeof(line) - 2);
		else
			ret = add_rule(list, line, where, err);
	}
	if (ret == 0 && ferror(file) != 0)
		ret = hp_err_set(err, HP_EXIT_CONFIG, EIO, "--set file=%s: cannot be read: %s",
			path, strerror(errno));
	fclose(file);
	return ret;
}

static int read_rules(struct rule_list *list, const struct acl_conf *conf, struct hp_err *err)
{
	char where[32];
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < conf->rules.n; i++) {
		snprintf(where, sizeof(where), "--set rule, the %u.", i + 1);
		ret = add_rule(list, conf->rules.items[i], where, err);
	}
	for (uint32_t i = 0; ret == 0 && i < conf->files.n; i++)
		ret = read_file(list, conf->files.items[i], err);
	return ret;
}

static void acl_fini(void *state)
{
	struct acl_state *acl = state;

	if (acl == NULL)
		return;
	hp_acl_free(acl->acl);
	free(acl);
}

static int acl_init(void **state, const void *conf, int socket_id, struct hp_err *err)
{
	const struct acl_conf *c = conf;
	struct rule_list list = {0};
	struct acl_state *acl = NULL;
	int ret = read_rules(&list, c, err);

	if (ret < 0)
		goto out;
	acl = calloc(1, sizeof(*acl));
	if (acl != NULL)
		acl->acl = hp_acl_new(list.items, list.n, c->otherwise == ACL_ALLOW);
	if (acl == NULL || acl->acl == NULL) {
		acl_fini(acl);
		ret = hp_err_set(err, HP_EXIT_OTHER, ENOMEM,
			"function acl: no memory for %zu rules", list.n);
		goto out;
	}
	acl->other_allowed = c->other == ACL_ALLOW;
	*state = acl;
out:
	free(list.items);
	return ret;
}

static struct hp_verdict acl_packet(const struct acl_state *acl, const struct rte_mbuf *m)
{
	struct hp_packet pkt;
	bool allowed;

	// What cannot be read cannot be judged; letting it pass would be a way round every rule.
	if (hp_packet_parse(m, &pkt) < 0)
		return hp_verdict_drop(HP_DROP_MALFORMED);
	allowed = pkt.ip_version == 0 ? acl->other_allowed : hp_acl_allows(acl->acl, &pkt);
	if (!allowed)
		return hp_verdict_drop(HP_DROP_ACL);
	return (struct hp_verdict){.kind = HP_VERDICT_NEXT};
}

static void acl_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++) {
		hp_packet_prefetch(pkts, n, i);
		verdicts[i] = acl_packet(state, pkts[i]);
	}
}

static const struct hp_func acl = {
	.name = "acl",
	.summary = "drop what access rules deny",
	.opts = acl_opts,
	.conf_size = sizeof(struct acl_conf),
	.init = acl_init,
	.fini = acl_fini,
	.burst = acl_burst,
};

HP_FUNC_REGISTER(acl)
