"""waystation demo --once: six scenes, told on two screens, and what they cost."""
import json
import os
import re
import socket
import time
import unittest

import command
import junit

NO_ANSWER = 90.0
COLUMNS_MAX = 100
SCENES = 6
MEMORY_BYTES_MAX = 600 * 10**6
SAMPLE_EVERY = 0.2
MARK = "SYNTHETIC"


def resident_bytes(pid):
    """The process's share of memory (PSS): pages that others map too are split among them."""
    try:
        with open("/proc/%d/smaps_rollup" % pid, encoding="utf-8") as f:
            found = re.search(r"^Pss: +(\d+) kB", f.read(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return 0  # It ended after it was listed.
    return int(found.group(1)) * 1024 if found else 0


class MemorySampler:
    """What all processes of a command need together, sampled while it plays."""

    def __init__(self, running):
        self.peak = 0
        self.samples = 0
        self._running = running
        self._next = 0.0

    def sample(self):
        """The sum now; the processes of the command, and the command itself."""
        pids = {self._running.process.pid, *command.processes_of(self._running.home.dir)}
        used = sum(resident_bytes(pid) for pid in pids)
        self.peak = max(self.peak, used)
        self.samples += 1
        return used

    def sample_at_times(self):
        if time.monotonic() >= self._next:
            self.sample()
            self._next = time.monotonic() + SAMPLE_EVERY


class DemoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = command.Home()
        cls.addClassCleanup(cls.home.close)
        begin = time.monotonic()
        cls.result = cls.home.run("demo", "--once", timeout=NO_ANSWER + 5)
        cls.seconds = time.monotonic() - begin
        # Each scene begins with "N. " after an empty line.
        cls.scenes = re.findall(r"^\d\. .*\n(?:  .*\n)+", cls.result.out, re.MULTILINE)

    def test_ends_in_time_with_success(self):
        print("demo --once: %.1f s" % self.seconds)
        self.assertEqual(self.result.code, command.OK, self.result.out + self.result.err)
        self.assertLess(self.seconds, NO_ANSWER)

    def test_says_that_everything_is_synthetic(self):
        self.assertIn(MARK, self.result.err)
        # Each part on its own, as it is cut out and passed on.
        titles = re.findall(r"^(?:\d\. |Every signature|The audit: ).*$", self.result.out,
                            re.MULTILINE)
        self.assertEqual(len(titles), SCENES + 2, self.result.out)
        for title in titles:
            self.assertTrue(title.endswith("  " + MARK), title)

    def test_plays_six_scenes_that_end_on_the_person(self):
        self.assertEqual([scene[:3] for scene in self.scenes],
                         ["%d. " % (i + 1) for i in range(SCENES)], self.result.out)
        for word, scene in zip(("domestic servitude", "overdue", "may petition",
                                "14, 15, 17 and 18", "declines", "one byte"), self.scenes):
            self.assertIn(word, scene.splitlines()[0])
            end = " ".join(scene[scene.rindex("\n  => "):].split())
            self.assertRegex(end, r"^=> pv-[0-9a-z-]+: .+; (nobody holds a next move|next move: "
                                  r"\w+/[\w-]+, to .+), since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$")

    def test_shows_the_auditors_finding_opened_and_closed(self):
        told = [line.split()[1] for line in self.scenes[1].splitlines()
                if line.startswith("  AUDITOR ")]
        self.assertEqual(told, ["finds:", "closes"], self.result.out)

    def test_fits_a_terminal(self):
        for line in self.result.out.splitlines():
            if not line.startswith("data and logs "):
                self.assertLessEqual(len(line), COLUMNS_MAX, line)

    def test_verifies_every_history(self):
        verified = re.findall(r"^  VERIFIED +([0-9a-f]{32}) (\d+) signatures, (.+)$",
                              self.result.out, re.MULTILINE)
        self.assertNotIn("NOT ALL", self.result.out)
        self.assertEqual(len({referral for referral, _, _ in verified}), len(verified))
        for _, signatures, name in verified:
            self.assertGreaterEqual(int(signatures), 3, name)
        names = [name for _, _, name in verified]
        for name in ("complaint to DOJ", "petition to INS", "notice to HHS", "consultation of DOJ",
                     "services by DOL", "return to DOS", "reintegration by USAID"):
            self.assertIn(name, names)
        self.assertEqual(len(names), 15, names)

    def test_ends_with_the_audit_and_evidence_to_go(self):
        out = self.result.out
        self.assertLess(out.rindex("  VERIFIED "), out.index("The audit: "), out)
        audit = out[out.index("The audit: "):]
        self.assertRegex(audit, r"verdict +VERIFIED", out)
        self.assertRegex(audit, r"cosigned +\d+ leaves, by ", out)
        self.assertNotIn("FAILED", audit)
        for typed in ("audit verify", "evidence export ", "evidence verify "):
            self.assertIn("$ tools/ws " + typed, self.result.err)

    def test_names_three_things_to_try(self):
        tried = self.result.err.split("try next:\n")[1].splitlines()[:3]
        self.assertEqual([line.startswith("  tools/ws ") for line in tried], [True] * 3, tried)

    def test_leaves_no_process_and_no_data(self):
        self.assertEqual(command.processes_of(self.home.dir), {})
        left = " ".join(os.listdir(self.home.dir))
        self.assertNotIn("waystation-dev-", left)
        self.assertNotIn("waystation-journal-", left)

    def test_prints_no_escape_codes_into_a_pipe(self):
        self.assertNotIn("\x1b", self.result.out + self.result.err)


class DemoOptionsTest(unittest.TestCase):
    def setUp(self):
        self.home = command.Home()
        self.addCleanup(self.home.close)

    def test_scene_that_there_is_not_is_wrong_usage(self):
        for number in ("0", "7", "-1", "one"):
            with self.subTest(scene=number):
                refused = self.home.run("demo", "--once", "--scene", number)
                self.assertEqual(refused.code, command.USAGE, refused.err)
                self.assertIn("--scene", refused.err)
                self.assertEqual(refused.out, "")

    def test_attach_excludes_a_folder_of_its_own(self):
        refused = self.home.run("demo", "--attach", "--data", self.home.path("bus"))
        self.assertEqual(refused.code, command.USAGE, refused.err)

    def test_attach_without_a_bus_names_the_profile(self):
        refused = self.home.run("demo", "--attach")
        self.assertEqual(refused.code, command.FAILURE, refused.err)
        self.assertIn("profile", refused.err)

    def test_json_is_one_object_a_line(self):
        result = self.home.run("-o", "json", "demo", "--once", "--scene", "4", timeout=NO_ANSWER)
        self.assertEqual(result.code, command.OK, result.err)
        lines = [json.loads(line) for line in result.out.splitlines()]
        steps = [line for line in lines if "step" in line]
        self.assertGreater(len(steps), 5)
        for step in steps:
            self.assertEqual(sorted(step), ["part", "step", "synthetic", "who"])
            self.assertIs(step["synthetic"], True)

    def test_whole_demo_needs_little_memory(self):
        demo = command.Running(self.home, "demo")
        self.addCleanup(demo.kill)
        memory = MemorySampler(demo)

        def played():
            memory.sample_at_times()
            return "Ctrl-C here stops the bus" in demo.text("err")
        command.eventually("the end of the demo", played, NO_ANSWER)
        self.assertEqual(len(command.processes_of(self.home.dir)), len(command.SERVICES))
        rest = memory.sample()
        print("resident memory (PSS) of the whole demo: at most %.0f MB in %d samples, %.0f MB "
              "at its end" % (memory.peak / 1e6, memory.samples, rest / 1e6))
        # Every process counts, and so does the time in which they play.
        self.assertGreater(rest, 1e6 * len(command.SERVICES))
        self.assertGreater(memory.samples, SCENES)
        self.assertLess(memory.peak, MEMORY_BYTES_MAX)
        code, _ = demo.ctrl_c()
        self.assertEqual(code, command.OK, demo.text())


class DemoAttachTest(command.BusTest):
    """Scenes on a bus that runs already."""

    def test_plays_on_the_bus_of_the_profile(self):
        profile = os.path.join(self.data, "profile.textproto")
        result = self.run_code(command.OK, "demo", "--attach", "--scene", "1", "--profile",
                               profile)
        referrals = re.findall(r"VERIFIED +([0-9a-f]{32}) ", result.out)
        self.assertEqual(len(referrals), 5, result.out)
        for referral in referrals:
            self.assertIn("VERIFIED", self.ws("history", referral))

    def test_goes_on_by_the_ledger_where_no_auditor_runs(self):
        with open(os.path.join(self.data, "profile.textproto"), encoding="utf-8") as f:
            text = f.read()
        # A port that is held and not listened on refuses whoever comes.
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            lonely, found = re.subn(r'(?<=\naudit \{\n  address: ")[\d.:]+',
                                    "127.0.0.1:%d" % nobody.getsockname()[1], text)
            self.assertEqual(found, 1, text)
            # Beside the other, since paths are as the profile has them.
            profile = os.path.join(self.data, "lonely.textproto")
            with open(profile, "w", encoding="utf-8") as f:
                f.write(lonely)
            result = self.run_code(command.OK, "demo", "--attach", "--scene", "2", "--profile",
                                   profile, timeout=NO_ANSWER)
        self.assertRegex(result.out, r"(?s)OVERDUE .*no auditor runs here.*reads: granted")
        self.assertNotIn("AUDITOR", result.out)

    def test_journal_is_altered_only_where_it_is_known(self):
        # The profile in the user's state folder, which says nothing of the broker's.
        refused = self.run_code(command.FAILURE, "demo", "--attach", "--scene", "6")
        self.assertIn("the broker's journal is not beside the profile", refused.err)
        self.assertEqual(refused.out, "")
        profile = os.path.join(self.data, "profile.textproto")
        result = self.run_code(command.OK, "demo", "--attach", "--scene", "6", "--profile",
                               profile)
        self.assertIn("DATA_LOSS", result.out)
        # The bus is none the worse for it.
        self.assertIn("VERIFIED", self.ws("history", self.first))


if __name__ == "__main__":
    junit.main()
