"""The files of the checkout, and Bazel, for the other scripts of this folder."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(root=ROOT):
    """The files that git tracks or would track, relative to the root, sorted."""
    out = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True).stdout
    names = sorted(set(out.split("\0")) - {""})
    return [n for n in names if os.path.isfile(os.path.join(root, n))]


def is_cpp(name):
    return name.endswith((".cc", ".h"))


def bazel(*arguments):
    """The command line that runs Bazel with the shared disk cache of tools/env.sh."""
    return ["bash", "-c", '. tools/env.sh && ws_bazel "$@"', "bazel", *arguments]


def text(name, root=ROOT):
    """The content of a file, or None when it is not text."""
    try:
        with open(os.path.join(root, name), encoding="utf-8") as f:
            return f.read()
    except UnicodeDecodeError:
        return None
