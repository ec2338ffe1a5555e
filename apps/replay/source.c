// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Packets from files, by libpcap: it reads pcap and pcapng of either byte order.

#include "replay.h"

#include <errno.h>
#include <string.h>

static int open_file(struct hp_source *s, struct hp_err *err)
{
	const char *name = s->opts->files[s->file];
	char said[PCAP_ERRBUF_SIZE] = "", quoted[HP_QUOTE_SIZE];
	const char *type;

	s->pcap = pcap_open_offline_with_tstamp_precision(name, PCAP_TSTAMP_PRECISION_NANO, said);
	if (s->pcap == NULL)
		return hp_err_set(err, HP_EXIT_DATA, EINVAL, "%s%s%s",
			strstr(said, name) == NULL ? name : "",
			strstr(said, name) == NULL ? ": " : "", said);
	if (pcap_datalink(s->pcap) != DLT_EN10MB) {
		type = pcap_datalink_val_to_name(pcap_datalink(s->pcap));
		hp_err_set(err, HP_EXIT_DATA, EINVAL,
			"%s: its packets are of link type %s, expected EN10MB (Ethernet)", name,
			type != NULL ? type : "?");
		goto err;
	}
	if (s->opts->filter == NULL)
		return 0;
	if (pcap_compile(s->pcap, &s->filter, s->opts->filter, 1, HP_GUEST_NETMASK) == 0) {
		s->filtered = true;
		return 0;
	}
	hp_err_set(err, HP_EXIT_USAGE, EINVAL, "filter '%s': %s",
		hp_err_quote(quoted, sizeof(quoted), s->opts->filter), pcap_geterr(s->pcap));
err:
	pcap_close(s->pcap);
	s->pcap = NULL;
	return -EINVAL;
}

static void close_file(struct hp_source *s)
{
	if (s->filtered)
		pcap_freecode(&s->filter);
	s->filtered = false;
	if (s->pcap != NULL)
		pcap_close(s->pcap);
	s->pcap = NULL;
}

int hp_source_open(struct hp_source *s, const struct hp_replay_opts *opts, struct hp_err *err)
{
	int ret = 0;

	memset(s, 0, sizeof(*s));
	s->opts = opts;
	for (s->file = 0; ret == 0 && s->file < opts->n_files; s->file++)
		if (strcmp(opts->files[s->file], "-") != 0) {
			ret = open_file(s, err);
			close_file(s);
		}
	s->file = 0;
	return ret;
}

// The next file, or the first one of the next round. 0: no more.
static int next_file(struct hp_source *s, struct hp_err *err)
{
	int ret;

	if (s->file == s->opts->n_files) {
		s->file = 0;
		// A round without a packet would be followed by others for ever.
		if (++s->round == s->opts->loop || s->read == s->read_before)
			return 0;
		s->read_before = s->read;
	}
	ret = open_file(s, err);
	return ret < 0 ? ret : 1;
}

static bool wanted(struct hp_source *s, const struct pcap_pkthdr *hdr, const uint8_t *data)
{
	if (s->filtered && pcap_offline_filter(&s->filter, hdr, data) == 0)
		return false;
	if (hdr->caplen < HP_REPLAY_LEN_MIN || hdr->caplen > HP_REPLAY_LEN_MAX) {
		s->unfit++;
		return false;
	}
	s->cut += hdr->caplen < hdr->len;
	s->read++;
	return true;
}

int hp_source_next(struct hp_source *s, const uint8_t **data, uint32_t *len, uint64_t *ns,
	bool *first, struct hp_err *err)
{
	struct pcap_pkthdr *hdr;
	int ret;

	*first = false;
	for (;;) {
		if (s->pcap == NULL) {
			ret = next_file(s, err);
			if (ret <= 0)
				return ret;
			*first = true;
		}
		ret = pcap_next_ex(s->pcap, &hdr, data);
		if (ret == PCAP_ERROR)
			return hp_err_set(err, HP_EXIT_DATA, EBADMSG, "%s: after %llu packets: %s",
				s->opts->files[s->file], (unsigned long long)s->read,
				pcap_geterr(s->pcap));
		if (ret != 1) {
			close_file(s);
			s->file++;
			continue;
		}
		if (!wanted(s, hdr, *data))
			continue;
		*len = hdr->caplen;
		*ns = (uint64_t)hdr->ts.tv_sec * 1000000000ull + (uint64_t)hdr->ts.tv_usec;
		return 1;
	}
}

void hp_source_close(struct hp_source *s)
{
	close_file(s);
}
