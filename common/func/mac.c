// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// mac: set source or destination MAC address, or both.

#include "func/hp_func.h"
#include "func/hp_packet.h"

#include <rte_ether.h>

#include <errno.h>
#include <stdlib.h>

struct mac_conf {
	char *src, *dst;
};

struct mac_state {
	struct rte_ether_addr src, dst;
	bool set_src, set_dst;
};

static const struct hp_opt mac_opts[] = {
	{.name = "src",
		.type = HP_OPT_STRING,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct mac_conf, src),
		.max = RTE_ETHER_ADDR_FMT_SIZE - 1,
		.arg = "MAC",
		.help = "Source MAC address to write, as 02:00:00:00:00:01."},
	{.name = "dst",
		.type = HP_OPT_STRING,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct mac_conf, dst),
		.max = RTE_ETHER_ADDR_FMT_SIZE - 1,
		.arg = "MAC",
		.help = "Destination MAC address to write."},
	{NULL},
};

static int parse_mac(const char *key, const char *text, struct rte_ether_addr *addr, bool *set,
	struct hp_err *err)
{
	if (text == NULL)
		return 0;
	if (rte_ether_unformat_addr(text, addr) < 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--set %s=%s: expected a MAC address like 02:00:00:00:00:01", key, text);
	// A frame from a group address is invalid, and switches drop it or worse.
	if (strcmp(key, "src") == 0 && rte_is_multicast_ether_addr(addr))
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"--set %s=%s: a source address cannot be a group address (odd first byte)",
			key, text);
	*set = true;
	return 0;
}

static int mac_init(void **state, const void *conf, int socket_id, struct hp_err *err)
{
	const struct mac_conf *c = conf;
	struct mac_state *mac = calloc(1, sizeof(*mac));
	int ret;

	if (mac == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "function mac: no memory");
	ret = parse_mac("src", c->src, &mac->src, &mac->set_src, err);
	if (ret == 0)
		ret = parse_mac("dst", c->dst, &mac->dst, &mac->set_dst, err);
	if (ret == 0 && !mac->set_src && !mac->set_dst)
		ret = hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"function mac: nothing to set; give --set src=MAC, --set dst=MAC or both");
	if (ret < 0) {
		free(mac);
		return ret;
	}
	*state = mac;
	return 0;
}

static void mac_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	const struct mac_state *mac = state;

	for (uint16_t i = 0; i < n; i++) {
		uint8_t *head = rte_pktmbuf_mtod(pkts[i], uint8_t *);

		hp_packet_prefetch(pkts, n, i);
		if (!hp_packet_has_ether(pkts[i])) {
			verdicts[i] = hp_verdict_drop(HP_DROP_MALFORMED);
			continue;
		}
		if (mac->set_dst)
			memcpy(head, &mac->dst, RTE_ETHER_ADDR_LEN);
		if (mac->set_src)
			memcpy(head + RTE_ETHER_ADDR_LEN, &mac->src, RTE_ETHER_ADDR_LEN);
	}
}

static const struct hp_func mac = {
	.name = "mac",
	.summary = "set the source or destination MAC address",
	.opts = mac_opts,
	.conf_size = sizeof(struct mac_conf),
	.init = mac_init,
	.fini = free,
	.burst = mac_burst,
};

HP_FUNC_REGISTER(mac)
