# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash disable=SC2034
#
# What a container runtime does for a group, in bash: hugetlbfs, runtime directory, namespaces, users,
# limits; and the group's programs in them. For scripts/demo and tests/mp. Sourced; the caller has set
# T (a directory), CGROUP_NAME, ROOT (the repository) and BUILD, and has functions fail (say why, end)
# and skip (this machine cannot).

# wait_until SECONDS COMMAND...: until the command succeeds; fails after SECONDS.
wait_until() {
	holds_within "$@" || fail "not within $1 s: ${*:2}"
}

holds_within() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
		sleep 0.02
	done
}

# ------------------------------------------------------------------------------------- environment

P=mp # --file-prefix; may be fixed, because the runtime directory is our own
UID_OF_GROUP=10001 # primary and members: no root, no capability
declare -A OUTER=() INNER=() # name -> PID of the shell that waits for it, PID of the program
CGROUP= # where spawn puts processes, see with_hugetlb_limit

# Own hugetlbfs, own runtime directory. Only our mount namespace sees the mounts; they go with us.
# The repository is mounted below $T, because the group's user may not enter where it is (/root).
prepare() {
	mkdir -p "$T/run" "$T/huge" "$T/out" "$T/repo" "$T/build"
	mount --rbind "$ROOT" "$T/repo" # with what scripts/test-dpdk mounts in it
	mount --bind "$BUILD" "$T/build"
	ORIGIN=$ROOT
	ROOT=$T/repo
	IDLE_PORT="in=net_pcap0,rx_pcap=$ROOT/tests/data/small.pcap" # silent after 100 frames: takes no CPU
	BUILD=$T/build
	HP_PRIMARY=$BUILD/apps/primary/hp-primary
	HP_CLIENT=$BUILD/apps/client/hp-client
	HP_WORKER=$BUILD/apps/worker/hp-worker
	HP_MESSAGE=$BUILD/apps/message/hp-message
	HP_CAPTURE=$BUILD/apps/capture/hp-capture
	HP_REPLAY=$BUILD/apps/replay/hp-replay
	HUGEPOD=$BUILD/apps/hugepod/hugepod
	mount -t hugetlbfs -o "pagesize=2M,size=${HUGE_SIZE:-1G},uid=$UID_OF_GROUP,gid=$UID_OF_GROUP,mode=0700" \
		none "$T/huge"
	# Nothing of the machine's own mounts may be found instead of ours.
	local other
	while read -r other; do umount -l "$other"; done < <(
		awk -v ours="$T/huge" '$3 == "hugetlbfs" && $2 != ours { print $2 }' /proc/mounts)
	chown "$UID_OF_GROUP:$UID_OF_GROUP" "$T/run" "$T/out"
	chmod 0755 "$T"
	export RUNTIME_DIRECTORY=$T/run
	ip link set lo up 2>/dev/null || true
}

# with_hugetlb_limit BYTES: all that spawn starts from now on may touch so many bytes of 2M pages.
with_hugetlb_limit() {
	local root
	if [ -d /sys/fs/cgroup/hugetlb ]; then
		root=/sys/fs/cgroup/hugetlb
	else
		root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		grep -qw hugetlb "$root/cgroup.controllers" 2>/dev/null ||
			skip 'no hugetlb cgroup controller'
		grep -qw hugetlb "$root/cgroup.subtree_control" ||
			echo +hugetlb >"$root/cgroup.subtree_control" 2>/dev/null ||
			skip "cannot enable the hugetlb controller in $root"
	fi
	CGROUP=$root/$CGROUP_NAME
	mkdir "$CGROUP" || skip "cannot make a cgroup in $root"
	if [ -e "$CGROUP/hugetlb.2MB.max" ]; then
		echo "$1" >"$CGROUP/hugetlb.2MB.max"
	else
		echo "$1" >"$CGROUP/hugetlb.2MB.limit_in_bytes"
	fi
}

# Bytes of 2M pages that the processes of with_hugetlb_limit have touched and not given back.
hugetlb_bytes() {
	cat "$CGROUP/hugetlb.2MB.current" 2>/dev/null ||
		cat "$CGROUP/hugetlb.2MB.usage_in_bytes"
}

