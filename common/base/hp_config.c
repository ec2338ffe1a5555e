// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the hugepod authors
//
// The option table of a group, and the order in which file and command line are read.

#include "base/hp_config_priv.h"
#include "base/hp_log.h"
#include "base/hp_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const hp_policy_names[] = {"drop", "bypass", "hold", NULL};
const char *const hp_spread_names[] = {"hash", "round-robin", "broadcast", NULL};
const char *const hp_idle_names[] = {"poll", "pause", "sleep", NULL};
const char *const hp_when_full_names[] = {"drop", "wait", "auto", NULL};
const char *const hp_config_forward_modes[] = {"none", "io", "mac", "macswap", "5tswap", "csum",
	"icmpecho", "noisy", "rxonly", "flowgen", "txonly", NULL};
static const char *const topologies[] = {"paired", "chained", "loop", NULL};
static const char *const iova_names[] = {"auto", "va", "pa", NULL};

#define AT(field) .offset = offsetof(struct hp_config, field)
#define US_PER_S UINT64_C(1000000)

// clang-format off
static const struct hp_opt opts[] = {
	{"config", 0, HP_OPT_STRING, HP_OPT_CLI, AT(config_path), .min = 1, .arg = "FILE",
	 .section = "Group",
	 .help = "YAML file of the group; options given here override it. - is standard input."},
	{"runtime-dir", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(runtime_dir), .min = 1, .arg = "DIR",
	 .section = "Group", .check = hp_config_check_path,
	 .help = "Where the group's sockets are, in front of dpdk/PREFIX; overrides "
		 "$RUNTIME_DIRECTORY. Every member has to share it."},
	{"max-members", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(max_members), .min = 1,
	 .max = HP_MEMBERS_MAX, .def = "16", .section = "Group",
	 .help = "Processes that may join, besides the primary."},
	{"max-clients", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(max_clients), .min = 1,
	 .max = HP_CLIENTS_MAX, .def = "16", .section = "Group",
	 .help = "Client names that the patch table may mention."},
	{"spare-ports", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(spare_ports), .max = HP_PORTS_MAX,
	 .def = "0", .section = "Ports",
	 .help = "Ports to keep memory for that are attached later; a few more find room anyway."},
	{"memory-limit", 0, HP_OPT_SIZE, HP_OPT_BOTH, AT(memory_limit), .max = UINT64_C(1) << 40,
	 .def = "0", .section = "Group",
	 .help = "Refuse to take more bytes of hugepages than this; 0: the cgroup's limit."},
	{"respawn", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(respawn), .section = "Group",
	 .help = "Start the primary again at once when it dies."},
	{"takeover-wait", 0, HP_OPT_DURATION, HP_OPT_BOTH, AT(takeover_wait_us),
	 .max = 3600 * US_PER_S, .def = "10s", .section = "Group",
	 .help = "How long to wait for processes that still hold the memory of a primary that died."},
	{"drain", 0, HP_OPT_DURATION, HP_OPT_BOTH, AT(drain_us), .max = 60 * US_PER_S,
	 .def = "500ms", .section = "Group",
	 .help = "How long packets may take to leave the group when it stops."},

	{"file-prefix", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(file_prefix), .min = 1,
	 .max = HP_PREFIX_MAX - 1, .def = HP_PATHS_PREFIX_DEFAULT, .arg = "PREFIX",
	 .section = "EAL", .check = hp_config_check_prefix,
	 .help = "The group's name: all that its members are told."},
	{"huge-dir", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(huge_dir), .min = 1, .arg = "DIR",
	 .section = "EAL", .check = hp_config_check_path,
	 .help = "Where hugetlbfs is mounted; default: the mount that EAL finds."},
	{"lcores", 'l', HP_OPT_STRING, HP_OPT_BOTH, AT(lcores), .min = 1, .arg = "LCORES",
	 .section = "EAL", .check = hp_config_check_lcores,
	 .help = "EAL's lcores for the primary, as \"0-2\" or \"(0-2)@1\"; default: as many as "
		 "--nb-cores asks for, on any CPU that the process may use."},
	{"vdev", 0, HP_OPT_LIST, HP_OPT_BOTH, AT(vdevs), .min = 1, .arg = "DEVARGS",
	 .section = "EAL", .check = hp_config_check_devargs,
	 .help = "A virtual device, as \"net_null0,size=64\"; a network device is a port of that "
		 "name."},
	{"allow", 'a', HP_OPT_LIST, HP_OPT_BOTH, AT(allow), .min = 1, .arg = "DEVARGS",
	 .section = "EAL", .check = hp_config_check_devargs,
	 .help = "A device of a bus, as \"0000:01:00.0\"; it is a port of that name."},
	{"base-virtaddr", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(base_virtaddr),
	 .max = 0x7fffffffffff, .def = "0", .arg = "ADDRESS", .section = "EAL",
	 .help = "Where the shared memory begins, in all members; 0: hugepod's choice."},
	{"iova-mode", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(iova_mode), .words = iova_names,
	 .def = "auto", .section = "EAL", .help = "Addresses that devices are given."},
	{"eal", 0, HP_OPT_LIST, HP_OPT_BOTH, AT(eal), .min = 1, .arg = "OPTION[=VALUE]",
	 .section = "EAL", .check = hp_config_check_eal,
	 .help = "Hand an option to EAL as it is: --eal log-level=lib.eal:debug."},

	{"total-num-mbufs", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(total_num_mbufs), .min = 64,
	 .max = 1 << 24, .def = "1535", .section = "Memory",
	 .help = "Packet buffers of each forwarding lcore. The default lets a group of two "
		 "virtual ports fit into 10 MiB."},
	{"mbuf-size", 0, HP_OPT_SIZE, HP_OPT_BOTH, AT(mbuf_size), .min = 384, .max = 65535,
	 .def = "2176", .section = "Memory",
	 .help = "Bytes of data in a packet buffer, 128 of headroom included."},
	{"mbuf-cache", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(mbuf_cache), .max = 512, .def = "256",
	 .section = "Memory", .help = "Packet buffers that an lcore keeps at hand."},

	{"port", 0, HP_OPT_LIST, HP_OPT_CLI, AT(port_args), .min = 1,
	 .arg = "NAME=DEVARGS[;KEY=VALUE...]", .section = "Ports",
	 .help = "A port; keys as in the file's \"ports\"."},
	{"rxq", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(rxq), .max = 64, .def = "0", .section = "Ports",
	 .help = "Receive queues of a port; 0: one a forwarding lcore, as far as it has them."},
	{"txq", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(txq), .max = 64, .def = "0", .section = "Ports",
	 .help = "Transmit queues of a port; 0: one a forwarding lcore, as far as it has them."},
	{"rxd", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(rxd), .max = 32768, .def = "0",
	 .section = "Ports", .help = "Descriptors of a receive queue; 0: the driver's choice."},
	{"txd", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(txd), .max = 32768, .def = "0",
	 .section = "Ports", .help = "Descriptors of a transmit queue; 0: the driver's choice."},

	{"client", 0, HP_OPT_LIST, HP_OPT_CLI, AT(client_args), .min = 1,
	 .arg = "NAME[:POLICY[:WINDOW]]", .section = "Forwarding",
	 .help = "A client that the patch table may name."},
	{"patch", 0, HP_OPT_LIST, HP_OPT_CLI, AT(patch_args), .min = 1,
	 .arg = "FROM>TO[,TO...][:SPREAD]", .section = "Forwarding",
	 .help = "Where packets go from a port or client: port:NAME, port:INDEX or a client's "
		 "name; SPREAD is hash, round-robin or broadcast."},
	{"workers", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(workers), .max = HP_WORKERS_MAX, .def = "0",
	 .section = "Forwarding",
	 .help = "Let hp-worker join: ports without a patch are the workers', in pairs 0 and 1, 2 and "
		 "3, an odd last one with itself. Each that a worker can poll by itself gets so many "
		 "queues, each with a pool of --total-num-mbufs; from the others, packets are spread "
		 "over the workers by flow."},
	{"primary-worker", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(primary_worker),
	 .section = "Forwarding",
	 .help = "With --workers: the primary takes a worker's share of queues and flows too, and "
		 "passes its packets on as they are."},
	{"forward-mode", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(forward_mode),
	 .words = hp_config_forward_modes, .def = "none", .section = "Forwarding",
	 .help = "Wire ports that have no patch to each other, 0 and 1, 2 and 3, an odd last one with "
		 "itself, through this packet function, as testpmd does; none: patches alone."},
	{"port-topology", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(port_topology),
	 .words = topologies, .def = "paired", .section = "Forwarding",
	 .help = "How --forward-mode wires ports: in pairs; chained, 0 to 1, 1 to 2, the last one to 0; or "
		 "loop, each with itself."},
	{"portmask", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(portmask), .min = 1, .arg = "MASK",
	 .section = "Forwarding", .check = hp_config_check_mask,
	 .help = "Ports that --forward-mode may wire, as a hexadecimal mask; default: all."},
	{"portlist", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(portlist), .min = 1, .arg = "LIST",
	 .section = "Forwarding", .check = hp_config_check_portlist,
	 .help = "The same as a list: \"0,2-3\"."},
	{"eth-peer", 0, HP_OPT_LIST, HP_OPT_BOTH, AT(eth_peers), .min = 1, .arg = "PORT,MAC",
	 .section = "Forwarding", .check = hp_config_check_peer,
	 .help = "Where --forward-mode mac sends what leaves by a port; default: "
		 "02:00:00:00:00 and the port's number."},
	{"tx-first", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(tx_first), .max = 1024, .def = "0", .bare = "1",
	 .arg = "[BURSTS]", .section = "Forwarding",
	 .help = "Send so many bursts, 1 without a number, of frames (--txpkts) out of each wired port "
		 "before the first start."},
	{"txpkts", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(txpkts), .min = 1, .def = "64",
	 .arg = "LENGTHS", .section = "Forwarding", .check = hp_config_check_txpkts,
	 .help = "Bytes of a frame that --tx-first, txonly and flowgen make, without its FCS; a list, as "
		 "\"64,128\", is added up: a frame is one buffer."},
	{"no-flush-rx", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(no_flush_rx), .def = "yes",
	 .section = "Forwarding",
	 .help = "Forward what ports have received before the start; no: drop it, as \"flushed\"."},
	{"nb-cores", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(nb_cores), .min = 1, .max = 64, .def = "1",
	 .section = "Forwarding", .help = "Forwarding lcores of the primary."},
	{"burst", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(burst), .min = 1, .max = 512, .def = "32",
	 .section = "Forwarding", .help = "Packets that are moved at a time; where there are more and room for them, up to "
		 "four bursts together."},
	{"window", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(window), .min = 32, .max = 32768, .def = "512",
	 .section = "Forwarding", .power_of_two = true,
	 .help = "Packets that a client may have in its hands."},
	{"policy", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(policy), .words = hp_policy_names,
	 .def = "drop", .section = "Forwarding",
	 .help = "What becomes of packets for a client that is not there: dropped, sent to the "
		 "client's next hop, or held until it comes back."},
	{"when-full", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(when_full), .words = hp_when_full_names,
	 .def = "auto", .section = "Forwarding",
	 .help = "What a port or client does with packets for which the next hop has no room: drop "
		 "them, wait until there is room, or auto: a port with one destination waits (a device "
		 "drops for nothing), everything else drops." },
	{"idle", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(idle), .words = hp_idle_names, .def = "sleep",
	 .section = "Forwarding", .help = "What a forwarding lcore does without traffic."},
	{"hop-limit", 0, HP_OPT_UINT, HP_OPT_BOTH, AT(hop_limit), .min = 1, .max = 255,
	 .def = "16", .section = "Forwarding",
	 .help = "Clients that a packet may visit; one more and it is dropped as a loop."},
	{"check-returns", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(check_returns), .def = "yes",
	 .section = "Forwarding",
	 .help = "Check each packet that a client hands back before it is used."},
	{"pdump", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(pdump), .def = "yes", .section = "Memory",
	 .help = "Let DPDK's own capture tools attach (rte_pdump_init); takes 4 MiB."},
	{"stuck-after", 0, HP_OPT_DURATION, HP_OPT_BOTH, AT(stuck_after_us), .min = 10000,
	 .max = 3600 * US_PER_S, .def = "1s", .section = "Forwarding",
	 .help = "A client whose loop stands still for so long counts as absent."},
	{"evict-stuck", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(evict_stuck), .section = "Forwarding",
	 .help = "Take a stuck member's slot and packets away as if it had died."},

	{"interactive", 'i', HP_OPT_FLAG, HP_OPT_BOTH, AT(interactive), .section = "Running",
	 .help = "Command line on the terminal; the group's socket has one in any case."},
	{"auto-start", 0, HP_OPT_FLAG, HP_OPT_BOTH, AT(auto_start), .def = "yes",
	 .section = "Running", .help = "Start forwarding at once; no: wait for the command start."},
	{"cmdline-file", 0, HP_OPT_STRING, HP_OPT_BOTH, AT(cmdline_file), .min = 1, .arg = "FILE",
	 .section = "Running", .help = "Run the commands of this file first."},
	{"stats-period", 0, HP_OPT_DURATION, HP_OPT_BOTH, AT(stats_period_us),
	 .max = 86400 * US_PER_S, .def = "0", .section = "Running",
	 .help = "Print statistics at this interval; 0: don't."},
	{"dry-run", 0, HP_OPT_FLAG, HP_OPT_CLI, AT(dry_run), .section = "Running",
	 .help = "Check everything, print the memory that it takes by pool, and end."},
	{"list-commands", 0, HP_OPT_FLAG, HP_OPT_CLI, AT(list_commands), .section = "Running",
	 .help = "Print the commands of the command line as markdown, and end."},
	{"log-format", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(log_format), .words = hp_log_format_words,
	 .def = "text", .section = "Running", .help = "Form of the log lines on stderr."},
	{"log-level", 0, HP_OPT_ENUM, HP_OPT_BOTH, AT(log_level), .words = hp_log_level_words,
	 .def = "notice", .section = "Running", .help = "Least important log line to write."},
	{NULL},
};
// clang-format on

