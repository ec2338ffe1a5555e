#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
"""Prints each relative link of the given markdown files whose file or heading is not there."""

import os
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    """GitHub's names of the headings of a file."""
    found = set()
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"^```.*?^```", "", f.read(), flags=re.S | re.M)
    for title in re.findall(r"^#+ +(.+)$", text, flags=re.M):
        name = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        found.add(name)
    return found


def check(path):
    bad = 0
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        if not os.path.exists(file):
            print(f"{path}: link to {target}: no such file")
            bad += 1
        elif anchor and file.endswith(".md") and anchor not in anchors(file):
            print(f"{path}: link to {target}: no such heading")
            bad += 1
    return bad


sys.exit(1 if sum(check(p) for p in sys.argv[1:]) else 0)
