# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# What users may get wrong: every option and every YAML key, through the real programs. Each mistake
# ends at once, with its exit code and a sentence; nothing starts half.

readonly EXIT_USAGE=64 EXIT_CONFIG=78

# refused CODE REGEX COMMAND...: it ends with the code and says one line that matches.
refused() {
	local code=$1 regex=$2 rc=0
	is_built "$3"
	shift 2
	timeout 10 "$@" >"$T/said.out" 2>"$T/said.err" </dev/null || rc=$?
	[ "$rc" = "$code" ] || fail "${*##*/}: exit code $rc, expected $code: $(head -c 500 "$T/said.err")"
	[ "$(grep -c . "$T/said.err")" = 1 ] ||
		fail "${*##*/}: not one line on stderr: $(head -c 2000 "$T/said.err")"
	assert_file_holds "$T/said.err" "$regex"
	[ ! -s "$T/said.out" ] || fail "${*##*/}: wrote on stdout: $(head -c 500 "$T/said.out")"
	[ -z "$(find "$T/run" "$T/huge" -mindepth 1 -print -quit)" ] ||
		fail "${*##*/}: left $(find "$T/run" "$T/huge" -mindepth 1)"
}

is_built "$HP_PRIMARY"

# The long options of a program that take a value, from its own help.
valued_options() {
	"$@" --help | grep -oE '^ +(-., )?--[a-z0-9-]+ [^ ].*$' | sed -E 's/^ +(-., )?--([a-z0-9-]+) .*/\2/'
}
all_options() {
	"$@" --help | grep -oE '^ +(-., )?--[a-z0-9-]+' | sed -E 's/.*--//' | grep -vxE 'help|version|man|markdown'
}

# Options for which any text is a value that can be tried only later.
readonly FREE_TEXT='config|runtime-dir|huge-dir|eal|vdev|allow|cmdline-file|set|name|function|lcores|file|reply|write|capture-comment|filter|root|nodes|explain|member|interface|level|k8s|node'
readonly MAY_BE_BARE=tx-first # testpmd's takes none
readonly MAY_BE_EMPTY='filter|capture-comment'

# refuses_wrong_options WORDS...: a program, or one of its sub-commands
refuses_wrong_options() {
	local option n=0
	refused $EXIT_USAGE "no-such-option" "$@" --no-such-option
	refused $EXIT_USAGE "no-such-option" "$@" --no-such-option=1
	for option in $(valued_options "$@"); do
		n=$((n + 1))
		[ "$option" = "$MAY_BE_BARE" ] || # the value is missing
			refused $EXIT_USAGE "$option" "$@" "--$option"
		[[ $option =~ ^($FREE_TEXT)$ ]] ||
			refused $EXIT_USAGE "$option|: -. '" "$@" "--$option" '@/@=@,@:@'
		[[ $option =~ ^($MAY_BE_EMPTY)$ ]] || refused $EXIT_USAGE "$option" "$@" "--$option="
	done
	[ "$n" -ge 4 ] || fail "only $n options found in the help of ${*##*/}"
}

# test
hp_primary_refuses_wrong_missing_and_unknown_options() { refuses_wrong_options "$HP_PRIMARY"; }

# test
hp_client_refuses_wrong_missing_and_unknown_options() { refuses_wrong_options "$HP_CLIENT"; }

# test
hp_worker_refuses_wrong_missing_and_unknown_options() { refuses_wrong_options "$HP_WORKER"; }

# test
hp_capture_refuses_wrong_missing_and_unknown_options() { refuses_wrong_options "$BUILD/apps/capture/hp-capture"; }

# test
hp_replay_refuses_wrong_missing_and_unknown_options() { refuses_wrong_options "$BUILD/apps/replay/hp-replay"; }

# test
hugepod_refuses_wrong_missing_and_unknown_options() {
	local command
	for command in ctl probe doctor lint plan; do refuses_wrong_options "$HUGEPOD" "$command"; done
}

# test
hp_message_refuses_wrong_missing_and_unknown_options() { refuses_wrong_options "$HP_MESSAGE"; }

