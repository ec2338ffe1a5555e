// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_group.h"

#include "group/hp_link.h"
#include "group/hp_wq.h"

#include <rte_bitops.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_memzone.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define WINDOW_MAX 32768 // the bound of --window

static uint32_t window_max(const struct hp_config *conf)
{
	uint64_t max = conf->window;

	for (uint32_t i = 0; i < conf->n_clients; i++)
		max = RTE_MAX(max, conf->clients[i].window);
	return rte_align32pow2((uint32_t)max);
}

static uint64_t align_line(uint64_t bytes)
{
	return RTE_ALIGN_CEIL(bytes, (uint64_t)RTE_CACHE_LINE_SIZE);
}

static void set_numbers(struct hp_group_hdr *hdr, const struct hp_config *conf)
{
	hdr->n_lanes = (uint32_t)conf->nb_cores;
	hdr->n_wqs = (uint32_t)conf->workers;
	hdr->max_members = (uint32_t)conf->max_members;
	hdr->max_clients = (uint32_t)conf->max_clients;
	hdr->window_max = window_max(conf);
	hdr->burst = (uint32_t)conf->burst;
	hdr->idle = (uint32_t)conf->idle;
}

// The layout, in order; it follows from the numbers. Offsets stay below 4 GiB: the bounds of the
// options see to that.
static uint64_t place(struct hp_group_hdr *hdr)
{
	uint64_t off = align_line(sizeof(*hdr));
	uint64_t members = hdr->max_members;

	hdr->link_bytes = (uint32_t)align_line(
		sizeof(struct hp_link_shm) +
		(sizeof(uint32_t) + sizeof(struct hp_return)) * (uint64_t)hdr->window_max);
	hdr->slots_off = (uint32_t)off;
	off += align_line(sizeof(struct hp_slot) * members);
	hdr->mboxes_off = (uint32_t)off;
	off += align_line(sizeof(struct hp_mbox) * members);
	hdr->ports_off = (uint32_t)off;
	off += align_line(
		sizeof(struct hp_port_counters) * HP_PORTS_MAX * (hdr->n_lanes + hdr->n_wqs));
	hdr->clients_off = (uint32_t)off;
	off += align_line(
		sizeof(struct hp_client_counters) * (uint64_t)hdr->max_clients * hdr->n_lanes);
	hdr->mail_off = (uint32_t)off;
	off += sizeof(struct hp_mail_shm) + sizeof(struct hp_mail_counters) * (members + 2);
	hdr->wq_off = (uint32_t)off;
	if (hdr->n_wqs > 0)
		off += align_line(sizeof(struct hp_wq_shm));
	hdr->links_off = (uint32_t)off;
	off += (uint64_t)hdr->link_bytes * members * hdr->n_lanes;
	return off;
}

void hp_group_lay_out(struct hp_group_hdr *hdr, const struct hp_config *conf)
{
	set_numbers(hdr, conf);
	hdr->bytes = (uint32_t)place(hdr);
	hdr->version = HP_GROUP_VERSION;
	hdr->magic = HP_GROUP_MAGIC;
}

uint64_t hp_group_bytes(const struct hp_config *conf)
{
	struct hp_group_hdr hdr;

	memset(&hdr, 0, sizeof(hdr));
	set_numbers(&hdr, conf);
	return place(&hdr);
}

bool hp_group_whole(const struct hp_group_hdr *hdr, uint64_t bytes)
{
	struct hp_group_hdr want = *hdr;
	uint64_t used;

	if (hdr->magic != HP_GROUP_MAGIC || hdr->n_lanes == 0 || hdr->n_lanes > HP_LANES_MAX ||
		hdr->n_wqs > HP_WORKERS_MAX || hdr->max_members > HP_MEMBERS_MAX ||
		hdr->max_clients > HP_CLIENTS_MAX || !rte_is_power_of_2(hdr->window_max) ||
		hdr->window_max > WINDOW_MAX || hdr->burst == 0 || hdr->burst > HP_BURST_MAX ||
		hdr->idle > HP_IDLE_SLEEP)
		return false;
	used = place(&want);
	want.bytes = (uint32_t)used;
	return used <= bytes && memcmp(&want, hdr, sizeof(want)) == 0;
}

