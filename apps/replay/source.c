// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Packets from files, by libpcap: it reads pcap and pcapng of either byte order.

#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *name_of(const struct hp_source *s)
{
	const char *name = s->opts->files[s->file];

	return strcmp(name, "-") == 0 ? "standard input" : name;
}

static int torn(const struct hp_source *s, struct hp_err *err)
{
	return hp_err_set(err, HP_EXIT_DATA, EBADMSG,
		"%s: after %llu packets: its compressed data end in the middle, or are damaged",
		name_of(s), (unsigned long long)s->read);
}

// libpcap's reader of the bytes; NULL with @p err filled, or without: told to end.
static pcap_t *open_pcap(struct hp_source *s, struct hp_err *err)
{
	char said[PCAP_ERRBUF_SIZE] = "";
	FILE *file = hp_input_open(&s->input, s->opts->files[s->file], s->goes_on, s->arg);
	pcap_t *pcap = NULL;

	if (file == NULL) {
		hp_err_set(err, HP_EXIT_DATA, errno, "%s: %s", name_of(s), strerror(errno));
		return NULL;
	}
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, said);
	if (pcap != NULL)
		return pcap;
	fclose(file);
	if (hp_input_is_torn(s->input))
		torn(s, err);
	else if (!hp_input_was_told_to_end(s->input))
		hp_err_set(err, HP_EXIT_DATA, EINVAL, "%s: %s", name_of(s), said);
	hp_input_close(s->input);
	s->input = NULL;
	return NULL;
}

static int wrong_link_type(const struct hp_source *s, struct hp_err *err)
{
	int type = pcap_datalink(s->pcap);
	const char *name = pcap_datalink_val_to_name(type);

	return hp_err_set(err, HP_EXIT_DATA, EINVAL,
		"%s: its packets are of link type %d%s%s%s, expected 1 (EN10MB, Ethernet)",
		name_of(s), type, name != NULL ? " (" : "", name != NULL ? name : "",
		name != NULL ? ")" : "");
}

// 1; 0: told to end; -errno.
static int open_file(struct hp_source *s, struct hp_err *err)
{
	char quoted[HP_QUOTE_SIZE];

	s->pcap = open_pcap(s, err);
	if (s->pcap == NULL)
		return err->exit_code != 0 ? -EINVAL : 0;
	if (pcap_datalink(s->pcap) != DLT_EN10MB)
		return wrong_link_type(s, err);
	if (s->opts->filter == NULL)
		return 1;
	if (pcap_compile(s->pcap, &s->filter, s->opts->filter, 1, HP_GUEST_NETMASK) == 0) {
		s->filtered = true;
		return 1;
	}
	return hp_err_set(err, HP_EXIT_USAGE, EINVAL, "filter '%s': %s",
		hp_err_quote(quoted, sizeof(quoted), s->opts->filter), pcap_geterr(s->pcap));
}

static void close_file(struct hp_source *s)
{
	if (s->filtered)
		pcap_freecode(&s->filter);
	s->filtered = false;
	if (s->pcap != NULL)
		pcap_close(s->pcap);
	s->pcap = NULL;
	hp_input_close(s->input);
	s->input = NULL;
}

// A pipe has its bytes once.
static bool is_read_once(const char *path)
{
	struct stat st;

	return strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

int hp_source_open(struct hp_source *s, const struct hp_replay_opts *opts, struct hp_err *err)
{
	int ret = 1;

	memset(s, 0, sizeof(*s));
	s->opts = opts;
	for (s->file = 0; ret > 0 && s->file < opts->n_files; s->file++) {
		const char *path = opts->files[s->file];

		if (!is_read_once(path)) {
			ret = open_file(s, err);
			close_file(s);
		} else if (opts->loop != 1) {
			ret = hp_err_set(err, HP_EXIT_USAGE, EINVAL,
				"%s is read once: expected no --loop", name_of(s));
		}
	}
	s->file = 0;
	return ret < 0 ? ret : 0;
}

// The next file, or the first one of the next round. 0: no more.
static int next_file(struct hp_source *s, struct hp_err *err)
{
	if (s->file == s->opts->n_files) {
		s->file = 0;
		// A round without a packet would be followed by others for ever.
		if (++s->round == s->opts->loop || s->read == s->read_before)
			return 0;
		s->read_before = s->read;
	}
	return open_file(s, err);
}

// After the last packet of a file that can be had.
static int end_of_file(struct hp_source *s, bool failed, struct hp_err *err)
{
	if (hp_input_was_told_to_end(s->input))
		return 0;
	if (hp_input_is_torn(s->input))
		return torn(s, err);
	if (failed)
		return hp_err_set(err, HP_EXIT_DATA, EBADMSG, "%s: after %llu packets: %s",
			name_of(s), (unsigned long long)s->read, pcap_geterr(s->pcap));
	close_file(s);
	s->file++;
	return 1;
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
		if (ret != 1) {
			ret = end_of_file(s, ret == PCAP_ERROR, err);
			if (ret <= 0)
				return ret;
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