# A value of each option that is taken, with what else it needs; "-": a flag. An option that is not here
# fails the test: it is new, and wants one. PROGRAM/OPTION goes before OPTION.
good_values() {
	cat <<-TABLE
		allow 0000:01:00.0
		autostop duration:1
		base-virtaddr 0x2000000000
		buffer-size 2
		burst 512
		capture-comment two words
		client fw:hold:64
		cmdline-file $T/commands
		compress gzip
		config $T/good.yaml
		count 3
		drain 1s
		duration 1s
		eal log-level=lib.eal:8
		eth-peer 0,02:00:00:00:00:01
		file $T/commands
		file-prefix zz
		filter tcp
		format json
		forward-mode macswap
		function macswap
		hop-limit 1
		huge-dir $T/huge
		idle poll
		interface port:in
		interval 0
		iova-mode va
		late 1ms
		lcores 0
		limit 1
		log-format json
		log-level debug
		loop 0
		max-clients 64
		max-members 64
		mbps 1
		mbuf-cache 0
		mbuf-size 4KiB
		member fw
		memory-limit 1GiB
		multiplier 0.5
		name a-1
		nb-cores 1
		on-primary-loss rejoin
		patch port:0>port:0:broadcast
		policy hold
		port p1=net_null7;rxq=1
		port-topology chained
		portlist 0,2-3
		portmask 0x3
		pps 1
		reply yes
		ring-buffer duration:2 --write=$T/out/y.pcapng
		runtime-dir $T/run
		rxd 128
		rxq 1
		set src=02:00:00:00:00:01 --function=mac
		size 0
		snapshot-length 64
		spare-ports 1
		stats-period 1s
		stuck-after 10ms
		takeover-wait 0
		timeout 50ms
		total-num-mbufs 1024
		tx-first 2
		txd 128
		txpkts 64,128
		txq 1
		vdev net_null8,size=64
		wait-primary 1ms
		when-full wait
		window 1024
		workers 2
		write $T/out/x.pcapng
	TABLE
}

# The sub-command of hp-message that an option belongs to.
words_for() {
	case $1 in
	file) echo send fw ;;
	size | interval) echo ping fw ;;
	*) echo receive ;;
	esac
}

# each_option_is_taken CODE DOCS PROGRAM WORDS...: an option with a good value ends as without it, and it is
# in the manual page and in the documentation.
each_option_is_taken() {
	local code=$1 docs=$2 option value rc n=0 man page valued
	local program=("$3") args words
	shift 3
	[ "${program[0]}" != "$HUGEPOD" ] || { program+=("$1"); shift; } # its sub-command
	local -A good=()
	while read -r option value; do good[$option]=$value; done < <(good_values)
	man=$("${program[@]}" --man) page=$(<"$docs")
	valued=" $(valued_options "${program[@]}" | tr '\n' ' ')"
	for option in $(all_options "${program[@]}"); do
		n=$((n + 1))
		value=
		if [[ $valued == *" $option "* ]]; then
			[ -n "${good[$option]:-}" ] || fail "no good value of --$option is known: add it to good_values"
			value="=${good[$option]}"
		fi
		args=() words=()
		[ "${program[0]}" != "$HP_MESSAGE" ] || read -ra words < <(words_for "$option")
		[ "$option" != respawn ] || value='=no' # it would start again for ever
		[[ " $* " == *" --$option "* ]] || args=("--$option$value")
		[[ $value != *' --'* ]] || args=("--$option${value%% --*}" "--${value#* --}")
		rc=0
		timeout 10 "${program[@]}" "${args[@]}" "$@" "${words[@]}" >"$T/said" 2>&1 </dev/null || rc=$?
		[[ $rc =~ ^($code)$ ]] || fail "${program[*]##*/} --$option$value: exit code $rc, expected $code: $(head -c 500 "$T/said")"
		[[ $man == *"${option//-/\\-}"* ]] || fail "--$option is not in the manual page of ${program[*]##*/}"
		[[ $page =~ --"$option"[^a-z0-9-] ]] || fail "--$option of ${program[*]##*/} is not in $docs"
	done
	[ "$n" -ge 5 ] || fail "only $n options in the help of ${program[*]##*/}"
}

