# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash disable=SC2034
#
# The vocabulary of the tests with containers. tests/pods/run sources it and a topic's file, and calls
# one test function. $T is the test's directory, ROOT the repository.

READY_SECONDS=${READY_SECONDS:-10} # within which a topology is up, and is up again
POD_ROUNDS=${POD_ROUNDS:-$([ "${CI:-}" = true ] && echo 2 || echo 50)}
GIGANTIC_BEFORE= # pages of 1 GiB, where a test has asked for more
SHM_GROUP_BEFORE= # vm.hugetlb_shm_group, where a test has set another
PLAYED=() # what take_down takes down
readonly LIMIT=$((10 << 20)) # hugepages of a primary, in every topology

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	local i
	for ((i = 1; i < ${#FUNCNAME[@]} - 1; i++)); do
		printf '  at %s:%d in %s\n' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i - 1]}" "${FUNCNAME[i]}" >&2
	done
	local what
	for what in "${PLAYED[@]}"; do scripts/play --logs "$what" 2>&1 | tail -n 20 >&2; done
	exit 1
}
skip() {
	printf '%s\n' "$*" >"$T/skipped"
	exit 77
}
# The machine has not what it takes, and few have: said loudly, also with CI=true, but no failure.
unproven() {
	printf '%s\n' "$*" >"$T/skipped"
	exit 79
}
assert_equal() { [ "$1" = "$2" ] || fail "${3:-values}: got '$1', expected '$2'"; }
holds_within() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}
wait_until() { holds_within "$@" || fail "not within $1 s: ${*:2}"; }

# ---------------------------------------------------------------------------------------- playing

# play [OPTIONS] WHAT: ready when it returns
play() {
	PLAYED+=("${!#}")
	scripts/play --timeout "$READY_SECONDS" "$@" || fail "scripts/play $*"
}
play_unready() { PLAYED+=("$1"); scripts/play --no-wait "$1" || fail "scripts/play --no-wait $1"; }
ready_again() { scripts/play --ready --timeout "$READY_SECONDS" "$1" || fail "$1 is not ready again"; }
take_down() {
	local what
	for what in "${PLAYED[@]}"; do scripts/play --down "$what"; done
	PLAYED=()
	[ -z "$GIGANTIC_BEFORE" ] ||
		echo "$GIGANTIC_BEFORE" >/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages
	[ -z "$SHM_GROUP_BEFORE" ] || echo "$SHM_GROUP_BEFORE" >/proc/sys/vm/hugetlb_shm_group
	[ ! -e /var/lib/hugepod/chain ] || k8s/pod-per-container/node-setup --undo
}

# A manifest of our own: edit TOPOLOGY NAME PYTHON: the rendered documents, changed by statements that
# know `pods` (name of the Deployment or DaemonSet -> pod's spec), `c` (name -> container of the first)
# and `docs`; the way to the file is printed.
edit() {
	render "$1" | python3 -c '
import sys, yaml
docs = list(yaml.safe_load_all(sys.stdin))
pods = {d["metadata"]["name"]: d["spec"]["template"]["spec"] for d in docs if "template" in d.get("spec", {})}
spec = next(iter(pods.values()))
c = {x["name"]: x for x in spec["containers"]}
def mount(container, volume):
    return next(m for m in c[container]["volumeMounts"] if m["name"] == volume)
def volume(name):
    return next(v for v in spec["volumes"] if v["name"] == name)
exec(sys.argv[1])
print(yaml.safe_dump_all(docs))
' "$3" >"$T/$2.yaml"
	printf '%s\n' "$T/$2.yaml"
}
render() { scripts/render "k8s/$1"; }

# ------------------------------------------------------------------------------------ looking inside

hugepod_in() { podman exec "$1" hugepod "${@:2}"; } # CONTAINER COMMAND...
# ctl_in CONTAINER PREFIX JQ-FILTER COMMAND...
ctl_in() { hugepod_in "$1" ctl --file-prefix "$2" --json "${@:4}" | jq -r "$3"; }
pid_of() { podman inspect -f '{{.State.Pid}}' "$1"; } # of its PID 1, on the host
worker_of() { pgrep -P "$(pid_of "$1")" | head -n 1; } # the child that PID 1 is the parent of
status_of() { awk -v k="$2:" '$1 == k { print $2 }' "/proc/$(pid_of "$1")/status"; }
sent_by() { ctl_in "$1" "$2" '[.ports[] | select(.name == "out") | .tx_packets] | add' show ports; }

assert_traffic_flows() { # CONTAINER-OF-THE-PRIMARY PREFIX
	local before
	before=$(sent_by "$1" "$2")
	wait_until "$READY_SECONDS" more_sent_than "$before" "$1" "$2"
}
more_sent_than() { [ "$(sent_by "$2" "$3")" -gt "$1" ]; }

# limit_of CONTAINER FILE: what its cgroup says of 2M pages, for instance "max", "current"
limit_of() {
	local id dir
	id=$(podman inspect -f '{{.Id}}' "$1")
	dir=$(cat /run/hugepod-play/*/cgroups/"$id")
	cat "$dir/hugetlb.2MB.$2"
}
assert_limit() { # CONTAINER BYTES
	assert_equal "$(limit_of "$1" max)" "$2" "$1: hugetlb.2MB.max"
	assert_equal "$(limit_of "$1" rsvd.max)" "$2" "$1: hugetlb.2MB.rsvd.max"
	[ "$(limit_of "$1" current)" -le "$2" ] || fail "$1 has more hugepages than $2 bytes"
}

assert_restricted() { # CONTAINER
	assert_equal "$(status_of "$1" Uid)" "${2:-10001}" "$1: uid"
	assert_equal "$(status_of "$1" CapEff)" 0000000000000000 "$1: effective capabilities"
	assert_equal "$(status_of "$1" CapBnd)" 0000000000000000 "$1: bounding set"
	assert_equal "$(status_of "$1" NoNewPrivs)" 1 "$1: no new privileges"
	assert_equal "$(status_of "$1" Seccomp)" 2 "$1: seccomp mode"
	awk '$5 == "/" { print $6 }' "/proc/$(pid_of "$1")/mountinfo" | grep -q '^ro' ||
		fail "$1: the root file system is writable"
}

assert_nothing_left() {
	local left=()
	[ -z "$(podman pod ps -q --filter "name=$NAMES")" ] || left+=("pods: $(podman pod ps --format '{{.Name}}')")
	[ -z "$(podman ps -aq --filter "name=$NAMES")" ] || left+=("containers: $(podman ps -a --format '{{.Names}}')")
	[ ! -e /run/hugepod-play ] || left+=(/run/hugepod-play/*)
	[ ! -d /sys/fs/cgroup/unified/hugepod-play ] || left+=(/sys/fs/cgroup/unified/hugepod-play/*)
	while read -r mount; do left+=("mount $mount"); done < <(
		awk '/hugepod-play|\/hugepod\/chain/ { print $2 }' /proc/mounts)
	[ ${#left[@]} = 0 ] || fail "left behind: ${left[*]}"
}
NAMES='^(one-container|two-containers|chain-|left-|right-|consume)' # pods that are ours

# A profile like containerd's default: podman's own, but the memory policy calls are refused.
profile_without_mempolicy() {
	jq '["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"] as $calls
		| .syscalls |= (map(.names -= $calls) | map(select(.names != [])))
		| .syscalls += [{names: $calls, action: "SCMP_ACT_ERRNO", errnoRet: 1}]' \
		/usr/share/containers/seccomp.json >"$T/seccomp.json"
	printf '%s\n' "$T/seccomp.json"
}
