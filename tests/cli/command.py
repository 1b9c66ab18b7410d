"""The waystation command as a user runs it, and a development bus that it started.

Every test has a home of its own: nothing is read from the user's, nothing stays.
"""
import collections
import hashlib
import json
import os
import pty
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

BIN_DIR = os.environ.get("WAYSTATION_BIN_DIR", os.getcwd())
PROGRAM = os.path.join(BIN_DIR, "tools/waystation/waystation")
SERVICES = tuple(name for name in sorted(os.listdir(os.path.join(BIN_DIR, "services")))
                 if os.access(os.path.join(BIN_DIR, "services", name, name), os.X_OK))
PATIENCE = 20.0

# Exit codes, as README.md documents them.
OK, FAILURE, USAGE, NOT_FOUND, DENIED, UNREACHABLE, UNVERIFIED = range(7)

Result = collections.namedtuple("Result", "code out err")

# A parent that ignores Ctrl-C would hand that on to the bus.
signal.signal(signal.SIGINT, signal.default_int_handler)


def eventually(what, ask, patience=PATIENCE):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + patience
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError("%s: not in %.1f s" % (what, patience))
        time.sleep(0.02)


def request_id():
    """A version 7 UUID of now (RFC 9562, section 5.7), as the command makes them."""
    now_ms = int(time.time() * 1000)
    random = int.from_bytes(os.urandom(10), "big")
    value = now_ms << 80 | random
    value = value & ~(0xf << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))


