// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The memory that a guest hands over: what it says is copied once, and checked before anything
// works by it. Control thread. Afterwards the guest may write there what it likes.

#include "guests.h"

#include <rte_bitops.h>
#include <rte_common.h>

#include <pcap/bpf.h>

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
	struct hp_primary_guest *guest, uint64_t bytes, uint32_t n_lanes, struct hp_err *err)
{
	const struct hp_guest_shm *shm = guest->shm;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (shm->magic != HP_GUEST_MAGIC || shm->version != HP_GUEST_VERSION ||
		shm->kind != guest->kind || shm->rings_off != guest->shm_bytes)
		return bad(err, "it begins with something else");
	guest->n_rings = shm->n_rings;
	guest->n_taps = shm->n_taps;
	guest->ring_bytes = shm->ring_bytes;
	if (guest->n_rings != (guest->kind == HP_GUEST_CAPTURE ? n_lanes : 1) ||
		guest->n_taps == 0 || guest->n_taps > HP_GUEST_TAPS_MAX ||
		(guest->kind == HP_GUEST_REPLAY && guest->n_taps != 1) ||
		guest->ring_bytes < HP_GUEST_RING_MIN || guest->ring_bytes > HP_GUEST_RING_MAX ||
		!rte_is_power_of_2(guest->ring_bytes) || guest->ring_bytes % page != 0 ||
		bytes != guest->shm_bytes + guest->n_rings * guest->ring_bytes)
		return bad(err, "its numbers contradict each other");
	return 0;
}

static int check_filter(
	struct hp_primary_guest *guest, const struct hp_guest_tap *tap, struct hp_err *err)
{
	struct bpf_insn *insns;

	if (tap->n_insns > HP_GUEST_FILTER_MAX || tap->filter > HP_GUEST_INSNS_MAX ||
		tap->filter + tap->n_insns > HP_GUEST_INSNS_MAX)
		return bad(err, "a filter is out of bounds");
	insns = (struct bpf_insn *)&guest->insns[tap->filter];
	if (tap->n_insns > 0 && bpf_validate(insns, (int)tap->n_insns) == 0)
		return bad(err, "a filter is no valid BPF program");
	return 0;
}

static int check_taps(struct hp_primary_guest *guest, struct hp_err *err)
{
	memcpy(guest->taps, guest->shm->taps, sizeof(guest->taps));
	guest->insns = malloc(sizeof(guest->shm->insns));
	if (guest->insns == NULL)
		return hp_err_set(err, HP_EXIT_OTHER, ENOMEM, "out of memory");
	memcpy(guest->insns, guest->shm->insns, sizeof(guest->shm->insns));
	for (uint32_t i = 0; i < guest->n_taps; i++) {
		struct hp_guest_tap *tap = &guest->taps[i];
		int ret;

		tap->tap.name[HP_NAME_MAX - 1] = '\0';
		if (tap->tap.kind >= HP_TAP_KINDS || tap->snaplen == 0 ||
			tap->snaplen > HP_GUEST_SNAPLEN_MAX ||
			(tap->tap.kind == HP_TAP_DROP && tap->tap.reason >= HP_DROP_COUNT &&
				tap->tap.reason != HP_TAP_ANY_REASON))
			return bad(err, "a tap is out of bounds");
		ret = check_filter(guest, tap, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int map_rings(struct hp_primary_guest *guest, int fd, struct hp_err *err)
{
	for (uint32_t i = 0; i < guest->n_rings; i++) {
		guest->rings[i] = hp_stream_map(
			fd, guest->shm_bytes + i * guest->ring_bytes, guest->ring_bytes);
		if (guest->rings[i] == NULL)
			return hp_err_set(err, HP_EXIT_OTHER, errno, "mmap: %s", strerror(errno));
		// Page tables now, not by faults in a packet loop; older kernels fault then.
		madvise(guest->rings[i], 2 * guest->ring_bytes, MADV_POPULATE_WRITE);
	}
	return 0;
}

int hp_guest_memory_take(struct hp_primary_guest *guest, int fd, uint64_t bytes, uint32_t n_lanes,
	struct hp_err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int ret = check_descriptor(fd, bytes, err);
	void *shm;

	if (ret < 0)
		return ret;
	guest->shm_bytes = (sizeof(*guest->shm) + page - 1) / page * page;
	if (bytes < guest->shm_bytes)
		return bad(err, "it is too small");
	shm = mmap(NULL, guest->shm_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shm == MAP_FAILED)
		return hp_err_set(err, HP_EXIT_OTHER, errno, "mmap: %s", strerror(errno));
	guest->shm = shm;
	madvise(shm, guest->shm_bytes, MADV_POPULATE_WRITE);
	ret = check_layout(guest, bytes, n_lanes, err);
	if (ret == 0)
		ret = check_taps(guest, err);
	if (ret == 0)
		ret = map_rings(guest, fd, err);
	return ret;
}

void hp_guest_memory_free(struct hp_primary_guest *guest)
{
	for (unsigned int i = 0; i < HP_GUEST_RINGS_MAX; i++) {
		hp_stream_unmap(guest->rings[i], guest->ring_bytes);
		guest->rings[i] = NULL;
	}
	if (guest->shm != NULL)
		munmap(guest->shm, guest->shm_bytes);
	free(guest->insns);
	free(guest->lanes);
	free(guest->replay);
	guest->replay = NULL;
	guest->shm = NULL;
	guest->insns = NULL;
	guest->lanes = NULL;
}