static const struct hp_opt_set *const lists[] = {
	&hp_config_port_opts, &hp_config_client_opts, &hp_config_patch_opts, NULL};

const struct hp_opt_set hp_config_opts = {
	.program = "hp-primary",
	.summary = "owns a group's hugepages, pools and ports, lets members join, forwards packets",
	.usage = "[OPTIONS]",
	.details = "hp-primary starts DPDK as the one primary process of a group, and lets other "
		   "processes (members) join it from any container that shares its runtime "
		   "directory and its hugetlbfs mount. It polls ports and clients, and moves "
		   "packets as the patch table says.\n\n"
		   "All options but those that say so may stand in a YAML file as well, under "
		   "their name; lists of ports, clients and patches go by \"ports\", "
		   "\"clients\" and \"patches\".",
	.opts = opts,
	.lists = lists,
};

int hp_config_error(struct hp_config_reader *r, struct hp_conf_pos pos, const char *option,
	const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (pos.line != 0)
		return hp_err_set(r->err, HP_EXIT_CONFIG, EINVAL, "%s:%u:%u: %s", r->file, pos.line,
			pos.column, text);
	return hp_err_set(r->err, HP_EXIT_USAGE, EINVAL, "option '--%s': %s", option, text);
}

int hp_config_no_memory(struct hp_config_reader *r)
{
	return hp_err_set(r->err, HP_EXIT_OTHER, ENOMEM, "out of memory");
}