def processes_of(folder):
    """{pid: command line} of the live processes that name `folder`."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, encoding="utf-8", errors="replace") as f:
                line = f.read().replace("\0", " ").strip()
        except OSError:
            continue
        if folder in line and int(pid) != os.getpid():
            found[int(pid)] = line
    return found


def contents(folder):
    """{path: (SHA-256, time of change)} of every file and folder in `folder`.

    Equal before and after: nothing was written, made, removed or touched.
    """
    found = {}
    for top, _, names in os.walk(folder):
        found[top] = (None, os.stat(top).st_mtime_ns)
        for path in (os.path.join(top, name) for name in names):
            with open(path, "rb") as f:
                found[path] = (hashlib.file_digest(f, "sha256").hexdigest(),
                               os.fstat(f.fileno()).st_mtime_ns)
    return found


class Home:
    """A folder with an environment of its own."""

    def __init__(self):
        # Resolved, so that it reads the same in a command line.
        self._folder = tempfile.TemporaryDirectory(prefix="ws", ignore_cleanup_errors=True)
        self.dir = os.path.realpath(self._folder.name)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.dir, "TMPDIR": self.dir,
                    "XDG_STATE_HOME": self.path("state"), "WAYSTATION_BIN_DIR": BIN_DIR}

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run(self, *words, timeout=30, **env):
        done = subprocess.run([PROGRAM, *words], env={**self.env, **env}, timeout=timeout,
                              cwd=self.dir, stdin=subprocess.DEVNULL, capture_output=True,
                              encoding="utf-8", check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def run_on_terminal(self, *words, timeout=30, **env):
        """As run, with both streams on a terminal; returns the exit code and what it shows."""
        master, terminal = pty.openpty()
        process = subprocess.Popen([PROGRAM, *words], env={**self.env, **env}, cwd=self.dir,
                                   stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal)
        os.close(terminal)
        deadline = threading.Timer(timeout, process.kill)
        deadline.start()
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:
            pass  # The end of a terminal reads as EIO.
        finally:
            os.close(master)
            code = process.wait()
            deadline.cancel()
        return code, shown.decode()

    def close(self):
        for pid in processes_of(self.dir):
            os.kill(pid, signal.SIGKILL)
        self._folder.cleanup()


class Running:
    """The command in the foreground of a session of its own; keeps its lines with their times."""

    def __init__(self, home, *words, **env):
        self.home = home
        self.begin = time.monotonic()
        self.lines = []  # (seconds since the start, "out" or "err", line)
        self.process = subprocess.Popen([PROGRAM, *words], env={**home.env, **env}, cwd=home.dir,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, encoding="utf-8",
                                        start_new_session=True)
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                         for pair in ((self.process.stdout, "out"), (self.process.stderr, "err"))]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, name):
        with stream:
            for line in stream:
                self.lines.append((time.monotonic() - self.begin, name, line.rstrip("\n")))

    def text(self, stream=None):
        return "\n".join(line for _, name, line in list(self.lines) if stream in (None, name))

    def await_line(self, part):
        """Seconds from the start until a line with `part`."""
        def seen():
            for at, _, line in list(self.lines):
                if part in line:
                    return at
            if self.process.poll() is not None and not any(r.is_alive() for r in self._readers):
                raise AssertionError("ended without %r:\n%s" % (part, self.text()))
            return None
        return eventually("the line %r" % part, seen)

    def wait(self, timeout=PATIENCE):
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def ctrl_c(self):
        """Returns (exit code, seconds until the command ended)."""
        begin = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait(), time.monotonic() - begin

    def service(self, name):
        """The process of one service."""
        def found():
            for pid, line in processes_of(self.home.dir).items():
                if "/services/%s/%s " % (name, name) in line:
                    return pid
            return None
        return eventually("process of " + name, found)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()


def start_dev(home, *words, **env):
    """A bus that has said all it says at the start."""
    running = Running(home, "dev", *words, **env)
    running.await_line(" history ")
    return running


class BusTest(unittest.TestCase):
    """Tests that share one development bus."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.home = Home()
        cls.addClassCleanup(cls.home.close)
        cls.data = cls.home.path("bus")
        cls.dev = start_dev(cls.home, "--data", cls.data)
        cls.addClassCleanup(cls.dev.kill)
        cls.first = cls.dev.text("err").split(" history ")[1].split()[0]

    def run_code(self, code, *words, **env):
        result = self.home.run(*words, **env)
        self.assertEqual(result.code, code, "%s\n%s%s" % (" ".join(words), result.out, result.err))
        return result

    def ws(self, *words, **env):
        """Runs what must succeed; returns stdout."""
        return self.run_code(OK, *words, **env).out

    def json(self, *words, code=OK):
        """The objects that a verb prints, one a line."""
        result = self.run_code(code, "-o", "json", *words)
        return [json.loads(line) for line in result.out.splitlines()]

    def field(self, name, text):
        """The value beside `name` in a list of fields."""
        for line in text.splitlines():
            if line.startswith(name + "  "):
                return line[len(name):].strip()
        raise AssertionError("no field %r in:\n%s" % (name, text))

    def open_intake(self, officer="agent-1101"):
        return self.field("person", self.ws("intake", "open", "--as", officer, "--circumstances",
                                            "SYNTHETIC. Found at a workplace inspection."))

    def find_severe(self, person, officer="agent-1101"):
        return self.ws("finding", "record", person, "--as", officer, "--act", "labor-or-services",
                       "--conduct", "recruitment,harboring", "--means", "coercion", "--purpose",
                       "debt-bondage", "--evidence", "SYNTHETIC. Ledger of debts.")

    def file_words(self, person, officer="agent-1101"):
        return ("petition", "file", person, "--as", officer, "--case-number", "SYN-2002-0100",
                "--circumstances", "SYNTHETIC. Needed to testify.", "--certify-witness")

    def petition(self, officer="agent-1101", received=True):
        """Files a petition with everything before it; returns the referral."""
        person = self.open_intake(officer)
        self.find_severe(person, officer)
        out = self.ws(*self.file_words(person, officer), "--acknowledge-warnings")
        referral = self.field("referral", out)
        if received:
            self.await_state(referral, "received", "agent-1101")
            eventually("the petition at INS", lambda: self.home.run(
                "petition", "show", referral, "--as", "adjudicator-2101").code == OK)
        return referral

    def state(self, referral, officer):
        out = self.ws("petition", "show", referral, "--as", officer)
        return self.field("state", out).split(" (")[0]

    def await_state(self, referral, state, officer):
        eventually("%s for %s" % (state, officer),
                   lambda: self.state(referral, officer) == state)
