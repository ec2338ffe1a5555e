# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Each topology of k8s/: up, restricted, forwarding, within its limits; killed, up again; gone.

# test
one_container_is_up_and_forwards_under_the_restricted_profile() {
	play one-container
	assert_restricted one-container-0-primary
	assert_limit one-container-0-primary "$LIMIT"
	assert_traffic_flows one-container-0-primary one
}

# test
two_containers_share_the_hugepages_that_only_one_pays_for() {
	play two-containers
	assert_restricted two-containers-0-primary
	assert_restricted two-containers-0-client
	assert_limit two-containers-0-primary "$LIMIT"
	assert_limit two-containers-0-client 0
	assert_traffic_flows two-containers-0-primary two
	assert_equal "$(ctl_in two-containers-0-client two '.members[0].name' show members)" fw \
		'the member that ctl in the other container sees'
	podman exec two-containers-0-client hp-capture --file-prefix two -i port:in -c 100 -P -w - \
		2>/dev/null | tcpdump -nr - 2>/dev/null >"$T/packets"
	assert_equal "$(wc -l <"$T/packets")" 100 'packets that a capture in the other container writes'
}

# test
two_containers_run_where_seccomp_forbids_memory_policy() {
	play --seccomp "$(profile_without_mempolicy)" two-containers
	# the profile is the one that counts: a program that insists on memory policy is refused there
	assert_equal "$(status_of two-containers-0-primary Seccomp)" 2 'seccomp mode'
	assert_traffic_flows two-containers-0-primary two
}

# test
a_pod_for_each_container_shares_one_directory_of_the_node() {
	k8s/pod-per-container/node-setup
	play pod-per-container
	local pod
	for pod in chain-primary-0-primary chain-fw-0-client chain-mon-0-client; do
		assert_restricted "$pod" 10011
	done
	assert_limit chain-primary-0-primary "$LIMIT"
	assert_limit chain-fw-0-client 0
	assert_limit chain-mon-0-client 0
	assert_traffic_flows chain-primary-0-primary chain
	assert_equal "$(ctl_in chain-mon-0-client chain '[.members[].pid] | unique | length' show members)" 2 \
		'PIDs of two members, each PID 1 of its container'
	scripts/play --down pod-per-container
	assert_equal "$(find /var/lib/hugepod/chain/hugepages /run/hugepod/chain -mindepth 1 ! -type d | wc -l)" 0 \
		'files left on the node'
}

# test
two_secondaries_in_one_pod_do_not_collide() {
	play "$(edit two-containers second '
second = yaml.safe_load(yaml.safe_dump(c["client"]).replace("=fw", "=mon"))
second["name"] = "second"
spec["containers"].append(second)
group = next(d for d in docs if d["kind"] == "ConfigMap")["data"]
group["group.yaml"] = group["group.yaml"].replace("clients:", "clients:\n  - {name: mon, policy: hold}") \
    .replace("{from: fw, to: \"port:out\"}", "{from: fw, to: mon}\n  - {from: mon, to: \"port:out\"}")')"
	assert_equal "$(ctl_in two-containers-0-primary two '[.members[] | select(.state == "ready")] | length' \
		show members)" 2 'members that are ready'
	assert_traffic_flows two-containers-0-primary two
	assert_limit two-containers-0-second 0
}

# test
members_that_start_before_their_primary_wait_for_it() {
	play_unready "$(edit two-containers late 'spec["containers"].reverse()')"
	ready_again "$T/late.yaml"
	assert_traffic_flows two-containers-0-primary two
}

# kill_and_wait TOPOLOGY PREFIX PRIMARY CONTAINER...: the processes at once, then PID 1 of each
kill_and_wait() {
	local topology=$1 prefix=$2 primary=$3 container before=() generation
	shift 3
	generation=$(ctl_in "$primary" "$prefix" .group.generation show group)
	for container in "$@"; do before+=("$(worker_of "$container")"); done
	# one that has left meanwhile, evicted on a busy machine, is started again as well
	kill -KILL "${before[@]}" || true
	for container in "$@"; do wait_until "$READY_SECONDS" has_another_worker "$container" "${before[*]}"; done
	ready_again "$topology"
	if [[ " $* " == *" $primary "* ]]; then
		[ "$(ctl_in "$primary" "$prefix" .group.generation show group)" != "$generation" ] ||
			fail 'the primary was killed and has the same generation'
	fi
	assert_limit "$primary" "$LIMIT"
	assert_traffic_flows "$primary" "$prefix"
}
has_another_worker() {
	local worker
	worker=$(worker_of "$1")
	[ -n "$worker" ] && [[ " $2 " != *" $worker "* ]]
}

# test 2700
killed_processes_of_two_containers_are_up_again_within_their_limits() {
	play two-containers
	local p=two-containers-0-primary c=two-containers-0-client
	for ((round = 1; round <= POD_ROUNDS; round++)); do
		kill_and_wait two-containers two "$p" "$p"
		kill_and_wait two-containers two "$p" "$c"
		kill_and_wait two-containers two "$p" "$p" "$c"
		assert_limit "$c" 0
	done
}

# test 2700
killed_processes_of_three_pods_are_up_again_within_their_limits() {
	k8s/pod-per-container/node-setup
	play pod-per-container
	local p=chain-primary-0-primary fw=chain-fw-0-client mon=chain-mon-0-client
	for ((round = 1; round <= POD_ROUNDS; round++)); do
		kill_and_wait pod-per-container chain "$p" "$p"
		kill_and_wait pod-per-container chain "$p" "$fw"
		kill_and_wait pod-per-container chain "$p" "$p" "$fw" "$mon"
	done
}

# test 2700
killed_processes_of_one_container_are_up_again() {
	play one-container
	for ((round = 1; round <= POD_ROUNDS; round++)); do
		kill_and_wait one-container one one-container-0-primary one-container-0-primary
	done
}

# test 300
containers_whose_pid_1_is_killed_are_started_again_within_their_limits() {
	play two-containers
	local p=two-containers-0-primary c=two-containers-0-client which pid
	for which in "$p" "$c" "$p $c"; do
		local pids=()
		for pid in $which; do pids+=("$(pid_of "$pid")"); done
		kill -KILL "${pids[@]}"
		for pid in $which; do wait_until "$READY_SECONDS" has_another_pid "$pid" "${pids[*]}"; done
		ready_again two-containers
		assert_limit "$p" "$LIMIT"
		assert_limit "$c" 0
		assert_traffic_flows "$p" two
	done
}
has_another_pid() {
	local pid
	pid=$(pid_of "$1")
	[ "$pid" != 0 ] && [[ " $2 " != *" $pid "* ]]
}