static int read_root(struct hp_config_reader *r)
{
	static const char *const list_keys[] = {"ports", "clients", "patches", NULL};
	struct hp_opt_set file_set = hp_config_opts;
	int ret;

	file_set.program = "the configuration";
	ret = hp_opts_parse_yaml(
		&file_set, r->conf, r->root, list_keys, r->file, &r->given, r->err);
	return ret < 0 ? ret : hp_config_read_lists(r);
}

// What is left to do once file and command line are read.
static int finish(struct hp_config_reader *r)
{
	int ret = hp_config_device_ports(r);

	return ret < 0 ? ret : hp_config_check(r);
}

static int read_file(struct hp_config_reader *r)
{
	struct hp_yaml_file *file = hp_yaml_load_path(r->conf->config_path, NULL, r->err);
	int ret;

	if (file == NULL) {
		if (r->err != NULL)
			r->err->exit_code = HP_EXIT_CONFIG;
		return -EINVAL;
	}
	r->root = hp_yaml_docs(file) > 0 ? hp_yaml_root(file, 0) : NULL;
	if (hp_yaml_docs(file) > 1) {
		const struct hp_yaml_node *second = hp_yaml_root(file, 1);
		struct hp_conf_pos pos = {1, 1};

		if (second != NULL)
			pos = (struct hp_conf_pos){second->line, second->column};
		ret = hp_config_error(r, pos, "config",
			"a second document, expected one document that describes one group");
	} else {
		ret = read_root(r);
	}
	if (ret == 0)
		ret = hp_config_args(r);
	if (ret == 0)
		ret = finish(r); // errors still name places of the file
	r->root = NULL;
	hp_yaml_free(file);
	return ret;
}

