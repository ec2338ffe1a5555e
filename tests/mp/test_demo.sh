# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
# shellcheck shell=bash
#
# scripts/demo: says that all is well only if it is, and leaves nothing, whenever it is stopped.

is_built "$HP_PRIMARY"
is_built "$HP_CLIENT"

CGROUPS=$(find /sys/fs/cgroup -maxdepth 2 -name 'hugepod-demo-*')

demo() { TMPDIR=$T "$ORIGIN/scripts/demo" --no-setup "$@"; }

assert_no_demo_left() {
	[ -z "$(find "$T" -maxdepth 1 -name 'hugepod-demo.*')" ] || fail "left $(find "$T" -name 'hugepod-demo.*')"
	assert_equal "$(find /sys/fs/cgroup -maxdepth 2 -name 'hugepod-demo-*')" "$CGROUPS" 'cgroups'
	! pgrep -x 'hp-primary|hp-client' >/dev/null || fail 'left processes'
}

# test
the_demo_shows_that_all_is_well() {
	demo >"$T/said" 2>&1 || fail "$(cat "$T/said")"
	assert_file_holds "$T/said" '^packets in +[1-9][0-9]+$'
	assert_file_holds "$T/said" '^packets dropped +0$'
	assert_file_holds "$T/said" 'output compared with input .*[1-9][0-9]+ frames, all as expected'
	assert_file_holds "$T/said" 'hugepages used +[1-5] of 5 pages'
	assert_file_holds "$T/said" 'start to first packet out +[0-9]+ ms'
	assert_file_holds "$T/said" '^all well$'
	assert_no_demo_left
}

# test
a_capture_that_cannot_be_read_is_a_failure() {
	head -c 1000 /dev/urandom >"$T/random.pcap"
	! demo --capture "$T/random.pcap" >"$T/said" 2>&1 || fail "$(cat "$T/said")"
	! grep -q '^all well$' "$T/said" || fail "$(cat "$T/said")"
	! demo --capture "$T/nowhere.pcap" >"$T/said" 2>&1 || fail "$(cat "$T/said")"
	assert_no_demo_left
}

# test
ctrl_c_at_any_time_leaves_nothing() {
	local seconds pid
	for seconds in 0.1 0.2 0.3 0.5 0.7; do
		# a group of its own and a SIGINT that is not ignored, as on a terminal
		TMPDIR=$T setsid env --default-signal=INT "$ORIGIN/scripts/demo" --no-setup \
			>"$T/said" 2>&1 &
		pid=$!
		sleep "$seconds"
		kill -INT -- "-$pid" 2>/dev/null || true
		wait_until 10 eval "! pgrep -g $pid"
		# a fast machine may be done by then
		wait "$pid" && ! grep -q '^all well$' "$T/said" &&
			fail "interrupted after $seconds s, and yet exit code 0: $(cat "$T/said")"
		assert_no_demo_left
	done
}

# test
the_interactive_demo_stays_at_the_command_line_until_quit() {
	printf 'show group\nquit\n' | demo --interactive >"$T/said" 2>&1 || fail "$(cat "$T/said")"
	assert_file_holds "$T/said" 'generation'
	assert_file_holds "$T/said" '^all well$'
	assert_no_demo_left
}

# test
ctrl_c_at_the_prompt_of_the_interactive_demo_ends_it() {
	TMPDIR=$T python3 - "$ORIGIN/scripts/demo" >"$T/said" 2>&1 <<-'PYTHON' || fail "$(cat "$T/said")"
		import os, pty, sys
		pid, terminal = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], ["demo", "--no-setup", "--interactive"])
		said = b""
		asked = False
		while True:
		    try:
		        said += os.read(terminal, 4096)
		    except OSError: # it has closed its end
		        break
		    if not asked and b"hugepod> " in said:
		        os.write(terminal, b"\x03")
		        asked = True
		print(said.decode(errors="replace"))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if asked else 1)
	PYTHON
	assert_file_holds "$T/said" '^all well'
	assert_no_demo_left
}
