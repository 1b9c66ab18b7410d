#!/bin/bash
# Runs one file of tests; Bazel starts it at the top of the runfiles.
set -euo pipefail
exec /usr/bin/python3 -B "$@"
