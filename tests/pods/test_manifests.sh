# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash disable=SC2034
#
# The manifests as text, and the overlays that this machine can play.

kustomizations() { find k8s -name kustomization.yaml -printf '%h\n' | sort; }

# test
kubectl_renders_every_folder_as_scripts_render_does() {
	command -v kubectl >/dev/null || unproven 'kubectl is not installed, and Debian 12 has one that is too old'
	local folder n=0
	while read -r -u 4 folder; do
		render "${folder#k8s/}" >"$T/ours.yaml"
		kubectl kustomize "$folder" >"$T/kubectl.yaml" 2>"$T/err" || fail "$folder: $(cat "$T/err")"
		[ ! -s "$T/err" ] || fail "$folder: kubectl says: $(cat "$T/err")"
		python3 - "$T/ours.yaml" "$T/kubectl.yaml" <<-'PYTHON' || fail "$folder: not the same"
			import sys, yaml
			def documents(path):
			    with open(path) as file:
			        docs = [doc for doc in yaml.safe_load_all(file) if doc]
			    return sorted(docs, key=lambda doc: (doc["kind"], doc["metadata"]["name"]))
			ours, theirs = map(documents, sys.argv[1:])
			for doc, other in zip(ours, theirs):
			    if doc != other:
			        print(f"{doc['kind']} {doc['metadata']['name']}:\n{doc}\n{other}")
			sys.exit(ours != theirs)
		PYTHON
		n=$((n + 1))
	done 4< <(kustomizations)
	[ "$n" -ge 9 ] || fail "only $n folders"
}

# test
every_folder_renders_without_a_word() {
	local folder n=0
	while read -r -u 4 folder; do
		render "${folder#k8s/}" >"$T/out" 2>"$T/err" || fail "$folder: $(cat "$T/err")"
		[ ! -s "$T/err" ] || fail "$folder: $(cat "$T/err")"
		[ -s "$T/out" ] || fail "$folder renders to nothing"
		n=$((n + 1))
	done 4< <(kustomizations)
	[ "$n" -ge 9 ] || fail "only $n folders"
}

# test
every_manifest_is_clean_but_for_advice() {
	local folder found
	while read -r -u 4 folder; do
		render "${folder#k8s/}" >"$T/out.yaml"
		found=$(build/apps/hugepod/hugepod lint "$T/out.yaml" | grep -E '^[^ ].* \[' | grep -vF ' advice [' || true)
		[ -z "$found" ] || fail "$folder: $found"
	done 4< <(kustomizations)
}

# test
the_image_has_every_program_and_no_shell() {
	local root=$T/root program
	mkdir "$root"
	podman image save localhost/hugepod:0.1.0 | tar -xC "$T" --wildcards '*.tar' '*.json'
	for layer in "$T"/*.tar; do tar -xf "$layer" -C "$root"; done
	for program in hp-primary hp-client hp-worker hp-message hp-capture hp-replay hp-unpdump hp-consume hugepod; do
		[ -x "$root/usr/bin/$program" ] || fail "no $program in the image"
	done
	[ -z "$(find "$root" -name '*sh' -type f -path '*/bin/*')" ] || fail 'there is a shell'
	[ -z "$(find "$root" -perm /6000)" ] || fail 'there is a set-uid file'
	assert_equal "$(podman image inspect -f '{{.Config.User}}' localhost/hugepod:0.1.0)" 10001:10001 user
	[ "$(podman image inspect -f '{{.Size}}' localhost/hugepod:0.1.0)" -le 30000000 ] || fail 'more than 30 MB'
}

# test
programs_run_on_any_x86_64_v2_cpu() {
	# v2 has no AVX: not one register of 256 or 512 bits, nor a VEX instruction, in what we compile
	local program
	for program in build/apps/*/*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		! objdump -d --no-show-raw-insn "$program" | grep -m1 -E '%[yz]mm|\bvmov|\bvp[a-z]+ ' ||
			fail "$program needs AVX"
	done
}

# test
groups_that_do_not_trust_each_other_pass_packets_through_memif() {
	install -d -m 0770 -o 10021 -g 10021 /run/hugepod/memif
	play overlays/isolated
	wait_until "$READY_SECONDS" more_sent_than 1000 right-0-primary right
	# neither sees a page of the other: each has a hugetlbfs of its own
	local left right
	left=$(awk '$5 == "/hugepages" { print $3 }' "/proc/$(pid_of left-0-primary)/mountinfo")
	right=$(awk '$5 == "/hugepages" { print $3 }' "/proc/$(pid_of right-0-primary)/mountinfo")
	[ -n "$left" ] && [ "$left" != "$right" ] || fail "one hugetlbfs for both: $left, $right"
	scripts/play --down overlays/isolated
	rm -rf /run/hugepod/memif
}

# test
hugepages_can_be_consumed_without_dpdk() {
	local way said
	SHM_GROUP_BEFORE=$(cat /proc/sys/vm/hugetlb_shm_group)
	echo 10001 >/proc/sys/vm/hugetlb_shm_group
	play overlays/consume
	wait_until "$READY_SECONDS" says_three_ways
	said=$(podman logs consume-consume 2>&1)
	for way in mmap shm file; do
		grep -q "^$way: 2097152 bytes .* pages of 2097152 " <<<"$said" || fail "$way: $said"
	done
	assert_limit consume-consume $((6 << 20))
	assert_equal "$(limit_of consume-consume current)" $((6 << 20)) 'bytes charged'
}
says_three_ways() { [ "$(podman logs consume-consume 2>&1 | grep -c 2097152)" = 3 ]; }

# test
pages_of_1_gib_are_used_where_the_machine_has_them() {
	local pages=/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages before
	before=$(cat $pages 2>/dev/null) || unproven 'this CPU has no pages of 1 GiB'
	[ "$before" -ge 1 ] || echo 1 >"$pages" 2>/dev/null || true
	[ "$(cat $pages)" -ge 1 ] || unproven 'the kernel has no free GiB in one piece'
	GIGANTIC_BEFORE=$before
	READY_SECONDS=40 # the kernel clears a whole page first
	play overlays/pages-1Gi
	assert_equal "$(ctl_in two-containers-0-primary two .hugepages.page_size show memory)" 1073741824 'page size'
	assert_traffic_flows two-containers-0-primary two
}
