#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
"""Prints each call of a banned function and each volatile in the given C files.

What stands in comments and strings does not count. A line with "lint: WORD" in a comment says why it
may have WORD all the same.
"""

import re
import sys

BANNED = {
    "exit": "only main() decides, by returning",
    "_exit": "only main() decides; allowed in a child between fork and exec",
    "abort": "return an error",
    "rte_exit": "return an error",
    "rte_panic": "return an error",
    "atoi": "use hp_opt_parse_value() or strtoul() with checks",
    "atol": "use strtol() with checks",
    "atof": "use strtod() with checks",
    "sprintf": "use snprintf()",
    "vsprintf": "use vsnprintf()",
    "strcpy": "use snprintf() or memcpy() with a checked length",
    "strncpy": "does not terminate: use snprintf()",
    "strcat": "use snprintf()",
    "strncat": "use snprintf()",
    "gets": "use getline()",
    "alloca": "no bounds",
}
ALLOWED_IN_TESTS = {"exit", "_exit", "abort"}
TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
VOLATILE = re.compile(r"(?<!\w)volatile(?!\w)")


def blanked(match):
    token = match.group(0)
    return token[0] * 2 if token[0] in "\"'" else "\n" * token.count("\n") or " "


def check(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    raw = text.split("\n")
    forks = "fork(" in text
    for number, line in enumerate(TOKEN.sub(blanked, text).split("\n"), 1):
        for match in CALL.finditer(line):
            word = match.group(1)
            if path.startswith("tests/") and word in ALLOWED_IN_TESTS:
                continue
            if (word == "_exit" and forks) or f"lint: {word}" in raw[number - 1]:
                continue
            print(f"{path}:{number}: {word}() is banned: {BANNED[word]}")
        if VOLATILE.search(line) and "asm volatile" not in line and "sig_atomic_t" not in line:
            print(f"{path}:{number}: volatile is banned: use <stdatomic.h>")


for name in sys.argv[1:]:
    check(name)
