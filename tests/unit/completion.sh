#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
#
# usage: completion.sh HUGEPOD: what bash offers behind words of a command line.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PATH=$(cd "$(dirname "$1")" && pwd):$PATH
# shellcheck source=data/completions/hugepod
. "$here/../../data/completions/hugepod"

failed=0
# offers WORDS... -- EXPECTED...: all of EXPECTED are among what completes the last of WORDS.
offers() {
	COMP_WORDS=()
	while [ "$1" != -- ]; do
		COMP_WORDS+=("$1")
		shift
	done
	shift
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_hugepod || true
	local word
	for word; do
		[[ " ${COMPREPLY[*]-} " == *" $word "* ]] && continue
		echo "'${COMP_WORDS[*]}' does not offer $word, but: ${COMPREPLY[*]-}"
		failed=1
	done
}

offers hugepod '' -- ctl doctor lint plan probe --help --version
offers hugepod d -- doctor
offers hugepod doctor --ro -- --role --root
offers hugepod doctor --role s -- secondary
offers hugepod plan - -- --node --nodes --format --help
offers hugepod plan --format '' -- text json svg
cd "$here"
offers hugepod plan comp -- completion.sh
exit "$failed"
