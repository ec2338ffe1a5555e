#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
#
# test_check_quotes.sh ROOT: the project's documents quote files as they are, docs/writing-a-client.md
# quotes one, and the checker sees what it has to see.

set -euo pipefail
root=$1
check=$root/scripts/check-quotes.py
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

die() {
	echo "$*"
	exit 1
}
# refused REGEX: the checker finds fault with $tmp/doc.md and says so
refused() {
	local said
	! said=$("$check" "$tmp/doc.md") || die "accepted, expected /$1/"
	grep -qE "$1" <<<"$said" || die "said '$said', expected /$1/"
}

"$check" "$root"/README.md "$root"/docs/*.md || die 'documents quote what is not in the files'
doc=$root/docs/writing-a-client.md
grep -q '^<!-- quote common/func/example_ttl.c max=60 -->$' "$doc" || die "$doc quotes nothing"

sed 's/One less in the upper/One more in the upper/' "$doc" >"$tmp/doc.md"
refused 'One more in the upper'
"$check" --fix "$tmp/doc.md"
cmp "$doc" "$tmp/doc.md" || die '--fix does not give the document back'

sed 's/ max=60 / max=20 /' "$doc" >"$tmp/doc.md"
refused 'promises at most 20'
sed 's/example_ttl/no_such_file/' "$doc" >"$tmp/doc.md"
refused 'no_such_file.c: no such file'
printf '<!-- quote common/func/io.c -->\n\nno block\n' >"$tmp/doc.md"
refused 'without a block'
