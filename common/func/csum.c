// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// csum: verify or mend the checksums of IPv4, TCP, UDP, ICMP and ICMPv6.

#include "func/hp_cksum.h"
#include "func/hp_func.h"
#include "func/hp_packet.h"

#include <errno.h>
#include <stdlib.h>

enum csum_mode {
	CSUM_VERIFY,
	CSUM_FIX,
};

static const char *const csum_modes[] = {
	[CSUM_VERIFY] = "verify",
	[CSUM_FIX] = "fix",
	NULL,
};

struct csum_conf {
	int mode; // enum csum_mode
};

static const struct hp_opt csum_opts[] = {
	{.name = "mode",
		.type = HP_OPT_ENUM,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct csum_conf, mode),
		.def = "verify",
		.words = csum_modes,
		.arg = "MODE",
		.help = "verify: drop packets with a wrong checksum (bad-csum) and those whose "
			"headers contradict themselves (malformed). fix: write the right checksum "
			"and pass on what cannot be mended."},
	{NULL},
};

static int csum_init(void **state, const void *conf, int socket_id, struct hp_err *err)
{
	struct csum_conf *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "function csum: no memory");
	memcpy(copy, conf, sizeof(*copy));
	*state = copy;
	return 0;
}

static struct hp_verdict verify_packet(const struct rte_mbuf *m)
{
	struct hp_packet pkt;

	if (hp_packet_parse(m, &pkt) < 0)
		return hp_verdict_drop(HP_DROP_MALFORMED);
	if (!hp_cksum_ok(m, &pkt))
		return hp_verdict_drop(HP_DROP_BAD_CSUM);
	return (struct hp_verdict){.kind = HP_VERDICT_NEXT};
}

static void csum_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	const struct csum_conf *conf = state;
	struct hp_packet pkt;

	for (uint16_t i = 0; i < n; i++) {
		hp_packet_prefetch(pkts, n, i);
		if (conf->mode == CSUM_VERIFY)
			verdicts[i] = verify_packet(pkts[i]);
		else if (hp_packet_parse(pkts[i], &pkt) == 0)
			hp_cksum_fix(pkts[i], &pkt);
	}
}

static const struct hp_func csum = {
	.name = "csum",
	.summary = "verify or fix IPv4, TCP, UDP, ICMP and ICMPv6 checksums",
	.opts = csum_opts,
	.conf_size = sizeof(struct csum_conf),
	.init = csum_init,
	.fini = free,
	.burst = csum_burst,
};

HP_FUNC_REGISTER(csum)
