// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors

#include "group/hp_locks.h"

#include "base/hp_log.h"
#include "group/hp_dpdk.h"

#include <rte_eal_memconfig.h>
#include <rte_fbarray.h>
#include <rte_memzone.h>
#include <rte_rwlock.h>
#include <rte_spinlock.h>

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

HP_LOG_TYPE("locks");

#define LOCKS_MAX 160 // RTE_MAX_MEMSEG_LISTS is 128, and a few more
#define HEAD_WORDS 16 // 32-bit words of the configuration in which its own locks lie

struct lock {
	_Atomic uint32_t *word;
	const char *name;
	uint32_t seen;
	uint64_t since_us; // 0: it was open
};

struct hp_locks {
	struct lock locks[LOCKS_MAX];
	unsigned int n;
};

static void add(struct hp_locks *locks, void *word, const char *name)
{
	if (locks->n < LOCKS_MAX)
		locks->locks[locks->n++] = (struct lock){.word = word, .name = name};
}

// Where EAL mapped the file "config": the start of its struct rte_mem_config.
static uint32_t *find_config(const char *runtime_dir, size_t *bytes)
{
	uint64_t start, end, ino, off;
	unsigned int major_no, minor_no;
	uint32_t *found = NULL;
	char line[4608], path[4096];
	struct stat st;
	FILE *maps;

	snprintf(path, sizeof(path), "%s/config", runtime_dir);
	if (stat(path, &st) < 0)
		return NULL;
	maps = fopen("/proc/self/maps", "re");
	if (maps == NULL)
		return NULL;
	while (found == NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %x:%x %" SCNu64, &start,
			    &end, &off, &major_no, &minor_no, &ino) != 6)
			continue;
		if (ino == st.st_ino && off == 0 && makedev(major_no, minor_no) == st.st_dev) {
			found = (uint32_t *)(uintptr_t)start;
			*bytes = end - start;
		}
	}
	fclose(maps);
	if (found == NULL)
		errno = ENOENT;
	return found;
}

// Which word of the configuration's head changes when that lock is taken? -1 if not exactly one.
static int find_word(const uint32_t *head, void (*lock)(void), void (*unlock)(void))
{
	uint32_t before[HEAD_WORDS];
	int found = -1;

	memcpy(before, head, sizeof(before));
	lock();
	for (int i = 0; i < HEAD_WORDS; i++) {
		if (__atomic_load_n(&head[i], __ATOMIC_RELAXED) == before[i])
			continue;
		found = found < 0 ? i : -2;
	}
	unlock();
	return found;
}

// Each lock that EAL lets us take is found by taking it. The lock of the memzones has no function
// of its own; in all releases it lies right in front of the tailqs'.
static int add_head_locks(struct hp_locks *locks, uint32_t *head)
{
	int memory = find_word(head, rte_mcfg_mem_read_lock, rte_mcfg_mem_read_unlock);
	int tailq = find_word(head, rte_mcfg_tailq_read_lock, rte_mcfg_tailq_read_unlock);
	int mempool = find_word(head, rte_mcfg_mempool_read_lock, rte_mcfg_mempool_read_unlock);
	int timer = find_word(head, rte_mcfg_timer_lock, rte_mcfg_timer_unlock);

	if (tailq < 1 || mempool != tailq + 1 || timer != mempool + 1 || memory <= timer ||
		head[tailq - 1] != 0)
		return -ENOTSUP;
	add(locks, &head[tailq - 1], "memzones");
	add(locks, &head[tailq], "tailqs");
	add(locks, &head[mempool], "mempools");
	add(locks, &head[timer], "timers");
	add(locks, &head[memory], "memory");
	if (!HP_DPDK_ETHDEV_LOCK_IN_MEMZONE && memory == timer + 2)
		add(locks, &head[timer + 1], "ethdev");
	return 0;
}

static void add_ethdev_lock(struct hp_locks *locks)
{
	// struct { uint64_t next_owner_id; rte_spinlock_t ownership_lock; ... }, 22.11's ethdev
	const struct rte_memzone *mz = rte_memzone_lookup("rte_eth_dev_data");

	if (HP_DPDK_ETHDEV_LOCK_IN_MEMZONE && mz != NULL)
		add(locks, (uint8_t *)mz->addr + sizeof(uint64_t), "ethdev");
}

// The arrays of memory zones and segments each have a lock; they are found by their names.
static void add_array_locks(struct hp_locks *locks, uint8_t *config, size_t bytes)
{
	for (size_t off = 0; off + sizeof(struct rte_fbarray) <= bytes; off += sizeof(uint64_t)) {
		struct rte_fbarray *arr = (struct rte_fbarray *)(config + off);

		if (strcmp(arr->name, "memzone") != 0 && strncmp(arr->name, "memseg-", 7) != 0)
			continue;
		if (arr->len == 0 || arr->elt_sz == 0 || arr->data == NULL)
			continue;
		add(locks, &arr->rwlock, "memory array");
	}
}

struct hp_locks *hp_locks_find(const char *runtime_dir)
{
	struct hp_locks *locks;
	size_t bytes = 0;
	uint32_t *config;
	int ret;

	config = find_config(runtime_dir, &bytes);
	if (config == NULL)
		return NULL;
	locks = calloc(1, sizeof(*locks));
	if (locks == NULL)
		return NULL;
	ret = add_head_locks(locks, config);
	if (ret < 0) {
		free(locks);
		errno = -ret;
		return NULL;
	}
	add_ethdev_lock(locks);
	add_array_locks(locks, (uint8_t *)config, bytes);
	return locks;
}

void hp_locks_free(struct hp_locks *locks)
{
	free(locks);
}

unsigned int hp_locks_count(const struct hp_locks *locks)
{
	return locks->n;
}

bool hp_locks_taken(const struct hp_locks *locks)
{
	for (unsigned int i = 0; i < locks->n; i++)
		if (atomic_load(locks->locks[i].word) != 0)
			return true;
	return false;
}

unsigned int hp_locks_watch(struct hp_locks *locks, uint64_t now_us, bool *again)
{
	unsigned int opened = 0;

	*again = false;
	for (unsigned int i = 0; i < locks->n; i++) {
		struct lock *lock = &locks->locks[i];
		uint32_t value = atomic_load(lock->word);

		if (value == 0) {
			lock->since_us = 0;
			continue;
		}
		if (lock->since_us == 0 || lock->seen != value) {
			lock->seen = value;
			lock->since_us = now_us;
		} else if (now_us - lock->since_us >= HP_LOCKS_STALE_US) {
			if (atomic_compare_exchange_strong(lock->word, &value, 0)) {
				HP_LOG(WARNING,
					"opened EAL's lock of the %s, left taken by a dead "
					"member",
					lock->name);
				lock->since_us = 0;
				opened++;
				continue;
			}
		}
		*again = true;
	}
	return opened;
}
