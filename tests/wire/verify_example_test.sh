#!/bin/bash
# Verifies the worked example of protos/README.md the way a stranger would.
set -euo pipefail
exec /usr/bin/python3 -B tests/wire/verify_example.py protos/README.md
