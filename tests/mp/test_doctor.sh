# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# hugepod doctor: each test breaks one thing for real, in namespaces, and sees it named; what a
# namespace cannot break (CPUs, devices, NUMA) is broken in a folder that --root names.

# doctor OPTIONS...: as the group's user or DOCTOR_UID, without a capability; as root for 0.
doctor() {
	local uid=${DOCTOR_UID:-$UID_OF_GROUP}
	if [ "$uid" = 0 ]; then
		"${BEFORE[@]}" "$HUGEPOD" doctor --file-prefix "$P" "$@"
		return
	fi
	setpriv --reuid="$uid" --regid="$uid" --clear-groups --bounding-set=-all --inh-caps=-all \
		"${BEFORE[@]}" "$HUGEPOD" doctor --file-prefix "$P" "$@"
}
BEFORE=() # a command in front of doctor, which has to run it

# sees STATE CHECK REGEX OPTIONS...: that line is there, what to do stands below it, and the exit code
# tells of failures.
sees() {
	local state=$1 check=$2 regex=$3 rc=0
	shift 3
	doctor "$@" >"$T/said" 2>&1 || rc=$?
	grep -A 1 -E "^  $state +$check +.*($regex)" "$T/said" >"$T/line" ||
		fail "no '$state $check ... $regex' in: $(cat "$T/said")"
	case $state in
	failure) assert_equal "$rc" 1 'exit code' ;;
	esac
	case $state in
	failure | warning) assert_file_holds "$T/line" '^ +to do: .+' ;;
	esac
}

here() { sees "$1" "$2" "$3" --huge-dir "$T/huge" --role primary "${@:4}"; }
as_member() { sees "$1" "$2" "$3" --huge-dir "$T/huge" --role secondary "${@:4}"; }

# A hugetlbfs of our own with other options.
mount_huge() {
	mkdir -p "$T/other"
	mount -t hugetlbfs -o "$1" none "$T/other"
}

# A file of the group's EAL directory, as its user.
run_dir=
make_run_dir() {
	run_dir=$T/run/dpdk/$P
	(umask 077 && mkdir -p "$run_dir")
	chown -R "$UID_OF_GROUP:$UID_OF_GROUP" "$T/run/dpdk"
}

