// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// rate: drop what exceeds a number of packets or bits a second. Token buckets in whole numbers, so
// that the rate is exact over any time: a bucket holds units of 1/hz token, and each tick of the
// TSC adds as many units as there are tokens a second.

#include "func/hp_func.h"

#include <rte_cycles.h>

#include <errno.h>
#include <stdlib.h>

// Bounds keep burst * 8 * hz and rate * elapsed within 64 bits up to a TSC of 8 GHz.
#define RATE_PPS_MAX 1000000000000ULL // packets a second
#define RATE_BPS_MAX 10000000000000ULL // bits a second: 10 Tbit/s
#define RATE_BURST_MAX (1 << 24) // packets
#define RATE_BURST_BYTES_MAX (1 << 27) // bytes

struct rate_conf {
	uint64_t pps, bps; // 0: no limit
	uint64_t burst; // packets
	uint64_t burst_bytes;
};

/** One token is a packet or a bit. */
struct bucket {
	uint64_t rate; // tokens a second; 0: no limit
	uint64_t level; // units of 1/hz token
	uint64_t cap; // the same
	uint64_t fill_ticks; // ticks that fill an empty bucket
};

struct rate_state {
	struct rate_conf conf;
	struct bucket packets, bits;
	uint64_t hz; // ticks of the TSC a second; 0 before the first burst
	uint64_t last; // tick up to which the buckets are filled
};

static const struct hp_opt rate_opts[] = {
	{.name = "pps",
		.type = HP_OPT_UINT,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct rate_conf, pps),
		.max = RATE_PPS_MAX,
		.def = "0",
		.arg = "N",
		.help = "Packets a second that pass; 0 is no limit."},
	{.name = "bps",
		.type = HP_OPT_UINT,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct rate_conf, bps),
		.max = RATE_BPS_MAX,
		.def = "0",
		.arg = "N",
		.help = "Bits a second that pass, of frames without preamble and FCS; 0 is no "
			"limit."},
	{.name = "burst",
		.type = HP_OPT_UINT,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct rate_conf, burst),
		.min = 1,
		.max = RATE_BURST_MAX,
		.def = "512",
		.arg = "PACKETS",
		.help = "Packets that may pass at once after a pause, with pps."},
	{.name = "burst-bytes",
		.type = HP_OPT_SIZE,
		.where = HP_OPT_CLI,
		.offset = offsetof(struct rate_conf, burst_bytes),
		.min = 2048, // less would let no full-sized frame through, ever
		.max = RATE_BURST_BYTES_MAX,
		.def = "128K",
		.arg = "SIZE",
		.help = "Bytes that may pass at once after a pause, with bps. A frame that is "
			"larger never passes."},
	{NULL},
};

static void bucket_init(struct bucket *bucket, uint64_t rate, uint64_t tokens, uint64_t hz)
{
	bucket->rate = rate;
	bucket->cap = tokens * hz;
	bucket->level = bucket->cap;
	bucket->fill_ticks = rate > 0 ? bucket->cap / rate + 1 : 0;
}

static int rate_init(void **state, const void *conf, int socket_id, struct hp_err *err)
{
	const struct rate_conf *c = conf;
	struct rate_state *rate;

	if (c->pps == 0 && c->bps == 0)
		return hp_err_set(err, HP_EXIT_USAGE, EINVAL,
			"function rate: no limit; give --set pps=N, --set bps=N or both");
	rate = calloc(1, sizeof(*rate));
	if (rate == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "function rate: no memory");
	rate->conf = *c;
	*state = rate;
	return 0;
}

/** The TSC's frequency is known to EAL, which does not run yet when the state is made. */
static void rate_begin(struct rate_state *rate)
{
	const struct rate_conf *c = &rate->conf;

	rate->hz = rte_get_tsc_hz();
	bucket_init(&rate->packets, c->pps, c->burst, rate->hz);
	bucket_init(&rate->bits, c->bps, c->burst_bytes * 8, rate->hz);
}

static void bucket_fill(struct bucket *bucket, uint64_t ticks)
{
	uint64_t add = ticks >= bucket->fill_ticks ? bucket->cap : ticks * bucket->rate;

	bucket->level = RTE_MIN(bucket->cap, bucket->level + add);
}

static bool bucket_has(const struct bucket *bucket, uint64_t units)
{
	return bucket->rate == 0 || bucket->level >= units;
}

static void bucket_take(struct bucket *bucket, uint64_t units)
{
	if (bucket->rate != 0)
		bucket->level -= units;
}

static void rate_burst(
	void *state, struct rte_mbuf **pkts, struct hp_verdict *verdicts, uint16_t n, uint64_t now)
{
	struct rate_state *rate = state;
	uint64_t bits;

	if (unlikely(rate->hz == 0))
		rate_begin(rate);
	// The TSC of another core may lag by some ticks after the loop has moved there.
	if (now > rate->last) {
		bucket_fill(&rate->packets, now - rate->last);
		bucket_fill(&rate->bits, now - rate->last);
		rate->last = now;
	}
	for (uint16_t i = 0; i < n; i++) {
		bits = (uint64_t)rte_pktmbuf_pkt_len(pkts[i]) * 8 * rate->hz;
		if (!bucket_has(&rate->packets, rate->hz) || !bucket_has(&rate->bits, bits)) {
			verdicts[i] = hp_verdict_drop(HP_DROP_RATE);
			continue;
		}
		bucket_take(&rate->packets, rate->hz);
		bucket_take(&rate->bits, bits);
	}
}

static const struct hp_func rate = {
	.name = "rate",
	.summary = "drop what exceeds a rate in packets or bits a second",
	.opts = rate_opts,
	.conf_size = sizeof(struct rate_conf),
	.init = rate_init,
	.fini = free,
	.burst = rate_burst,
};

HP_FUNC_REGISTER(rate)
