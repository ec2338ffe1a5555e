// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// pcapng blocks (draft-ietf-opsawg-pcapng), in the machine's byte order, as the format wants them.
// A lane writes packet blocks, a capture the others; both come out ready for the file. No DPDK.

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HP_PCAPNG_SHB 0x0a0d0d0au
#define HP_PCAPNG_IDB 1u
#define HP_PCAPNG_ISB 5u
#define HP_PCAPNG_EPB 6u
#define HP_PCAPNG_ETHERNET 1 // LINKTYPE_ETHERNET

#define HP_PCAPNG_OPT_END 0
#define HP_PCAPNG_OPT_COMMENT 1
#define HP_PCAPNG_EPB_FLAGS 2
#define HP_PCAPNG_EPB_DROPCOUNT 4
#define HP_PCAPNG_EPB_QUEUE 6
#define HP_PCAPNG_INBOUND 1u // epb_flags
#define HP_PCAPNG_OUTBOUND 2u

/** An Enhanced Packet Block without its packet, options and trailing length. */
struct hp_pcapng_epb {
	uint32_t type;
	uint32_t length; // of the block
	uint32_t iface;
	uint32_t ts_high, ts_low; // nanoseconds since 1970
	uint32_t caplen, len;
};

static inline uint32_t hp_pcapng_pad(uint32_t n)
{
	return (n + 3) & ~3u;
}

/** Append an option; returns the place behind it. @p at needs 4 + hp_pcapng_pad(len) bytes. */
static inline uint8_t *hp_pcapng_option(uint8_t *at, uint16_t code, const void *value, uint16_t len)
{
	uint16_t head[2] = {code, len};

	memcpy(at, head, sizeof(head));
	memset(at + sizeof(head) + (len & ~3u), 0, hp_pcapng_pad(len) - (len & ~3u));
	memcpy(at + sizeof(head), value, len);
	return at + sizeof(head) + hp_pcapng_pad(len);
}

/** Blocks of a capture's own, made in @p buf. Each returns its bytes; texts are cut to fit. */
#define HP_PCAPNG_BLOCK_MAX 16384 // bytes of any of them

/** @p comment may be NULL. */
uint32_t hp_pcapng_shb(uint8_t buf[HP_PCAPNG_BLOCK_MAX], const char *program, const char *comment);

struct hp_pcapng_iface {
	const char *name;
	const char *description;
	const char *filter; // NULL: none
	const char *comment; // NULL: none
	uint32_t snaplen;
};
uint32_t hp_pcapng_idb(uint8_t buf[HP_PCAPNG_BLOCK_MAX], const struct hp_pcapng_iface *iface);

struct hp_pcapng_stats {
	uint64_t start_ns, end_ns; // of the capture
	uint64_t seen; // packets at the tap
	uint64_t accepted; // by the filter
	uint64_t lost; // for want of room
	uint64_t written; // to this file
};
uint32_t hp_pcapng_isb(
	uint8_t buf[HP_PCAPNG_BLOCK_MAX], uint32_t iface, const struct hp_pcapng_stats *stats);

#define HP_PCAP_MAGIC_NS 0xa1b23c4du // classic pcap with nanoseconds

/** Header of a classic pcap file. */
struct hp_pcap_file {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy;
	uint32_t snaplen, linktype;
};

/** In front of each of its packets. */
struct hp_pcap_packet {
	uint32_t seconds, nanoseconds;
	uint32_t caplen, len;
};
