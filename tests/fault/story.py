"""The demo's scenes on a bus whose processes are killed and started again meanwhile.

The eight processes run under a supervisor of their own, as init would have them: what dies is
started again at once, at its port, on its own files. The story is `waystation demo --attach`,
which asks again what was out of reach and exits 0 only if every signature verified.
"""
import collections
import json
import mmap
import os
import random
import re
import signal
import struct
import subprocess
import threading
import time

import command

# Bazel starts a test at the top of the runfiles.
PRELOAD = os.environ.get("WAYSTATION_KILL_AT_SYNC",
                         os.path.join(os.getcwd(), "tests/fault/libkill_at_sync.so"))
SCENES = range(1, 7)
STORY_PATIENCE = 180.0
STARTS_MAX = 5
ENDS = {"ANSWER", "RETURN", "CANCEL", "CONFIRM_CANCEL", "EXPIRE", "ENTERED_IN_ERROR"}

# What differs between two tellings of one story: ids, numbers, times, places in the journal.
VARYING = re.compile(r"pv-[0-9a-z-]+|[0-9a-f]{32}|\d{13}|\d{4}-\d\d-\d\d( \d\d:\d\d:\d\dZ)?"
                     r"|\d+ ms|\d+ signatures|(?<=byte )\d+|(?<=block )\d+|(?<=offset )\d+"
                     r"|(?<=open for )[\d.hms]+|(?<=records )\d+ (?:to \d+|and on)"
                     r"|[0-9a-z-]+\.seg\b|\b\d{8,}\b")


def seed():
    """The seed of this run, printed, so that a failure can be played again."""
    given = os.environ.get("WAYSTATION_TEST_SEED")
    value = int(given) if given else random.SystemRandom().randrange(1 << 32)
    print("seed %d (WAYSTATION_TEST_SEED)" % value, flush=True)
    return value


def shard():
    """(this one, how many): Bazel runs a test of several shards once for each."""
    status = os.environ.get("TEST_SHARD_STATUS_FILE")
    if status:
        with open(status, "w", encoding="utf-8"):
            pass
    return int(os.environ.get("TEST_SHARD_INDEX", "0")), int(os.environ.get("TEST_TOTAL_SHARDS", "1"))


class Trigger:
    """Kills a process at one of its next syncs: kill_at_sync.cc is the other end."""

    LAYOUT = struct.Struct("<qqq256s")

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.truncate(mmap.PAGESIZE)
        with open(path, "r+b") as f:
            self._map = mmap.mmap(f.fileno(), mmap.PAGESIZE)

    def arm(self, at, after):
        self._map[8:24] = struct.pack("<qq", at, int(after))

    @property
    def seen(self):
        return self.LAYOUT.unpack_from(self._map)[0]

    @property
    def left(self):
        return self.LAYOUT.unpack_from(self._map)[1]

    @property
    def file(self):
        return self.LAYOUT.unpack_from(self._map)[3].split(b"\0")[0].decode()


class Process:
    """One of the eight: started again whenever it dies, until the end of the test."""

    def __init__(self, bus, name):
        self.bus = bus
        self.name = name
        self.trigger = Trigger(bus.home.path(name + ".kill"))
        self.deaths = 0
        self.problem = None
        self._ready = threading.Event()
        self._stopping = False
        self._process = None
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self):
        self._keeper.start()
        self.await_ready()

    def await_ready(self):
        if not self._ready.wait(command.PATIENCE):
            raise AssertionError("%s: not ready; %s" % (self.name, self.problem))

    def _spawn(self):
        env = {**self.bus.home.env, "LD_PRELOAD": PRELOAD, "WAYSTATION_KILL_FILE": self.trigger.path}
        program = os.path.join(command.BIN_DIR, "services", self.name, self.name)
        with open(self.bus.home.path(self.name + ".log"), "ab") as log:
            return subprocess.Popen([program, "--config=" + self.bus.config(self.name)], env=env,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                    encoding="utf-8", start_new_session=True)

    def _keep(self):
        refused = 0
        while not self._stopping:
            self._process = self._spawn()
            for line in self._process.stdout:
                if line.startswith("ready "):
                    self._ready.set()
                    refused = 0
            self._process.stdout.close()
            code = self._process.wait()
            self._ready.clear()
            if self._stopping:
                return
            if code == -signal.SIGKILL:
                self.deaths += 1
                continue
            # Its port may be lent to an outgoing connection while it is away.
            refused += 1
            if refused == STARTS_MAX:
                self.problem = "%s ended with %d: %s" % (self.name, code, self.bus.log(self.name))
                return

    def kill(self):
        self._process.kill()

    def stop(self):
        self._stopping = True
        if self._process is not None:
            self._process.kill()
        self._keeper.join(command.PATIENCE)