# ----------------------------------------------------------------------------------------- processes

# The two halves of spawn. The first is left in our PID namespace and tells us how the second ended
# (unshare --fork of util-linux 2.38 loses a SIGKILL); its first child is PID 1 of the new one.
# shellcheck disable=SC2016 # the shells that run them expand
readonly OUTER_HALF='exec 3>&2 2>/dev/null; bash -c "$0" inner "$@" <&0 2>&3 3>&- & wait $!'
# shellcheck disable=SC2016
readonly INNER_HALF='
	[ "$$" != 1 ] || mount -t proc proc /proc || exit
	eval "$1" || exit
	exec env --default-signal=INT,QUIT setpriv --reuid="$2" --regid="$2" --clear-groups \
		--bounding-set="-all$3" --inh-caps="-all$3" ${3:+--ambient-caps="-all$3"} --no-new-privs -- "${@:4}"'

# spawn [-u UID] [-c CAPS] [-i FILE] [-k] [-m CMD] NAME COMMAND...: start it as PID 1 of namespaces of its own
# (PID, mount, network, IPC, UTS), without a capability. Output in $T/out/NAME.{out,err}.
#   -u UID   another user than the group's
#   -c CAPS  with these capabilities, as ,+net_raw,+net_admin
#   -i FILE  standard input, instead of /dev/null
#   -k       keep our PID namespace: for what has to see its peers' PIDs
#   -m CMD   run by a shell as root in the new mount namespace before the program starts
spawn() {
	local uid=$UID_OF_GROUP caps='' input=/dev/null pidns=1 before=: OPTIND=1 opt
	while getopts u:c:i:km: opt; do
		case $opt in
		u) uid=$OPTARG ;;
		c) caps=$OPTARG ;;
		i) input=$OPTARG ;;
		k) pidns= ;;
		m) before=$OPTARG ;;
		*) fail "spawn: unknown option" ;;
		esac
	done
	shift $((OPTIND - 1))
	local name=$1 how
	shift
	[ -z "${OUTER[$name]:-}" ] || fail "spawn: $name runs already"
	how=(bash -c "$INNER_HALF" inner)
	[ -z "$pidns" ] || how=(--pid bash -c "$OUTER_HALF" "$INNER_HALF")
	(
		[ -z "$CGROUP" ] || echo "$BASHPID" >"$CGROUP/cgroup.procs"
		exec unshare --mount --net --ipc --uts "${how[@]}" "$before" "$uid" "$caps" "$@"
	) <"$input" >"$T/out/$name.out" 2>"$T/out/$name.err" &
	OUTER[$name]=$!
	INNER[$name]=$!
	if [ -n "$pidns" ]; then
		wait_until 5 has_child_or_is_gone "$!"
		INNER[$name]=$(child_of "$!")
	fi
}

child_of() { # nothing if it has none, or is gone
	local first rest
	if [ -e "/proc/$1/task/$1/children" ]; then # ten times as fast as pgrep, and asked for all the time
		read -r first rest 2>/dev/null <"/proc/$1/task/$1/children" || true
		[ -z "${first:-}" ] || echo "$first"
	else
		pgrep -P "$1" | head -n 1 || true
	fi
}
has_child_or_is_gone() { [ -n "$(child_of "$1")" ] || ! [ -d "/proc/$1" ] || is_zombie "$1"; }
is_zombie() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" && [[ ${stat##*) } == Z* ]]
}
is_running() {
	local pid=${INNER[$1]:-}
	[ -n "$pid" ] && [ -d "/proc/$pid" ] && ! is_zombie "$pid"
}
is_over() { ! is_running "$1"; }

# signal NAME SIGNAL: to the program itself (PID 1 of its namespace)
signal() { kill -s "$2" "${INNER[$1]}" 2>/dev/null || fail "$1 is not there to get SIG$2"; }

# signal_all NAME SIGNAL: to every process of its container, as a freezer would stop them
signal_all() {
	local pids
	mapfile -t pids < <(descendants "${INNER[$1]}")
	kill -s "$2" "${pids[@]}" 2>/dev/null || fail "$1 is not there to get SIG$2"
}
descendants() {
	local child
	echo "$1"
	for child in $(pgrep -P "$1"); do descendants "$child"; done
}

