// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// Configuration of a group: what a YAML file and hp-primary's command line say, checked and in one
// struct. Pure: reads the file and nothing else, starts nothing. No DPDK, so `hugepod` uses it too.

#pragma once

#include "base/hp_err.h"
#include "base/hp_opts.h"

#include <stdbool.h>
#include <stdint.h>

#define HP_NAME_MAX 32 // bytes with NUL: names of members, clients, ports
#define HP_PORTS_MAX 32 // RTE_MAX_ETHPORTS of Debian's builds
#define HP_CLIENTS_MAX 64 // names that the patch table may mention
#define HP_MEMBERS_MAX 64 // processes besides the primary
#define HP_FANOUT_MAX 16 // destinations of one patch
#define HP_WORKERS_MAX 16 // worker queues; as many as destinations of a patch
#define HP_PREFIX_MAX 64 // bytes with NUL of a --file-prefix

enum hp_policy {
	HP_POLICY_DROP,
	HP_POLICY_BYPASS,
	HP_POLICY_HOLD,
};

enum hp_spread {
	HP_SPREAD_HASH,
	HP_SPREAD_ROUND_ROBIN,
	HP_SPREAD_BROADCAST,
};

enum hp_idle {
	HP_IDLE_POLL, // spin
	HP_IDLE_PAUSE, // spin with the CPU's pause instruction
	HP_IDLE_SLEEP, // pause, then sleep for longer and longer
};

/** What a source does when its next hop has no room. */
enum hp_when_full {
	HP_WHEN_FULL_DROP, // drop, counted as link-full
	HP_WHEN_FULL_WAIT, // leave the packets where they are until there is room
	HP_WHEN_FULL_AUTO, // a port with one destination waits, everything else drops
};

/** How --forward-mode wires ports to each other. */
enum hp_topology {
	HP_TOPOLOGY_PAIRED,
	HP_TOPOLOGY_CHAINED,
	HP_TOPOLOGY_LOOP,
};

// Where an entry of a list was written: line and column in the YAML file, 0 for the command line.
struct hp_conf_pos {
	uint32_t line, column;
};

struct hp_port_conf {
	char *name; // users' name, default the device's name
	char *devargs; // "net_null0,size=64" or "0000:01:00.0"
	uint64_t rxq, txq; // queues; 0: one a primary lcore, as far as the device has them
	uint64_t rxd, txd; // descriptors; 0: the driver's choice
	uint64_t mtu; // bytes; 0: the driver's
	bool promiscuous;
	int when_full; // enum hp_when_full
	bool worker; // the workers', if it has no patch and there are any
	struct hp_conf_pos pos;
};

struct hp_client_conf {
	char *name;
	int policy; // enum hp_policy
	uint64_t window; // packets lent at most, a power of two
	int when_full; // enum hp_when_full: of packets that come back from it
	struct hp_conf_pos pos;
};

/** "port:NAME" or "port:INDEX" (into hp_config.ports), or a client's name. All of them exist. */
struct hp_patch_conf {
	char *from;
	struct hp_strlist to;
	int spread; // enum hp_spread
	struct hp_conf_pos pos;
};

struct hp_config {
	// from the option table, see hp_config_opts
	char *config_path;
	char *file_prefix;
	char *huge_dir;
	char *runtime_dir; // overrides $RUNTIME_DIRECTORY
	char *lcores; // EAL --lcores for the primary, NULL: one forwarding lcore that floats
	uint64_t nb_cores; // forwarding lcores [1]
	struct hp_strlist vdevs; // EAL --vdev of what is no port: each network device is in .ports
	struct hp_strlist allow; // empty after loading: each device is in .ports
	struct hp_strlist eal; // --eal OPTION=VALUE: handed to EAL as it is
	uint64_t base_virtaddr; // 0: hugepod's default
	int iova_mode; // 0 auto, 1 va, 2 pa
	uint64_t memory_limit; // bytes; 0: the cgroup's
	uint64_t total_num_mbufs; // a primary lcore
	uint64_t mbuf_size; // data room, bytes
	uint64_t mbuf_cache; // mbufs a lcore
	uint64_t rxq, txq, rxd, txd; // defaults of ports
	uint64_t burst; // packets
	uint64_t window; // default of clients
	int policy; // default of clients
	int when_full; // default of ports and clients
	int idle; // enum hp_idle
	uint64_t max_members;
	uint64_t max_clients;
	uint64_t spare_ports; // that may be attached later
	uint64_t hop_limit; // hops of one packet
	uint64_t workers; // queues for hp-worker on each of its ports; 0: it may not join
	bool primary_worker; // lanes take a worker's share too
	uint64_t stuck_after_us;
	bool evict_stuck;
	bool pdump; // rte_pdump_init()
	bool check_returns; // validate what clients hand back
	uint64_t takeover_wait_us; // for holders of an old generation
	uint64_t drain_us; // at shutdown
	uint64_t stats_period_us; // 0: no periodic statistics
	int forward_mode; // index into hp_config_forward_modes; 0: patches alone
	int port_topology; // enum hp_topology
	char *portmask, *portlist; // as given; .forward_ports is what they say
	uint64_t forward_ports; // bit i: port number i may be wired by forward_mode
	struct hp_strlist eth_peers; // "N,MAC"
	uint64_t tx_first; // bursts that are sent before the first start
	char *txpkts; // as given, "64" or "64,128"; .tx_length is their sum
	uint64_t tx_length; // bytes of a frame that the primary makes, without its FCS
	bool no_flush_rx; // keep what ports have received before the start
	bool interactive;
	bool auto_start;
	bool dry_run;
	bool list_commands; // print the command line's commands and end
	char *cmdline_file;
	int log_format; // enum hp_log_format
	int log_level; // enum hp_log_level
	bool respawn;
	struct hp_strlist port_args, client_args, patch_args; // --port, --client, --patch as given

