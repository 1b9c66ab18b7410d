#!/usr/bin/env python3
"""Runs the presubmit checks one after the other; each prints `ok  name` or `FAIL name`.

Every check is one test case: the last line is `N passed, N failed`, unless --counts takes it.
Usage: presubmit.py [--full] [--fix] [--only=NAME,...] [--list] [--counts=FILE]
"""
import argparse
import os
import re
import subprocess
import sys
import time

import house
import layers
import reasons
import tree

# How much of a failing tool's output is shown; the tool itself shows all.
SHOWN_LINES = 60


class Failed(Exception):
    """A check that did not pass; its text is the details to print."""


def run(command, **kwargs):
    """Runs a tool; returns its output, or raises Failed with it."""
    try:
        done = subprocess.run(command, cwd=tree.ROOT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", **kwargs)
    except FileNotFoundError as e:
        raise Failed("%s: not installed, want the packages of tools/packages.txt" % e.filename)
    if done.returncode:
        raise Failed(done.stdout.strip() or "%s ended with %d" % (command[0], done.returncode))
    return done.stdout


def git(*arguments):
    return run(["git", *arguments]).strip()


def checker(name):
    """The path of a tool that tools/setup --checkers installs."""
    folder = run(["bash", "-c", ". tools/env.sh && ws_checkers_dir"]).strip()
    path = os.path.join(folder, "node_modules", ".bin", name)
    if not os.access(path, os.X_OK):
        raise Failed("%s: not installed, want tools/setup --checkers to succeed" % name)
    return path


def self_test():
    """The checks below must be able to fail: planted faults are found."""
    run([sys.executable, "-B", "-m", "unittest", "discover", "-s", "tools/presubmit",
         "-p", "*_test.py", "-t", "tools/presubmit"])


def cpp_files():
    return [n for n in tree.files() if tree.is_cpp(n)]


def build_files():
    return [n for n in tree.files()
            if os.path.basename(n) in ("BUILD", "WORKSPACE") or n.endswith(".bzl")]


def has_protos():
    return any(n.endswith(".proto") for n in tree.files())


def fix():
    """Puts right what a tool can: the three formats."""
    run(["clang-format", "-i", *cpp_files()])
    run([checker("buildifier"), "-mode=fix", *build_files()])
    if has_protos():
        run([checker("buf"), "format", "-w"])


def clang_format():
    names = cpp_files()
    run(["clang-format", "--dry-run", "-Werror", *names])
    return "%d files" % len(names)


def buildifier():
    names = build_files()
    run([checker("buildifier"), "-mode=check", *names])
    return "%d files" % len(names)


def buf_lint():
    if has_protos():
        run([checker("buf"), "lint"])


def buf_format():
    if has_protos():
        run([checker("buf"), "format", "-d", "--exit-code"])


def layer_rules():
    breaches = layers.check()
    if breaches:
        raise Failed("\n".join(breaches))


def reason_rules():
    breaches = reasons.check()
    if breaches:
        raise Failed("\n".join(breaches))


def house_rules():
    breaches, warnings = house.check()
    for line in warnings:
        print("     warning: " + line)
    if breaches:
        raise Failed("\n".join(breaches))


def merge_base():
    """The commit that this work started from, or None when there is none."""
    for name in ("origin/main", "HEAD~1"):
        try:
            git("rev-parse", "--verify", "--quiet", name + "^{commit}")
            return git("merge-base", name, "HEAD")
        except Failed:
            continue
    return None


# What Bazel says around a finding and nobody needs to read.
NOISE = ("INFO: ", "Loading:", "Analyzing:", "Use --sandbox_debug", "FAILED: Build did NOT")


def tidy(targets):
    """Runs the aspect over the targets; Failed carries clang-tidy's own words."""
    try:
        run(tree.bazel("build", "--keep_going", "--aspects=//tools/presubmit:tidy.bzl%tidy",
                       "--output_groups=tidy", "--noshow_progress", *targets))
    except Failed as e:
        lines = [line for line in str(e).splitlines() if line and not line.startswith(NOISE)]
        raise Failed("\n".join(re.sub(r" failed: \(Exit 1\).*", " failed", line)
                               for line in lines)) from None


def clang_tidy_changed():
    base = merge_base()
    if base is None:
        return "skipped: no commit to compare with"
    known = set(git("diff", "--name-only", base).splitlines())
    known |= set(git("ls-files", "--others", "--exclude-standard").splitlines())
    changed = [n for n in tree.files() if n in known and tree.is_cpp(n)]
    if not changed:
        return "no C++ file changed since %s" % base[:9]
    # The targets that list a changed file; what merely includes it is --full's business.
    query = "kind('cc_(library|binary|test) rule', rdeps(//..., set(%s), 1))"
    found = run(tree.bazel("query", "--keep_going", "--noshow_progress",
                           "--ui_event_filters=-info",
                           query % " ".join(label(n) for n in changed)))
    targets = [line for line in found.splitlines() if line.startswith("//")]
    if targets:
        tidy(targets)
    return "%d files changed since %s" % (len(changed), base[:9])


def label(name):
    """common/journal/block.cc -> //common/journal:block.cc, by the nearest BUILD file."""
    folder = os.path.dirname(name)
    while folder and not os.path.exists(os.path.join(tree.ROOT, folder, "BUILD")):
        folder = os.path.dirname(folder)
    return "//%s:%s" % (folder, os.path.relpath(name, folder or "."))


def clang_tidy_all():
    tidy(["//..."])


def sanitized(*configs):
    """A check that runs the tests under the sanitizers, all of them in one build."""
    def check():
        # An output folder of its own keeps the plain build's objects where they are.
        run(tree.bazel("test", *("--config=" + c for c in configs),
                       "--platform_suffix=-" + "-".join(configs),
                       "--keep_going", "--build_tests_only", "--noshow_progress",
                       "--test_size_filters=small,medium", "--test_output=errors",
                       "--test_tag_filters=" + ",".join("-no-" + c for c in ("sanitizer", *configs)),
                       "//..."))
    return check


QUICK = [("self-test", self_test), ("clang-format", clang_format), ("buildifier", buildifier),
         ("buf-lint", buf_lint), ("buf-format", buf_format), ("layers", layer_rules),
         ("house", house_rules), ("reasons", reason_rules), ("clang-tidy", clang_tidy_changed)]
SANITIZED = [("asan-ubsan", sanitized("asan", "ubsan")), ("tsan", sanitized("tsan"))]
FULL = QUICK[:-1] + [("clang-tidy", clang_tidy_all), *SANITIZED]


def show(details):
    lines = details.splitlines()
    for line in lines[:SHOWN_LINES]:
        print("     " + line)
    if len(lines) > SHOWN_LINES:
        print("     ... and %d lines more" % (len(lines) - SHOWN_LINES))


def run_check(name, check):
    """Runs one check, prints its line, and says whether it passed."""
    started = time.monotonic()
    try:
        note = check()
    except Failed as e:
        print("FAIL %s (%.1f s)" % (name, time.monotonic() - started))
        show(str(e))
        sys.stdout.flush()
        return False
    print("ok   %s (%.1f s)%s" % (name, time.monotonic() - started, ", " + note if note else ""),
          flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(prog="tools/check", description="The presubmit checks.")
    parser.add_argument("--full", action="store_true",
                        help="clang-tidy over everything, and the tests under sanitizers")
    parser.add_argument("--only", help="names of checks, with commas")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    parser.add_argument("--counts", help="write `PASSED FAILED` to this file, not the last line")
    parser.add_argument("--fix", action="store_true", help="first reformat what can be")
    options = parser.parse_args()
    checks = FULL if options.full else QUICK
    if options.list:
        print("\n".join(name for name, _ in checks))
        return 0
    if options.fix and not run_check("fix", fix):
        return 1
    if options.only:
        wanted = options.only.split(",")
        unknown = set(wanted) - {name for name, _ in FULL}
        if unknown:
            parser.error("no check is called %s" % ", ".join(sorted(unknown)))
        pool = FULL if options.full else QUICK + SANITIZED
        checks = [c for c in pool if c[0] in wanted]
    results = [run_check(name, check) for name, check in checks]
    passed, failed = results.count(True), results.count(False)
    if options.counts:
        with open(options.counts, "w", encoding="utf-8") as f:
            f.write("%d %d\n" % (passed, failed))
    else:
        print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