# with_root FILE TEXT...: a folder that plays a machine.
with_root() {
	while [ $# -gt 0 ]; do
		mkdir -p "$T/root/$(dirname "$1")"
		printf '%s' "$2" >"$T/root/$1"
		shift 2
	done
	chmod -R a+rX "$T/root"
}
there() { sees "$1" "$2" "$3" --root "$T/root" --huge-dir /huge --role primary "${@:4}"; }

primary_of_dpdk() {
	spawn -k stock dpdk-testpmd --no-pci --file-prefix "$P" --huge-dir "$T/huge" -m 64 \
		--vdev net_null0 --lcores '(0-1)@0' -- --stats-period 1 --no-mlockall \
		--total-num-mbufs 2048
	wait_until 20 grep -q 'Press enter\|Port statistics' "$T/out/stock.out"
}

# ------------------------------------------------------------------------------------- all is well

# test
a_good_machine_has_no_failure_and_exit_code_0() {
	local rc=0
	doctor --huge-dir "$T/huge" --memory 16M >"$T/said" || rc=$?
	assert_equal "$rc" 0 'exit code'
	grep -E '^  failure' "$T/said" && fail 'there are failures'
	assert_file_holds "$T/said" ', 0 failures,'
	doctor --huge-dir "$T/huge" --memory 16M --json >"$T/json"
	assert_equal "$(jq -r '.checks | length >= 25' "$T/json")" true 'at least 25 checks'
	assert_equal "$(jq -r .failure "$T/json")" 0 'failures in JSON'
}

# test
doctor_answers_within_50_ms_even_with_1000_map_files() {
	local began took i
	for i in {1..1000}; do : >"$T/huge/${P}map_$i"; done
	chown "$UID_OF_GROUP" "$T"/huge/*
	for i in 1 2 3; do
		began=$EPOCHREALTIME
		"$HUGEPOD" doctor --file-prefix "$P" --huge-dir "$T/huge" >"$T/said" || true
		took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
		[ "$took" -ge 50 ] || break
	done
	assert_file_holds "$T/said" "1000 files ${P}map_"
	[ "$took" -lt 50 ] || fail "it took $took ms"
	forgive_files
}

# test
a_wrong_option_ends_with_64_and_a_wrong_configuration_with_78() {
	local rc=0
	doctor --no-such-option 2>"$T/said" || rc=$?
	assert_equal "$rc" 64 'exit code'
	rc=0
	printf 'total-num-mbufs: many\n' >"$T/bad.yaml"
	doctor --config "$T/bad.yaml" 2>"$T/said" || rc=$?
	assert_equal "$rc" 78 'exit code'
	assert_file_holds "$T/said" 'bad.yaml:1:'
}

# test
what_a_configuration_asks_for_is_checked() {
	printf 'file-prefix: %s\nhuge-dir: %s\ntotal-num-mbufs: 2000000\n' "$P" "$T/huge" >"$T/g.yaml"
	sees failure huge-dir-size "asked for are .* GiB|asked for are .* MiB" --config "$T/g.yaml"
}

# ---------------------------------------------------------------------------------------- huge-dir

# test
no_hugetlbfs_mount_is_named() {
	umount "$T/huge"
	sees failure hugetlbfs-mounted 'of 0 hugetlbfs mounts none can be used' --role primary
	mount -t hugetlbfs none "$T/huge"
}

# test
a_folder_that_is_no_hugetlbfs_is_named() {
	mkdir "$T/plain"
	sees failure hugetlbfs-mounted 'is not a hugetlbfs' --huge-dir "$T/plain"
	sees failure hugetlbfs-mounted 'No such file or directory' --huge-dir "$T/nowhere"
}

# test
another_page_size_is_named() {
	here failure huge-dir-page-size 'has pages of 2 MiB, asked for were 1 GiB' --page-size 1G
}

# test
a_huge_dir_of_another_user_is_named() {
	chown 0:0 "$T/huge"
	here failure huge-dir-access "uid $UID_OF_GROUP .* may not write to .*owner 0:0, mode 0700"
}

# test
a_read_only_mount_is_named() {
	mount -o remount,ro,bind "$T/huge"
	here failure huge-dir-read-only 'mounted read-only'
	mount -o remount,rw,bind "$T/huge"
}

# test
a_mount_that_is_too_small_is_named() {
	mount_huge "pagesize=2M,size=8M,uid=$UID_OF_GROUP"
	sees failure huge-dir-size "asked for are 64 MiB, the mount's size= is 8 MiB, 8 MiB" \
		--huge-dir "$T/other" --role primary --memory 64M
	umount "$T/other"
}

# test
the_holder_of_the_lock_on_the_huge_dir_is_named() {
	setpriv --reuid="$UID_OF_GROUP" --clear-groups flock "$T/huge" sleep 60 &
	local holder=$!
	wait_until 5 pgrep -P "$holder" sleep
	here warning huge-dir-lock 'process [0-9]+ \((flock|sleep)\) holds the lock'
	pkill -P "$holder" sleep
	wait "$holder" || true
}

# test
memory_of_the_dead_is_named_with_what_it_pins() {
	primary_of_dpdk
	signal stock KILL
	assert_exit_code stock 137
	here warning stale-maps "files ${P}map_\\* and 0 of other prefixes belong to no living process and pin [0-9]+ MiB"
	DOCTOR_UID=10002
	chmod 0777 "$T/huge"
	here warning stale-maps 'belong to another user'
	chmod 0700 "$T/huge"
	forgive_files
}

# test
the_living_who_hold_the_memory_of_a_dead_primary_are_named() {
	: >"$T/huge/${P}map_0"
	chown "$UID_OF_GROUP" "$T/huge/${P}map_0"
	setpriv --reuid="$UID_OF_GROUP" --clear-groups flock -s "$T/huge/${P}map_0" sleep 60 &
	local holder=$!
	wait_until 5 pgrep -P "$holder" sleep
	here failure map-holders 'no primary lives, but .* held by process [0-9]+'
	pkill -P "$holder" sleep
	wait "$holder" || true
	forgive_files
}

# ------------------------------------------------------------------------------------------ memory

# test
a_cgroup_limit_that_is_too_small_is_named_with_the_numbers() {
	with_hugetlb_limit $((10 << 20))
	BEFORE=(bash -c 'exec "$@"' limited)
	(
		echo "$BASHPID" >"$CGROUP/cgroup.procs"
		here failure cgroup-hugetlb \
			'asked for are 64 MiB of hugepages, the cgroup.s limit is 10 MiB .*hugetlb.2MB.*, used of it are 0 bytes, free on the node are' \
			--memory 64M
		here ok cgroup-hugetlb 'limit is 10 MiB, used of it are 0 bytes, asked for are 8 MiB' \
			--memory 8M
	)
}

# test
more_pages_than_the_node_has_free_are_named() {
	here failure hugepages-free 'asked for are 1 TiB, that is 524288 pages of 2 MiB, free on the node are' \
		--memory 1024G
}

# test
a_node_without_pages_is_named() {
	local huge=sys/kernel/mm/hugepages/hugepages-2048kB
	with_root $huge/nr_hugepages 0 $huge/free_hugepages 0
	there failure hugepages-reserved 'the node has reserved no page of 2 MiB'
	there failure hugepages-reserved 'this kernel has no hugepages of 1 GiB' --page-size 1G
	with_root $huge/nr_hugepages 8 $huge/free_hugepages 8 $huge/nr_overcommit_hugepages 5
	there warning hugepages-surplus 'may lend 5 pages'
}

# test
pages_on_the_wrong_numa_node_are_named() {
	local huge=sys/kernel/mm/hugepages/hugepages-2048kB numa=sys/devices/system/node
	with_root $huge/nr_hugepages 8 $huge/free_hugepages 8 \
		$numa/node0/cpulist 0-1023 $numa/node1/cpulist '' \
		$numa/node0/hugepages/hugepages-2048kB/free_hugepages 0 \
		$numa/node1/hugepages/hugepages-2048kB/free_hugepages 8
	there warning hugepages-numa 'have 0 free pages, asked for are 4' --memory 8M
}

# test
limits_of_memory_cpu_and_hidden_pods_are_named() {
	local mount='30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw
'
	with_root proc/self/cgroup $'0::/\n' proc/self/mountinfo "$mount" \
		sys/fs/cgroup/cgroup.type domain \
		sys/fs/cgroup/memory.max 67108864 sys/fs/cgroup/memory.current 62914560 \
		sys/fs/cgroup/cpu.max '50000 100000' sys/fs/cgroup/hugetlb.2MB.max max \
		sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages 8
	there warning memory-limit 'the memory limit is 64 MiB, about 4 MiB'
	there warning cpu-quota 'the CPU quota is 500m'
	there warning cgroup-above "no hugepage limit of its own, and its pod's cannot be seen"
}

# test
too_few_descriptors_are_named() {
	BEFORE=(prlimit --nofile=128:128)
	here warning open-files '128 descriptors .*: 192' --memory 256M
}

# ------------------------------------------------------------------------------- runtime directory

# test
a_runtime_directory_that_cannot_be_made_is_named() {
	chown 0:0 "$T/run"
	here failure runtime-dir "does not exist, and uid $UID_OF_GROUP may not make it in .* \\(owner 0, mode 0755\\)"
	: >"$T/file"
	here failure runtime-dir 'is not a directory|may not make it' --runtime-dir "$T/file"
}

# test
a_read_only_runtime_directory_is_named() {
	make_run_dir
	mount --bind "$T/run" "$T/run"
	mount -o remount,ro,bind "$T/run"
	here failure runtime-dir 'read-only file system'
	umount "$T/run"
}

# test
a_runtime_directory_of_another_user_is_named() {
	make_run_dir
	chown -R 10002 "$T/run/dpdk"
	chmod 0711 "$T/run/dpdk"
	here failure runtime-dir-owner "belongs to uid 10002, this process is uid $UID_OF_GROUP"
}

# test
a_runtime_directory_that_is_not_shared_is_named_in_a_container() {
	make_run_dir
	mkdir -p "$T/root/run/dpdk/$P" "$T/root/run"
	: >"$T/root/run/.containerenv"
	chmod -R 0755 "$T/root"
	there warning runtime-dir-shared 'no other container sees it' --runtime-dir /run
}

# test
a_full_runtime_directory_is_named() {
	mount -t tmpfs -o "size=1M,uid=$UID_OF_GROUP" none "$T/run"
	here warning runtime-dir-space '1 MiB free'
	umount "$T/run"
}

# test
a_missing_runtime_directory_variable_is_named() {
	unset RUNTIME_DIRECTORY
	here warning runtime-env 'RUNTIME_DIRECTORY is not set.*: /tmp/dpdk/'
}

# test
a_path_too_long_for_a_socket_is_named() {
	local long
	printf -v long '%090d' 0
	here failure socket-path 'bytes, a socket.s address holds 107' --runtime-dir "/tmp/$long"
}

# ------------------------------------------------------------------------------------------- group

# test
a_primary_that_lives_is_seen_by_both_roles() {
	as_member warning primary 'no primary lives in this runtime directory'
	primary_of_dpdk
	here failure primary 'a primary of this prefix lives: process [0-9]+'
	as_member ok primary 'the primary lives: process [0-9]+ \(no join socket'
	as_member ok same-huge-dir "the primary's too is $T/huge"
	as_member ok dpdk-version 'in the primary and here'
	mount_huge "pagesize=2M,uid=$UID_OF_GROUP"
	sees failure same-huge-dir "the primary's huge-dir is $T/huge, here it is $T/other" \
		--role secondary --huge-dir "$T/other"
	mount --bind "$T/other" "$T/huge"
	as_member failure same-huge-dir 'but none of its files are in it'
	umount "$T/huge"
	umount "$T/other"
	signal stock KILL
	assert_exit_code stock 137
	as_member warning primary "only a dead one's files are there"
	forgive_files
}

# test
the_own_folder_of_a_group_in_the_huge_dir_is_looked_at() {
	start_primary -- --vdev net_null0
	as_member ok same-huge-dir "the primary's too is $T/huge/$P"
	as_member ok map-holders 'MiB in use by'
	as_member ok primary 'the primary lives: .*[^)]$'
	signal primary KILL
	assert_exit_code primary 137
	here warning stale-maps "files ${P}map_\\* and 0 of other prefixes belong to no living process and pin 10 MiB"
	chmod 0555 "$T/huge" # the folder is there already: nothing has to be made in the mount
	here ok huge-dir-access 'may write'
	forgive_files
}

# test
another_version_of_dpdk_is_named() {
	make_run_dir
	printf '\xee\x6f\x2e\x01\x63\x05\x0b\x18' >"$run_dir/config" # the magic, 24.11.5
	chown "$UID_OF_GROUP" "$run_dir/config"
	as_member failure dpdk-version 'the primary has DPDK 24.11.5, this build [0-9.]+'
	forgive_files
}

# test
the_files_of_a_member_that_is_pid_1_are_named() {
	make_run_dir
	: >"$run_dir/fbarray_memseg-2048k-0-0_1"
	chown "$UID_OF_GROUP" "$run_dir/fbarray_memseg-2048k-0-0_1"
	flock -s "$run_dir/fbarray_memseg-2048k-0-0_1" sleep 60 &
	local holder=$!
	wait_until 5 pgrep -P "$holder" sleep
	# since 24.11.5 EAL's own names are unique
	case $(pkg-config --modversion libdpdk) in
	2[0-3].* | 24.0[0-9].* | 24.11.[0-4]) as_member warning pid-collision 'PID 1' ;;
	*) as_member ok pid-collision 'do not clash' ;;
	esac
	pkill -P "$holder" sleep
	wait "$holder" || true
	forgive_files
}

# ----------------------------------------------------------------------------------- CPU and kernel

# test
lcores_outside_of_the_cpuset_are_named() {
	BEFORE=(taskset -c 0)
	here failure cpuset "lcores '0,1' need CPUs 1, which are not of this process's: 0" -l 0,1
	here failure cpuset "none of EAL's" -l '0,('
	printf 'nb-cores: 4\nidle: poll\n' >"$T/g.yaml"
	here warning lcores-share '4 lcores poll on 1 CPUs' --config "$T/g.yaml"
}

# test
a_cpu_that_lacks_instructions_is_named() {
	with_root proc/cpuinfo $'processor\t: 0\nflags\t\t: fpu sse sse2 pni ssse3 cx16 lahf_lm popcnt sse4_1\n'
	there failure cpu-flags 'lacks sse4_2'
}

# test
a_profile_that_forbids_mempolicy_is_named() {
	# A seccomp filter that answers EPERM to get_mempolicy, as containerd's default profile does.
	BEFORE=(/usr/bin/python3 -c '
import ctypes, os, struct, sys
code = [(0x20, 0, 0, 0), (0x15, 0, 1, 239), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
filt = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
prog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(filt)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, prog, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])')
	[ "$(uname -m)" = x86_64 ] || skip 'the number of get_mempolicy is for x86-64'
	here warning mempolicy 'get_mempolicy: Operation not permitted'
}

# test
an_old_kernel_is_named() {
	with_root proc/sys/kernel/osrelease 3.10.0-1160.el7
	there warning kernel 'Linux 3.10.0-1160.el7, DPDK 22.11 wants 4.14'
}

# test
a_base_address_that_is_taken_is_named() {
	with_root proc/self/maps $'7f0000000000-7f0000100000 r-xp 00000000 00:00 0 \n'
	printf 'base-virtaddr: 0x7f0000000000\n' >"$T/g.yaml"
	there warning base-virtaddr 'mapped at the base address 0x7f0000000000' --config "$T/g.yaml"
}

# test
a_user_namespace_is_named() {
	BEFORE=(unshare --user --map-root-user)
	DOCTOR_UID=0 here warning user-namespace 'this is a user namespace'
}

# ----------------------------------------------------------------------------------------- devices

# A NIC on NUMA node 1, in IOMMU group 7, bound to the driver $1.
with_nic() {
	local dev=$T/root/sys/bus/pci/devices/0000:01:00.0
	with_root sys/bus/pci/devices/0000:01:00.0/numa_node 1 \
		sys/devices/system/node/node0/cpulist 0-1023
	mkdir -p "$T/root/sys/kernel/iommu_groups/7" "$T/root/dev/vfio"
	ln -sfn "../../drivers/$1" "$dev/driver"
	ln -sfn ../../../kernel/iommu_groups/7 "$dev/iommu_group"
	chmod -R a+rX "$T/root"
}

# test
devices_that_are_missing_or_of_the_kernel_are_named() {
	with_nic ixgbe
	there failure pci-device 'there is no PCI device 0000:02:00.0' -a 02:00.0
	there failure pci-device '0000:01:00.0 is bound to ixgbe' -a 01:00.0
	BEFORE=(prlimit --memlock=65536:65536)
	there failure memlock '64 KiB may be locked' -a 01:00.0 --memory 64M
	BEFORE=()
	with_nic vfio-pci
	there ok pci-device '1 devices' -a 01:00.0
	there warning device-numa '0000:01:00.0 is on NUMA node 1' -a 01:00.0
}

# test
a_node_without_vfio_or_iommu_is_named() {
	with_nic vfio-pci
	there failure vfio '/dev/vfio/vfio does not exist' -a 01:00.0
	: >"$T/root/dev/vfio/vfio"
	chmod 0600 "$T/root/dev/vfio/vfio"
	there failure vfio 'may not be opened by this user' -a 01:00.0
	chmod 0666 "$T/root/dev/vfio/vfio"
	there failure vfio '/dev/vfio/7 of 0000:01:00.0' -a 01:00.0
	rmdir "$T/root/sys/kernel/iommu_groups/7"
	there failure iommu 'no IOMMU group' -a 01:00.0
	with_root sys/module/vfio/parameters/enable_unsafe_noiommu_mode Y
	there warning iommu 'unsafe' -a 01:00.0
}

# test
physical_addresses_without_the_capability_are_named() {
	printf 'iova-mode: pa\n' >"$T/g.yaml"
	here failure iova-mode 'need the capability SYS_ADMIN' --config "$T/g.yaml"
}

# ------------------------------------------------------------------------------------------- table

# test
every_check_of_the_table_is_broken_by_a_test_here() {
	local check missing=()
	for check in $("$HUGEPOD" doctor --list | awk -F'`' '/^\| `/ { print $2 }'); do
		grep -qE "(failure|warning) $check " "$ROOT/tests/mp/test_doctor.sh" ||
			missing+=("$check")
	done
	[ ${#missing[@]} = 0 ] || fail "nothing breaks: ${missing[*]}"
}
