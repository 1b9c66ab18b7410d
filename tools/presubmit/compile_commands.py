#!/usr/bin/env python3
"""Writes compile_commands.json for editors (clangd) from `bazel aquery`.

Run it after a build, so that the generated headers exist.
Usage: compile_commands.py
"""
import json
import os
import subprocess

import tree

# Flags of gcc that clang does not know.
GCC_ONLY = ("-fno-canonical-system-headers", "-Wno-free-nonheap-object",
            "-Wunused-but-set-parameter")


def bazel(*arguments):
    return subprocess.run(tree.bazel(*arguments), cwd=tree.ROOT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def entry(arguments, execution_root):
    """The entry of one compile action, or None when its source is not ours."""
    if "-c" not in arguments:
        return None
    source = arguments[arguments.index("-c") + 1]
    if source.startswith(("external/", "bazel-out/")) or not source.endswith(".cc"):
        return None
    path = os.path.join(tree.ROOT, source)
    return {"directory": execution_root, "file": path,
            "arguments": [path if a == source else a for a in arguments if a not in GCC_ONLY]}


def main():
    execution_root = bazel("info", "execution_root").strip()
    actions = json.loads(bazel("aquery", "mnemonic('CppCompile', //...)", "--output=jsonproto",
                               "--include_artifacts=false", "--ui_event_filters=-info",
                               "--noshow_progress")).get("actions", [])
    entries = [entry(a["arguments"], execution_root) for a in actions]
    # A file that two targets compile needs one entry only.
    unique = {e["file"]: e for e in entries if e}
    with open(os.path.join(tree.ROOT, "compile_commands.json"), "w", encoding="utf-8") as f:
        json.dump(list(unique.values()), f, indent=1)
    print("%d entries" % len(unique))


if __name__ == "__main__":
    main()