static uint64_t new_generation(void)
{
	struct timespec now;

	// Grows with every start, also over a reboot, and is unique as long as two primaries of one
	// prefix cannot start in the same nanosecond: the lock of the group forbids that.
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void hp_group_open(struct hp_group *group, void *shm)
{
	memcpy(&group->own, shm, sizeof(group->own));
	group->hdr = &group->own;
	group->shm = shm;
}

void hp_group_set_state(struct hp_group *group, enum hp_group_state state)
{
	struct hp_group_hdr *shared = (struct hp_group_hdr *)group->shm;

	atomic_store(&group->own.state, state);
	atomic_store(&shared->state, state);
}

void hp_group_mend(struct hp_group *group)
{
	memcpy(group->shm, &group->own, sizeof(group->own));
}

int hp_group_create(struct hp_group *group, const struct hp_config *conf, uint64_t mbuf_base)
{
	uint64_t bytes = hp_group_bytes(conf);
	const struct rte_memzone *mz;
	struct hp_group_hdr *hdr;

	mz = rte_memzone_reserve(
		HP_GROUP_MEMZONE, bytes, SOCKET_ID_ANY, RTE_MEMZONE_SIZE_HINT_ONLY);
	if (mz == NULL)
		return -rte_errno;
	memset(mz->addr, 0, bytes);
	hdr = mz->addr;
	hp_group_lay_out(hdr, conf);
	hdr->generation = new_generation();
	hdr->mbuf_base = mbuf_base;
	hdr->tsc_hz = rte_get_tsc_hz();
	hp_group_open(group, hdr);
	group->memzone = mz;
	hp_group_set_state(group, HP_GROUP_STARTING);
	return 0;
}

void hp_group_lease(const struct hp_group *group, struct hp_wire_lease *lease)
{
	lease->generation = group->own.generation;
	memset(lease->group, 0, sizeof(lease->group));
	memcpy(lease->group, &group->own, sizeof(group->own));
}

int hp_group_attach(struct hp_group *group, const struct hp_wire_lease *lease, struct hp_err *err)
{
	const struct rte_memzone *mz = rte_memzone_lookup(HP_GROUP_MEMZONE);
	const struct hp_group_hdr *shared;

	if (mz == NULL)
		return hp_err_set(err, HP_EXIT_AGAIN, ENOENT,
			"the shared memory has no zone '%s': its primary is not hp-primary or has "
			"just been replaced",
			HP_GROUP_MEMZONE);
	hp_group_open(group, mz->addr);
	group->memzone = mz;
	memcpy(&group->own, lease->group, sizeof(group->own));
	if (group->own.version != HP_GROUP_VERSION)
		return hp_err_set(err, HP_EXIT_PROTOCOL, EPROTO,
			"shared memory layout %u of the primary, this program knows %u: use the "
			"same hugepod release in every container of the group",
			group->own.version, HP_GROUP_VERSION);
	if (!hp_group_whole(&group->own, mz->len))
		return hp_err_set(err, HP_EXIT_PROTOCOL, EPROTO,
			"the layout of the shared memory in the lease is none that this program "
			"makes: use the same hugepod release in every container of the group");
	shared = mz->addr;
	if (shared->generation != lease->generation)
		return hp_err_set(err, HP_EXIT_AGAIN, ESTALE,
			"the shared memory is of generation %" PRIu64 ", the lease is for %" PRIu64
			": the primary was replaced meanwhile",
			shared->generation, lease->generation);
	return 0;
}

void hp_group_destroy(struct hp_group *group)
{
	if (group->memzone != NULL)
		rte_memzone_free(group->memzone);
	memset(group, 0, sizeof(*group));
}
