#!/usr/bin/env python3
"""House rules on every text file: names of folders, left-over notes, paths of one machine.

Usage: house.py    (prints breaches and warnings; exit 1 when there is a breach)
"""
import re
import sys

import tree

BAD_FOLDERS = {"util", "utils", "misc", "helper", "helpers", "base"}

# Written with a gap, so that these lines do not match themselves.
NOTES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
# A path of the machine this was written on means nothing on the reader's. A path begins
# where a word cannot: "leaf/root" is prose.
MACHINE = re.compile(r"(?:^|[\s\"'=(\[`:,])(/(?:work|farm|root)(?:/[\w.-]+)*)(?=$|[\s\"')\]`:,;])")
# Whoever builds this chooses where packages come from.
REGISTRY = re.compile(r"\b(registry\.npmjs\." r"org|registry\.yarnpkg\." r"com|pypi\." r"org"
                      r"|deb\.debian\." r"org|proxy\.golang\." r"org)\b|\"resol" r"ved\":")

CPP_LINES = 450
HEADER_LINES = 200


def folder_breaches(name):
    bad = BAD_FOLDERS.intersection(name.split("/")[:-1])
    return ["%s: a folder called %s says nothing about what lives in it" % (name, bad.pop())] \
        if bad else []


def line_breaches(name, content):
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        for pattern, problem in ((NOTES, "a note to finish later"),
                                 (MACHINE, "a path of one machine"),
                                 (REGISTRY, "a package registry's address")):
            match = pattern.search(line)
            if match:
                found.append("%s:%d: %s, got %s" % (name, number, problem,
                                                    match.group(0).strip()[:64]))
    return found


def size_warnings(name, content):
    lines = content.count("\n")
    limit = CPP_LINES if name.endswith(".cc") else HEADER_LINES if name.endswith(".h") else None
    if limit and lines > limit:
        return ["%s: %d lines, think of splitting above %d" % (name, lines, limit)]
    return []


def check(names=None):
    """Returns (breaches, warnings)."""
    found, warnings = [], []
    for name in names or tree.files():
        content = tree.text(name)
        found += folder_breaches(name)
        if content is not None:
            found += line_breaches(name, content)
            warnings += size_warnings(name, content)
    return found, warnings


if __name__ == "__main__":
    errors, notes = check()
    print("\n".join(errors + ["warning: " + n for n in notes]) or "no breach")
    sys.exit(1 if errors else 0)
