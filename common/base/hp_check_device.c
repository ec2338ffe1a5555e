// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Checks of devices: only where a PCI port is asked for. Virtual ports need none of this.

#include "base/hp_check.h"

#include <stdio.h>
#include <string.h>

#define CAP_SYS_ADMIN_BIT 21 // linux/capability.h: needed to read physical addresses
#define DEVICE_LINE "resources: {limits: {vendor.example/device: 1}} # of the node's device plugin"

static bool no_pci(struct hp_finding *out, const struct hp_check_in *in)
{
	if (in->n_pci > 0)
		return false;
	hp_check_say(out, HP_CHECK_SKIPPED, "no PCI port is asked for");
	return true;
}

// Ports of these drivers stay with the kernel: mlx5 and mana work side by side with it.
static bool is_bifurcated(const char *driver)
{
	static const char *const names[] = {"mlx4_core", "mlx5_core", "mana"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(driver, names[i]) == 0)
			return true;
	return false;
}

static bool is_user_driver(const char *driver)
{
	return strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "igb_uio") == 0 ||
	       strcmp(driver, "uio_pci_generic") == 0 || is_bifurcated(driver);
}

static bool needs_vfio(const struct hp_facts *f)
{
	for (uint32_t i = 0; i < f->n_pci; i++)
		if (f->pci[i].driver[0] == '\0' || strcmp(f->pci[i].driver, "vfio-pci") == 0)
			return true;
	return false;
}

static void pci_device(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_pci(out, in))
		return;
	for (uint32_t i = 0; i < f->n_pci; i++) {
		const struct hp_facts_pci *p = &f->pci[i];

		if (!p->exists) {
			hp_check_say(
				out, HP_CHECK_FAILURE, "there is no PCI device %s", p->address);
			hp_check_todo(out, "see `lspci -D`; in a pod the device plugin says which "
					   "one was given");
			return;
		}
		if (!is_user_driver(p->driver)) {
			hp_check_say(out, HP_CHECK_FAILURE, "%s is bound to %s", p->address,
				p->driver[0] != '\0' ? p->driver : "no driver");
			hp_check_todo(
				out, "on the node: dpdk-devbind.py -b vfio-pci %s", p->address);
			return;
		}
	}
	hp_check_say(out, HP_CHECK_OK, "%u devices, all with drivers for DPDK", f->n_pci);
}

static void vfio(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_pci(out, in))
		return;
	if (!needs_vfio(f)) {
		hp_check_say(out, HP_CHECK_SKIPPED, "no device behind VFIO");
		return;
	}
	if (!f->vfio_accessible) {
		hp_check_say(out, HP_CHECK_FAILURE, "/dev/vfio/vfio %s",
			f->vfio_exists ? "may not be opened by this user" : "does not exist");
		hp_check_todo(out, "load vfio-pci on the node, and give the pod the device by the "
				   "device plugin");
		return;
	}
	for (uint32_t i = 0; i < f->n_pci; i++)
		if (f->pci[i].group >= 0 && !f->pci[i].group_accessible) {
			hp_check_say(out, HP_CHECK_FAILURE,
				"/dev/vfio/%d of %s may not be opened here", f->pci[i].group,
				f->pci[i].address);
			hp_check_todo(out, "give the pod the device by the device plugin");
			return;
		}
	hp_check_say(out, HP_CHECK_OK, "/dev/vfio can be opened");
}

static void iommu(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_pci(out, in))
		return;
	if (!needs_vfio(f) || f->iommu_groups > 0) {
		hp_check_say(out, HP_CHECK_OK, "%u IOMMU groups", f->iommu_groups);
		return;
	}
	if (f->vfio_noiommu) {
		hp_check_say(out, HP_CHECK_WARNING,
			"no IOMMU, VFIO runs in its unsafe mode: a device may write anywhere");
		hp_check_todo(out, "turn the IOMMU on: intel_iommu=on or amd_iommu=on, iommu=pt");
		return;
	}
	hp_check_say(out, HP_CHECK_FAILURE, "no IOMMU group: VFIO cannot open a device");
	hp_check_todo(out, "turn the IOMMU on in the firmware and with intel_iommu=on iommu=pt on "
			   "the kernel's command line");
}

static void device_numa(
	struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (no_pci(out, in))
		return;
	for (uint32_t i = 0; i < f->n_pci; i++) {
		int32_t node = f->pci[i].numa_node;

		if (node < 0 || node >= 64 || f->cpu_nodes == 0 || (f->cpu_nodes >> node & 1) != 0)
			continue;
		hp_check_say(out, HP_CHECK_WARNING,
			"%s is on NUMA node %d, none of this process's CPUs is", f->pci[i].address,
			node);
		hp_check_todo(out, "have the kubelet align them: topology manager policy "
				   "single-numa-node, CPU manager policy static");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "devices and CPUs are on the same NUMA nodes");
}

static void iova(struct hp_finding *out, const struct hp_facts *f, const struct hp_check_in *in)
{
	if (!in->iova_pa) {
		hp_check_say(out, HP_CHECK_SKIPPED, "physical addresses are not asked for");
		return;
	}
	if ((f->caps >> CAP_SYS_ADMIN_BIT & 1) == 0 || f->own_user_ns) {
		hp_check_say(out, HP_CHECK_FAILURE,
			"iova-mode=pa needs physical addresses, which need the capability "
			"SYS_ADMIN");
		hp_check_todo(out, "use --iova-mode=va, with an IOMMU where there are PCI ports");
		return;
	}
	hp_check_say(out, HP_CHECK_OK, "physical addresses can be read");
}

const struct hp_check hp_check_device[] = {
	{"pci-device", "device", HP_CHECK_BOTH, HP_CHECK_PRIMARY,
		"Each PCI device asked for exists and is bound to a driver for DPDK.", DEVICE_LINE,
		pci_device},
	{"vfio", "device", HP_CHECK_BOTH, HP_CHECK_PRIMARY,
		"/dev/vfio/vfio and the devices' groups can be opened.", DEVICE_LINE, vfio},
	{"iommu", "device", HP_CHECK_BOTH, HP_CHECK_PRIMARY,
		"An IOMMU is on, without which VFIO opens nothing, or only unsafely.", NULL, iommu},
	{"device-numa", "device", HP_CHECK_BOTH, 0,
		"Devices are on a NUMA node of this process's CPUs.", NULL, device_numa},
	{"iova-mode", "device", HP_CHECK_BOTH, HP_CHECK_BOTH,
		"Where physical addresses are asked for, this process may read them.",
		"args: [--iova-mode, va]", iova},
	{NULL},
};