# test 120
each_option_takes_a_good_value_and_stands_in_the_manual_and_in_the_documentation() {
	local options=$ROOT/docs/options.md
	printf 'show ports\n' >"$T/commands"
	printf 'file-prefix: zz\n' >"$T/good.yaml"
	each_option_is_taken 0 "$options" "$HP_PRIMARY" --dry-run --vdev net_null9
	each_option_is_taken 69 "$options" "$HP_CLIENT" --wait-primary 0
	each_option_is_taken 69 "$options" "$HP_WORKER" --wait-primary 0
	each_option_is_taken 69 "$options" "$HP_MESSAGE" --wait-primary 0
	each_option_is_taken '0|69' "$options" "$HP_CAPTURE" --wait-primary 0
	each_option_is_taken 69 "$options" "$HP_REPLAY" --wait-primary 0 "$ROOT/tests/data/small.pcap"
	each_option_is_taken 69 "$options" "$HUGEPOD" ctl show ports
}

# test
numbers_out_of_bounds_are_refused_with_the_bounds() {
	local option value
	while read -r option value; do
		refused $EXIT_USAGE "$option.*$value" "$HP_PRIMARY" "--$option=$value"
	done <<-TABLE
		burst 0
		burst 513
		burst -1
		burst 1e3
		burst 32x
		burst 0x201
		burst 99999999999999999999999999
		window 31
		window 100
		window 65536
		nb-cores 0
		nb-cores 65
		max-members 0
		max-members 65
		max-clients 65
		hop-limit 0
		hop-limit 256
		total-num-mbufs 63
		total-num-mbufs 16777217
		mbuf-size 100
		mbuf-size 64KiB
		mbuf-cache 513
		stuck-after 1us
		drain 61s
		takeover-wait 2h
		stats-period -5
		policy keep
		idle SLEEP
		iova-mode both
		log-format xml
		log-level loud
	TABLE
}

# test
an_option_given_twice_is_refused_with_both_values() {
	local program option first second
	refused $EXIT_USAGE 'burst.*16.*32|burst.*32.*16' "$HP_PRIMARY" --burst 16 --burst 32
	while read -r program option first second; do
		refused $EXIT_USAGE "$option" "$BUILD/apps/$program" "--$option=$first" "--$option=$second"
	done <<-TABLE
		primary/hp-primary forward-mode io mac
		primary/hp-primary portmask 0x1 0x2
		primary/hp-primary stats-period 1s 2s
		client/hp-client name a b
		client/hp-client wait-primary 1s 2s
		worker/hp-worker function io mac
		worker/hp-worker log-level info debug
		message/hp-message idle poll sleep
		message/hp-message file-prefix a b
		capture/hp-capture count 1 2
		capture/hp-capture write a b
		replay/hp-replay loop 1 2
		replay/hp-replay pps 1 2
	TABLE
}

# test
wrong_ports_clients_and_patches_on_the_command_line_are_refused() {
	local args
	while read -r args; do
		# shellcheck disable=SC2086 # words
		refused $EXIT_USAGE "." "$HP_PRIMARY" $args
	done <<-'TABLE'
		--port in
		--port in=
		--port =net_null0
		--port in=net_null0 --port in=net_null1
		--port in=net_null0;color=red
		--client a:keep
		--client a:drop:100
		--client A!
		--client a --client a
		--patch a
		--patch a>
		--patch >a
		--client a --patch a>b
		--client a --patch port:9>a
		--client a --patch port:nowhere>a
		--client a --client b --patch a>b --patch a>b
		--client a --client b --patch a>b:widest
		words without dashes
	TABLE
}

# yaml_refused REGEX-OF-POSITION-AND-TEXT: the document on standard input
yaml_refused() {
	cat >"$T/bad.yaml"
	refused $EXIT_CONFIG "bad.yaml:$1" "$HP_PRIMARY" --config "$T/bad.yaml"
}

# test
every_key_of_the_file_refuses_a_wrong_type_and_a_second_one() {
	local key n=0
	for key in $(all_options "$HP_PRIMARY"); do
		# what may stand on the command line only is an unknown key
		yaml_refused "1:" <<<"$key: {a: [b]}"
		yaml_refused "[12]:" < <(printf '%s: 1\n%s: 1\n' "$key" "$key")
		n=$((n + 1))
	done
	[ "$n" -ge 20 ] || fail "only $n keys"
}

