#!/usr/bin/env python3
"""Machine reasons: what the code says to a peer, and what protos/README.md says of it, agree.

A reason is an UPPER_SNAKE literal in common/ or services/, outside tests; one word counts
where it is Refusal()'s. Each has to stand in the contract's section on errors, and each in
the first column of a table there has to stand in the code.
Usage: reasons.py    (prints one line for each that is missing; exit 1 when there is one)
"""
import re
import sys

import tree

CONTRACT = "protos/README.md"
SNAKE = re.compile(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"')
WORD = re.compile(r'\bRefusal\([^;"]*"([A-Z][A-Z0-9]+)"')
NAME = re.compile(r"[A-Z][A-Z0-9_]{3,}\*?")
# Sources that speak to nobody outside: fixtures and stand-ins for tests.
TEST_SOURCE = re.compile(r"(_test|_fuzz|_bench|_testing|_fixture)\.|/(fake|test)_")


def speaks(name):
    return (name.startswith(("common/", "services/")) and tree.is_cpp(name)
            and not TEST_SOURCE.search(name))


def reasons_of(content):
    return set(SNAKE.findall(content)) | set(WORD.findall(content))


def errors_section(contract):
    found = re.search(r"^## Errors\n(.*?)(?=^## |\Z)", contract, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def listed(section):
    """The reasons in the first columns of the tables."""
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return {name for row in rows for name in NAME.findall(row.split("|")[1])}


def breaches(sources, contract):
    """The lines to print for {name: content} of sources against the contract's text."""
    section = errors_section(contract)
    known = set(NAME.findall(section))
    said = {}
    for name, content in sorted(sources.items()):
        for reason in reasons_of(content):
            said.setdefault(reason, name)
    found = ["%s: reason %s is not in %s (Errors)" % (name, reason, CONTRACT)
             for reason, name in sorted(said.items(), key=lambda pair: (pair[1], pair[0]))
             if reason not in known]
    for reason in sorted(listed(section)):
        there = any(r.startswith(reason[:-1]) for r in said) if reason.endswith("*") \
            else reason in said
        if not there:
            found.append("%s: reason %s is in no source" % (CONTRACT, reason))
    return found


def check():
    names = tree.files()
    if CONTRACT not in names:
        return ["%s: not found, want the table of reasons there" % CONTRACT]
    return breaches({n: tree.text(n) or "" for n in names if speaks(n)}, tree.text(CONTRACT) or "")


if __name__ == "__main__":
    lines = check()
    print("\n".join(lines) or "no breach")
    sys.exit(1 if lines else 0)
