#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the hugepod authors
"""Plays a transcript of a command line against a group's primary, and compares what it says.

  $ COMMAND   is sent; the lines up to the next one are what is expected
  ! COMMAND   the same for a command that is refused
  ? LINE      what '?' proposes at the end of this line, one word a line; | marks the end of the line

In expected text, {n} stands for a number, {hex} for a hexadecimal one, {w} for a word, {*} for the
rest of a line; {...} on a line of its own for any lines. Blanks are compared as one.

usage: transcript SOCKET FILE          exit code 1 at the first difference
       transcript --write SOCKET FILE  write the file anew, with what was said; keep what matches
"""

import re
import socket
import sys

HOLES = {"n": r"-?[0-9]+(?:\.[0-9]+)?", "hex": r"[0-9a-f:x]+", "w": r"\S+", "*": r".*"}
SECONDS = 10
QUIET_SECONDS = 0.5
PROMPT = b"hugepod> "


class Session:
    def __init__(self, path, mode):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SECONDS)
        self.sock.connect(path)
        self.sock.sendall(f"hugepod-ctl 1 {mode}\n".encode())
        self.file = self.sock.makefile("rb")

    def ask(self, line):
        self.sock.sendall(line.encode() + b"\n")
        status, length = self.file.readline().split()
        return int(status), self.file.read(int(length)).decode()

    def until(self, end):
        said = b""
        while not said.endswith(end):
            chunk = self.sock.recv(4096)
            if not chunk:
                raise SystemExit("the primary has closed the terminal")
            said += chunk
        return said.decode()


def propose(path, line):
    """The words that '?' lists at the end of the line."""
    session = Session(path, "tty")
    session.until(PROMPT)
    session.sock.sendall(line.encode() + b"?")
    said = b""
    try:
        session.sock.settimeout(QUIET_SECONDS)
        while PROMPT not in said:  # the line is shown again behind the list
            said += session.sock.recv(4096)
    except TimeoutError:
        pass  # nothing to propose
    session.sock.close()
    text = re.sub(r"\x1b(?:\[[0-9;]*)?[A-Za-z]", "", said.split(PROMPT)[0].decode())
    rows = [row.split() for row in re.split(r"[\r\n]+", text)[1:]]
    return "".join(f"{row[0]}\n" for row in rows if row)


def blanks(line):
    return re.sub(r"\s+", " ", line.strip())


def pattern(line):
    parts = re.split(r"\{(n|hex|w|\*)\}", blanks(line))
    return "".join(HOLES[p] if i % 2 else re.escape(p) for i, p in enumerate(parts))


def same(expected, said):
    want = "\n".join(r"(?:.*(?:\n|$))*?" if line == "{...}" else pattern(line) for line in expected)
    text = "\n".join(blanks(line) for line in said)
    return re.fullmatch(want.replace(r"*?" + "\n", "*?"), text) is not None


def entries(path):
    """(kind, command, expected lines, comments in front)"""
    found, comments = [], []
    for line in open(path, encoding="utf-8").read().splitlines():
        if line[:2] in ("$ ", "! ", "? "):
            found.append((line[0], line[2:], [], comments))
            comments = []
        elif line.startswith("# ") or not line.strip():
            comments.append(line)
        elif found:
            found[-1][2].append(line)
    return found


def main(args):
    write = args[:1] == ["--write"]
    sock, path = args[write:]
    session = Session(sock, "text")
    out = []
    n = wrong = 0
    for kind, command, expected, comments in entries(path):
        n += 1
        if kind == "?":
            status, text = 0, propose(sock, command.rstrip("|"))
        else:
            status, text = session.ask(command)
        if kind == "$" and command == "quit":
            session = Session(sock, "text")
        said = [line.rstrip() for line in text.splitlines() if line.strip()]
        good = same(expected, said) and (status != 0) == (kind == "!")
        out += comments + [f"{kind if kind == '?' else '!' if status else '$'} {command}"]
        out += expected if good else said
        if not good and not write:
            wrong += 1
            print(f"command {n}: {kind} {command}\n  expected:", *expected, sep="\n    ")
            print(f"  said (status {status}):", *said, sep="\n    ")
            if wrong >= 5:
                return 1
    if write:
        open(path, "w", encoding="utf-8").write("\n".join(out) + "\n")
    print(f"{n} commands")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
