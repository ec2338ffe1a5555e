# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# The command lines of DPDK's multi-process guide, as a user of hugepod types them;
# docs/from-dpdk-samples.md puts both side by side.

# test
messages_go_both_ways_as_in_simple_mp() {
	start_primary -- --port "$IDLE_PORT" --log-level info
	spawn m0 "$HP_MESSAGE" --file-prefix "$P" --name m0 --count 1 receive
	wait_until 10 member_is m0 ready
	assert_equal "$(ctl_value .message.delivered message m0 hello_secondary)" 1 'delivered'
	assert_exit_code m0 0
	assert_file_holds "$T/out/m0.out" hello_secondary
	spawn m1 "$HP_MESSAGE" --file-prefix "$P" --name m1 send primary hello_primary
	assert_exit_code m1 0
	assert_file_holds "$T/out/primary.err" hello_primary
	stop_with_term primary
}

queues_held() { ctl_value '[.queues[] | select(.state == "held") | .holder] | sort | join(" ")' show workers; }

# test
four_workers_share_two_ports_as_in_symmetric_mp() {
	local name names=(w0 w1 w2 w3)
	start_primary -- --vdev net_null0 --vdev net_null1 --workers 4 --total-num-mbufs 511 --mbuf-cache 128
	for name in "${names[@]}"; do start_worker "$name"; done
	wait_until 3 eval '[ "$(queues_held)" = "${names[*]}" ]'
	wait_until 3 eval '[ "$(ctl_value "[.queues[] | select(.rx_packets > 0)] | length" show workers)" = 4 ]'
	assert_conservation
	for name in "${names[@]}"; do stop_with_term "$name"; done
	assert_pools_full
	stop_with_term primary
}

# test
a_server_and_two_clients_as_in_client_server_mp() {
	start_primary -- --vdev net_null0 --vdev net_null1 --client c0 --client c1 \
		--patch 'port:0>c0,c1:round-robin' --patch 'port:1>c0,c1:round-robin' \
		--patch 'c0>port:1' --patch 'c1>port:0'
	start_member c0
	start_member c1
	wait_until 3 eval '[ "$(ctl_value "[.links[] | select(.returned_packets > 0)] | length" show links)" = 2 ]'
	wait_until 3 eval '[ "$(ctl_value "[.ports[] | select(.tx_packets > 0)] | length" show ports)" = 2 ]'
	assert_conservation
	stop_with_term c0
	stop_with_term c1
	assert_pools_full
	stop_with_term primary
}

# test
each_test_that_the_page_of_samples_names_is_there() {
	local topic name n=0
	"$ROOT/tests/mp/run" --list | awk '{ print $1, $2 }' >"$T/tests"
	while read -r topic name; do
		grep -qxF "$topic $name" "$T/tests" || fail "docs/from-dpdk-samples.md names '$topic $name'"
		n=$((n + 1))
	done < <(grep -oE '`[a-z_]+ [a-z_0-9]{12,}`' "$ROOT/docs/from-dpdk-samples.md" | tr -d '`')
	[ "$n" -ge 30 ] || fail "only $n names found"
}

# test
what_is_installed_works_from_where_it_is() {
	local to=$T/dest bin share program folder
	meson install -C "$BUILD" --no-rebuild --destdir "$to" >"$T/said" 2>&1 || fail "$(cat "$T/said")"
	bin=$(dirname "$(find "$to" -name hp-primary -perm -1)")
	share=${bin%/bin}/share
	for program in hp-primary hp-client hp-worker hp-message hp-capture hp-replay hp-consume hugepod; do
		"$bin/$program" --version >/dev/null || fail "no $program"
		assert_file_holds "$share/man/man1/$program.1" '^\.TH'
	done
	for program in "$share"/bash-completion/completions/*; do
		[ -x "$bin/${program##*/}" ] || fail "a completion of ${program##*/}, which there is not"
	done
	for folder in "$ROOT"/k8s/*/; do
		folder=$(basename "$folder")
		diff -r "$ROOT/k8s/$folder" "$share/hugepod/k8s/$folder" >&2 || fail "manifests of $folder"
	done
	"$bin/hugepod" lint "$share/hugepod/k8s/two-containers" >&2 || fail 'lint of what is installed'
	# shellcheck disable=SC2034 # of lib-group.sh
	HP_PRIMARY=$bin/hp-primary HP_CLIENT=$bin/hp-client HUGEPOD=$bin/hugepod
	start_primary -- --port in=net_null0 --port out=net_null1 --client a --total-num-mbufs 1023 \
		--patch 'port:in>a' --patch 'a>port:out'
	start_member a --function macswap
	assert_conservation
	stop_with_term a
	stop_with_term primary
}
