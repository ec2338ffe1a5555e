# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# Manifests with one mistake each: the container ends with one clear line and its exit code, never with
# SIGBUS and never in a hang. What the kubelet refuses itself, scripts/play refuses with its words.

readonly PRIMARY=two-containers-0-primary CLIENT=two-containers-0-client
readonly CONFIG=78 NO_PRIMARY=69

# mistake PYTHON: two-containers with that change; no container is started again
mistake() {
	play_unready "$(edit two-containers mistake "spec['restartPolicy'] = 'Never'; $1")"
}

# assert_ends CONTAINER CODE REGEX: it ends so, and says so in its last line and only there
assert_ends() {
	local lines
	wait_until "$READY_SECONDS" has_ended "$1"
	assert_equal "$(podman inspect -f '{{.State.ExitCode}}' "$1")" "$2" "$1: exit code"
	lines=$(podman logs "$1" 2>&1 | grep -vE ' (notice|warning): ' || true)
	assert_equal "$(grep -c . <<<"$lines")" 1 "$1: lines that say why: $lines"
	grep -qE -- "$3" <<<"$lines" || fail "$1 does not say /$3/: $lines"
}
has_ended() { [ "$(podman inspect -f '{{.State.Status}}' "$1")" = exited ]; }

# test
a_limit_that_is_too_small_is_refused_with_the_figures() {
	mistake 'c["primary"]["resources"]["limits"]["hugepages-2Mi"] = "4Mi"
c["primary"]["resources"]["requests"]["hugepages-2Mi"] = "4Mi"'
	assert_ends "$PRIMARY" "$CONFIG" 'takes 10485760 bytes of hugepages, --memory-limit is 4194304'
}

# test
a_limit_that_only_the_cgroup_knows_is_refused_too() {
	mistake 'c["primary"]["resources"]["limits"]["hugepages-2Mi"] = "4Mi"
c["primary"]["resources"]["requests"]["hugepages-2Mi"] = "4Mi"
c["primary"]["args"] = [a for a in c["primary"]["args"] if "memory-limit" not in a]'
	assert_ends "$PRIMARY" "$CONFIG" '10485760.*4194304|10 ?MiB.*4 ?MiB'
}

# test
a_primary_without_the_hugepage_volume_says_which_directory_is_none() {
	mistake 'c["primary"]["volumeMounts"].remove(mount("primary", "hugepages"))'
	assert_ends "$PRIMARY" "$CONFIG" 'huge-dir /hugepages is no hugetlbfs'
}

# test
a_client_without_the_hugepage_volume_says_which_directory_is_missing() {
	mistake 'c["client"]["volumeMounts"].remove(mount("client", "hugepages"))'
	assert_ends "$CLIENT" "$CONFIG" '/hugepages'
}

# test
a_volume_of_medium_memory_is_no_hugetlbfs() {
	mistake 'volume("hugepages")["emptyDir"]["medium"] = "Memory"'
	assert_ends "$PRIMARY" "$CONFIG" 'huge-dir /hugepages is no hugetlbfs'
}

# test
a_primary_with_a_read_only_mount_says_so() {
	mistake 'mount("primary", "hugepages")["readOnly"] = True'
	assert_ends "$PRIMARY" "$CONFIG" '/hugepages.*[Rr]ead-only'
}

# test
a_client_with_a_read_only_mount_says_so() {
	mistake 'mount("client", "hugepages")["readOnly"] = True'
	assert_ends "$CLIENT" "$CONFIG" '/hugepages.*([Rr]ead-only|readOnly)'
}

# test
a_client_that_mounts_the_hugepages_elsewhere_is_told_where() {
	mistake 'mount("client", "hugepages")["mountPath"] = "/mnt/huge"'
	assert_ends "$CLIENT" "$CONFIG" '/hugepages'
}

# test
a_client_of_another_uid_is_told_that() {
	mistake 'c["client"]["securityContext"]["runAsUser"] = 10002'
	assert_ends "$CLIENT" "$CONFIG" 'uid'
}

# test
a_client_without_the_runtime_volume_finds_no_primary() {
	mistake 'c["client"]["volumeMounts"].remove(mount("client", "runtime"))
c["client"]["args"] = ["--wait-primary=1s" if "wait-primary" in a else a for a in c["client"]["args"] if a != "--respawn"]'
	assert_ends "$CLIENT" "$NO_PRIMARY" '/run/hugepod'
}

# test
a_primary_without_the_runtime_volume_cannot_make_its_directory() {
	mistake 'c["primary"]["volumeMounts"].remove(mount("primary", "runtime"))'
	assert_ends "$PRIMARY" "$CONFIG" '/run/hugepod.*cannot be made'
}

# assert_refused PYTHON WORDS: as kubelet's event
assert_refused() {
	local said
	said=$(scripts/play "$(edit two-containers refused "$1")" 2>&1) && fail "played, should have been refused: $2"
	grep -qF -- "$2" <<<"$said" || fail "expected '$2', got '$said'"
}

# test
volumes_that_the_kubelet_does_not_mount_are_refused_in_its_words() {
	assert_refused 'for x in c.values():
    for kind in x["resources"].values(): kind.pop("hugepages-2Mi", None)' \
		'MountVolume.SetUp failed for volume "hugepages" : medium HugePages: hugePages storage requested, but there is no resource request for huge pages'
	assert_refused 'volume("hugepages")["emptyDir"]["medium"] = "Hugepages"' 'unknown storage medium "Hugepages"'
	assert_refused 'c["primary"]["resources"]["limits"]["hugepages-1Gi"] = "1Gi"' \
		"medium: HugePages can't be used if container requests multiple huge page sizes"
	assert_refused 'volume("hugepages")["emptyDir"]["medium"] = "HugePages-1Gi"' \
		'medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages'
}

# test
a_node_without_the_mount_is_told_apart_from_one_with_it() {
	# what node-setup makes, but nothing is mounted there
	install -d -m 0755 /var/lib/hugepod/chain/hugepages
	install -d -m 0700 -o 10011 -g 10011 /run/hugepod/chain
	play_unready "$(edit pod-per-container mistake 'for s in pods.values(): s["restartPolicy"] = "Never"')"
	assert_ends chain-primary-0-primary "$CONFIG" 'huge-dir /hugepages is no hugetlbfs'
}
