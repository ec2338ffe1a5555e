#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
"""Checks that files quoted in the given markdown files are quoted as they are.

A quote is a line `<!-- quote PATH -->` or `<!-- quote PATH max=LINES -->` and the fenced block that
follows it; PATH counts from the root of the project. Prints each quote that differs from its file,
and each file that has more than LINES lines. --fix rewrites the quotes instead.
"""

import difflib
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUOTE = re.compile(
    r"^<!-- quote (?P<path>\S+)(?: max=(?P<max>\d+))? -->\n```(?P<lang>\w*)\n(?P<text>.*?)^```$",
    flags=re.S | re.M,
)
MARK = re.compile(r"^<!-- quote ", flags=re.M)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def check(name, fix):
    """The number of mistakes in one markdown file, and the number of its quotes."""
    text = read(name)
    quotes = list(QUOTE.finditer(text))
    bad = 0
    if len(quotes) != len(MARK.findall(text)):
        print(f"{name}: a quote without a path or without a block behind it")
        bad += 1
    for quote in reversed(quotes):
        path = quote["path"]
        file = os.path.join(ROOT, path)
        if not os.path.isfile(file):
            print(f"{name}: quotes {path}: no such file")
            bad += 1
            continue
        want = read(file)
        if quote["max"] and want.count("\n") > int(quote["max"]):
            print(f"{path}: {want.count(chr(10))} lines, {name} promises at most {quote['max']}")
            bad += 1
        if quote["text"] == want:
            continue
        if fix:
            text = text[: quote.start("text")] + want + text[quote.end("text") :]
            continue
        bad += 1
        print(f"{name}: quotes {path}, which is now (scripts/check-quotes.py --fix mends it):")
        lines = difflib.unified_diff(
            quote["text"].splitlines(), want.splitlines(), name, path, lineterm="", n=1
        )
        print("\n".join(lines))
    if fix:
        with open(name, "w", encoding="utf-8") as f:
            f.write(text)
    return bad, len(quotes)


def main():
    fix = "--fix" in sys.argv
    counts = [check(name, fix) for name in sys.argv[1:] if name != "--fix"]
    sys.exit(1 if any(bad for bad, _ in counts) else 0)


if __name__ == "__main__":
    main()