# exit_code_of NAME SECONDS: wait for its end; sets RC. 128 + number if a signal ended it.
exit_code_of() {
	local name=$1
	wait_until "$2" is_over "$name"
	RC=0
	wait "${OUTER[$name]}" || RC=$?
	unset "OUTER[$name]" "INNER[$name]"
}

# ------------------------------------------------------------------------------------------- hugepod

is_built() { [ -x "$1" ] || skip "$1 is not built"; }

# start_primary [SPAWN-OPTIONS] -- OPTIONS...: as "primary"; ready when this returns.
start_primary() {
	spawn_primary "$@"
	wait_until "${PRIMARY_READY_SECONDS:-10}" primary_is_ready_or_gone
	is_running primary || fail "hp-primary ended: $(tail -n 5 "$T/out/primary.err")"
}

# The same without waiting: for tests of start orders and refusals.
spawn_primary() {
	local opts=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	is_built "$HP_PRIMARY"
	spawn "${opts[@]}" primary "$HP_PRIMARY" --file-prefix "$P" --huge-dir "$T/huge" "$@"
}

primary_is_ready_or_gone() { is_over primary || probe_ready; }
probe_ready() { as_group "$HUGEPOD" probe --file-prefix "$P" ready; }

# start_member [SPAWN-OPTIONS] NAME OPTIONS...: an hp-client; joined when this returns.
start_member() {
	local name=
	spawn_member "$@"
	name=$SPAWNED
	wait_until 10 member_is_ready_or_gone "$name"
	is_running "$name" || fail "member $name ended: $(tail -n 5 "$T/out/$name.err")"
}

spawn_member() {
	local opts=()
	while [[ ${1:-} == -* ]]; do
		opts+=("$1")
		[[ $1 == -k ]] || { opts+=("$2"); shift; }
		shift
	done
	SPAWNED=$1
	shift
	is_built "$HP_CLIENT"
	spawn "${opts[@]}" "$SPAWNED" "$HP_CLIENT" --file-prefix "$P" --name "$SPAWNED" "$@"
}

# start_worker NAME OPTIONS...: an hp-worker; joined when this returns.
start_worker() {
	is_built "$HP_WORKER"
	spawn "$1" "$HP_WORKER" --file-prefix "$P" --name "$1" "${@:2}"
	wait_until 10 member_is_ready_or_gone "$1"
	is_running "$1" || fail "worker $1 ended: $(tail -n 5 "$T/out/$1.err")"
}

member_is_ready_or_gone() { is_over "$1" || member_is "$1" ready; }

# as_group COMMAND...: as the group's user, without a capability, in the test's own namespaces.
as_group() {
	setpriv --reuid="$UID_OF_GROUP" --regid="$UID_OF_GROUP" --clear-groups --bounding-set=-all \
		--inh-caps=-all --no-new-privs -- "$@"
}

# ctl COMMAND...: JSON on standard output
ctl() { as_group "$HUGEPOD" ctl --file-prefix "$P" --json "$@"; }

# ctl_value JQ-FILTER COMMAND...: one value of the answer. jq takes longer to start than a group to answer:
# what is asked again and again takes row_value.
ctl_value() {
	local filter=$1
	shift
	ctl "$@" | jq -r "$filter"
}

# row_value JSON NAME FIELD: of the row with that name, in VALUE; fails if there is none
row_value() {
	VALUE=
	[[ $1 =~ \"name\":\"$2\"[^{}]*\"$3\":\"?([^,\"{}]*) ]] && VALUE=${BASH_REMATCH[1]}
}

pages_in_use() {
	local total free
	read -r total free < <(stat -f -c '%b %f' "$T/huge")
	echo $((total - free))
}

end_all() {
	local name pid
	for name in "${!INNER[@]}"; do
		kill -KILL "${INNER[$name]}" 2>/dev/null || true
	done
	for name in "${!OUTER[@]}"; do
		pid=${OUTER[$name]}
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}
