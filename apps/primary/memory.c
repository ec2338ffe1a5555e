// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// How much hugepage memory a group takes: --dry-run and the real start read the same table.

#include "primary.h"

#include <rte_ethdev.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// What EAL, ethdev and the drivers take of the heap by themselves. Measured with `show memory`
// after a start with DPDK 22.11 and 24.11: 530 KiB with two virtual ports; the heap's own headers
// and alignment come on top. A port of net_null takes 97 KiB of that (`port attach`), because it
// has room for 1024 queues, as net_ring has; the first four are part of the allowance.
#define EAL_BYTES (768u << 10)
#define EAL_PORTS 4
#define PORT_BYTES (16u << 10)
#define MORE_PORT_BYTES (160u << 10)
// rte_pdump_init() keeps a cache line for each direction of each queue that any port could have.
#define PDUMP_BYTES (2ull * RTE_CACHE_LINE_SIZE * RTE_MAX_ETHPORTS * RTE_MAX_QUEUES_PER_PORT)
// Descriptors of real devices: 64 bytes each is the largest of the drivers in 22.11 (mlx5, ice).
#define DESCRIPTOR_BYTES 64u

static void add(struct hp_memory *memory, uint64_t bytes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct hp_memory *memory, uint64_t bytes, const char *fmt, ...)
{
	struct hp_memory_row *row = &memory->rows[memory->n++];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row->name, sizeof(row->name), fmt, ap);
	va_end(ap);
	row->bytes = bytes;
	memory->bytes += bytes;
}

static void add_pool(struct hp_memory *memory, const struct hp_pool_params *params)
{
	struct hp_pool_bytes bytes;

	hp_pool_bytes(params, memory->page_size, &bytes);
	add(memory, bytes.objects, "pool %s: %u mbufs", params->name, params->n);
	add(memory, bytes.control, "pool %s: ring and caches", params->name);
}

static uint64_t descriptor_bytes(const struct hp_config *conf, const struct hp_port_conf *port)
{
	uint64_t queues = (port->rxq != 0 ? port->rxq : conf->nb_cores) +
			  (port->txq != 0 ? port->txq : conf->nb_cores);
	uint64_t descriptors = RTE_MAX(port->rxd, port->txd);

	if (hp_config_is_vdev(port->devargs))
		return 0; // a virtual device has none
	return queues * (descriptors != 0 ? descriptors : 1024) * DESCRIPTOR_BYTES;
}

void hp_memory_plan(struct hp_memory *memory, const struct hp_config *conf, uint64_t page_size)
{
	uint64_t devices = EAL_BYTES + conf->spare_ports * MORE_PORT_BYTES;
	char name[RTE_MEMZONE_NAMESIZE];
	struct hp_pool_params params;

	memset(memory, 0, sizeof(*memory));
	memory->page_size = page_size;
	for (uint32_t lane = 0; lane < conf->nb_cores; lane++) {
		hp_primary_pool_params(&params, conf, lane, name, sizeof(name));
		add_pool(memory, &params);
	}
	for (uint32_t q = 0; hp_worker_pools_wanted(conf) && q < conf->workers; q++) {
		hp_primary_worker_pool_params(&params, conf, q, name, sizeof(name));
		add_pool(memory, &params);
	}
	add(memory, hp_group_bytes(conf), "links, mailboxes, counters");
	if (conf->pdump)
		add(memory, PDUMP_BYTES, "statistics of rte_pdump");
	for (uint32_t i = 0; i < conf->n_ports; i++)
		devices += (i < EAL_PORTS ? PORT_BYTES : MORE_PORT_BYTES) +
			   descriptor_bytes(conf, &conf->ports[i]);
	add(memory, devices, "EAL and drivers (allowance)");
	memory->pages = (memory->bytes + page_size - 1) / page_size;
}

void hp_memory_print(const struct hp_memory *memory, FILE *out)
{
	fprintf(out, "%-36s %12s\n", "what", "bytes");
	for (uint32_t i = 0; i < memory->n; i++)
		fprintf(out, "%-36s %12" PRIu64 "\n", memory->rows[i].name, memory->rows[i].bytes);
	fprintf(out, "%-36s %12" PRIu64 "\n", "sum", memory->bytes);
	fprintf(out, "%-36s %12" PRIu64 "  %" PRIu64 " pages of %" PRIu64 "\n", "hugepages taken",
		memory->pages * memory->page_size, memory->pages, memory->page_size);
}