int hp_config_load(struct hp_config *conf, int argc, char **argv, FILE *out, struct hp_err *err)
{
	struct hp_config_reader r = {.conf = conf, .err = err};
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = hp_opts_defaults(&hp_config_opts, conf);
	if (ret < 0)
		return hp_config_no_memory(&r);
	ret = hp_opts_parse_argv(&hp_config_opts, conf, argc, argv, &r.given, NULL, out, err);
	if (ret == 0 && conf->config_path != NULL) {
		r.file = conf->config_path;
		ret = read_file(&r);
	} else if (ret == 0) {
		ret = hp_config_args(&r);
		if (ret == 0)
			ret = finish(&r);
	}
	if (ret != 0)
		hp_config_free(conf);
	return ret;
}

int hp_config_from_yaml(struct hp_config *conf, const struct hp_yaml_node *root, const char *file,
	struct hp_err *err)
{
	struct hp_config_reader r = {.conf = conf, .file = file, .root = root, .err = err};
	int ret;

	memset(conf, 0, sizeof(*conf));
	if (hp_opts_defaults(&hp_config_opts, conf) < 0)
		return hp_config_no_memory(&r);
	ret = read_root(&r);
	if (ret == 0)
		ret = finish(&r);
	if (ret < 0)
		hp_config_free(conf);
	return ret;
}

void hp_config_free(struct hp_config *conf)
{
	for (uint32_t i = 0; i < conf->n_ports; i++)
		hp_opts_free(&hp_config_port_opts, &conf->ports[i]);
	for (uint32_t i = 0; i < conf->n_clients; i++)
		hp_opts_free(&hp_config_client_opts, &conf->clients[i]);
	for (uint32_t i = 0; i < conf->n_patches; i++)
		hp_opts_free(&hp_config_patch_opts, &conf->patches[i]);
	free(conf->ports);
	free(conf->clients);
	free(conf->patches);
	hp_opts_free(&hp_config_opts, conf);
	memset(conf, 0, sizeof(*conf));
}