# test
mistakes_in_the_file_are_reported_with_line_and_column() {
	yaml_refused '1:1: .*colour' <<<'colour: red'
	yaml_refused '2:8: ' < <(printf 'idle: sleep\nburst: many\n')
	yaml_refused '1:' <<<'burst: 0'
	yaml_refused '1:' <<<'burst: 1: 2'
	yaml_refused '1:' <<<'[1, 2]'
	yaml_refused '1:' <<<'just words'
	yaml_refused '[12]:' <<<'"unfinished'
	yaml_refused '1:' < <(printf '\tburst: 1\n')
	yaml_refused '1:' < <(printf 'burst: \xff\xfe\n')
	yaml_refused '2:' < <(printf -- '---\n*nowhere\n')
	yaml_refused '3:' < <(printf 'ports:\n  - name: in\n    colour: red\n    devargs: net_null0\n')
	yaml_refused '2:' < <(printf 'ports:\n  - name: in\n')
	yaml_refused '4:' < <(printf 'ports:\n  - name: in\n    devargs: net_null0\n  - name: in\n    devargs: net_null1\n')
	yaml_refused '3:' < <(printf 'clients:\n  - name: a\n  - name: a\n')
	yaml_refused '3:13: .*window' < <(printf 'clients:\n  - name: a\n    window: 100\n')
	yaml_refused '2:' < <(printf 'patches:\n  - {from: "port:in", to: nobody}\n')
	yaml_refused '1:' <<<'ports: net_null0'
	yaml_refused '1:' <<<'clients: {name: a}'
}

# test
a_file_that_is_not_there_or_no_file_is_refused() {
	refused $EXIT_CONFIG 'nowhere.yaml' "$HP_PRIMARY" --config "$T/nowhere.yaml"
	refused $EXIT_CONFIG "$T" "$HP_PRIMARY" --config "$T"
	: >"$T/empty.yaml"
	head -c 100000 /dev/urandom >"$T/random.yaml"
	refused $EXIT_CONFIG 'random.yaml' "$HP_PRIMARY" --config "$T/random.yaml"
}

# test
a_file_prefix_that_is_no_directory_name_is_refused() {
	local prefix
	for prefix in a/b .. . 'a%b' "$(printf 'x%.0s' {1..64})"; do
		refused $EXIT_USAGE 'file-prefix' "$HP_PRIMARY" --file-prefix "$prefix"
		refused $EXIT_USAGE 'file-prefix' "$HP_CLIENT" --file-prefix "$prefix" --wait-primary 0
	done
}

# test
help_version_and_manual_go_to_standard_output_with_exit_code_0() {
	local program option
	for program in "$HP_PRIMARY" "$HP_CLIENT"; do
		for option in --help --version --man; do
			"$program" "$option" >"$T/said.out" 2>"$T/said.err" || fail "$program $option: $?"
			[ -s "$T/said.out" ] || fail "$program $option says nothing"
			[ ! -s "$T/said.err" ] || fail "$program $option: $(cat "$T/said.err")"
		done
	done
}

# What EAL alone can judge: its usage is not ours, and a wrong value is no accident of the machine.
# test
what_eal_does_not_take_is_named_and_nothing_else_is_printed() {
	local wrong
	for wrong in '--lcores 999' '--lcores 0@999' '--port p=nothing' '--vdev nothing' '--eal nothing' \
		'--base-virtaddr 0x7fffffffffff'; do
		# shellcheck disable=SC2086 # two words
		spawn_primary -- $wrong
		assert_exit_code primary $EXIT_CONFIG
		assert_file_holds "$T/out/primary.err" "^hp-primary: EAL does not take .*${wrong##*[ =]}.* expected .*correct"
		[ ! -s "$T/out/primary.out" ] || fail "$wrong: it printed $(head -n 3 "$T/out/primary.out")"
	done
	start_primary -- --port in=net_null0 --total-num-mbufs 511
	spawn_member c --eal nothing
	assert_exit_code c $EXIT_CONFIG
	assert_file_holds "$T/out/c.err" 'EAL does not take .*--eal nothing'
	[ ! -s "$T/out/c.out" ] || fail "it printed $(head -n 3 "$T/out/c.out")"
	stop_with_term primary
}
