// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// libpcap filters to BPF programs.

#include "capture.h"

#include <errno.h>

static int compile(pcap_t *pcap, struct hp_capture_tap *tap, struct hp_err *err)
{
	char text[HP_TAP_TEXT];

	if (tap->filter == NULL || *tap->filter == '\0')
		return 0;
	if (pcap_compile(pcap, &tap->program, tap->filter, 1, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "filter '%.400s' of %s: %s", tap->filter,
		hp_tap_text(text, sizeof(text), &tap->tap), pcap_geterr(pcap));
}

int hp_capture_compile(struct hp_capture_opts *opts, struct hp_err *err)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, HP_GUEST_SNAPLEN_MAX, PCAP_TSTAMP_PRECISION_NANO);
	int ret = 0;

	if (pcap == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	for (uint32_t i = 0; ret == 0 && i < opts->n_taps; i++)
		ret = compile(pcap, &opts->taps[i], err);
	pcap_close(pcap);
	return ret;
}

void hp_capture_free_filters(struct hp_capture_opts *opts)
{
	for (uint32_t i = 0; i < opts->n_taps; i++)
		pcap_freecode(&opts->taps[i].program);
}
