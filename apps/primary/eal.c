// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// EAL's arguments from the configuration, and EAL's start. Touches EAL alone.

#include "base/hp_crash.h"
#include "group/hp_eal.h"
#include "primary.h"

#include <rte_eal.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static bool wants_pci(const struct hp_config *conf)
{
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (!hp_config_is_vdev(conf->ports[i].devargs))
			return true;
	return false;
}

// Devices and options that EAL alone can judge.
static void give_devices(
	const struct hp_config *conf, struct hp_eal_args *args, char *given, size_t size)
{
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		if (hp_config_is_vdev(conf->ports[i].devargs))
			continue;
		hp_eal_arg(args, "--allow=%s", conf->ports[i].devargs);
		hp_eal_give(given, size, "device", conf->ports[i].devargs);
	}
	for (uint32_t i = 0; i < conf->vdevs.n; i++) {
		hp_eal_arg(args, "--vdev=%s", conf->vdevs.items[i]);
		hp_eal_give(given, size, "--vdev", conf->vdevs.items[i]);
	}
	for (uint32_t i = 0; i < conf->eal.n; i++) {
		hp_eal_arg(args, "--%s", conf->eal.items[i]);
		hp_eal_give(given, size, "--eal", conf->eal.items[i]);
	}
}

int hp_primary_start_eal(struct hp_primary *primary, struct hp_err *err)
{
	static struct hp_eal_args args; // EAL keeps pointers into it
	struct hp_config *conf = primary->conf;
	bool pci = wants_pci(conf);
	char cpus[512], given[256] = "", base[32];
	int ret;

	if (hp_eal_cpus(cpus, sizeof(cpus)) < 0)
		return hp_err_set(err, HP_EXIT_OTHER, EINVAL, "this process's CPU set is too odd");
	primary->iova_va = conf->iova_mode == 1 || (conf->iova_mode == 0 && !pci);
	hp_eal_arg(&args, "hp-primary");
	hp_eal_arg(&args, "--proc-type=primary");
	hp_eal_arg(&args, "--file-prefix=%s", conf->file_prefix);
	hp_eal_arg(&args, "--huge-dir=%s", primary->huge_dir);
	hp_eal_arg(&args, "-m");
	hp_eal_arg(&args, "%" PRIu64, (primary->memory.pages * primary->memory.page_size) >> 20);
	if (conf->lcores != NULL) {
		hp_eal_arg(&args, "--lcores=%s", conf->lcores);
	} else {
		// The main lcore serves members and commands and sleeps mostly: let it float.
		char lcores[1024];
		size_t len = (size_t)snprintf(lcores, sizeof(lcores), "0@%s", cpus);

		for (uint64_t i = 1; i <= conf->nb_cores && len < sizeof(lcores); i++)
			len += (size_t)snprintf(
				lcores + len, sizeof(lcores) - len, ",%" PRIu64 "@%s", i, cpus);
		hp_eal_arg(&args, "--lcores=%s", lcores);
	}
	if (primary->iova_va)
		hp_eal_arg(&args, "--iova-mode=va");
	else if (conf->iova_mode == 2)
		hp_eal_arg(&args, "--iova-mode=pa");
	hp_eal_give(given, sizeof(given), "--lcores", conf->lcores);
	if (conf->base_virtaddr != 0) {
		snprintf(base, sizeof(base), "%#" PRIx64, conf->base_virtaddr);
		hp_eal_arg(&args, "--base-virtaddr=%s", base);
		hp_eal_give(given, sizeof(given), "--base-virtaddr", base);
	}
	if (!pci)
		hp_eal_arg(&args, "--no-pci");
	give_devices(conf, &args, given, sizeof(given));
	ret = hp_eal_start(&args, given, err);
	if (ret < 0)
		return ret;
	primary->eal_started = true;
	HP_CRASH_POINT(start_eal_up);
	primary->iova_va = rte_eal_iova_mode() == RTE_IOVA_VA;
	return 0;
}
