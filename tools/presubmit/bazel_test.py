#!/usr/bin/env python3
"""Runs `bazel test` and ends with one line: N passed, N failed.

Counts the test cases in the test.xml of each target that this run reported (cached ones
too), found through the build event file: left-overs in bazel-testlogs never count. A test
that could not be built counts as one failure.
Usage: bazel_test.py [--also=PASSED,FAILED] [bazel test arguments]   (default: //...)
"""
import json
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as ET

import tree


def events(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            try:
                yield json.loads(line)
            except ValueError:
                return  # Bazel died in the middle of a line.


def collect(stream):
    """Returns ({test label: ...}, {(label, run, shard): last attempt's result})."""
    tests, results = set(), {}
    for event in stream:
        kind = event.get("id", {})
        if "targetConfigured" in kind:
            if event.get("configured", {}).get("testSize"):
                tests.add(kind["targetConfigured"]["label"])
        elif "testResult" in event:
            i = kind["testResult"]
            key = (i["label"], i.get("run", 1), i.get("shard", 1))
            attempt = i.get("attempt", 1)
            if key not in results or attempt >= results[key][0]:
                results[key] = (attempt, event["testResult"])
    return tests, {key: result for key, (_, result) in results.items()}


def cases(xml_path):
    """Counts (passed, failed, skipped) in one test.xml; zeros when it cannot be read."""
    passed = failed = skipped = 0
    try:
        document = ET.parse(xml_path)
    except (OSError, ET.ParseError):
        return 0, 0, 0
    for case in document.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif (case.get("status") == "notrun" or case.get("result") == "skipped"
              or case.find("skipped") is not None):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def count(result):
    totals = [0, 0, 0]
    for output in result.get("testActionOutput", []):
        if output["name"] == "test.xml":
            path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
            totals = [a + b for a, b in zip(totals, cases(path))]
    if result["status"] not in ("PASSED", "FLAKY") and totals[1] == 0:
        totals[1] = 1  # crashed, timed out, or a sanitizer report after the last case
    return totals


def main():
    arguments = sys.argv[1:]
    passed = failed = skipped = 0
    if arguments and arguments[0].startswith("--also="):
        passed, failed = (int(n) for n in arguments.pop(0)[len("--also="):].split(","))
    before = failed
    if not any(not a.startswith("-") for a in arguments):
        arguments.append("//...")
    with tempfile.NamedTemporaryFile(suffix=".json") as log:
        status = subprocess.call(tree.bazel("test", "--keep_going",
                                            "--build_event_json_file=" + log.name, *arguments),
                                 cwd=tree.ROOT)
        tests, results = collect(events(log.name))
    for result in results.values():
        p, f, s = count(result)
        passed, failed, skipped = passed + p, failed + f, skipped + s
    for label in sorted(tests - {label for label, _, _ in results}):
        print("FAIL %s: did not build or did not run" % label)
        failed += 1
    if status and failed == before:
        print("FAIL bazel test: ended with %d" % status)
        failed += 1
    if skipped:
        print("%d skipped" % skipped)
    sys.stdout.flush()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