class Bus:
    """A development bus of eight processes, at ports that stay."""

    def __init__(self):
        self.home = command.Home()
        self.dir = self.home.path("bus")
        made = self.home.run("dev", "--once", "--data", self.dir)
        assert made.code == command.OK, made.err
        self.profile = os.path.join(self.dir, "profile.textproto")
        self._keep_ports()
        self.processes = {name: Process(self, name) for name in self.names()}
        for process in self.processes.values():
            process.start()

    def names(self):
        with open(self.profile, encoding="utf-8") as f:
            return ["broker", *re.findall(r'name: "(\w+)"', f.read()), "audit"]

    def config(self, name):
        return os.path.join(self.dir, name, "config.textproto")

    def log(self, name):
        with open(self.home.path(name + ".log"), encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:]

    def _keep_ports(self):
        with open(self.profile, encoding="utf-8") as f:
            addresses = dict(zip(self.names(), re.findall(r'address: "([\d.:]+)"', f.read())))
        for name, address in addresses.items():
            with open(self.config(name), encoding="utf-8") as f:
                text = f.read()
            assert text.count('"127.0.0.1:0"') == 1, text
            with open(self.config(name), "w", encoding="utf-8") as f:
                f.write(text.replace('"127.0.0.1:0"', '"%s"' % address))

    def ws(self, *words):
        return self.home.run("--profile", self.profile, *words)

    def reached(self, *words):
        """The result of a verb, once it is in reach."""
        def asked():
            result = self.ws("-o", "json", *words)
            return result if result.code != command.UNREACHABLE else None
        return command.eventually(" ".join(words), asked)

    def json(self, *words):
        """What a verb prints, once it is in reach."""
        result = self.reached(*words)
        assert result.code == command.OK, "%s\n%s" % (" ".join(words), result.err)
        return [json.loads(line) for line in result.out.splitlines()]

    def steps(self, referral):
        """The steps on the record of a referral, each with how many receipts it has.

        How many signatures a step has is left out: they grow until the last delivery is receipted.
        """
        steps = [(step["transition"].removeprefix("TRANSITION_"), len(step["receipts"]))
                 for step in self.json("history", referral)]
        assert sum(step in ENDS for step, _ in steps) <= 1, (referral, steps)
        return steps

    def check_rest(self):
        """Every process runs; no message waits anywhere, and none is dead."""
        for process in self.processes.values():
            process.await_ready()
            assert process.problem is None, process.problem
        seen = []

        def rested():
            seen[:] = self.json("status")
            queues = seen[0]["queues"]
            return queues and not any(int(queue.get(count, 0)) for queue in queues
                                      for count in ("waiting", "leased", "dead"))
        try:
            command.eventually("empty queues", rested)
        except AssertionError:
            raise AssertionError("messages left in a queue, or dead: %s" % seen) from None

    def close(self):
        for process in self.processes.values():
            process.stop()
        self.home.close()


def await_same(story, bus, calm):
    """The story as told once all has come to rest, which `calm` is compared with by the caller.

    A step that is on its way yet, from the outbox of a service that was away, is waited for.
    """
    bus.check_rest()
    try:
        command.eventually("the same story", lambda: story.told(bus) == calm, patience=10.0)
    except AssertionError:
        pass  # The caller's comparison says what differs.
    return story.told(bus)


def told_calmly(bus, scene):
    """The scene when nobody dies."""
    told = Story(bus, scene)
    bus.check_rest()
    return told.told(bus)


Told = collections.namedtuple("Told", "steps referrals histories")


class Story:
    """One scene, played once; `at_step` is called at each line with its number."""

    def __init__(self, bus, scene, at_step=lambda number: None):
        words = [command.PROGRAM, "--profile", bus.profile, "-o", "json", "demo", "--attach",
                 "--scene", str(scene)]
        process = subprocess.Popen(words, env=bus.home.env, cwd=bus.home.dir,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, encoding="utf-8")
        lines, errors = [], []
        reader = threading.Thread(target=lambda: errors.extend(process.stderr), daemon=True)
        reader.start()
        killer = threading.Timer(STORY_PATIENCE, process.kill)
        killer.start()
        for number, line in enumerate(process.stdout):
            lines.append(json.loads(line))
            at_step(number)
        self.code = process.wait()
        killer.cancel()
        reader.join()
        process.stdout.close()
        process.stderr.close()
        self.error = "".join(errors)
        self.lines = lines

    def told(self, bus):
        """The story with its histories, without what differs between two tellings."""
        assert self.code == command.OK, "exit code %d\n%s\n%s" % (
            self.code, self.error, "\n".join(str(line) for line in self.lines))
        verified = [line["step"].split(" ", 1) for line in self.lines if line["who"] == "VERIFIED"]
        histories = [bus.steps(referral) for referral, _ in verified]
        return Told([(line["part"], line["who"], VARYING.sub("#", line["step"]))
                     for line in self.lines],
                    [VARYING.sub("#", what) for _, what in verified], histories)
