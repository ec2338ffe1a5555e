// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "hp_frames.h"

#include "hp_test.h"

#include <pcap/pcap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct frames frames_load(const char *name)
{
	char path[512], err[PCAP_ERRBUF_SIZE] = "";
	struct pcap_pkthdr *header;
	struct frames frames = {0};
	const u_char *data;
	pcap_t *pcap;

	snprintf(path, sizeof(path), "%s/%s", HP_TEST_DATA, name);
	pcap = pcap_open_offline(path, err);
	if (pcap == NULL)
		fail_msg("%s: %s", path, err);
	while (pcap_next_ex(pcap, &header, &data) == 1) {
		if (frames.n % 256 == 0)
			frames.items =
				realloc(frames.items, (frames.n + 256) * sizeof(frames.items[0]));
		assert_non_null(frames.items);
		frames.items[frames.n].len = header->caplen;
		frames.items[frames.n].data = malloc(header->caplen);
		assert_non_null(frames.items[frames.n].data);
		memcpy(frames.items[frames.n++].data, data, header->caplen);
	}
	pcap_close(pcap);
	return frames;
}

void frames_free(struct frames *frames)
{
	for (size_t i = 0; i < frames->n; i++)
		free(frames->items[i].data);
	free(frames->items);
}

static struct rte_mbuf *segment(const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*m));

	assert_non_null(m);
	memset(m, 0, sizeof(*m));
	m->buf_addr = malloc(len);
	m->buf_len = (uint16_t)len;
	m->data_len = (uint16_t)len;
	m->nb_segs = 1;
	rte_mbuf_refcnt_set(m, 1);
	if (len > 0)
		memcpy(m->buf_addr, data, len);
	return m;
}

static struct rte_mbuf *build(const uint8_t *data, uint32_t len, uint32_t first, uint32_t rest)
{
	struct rte_mbuf *head = segment(data, first), *tail = head;

	head->pkt_len = len;
	for (uint32_t done = first; done < len; done += tail->data_len) {
		tail->next = segment(data + done, RTE_MIN(rest, len - done));
		tail = tail->next;
		head->nb_segs++;
	}
	return head;
}

struct rte_mbuf *frame_mbuf(const uint8_t *data, uint32_t len, uint32_t seg)
{
	if (seg == 0 || seg > len)
		seg = len;
	return build(data, len, seg, seg);
}

struct rte_mbuf *frame_mbuf_split(const uint8_t *data, uint32_t len, uint32_t first)
{
	return build(data, len, RTE_MIN(first, len), len);
}

void frame_mbuf_free(struct rte_mbuf *m)
{
	struct rte_mbuf *next;

	for (; m != NULL; m = next) {
		next = m->next;
		free(m->buf_addr);
		free(m);
	}
}

uint32_t frame_bytes(const struct rte_mbuf *m, uint8_t *buf)
{
	uint32_t len = 0;

	for (; m != NULL; m = m->next) {
		memcpy(buf + len, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		len += m->data_len;
	}
	return len;
}
