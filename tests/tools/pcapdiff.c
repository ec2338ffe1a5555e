// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// pcapdiff: are the frames of one capture those of another, after what a packet function does to
// them? For scripts/demo and the tests. Reads two files, no DPDK.

#include <pcap/pcap.h>

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EXIT_SAME = 0,
	EXIT_DIFFERENT = 1,
	EXIT_TROUBLE = 2
};

#define MAC_LEN 6 // octets of an Ethernet address

struct frame {
	uint8_t *data;
	uint32_t caplen; // octets in the file
	uint32_t len; // octets on the wire
	size_t number; // from 1, in its file
};

struct capture {
	const char *path;
	struct frame *frames;
	size_t n;
	size_t room;
};

static void capture_free(struct capture *cap)
{
	for (size_t i = 0; i < cap->n; i++)
		free(cap->frames[i].data);
	free(cap->frames);
}

static int capture_add(struct capture *cap, const struct pcap_pkthdr *hdr, const u_char *data)
{
	if (cap->n == cap->room) {
		size_t room = cap->room == 0 ? 1024 : cap->room * 2;
		struct frame *frames = reallocarray(cap->frames, room, sizeof(*frames));

		if (frames == NULL)
			return -ENOMEM;
		cap->frames = frames;
		cap->room = room;
	}
	uint8_t *copy = malloc(hdr->caplen + 1);

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, data, hdr->caplen);
	cap->frames[cap->n] = (struct frame){copy, hdr->caplen, hdr->len, cap->n + 1};
	cap->n++;
	return 0;
}

static int capture_read(struct capture *cap, const char *path)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *hdr;
	const u_char *data;
	int ret;

	cap->path = path;
	pcap_t *pcap = pcap_open_offline(path, errbuf);

	if (pcap == NULL) {
		fprintf(stderr, "pcapdiff: %s\n", errbuf);
		return -EIO;
	}
	while ((ret = pcap_next_ex(pcap, &hdr, &data)) == 1) {
		ret = capture_add(cap, hdr, data);
		if (ret < 0)
			goto out;
	}
	ret = ret == PCAP_ERROR_BREAK ? 0 : -EIO;
	if (ret < 0)
		fprintf(stderr, "pcapdiff: %s: frame %zu: %s\n", path, cap->n + 1,
			pcap_geterr(pcap));
out:
	pcap_close(pcap);
	return ret;
}

static void io(struct frame *frame)
{
}

static void macswap(struct frame *frame)
{
	uint8_t dst[MAC_LEN];

	if (frame->caplen < 2 * MAC_LEN)
		return;
	memcpy(dst, frame->data, MAC_LEN);
	memcpy(frame->data, frame->data + MAC_LEN, MAC_LEN);
	memcpy(frame->data + MAC_LEN, dst, MAC_LEN);
}

// The addresses may be anything: what is compared is the rest.
static void mac(struct frame *frame)
{
	memset(frame->data, 0, frame->caplen < 2 * MAC_LEN ? frame->caplen : 2 * MAC_LEN);
}

static const struct transform {
	const char *name;
	void (*first)(struct frame *frame); // applied to the frames of the first file
	void (*second)(struct frame *frame); // and of the second
} transforms[] = {
	{"io", io, io},
	{"mac", mac, mac},
	{"macswap", macswap, io},
};

static const struct transform *transform_find(const char *name)
{
	for (size_t i = 0; i < sizeof(transforms) / sizeof(transforms[0]); i++)
		if (strcmp(transforms[i].name, name) == 0)
			return &transforms[i];
	return NULL;
}

static int frame_compare(const void *a, const void *b)
{
	const struct frame *x = a;
	const struct frame *y = b;

	if (x->caplen != y->caplen)
		return x->caplen < y->caplen ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->data, y->data, x->caplen);
}

static void describe_difference(const struct frame *x, const struct frame *y)
{
	uint32_t at = 0;

	while (at < x->caplen && at < y->caplen && x->data[at] == y->data[at])
		at++;
	printf("frame %zu of the first and %zu of the second differ: ", x->number, y->number);
	if (at < x->caplen && at < y->caplen)
		printf("octet %u is 0x%02x, expected 0x%02x\n", at, y->data[at], x->data[at]);
	else
		printf("%u octets of %u, expected %u of %u\n", y->caplen, y->len, x->caplen,
			x->len);
}

static int captures_compare(
	struct capture *a, struct capture *b, const struct transform *transform, bool any_order)
{
	for (size_t i = 0; i < a->n; i++)
		transform->first(&a->frames[i]);
	for (size_t i = 0; i < b->n; i++)
		transform->second(&b->frames[i]);
	if (any_order && a->n > 0 && b->n > 0) {
		qsort(a->frames, a->n, sizeof(*a->frames), frame_compare);
		qsort(b->frames, b->n, sizeof(*b->frames), frame_compare);
	}
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (frame_compare(&a->frames[i], &b->frames[i]) != 0) {
			describe_difference(&a->frames[i], &b->frames[i]);
			return EXIT_DIFFERENT;
		}
	if (a->n != b->n) {
		printf("%s has %zu frames, %s has %zu\n", a->path, a->n, b->path, b->n);
		return EXIT_DIFFERENT;
	}
	printf("%zu frames, all as expected\n", a->n);
	return EXIT_SAME;
}

static const char usage[] =
	"usage: pcapdiff [--transform io|mac|macswap] [--any-order] FIRST SECOND\n"
	"\n"
	"Exit code 0 if SECOND holds the frames of FIRST after the transform, 1 if not,\n"
	"2 if a file cannot be read.\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"transform", required_argument, NULL, 't'},
		{"any-order", no_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const struct transform *transform = &transforms[0];
	struct capture first = {0};
	struct capture second = {0};
	bool any_order = false;
	int ret = EXIT_TROUBLE;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			transform = transform_find(optarg);
		else if (c == 'a')
			any_order = true;
		else
			transform = NULL;
		if (transform == NULL)
			break;
	}
	if (transform == NULL || argc - optind != 2) {
		fputs(usage, c == 'h' ? stdout : stderr);
		return c == 'h' ? EXIT_SAME : EXIT_TROUBLE;
	}
	if (capture_read(&first, argv[optind]) == 0 && capture_read(&second, argv[optind + 1]) == 0)
		ret = captures_compare(&first, &second, transform, any_order);
	capture_free(&first);
	capture_free(&second);
	return ret;
}