	// lists of the YAML file and of the arguments above
	struct hp_port_conf *ports;
	uint32_t n_ports;
	struct hp_client_conf *clients;
	uint32_t n_clients;
	struct hp_patch_conf *patches;
	uint32_t n_patches;
};

/** Option table of hp-primary: what is BOTH is a YAML key as well. */
extern const struct hp_opt_set hp_config_opts;
/** Tables of one entry of the file's sequences "ports", "clients" and "patches". */
extern const struct hp_opt_set hp_config_port_opts, hp_config_client_opts, hp_config_patch_opts;

/** Words of the enums above, NULL-terminated: names[HP_POLICY_DROP] and so on. */
extern const char *const hp_policy_names[],
	*const hp_spread_names[], *const hp_idle_names[], *const hp_when_full_names[],
								  *const hp_config_forward_modes[];

/**
 * Read command line and, if --config names one, the YAML file; the command line wins: a --port,
 * --client or --patch replaces the file's entry of that name or source, others are added to it;
 * --vdev, --allow and --eal replace the file's lists.
 * Names are unique and well-formed, numbers in bounds, windows powers of two, patches name what
 * exists ("port:" of a port, clients of the list) and are not given twice for one source.
 * A network device of --vdev or --allow that no port names becomes a port of its own.
 *
 * @return
 *   0; 1 if --help and the like were printed; -errno with @p err filled: HP_EXIT_USAGE for the
 *   command line, HP_EXIT_CONFIG for the file. Unless 0, nothing is left allocated.
 */
int hp_config_load(struct hp_config *conf, int argc, char **argv, FILE *out, struct hp_err *err);

/** The YAML part alone, over defaults: for `hugepod doctor` and `hugepod lint` of a ConfigMap. */
struct hp_yaml_node;
int hp_config_from_yaml(struct hp_config *conf, const struct hp_yaml_node *root, const char *file,
	struct hp_err *err);

/**
 * A port that is no part of the configuration, with its defaults. @p name NULL: after its device.
 * @return 0; -EINVAL or -ENOMEM with @p err filled (HP_EXIT_USAGE). hp_config_free_port() is due.
 */
int hp_config_new_port(const struct hp_config *conf, const char *devargs, const char *name,
	struct hp_port_conf *port, struct hp_err *err);
void hp_config_free_port(struct hp_port_conf *port);

/** Free what @p conf holds and clear it; a cleared one is fine. */
void hp_config_free(struct hp_config *conf);

/** Index of a port by what stands behind "port:", its name or its index; -1 if there is none. */
int hp_config_find_port(const struct hp_config *conf, const char *name);

/** What may stand in portlist ("0,2-3"), portmask ("0x3") and txpkts ("64,128"), else what may. */
const char *hp_config_parse_portlist(const char *text, uint64_t *mask);
const char *hp_config_parse_portmask(const char *text, uint64_t *mask);
const char *hp_config_parse_txpkts(const char *text, uint64_t *sum);

/** NULL if frames of that many bytes can be made in this group's buffers, else what can. */
const char *hp_config_check_tx_length(
	const struct hp_config *conf, uint64_t length, char *buf, size_t size);

/** NULL if @p name may be a member's, client's or port's name, else what was expected. */
const char *hp_config_check_name(const char *name);
/** The same for a --file-prefix. */
const char *hp_config_check_prefix(const char *prefix);

/** True if EAL makes the device (--vdev "net_null0,size=64"), false if it finds it (--allow). */
bool hp_config_is_vdev(const char *devargs);
