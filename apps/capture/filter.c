// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// libpcap filters to BPF programs.

#include "base/hp_pcapng.h"
#include "capture.h"

#include <errno.h>
#include <stdio.h>

static int compile(pcap_t *pcap, struct hp_capture_tap *tap, struct hp_err *err)
{
	char text[HP_TAP_TEXT], quoted[HP_QUOTE_SIZE];

	if (tap->filter == NULL || *tap->filter == '\0')
		return 0;
	if (pcap_compile(pcap, &tap->program, tap->filter, 1, HP_GUEST_NETMASK) == 0)
		return 0;
	return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "filter '%s' of %s: %s",
		hp_err_quote(quoted, sizeof(quoted), tap->filter),
		hp_tap_text(text, sizeof(text), &tap->tap), pcap_geterr(pcap));
}

// A file without packets. For pcap_open_dead() libpcap takes what the kernel alone can answer
// (inbound, ifindex): that would take no packet here, and nobody would be told why.
static pcap_t *open_empty(void)
{
	struct hp_pcap_file head = {
		.magic = HP_PCAP_MAGIC_NS,
		.major = 2,
		.minor = 4,
		.snaplen = HP_GUEST_SNAPLEN_MAX,
		.linktype = HP_PCAPNG_ETHERNET,
	};
	FILE *file = fmemopen(&head, sizeof(head), "r");
	char said[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;

	if (file == NULL)
		return NULL;
	pcap = pcap_fopen_offline(file, said);
	if (pcap == NULL)
		fclose(file);
	return pcap;
}

int hp_capture_compile(struct hp_capture_opts *opts, struct hp_err *err)
{
	pcap_t *pcap = open_empty();
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
