// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checks of a guest's memory, and mappings of it.

#include "group/hp_guest_mem.h"

#include "group/hp_copy.h"

#include <rte_bitops.h>
#include <rte_common.h>

#include <pcap/pcap.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int bad(struct hp_err *err, const char *what)
{
	return hp_err_set(err, HP_EXIT_PROTOCOL, EBADMSG,
		"the memory of a guest: %s: use the same hugepod release everywhere", what);
}

// Memory that cannot shrink under us, is of ordinary pages, and is there: what is touched later
// would be charged to the primary.
static int check_descriptor(int fd, uint64_t bytes, struct hp_err *err)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct statfs fs;
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & wanted) != wanted || (seals & F_SEAL_WRITE) != 0)
		return bad(err, "its seals are wrong");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != TMPFS_MAGIC || fstat(fd, &st) < 0)
		return bad(err, "it is no ordinary memory");
	if ((uint64_t)st.st_size != bytes || bytes > HP_GUEST_BYTES_MAX)
		return bad(err, "its size is wrong");
	if ((uint64_t)st.st_blocks * 512 < bytes)
		return bad(err, "it has holes");
	return 0;
}

static int check_layout(
	struct hp_guest_mem *mem, const struct hp_guest_mem_terms *terms, struct hp_err *err)
{
	const struct hp_guest_shm *shm = mem->shm;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (shm->magic != HP_GUEST_MAGIC || shm->version != HP_GUEST_VERSION ||
		shm->kind != terms->kind || shm->rings_off != mem->shm_bytes)
		return bad(err, "it begins with something else");
	mem->n_rings = shm->n_rings;
	mem->n_taps = shm->n_taps;
	mem->ring_bytes = shm->ring_bytes;
	if (mem->n_rings != terms->n_rings || mem->n_taps == 0 || mem->n_taps > HP_GUEST_TAPS_MAX ||
		(terms->kind == HP_GUEST_REPLAY && mem->n_taps != 1) ||
		mem->ring_bytes < HP_GUEST_RING_MIN || mem->ring_bytes > HP_GUEST_RING_MAX ||
		!rte_is_power_of_2(mem->ring_bytes) || mem->ring_bytes % page != 0 ||
		terms->bytes != mem->shm_bytes + mem->n_rings * mem->ring_bytes)
		return bad(err, "its numbers contradict each other");
	return 0;
}

static int check_filter(
	struct hp_guest_mem *mem, const struct hp_guest_tap *tap, struct hp_err *err)
{
	struct bpf_insn *insns;

	if (tap->n_insns > HP_GUEST_FILTER_MAX || tap->filter > HP_GUEST_INSNS_MAX ||
		tap->filter + tap->n_insns > HP_GUEST_INSNS_MAX)
		return bad(err, "a filter is out of bounds");
	insns = (struct bpf_insn *)&mem->insns[tap->filter];
	if (tap->n_insns > 0 && bpf_validate(insns, (int)tap->n_insns) == 0)
		return bad(err, "a filter is no valid BPF program");
	return 0;
}

static int check_taps(struct hp_guest_mem *mem, struct hp_err *err)
{
	memcpy(mem->taps, mem->shm->taps, sizeof(mem->taps));
	mem->insns = malloc(sizeof(mem->shm->insns));
	if (mem->insns == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	memcpy(mem->insns, mem->shm->insns, sizeof(mem->shm->insns));
	for (uint32_t i = 0; i < mem->n_taps; i++) {
		struct hp_guest_tap *tap = &mem->taps[i];
		int ret;

		tap->tap.name[HP_NAME_MAX - 1] = '\0';
		if (tap->tap.kind >= HP_TAP_KINDS || tap->snaplen == 0 ||
			tap->snaplen > HP_GUEST_SNAPLEN_MAX ||
			(tap->tap.kind == HP_TAP_DROP && tap->tap.reason >= HP_DROP_COUNT &&
				tap->tap.reason != HP_TAP_ANY_REASON))
			return bad(err, "a tap is out of bounds");
		ret = check_filter(mem, tap, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int map_rings(struct hp_guest_mem *mem, int fd, uint32_t first, struct hp_err *err)
{
	for (uint32_t i = first; i < mem->n_rings; i++) {
		mem->rings[i] =
			hp_stream_map(fd, mem->shm_bytes + i * mem->ring_bytes, mem->ring_bytes);
		if (mem->rings[i] == NULL)
			return hp_err_set(err, HP_EXIT_OTHER, errno, "mmap: %s", strerror(errno));
		// Page tables now, not by faults in a packet loop; older kernels fault then.
		madvise(mem->rings[i], 2 * mem->ring_bytes, MADV_POPULATE_WRITE);
	}
	return 0;
}

int hp_guest_mem_take(struct hp_guest_mem *mem, int fd, const struct hp_guest_mem_terms *terms,
	struct hp_err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int ret = check_descriptor(fd, terms->bytes, err);
	void *shm;

	if (ret < 0)
		return ret;
	mem->shm_bytes = (sizeof(*mem->shm) + page - 1) / page * page;
	if (terms->bytes < mem->shm_bytes)
		return bad(err, "it is too small");
	shm = mmap(NULL, mem->shm_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shm == MAP_FAILED)
		return hp_err_set(err, HP_EXIT_OTHER, errno, "mmap: %s", strerror(errno));
	mem->shm = shm;
	madvise(shm, mem->shm_bytes, MADV_POPULATE_WRITE);
	ret = check_layout(mem, terms, err);
	if (ret == 0)
		ret = check_taps(mem, err);
	if (ret == 0)
		ret = map_rings(mem, fd, terms->first_ring, err);
	return ret;
}

void hp_guest_mem_free(struct hp_guest_mem *mem)
{
	for (unsigned int i = 0; i < HP_GUEST_RINGS_MAX; i++)
		hp_stream_unmap(mem->rings[i], mem->ring_bytes);
	if (mem->shm != NULL)
		munmap(mem->shm, mem->shm_bytes);
	free(mem->insns);
	memset(mem, 0, sizeof(*mem));
}

struct hp_copy_ring *hp_guest_mem_rings(const struct hp_guest_mem *mem)
{
	struct hp_copy_ring *rings =
		aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*rings) * mem->n_rings);

	if (rings == NULL)
		return NULL;
	memset(rings, 0, sizeof(*rings) * mem->n_rings);
	for (uint32_t i = 0; i < mem->n_rings; i++) {
		hp_stream_open(&rings[i].out, mem->rings[i], mem->ring_bytes, &mem->shm->rings[i]);
		rings[i].shared = mem->shm->counts[i];
	}
	return rings;
}
