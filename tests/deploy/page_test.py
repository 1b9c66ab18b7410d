"""The page "From the build to a running bus" of deploy/README.md, followed to the letter.

Every command of the page is run by bash, from the samples of deploy/, and every program is a real
process on loopback. Four things differ from a host: absolute paths lie below a folder of the test,
addresses are free ones, nobody is root (so files have no other owner), and what systemd does,
`start` does: state folder, program and arguments of the unit that the page installed.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

import command
import junit

NAMES = ("broker", "audit", "doj", "ins", "hhs", "dol", "dos", "usaid")
ABSOLUTE = re.compile(r"(?<![\w.~$}/])/(?=(?:etc|media|usr/local|var/lib)/)")
PEER = re.compile(r"\b(%s)\.waystation\.example:\d+" % "|".join(NAMES))
LISTEN = re.compile(r"0\.0\.0\.0:\d+")
STEPS, LATER = "# From the build to a running bus", "# To keep it running"

# What only root could do, or only systemd, on the host that the page speaks of.
AS_ON_A_HOST = """
set -euo pipefail
bazel() { test "$*" = "build -c opt //services:programs //tools/waystation"; }
chown() { test -f "$2"; }
systemd-sysusers() { test -s "$ROOT/etc/sysusers.d/waystation.conf"; }
install() {
  local words=()
  while test $# -gt 0; do
    case "$1" in -o) shift ;; *) words+=("$1") ;; esac
    shift
  done
  command install "${words[@]}"
  case "${words[-1]}" in *config.textproto) sed -i -f "$ROOT/addresses" "${words[-1]}" ;; esac
}
systemctl() {
  case "$1" in
    daemon-reload) ls "$ROOT"/etc/systemd/system/waystation-*.service > /dev/null ;;
    enable) test "$2" = --now; start "$3" ;;
    *) return 1 ;;
  esac
}
start() {
  local instance="${1#*@}" unit line
  case "$1" in *@*) unit="${1%@*}@" ;; *) unit="$1" ;; esac
  unit="$ROOT/etc/systemd/system/$unit.service"
  line=$(sed -n 's/^StateDirectory=//p' "$unit")
  (cd "$ROOT" && mkdir -p var/lib/waystation && cd var/lib && mkdir -m 0700 -p ${line//%i/$instance})
  line=$(sed -n 's/^ExecStart=//p' "$unit")
  line=${line//%i/$instance}
  line=$ROOT${line/--config=/--config=$ROOT}
  $line > "$ROOT/$1.out" 2> "$ROOT/$1.err" &
  echo $! > "$ROOT/$1.pid"
  for _ in $(seq 200); do
    if grep -q ^ready "$ROOT/$1.out"; then return 0; fi
    kill -0 $!
    sleep 0.1
  done
  return 1
}
"""


def free_addresses():
    """{name: "127.0.0.1:port"}; all are held until all are known, so that no two are one."""
    held = {name: socket.create_server(("127.0.0.1", 0)) for name in NAMES}
    found = {name: "127.0.0.1:%d" % each.getsockname()[1] for name, each in held.items()}
    for each in held.values():
        each.close()
    return found


def parts_of(text):
    """[(first words, commands)] of the paragraphs that begin in bold."""
    parts = []
    for line in text.splitlines():
        if line.startswith("**"):
            parts.append((line.split("**")[1], []))
        elif line.startswith("    ") and parts:
            parts[-1][1].append(line[4:])
    return [(name, "\n".join(lines)) for name, lines in parts]


def last_lines(path):
    with open(path, encoding="utf-8") as f:
        return "".join(f.readlines()[-5:])


class PageTest(unittest.TestCase):
    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)
        self.root = self.home.path("root")
        self.addresses = free_addresses()
        self.lay_out_checkout()
        with open(os.path.join(command.BIN_DIR, "deploy/README.md"), encoding="utf-8") as f:
            page = f.read()
        self.assertLess(page.index(STEPS), page.index(LATER))
        self.steps = parts_of(page[page.index(STEPS):page.index(LATER)])
        self.later = dict(parts_of(page[page.index(LATER):]))

    def lay_out_checkout(self):
        """What the page copies from: the samples with paths and addresses of the test."""
        checkout = self.home.path("checkout")
        os.makedirs(self.root)
        os.makedirs(checkout)
        os.symlink(command.BIN_DIR, os.path.join(checkout, "bazel-bin"))
        shutil.copytree(os.path.join(command.BIN_DIR, "deploy"), os.path.join(checkout, "deploy"))
        for top, _, names in os.walk(os.path.join(checkout, "deploy/config")):
            for path in (os.path.join(top, name) for name in names):
                self.rewrite(path)
        with open(os.path.join(self.root, "addresses"), "w", encoding="utf-8") as f:
            for name, address in self.addresses.items():
                f.write("s/ADDRESS-OF-%s/%s/\n" % (name, address))

    def rewrite(self, path):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        service = os.path.basename(path).split(".")[0].replace("agency", "AGENCY")
        text = LISTEN.sub("ADDRESS-OF-" + service, text)
        text = PEER.sub(lambda match: self.addresses[match[1]], text)
        os.chmod(path, 0o644)
        with open(path, "w", encoding="utf-8") as f:
            f.write(ABSOLUTE.sub(self.root + "/", text))

    def follow(self, name, commands):
        state = os.path.join(self.root, "state")
        script = "%s\ntouch %s; source %s\n%s\nexport -p > %s\n" % (
            AS_ON_A_HOST, state, state, ABSOLUTE.sub(self.root + "/", commands), state)
        env = {"PATH": "%s/usr/local/bin:/usr/bin:/bin" % self.root, "HOME": self.home.dir,
               "TMPDIR": self.home.dir, "ROOT": self.root}
        done = subprocess.run(["/bin/bash", "-c", script], cwd=self.home.path("checkout"), env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                              timeout=120, check=False)
        self.assertEqual(done.returncode, 0,
                         "%s\n%s%s%s" % (name, done.stdout, done.stderr, self.logs()))
        return done.stdout

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.root)):
            if name.endswith(".err"):
                text += "%s: %s\n" % (name, last_lines(os.path.join(self.root, name)))
        return text

    def stop(self):
        """In the reverse order of starting; each must end by itself and with 0."""
        for name in ["agency@" + name for name in NAMES[2:]] + ["audit", "broker"]:
            with open(os.path.join(self.root, "waystation-%s.pid" % name), encoding="utf-8") as f:
                pid = int(f.read())
            os.kill(pid, signal.SIGTERM)
            command.eventually("the end of " + name,
                               lambda pid=pid: pid not in command.processes_of(self.root))

    def test_the_page_leads_to_a_running_bus(self):
        before_start = None
        shown = {}
        self.assertEqual([name.split(".")[0] for name, _ in self.steps],
                         [str(number) for number in range(1, len(self.steps) + 1)])
        for name, commands in self.steps:
            if "systemctl enable" in commands and before_start is None:
                before_start = command.contents(os.path.join(self.root, "etc"))
            shown[name.split(".")[0]] = self.follow(name, commands)
        # doctor and status exit 0 only when all is well; history when every signature verified.
        self.assertIn("received", shown["9"])
        self.assertIn("VERIFIED", shown["9"])
        self.check_keys()
        # Units grant /etc for reading only: nobody may have tried to write there.
        self.assertEqual(command.contents(os.path.join(self.root, "etc")), before_start)

        self.follow("renewal", self.later["Certificates and lists."])
        self.stop()
        for name in ("broker", "audit") + tuple("agency@" + name for name in NAMES[2:]):
            with open(os.path.join(self.root, "waystation-%s.err" % name), encoding="utf-8") as f:
                self.assertIn('"stopping"', f.read(), name)

    def check_keys(self):
        keys = [path for folder in ("etc", "var") for path in command.contents(
            os.path.join(self.root, folder)) if path.endswith(("-key.pem", ".key", ".last"))]
        self.assertGreater(len(keys), 8 * 3)
        for path in keys:
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
        log_key = os.path.join(self.root, "var/lib/waystation/log-key/audit-log-key.pem")
        self.assertTrue(os.path.exists(log_key + ".last"))
        # Each service has a user of its own, who must come through to its folders.
        for folder in ("etc/waystation/broker", "var/lib/waystation"):
            mode = os.stat(os.path.join(self.root, folder)).st_mode
            self.assertEqual(mode & 0o055, 0o055, folder)
        # Offline keys are on no machine.
        self.assertFalse([path for path in keys if "recovery" in path or "archive" in path
                          or "root-key" in path])


if __name__ == "__main__":
    junit.main()
