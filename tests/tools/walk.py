#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
"""Goes through a group's command line at random, by what '?' proposes.

Each line that is made of proposals has to be taken as a command (it may fail for another reason: a
device that cannot do it), each answer has to be JSON, and a word that is not proposed has to be refused.

usage: walk SOCKET SEED COMMANDS       exit code 1 at the first surprise
"""

import json
import random
import re
import sys

import transcript

# Values for what stands for any word. One that is not here: a command is new, and wants one.
VALUES = {
    "bursts": "1", "bytes": "1500", "level": "2", "lengths": "64", "list": "0", "mac": "02:00:00:00:00:09",
    "mask": "1", "member": "nobody", "n": "1", "name": "more", "text": "hello", "topic": "set",
}
# What ends the walk, or the group.
NOT_RUN = ("shutdown", "quit", "evict")
# What a proposal must never lead to.
REFUSALS = r"is not valid|is too much|goes on with|unknown command|ambiguous|stands twice|own next hop"
MAY_BE_GONE = r"^(?:set portlist|set portmask|evict|spread|patch del|port detach) "


def value_of(word, serial):
    name = re.fullmatch(r"<([\w-]+)(?::\w+|\.\.\.)?>", word)
    if not name:
        return word
    if name[1] == "devargs":
        return f"net_null{serial}"
    if name[1] in ("source", "port"):
        return None  # there is none just now
    if name[1] not in VALUES:
        sys.exit(f"no value for {word} is known: add it to VALUES")
    return VALUES[name[1]]


def surprise(line, text):
    sys.exit(f"'{line}': {text}")


def walk(path, rng, serial):
    """One line by proposals; None if it led nowhere. Tries a word that is not proposed on the way."""
    line, foreign = "", None
    while True:
        words = transcript.propose(path, line).split()
        if not words and line.startswith("patch "):
            return None, foreign  # it goes to all already
        if not words:
            surprise(line, "nothing is proposed")
        if not any(word.startswith("<") for word in words):
            foreign = line + "nonsense"
        word = rng.choice(words)
        if word == "<RETURN>":
            return line, foreign
        word = value_of(word, serial)
        if word is None or word in NOT_RUN:
            return None, foreign
        line += word + " "


def main(path, seed, commands):
    transcript.QUIET_SECONDS = 0.1
    session = transcript.Session(path, "json")
    rng = random.Random(int(seed))
    taken = set()
    for serial in range(int(commands)):
        line, foreign = walk(path, rng, serial + 10)
        if foreign:
            status, text = session.ask(foreign)
            if status == 0:
                surprise(foreign, "was not refused")
            json.loads(text)
        if line is None:
            continue
        status, text = session.ask(line)
        said = json.loads(text)
        error = said.get("error", "") if isinstance(said, dict) else ""
        if re.search(REFUSALS, error) or ("there is no" in error and not re.match(MAY_BE_GONE, line)):
            surprise(line, error)
        taken.add(line)
    print(f"{len(taken)} different commands")


if __name__ == "__main__":
    main(*sys.argv[1:])
