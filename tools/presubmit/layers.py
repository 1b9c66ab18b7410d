#!/usr/bin/env python3
"""Layer rules: which folder may include what. Arrows point down only.

ROOMS below is the design's table of parts as data. A new folder under common/ gets a row
here, or the check refuses it: a room nobody placed has no place.
Usage: layers.py    (prints one line for each breach; exit 1 when there is one)
"""
import re
import sys

import tree

# Room -> the other rooms of common/ whose headers it may include.
ROOMS = {
    "common/status": [],
    "common/limits": [],
    "common/clock": ["status"],
    "common/statute": ["status"],
    "common/referral": [],
    "common/config": ["status", "limits"],
    "common/log": ["status", "clock", "limits"],
    "common/crypto": ["status", "limits"],
    "common/ids": ["status", "clock", "limits", "crypto"],
    "common/merkle": ["status", "limits", "crypto"],
    "common/tlog": ["status", "clock", "crypto", "merkle"],
    "common/journal": ["status", "limits", "clock", "ids", "crypto"],
    "common/evidence": ["status", "limits", "clock", "ids", "crypto", "merkle"],
    "common/log_follower": ["status", "config", "crypto", "merkle", "tlog", "evidence"],
    "common/handoffs": ["status", "limits", "clock", "ids", "crypto", "merkle", "evidence"],
    "common/rpc": ["status", "limits", "clock", "ids", "log", "config", "crypto"],
    "common/client": ["status", "limits", "clock", "ids", "log", "config", "crypto", "merkle",
                      "tlog", "evidence", "rpc"],
    "common/agency": ["status", "limits", "clock", "ids", "log", "config", "crypto", "merkle",
                      "tlog", "evidence", "rpc", "client", "statute", "referral"],
    "common/procedures": ["status", "statute", "agency"],
    "common/casework": ["status", "clock", "ids", "evidence", "statute", "referral", "agency",
                        "procedures"],
    "common/petitioner": ["status", "ids", "statute", "agency", "casework", "procedures"],
}

# Rooms that may not even see generated wire types: the law and the leaves know no wire.
WITHOUT_PROTOS = {"common/" + r for r in
                  ("status", "limits", "clock", "ids", "statute", "crypto", "merkle",
                   "tlog")}

# Headers of others -> the folders that may include them.
OUTSIDE = [
    (r"openssl/", ["common/crypto"]),
    (r"(grpc|grpcpp)/", ["common/rpc", "common/client", "common/agency", "common/casework",
                         "services", "tests", "tools"]),
    (r"rocksdb/", ["services/broker"]),
    (r"(sqlite3\.h|SQLiteCpp/)", ["common/client", "common/agency", "services", "tests"]),
    (r"spdlog/", ["common/log"]),
    (r"CLI/", ["tools/waystation"]),
    (r"benchmark/", ["tests/bench"]),  # And each room's own *_bench.cc.
    (r"absl/synchronization/mutex\.h", []),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def under(name, folder):
    return name.startswith(folder + "/")


def room_of(path):
    """common/journal/x/y.h -> common/journal; services/doj/x.h -> services/doj."""
    return "/".join(path.split("/")[:2])


def outside_problem(name, header):
    if header == "benchmark/benchmark.h" and name.endswith("_bench.cc"):
        return None
    for pattern, allowed in OUTSIDE:
        if re.match(pattern, header) and not any(under(name, a) for a in allowed):
            return "only %s may" % (" and ".join(allowed) or "nobody")
    return None


def wire_problem(name, header):
    if header.endswith(".pb.h") and room_of(name) in WITHOUT_PROTOS:
        return "%s knows no wire types" % room_of(name)
    return None


def from_common(name, header):
    room, wanted = room_of(name), room_of(header)
    if not under(header, "common"):
        return "common/ includes only common/ and the wire contracts"
    if room not in ROOMS:
        return "%s has no row in ROOMS of tools/presubmit/layers.py" % room
    allowed = {room} | {"common/" + r for r in ROOMS[room]}
    return None if wanted in allowed else "%s may include %s" % (room, ", ".join(sorted(allowed)))


def from_service(name, header):
    if under(header, "common") or room_of(header) == room_of(name):
        return None
    return "a service includes common/ and itself, never another service, tools or tests"


def from_black_box(name, header):
    if under(header, "services"):
        return "tests/ and tools/ talk to services over the wire only"
    return None


OWN = [("common", from_common), ("services", from_service), ("tests", from_black_box),
       ("tools", from_black_box)]


def own_problem(name, header):
    if not any(under(header, folder) for folder, _ in OWN):
        return None
    for folder, rule in OWN:
        if under(name, folder):
            return rule(name, header)
    return None


def breaches(name, content):
    """The lines to print for one C++ file; none when it keeps the rules."""
    found = []
    for match in INCLUDE.finditer(content):
        header = match.group(2)
        problem = outside_problem(name, header) or wire_problem(name, header)
        if match.group(1) == '"':
            problem = problem or own_problem(name, header)
        if problem:
            line = content.count("\n", 0, match.start()) + 1
            found.append("%s:%d: includes %s: %s" % (name, line, header, problem))
    if under(name, "common") and name.count("/") >= 2 and room_of(name) not in ROOMS:
        found.append("%s: %s has no row in ROOMS of tools/presubmit/layers.py"
                     % (name, room_of(name)))
    return found


def check(names=None):
    found = []
    for name in names or tree.files():
        if tree.is_cpp(name):
            found += breaches(name, tree.text(name) or "")
    return found


if __name__ == "__main__":
    lines = check()
    print("\n".join(lines) or "no breach")
    sys.exit(1 if lines else 0)
