// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "base/hp_pcapng.h"

#include <sys/utsname.h>

#define TEXT_MAX 4000u // bytes of a text that is kept; three of them fit into a block

#define SHB_OS 3
#define SHB_PROGRAM 4
#define IDB_NAME 2
#define IDB_DESCRIPTION 3
#define IDB_TSRESOL 9
#define IDB_FILTER 11
#define ISB_START 2
#define ISB_END 3
#define ISB_RECEIVED 4
#define ISB_DROPPED 5
#define ISB_ACCEPTED 6
#define ISB_DELIVERED 8

static uint16_t length_of(const char *text)
{
	size_t len = strlen(text);

	return (uint16_t)(len < TEXT_MAX ? len : TEXT_MAX);
}

static uint8_t *text_option(uint8_t *at, uint16_t code, const char *text)
{
	if (text == NULL || *text == '\0')
		return at;
	return hp_pcapng_option(at, code, text, length_of(text));
}

static uint8_t *number(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

// Times in options are two words, the high one first, whatever the byte order.
static uint8_t *time_option(uint8_t *at, uint16_t code, uint64_t ns)
{
	uint32_t words[2] = {(uint32_t)(ns >> 32), (uint32_t)ns};

	return hp_pcapng_option(at, code, words, sizeof(words));
}

// End of the options, and the block's length at both of its ends.
static uint32_t finish(uint8_t *buf, uint8_t *at, uint32_t type)
{
	uint32_t length;

	at = number(at, HP_PCAPNG_OPT_END);
	length = (uint32_t)(at - buf) + (uint32_t)sizeof(length);
	number(at, length);
	number(buf, type);
	number(buf + sizeof(type), length);
	return length;
}

uint32_t hp_pcapng_shb(uint8_t buf[HP_PCAPNG_BLOCK_MAX], const char *program, const char *comment)
{
	static const uint16_t version[2] = {1, 0};
	static const int64_t unknown_length = -1;
	uint8_t *at = buf + 8;
	struct utsname os;

	at = number(at, 0x1a2b3c4du); // our byte order
	memcpy(at, version, sizeof(version));
	at += sizeof(version);
	memcpy(at, &unknown_length, sizeof(unknown_length));
	at += sizeof(unknown_length);
	at = text_option(at, HP_PCAPNG_OPT_COMMENT, comment);
	if (uname(&os) == 0)
		at = text_option(at, SHB_OS, os.release);
	at = text_option(at, SHB_PROGRAM, program);
	return finish(buf, at, HP_PCAPNG_SHB);
}

uint32_t hp_pcapng_idb(uint8_t buf[HP_PCAPNG_BLOCK_MAX], const struct hp_pcapng_iface *iface)
{
	static const uint8_t nanoseconds = 9;
	char filter[TEXT_MAX + 1];
	uint8_t *at = buf + 8;
	uint16_t len;

	at = number(at, HP_PCAPNG_ETHERNET);
	at = number(at, iface->snaplen);
	at = text_option(at, IDB_NAME, iface->name);
	at = text_option(at, IDB_DESCRIPTION, iface->description);
	at = text_option(at, HP_PCAPNG_OPT_COMMENT, iface->comment);
	at = hp_pcapng_option(at, IDB_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	if (iface->filter != NULL && *iface->filter != '\0') {
		filter[0] = 0; // a libpcap expression follows
		len = length_of(iface->filter);
		memcpy(filter + 1, iface->filter, len);
		at = hp_pcapng_option(at, IDB_FILTER, filter, (uint16_t)(len + 1));
	}
	return finish(buf, at, HP_PCAPNG_IDB);
}

uint32_t hp_pcapng_isb(
	uint8_t buf[HP_PCAPNG_BLOCK_MAX], uint32_t iface, const struct hp_pcapng_stats *stats)
{
	uint8_t *at = buf + 8;

	at = number(at, iface);
	at = number(at, (uint32_t)(stats->end_ns >> 32));
	at = number(at, (uint32_t)stats->end_ns);
	at = time_option(at, ISB_START, stats->start_ns);
	at = time_option(at, ISB_END, stats->end_ns);
	at = hp_pcapng_option(at, ISB_RECEIVED, &stats->seen, sizeof(stats->seen));
	at = hp_pcapng_option(at, ISB_DROPPED, &stats->lost, sizeof(stats->lost));
	at = hp_pcapng_option(at, ISB_ACCEPTED, &stats->accepted, sizeof(stats->accepted));
	at = hp_pcapng_option(at, ISB_DELIVERED, &stats->written, sizeof(stats->written));
	return finish(buf, at, HP_PCAPNG_ISB);
}
