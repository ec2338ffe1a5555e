#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
"""Checks that tables in markdown files are what the programs print.

usage: check-generated.py [--fix] BUILD FILE...

A generated part stands between a line `<!-- generated: COMMAND -->` and a line
`<!-- end of generated -->`; the command's first word is a program below BUILD/apps. Prints each part
that differs; --fix rewrites it instead.
"""

import glob
import re
import shlex
import subprocess
import sys

PART = re.compile(
    r"^<!-- generated: (?P<command>[^\n]+) -->\n(?P<text>.*?)^<!-- end of generated -->$",
    flags=re.S | re.M,
)


def output(build, command):
    words = shlex.split(command)
    found = glob.glob(f"{glob.escape(build)}/apps/*/{words[0]}")
    if not found:
        sys.exit(f"check-generated.py: no program {words[0]} below {build}/apps")
    return subprocess.run([found[0], *words[1:]], check=True, capture_output=True, text=True).stdout


def check(build, name, fix):
    with open(name, encoding="utf-8") as f:
        text = f.read()
    parts = list(PART.finditer(text))
    bad = 0
    for part in reversed(parts):
        want = "\n" + output(build, part["command"]) + "\n"
        if part["text"] == want:
            continue
        bad += 1
        text = text[: part.start("text")] + want + text[part.end("text") :]
    if bad and fix:
        with open(name, "w", encoding="utf-8") as f:
            f.write(text)
    elif bad:
        print(f"{name}: {bad} of {len(parts)} generated parts are old, --fix mends them")
    return 0 if fix else bad


def main(args):
    fix = "--fix" in args
    args = [a for a in args if a != "--fix"]
    if len(args) < 2:
        sys.exit(__doc__)
    return 1 if sum(check(args[0], name, fix) for name in args[1:]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
